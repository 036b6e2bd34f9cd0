-- SPDX-License-Identifier: MIT
-- cli.record: the result of a job, as the command writes it. The fields are an interface, described
-- in doc/cli.md: new ones may come, none changes or goes without a new schema_version.
-- Pure; owns the version of the schema. Called by the files of ges.cli and by
-- ges.nvim.command.

local copy = require("ges.util.copy")
local job_of = require("ges.job")

local record = {}

record.SCHEMA_VERSION = 1

-- The fields of an error's info that are written. Its job is the record itself.
local ERROR_FIELDS = {
  "kind", "code", "http_status", "request_id", "authorization_message", "retryable", "retry_after",
}

--- An error as it is written.
---@param err string
---@param info ges.Info
function record.error(err, info)
  local shown = { message = info.message or err }
  for _, name in ipairs(ERROR_FIELDS) do shown[name] = info[name] end
  return shown
end

local function round(seconds)
  return seconds and math.floor(seconds * 1000 + 0.5) / 1000 or nil
end

--- One job's record: the fields of the job, then those of the command, which win where the names
--- are the same.
---@param ids { project_id?: string, graph_id: string, job_id: string }
---@param job ges.Job?
---@param err string?
---@param info ges.Info
---@param code integer the exit code of this job alone
function record.new(ids, job, err, info, code)
  job = job or info.job
  local made = copy(job or {})
  made.schema_version = record.SCHEMA_VERSION
  made.job_id, made.graph_id, made.project_id = ids.job_id, ids.graph_id, ids.project_id
  made.exit_code, made.attempts, made.elapsed = code, info.attempts, round(info.elapsed)
  made.error = err and record.error(err, info) or nil
  if job then
    made.summary = job_of.summary(job)
    made.outcome, made.summary.outcome = made.summary.outcome, nil
  end
  return made
end

--- An event of `ges watch`.
---@param ids table as for new
---@param event table
---@param time string when it came, UTC
function record.event(ids, event, time)
  return {
    schema_version = record.SCHEMA_VERSION, type = event.type, time = time,
    project_id = ids.project_id, graph_id = ids.graph_id, job_id = ids.job_id,
    attempt = event.attempt, elapsed = round(event.elapsed), delay = round(event.delay),
    job = event.job, outcome = event.job and job_of.outcome(event.job) or nil,
    warning = event.type == "warning" and event.err or nil,
    error = event.type ~= "warning" and event.err and record.error(event.err, event.info or {})
      or nil,
  }
end

--- Why the job is not a success; nil where there is no reason to give.
---@param made table
---@return string?
function record.message(made)
  if made.error then return made.error.message end
  if type(made.fail_reason) == "string" and made.fail_reason ~= "" then return made.fail_reason end
  if made.outcome == "failed" or made.outcome == "partial" then return job_of.complaint(made) end
end

--- The same behind the name of the job and what became of it.
---@param made table
---@return string
function record.reason(made)
  if made.outcome == "failed" or made.outcome == "partial" then return (job_of.reason(made)) end
  local why = type(made.fail_reason) == "string" and ": " .. made.fail_reason or ""
  return tostring(made.status) .. why
end

return record
