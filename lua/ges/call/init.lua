-- SPDX-License-Identifier: MIT
-- call: one public call: its prepared request, one attempt at it, and the retries of a call that is
-- no wait. Owns the call object. Called by ges.client, ges.call.list, ges.wait, ges.wait.patient
-- and the scheduler.

local context = require("ges.context")
local copy = require("ges.util.copy")
local core = require("ges.core")
local failure = require("ges.error")
local hosts = require("ges.host")

local max, min = math.max, math.min

---@class ges.Call
---@field request userdata  of core.prepare
---@field settings table    the call's options over the client's; read only, may be the latter
---@field host ges.Host
---@field engine ges.Engine
---@field source? ges.Provider
---@field creds? table      what the provider last gave
---@field stop? number      when the call must be over, on core.now's clock

local call = {}
local DEFAULT = core.defaults
local WORTH = 0.01         -- with less time left than this no other attempt is made
local NEAR_DEADLINE = 0.1  -- a timeout so near the deadline says less than the failure before it
local BASE, CAP = 0.25, 5  -- full jitter: a delay is anything from 0 to BASE * 2^n, at most CAP
local PROTOCOL_ERRORS = 3  -- give up after so many consecutive ones

--- Reads the options of a public call. Mistakes throw at `level`; a refused value is returned.
---@param state table the client's private state
---@param name string the public name of the call
---@return ges.Call? call, string? err, ges.Info? info
---@return table? settings of a refused call
function call.new(state, name, level, opts)
  -- The settings, and whether the credentials are final; or the failure and the settings.
  local request, a, b, c = core.prepare(name, level + 1, opts, state.defaults, state.base)
  if not request then return nil, a, b, c end
  local settings, fixed = a, b
  local self = {
    request = request, settings = settings, engine = state.engine(),
    host = hosts.pick(settings.host, level + 1, settings),
  }
  if not fixed then
    local ok, err, info = context.decide(self, state, name, level + 1)
    if not ok then
      settings = copy(settings) -- whole, as beside a refusal of core.prepare
      settings.job_id = select(3, request:ids())
      return nil, err, info, settings
    end
  end
  return self
end

--- Explains the failure of an attempt, adds what the provider of the credentials warns of, and
--- passes the info to `on_request`: a copy, since the call goes on to count in it.
---@return string? err, ges.Info info
function call.report(self, err, info)
  if err then err, info = context.explain(err, info) end
  local warning = self.creds and self.creds.warning
  if warning then
    info.warnings = info.warnings or {}
    table.insert(info.warnings, warning)
  end
  local on_request = self.settings.on_request
  if on_request and info.attempts > 0 then
    on_request(copy(info))
  end
  return err, info
end

-- One HTTP exchange with the credentials at hand. `now` is the time, where it was just read.
local function exchange(self, longest, now)
  local generic = self.settings.path ~= nil
  local value, err, info = self.engine:call(self.request, self, longest, generic, now)
  return value, call.report(self, err, info)
end

--- One attempt: credentials, exchange, and a second exchange when the first was refused and there
--- are different credentials.
---@param longest number bounds each exchange, in seconds
---@param now? number the time, where it was just read
---@return any value, string? err, ges.Info info
function call.attempt(self, longest, now)
  local value, ok, err, info
  if self.source then
    ok, err, info = context.apply(self, self.request)
    if not ok then return nil, err, info end
    now = nil
  end
  value, err, info = exchange(self, longest, now)
  if err and info.kind == "auth" and context.renew(self, self.request, self.creds) then
    local before = info.attempts
    value, err, info = exchange(self, longest)
    info.attempts = info.attempts + before
  end
  return value, err, info
end

-- The time is over, or what is left is too short for another attempt.
local function out_of_time(timeout, started, attempts, err, info)
  return failure.new("timeout", ("no answer within %g s, %d attempt%s; the last error: %s"):format(
    timeout, attempts, attempts == 1 and "" or "s", (err:gsub("^ges: ", ""))),
    { http_status = info.http_status, code = info.code, request_id = info.request_id,
      retry_after = info.retry_after, attempts = attempts,
      elapsed = core.now() - started })
end

-- How long to wait before the next attempt; nil for no other attempt.
local function next_delay(info, n, retries, protocol_errors)
  if n >= retries or not info.retryable or protocol_errors >= PROTOCOL_ERRORS then return nil end
  return max(core.random() * min(CAP, BASE * 2 ^ n), info.retry_after or 0)
end

---@class ges.Span           of a call that makes several requests
---@field began number       on core.now's clock
---@field timeout number     of all of them together; 0: each is made once
---@field deadline number    the end on that clock, or math.huge
---@field attempts integer   so far
---@field run fun(one: ges.Call, span: ges.Span): any, string?, ges.Info?  makes one request
---@field next_at? number    when max_rate allows the next one
---@field asked? boolean      an attempt of a wait's was made, whether it was sent or not

--- The span of a call that begins now.
---@return ges.Span
function call.span(timeout, run)
  local now = core.now()
  return { began = now, timeout = timeout, deadline = timeout > 0 and now + timeout or math.huge,
    attempts = 0, run = run }
end

--- Makes attempts until there is an answer, the retries are used up or the time is over.
---@param may_repeat boolean false for a method that is not idempotent
---@param span? ges.Span where this request is one of several; its attempts are counted in there
---@return any value, string? err, ges.Info? info
function call.run(self, may_repeat, span)
  local settings, started = self.settings, span and span.began or core.now()
  local timeout = span and span.timeout or settings.timeout or DEFAULT.timeout
  local longest = settings.request_timeout or DEFAULT.request_timeout
  local attempts, n, protocol_errors, last_err, last = span and span.attempts or 0, 0, 0, nil, nil
  if timeout > 0 then self.stop = started + timeout end
  while true do
    local near = last and started + timeout - core.now() < NEAR_DEADLINE
    local value, err, info = call.attempt(self, longest, not last and not span and started or nil)
    if value ~= nil and not last and not self.source and not span then return value, nil, info end
    attempts = attempts + info.attempts
    if span then span.attempts = attempts end
    info.attempts, info.elapsed = attempts, core.now() - started
    if value ~= nil then return value, nil, info end
    local retries = timeout > 0 and may_repeat and (settings.retries or DEFAULT.retries) or 0
    protocol_errors = info.kind == "protocol" and protocol_errors + 1 or 0
    local delay = next_delay(info, n, retries, protocol_errors)
    if not delay then return nil, err, info end
    local left = started + timeout - core.now()
    if info.retry_after and info.retry_after >= left then
      return nil, err, info -- it says more than that the time was over
    end
    if not near or info.kind ~= "timeout" then last_err, last = err, info end
    if left < WORTH then return out_of_time(timeout, started, attempts, last_err, last) end
    delay = max(min(delay, left / 2), info.retry_after or 0)
    self.engine:sleep(self, delay)
    n = n + 1
  end
end

return call
