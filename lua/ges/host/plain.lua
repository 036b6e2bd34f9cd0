-- SPDX-License-Identifier: MIT
-- host.plain: a script without an event loop.
-- Waits by letting the engine work, at most STEP at a time, on the thread that called, where lua's
-- hook for Ctrl-C runs between two steps. Never yields.

local core = require("ges.core")

local STEP = 0.1

-- Only the command sets `tick`, which is called after each step: it moves a spinner and looks for
-- signals.
local plain = { name = "plain", blocking = true }

function plain.park(engine, task, seconds)
  local stop = core.now() + seconds
  repeat
    engine:step(math.min(seconds, STEP))
    if plain.tick then plain.tick() end
    seconds = stop - core.now()
  until task.ready or seconds <= 0
end

-- Only one task waits on this thread: the one that has just worked.
function plain.wake() end

return plain
