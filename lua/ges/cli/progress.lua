-- SPDX-License-Identifier: MIT
-- cli.progress: chooses the progress that is shown. Each kind has begin, event, tick, clear,
-- finish, and a track. Owns nothing. Called by ges.cli.status, wait and listing.

local live = require("ges.cli.live")
local lines = require("ges.cli.lines")
local track = require("ges.cli.track")

local progress = {}

-- For --quiet: a track that does not show.
local silent_methods = {}
local silent_mt = { __index = silent_methods }

function silent_methods:event(event) self.track:event(event) end
for _, name in ipairs { "begin", "tick", "clear", "finish" } do
  silent_methods[name] = function() end
end

--- The progress that fits the options and the terminal.
---@param ctx { screen: ges.cli.Screen, values: table, now: fun(): number, date: fun(): string }
---@param ids string[]
---@param task? string what is done, if it is no wait for these jobs
function progress.new(ctx, ids, task)
  local screen = ctx.screen
  if ctx.values.quiet then
    return setmetatable({ track = track.new(screen, ids) }, silent_mt)
  elseif screen.live then
    return live.new(screen, ids, ctx.now)
  end
  return lines.new(screen, ids, ctx.now, ctx.date, task)
end

return progress
