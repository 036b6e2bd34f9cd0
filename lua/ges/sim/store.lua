-- SPDX-License-Identifier: MIT
-- A store in plain tables, for specs and for programs that call ges.sim without a server.
-- Owns its values. It has the three methods of nginx's shared dict that ges.sim uses; a lifetime is
-- accepted and ignored, because ges.sim compares stored times with `now` and needs no expiry.

local store = {}

local methods = {}

function methods:get(key)
  return self.values[key]
end

function methods:set(key, value)
  self.values[key] = value
  return true
end

function methods:incr(key, by, init)
  local value = (self.values[key] or init) + by
  self.values[key] = value
  return value
end

--- An empty store.
---@return table
function store.new()
  return setmetatable({ values = {} }, { __index = methods })
end

return store
