-- The simulator in a real nginx: how it serves.

local ges_sim = require "ges.sim"
local http = require "socket.http"
local kit = require "sim_kit"
local ltn12 = require "ltn12"
local socket = require "socket"

local run, wait_until, send = kit.run, kit.wait_until, kit.send
local graphs, start_job = kit.graphs, kit.start_job

describe("ges.sim", function()
  local server

  setup(function()
    server = assert(ges_sim.start { tls = true, workers = 2 })
  end)

  teardown(function()
    server:stop()
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

  it("takes a body in many small pieces", function()
    local body = '{"edgeset_path":"e","more":"' .. ("x"):rep(400000) .. '"}'
    local pieces = {}
    for i = 1, #body, 2 do pieces[#pieces + 1] = ("2\r\n%s\r\n"):format(body:sub(i, i + 1)) end
    if #body % 2 == 1 then pieces[#pieces] = ("1\r\n%s\r\n"):format(body:sub(-1)) end
    local client = assert(socket.connect("127.0.0.1", tonumber(server.url:match ":(%d+)$")))
    client:send(("POST %s/g/import-graph HTTP/1.1\r\nHost: x\r\nX-Auth-Token: sim-token\r\n"
      .. "Content-Type: application/json\r\nConnection: close\r\n"
      .. "Transfer-Encoding: chunked\r\n\r\n"):format(graphs(server)))
    for i = 1, #pieces, 1000 do
      client:send(table.concat(pieces, "", i, math.min(i + 999, #pieces)))
    end
    client:send("0\r\n\r\n")
    local answer = client:receive("*a")
    client:close()
    assert.matches("^HTTP/1.1 200 ", answer)
  end)

  it("answers in JSON what nginx itself would answer", function()
    local function ask(line, headers)
      local client = assert(socket.connect("127.0.0.1", tonumber(server.url:match ":(%d+)$")))
      client:send(line .. "\r\nHost: x\r\nConnection: close\r\n" .. (headers or "") .. "\r\n")
      local answer = client:receive("*a")
      client:close()
      return answer
    end
    for _, request in ipairs { { "TRACE / HTTP/1.1" }, { "GET /ges-sim-refused HTTP/1.1" },
      { "GET / HTTP/1.1", "Transfer-Encoding: gzip\r\n" }, { "GET / HTTP/3.0" } } do
      local answer = ask(request[1], request[2])
      assert.matches('"error_code":"APIGW.0201"', answer, nil, true)
    end
  end)
end)
