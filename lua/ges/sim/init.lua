-- SPDX-License-Identifier: MIT
-- The simulated management plane of GES and the part of IAM it needs: a request in, a response out.
-- Pure: no I/O, no clock, no randomness; all that lasts is in the store that the caller hands in.
-- Owns the store's keys "seq", "stat:" and "polls:". Public: ges.sim.nginx calls it for the server,
-- and specs call it with a made-up clock.
--
--   local sim = require("ges.sim").new{ json = codec, sign = core.sign }
--   local response = sim:handle(request, state, now)
--
-- request   { method, path (as sent), query (name -> text or list), headers (lower-case names),
--             body, host, tls, remote }
-- response  { status, headers, body, delay (seconds to wait first), drop (close instead) }
-- state     get(key), set(key, value, ttl), incr(key, by, init) as methods: nginx's shared dict, or
--           ges.sim.store
-- now       seconds since the epoch, fractions allowed
--
-- It answers (below /v2/{project_id}/graphs; ges.sim.start lists the start calls):
--   GET  /{graph_id}/jobs/{job_id}/status      GET  /jobs?limit=&offset=&status=&graph_name=
--   POST /{graph_id}/import-graph, /stop, ...  DELETE /{graph_id}
-- and POST /v3/auth/tokens, GET /v3/projects?name= (ges.sim.iam). For specs, from loopback only:
--   POST /sim/faults  (ges.sim.faults)         GET  /sim/stats[?job_id=]

local auth = require "ges.sim.auth"
local faults = require "ges.sim.faults"
local iam = require "ges.sim.iam"
local jobs = require "ges.sim.jobs"
local reply = require "ges.sim.reply"
local start = require "ges.sim.start"

local sim = {}

--- The users, keys and projects of a simulator without such options. None of it is a secret.
sim.defaults = {
  projects = {
    { id = "2f6b0c94d1e84a7f9c35e0d7ab618f42", name = "eu-west-101" },
    { id = "7d19a3e5c0b24f68812f4b6de9a7053c", name = "cn-north-4" },
  },
  users = {
    { id = "5b8e21f0a9c6473db1e4708c2f9da635", name = "sim-user", password = "sim-password",
      domain = "sim-domain", domain_id = "c4a7e90b13d84f25a6087be1d25f3c98" },
  },
  keys = {
    { ak = "SIMACCESSKEY", sk = "sim-secret-key" },
    { ak = "SIMTEMPORARYKEY", sk = "sim-secret-key", security_token = "sim-security-token" },
  },
  tokens = {
    { token = "sim-token", project_id = "2f6b0c94d1e84a7f9c35e0d7ab618f42" },
    { token = "sim-token-expired", project_id = "2f6b0c94d1e84a7f9c35e0d7ab618f42",
      expires_at = 0 },
    { token = "sim-token-domain", domain = true },
    { token = "sim-token-forbidden", project_id = "2f6b0c94d1e84a7f9c35e0d7ab618f42",
      forbidden = true },
  },
  graphs = {},
}

local max_header = 32 * 1024
local max_headers = 128 * 1024
local max_body = 12 * 1024 * 1024
local counters = { "requests", "polls", "logins", "imports", "other_starts", "lists", "projects",
  "unauthorized", "faults" }

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

local function is_id(text)
  return text:find("^[%w._~%-]+$") ~= nil and #text <= 128 and text ~= "." and text ~= ".."
end

local function show_job(ctx, project, graph, id)
  local record = jobs.find(ctx, project, graph, id)
  if not record then
    return jobs.not_found(ctx, id)
  end
  ctx.state:incr("polls:" .. id, 1, 0)
  return reply.json(ctx, 200, jobs.view(ctx, record, id))
end

-- The method and the path below /v2/{project_id}/graphs -> what to do: the kind of call, the graph,
-- the job, and a function of (ctx, project) that does it.
local function find_call(method, segments)
  local graph = segments[4]
  local rest = table.concat(segments, "/", 5)
  local job = #segments == 7 and segments[5] == "jobs" and segments[7] == "status" and segments[6]
  if method == "GET" and job then
    return { kind = "status", graph = graph, job = job, run = function(ctx, project)
      return show_job(ctx, project, graph, job)
    end }
  elseif method == "GET" and #segments == 4 and graph == "jobs" then
    return { kind = "list", graph = graph, run = jobs.list }
  end
  local action = start.action(method, rest)
  return action and { kind = "start", graph = graph, run = function(ctx, project)
    return start.job(ctx, action, project, graph)
  end }
end

local counted_as = { status = "polls", list = "lists" }

local function authorized(ctx, call, project)
  local identity, refusal = auth.identify(ctx)
  refusal = refusal or auth.refuse_project(ctx, identity, project)
  if not refusal and not (is_id(call.graph) and is_id(call.job or call.graph)) then
    refusal = reply.ges(ctx, 400, "GES.0001", "Parameter error: an id of the path.")
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
  elseif call == "GET /sim/stats" then
    return stats(ctx)
  end
  return reply.no_api(ctx)
end

local function login(ctx)
  ctx.count "logins"
  return faults.around(ctx, "login", nil, function() return iam.login(ctx) end)
end

local function projects(ctx)
  ctx.count "projects"
  return iam.projects(ctx)
end

local function route(ctx)
  local segments = split_path(ctx.request.path)
  local call = ctx.request.method .. " " .. ctx.path
  if segments[1] == "sim" then
    return control(ctx)
  elseif call == "POST /v3/auth/tokens" then
    return login(ctx)
  elseif call == "GET /v3/projects" then
    return projects(ctx)
  elseif segments[1] == "v2" and segments[3] == "graphs" and segments[4] then
    return management(ctx, segments)
  end
  return reply.no_api(ctx)
end

-- The limits of the gateway, which also refuses a GET with a body.
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
  elseif request.method == "GET" and request.body ~= "" then
    return 400
  end
end

local function make_context(self, request, state, now)
  local ctx = { request = request, state = state, now = now,
    json = self.json, sign = self.sign, config = self.config }
  ctx.path = decode_segment(request.path)
  ctx.request_id = reply.hex_id(ctx)
  function ctx.count(name)
    state:incr("stat:" .. name, 1, 0)
  end
  return ctx
end

local shape_messages = { [400] = "Bad request.", [413] = "Request body too large.",
  [414] = "Request URI too large.", [494] = "Request headers too large." }

local methods = {}

--- Refuses a request that never became one (the server's own 400, 413, 414 or 494).
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

--- A simulator.
---@param options table json: a codec with cjson's encode, decode and null; sign: core.sign's
--- interface, or a function that returns nil and a reason; and what sim.defaults has
---@return table
function sim.new(options)
  local self = { json = options.json, sign = options.sign, config = {} }
  self.sign = self.sign or function() return nil, "this simulator was given no signer" end
  for name, default in pairs(sim.defaults) do
    self.config[name] = options[name] or default
  end
  return setmetatable(self, { __index = methods })
end

return sim
