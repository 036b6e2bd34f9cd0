-- SPDX-License-Identifier: MIT
-- loops: finds the assignments to a loop's control variable, which Lua 5.5 does not compile: the
-- variable of `for i = a, b`, and the first of `for k, v in pairs(t)`. Reads with luacheck's parser
-- as a library. Owns nothing. Called by tools/house.lua.

-- Debian installs luacheck for Lua 5.1 only; its files run on every Lua.
package.path = package.path .. ";" .. package.path:gsub("5%.%d", "5.1")

local check_state = require("luacheck.check_state")
local parse = require("luacheck.stages.parse")
local linearize = require("luacheck.stages.linearize")

local loops = {}

-- The control variables of the loops, and the statements that assign, of one chunk. luacheck cuts
-- it into functions, and each of them into a list of what it does.
local function survey(functions)
  local control, assignments = {}, {}
  for _, each in ipairs(functions) do
    for _, item in ipairs(each.items) do
      local first = item.lhs and item.lhs[1]
      if item.tag == "Local" and first and first.var.type:find("^loop") then
        control[first.var] = true
      elseif item.tag == "Set" or item.tag == "OpSet" then
        assignments[#assignments + 1] = item
      end
    end
  end
  return control, assignments
end

--- Finds them in the text of a chunk.
---@param text string
---@return { line: integer, name: string }[]? found
---@return integer? line where it cannot be read
---@return string? why
function loops.find(text)
  local state = check_state.new((text:gsub("^#[^\n]*", "")))
  for _, stage in ipairs { parse, linearize } do
    local ok, why = pcall(stage.run, state)
    if not ok then
      if type(why) ~= "table" then error(why, 0) end
      return nil, why.line, why.msg
    end
  end
  local control, assignments = survey(state.lines)
  local found = {}
  for _, item in ipairs(assignments) do
    for _, target in ipairs(item.lhs) do
      if target.var and control[target.var] then
        found[#found + 1] = { line = target.line, name = target[1] }
      end
    end
  end
  table.sort(found, function(a, b) return a.line < b.line end)
  return found
end

--- Finds them in what a paper in Markdown shows as Lua: chunks, or single expressions. The lines
--- are those of the paper.
---@param text string
---@return { line: integer, name: string }[]? found
---@return integer? line where a block cannot be read
---@return string? why
function loops.find_in_paper(text)
  local all = {}
  for start, block in ("\n" .. text):gmatch("\n%s*```lua\n()(.-)\n%s*```") do
    local _, above = text:sub(1, start - 2):gsub("\n", "")
    local found, line, why = loops.find(block)
    found = found or loops.find("return " .. block)
    if not found then return nil, above + line, why end
    for _, one in ipairs(found) do
      all[#all + 1] = { line = above + one.line, name = one.name }
    end
  end
  return all
end

return loops
