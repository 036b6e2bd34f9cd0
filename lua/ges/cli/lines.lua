-- SPDX-License-Identifier: MIT
-- cli.lines: progress where no line can be rewritten (a log, a pipe, a dumb terminal): a line when
-- the status, the number of files done or the trouble changes, and a heartbeat once a minute.
-- Owns the time of the last line. Called by ges.cli.progress.

local text = require("ges.cli.text")
local track = require("ges.cli.track")

local lines = {}

local HEARTBEAT = 60    -- seconds without a line
local AGAIN = 60        -- seconds until the same problem is said again
local QUICK = 5         -- seconds in which a task that is no wait needs no line

---@class ges.cli.Lines
local lines_methods = {}
local lines_mt = { __index = lines_methods }

---@param screen ges.cli.Screen
---@param ids string[]
---@param now fun(): number
---@param date fun(): string UTC
---@param task? string what is done, if it is no wait for these jobs
function lines.new(screen, ids, now, date, task)
  return setmetatable({
    screen = screen, track = track.new(screen, ids), now = now, date = date,
    began = now(), last = now(), task = task,
  }, lines_mt)
end

local function write(self, line)
  self.last = self.now()
  self.screen:note(("%s %s\n"):format(self.date(), line))
end

local function age(self)
  return text.duration(math.floor(self.now() - self.began))
end

-- Notes the trouble that a job has now. Returns whether it is to be said: one that comes and goes,
-- also in turn with others, is the same one.
local function hear(self, state)
  local kind = state.trouble_kind or ""
  state.said = state.said or {}
  state.unsaid, state.unsaid_kind = state.trouble, kind
  return not state.said[kind] or self.now() - state.said[kind] >= AGAIN
end

-- The trouble that was heard last has been said.
local function note_said(self, state)
  state.said[state.unsaid_kind], state.unsaid = self.now(), nil
end

-- The status of a job and its details, in words. Its trouble has been said then.
local function describe(self, state)
  local parts = self.track:details(state)
  if state.trouble then note_said(self, state) end
  table.insert(parts, 1, self.track:word(state))
  return table.concat(parts, ", ")
end

-- What is known of all jobs, for a heartbeat. It has each trouble that was not said again since it
-- was heard, which then counts as said of all jobs that have it.
local function sum_up(self)
  local jobs, has = self.track.jobs, {}
  local parts = { #jobs == 1 and "still " .. describe(self, jobs[1]) or self.track:total() }
  for _, state in ipairs(jobs) do
    if state.unsaid and not state.over then
      if not has[state.unsaid_kind] then
        parts[#parts + 1] = (state.trouble and "" or "last ") .. self.track:problem(state.unsaid)
      end
      has[state.unsaid_kind] = true
      note_said(self, state)
    end
  end
  return table.concat(parts, ", ")
end

-- The first line, once, when the wait is under way: what ends before anything was sent, as a
-- mistake does, is no wait.
local function announce(self)
  if not self.is_due then return end
  self.is_due = false
  local jobs = self.track.jobs
  write(self, self.task or #jobs == 1 and ("waiting for job " .. self.screen:safe(jobs[1].id))
    or ("waiting for %d jobs"):format(#jobs))
end

function lines_methods:begin()
  self.is_due = true
end

--- A fault gets a line when it begins, not at each further attempt, and a minute later.
---@param event table
function lines_methods:event(event)
  local state = self.track.jobs[event.index or 1]
  self.track:event(event)
  if event.type ~= "done" then announce(self) end
  local stage = self.track:stage(state)
  if event.type == "change" and stage ~= state.shown
    or event.type == "retry" and hear(self, state) then
    state.shown = stage
    write(self, ("%s: %s"):format(self.screen:safe(state.id), describe(self, state)))
  end
end

function lines_methods:tick()
  if not self.task or self.now() - self.began >= QUICK then announce(self) end
  if self.now() - self.last < HEARTBEAT then return end
  write(self, ("%s, after %s"):format(sum_up(self), age(self)))
end

function lines_methods.clear() end

function lines_methods.finish() end

return lines
