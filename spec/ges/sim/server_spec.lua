-- The simulator in a real nginx, called over sockets.

local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"
local simserver = require "ges.sim.server"
local socket = require "socket"

local interpreter = rawget(_G, "jit") and "luajit" or "lua5.4"

local function run(command)
  local pipe = assert(io.popen("(" .. command .. ") 2>&1"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local function exists(path)
  return run("[ -e '" .. path .. "' ] && echo yes") == "yes\n"
end

-- A process that has ended counts as gone, even if its parent has not waited for it yet.
local function alive(pid)
  return run(("ps -o stat= -p %d"):format(pid)):find "^[^Z]" ~= nil
end

-- Waits up to `seconds` for something to become true.
local function wait_until(seconds, test)
  local deadline = socket.gettime() + seconds
  while socket.gettime() < deadline do
    if test() then
      return true
    end
    socket.sleep(0.05)
  end
  return test()
end

-- One request: status, decoded body, headers, body.
local function send(server, method, path, body, headers)
  headers = headers or {}
  headers["X-Auth-Token"] = headers["X-Auth-Token"] or "sim-token"
  if body then
    body = cjson.encode(body)
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = #body
  end
  local sink = {}
  local ok, status, got = http.request {
    method = method, url = server.url .. path, headers = headers,
    source = body and ltn12.source.string(body), sink = ltn12.sink.table(sink),
  }
  if not ok then
    return nil, status
  end
  local text = table.concat(sink)
  local decoded, value = pcall(cjson.decode, text)
  return status, decoded and value or nil, got, text
end

local function graphs(server)
  return "/v2/" .. server.demo.project_id .. "/graphs"
end

local function start_job(server, headers)
  local status, body = send(server, "POST", graphs(server) .. "/g/import-graph",
    { edgeset_path = "bucket/edges.csv" }, headers)
  assert.equal(200, status)
  return graphs(server) .. "/g/jobs/" .. body.job_id .. "/status"
end

-- Writes a script for another interpreter and starts it in the background; returns its process id.
local function background(script, output)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  return tonumber(run(("%s %s >%s 2>&1 </dev/null & echo $!"):format(interpreter, path, output))),
    path
end

describe("ges.sim.server", function()
  local server

  setup(function()
    server = assert(simserver.start { tls = true, workers = 2 })
  end)

  teardown(function()
    server:stop()
  end)

  it("says where it is, in a directory of its own", function()
    assert.truthy(server.url:find "^http://127%.0%.0%.1:%d+$")
    assert.truthy(server.https_url:find "^https://127%.0%.0%.1:%d+$")
    assert.is_true(alive(server.pid))
    assert.truthy(run("ls -ld " .. server.dir):find "^drwx%-%-%-%-%-%-")
    assert.truthy(simserver.banner(server):find(server.url, 1, true))
  end)

  it("lets a job live in real time, whichever worker answers", function()
    local path = start_job(server, { ["X-Sim-Seconds"] = "2", ["X-Sim-Pending"] = "0.8" })
    local seen, order = {}, {}
    assert.is_true(wait_until(30, function()
      local status, job = send(server, "GET", path)
      assert.equal(200, status)
      if not seen[job.status] then
        seen[job.status] = true
        order[#order + 1] = job.status
      end
      return job.status == "success"
    end))
    assert.same({ "pending", "running", "success" }, order)
  end)

  it("sends the gateway's headers and its own words for a missing job", function()
    local status, body, headers = send(server, "GET", graphs(server) .. "/g/jobs/none/status", nil,
      { ["X-Language"] = "zh-cn" })
    assert.equal(400, status)
    assert.equal("GES.8301", body.error_code)
    assert.equal("找不到任务，jobId是none", body.error_msg)
    assert.equal("api-gateway", headers.server)
    assert.equal("application/json", headers["content-type"])
    assert.equal(32, #headers["x-request-id"])
    assert.truthy(headers.date:find "^%a+, %d+ %a+ %d+ %d+:%d+:%d+ GMT$")
  end)

  it("logs in with a password, and the token opens GES", function()
    local demo = server.demo
    local status, body, headers = send(server, "POST", "/v3/auth/tokens?nocatalog=true", { auth = {
      identity = { methods = { "password" }, password = { user = { name = demo.user,
        password = demo.password, domain = { name = demo.domain } } } },
      scope = { project = { id = demo.project_id } } } }, { ["X-Sim-Token-Bytes"] = "9120" })
    assert.equal(201, status)
    assert.equal(demo.project_id, body.token.project.id)
    local token = headers["x-subject-token"]
    assert.equal(9120, #token)
    assert.equal(200, (send(server, "GET", graphs(server) .. "/jobs", nil,
      { ["X-Auth-Token"] = token })))
    assert.equal(401, (send(server, "GET", graphs(server) .. "/jobs", nil,
      { ["X-Auth-Token"] = token .. "x" })))
  end)

  it("checks a signature made by ges.core", function()
    local core = require "ges.core"
    local path, demo = graphs(server) .. "/jobs", server.demo
    local function signed(sk)
      local headers = core.sign { method = "GET", host = server.url:match "//(.*)$", path = path,
        query = { limit = "5" }, date = os.date("!%Y%m%dT%H%M%SZ"), ak = demo.ak, sk = sk }
      local sink = {}
      local _, status = http.request { url = server.url .. path .. "?limit=5", headers = headers,
        sink = ltn12.sink.table(sink) }
      return status, table.concat(sink)
    end
    assert.equal(200, (signed(demo.sk)))
    local status, text = signed "wrong"
    assert.equal(401, status)
    assert.truthy(text:find("verify aksk signature fail", 1, true))
  end)

  it("is slow, or closes the connection, on request", function()
    local path = start_job(server, { ["X-Sim-Seconds"] = "0" })
    local status = send(server, "POST", "/sim/faults",
      { { kind = "slow", delay = 0.4 }, { kind = "drop" }, { kind = "throttle" } })
    assert.equal(200, status)
    local before = socket.gettime()
    assert.equal(200, (send(server, "GET", path)))
    assert.is_true(socket.gettime() - before >= 0.35)
    local dropped, why = send(server, "GET", path)
    assert.is_nil(dropped)
    assert.equal("closed", why)
    local throttled, _, headers = send(server, "GET", path)
    assert.equal(429, throttled)
    assert.equal("1", headers["retry-after"])
    assert.equal(200, (send(server, "GET", path)))
  end)

  it("counts what it was asked", function()
    local _, before = send(server, "GET", "/sim/stats")
    local path = start_job(server)
    send(server, "GET", path)
    local job_id = path:match "jobs/(%x+)/"
    local _, after = send(server, "GET", "/sim/stats?job_id=" .. job_id)
    assert.equal(before.polls + 1, after.polls)
    assert.equal(before.imports + 1, after.imports)
    assert.equal(1, after.job_polls)
  end)

  it("refuses in JSON what nginx could not read", function()
    local oversized = { ("x"):rep(70000), ("x"):rep(33000) }
    for _, token in ipairs(oversized) do
      local status, body = send(server, "GET", graphs(server) .. "/jobs", nil,
        { ["X-Auth-Token"] = token })
      assert.is_true(status == 400 or status == 494)
      assert.equal("APIGW.0201", body.error_code)
    end
    local status, body = send(server, "GET", "/" .. ("x"):rep(70000))
    assert.equal(414, status)
    assert.equal("APIGW.0201", body.error_code)
  end)

  it("speaks HTTP/2 over TLS to a client that has its authority", function()
    local form = "curl -s -o /dev/null -w '%%{http_version} %%{http_code}' %s " ..
      "-H 'X-Auth-Token: sim-token' '%s%s/jobs'; echo \" $?\""
    local url = server.https_url
    local verify = "--http2 --cacert " .. server.ca_file
    assert.equal("2 200 0\n", run(form:format(verify, url, graphs(server))))
    local by_name = url:gsub("127%.0%.0%.1", "localhost")
    assert.equal("2 200 0\n", run(form:format(verify, by_name, graphs(server))))
    assert.equal("0 000 60\n", run(form:format("", url, graphs(server))))
    assert.equal("1.1 200 0\n", run(form:format(verify .. " --http1.1", url, graphs(server))))
  end)

  it("runs nothing of nginx's own in its log", function()
    local log = run("grep -v 'too large\\|too long' " .. server.dir .. "/error.log")
    assert.equal("", log)
  end)

  it("lets two run side by side, with their own state", function()
    local other = assert(simserver.start())
    local path = start_job(other)
    local here, there = send(server, "GET", path), send(other, "GET", path)
    other:stop()
    assert.equal(400, here)
    assert.equal(200, there)
    assert.is_nil(other.https_url)
  end)

  it("stops by its own id, removes its directory, and may be stopped twice", function()
    local other = assert(simserver.start())
    assert.is_true(other:stop())
    assert.is_false(alive(other.pid))
    assert.is_false(exists(other.dir))
    assert.is_true(other:stop())
    assert.is_nil((send(other, "GET", "/sim/stats")))
  end)

  it("stops within the second though a slow answer is under way", function()
    local other = assert(simserver.start())
    send(other, "POST", "/sim/faults", { kind = "slow", delay = 60, on = "list" })
    local port = tonumber(other.url:match ":(%d+)$")
    local waiting = assert(socket.connect("127.0.0.1", port))
    waiting:send(("GET %s/jobs HTTP/1.1\r\nHost: x\r\n\r\n"):format(graphs(other)))
    assert.is_true(wait_until(30, function()
      return select(2, send(other, "GET", "/sim/stats")).faults == 1
    end))
    local before = socket.gettime()
    assert.is_true(other:stop())
    waiting:close()
    assert.is_true(socket.gettime() - before < 5)
  end)

  it("takes a port that it is given, unless that is in use", function()
    local other = assert(simserver.start())
    local port = tonumber(other.url:match ":(%d+)$")
    local none, why = simserver.start { port = port }
    assert.is_nil(none)
    assert.equal(("port %d is in use"):format(port), why)
    other:stop()
    other = assert(simserver.start { port = port })
    other:stop()
    assert.equal("http://127.0.0.1:" .. port, other.url)
  end)

  it("finds its own modules, wherever package.path leads by now", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(([[
      package.path = %q
      local simserver = require("ges.sim.server")
      package.path = "/nowhere/?.lua"
      assert(simserver.start({ codec = "ges.json" })):stop()
      print("served")]]):format(package.path))
    file:close()
    assert.equal("served\n", run("env -u LUA_PATH " .. interpreter .. " " .. script))
    os.remove(script)
  end)

  it("starts with nginx's own lua-resty-core, whatever other one package.path leads to", function()
    local folder = run("mktemp -d"):gsub("\n", "")
    run("mkdir " .. folder .. "/resty")
    local file = assert(io.open(folder .. "/resty/core.lua", "w"))
    file:write("error('another lua-resty-core')")
    file:close()
    local before = package.path
    package.path = folder .. "/?.lua;" .. before
    local other, why = simserver.start()
    package.path = before
    run("rm -r " .. folder)
    assert(other, why)
    assert.equal(200, (send(other, "GET", "/sim/stats")))
    other:stop()
  end)

  it("starts where LUA_CPATH leads to modules for another Lua", function()
    local folder = run("mktemp -d"):gsub("\n", "")
    run(("mkdir %s/5.4 && echo no module >%s/5.4/cjson.so"):format(folder, folder))
    local file = assert(io.open(folder .. "/start.lua", "w"))
    file:write(([[
      package.path, package.cpath = %q, %q
      assert(require("ges.sim.server").start()):stop()
      print("served")]]):format(package.path, package.cpath:match("[^;]+")))
    file:close()
    assert.equal("served\n", run(("LUA_CPATH='%s/5.4/?.so;;' %s %s/start.lua"):format(folder,
      interpreter, folder)))
    run("rm -r " .. folder)
  end)

  it("takes its users and its place from its options", function()
    local parent = run("mktemp -d"):gsub("\n", "") .. "/it's here"
    run('mkdir "' .. parent .. '"')
    local other = assert(simserver.start { dir = parent,
      projects = { { id = "p", name = "q" } }, graphs = { g = 'say "hi"\n' },
      tokens = { { token = "mine", project_id = "p" } } })
    local status, body = send(other, "POST", "/v2/p/graphs/g/stop", nil,
      { ["X-Auth-Token"] = "mine" })
    local _, list = send(other, "GET", "/v2/p/graphs/jobs", nil, { ["X-Auth-Token"] = "mine" })
    other:stop()
    assert.equal(200, status)
    assert.equal(body.job_id, list.job_list[1].job_id)
    assert.equal('say "hi"\n', list.job_list[1].related_graph)
    assert.equal("mine", other.demo.token)
    assert.equal(parent, other.dir:sub(1, #parent))
    assert.equal("", run('ls "' .. parent .. '"'))
    run('rmdir "' .. parent .. '" "' .. parent:match "^(.*)/" .. '"')
  end)

  it("throws at a mistake and returns what it cannot do", function()
    assert.error_matches(function() simserver.start { prot = 1 } end, "unknown option 'prot'")
    assert.error_matches(function() simserver.start { port = 65536 } end, "port")
    assert.error_matches(function() simserver.start { workers = 0.5 } end, "workers")
    assert.error_matches(function() simserver.start { memory = "much" } end, "memory")
    local none, why = simserver.start { nginx = "/bin/false" }
    assert.is_nil(none)
    assert.truthy(why:find("/bin/false with the Lua module not found", 1, true))
    none, why = simserver.start { dir = "/proc/none" }
    assert.is_nil(none)
    assert.truthy(why:find("cannot make a directory", 1, true))
    none, why = simserver.start { codec = "no.such.codec" }
    assert.is_nil(none)
    assert.truthy(why:find("no.such.codec", 1, true))
  end)

  it("ends when the process that started it is gone", function()
    local output = os.tmpname()
    local _, script = background([[
      local server = assert(require("ges.sim.server").start())
      print(server.pid, server.dir)]], output)
    local pid, dir
    assert.is_true(wait_until(30, function()
      pid, dir = run("cat " .. output):match "^(%d+)%s+(%S+)\n"
      return pid
    end))
    assert.is_true(wait_until(30, function() return not alive(pid) and not exists(dir) end))
    os.remove(output)
    os.remove(script)
  end)

  -- Starts `ges sim`'s loop in the background, ends it, and returns what it wrote.
  local function run_and_end(finish)
    local output, parent = os.tmpname(), run("mktemp -d"):gsub("\n", "")
    local pid, script = background(([[
      local ok, why = require("ges.sim.server").run { dir = %q }
      print("returned", ok, why)]]):format(parent), output)
    assert.is_true(wait_until(30, function()
      return run("cat " .. output):find("JOB_ID", 1, true)
    end))
    finish(pid, tonumber(run("cat " .. parent .. "/*/nginx.pid")))
    assert.is_true(wait_until(30, function() return not alive(pid) end))
    local text, left = run("cat " .. output), run("ls " .. parent)
    os.remove(output)
    os.remove(script)
    run("rmdir " .. parent)
    assert.equal("", left)
    return text
  end

  it("runs in the foreground until its nginx ends", function()
    local text = run_and_end(function(_, nginx_pid)
      run("kill -QUIT " .. nginx_pid)
    end)
    assert.truthy(text:find("http://127.0.0.1:%d+ %(Ctrl%-C ends it%)"))
    assert.truthy(text:find("returned\ttrue", 1, true))
  end)

  it("runs in the foreground until it is interrupted", function()
    local text = run_and_end(function(pid)
      run("kill -INT " .. pid)
    end)
    assert.truthy(text:find("returned\ttrue", 1, true))
  end)
end)
