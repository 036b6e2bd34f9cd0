-- SPDX-License-Identifier: MIT
-- Reads the papers: their fenced blocks, the command lines within their sentences, the code of the
-- help file and of the manual pages, each with the heading that it stands under. Owns nothing. For
-- spec/papers.

local papers = {}

local top = debug.getinfo(1, "S").source:match("^@(.*)spec/support/papers%.lua$")
papers.top = io.popen("cd '" .. (top == "" and "." or top) .. "' && pwd"):read("*l")

-- Words that a command line in a sentence begins with.
local COMMANDS = { make = true, ges = true, sh = true, sudo = true, git = true, eval = true,
  ["apt-get"] = true, luarocks = true, luajit = true, ["lua5.4"] = true, nginx = true,
  openresty = true, nvim = true, curl = true }

function papers.read(path)
  local file = assert(io.open(papers.top .. "/" .. path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- README.md, CONTRIBUTING.md and the papers of doc/.
---@return string[] paths
function papers.list()
  local list = { "README.md", "CONTRIBUTING.md" }
  local pipe = io.popen("cd '" .. papers.top .. "' && ls doc/*.md")
  for path in pipe:lines() do list[#list + 1] = path end
  pipe:close()
  return list
end

local function block(file, heading, kind, lines)
  return { file = file, heading = heading, kind = kind, code = table.concat(lines, "\n") .. "\n",
    first = (lines[1] or ""):match("^%s*(.-)%s*$") }
end

--- The fenced blocks of a paper: { file, heading, kind (the word after the fence), code, first (its
--- first line) }.
function papers.blocks(file)
  local found, heading, kind, lines = {}, "", nil, nil
  for line in papers.read(file):gmatch("([^\n]*)\n") do
    local fence = line:match("^%s*```(.*)$")
    if lines and fence then
      found[#found + 1], lines = block(file, heading, kind, lines), nil
    elseif lines then
      lines[#lines + 1] = line
    elseif fence then
      kind, lines = fence, {}
    else
      heading = line:match("^#+ (.*)$") or heading
    end
  end
  assert(not lines, file .. ": a block without an end")
  return found
end

--- The command lines in the sentences of a paper: of the shell, and of Neovim, which begin with a
--- colon. Each once: { file, code }.
function papers.commands(file)
  local found, seen = {}, {}
  local text = ("\n" .. papers.read(file)):gsub("\n%s*```.-\n%s*```%f[\n]", "\n")
  for written in text:gmatch("`([^`]+)`") do
    local code = written:gsub("%s+", " ")
    local word = code:match("^(%S+) %S")
    local is_one = word and (COMMANDS[word] or word:find("^:%a"))
    if is_one and not seen[code] then
      found[#found + 1], seen[code] = { file = file, code = code }, true
    end
  end
  return found
end

--- The code of a Neovim help file: what stands between ">lua" and "<".
function papers.help(file)
  local found, heading, lines = {}, "", nil
  for line in papers.read(file):gmatch("([^\n]*)\n") do
    if lines and line:find("^<") then
      found[#found + 1], lines = block(file, heading, "lua", lines), nil
    elseif lines then
      if line ~= "" then lines[#lines + 1] = line end
    else
      heading = line:match("^%d+%. (.-)  +%*") or heading
      lines = line:find(">lua$") and {} or nil
    end
  end
  assert(not lines, file .. ": a block without an end")
  return found
end

--- The code of a manual page: what stands between .nf and .fi.
function papers.manual(file, kind)
  local found, heading = {}, ""
  local text = papers.read(file):gsub("\\%-", "-")
  for line, rest in text:gmatch("([^\n]*)\n()") do
    heading = line:match("^%.SH (.*)$") or heading
    if line == ".nf" then
      local lines = {}
      for one in assert(text:match("^(.-\n)%.fi", rest)):gmatch("([^\n]*)\n") do
        lines[#lines + 1] = one
      end
      found[#found + 1] = block(file, heading, kind, lines)
    end
  end
  return found
end

return papers
