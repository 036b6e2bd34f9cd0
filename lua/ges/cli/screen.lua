-- SPDX-License-Identifier: MIT
-- cli.screen: stdout and stderr, and what the terminal behind them can show.
-- Owns both streams: no other file of ges.cli writes to them. Called by ges.cli.

local put = require("ges.util.put")
local text = require("ges.cli.text")

---@class ges.cli.Screen
---@field utf8 boolean      the locale says UTF-8
---@field live boolean      stderr can show a line that is rewritten
---@field colour boolean    stdout may be coloured
---@field out_is_tty boolean
---@field mark string       ends a text that was cut
local screen_methods = {}
local screen_mt = { __index = screen_methods }

local screen = {}

--- What `failed` begins with where the reader has left.
screen.BROKEN_PIPE = "Broken pipe"

local COLOURS = { success = "32", partial = "33", failed = "31", unknown = "35", pending = "36" }

local function is_set(value)
  return value ~= nil and value ~= ""
end

-- The locale's character set, by the rules of setlocale.
local function says_utf8(getenv)
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    local value = getenv(name)
    if is_set(value) then return value:lower():find("utf%-?8") ~= nil end
  end
  return false
end

--- Looks at the terminal and the environment.
---@param system { getenv: fun(name: string): string?, isatty: fun(fd: integer): boolean,
---  size: fun(fd: integer): integer?, integer? , out: file*, err: file*,
---  deserted: fun(fd: integer): boolean }
---@return ges.cli.Screen
function screen.new(system)
  local getenv = system.getenv
  local is_dumb = getenv("TERM") == "dumb"
  local is_utf8 = says_utf8(getenv)
  local out_is_tty = system.isatty(1)
  return setmetatable({
    system = system, utf8 = is_utf8, out_is_tty = out_is_tty,
    live = system.isatty(2) and not is_dumb,
    colour = out_is_tty and not is_dumb and not is_set(getenv("NO_COLOR")),
    mark = is_utf8 and "\226\128\166" or "...",
  }, screen_mt)
end

--- Columns and rows of the terminal behind a stream. COLUMNS wins, as everywhere.
---@param fd integer
---@return integer columns
---@return integer rows
function screen_methods:size(fd)
  local given = (self.system.getenv("COLUMNS") or ""):match("^%d%d?%d?%d?$")
  local columns, rows = self.system.size(fd)
  given = tonumber(given)
  columns = given and given > 0 and given or columns or 80
  return math.max(columns, 1), rows and rows > 0 and rows or 24
end

--- Any text, safe to show on this terminal.
---@param value any
---@return string
function screen_methods:safe(value)
  return text.safe(value, self.utf8)
end

--- A word in the colour of an outcome, where there are colours.
---@param word string
---@param outcome string?
---@return string
function screen_methods:paint(word, outcome)
  local colour = self.colour and COLOURS[outcome]
  return colour and "\27[" .. colour .. "m" .. word .. "\27[0m" or word
end

--- Writes a result to stdout. The first error is kept in `failed`; after it nothing is written.
---@param bytes string
---@return boolean ok
function screen_methods:write(bytes)
  if self.failed then return false end
  local ok, why = put(self.system.out, bytes)
  if not ok then self.failed = why end
  self.has_written = true
  return not self.failed
end

--- Whether what is written to stdout may still be read: false once a write has failed, or the
--- reader of a pipe has left after a write. What left before had not come to read.
---@return boolean
function screen_methods:is_read()
  if self.has_written and not self.failed and self.system.deserted(1) then
    self.failed = screen.BROKEN_PIPE
  end
  return not self.failed
end

--- Writes to stderr. Errors are ignored: the result is on stdout.
---@param bytes string
function screen_methods:note(bytes)
  self.system.err:write(bytes)
  self.system.err:flush()
end

--- Writes a message of the command to stderr, on a line of its own.
---@param message string
function screen_methods:message(message)
  message = self:safe(message)
  if message:sub(1, 5) ~= "ges: " then message = "ges: " .. message end
  self:note(message .. "\n")
end

return screen
