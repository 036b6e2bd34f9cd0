-- SPDX-License-Identifier: MIT
-- A helper of busted (--helper) that keeps the name of the test that is under way in the file
-- $GES_UNDER_WAY, so that tools/busted.sh, which loads it, can name a test that never ended.

local busted = require("busted")

local path = os.getenv("GES_UNDER_WAY")
local open = io.open

local function keep(text)
  local file = assert(open(path, "w"))
  file:write(text, "\n")
  file:close()
end

-- The names of the blocks around a test, and its own, as busted prints them.
local function name_of(element)
  local names = {}
  while element and element.descriptor ~= "file" and (element.name or element.descriptor) do
    table.insert(names, 1, element.name or element.descriptor)
    element = busted.parent(element)
  end
  return table.concat(names, " ")
end

busted.subscribe({ "test", "start" }, function(element)
  keep(name_of(element))
  return nil, true
end)

busted.subscribe({ "test", "end" }, function(element)
  keep("after: " .. name_of(element))
  return nil, true
end)
