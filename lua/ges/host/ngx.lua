-- SPDX-License-Identifier: MIT
-- host.ngx: a guest in an nginx worker (OpenResty), which must never sleep.
-- Of all who wait for an answer of one engine, one leads: it lets the engine work and gives the
-- worker back between two steps. The others sleep on a semaphore until they are served, or until
-- the leader is gone: nginx ends a coroutine without a word when its browser hangs up. Owns
-- engine.leader, engine.leader_due (when it is taken for gone) and engine.led (which tasks could
-- lead next).

local ngx = ngx
local core = require("ges.core")

-- The leader's rest between two steps, growing while nothing happens; how long one that waits in
-- a thread stays there; and how late a leader may be.
local SHORTEST, LONGEST, IN_THREAD, LATE = 0.001, 0.005, 0.25, 0.25

local CAN_YIELD = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true,
  preread = true, ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
}

-- Without lua-resty-core there are no semaphores; everybody looks for himself then.
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

-- Waits for the engine's descriptor in a thread of nginx's pool; false where that is not to be had
-- (no pool of that name, its queue is full, a phase it is not for).
local function rest_in_thread(engine, pool, seconds)
  engine.leader_due = core.now() + seconds + LATE
  -- A worker that is told to exit stays for timers only, not for threads.
  local timer = ngx.thread.spawn(function() ngx.sleep(seconds + LATE) end)
  local ok, ran, why = pcall(ngx.run_worker_thread, pool, "ges.util.epwait", "wait",
    engine.core:fd(), math.ceil(seconds * 1000))
  ngx.thread.kill(timer)
  if ok and ran then return true end
  if not engine.told then
    engine.told = true
    ngx.log(ngx.WARN, "ges: thread_pool \"", pool, "\" is not used: ", ok and why or ran)
  end
  return false
end

-- Gives the worker back until the engine may have work.
local function rest(engine, task, pause, left)
  local pool = task.settings and task.settings.thread_pool
  if pool and ngx.run_worker_thread and not ngx.worker.exiting()
    and rest_in_thread(engine, pool, math.min(left, IN_THREAD)) then
    return
  end
  pause = math.max(SHORTEST, math.min(pause, left))
  engine.leader_due = core.now() + pause + LATE
  ngx.sleep(pause)
end

-- Lets the engine work until the leader itself is served, its time is over, or another one has
-- taken it for gone.
local function lead(engine, task, stop)
  local pause, before = SHORTEST, nil
  while true do
    local began = core.now()
    local under_way = engine:step(0)
    local now = core.now()
    if task.ready or now >= stop then return end
    pause = under_way == before and math.min(pause * 1.5, LONGEST) or SHORTEST
    before = under_way
    -- At most half of the time is ours. nginx counts a sleep from the last time it looked at the
    -- clock, which may have been before the step.
    if now - began > SHORTEST / 2 then ngx.update_time() end
    rest(engine, task, math.max(pause, now - began), stop - now)
    if task.ready or engine.leader ~= task then return end
  end
end

-- The leader goes: one of those who still wait for an answer takes its place.
local function hand_over(engine)
  engine.leader = nil
  for heir in pairs(engine.led) do
    engine.led[heir] = nil
    if not heir.ready then return host.wake(heir) end
  end
end

-- Sleeps until somebody wakes it or `seconds` have passed.
local function doze(task, seconds)
  if not has_semaphore then
    return ngx.sleep(math.min(seconds, task.flying > 0 and LONGEST or LATE))
  end
  task.bell = task.bell or assert(semaphore.new())
  task.asleep = true
  local ok, why = task.bell:wait(seconds)
  task.asleep = false
  -- Trying again would hold the worker up for ever: without a wait nothing else gets its turn.
  if not ok and why ~= "timeout" then error("ges: nginx's semaphore failed: " .. why, 0) end
end

-- Follows until it is served, its time is over or there is nobody to follow.
local function follow(engine, task, stop)
  local led, wait = engine.led, LATE
  if task.flying > 0 then led[task] = true else wait = math.huge end
  doze(task, math.max(SHORTEST, math.min(wait, stop - core.now())))
  led[task] = nil
end

--- Returns when `task.ready` is set or `seconds` have passed; the engine works at least once
--- while the task has attempts under way.
---@param engine ges.Engine
---@param task ges.Task
---@param seconds number
function host.park(engine, task, seconds)
  local stop = core.now() + seconds
  engine.led = engine.led or setmetatable({}, { __mode = "k" })
  if seconds <= 0 then return engine:step(0) end
  while not task.ready and core.now() < stop do
    if task.flying > 0 and (not engine.leader or core.now() > engine.leader_due) then
      engine.leader, engine.leader_due = task, math.huge
      local ok, why = pcall(lead, engine, task, stop)
      if engine.leader == task then hand_over(engine) end
      if not ok then error(why, 0) end
    else
      follow(engine, task, stop)
    end
  end
end

--- Makes the park of that task return.
---@param task ges.Task
function host.wake(task)
  if task.asleep then task.bell:post(1) end
end

return host
