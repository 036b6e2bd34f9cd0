-- SPDX-License-Identifier: MIT
-- The simulated management plane of GES and the part of IAM it needs: a request in, a response out.
-- Pure: no I/O, no clock, no randomness; all that lasts is in the store that the caller hands in.
--
--   local service = require("ges.sim.service").new{ json = codec, digest = digest }
--   local response = service:handle(request, state, now)
--
-- request   { method, path (as sent), query (name -> text or list), headers (lower-case names),
--             body, host, tls, remote }
-- response  { status, headers, body, delay (seconds to wait first), drop (close instead),
--             cut (send so many bytes of the body, then close) }
-- state     get(key), set(key, value, ttl), incr(key, by, init) as methods: nginx's shared dict, or
--           ges.sim.service.store
-- now       seconds since the epoch, fractions allowed
--
-- It answers, below /v2/{project_id}/graphs (the calls that start a job: ges.sim.service.actions):
--   GET  /{graph_id}/jobs/{job_id}/status      POST /{graph_id}/import-graph, /stop, ...
--   GET  /jobs (a list, with filters)          POST "" (a new graph)
--   GET  /{graph_id}                           DELETE /{graph_id}
-- of IAM (ges.sim.service.iam) POST /v3/auth/tokens, GET /v3/projects, /v3/auth/projects,
-- /v3/auth/catalog and /v3/auth/domains; and for tests, from loopback only:
--   POST and DELETE /sim/faults (ges.sim.service.faults), GET /sim/stats[?job_id=]
--
-- Owns the store's keys "stat:" and "polls:". Called by ges.sim.nginx.worker, and by specs
-- with a clock and a store of their own.

local actions = require "ges.sim.service.actions"
local auth = require "ges.sim.service.auth"
local defaults = require "ges.sim.service.defaults"
local faults = require "ges.sim.service.faults"
local graphs = require "ges.sim.service.graphs"
local headers = require "ges.sim.service.headers"
local iam = require "ges.sim.service.iam"
local jobs = require "ges.sim.service.jobs"
local reply = require "ges.sim.service.reply"
local start = require "ges.sim.service.start"

local service = {}

local max_header = 32 * 1024
local max_headers = 128 * 1024
local max_body = 12 * 1024 * 1024
local counters = { "requests", "polls", "logins", "imports", "other_starts", "lists", "projects",
  "graphs", "unauthorized", "faults" }

-- What may stand where a graph's id does, and is another call of the service.
local not_graphs = { jobs = true, backups = true, quotas = true, metadatas = true, metadata = true,
  scenes = true }

local function decode_segment(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- A path in its decoded segments; an empty one (a final slash) is kept, and matches nothing.
local function split_path(path)
  local segments = {}
  for segment in path:gmatch("/([^/]*)") do
    segments[#segments + 1] = decode_segment(segment)
  end
  return segments
end

-- Of an id in a path, or of one that the call does not have.
local function is_id(text)
  return text == nil
    or text:find("^[%w._~%-]+$") ~= nil and #text <= 128 and text ~= "." and text ~= ".."
end

local function show_job(ctx, project, graph, id)
  local record = jobs.find(ctx, project, graph, id)
  if not record then
    return reply.no_job(ctx, id)
  end
  ctx.state:incr("polls:" .. id, 1, 0)
  return reply.json(ctx, 200, jobs.view(ctx, record, id))
end

local function status_call(graph, job)
  return { kind = "status", graph = graph, job = job, run = function(ctx, project)
    return show_job(ctx, project, graph, job)
  end }
end

local function graph_call(graph)
  return { kind = "graph", graph = graph, run = function(ctx, project)
    return graphs.show(ctx, project, graph)
  end }
end

local function start_call(action, graph)
  return { kind = "start", graph = graph, run = function(ctx, project)
    return start.job(ctx, action, project, graph)
  end }
end

-- The method and the path below /v2/{project_id}/graphs -> what to do: the kind of call, the graph
-- and the job that the path names, and a function of (ctx, project) that does it.
local function find_call(method, segments)
  local graph, count = segments[4], #segments
  if method == "POST" and count == 3 then
    return start_call(actions.create)
  elseif not graph then
    return nil
  elseif method == "GET" and count == 7 and segments[5] == "jobs" and segments[7] == "status" then
    return status_call(graph, segments[6])
  elseif method == "GET" and count == 4 and graph == "jobs" then
    return { kind = "list", run = jobs.list }
  elseif not_graphs[graph] or graph == "" then
    return nil
  elseif method == "GET" and count == 4 then
    return graph_call(graph)
  end
  local action = actions.of_graph[method .. " " .. table.concat(segments, "/", 5)]
  return action and start_call(action, graph)
end

local counted_as = { status = "polls", list = "lists", graph = "graphs" }

local function authorized(ctx, call, project)
  local identity, refusal = auth.identify(ctx)
  refusal = refusal or auth.refuse_project(ctx, identity, project)
  if not refusal and not (is_id(call.graph) and is_id(call.job)) then
    refusal = reply.bad_parameter(ctx, "an id of the path")
  end
  return refusal or call.run(ctx, project)
end

local function management(ctx, segments)
  local call = find_call(ctx.request.method, segments)
  if not call then
    return reply.no_api(ctx)
  end
  if counted_as[call.kind] then
    ctx.count(counted_as[call.kind])
  end
  local unknown = headers.unknown(ctx, call.kind == "start" and headers.job or {})
  if unknown then
    return reply.bad_parameter(ctx, "unknown header " .. unknown)
  end
  return faults.around(ctx, call.kind, call.job, function()
    return authorized(ctx, call, segments[2])
  end)
end

local function stats(ctx)
  local body = {}
  for _, name in ipairs(counters) do
    body[name] = ctx.state:get("stat:" .. name) or 0
  end
  local job_id = ctx.request.query.job_id
  if type(job_id) == "string" then
    body.job_polls = ctx.state:get("polls:" .. job_id) or 0
  end
  return reply.json(ctx, 200, body)
end

local function is_loopback(request)
  local remote = request.remote
  return remote == nil or remote == "::1" or remote:find("^127%.") ~= nil
end

local function control(ctx)
  if not is_loopback(ctx.request) then
    return reply.json(ctx, 403, { error = "the controls answer on loopback only" })
  end
  local call = ctx.request.method .. " " .. ctx.path
  if call == "POST /sim/faults" then
    return faults.post(ctx)
  elseif call == "DELETE /sim/faults" then
    return faults.clear(ctx)
  elseif call == "GET /sim/stats" then
    return stats(ctx)
  end
  return reply.no_api(ctx)
end

-- The calls of IAM: what they are counted as, their kind for faults, and what answers.
local iam_calls = {
  ["POST /v3/auth/tokens"] = { "logins", "login", iam.login },
  ["GET /v3/projects"] = { "projects", "projects", iam.projects },
  ["GET /v3/auth/projects"] = { "projects", "projects", iam.projects },
  ["GET /v3/auth/domains"] = { "projects", "projects", iam.domains },
  ["GET /v3/auth/catalog"] = { "projects", "projects", iam.catalog },
}

local function route(ctx)
  local segments = split_path(ctx.request.path)
  local iam_call = iam_calls[ctx.request.method .. " " .. ctx.request.path]
  if iam_call then
    ctx.count(iam_call[1])
    local unknown = headers.unknown(ctx, iam_call[2] == "login" and headers.login or {})
    if unknown then
      return reply.iam(ctx, 400, "Bad Request", "Unknown header " .. unknown)
    end
    return faults.around(ctx, iam_call[2], nil, function() return iam_call[3](ctx) end)
  elseif segments[1] == "sim" then
    return control(ctx)
  elseif segments[1] == "v2" and segments[3] == "graphs" then
    return management(ctx, segments)
  end
  return reply.no_api(ctx)
end

-- The limits of the gateway. A GET may have a body: the SDK for Node sends "{}" with each.
local function refuse_shape(ctx)
  local request, total = ctx.request, 0
  for name, value in pairs(request.headers) do
    total = total + #name + #value
    if #value > max_header then
      return 494
    end
  end
  if total > max_headers then
    return 494
  elseif #request.path > max_header then
    return 414
  elseif #request.body > max_body then
    return 413
  end
end

local function make_context(self, request, state, now)
  local ctx = { request = request, state = state, now = now,
    json = self.json, digest = self.digest, config = self.config }
  ctx.path = decode_segment(request.path)
  ctx.request_id = reply.hex_id(ctx)
  function ctx.count(name)
    state:incr("stat:" .. name, 1, 0)
  end
  return ctx
end

local shape_messages = {
  [400] = "Bad request.", [404] = "Not found.", [405] = "Method not allowed.",
  [413] = "Request body too large.", [414] = "Request URI too large.",
  [494] = "Request headers too large.", [500] = "The simulator failed: see its error.log.",
  [501] = "Not implemented.", [505] = "HTTP version not supported.",
}

local methods = {}

--- Refuses a request that never became one (the server's own 400, 413, 414, 494 ...).
---@param status integer
---@return table response
function methods:refuse(status, request, state, now)
  local ctx = make_context(self, request, state, now)
  return reply.gateway(ctx, status, "0201", shape_messages[status] or "Bad request.")
end

--- Answers one request.
---@param request table
---@param state table
---@param now number
---@return table response
function methods:handle(request, state, now)
  local ctx = make_context(self, request, state, now)
  ctx.count "requests"
  local shape = refuse_shape(ctx)
  local response = shape and reply.gateway(ctx, shape, "0201", shape_messages[shape]) or route(ctx)
  if response.status == 401 then
    ctx.count "unauthorized"
  end
  return response
end

---@class ges.sim.Service
---@field handle fun(self, request: table, state: table, now: number): table
---@field refuse fun(self, status: integer, request: table, state: table, now: number): table

--- A simulated service.
---@param options table json: a codec with cjson's encode, decode and null; digest: { sha256(text),
---  hmac(key, text) } in hexadecimal digits, without which no access key is known; and what
---  ges.sim.service.defaults has
---@return ges.sim.Service
function service.new(options)
  local self = { json = options.json, digest = options.digest, config = {} }
  for name, default in pairs(defaults) do
    self.config[name] = options[name] or default
  end
  if not self.digest then self.config.keys = {} end
  return setmetatable(self, { __index = methods })
end

return service
