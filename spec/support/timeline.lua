-- Made-up servers and a made-up clock for the waiter's specs: an hour's wait
-- takes milliseconds. Specs of the waiter require it; nothing else does.

local core = require("ges.core")
local waiter = require("ges.wait.waiter")

local M = {}

local START = 1000.25 -- no test may depend on the clock's zero
M.START = START

-- Answers -------------------------------------------------------------------

function M.good(status, extra)
  local job = { job_id = "j", status = status }
  for name, value in pairs(extra or {}) do job[name] = value end
  return { job = job, info = { attempts = 1, http_status = 200, request_id = "r" } }
end

function M.bad(kind, extra)
  local info = { kind = kind, message = kind .. " message", attempts = 1, retryable = true }
  for name, value in pairs(extra or {}) do info[name] = value end
  return { err = kind .. " text", info = info }
end

-- A server that gives these answers in order and the last one for ever.
function M.script(...)
  local answers = { ... }
  return function(_, n) return answers[math.min(n, #answers)] end
end

-- A job that runs for so many seconds.
function M.job_of(seconds)
  return function(t) return M.good(t < seconds and "running" or "success") end
end

-- A small generator of our own, so that seeds mean the same on every Lua.
function M.random(seed)
  local state = seed * 7919 % 2147483647 + 1
  return function()
    state = state * 48271 % 2147483647
    return state / 2147483647
  end
end

local function half() return 0.5 end

local FACTS = { "deadline", "started", "random", "clean", "silent", "unit" }

-- A waiter of a call with these options; what is not an option stands beside them.
function M.new(settings)
  local facts = { defaults = core.defaults }
  for _, name in ipairs(FACTS) do facts[name] = settings[name] end
  return waiter.new(settings, facts)
end

-- The driver ----------------------------------------------------------------

-- Runs a wait to its end. server(t, n) -> result, latency; an answer slower
-- than the limit becomes a timeout at the limit, as the engine would have it.
-- log.asks[i] = { at=, limit= }; log.sleeps, log.events in order.
function M.run(settings, server)
  if settings.random == nil then settings.random = half end
  local w = M.new(settings)
  local log = { asks = {}, sleeps = {}, events = {}, w = w }
  local now, result = START, nil
  while true do
    local act, a, b, c = w:next(now, result)
    result = nil
    for event in w.event, w do log.events[#log.events + 1] = event end
    if act == "done" then
      log.job, log.err, log.info, log.at = a, b, c, now - START
      return log
    elseif act == "sleep" then
      assert(a > 0)
      log.sleeps[#log.sleeps + 1] = a
      now = now + a
    else
      assert(act == "ask" and a > 0)
      log.asks[#log.asks + 1] = { at = now - START, limit = a }
      assert(#log.asks <= 100000, "the wait does not end")
      local latency
      result, latency = server(now - START, #log.asks)
      latency = latency or 0
      if latency > a then result, latency = M.bad("timeout"), a end
      now = now + latency
    end
  end
end

function M.types(log)
  local names = {}
  for i, event in ipairs(log.events) do names[i] = event.type end
  return table.concat(names, " ")
end

function M.count(log, name)
  local n = 0
  for _, event in ipairs(log.events) do
    if event.type == name then n = n + 1 end
  end
  return n
end

function M.last_ask(log) return log.asks[#log.asks] end

function M.near(expected, value, slack)
  assert(math.abs(value - expected) <= (slack or 1e-6),
    ("expected %.9g, got %.9g"):format(expected, value))
end

function M.sleeps_are(log, expected)
  M.near(#expected, #log.sleeps)
  for i, value in ipairs(expected) do M.near(value, log.sleeps[i]) end
end

-- A waiter that has had these answers, one after the other without sleeping.
function M.fed(settings, ...)
  local w = M.new(settings)
  local now = START
  local act, a = w:next(now)
  for _, result in ipairs({ ... }) do
    while act == "sleep" do
      now = now + a
      act, a = w:next(now)
    end
    act, a = w:next(now, result)
  end
  return w, now, act, a
end

return M
