-- SPDX-License-Identifier: MIT
-- credentials.common: what the providers share: their shape, their failures, and the lease
-- that keeps what a login returned until shortly before it ends.
-- Owns nothing at file scope. Called by the other files of ges.credentials only.

local copy = require("ges.util.copy")
local core = require("ges.core")
local failure = require("ges.error")
local utc = require("ges.util.utc")

local common = {}

-- A failed fetch answers for whoever asks within this many seconds: a thousand jobs that
-- start together must not become a thousand logins.
local HOLD = 5
-- The same while the old answer is still good: no hurry.
local RENEW_HOLD = 30
-- An answer that was itself fetched by a refresh is not refreshed again so soon: had the
-- fresh one been refused as well, a third would be, too.
local REFRESH_EVERY = 60

local TOKEN_MAX = 131072

--- Makes a provider. Secrets live in the upvalues of `get` and `refresh`, never in fields.
---@param kind string
---@param get function
---@param refresh? function without it nothing ever replaces refused credentials
---@return ges.Provider
function common.provider(kind, get, refresh)
  local shown = "ges.credentials." .. kind
  return setmetatable({
    kind = kind,
    get = get,
    refresh = refresh or function() return nil end,
  }, { __name = shown, __tostring = function() return shown end })
end

--- The failure triple. What is known of the cause is passed on, but its kind becomes `cause`:
--- a provider that failed is not asked again at once, whatever the reason was; only when the
--- caller itself broke off the kind stays. Control characters are shown as \xNN, so that nothing
--- from a file or a server forges a log line.
---@param kind string
---@param message string
---@param cause? ges.Info the info of the request that failed
function common.fail(kind, message, cause)
  message = core.redact(message)
  local info = { kind = kind, message = message, retryable = false }
  if cause then
    if failure.about(cause.kind).by_caller then info.kind = cause.kind end
    info.cause, info.code, info.http_status = cause.kind, cause.code, cause.http_status
    info.request_id, info.retry_after = cause.request_id, cause.retry_after
  end
  return nil, message, info
end

--- The failure of a provider that has nothing to offer: a chain goes on to its next one.
---@param message string
function common.absent(message)
  local _, err, info = common.fail("credentials", message)
  info.absent = true
  return nil, err, info
end

--- Checks the table given to a constructor: throws at the constructor's caller.
---@param name string the constructor
---@param opts table
---@param known table<string, string> option -> Lua type
---@param required? string[]
function common.options(name, opts, known, required)
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

--- Why a value cannot be sent in a header, or nil. Never quotes the value.
---@param what string its name in the message
---@param value string
---@return string?
function common.refusal(what, value)
  if value == "" then return what .. " is empty" end
  if value:find("^[^\r\n]*[\r\n]+$") then return what .. " ends with a newline: strip it" end
  if value:find("[^\33-\126]") then
    return what .. " holds a space, a control character or a non-ASCII byte"
  end
  if #value > TOKEN_MAX then return what .. " is longer than 128 KiB" end
end

--- How long an answer lasts from now on. The local clock may be wrong: the time between issue
--- and end does not depend on it, so the clock alone never makes a fresh answer a stale one.
---@param now number
---@param issued_at any
---@param expires_at any
---@param default number when the answer does not say
---@return number seconds
function common.life(now, issued_at, expires_at, default)
  local ends, starts = utc.read(expires_at), utc.read(issued_at)
  if not ends then return default end
  local by_clock = ends - now
  local by_server = starts and ends > starts and ends - starts
  if by_clock > 0 then return by_server and math.min(by_clock, by_server) or by_clock end
  return by_server or default
end

local function same(a, b)
  return a.token == b.token and a.ak == b.ak and a.security_token == b.security_token
end

-- The results for one caller, which may keep them or change them.
local function own(creds, err, info)
  if creds then return copy(creds) end
  return nil, err, failure.copy(info)
end

-- Remembers a failure. `final` in its info means: never try again.
local function remember(self, ctx, err, info)
  if failure.about(info.kind).by_caller then return end
  local now = ctx.now()
  local hold = self.held and now < self.ends_at and RENEW_HOLD or HOLD
  self.failure = { err = err, info = info, at = now, till = now + hold }
end

local function fetch(self, ctx)
  local creds, err, info = self.source(ctx)
  if not creds then
    remember(self, ctx, err, info)
    return nil, err, info
  end
  local now, life = ctx.now(), err
  local margin = self.margin(life)
  -- A hook that asks in the middle finds the times before the answer that they are for.
  self.failure = nil
  self.ends_at = now + life
  self.renew_at = now + life - margin
  self.held = creds
  return creds
end

-- One fetch for all who ask at the same time, none while a failure is fresh. A clock that was
-- set back does not prolong that.
local function fetch_once(self, ctx)
  local f, now = self.failure, ctx.now()
  if f and (f.info.final or (f.at <= now and now < f.till)) then return nil, f.err, f.info end
  if not ctx.share then return fetch(self, ctx) end
  return ctx.share(self.key, function() return fetch(self, ctx) end)
end

local function lease_get(self, ctx)
  local now = ctx.now()
  if self.held and now < self.renew_at then return copy(self.held) end
  local creds, err, info = fetch_once(self, ctx)
  if not creds and self.held and ctx.now() < self.ends_at then return copy(self.held) end
  return own(creds, err, info)
end

local function lease_refresh(self, ctx, rejected)
  local old, now = self.held, ctx.now()
  local age = self.refreshed_at and now - self.refreshed_at
  local recent = age and age >= 0 and age < REFRESH_EVERY
  if old and (rejected and not same(rejected, old) or not rejected and recent) then
    return copy(old)
  end
  if recent then return nil end
  self.held = nil
  local creds, err, info = fetch_once(self, ctx)
  if creds then
    self.refreshed_at = ctx.now()
    if old and same(creds, old) then return nil end
  end
  return own(creds, err, info)
end

--- A lease: `lease:get(ctx)` answers from memory until shortly before the end, then calls the
--- source; while renewing fails and the old answer is still good, the old one is given.
--- `lease:refresh(ctx, rejected)` returns an answer that differs from the rejected one, or nil.
---@param source fun(ctx: table): table?, number|string, table?  creds, life | nil, err, info
---@param margin? fun(life: number): number how long before the end to renew
function common.lease(source, margin)
  return {
    key = {},
    source = source,
    margin = margin or function(life) return math.min(300, life * 0.1) end,
    get = lease_get,
    refresh = lease_refresh,
  }
end

return common
