-- SPDX-License-Identifier: MIT
-- The simulator inside nginx: nginx's request -> ges.sim -> nginx's response.
-- Owns nothing: what lasts is in the shared dict "ges_sim", and the settings are a file that
-- ges.sim.server wrote (module "ges_sim_settings") and that never changes. Called only from the
-- configuration that ges.sim.conf makes.

local ffi = require "ffi"
local ngx = ngx -- luacheck: ignore 113
local settings = require "ges_sim_settings"
local sim = require "ges.sim"

ffi.cdef [[ int kill(int pid, int signal); int getppid(void); ]]

local nginx = {}

local no_such_process = 3
local quit = 3

-- core.sign; or nil and why it is missing. ges.core is optional here: only AK/SK needs it.
local function sign(args)
  local ok, core = pcall(require, "ges.core")
  if not ok or type(core) ~= "table" or not core.sign then
    return nil, "ges.core for LuaJIT was not found by this nginx"
  end
  return core.sign(args)
end

local function new_sim()
  return sim.new {
    json = require(settings.codec), sign = sign,
    projects = settings.projects, users = settings.users, keys = settings.keys,
    tokens = settings.tokens, graphs = settings.graphs,
  }
end

local function read_headers()
  local headers = ngx.req.get_headers(200)
  for name, value in pairs(headers) do
    headers[name] = type(value) == "table" and table.concat(value, ", ") or value
  end
  return setmetatable(headers, nil)
end

-- A name without "=" comes as true; to the signature it is a name with an empty value.
local function read_query()
  local query = ngx.req.get_uri_args(200)
  for name, value in pairs(query) do
    query[name] = value == true and "" or value
  end
  return query
end

-- The request as ges.sim reads it. The path is taken from the request line, as it was sent.
local function read_request()
  return {
    method = ngx.req.get_method(), path = ngx.var.request_uri:match("^[^?]*"),
    query = read_query(), headers = read_headers(), body = ngx.req.get_body_data() or "",
    host = ngx.var.http_host or "", tls = ngx.var.scheme == "https", remote = ngx.var.remote_addr,
  }
end

local function write_response(response)
  if response.delay then
    ngx.sleep(response.delay)
  end
  if response.drop then
    return ngx.exit(444)
  end
  ngx.status = response.status
  for name, value in pairs(response.headers) do
    ngx.header[name] = value
  end
  ngx.header["Content-Length"] = #response.body
  ngx.print(response.body)
end

local function now()
  ngx.update_time()
  return ngx.now()
end

--- Answers one request.
function nginx.serve()
  ngx.req.read_body()
  write_response(new_sim():handle(read_request(), ngx.shared.ges_sim, now()))
end

--- Answers what nginx itself refused before it was a request.
function nginx.refuse()
  local request = { method = "GET", path = "/", query = {}, headers = {}, body = "" }
  write_response(new_sim():refuse(ngx.status, request, ngx.shared.ges_sim, now()))
end

-- A process that ended keeps its id until its parent waits for it; only Linux shows that state.
local function is_gone(pid)
  if ffi.C.kill(pid, 0) ~= 0 then
    return ffi.errno() == no_such_process
  end
  local file = io.open(("/proc/%d/stat"):format(pid))
  local line = file and file:read "*l" or ""
  if file then
    file:close()
  end
  return line:find(") Z ", 1, true) ~= nil
end

-- Ends the server when the process that started it is gone, so that a crashed script leaves nothing
-- behind: the master gets the signal to quit, and a shell outlives it to remove the directory.
local function watch_parent(premature)
  if premature or not is_gone(settings.parent) then
    return
  end
  local master = ffi.C.getppid()
  if master > 1 then
    local dir = "'" .. settings.dir:gsub("'", "'\\''") .. "'"
    local remove = "(while [ -e %s/nginx.pid ]; do sleep 0.1; done; rm -rf -- %s) >/dev/null 2>&1 &"
    os.execute(remove:format(dir, dir))
    ffi.C.kill(master, quit)
  end
end

--- Writes to the file "ready" that requests can be answered, or why not, and begins to watch the
--- parent.
function nginx.start_worker()
  if ngx.worker.id() ~= 0 then
    return
  end
  local ok, why = pcall(new_sim)
  local file = assert(io.open(settings.dir .. "/ready.new", "w"))
  file:write(ok and "ok" or tostring(why))
  file:close()
  assert(os.rename(settings.dir .. "/ready.new", settings.dir .. "/ready"))
  if settings.parent then
    assert(ngx.timer.every(0.5, watch_parent))
  end
end

return nginx
