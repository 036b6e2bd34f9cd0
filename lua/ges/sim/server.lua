-- SPDX-License-Identifier: MIT
-- Serves ges.sim from nginx with its Lua module (or OpenResty), on loopback.
-- Owns the nginx it starts and that nginx's directory, and nothing else: it ends only its own
-- process, by the id in its own pid file. Public: `ges sim` calls run; examples and specs, start.
--
--   local server = assert(require("ges.sim.server").start{ tls = true })
--   server.url, server.https_url, server.ca_file, server.pid, server.dir
--   server.demo   project_id, graph_id, token, ak, sk, user, password, domain
--   server:stop()
--
-- A server ends by itself when the process that started it is gone (unless orphan = true).

local conf = require "ges.sim.conf"
local copy = require "ges.util.copy"
local put = require "ges.util.put"
local sim = require "ges.sim"

local simserver = {}

local defaults = {
  port = 0, tls = false, tls_port = 0, workers = 1, memory = "32m", codec = "cjson", orphan = false,
  dir = false, nginx = false,
  projects = false, users = false, keys = false, tokens = false, graphs = false,
}
local candidates = { "nginx", "/usr/sbin/nginx", "openresty",
  "/usr/local/openresty/nginx/sbin/nginx" }
local module_files = { "ndk_http_module.so", "ngx_http_lua_module.so" }

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Runs a shell command: whether it succeeded, and all it printed. os.execute's results differ
-- between the Luas, so the status travels in the output.
local function shell(command)
  local pipe = assert(io.popen("(" .. command .. "\n) 2>&1; printf '\\n%d\\n' $?"))
  local output, status = pipe:read("*a"):match("^(.-)\n(%d+)\n$")
  pipe:close()
  return status == "0", output or ""
end

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function is_whole(value, low, high)
  return type(value) == "number" and value % 1 == 0 and value >= low and value <= high
end

-- The options with their defaults; a mistake throws at the caller of start.
local function read_options(given)
  local options = {}
  for name in pairs(given or {}) do
    if defaults[name] == nil then
      error(("unknown option '%s'"):format(tostring(name)), 3)
    end
  end
  for name, default in pairs(defaults) do
    options[name] = given and given[name] or default
  end
  if not is_whole(options.port, 0, 65535) or not is_whole(options.tls_port, 0, 65535) then
    error("option 'port' or 'tls_port' is not a port number", 3)
  elseif not is_whole(options.workers, 1, 64) then
    error("option 'workers' is not a whole number from 1 to 64", 3)
  elseif type(options.memory) ~= "string" or not options.memory:find("^%d+[km]$") then
    error("option 'memory' is not a size such as '32m'", 3)
  end
  return options
end

-- How an nginx spells HTTP/2: since 1.25.1 as a directive of its own.
local function http2_form(words)
  if not words:find("http_v2_module", 1, true) then return nil end
  local major, minor, patch = words:match("/(%d+)%.(%d+)%.(%d+)")
  local version = (tonumber(major) or 0) * 1e6 + (tonumber(minor) or 0) * 1e3
    + (tonumber(patch) or 0)
  return version >= 1025001 and "directive" or "listen"
end

-- What a binary can do, from the output of -V; nil when it is no nginx, or has no Lua.
local function probe(binary)
  local ok, words = shell(quote(binary) .. " -V")
  if not ok then
    return nil
  end
  local found = { binary = binary, modules = {},
    http2 = http2_form(words),
    tls = words:find("http_ssl_module", 1, true) ~= nil }
  local folder = words:match("%-%-modules%-path=(%S+)")
  for _, name in ipairs(module_files) do
    local path = folder and folder .. "/" .. name
    if path and read_file(path) then
      found.modules[#found.modules + 1] = path
    end
  end
  local built_in = words:find("ngx_lua", 1, true) or words:find("lua-nginx-module", 1, true)
  return (built_in or #found.modules > 0) and found or nil
end

local function find_nginx(wanted)
  for _, binary in ipairs(wanted and { wanted } or candidates) do
    local found = probe(binary)
    if found then
      return found
    end
  end
  return nil, (wanted or "nginx") .. " with the Lua module not found " ..
    "(Debian: nginx and libnginx-mod-http-lua)"
end

-- nginx runs LuaJIT, whose C modules are those of Lua 5.1: the folders of the other versions in a
-- search path are renamed.
local function for_luajit(path)
  return (path:gsub("/5%.[2-9]/", "/5.1/"))
end

-- A search path with every relative entry made absolute.
local function absolute(path, here)
  local entries = {}
  for given in path:gmatch("[^;]+") do
    local entry = given:gsub("^%./", "")
    entry = entry:sub(1, 1) == "/" and entry or here .. "/" .. entry
    entries[#entries + 1] = entry
  end
  return table.concat(entries, ";")
end

local function make_directory(parent)
  local form = "umask 077; mktemp -d %s/ges-sim.XXXXXXXX"
  local folder = parent and quote(parent) or '"${TMPDIR:-/tmp}"'
  local ok, output = shell(form:format(folder))
  local dir = output:gsub("\n$", "")
  if not ok or dir:find("%c") then
    return nil, "cannot make a directory: " .. dir
  end
  return dir
end

local function remove_directory(dir)
  shell("rm -rf -- " .. quote(dir))
end

local function make_certificate(dir)
  write_file(dir .. "/openssl.cnf", conf.openssl())
  local ok, output = shell("set -e; umask 077; cd " .. quote(dir) .. [[

    new="openssl req -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    $new -x509 -extensions authority -days 30 -keyout ca.key -out ca.pem
    $new -subj "/CN=localhost" -keyout server.key -out server.csr
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 30 \
      -extfile openssl.cnf -extensions server -out server.pem
    rm ca.key server.csr]])
  if not ok then
    return nil, "openssl could not make a certificate: " .. output
  end
  return dir .. "/ca.pem"
end

-- The local ports with a listener, where the system lists them (Linux). Elsewhere nginx itself
-- finds out, which takes two seconds.
local function ports_in_use()
  local used = {}
  for _, path in ipairs { "/proc/net/tcp", "/proc/net/tcp6" } do
    for port in (read_file(path) or ""):gmatch(":(%x%x%x%x) %x+:%x%x%x%x 0A ") do
      used[tonumber(port, 16)] = true
    end
  end
  return used
end

-- A stream of ports between 20000 and 32000, below those that systems give to outgoing connections.
-- It starts at a point that differs between processes and calls.
local function port_stream(seed)
  local at = 0
  for char in seed:gmatch "." do
    at = (at * 31 + char:byte()) % 12007
  end
  return function()
    at = (at + 37) % 12007
    return 20000 + at
  end
end

-- The wanted port, or for 0 a free one from the stream; nil and why not.
local function choose_port(wanted, used, next_port)
  local port = wanted
  while port == 0 or wanted == 0 and used[port] do
    port = next_port()
  end
  if used[port] then
    return nil, ("port %d is in use"):format(port)
  end
  used[port] = true
  return port
end

local function choose_ports(site, options, next_port)
  local used = ports_in_use()
  local port, why = choose_port(options.port, used, next_port)
  site.port = port
  if port and options.tls then
    site.tls_port, why = choose_port(options.tls_port, used, next_port)
  end
  return not why, why
end

local function write_settings(dir, options, own_pid)
  local parent = not options.orphan and own_pid or nil
  local settings = { dir = dir, codec = options.codec, parent = parent }
  for name in pairs(sim.defaults) do
    settings[name] = options[name] or nil
  end
  write_file(dir .. "/ges_sim_settings.lua", conf.settings(settings))
end

-- Links the folder of ges that this file was loaded from into `dir`: it may not be in package.path
-- any more.
local function link_own_folder(dir, here)
  local folder = debug.getinfo(1, "S").source:match("^@(.*ges)/sim/server%.lua$")
  if not folder then return end
  folder = folder:sub(1, 1) == "/" and folder or here .. "/" .. folder
  shell(("ln -s %s %s"):format(quote(folder), quote(dir .. "/ges")))
end

-- Where nginx looks for modules: for ges in `dir`; for the rest in its own folders first, since it
-- runs with its own lua-resty-core only, and the caller's path may lead to another.
local function nginx_path(dir, here)
  link_own_folder(dir, here)
  return ("%s/?.lua;%s/?/init.lua;;%s"):format(dir, dir, absolute(package.path, here))
end

local function make_site(dir, found, options)
  local _, facts = shell("pwd; id -u; echo $PPID")
  local here, uid, own_pid = facts:match("^(.-)\n(%d+)\n(%d+)")
  write_settings(dir, options, tonumber(own_pid))
  return {
    dir = dir, modules = found.modules, http2 = found.http2, root = uid == "0",
    workers = options.workers, memory = options.memory,
    path = nginx_path(dir, here), cpath = for_luajit(absolute(package.cpath, here)) .. ";;",
  }
end

-- Starts nginx on the site's ports. It binds them before it goes to the background, so the command
-- has failed if it could not. Its LuaJIT reads LUA_CPATH, too, which is made for the caller's Lua.
local function launch(found, site)
  write_file(site.dir .. "/nginx.conf", conf.nginx(site))
  local cpath = os.getenv("LUA_CPATH")
  local env = cpath and "LUA_CPATH=" .. quote(for_luajit(cpath)) or ""
  local command = "%s %s -p %s -c %s -e %s </dev/null >%s 2>&1"
  local log = site.dir .. "/start.log"
  local ok = shell(command:format(env, quote(found.binary), quote(site.dir .. "/"),
    quote(site.dir .. "/nginx.conf"), quote(site.dir .. "/error.log"), quote(log)))
  return ok, not ok and read_file(log) or nil
end

-- Waits for a file to appear or to vanish, for 5 seconds at most, in one command.
local function wait_for_file(path, test)
  local form = "i=0; while ! [ %s %s ]; do [ $i -lt 100 ] || exit 1; sleep 0.05; i=$((i+1)); done"
  return (shell(form:format(test, quote(path))))
end

local methods = {}

--- Ends the server and removes its directory. Calling it again does nothing.
---@return boolean stopped false when nginx did not end within ten seconds
function methods:stop()
  if self.stopped then
    return true
  end
  self.stopped = true
  local pid_file = self.dir .. "/nginx.pid"
  local ended = true
  for _, signal in ipairs { "QUIT", "TERM" } do
    if tonumber(read_file(pid_file) or "") == self.pid then
      shell(("kill -%s %d"):format(signal, self.pid))
      ended = wait_for_file(pid_file, "! -e")
    end
  end
  remove_directory(self.dir)
  return ended
end

local function demo_of(options)
  local function first(name)
    return (options[name] or sim.defaults[name])[1] or {}
  end
  local key, user = first "keys", first "users"
  return { project_id = first("projects").id, graph_id = "demo-graph",
    token = first("tokens").token, ak = key.ak, sk = key.sk,
    user = user.name, password = user.password, domain = user.domain }
end

local function make_server(site, ca_file, options)
  local form = "%s://127.0.0.1:%d"
  return setmetatable({
    url = form:format("http", site.port),
    https_url = site.tls_port and form:format("https", site.tls_port) or nil,
    ca_file = ca_file, dir = site.dir, pid = tonumber(read_file(site.dir .. "/nginx.pid") or ""),
    demo = demo_of(options),
  }, { __index = methods })
end

-- Tries ports until nginx has some; only a clash is worth another try.
local function bring_up(found, site, options)
  local next_port, log = port_stream(site.dir), ""
  for _ = 1, 20 do
    local chosen, why = choose_ports(site, options, next_port)
    if not chosen then
      return nil, why
    end
    local launched
    launched, log = launch(found, site)
    if launched then
      return true
    elseif not log:find("Address already in use", 1, true) then
      break
    end
  end
  return nil, "nginx did not start: " .. log
end

local function start_in(dir, found, options)
  local ca_file, why, ok
  if options.tls then
    ca_file, why = make_certificate(dir)
    if not ca_file then
      return nil, why
    end
  end
  local site = make_site(dir, found, options)
  ok, why = bring_up(found, site, options)
  if not ok then
    return nil, why
  end
  wait_for_file(dir .. "/nginx.pid", "-s")
  local server = make_server(site, ca_file, options)
  wait_for_file(dir .. "/ready", "-e")
  local ready = read_file(dir .. "/ready")
  if ready == "ok" then
    return server
  end
  local log = read_file(dir .. "/error.log")
  server:stop()
  return nil, "the simulator does not answer: " .. (ready or log or "no log")
end

--- Starts a server and waits until it answers.
---@param options table|nil port (0 is a free one), tls, tls_port, workers, memory, dir (the folder
--- to make its directory in), nginx (the binary), codec (a module with cjson's interface), orphan,
--- and projects, users, keys, tokens, graphs in place of ges.sim's defaults
---@return table|nil server
---@return string|nil err
function simserver.start(options)
  options = read_options(options)
  local found, why = find_nginx(options.nginx)
  if not found then
    return nil, why
  end
  if options.tls and not found.tls then
    return nil, found.binary .. " was built without TLS"
  end
  local dir
  dir, why = make_directory(options.dir)
  if not dir then
    return nil, why
  end
  local server
  server, why = start_in(dir, found, options)
  if not server then
    remove_directory(dir)
  end
  return server, why
end

local banner = [[
The simulated GES is at %s (Ctrl-C ends it)
%s
  project  %s
  token    %s
  ak / sk  %s / %s
  login    %s / %s, domain %s, at the same address

Start an import that takes 20 seconds:
  curl -s %s/v2/%s/graphs/%s/import-graph \
    -H 'X-Auth-Token: %s' -H 'Content-Type: application/json' \
    -H 'X-Sim-Seconds: 20' -d '{"edgeset_path": "bucket/edges.csv"}'
and wait for it:
  GES_TOKEN=%s ges wait --endpoint %s --project %s --graph %s JOB_ID
]]

--- What `ges sim` prints: where the server is and what to try.
---@param server table
---@return string
function simserver.banner(server)
  local demo = server.demo
  local also = ""
  if server.https_url then
    also = ("and at %s (certificate authority %s)\n"):format(server.https_url, server.ca_file)
  end
  return banner:format(server.url, also, demo.project_id, demo.token, demo.ak, demo.sk, demo.user,
    demo.password, demo.domain, server.url, demo.project_id, demo.graph_id, demo.token, demo.token,
    server.url, demo.project_id, demo.graph_id)
end

-- Waits half a second. False when the server has ended, or when Ctrl-C reached the shell.
local function still_there(server)
  local pid_file = quote(server.dir .. "/nginx.pid")
  return (shell(("[ -e %s ] && sleep 0.5 && [ -e %s ]"):format(pid_file, pid_file)))
end

--- Starts a server, prints its banner, and returns when it has ended; Ctrl-C ends it.
---@param options table|nil as for start, and print: a function for the banner (default: to stdout);
---  where it returns false the server ends
---@return boolean|nil true, or nil and why it did not start
---@return string|nil err
function simserver.run(options)
  local given = copy(options or {})
  local show = given.print or function(text)
    return put(io.stdout, text) ~= nil
  end
  given.print = nil
  local server, why = simserver.start(given)
  if not server then
    return nil, why
  end
  -- Ctrl-C may also reach this process, where lua turns it into an error. A server whose address
  -- could not be printed is of no use, so it ends.
  local ok, there = true, show(simserver.banner(server)) ~= false
  while ok and there do ok, there = pcall(still_there, server) end
  server:stop()
  return true
end

return simserver
