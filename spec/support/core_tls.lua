-- TLS servers for specs: `openssl s_server` processes with certificates made on the spot, all in
-- one directory that `tls.cleanup` takes away. They serve the files below `dir` (-WWW) and write
-- down what they were sent. A certificate that has run out is served by an nginx, since s_server
-- refuses to from OpenSSL 3.5 on. nil instead of a module where there is no openssl.
-- For core_tls_spec.

local ngx_kit = require("ngx_kit")
local ports = require("ports")
local socket = require("socket")

local function run(command)
  local pipe = io.popen("(" .. command .. ") 2>&1")
  local output = pipe:read("*a")
  pipe:close()
  return output
end

if not run("openssl version"):find("^OpenSSL") then
  return nil
end

local tls = {}
local pids = {}

local dir = run("mktemp -d"):match("%S+")
tls.dir = dir

--- Writes a file below the directory.
function tls.write(path, text)
  os.execute(("mkdir -p '%s/%s'"):format(dir, path:match("^(.*)/[^/]*$") or "."))
  local file = assert(io.open(dir .. "/" .. path, "wb"))
  file:write(text)
  file:close()
  return dir .. "/" .. path
end

local SETTINGS = [[
[any]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
policy = names
[names]
commonName = supplied
]]

--- Makes NAME.pem and NAME.key, valid for `alt` and for two days from now, or in the year `year`
--- alone, signed by itself. Returns the path of the certificate.
function tls.certificate(name, alt, year)
  local base = dir .. "/" .. name
  tls.write(name .. ".ext", "subjectAltName=" .. alt .. "\n")
  tls.write("ca.conf", SETTINGS)
  tls.write("index.txt", "")
  local said = run(("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    .. " -subj /CN=%s -keyout %s.key -out %s.csr"):format(name, base, base))
  local life = year and ("-startdate %d0101000000Z -enddate %d1231000000Z"):format(year, year)
    or "-days 2"
  said = said .. run(("cd %s && openssl ca -batch -config ca.conf -name any -notext -selfsign %s"
    .. " -keyfile %s.key -extfile %s.ext -in %s.csr -out %s.pem"):format(dir, life, name, name,
      name, name))
  local file = assert(io.open(base .. ".pem"), said)
  assert(file:read("*a"):find("BEGIN CERTIFICATE", 1, true), said)
  file:close()
  return base .. ".pem"
end

local function reader(path)
  return function()
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
  end
end

--- Starts a server with a certificate; returns its port and a function that gives what it said.
--- `before` has words in front of openssl.
function tls.serve(name, more, before)
  local port = ports.free()
  local log = ("%s/log-%d"):format(dir, port)
  local command = "cd %s && exec %s openssl s_server -accept 127.0.0.1:%d -cert %s.pem -key %s.key"
    .. " -WWW %s >%s 2>&1 </dev/null & echo $!"
  local pid = run(command:format(dir, before or "", port, name, name, more or "", log)):match("%d+")
  pids[#pids + 1] = pid
  local stop = socket.gettime() + 30
  repeat
    local peer = socket.connect("127.0.0.1", port)
    if peer then
      peer:close()
    else
      socket.sleep(0.02)
    end
  until peer or socket.gettime() > stop
  return port, reader(log)
end

local NGINX = [[
pid nginx.pid;
error_log error.log notice;
events { }
http {
  access_log off;
  server { listen 127.0.0.1:%d; location = /ping { return 200 "pong"; } }
  server {
    listen 127.0.0.1:%d ssl;
    ssl_certificate %s.pem;
    ssl_certificate_key %s.key;
    access_log seen.log;
    return 200 '%s';
  }
}
]]

--- The same by an nginx that answers everything with `body`.
function tls.serve_anything(name, body)
  local port, base = ports.free(), dir .. "/" .. name
  local server = ngx_kit.start { config = function(plain)
    return NGINX:format(plain, port, base, base, body)
  end }
  return port, reader(server.dir .. "/seen.log")
end

--- Ends the servers and removes the directory.
function tls.cleanup()
  for i = #pids, 1, -1 do
    os.execute("kill " .. pids[i])
    pids[i] = nil
  end
  ngx_kit.cleanup()
  os.execute("rm -rf '" .. dir .. "'")
end

return tls
