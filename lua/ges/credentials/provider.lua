-- SPDX-License-Identifier: MIT
-- credentials.provider: what the providers share: their shape, their failures, and the cache that
-- keeps what a login returned until shortly before it ends.
-- Owns nothing at file scope. Called by the other files of ges.credentials, and by
-- ges.cli.words.

local copy = require("ges.util.copy")
local core = require("ges.core")
local failure = require("ges.error")
local utc = require("ges.util.utc")

local provider = {}

--- What to do without credentials. The command replaces it by its own words.
provider.ways = "give token, or ak with sk, or set GES_TOKEN"

-- A failed fetch is not repeated within so many seconds (a thousand jobs that start together must
-- not become a thousand logins); longer while the old credentials are still good.
local FAILURE_KEPT, RENEWAL_FAILURE_KEPT = 5, 30
local REFRESH_EVERY = 60  -- seconds: fresher credentials that are refused are not replaced again

--- Makes a provider. Secrets live in the upvalues of the functions, never in fields.
---@param get function
---@param refresh? function without it nothing ever replaces refused credentials
---@param place? fun(): ges.Source?  what the provider itself says of where and of the project; nil
---  where it has no credentials
function provider.new(kind, get, refresh, place)
  local shown = "ges.credentials." .. kind
  return setmetatable({
    kind = kind,
    get = get,
    refresh = refresh or function() return nil end,
    place = place or function() return {} end,
  }, { __name = shown, __tostring = function() return shown end })
end

--- The options of a provider that say where and for which project; the others may be secrets.
---@return fun(): ges.Source
function provider.place_of(opts)
  local own = {
    region = opts.region, cloud = opts.cloud, iam_endpoint = opts.iam_endpoint,
    project_id = opts.project_id, project = opts.project,
  }
  return function() return own end
end

--- The project of a call: as the call says, else the options of the provider.
---@return string? id, string? name of a project without an id
function provider.project(opts, ctx)
  if ctx.project_id then return ctx.project_id end
  if ctx.project then return nil, ctx.project end
  return opts.project_id, opts.project
end

-- A method that passes on to the same one of what `find(ctx)` returns; without that, the results of
-- `find` are the failure.
local function passed_on(find, method)
  return function(_, ctx, rejected)
    local inner, err, info = find(ctx)
    if not inner then return nil, err, info end
    return inner[method](inner, ctx, rejected)
  end
end

--- A provider that passes each call on to the provider or cache that `find` returns.
---@param find fun(ctx: table): table?, string?, ges.Info?
---@param find_other? fun(ctx: table): table?, string?, ges.Info?  for a refresh: one with other
---  credentials, which it is asked for with `get`
---@param place? fun(): ges.Source?  as for provider.new
function provider.forward(kind, find, find_other, place)
  local refresh = find_other and passed_on(find_other, "get") or passed_on(find, "refresh")
  return provider.new(kind, passed_on(find, "get"), refresh, place)
end

--- The failure triple. What is known of the cause is kept, but its kind becomes `cause`: a provider
--- that failed is not called again at once, whatever the reason was. Only the kind of an end of the
--- caller's own making stays. No text from a file or a server can forge a log line.
---@param cause? ges.Info the info of the request that failed
function provider.fail(kind, message, cause)
  message = core.redact(message)
  local info = { kind = kind, message = message, retryable = false }
  if cause then
    if failure.about(cause.kind).by_caller then info.kind = cause.kind end
    info.cause, info.code, info.http_status = cause.kind, cause.code, cause.http_status
    info.request_id, info.retry_after = cause.request_id, cause.retry_after
    info.authorization_message, info.own = cause.authorization_message, cause.own
  end
  return nil, message, info
end

--- The failure of a provider without credentials: a chain goes on to its next one.
function provider.absent(message)
  local _, err, info = provider.fail("credentials", message)
  info.absent = true
  return nil, err, info
end

--- Checks the table given to a constructor: throws at the constructor's caller.
---@param name string the constructor
---@param known table<string, string> option -> Lua type
---@param required? string[]
function provider.options(name, opts, known, required)
  if type(opts) ~= "table" then
    error(name .. ": a table of options is expected, got a " .. type(opts), 3)
  end
  for key, value in pairs(opts) do
    local want = known[key]
    if not want then
      local all = {}
      for option in pairs(known) do all[#all + 1] = option end
      table.sort(all)
      error(("%s: unknown option '%s' (known: %s)"):format(
        name, tostring(key), table.concat(all, ", ")), 3)
    elseif type(value) ~= want then
      error(("%s: '%s' must be a %s, got a %s"):format(name, key, want, type(value)), 3)
    end
  end
  for _, key in ipairs(required or {}) do
    if opts[key] == nil then error(name .. ": '" .. key .. "' is missing", 3) end
  end
end

--- A text that differs when the options of a provider differ.
function provider.fingerprint(opts)
  local parts = {}
  for option, value in pairs(opts) do parts[#parts + 1] = option .. "=" .. value end
  table.sort(parts)
  return table.concat(parts, "\n")
end

--- Why a value cannot be sent in a header, or nil. Never quotes the value.
---@param what string its name in the message
---@param value string
function provider.refusal(what, value)
  local why = core.badtoken(value)
  return why and what .. " " .. why
end

--- Why a password, or a name that goes with one, is likely not the one that is meant, or nil. It
--- may hold anything inside.
---@param what string its name in the message
function provider.objection(what, password)
  if password:find("[\r\n]$") then return what .. " ends with a newline: strip it" end
  if password:find("%s$") then return what .. " ends with a blank: strip it" end
  if password:find("^(['\"]).*%1$") then return what .. " is in quotes: remove them" end
end

--- How long credentials last from now on. The local clock may be wrong: the time between issue and
--- end does not depend on it, so that the clock alone never makes fresh credentials stale. It may
--- take half of that time away at most: one that is ahead by almost all of it would have a login
--- follow the other.
---@param default number when the answer does not say
---@return number seconds
function provider.life(now, issued_at, expires_at, default)
  local ends, starts = utc.read(expires_at), utc.read(issued_at)
  if not ends then return default end
  local by_clock = ends - now
  local by_server = starts and ends > starts and ends - starts
  if not by_server then return by_clock > 0 and by_clock or default end
  return by_clock < by_server / 2 and by_server or math.min(by_clock, by_server)
end

--- Whether credentials are the same.
function provider.same(a, b)
  return a.token == b.token and a.ak == b.ak and a.sk == b.sk
    and a.security_token == b.security_token
end

-- The results for one caller, which may keep them or change them.
local function own(creds, err, info)
  if creds then return copy(creds) end
  return nil, err, copy(info)
end

-- Whether a call failed by its own making: it was cancelled, or its own time was over. Other calls
-- then try themselves.
local function is_own(info)
  return info.own or failure.about(info.kind).by_caller
end

-- Remembers a failure. `final` in its info: the source is never called again.
local function remember(self, ctx, err, info)
  if is_own(info) then return end
  local now = ctx.now()
  local kept = self.creds and now < self.ends_at and RENEWAL_FAILURE_KEPT or FAILURE_KEPT
  self.failure = { err = err, info = info, at = now, till = now + kept }
end

local function fetch(self, ctx)
  local creds, err, info = self.source(ctx)
  if not creds then
    remember(self, ctx, err, info)
    return nil, err, info
  end
  local now, life = ctx.now(), err
  local margin = self.margin(life)
  -- Set last: a hook that asks in the middle must find the times of these credentials.
  self.failure = nil
  self.ends_at = now + life
  self.renew_at = now + life - margin
  self.creds = creds
  return creds
end

-- Single-flight, and no fetch while a failure is fresh. A clock that was set back does not prolong
-- that.
local function fetch_once(self, ctx)
  local f, now = self.failure, ctx.now()
  if f and (f.info.final or (f.at <= now and now < f.till)) then return nil, f.err, f.info end
  if not ctx.share then return fetch(self, ctx) end
  local is_mine, creds, err, info
  repeat
    creds, err, info = ctx.share(self.key, function()
      is_mine = true
      return fetch(self, ctx)
    end)
  until creds or is_mine or info.waited or not is_own(info)
  return creds, err, info
end

local function cache_get(self, ctx)
  if self.creds and ctx.now() < self.renew_at then return copy(self.creds) end
  local creds, err, info = fetch_once(self, ctx)
  if not creds and self.creds and ctx.now() < self.ends_at then return copy(self.creds) end
  return own(creds, err, info)
end

local function cache_refresh(self, ctx, rejected)
  local old, now = self.creds, ctx.now()
  local age = self.refreshed_at and now - self.refreshed_at
  local recent = age and age >= 0 and age < REFRESH_EVERY
  if old and (rejected and not provider.same(rejected, old) or not rejected and recent) then
    return copy(old)
  end
  if recent then return nil end
  self.creds = nil
  local creds, err, info = fetch_once(self, ctx)
  if creds then
    self.refreshed_at = ctx.now()
    if old and provider.same(creds, old) then return nil end
  end
  return own(creds, err, info)
end

-- The guard's own knowledge of what an exchange has shown. A refusal of a secret that was accepted
-- before may be about the project alone: it takes a second one to end all.
local function learn(known, value, info)
  if value ~= nil or info.accepted then
    known.accepted = true
  elseif info.final then
    if not known.accepted then known.refusal = info end
    known.accepted = false
  end
end

--- Keeps a secret that may be wrong from being refused several times, which locks the account or
--- the key: until an exchange has accepted it a client has one at a time, and after a refusal none.
--- A failure to reach the service is that of all who waited.
---@return fun(ctx: table, exchange: fun(): any, any, ges.Info?): any, any, ges.Info?
function provider.guard()
  local gate, known = {}, { accepted = false }
  return function(ctx, exchange)
    local is_mine, value, err, info
    local function try()
      is_mine = true
      value, err, info = exchange()
      learn(known, value, info)
      return value, err, info
    end
    while not known.accepted and not known.refusal and ctx.share do
      value, err, info = ctx.share(gate, try)
      if is_mine then return value, err, info end
      if not value and info.waited then
        info = copy(info)
        info.own, info.waited = true, nil
        return nil, err, info
      end
      local is_unreachable = not value and not is_own(info) and failure.about(info.cause).retryable
      if is_unreachable then return nil, err, info end
    end
    if known.refusal then return nil, known.refusal.message, known.refusal end
    return try()
  end
end

--- A cache of credentials. `cache:get(ctx)` answers from memory until shortly before their end,
--- then calls the source; while that fails and the old credentials are good, it returns those.
--- `cache:refresh(ctx, rejected)` returns credentials that differ from the rejected ones, or nil.
---@param source fun(ctx: table): table?, number|string, table?  creds, life | nil, err, info
---@param margin? fun(life: number): number how long before the end to renew
function provider.cache(source, margin)
  return {
    key = {},
    source = source,
    margin = margin or function(life) return math.min(300, life * 0.1) end,
    get = cache_get,
    refresh = cache_refresh,
  }
end

return provider
