-- SPDX-License-Identifier: MIT
-- cli.results: the results of a run: written in the form that was asked for, explained on stderr,
-- summed up as an exit code. Owns the records. Called by ges.cli.status and ges.cli.wait.

local copy = require("ges.util.copy")
local exit = require("ges.cli.exit")
local output = require("ges.cli.output")
local record = require("ges.cli.record")
local resume = require("ges.cli.resume")

local results = {}

---@class ges.cli.Results
local results_methods = {}
local results_mt = { __index = results_methods }

---@param ctx ges.cli.Context
---@return ges.cli.Results
function results.new(ctx)
  local values = ctx.values
  return setmetatable({
    ctx = ctx, form = output.form(values.output), records = {}, many = #ctx.jobs > 1,
    header = not values.no_header, warn = results.warner(ctx),
  }, results_mt)
end

--- A function that writes each of the warnings in an info, or in none, once.
---@param ctx ges.cli.Context
---@return fun(info?: ges.Info)
function results.warner(ctx)
  local written = {}
  return function(info)
    for _, warning in ipairs(not ctx.values.quiet and info and info.warnings or {}) do
      if not written[warning] then ctx.message("warning: " .. warning) end
      written[warning] = true
    end
  end
end

--- Takes the result of one job, the first time. Forms that are written by job are written here,
--- other forms by `finish`.
---@param index integer the job's place
---@param job ges.Job?
---@param err string?
---@param info ges.Info
---@param code integer
function results_methods:add(index, job, err, info, code)
  if self.records[index] then return end
  local values = self.ctx.values
  local ids = { project_id = values.project_id, graph_id = values.graph_id,
    job_id = self.ctx.jobs[index] }
  local made = record.new(ids, job, err, info, code)
  self.records[index] = made
  made.text = err
  self.warn(info)
  if self.form.by_job then self:write({ made }) end
end

--- Writes records without `text`, which is for the explanation only.
function results_methods:write(records)
  local plain = {}
  for i, made in ipairs(records) do
    plain[i] = copy(made)
    plain[i].text = nil
  end
  self.ctx.clear()
  self.ctx.screen:write(self.form.records(self.ctx.screen, plain, self.many, self.header))
end

-- Why a job is not a success, on stderr.
local function explain(self, made)
  if made.exit_code == exit.OK then return end
  local kind, message = made.error and made.error.kind, record.message(made)
  if kind and not kind:find("^job_") then
    message = made.text
    if self.many then message = ("%s: %s"):format(made.job_id, (message:gsub("^ges: ", ""))) end
  else
    local how = made.outcome == "partial" and "succeeded in part" or made.outcome == "unknown"
      and "ended with an unknown status" or "failed"
    message = (message or tostring(made.status)):gsub("^job %a+[%a ]*: ", "")
    message = ("job %s %s: %s"):format(made.job_id, how, message)
  end
  self.ctx.message(message)
end

--- Writes what `add` has not written, explains failures, and returns the worst exit code.
---@return integer
function results_methods:finish()
  if not self.form.by_job then self:write(self.records) end
  local open = {}
  for _, made in ipairs(self.records) do
    explain(self, made)
    if made.exit_code == exit.DEADLINE then open[#open + 1] = made.job_id end
  end
  if #open > 0 then self.ctx.message(resume.text(self.ctx, open)) end
  return record.worst(self.records)
end

return results
