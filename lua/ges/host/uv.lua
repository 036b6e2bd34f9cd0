-- SPDX-License-Identifier: MIT
-- host.uv: Neovim, or a Lua program whose loop is luv.
-- One uv_poll on the engine's descriptor drives all calls of a client; it exists only while
-- attempts are in flight, so that a bare loop can end and an idle client can be collected. In a
-- coroutine a wait is a yield, and the loop resumes it. Outside one Neovim waits in vim.wait, and a
-- luv program runs its loop. Owns no state: the engine keeps the poll, the task its coroutine.

local hosts = require("ges.host")

local vim = rawget(_G, "vim")
local nvim = type(vim) == "table" and vim.schedule and (vim.uv or vim.loop)
local loop = nvim
if not loop then
  local ok, luv = pcall(require, "luv")
  loop = ok and luv
end

local FAST = "cannot wait in a fast event (vim.in_fast_event()): call from"
  .. " vim.schedule(), or in a coroutine"
local RUNNING = "a wait outside a coroutine would block the running loop: wrap the call in a"
  .. " coroutine, or ask for host = 'plain'"

local LONGEST = 3600  -- seconds of one park: it may end early, and its caller begins it anew
local SLICE = 100     -- milliseconds of one vim.wait
local uv = { name = "uv" }
local isyieldable = rawget(coroutine, "isyieldable")

-- The coroutine that a wait yields from; nil where the option `yield` forbids that, or a C function
-- stands in between.
local function yielding(settings)
  local co, is_main = coroutine.running()
  if is_main or settings and settings.yield == false then return nil end
  return (not isyieldable or isyieldable()) and co or nil
end

local function loop_runs()
  return nvim or loop.loop_mode and loop.loop_mode() ~= nil
end

--- Why it is impossible to wait here, or nil.
---@param settings table the call's options
function uv.check(settings)
  if not loop then return "host 'uv' needs Neovim or the rock luv" end
  if yielding(settings) then return hosts.no_yield end
  if nvim then return vim.in_fast_event() and FAST or nil end
  return loop_runs() and RUNNING or nil
end

local function milliseconds(seconds)
  return math.ceil(math.min(seconds, LONGEST) * 1000)
end

-- Has the loop call `fn`, so that it does not run in the middle of its caller.
local later = nvim and vim.schedule or function(fn)
  local timer = assert(loop.new_timer())
  timer:start(0, 0, function()
    timer:close()
    fn()
  end)
end

-- Resumes a coroutine that is still parked. What it throws goes to the loop, which reports it like
-- the error of any callback.
local function resume(place)
  place.called = false
  if place.task.place ~= place or coroutine.status(place.co) ~= "suspended" then return end
  local ok, err = coroutine.resume(place.co)
  if not ok then error(debug.traceback(place.co, tostring(err)), 0) end
end

local function call_back(place)
  if place.called then return end
  place.called = true
  later(function() resume(place) end)
end

-- Closes a timer from within the loop: luv does not survive a program that ends with a handle
-- half closed.
local function dismiss(timer)
  if timer:is_closing() then return end
  if loop_runs() then
    timer:close()
  else
    timer:start(0, 0, function() timer:close() end)
  end
end

--- Has the loop work for the engine. Only an active poll keeps the engine alive. It is closed at
--- once, never later outside the loop: its descriptor may be another file's by then.
function uv.watch(engine)
  if engine.unwatch then return end
  local poll, why = loop.new_poll(engine.core:fd())
  if engine.unwatch then -- a finalizer has waited meanwhile, and its poll is active
    if poll then poll:close() end
    return
  end
  local watched = engine
  assert(poll, why)
  poll:start("r", function() watched:step(0) end)
  function engine.unwatch()
    engine.unwatch, watched = nil, nil
    if loop_runs() then poll:close() else poll:stop() end
  end
end

-- Yields until the task is ready or the time is over; other code may resume the coroutine earlier.
local function park_coroutine(task, seconds, co)
  local place = { co = co, task = task, over = false, called = false }
  local timer = assert(loop.new_timer())
  timer:start(milliseconds(seconds), 0, function()
    timer:close()
    place.over = true
    call_back(place)
  end)
  task.place = place
  while not (task.ready or place.over) do coroutine.yield() end
  task.place = nil
  dismiss(timer)
end

-- The editor stays alive meanwhile. Older ones notice Ctrl-C only at the end of a vim.wait.
local function park_editor(task, seconds)
  if vim.in_fast_event() then error("ges: " .. FAST, 0) end
  local left = milliseconds(seconds)
  while left > 0 and not task.ready do
    local _, why = vim.wait(math.min(left, SLICE), function() return task.ready end)
    if why == -2 then error("ges: interrupted", 0) end
    left = left - SLICE
  end
end

-- Runs the loop of a program that does not do so itself yet.
local function park_program(task, seconds)
  if loop_runs() then error("ges: " .. RUNNING, 0) end
  local over, timer = false, assert(loop.new_timer())
  timer:start(milliseconds(seconds), 0, function() over = true end)
  while not (task.ready or over) do loop.run("once") end
  dismiss(timer)
end

function uv.park(_, task, seconds)
  local co = yielding(task.settings)
  if co then
    park_coroutine(task, seconds, co)
  elseif nvim then
    park_editor(task, seconds)
  else
    park_program(task, seconds)
  end
end

--- Has the parked coroutine of `task` resumed by the loop. A task that waits by running the loop
--- checks `ready` itself.
function uv.wake(task)
  if task.place then call_back(task.place) end
end

return uv
