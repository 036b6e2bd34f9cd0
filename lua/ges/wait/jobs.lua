-- SPDX-License-Identifier: MIT
-- wait.jobs: whose jobs a waiting call is for, as small as it can be kept.
-- Of ten thousand jobs most are not asked about for a long while, and until then this is all there
-- is of them: what a job names itself, and once what the call names for all. Owns the ids; the
-- caller's own tables are read when the call begins, and never again. Called by ges.wait and the
-- scheduler.

local methods = {}
local jobs_mt = { __name = "ges.wait.jobs", __index = methods }

local jobs = {}

local NONE = {}

--- The jobs of a call.
---@param request userdata of core.prepare: the ids for all that name none
---@param lists? { n: integer, project_id: string[], graph_id: string[], job_id: string[] } what
--- core.prepare made of the option `jobs`; without it there is one job, that of the request
function jobs.new(request, lists)
  local project, graph, job = request:ids()
  lists = lists or { n = 1, project_id = NONE, graph_id = NONE, job_id = NONE }
  return setmetatable({
    n = lists.n, project = project, graph = graph, job = job,
    projects = lists.project_id, graphs = lists.graph_id, jobs = lists.job_id,
  }, jobs_mt)
end

--- The ids of the n-th job.
---@return string? project
---@return string? graph
---@return string? job
function methods:ids(n)
  return self.projects[n] or self.project, self.graphs[n] or self.graph, self.jobs[n] or self.job
end

return jobs
