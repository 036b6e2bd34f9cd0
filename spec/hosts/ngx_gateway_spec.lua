-- examples/openresty: the status gateway, as it is, in front of the simulator.

local kit = require("ngx_kit")
local simserver = require("ges.simserver")
local socket = require("socket")

-- nginx runs LuaJIT, whatever runs the specs: once is enough.
if not rawget(_G, "jit") then return end

local ABSENT = "ff80808167f09aaa0167f19b35ec0305"

describe("examples/openresty", function()
  local sim, gateway

  local function start_gateway(token, extra)
    local variables = ("GES_ENDPOINT=%s GES_PROJECT_ID=%s GES_TOKEN=%s GATEWAY_INTERVAL=0.5 %s")
      :format(sim.url, sim.demo.project_id, token, extra or "")
    return kit.start({ from = "examples/openresty", command = variables, config = function(port)
      local file = assert(io.open("examples/openresty/nginx.conf"))
      local text = file:read("*a"):gsub("8088", port):gsub("gateway%.pid", "nginx.pid")
        :gsub("gateway%.log", "error.log")
      file:close()
      return text
    end })
  end

  setup(function()
    sim = assert(simserver.start())
    gateway = start_gateway(sim.demo.token, "GATEWAY_HEARTBEAT=0.3")
  end)

  teardown(function()
    kit.cleanup()
    sim:stop()
  end)

  local function start_job(seconds, outcome, pending)
    local text = kit.run(("curl -s %s/v2/%s/graphs/g/import-graph -H 'X-Auth-Token: %s' "
      .. "-H 'Content-Type: application/json' -H 'X-Sim-Seconds: %g' -H 'X-Sim-Pending: %g' "
      .. "-H 'X-Sim-Outcome: %s' -d '{\"edgeset_path\": \"b/e.csv\"}'")
      :format(sim.url, sim.demo.project_id, sim.demo.token, seconds, pending or 0,
        outcome or "success"))
    return (assert(text:match('"job_id":"([^"]+)"'), text))
  end

  local function polls_of(job)
    local text = kit.run(("curl -s '%s/sim/stats?job_id=%s'"):format(sim.url, job))
    return tonumber(text:match('"job_polls":(%d+)'))
  end

  it("answers with the job, and the same answer for a while", function()
    local job, began = start_job(60), socket.gettime()
    for _ = 1, 5 do
      local status, body, head = gateway:get("/jobs/g/" .. job)
      assert.equal(200, status)
      assert.truthy(body:find('"outcome":"pending"', 1, true), body)
      assert.truthy(body:find('"status":"running"', 1, true), body)
      assert.truthy(head:find("Cache-Control: no-store", 1, true))
    end
    assert.is_true(polls_of(job) <= (socket.gettime() - began) / 0.5 + 1)
  end)

  it("says with a fitting status what is wrong", function()
    local status, body = gateway:get("/jobs/g/" .. ABSENT)
    assert.equal(404, status)
    assert.truthy(body:find('"kind":"not_found"', 1, true), body)
    assert.equal(404, (gateway:get("/jobs/g/" .. ("x"):rep(129))))
    assert.equal(404, (gateway:get("/jobs/g/a%20b")))
    local code = kit.run(("curl -s -o /dev/null -w '%%{http_code}' -X POST %s/jobs/g/%s")
      :format(gateway.url, ABSENT))
    assert.equal("405", code)
  end)

  it("tells of its own credentials to its log only", function()
    local secret = "kept-secret-" .. ("0123456789abcdef"):rep(4)
    local refused = start_gateway(secret)
    local status, body = refused:get("/jobs/g/" .. ABSENT)
    assert.equal(502, status)
    assert.truthy(body:find("does not let this gateway in", 1, true), body)
    local _, stream = refused:get("/jobs/g/" .. ABSENT .. "/events")
    assert.truthy(stream:find("event: problem.*event: done"), stream)
    assert.is_nil((body .. stream .. refused:log()):find("kept-secret", 1, true))
    refused:stop()
    assert.same({}, refused:complaints(false))
  end)

  it("asks once per interval, however many watch in whatever worker", function()
    local job = start_job(2.5)
    local socks, began = {}, socket.gettime()
    for i = 1, 60 do socks[i] = gateway:open("/jobs/g/" .. job .. "/events") end
    for i = 1, 60 do
      local status, text, head = kit.receive(socks[i])
      assert.equal(200, status)
      assert.truthy(head:find("Content-Type: text/event-stream", 1, true))
      assert.truthy(text:find('^event: job\ndata: {"job":'), text)
      assert.truthy(text:find('"status":"success".*\n\nevent: done\ndata: {}\n\n$'), text)
    end
    local took = socket.gettime() - began
    assert.is_true(took < 20, took)
    assert.is_true(polls_of(job) <= took / 0.5 + 2, polls_of(job) .. " polls in " .. took)
  end)

  it("tells a job's failure as news and ends", function()
    local _, text = gateway:get("/jobs/g/" .. start_job(0, "failed") .. "/events")
    assert.truthy(text:find('"outcome":"failed".*event: done'), text)
  end)

  it("keeps a quiet stream alive, and asks no more when the browser is gone", function()
    local job = start_job(60, "success", 60)    -- pending, so that nothing changes
    local browser = gateway:open("/jobs/g/" .. job .. "/events")
    local text = ""
    while not text:find("still here", 1, true) do
      local line = assert(browser:receive("*l"))
      text = text .. line
    end
    browser:close()
    socket.sleep(1.5)
    local polls = polls_of(job)
    socket.sleep(1.2)
    assert.equal(polls, polls_of(job))
  end)

  it("serves a page that takes nothing from elsewhere and puts in text only", function()
    local status, page, head = gateway:get("/?graph=g&job=j")
    assert.equal(200, status)
    assert.truthy(head:find("Content-Security-Policy: default-src 'self'", 1, true))
    local _, script = gateway:get("/page.js")
    local _, style = gateway:get("/page.css")
    assert.truthy(page:find('<html lang="en">', 1, true))
    assert.is_nil((page .. script .. style):find("//[%w]+%."))
    for _, word in ipairs({ "innerHTML", "outerHTML", "insertAdjacent", "document.write" }) do
      assert.is_nil(script:find(word, 1, true))
    end
  end)

  it("ends its streams at a reload", function()
    local sock = gateway:open("/jobs/g/" .. start_job(60) .. "/events")
    socket.sleep(0.3)
    gateway:signal("HUP")
    local status, text = kit.receive(sock)
    assert.equal(200, status)
    assert.is_nil(text:find("event: done", 1, true))
  end)

  it("can be tried in one command", function()
    local text = kit.run("DEMO_ONCE=1 DEMO_SECONDS=1 sh tools/demo-openresty.sh; echo status $?")
    assert.truthy(text:find("open +http://127.0.0.1:%d+/%?graph=demo%-graph&job=%w+"), text)
    assert.truthy(text:find('"outcome":"success".*event: done\ndata: {}\n\nstatus 0'), text)
  end)

  it("leaves no complaint in the error log", function()
    gateway:stop()
    assert.same({}, gateway:complaints())
  end)
end)
