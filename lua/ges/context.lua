-- SPDX-License-Identifier: MIT
-- auth: keeps the credentials of one call current.
-- Owns nothing; the call holds the provider and what it last gave. Called by ges.client and the
-- scheduler before every attempt, and after one that was refused.

local core = require("ges.core")
local credentials = require("ges.credentials")
local failure = require("ges.error")
local utc = require("ges.util.utc")

local auth = {}

-- What an exchange with IAM has in common with the call it is for.
local TRANSPORT = {
  "ca_file", "ca_path", "client_cert", "client_key", "verify", "proxy", "no_proxy",
  "connect_timeout", "language",
}

--- The provider behind a call, or nil when it brings a fixed token or keys.
---@param req table
---@param given? ges.Provider the option `credentials`
---@param state table the client's: `chain` serves a call that names nothing, `keys` keeps what was
--- looked up for keys
---@return ges.Provider?
function auth.source(req, given, state)
  if given then return given end
  if type(req.token) == "function" then return credentials.token(req.token) end
  if req.token == nil and req.ak == nil then return state.chain() end
  if req.ak and not req.project_id and not req.path then
    return state.keys({ ak = req.ak, sk = req.sk, security_token = req.security_token })
  end
end

-- An exchange with IAM is part of the call and ends with it.
local function request(call, spec)
  local longest = call.req.request_timeout
  local req = { request_timeout = longest }
  if call.stop and call.stop < math.huge then
    local left = math.max(0.001, call.stop - core.now())
    req.request_timeout = math.min(longest or left, left)
  end
  for _, name in ipairs(TRANSPORT) do req[name] = call.req[name] end
  for name, value in pairs(spec) do req[name] = value end
  return call.pump:call(req, call.host, call.settings)
end

-- The project is that of the job at hand: the jobs of one call may be of several.
local function context(call)
  local ctx = call.ctx
  if not ctx then
    ctx = {
      now = os.time,
      request = function(spec) return request(call, spec) end,
      share = function(key, fn)
        return call.pump:share(call.host, key, fn, call.settings, call.stop)
      end,
      region = call.settings.region, cloud = call.settings.cloud,
    }
    call.ctx = ctx
  end
  ctx.project_id = call.req.project_id
  ctx.need_project = ctx.project_id == nil and call.req.path == nil
  return ctx
end

-- Puts credentials into the request.
local function take(call, creds)
  local req = call.req
  call.creds = creds
  req.token, req.ak, req.sk, req.security_token =
    creds.token, creds.ak, creds.sk, creds.security_token
  if not req.project_id then
    req.project_id = creds.project_id
  elseif creds.project_id and creds.project_id ~= req.project_id then
    return failure.new("credentials", "the credentials are for project " .. creds.project_id
      .. ", the call names " .. req.project_id .. ": leave project_id out, or correct it")
  end
  if not req.project_id and not req.path then
    return failure.new("credentials",
      "option 'project_id' is missing, and the credentials do not tell it")
  end
  return true
end

-- What the provider tells may be for several calls at once: each gets its own copy.
local function failed(call, err, info)
  local own = {}
  for name, value in pairs(info or own) do own[name] = value end
  local _, text, full = failure.new(own.kind or "credentials",
    tostring(err or "the provider returned nothing"), own, auth.secrets(call))
  return nil, text, full
end

--- Makes the request carry valid credentials. What a provider throws is not caught: it reaches the
--- caller as it is, and so does an interrupt.
---@param call ges.Call
---@return boolean? ok
---@return string? err
---@return ges.Info? info
function auth.apply(call)
  local source = call.source
  if not source then return true end
  local creds, err, info = source:get(context(call))
  if type(creds) ~= "table" then return failed(call, err, info) end
  return take(call, creds)
end

--- After a refusal: are there credentials that differ from those that were refused? Keys are never
--- tried again, since five failures lock them, and nothing is tried twice.
---@param call ges.Call
---@param refused? table what the attempt went out with
---@return boolean
function auth.renew(call, refused)
  local source = call.source
  if not source or not source.refresh or not refused or not refused.token then return false end
  local creds = call.creds
  if creds.token == refused.token then
    creds = source:refresh(context(call), refused)
  end
  if type(creds) ~= "table" or creds.token == refused.token then return false end
  return take(call, creds) == true
end

-- When a signature was made and when it came in, in the gateway's words.
local SIGNED, SERVED = "signature time:%s*(%d+T%d+)Z", "server time:%s*(%d+T%d+)Z"

local function seconds_of(stamp)
  return utc.seconds(stamp:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)$"))
end

--- A signature refused for its time means that this machine's clock is wrong: says so, and by how
--- much. Everything else stays as it is.
---@param err string
---@param info ges.Info
---@return string err
---@return ges.Info info
function auth.explain(err, info)
  local message = info.kind == "auth" and info.message or ""
  local signed, served = message:match(SIGNED), message:match(SERVED)
  local ours, theirs = signed and seconds_of(signed), served and seconds_of(served)
  if not ours or not theirs then return err, info end
  info.skew = ours - theirs
  local text = ("this machine's clock is %g s %s the service's (ours %sZ, theirs %sZ), and a "
    .. "signature more than 15 minutes off is refused: set the clock"):format(
    math.abs(info.skew), info.skew < 0 and "behind" or "ahead of", signed, served)
  info.message = text
  local first, last = err:find(message, 1, true)
  if first then err = err:sub(1, first - 1) .. text .. err:sub(last + 1) end
  return err, info
end

--- What must not be seen in a message of this call.
---@param call ges.Call
---@return string[]
function auth.secrets(call)
  local req, list = call.req, {}
  local is_https = not (req.endpoint or ""):lower():find("^http:")
  for _, name in ipairs({ "token", "sk", "security_token" }) do
    if type(req[name]) == "string" then list[#list + 1] = req[name] end
  end
  for _, secret in ipairs({ core.proxy_secrets(req.proxy, is_https) }) do
    list[#list + 1] = secret
  end
  return list
end

return auth
