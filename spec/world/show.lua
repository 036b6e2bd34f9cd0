-- SPDX-License-Identifier: MIT
-- world.show: a script as text that can be read, and loaded again by Lua. Pure. Used by world.run.

local function less(a, b)
  if type(a) == type(b) then return a < b end
  return type(a) == "number"
end

local function show(value, indent)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) == "number" then return ("%.14g"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, less)
  for n, key in ipairs(keys) do
    local text = show(value[key], indent .. "  ")
    parts[n] = type(key) == "number" and text or ("%s = %s"):format(key, text)
  end
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #line + #indent < 96 then return #parts == 0 and "{}" or line end
  return "{\n" .. indent .. "  " .. table.concat(parts, ",\n" .. indent .. "  ") .. " }"
end

--- The text of a script.
return function(script) return show(script, "") end
