-- SPDX-License-Identifier: MIT
-- cli.program: how this very command is called, for commands that are shown to be run again.
-- Reads the first line of the script; owns nothing. Called by ges.cli.

local text = require("ges.cli.text")

local program = {}

local function first_line(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local line = file:read("*l")
  file:close()
  return line
end

-- The file that a shell finds by this name.
local function find(name, search)
  for folder in ((search or "") .. ":"):gmatch("([^:]*):") do
    local path = (folder == "" and "." or folder) .. "/" .. name
    if first_line(path) then return path end
  end
end

-- The interpreter, the words that lua was started with have numbers below 0.
local function interpreter(argv)
  local at = 0
  while argv[at - 1] do at = at - 1 end
  return argv[at]
end

--- Words for a shell: "ges" where that leads here, else the path, behind the interpreter if it was
--- not the script's own choice.
---@param argv table as lua's `arg`
---@param getenv fun(name: string): string?
---@return string
function program.words(argv, getenv)
  local path = argv[0]
  if not path or find("ges", getenv("PATH")) == path then return "ges" end
  local lua = interpreter(argv)
  local own = (first_line(path) or ""):match("^#!.-([^%s/]+)%s*$")
  if path:find("/", 1, true) and own == lua:match("[^/]*$") then return text.shell(path) end
  return text.shell(lua) .. " " .. text.shell(path)
end

return program
