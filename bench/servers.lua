-- SPDX-License-Identifier: MIT
-- bench/servers.lua: the servers of the bench, in one nginx on loopback.
-- Owns that process (ended by its id) and the files in the folder it is given: certificates,
-- tokens, configuration. Called by bench/run.lua.

local measure = require("bench.measure")

local servers = {}

-- The response as the API page prints it, 764 bytes.
servers.body = [[
{
  "job_id" : "ff80808167f09aaa0167f19b35ec0305",
  "status" : "success",
  "job_type" : "GraphManagement",
  "job_name" : "ImportGraph",
  "related_graph" : "GES_UI_AUTO",
  "begin_time" : "2018-11-27T21:39:00",
  "end_time" : "2018-11-27T21:39:56",
  "job_detail" : {
    "vertexset_path" : [ {
      "path" : "ges-ui/auDatas/list_set_vertex.csv",
      "log" : null,
      "cause" : null,
      "status" : "success"
    } ],
    "edgeset_path" : [ {
      "path" : "ges-ui/auDatas/list_set_edge.csv",
      "log" : null,
      "cause" : null,
      "status" : "success"
    } ],
    "schema_path" : [ {
      "path" : "ges-ui/auDatas/list_set_schema.xml",
      "log" : null,
      "cause" : null,
      "status" : "success"
    } ]
  },
  "job_progress" : 0
}]]

local CONFIG = [[
MODULES
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log error;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off;
  default_type application/json;
  client_body_temp_path DIR/a;
  proxy_temp_path DIR/b;
  fastcgi_temp_path DIR/c;
  uwsgi_temp_path DIR/d;
  scgi_temp_path DIR/e;
  keepalive_requests 100000000;
  keepalive_timeout 600;
  large_client_header_buffers 4 32k;
  ssl_certificate DIR/server.pem;
  ssl_certificate_key DIR/server.key;
  server {
    listen 127.0.0.1:PORT1;
    location / { return 200 'BODY'; }
    location /running/ { return 200 'RUNNING'; }
  }
  server { listen 127.0.0.1:PORT2 ssl; location / { return 200 'BODY'; } }
  server { listen 127.0.0.1:PORT3 ssl http2; location / { return 200 'BODY'; } }
  server { listen 127.0.0.1:PORT4 ssl; keepalive_timeout 0; location / { return 200 'BODY'; } }
  server { listen 127.0.0.1:PORT5; root DIR/www; location / { try_files /big =404; } }
  server {
    listen 127.0.0.1:PORT6 backlog=4096;
    location / {
      content_by_lua_block {
        ngx.sleep(0.05)
        local id = ngx.var.uri:match("/jobs/([^/]+)/")
        ngx.print((ngx.var.body:gsub("ff80808167f09aaa0167f19b35ec0305", id, 1)))
      }
    }
    set $body 'BODY';
  }
  server {
    listen 127.0.0.1:PORT7;
    location ~ "^/((\d+)-[^/]+)/" {
      content_by_lua_block {
        local file = assert(io.open("DIR/any/" .. ngx.var[1], "rb"))
        local body = file:read("*a")
        file:close()
        ngx.status = tonumber(ngx.var[2])
        ngx.header["Content-Length"] = #body
        ngx.print(body)
      }
    }
  }
}
]]

local function run(command)
  assert(os.execute(command), "failed: " .. command)
end

local function write(name, text)
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
end

-- A throw-away CA and a certificate for this machine.
local function make_certificates(dir)
  write(dir .. "/ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
  local q = "cd " .. dir .. " && openssl "
  run(q .. "req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=ges bench CA'"
    .. " -keyout ca.key -out ca.pem 2>/dev/null")
  run(q .. "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key"
    .. " -out server.csr 2>/dev/null")
  run(q .. "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
    .. " -extfile ext -out server.pem 2>/dev/null")
end

-- A token in the letters of a real one; the short one is as long as a UUID without dashes. And a
-- pair of access keys.
local function make_credentials(dir)
  local long = {}
  for i = 1, 6344 do
    local at = (i * 7919) % 62 + 1
    long[i] = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"):sub(at, at)
  end
  write(dir .. "/token6344", "MII" .. table.concat(long):sub(4))
  write(dir .. "/token32", table.concat(long):sub(101, 132))
  write(dir .. "/keys", "AKIDEXAMPLE0123456789 SKEXAMPLE0123456789ABCDEFGHIJKLMNOPQRSTUVWX")
end

local function free_ports(n)
  local socket = require("socket")
  local held, ports = {}, {}
  for i = 1, n do
    held[i] = assert(socket.bind("127.0.0.1", 0))
    ports[i] = select(2, held[i]:getsockname())
  end
  for i = 1, n do held[i]:close() end
  return ports
end

local function load_modules()
  local folder = io.popen("nginx -V 2>&1"):read("*a"):match("%-%-modules%-path=(%S+)")
  local lines = {}
  for _, name in ipairs({ "ndk_http_module.so", "ngx_http_lua_module.so" }) do
    local file = folder and io.open(folder .. "/" .. name)
    if file then
      file:close()
      lines[#lines + 1] = ("load_module %s/%s;"):format(folder, name)
    end
  end
  return table.concat(lines, "\n")
end

local function wait_for(name)
  for _ = 1, 100 do
    local file = io.open(name)
    local pid = file and file:read("*n")
    if file then file:close() end
    if pid then return pid end
    os.execute("sleep 0.05")
  end
  error("nginx did not start; see " .. name:gsub("nginx.pid", "error.log"))
end

-- What a finished import of 10,000 files answers.
local function make_big(dir)
  local files = {}
  for i = 1, 10000 do
    files[i] = ([[{
      "path" : "ges-ui/auDatas/2018/list_set_vertex_%05d.csv",
      "log" : null,
      "cause" : null,
      "status" : "success",
      "total_lines" : %d,
      "failed_lines" : 0,
      "successful_lines" : %d
    }]]):format(i, i * 7, i * 7)
  end
  run("mkdir " .. dir .. "/www")
  write(dir .. "/www/big", (servers.body:gsub('("vertexset_path" : )%[.-%]', function(name)
    return name .. "[ " .. table.concat(files, ", ") .. " ]"
  end, 1)))
end

-- Adds the throw-away CA to a copy of the system's certificates and puts the copy in their place,
-- which only this process and its children see.
local function join_system(dir, certs)
  run(("cp -a %s %s/certs && cp %s/ca.pem %s/certs/ges-bench.pem"):format(certs, dir, dir, dir))
  run(("cat %s/ca.pem >> %s/certs/ca-certificates.crt"):format(dir, dir))
  run(("ln -s ges-bench.pem %s/certs/$(openssl x509 -hash -noout -in %s/ca.pem).0")
    :format(dir, dir))
  run(("mount --bind %s/certs %s"):format(dir, certs))
end

--- Starts them. `dir` is an empty folder of the caller's; `certs` the folder of the system's
--- certificates, when it may be replaced (this process is in a mount namespace of its own).
---@return table with the endpoints http, tls, h2, closing, big, slow and any, and stop()
function servers.start(dir, certs)
  run("chmod 711 " .. dir)
  make_certificates(dir)
  make_credentials(dir)
  make_big(dir)
  if certs then join_system(dir, certs) end
  local ports = free_ports(7)
  local values = { DIR = dir, BODY = servers.body, MODULES = load_modules(),
    RUNNING = servers.body:gsub("success", "running", 1) }
  for i = 1, 7 do values["PORT" .. i] = ports[i] end
  write(dir .. "/nginx.conf", (CONFIG:gsub("%u+%d?", values)))
  local pin = measure.output("nproc") + 0 > 1 and "taskset -c 0 " or ""
  run(("%snginx -p %s -c %s/nginx.conf -e %s/error.log"):format(pin, dir, dir, dir))
  local pid = wait_for(dir .. "/nginx.pid")
  return {
    http = "http://127.0.0.1:" .. ports[1],
    tls = "https://localhost:" .. ports[2],
    h2 = "https://localhost:" .. ports[3],
    closing = "https://localhost:" .. ports[4],
    big = "http://127.0.0.1:" .. ports[5],
    slow = "http://127.0.0.1:" .. ports[6],
    any = "http://127.0.0.1:" .. ports[7],
    ca = dir .. "/ca.pem",
    system = certs ~= nil,
    stop = function() os.execute("kill -TERM " .. pid) end,
  }
end

return servers
