-- SPDX-License-Identifier: MIT
-- cli.program: how this command was called, for the command lines that it prints to be run again.
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

-- The path at which a shell finds this name.
local function find(name, search)
  for folder in ((search or "") .. ":"):gmatch("([^:]*):") do
    local path = (folder == "" and "." or folder) .. "/" .. name
    if first_line(path) then return path end
  end
end

-- The interpreter: lua puts the words before the script at indices below 0, itself first.
local function interpreter(argv)
  local at = 0
  while argv[at - 1] do at = at - 1 end
  return argv[at]
end

--- Words for a shell: "ges" where PATH leads to this script, else its path, after the interpreter
--- if that is another than the script's first line names.
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
