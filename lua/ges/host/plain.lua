-- SPDX-License-Identifier: MIT
-- host.plain: a script of its own, with nobody to hold up.
-- Waits by letting the engine work, at most STEP at a time, on the thread that called: the
-- Ctrl-C hook of lua sits there and runs between two steps. Never yields.

local core = require("ges.core")

local STEP = 0.1

-- `tick` is nil but in the command, which sets it: called after each step, it moves a spinner and
-- looks for signals.
local plain = { name = "plain", blocking = true }

--- Returns when `task.ready` is set or `seconds` have passed; the engine works at least once.
---@param engine ges.Engine
---@param task ges.Task
---@param seconds number
function plain.park(engine, task, seconds)
  local stop = core.now() + seconds
  local left = seconds
  repeat
    engine:step(task.ready and 0 or math.max(0, math.min(left, STEP)))
    if plain.tick then plain.tick() end
    left = stop - core.now()
  until task.ready or left <= 0
end

--- Nobody else is waiting on this thread.
function plain.wake() end

return plain
