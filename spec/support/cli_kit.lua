-- What the specs of the command share: one simulator for a file, jobs in it, the command run
-- against it. Owns the simulator and the wire servers until `kit.stop`. For spec/ges/cli and
-- spec/papers.

local json = require "ges.json"
local place = require "place"
local pty = require "pty"
local ges_sim = require "ges.sim"
local wire = require "wire"

local kit = { graph = "demo-graph", token = "sim-token" }

local servers = {}

--- Starts the simulator.
function kit.start()
  kit.sim = assert(ges_sim.start { codec = "ges.json" })
end

--- Ends it, and every wire server.
function kit.stop()
  for i = #servers, 1, -1 do
    servers[i]:close()
    servers[i] = nil
  end
  if kit.sim then
    kit.sim:stop()
    kit.sim = nil
  end
end

--- Starts an import of so many seconds and returns its job's id.
---@param seconds number
---@param life? table as for sim:start_job
function kit.job(seconds, life)
  local job = { seconds = seconds, body = { edgeset_path = "b/e.csv", log_dir = "b/log" } }
  for name, value in pairs(life or {}) do job[name] = value end
  return assert(kit.sim:start_job(job))
end

--- The environment of a command that asks the simulator.
---@param extra? table
function kit.env(extra)
  local env = { GES_ENDPOINT = kit.sim and kit.sim.url, GES_GRAPH_ID = kit.graph,
    GES_PROJECT_ID = kit.sim and kit.sim.demo.project_id or "p", GES_TOKEN = kit.token }
  for name, value in pairs(extra or {}) do env[name] = value end
  return env
end

local function with_env(opts)
  local all = {}
  for name, value in pairs(opts or {}) do all[name] = value end
  all.env = kit.env(all.env)
  return all
end

--- How the command is called, as it prints it itself.
kit.called = pty.lua .. " " .. pty.top .. "/bin/ges"

-- How much slower than at rest this machine is: a bare interpreter prints within 10 ms then.
local function slowness()
  local bare = pty.run({ "-e", "print(1)" }, { program = { pty.lua } })
  return math.max(1, bare.first / 0.01)
end

--- The best time of a few tries, scaled to a machine at rest: a busy machine may delay some of
--- them, a slow command is late in all. Ends with the first try below the limit.
---@param limit number seconds
---@param measure fun(): number
function kit.best(limit, measure)
  local best = math.huge
  for try = 1, 8 do
    best = math.min(best, measure() / slowness())
    if best < limit then break end
    os.execute("sleep 0." .. try)
  end
  return best
end

--- Runs the command through pipes.
function kit.ges(args, opts)
  return pty.run(args, with_env(opts))
end

--- Runs the command on a terminal.
function kit.on_terminal(args, opts)
  return pty.on_terminal(args, with_env(opts))
end

-- Tells the processor time at the first output, on a line of stderr before it.
local FIRST = [[
  local index = getmetatable(io.stdout).__index
  local write = index.write
  index.write = function(file, ...)
    index.write = write
    write(io.stderr, "first output after ", os.clock(), "\n")
    return write(file, ...)
  end]]

--- Seconds of processor time that the command takes to its first output: a busy machine does not
--- make it more.
function kit.work_to_first(args)
  local seen = kit.ges(args, { program = { pty.lua, "-e", FIRST, pty.top .. "/bin/ges" } })
  local seconds = seen.err:match("^first output after (%S+)\n")
  return tonumber(seconds) or error("it began with something else: " .. seen.err .. seen.out, 0)
end

--- A service that answers everything with the same bytes; its address.
function kit.answering(bytes)
  local server = wire.serve { { "request", bytes, { again = true } }, loop = true }
  servers[#servers + 1] = server
  return server:url(), server
end

--- A service that has this job to show, whatever it is asked.
function kit.showing(job)
  return kit.answering(wire.reply(200, assert(json.encode(job))))
end

--- A service that refuses everything.
function kit.refusing(status, code, headers)
  local body = ('{"error_code":"%s","error_msg":"refused"}'):format(code)
  local all = { ["Content-Type"] = "application/json" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return kit.answering(wire.reply(status, body, all))
end

return place.tell("cli_kit.", kit, { "start", "stop", "job", "ges", "on_terminal", "work_to_first",
  "answering", "showing" })
