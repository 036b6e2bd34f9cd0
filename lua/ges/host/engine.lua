-- SPDX-License-Identifier: MIT
-- host.engine: one engine of the core, its attempts in flight and the tasks that wait for them.
-- Owns the core's engine and the map from an attempt's id to the attempt. Made by ges.client; its
-- methods are for ges.call, ges.context and the scheduler, `step` is for the hosts. A task is what
-- a call waits with: one coroutine or thread, and any number of attempts in flight.
--
-- A debug hook may run between any two instructions of this file, a finalizer wherever memory is
-- allocated, and both may call the same client. So a value that such code may change, too, is
-- changed in one step: by one assignment, or by core.put, core.take and core.add.

local core = require("ges.core")
local failure = require("ges.error")

local huge, max, min = math.huge, math.max, math.min
local insert, running = table.insert, coroutine.running

---@class ges.Task
---@field host ges.Host
---@field ready boolean set when one of its attempts is done
---@field in_flight number its attempts in flight; changed by core.add only
---@field settings? table the call's options
---@field finished? table a queue (see core.put) where its attempts are put then

---@class ges.Attempt
---@field task ges.Task
---@field id? number the core's, of the transfer
---@field done boolean set after value, err, info and thrown
---@field value any
---@field err string?
---@field info ges.Info?
---@field asked? boolean set by close: it has asked the network for something
---@field thrown? string there was no memory for the result: to be thrown at the task

---@class ges.Engine
---@field core userdata  of core.engine
---@field waiting table<number, ges.Attempt>  by the core's id
---@field unwatch? fun(engine: ges.Engine) set by a host while its loop watches the descriptor
---@field fresh? boolean an attempt has begun; set to false by a host that wants to know
local methods = {}
local engine_mt = { __name = "ges.host.engine", __index = methods }
local engine = {}
local SHORTEST = 0.001       -- no attempt is given less time
local HEARTBEAT_TIMEOUT = 5  -- a waiting call has a heartbeat every second, or it is gone
-- The core ends each attempt at most half a second after its limit. An attempt without an answer
-- this long after its limit will never have one.
local MARGIN = 1

-- What the core throws for an engine that was closed, behind the place in the script.
local CLOSED = "attempt to use a closed ges.engine"

--- The running coroutine, or what stands for the main one, which has no name in Lua 5.1.
function engine.thread()
  return running() or "main"
end

-- Weak keys: an entry lives only while something else references the task or the call.
local function weak_set()
  return setmetatable({}, { __mode = "k" })
end

function engine.new()
  return setmetatable({
    core = core.engine(), waiting = {}, shared = {}, running = weak_set(), tasks = weak_set(),
  }, engine_mt)
end

--- Ends the wait of a task.
function engine.wake(task)
  task.ready = true
  task.host.wake(task)
end

-- Ends an attempt that has its answer, and wakes its task up.
local function finish(attempt)
  local task = attempt.task
  attempt.done = true
  core.add(task, "in_flight", -1)
  if task.finished then core.put(task.finished, attempt) end
  engine.wake(task)
end

--- A new task.
---@param settings? table the call's options
function methods:task(host, settings)
  local task = { host = host, settings = settings, ready = false, in_flight = 0 }
  self.tasks[task] = true
  return task
end

-- The failure of a call whose client was closed, after so many attempts.
local function closed(attempts)
  return failure.new("closed", "the client was closed", { attempts = attempts })
end

-- True if the core threw this because the client was closed in the middle of a call.
local function is_closed(self, thrown)
  return self.closed and type(thrown) == "string" and thrown:sub(-#CLOSED) == CLOSED
end

-- The results of a call of the core under pcall: a client closed meanwhile is a failure.
local function outcome(self, ok, value, err, info)
  if ok then return value, err, info end
  if is_closed(self, value) then return closed(1) end
  error(value, 0)
end

--- Begins one attempt. No network happens here. The attempt is whole before the core knows of it,
--- and the core enters it into `waiting` itself: the answer finds it at any time.
---@param request userdata of core.prepare
---@param limit number of the attempt, in seconds
---@param attempt? ges.Attempt to be used again
---@return ges.Attempt? attempt, string? err, ges.Info? info
function methods:start(request, task, limit, attempt)
  if self.closed then return closed(0) end
  attempt = attempt or {}
  attempt.task, attempt.done, attempt.id = task, false, nil
  attempt.value, attempt.err, attempt.info, attempt.thrown = nil, nil, nil, nil
  core.add(task, "in_flight", 1)
  local inner = self.core
  local id, err, info = outcome(self,
    pcall(inner.start, inner, request, limit, self.waiting, attempt))
  if not id then
    core.add(task, "in_flight", -1)
    return nil, err, info
  end
  attempt.id = id
  self.fresh = true
  return attempt
end

-- Hands a result to its attempt, unless that was dropped.
local function hand_over(self, id, value, err, info)
  local attempt = self.waiting[id]
  self.waiting[id] = nil
  if not attempt or attempt.done then return end
  attempt.value, attempt.err, attempt.info = value, err, info
  if not info then attempt.thrown = err end
  finish(attempt)
end

-- One step of the core, and all results. The event loop stops watching the descriptor when no
-- attempt is in flight; one may have begun since the step.
local function work(self, seconds, most)
  local inner = self.core
  local in_flight, moved, age, lag = inner:step(seconds, most)
  local id, value, err, info = inner:poll()
  while id do
    hand_over(self, id, value, err, info)
    id, value, err, info = inner:poll()
  end
  if in_flight == 0 and self.unwatch and next(self.waiting) == nil then self:unwatch() end
  return in_flight, moved, age, lag
end

--- Lets the core work, and hands out the results.
---@param seconds number it may sleep, if there is nothing to do
---@param most? number seconds to go on while something happens, instead of one bounded turn
---@return integer in_flight
---@return boolean moved something happened
---@return number age of the youngest attempt under way, in seconds
---@return number lag how long answers take on average, in seconds, of 0.01 at most
function methods:step(seconds, most)
  if self.closed then return 0, false, 0, 0 end
  local ok, in_flight, moved, age, lag = pcall(work, self, seconds, most)
  if ok then return in_flight, moved, age, lag end
  if is_closed(self, in_flight) then return 0, false, 0, 0 end
  error(in_flight, 0)
end

--- Ends an attempt without a result.
function methods:drop(attempt)
  if attempt.done then return end
  attempt.done = true
  core.add(attempt.task, "in_flight", -1)
  if self.closed then return end
  self.waiting[attempt.id] = nil
  outcome(self, pcall(self.core.forget, self.core, attempt.id))
end

--- The limit of an attempt that begins now, in seconds: `longest`, but not beyond `stop`.
---@param stop? number time on core.now's clock
---@param now? number the time, where it was just read
function engine.limit(longest, stop, now)
  return stop and max(SHORTEST, min(longest, stop - (now or core.now()))) or longest
end

--- When an attempt that begins now must have its answer.
---@param limit number of the attempt, in seconds
---@param now? number the time, where it was just read
---@return number time on core.now's clock
function engine.due(limit, now)
  return (now or core.now()) + limit + MARGIN
end

--- Ends an attempt that is past its due time, unless the core has its result. An answer that was
--- lost, as when an error ended the code that was about to hand it over, is a timeout.
function methods:expire(attempt)
  self:step(0)
  if attempt.done then return end
  self:drop(attempt)
  attempt.value = nil
  attempt.err, attempt.info = select(2, failure.new("timeout",
    "timed out: the engine returned no answer", { attempts = 1 }))
end

--- Waits as the task's host does, until `task.ready` is set, `seconds` have passed, or earlier.
--- With `seconds` of 0 or less the engine works once.
function methods:park(task, seconds)
  local host = task.host
  if host.watch and not self.closed and next(self.waiting) ~= nil then host.watch(self) end
  if seconds > 0 then host.park(self, task, seconds) else self:step(0) end
end

--- One attempt from beginning to end, waiting as the call's host does. On a blocking host the core
--- itself waits for a job's status; other requests (a login) are waited for in Lua, where the
--- command looks for signals.
---@param request userdata of core.prepare
---@param longest number limit of the attempt, in seconds; the call's end bounds it, too
---@param generic? boolean the request is not for a job's status
---@param now? number the time, where it was just read
---@return any value, string? err, ges.Info? info
function methods:call(request, call, longest, generic, now)
  if self.closed then return closed(0) end
  local limit = engine.limit(longest, call.stop, now)
  local host, inner = call.host, self.core
  if host.blocking and not generic then
    return outcome(self, pcall(inner.job_status, inner, request, limit))
  end
  local task = self:task(host, call.settings)
  local attempt, err, info = self:start(request, task, limit)
  if not attempt then return nil, err, info end
  local due = engine.due(limit)
  while not attempt.done do
    self:heartbeat(call)
    task.ready = false
    if not attempt.done then self:park(task, 1) end
    if core.now() >= due then self:expire(attempt) end
  end
  if attempt.thrown then error(attempt.thrown, 0) end
  return attempt.value, attempt.err, attempt.info
end

--- Lets time pass.
function methods:sleep(call, seconds)
  local stop = core.now() + seconds
  local task = self:task(call.host, call.settings)
  while core.now() < stop and not self.closed do
    self:park(task, stop - core.now())
  end
end

--- Shows that a call goes on, for the calls that wait for what it runs in `share`.
function methods:heartbeat(call)
  local entry = self.running[call]
  while entry do
    entry.heartbeat = core.now()
    entry = entry.outer
  end
end

-- True if a run of `fn` that another call has begun can end while this call waits. It cannot where
-- the wait would block the very code that would end it, which is further out on this stack.
local function goes_on(entry, host)
  return not entry.done and core.now() < entry.heartbeat + HEARTBEAT_TIMEOUT
    and not host.blocking and entry.thread ~= engine.thread()
end

-- Waits for a run of `fn` that another call has begun, but not beyond `stop`; nil when no such run
-- will end.
local function join(self, call, key, stop)
  local entry = self.shared[key]
  while entry and goes_on(entry, call.host) and core.now() < stop do
    local task = self:task(call.host, call.settings)
    insert(entry, task)
    self:heartbeat(call) -- it may be running something for others itself
    self:park(task, min(1, stop - core.now()))
    -- The run has thrown: the first call that wakes up takes over.
    if not entry.done and self.shared[key] ~= entry then entry = self.shared[key] end
  end
  return entry and entry.done and entry or nil
end

--- Single-flight: the results of `fn`, which runs once for all calls with the same key at the same
--- time. What it throws reaches the call that ran it; another waiting call runs it then, as when
--- the coroutine that runs it never comes back (a browser hung up).
---@param fn function of up to three results
---@return any, any, any
function methods:share(call, key, fn)
  local stop = call.stop or huge
  local entry = join(self, call, key, stop)
  if entry then return entry.a, entry.b, entry.c end
  if core.now() >= stop and self.shared[key] then
    local why = "timed out while another call was getting the same credentials"
    return nil, why,
      { kind = "timeout", message = why, retryable = true, attempts = 0, elapsed = 0,
        waited = true }
  end
  local outer = self.running[call] -- `fn` may share something itself
  entry = { heartbeat = core.now(), thread = engine.thread(), outer = outer }
  self.shared[key], self.running[call] = entry, entry
  local ok, a, b, c = pcall(fn)
  self.running[call] = outer
  if self.shared[key] == entry then self.shared[key] = nil end
  if ok then
    entry.a, entry.b, entry.c = a, b, c
    entry.done = true
  end
  for _, task in ipairs(entry) do engine.wake(task) end
  if not ok then error(a, 0) end
  return a, b, c
end

--- Ends everything: each waiting call gets the kind `closed`. Idempotent.
function methods:close()
  local waiting, tasks = self.waiting, self.tasks
  local none, no_tasks = {}, weak_set()
  if self.unwatch then self:unwatch() end
  self.closed = true
  self.waiting, self.tasks = none, no_tasks
  for id, attempt in pairs(waiting) do attempt.asked = self.core:asked(id) end
  self.core:close()
  for _, attempt in pairs(waiting) do
    if not attempt.done then
      attempt.value, attempt.err, attempt.info = closed(attempt.asked and 1 or 0)
      finish(attempt)
    end
  end
  for task in pairs(tasks) do engine.wake(task) end
end

return engine
