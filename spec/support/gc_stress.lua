-- SPDX-License-Identifier: MIT
-- A helper of busted (--helper) that makes the collector work all the time: it never pauses, and
-- everything is collected after every so many instructions. For `make gcstress`.

collectgarbage("setpause", 0)
collectgarbage("setstepmul", 1000)
debug.sethook(function()
  collectgarbage()
end, "", 150000)
