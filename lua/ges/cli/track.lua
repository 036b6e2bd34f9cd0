-- SPDX-License-Identifier: MIT
-- cli.track: the state of each job of a wait, from its events, and the words for it.
-- Owns one state per job. Pure but for the screen. Called by ges.cli.progress, lines and live.

local counts = require("ges.cli.counts")
local job_of = require("ges.job")
local text = require("ges.cli.text")

local track = {}

-- Columns that a problem gets at the least.
local PROBLEM_LEAST = 16

---@class ges.cli.Track
---@field jobs table[] in the order they were named
local track_methods = {}
local track_mt = { __index = track_methods }

--- A track of jobs of which nothing is known yet.
---@param screen ges.cli.Screen
---@param ids string[]
---@return ges.cli.Track
function track.new(screen, ids)
  local jobs = {}
  for i, id in ipairs(ids) do jobs[i] = { id = id, polls = 0 } end
  return setmetatable({ screen = screen, jobs = jobs }, track_mt)
end

--- Takes an event in.
---@param event table
---@return table job the state of its job
function track_methods:event(event)
  local state = self.jobs[event.index or 1]
  state.polls = event.attempt or state.polls
  if event.job then
    local summary = job_of.summary(event.job)
    state.status, state.outcome = tostring(event.job.status), summary.outcome
    state.name, state.files, state.lines = event.job.job_name, summary.files, summary.lines
    state.job, state.over = event.job, summary.done
  end
  state.elapsed = event.elapsed or state.elapsed
  if event.type == "poll" then state.trouble, state.trouble_kind = nil, nil end
  if event.type == "retry" then
    state.trouble, state.trouble_kind = event.err, event.info and event.info.kind
  end
  if event.type == "done" then
    state.over, state.trouble = true, nil
    state.kind = event.err and event.info and event.info.kind or nil
  end
  return state
end

--- A job's status in one word: the kind of its failure, or the service's word.
---@param state table
---@return string
function track_methods:word(state)
  if state.over and state.kind and not state.kind:find("^job_") then return state.kind end
  return state.status and self.screen:safe(state.status) or "no answer yet"
end

--- What a log is told of: status and files done, not lines, of which each poll has others.
---@param state table
---@return string
function track_methods.stage(_, state)
  local f = state.files or { success = 0, partial = 0, failed = 0 }
  return ("%s %d %d %d"):format(state.status, f.success, f.partial, f.failed)
end

-- The details that go first where there is little room.
local NAME, LINES, FILES = 1, 2, 3

--- A problem in words.
---@param err string
---@return string
function track_methods:problem(err)
  return "problem: " .. self.screen:safe(err):gsub("^ges: ", "")
end

--- The name, files, lines and trouble of a job, as far as they are known.
---@param state table
---@param without? integer how many details are left out: the name, then the lines, then the files
---@return string[]
function track_methods:details(state, without)
  local parts, name = {}, state.name
  local files, lines = counts.files(state.files), counts.lines(state.lines)
  without = without or 0
  if without < NAME and type(name) == "string" and name ~= "" then
    parts[1] = self.screen:safe(name)
  end
  if files and without < FILES then parts[#parts + 1] = "files " .. files end
  if lines and without < LINES then parts[#parts + 1] = "lines " .. lines end
  if state.trouble then
    parts[#parts + 1] = self:problem(state.trouble)
  end
  return parts
end

-- The columns that the details of a job need. A problem may be cut, a number must not: what is left
-- of it looks like another number.
local function needs(self, state, without)
  local width = 0
  for _, part in ipairs(self:details(state, without)) do
    local least = text.width(part)
    if part:find("^problem: ") then least = math.min(least, PROBLEM_LEAST) end
    width = width + least + 2
  end
  return width - 2
end

--- The columns that the details of these jobs need without their names and lines.
---@param states table[]
---@return integer
function track_methods:least(states)
  local width = 0
  for _, state in ipairs(states) do width = math.max(width, needs(self, state, LINES)) end
  return width
end

--- How many details are to be left out so that those of all these jobs fit.
---@param states table[]
---@param room integer columns
---@return integer without
function track_methods:fit(states, room)
  local without, at = 0, 1
  while states[at] and without < FILES do
    if needs(self, states[at], without) > room then
      without = without + 1
    else
      at = at + 1
    end
  end
  return without
end

-- How many jobs are done, and how many of the others have which status; sorted, so that the line
-- does not jump.
local function tally(self)
  local by_word, names, done = {}, {}, 0
  for _, state in ipairs(self.jobs) do
    if state.over then
      done = done + 1
    else
      local word = state.status and self:word(state) or "not answered yet"
      if not by_word[word] then names[#names + 1] = word end
      by_word[word] = (by_word[word] or 0) + 1
    end
  end
  table.sort(names)
  return done, names, by_word
end

--- All jobs in a few words: "3 of 40 done, 2 not answered yet, 35 running". Without the counts at
--- its end that do not fit, since a number must not be cut; "" where none fits.
---@param room? integer columns
---@return string
---@return boolean is_all whether no count is missing
function track_methods:total(room)
  local done, names, by_word = tally(self)
  local shown = ("%d of %d done"):format(done, #self.jobs)
  room = room or math.huge
  if text.width(shown) > room then return "", false end
  for _, name in ipairs(names) do
    local more = ("%s, %d %s"):format(shown, by_word[name], name)
    if text.width(more) > room then return shown, false end
    shown = more
  end
  return shown, true
end

return track
