-- SPDX-License-Identifier: MIT
-- patient: one request within the time of a wait, such as a page of the list of the jobs to wait
-- for. It is repeated as a poll is: a waiter decides when, and when to stop. Owns nothing. Called
-- by ges.wait.

local call = require("ges.call")
local copy = require("ges.util.copy")
local core = require("ges.core")
local failure = require("ges.error")
local waiter = require("ges.wait.waiter")

local min = math.min
local patient = {}

-- Sleeps until `max_rate` allows another request, but not beyond the deadline.
local function keep_rate(one, span)
  local now, till = core.now(), min(span.next_at or 0, span.deadline)
  if till > now then one.engine:sleep(one, till - now) end
  span.next_at = core.now() + 1 / (one.settings.max_rate or core.defaults.max_rate)
end

-- The failure of a request: `what` was not done, and why. The call counts all its attempts.
local function fail(span, what, err, info)
  info.attempts, info.elapsed = span.attempts, core.now() - span.began
  if not failure.about(info.kind).by_caller then return nil, err, info end
  return failure.new(info.kind, what .. ": " .. err, info)
end

-- Makes attempts as a waiter tells, but none at the deadline: that is for the polls. Returns the
-- value, or nil, why there is none, and the info.
local function persist(one, span, w)
  local act, seconds, err, info = w:next(core.now())
  while act ~= "done" do
    local result
    if act == "ask" and span.attempts > 0 and core.now() >= span.deadline then
      w:cancel("deadline")
    elseif act == "ask" then
      local value, why, about = call.attempt(one, seconds)
      span.attempts = span.attempts + about.attempts
      if value ~= nil then return value, nil, about end
      result = { err = why, info = about }
    else
      one.engine:sleep(one, seconds)
      if one.engine.closed then w:cancel("closed") end
    end
    act, seconds, err, info = w:next(core.now(), result)
  end
  return nil, err, info
end

--- A function that makes the request of a call as often as a wait would, and counts its attempts in
--- the span.
---@param facts ges.waiter.facts of the call's waiters; no event is made here
---@param what string that was not done: "the running jobs could not be listed"
---@return fun(one: ges.Call, span: ges.Span): any, string?, ges.Info?
function patient.new(facts, what)
  facts = copy(facts)
  facts.silent = true
  return function(one, span)
    keep_rate(one, span)
    one.stop = span.deadline
    local settings = one.settings
    local value, err, info = persist(one, span, waiter.new({ timeout = span.timeout,
      interval = settings.interval, request_timeout = settings.request_timeout,
      not_found_grace = 0 }, facts))
    if value ~= nil then return value, nil, info end
    return fail(span, what, err, info)
  end
end

return patient
