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

--- A member that the SDKs' models require.
---@param rule ges.sim.Rule
---@return ges.sim.Rule
function members.needed(rule)
  return { is = rule.is, has = rule.has, needed = true }
end

--- One of these words.
---@return ges.sim.Rule
function members.word(...)
  local words = {}
  for _, one in ipairs { ... } do words[one] = true end
  return { is = function(value) return type(value) == "string" and words[value] == true end }
end

--- A text that matches a pattern, of so many bytes.
---@return ges.sim.Rule
function members.text(pattern, low, high)
  return { is = function(value)
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

--- The first member, in the order of their names, that is missing or not what its rule wants. An
--- empty text is as good as none: clients send it for what was not chosen.
---@param object any  decoded JSON
---@param rules table<string, ges.sim.Rule>
---@return string|nil name with those of the objects around it: "resize.graph_size_type_index"
function members.find_wrong(ctx, object, rules)
  local names = {}
  for name in pairs(rules) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local rule, value = rules[name], reply.member(ctx, object, name)
    if value == "" then value = nil end
    if value == nil then
      if rule.needed then return name end
    elseif rule.has then
      local inner = type(value) == "table" and members.find_wrong(ctx, value, rule.has)
      if type(value) ~= "table" or inner then return inner and name .. "." .. inner or name end
    elseif not rule.is(value) then
      return name
    end
  end
end

return members
