-- SPDX-License-Identifier: MIT
-- places: runs a function at each place within a call at which a finalizer of the script can run,
-- the same places each time. Loaded in a process of its own, by spec/regress/04 and 05.
--
-- The collector makes a whole cycle whenever it is asked, so a finalizer that arms the next one
-- counts the places; it acts at the first of them, in the next call at the second, and so on until
-- the call is over before.

local arm = require("finalizer")

local function collect_always()
  if not pcall(collectgarbage, "incremental", 1, 1000, 63) then -- Lua 5.1: no such option
    collectgarbage("setpause", 1)
    collectgarbage("setstepmul", 1000000)
  end
end

local function collect_seldom()
  if not pcall(collectgarbage, "incremental", 200, 100, 13) then
    collectgarbage("setpause", 200)
    collectgarbage("setstepmul", 200)
  end
end

-- Calls `call`, and `act` at its k-th place. Was there such a place?
local function at_place(k, act, call)
  local left = k
  local function gc()
    left = left - 1
    if left > 0 then return arm(gc) end
    if left < 0 then return end
    collect_seldom()
    act()
  end
  collect_always()
  collectgarbage()
  arm(gc)
  call()
  collect_seldom()
  local was = left == 0
  left = 0
  return was
end

--- Calls `round(at)` for each place, and once more; it calls `at(act, call)`, which returns true
--- if `act` ran within `call`. An error in `act` is lost: it has to note what it wants to tell.
--- Returns how many places there are.
return function(round)
  local k, there = 0, true
  while there do
    k = k + 1
    assert(k < 1000, "the call has no end")
    there = false
    round(function(act, call)
      there = at_place(k, act, call)
      return there
    end)
  end
  return k - 1
end
