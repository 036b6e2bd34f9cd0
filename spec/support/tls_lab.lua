-- SPDX-License-Identifier: MIT
-- A TLS laboratory for specs: a certificate authority with an intermediate, certificates with any
-- fault, one nginx that serves each on a port of its own, answers as the service and as IAM, and
-- writes down whom it answered, and a proxy that tunnels. Owns a directory and the servers until
-- `lab.cleanup`.
-- For spec/faults/tls_spec.lua and those of spec/regress.

local ngx_kit = require("ngx_kit")
local socket = require("socket")

local lab = {}

local dir

local function run(command)
  return ngx_kit.run(("cd '%s' && { %s; }"):format(dir, command))
end

local function write(name, text)
  local file = assert(io.open(dir .. "/" .. name, "wb"))
  file:write(text)
  file:close()
  return dir .. "/" .. name
end

local function read(name)
  local file = io.open(dir .. "/" .. name, "rb")
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text
end

lab.write, lab.run = write, run

--- The path of a file of the laboratory.
function lab.path(name)
  return dir .. "/" .. name
end

local SETTINGS = [[
[any]
new_certs_dir = .
database = index.txt
rand_serial = yes
unique_subject = no
default_md = sha256
policy = names
[names]
commonName = supplied
[req]
distinguished_name = nobody
[nobody]
]]

--- Makes NAME.pem and NAME.key. `what` has: by (name of the issuer; nil: itself), alt (names it is
--- for), from and to (years), ca (true: it may issue), name (its subject, if not NAME).
function lab.certificate(name, what)
  local by = what.by or name
  write(name .. ".ext", (what.ca and "basicConstraints=critical,CA:TRUE\n" or "")
    .. (what.alt and "subjectAltName=" .. what.alt .. "\n" or ""))
  local said = run(("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    .. " -config ca.conf -subj /CN=%s -keyout %s.key -out %s.csr")
    :format(what.name or name, name, name))
  said = said .. run(("openssl ca -batch -config ca.conf -name any -notext %s -keyfile %s.key"
    .. " -startdate %d0101000000Z -enddate %d0101000000Z -extfile %s.ext -in %s.csr -out %s.pem")
    :format(by == name and "-selfsign" or "-cert " .. by .. ".pem", by, what.from or 2020,
      what.to or 2120, name, name, name))
  assert(read(name .. ".pem"):find("BEGIN CERTIFICATE", 1, true), said)
end

local HERE = "IP:127.0.0.1,DNS:localhost"

local function make_certificates()
  write("ca.conf", SETTINGS)
  write("index.txt", "")
  lab.certificate("root", { ca = true })
  lab.certificate("stranger-root", { ca = true })
  lab.certificate("middle", { ca = true, by = "root" })
  lab.certificate("good", { by = "middle", alt = HERE })
  lab.certificate("expired", { by = "root", alt = HERE, from = 2001, to = 2002 })
  lab.certificate("early", { by = "root", alt = HERE, from = 2119 })
  lab.certificate("other", { by = "root", alt = "DNS:other.example,IP:127.0.0.2" })
  lab.certificate("star", { by = "root", alt = "DNS:*.0.0.1,DNS:127.0.0.1" })
  lab.certificate("stranger", { by = "stranger-root", alt = HERE })
  lab.certificate("alone", { alt = HERE })
  lab.certificate("leaf-issuer", { by = "root", alt = HERE })
  lab.certificate("issued-by-leaf", { by = "leaf-issuer", alt = HERE })
  lab.certificate("user", { by = "root" })
  write("chain.pem", read("good.pem") .. read("middle.pem"))
  write("leaf-chain.pem", read("issued-by-leaf.pem") .. read("leaf-issuer.pem"))
end

-- What is served: a name, its certificate and key, and more directives.
local SERVED = {
  { "good", "chain", "good" }, { "incomplete", "good", "good" }, { "expired" }, { "early" },
  { "other" }, { "star" }, { "stranger" }, { "alone" },
  { "leaf-chain", "leaf-chain", "issued-by-leaf" },
  { "old-tls", "chain", "good", "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;" },
  { "tls12", "chain", "good", "ssl_protocols TLSv1.2;" },
  { "brief", "chain", "good", "keepalive_timeout 0; ssl_session_cache shared:brief:1m;" },
  { "mutual", "chain", "good", "ssl_verify_client on; ssl_client_certificate %s/root.pem;" },
  { "mutual-once", "chain", "good", "ssl_verify_client on; ssl_client_certificate %s/root.pem;"
    .. " keepalive_timeout 0; ssl_session_cache off; ssl_session_tickets off;" },
  { "h2", "chain", "good", "keepalive_requests 7;", " http2" },
  { "h2-slow", "chain", "good", "keepalive_timeout 75;", " http2" },
  { "h2-1-request", "chain", "good", "keepalive_requests 1;", " http2" },
  { "h2-4", "chain", "good", "http2_max_concurrent_streams 4;", " http2" },
  { "h2-16", "chain", "good", "http2_max_concurrent_streams 16;", " http2" },
  { "h2-128", "chain", "good", "http2_max_concurrent_streams 128;", " http2" },
  { "h2-512", "chain", "good", "http2_max_concurrent_streams 512;", " http2" },
  { "h2-dies", "chain", "good", "%d", " http2" },
  { "dies", "chain", "good", "%d" },
  { "records", "chain", "good", "%r" },
}

-- A server that writes down what it gets as soon as it gets it, and dies on request: a path
-- with "/hang" is not answered, one with "/kill" ends the process with all its connections, one
-- with "/second" ends the connection unless it is the first request on it, and one with "/headers"
-- is answered with as many headers of 1,000 bytes as its `n` says.
local DIES = [[
    location ~ /(hang|kill|second) {
      rewrite_by_lua_block {
        local file = io.open("%s/got.log", "a")
        file:write(ngx.req.get_method(), " ", ngx.var.uri, " on ", ngx.var.connection, "\n")
        file:close()
        local second = ngx.var.uri:find("second") and ngx.var.connection_requests ~= "1"
        if ngx.var.uri:find("kill") or second and ngx.var.http2 ~= "" then
          os.execute("kill -9 " .. ngx.worker.pid())
        end
        ngx.req.read_body()
        if ngx.var.uri:find("hang") then ngx.sleep(60) end
        if second then ngx.exit(444) end
      }
      content_by_lua_block { ngx.print("{}") }
    }
    location /headers {
      content_by_lua_block {
        for i = 1, tonumber(ngx.var.arg_n) do ngx.header["X-" .. i] = ("y"):rep(1000) end
        ngx.print("{}")
      }
    }
]]

-- A server that writes down whole requests, each with a NUL behind it, before it answers.
local RECORDS = [[
    location ~ . {
      content_by_lua_block {
        ngx.req.read_body()
        local file = io.open("%s/records", "ab")
        file:write(ngx.req.raw_header(), ngx.req.get_body_data() or "", "\0")
        file:close()
        ngx.print('{"status":"success","projects":[{"id":"project"}]}')
      }
    }
]]

local CONFIG = [[
worker_processes 1;
pid nginx.pid;
error_log error.log notice;
events { worker_connections 1024; }
http {
  access_log off;
  log_format seen '$server_protocol $connection $request';
  server { listen 127.0.0.1:%d; location = /ping { return 200 'pong'; } }
  %s
}
]]

local FORM = [[
  server {
    listen 127.0.0.1:%d ssl%s backlog=1024;
    ssl_certificate %s/%s.pem;
    ssl_certificate_key %s/%s.key;
    access_log %s/%s.log seen;
    default_type application/json;
    %s
    location / {
      add_header X-Subject-Token token-of-iam;
      return 200 '{"status":"success","projects":[{"id":"project"}]}';
    }
    location ~ /jobs/slow {
      content_by_lua_block { ngx.sleep(0.3) ngx.print('{"status":"success"}') }
    }
  }
]]

--- Makes the certificates and starts the servers.
function lab.start()
  dir = ngx_kit.run("umask 077; mktemp -d ${TMPDIR:-/tmp}/ges-tls.XXXXXX"):gsub("%s+$", "")
  make_certificates()
  lab.ports = {}
  local blocks = {}
  for _, row in ipairs(SERVED) do
    local name, pem, key = row[1], row[2] or row[1], row[3] or row[1]
    lab.ports[name] = ngx_kit.free_port()
    local more = (row[4] or ""):gsub("%%d", (DIES:gsub("%%", "%%%%")))
      :gsub("%%r", (RECORDS:gsub("%%", "%%%%"))):gsub("%%s", dir)
    blocks[#blocks + 1] = FORM:format(lab.ports[name], row[5] or "", dir, pem, dir, key, dir, name,
      more)
  end
  lab.server = ngx_kit.start({
    config = function(port) return CONFIG:format(port, table.concat(blocks, "\n")) end,
  })
end

--- The endpoint of a server, by address or by another name of this machine.
function lab.url(name, host)
  return ("https://%s:%d"):format(host or "127.0.0.1", lab.ports[name])
end

--- The requests a server has answered: lines "protocol connection request".
function lab.seen(name)
  local list = {}
  for line in read(name .. ".log"):gmatch("[^\n]+") do list[#list + 1] = line end
  return list
end

--- The whole requests that the server "records" has got.
function lab.records()
  local list = {}
  for text in read("records"):gmatch("(%Z+)%z") do list[#list + 1] = text end
  return list
end

--- How often a request with this text in its line "METHOD path on connection" came to a server
--- that dies.
function lab.came(text)
  local n = 0
  for line in read("got.log"):gmatch("[^\n]+") do
    if line:find(text, 1, true) then n = n + 1 end
  end
  return n
end

--- The connections, by nginx's numbers, on which such requests came, each once.
function lab.connections(text)
  local list, seen = {}, {}
  for line in read("got.log"):gmatch("[^\n]+") do
    local one = line:find(text, 1, true) and line:match(" on (%d+)$")
    if one and not seen[one] then
      list[#list + 1], seen[one] = one, true
    end
  end
  return list
end

local tunnels = {}

--- Starts a proxy that tunnels; returns its URL and a function that gives what came before TLS.
---@param name? string the certificate of a proxy that is reached over TLS
---@param to? integer the port of this machine to which it always goes
function lab.tunnel(name, to)
  local port, log = ngx_kit.free_port(), "tunnel-" .. #tunnels + 1
  local script = debug.getinfo(1, "S").source:match("^@(.*)tls_lab%.lua$") .. "tunnel.lua"
  local here = ngx_kit.run("pwd"):gsub("%s+$", "")
  if script:sub(1, 1) ~= "/" then script = here .. "/" .. script end
  local way = to and "to=" .. to .. " " or ""
  local files = name and ("%s.pem %s.key"):format(name == "good" and "chain" or name, name) or ""
  tunnels[#tunnels + 1] = run(("lua5.4 %s %d %s >%s 2>&1 </dev/null & echo $!")
    :format(script, port, way .. files, log)):match("%d+")
  local stop = socket.gettime() + 30
  repeat
    local peer = socket.connect("127.0.0.1", port)
    if peer then peer:close() else socket.sleep(0.02) end
  until peer or socket.gettime() > stop
  return (name and "https" or "http") .. "://127.0.0.1:" .. port,
    function() return read(log) end
end

--- Ends the servers and removes the directory.
function lab.cleanup()
  for i = #tunnels, 1, -1 do
    os.execute("kill " .. tunnels[i])
    tunnels[i] = nil
  end
  ngx_kit.cleanup()
  ngx_kit.run("rm -rf -- '" .. dir .. "'")
end

return lab
