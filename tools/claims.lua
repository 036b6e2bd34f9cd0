-- SPDX-License-Identifier: MIT
-- claims.lua: what the tree says of itself is so. The head of a file names all that call it, and no
-- other; the map in doc/internals.md has each file of src/ and lua/ges/ where it is, and no other.
-- Returns a function of the list of files, of `read(path)` and of `breach(path, line, form, ...)`,
-- which returns the checks. Called by tools/house.lua.

local paths, read, breach

-- What a head may say in place of the names of files: of all files whose module begins so.
local PHRASES = {
  ["the commands?"] = "ges.cli", ["the simulator"] = "ges.sim", ["the client"] = "ges.client",
  ["the credentials"] = "ges.credentials", ["the providers?"] = "ges.credentials",
  ["the chain"] = "ges.credentials.chain", ["the scheduler"] = "ges.wait.scheduler",
  ["the hosts"] = "ges.host", ["file of the Lua layer"] = "ges",
}

-- The same in C, for the files of a folder.
local C_PHRASES = { ["every file of src%f[^%w/]"] = "src/", ["every file of src/lua"] = "src/lua/",
  ["all of them"] = "src/lua/" }

local function is_c(path) return path:find("%.[ch]$") ~= nil end

-- The comment at the head of a file, on one line.
local function head_of(path, text)
  if is_c(path) then
    return ((text:match("^/%*(.-)%*/") or ""):gsub("\n%*%*", " "):gsub("%s+", " "))
  end
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do
    if not line:find("^#!") and not line:find("^%-%-") then break end
    lines[#lines + 1] = line:gsub("^%-%-", "")
  end
  return (table.concat(lines, " "):gsub("%s+", " "))
end

-- The sentence of a head that names the callers; nil where there is none.
local function sentence_of(path, text)
  local said = head_of(path, text):match("[Cc]alled (by .*)$")
    or head_of(path, text):match("Called (through .*)$")
  return said and (said:match("^(.-)%.%s%u") or said:match("^(.-)%.%s*$") or said)
end

local function module_of(path)
  return (path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
end

local function plain(text) return (text:gsub("%p", "%%%0")) end

-- Whether a file of the core defines one of these functions, as poller_kqueue.c does for poller.h.
local function defines_one(path, names)
  local text = read(path)
  for _, name in ipairs(names) do
    if text:find("\n[%a_][^\n;={}()]-%f[%w_]" .. name .. " %(") then return true end
  end
  return false
end

-- The functions that a file of the core offers to others.
local function offers(path)
  local names = {}
  local source, header = read((path:gsub("%.[ch]$", ".c"))), read((path:gsub("%.[ch]$", ".h")))
  for name in (source or ""):gmatch("\n[%a_][^\n;={}()]-(gesL?_[%w_]+) %(") do
    names[#names + 1] = name
  end
  for name in (header or ""):gmatch("%f[%w_](gesL?_[%w_]+) %(") do
    names[#names + 1] = name
  end
  return names
end

-- The names that a file of the core calls ("name(") or hands on, as a set; it may define others
-- ("name (").
local used_in = {}
local function used(path)
  if not used_in[path] then
    local names = {}
    for _, form in ipairs({ "%f[%w_](gesL?_[%w_]+)%(", "%f[%w_](gesL?_[%w_]+)%s*[,;})]" }) do
      for name in (read(path) or ""):gmatch(form) do names[name] = true end
    end
    used_in[path] = names
  end
  return used_in[path]
end

local function uses_one(path, names)
  if not read(path) then return false end
  for _, name in ipairs(names) do
    if used(path)[name] then return true end
  end
  return #names == 0
end

-- The files of the library and the command that require each module.
local requirers
local function requirers_of(module)
  if requirers then return requirers[module] or {} end
  requirers = {}
  for _, path in ipairs(paths) do
    local is_ours = path:find("^lua/") or path:find("^plugin/") or path == "bin/ges"
    for name in (is_ours and read(path) or ""):gmatch("require[%s(,]*[\"']([%w_.]+)[\"']") do
      requirers[name] = requirers[name] or {}
      table.insert(requirers[name], path)
    end
  end
  return requirers[module] or {}
end

-- Whether a sentence names a file of the core, or the folder that it is in.
local function names_c(said, path)
  for phrase, folder in pairs(C_PHRASES) do
    if said:find(phrase) and path:sub(1, #folder) == folder then return true end
  end
  return said:find("%f[%w_]" .. plain(path:match("[^/]+$"))) ~= nil
end

local function check_c_callers(path, said)
  local names = offers(path)
  local named = said:match("^[^;]*"):gsub("%w+/[%w_.]+", "")
  for name in named:gmatch("%f[%w_][%w_]+%.c%f[%W]") do
    if not uses_one("src/engine/" .. name, names) and not uses_one("src/lua/" .. name, names) then
      breach(path, 1, "it says that %s calls it, which uses none of its functions", name)
    end
  end
  for _, other in ipairs(#names > 0 and paths or {}) do
    local is_caller = other:find("^src/.*%.c$") and uses_one(other, names)
    if is_caller and not defines_one(other, names) and not names_c(said, other) then
      breach(path, 1, "it does not say that %s calls it", other)
    end
  end
end

-- Each module that is named is there and requires this one.
local function check_named(path, named)
  local module = module_of(path)
  for name in named:gmatch("%f[%w]ges%.[%w_.]*[%w_]") do
    local stem = "lua/" .. name:gsub("%.", "/")
    local caller = read(stem .. ".lua") or read(stem .. "/init.lua")
    if not caller then
      if name ~= "ges.core" then breach(path, 1, "it says that %s calls it: no such file", name) end
    elseif not caller:find('"' .. module .. '"', 1, true)
      and not caller:find('"' .. module:gsub("[^.]+$", "") .. '"', 1, true) then
      breach(path, 1, "it says that %s calls it, which does not require it", name)
    end
  end
end

local function is_within(module, folder)
  return module == folder or module:sub(1, #folder + 1) == folder .. "."
end

-- Whether a sentence names a file: by its whole name, by its last word beside the name of another
-- one of its folder ("ges.cli.connect and doctor"), or by a phrase for its folder.
local function names_file(said, path)
  if not path:find("^lua/") then return said:find(path, 1, true) ~= nil end
  local module = module_of(path)
  for phrase, folder in pairs(PHRASES) do
    if said:find("%f[%a]" .. phrase .. "%f[%A]") and is_within(module, folder) then return true end
  end
  for folder in said:gmatch("files? of ([%w_.]*[%w_])") do
    if is_within(module, folder) then return true end
  end
  local folder, last = module:match("^(.*)%.([^.]+)$")
  for name in said:gmatch("%f[%w]ges[%w_.]*") do
    local is_near = folder and name:match("^(.*)%.[^.]+$") == folder
    if name:gsub("%.$", "") == module then return true end
    if is_near and said:find("%f[%w_]" .. last .. "%f[^%w_]") then return true end
  end
  return false
end

local function check_lua_callers(path, said)
  check_named(path, (said:match("^[^;]*"):gsub("files? of [%w_.]+", ""):gsub("but [%w_.]+", "")
    :gsub("%w+/[%w_.]+", "")))
  for _, other in ipairs(requirers_of(module_of(path))) do
    if other ~= path and not names_file(said, other) then
      breach(path, 1, "it does not say that %s calls it", other)
    end
  end
end

--- What a file says of its callers is so.
local function check_callers(path, text)
  local said = sentence_of(path, text)
  if not said then return end
  if is_c(path) then check_c_callers(path, said) else check_lua_callers(path, said) end
end

-- The names that an entry of a folder lists: between commas, without what stands in brackets and
-- in front of a colon.
local function add_names(map, folder, text)
  text = text:gsub("%b()", ""):gsub("^[^,:]*:", "")
  for name in text:gmatch("[^,]+") do
    map[folder .. name:match("^%s*(.-)%s*$")] = true
  end
end

-- The files that the map has, without what their names end with. A line without an indent begins a
-- folder; two blanks, the names of files of it or of a folder below it, in 13 columns; more blanks,
-- another line of that.
local function read_map()
  local map, top, folder, text = {}, nil, nil, ""
  local function close()
    if folder then add_names(map, top .. folder, text) end
    folder, text = nil, ""
  end
  local block = (read("doc/internals.md") or ""):match("\n## Map\n.-\n```\n(.-)```") or ""
  for line in block:gmatch("([^\n]*)\n") do
    if line:find("^%S") then
      close()
      top = line:match("^%S+")
    elseif line:find("^  %S") then
      close()
      folder = line:match("^  (%S+/) ")
      text = line:sub(17)
      for name in (folder and "" or line:sub(3, 16)):gmatch("%S+") do map[top .. name] = true end
    else
      text = text .. " " .. line
    end
  end
  close()
  return map
end

local map

--- The map has a file of the core or of the library where it is.
local function check_map(path)
  local stem = path:match("^(src/.*)%.c$") or path:match("^(lua/ges/.*)%.lua$")
  map = map or read_map()
  if stem and not map[stem] then
    breach("doc/internals.md", 1, "its map does not have %s", path)
  end
end

--- The map has no other.
local function check_places()
  map = map or read_map()
  local names = {}
  for stem in pairs(map) do names[#names + 1] = stem end
  table.sort(names)
  for _, stem in ipairs(names) do
    if not (read(stem .. ".c") or read(stem .. ".h") or read(stem .. ".lua")) then
      breach("doc/internals.md", 1, "its map has %s: no such file", stem)
    end
  end
end

return function(files, read_file, report)
  paths, read, breach = files, read_file, report
  return { check_callers = check_callers, check_map = check_map, check_places = check_places }
end
