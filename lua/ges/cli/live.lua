-- SPDX-License-Identifier: MIT
-- cli.live: progress on a terminal: one rewritten line for one job, a small table for several.
-- Owns its canvas. Called by ges.cli.progress.

local canvas = require("ges.cli.canvas")
local ids = require("ges.cli.ids")
local text = require("ges.cli.text")
local track = require("ges.cli.track")

local live = {}

local SPIN_UTF8 = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" }
local SPIN_ASCII = { "|", "/", "-", "\\" }

---@class ges.cli.Live
local live_methods = {}
local live_mt = { __index = live_methods }

---@param screen ges.cli.Screen
---@param jobs string[] their ids
---@param now fun(): number
function live.new(screen, jobs, now)
  return setmetatable({
    screen = screen, canvas = canvas.new(screen), track = track.new(screen, jobs), now = now,
    began = now(), spin = screen.utf8 and SPIN_UTF8 or SPIN_ASCII,
  }, live_mt)
end

local function spinner(self)
  return self.spin[math.floor((self.now() - self.began) * 10) % #self.spin + 1]
end

local function age(self)
  return text.duration(math.floor(self.now() - self.began))
end

-- A line with the age at its end, where it fits as a whole.
local function with_age(self, line, gap, columns)
  local aged = line .. gap .. age(self)
  return text.width(aged) <= columns - 1 and aged or line
end

local function one_line(self)
  local state, columns = self.track.jobs[1], self.screen:size(2)
  local head = ("%s %s"):format(spinner(self), self.track:word(state))
  local parts = { with_age(self, head, " ", columns) }
  local without = self.track:fit({ state }, columns - 1 - text.width(parts[1]) - 2)
  for _, part in ipairs(self.track:details(state, without)) do parts[#parts + 1] = part end
  return { table.concat(parts, "  ") }
end

-- The jobs that get a line when not all fit: in trouble, under way, over.
local function interesting(self, most)
  local shown = {}
  for _, wanted in ipairs { "trouble", "open", "over" } do
    for i = 1, #self.track.jobs do
      local state = self.track.jobs[i]
      local group = state.over and "over" or state.trouble and "trouble" or "open"
      if group == wanted and #shown < most then shown[#shown + 1] = state end
    end
  end
  return shown
end

-- The ids of all jobs in so many columns, by id: cut in their middle where they do not fit. Kept
-- until the room for them changes.
local function short_ids(self, least, most)
  if self.short_to == most and self.short_from == least then
    return self.short, self.short_width
  end
  local names, short = {}, {}
  for i, state in ipairs(self.track.jobs) do names[i] = self.screen:safe(state.id) end
  local cut, width = ids.shorten(names, least, most, self.screen.mark)
  for i, state in ipairs(self.track.jobs) do short[state.id] = cut[i] end
  self.short_from, self.short_to, self.short, self.short_width = least, most, short, width
  return short, width
end

-- The columns that an id gets at the least: two fifths of the line, and fewer where the counts of
-- files find room then. The name goes first.
local function least_of(self, shown, columns, widest)
  local fair = math.max(math.floor(columns * 0.4), ids.LEAST)
  local room = columns - 1 - 2 - 2 - widest - 2 - self.track:least(shown)
  return room < ids.LEAST and fair or math.min(fair, room)
end

-- The first line of several jobs. The age goes before the counts do.
local function header(self, columns)
  local total, is_all = self.track:total(columns - 1 - 2)
  local line = ("%s %s"):format(spinner(self), total)
  return is_all and with_age(self, line, "  ", columns) or line
end

local function many_lines(self)
  local columns, rows = self.screen:size(2)
  local track_ = self.track
  local out = { header(self, columns) }
  local shown, widest = interesting(self, math.max(rows - 3, 1)), 0
  for _, state in ipairs(shown) do widest = math.max(widest, text.width(track_:word(state))) end
  local shown_ids, id_width = short_ids(self, least_of(self, shown, columns, widest),
    math.max(columns - 5 - widest, 2))
  local room = columns - 1 - 2 - id_width - 2 - widest - 2
  local without = track_:fit(shown, room)
  for _, state in ipairs(shown) do
    local line = ("  %s  %s  %s"):format(text.pad(shown_ids[state.id], id_width),
      text.pad(track_:word(state), widest),
      room > 2 and table.concat(track_:details(state, without), "  ") or "")
    out[#out + 1] = line:match("^.*%S")
  end
  if #shown < #track_.jobs then
    out[#out + 1] = ("  and %d more"):format(#track_.jobs - #shown)
  end
  -- Lines that have scrolled away cannot be erased.
  while #out > math.max(rows - 1, 1) do out[#out] = nil end
  return out
end

--- Draws the present state.
function live_methods:tick()
  self.canvas:show(#self.track.jobs == 1 and one_line(self) or many_lines(self))
end

live_methods.begin = live_methods.tick

---@param event table
function live_methods:event(event)
  self.track:event(event)
  self:tick()
end

--- Erases the progress, until the next tick.
function live_methods:clear()
  self.canvas:clear()
end

--- Ends the progress. One line stays unless the result itself goes to the terminal.
function live_methods:finish()
  self.canvas:clear()
  if self.screen.out_is_tty then return end
  local shown = #self.track.jobs == 1 and self.track:word(self.track.jobs[1]) or self.track:total()
  self.screen:note(("%s after %s\n"):format(shown, age(self)))
end

return live
