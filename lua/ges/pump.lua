-- SPDX-License-Identifier: MIT
-- pump: one engine, and who waits for what of it.
-- Owns the core client and the map from call to waiter. Called by ges.client and the scheduler;
-- the hosts call `turn`. An owner is one waiting coroutine (or the one thread); it may have many
-- slots, one per attempt under way.

local core = require("ges.core")
local failure = require("ges.failure")

---@class ges.Owner
---@field host ges.Host
---@field ready boolean set when one of its slots is done
---@field flying integer attempts under way that are its own
---@field settings? table the call's options of the Lua layer
---@field finished? ges.Slot[] where they are put then

---@class ges.Slot
---@field owner ges.Owner
---@field done boolean
---@field value any
---@field err string?
---@field info ges.Info?
---@field thrown? string there was no memory for the result: to be thrown at the owner

---@class ges.Pump
---@field engine userdata
---@field unwatch? fun(pump: ges.Pump) set by a host while its loop watches the descriptor
local pump_methods = {}
local pump_mt = { __name = "ges.pump", __index = pump_methods }

local pump = {}

-- A call that waits shows up every second. One that has not for this long is gone.
local PATIENCE = 5

-- Of owners and of calls: whoever waits keeps his own alive.
local function weak_set()
  return setmetatable({}, { __mode = "k" })
end

function pump.new()
  return setmetatable({
    engine = core.client(), waiting = {}, flights = {}, running = weak_set(), owners = weak_set(),
  }, pump_mt)
end

-- Tells the owner of a slot that it is done.
local function finish(slot)
  local owner = slot.owner
  slot.done, owner.ready = true, true
  owner.flying = owner.flying - 1
  if owner.finished then owner.finished[#owner.finished + 1] = slot end
  owner.host.wake(owner)
end

--- Someone who waits here.
---@param host ges.Host
---@param settings? table the call's options of the Lua layer
---@return ges.Owner
function pump_methods:owner(host, settings)
  local owner = { host = host, settings = settings, ready = false, flying = 0 }
  self.owners[owner] = true
  return owner
end

local function closed()
  return failure.new("closed", "the client was closed", { attempts = 1 })
end

--- Begins one attempt. No network happens here.
---@param req table what core takes
---@param owner ges.Owner
---@param limit? number of the attempt, in seconds: core.options has seen `req`
---@param slot? ges.Slot one that the owner needs no more, to be used again
---@return ges.Slot? slot
---@return string? err
---@return ges.Info? info
function pump_methods:start(req, owner, limit, slot)
  if self.closed then return closed() end
  local id, err, info = self.engine:start(req, limit)
  if not id then return nil, err, info end
  slot = slot or {}
  slot.owner, slot.done, slot.id = owner, false, id
  slot.value, slot.err, slot.info, slot.thrown = nil, nil, nil, nil
  self.waiting[id] = slot
  owner.flying = owner.flying + 1
  return slot
end

--- Lets the engine work, for at most `seconds`, and hands out what is finished.
---@param seconds number
---@return integer under_way
function pump_methods:turn(seconds)
  local engine, waiting = self.engine, self.waiting
  if self.closed then return 0 end
  local under_way = engine:step(seconds)
  local id, value, err, info = engine:poll()
  while id do
    local slot = waiting[id]
    if slot then
      waiting[id] = nil
      slot.value, slot.err, slot.info = value, err, info
      if not info then slot.thrown = err end
      finish(slot)
    end
    id, value, err, info = engine:poll()
  end
  if under_way == 0 and self.unwatch then self:unwatch() end
  return under_way
end

--- Forgets an attempt: it is ended and its result is for nobody.
---@param slot ges.Slot
function pump_methods:drop(slot)
  if slot.done then return end
  self.waiting[slot.id] = nil
  slot.done = true
  slot.owner.flying = slot.owner.flying - 1
  self.engine:cancel(slot.id)
end

--- One attempt from beginning to end, waiting as the host does.
---@param req table
---@param host ges.Host
---@param settings? table
---@param limit? number as for `start`
---@return any value
---@return string? err
---@return ges.Info? info
function pump_methods:call(req, host, settings, limit)
  if self.closed then return closed() end
  if host.blocking and not req.path then return self.engine:job_status(req, limit) end
  local owner = self:owner(host, settings)
  local slot, err, info = self:start(req, owner, limit)
  if not slot then return nil, err, info end
  while not slot.done do
    self:beat(settings)
    owner.ready = false
    host.park(self, owner, 1)
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

--- The results of `fn`, which runs once for all who ask for the same key at the same time.
--- Should the coroutine that runs it never come back (a browser hung up), the next one takes over.
---@param host ges.Host
---@param key any
---@param fn function of up to three results
---@param settings? table
function pump_methods:share(host, key, fn, settings)
  local flight = self.flights[key]
  while flight and not flight.done and core.now() < flight.beat + PATIENCE do
    local owner = self:owner(host, settings)
    flight[#flight + 1] = owner
    host.park(self, owner, 1)
    -- Who ran it has thrown: whoever is first now takes over.
    if not flight.done and self.flights[key] ~= flight then flight = self.flights[key] end
  end
  if flight and flight.done then return flight.a, flight.b, flight.c end
  flight = { beat = core.now() }
  self.flights[key] = flight
  if settings then self.running[settings] = flight end
  local ok, a, b, c = pcall(fn)
  if settings then self.running[settings] = nil end
  if self.flights[key] == flight then self.flights[key] = nil end
  if ok then flight.done, flight.a, flight.b, flight.c = true, a, b, c end
  for _, owner in ipairs(flight) do
    owner.ready = true
    owner.host.wake(owner)
  end
  if not ok then error(a, 0) end
  return a, b, c
end

--- Ends everything. Whoever waits gets the kind `closed`. Idempotent.
function pump_methods:close()
  local waiting, owners = self.waiting, self.owners
  self.waiting, self.owners = {}, weak_set()
  if self.unwatch then self:unwatch() end
  self.closed = true
  self.engine:close()
  for _, slot in pairs(waiting) do
    slot.value, slot.err, slot.info = closed()
    finish(slot)
  end
  for owner in pairs(owners) do
    owner.ready = true
    owner.host.wake(owner)
  end
end

return pump
