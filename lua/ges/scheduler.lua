-- SPDX-License-Identifier: MIT
-- scheduler: many waiters and a timer heap over one engine; one job is the case of many with one.
-- Owns a run: the items, which of them sleep, are ready to ask or are being answered. Knows no
-- host beyond the table of ges.host. There is no coroutine in here: a run moves on when step is
-- called, in whatever coroutine the caller is in. Called by ges.wait.
--
-- An item is { waiter=, graph_id=, job_id=, project_id=, index= }; the run adds what it needs and
-- puts the verdict into item.done, item.job, item.err, item.info.

local auth = require("ges.auth")
local call = require("ges.call")
local core = require("ges.core")
local heap = require("ges.heap")

local scheduler = {}

-- A run that is behind may catch up with this many seconds' worth of requests.
local CATCH_UP = 0.05

-- An attempt at the deadline may last this long; what has not begun by then never will.
local GRACE = 1

-- No attempt is given less than this.
local SHORTEST = 0.001

---@class ges.Run
local run_methods = {}
local run_mt = { __name = "ges.run", __index = run_methods }

--- Makes a run; nothing is asked before the first step.
---@param one ges.Call whose request, credentials and host all items share
---@param items table[]
---@param limits { max_in_flight?: integer, max_rate?: number, timeout: number }
function scheduler.new(one, items, limits)
  local run = setmetatable({
    call = one, pump = one.pump, items = items, left = #items, sleeping = heap.new(),
    ready = {}, first = 1, last = 0, in_flight = 0, flying = {},
    max_in_flight = limits.max_in_flight, max_rate = limits.max_rate,
    slot_at = 0, stop = core.now() + limits.timeout + GRACE,
    owner = one.pump:owner(one.host, one.settings), events = {}, heard = 1, told = 0,
  }, run_mt)
  run.owner.finished, one.stop = {}, run.stop
  for i = 1, #items do run:enqueue(items[i]) end
  return run
end

function run_methods:enqueue(item)
  self.last = self.last + 1
  self.ready[self.last] = item
end

local function dequeue(self)
  local item = self.ready[self.first]
  self.ready[self.first] = nil
  self.first = self.first + 1
  return item
end

-- Collects what the waiter has to say, for whoever hears. An event of many jobs tells which.
local function listen(self, item)
  if self.deaf then return end
  local event = item.waiter:event()
  while event do
    event.index, event.job_id = item.index, item.job_id
    self.told = self.told + 1
    self.events[self.told] = event
    event = item.waiter:event()
  end
end

-- Puts the verdict into the item.
local function settle(self, item, job, err, info)
  item.done, item.job, item.err, item.info = true, job, err, info
  self.left = self.left - 1
  self.settled = self.settled or item
end

-- Acts on what the waiter says; only `begin` may ask. A callback may have cancelled the run while
-- the item was in hand: then it has its verdict already.
local function advance(self, item, result)
  if item.done then return nil end
  local act, a, b, c = item.waiter:next(core.now(), result)
  listen(self, item)
  if act == "done" then
    settle(self, item, a, b, c)
  elseif act == "sleep" then
    self.sleeping:push(core.now() + a, item)
  else
    return a
  end
end

-- The answer to an attempt is in.
local function answer(self, item, job, err, info)
  if item.asked then
    info.attempts = info.attempts + item.asked
    item.asked = nil
  end
  if advance(self, item, { job = job, err = err, info = info }) then
    self:enqueue(item)
  end
end

-- Makes the shared request that of one item.
local function address(self, item)
  local req = self.call.req
  req.graph_id, req.job_id = item.graph_id, item.job_id
  req.project_id = item.project_id or self.project_id
  return req
end

-- Keeps to max_rate: no attempt before slot_at.
local function charge(self)
  if self.max_rate then
    self.slot_at = math.max(self.slot_at, core.now() - CATCH_UP) + 1 / self.max_rate
  end
end

-- Hands one attempt, which has its credentials, to the engine.
local function launch(self, item)
  local req = self.call.req
  if not item.project_id then self.project_id = req.project_id end
  req.request_timeout = math.max(SHORTEST, math.min(item.limit, self.stop - core.now()))
  local slot, err, info = self.pump:start(req, self.owner)
  if not slot then return answer(self, item, nil, err, info) end
  charge(self)
  slot.item, slot.creds = item, self.call.creds
  self.flying[slot] = true
  self.in_flight = self.in_flight + 1
end

-- Lets an item that is ready ask, if it still wants to.
local function begin(self, item)
  if self.pump.closed then item.waiter:cancel("closed") end
  if core.now() >= self.stop then item.waiter:cancel("deadline") end
  item.limit = advance(self, item)
  if not item.limit then return end
  address(self, item)
  local ok, err, info = auth.apply(self.call)
  if item.done then return end
  if ok then launch(self, item) else answer(self, item, nil, err, info) end
end

-- An attempt that was refused is made again at once, with other credentials.
local function refused_but_renewed(self, item, slot)
  if slot.info.kind ~= "auth" or item.renewed then return false end
  item.renewed = true
  address(self, item)
  if not auth.renew(self.call, slot.creds) then return false end
  item.asked = slot.info.attempts
  if not item.done then launch(self, item) end
  return true
end

local function settle_slot(self, slot)
  local item = slot.item
  self.flying[slot] = nil
  self.in_flight = self.in_flight - 1
  slot.err, slot.info = call.report(self.call, slot.err, slot.info)
  if not item.done and not refused_but_renewed(self, item, slot) then
    item.renewed = nil
    answer(self, item, slot.value, slot.err, slot.info)
  end
end

-- A callback on the way may end the run: what it dropped is passed over.
local function collect(self)
  local finished = self.owner.finished
  if #finished == 0 then return end
  self.owner.finished = {}
  for i = 1, #finished do
    local slot = finished[i]
    if slot.thrown then
      self:abandon()
      error(slot.thrown, 0)
    end
    if self.flying[slot] then settle_slot(self, slot) end
  end
end

local function wake_sleepers(self, now)
  local due = self.sleeping:first()
  while due and due <= now do
    self:enqueue(self.sleeping:pop())
    due = self.sleeping:first()
  end
end

local function has_room(self)
  return self.first <= self.last and self.in_flight < (self.max_in_flight or math.huge)
end

local function has_slot(self, now)
  return not self.max_rate or self.slot_at <= now or now >= self.stop or self.pump.closed
end

-- How long nothing can happen but an answer.
local function pause(self, now)
  local till = self.sleeping:first() or now + 60
  if has_room(self) and self.max_rate then till = math.min(till, self.slot_at) end
  return math.max(0, till - now)
end

local function step(self, seconds)
  local now = core.now()
  wake_sleepers(self, self.pump.closed and math.huge or now)
  while has_room(self) and has_slot(self, now) and not self.events[self.heard] do
    begin(self, dequeue(self))
    now = core.now()
  end
  if self.left > 0 and not self.events[self.heard] and #self.owner.finished == 0 then
    local patience = pause(self, now)
    self.owner.ready = false
    self.call.host.park(self.pump, self.owner, math.min(patience, seconds or patience))
  end
  collect(self)
end

--- Moves the run on: asks what is due, and when there is nothing to hand out waits, at most
--- `seconds`, for an answer or the next time to ask. What a function of the user throws on the
--- way ends the run and goes to the caller as it is.
---@param seconds? number nothing: as long as it takes
function run_methods:step(seconds)
  local ok, err = pcall(step, self, seconds)
  if not ok then
    self:cancel()
    error(err, 0)
  end
end

--- The next event nobody has seen, or nil.
function run_methods:event()
  local event = self.events[self.heard]
  if event == nil then return nil end
  self.events[self.heard] = nil
  self.heard = self.heard + 1
  return event
end

--- Lets go of everything without a verdict. The answers under way are for nobody.
function run_methods:abandon()
  for slot in pairs(self.flying) do self.pump:drop(slot) end
  self.flying, self.in_flight, self.owner.finished = {}, 0, {}
  self.ready, self.first, self.last, self.sleeping = {}, 1, 0, heap.new()
  self.left = 0
end

--- Ends the run: every item still open gets its verdict, `cancelled`.
function run_methods:cancel()
  self:abandon()
  for _, item in ipairs(self.items) do
    item.waiter:cancel("cancelled")
    advance(self, item)
  end
  self.left = 0
  self.owner.ready = true
  self.call.host.wake(self.owner)
end

-- Nobody is told of what has not been heard, nor of what is to come.
local function hush(self)
  self.deaf, self.events, self.heard, self.told = true, {}, 1, 0
end

--- Hands the events out. What a listener throws goes to the caller as it is, after the attempts
--- under way have been ended; `false` cancels, and is not told of the rest.
---@param on_event? fun(event: table): boolean?
---@return function? on_event
function run_methods:deliver(on_event)
  if not on_event then
    if not self.deaf then hush(self) end
    return nil
  end
  local event = self:event()
  while event do
    local ok, verdict = pcall(on_event, event)
    if not ok or verdict == false then
      self:cancel()
      hush(self)
      if not ok then error(verdict, 0) end
      return nil
    end
    event = self:event()
  end
  return on_event
end

--- Runs until every item has its verdict, or `enough(item)` says so of one.
---@param on_event? fun(event: table): boolean?
---@param enough? fun(item: table): boolean
function run_methods:finish(on_event, enough)
  while true do
    on_event = self:deliver(on_event)
    if self.settled and enough and enough(self.settled) then break end
    if self.left <= 0 then break end
    self:step()
  end
end

return scheduler
