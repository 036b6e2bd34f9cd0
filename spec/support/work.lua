-- Counts the work of ges.core: for code that runs in a child process whose LUA_CPATH begins with
-- the build for tests (`work.run` sees to that). There one basic block of our C that runs is one,
-- and so is each byte that a function of the C library looks at (spec/support/work.h). The number
-- depends on the input, not on the machine, so that a spec may compare two of them.

local child = require("child")

local work = {}

local searchpath = rawget(package, "searchpath")
local count

--- What `f(...)` costs. The collector rests, for the work of finalizers is not that of `f`.
function work.of(f, ...)
  count = count or assert(package.loadlib(assert(searchpath("ges.core", package.cpath)),
    "luaopen_ges_work"))
  collectgarbage()
  collectgarbage("stop")
  count()
  f(...)
  local cost = count()
  collectgarbage("restart")
  return cost
end

--- What `f(...)` costs in instructions of Lua.
function work.in_lua(f, ...)
  local cost, step = 0, 100
  if rawget(_G, "jit") then jit.off() end -- luacheck: ignore
  debug.sethook(function() cost = cost + step end, "", step)
  f(...)
  debug.sethook()
  return cost
end

--- Runs `code` in a child process with the module that counts; returns what it printed.
function work.run(code)
  local core = assert(searchpath("ges.core", package.cpath))
  local counted = core:gsub("ges/core%.so$", "counted/?.so")
  return child.good(code, { before = ("env LUA_CPATH='%s;%s'"):format(counted, package.cpath) })
end

return work
