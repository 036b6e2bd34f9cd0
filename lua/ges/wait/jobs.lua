-- SPDX-License-Identifier: MIT
-- roster: whose jobs a waiting call is for, as small as it can be kept.
-- Of ten thousand jobs most are not asked about for a long while, and until then this is all there
-- is of them: what a job names itself, and once what the call names for all. Owns the ids; the
-- caller's own tables are read when the call begins, and never again. Called by ges.wait and the
-- scheduler.

local roster_methods = {}
local roster_mt = { __name = "ges.wait.jobs", __index = roster_methods }

local roster = {}

--- A roster without jobs yet.
---@param common { project_id?: string, graph_id?: string, job_id?: string } for all that name none
function roster.new(common)
  return setmetatable({
    n = 0, project = common.project_id, graph = common.graph_id, job = common.job_id,
    projects = {}, graphs = {}, jobs = {},
  }, roster_mt)
end

--- Adds a job; what it does not name is the call's.
---@param project? string
---@param graph? string
---@param job? string
function roster_methods:add(project, graph, job)
  local n = self.n + 1
  self.n, self.projects[n], self.graphs[n], self.jobs[n] = n, project, graph, job
end

--- The ids of the n-th job.
---@return string? project
---@return string? graph
---@return string? job
function roster_methods:ids(n)
  return self.projects[n] or self.project, self.graphs[n] or self.graph, self.jobs[n] or self.job
end

return roster
