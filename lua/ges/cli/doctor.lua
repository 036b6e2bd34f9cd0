-- SPDX-License-Identifier: MIT
-- cli.doctor: `ges doctor`: checks what may be wrong between this machine and the service, one line
-- each. Shows no secret, so that the output can be pasted anywhere; tries no login. Owns nothing.
-- Called by ges.cli.

local connect = require("ges.cli.connect")
local core = require("ges.core")
local credentials = require("ges.credentials")
local env = require("ges.credentials.env")
local exit = require("ges.cli.exit")
local facts = require("ges.cli.facts")
local output = require("ges.cli.output")
local place = require("ges.context.place")
local record = require("ges.cli.record")
local secret = require("ges.cli.secret")
local text = require("ges.cli.text")
local version = require("ges.cli.version")
local words = require("ges.cli.words")

local doctor = {
  name = "doctor", summary = "check versions, connection, clock and credentials",
  groups = { "where", "transport", "report" }, exit_codes = true,
  description = "Checks versions, the endpoint's name, connection and certificate, the clock and "
    .. "the credentials. Shows which endpoint, project and IAM endpoint are used, which setting "
    .. "decided each, and which settings are not used. Shows no secrets and does not log in.",
  examples = { "ges doctor --region cn-north-4" },
}

-- Signatures are refused when the clocks are this far apart, in seconds; a tenth of it is reported.
local SKEW_MOST = 900

local function first_set(getenv, names)
  for _, name in ipairs(names) do
    local value = getenv(name)
    if value and value ~= "" then return name, value end
  end
end

local function check_versions(add)
  local known, parts = version.facts(), {}
  for _, name in ipairs(version.ORDER) do
    local value = known[name]
    if value then parts[#parts + 1] = name == "lua" and value or name .. " " .. value end
  end
  add("versions", "ok", table.concat(parts, ", "))
end

local function check_clock(add, date)
  local there = date and core.date(date)
  if not there then return add("clock", "note", "not compared: the server sent no date") end
  local skew = there - os.time()
  local size = math.abs(skew)
  local detail = size < 2 and "same as the server's"
    or text.duration(size) .. (skew > 0 and " behind the server's" or " ahead of the server's")
  if size >= SKEW_MOST then
    return add("clock", "bad", detail .. ": signatures will be refused; set the clock", exit.AUTH)
  end
  add("clock", size > SKEW_MOST / 10 and "note" or "ok", detail)
end

local function check_proxy(add, ctx)
  local name, value = first_set(ctx.getenv,
    { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" })
  if not name then return end
  local scheme, rest = value:match("^(%w*:?//)(.*)$")
  local host = (rest or value):gsub("^.*@", ""):gsub("[?#].*", "")
  add("proxy", "note", ("%s is set: %s%s"):format(name, scheme or "", host))
end

local function await(is_over)
  while not is_over(0.1) do end
end

-- The service refuses a request without credentials. What leads elsewhere may be the page of a
-- network that wants a login; what fails, a gateway without the service behind it.
local function doubts(status)
  if status >= 500 or status >= 300 and status < 400 then
    return (", with HTTP %d: is it the service, or a proxy or login page?"):format(status)
  end
end

local function check_endpoint(add, ctx)
  if not place.where(place.sources(ctx.values)) then
    return add("endpoint", "note", "not checked: give --region or --endpoint")
  end
  local opts = connect.transport(ctx)
  local found = connect.probe(ctx, opts, await)
  ctx.check()
  if not found.status then
    local why = found.err:gsub("^ges: ", "")
    return add("endpoint", "bad", why, exit.of_kind(found.info.kind))
  end
  local secure = found.endpoint:find("^http:") and "without TLS" or "certificate verified"
  if opts.verify == false then secure = "certificate NOT verified" end
  local doubt = doubts(found.status)
  add("endpoint", doubt and "note" or "ok", ("%s answers after %.3f s, %s%s"):format(
    found.endpoint, found.info.elapsed or 0, secure, doubt or ""))
  check_clock(add, found.date)
end

-- What a provider gets: enough to get as far as a login, which is not tried.
local function dry_ctx()
  local ctx = { now = os.time, project_id = "p", iam_endpoint = "https://iam.invalid" }
  function ctx.request()
    ctx.has_asked = true
    return nil, "no login is tried", { kind = "credentials" }
  end
  return ctx
end

-- Asks a provider that does no I/O beyond a file. True when there is something to report.
local function try_provider(add, ctx, provider, what)
  local dry = dry_ctx()
  local creds, err, info = provider:get(dry)
  if creds or dry.has_asked then
    local warning = creds and creds.warning
    add("credentials", warning and "note" or "ok", what .. (warning and "; " .. warning or ""))
    return true
  elseif not (info and info.absent) then
    err = words.translate(err:gsub("^ges: ", ""), "credentials", words.names(ctx))
    add("credentials", "bad", err, exit.AUTH)
    return true
  end
end

local function token_in(value, name)
  return ("a token of %d character%s in %s"):format(#value, #value == 1 and "" or "s", name)
end

-- The words for the variables with credentials that do not count, from the n-th on.
local function unused(found, n)
  local names = {}
  for i = n, #found do names[#names + 1] = found[i].name end
  if #names == 0 then return "" end
  return ("; %s %s not used"):format(table.concat(names, ", "), #names == 1 and "was" or "were")
end

local function check_token_file(add, ctx, rest)
  local path = ctx.values.token_file
  if path == "-" then return add("credentials", "ok", "a token on stdin (not read yet)" .. rest) end
  local creds, err = secret.provider(path):get()
  if not creds then return add("credentials", "bad", err, exit.AUTH) end
  local warning = creds.warning and "; " .. creds.warning or ""
  try_provider(add, ctx, credentials.token(creds.token),
    token_in(creds.token, path) .. warning .. rest)
end

-- What the environment holds, the first first: { kind=, name= } of a variable each.
local function in_environment(getenv)
  local list = {}
  for _, row in ipairs { { "token", "token" }, { "keys", "ak" }, { "keys", "sk" },
    { "password", "password" } } do
    local name = select(2, env.first(getenv, row[2]))
    if name and (row[2] ~= "sk" or not (list[#list] and list[#list].kind == "keys")) then
      list[#list + 1] = { kind = row[1], name = name }
    end
  end
  return list
end

-- The variables of the keys that this one of them belongs to.
local function pair_of(name)
  for i, ak in ipairs(env.names.ak) do
    local sk = env.names.sk[i]
    if name == ak or name == sk then return ak, sk end
  end
end

local function described(one, getenv)
  if one.kind == "token" then
    return token_in(getenv(one.name), one.name)
  elseif one.kind == "keys" then
    return ("access keys in %s and %s"):format(pair_of(one.name))
  end
  return ("a password in %s (no login was tried)"):format(one.name)
end

-- Reports the credentials; returns what their provider says of where and of the project, and their
-- kind.
local function check_credentials(add, ctx)
  local own, found = env.place(ctx.getenv), in_environment(ctx.getenv)
  if ctx.values.token_file then
    check_token_file(add, ctx, unused(found, 1))
    return own, "token"
  end
  local first = found[1]
  if first and try_provider(add, ctx, credentials.env(),
    described(first, ctx.getenv) .. unused(found, 2)) then
    return own, first.kind
  end
  local profile = credentials.profile()
  if try_provider(add, ctx, profile, "access keys in the profile file") then
    return profile.place(), "keys"
  end
  add("credentials", "bad", "none: " .. words.ways, exit.AUTH)
end

-- One check as a line for people.
local function line_of(screen, check)
  local colour = check.state == "ok" and "success" or check.state == "bad" and "failed" or nil
  return ("%s %s %s\n"):format(screen:paint(text.pad(check.state, 5), colour),
    text.pad(check.name, 12), screen:safe(check.detail))
end

---@param ctx ges.cli.Context
---@return integer code
function doctor.run(ctx)
  local checks, rows, code = {}, {}, exit.OK
  local report = output.form(ctx.values.output).report
  local function add(name, state, detail, bad)
    local check = { name = name, state = state, detail = detail }
    checks[#checks + 1], rows[#rows + 1] = check, { name, state, detail }
    code = bad and exit.worse(code, bad) or code
    if not report then ctx.screen:write(line_of(ctx.screen, check)) end
  end
  check_versions(add)
  check_proxy(add, ctx)
  check_endpoint(add, ctx)
  for _, fact in ipairs(facts.list(ctx, check_credentials(add, ctx))) do
    add(fact[1], fact[2], fact[3], fact[2] == "bad" and exit.USAGE)
  end
  if report then
    ctx.screen:write(report({ schema_version = record.SCHEMA_VERSION, checks = checks,
      exit_code = code }, rows))
  end
  return code
end

return doctor
