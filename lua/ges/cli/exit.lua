-- SPDX-License-Identifier: MIT
-- cli.exit: what the command exits with. Exit codes are an interface: they change with a major
-- version only. Pure; owns the table of codes. Called by the files of ges.cli.

local failure = require("ges.error")

local exit = {}

exit.OK, exit.FAILED, exit.USAGE, exit.PARTIAL = 0, 1, 2, 3
exit.AUTH, exit.NOT_FOUND, exit.SERVICE, exit.UNKNOWN = 4, 5, 6, 7
exit.OUTPUT, exit.DEADLINE, exit.SIGINT, exit.SIGTERM = 8, 124, 130, 143

-- Of several jobs the worst counts; this is the order of "worse".
local RANK = { [0] = 0, [3] = 1, [1] = 2, [2] = 3, [5] = 4, [4] = 5, [6] = 6, [7] = 7, [124] = 8,
  [130] = 9 }

--- What the table in --help and in the man page says.
exit.MEANING = {
  { 0, "success" },
  { 1, "the job failed" },
  { 2, "the command was misused, or a value was refused" },
  { 3, "the job succeeded in part" },
  { 4, "no valid credentials, or no permission" },
  { 5, "no such job or graph" },
  { 6, "the service or the way to it does not work" },
  { 7, "the answer makes no sense, is too large, or has an unknown status" },
  { 8, "the output could not be written" },
  { 124, "the time was over before the job was" },
  { 130, "interrupted (Ctrl-C); the job goes on" },
  { 143, "terminated (SIGTERM); the job goes on" },
}

--- The code of an error kind.
---@param kind string?
---@return integer
function exit.of_kind(kind)
  return failure.about(kind).exit_code
end

--- The code of a job that was asked about and not waited for: one that is under way is fine.
---@param summary ges.summary
---@param accept? string[] outcomes that count as success
---@return integer
function exit.of_job(summary, accept)
  for _, good in ipairs(accept or {}) do
    if good == summary.outcome then return exit.OK end
  end
  if not summary.done or summary.outcome == "success" then return exit.OK end
  return exit.of_kind("job_" .. summary.outcome)
end

--- The worse of two codes.
---@param a integer
---@param b integer
---@return integer
function exit.worse(a, b)
  return RANK[a] >= RANK[b] and a or b
end

return exit
