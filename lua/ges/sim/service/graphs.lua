-- SPDX-License-Identifier: MIT
-- Graphs: their names and what is known of those that were created or deleted here. Any id that was
-- not deleted is a graph.
-- Owns the store's keys "graph:", "graph.named:" and "graph.deleted:". Called by the other files of
-- ges.sim.service.

local clock = require "ges.sim.service.clock"
local jobs = require "ges.sim.service.jobs"
local reply = require "ges.sim.service.reply"

local graphs = {}

local keep_seconds = 7 * 86400
local status_codes = { pending = "100", running = "100", failed = "303" }
local running = "200"

local function key(kind, project, id)
  return ("graph%s:%s:%s"):format(kind, project, id)
end

local function find(ctx, project, id)
  local text = ctx.state:get(key("", project, id))
  return text and ctx.json.decode(text)
end

local function status_of(ctx, project, job_id)
  local record = job_id and jobs.find(ctx, project, nil, job_id)
  return record and jobs.status(ctx, record)
end

local function is_gone(ctx, project, id)
  return status_of(ctx, project, ctx.state:get(key(".deleted", project, id))) == "success"
end

local function configured(ctx, id)
  for _, row in ipairs(ctx.config.graphs) do
    if row.id == id then return row.name end
  end
end

--- A graph's name: as it was created or configured, or one made of its id.
---@return string
function graphs.name(ctx, project, id)
  local record = find(ctx, project, id)
  return record and record.name or configured(ctx, id) or "sim_" .. id:gsub("[^%w_]", "_")
end

--- The refusal of a graph that was deleted, or is about to be; or nil.
---@return table|nil
function graphs.refuse(ctx, project, id)
  local status = status_of(ctx, project, ctx.state:get(key(".deleted", project, id)))
  if status == "success" then
    return reply.ges(ctx, 404, "GES.7000", "The graph does not exist or has been deleted.")
  elseif status == "pending" or status == "running" then
    return reply.ges(ctx, 400, "GES.7054", "The graph is being deleted.")
  end
end

--- The refusal of a new graph whose name is taken in its project, or nil.
---@return table|nil
function graphs.refuse_name(ctx, project, name)
  local id = ctx.state:get(key(".named", project, name))
  local is_taken = id and not is_gone(ctx, project, id)
  for _, row in ipairs(ctx.config.graphs) do is_taken = is_taken or row.name == name end
  if is_taken then
    return reply.ges(ctx, 400, "GES.7013", ("The graph name %s exists."):format(name))
  end
end

--- Keeps a graph that a job creates.
---@param graph table  `graph` of the call's body
function graphs.add(ctx, project, id, job_id, graph)
  local record = { name = graph.name, job_id = job_id, created = ctx.now,
    size = graph.graph_size_type_index, vpc_id = graph.vpc_id, subnet_id = graph.subnet_id,
    security_group_id = graph.security_group_id, crypt_algorithm = graph.crypt_algorithm,
    enable_https = graph.enable_https, product_type = graph.product_type, arch = graph.arch,
    enable_multi_az = graph.enable_multi_az }
  ctx.state:set(key("", project, id), ctx.json.encode(record), keep_seconds)
  ctx.state:set(key(".named", project, graph.name), id, keep_seconds)
end

--- Notes which job deletes a graph.
function graphs.delete(ctx, project, id, job_id)
  ctx.state:set(key(".deleted", project, id), job_id, keep_seconds)
end

--- GET /v2/{project_id}/graphs/{graph_id}
---@return table response
function graphs.show(ctx, project, id)
  if is_gone(ctx, project, id) then
    return graphs.refuse(ctx, project, id)
  end
  local record = find(ctx, project, id) or {}
  local status = status_codes[status_of(ctx, project, record.job_id)] or running
  local created = clock.iso(record.created or 0)
  return reply.json(ctx, 200, { graph = {
    id = id, name = graphs.name(ctx, project, id), status = status,
    created = created, updated = created, replication = 1,
    is_multi_az = tostring(record.enable_multi_az == true),
    graph_size_type_index = record.size or "1", vpc_id = record.vpc_id,
    subnet_id = record.subnet_id, security_group_id = record.security_group_id,
    crypt_algorithm = record.crypt_algorithm or "generalCipher",
    enable_https = record.enable_https or false, product_type = record.product_type or "InMemory",
    arch = record.arch or "x86_64",
  } })
end

return graphs
