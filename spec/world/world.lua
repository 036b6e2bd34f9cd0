-- SPDX-License-Identifier: MIT
-- world.world: one world, made for one script: clock, network, service, event loop, laws, and the
-- clients of the library in it. Owns all of them. Used by world.run.
--
-- The library is loaded once (world.load) and finds the world of the moment through `current`.

local actors = require("world.actors")
local clock = require("world.clock")
local disturb = require("world.disturb")
local engine = require("world.engine")
local host = require("world.host")
local laws = require("world.laws")
local load_library = require("world.load")
local make_core = require("world.core")
local random = require("world.random")
local service = require("world.service")

local world = {}
local methods = {}
local mt = { __index = methods }
local MOST_SPINS = 600000  -- looks at the clock and steps; a thousand jobs take 200,000

world.ENDPOINT = "https://ges.world.example"

--- Loads the library for worlds.
---@param changes? table of its text, see world.load
---@return table library
function world.library(changes)
  local current = { world = nil }
  local given = { ["ges.core"] = make_core(current) }
  given["ges.host.uv"] = {
    name = "uv",
    park = function(...) return current.world.as_host.park(...) end,
    watch = function(...) return current.world.as_host.watch(...) end,
    wake = function(...) return current.world.as_host.wake(...) end,
  }
  local os = setmetatable({
    time = function() return current.world.clock:time() end,
    getenv = function() return nil end,
  }, { __index = os })
  local require_library = load_library(given, os, changes)
  local engines = require_library("ges.host.engine")
  local new_engine = engines.new
  function engines.new()
    local made = new_engine()
    table.insert(current.world.engines, made)
    return made
  end
  return { current = current, ges = require_library("ges"), require = require_library }
end

--- Makes the world of a script.
function world.new(library, script)
  local self = setmetatable({ library = library, ges = library.ges, script = script,
    seed = script.seed, ids = 0, spins = 0, started = 0, lost = 0, engines = {}, over_at = {},
    records = {}, in_order = {}, closed_at = {}, clients = {}, is_strained = script.is_strained,
    is_blocked = script.is_blocked, lateness = script.host.late,
    dice = random.at(script.seed, "random", 1) }, mt)
  library.current.world = self
  self.clock = clock.new(script.stops, script.jumps)
  self.laws = laws.new(self)
  self.service = service.new(self, script.service)
  self.disturb = disturb.new(self)
  self.loop = host.new(self, script.host)
  self.as_host = self.loop:as_host()
  return self
end

function methods:next_id()
  self.ids = self.ids + 1
  return self.ids
end

--- Counts what a call that spins does without end.
function methods:spin()
  self.spins = self.spins + 1
  if self.spins <= MOST_SPINS then return end
  self.laws:broken("no call spins", "%d looks at the clock and steps", self.spins)
  error("the world has no end", 0)
end

function methods:new_engine() return engine.new(self) end
function methods:random_number() return self.dice:unit() end
function methods:touch(name) self.disturb:touch(name) end

--- The n-th client, made when it is first needed. What runs while it is made may need it, too.
function methods:client(n)
  local made = not self.clients[n] and self.ges.new { endpoint = world.ENDPOINT }
  self.clients[n] = self.clients[n] or made
  return self.clients[n]
end

--- Closes a client.
function methods:close(n)
  local client = self:client(n)
  self.closed_at[n] = self.closed_at[n] or self.clock.now
  client:close()
  for _, record in ipairs(self.in_order) do
    if record.client == n then record.stopped = record.stopped or "client was closed" end
  end
end

--- Runs code that may throw what the script has made it throw.
function methods:guarded(fn)
  local ok, why = pcall(fn)
  if not ok then actors.caught(self, why) end
end

--- Does what a script wants to be done in the middle of something else.
function methods:act(act)
  actors.act(self, act)
end

--- Runs the script to its end. Returns the breach of a law, or nil. The clients are forgotten: the
--- library has their states in a table with weak keys, and LuaJIT would never free a state from
--- which, through its engine and this world, its own client can be reached.
function methods:run()
  actors.plan(self)
  local ok, why = pcall(self.loop.run, self.loop)
  self.disturb:stop()
  if not ok then self.laws:broken("nothing is thrown", "%s", tostring(why)) end
  if not self.breach then self.laws:at_end(self.engines) end
  self.clients = {}
  return self.breach
end

return world
