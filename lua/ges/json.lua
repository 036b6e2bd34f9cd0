-- SPDX-License-Identifier: MIT
-- json: text to values by a private instance of cjson, values to text by a writer of its own.
-- The only Lua file that loads cjson. Its encoder is not used: it emits control characters, which
-- would act on a terminal, and it cannot say which empty table is a list. Owns that instance.
-- Called by the credentials, the client, ges.health and the command.

local job = require("ges.job")
local utf8 = require("ges.util.utf8")

local json = {}
local DEPTH = 64

-- The documented fields that are lists: empty, they are written as [].
local LISTS = {}
for _, name in ipairs(job.lists) do LISTS[name] = true end

local array_mt = { __name = "ges.json.array" }

-- cjson's rock, or the copy inside Neovim; private, so that no other code's settings reach it.
local function load_codec()
  local ok, library = pcall(require, "cjson")
  if not ok or type(library) ~= "table" then
    local vim = rawget(_G, "vim")
    library = type(vim) == "table" and vim.json or nil
  end
  local codec = library and library.new and library.new() or library
  -- Newer copies in Neovim have no such settings: `settle` finds what they let through.
  if codec and codec ~= library and codec.decode_max_depth then
    codec.decode_max_depth(DEPTH)
    codec.decode_invalid_numbers(false)
  end
  return codec
end

local codec = load_codec()

-- What OpenResty's cjson marks lists with, and what it has for an empty one.
local MARKS, EMPTY = {}, codec and codec.empty_array
for _, mark in ipairs { "empty_array_mt", "array_mt" } do
  if codec and type(codec[mark]) == "table" then MARKS[codec[mark]] = true end
end

--- Whether a value is what a cjson has for an empty list.
---@return boolean
function json.is_empty_array(value)
  return EMPTY ~= nil and value == EMPTY
end

--- What JSON's null is read as, and what is written as null.
json.null = codec and (codec.null or codec.decode("[null]")[1])
  or setmetatable({}, { __tostring = function() return "null" end })

--- Marks a table as a list, so that it is one even when it is empty.
---@return table list the same
function json.array(list)
  return setmetatable(list, array_mt)
end

-- There since Lua 5.3.
local to_integer, math_type = rawget(math, "tointeger"), rawget(math, "type")

-- Makes whole numbers integers where Lua has them. False for a tree with an infinite number, which
-- cjson lets through (1e400).
local function settle(value)
  if type(value) == "number" then
    if value ~= value or value == math.huge or value == -math.huge then return false end
    return true, to_integer and math.abs(value) < 2 ^ 53 and to_integer(value) or value
  elseif type(value) == "table" then
    for key, inner in pairs(value) do
      local ok, settled = settle(inner)
      if not ok then return false end
      value[key] = settled
    end
  end
  return true, value
end

-- What is no escape of JSON stays as it is, and half of a pair of UTF-16 escapes becomes U+FFFD:
-- cjson refuses both. Every escape is read, so that an escaped backslash does not begin one.
local function mend(text)
  local low_at -- where the second half of a pair is
  local mended = text:gsub("()\\(.)(%x?%x?%x?%x?)()", function(from, letter, hex, to)
    if letter ~= "u" then
      return not letter:find('["\\/bfnrt]') and "\\\\" .. letter .. hex or nil
    end
    if #hex < 4 then return "\\\\u" .. hex end
    if not hex:find("^[dD][89a-fA-F]%x%x") or from == low_at then return nil end
    if hex:find("^.[89abAB]") and text:find("^\\u[dD][c-fC-F]%x%x", to) then
      low_at = to
      return nil
    end
    return "\\ufffd"
  end)
  return mended
end

-- What cjson reads in a text, behind a byte order mark.
local function read(text)
  text = text:gsub("^\239\187\191", "")
  local ok, value = pcall(codec.decode, text)
  if ok or not text:find("\\", 1, true) then return ok, value end
  return pcall(codec.decode, mend(text))
end

--- Reads a JSON text. A null becomes json.null; half of a pair of UTF-16 escapes U+FFFD.
---@return any value nil when it cannot be read
---@return string? err
function json.decode(text)
  if not codec then return nil, "lua-cjson is missing: luarocks install lua-cjson" end
  if type(text) ~= "string" then return nil, "JSON text must be a string, not a " .. type(text) end
  local ok, value = read(text)
  if not ok then return nil, "not JSON: " .. tostring(value) end
  ok, value = settle(value)
  if not ok then return nil, "not JSON: a number is out of range" end
  return value
end

local SHORT = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t",
}

-- \uXXXX, two of them for a character beyond the first 65536.
local function escaped(code)
  if code < 0x10000 then return ("\\u%04x"):format(code) end
  local high, low = math.floor((code - 0x10000) / 0x400), code % 0x400
  return ("\\u%04x\\u%04x"):format(0xD800 + high, 0xDC00 + low)
end

local function escape(code, bytes, before)
  if not code then return "\239\191\189" end -- U+FFFD
  if SHORT[bytes] then return SHORT[bytes] end
  return utf8.is_control(code, before) and escaped(code) or bytes
end

local function quote(text)
  if text:find("[\128-\255]") then return '"' .. utf8.map(text, escape) .. '"' end
  return '"' .. text:gsub('[%z\1-\31"\\\127]', function(char)
    return escape(char:byte(), char)
  end) .. '"'
end

-- The shortest text that reads back as the same number; nil for infinity and NaN.
local function number(value)
  if value ~= value or value == math.huge or value == -math.huge then return nil end
  if math.floor(value) == value and math.abs(value) < 2 ^ 53 then
    return ("%.0f"):format(value == 0 and 0 or value)
  end
  if math_type and math_type(value) == "integer" then return ("%d"):format(value) end
  local text
  for digits = 14, 17 do
    text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then break end
  end
  return (text:gsub(",", "."))
end

--- Whether a table is written as a list: its keys are 1 to n, or it is empty and known as one.
---@param value table
---@param name? string the field it stands in
---@return boolean? is_list nil when it is neither a list nor a table of names
function json.is_list(value, name)
  local count, names = 0, 0
  for key in next, value do
    count = count + 1
    if type(key) == "string" then names = names + 1 end
  end
  local mt = getmetatable(value)
  local is_marked = mt ~= nil and (mt == array_mt or MARKS[mt] == true)
  if count == 0 then return LISTS[name] == true or is_marked end
  if names == count then return false end
  if names > 0 then return nil end
  for i = 1, count do
    if value[i] == nil then return nil end
  end
  return true
end

local function sorted_keys(value)
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local write

local function write_table(w, value, depth, name)
  if depth > DEPTH then return "a table within itself, or more than 64 deep" end
  local is_list, out = json.is_list(value, name), w.out
  if is_list == nil then return "a table with keys that are neither names nor 1 to n" end
  local keys = not is_list and sorted_keys(value)
  local count, line = keys and #keys or #value, w.indent and "\n" .. w.indent:rep(depth) or ""
  out[#out + 1] = keys and "{" or "["
  for i = 1, count do
    local key = keys and keys[i] or i
    out[#out + 1] = (i > 1 and "," or "") .. line
    if keys then out[#out + 1] = quote(key) .. (w.indent and ": " or ":") end
    local why = write(w, value[key], depth + 1, keys and key)
    if why then return why end
  end
  if w.indent and count > 0 then out[#out + 1] = "\n" .. w.indent:rep(depth - 1) end
  out[#out + 1] = keys and "}" or "]"
end

-- Appends a value to w.out. Returns why that is impossible, or nothing. `name` is its field's.
function write(w, value, depth, name)
  local kind = type(value)
  local text
  if value == nil or value == json.null then
    text = "null"
  elseif json.is_empty_array(value) then
    text = "[]"
  elseif kind == "table" then
    return write_table(w, value, depth, name)
  elseif kind == "string" then
    text = quote(value)
  elseif kind == "boolean" then
    text = tostring(value)
  elseif kind == "number" then
    text = number(value)
    if not text then return "a number that is not finite" end
  else
    return "a " .. kind
  end
  w.out[#w.out + 1] = text
end

--- Writes a value as JSON: keys sorted, every control character escaped, bytes that are not UTF-8
--- as U+FFFD. `opts.indent` (spaces or their number) puts each member on a line of its own.
---@param opts? { indent?: string|integer }
---@return string? text, string? err
function json.encode(value, opts)
  local indent = opts and opts.indent
  if type(indent) == "number" then indent = (" "):rep(indent) end
  local w = { out = {}, indent = indent }
  local why = write(w, value, 1)
  if why then return nil, "cannot write as JSON: " .. why end
  return table.concat(w.out)
end

return json
