-- SPDX-License-Identifier: MIT
-- credentials.profile: keys from an INI file, as the SDKs write it (~/.huaweicloud/credentials).
-- Owns the keys it read. Called through ges.credentials, and by the chain.

local core = require("ges.core")
local env = require("ges.credentials.env")
local provider = require("ges.credentials.provider")
local aksk = require("ges.credentials.aksk")
local secret_file = require("ges.util.secret_file")

local MAX_BYTES = 65536
local ENOENT, ENOTDIR = 2, 20
local WHAT = "the credentials file"
local GRACE = 30  -- seconds in which a file may be replaced in several steps
local KEYS = { ak = true, sk = true, security_token = true, project_id = true, iam_endpoint = true }

local function default_file(getenv)
  local named = env.first(getenv, "credentials_file")
  if named then return named end
  local home = getenv("HOME")
  return home and home ~= "" and home .. "/.huaweicloud/credentials" or nil
end

local function fail(message)
  return provider.fail("credentials", message)
end

-- A value without its quotes, or without the comment behind it.
local function clean(value)
  local quote = value:match("^([\"'])")
  local inner = quote and value:match("^" .. quote .. "(.-)" .. quote .. "%s*$")
    or quote and value:match("^" .. quote .. "(.-)" .. quote .. "%s+[#;]")
  if inner then return inner end
  return (value:gsub("%s+[#;].*$", ""))
end

-- Reads INI text into section -> key -> value. The number of a section's first line that is
-- neither is its `bad`: the line may hold a secret.
local function parse(text)
  local section = {}
  local sections, n = { [""] = section }, 0
  for whole in (text:gsub("^\239\187\191", "") .. "\n"):gmatch("(.-)\r?\n") do
    n = n + 1
    local line = whole:match("^%s*(.-)%s*$")
    local name = line:match("^%[%s*([^%]]-)%s*%]")
    local key, value = line:match("^([^=:]-)%s*[=:]%s*(.-)$")
    if name then
      section = sections[name] or {}
      sections[name] = section
    elseif key and not line:find("^[#;]") then
      section[key:lower()] = clean(value)
    elseif line ~= "" and not line:find("^[#;]") then
      section.bad = section.bad or n
    end
  end
  return sections
end

-- The text of a file, whose mode was looked at before.
local function read(file)
  local f, err = io.open(file, "rb")
  if not f then return fail("cannot read " .. WHAT .. " " .. err) end
  local text = f:read(MAX_BYTES + 1) or ""
  f:close()
  if #text > MAX_BYTES then return fail(file .. " is longer than 64 KiB") end
  return text
end

-- The section asked for; without a name the regional one, then the global one.
local function choose(sections, section)
  local name = section or sections.basic and "basic" or "global"
  return sections[name], name
end

-- The keys in a file, as the options of their provider.
local function load(file, section)
  local text, err, info = read(file)
  if not text then return nil, err, info end
  local sections = parse(text)
  local found, name = choose(sections, section)
  if not found then
    local why = ("%s has no section [%s]"):format(file, section or "basic] or [global")
    return (section and fail or provider.absent)(why)
  elseif found.bad then
    return fail(("line %d of %s is neither key = value nor [section]"):format(found.bad, file))
  end
  local opts = {}
  for key in pairs(KEYS) do
    if found[key] and found[key] ~= "" then opts[key] = found[key] end
  end
  for _, key in ipairs { "ak", "sk" } do
    if not opts[key] then return fail(("section [%s] of %s has no %s"):format(name, file, key)) end
  end
  for _, key in ipairs { "ak", "sk", "security_token" } do
    local why = opts[key] and provider.refusal(key, opts[key])
    if why then return fail(("section [%s] of %s: %s"):format(name, file, why)) end
  end
  return opts
end

-- Keeps what a file holds, and reads it again when the file has changed. `stamp` is that of the
-- keys at hand.
local function new_reader(fixed, section, getenv)
  local self = {}
  local keys, opts, stamp, warning, failing_since
  local function take(file, found)
    local read_opts, err, info = load(file, section)
    if not read_opts then return nil, err, info end
    -- not made anew for equal keys: they remember the projects that were looked up
    if not opts or provider.fingerprint(read_opts) ~= provider.fingerprint(opts) then
      keys = aksk(read_opts)
    end
    opts, stamp, warning = read_opts, found.stamp, found.warning
    return keys
  end
  local function find()
    local file = fixed or default_file(getenv)
    if not file then
      return provider.absent("HOME is not set, so there is no default credentials file")
    end
    local found, err, code = secret_file.look(file, WHAT)
    if not found then
      if code == ENOENT or code == ENOTDIR then return provider.absent(err) end
      return fail(code and "cannot use " .. WHAT .. " " .. err or err)
    end
    if not keys or found.stamp ~= stamp then return take(file, found) end
    warning = found.warning
    return keys
  end
  -- While the file is being replaced the keys at hand serve, with a warning: the next attempt looks
  -- again.
  function self.find()
    local now, err, info = find()
    if now then
      failing_since = nil
      return now
    end
    failing_since = failing_since or core.now()
    if not keys or core.now() - failing_since > GRACE then return nil, err, info end
    warning = err .. " (its last keys are used for now)"
    return keys
  end
  function self.place()
    local now, _, info = self.find()
    if not now and info.absent then return nil end
    local own = opts or {}
    return { project_id = own.project_id, iam_endpoint = own.iam_endpoint, getenv = getenv }
  end
  function self.keys() return keys, warning end
  return self
end

--- A provider that reads a profile file, and reads it again when it has changed.
---@param opts? { file?: string, section?: string, getenv?: fun(name: string): string? }
return function(opts)
  opts = opts or {}
  provider.options("profile", opts, { file = "string", section = "string", getenv = "function" })
  local reader = new_reader(opts.file, opts.section, opts.getenv or os.getenv)
  local function get(_, ctx)
    local keys, err, info = reader.find()
    if not keys then return nil, err, info end
    local creds
    creds, err, info = keys:get(ctx)
    if creds then creds.warning = select(2, reader.keys()) end
    return creds, err, info
  end
  local function refresh(self, ctx, rejected)
    local before = reader.keys()
    local creds, err, info = get(self, ctx)
    local is_same = creds and rejected and provider.same(creds, rejected)
    if is_same or creds and not rejected and reader.keys() == before then return nil end
    return creds, err, info
  end
  return provider.new("profile", get, refresh, reader.place)
end
