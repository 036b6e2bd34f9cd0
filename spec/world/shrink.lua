-- SPDX-License-Identifier: MIT
-- world.shrink: the shortest script that still breaks the same law: parts of it are left out, one
-- after the other, for as long as that is so. Owns nothing. Used by world.run.

local shrink = {}

local function copy(value)
  if type(value) ~= "table" then return value end
  local made = {}
  for key, inner in pairs(value) do made[key] = copy(inner) end
  return made
end

-- What a script cannot be without.
local NEEDED = { seed = true, service = true, host = true, actions = true, stops = true,
  jumps = true, does = true, at = true, call = true, key = true, opts = true, jobs = true,
  client = true, flaws = true, latency = true, token_life = true, late = true,
  for_nothing = true, kind = true, way = true, act = true, arm = true, after = true, every = true,
  lasts = true, by = true, from = true, till = true, visible = true, starts = true, ends = true,
  outcome = true, delay = true, host_of_call = true, user = true, seconds = true }

-- The keys of a table in an order that is always the same, lists from their end.
local function keys_of(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) ~= type(b) then return type(a) == "number" end
    if type(a) == "number" then return a > b end
    return a < b
  end)
  return keys
end

local function remove(parent, key)
  if type(key) == "number" then table.remove(parent, key) else parent[key] = nil end
end

-- The table at a path of keys.
local function at(script, path)
  for _, key in ipairs(path) do script = script[key] end
  return script
end

-- Tries each part below a path; returns the shorter script.
local function visit(script, path, fails)
  local here = at(script, path)
  for _, key in ipairs(keys_of(here)) do
    local shorter = copy(script)
    local is_needed = type(key) == "string" and (NEEDED[key] or key == "host")
    if not is_needed then remove(at(shorter, path), key) end
    if not is_needed and fails(shorter) then
      script = shorter
    elseif type(here[key]) == "table" then
      local deeper = copy(path)
      deeper[#deeper + 1] = key
      script = visit(script, deeper, fails)
    end
    here = at(script, path)
  end
  return script
end

-- Leaves out halves, quarters and so on of a long list.
local function halve(script, path, fails)
  local size = math.floor(#at(script, path) / 2)
  while size >= 2 do
    local from = 1
    while from <= #at(script, path) do
      local shorter = copy(script)
      local list = at(shorter, path)
      for _ = 1, math.min(size, #list - from + 1) do table.remove(list, from) end
      if #list > 0 and fails(shorter) then script = shorter else from = from + size end
    end
    size = math.floor(size / 2)
  end
  return script
end

--- Shortens a script for which `fails(script)` is true.
---@return table script
function shrink.shrink(script, fails)
  local before
  repeat
    before = require("world.show")(script)
    script = halve(script, { "actions" }, fails)
    for n, action in ipairs(script.actions) do
      if action.jobs then script = halve(script, { "actions", n, "jobs" }, fails) end
    end
    script = visit(script, {}, fails)
  until require("world.show")(script) == before
  return script
end

return shrink
