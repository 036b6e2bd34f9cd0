-- SPDX-License-Identifier: MIT
-- cli.doctor: `ges doctor`: checks what may be wrong between this machine and the service, one line
-- each. Shows no secret, so that the output can be pasted anywhere; tries no login. Owns nothing.
-- Called by ges.cli.

local connect = require("ges.cli.connect")
local core = require("ges.core")
local credentials = require("ges.credentials")
local env = require("ges.credentials.env")
local exit = require("ges.cli.exit")
local output = require("ges.cli.output")
local record = require("ges.cli.record")
local secret = require("ges.cli.secret")
local text = require("ges.cli.text")
local version = require("ges.cli.version")

local doctor = {
  name = "doctor", summary = "check versions, the way there, the clock, credentials",
  groups = { "where", "transport", "output" }, exit_codes = true,
  description = "Checks what may be wrong: versions, name and certificate of the endpoint, the "
    .. "clock, credentials. Shows no secret and tries no login.",
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
  local facts, parts = version.facts(), {}
  for _, name in ipairs(version.ORDER) do
    local value = facts[name]
    if value then parts[#parts + 1] = name == "lua" and value or name .. " " .. value end
  end
  add("versions", "ok", table.concat(parts, ", "))
end

local function check_clock(add, date)
  local there = date and core.date(date)
  if not there then return add("clock", "note", "not compared: no date from the server") end
  local skew = there - os.time()
  local size = math.abs(skew)
  local detail = size < 2 and "as the server's"
    or text.duration(size) .. (skew > 0 and " behind the server's" or " ahead of the server's")
  if size >= SKEW_MOST then
    return add("clock", "bad", detail .. ": signatures are refused, set it", exit.AUTH)
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

local function check_endpoint(add, ctx)
  if not ctx.values.region and not ctx.values.endpoint then
    return add("endpoint", "note", "not checked: give --region or --endpoint")
  end
  local opts = connect.transport(ctx)
  local found = connect.probe(opts, await)
  ctx.check()
  if not found.status then
    local why = found.err:gsub("^ges: ", "")
    return add("endpoint", "bad", why, exit.of_kind(found.info.kind))
  end
  local secure = found.endpoint:find("^http:") and "without TLS" or "certificate verified"
  if opts.verify == false then secure = "certificate NOT verified" end
  add("endpoint", "ok", ("%s answers after %.3f s, %s"):format(found.endpoint,
    found.info.elapsed or 0, secure))
  check_clock(add, found.date)
end

-- Asks a provider that does no I/O beyond a file. True when there is something to report.
local function try_provider(add, provider, what)
  local creds, err, info = provider:get({ now = os.time })
  if creds then
    add("credentials", "ok", what)
    return true
  elseif not (info and info.absent) then
    err = connect.translate(err:gsub("^ges: ", ""), "credentials")
    add("credentials", "bad", err, exit.AUTH)
    return true
  end
end

local function check_token_file(add, path)
  if path == "-" then return add("credentials", "ok", "a token on stdin (not read)") end
  local creds, err = secret.provider(path):get()
  if not creds then return add("credentials", "bad", err, exit.AUTH) end
  local what = ("a token of %d characters in %s"):format(#creds.token, path)
  try_provider(add, credentials.token(creds.token), what)
end

local function check_credentials(add, ctx)
  if ctx.values.token_file then return check_token_file(add, ctx.values.token_file) end
  local value, token = env.first(ctx.getenv, "token")
  local key = select(2, env.first(ctx.getenv, "ak")) or select(2, env.first(ctx.getenv, "sk"))
  local password = select(2, env.first(ctx.getenv, "password"))
  if not token and not key and password then
    return add("credentials", "ok", "a password in " .. password .. " (no login was tried)")
  end
  local what = token and ("a token of %d characters in %s"):format(#value, token)
    or key and "access keys in " .. key .. " and its twin"
  if what and try_provider(add, credentials.env(), what) then return end
  if try_provider(add, credentials.profile(), "access keys in the profile file") then return end
  add("credentials", "bad", "none: set GES_TOKEN, give --token-file, or see ges(1) for keys",
    exit.AUTH)
end

local function check_ids(add, ctx)
  local missing = {}
  if not ctx.values.project_id then missing[1] = "project (GES_PROJECT_ID)" end
  if not ctx.values.graph_id then missing[#missing + 1] = "graph (GES_GRAPH_ID)" end
  add("ids", "note", #missing == 0 and "project and graph are set"
    or "not set: " .. table.concat(missing, ", "))
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
  check_credentials(add, ctx)
  check_ids(add, ctx)
  if report then
    ctx.screen:write(report({ schema_version = record.SCHEMA_VERSION, checks = checks,
      exit_code = code }, rows))
  end
  return code
end

return doctor
