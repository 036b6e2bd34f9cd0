-- SPDX-License-Identifier: MIT
-- world.callbacks: functions of the user that a call gets: listeners, schedules, on_request. They
-- count what they are told, and may throw, cancel, close the client, wait or ask, as their action
-- says. Owns nothing. Used by world.actors.

local endings = require("world.endings")

local callbacks = {}

--- Lets a program wait: the loop goes on, or the process stands still, as where no coroutine runs.
function callbacks.sleep(world, record, seconds)
  local co, is_main = coroutine.running()
  if record.host ~= "plain" and co and not is_main then return world.loop:sleep(seconds) end
  world.clock:pass(world.clock.now + seconds)
end

-- What a callback does when its turn has come; what it returns is the callback's result.
local ways = {}

function ways.throw(_, record, what)
  local text = "made-up error of " .. what
  record.may_throw[text], record.cancel_asked, record.deaf = true, true, true
  error(text, 0)
end

function ways.cancel(_, record, what)
  if what ~= "on_event" then return nil end
  record.cancel_asked, record.stops_hearing = true, true
  return false
end

function ways.close(world, record) world:close(record.client) end

function ways.ask(world, record, _, spec)
  local from = world.clock.now
  record.is_slow = true
  world:act({ act = "ask", call = spec.call })
  world.clock:hold(from, world.clock.now, spec.call)
end

function ways.wait(world, record, _, spec)
  local from = world.clock.now
  record.is_slow = true
  callbacks.sleep(world, record, spec.seconds or 1)
  world.clock:hold(from, world.clock.now)
end

-- Looks at its own call, and waits for it, which is refused where it is in the middle of that.
function ways.own(world, record, what)
  if not record.handle then return nil end
  record.handle:poll()
  if what == "on_event" then return nil end
  local ok, why = pcall(record.handle.wait)
  if ok or not tostring(why):find("cannot wait for itself", 1, true) then
    world.laws:broken("no wait for itself", "%s of %s waits: %s", what, record.name, tostring(why))
  end
end

-- A function that counts its calls and does something at one of them.
local function counted(world, record, what, spec)
  local calls = 0
  return function()
    calls = calls + 1
    if not spec or calls ~= spec.nth then return nil end
    return ways[spec.way](world, record, what, spec)
  end
end

local function listener_of(world, record, action)
  local act = counted(world, record, "on_event", action.listener)
  return function(event)
    endings.check_event(world.laws, record, event)
    local answer = act()
    -- The cancelling has its own events for `watch` alone: a listener that left hears none.
    if record.stops_hearing then record.deaf = true end
    return answer
  end
end

--- Puts the callbacks of an action into the options of its call.
function callbacks.give(world, record, action, opts)
  if record.is_wait and action.listener and action.call ~= "watch" then
    record.hears = true
    opts.on_event = listener_of(world, record, action)
  end
  local tell = counted(world, record, "on_request", action.teller)
  function opts.on_request(info)
    record.reports = record.reports + 1
    endings.check_report(world.laws, record, info)
    if info.attempts ~= 1 then
      world.laws:broken("on_request", "%s tells of %s attempts at once", record.name,
        tostring(info.attempts))
    end
    tell()
  end
  if record.is_wait and action.schedule then
    local act = counted(world, record, "schedule", action.schedule)
    opts.interval = nil
    function opts.schedule()
      act()
      return action.schedule.delay
    end
  end
end

--- A pause in the body of a loop over events.
function callbacks.pause(world, record, action, nth)
  if not action.pauses or nth % action.pauses ~= 0 then return end
  local from = world.clock.now
  callbacks.sleep(world, record, 1.5)
  world.clock:hold(from, world.clock.now)
  record.is_slow = true
end

return callbacks
