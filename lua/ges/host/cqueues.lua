-- SPDX-License-Identifier: MIT
-- host.cqueues: a coroutine of a cqueues controller.
-- While something is under way one coroutine of our own polls the engine's descriptor in that
-- controller; those who wait sleep on a condition variable each. Owns no state: which controllers
-- do the polling is the engine's, the condition variable its task's.

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
local function serve(engine, controller)
  local watched = { pollfd = engine.core:fd(), events = "r" }
  while engine:step(0) > 0 do cqueues.poll(watched) end
  engine.controllers[controller] = nil
end

-- The descriptor is about to be closed, or of no more use: whoever polls it looks again.
local function unwatch(engine)
  cqueues.cancel(engine.core:fd())
end

-- Sees to it that the caller's controller works for the engine. Another one may be at it as well,
-- but who knows whether it is still being stepped.
local function watch(engine)
  if engine.closed or next(engine.waiting) == nil then return end
  local controller = cqueues.running()
  engine.controllers = engine.controllers or setmetatable({}, { __mode = "k" })
  if engine.controllers[controller] then return end
  engine.controllers[controller], engine.unwatch = true, unwatch
  controller:wrap(serve, engine, controller)
end

--- Returns when `task.ready` is set or `seconds` have passed; without seconds the engine works
--- once.
---@param engine ges.Engine
---@param task ges.Task
---@param seconds number
function host.park(engine, task, seconds)
  watch(engine)
  if seconds <= 0 then
    engine:step(0)
    return
  end
  task.condition = task.condition or condition.new()
  local stop = core.now() + seconds
  while not task.ready and seconds > 0 do
    task.condition:wait(seconds)
    seconds = stop - core.now()
  end
end

--- Makes the park of `task` return.
---@param task ges.Task
function host.wake(task)
  if task.condition then task.condition:signal() end
end

return host
