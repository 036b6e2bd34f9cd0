-- SPDX-License-Identifier: MIT
-- context: where a call goes and who asks, kept current for each attempt.
-- Owns nothing; the call holds the provider and what it last returned. Called by ges.call and the
-- scheduler: when a call begins, before every attempt, and after one that was refused.

local copy = require("ges.util.copy")
local core = require("ges.core")
local credentials = require("ges.credentials")
local env = require("ges.credentials.env")
local failure = require("ges.error")
local place = require("ges.context.place")
local utc = require("ges.util.utc")

local context = {}
local DEFAULT = core.defaults
local NEAR_END = 0.1  -- seconds: a timeout so near the end of the call is the call's own

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

local PLACE = { region = "string", cloud = "string", endpoint = "string", project_id = "string",
  project = "string", iam_endpoint = "string", getenv = "function" }

-- What a call's provider says of itself; a provider of the user's own may say nothing.
local function own_place(source)
  local own
  if source and type(source.place) == "function" then own = source:place() end
  if own == nil then return nil end
  if type(own) ~= "table" then
    error("ges: the provider's place must be a table, not a " .. type(own), 0)
  end
  for name, want in pairs(PLACE) do
    local value = rawget(own, name)
    if value ~= nil and type(value) ~= want then
      error(("ges: the provider's place: '%s' must be a %s, not a %s"):format(name, want,
        type(value)), 0)
    end
  end
  return own
end

local function sources_of(call)
  return place.sources(call.settings, own_place(call.source), call.defaults)
end

local function mistake(level, name, ...)
  error(name .. ": " .. string.format(...), level + 1)
end

-- A refusal of what a variable says, in its name.
local function refused(err, info, option, variable)
  if not variable or info.kind ~= "argument" then return nil, err, info end
  return failure.new("argument", (info.message:gsub("^" .. option .. " ", variable .. " ")), info)
end

-- Whether the request has its endpoint, which the client's defaults may have got from a region. A
-- provider with an environment of its own may know another.
local function has_endpoint(call)
  if not call.request:endpoint() then return false end
  local source = call.settings.region and call.settings.credentials
  local own = own_place(source)
  return not (own and own.getenv)
end

-- Binds the endpoint, unless the request has one.
local function bind_endpoint(call, name, level)
  if has_endpoint(call) then return true end
  local sources = sources_of(call)
  local where = place.where(sources)
  if not where then mistake(level + 1, name, "option 'endpoint' or 'region' is missing") end
  if where.err then
    local variable = where.err:find("^the cloud") and env.name(where.cloud_source, "cloud")
      or env.name(where.source, "region")
    return failure.new("argument", where.err .. (variable and " (" .. variable .. ")" or ""))
  end
  local ok, err, info = call.request:bind({ endpoint = where.endpoint })
  if not ok then return refused(err, info, "endpoint", where.variable) end
  return true
end

-- The first job for which neither the call nor the job itself names a project, if there is one.
local function without_project(call)
  local settings, jobs = call.settings, call.settings.jobs
  if settings.path or settings.resume or call.request:ids() then return nil end
  if type(jobs) ~= "table" then return 1 end
  for n = 1, jobs.n do
    if not jobs.project_id[n] then return n end
  end
end

-- A token or keys in the options of the call do not tell the project: the environment may. True
-- where nothing is left for a provider to say.
local function settle_given(call, name, level)
  local settings, n = call.settings, without_project(call)
  if not n then return type(settings.token) ~= "function" end
  local sources = sources_of(call)
  local id, project = place.project(sources, true)
  if id then
    local ok, err, info = call.request:bind({ project_id = id })
    if not ok then
      return refused(err, info, "project_id", env.name(sources.variables, "project_id"))
    end
    return type(settings.token) ~= "function"
  end
  if settings.ak then return false end
  if project then
    mistake(level + 1, name, "a token cannot look a project up by its name: give project_id")
  end
  mistake(level + 1, name, "%soption 'project_id' is missing",
    type(settings.jobs) == "table" and ("jobs[%d]: "):format(n) or "")
end

-- The certificate authorities that the environment of a provider names, if that is not the one of
-- the process: for the call and for what its provider asks.
local function bind_trust(call)
  local settings = call.settings
  if settings.ca_file or settings.ca_path then return true end
  local own = own_place(settings.credentials)
  if not own or not own.getenv or own.getenv == os.getenv then return true end
  local file, path = core.trust(env.trust(own.getenv))
  if not file and not path then return true end -- the TLS library's own
  local trust = { ca_file = file, ca_path = path }
  call.settings = copy(trust, copy(settings))
  return call.request:bind(trust)
end

--- Decides the endpoint, the authorities and the provider of a call. A mistake throws at `level`.
---@return boolean? ok, string? err, ges.Info? info
function context.decide(call, state, name, level)
  local settings = call.settings
  local given, done = settings.credentials, false
  local ok, err, info
  if given and type(given.get) ~= "function" then
    mistake(level + 1, name,
      "option 'credentials' must be a provider, like those of ges.credentials")
  end
  call.defaults, call.creds_of = state.defaults, {}
  if settings.token or settings.ak then
    done, err, info = settle_given(call, name, level + 1)
    if err then return nil, err, info end
  end
  if not done then call.source = source_of(call, state) end
  ok, err, info = bind_endpoint(call, name, level + 1) -- no tail call: levels count frames
  if ok and given then ok, err, info = bind_trust(call) end
  return ok, err, info
end

-- An exchange of a provider (with IAM) is part of the call, ends with it, and has its options of
-- transport.
local function exchange(call, spec)
  local made, err, info = core.prepare("ctx.request", 2, spec, call.settings)
  if not made then return nil, err, info end
  local limit = spec.request_timeout or call.settings.request_timeout or DEFAULT.request_timeout
  local response, why, about = call.engine:call(made, call, limit, true)
  if about.kind == "timeout" and call.stop and core.now() + NEAR_END > call.stop then
    about.own = true -- the time of this call is over, not that of others
  end
  return response, why, about
end

-- How the facts of a ctx are decided, when the provider first reads one of them: the sources that
-- it has are read then.
local function decide_project(ctx, sources, settings)
  local given = settings.credentials == nil and (settings.ak or settings.token) ~= nil
  ctx.project_id, ctx.project = place.project(sources, given)
end

local function decide_realm(ctx, sources)
  ctx.region, ctx.cloud, ctx.far, ctx.named_by = place.realm(sources)
end

local function decide_iam(ctx, sources)
  local address, source = place.iam(sources)
  ctx.iam_endpoint = address
  ctx.iam_from = env.name(source, "iam_endpoint")
end

local DECIDES = {
  project_id = decide_project, project = decide_project, iam_endpoint = decide_iam,
  iam_from = decide_iam, region = decide_realm, cloud = decide_realm, far = decide_realm,
  named_by = decide_realm,
}

-- What a provider gets, and which facts it has read. The project is that of the request: the jobs
-- of one call may belong to several projects.
local function ctx_of(call, request)
  local settings, project, done, sources = call.settings, request:ids(), {}, nil
  if not call.exchange then
    call.exchange = function(spec) return exchange(call, spec) end
    call.share = function(key, fn) return call.engine:share(call, key, fn) end
  end
  if project then done[decide_project] = true end
  return setmetatable({
    now = os.time, request = call.exchange, share = call.share, endpoint = request:endpoint(),
    project_id = project, need_project = project == nil and settings.path == nil,
  }, { __index = function(ctx, fact)
    local decide = DECIDES[fact]
    if not decide or done[decide] then return nil end
    done[decide] = true
    sources = sources or sources_of(call)
    decide(ctx, sources, settings)
    return rawget(ctx, fact)
  end }), done
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

-- The project of an attempt: the request's, that of the credentials, or what their provider says.
-- A name in the options counts only if the provider has looked for it.
local function project_of(call, request, creds, ctx, done)
  local project = request:ids()
  if project or not ctx.need_project then return project end
  if call.settings.project and not done[decide_project] then
    return nil, "argument", ("%s cannot look project '%s' up by its name: give project_id"):format(
      creds.token and "a token" or "these credentials", call.settings.project)
  end
  project = creds.project_id or ctx.project_id
  if project then return project end
  return nil, "credentials", "option 'project_id' is missing, and the credentials name no project"
    .. (ctx.project and ("; they cannot look '%s' up by its name"):format(ctx.project) or "")
end

-- Puts credentials into the request, and into the call's own, which cleans the texts of the call.
local function take(call, request, creds, ctx, done)
  local why = complaint(creds)
  if why then return failure.new("credentials", why) end
  local project, kind, text = project_of(call, request, creds, ctx, done)
  if kind then return failure.new(kind, call.request:clean(text)) end
  call.creds, call.creds_of[project or ""] = creds, creds
  local given = {
    token = creds.token, ak = creds.ak, sk = creds.sk, security_token = creds.security_token,
  }
  if request ~= call.request then call.request:bind(given) end
  local was_known = request:ids() ~= nil
  given.project_id = project
  local ok, err, info = request:bind(given)
  if ok then return true end
  if was_known then return nil, err, info end
  return refused(err, info, "project_id", env.name(own_place(call.source), "project_id")
    or "the project that the credentials name")
end

-- A provider's failure, in a copy: several calls may have the same one.
local function failed(call, err, info)
  local own = copy(type(info) == "table" and info or {})
  own.retryable = own.retryable or false
  own.final, own.accepted, own.own, own.waited = nil, nil, nil, nil -- the providers' own marks
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
  local ctx, done = ctx_of(call, request)
  local creds, err, info = source:get(ctx)
  if type(creds) ~= "table" then
    local _, why, about = failed(call, err, info)
    return refused(why, about, "project_id", env.name(own_place(source), "project_id"))
  end
  return take(call, request, creds, ctx, done)
end

--- After a refusal: binds credentials that differ from the refused ones, if there are any. Keys are
--- never tried again, since five failures lock them.
---@param refused_creds? table the credentials of the attempt
function context.renew(call, request, refused_creds)
  local source, token = call.source, refused_creds and refused_creds.token
  if not source or not source.refresh or not token then return false end
  local ctx, done = ctx_of(call, request)
  local creds = call.creds_of[request:ids() or ""]  -- another attempt may have renewed them
  if not creds or creds.token == token then creds = source:refresh(ctx, refused_creds) end
  if type(creds) ~= "table" or creds.token == token then return false end
  return take(call, request, creds, ctx, done) == true
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
  local text = ("this machine's clock is %g s %s the service's (local %sZ, service %sZ), and a "
    .. "signature more than 15 minutes off is refused: set the clock"):format(
    math.abs(info.skew), info.skew < 0 and "behind" or "ahead of", signed, served)
  info.message = text
  local first, last = err:find(message, 1, true)
  if first then err = err:sub(1, first - 1) .. text .. err:sub(last + 1) end
  return err, info
end

return context
