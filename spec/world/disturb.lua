-- SPDX-License-Identifier: MIT
-- world.disturb: code of the user that runs in the middle: a debug hook between two instructions of
-- the library, a finalizer where a C function allocates. Owns what is armed. Used by world.world
-- and by the loop, which says which coroutine runs.
--
-- A hook counts instructions. Where it lands in one of the world itself it waits for the next of
-- the library.

local disturb = {}
local methods = {}
local mt = { __index = methods }

local STEP = 7  -- instructions until a hook looks again whether the library runs
local is_jit = rawget(_G, "jit") ~= nil

function disturb.new(world)
  return setmetatable({ world = world, hooks = {}, touches = {}, inside = 0, thread = nil }, mt)
end

-- Whether the function that a hook has interrupted is one of the library, or of a file of it.
local function is_library(file)
  local info = debug.getinfo(3, "S")
  if not info then return false end
  if file then return info.source == "@lua/ges/" .. file .. ".lua" end
  return info.source:find("^@lua/ges/") ~= nil
end

-- Runs what the script wants to run in the middle; its errors go to the code below it.
local function run(self, act)
  self.inside = self.inside + 1
  local ok, why = pcall(self.world.act, self.world, act)
  self.inside = self.inside - 1
  if not ok then error(why, 0) end
end

-- Puts one that is to run again where it comes next.
local function again(list, one)
  one.times = one.times - 1
  one.after, one.left = one.every, one.every
  if one.times > 0 then table.insert(list, 1, one) end
end

local set_hook

local function fire(self)
  local file = self.hooks[1] and self.hooks[1].file
  if self.inside > 0 or not is_library(file) then return set_hook(self, STEP) end
  local hook = table.remove(self.hooks, 1)
  if hook then again(self.hooks, hook) end
  set_hook(self, self.hooks[1] and self.hooks[1].after)
  if not hook then return end
  self.threw = self.threw or hook.act.act == "throw"
  run(self, hook.act)
end

function set_hook(self, count)
  if not self.fire then
    self.fire = function() fire(self) end
  end
  local co = self.thread
  local fn = count and self.fire or nil
  if co and not is_jit then
    debug.sethook(co, fn, fn and "" or nil, count)
  elseif fn then
    debug.sethook(fn, "", count)
  else
    debug.sethook()
  end
end

--- Arms one: { kind = "hook" | "touch", after = instructions or calls of the core, act = }, of a
--- touch perhaps with the name of the function that it is for, of a hook with the file of the
--- library; `times`, and `every` so many of those, where it runs again.
function methods:arm(one)
  local armed = { after = one.after, left = one.after, name = one.name, act = one.act,
    file = one.file, times = one.times or 1, every = one.every or one.after }
  if one.kind == "touch" then
    table.insert(self.touches, armed)
    return
  end
  table.insert(self.hooks, armed)
  if #self.hooks == 1 then set_hook(self, one.after) end
end

--- A coroutine begins to run: hooks are each coroutine's own in PUC Lua.
function methods:enter(co)
  self.outer = { thread = self.thread, outer = self.outer }
  self.thread = co
  if self.hooks[1] then set_hook(self, self.hooks[1].after) end
end

function methods:leave()
  if self.hooks[1] then set_hook(self, nil) end
  self.thread, self.outer = self.outer.thread, self.outer.outer
  if self.hooks[1] then set_hook(self, self.hooks[1].after) end
end

--- A C function allocates.
function methods:touch(name)
  local one = self.touches[1]
  if not one or self.inside > 0 or one.name and one.name ~= name then return end
  one.left = one.left - 1
  if one.left > 0 then return end
  table.remove(self.touches, 1)
  again(self.touches, one)
  run(self, one.act)
end

--- Disarms all.
function methods:stop()
  self.hooks, self.touches = {}, {}
  debug.sethook()
end

return disturb
