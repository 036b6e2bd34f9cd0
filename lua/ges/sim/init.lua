-- SPDX-License-Identifier: MIT
-- ges.sim: a simulated GES on loopback, for demos and tests, served by nginx with its Lua module
-- (or OpenResty). The one public face of this folder: the behaviour is ges.sim.service (pure), what
-- runs it ges.sim.nginx.
--
--   local sim = assert(require("ges.sim").start())
--   local job_id = assert(sim:start_job { outcome = "failed", seconds = 1 })
--   local job = ges.wait(sim:options { job_id = job_id })
--   sim:stop()
--
-- It ends by itself when the process that started it is gone (unless orphan = true). Owns the class
-- of a running simulator. Called by ges.cli.sim, by examples, and by tests.

local actions = require "ges.sim.service.actions"
local binary = require "ges.sim.nginx.binary"
local copy = require "ges.util.copy"
local defaults = require "ges.sim.service.defaults"
local faults = require "ges.sim.service.faults"
local headers = require "ges.sim.service.headers"
local options_of = require "ges.sim.options"
local process = require "ges.sim.nginx.process"

local sim = {}

---@class ges.sim.Server
---@field url string        http://127.0.0.1:PORT, of the service and of its IAM
---@field https_url? string  with the option tls
---@field ca_file? string   the certificate authority of https_url
---@field demo ges.sim.Demo  who may ask, and about what
---@field no_keys? string   why access keys cannot be verified, where they cannot: `demo` has none
---@field pid integer       nginx's master
---@field dir string        its folder
local methods = {}

---@class ges.sim.Demo
---@field project_id string
---@field project string    its name, which is its region's
---@field graph_id string
---@field graph_name string
---@field token string
---@field ak? string
---@field sk? string
---@field user string
---@field user_id string
---@field password string
---@field domain string
---@field domain_id string

-- The first row of each list. Any id is a graph, so there is always one.
local function demo_of(world, has_keys)
  local function first(name)
    return (world[name] or defaults[name])[1] or {}
  end
  local key, user = has_keys and first "keys" or {}, first "users"
  local graph = first("graphs").id and first "graphs" or defaults.graphs[1]
  local project = first "projects"
  return { project_id = project.id, project = project.name, token = first("tokens").token,
    graph_id = graph.id, graph_name = graph.name,
    ak = key.ak, sk = key.sk, user = user.name, user_id = user.id, password = user.password,
    domain = user.domain, domain_id = user.domain_id }
end

---@class ges.sim.Options: ges.sim.World  a world of the caller's in place of the default one, and
---@field port? integer      0: a free one (default)
---@field tls? boolean       https too
---@field tls_port? integer  0: a free one (default)
---@field workers? integer   1 to 64 (1)
---@field memory? string     of its state ("32m")
---@field dir? string        the folder to make its own in ($TMPDIR or /tmp)
---@field nginx? string      the binary
---@field codec? string      a module with cjson's interface, for nginx's Lua ("cjson")
---@field orphan? boolean    it outlives the process that started it
---@field faults? string|table  as for server:fault

--- Starts a simulator and waits until it answers.
---@param options? ges.sim.Options  a mistake throws
---@return ges.sim.Server? server
---@return string? err
function sim.start(options)
  local own, world = options_of.read(options)
  if not own then error(world, 2) end
  local found, why = binary.find(own.nginx)
  if not found then
    return nil, why
  elseif own.tls and not found.tls then
    return nil, found.path .. " was built without TLS"
  end
  local running
  running, why = process.start(found, own, world)
  if not running then
    return nil, why
  end
  local form = "%s://127.0.0.1:%d"
  local server = setmetatable({
    url = form:format("http", running.port), process = running, pid = running.pid,
    https_url = running.tls_port and form:format("https", running.tls_port) or nil,
    ca_file = running.ca_file, dir = running.dir, no_keys = running.no_keys,
    demo = demo_of(world, not running.no_keys),
  }, { __index = methods })
  if own.faults then
    local accepted
    accepted, why = server:fault(own.faults)
    if not accepted then
      server:stop()
      return nil, why
    end
  end
  return server
end

--- Ends the simulator and removes its folder. Calling it again does nothing.
---@return boolean stopped false when nginx did not end within ten seconds
function methods:stop()
  if self.client then
    self.client:close()
    self.client = nil
  end
  return self.process:stop()
end

--- Waits half a second; whether the simulator is still there. For programs that serve in the
--- foreground.
---@return boolean
function methods:is_there()
  return self.process:is_there()
end

--- The options of a call about the demo graph, with `extra` over them. The demo's token is left out
--- where `extra` has credentials of its own.
---@param extra? table
---@return table
function methods:options(extra)
  if extra ~= nil and type(extra) ~= "table" then error("the options are not a table", 2) end
  local demo, has_own = self.demo, extra and (extra.ak or extra.credentials)
  return copy(extra or {}, { endpoint = self.url, project_id = demo.project_id,
    graph_id = demo.graph_id, token = not has_own and demo.token or nil })
end

-- Asks the simulator with ges itself. It waits for the answer as any call of ges does.
local function ask(self, method, path, more)
  if self.process.stopped then return nil, "the simulator was stopped" end
  if not self.client then
    local demo = self.demo
    self.client = require("ges").new(demo.token and { endpoint = self.url, token = demo.token }
      or { endpoint = self.url, ak = demo.ak, sk = demo.sk, project_id = demo.project_id })
  end
  local request = copy(more or {}, { method = method, path = path })
  local response, err, info = self.client:request(request)
  if not response then return nil, err, info end
  return response.json
end

local job_members = { call = true, graph_id = true, body = true }
for _, row in ipairs(headers.job) do job_members[row.name] = true end

-- What is wrong with the argument of start_job, or nil.
local function find_mistake(job)
  if type(job) ~= "table" then return "a job is described by a table" end
  for name in pairs(job) do
    if not job_members[name] then return ("unknown member '%s'"):format(tostring(name)) end
  end
  if job.body ~= nil and type(job.body) ~= "table" then return "the body is not a table" end
  if job.call and not actions.find(job.call) then
    return ("unknown call '%s'"):format(tostring(job.call))
  end
end

---@class ges.sim.Job
---@field call? string      "import-graph" (default), "stop", "backups/export" ..., or "delete"
---@field graph_id? string  the demo graph's
---@field body? table       where the call needs one; an import has one
---@field seconds? number   to its end (10)
---@field pending? number   of these, spent pending (a tenth, at most 2)
---@field outcome? "success"|"failed"|"partiallyFailed"
---@field fail_reason? string
---@field files? integer    in each set of an import (1)
---@field lines? integer    in each file (1000)
---@field faults? string|table  of its first status calls, as for server:fault

--- Starts a job.
---@param job? ges.sim.Job  a wrong name throws; a value that is refused is an err
---@return string? job_id
---@return string? err
---@return table? info
function methods:start_job(job)
  job = job or {}
  local mistake = find_mistake(job)
  if mistake then error(mistake, 2) end
  for name, value in pairs(job) do
    local is_finite = type(value) ~= "number" or value - value == 0
    if not is_finite then return nil, ("%s is not a finite number"):format(name) end
  end
  local method, rest, action = actions.find(job.call or "import-graph")
  local body = copy(job.body or action.import and { edgeset_path = "bucket/edges.csv" } or {})
  body.sim = {}
  for _, row in ipairs(headers.job) do body.sim[row.name] = job[row.name] end
  local path = ("/v2/%s/graphs/%s"):format(self.demo.project_id,
    job.graph_id or self.demo.graph_id)
  local answer, err, info = ask(self, method, path .. rest, { body = body })
  return answer and answer.job_id, err, info
end

--- Makes the next calls go wrong, each fault for as many as it says.
---@param list string|table  "throttle*3, login:slow@5", one fault { kind=, count=, on=, delay=,
---  retry_after= }, or a list of them
---@return integer? accepted how many
---@return string? err
---@return table? info
function methods:fault(list)
  if list == nil then return nil, "no fault is named" end
  local checked, why = faults.list(list)
  if not checked then return nil, why end
  local answer, err, info = ask(self, "POST", "/sim/faults", { body = checked })
  return answer and answer.accepted, err, info
end

--- Forgets the faults that have not met a call yet, but for those that a job was started with.
---@return boolean? ok
---@return string? err
---@return table? info
function methods:clear_faults()
  local answer, err, info = ask(self, "DELETE", "/sim/faults")
  return answer and true, err, info
end

--- What was asked so far, by kind: requests, polls, logins ...; with a job's id also job_polls.
---@param job_id? string
---@return table<string, integer>? counters
---@return string? err
---@return table? info
function methods:stats(job_id)
  return ask(self, "GET", "/sim/stats", { query = { job_id = job_id } })
end

return sim
