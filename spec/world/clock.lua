-- SPDX-License-Identifier: MIT
-- world.clock: the time of a world. It passes when a call waits; a script may stop the process
-- for a while, and set the wall clock. Owns both clocks. Used by the other files of the world.

local clock = {}
local methods = {}
local mt = { __index = methods }

local START, WALL = 1000, 1700000000
local READ = 1e-6  -- seconds that a look at the clock takes

--- A clock. `stops` are { at =, lasts = } and `jumps` of the wall clock { at =, by = }, in order.
function clock.new(stops, jumps)
  return setmetatable({ now = START, wall = WALL - START, stops = stops, jumps = jumps, stop = 1,
    jump = 1, held = {} }, mt)
end

--- The monotonic clock, as the code under test reads it.
function methods:read()
  self.now = self.now + READ
  return self.now
end

--- The wall clock of this machine, which may be wrong.
function methods:time()
  return math.floor(self.wall + self.now)
end

--- The true time at a point of the monotonic clock, as the service knows it.
function clock.true_time(at)
  return WALL - START + at
end

--- Seconds since the world began.
function methods:age()
  return self.now - START
end

--- The point on the monotonic clock that is `age` seconds after the beginning.
function clock.at(age)
  return START + age
end

--- Notes that the process did nothing else from one point to another, on behalf of `by`.
function methods:hold(from, to, by)
  if to > from then self.held[#self.held + 1] = { from = from, to = to, by = by } end
end

--- Lets the time pass until then, or longer, if the process is stopped on the way.
function methods:pass(till)
  local stop = self.stops[self.stop]
  while stop and START + stop.at <= till do
    local from = math.max(self.now, START + stop.at)
    self:hold(from, from + stop.lasts)
    till, self.stop = math.max(till, from + stop.lasts), self.stop + 1
    stop = self.stops[self.stop]
  end
  local jump = self.jumps[self.jump]
  while jump and START + jump.at <= till do
    self.wall, self.jump = self.wall + jump.by, self.jump + 1
    jump = self.jumps[self.jump]
  end
  if till > self.now then self.now = till end
end

--- How long the process was held in a span, by others than `own`, and how often.
function methods:held_in(from, to, own)
  local sum, times = 0, 0
  for _, span in ipairs(self.held) do
    local least, most = math.max(from, span.from), math.min(to, span.to)
    if most > least and span.by ~= own then sum, times = sum + most - least, times + 1 end
  end
  return sum, times
end

--- Whether the process was stopped so far.
function methods:has_stopped() return self.stop > 1 end

--- Whether others than `own` began in a span to hold the process for so long.
function methods:was_held_from(from, to, own, seconds)
  for _, span in ipairs(self.held) do
    if span.from >= from and span.from <= to and span.by ~= own
      and span.to - span.from >= seconds then
      return true
    end
  end
  return false
end

return clock
