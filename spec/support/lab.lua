-- What the specs of the Lua layer share: wire servers that answer poll after poll, clients, the
-- options of a job, a simulator with jobs to order, and checks of triples and thrown mistakes.
-- Owns every server and client it hands out until `lab.cleanup`, and the simulator of a spec file
-- until `lab.stop`. For the specs of the waiting layer, of single calls and of credentials.

local assert = require("luassert")
local core = require("ges.core")
local ges = require("ges")
local ges_sim = require("ges.sim")
local place = require("place")
local socket = require("socket")
local wire = require("wire")

local lab = {}

lab.token = "lab-token-0123456789abcdef"
lab.project = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
lab.graph = "f1529b88-c958-493e-8452-fccfe932cde1"
lab.job = "ff80808167f09aaa0167f19b35ec0305"

local kept, simulator = {}, nil

local function keep(thing)
  kept[#kept + 1] = thing
  return thing
end

--- Closes all servers and clients made since the last time.
function lab.cleanup()
  for i = #kept, 1, -1 do
    kept[i]:close()
    kept[i] = nil
  end
end

--- A client that lives until `cleanup`.
function lab.client(defaults)
  return keep(ges.new(defaults))
end

--- A wire server that lives until `cleanup`.
function lab.serve(scripts)
  return keep(wire.serve(scripts))
end

-- A short way to write a reply: a status word of a job, a table {status, body, headers}, or bytes.
local function bytes_of(reply)
  if type(reply) == "table" then return wire.reply(reply[1], reply[2], reply[3]) end
  if reply:find("^HTTP") then return reply end
  return wire.reply(200, ('{"status":"%s"}'):format(reply))
end

--- A reply that fails with a code of the service.
function lab.error(status, code, headers)
  return { status, ('{"error_code":"%s","error_msg":"said the service"}'):format(code), headers }
end

--- A server whose connections answer request after request with these replies; the last one goes
--- on for ever. `rest` seconds go by before each answer.
function lab.replies(list, rest)
  local script = {}
  local n = #list + (#list == 1 and 0 or 400)
  for i = 1, n do
    script[#script + 1] = "request"
    if rest then script[#script + 1] = { sleep = rest } end
    script[#script + 1] = bytes_of(list[math.min(i, #list)])
  end
  if n == 1 then script[#script + 1] = { again = true } end
  return lab.serve { script, loop = true }
end

--- A server that reads requests and never answers.
function lab.silent()
  return lab.serve { { "request", { stall = true } }, loop = true }
end

--- Options of a job at a server (or an endpoint), with `extra` on top; false takes one away.
function lab.options(server, extra)
  local opts = {
    endpoint = type(server) == "string" and server or server:url(),
    project_id = lab.project, graph_id = lab.graph, job_id = lab.job, token = lab.token,
  }
  for name, value in pairs(extra or {}) do opts[name] = value or nil end
  return opts
end

--- The tokens of a server's requests, in their order.
function lab.tokens(server)
  local list = {}
  for i, request in ipairs(server:requests()) do
    list[i] = request:match("\r\nX%-Auth%-Token: ([^\r]*)")
  end
  return list
end

--- `n` jobs with ids of their own.
function lab.jobs(n)
  local list = {}
  for i = 1, n do list[i] = { job_id = ("job-%05d"):format(i) } end
  return list
end

--- Checks that a failed call has the contract's shape and this kind; returns err, info.
function lab.fails(kind, value, err, info)
  assert.is_nil(value)
  assert.is_string(err)
  assert.is_table(info)
  assert.equal(kind, info.kind, err)
  assert.is_string(info.message)
  assert.is_boolean(info.retryable)
  assert.is_number(info.attempts)
  assert.is_true(info.elapsed >= 0)
  assert.is_nil((err .. info.message):find("[%z\1-\31\127]"), "a control byte in " .. err)
  assert.is_nil((err .. info.message):find(lab.token, 1, true), "the token in " .. err)
  return err, info
end

--- Checks that `fn(line)` throws at the line it notes last, with `text` in the message. `fn` calls
--- `here()` on the line that makes the mistake.
function lab.throws(text, fn)
  local line
  local function here(value)
    line = debug.getinfo(2, "Sl")
    return value
  end
  local ok, err = pcall(fn, here)
  assert.is_false(ok, "nothing was thrown, expected: " .. text)
  local at = ("%s:%d: "):format(line.short_src, line.currentline)
  assert.equal(at, tostring(err):sub(1, #at), tostring(err))
  assert.is_truthy(tostring(err):find(text, 1, true), tostring(err))
  return err
end

--- Seconds that `fn` takes, and what it returns.
function lab.timed(fn, ...)
  local start = socket.gettime()
  local a, b, c = fn(...)
  return socket.gettime() - start, a, b, c
end

--- Waits until `test` is true, for at most 30 s; the error names the line that waits.
---@param test fun(): any
---@param what? string the event, for the message
function lab.eventually(test, what)
  local stop = socket.gettime() + 30
  while not test() do
    if socket.gettime() > stop then
      error((what or "it") .. " did not happen within 30 s", 0)
    end
    socket.sleep(0.005)
  end
end

--- Collects all garbage.
function lab.collect()
  for _ = 1, 3 do collectgarbage() end
end

--- Are the keys of this weak table garbage? One may stay: LuaJIT takes what a call has left on the
--- stack for alive until another call writes over it.
function lab.are_garbage(weak)
  lab.collect()
  local n = 0
  for _ in pairs(weak) do n = n + 1 end
  return n <= 1
end

--- Seconds on a clock that is never set.
lab.now = core.now

--- Starts the simulator of a spec file.
function lab.start(options)
  simulator = assert(ges_sim.start(options))
  return simulator
end

--- Ends it.
function lab.stop()
  simulator:stop()
  simulator = nil
end

--- Options that reach the simulator as its demo user, without a job.
function lab.at_sim(extra)
  local opts = simulator:options { graph_id = lab.graph }
  for name, value in pairs(extra or {}) do opts[name] = value or nil end
  return opts
end

--- Orders a job; `life` as for sim:start_job. Returns its id.
function lab.order(life)
  local job = { graph_id = lab.graph }
  for name, value in pairs(life or {}) do job[name] = value end
  return assert(simulator:start_job(job))
end

--- The simulator's counters.
function lab.stats()
  return assert(simulator:stats())
end

--- Makes the simulator do wrong things (see ges.sim.service.faults).
function lab.fault(fault)
  assert(simulator:fault(fault))
end

return place.tell("lab.", lab, { "fails", "throws", "eventually", "start", "stop", "at_sim",
  "order", "stats", "fault" })
