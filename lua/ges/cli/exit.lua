-- SPDX-License-Identifier: MIT
-- cli.exit: what the command exits with. Exit codes are an interface: they change with a major
-- version only. Owns which code is worse than which and what a code means; the code of a kind is
-- the kind's own (src/engine/kind.h). Called by bin/ges and the files of ges.cli.

local failure = require("ges.error")

local exit = {}

--- The code of an error kind.
---@param kind string?
---@return integer
function exit.of_kind(kind)
  return failure.about(kind).exit_code
end

-- name      of the code in this program
-- kind      an error kind that ends so, or the code itself where no kind does
-- meaning   what --help and the man page say
-- From good to bad: of several jobs the worst code counts.
local ROWS = {
  { "OK", 0, "success" },
  { "PARTIAL", "job_partial", "the job succeeded in part" },
  { "FAILED", "job_failed", "the job failed" },
  { "USAGE", "argument", "usage error, or a value was refused" },
  { "NOT_FOUND", "not_found", "no such job or graph" },
  { "AUTH", "auth", "no valid credentials, or no permission" },
  { "SERVICE", "unavailable", "the service could not be reached, or failed" },
  { "UNKNOWN", "protocol", "the answer is invalid or too large, or the status is unknown" },
  { "DEADLINE", "deadline", "timed out; the job is still running" },
  { "SIGINT", "cancelled", "interrupted (Ctrl-C); the job continues" },
  { "SIGTERM", 143, "terminated (SIGTERM); the job continues" },
  { "OUTPUT", 8, "the output could not be written" },
  { "BROKEN", 70, "the command cannot start, or has a bug; the job's state is unknown" },
}

local RANK = {}

--- Rows of a code and its meaning, by code.
exit.MEANING = {}

for rank, row in ipairs(ROWS) do
  local name, kind, meaning = row[1], row[2], row[3]
  local code = type(kind) == "string" and exit.of_kind(kind) or kind
  exit[name], RANK[code], exit.MEANING[rank] = code, rank, { code, meaning }
end

table.sort(exit.MEANING, function(a, b) return a[1] < b[1] end)

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

--- The codes of jobs that are no success, the worst first: "124, 7, ...".
---@return string
function exit.worst_first()
  local codes = {}
  for rank = RANK[exit.DEADLINE], RANK[exit.PARTIAL], -1 do
    codes[#codes + 1] = exit[ROWS[rank][1]]
  end
  return table.concat(codes, ", ")
end

return exit
