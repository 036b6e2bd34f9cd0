-- SPDX-License-Identifier: MIT
-- credentials.profile: keys from an INI file, as the SDKs write it (~/.huaweicloud/credentials).
-- Owns the keys it read. Called through ges.credentials, and by the chain.

local core = require("ges.core")
local env = require("ges.credentials.env")
local provider = require("ges.credentials.provider")
local aksk = require("ges.credentials.aksk")

local MAX_BYTES = 65536
local ENOENT, ENOTDIR = 2, 20
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

-- Reads INI text into section -> key -> value. A line that is neither is refused by its number
-- only: it may hold a secret.
local function parse(text)
  local section = {}
  local sections = { [""] = section }
  local n = 0
  for line in (text:gsub("^\239\187\191", "") .. "\n"):gmatch("(.-)\r?\n") do
    n = n + 1
    line = line:match("^%s*(.-)%s*$")
    local name = line:match("^%[%s*(.-)%s*%]$")
    local key, value = line:match("^([%w_.-]+)%s*[=:]%s*(.-)$")
    if name then
      section = sections[name] or {}
      sections[name] = section
    elseif key then
      section[key:lower()] = clean(value)
    elseif line ~= "" and not line:find("^[#;]") then
      return nil, n
    end
  end
  return sections
end

-- The text of a file that only its owner can read.
local function read(file)
  local mode, err, code = core.filemode(file)
  if not mode and (code == ENOENT or code == ENOTDIR) then return provider.absent(err) end
  if not mode then return fail("cannot use the credentials file " .. err) end
  if mode % 64 ~= 0 then
    return fail(("%s can be read or written by others: run chmod 600 %s"):format(file, file))
  end
  local f
  f, err = io.open(file, "rb")
  if not f then return fail("cannot read the credentials file " .. err) end
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

local function load(file, section)
  local text, err, info = read(file)
  if not text then return nil, err, info end
  local sections, line = parse(text)
  if not sections then
    return fail(("line %d of %s is neither key = value nor [section]"):format(line, file))
  end
  local found, name = choose(sections, section)
  if not found then
    local why = ("%s has no section [%s]"):format(file, section or "basic] or [global")
    return (section and fail or provider.absent)(why)
  end
  local opts = {}
  for key in pairs(KEYS) do
    if found[key] and found[key] ~= "" then opts[key] = found[key] end
  end
  for _, key in ipairs { "ak", "sk" } do
    if not opts[key] then return fail(("section [%s] of %s has no %s"):format(name, file, key)) end
  end
  return aksk(opts), opts
end

--- A provider that reads a profile file once; a refresh reads it again.
---@param opts? { file?: string, section?: string, getenv?: fun(name: string): string? }
return function(opts)
  opts = opts or {}
  provider.options("profile", opts, { file = "string", section = "string", getenv = "function" })
  local section, fixed, getenv = opts.section, opts.file, opts.getenv or os.getenv
  local keys, seen
  -- Reads the file. Nothing comes back when its values are still the same.
  local function find_other()
    local file = fixed or default_file(getenv)
    if not file then
      return provider.absent("HOME is not set, so there is no default credentials file")
    end
    local loaded, found, info = load(file, section)
    if not loaded then return nil, found, info end
    local values = provider.fingerprint(found)
    if values == seen then return nil end
    keys, seen = loaded, values
    return keys
  end
  return provider.forward("profile", function()
    if keys then return keys end
    return find_other()
  end, find_other)
end
