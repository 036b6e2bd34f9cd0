-- SPDX-License-Identifier: MIT
-- world.host: a made-up event loop, and how a call waits in it (see lua/ges/host/init.lua). It
-- wakes a coroutine late, early or for nothing, as the script says. Owns the loop's timers. The
-- library knows it by the name `uv`; the host `plain` is the real one. Used by world.world.

local engine = require("world.engine")
local random = require("world.random")

local host = {}
local methods = {}
local mt = { __index = methods }
local huge = math.huge
local MOST_TURNS = 200000

--- A loop. `spec` has `late` (at most so many seconds) and `for_nothing` (a rate of wake-ups).
function host.new(world, spec)
  return setmetatable({ world = world, spec = spec, timers = {}, count = 0, watched = {},
    dead = setmetatable({}, { __mode = "k" }), dice = random.at(world.seed, "host", 1) }, mt)
end

--- Calls `fn` at a point of time, or later.
function methods:at(time, fn)
  local timers, n = self.timers, #self.timers + 1
  self.count = self.count + 1
  local timer = { at = time, n = self.count, fn = fn }
  while n > 1 and timers[n - 1].at <= time do -- the last one is the first that is due
    timers[n], n = timers[n - 1], n - 1
  end
  timers[n] = timer
end

-- How late the loop is this time.
function methods:delay()
  if self.spec.late <= 0 or self.dice:chance(0.5) then return 0 end
  return self.dice:span(0, self.spec.late)
end

--- Resumes a coroutine, unless it was abandoned. What it throws is a breach: actors catch all.
function methods:resume(co)
  if self.dead[co] or coroutine.status(co) ~= "suspended" then return end
  self.world.disturb:enter(co)
  local ok, why = coroutine.resume(co)
  self.world.disturb:leave(co)
  if not ok then
    self.world.laws:broken("nothing is thrown", "%s", debug.traceback(co, tostring(why)))
  end
end

--- Never resumes a coroutine again, as nginx does when a browser hangs up.
function methods:abandon(co)
  self.dead[co] = true
end

--- Lets a coroutine of an actor wait.
function methods:sleep(seconds)
  local co, over = coroutine.running(), false
  self:at(self.world.clock.now + seconds, function()
    over = true
    self:resume(co)
  end)
  repeat coroutine.yield() until over
end

-- Resumes the coroutine that is parked at a place, if it still is.
local function come_back(self, place)
  if not place.over then self:resume(place.co) end
end

local function park(self, task, seconds)
  if task.ready then return end
  local now = self.world.clock.now
  local place = { co = coroutine.running() }
  local function back() come_back(self, place) end
  task.place = place
  self:at(now + seconds + self:delay(), back)
  if self.dice:chance(self.spec.for_nothing) then
    self:at(now + self.dice:unit() * math.min(seconds, 5), back)
  end
  coroutine.yield()
  place.over = true
  if task.place == place then task.place = nil end
end

-- Has the loop work for an engine, until no attempt of it is in flight.
local function watch(self, watched)
  if watched.unwatch then return end
  local list = self.watched
  list[#list + 1] = watched
  function watched.unwatch()
    watched.unwatch = nil
    for n, one in ipairs(list) do
      if one == watched then table.remove(list, n) end
    end
  end
end

--- The host as the library sees it.
function methods:as_host()
  return {
    name = "uv",
    park = function(_, task, seconds) park(self, task, seconds) end,
    watch = function(watched) watch(self, watched) end,
    wake = function(task)
      local place = task.place
      if not place then return end
      self:at(self.world.clock.now + self:delay(), function() come_back(self, place) end)
    end,
  }
end

-- The engine whose descriptor is readable first, and when.
local function first_engine(self)
  local first, at = nil, huge
  for _, one in ipairs(self.watched) do
    local next_at = engine.next_at(one.core)
    if next_at < at then first, at = one, next_at end
  end
  return first, at
end

--- Runs until nothing is left to do, or a law is broken.
function methods:run()
  local world, turns = self.world, 0
  local clock = world.clock
  while not world.breach do
    local timer = self.timers[#self.timers]
    local readable, at = first_engine(self)
    if not timer and not readable then return end
    turns = turns + 1
    if turns > MOST_TURNS then
      return world.laws:broken("no call spins", "the loop has turned %d times", turns)
    end
    if timer and timer.at <= at then
      self.timers[#self.timers] = nil
      clock:pass(timer.at)
      timer.fn()
    else
      clock:pass(at + self:delay())
      world:guarded(function() readable:step(0) end)
    end
  end
end

return host
