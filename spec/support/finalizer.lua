-- SPDX-License-Identifier: MIT
-- finalizer: garbage that calls back when it is collected, in Lua 5.1 as well. For spec/regress.

--- Makes an object without references, which calls `gc` when it is collected.
---@param gc function
return function(gc)
  if newproxy then -- luacheck: ignore
    getmetatable(newproxy(true)).__gc = gc -- luacheck: ignore
  else
    setmetatable({}, { __gc = gc })
  end
end
