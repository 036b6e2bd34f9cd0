-- SPDX-License-Identifier: MIT
-- cli.canvas: a few lines at the bottom of the terminal that are rewritten in place, on stderr.
-- Owns the lines that are shown. Called by ges.cli.live.

local text = require("ges.cli.text")

local canvas = {}

---@class ges.cli.Canvas
local canvas_methods = {}
local canvas_mt = { __index = canvas_methods }

---@param screen ges.cli.Screen
---@return ges.cli.Canvas
function canvas.new(screen)
  return setmetatable({ screen = screen, height = 0 }, canvas_mt)
end

-- Moves the cursor to the beginning of the first line.
local function home(height)
  return "\r" .. (height > 1 and ("\27[%dA"):format(height - 1) or "")
end

--- Shows these lines instead of the last ones. Each is cut one column short of the terminal, so
--- that no line wraps. An unchanged picture is not written again.
---@param lines string[]
function canvas_methods:show(lines)
  local columns = self.screen:size(2)
  local cut = {}
  for i, line in ipairs(lines) do
    cut[i] = text.cut(line, math.max(columns - 1, 1), self.screen.mark) .. "\27[K"
  end
  local picture = table.concat(cut, "\n")
  if picture == self.picture then return end
  local bytes = home(self.height) .. picture .. (#lines < self.height and "\27[J" or "")
  -- Set before the bytes go out: Ctrl-C may interrupt the writing, and `clear` needs the height.
  self.picture, self.height = picture, #lines
  self.screen:note(bytes)
end

--- Erases the lines; the cursor is where they began.
function canvas_methods:clear()
  if self.height == 0 then return end
  self.screen:note(home(self.height) .. "\27[J")
  self.height, self.picture = 0, nil
end

return canvas
