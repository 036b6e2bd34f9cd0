-- SPDX-License-Identifier: MIT
-- world.load: the Lua layer of ges, loaded a second time, over a core that a world has made, and
-- with a world's clock and environment. Nothing of the process changes: the modules are kept here.
-- A change of the text of a file (world.faults, the specs of the laws) is put in while it is read.

local load_text = rawget(_G, "loadstring") and _VERSION == "Lua 5.1" and not rawget(_G, "jit")
  and function(text, name, env)
    local fn, why = loadstring(text, name)
    return fn and setfenv(fn, env), why
  end
  or function(text, name, env) return load(text, name, "t", env) end

local top = debug.getinfo(1, "S").source:match("^@(.*)spec/world/load%.lua$") or ""

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- Puts a change into a text, in which its place occurs once.
local function change(text, one)
  local first, last = text:find(one.text, 1, true)
  if not first then error(one.file .. ": the text of a change is not there: " .. one.text, 0) end
  if text:find(one.text, last + 1, true) then
    error(one.file .. ": the text of a change is there twice: " .. one.text, 0)
  end
  return text:sub(1, first - 1) .. one.put .. text:sub(last + 1)
end

local function path_of(name)
  local path = "lua/" .. name:gsub("%.", "/")
  for _, form in ipairs { path .. ".lua", path .. "/init.lua" } do
    local file = io.open(top .. form)
    if file then
      file:close()
      return form
    end
  end
  error("module '" .. name .. "' not found", 0)
end

--- Loads on demand. `given` are modules that a world has made, by name; `os` its functions of os.
---@param changes? { file: string, text: string, put: string }[]
---@return fun(name: string): any require
return function(given, os, changes)
  local loaded = {}
  local env = setmetatable({ os = os, package = { loaded = {} } }, { __index = _G })
  function env.require(name)
    if given[name] then return given[name] end
    if not name:find("^ges") then return require(name) end
    if loaded[name] == nil then
      local path = path_of(name)
      local text = read(top .. path)
      for _, one in ipairs(changes or {}) do
        if one.file == path then text = change(text, one) end
      end
      loaded[name] = assert(load_text(text, "@" .. path, env))(name) or true
    end
    return loaded[name]
  end
  return env.require
end
