-- SPDX-License-Identifier: MIT
-- host.ngx: a guest in an nginx worker (OpenResty), which must never sleep.
-- Of all tasks that wait for an answer of one engine, one leads: it lets the engine work and yields
-- to the worker between two steps. The others sleep on a semaphore until their answer is there, or
-- until the leader is gone: nginx ends a coroutine without notice when its browser hangs up. Owns
-- engine.leader, engine.leader_due (when the leader counts as gone) and engine.followers (the tasks
-- that could lead next).

local ngx = ngx
local core = require("ges.core")

-- Seconds: the leader's sleep between two steps, which grows while nothing happens; one wait in a
-- thread; and how late a leader may be.
local SHORTEST, LONGEST, IN_THREAD, LATE = 0.001, 0.005, 0.25, 0.25

local CAN_YIELD = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true,
  preread = true, ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
}

-- Without lua-resty-core there are no semaphores: each follower polls then.
local has_semaphore, semaphore = pcall(require, "ngx.semaphore")

local host = { name = "ngx" }

--- Why it is impossible to wait here, or nil.
---@return string? why
function host.check()
  if type(ngx) ~= "table" or not ngx.get_phase then
    return "host 'ngx' waits in nginx only, with its Lua module"
  end
  local phase = ngx.get_phase()
  if CAN_YIELD[phase] then return nil end
  local way_out = phase == "init" and "ask with host = \"plain\", which blocks, or later in"
    or "ask in"
  return ("nginx cannot wait in its phase %s; %s a timer: ngx.timer.at(0, function() ... end)")
    :format(phase, way_out)
end

-- Waits for the engine's descriptor in a thread of nginx's pool; false where that is impossible
-- (no pool of that name, a full queue, a phase without threads).
local function rest_in_thread(engine, pool, seconds)
  engine.leader_due = core.now() + seconds + LATE
  -- An exiting worker waits for its timers, not for its threads.
  local timer = ngx.thread.spawn(function() ngx.sleep(seconds + LATE) end)
  local ok, ran, why = pcall(ngx.run_worker_thread, pool, "ges.core", "epwait",
    engine.core:fd(), math.ceil(seconds * 1000))
  ngx.thread.kill(timer)
  if ok and ran then return true end
  if not engine.pool_warned then
    engine.pool_warned = true
    ngx.log(ngx.WARN, "ges: thread_pool \"", pool, "\" is not used: ", ok and why or ran)
  end
  return false
end

-- Yields to the worker until the engine may have work.
local function pause_leader(engine, task, pause, left)
  local pool = task.settings and task.settings.thread_pool
  if pool and ngx.run_worker_thread and not ngx.worker.exiting()
    and rest_in_thread(engine, pool, math.min(left, IN_THREAD)) then
    return
  end
  pause = math.max(SHORTEST, math.min(pause, left))
  engine.leader_due = core.now() + pause + LATE
  ngx.sleep(pause)
end

-- Lets the engine work until the leader has its own answer, its time is over, or another task has
-- taken its place.
local function lead(engine, task, stop)
  local pause, before = SHORTEST, nil
  while true do
    local began = core.now()
    local in_flight = engine:step(0)
    local now = core.now()
    if task.ready or now >= stop then return end
    pause = in_flight == before and math.min(pause * 1.5, LONGEST) or SHORTEST
    before = in_flight
    -- The engine gets at most half of the time. nginx counts a sleep from when it last read the
    -- clock, which may have been before the step.
    if now - began > SHORTEST / 2 then ngx.update_time() end
    pause_leader(engine, task, math.max(pause, now - began), stop - now)
    if task.ready or engine.leader ~= task then return end
  end
end

-- Ends the leadership: one of the followers without an answer is woken up to lead.
local function hand_over(engine)
  engine.leader = nil
  for task in pairs(engine.followers) do
    engine.followers[task] = nil
    if not task.ready then return host.wake(task) end
  end
end

-- Sleeps until the task is woken up or `seconds` have passed.
local function sleep(task, seconds)
  if not has_semaphore then
    return ngx.sleep(math.min(seconds, task.in_flight > 0 and LONGEST or LATE))
  end
  task.semaphore = task.semaphore or assert(semaphore.new())
  task.asleep = true
  local ok, why = task.semaphore:wait(seconds)
  task.asleep = false
  -- To try again would hold the worker up for ever: nothing else runs before this yields.
  if not ok and why ~= "timeout" then error("ges: nginx's semaphore failed: " .. why, 0) end
end

-- Sleeps until the answer is there, the time is over or the leader may be gone. A task without
-- attempts in flight needs no leader.
local function follow(engine, task, stop)
  local followers, most = engine.followers, LATE
  if task.in_flight > 0 then followers[task] = true else most = math.huge end
  sleep(task, math.max(SHORTEST, math.min(most, stop - core.now())))
  followers[task] = nil
end

function host.park(engine, task, seconds)
  local stop = core.now() + seconds
  engine.followers = engine.followers or setmetatable({}, { __mode = "k" })
  while not task.ready and core.now() < stop do
    if task.in_flight > 0 and (not engine.leader or core.now() > engine.leader_due) then
      engine.leader, engine.leader_due = task, math.huge
      local ok, why = pcall(lead, engine, task, stop)
      if engine.leader == task then hand_over(engine) end
      if not ok then error(why, 0) end
    else
      follow(engine, task, stop)
    end
  end
end

function host.wake(task)
  if task.asleep then task.semaphore:post(1) end
end

return host
