-- SPDX-License-Identifier: MIT
-- host.cqueues: a coroutine of a cqueues controller.
-- While something is under way one coroutine of our own polls the engine's descriptor in that
-- controller; those who wait sleep on a condition variable each. Owns no state: which controllers
-- do the polling is the pump's, the condition variable its owner's.

local condition = require("cqueues.condition")
local core = require("ges.core")
local cqueues = require("cqueues")
local hosts = require("ges.host")

local host = { name = "cqueues" }

--- Why it is impossible to wait here, or nil.
---@return string?
function host.check()
  local controller, direct = cqueues.running()
  if not controller then
    return "host 'cqueues' waits in a running controller only: wrap the call with cq:wrap()"
  elseif not direct then
    return "a wait is impossible in a coroutine of your own inside cqueues: use cq:wrap()"
  end
  return hosts.no_yield
end

-- Works for the engine until nothing is under way.
local function serve(pump, controller)
  local watched = { pollfd = pump.engine:fd(), events = "r" }
  while pump:turn(0) > 0 do cqueues.poll(watched) end
  pump.controllers[controller] = nil
end

-- The descriptor is about to be closed, or of no more use: whoever polls it looks again.
local function unwatch(pump)
  cqueues.cancel(pump.engine:fd())
end

-- Sees to it that the caller's controller works for the engine. Another one may be at it as well,
-- but who knows whether it is still being stepped.
local function watch(pump)
  if pump.closed or next(pump.waiting) == nil then return end
  local controller = cqueues.running()
  pump.controllers = pump.controllers or setmetatable({}, { __mode = "k" })
  if pump.controllers[controller] then return end
  pump.controllers[controller], pump.unwatch = true, unwatch
  controller:wrap(serve, pump, controller)
end

--- Returns when `owner.ready` is set or `seconds` have passed; without seconds the engine works
--- once.
---@param pump ges.Pump
---@param owner ges.Owner
---@param seconds number
function host.park(pump, owner, seconds)
  watch(pump)
  if seconds <= 0 then
    pump:turn(0)
    return
  end
  owner.condition = owner.condition or condition.new()
  local stop = core.now() + seconds
  while not owner.ready and seconds > 0 do
    owner.condition:wait(seconds)
    seconds = stop - core.now()
  end
end

--- Makes the park of `owner` return.
---@param owner ges.Owner
function host.wake(owner)
  if owner.condition then owner.condition:signal() end
end

return host
