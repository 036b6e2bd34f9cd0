-- SPDX-License-Identifier: MIT
-- pump: one engine, and who waits for what of it.
-- Owns the core client and the map from call to waiter. Called by ges.client and the scheduler;
-- the hosts call `turn`. An owner is one waiting coroutine (or the one thread); it may have many
-- slots, one per attempt under way.

local core = require("ges.core")

---@class ges.Owner
---@field host ges.Host
---@field ready boolean set when one of its slots is done
---@field finished? ges.Slot[] where they are put then

---@class ges.Slot
---@field owner ges.Owner
---@field done boolean
---@field value any
---@field err string?
---@field info ges.Info?

---@class ges.Pump
---@field engine userdata
local pump_methods = {}
local pump_mt = { __name = "ges.pump", __index = pump_methods }

local pump = {}

function pump.new()
  return setmetatable({ engine = core.client(), waiting = {}, flights = {} }, pump_mt)
end

-- Tells the owner of a slot that it is done.
local function finish(slot)
  local owner = slot.owner
  slot.done, owner.ready = true, true
  if owner.finished then owner.finished[#owner.finished + 1] = slot end
  owner.host.wake(owner)
end

--- Begins one attempt. No network happens here.
---@param req table what core takes
---@param owner ges.Owner
---@return ges.Slot? slot
---@return string? err
---@return ges.Info? info
function pump_methods:start(req, owner)
  local id, err, info = self.engine:start(req)
  if not id then return nil, err, info end
  local slot = { owner = owner, done = false, id = id }
  self.waiting[id] = slot
  return slot
end

--- Lets the engine work, for at most `seconds`, and hands out what is finished.
---@param seconds number
---@return integer under_way
function pump_methods:turn(seconds)
  local engine, waiting = self.engine, self.waiting
  local under_way = engine:step(seconds)
  local id, value, err, info = engine:poll()
  while id do
    local slot = waiting[id]
    if slot then
      waiting[id] = nil
      slot.value, slot.err, slot.info = value, err, info
      finish(slot)
    end
    id, value, err, info = engine:poll()
  end
  return under_way
end

--- Forgets an attempt: it is ended and its result is for nobody.
---@param slot ges.Slot
function pump_methods:drop(slot)
  if slot.done then return end
  self.waiting[slot.id] = nil
  slot.done = true
  self.engine:cancel(slot.id)
end

--- One attempt from beginning to end, waiting as the host does.
---@param req table
---@param host ges.Host
---@return any value
---@return string? err
---@return ges.Info? info
function pump_methods:call(req, host)
  if host.blocking and not req.path then return self.engine:job_status(req) end
  local owner = { host = host, ready = false }
  local slot, err, info = self:start(req, owner)
  if not slot then return nil, err, info end
  while not slot.done do
    owner.ready = false
    host.park(self, owner, 1)
  end
  return slot.value, slot.err, slot.info
end

--- Lets time pass.
---@param host ges.Host
---@param seconds number
function pump_methods:sleep(host, seconds)
  local stop = core.now() + seconds
  local owner = { host = host, ready = false }
  while core.now() < stop do
    host.park(self, owner, stop - core.now())
  end
end

--- The results of `fn`, which runs once for all who ask for the same key at the same time.
--- Should the coroutine that runs it never come back, the next one takes over.
---@param host ges.Host
---@param key any
---@param fn function of up to three results
function pump_methods:share(host, key, fn)
  local flight = self.flights[key]
  local patience = core.now() + 60
  while flight and not flight.done and core.now() < patience do
    local owner = { host = host, ready = false }
    flight[#flight + 1] = owner
    host.park(self, owner, 1)
  end
  if flight and flight.done then return flight.a, flight.b, flight.c end
  flight = {}
  self.flights[key] = flight
  local ok, a, b, c = pcall(fn)
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
  local waiting = self.waiting
  self.waiting, self.closed = {}, true
  self.engine:close()
  for _, slot in pairs(waiting) do
    slot.err = "ges: closed: the client was closed"
    slot.info = { kind = "closed", message = "the client was closed", retryable = false,
      attempts = 1, elapsed = 0 }
    finish(slot)
  end
end

return pump
