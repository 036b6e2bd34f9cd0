-- SPDX-License-Identifier: MIT
-- single: one answer now, with the retries of a single call.
-- Owns nothing. Called by ges.client for job_status and request.

local call = require("ges.call")
local core = require("ges.core")
local failure = require("ges.error")

local single = {}

local TIMEOUT, REQUEST_TIMEOUT, RETRIES = 30, 15, 2

-- Full jitter: a delay is anything between nothing and BASE * 2^n, at most CAP.
local BASE, CAP = 0.25, 5

-- With less time than this left another attempt is not worth its while.
local SHORTEST = 0.01

-- That an attempt with less than this left had no answer says less than the failure before it.
local HURRIED = 0.1

local function backoff(n)
  return core.random() * math.min(CAP, BASE * 2 ^ n)
end

-- The budget is over, or what is left does not reach the next attempt.
local function out_of_time(self, started, attempts, err, info)
  local _, text, full = failure.new("timeout", ("no answer within %g s, %d attempt%s; the last: %s")
    :format(self.settings.timeout or TIMEOUT, attempts, attempts == 1 and "" or "s",
      (err:gsub("^ges: ", ""))),
    { http_status = info.http_status, code = info.code, request_id = info.request_id,
      retry_after = info.retry_after, retryable = true, attempts = attempts,
      elapsed = core.now() - started })
  return nil, text, full
end

-- An answer that is no answer is seen this often in a row, and then believed.
local GARBLED = 3

-- How long to wait before the next attempt; nil when there is none.
local function next_delay(info, n, retries, garbled)
  if n >= retries or not info.retryable or garbled >= GARBLED then return nil end
  return math.max(backoff(n), info.retry_after or 0)
end

--- Asks until there is an answer, the retries are used up or the time is over.
---@param self ges.Call
---@param may_repeat boolean false for a method that is not idempotent
---@return any value
---@return string? err
---@return ges.Info info
function single.run(self, may_repeat)
  local settings, started = self.settings, core.now()
  local timeout = settings.timeout or TIMEOUT
  local longest = self.req.request_timeout or REQUEST_TIMEOUT
  local attempts, n, garbled, last_err, last = 0, 0, 0, nil, nil
  if timeout > 0 then self.stop = started + timeout end
  while true do
    local hurried = last and started + timeout - core.now() < HURRIED
    local value, err, info = call.attempt(self, longest, not last and started or nil)
    if value ~= nil and not last and not self.source then return value, nil, info end
    attempts = attempts + info.attempts
    info.attempts, info.elapsed = attempts, core.now() - started
    if value ~= nil then return value, nil, info end
    local retries = timeout > 0 and may_repeat and (settings.retries or RETRIES) or 0
    garbled = info.kind == "protocol" and garbled + 1 or 0
    local delay = next_delay(info, n, retries, garbled)
    if not delay then return nil, err, info end
    local left = started + timeout - core.now()
    if info.retry_after and info.retry_after >= left then
      return nil, err, info -- the service's own wish says more than our budget
    end
    if not hurried or info.kind ~= "timeout" then last_err, last = err, info end
    if left < SHORTEST then return out_of_time(self, started, attempts, last_err, last) end
    delay = math.max(math.min(delay, left / 2), info.retry_after or 0)
    self.pump:sleep(self.host, delay, settings)
    n = n + 1
  end
end

return single
