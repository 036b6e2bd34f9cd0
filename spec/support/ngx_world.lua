-- A simulated nginx worker, with a clock of its own, and an engine that answers when it is told to:
-- what the host ngx does between two answers, to the microsecond, on no machine in particular. For
-- spec/ges/host/ngx_turns_spec.lua and ngx_leaving_spec.lua.
--
-- Owns its clock, its timers and what it counts: `sleeps` (how often the worker had nothing to do
-- and slept), `steps` (of the engine), `dropped` and `refused` (what becomes of timers of 0 s, to
-- be set), `made` (semaphores), `blocked` (the longest time that nothing else could run), `most`
-- (for how long a step may go on), `waits` (in threads: the milliseconds of each), `logged`. To be
-- set are also `exiting` (the worker ends once nothing but threads is waited for: `gone`),
-- `no_threads` and `no_semaphore` (why these fail) and `throws` (what the next step throws).

local core = require("ges.core")

local world = {}

local STEP = 20e-6    -- what a step of the engine takes
-- Of one answer in the engine's average of how long answers take, and as what a long one counts.
local WEIGHT, MOST = 0.125, 0.01

-- The modules that are others while the host is loaded.
local MODULES = { "ges.core", "ngx.semaphore", "ges.host.ngx" }

local methods = {}
local world_mt = { __index = methods }

-- Has a coroutine run at `at`, after all that is due by then.
local function schedule(self, at, co, value)
  local timer = { at = at, n = self.n, co = co, value = value }
  self.n = self.n + 1
  table.insert(self.timers, timer)
  return timer
end

local function resume(self, co, ...)
  if coroutine.status(co) ~= "suspended" or self.killed[co] then return end
  local began = self.now
  assert(coroutine.resume(co, ...))
  self.blocked = math.max(self.blocked, self.now - began)
end

-- nginx's timers are whole milliseconds.
local function later(self, seconds)
  return self.now + math.ceil(seconds * 1000 - 1e-6) / 1000
end

local semaphore = {}
local semaphore_mt = { __index = semaphore }

function semaphore:wait(seconds)
  if self.world.no_semaphore then
    self.world.turns = self.world.turns + 1
    if self.world.turns > 1e5 then coroutine.yield() end -- it goes round for ever: never again
    return nil, self.world.no_semaphore
  elseif self.n > 0 then
    self.n = self.n - 1
    return true
  elseif seconds == 0 then
    return false, "timeout"
  end
  local co = coroutine.running()
  local waiter = schedule(self.world, later(self.world, seconds), co, false)
  table.insert(self.waiters, waiter)
  local ok = coroutine.yield()
  for i, other in ipairs(self.waiters) do
    if other == waiter then table.remove(self.waiters, i) break end
  end
  return ok, not ok and "timeout" or nil
end

-- The waiters are woken up after the timers that are due: one whose time is over by then is not,
-- and the resource stays.
function semaphore:post(n)
  self.n = self.n + (n or 1)
  schedule(self.world, self.world.now, coroutine.create(function()
    for _, waiter in ipairs(self.waiters) do
      if self.n > 0 and not waiter.value and not self.world.killed[waiter.co] then
        self.n = self.n - 1
        waiter.at, waiter.value = self.world.now, true
      end
    end
  end))
end

function semaphore:count()
  local waiting = 0
  for _, waiter in ipairs(self.waiters) do
    if not waiter.value and not self.world.killed[waiter.co] then waiting = waiting + 1 end
  end
  return self.n - waiting
end

-- The module ngx.semaphore.
local function semaphores(self)
  return { new = function()
    self.made = self.made + 1
    return setmetatable({ world = self, n = 0, waiters = {} }, semaphore_mt)
  end }
end

-- Waits in a thread for the engine's descriptor, which is readable when an attempt is answered, or
-- begins.
local function wait_in_thread(self, _, _, name, _, milliseconds)
  if self.no_threads then return false, self.no_threads end
  assert(name == "epwait", name)
  table.insert(self.waits, milliseconds)
  local stop = self.now + milliseconds / 1000
  for _, attempt in ipairs(self.attempts) do
    stop = math.min(stop, attempt.sent and attempt.sent + attempt.takes or self.now)
  end
  self.thread = schedule(self, stop, coroutine.running())
  self.thread.in_thread = true
  coroutine.yield()
  self.thread = nil
  return true, true
end

-- Threads of nginx's own kind, which run in the worker.
local function light_threads(self)
  return {
    spawn = function(fn)
      local co = coroutine.create(fn)
      resume(self, co)
      return co
    end,
    kill = function(co)
      for i, timer in ipairs(self.timers) do
        if timer.co == co then table.remove(self.timers, i) break end
      end
    end,
  }
end

-- The module ngx.
local function nginx(self)
  local ngx = { timer = {}, thread = light_threads(self), WARN = 5,
    worker = { exiting = function() return self.refused or self.exiting or false end } }
  function ngx.run_worker_thread(...) return wait_in_thread(self, ...) end
  function ngx.log(_, ...) table.insert(self.logged, table.concat({ ... })) end
  function ngx.timer.at(seconds, fn, ...)
    if self.refused then return nil, "process exiting" end
    self.tried = self.tried + 1
    if self.dropped then return 1 end
    local args, n = { ... }, select("#", ...)
    schedule(self, later(self, seconds), coroutine.create(function()
      fn(false, (unpack or table.unpack)(args, 1, n)) -- luacheck: ignore 113
    end))
    return 1
  end
  function ngx.sleep(seconds)
    schedule(self, later(self, seconds), coroutine.running())
    coroutine.yield()
  end
  function ngx.update_time() end
  function ngx.get_phase() return "content" end
  return ngx
end

--- A worker with the host ngx loaded anew in it.
---@param parts? table without_semaphores
function world.new(parts)
  local self = setmetatable({ now = 1000, timers = {}, n = 0, killed = {}, sleeps = 0, steps = 0,
    made = 0, tried = 0, turns = 0, blocked = 0, attempts = {}, lag = 0, waits = {}, logged = {},
    core = { fd = function() return 0 end } }, world_mt)
  local real = { ngx = rawget(_G, "ngx") }
  local fake = {
    ["ges.core"] = setmetatable({ now = function() return self.now end }, { __index = core }),
    ["ngx.semaphore"] = not (parts and parts.without_semaphores) and semaphores(self) or nil,
  }
  for _, name in ipairs(MODULES) do
    real[name], package.loaded[name] = package.loaded[name], fake[name]
  end
  rawset(_G, "ngx", nginx(self))
  self.host = require("ges.host.ngx")
  rawset(_G, "ngx", real.ngx)
  for _, name in ipairs(MODULES) do package.loaded[name] = real[name] end
  return self
end

-- The part of the engine that the host uses. Its attempts are sorted by when they began.
function methods:step(_, most)
  self.steps, self.most = self.steps + 1, most
  local thrown = self.throws
  self.throws = nil
  if thrown then error(thrown, 0) end
  local moved, left, age = self.endless or false, {}, 0
  for _, attempt in ipairs(self.attempts) do
    moved = moved or not attempt.sent
    attempt.sent = attempt.sent or self.now
    if attempt.sent + attempt.takes <= self.now then
      moved = true
      self.lag = self.lag + (math.min(self.now - attempt.began, MOST) - self.lag) * WEIGHT
      attempt.task.in_flight, attempt.task.ready = 0, true
      self.host.wake(attempt.task)
    else
      left[#left + 1], age = attempt, self.now - attempt.began
    end
  end
  self.attempts, self.now = left, self.now + STEP
  return #left, moved, age, self.lag
end

--- One call that is answered so many seconds after it was sent; only within `spawn`.
---@param settings? table the call's options
---@return number seconds that its answer was late
function methods:call(takes, settings)
  local task = { in_flight = 1, ready = false, settings = settings }
  local attempt = { began = self.now, takes = takes, task = task }
  table.insert(self.attempts, attempt)
  self.fresh = true
  if self.thread then self.thread.at = self.now end
  repeat self.host.park(self, task, 1) until task.ready
  return self.now - attempt.sent - takes, attempt.sent - attempt.began
end

--- Runs a function as a request of the worker.
function methods:spawn(fn, ...)
  local co = coroutine.create(fn)
  resume(self, co, ...)
  return co
end

--- Ends a request as a browser that hangs up does: its coroutine never goes on.
function methods:kill(co)
  self.killed[co] = true
end

--- Holds the worker up, as code that computes does; only within `spawn`.
function methods:work(seconds)
  self.now = self.now + seconds
end

--- Lets time pass for other requests; only within `spawn`.
function methods:sleep(seconds)
  schedule(self, self.now + seconds, coroutine.running())
  coroutine.yield()
end

-- Does the worker end now? It waits for its timers, and not for threads.
local function ends(self)
  if not self.exiting then return false end
  for _, timer in ipairs(self.timers) do
    if not timer.in_thread and not self.killed[timer.co] then return false end
  end
  self.gone = true
  return true
end

--- Runs the worker until it has nothing more to do, or for so many seconds.
function methods:run(seconds)
  local stop = self.now + (seconds or math.huge)
  while #self.timers > 0 and not ends(self) do
    table.sort(self.timers, function(a, b)
      if a.at ~= b.at then return a.at < b.at end
      return a.n < b.n
    end)
    local timer = self.timers[1]
    if timer.at > stop then break end
    if timer.at > self.now then
      self.sleeps, self.now = self.sleeps + 1, timer.at
    end
    table.remove(self.timers, 1)
    self.turns = self.turns + 1
    assert(self.turns < 1e6, "the worker goes round for ever")
    resume(self, timer.co, timer.value)
  end
  if seconds then self.now = math.max(self.now, stop) end
end

return world
