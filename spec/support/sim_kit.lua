-- What the specs of a running simulator share: commands, processes, requests, and scripts in a
-- process of their own. Owns nothing. For spec/ges/sim/nginx.

local assert = require "luassert"
local ges_sim = require "ges.sim"
local place = require "place"
local plain_http = require "plain_http"
local socket = require "socket"

local kit = {}

kit.interpreter = rawget(_G, "jit") and "luajit" or "lua5.4"

--- Runs a command; all that it printed.
function kit.run(command)
  local pipe = assert(io.popen("(" .. command .. ") 2>&1"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

function kit.exists(path)
  return kit.run("[ -e '" .. path .. "' ] && echo yes") == "yes\n"
end

--- A process that has ended counts as gone, even if its parent has not waited for it yet.
function kit.alive(pid)
  return kit.run(("ps -o stat= -p %d"):format(pid)):find "^[^Z]" ~= nil
end

--- Waits up to `seconds` for something to become true.
function kit.wait_until(seconds, test)
  local deadline = socket.gettime() + seconds
  while socket.gettime() < deadline do
    if test() then
      return true
    end
    socket.sleep(0.05)
  end
  return test()
end

--- One request with the demo token: status, decoded body, headers, body.
function kit.send(server, method, path, body, headers)
  local all = { ["X-Auth-Token"] = "sim-token" }
  for name, value in pairs(headers or {}) do all[name] = value end
  return plain_http.send(server.url, method, path, { body = body, headers = all })
end

function kit.graphs(server)
  return "/v2/" .. server.demo.project_id .. "/graphs"
end

--- Starts an import; the path of its status.
function kit.start_job(server, headers)
  local status, body = kit.send(server, "POST", kit.graphs(server) .. "/g/import-graph",
    { edgeset_path = "bucket/edges.csv" }, headers)
  assert.equal(200, status, "no job was started: " .. tostring(status))
  return kit.graphs(server) .. "/g/jobs/" .. body.job_id .. "/status"
end

--- The folder that `ges` was loaded from.
function kit.own_folder()
  return debug.getinfo(ges_sim.start, "S").source:match("^@(.*)/ges/sim/")
end

--- Writes a script for another interpreter and starts it in the background; its process id, and the
--- script.
function kit.background(script, output)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  return tonumber(kit.run(("%s %s >%s 2>&1 </dev/null & echo $!"):format(kit.interpreter, path,
    output))), path
end

return place.tell("sim_kit.", kit, { "send", "start_job", "background" })
