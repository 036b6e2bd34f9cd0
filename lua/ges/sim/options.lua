-- SPDX-License-Identifier: MIT
-- The options of ges.sim.start: their defaults, and what each must be. Owns that table. Pure.
-- Called by ges.sim only.

local defaults = require "ges.sim.service.defaults"
local faults = require "ges.sim.service.faults"

local options = {}

local function whole(low, high)
  return function(value)
    local fits = type(value) == "number" and value % 1 == 0 and value >= low and value <= high
    return fits, ("a whole number from %d to %d"):format(low, high)
  end
end

local function is(kind, words)
  return function(value) return type(value) == kind, words end
end

local port, text, flag = whole(0, 65535), is("string", "a text"), is("boolean", "true or false")
local number, list = is("number", "a number"), is("table", "a list")

local function memory(value)
  local size, unit = tostring(value):match("^(%d+)([km])$")
  local bytes = size and tonumber(size) * (unit == "k" and 1024 or 1048576)
  return bytes and bytes >= 1048576, "a size such as '32m', 1m at least"
end

-- false: there is no default.
local own = {
  port = { 0, port }, tls = { false, flag }, tls_port = { 0, port }, workers = { 1, whole(1, 64) },
  memory = { "32m", memory }, codec = { "cjson", text }, orphan = { false, flag },
  dir = { false, text }, nginx = { false, text },
  faults = { false, function(value)
    local checked, why = faults.list(value)
    return checked, "a list of faults: " .. tostring(why)
  end },
}

-- What the rows of a world have; those marked need not be there.
local rows = {
  projects = { id = text, name = text },
  users = { id = text, name = text, password = text, domain = text, domain_id = text },
  keys = { ak = text, sk = text, security_token = { text }, projects = { list },
    locked = { flag }, forbidden = { flag } },
  tokens = { token = text, project_id = { text }, expires_at = { number }, domain = { flag },
    forbidden = { flag } },
  graphs = { id = text, name = text },
}

-- What is wrong with a row, or nil.
local function find_wrong(row, members)
  if type(row) ~= "table" then return "is not a table" end
  for name in pairs(row) do
    if not members[name] then return ("has an unknown member '%s'"):format(tostring(name)) end
  end
  for name, rule in pairs(members) do
    local check = type(rule) == "table" and rule[1] or rule
    local fits, words = check(row[name])
    local is_left_out = row[name] == nil and type(rule) == "table"
    if not fits and not is_left_out then return ("needs %s as '%s'"):format(words, name) end
  end
end

local function check_world(name, value)
  if type(value) ~= "table" then return "is not a list" end
  for key, row in pairs(value) do
    if type(key) ~= "number" then return "is not a list" end
    local why = find_wrong(row, rows[name])
    if why then return ("row %d %s"):format(key, why) end
  end
end

-- What of a world does not fit the rest of it; or nil.
local function find_misfit(world)
  if not world.projects then return nil end
  local known = {}
  for _, row in ipairs(world.projects) do known[row.id] = true end
  if not world.projects[1] then
    return "option 'projects' has no row"
  elseif not world.tokens then
    return "option 'projects' needs 'tokens' of these projects"
  end
  for _, row in ipairs(world.tokens) do
    if row.project_id and not known[row.project_id] then
      return ("option 'tokens': the project '%s' is not among 'projects'"):format(row.project_id)
    end
  end
end

--- Reads the options.
---@param given ges.sim.Options?
---@return table? own  port, tls, ... with their defaults; nil for a mistake
---@return table|string world  what is given in place of ges.sim.service.defaults; or what is wrong
function options.read(given)
  if given ~= nil and type(given) ~= "table" then return nil, "the options are not a table" end
  local mine, world = {}, {}
  for name, row in pairs(own) do mine[name] = row[1] end
  for name, value in pairs(given or {}) do
    if own[name] then
      local fits, words = own[name][2](value)
      if not fits then return nil, ("option '%s' is not %s"):format(name, words) end
      mine[name] = value
    elseif defaults[name] then
      local why = check_world(name, value)
      if why then return nil, ("option '%s': %s"):format(name, why) end
      world[name] = value
    else
      return nil, ("unknown option '%s'"):format(tostring(name))
    end
  end
  local misfit = find_misfit(world)
  if misfit then return nil, misfit end
  return mine, world
end

return options
