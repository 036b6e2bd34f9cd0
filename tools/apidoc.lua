-- apidoc.lua types|md|man: on standard output, lua/ges/types.lua with the options as core.options
-- has them, or the API reference, made of those annotations and of tools/apidoc.md, which holds
-- what no table says. Needs the module that is built.
-- `make doc` writes lua/ges/types.lua, doc/api.md and doc/man/ges.3; `make lint` fails when they
-- differ.

local core = require("ges.core")

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

-- The default of an option for people, or nil.
local function default_of(option)
  local default = option.default
  if option.name == "timeout" then
    return ("%d; waiting calls %d"):format(default, core.defaults.wait_timeout)
  end
  if type(default) == "number" and default >= 1048576 then
    return ("%g MiB"):format(default / 1048576)
  end
  return default ~= nil and tostring(default) or nil
end

local PLAIN = { string = true, number = true, integer = true, boolean = true }

-- The types of an annotation in the words of core.options.
local function plain_types(annotation)
  local types = {}
  annotation = annotation:gsub('"[^"]*"', "string")
  for one in annotation:gsub("%b<>", ""):gsub("%b{}", "{}"):gsub("%b()", "()"):gmatch("[^|]+") do
    types[#types + 1] = PLAIN[one] and one or one:find("^fun%(") and "function" or "table"
  end
  return table.concat(types, "|")
end

-- The annotation of an option's type. That of a function or a table says more than the row does:
-- it stays as it is written in types.lua.
local function annotation_of(option, written)
  if option.words and option.type == "string" then
    return '"' .. table.concat(option.words, '"|"') .. '"'
  end
  local is_rich = option.type:find("function") or option.type:find("table")
  if not written or not is_rich then return option.type end
  if plain_types(written) ~= option.type then
    error(("lua/ges/types.lua: %s is %s, not %s"):format(option.name, option.type, written), 0)
  end
  return written
end

-- The text of types.lua with the fields of ges.Options as the rows have them.
local function with_options(text)
  local written, lines = {}, {}
  local from = select(2, assert(text:find("%-%-%-@class ges%.Options\n"))) + 1
  local to = text:find("\n\n", from, true)
  for name, rest in text:sub(from, to):gmatch("%-%-%-@field ([%w_]+)%? ([^\n]+)") do
    written[name] = split_type(rest)
  end
  for _, option in ipairs(core.options()) do
    local default = option.type ~= "boolean" and default_of(option)
    lines[#lines + 1] = ("---@field %s? %s %s%s"):format(option.name,
      annotation_of(option, written[option.name]), option.help,
      default and " (" .. default .. ")" or "")
  end
  return text:sub(1, from - 1) .. table.concat(lines, "\n") .. text:sub(to)
end

-- The kinds that users see, in the order of their table.
local function kinds()
  local list = {}
  for name, about in pairs(core.kinds) do
    if about.meaning ~= "" then list[#list + 1] = { name = name, about = about } end
  end
  table.sort(list, function(a, b) return a.about.place < b.about.place end)
  return list
end

-- The text of types.lua with the kinds as the table has them.
local function with_kinds(text)
  local lines = {}
  for _, kind in ipairs(kinds()) do
    lines[#lines + 1] = ('---| "%s" # %s'):format(kind.name, kind.about.meaning)
  end
  local from = select(2, assert(text:find("%-%-%-@alias ges%.Kind\n"))) + 1
  local to = text:find("\n\n", from, true)
  return text:sub(1, from - 1) .. table.concat(lines, "\n") .. text:sub(to)
end

-- A line of what is said of a class above it; an empty one ends a paragraph.
local function is_head(line)
  return line == "---" or line:find("^%-%-%-[^@|%-]") ~= nil
end

-- Every class with its head and its fields, in the order of the file.
local function parse(text)
  local classes, class, head, alias = {}, nil, {}, nil
  for line in text:gmatch("[^\n]*") do
    local name = line:match("^%-%-%-@class ([%w_.]+)")
    local field, rest = line:match("^%-%-%-@field ([%w_?]+) (.+)$")
    local kind, about = line:match('^%-%-%-| "([%w_]+)"%s*#?%s*(.*)$')
    if name then
      class = { name = name, head = table.concat(head, "\n"), fields = {} }
      classes[#classes + 1] = class
    elseif line:find("^%-%-%-@alias ges%.Kind") then
      alias = { name = "ges.Kind", head = table.concat(head, "\n"), fields = {} }
      classes[#classes + 1] = alias
    elseif field then
      local type_of, what = split_type(rest)
      class.fields[#class.fields + 1] = { name = field, type = type_of, what = what }
    elseif kind then
      alias.fields[#alias.fields + 1] = { name = kind, type = "", what = about }
    elseif is_head(line) then
      head[#head + 1] = line:sub(4)
    end
    if not is_head(line) then head = {} end
  end
  return classes
end

local function cell(text)
  return (text:gsub("|", "\\|"))
end

local function code(text)
  return text == "" and "" or "`" .. cell(text) .. "`"
end

local CALLS = { "job_status", "jobs", "wait", "watch", "start", "wait_all", "wait_any", "request",
  "new" }

-- The calls that take an option.
local function calls_of(option)
  local names = {}
  for _, name in ipairs(CALLS) do
    if option.calls["ges." .. name] then names[#names + 1] = name end
  end
  local text = #names == #CALLS and "all" or table.concat(names, ", ")
  local goes_along = option.calls["ctx.request"] and option.calls["ges.new"]
  return text .. (goes_along and ", IAM" or "")
end

local function range_of(option)
  if not option.least then return "" end
  if option.most == math.huge then return ("%.10g or more"):format(option.least) end
  return ("%.10g to %.10g"):format(option.least, option.most)
end

-- What each call takes besides what all take.
local function own_rows(out)
  local rows, by_options = {}, {}
  for _, name in ipairs(CALLS) do
    local own = {}
    for _, option in ipairs(core.options()) do
      local is_own = option.calls["ges." .. name] and not calls_of(option):find("^all")
      if is_own and name ~= "new" then own[#own + 1] = "`" .. option.name .. "`" end
    end
    local options = table.concat(own, " ")
    local row = by_options[options] or { options = options }
    if #row == 0 and name ~= "new" then rows[#rows + 1] = row end
    by_options[options] = row
    row[#row + 1] = "`" .. name .. "`"
  end
  out[#out + 1] = "What a call takes besides those of all calls:\n"
  out[#out + 1] = "| call | options |\n|---|---|"
  for _, row in ipairs(rows) do
    out[#out + 1] = ("| %s | %s |"):format(table.concat(row, " "), row.options)
  end
  out[#out + 1] = ""
end

-- The rows of the table of options.
local function option_rows(out, class)
  own_rows(out)
  out[#out + 1] = "`IAM` among the calls: the option also applies to the logins and project "
    .. "lookups that the call needs."
  out[#out + 1] = "\n| name | type | default | range | calls | meaning |\n|---|---|---|---|---|---|"
  for i, option in ipairs(core.options()) do
    out[#out + 1] = ("| `%s` | %s | %s | %s | %s | %s |"):format(option.name,
      code(class.fields[i].type), default_of(option) or "", range_of(option), calls_of(option),
      cell(option.help))
  end
end

-- The rows of the table of kinds, each with the part of the guide that it belongs to.
local function kind_rows(out)
  out[#out + 1] = "| kind | meaning | tried again | what to do |\n|---|---|---|---|"
  local guide = read("doc/troubleshooting.md")
  for _, kind in ipairs(kinds()) do
    local title
    for heading in guide:gmatch("\n## ([^\n]+)") do
      if ("," .. heading:gsub(" ", "") .. ","):find("," .. kind.name .. ",", 1, true) then
        title = heading
      end
    end
    local anchor = assert(title, kind.name .. " is not in doc/troubleshooting.md"):gsub(",", "")
      :gsub(" ", "-")
    out[#out + 1] = ("| [`%s`](troubleshooting.md#%s) | %s | %s | %s |"):format(kind.name, anchor,
      kind.about.meaning, kind.about.retryable and "yes" or "no", kind.about.advice)
  end
end

local function field_rows(out, class)
  out[#out + 1] = "| name | type | meaning |\n|---|---|---|"
  for _, field in ipairs(class.fields) do
    out[#out + 1] = ("| `%s` | %s | %s |"):format(field.name, code(field.type), cell(field.what))
  end
end

local function markdown(classes)
  local out = { "# API reference", "",
    "Made by `make doc` from lua/ges/types.lua, src/engine/options.h, src/engine/kind.h and\n"
      .. "tools/apidoc.md. A question mark after a name: it may be absent.", "",
    (read("tools/apidoc.md"):gsub("\n$", "")) }
  for _, class in ipairs(classes) do
    out[#out + 1] = "\n## " .. class.name .. "\n"
    if class.head ~= "" then out[#out + 1] = class.head .. "\n" end
    local write = class.name == "ges.Options" and option_rows or class.name == "ges.Kind"
      and kind_rows or field_rows
    write(out, class)
  end
  return table.concat(out, "\n") .. "\n"
end

local function roff(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("`", ""):gsub("^([.'])", "\\&%1"))
end

-- A text in Markdown with headings, paragraphs, lists and blocks of code, as lines of a page. A
-- picture has no place there.
local function roff_text(out, text)
  local in_code, begins = false, false
  for line in (text:gsub("!%b[]%b()\n\n", ""):gsub("%[([^%]]-)%]%b()", "%1") .. "\n")
    :gmatch("([^\n]*)\n") do
    local heading, item = line:match("^## (.*)$"), line:match("^%* (.*)$")
    local is_text = not in_code and not heading and not item and line ~= ""
    if begins and is_text and not out[#out]:find("^%.SH") then out[#out + 1] = ".PP" end
    begins = not in_code and line == ""
    if line:find("^```") then
      out[#out + 1] = in_code and ".fi" or ".nf"
      in_code = not in_code
    elseif in_code then
      out[#out + 1] = roff(line)
    elseif heading then
      out[#out + 1] = ".SH " .. heading:upper()
    elseif item then
      out[#out + 1] = ".IP \\(bu 2\n" .. roff(item)
    elseif is_text then
      out[#out + 1] = roff((line:gsub("^  ", "")))
    end
  end
end

local INTRO = [[
.TH GES 3 %s "ges %s" "Lua modules"
.ad l
.SH NAME
ges \- ask Huawei Cloud's Graph Engine Service how a job is doing
.SH SYNOPSIS
.nf
local ges = require("ges")
local job, err, info = ges.wait{ ... }
.fi
.SH DESCRIPTION
The module does in a script what ges(1) does in a shell: it asks how a job is doing, waits until it
is done and lists jobs. A question mark after a name means that it may be absent.]]

-- What a page says of a field besides its annotation: the calls that take an option, whether a kind
-- is tried again.
local function notes()
  local said = {}
  for _, option in ipairs(core.options()) do
    local calls = calls_of(option):gsub(", IAM$", "")
    if calls ~= "all" then said["ges.Options." .. option.name .. "?"] = "; for " .. calls end
  end
  for _, kind in ipairs(kinds()) do
    if kind.about.retryable then said["ges.Kind." .. kind.name] = "; tried again" end
  end
  return said
end

-- The date of a page is that of the release, which ges.1 has.
local function man(classes, version)
  local date = read("doc/man/ges.1"):match("\n%.TH GES 1 (%S+)")
  local out = { INTRO:format(date, version) }
  local said = notes()
  roff_text(out, read("tools/apidoc.md"))
  for _, class in ipairs(classes) do
    out[#out + 1] = ".SH " .. roff(class.name:upper())
    roff_text(out, class.head)
    for _, field in ipairs(class.fields) do
      out[#out + 1] = ".TP\n.B " .. roff(field.name)
      local what = field.type
      if field.what ~= "" then what = what .. (what ~= "" and ": " or "") .. field.what end
      what = what .. (said[class.name .. "." .. field.name] or "")
      out[#out + 1] = roff(what == "" and "-" or what)
    end
  end
  out[#out + 1] = ".SH SEE ALSO\n.BR ges (1)"
  return table.concat(out, "\n") .. "\n"
end

local text = with_kinds(with_options(read("lua/ges/types.lua")))
local classes = parse(text)
if arg[1] == "types" then
  io.write(text)
elseif arg[1] == "man" then
  io.write(man(classes, core._VERSION))
else
  io.write(markdown(classes))
end
