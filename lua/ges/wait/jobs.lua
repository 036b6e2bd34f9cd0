-- SPDX-License-Identifier: MIT
-- wait.jobs: the ids of the jobs of a waiting call, as small as they can be kept: what each job
-- names itself, and once what the call names for all. Ten thousand jobs are little more than this
-- until they are polled. Owns the ids. Called by ges.wait and the scheduler.

local jobs = {}
jobs.__index = jobs

--- The jobs of a call.
---@param request userdata of core.prepare: the ids for all jobs that name none
---@param lists? { n: integer, project_id: string[], graph_id: string[], job_id: string[] } what
--- core.prepare made of the option `jobs`; without it there is one job, that of the request
function jobs.new(request, lists)
  local project, graph, job = request:ids()
  lists = lists or { n = 1, project_id = {}, graph_id = {}, job_id = {} }
  return setmetatable({
    n = lists.n, project = project, graph = graph, job = job,
    projects = lists.project_id, graphs = lists.graph_id, jobs = lists.job_id,
  }, jobs)
end

--- The ids of the n-th job.
---@return string? project, string? graph, string? job
function jobs:ids(n)
  return self.projects[n] or self.project, self.graphs[n] or self.graph, self.jobs[n] or self.job
end

return jobs
