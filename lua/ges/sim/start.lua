-- SPDX-License-Identifier: MIT
-- The calls that start a job: import, export, stop, start, delete, backups and their like.
-- Owns nothing but the table of actions. Called by ges.sim only.
--
-- How the job lives is chosen by the call that starts it, through extra request headers or through
-- the members of an object "sim" in its JSON body (headers win):
--
--   header              member       meaning
--   X-Sim-Seconds       seconds      from the call to the job's end, 0 to 604800 (default 10)
--   X-Sim-Pending       pending      of these, spent pending (default a tenth, at most 2)
--   X-Sim-Outcome       outcome      success (default), failed or partiallyFailed
--   X-Sim-Files         files        files in each of an import's two sets, 1 to 200 (default 1)
--   X-Sim-Lines         lines        lines in each file, 0 to 1e9 (default 1000)
--   X-Sim-Fail-Reason   fail_reason  text of fail_reason, up to 512 bytes
--   X-Sim-Faults        faults       faults of this job's own status calls (ges.sim.faults)

local faults = require "ges.sim.faults"
local jobs = require "ges.sim.jobs"
local reply = require "ges.sim.reply"

local start = {}

local max_path = 1024

local knobs = {
  { name = "seconds", header = "x-sim-seconds", low = 0, high = 604800, default = 10 },
  { name = "pending", header = "x-sim-pending", low = 0, high = 604800 },
  { name = "files", header = "x-sim-files", low = 1, high = 200, default = 1, whole = true },
  { name = "lines", header = "x-sim-lines", low = 0, high = 1e9, default = 1000, whole = true },
}

local function bad_parameter(ctx, name)
  return nil, reply.ges(ctx, 400, "GES.0001", ("Parameter error: %s."):format(name))
end

local function chosen(ctx, body, name, header)
  return ctx.request.headers[header] or reply.member(ctx, reply.member(ctx, body, "sim"), name)
end

local function read_number(ctx, body, knob)
  local value = chosen(ctx, body, knob.name, knob.header)
  if value == nil then
    return true, knob.default
  end
  local number = tonumber(value)
  local fits = number and number >= knob.low and number <= knob.high
  if not fits or knob.whole and number % 1 ~= 0 then
    return false
  end
  return true, number
end

-- The choices of the table above, checked; nil and a refusal for a value that is not allowed.
local function read_knobs(ctx, body)
  local plan = {}
  for _, knob in ipairs(knobs) do
    local ok, number = read_number(ctx, body, knob)
    if not ok then
      return bad_parameter(ctx, knob.header)
    end
    plan[knob.name] = number
  end
  plan.pending = math.min(plan.pending or math.min(plan.seconds / 10, 2), plan.seconds)
  plan.outcome = chosen(ctx, body, "outcome", "x-sim-outcome") or "success"
  if not jobs.ends[plan.outcome] then
    return bad_parameter(ctx, "x-sim-outcome")
  end
  local reason = chosen(ctx, body, "fail_reason", "x-sim-fail-reason")
  plan.fail_reason = reason
  if reason ~= nil and (type(reason) ~= "string" or #reason > 512) then
    return bad_parameter(ctx, "x-sim-fail-reason")
  end
  local list, fault = faults.parse(ctx, chosen(ctx, body, "faults", "x-sim-faults"))
  if not list then
    return bad_parameter(ctx, "x-sim-faults: " .. fault)
  end
  plan.faults = list
  return plan
end

local function is_path(value)
  return type(value) == "string" and #value > 0 and #value <= max_path and not value:find("%c")
end

-- What each member of a body must be. Each check takes a value that is present.
local import_members = {
  edgeset_path = is_path, vertexset_path = is_path, schema_path = is_path, log_dir = is_path,
  edgeset_format = function(v) return v == "csv" end,
  vertexset_format = function(v) return v == "csv" end,
  edgeset_default_label = is_path, vertexset_default_label = is_path,
  delimiter = function(v) return type(v) == "string" and #v >= 1 and #v <= 8 end,
  trim_quote = function(v) return type(v) == "string" and #v <= 8 end,
  offline = function(v) return type(v) == "boolean" end,
  parallel_edge = function(v) return type(v) == "table" end,
}
local edge_members = {
  action = function(v) return v == "allow" or v == "ignore" or v == "override" end,
  ignore_label = function(v) return type(v) == "boolean" end,
}
local export_members = {
  graph_export_path = is_path, edge_set_name = is_path, vertex_set_name = is_path,
  schema_name = is_path,
}

-- The first member, in the order of their names, that fails its check.
local function find_wrong(ctx, object, checks)
  local wrong
  for name, check in pairs(checks) do
    local value = reply.member(ctx, object, name)
    if value ~= nil and not check(value) and (not wrong or name < wrong) then
      wrong = name
    end
  end
  return wrong
end

local function check_import(ctx, body)
  local wrong = find_wrong(ctx, body, import_members)
    or find_wrong(ctx, reply.member(ctx, body, "parallel_edge"), edge_members)
  if wrong then
    return bad_parameter(ctx, wrong)
  end
  if not (reply.member(ctx, body, "edgeset_path") or reply.member(ctx, body, "vertexset_path")) then
    return bad_parameter(ctx, "edgeset_path and vertexset_path are both missing")
  end
  return true
end

local function check_export(ctx, body)
  for name, check in pairs(export_members) do
    local value = reply.member(ctx, body, name)
    if value == nil or not check(value) then
      return bad_parameter(ctx, name)
    end
  end
  return true
end

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
    local path = reply.member(ctx, body, name)
    local paths = path and (name == "schema_path" and { path } or expand(path, count))
    sets[#sets + 1] = paths and { list = name, paths = paths }
  end
  return sets
end

-- ImportGraph and DeleteGraph are names that the service uses; the others are formed after them.
local actions = {
  ["POST import-graph"] = { job_name = "ImportGraph", check = check_import, import = true },
  ["POST export-graph"] = { job_name = "ExportGraph", check = check_export },
  ["POST clear-graph"] = { job_name = "ClearGraph" },
  ["POST stop"] = { job_name = "StopGraph" },
  ["POST start"] = { job_name = "StartGraph" },
  ["POST restart"] = { job_name = "RestartGraph" },
  ["POST upgrade"] = { job_name = "UpgradeGraph" },
  ["POST resize"] = { job_name = "ResizeGraph" },
  ["POST expand"] = { job_name = "ExpandGraph" },
  ["POST backups"] = { job_name = "CreateBackup", backup = true },
  ["POST backups/export"] = { job_name = "ExportBackup" },
  ["POST backups/import"] = { job_name = "ImportBackup" },
  ["DELETE "] = { job_name = "DeleteGraph" },
}

--- The action of a method and the path below the graph ("" for the graph itself).
---@return table|nil
function start.action(method, rest)
  return actions[method .. " " .. rest]
end

-- The body of a start call: {} where none was sent and none is needed.
local function read_body(ctx, action)
  if ctx.request.body == "" and not action.check then
    return {}
  end
  local body = reply.says_json(ctx) and reply.decode(ctx)
  if not body then
    return nil, reply.ges(ctx, 400, "GES.7016", "The request header or body is invalid.")
  end
  return body
end

local function graph_name(ctx, graph)
  return ctx.config.graphs[graph] or "sim_" .. graph:sub(1, 8)
end

local function make_record(ctx, action, plan, body, project, graph)
  local reason = plan.fail_reason
  if plan.outcome == "failed" and not reason then
    reason = action.import and "The data files do not match the schema" or "The job failed"
  end
  return {
    project = project, graph = graph, graph_name = graph_name(ctx, graph), name = action.job_name,
    started = ctx.now, seconds = plan.seconds, pending = plan.pending, outcome = plan.outcome,
    fail_reason = plan.outcome ~= "success" and reason or nil, lines = plan.lines,
    log_dir = action.import and reply.member(ctx, body, "log_dir") or nil,
    files = action.import and import_files(ctx, body, plan.files) or nil,
  }
end

--- Starts a job.
---@return table response 200 with its job_id, or a refusal
function start.job(ctx, action, project, graph)
  local body, refusal = read_body(ctx, action)
  if body and action.check then
    local ok
    ok, refusal = action.check(ctx, body)
    body = ok and body
  end
  local plan
  if body then
    plan, refusal = read_knobs(ctx, body)
  end
  if not plan then
    return refusal
  end
  local id = jobs.add(ctx, make_record(ctx, action, plan, body, project, graph))
  if not id then
    return reply.ges(ctx, 500, "GES.7006", "Internal engine error. Try again later.")
  end
  for _, fault in ipairs(plan.faults) do
    faults.add(ctx, "job:" .. id, fault)
  end
  ctx.count(action.import and "imports" or "other_starts")
  local backup_id = action.backup and reply.hex_id(ctx) or nil
  return reply.json(ctx, 200, { job_id = id, backup_id = backup_id })
end

return start
