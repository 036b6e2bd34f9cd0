-- SPDX-License-Identifier: MIT
-- world.engine: class "ges.engine" as src/lua/engine.c documents it, over a made-up network.
-- What becomes of a transfer is planned when it starts (world.service) and found out when it is
-- over. Owns its transfers. A transfer that has its result waits for `poll`. Used by world.core.

local engine = {}
local methods = {}
local mt = { __index = methods }

local CLOSED = "attempt to use a closed ges.engine"
local SLICE = 0.1       -- a blocking call looks for hooks this often
local GRACE = 0.5       -- an attempt ends at most so much after its limit
local huge = math.huge

---@class world.Transfer
---@field id integer
---@field request table     of world.core
---@field begun number
---@field limit number
---@field sent_at number    when its request is on the network, or math.huge
---@field arrives number    when the service reads it
---@field over_at number    when its result is there
---@field reply table       what the service answers, made when it is over
---@field state "active"|"done"|"taken"|"gone"
---@field owned boolean     of engine:job_status

function engine.new(world)
  return setmetatable({ world = world, active = {}, done = {}, first = 1, last = 0, closed = false,
    in_flight = 0 }, mt)
end

local function check(self)
  if self.closed then error(CLOSED, 0) end
end

local function check_request(request)
  if not request:endpoint() then error("ges.request: no endpoint", 0) end
  if request.what ~= "job" then return end
  local project, graph, job = request:ids()
  if not (project and graph and job) then error("ges.request: an id is missing", 0) end
end

local function add(self, request, limit, owned)
  local world = self.world
  check_request(request)
  local t = { id = world:next_id(), request = request, begun = world.clock.now, limit = limit,
    state = "active", owned = owned, engine = self }
  t.project, t.graph, t.job = request:ids()
  t.token, t.what, t.query, t.spec = request.token, request.what, request.query, request.spec
  world.service:plan(t)
  local ends = t.begun + limit
  if t.over_at > ends then t.cut, t.over_at = true, ends + t.lag * GRACE end
  self.active[t.id] = t
  self.in_flight = self.in_flight + 1
  world.laws:started(t)
  return t
end

local function leave(self, t, state)
  if t.state == "active" then
    self.active[t.id] = nil
    self.in_flight = self.in_flight - 1
  end
  t.state = state
end

-- Takes what is over out of what is under way, in the order in which it ended.
local function collect(self)
  local now, found = self.world.clock.now, nil
  for _, t in pairs(self.active) do
    if t.over_at <= now then
      found = found or {}
      found[#found + 1] = t
    end
  end
  if not found then return false end
  table.sort(found, function(a, b)
    if a.over_at ~= b.over_at then return a.over_at < b.over_at end
    return a.id < b.id
  end)
  for _, t in ipairs(found) do
    leave(self, t, "done")
    self.world.service:settle(t)
    self.world.laws:over(t)
    if not t.owned then
      self.last = self.last + 1
      self.done[self.last] = t
    end
  end
  return true
end

-- When the next transfer is over; math.huge for none.
local function next_over(self)
  local at = huge
  for _, t in pairs(self.active) do at = math.min(at, t.over_at) end
  return at
end

--- When the engine's descriptor is readable: now if a result waits for `poll`.
function engine.next_at(self)
  return self.done[self.first] and self.world.clock.now or next_over(self)
end

-- Lets the network work, for at most so long. A call that waits in here does so though the results
-- of others wait for `poll`.
local function work(self, seconds, is_call)
  self.world:spin()
  local moved = collect(self)
  if moved or not is_call and self.done[self.first] or seconds <= 0 then return moved end
  local clock, at = self.world.clock, next_over(self)
  clock:pass(math.min(at, clock.now + seconds))
  return collect(self)
end

-- What came of a transfer: the triple.
local function result(self, t)
  local value, err, info = self.world.service:reply(t)
  self.world.laws:delivered(t, value, err, info)
  return value, err, info
end

function methods:start(request, limit, waiting, value)
  check(self)
  self.world:touch("start")
  check(self)
  local t = add(self, request, limit, false)
  if waiting then waiting[t.id] = value end
  self.world:touch("start")
  return t.id
end

function methods:step(seconds)
  check(self)
  local moved = work(self, seconds or 0)
  return self.in_flight, moved, 0, 0.01
end

function methods:poll()
  check(self)
  local t = self.done[self.first]
  if not t then return end
  self.done[self.first] = nil
  self.first = self.first + 1
  t.state = "taken"
  if t.no_memory then
    self.world.laws:lost_memory(t)
    return t.id, nil, "not enough memory"
  end
  local value, err, info = result(self, t)
  self.world:touch("poll")
  return t.id, value, err, info
end

function methods:job_status(request, limit)
  check(self)
  self.world:touch("job_status")
  check(self)
  local t = add(self, request, limit, true)
  while t.state ~= "done" do
    work(self, SLICE, true)
    if t.state ~= "done" then
      local ok, why = pcall(self.world.touch, self.world, "job_status")
      if not ok or self.closed then
        leave(self, t, "gone")
        self.world.laws:dropped(t)
      end
      if not ok then error(why, 0) end
      check(self)
    end
  end
  t.state = "taken"
  local value, err, info = result(self, t)
  self.world:touch("job_status")
  return value, err, info
end

-- Takes the transfer of an id out of those that wait for `poll`.
local function take_done(self, id)
  local found
  for n = self.first, self.last do
    if found then self.done[n - 1] = self.done[n] end
    if self.done[n].id == id then found = self.done[n] end
  end
  if not found then return nil end
  self.done[self.last] = nil
  self.last = self.last - 1
  return found
end

function methods:forget(id)
  check(self)
  local t = self.active[id] or take_done(self, id)
  if not t or t.owned then return end
  leave(self, t, "gone")
  self.world.laws:dropped(t)
end

function methods:asked(id)
  local t = self.active[id]
  return t ~= nil and t.sent_at <= self.world.clock.now
end

function methods:fd()
  check(self)
  return 7
end

function methods:close()
  if self.closed then return end
  self.closed = true
  for _, t in pairs(self.active) do
    t.state = "gone"
    self.world.laws:dropped(t)
  end
  for n = self.first, self.last do
    self.done[n].state = "gone"
    self.world.laws:dropped(self.done[n])
  end
  self.active, self.done, self.first, self.last, self.in_flight = {}, {}, 1, 0, 0
end

return engine
