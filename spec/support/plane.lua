-- A simulated management plane with a made-up clock, and short ways to call it. Owns one plane per
-- plane.new(); called by the specs of ges.sim.service.

local assert = require "luassert"
local cjson = require "cjson"
local defaults = require "ges.sim.service.defaults"
local digest = require "digest"
local place = require "place"
local service = require "ges.sim.service"
local store = require "ges.sim.service.store"

local plane = {}

plane.project = defaults.projects[1].id
plane.other_project = defaults.projects[2].id
plane.graph = "f1529b88-c958-493e-8452-fccfe932cde1"
plane.graphs = "/v2/" .. plane.project .. "/graphs"
plane.noon = 1543354740 -- 2018-11-27T21:39:00Z

local methods = {}

--- Sends a request; `extra` may set headers (false removes one), query, body (a table is encoded)
--- and remote. Returns the response and its decoded body.
function methods:send(method, path, extra)
  extra = extra or {}
  local headers = { ["x-auth-token"] = "sim-token" }
  local body = extra.body or ""
  if type(body) == "table" then
    body = cjson.encode(body)
  end
  if body ~= "" then
    headers["content-type"] = "application/json"
  end
  for name, value in pairs(extra.headers or {}) do
    headers[name] = value or nil
  end
  local response = self.service:handle({
    method = method, path = path, query = extra.query or {}, headers = headers, body = body,
    host = "127.0.0.1:8080", tls = false, remote = extra.remote,
  }, self.state, self.now)
  local ok, decoded = pcall(cjson.decode, response.body)
  return response, ok and decoded or nil
end

--- Starts an import and returns its id.
function methods:start(headers, body)
  local response, decoded = self:send("POST", plane.graphs .. "/" .. plane.graph .. "/import-graph",
    { headers = headers, body = body or { edgeset_path = "bucket/edges.csv" } })
  assert.equal(200, response.status, response.body)
  return assert(decoded, "not JSON: " .. response.body).job_id
end

--- Asks for a job's status.
function methods:status(id, extra)
  return self:send("GET", plane.graphs .. "/" .. plane.graph .. "/jobs/" .. id .. "/status", extra)
end

--- Checks an error's status, code, and a piece of its message.
function plane.assert_error(response, status, code, piece)
  assert.equal(status, response.status, response.body)
  local body = cjson.decode(response.body)
  assert.equal(code, body.error_code, response.body)
  assert.truthy(body.error_msg:find(piece, 1, true), body.error_msg)
end

--- A new plane with an empty store, at noon.
function plane.new(options)
  options = options or { json = cjson.new(), digest = digest }
  return setmetatable({ service = service.new(options), state = store.new(), now = plane.noon },
    { __index = methods })
end

place.tell("plane:", methods, { "send", "start", "status" })
return place.tell("plane.", plane, { "assert_error", "new" })
