-- SPDX-License-Identifier: MIT
-- cli.yaml: values written as YAML 1.2. A string is quoted unless it can be nothing but a string:
-- "no", "1e3", "~" and dates would be read back as something else. Pure; owns nothing. Called by
-- ges.cli.output.

local json = require("ges.json")

local yaml = {}

local RESERVED = { y = true, n = true, yes = true, no = true, on = true, off = true,
  ["true"] = true, ["false"] = true, null = true, nan = true, inf = true }

-- What JSON writes as two escapes YAML writes as one: most readers of YAML do not join the two.
local function join_escapes(text)
  return (text:gsub("(\\+)u(d[89ab]%x%x)\\u(d[c-f]%x%x)", function(slashes, high, low)
    if #slashes % 2 == 0 then return nil end        -- a backslash of the text
    local code = 0x10000 + (tonumber(high, 16) - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00
    return ("%sU%08X"):format(slashes, code)
  end))
end

local function scalar(value, name)
  if type(value) == "table" and value ~= json.null then
    return json.is_list(value, name) and "[]" or "{}"
  end
  if type(value) == "string" and value:find("^[%a_][%w_./-]*$") and not RESERVED[value:lower()] then
    return value
  end
  -- JSON's strings, numbers, true, false and null are YAML.
  return join_escapes(assert(json.encode(value)))
end

local function sorted(value)
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local write

-- Appends a value to the line that `out` ends with: on the same line, or below it.
local function put(out, value, depth, name)
  if type(value) ~= "table" or value == json.null or next(value) == nil then
    out[#out + 1] = " " .. scalar(value, name) .. "\n"
  else
    out[#out + 1] = "\n"
    write(out, value, depth + 1)
  end
end

function write(out, value, depth)
  local indent = ("  "):rep(depth)
  if json.is_list(value) then
    for _, item in ipairs(value) do
      local lines = {}
      put(lines, item, depth)
      -- The first line of an item continues the line of its dash.
      out[#out + 1] = indent .. "-" .. table.concat(lines):gsub("^\n" .. indent .. " ", "")
    end
    return
  end
  for _, key in ipairs(sorted(value)) do
    out[#out + 1] = indent .. scalar(key) .. ":"
    put(out, value[key], depth, key)
  end
end

--- Writes one document.
---@param value table
---@return string
function yaml.encode(value)
  if next(value) == nil then return scalar(value) .. "\n" end
  local out = {}
  write(out, value, 0)
  return table.concat(out)
end

return yaml
