-- SPDX-License-Identifier: MIT
-- patient: requests within the time of a wait that are no polls, such as the pages of the list of
-- the jobs to wait for. They are repeated as polls are: a waiter decides when, and when to stop.
-- Owns nothing. Called by ges.wait.

local call = require("ges.call")
local copy = require("ges.util.copy")
local core = require("ges.core")
local failure = require("ges.error")
local waiter = require("ges.wait.waiter")

local max, min = math.max, math.min
local patient = {}

local function rate_of(one)
  return one.settings.max_rate or core.defaults.max_rate
end

-- Sleeps until `max_rate` allows another attempt, but not beyond the deadline.
local function keep_rate(one, span)
  local now, till = core.now(), min(span.next_at or 0, span.deadline)
  if till > now then one.engine:sleep(one, till - now) end
  span.next_at = core.now() + 1 / rate_of(one)
end

-- The failure of a request: `what` was not done, and why. The call counts all its attempts.
local function fail(span, what, err, info)
  info.attempts, info.elapsed, info.polls = span.attempts, core.now() - span.began, nil
  if not failure.about(info.kind).by_caller then return nil, err, info end
  return failure.new(info.kind, what .. ": " .. err, info)
end

-- Makes attempts as a waiter tells, but none at the deadline: that is for the polls. Returns the
-- value, or nil, why there is none, and the info.
local function persist(one, span, w, on_retry)
  local act, seconds, err, info = w:next(core.now())
  while act ~= "done" do
    local result
    if act == "ask" then keep_rate(one, span) end
    if act == "ask" and span.asked and core.now() >= span.deadline then
      w:cancel("deadline")
    elseif act == "ask" then
      span.asked = true
      local value, why, about = call.attempt(one, seconds)
      span.attempts = span.attempts + about.attempts
      -- A second exchange, after a refused token, counts, too, from when it began.
      if about.attempts > 1 then
        span.next_at = max(span.next_at, core.now() - about.elapsed) + 1 / rate_of(one)
      end
      if value ~= nil then
        w:pass(core.now(), about.attempts)
        return value, nil, about
      end
      if core.now() >= span.deadline then w:cut_short() end
      result = { err = why, info = about }
    else
      one.engine:sleep(one, seconds)
      if one.engine.closed then w:cancel("closed") end
    end
    act, seconds, err, info = w:next(core.now(), result)
    if act == "sleep" and result and on_retry then on_retry(result.err, result.info, seconds) end
  end
  return nil, err, info
end

--- A function that makes the requests of a call, each as often as a wait would, and counts their
--- attempts in the span.
---@param one ges.Call
---@param span ges.Span
---@param facts ges.waiter.facts of the call's waiters; no event is made here
---@param what string that was not done: "the running jobs could not be listed"
---@param on_retry? fun(err: string, info: ges.Info, delay: number) after each attempt that failed
---@return fun(one: ges.Call, span: ges.Span): any, string?, ges.Info?
function patient.new(one, span, facts, what, on_retry)
  local settings = one.settings
  facts = copy(facts)
  facts.silent, facts.unit = true, "request"
  local w = waiter.new({ timeout = span.timeout, interval = settings.interval,
    request_timeout = settings.request_timeout, not_found_grace = 0 }, facts)
  one.stop = span.deadline
  return function()
    local value, err, info = persist(one, span, w, on_retry)
    if value ~= nil then return value, nil, info end
    return fail(span, what, err, info)
  end
end

return patient
