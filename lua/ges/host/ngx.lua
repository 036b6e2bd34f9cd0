-- SPDX-License-Identifier: MIT
-- host.ngx: a guest in an nginx worker (OpenResty), which must never sleep.
-- Of all tasks that wait for an answer of one engine, one leads: it lets the engine work, a turn at
-- a time, and gives the worker back after each. The others sleep on a semaphore until their answer
-- is there, or until the leader is gone: nginx ends a coroutine without notice when its browser
-- hangs up. Owns engine.leader, engine.leader_due (when the leader counts as gone), engine.resting
-- (the leader, while a newcomer may wake it), engine.quiet (since when nothing has happened),
-- engine.followers (the tasks that could lead next), engine.look_due (when it has been looked
-- whether one leads), engine.semaphores (to be used again) and engine.sleeps_until (no timers are
-- tried before); of a task semaphore, back and sleepers.

local ngx = ngx
local core = require("ges.core")

local max, min = math.max, math.min
local insert, remove = table.insert, table.remove

-- Seconds. The engine works for a TURN, then the worker has its own turn.
local TURN = 0.0005
-- While nothing happens the leader comes back at once for SOON, where answers take less than QUICK
-- on average. Else it rests: SHARE of the youngest attempt's age, within bounds.
local SOON, QUICK = 0.0005, 0.0015
local SHARE, SHORTEST, LONGEST = 0.05, 0.001, 0.055
-- Without semaphores a task looks for its answer this often, and cannot be woken up.
local BLIND = 0.005
local IN_THREAD = 0.25 -- one wait in a thread
local LATE = 0.25      -- how late a leader may be, and HEIR the one that is to lead next
local HEIR = 0.005
-- A timer of 0 s that has not fired by DROPPED never will; none is tried for NO_TIMERS then.
local DROPPED, NO_TIMERS = 0.01, 60
local SPARES = 256     -- semaphores that are kept

local CAN_YIELD = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true,
  preread = true, ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
}

-- Without lua-resty-core there are no semaphores: each follower polls then.
local has_semaphore, semaphore = pcall(require, "ngx.semaphore")

-- An engine has worked since a task of this worker has last yielded.
local owes_a_turn = false

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
  owes_a_turn = false
  if ok and ran then return true end
  if not engine.pool_warned then
    engine.pool_warned = true
    ngx.log(ngx.WARN, "ges: thread_pool \"", pool, "\" is not used: ", ok and why or ran)
  end
  return false
end

local function nap(seconds)
  ngx.sleep(seconds)
  owes_a_turn = false
end

-- Sleeps until the task is woken up or `seconds` have passed, or for less: a wake-up that came too
-- late for its sleep, as when the worker was blocked, ends the next one. Several coroutines may
-- share a task, as those that wait for one handle.
local function sleep(engine, task, seconds)
  local own = task.semaphore or remove(engine.semaphores) or assert(semaphore.new())
  task.semaphore = own
  task.sleepers = (task.sleepers or 0) + 1
  local ok, why = own:wait(seconds)
  task.sleepers, owes_a_turn = task.sleepers - 1, false
  -- To try again would hold the worker up for ever: nothing else runs before this yields.
  if not ok and why ~= "timeout" then error("ges: nginx's semaphore failed: " .. why, 0) end
end

local function come_back(_, task)
  task.back = true
  host.wake(task)
end

-- Lets the worker do what else it has to do, once. A timer of 0 s is the cheapest way that every
-- nginx has (ngx.sleep(0) wants OpenResty's patches); nginx refuses timers when it has too many or
-- ends, and drops those that it cannot run.
local function give_back(engine, task)
  local now = core.now()
  engine.leader_due, task.back = now + LATE, false
  if has_semaphore and now >= engine.sleeps_until and ngx.timer.at(0, come_back, task) then
    repeat
      sleep(engine, task, DROPPED)
      if task.back or task.ready then return end
    until core.now() >= now + DROPPED
    engine.sleeps_until = now + NO_TIMERS
  end
  nap(SHORTEST)
end

-- Yields to the worker until the engine may have work, or a newcomer has.
local function rest(engine, task, seconds, left)
  local pool = task.settings and task.settings.thread_pool
  if pool and ngx.run_worker_thread and not ngx.worker.exiting()
    and rest_in_thread(engine, pool, min(left, IN_THREAD)) then
    return
  end
  seconds = max(SHORTEST, min(seconds, left, has_semaphore and LONGEST or BLIND))
  engine.leader_due = core.now() + seconds + LATE
  -- nginx counts from when it last read the clock, which may have been before the engine's turn.
  ngx.update_time()
  if not has_semaphore then return nap(seconds) end
  engine.resting = task
  sleep(engine, task, seconds)
  if engine.resting == task then engine.resting = nil end
end

-- Lets the engine work until the leader has its own answer, its time is over, or another task has
-- taken its place. The worker has its turn before: a coroutine whose answers are there at once
-- would never yield.
local function lead(engine, task, stop)
  if owes_a_turn then give_back(engine, task) end
  while not task.ready and engine.leader == task do
    engine.fresh = false
    local _, moved, age, lag = engine:step(0, TURN)
    local now = core.now()
    owes_a_turn = true
    if task.ready or now >= stop then return end
    if moved then engine.quiet = now end
    if moved or lag < QUICK and now - engine.quiet < SOON then
      give_back(engine, task)
    else
      rest(engine, task, SHARE * age, stop - now)
    end
  end
end

local look_again

-- Ends the leadership: `n` of the followers without an answer are woken up, and the first of them
-- leads. They may all be gone, as the leader may, so that is looked at soon.
local function hand_over(engine, n)
  local now, left = core.now(), n
  engine.leader = nil
  for task in pairs(engine.followers) do
    if left == 0 then break end
    engine.followers[task] = nil
    if not task.ready then
      host.wake(task)
      left = left - 1
    end
  end
  if has_semaphore and now >= max(engine.look_due, engine.sleeps_until) and next(engine.followers)
    and ngx.timer.at(HEIR, look_again, engine, n) then
    engine.look_due = now + HEIR + DROPPED
  end
end

function look_again(premature, engine, n)
  engine.look_due = 0
  if premature or engine.leader or not next(engine.followers) then return end
  hand_over(engine, 2 * n)
end

-- Sleeps until the answer is there, the time is over or the leader may be gone. A task without
-- attempts in flight needs no leader.
local function follow(engine, task, stop)
  local followers, now = engine.followers, core.now()
  local seconds = stop - now
  if task.in_flight > 0 then
    followers[task] = true
    seconds = min(seconds, engine.leader_due - now + SHORTEST)
  end
  if has_semaphore then
    sleep(engine, task, max(SHORTEST, seconds))
  else
    nap(max(SHORTEST, min(seconds, task.in_flight > 0 and BLIND or LATE)))
  end
  followers[task] = nil
end

-- Ends the leader's rest when an attempt has begun since its last turn.
local function wake_leader(engine)
  local leader = engine.resting
  if not leader or not engine.fresh then return end
  engine.resting = nil
  host.wake(leader)
end

-- Keeps a task's semaphore for another one, unless a coroutine sleeps on it or was ended there.
local function reuse_semaphore(engine, task)
  if task.sleepers ~= 0 or #engine.semaphores >= SPARES then return end
  insert(engine.semaphores, task.semaphore)
  task.semaphore, task.sleepers = nil, nil
end

function host.park(engine, task, seconds)
  local stop = core.now() + seconds
  if not engine.followers then
    engine.quiet, engine.look_due, engine.sleeps_until, engine.semaphores = 0, 0, 0, {}
    engine.followers = setmetatable({}, { __mode = "k" })
  end
  wake_leader(engine)
  while not task.ready and core.now() < stop do
    if task.in_flight > 0 and (not engine.leader or core.now() > engine.leader_due) then
      engine.leader, engine.leader_due = task, math.huge
      local ok, why = pcall(lead, engine, task, stop)
      if engine.leader == task then hand_over(engine, 1) end
      if not ok then error(why, 0) end
    else
      follow(engine, task, stop)
    end
  end
  reuse_semaphore(engine, task)
end

function host.wake(task)
  local sleepers = task.sleepers or 0
  if sleepers > 0 then task.semaphore:post(sleepers) end
end

return host
