-- SPDX-License-Identifier: MIT
-- world.random: numbers from a seed, the same on each Lua (two linear congruences, combined; all
-- products are below 2^53). Owns nothing. Used by world.script for what is planned and by the
-- others for what depends on it: `at` gives each place its own numbers, so that a script that was
-- shortened leaves the rest of the world as it was.

local random = {}
local methods = {}
local mt = { __index = methods }

local function new(a, b)
  local self = setmetatable({ a = a % 2147483562 + 1, b = b % 2147483398 + 1 }, mt)
  for _ = 1, 3 do self:unit() end
  return self
end

--- Numbers for a seed.
function random.new(seed)
  return new(seed * 7919 + 17, seed * 104729 + 4711)
end

--- Numbers for a place in a world: a seed, a text and a count.
function random.at(seed, text, n)
  local h = (seed % 1000003) * 31 + (n or 0) * 977
  for i = 1, #text do h = (h * 33 + text:byte(i)) % 2147483647 end
  return new(h * 16807, h * 48271 + seed % 65521)
end

--- In [0, 1).
function methods:unit()
  self.a = (40014 * self.a) % 2147483563
  self.b = (40692 * self.b) % 2147483399
  return ((self.a - self.b) % 2147483562) / 2147483562
end

--- A whole number from `least` to `most`.
function methods:int(least, most)
  return least + math.floor(self:unit() * (most - least + 1))
end

--- A number from `least` to `most`, in milliseconds where those are seconds.
function methods:span(least, most)
  return math.floor((least + self:unit() * (most - least)) * 1000) / 1000
end

function methods:chance(p)
  return self:unit() < p
end

function methods:pick(list)
  return list[self:int(1, #list)]
end

return random
