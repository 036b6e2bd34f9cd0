-- SPDX-License-Identifier: MIT
-- What the members of a request's body must be: rules and the one reader of them.
-- Pure; owns nothing. Called by ges.sim.service.actions, which has the rules of each call, and
-- ges.sim.service.start.

local reply = require "ges.sim.service.reply"

local members = {}

local max_text = 1024

---@class ges.sim.Rule
---@field is? fun(value: any): boolean  what a value must be
---@field has? table<string, ges.sim.Rule>  or the members of an object
---@field needed? boolean  it must be there
---@field is_text? boolean  "" is as good as none

--- A member that the SDKs' models require.
---@param rule ges.sim.Rule
---@return ges.sim.Rule
function members.needed(rule)
  return { is = rule.is, has = rule.has, is_text = rule.is_text, needed = true }
end

--- One of these words.
---@return ges.sim.Rule
function members.word(...)
  local words = {}
  for _, one in ipairs { ... } do words[one] = true end
  return { is_text = true, is = function(value)
    return type(value) == "string" and words[value] == true
  end }
end

--- A text that matches a pattern, of so many bytes.
---@return ges.sim.Rule
function members.text(pattern, low, high)
  return { is_text = true, is = function(value)
    return type(value) == "string" and #value >= low and #value <= high
      and value:find(pattern) ~= nil
  end }
end

--- A whole number.
---@return ges.sim.Rule
function members.whole(low, high)
  return { is = function(value)
    return type(value) == "number" and value % 1 == 0 and value >= low and value <= high
  end }
end

--- An object with these members; others of it are not looked at.
---@return ges.sim.Rule
function members.object(has)
  return { has = has }
end

--- A text of one line that is not empty: a path, a name, an id.
members.line = members.text("^%C+$", 1, max_text)
members.boolean = { is = function(value) return type(value) == "boolean" end }

--- The first member, in the order of their names, that is missing or not what its rule wants.
---@param object any  decoded JSON
---@param rules table<string, ges.sim.Rule>
---@return string|nil name with those of the objects around it: "resize.graph_size_type_index"
function members.find_wrong(ctx, object, rules)
  local names = {}
  for name in pairs(rules) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local rule = rules[name]
    local read = rule.is_text and reply.text_member or reply.member
    local value = read(ctx, object, name)
    if value == nil then
      if rule.needed then return name end
    elseif rule.has then
      local is_object = type(value) == "table" and #value == 0
      local inner = is_object and members.find_wrong(ctx, value, rule.has)
      if not is_object or inner then return inner and name .. "." .. inner or name end
    elseif not rule.is(value) then
      return name
    end
  end
end

return members
