-- SPDX-License-Identifier: MIT
-- The text of the files that the simulator's nginx reads: its configuration and its settings.
-- Pure; owns nothing. Called by ges.sim.nginx.process only.

local conf = {}

-- nginx's own quoting. A value with a line break cannot be written safely and is refused earlier.
local function quote(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

local http_form = [[
worker_processes %d;
pid %s;
error_log %s warn;
worker_shutdown_timeout 1s;
events { worker_connections 1024; }
http {
  access_log off;
  server_tokens off;
  client_body_temp_path %s;
  proxy_temp_path %s;
  fastcgi_temp_path %s;
  uwsgi_temp_path %s;
  scgi_temp_path %s;
  client_max_body_size 12m;
  client_body_buffer_size 12m;
  large_client_header_buffers 8 64k;
  keepalive_requests 1000000;
  underscores_in_headers on;
  lua_package_path %s;
  lua_package_cpath %s;
  lua_shared_dict ges_sim %s;
  client_body_in_single_buffer on;
  init_by_lua_block { require("ges.sim.nginx.worker").load() }
  init_worker_by_lua_block { require("ges.sim.nginx.worker").start() }
  server {
%s
    location / { content_by_lua_block { require("ges.sim.nginx.worker").serve() } }
    error_page 400 404 405 413 414 494 495 496 497 500 501 505 /ges-sim-refused;
    location = /ges-sim-refused {
      internal;
      content_by_lua_block { require("ges.sim.nginx.worker").refuse() }
    }
  }
}
]]

local tls_form = [[
    ssl_certificate %s;
    ssl_certificate_key %s;
    ssl_protocols TLSv1.2 TLSv1.3;]]

-- The listen lines. `site` has port, tls_port or nil, http2 ("listen" or "directive": how this
-- nginx spells it; nil: without HTTP/2), dir.
local function listen_lines(site)
  local lines = { ("    listen 127.0.0.1:%d;"):format(site.port) }
  if site.tls_port then
    local http2 = site.http2 == "listen" and " http2" or ""
    lines[2] = ("    listen 127.0.0.1:%d ssl%s;"):format(site.tls_port, http2)
    if site.http2 == "directive" then lines[2] = lines[2] .. "\n    http2 on;" end
    lines[3] = tls_form:format(quote(site.dir .. "/server.pem"), quote(site.dir .. "/server.key"))
  end
  return table.concat(lines, "\n")
end

--- nginx.conf.
---@param site table dir, port, tls_port, http2, user (and group) of the workers, workers, memory,
---  modules (files to load), path, cpath
---@return string
function conf.nginx(site)
  local dir = site.dir
  local lines = {}
  for _, module in ipairs(site.modules) do
    lines[#lines + 1] = ("load_module %s;"):format(quote(module))
  end
  if site.user then
    lines[#lines + 1] = ("user %s;"):format(site.user)
  end
  lines[#lines + 1] = http_form:format(site.workers,
    quote(dir .. "/nginx.pid"), quote(dir .. "/error.log"), quote(dir .. "/body"),
    quote(dir .. "/proxy"), quote(dir .. "/fastcgi"), quote(dir .. "/uwsgi"), quote(dir .. "/scgi"),
    quote(site.path), quote(site.cpath), site.memory, listen_lines(site))
  return table.concat(lines, "\n")
end

local function literal(value)
  if type(value) == "string" then
    return ("%q"):format(value)
  elseif type(value) == "number" then
    return ("%.17g"):format(value)
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local parts = {}
  for name, item in pairs(value) do
    parts[#parts + 1] = ("[%s]=%s"):format(literal(name), literal(item))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- The module "ges_sim_settings".
---@param settings table of strings, numbers, booleans and tables
---@return string
function conf.settings(settings)
  return "return " .. literal(settings) .. "\n"
end

--- openssl's configuration for a throw-away authority and its one server certificate.
---@return string
function conf.openssl()
  return [[
[req]
distinguished_name = name
prompt = no
[name]
CN = ges sim
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = IP:127.0.0.1,DNS:localhost
]]
end

return conf
