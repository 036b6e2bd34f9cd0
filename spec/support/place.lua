-- Says which line of a spec asked a kit for what failed in it. For the kits of the specs: a check
-- that fails, or an error, inside one of them would else name a line of the kit alone.

local place = {}

local MOST = 200 -- frames to look at

--- The line of a spec that is being run, as "path:line", with the lines of that spec by which it
--- was called; nil where there is none, as in a process of its own.
function place.of_spec()
  local where, path, further
  for level = 2, MOST do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    local file = info.currentline > 0 and info.source:match("^@(.*_spec%.lua)$")
    if file and not where then
      where, path, further = ("%s:%d"):format(file, info.currentline), file, {}
    elseif file and file == path then
      further[#further + 1] = info.currentline
    end
  end
  if where and further[1] then
    where = ("%s (called at %s)"):format(where, table.concat(further, ", "))
  end
  return where
end

-- The error with the spec's line in front, once: it may pass several functions of kits. What busted
-- throws is a table with the message in it.
local function with_place(err, name)
  local where = place.of_spec()
  local is_table = type(err) == "table"
  local message = is_table and err.message or err
  if not where or type(message) ~= "string" then return err end
  if message:find(where:match("^[^ ]*"), 1, true) == 1 then return err end
  message = ("%s: in %s: %s"):format(where, name, message)
  if not is_table then return message end
  err.message = message
  return err
end

local function finish(ok, ...)
  if not ok then error((...), 0) end
  return ...
end

--- Has the functions of a kit say which line of a spec called them when they throw.
---@param prefix string before their names: "lab."
---@param kit table where they are
---@param names string[]
function place.tell(prefix, kit, names)
  for _, name in ipairs(names) do
    local fn = assert(kit[name], name)
    kit[name] = function(...)
      local n, given = select("#", ...), { ... } -- Lua 5.1's xpcall hands none on
      return finish(xpcall(function() return fn((unpack or table.unpack)(given, 1, n)) end,
        function(err) return with_place(err, prefix .. name) end))
    end
  end
  return kit
end

return place
