-- SPDX-License-Identifier: MIT
-- The simulator inside nginx: nginx's request -> ges.sim.service -> nginx's response.
-- Everything is loaded by nginx's master, so that workers without a right to read any file can
-- serve. Owns nothing: what lasts is in the shared dict "ges_sim", and the settings are a file that
-- ges.sim.nginx.process wrote (module "ges_sim_settings") and that never changes. Called only from
-- the configuration that ges.sim.nginx.conf makes.

local ngx = ngx
local digest = require "ges.sim.nginx.digest"
local service = require "ges.sim.service"
local settings = require "ges_sim_settings"

local worker = {}

local simulated

-- The service, and why it has no access keys, or nil.
local function load_service()
  local hashes, why = digest.new()
  if settings.keys and not hashes then
    error("access keys cannot be verified: " .. why, 0)
  end
  local ok, codec = pcall(require, settings.codec)
  if not ok then
    error(("the Lua of nginx has no module '%s' (Debian: lua-cjson; else: luarocks "
      .. "--lua-version=5.1 install lua-cjson): %s"):format(settings.codec, codec), 0)
  end
  return service.new {
    json = codec, digest = hashes, projects = settings.projects, users = settings.users,
    keys = settings.keys, tokens = settings.tokens, graphs = settings.graphs,
  }, why
end

--- Loads the service, in the master, and writes to the file "ready" why it has no access keys ("":
--- it has) or, after "! ", why it cannot serve; nginx does not start then.
function worker.load()
  local ok, made, no_keys = pcall(load_service)
  local file = assert(io.open(settings.dir .. "/ready", "w"))
  file:write(ok and no_keys or not ok and "! " .. tostring(made) or "")
  file:close()
  if not ok then error(made, 0) end
  simulated = made
end

-- Ends this worker when its master is gone: a master that was killed ends nothing itself. It may be
-- gone before the worker began: then its place was taken by process 1.
local function watch_master(premature, ffi, master)
  local parent = ffi.C.getppid()
  if not premature and (parent ~= master or parent == 1) then
    ffi.C.kill(ffi.C.getpid(), 15)
  end
end

--- Begins to watch the master.
function worker.start()
  local has_ffi, ffi = pcall(require, "ffi")
  if not has_ffi then return end
  ffi.cdef("int getppid(void); int getpid(void); int kill(int pid, int signal);")
  assert(ngx.timer.every(1, watch_master, ffi, ffi.C.getppid()))
end

local function read_headers()
  local headers = ngx.req.get_headers(0)
  for name, value in pairs(headers) do
    headers[name] = type(value) == "table" and table.concat(value, ", ") or value
  end
  return setmetatable(headers, nil)
end

-- The names and values of the query, of which nginx's own reader drops empty names. A name without
-- "=" has an empty value: so it is in a signature.
local function read_query()
  local query = {}
  for item in (ngx.var.args or ""):gmatch("[^&]+") do
    local name, value = item:match("^([^=]*)=?(.*)$")
    name, value = ngx.unescape_uri(name), ngx.unescape_uri(value)
    local before = query[name]
    if type(before) == "table" then
      before[#before + 1] = value
    else
      query[name] = before and { before, value } or value
    end
  end
  return query
end

-- The body, which nginx has in a file where it came in many small pieces.
local function read_body()
  ngx.req.read_body()
  local path = ngx.req.get_body_file()
  if not path then return ngx.req.get_body_data() or "" end
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- The request as the service reads it. The path is taken from the request line, as it was sent.
local function read_request()
  return {
    method = ngx.req.get_method(), path = ngx.var.request_uri:match("^[^?]*"),
    query = read_query(), headers = read_headers(), body = read_body(),
    host = ngx.var.http_host or "", tls = ngx.var.scheme == "https", remote = ngx.var.remote_addr,
  }
end

local close_connection = 444 -- to nginx's `return`

local function write_response(response)
  if response.delay then
    ngx.sleep(response.delay)
  end
  if response.drop then
    return ngx.exit(close_connection)
  end
  ngx.status = response.status
  for name, value in pairs(response.headers) do
    ngx.header[name] = value
  end
  ngx.header["Content-Length"] = #response.body
  if not response.cut then
    return ngx.print(response.body)
  end
  ngx.print(response.body:sub(1, response.cut))
  ngx.flush(true)
  ngx.exit(close_connection)
end

local function now()
  ngx.update_time()
  return ngx.now()
end

--- Answers one request.
function worker.serve()
  write_response(simulated:handle(read_request(), ngx.shared.ges_sim, now()))
end

--- Answers what nginx itself refused before it was a request.
function worker.refuse()
  local request = { method = "GET", path = "/", query = {}, headers = {}, body = "" }
  write_response(simulated:refuse(ngx.status, request, ngx.shared.ges_sim, now()))
end

return worker
