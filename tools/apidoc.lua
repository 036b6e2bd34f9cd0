-- apidoc.lua md|man: the API reference, made of the annotations in lua/ges/types.lua, on standard
-- output. `make doc` writes doc/api.md and doc/man/ges.3; `make lint` fails when they differ.

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- Splits "type rest" where the type may hold spaces inside brackets or after commas and colons.
local function split_type(text)
  local depth, i = 0, 1
  while i <= #text do
    local c = text:sub(i, i)
    if c:find("[%(<{%[]") then depth = depth + 1 end
    if c:find("[%)>}%]]") then depth = depth - 1 end
    if c == " " and depth == 0 and not text:sub(i - 1, i - 1):find("[:,|]") then break end
    i = i + 1
  end
  return text:sub(1, i - 1), text:sub(i + 1)
end

-- Every class with its head and its fields, in the order of the file.
local function parse(text)
  local classes, class, head, alias = {}, nil, {}, nil
  for line in text:gmatch("[^\n]*") do
    local name = line:match("^%-%-%-@class ([%w_.]+)")
    local field, rest = line:match("^%-%-%-@field ([%w_?]+) (.+)$")
    local kind, about = line:match('^%-%-%-| "([%w_]+)"%s*#?%s*(.*)$')
    if name then
      class = { name = name, head = table.concat(head, " "), fields = {} }
      classes[#classes + 1] = class
    elseif line:find("^%-%-%-@alias ges%.Kind") then
      alias = { name = "ges.Kind", head = "What went wrong.", fields = {} }
      classes[#classes + 1] = alias
    elseif field then
      local type_of, what = split_type(rest)
      class.fields[#class.fields + 1] = { name = field, type = type_of, what = what }
    elseif kind then
      alias.fields[#alias.fields + 1] = { name = kind, type = "", what = about }
    elseif line:find("^%-%-%-[^@|]") then
      head[#head + 1] = line:sub(4)
    end
    if not line:find("^%-%-%-[^@|]") then head = {} end
  end
  return classes
end

local function cell(text)
  return (text:gsub("|", "\\|"))
end

local function code(text)
  return text == "" and "" or "`" .. cell(text) .. "`"
end

local function markdown(classes)
  local out = { "# API reference", "",
    "Made by `make doc` from lua/ges/types.lua. `x?` may be absent." }
  for _, class in ipairs(classes) do
    out[#out + 1] = "\n## " .. class.name .. "\n"
    if class.head ~= "" then out[#out + 1] = class.head .. "\n" end
    out[#out + 1] = "| name | type | meaning |\n|---|---|---|"
    for _, field in ipairs(class.fields) do
      out[#out + 1] = ("| `%s` | %s | %s |"):format(field.name, code(field.type), cell(field.what))
    end
  end
  return table.concat(out, "\n") .. "\n"
end

local function roff(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("`", ""):gsub("^([.'])", "\\&%1"))
end

local INTRO = [[
.TH GES 3 2026-01-01 "ges %s" "Lua modules"
.SH NAME
ges \- ask Huawei Cloud's Graph Engine Service how a job is doing
.SH SYNOPSIS
.nf
local ges = require("ges")
local job, err, info = ges.wait{ ... }
.fi
.SH DESCRIPTION
Every function takes one table of options and returns value, nil, info or nil, err, info. A mistake
in the script throws at its line; a refused value or a failure of the world is returned. A question
mark after a name means that it may be absent.]]

local function man(classes, version)
  local out = { INTRO:format(version) }
  for _, class in ipairs(classes) do
    out[#out + 1] = ".SH " .. roff(class.name:upper())
    if class.head ~= "" then out[#out + 1] = roff(class.head) end
    for _, field in ipairs(class.fields) do
      out[#out + 1] = ".TP\n.B " .. roff(field.name)
      local what = field.type
      if field.what ~= "" then what = what .. (what ~= "" and ": " or "") .. field.what end
      out[#out + 1] = roff(what == "" and "-" or what)
    end
  end
  out[#out + 1] = ".SH SEE ALSO\n.BR ges (1)"
  return table.concat(out, "\n") .. "\n"
end

local classes = parse(read("lua/ges/types.lua"))
local version = read("src/engine/version.h"):match('GES_VERSION "([^"]+)"')
io.write(arg[1] == "man" and man(classes, version) or markdown(classes))
