-- SPDX-License-Identifier: MIT
-- cli.results: the results of a run: written in the form that was asked for, explained on stderr,
-- summed up as an exit code. Owns the records. Called by ges.cli.status, wait, watch
-- and listing.

local exit = require("ges.cli.exit")
local failure = require("ges.error")
local job_of = require("ges.job")
local output = require("ges.cli.output")
local record = require("ges.cli.record")
local resume = require("ges.cli.resume")
local text = require("ges.cli.text")

local results = {}
local REASON_MOST = 1000  -- columns; the record has the whole

---@class ges.cli.Results
local results_methods = {}
local results_mt = { __index = results_methods }

---@param ctx ges.cli.Context
---@return ges.cli.Results
function results.new(ctx)
  local values = ctx.values
  return setmetatable({
    ctx = ctx, form = output.form(values.output), entries = {},
    many = #ctx.jobs > 1 or values.running == true, is_listed = values.running == true,
    header = not values.no_header,
  }, results_mt)
end

-- Keeps the record of one job, with the text that explains it, unless there is one.
local function keep(self, index, job, err, info, code)
  if self.entries[index] then return nil end
  local values = self.ctx.values
  local ids = { project_id = values.project_id, graph_id = values.graph_id,
    job_id = self.ctx.jobs[index] }
  local entry = { made = record.new(ids, job, err, info, code), text = err, job = info.job,
    is_written = false }
  self.entries[index] = entry
  return entry
end

-- Writes the records of these entries that were not written. One counts as written before its bytes
-- leave: a signal in the middle may cut it, but nothing is written twice.
local function write(self, entries)
  local list = {}
  for _, entry in ipairs(entries) do
    if not entry.is_written then
      entry.is_written = true
      list[#list + 1] = entry.made
    end
  end
  if #list == 0 then return end
  self.ctx.clear()
  self.ctx.screen:write(self.form.records(self.ctx.screen, list, self.many, self.header))
end

--- Takes the result of one job, the first time. Forms that are written by job are written here,
--- other forms by `finish`.
---@param index integer the job's place
---@param job ges.Job?
---@param err string?
---@param info ges.Info
---@param code integer
function results_methods:add(index, job, err, info, code)
  local entry = keep(self, index, job, err, info, code)
  if not entry then return end
  self.ctx.warn(info)
  if self.form.by_job then write(self, { entry }) end
end

--- Says on stderr why a job is not a success. What a signal has ended is said once for all.
---@param ctx ges.cli.Context
---@param made table the job's record
---@param err? string
---@param is_many? boolean the job is one of several
function results.explain(ctx, made, err, is_many)
  local kind = made.error and made.error.kind
  if made.exit_code == exit.OK or kind == "cancelled" then return end
  local message
  if kind and not kind:find("^job_") then
    message = is_many and ("job %s: %s"):format(made.job_id, (err:gsub("^ges: ", ""))) or err
  else
    local reason = text.cut(ctx.screen:safe(record.reason(made)), REASON_MOST, ctx.screen.mark)
    message = ("job %s %s: %s"):format(made.job_id, job_of.verdict(made.outcome), reason)
  end
  ctx.message(message)
end

-- Whether the service has said that a job runs: in an answer about it, or in the list of what runs.
local function is_seen(self, job)
  return job ~= nil or self.is_listed
end

-- Explains all failures. The command that goes on has the jobs that still run, and those that did
-- not succeed, without which its exit code would say too little.
local function explain_all(self)
  local open, again, is_known = {}, {}, true
  for _, entry in ipairs(self.entries) do
    local made = entry.made
    results.explain(self.ctx, made, entry.text, self.many)
    if failure.goes_on(made.error and made.error.kind, entry.job) then
      open[#open + 1] = made.job_id
      is_known = is_known and is_seen(self, entry.job)
    end
    if made.exit_code ~= exit.OK then again[#again + 1] = made.job_id end
  end
  if #open > 0 and self.ctx.spec.resumes then
    self.ctx.message(resume.text(self.ctx, open, is_known, again))
  end
end

--- Writes what `add` has not written, explains failures, and returns the worst exit code.
---@return integer
function results_methods:finish()
  write(self, self.entries)
  explain_all(self)
  local code = exit.OK
  for _, entry in ipairs(self.entries) do code = exit.worse(code, entry.made.exit_code) end
  return code
end

--- Writes and explains what is known when a signal ends the run. One job that still runs has no
--- result to write; of several each has a record.
---@param states table[] of ges.cli.Track
---@param code integer of the signal
---@param how string what the signal did to the run, in one word
function results_methods:break_off(states, code, how)
  for index, state in ipairs(states) do
    local job = state.job
    local info = { attempts = state.polls, elapsed = state.elapsed, job = job }
    if job and state.over then
      keep(self, index, job, nil, info, exit.of_job(job_of.summary(job), self.ctx.values.accept))
    else
      info.kind, info.retryable = "cancelled", false
      info.message = ("%s; %s"):format(how, resume.outlook(1, is_seen(self, job)))
      local entry = keep(self, index, nil, "ges: cancelled: " .. info.message, info, code)
      if entry then entry.is_written = not self.many end
    end
  end
  write(self, self.entries)
  explain_all(self)
end

return results
