-- SPDX-License-Identifier: MIT
-- context: the endpoint and the credentials of a call, kept current for each attempt.
-- Owns nothing; the call holds the provider and what it last returned. Called by ges.call and the
-- scheduler: when a call begins, before every attempt, and after one that was refused.

local copy = require("ges.util.copy")
local core = require("ges.core")
local credentials = require("ges.credentials")
local failure = require("ges.error")
local regions = require("ges.credentials.regions")
local utc = require("ges.util.utc")

local context = {}
local DEFAULT = core.defaults

-- The provider of a call whose options are not complete credentials. The client keeps two of its
-- own: `chain` for calls that name none, `keys` for what was looked up for keys.
local function source_of(call, state)
  local settings = call.settings
  if settings.credentials then return settings.credentials end
  if type(settings.token) == "function" then return credentials.token(settings.token) end
  if not settings.ak then return state.chain() end
  return state.keys({ ak = settings.ak, sk = settings.sk,
    security_token = settings.security_token })
end

--- Decides the endpoint and the provider of a call. A mistake throws at `level`.
---@param fixed boolean the options themselves are complete credentials
---@return boolean? ok, string? err, ges.Info? info
function context.decide(call, state, name, level, fixed)
  local settings = call.settings
  local given, region = settings.credentials, settings.region
  if given and type(given.get) ~= "function" then
    error(name .. ": option 'credentials' must be a provider, like those of ges.credentials",
      level + 1)
  end
  if region then
    local endpoint, why = regions.endpoint(region, settings.cloud)
    if not endpoint then return failure.new("argument", why) end
    local ok, err, info = call.request:bind({ endpoint = endpoint })
    if not ok then return nil, err, info end
  end
  if not fixed then call.source = source_of(call, state) end
  return true
end

-- An exchange of a provider (with IAM) is part of the call, ends with it, and has its options of
-- transport.
local function exchange(call, spec)
  local made, err, info = core.prepare("ctx.request", 2, spec, call.settings)
  if not made then return nil, err, info end
  local limit = spec.request_timeout or call.settings.request_timeout or DEFAULT.request_timeout
  return call.engine:call(made, call, limit, true)
end

-- What a provider gets. The project is that of the request: the jobs of one call may belong to
-- several projects.
local function ctx_of(call, request)
  local settings, project = call.settings, request:ids()
  if not call.exchange then
    call.exchange = function(spec) return exchange(call, spec) end
    call.share = function(key, fn) return call.engine:share(call, key, fn) end
  end
  return {
    now = os.time, request = call.exchange, share = call.share,
    region = settings.region, cloud = settings.cloud,
    project_id = project, need_project = project == nil and settings.path == nil,
  }
end

local GIVEN = { "token", "ak", "sk", "security_token", "project_id" }

-- What is wrong with the credentials that a provider returned; nil if nothing is.
local function complaint(creds)
  for _, name in ipairs(GIVEN) do
    local value = creds[name]
    if value and type(value) ~= "string" then
      return ("the provider's %s must be a string, not a %s"):format(name, type(value))
    end
  end
  local keys = creds.ak and creds.sk
  if not creds.token and not keys
    or creds.token and (creds.ak or creds.sk or creds.security_token) then
    return "the provider must return either a token, or ak and sk"
  end
end

-- Puts credentials into the request, and into the call's own, which cleans the texts of the call.
local function take(call, request, creds)
  local why = complaint(creds)
  if why then return failure.new("credentials", why) end
  local project = request:ids()
  call.creds = creds
  if project and creds.project_id and creds.project_id ~= project then
    return failure.new("credentials", "the credentials are for project " .. creds.project_id
      .. ", the call names " .. project .. ": leave project_id out, or correct it")
  end
  if not project and not creds.project_id and not call.settings.path then
    return failure.new("credentials",
      "option 'project_id' is missing, and the credentials do not tell it")
  end
  local given = {
    token = creds.token, ak = creds.ak, sk = creds.sk, security_token = creds.security_token,
  }
  if request ~= call.request then call.request:bind(given) end
  given.project_id = creds.project_id or nil
  return request:bind(given)
end

-- A provider's failure, in a copy: several calls may have the same one.
local function failed(call, err, info)
  local own = copy(type(info) == "table" and info or {})
  own.retryable = own.retryable or false
  return failure.new(own.kind or "credentials",
    call.request:clean(tostring(err or "the provider returned nothing")), own)
end

--- Binds credentials of the call's provider to a request. What a provider throws, an interrupt
--- included, reaches the caller as it is.
---@param request userdata the call's, or that of one of its attempts
---@return boolean? ok, string? err, ges.Info? info
function context.apply(call, request)
  local source = call.source
  if not source then return true end
  local creds, err, info = source:get(ctx_of(call, request))
  if type(creds) ~= "table" then return failed(call, err, info) end
  return take(call, request, creds)
end

--- After a refusal: binds credentials that differ from the refused ones, if there are any. Keys are
--- never tried again, since five failures lock them.
---@param refused? table the credentials of the attempt
function context.renew(call, request, refused)
  local source = call.source
  if not source or not source.refresh or not refused or not refused.token then return false end
  local creds = call.creds
  if creds.token == refused.token then
    creds = source:refresh(ctx_of(call, request), refused)
  end
  if type(creds) ~= "table" or creds.token == refused.token then return false end
  return take(call, request, creds) == true
end

-- When a signature was made and when it came in, in the gateway's words.
local SIGNED, SERVED = "signature time:%s*(%d+T%d+)Z", "server time:%s*(%d+T%d+)Z"

local function seconds_of(stamp)
  return utc.seconds(stamp:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)$"))
end

--- Rewrites the failure of a signature that was refused for its time: says that this machine's
--- clock is wrong, and by how much. Others stay as they are.
---@return string err, ges.Info info
function context.explain(err, info)
  local message = info.kind == "auth" and info.message or ""
  local signed, served = message:match(SIGNED), message:match(SERVED)
  local signed_at, served_at = signed and seconds_of(signed), served and seconds_of(served)
  if not signed_at or not served_at then return err, info end
  info.skew = signed_at - served_at
  local text = ("this machine's clock is %g s %s the service's (ours %sZ, theirs %sZ), and a "
    .. "signature more than 15 minutes off is refused: set the clock"):format(
    math.abs(info.skew), info.skew < 0 and "behind" or "ahead of", signed, served)
  info.message = text
  local first, last = err:find(message, 1, true)
  if first then err = err:sub(1, first - 1) .. text .. err:sub(last + 1) end
  return err, info
end

return context
