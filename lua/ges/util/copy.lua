-- SPDX-License-Identifier: MIT
-- copy: a shallow copy of a table.
-- Pure; owns nothing. Metamethods of the table are not called.

---@param into? table is filled; a new one by default
return function(from, into)
  into = into or {}
  for name, value in next, from do into[name] = value end
  return into
end
