-- SPDX-License-Identifier: MIT
-- Starts a job: reads a call of ges.sim.service.actions and stores what it asks for.
-- Owns nothing. Called by ges.sim.service only.

local faults = require "ges.sim.service.faults"
local graphs = require "ges.sim.service.graphs"
local headers = require "ges.sim.service.headers"
local jobs = require "ges.sim.service.jobs"
local members = require "ges.sim.service.members"
local reply = require "ges.sim.service.reply"

local start = {}

-- The files that a path stands for: itself, or `count` parts where it is a folder or has parts.
local function expand(path, count)
  if count == 1 and path:sub(-1) ~= "/" then
    return { path }
  end
  local stem = path:gsub("%.csv$", "")
  local form = stem:sub(-1) == "/" and "%spart-%05d.csv" or "%s-%05d.csv"
  local parts = {}
  for i = 1, count do
    parts[i] = form:format(stem, i)
  end
  return parts
end

-- The files of an import, in the order in which they are read.
local function import_files(ctx, body, count)
  local sets = {}
  for _, name in ipairs { "schema_path", "vertexset_path", "edgeset_path" } do
    local path = reply.text_member(ctx, body, name)
    local paths = path and (name == "schema_path" and { path } or expand(path, count))
    sets[#sets + 1] = paths and { list = name, paths = paths }
  end
  return sets
end

-- Whether a body has one member of a list at least.
local function has_one(ctx, body, names)
  for _, name in ipairs(names) do
    if reply.text_member(ctx, body, name) then return true end
  end
  return false
end

-- The body of a call: {} where none was sent and none is needed; nil and a refusal of a wrong one.
local function read_body(ctx, action)
  local is_empty = ctx.request.body == ""
  if is_empty and (not action.body or action.optional) then
    return {}
  end
  local body = reply.says_json(ctx) and reply.decode(ctx) or action.delete and {}
  if not body then
    return nil, reply.ges(ctx, 400, "GES.7016", "The request header or body is invalid.")
  end
  local wrong = action.body and members.find_wrong(ctx, body, action.body)
    or action.also and action.also(body)
  if not wrong and action.one_of and not has_one(ctx, body, action.one_of) then
    wrong = table.concat(action.one_of, " and ") .. " are both missing"
  end
  return not wrong and body or nil, wrong and reply.bad_parameter(ctx, wrong)
end

-- The body of a call and how its job is to live, or nil, nil and the refusal.
local function read_call(ctx, action)
  local wrong = action.query and members.find_wrong(ctx, ctx.request.query, action.query)
  if wrong then
    return nil, nil, reply.bad_parameter(ctx, wrong)
  end
  local body, refusal = read_body(ctx, action)
  local plan
  if body then
    plan, wrong = headers.read(ctx, headers.job, body)
    refusal = wrong and reply.bad_parameter(ctx, wrong)
  end
  if plan then
    plan.pending = math.min(plan.pending or math.min(plan.seconds / 10, 2), plan.seconds)
  end
  return body, plan, refusal
end

local function make_record(ctx, action, plan, body, project, graph)
  local reason = plan.fail_reason
  if plan.outcome == "failed" and not reason then
    reason = action.import and "The data files do not match the schema" or "The job failed"
  end
  return {
    project = project, graph = graph, name = action.job_name,
    graph_name = action.create and body.graph.name or graphs.name(ctx, project, graph),
    started = ctx.now, seconds = plan.seconds, pending = plan.pending, outcome = plan.outcome,
    fail_reason = plan.outcome ~= "success" and reason or nil, lines = plan.lines,
    log_dir = action.import and reply.text_member(ctx, body, "log_dir") or nil,
    files = action.import and import_files(ctx, body, plan.files) or nil,
  }
end

-- What the service answers: a new graph's job is not named.
local function answer(ctx, action, body, graph, job_id)
  if action.create then
    return reply.json(ctx, 200, { id = graph, name = body.graph.name })
  end
  local backup_id = action.backup and reply.hex_id(ctx) or nil
  return reply.json(ctx, 200, { job_id = job_id, backup_id = backup_id })
end

--- Starts a job.
---@param action table of ges.sim.service.actions
---@param graph string|nil the graph's id; nil for a new graph
---@return table response 200, or a refusal
function start.job(ctx, action, project, graph)
  local body, plan, refusal = read_call(ctx, action)
  if plan and action.create then
    refusal = graphs.refuse_name(ctx, project, body.graph.name)
    graph = reply.uuid(ctx)
  elseif plan then
    refusal = graphs.refuse(ctx, project, graph)
  end
  if refusal then
    return refusal
  end
  local id = jobs.add(ctx, make_record(ctx, action, plan, body, project, graph))
  if not id then
    return reply.ges(ctx, 500, "GES.7006", "Internal engine error. Try again later.")
  end
  if action.create then
    graphs.add(ctx, project, graph, id, body.graph)
  elseif action.delete then
    graphs.delete(ctx, project, graph, id)
  end
  for _, fault in ipairs(plan.faults) do
    faults.add(ctx, "job:" .. id, fault)
  end
  ctx.count(action.import and "imports" or "other_starts")
  return answer(ctx, action, body, graph, id)
end

return start
