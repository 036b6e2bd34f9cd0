-- An nginx with the Lua module for specs and benches: a configuration in, a running server out, and
-- ways to call it. Owns every server it started until `kit.cleanup`: each has a directory of its
-- own and is ended by the id in its own pid file. For spec/hosts/ngx_* and bench/ngx_*.

local place = require("place")
local ports = require("ports")
local socket = require("socket")

local kit = {}

kit.project, kit.graph, kit.token = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "demo-graph", "kit-token"

--- Runs a shell command and returns all it printed.
function kit.run(command)
  local pipe = assert(io.popen("(" .. command .. "\n) 2>&1"))
  local output = pipe:read("*a")
  pipe:close()
  return output
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- Waits up to `seconds` for something to become true.
function kit.wait_until(seconds, test)
  local stop = socket.gettime() + seconds
  repeat
    local value = test()
    if value then return value end
    socket.sleep(0.02)
  until socket.gettime() > stop
  return test()
end

kit.free_port = ports.free

local HTTP = { "ndk_http_module", "ngx_http_lua_module" }

--- The load_module lines of an nginx whose modules are files of their own.
---@param names? string[] in the order in which they are loaded; without: those of HTTP's Lua
---@return string lines
---@return integer found how many of them are files
function kit.modules(names)
  local folder = kit.run("nginx -V"):match("%-%-modules%-path=(%S+)") or ""
  local lines = {}
  for _, name in ipairs(names or HTTP) do
    local path = ("%s/%s.so"):format(folder, name)
    if read(path) then lines[#lines + 1] = ("load_module %s;"):format(path) end
  end
  return table.concat(lines, "\n"), #lines
end

local form = [[
worker_processes %d;
worker_shutdown_timeout 15s;
pid nginx.pid;
error_log error.log notice;
%s
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp;
  uwsgi_temp_path temp; scgi_temp_path temp;
  keepalive_requests 1000000;
  lua_package_path "%s";
  lua_package_cpath "%s";
  lua_shared_dict notes 1m;
  %s
  server {
    listen 127.0.0.1:%d backlog=1024;
    location = /ping { content_by_lua_block { ngx.say("pong") } }
    location = /pid { content_by_lua_block { ngx.say(ngx.worker.pid()) } }
    location = /notes {
      content_by_lua_block { ngx.say(ngx.shared.notes:get(ngx.var.arg_name) or "") }
    }
    %s
  }
}
]]

local methods = {}
local server_mt = { __index = methods }
local started = {}

--- Where nginx finds modules: it runs LuaJIT, which looks in the folders of Lua 5.1.
function kit.for_luajit(path)
  return (path:gsub("/5%.[2-9]/", "/5.1/"))
end

local function configuration(parts, port, dir)
  if parts.bare then return parts.config(port, dir) end
  local root = kit.run("id -u") == "0\n" and "user root;\n" or ""
  local head = (parts.modules or kit.modules()) .. "\n" .. root
  if parts.config then return head .. parts.config(port, dir) end
  return head .. form:format(parts.workers or 1, parts.main or "", kit.for_luajit(package.path),
    kit.for_luajit(package.cpath), parts.http or "", port, parts.server or "")
end

--- Starts an nginx. `parts` may have main, http and server (text for those levels) and workers, or
--- config (a function from a port and the folder to all of the text, which names nginx.pid and
--- error.log) and from (a folder whose files it needs); modules (load_module lines, instead of
--- HTTP's Lua); and command (a shell command in front of "nginx"). With bare = true nothing is put
--- in front of that text, and nginx has its own prefix. `ready` (a function of the server) tells
--- that it serves, instead of an answer to /ping.
function kit.start(parts)
  local dir = kit.run("umask 077; mktemp -d ${TMPDIR:-/tmp}/ges-spec.XXXXXX"):gsub("%s+$", "")
  local port = kit.free_port()
  if parts.from then kit.run(("cp -R %s/. %s"):format(parts.from, dir)) end
  write(dir .. "/nginx.conf", configuration(parts, port, dir))
  local said = kit.run(("%s nginx %s -c %s/nginx.conf -e %s/error.log </dev/null")
    :format(parts.command or "", parts.bare and "" or "-p " .. dir, dir, dir))
  local self = setmetatable({ dir = dir, port = port, url = "http://127.0.0.1:" .. port },
    server_mt)
  started[#started + 1] = self
  self.pid = tonumber(kit.wait_until(20, function() return read(dir .. "/nginx.pid") end) or "")
  if not self.pid then
    self.stopped = true
    error("nginx did not start: " .. said .. self:log())
  end
  local ready = parts.ready or function() return self:get("/ping") end
  if not kit.wait_until(20, function() return ready(self) end) then
    error("nginx is not ready: " .. self:log())
  end
  return self
end

--- The error log.
function methods:log()
  return read(self.dir .. "/error.log") or ""
end

--- The lines of the error log that no run may have: alerts (but nginx's own about its setting
--- lua_code_cache), and Lua errors unless `errors_too` is false.
function methods:complaints(errors_too)
  local list = {}
  for line in self:log():gmatch("[^\n]+") do
    if not line:find("lua_code_cache is off", 1, true) and line:find("[alert]", 1, true)
      or line:find("[crit]", 1, true)
      or line:find("[emerg]", 1, true) or line:find("exited on signal", 1, true)
      or errors_too ~= false and line:find("[error]", 1, true) then
      list[#list + 1] = line
    end
  end
  return list
end

function methods:signal(name)
  kit.run(("kill -%s %d"):format(name, self.pid))
end

--- Ends it, gracefully unless that takes too long. Idempotent.
function methods:stop()
  if self.stopped then return end
  self.stopped = true
  for _, name in ipairs({ "QUIT", "TERM" }) do
    local pid_file = self.dir .. "/nginx.pid"
    if read(pid_file) == self.pid .. "\n" then
      self:signal(name)
      kit.wait_until(20, function() return not read(pid_file) end)
    end
  end
end

--- Ends every server and removes their directories.
function kit.cleanup()
  for i = #started, 1, -1 do
    started[i]:stop()
    kit.run("rm -rf -- " .. started[i].dir)
    started[i] = nil
  end
end

--- Opens a connection and sends a GET.
function methods:open(path)
  local sock = assert(socket.tcp())
  sock:settimeout(20)
  assert(sock:connect("127.0.0.1", self.port))
  assert(sock:send(("GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n"):format(path)))
  return sock
end

--- Reads the answer: status, body, head.
function kit.receive(sock)
  local text, why, part = sock:receive("*a")
  sock:close()
  text = text or part
  local head, body = text:match("^(.-\r\n)\r\n(.*)$")
  if not head then return nil, why or "no answer" end
  return tonumber(head:match("^HTTP/%S+ (%d+)")), body, head
end

--- One GET: status, body, head.
function methods:get(path)
  local ok, sock = pcall(self.open, self, path)
  if not ok then return nil, sock end
  return kit.receive(sock)
end

--- Many GETs at once. Returns a list of { status, body }, and the seconds it took.
function methods:burst(paths)
  local began, socks, answers = socket.gettime(), {}, {}
  for i, path in ipairs(paths) do socks[i] = self:open(path) end
  for i, sock in ipairs(socks) do
    local status, body = kit.receive(sock)
    answers[i] = { status = status, body = body }
  end
  return answers, socket.gettime() - began
end

-- The worker's process id.
local function worker(self)
  local _, text = self:get("/pid")
  return tonumber(text) or error("no answer to /pid: " .. tostring(text) .. self:log())
end

--- How many descriptors the worker has open, and its resident memory in KiB.
function methods:usage()
  local pid = worker(self)
  local fds = tonumber((kit.run(("ls /proc/%d/fd | wc -l"):format(pid)):match("%d+")))
  local status = read(("/proc/%d/status"):format(pid)) or ""
  return fds, tonumber((status:match("VmRSS:%s*(%d+)")))
end

--- How often the worker has slept so far: it wakes up as often.
function methods:switches()
  local status = read(("/proc/%d/status"):format(worker(self)))
  return tonumber(status:match("voluntary_ctxt_switches:%s*(%d+)"))
end

--- The management plane in an nginx of its own: job "d200-x" is a success, answered after 200 ms.
--- The note of a job's id is how often it was asked about.
function kit.backend()
  return kit.start({ server = [[
    location ~ "^/v2/[^/]+/graphs/[^/]+/jobs/(d([0-9]+)[^/]*)/status$" {
      content_by_lua_block {
        ngx.shared.notes:incr(ngx.var[1], 1, 0)
        local ms = tonumber(ngx.var[2])
        if ms > 0 then ngx.sleep(ms / 1000) end
        local body = '{"job_id":"' .. ngx.var[1] .. '","status":"success"}'
        ngx.header["Content-Length"] = #body
        ngx.print(body)
      }
    }]] })
end

--- Lua text of the options that reach a server with kit's ids.
function kit.options(url)
  return ("endpoint = %q, project_id = %q, graph_id = %q, token = %q")
    :format(url, kit.project, kit.graph, kit.token)
end

--- The directive that makes the global `client` in every Lua state.
function kit.client(url)
  return ("init_by_lua_block { client = require(\"ges\").new({ %s }) }"):format(kit.options(url))
end

place.tell("a server's ", methods, { "open", "burst", "usage", "switches", "signal", "stop" })
return place.tell("ngx_kit.", kit, { "start", "backend", "cleanup" })
