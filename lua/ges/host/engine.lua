-- SPDX-License-Identifier: MIT
-- pump: one engine, and which attempt under way is for which waiting call.
-- Owns the core client and the map from attempt to slot. Called by ges.client and the scheduler;
-- the hosts call `turn`. An owner is one waiting coroutine (or the one thread); it may have many
-- slots, one per attempt under way.
--
-- A debug hook may run between any two instructions of what follows, a finalizer wherever something
-- is allocated, and both may call the same client; they run to their end before the code below goes
-- on. So a value that such code may change, too, is changed in one piece: by one assignment, or by
-- core.put, core.take and core.add.

local core = require("ges.core")
local failure = require("ges.error")

local huge, min = math.huge, math.min
local insert, running = table.insert, coroutine.running

-- Stands for the main coroutine where that has no name.
local MAIN = "main"

---@class ges.Owner
---@field host ges.Host
---@field ready boolean set when one of its slots is done
---@field flying number attempts under way that are its own; changed by core.add only
---@field settings? table the call's options of the Lua layer
---@field finished? table a queue (see core.put) where its slots are put then

---@class ges.Slot
---@field owner ges.Owner
---@field id? number the engine's, of the attempt
---@field done boolean set after all that follows
---@field value any
---@field err string?
---@field info ges.Info?
---@field thrown? string there was no memory for the result: to be thrown at the owner

---@class ges.Pump
---@field engine userdata
---@field waiting table<number, ges.Slot> by the engine's id
---@field unwatch? fun(pump: ges.Pump) set by a host while its loop watches the descriptor
local pump_methods = {}
local pump_mt = { __name = "ges.host.engine", __index = pump_methods }

local pump = {}

-- A call that waits shows up every second. One that has not for this long is gone.
local PATIENCE = 5

-- The engine ends each attempt at most half a second after its limit. An attempt without an answer
-- this long after its limit will never have one.
local MARGIN = 1

-- What the core throws for a client that was closed.
local CLOSED = "attempt to use a closed ges.engine"

-- A set whose members others keep alive: owners and calls.
local function weak_set()
  return setmetatable({}, { __mode = "k" })
end

function pump.new()
  return setmetatable({
    engine = core.engine(), waiting = {}, flights = {}, running = weak_set(), owners = weak_set(),
  }, pump_mt)
end

-- Ends a slot that has its answer, and tells its owner.
local function finish(slot)
  local owner = slot.owner
  slot.done = true
  core.add(owner, "flying", -1)
  if owner.finished then core.put(owner.finished, slot) end
  owner.ready = true
  owner.host.wake(owner)
end

--- A new owner of attempts.
---@param host ges.Host
---@param settings? table the call's options of the Lua layer
---@return ges.Owner
function pump_methods:owner(host, settings)
  local owner = { host = host, settings = settings, ready = false, flying = 0 }
  self.owners[owner] = true
  return owner
end

-- The failure of a call whose client was closed, after so many attempts.
local function closed(attempts)
  return failure.new("closed", "the client was closed", { attempts = attempts })
end

-- Did the core throw this because the client was closed in the middle of a call?
local function is_closed(self, thrown)
  return self.closed and thrown == CLOSED
end

-- The results of a call of the core under pcall: a client closed meanwhile is a failure.
local function outcome(self, ok, value, err, info)
  if ok then return value, err, info end
  if is_closed(self, value) then return closed(1) end
  error(value, 0)
end

--- Begins one attempt. No network happens here. The slot is whole before the engine knows of the
--- attempt, and the engine enters it into `waiting` itself: the answer finds it at any time.
---@param request userdata of core.prepare
---@param owner ges.Owner
---@param limit number of the attempt, in seconds
---@param slot? ges.Slot one that the owner needs no more, to be used again
---@return ges.Slot? slot
---@return string? err
---@return ges.Info? info
function pump_methods:start(request, owner, limit, slot)
  if self.closed then return closed(0) end
  slot = slot or {}
  slot.owner, slot.done, slot.id = owner, false, nil
  slot.value, slot.err, slot.info, slot.thrown = nil, nil, nil, nil
  core.add(owner, "flying", 1)
  local engine = self.engine
  local id, err, info = outcome(self, pcall(engine.start, engine, request, limit, self.waiting,
    slot))
  if not id then
    core.add(owner, "flying", -1)
    return nil, err, info
  end
  slot.id = id
  return slot
end

-- Hands a result to the slot that waits for it. An attempt without one was dropped.
local function hand_over(self, id, value, err, info)
  local slot = self.waiting[id]
  self.waiting[id] = nil
  if not slot or slot.done then return end
  slot.value, slot.err, slot.info = value, err, info
  if not info then slot.thrown = err end
  finish(slot)
end

-- One step of the engine, and all results that are there. A loop stops watching the descriptor
-- when no attempt is left; one may have begun since the step.
local function work(self, seconds)
  local engine = self.engine
  local under_way = engine:step(seconds)
  local id, value, err, info = engine:poll()
  while id do
    hand_over(self, id, value, err, info)
    id, value, err, info = engine:poll()
  end
  if under_way == 0 and self.unwatch and next(self.waiting) == nil then self:unwatch() end
  return under_way
end

--- Lets the engine work, for at most `seconds`, and hands out what is finished.
---@param seconds number
---@return integer under_way
function pump_methods:turn(seconds)
  if self.closed then return 0 end
  local ok, under_way = pcall(work, self, seconds)
  if ok then return under_way end
  if is_closed(self, under_way) then return 0 end
  error(under_way, 0)
end

--- Forgets an attempt: it is ended, and its result is thrown away.
---@param slot ges.Slot
function pump_methods:drop(slot)
  if slot.done then return end
  slot.done = true
  core.add(slot.owner, "flying", -1)
  if self.closed then return end
  self.waiting[slot.id] = nil
  outcome(self, pcall(self.engine.forget, self.engine, slot.id))
end

--- When an attempt that begins now must have its answer.
---@param limit number of the attempt, in seconds
---@return number time on core.now's clock
function pump.due(limit)
  return core.now() + limit + MARGIN
end

--- Ends an attempt that is past its due time. What the engine knows comes out first. An answer that
--- was lost, as when an error ended the code that was about to hand it over, is a timeout.
---@param slot ges.Slot
function pump_methods:expire(slot)
  self:turn(0)
  if slot.done then return end
  self:drop(slot)
  slot.value = nil
  slot.err, slot.info = select(2, failure.new("timeout",
    "timed out: no answer came out of the engine", { attempts = 1, retryable = true }))
end

--- One attempt from beginning to end, waiting as the host does.
---@param request userdata of core.prepare
---@param host ges.Host
---@param settings? table
---@param limit number as for `start`
---@return any value
---@return string? err
---@return ges.Info? info
function pump_methods:call(request, host, settings, limit)
  if self.closed then return closed(0) end
  if host.blocking then
    local engine = self.engine
    return outcome(self, pcall(engine.job_status, engine, request, limit))
  end
  local owner = self:owner(host, settings)
  local due = pump.due(limit)
  local slot, err, info = self:start(request, owner, limit)
  if not slot then return nil, err, info end
  while not slot.done do
    self:beat(settings)
    owner.ready = false
    if not slot.done then host.park(self, owner, 1) end
    if core.now() >= due then self:expire(slot) end
  end
  if slot.thrown then error(slot.thrown, 0) end
  return slot.value, slot.err, slot.info
end

--- Lets time pass.
---@param host ges.Host
---@param seconds number
---@param settings? table
function pump_methods:sleep(host, seconds, settings)
  local stop = core.now() + seconds
  local owner = self:owner(host, settings)
  while core.now() < stop and not self.closed do
    host.park(self, owner, stop - core.now())
  end
end

--- A call says that it is still there, for those who wait for what it runs in `share`.
---@param settings? table of the call
function pump_methods:beat(settings)
  local flight = settings and self.running[settings]
  if flight then flight.beat = core.now() end
end

-- Is it of use to wait for a run of `fn` that others have begun? Not where waiting holds up the
-- very code that would end it, which is further out on this stack.
local function goes_on(flight, host)
  return not flight.done and core.now() < flight.beat + PATIENCE
    and not host.blocking and flight.thread ~= (running() or MAIN)
end

-- Waits for a run of `fn` that others have begun, but not beyond `stop`; nil when none is left that
-- will end.
local function join(self, host, key, settings, stop)
  local flight = self.flights[key]
  while flight and goes_on(flight, host) and core.now() < stop do
    local owner = self:owner(host, settings)
    insert(flight, owner)
    host.park(self, owner, min(1, stop - core.now()))
    -- The one that ran it has thrown: the first to come now takes over.
    if not flight.done and self.flights[key] ~= flight then flight = self.flights[key] end
  end
  return flight and flight.done and flight or nil
end

--- The results of `fn`, which runs once for all who ask for the same key at the same time. What it
--- throws reaches the one who ran it; another one of those who wait runs it then, as when the
--- coroutine that runs it never comes back (a browser hung up).
---@param host ges.Host
---@param key any
---@param fn function of up to three results
---@param settings? table
---@param stop? number when the call that asks must be over, on core.now's clock
function pump_methods:share(host, key, fn, settings, stop)
  stop = stop or huge
  local flight = join(self, host, key, settings, stop)
  if flight then return flight.a, flight.b, flight.c end
  if core.now() >= stop and self.flights[key] then
    local why = "timed out while another call was asking for the same credentials"
    return nil, why,
      { kind = "timeout", message = why, retryable = true, attempts = 0, elapsed = 0 }
  end
  flight = { beat = core.now(), thread = running() or MAIN }
  self.flights[key] = flight
  if settings then self.running[settings] = flight end
  local ok, a, b, c = pcall(fn)
  if settings then self.running[settings] = nil end
  if self.flights[key] == flight then self.flights[key] = nil end
  if ok then
    flight.a, flight.b, flight.c = a, b, c
    flight.done = true
  end
  for _, owner in ipairs(flight) do
    owner.ready = true
    owner.host.wake(owner)
  end
  if not ok then error(a, 0) end
  return a, b, c
end

--- Ends everything: each call that waits gets the kind `closed`. Idempotent.
function pump_methods:close()
  local waiting, owners = self.waiting, self.owners
  local none, no_owners = {}, weak_set()
  if self.unwatch then self:unwatch() end
  self.closed = true
  self.waiting, self.owners = none, no_owners
  self.engine:close()
  for _, slot in pairs(waiting) do
    if not slot.done then
      slot.value, slot.err, slot.info = closed(1)
      finish(slot)
    end
  end
  for owner in pairs(owners) do
    owner.ready = true
    owner.host.wake(owner)
  end
end

return pump
