-- SPDX-License-Identifier: MIT
-- What a job table says: how the job went, how long it took, how much of it arrived, and why it
-- failed. Owns the service's status words: no other file compares one, but for the simulator, which
-- makes them. Pure functions of one table; the public face offers `outcome` and `summary`.

local utc = require("ges.util.utc")

local type = type
local M = {}

local OUTCOMES = {
  pending = "pending", running = "pending", waiting = "pending",
  success = "success", partiallyFailed = "partial", failed = "failed",
}

-- By the word in lower case: the service writes those of files in several ways. The words of a file
-- that is under way have no outcome.
local FILE_OUTCOMES = {
  success = "success", failed = "failed", partfailed = "partial", partiallyfailed = "partial",
  partialfailed = "partial",
}

local LISTS = { "schema_path", "edgeset_path", "vertexset_path" }

--- The names of the lists in job_detail.
M.lists = LISTS

-- Sums stop here, at the last whole number that every Lua counts exactly.
local MOST = 9007199254740992

local function check_job(job, name)
  if type(job) ~= "table" then
    error(("%s: job must be a table, got %s"):format(name, type(job)), 3)
  end
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

-- A line count as a whole number, or nil: -1 is the service's "not returned".
local function count(value)
  if type(value) ~= "number" or not (value >= 0 and value < math.huge) then return nil end
  local whole = math.floor(value)
  return whole == value and whole or nil
end

local function add(sum, value)
  local n = count(value) or 0
  return n < MOST - sum and sum + n or MOST
end

-- The files of the three lists as one list; empty for a job without detail.
local function files(job)
  local found = {}
  local detail = type(job.job_detail) == "table" and job.job_detail or {}
  for _, name in ipairs(M.lists) do
    local list = type(detail[name]) == "table" and detail[name] or {}
    for _, file in ipairs(list) do
      if type(file) == "table" then found[#found + 1] = file end
    end
  end
  return found
end

-- A file that lost lines is partial whatever its own status says, unless it failed as a whole. A
-- file with neither status nor counts has no outcome.
local function file_outcome(file)
  local word = file.status
  local outcome = FILE_OUTCOMES[word] or is_text(word) and FILE_OUTCOMES[word:lower()] or nil
  if outcome ~= "failed" and (count(file.failed_lines) or 0) > 0 then return "partial" end
  return outcome
end

-- True if a file is not a success. Every poll comes here: nothing is allocated.
local function has_lost(job)
  local detail = type(job.job_detail) == "table" and job.job_detail
  for i = 1, detail and #M.lists or 0 do
    local list = detail[M.lists[i]]
    for j = 1, type(list) == "table" and #list or 0 do
      local file = list[j]
      if type(file) == "table" and (file.failed_lines or file.status ~= "success") then
        local outcome = file_outcome(file)
        if outcome == "partial" or outcome == "failed" then return true end
      end
    end
  end
  return false
end

--- How the job went. A `success` with a file that is not one is `partial`.
---@return "pending"|"success"|"partial"|"failed"|"unknown"
function M.outcome(job)
  check_job(job, "outcome")
  local outcome = OUTCOMES[job.status] or "unknown"
  return outcome == "success" and has_lost(job) and "partial" or outcome
end

--- True if the job is over. An undocumented status does not end a job, an end time beside it does.
function M.terminal(job)
  check_job(job, "terminal")
  local outcome = OUTCOMES[job.status]
  if outcome then return outcome ~= "pending" end
  return is_text(job.end_time)
end

--- The job in numbers. Lines are the sums of what the service reported.
function M.summary(job)
  check_job(job, "summary")
  local summary = {
    outcome = M.outcome(job),
    done = M.terminal(job),
    begin_at = utc.read(job.begin_time),
    end_at = utc.read(job.end_time),
    files = { total = 0, success = 0, partial = 0, failed = 0 },
    lines = { total = 0, failed = 0, successful = 0 },
  }
  local tally, lines = summary.files, summary.lines
  for _, file in ipairs(files(job)) do
    local outcome = file_outcome(file)
    tally.total = tally.total + 1
    if outcome then tally[outcome] = tally[outcome] + 1 end
    lines.total = add(lines.total, file.total_lines)
    lines.failed = add(lines.failed, file.failed_lines)
    lines.successful = add(lines.successful, file.successful_lines)
  end
  local first, last = summary.begin_at, summary.end_at
  if first and last and last >= first then summary.duration = last - first end
  return summary
end

-- Whether each file with failed lines says how many it has; without that their sum says too little.
local function has_totals(job)
  for _, file in ipairs(files(job)) do
    if file.failed_lines and not file.total_lines then return false end
  end
  return true
end

-- The first file that says why it is not a success.
local function first_cause(job)
  for _, file in ipairs(files(job)) do
    if file_outcome(file) ~= "success" and is_text(file.cause) then
      return is_text(file.path) and ("%s (%s)"):format(file.cause, file.path) or file.cause
    end
  end
end

--- Why the job did not fully succeed: the service's reason, or without one what its files say.
--- Server text, not yet escaped.
---@return string reason
---@return boolean is_own it was made here
function M.reason(job)
  check_job(job, "reason")
  if is_text(job.fail_reason) then return job.fail_reason, false end
  local summary = M.summary(job)
  local tally, lines, parts = summary.files, summary.lines, {}
  local function say(form, n, total)
    if n > 0 then parts[#parts + 1] = form:format(n, total) end
  end
  say("%d of %d files failed", tally.failed, tally.total)
  say("%d of %d files failed in part", tally.partial, tally.total)
  say(has_totals(job) and lines.total >= lines.failed and "%d of %d lines failed"
    or "%d lines failed", lines.failed, lines.total)
  local cause = first_cause(job)
  if cause then parts[#parts + 1] = "first cause: " .. cause end
  if #parts == 0 then parts[1] = "the service gave no reason" end
  return table.concat(parts, "; "), true
end

local VERDICTS = { partial = "succeeded in part", unknown = "ended with an unknown status" }

--- What became of a job that did not fully succeed, behind its name: "failed".
---@param outcome? string
---@return string
function M.verdict(outcome)
  return VERDICTS[outcome] or "failed"
end

--- The reason as a message of its own: one that was made here says first what became of the job.
---@return string
function M.complaint(job)
  local text, is_own = M.reason(job)
  return is_own and ("job %s: %s"):format(M.verdict(M.outcome(job)), text) or text
end

-- Whether the service does not document a file's status word. Files that are under way have the
-- words of jobs.
local function is_strange(word)
  if not is_text(word) then return false end
  word = word:lower()
  return not FILE_OUTCOMES[word] and OUTCOMES[word] ~= "pending"
end

--- A sentence about the first file of a job that is over with a status word that is not known; nil
--- if there is none. The job is one that the core decoded: each poll comes here, so that nothing is
--- checked again and nothing called for a usual word. Server text, not yet escaped.
---@return string?
function M.strange(job)
  local detail = job.job_detail
  if not detail or OUTCOMES[job.status] == "pending" then return nil end
  for i = 1, #LISTS do
    local list = detail[LISTS[i]]
    for j = 1, list and #list or 0 do
      local word = list[j].status
      if not FILE_OUTCOMES[word or "success"] and is_strange(word) and M.terminal(job) then
        return ('job_detail.%s[%d] has the unknown status "%s"'):format(LISTS[i], j, word)
      end
    end
  end
end

-- The known status word that differs from this one only in case, if any.
local function near(word)
  for known in pairs(OUTCOMES) do
    if known ~= word and known:lower() == word:lower() then return known end
  end
end

-- The words that filter the list of jobs are those of a status, but for this one.
local FILTERS = { pending = "waiting" }

--- The word by which the list of jobs is filtered for a status; nil for nil.
function M.filter(status)
  return FILTERS[status] or status
end

--- The filters for what is not over, in the order in which a job goes through them.
M.open = { "waiting", "running" }

--- A sentence about a job's own status word, if it is not known. Server text, not yet escaped.
---@return string?
function M.odd(job)
  if OUTCOMES[job.status] then return nil end
  local word = tostring(job.status)
  local text, other = ('unknown job status "%s"'):format(word), near(word)
  return other and ('%s (was it meant to be "%s"? case matters)'):format(text, other) or text
end

return M
