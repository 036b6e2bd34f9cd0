-- SPDX-License-Identifier: MIT
-- A store in plain tables, for specs that call ges.sim.service without a server.
-- Owns its values. It has the three methods of nginx's shared dict that the service uses; a
-- lifetime is accepted and ignored: the service compares stored times with `now`.

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
