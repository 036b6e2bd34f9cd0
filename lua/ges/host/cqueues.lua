-- SPDX-License-Identifier: MIT
-- host.cqueues: a coroutine of a cqueues controller.
-- While attempts are in flight one coroutine of this file polls the engine's descriptor in that
-- controller; each waiting task sleeps on a condition variable. Owns no state: the engine keeps
-- which controllers poll, the task its condition variable.

local condition = require("cqueues.condition")
local core = require("ges.core")
local cqueues = require("cqueues")
local hosts = require("ges.host")

local host = { name = "cqueues" }

--- Why it is impossible to wait here, or nil.
function host.check()
  local controller, direct = cqueues.running()
  if not controller then
    return "host 'cqueues' waits in a running controller only: wrap the call with cq:wrap()"
  elseif not direct then
    return "cannot wait in a plain coroutine inside cqueues: use cq:wrap()"
  end
  return hosts.no_yield
end

-- Works for the engine until no attempt is in flight.
local function serve(engine, controller)
  if engine.closed then return end -- before this coroutine had its turn
  local watched = { pollfd = engine.core:fd(), events = "r" }
  while engine:step(0) > 0 do cqueues.poll(watched) end
  engine.controllers[controller] = nil
end

-- The descriptor is about to be closed, or of no more use: ends the polls of it.
local function unwatch(engine)
  cqueues.cancel(engine.core:fd())
end

--- Has the caller's controller work for the engine. Another one may do so already, but possibly is
--- not stepped any more.
function host.watch(engine)
  local controller = cqueues.running()
  engine.controllers = engine.controllers or setmetatable({}, { __mode = "k" })
  if engine.controllers[controller] then return end
  engine.controllers[controller], engine.unwatch = true, unwatch
  controller:wrap(serve, engine, controller)
end

function host.park(_, task, seconds)
  task.condition = task.condition or condition.new()
  local stop = core.now() + seconds
  while not task.ready and seconds > 0 do
    task.condition:wait(seconds)
    seconds = stop - core.now()
  end
end

function host.wake(task)
  if task.condition then task.condition:signal() end
end

return host
