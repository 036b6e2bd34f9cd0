-- examples/openresty: the status gateway, as it is, in front of the simulator.

local kit = require("ngx_kit")
local ges_sim = require("ges.sim")
local socket = require("socket")
local wire = require("wire")

-- nginx runs LuaJIT, whatever runs the specs: once is enough.
if not rawget(_G, "jit") then return end

local ABSENT = "ff80808167f09aaa0167f19b35ec0305"

describe("examples/openresty", function()
  local sim, gateway

  -- The gateway with these variables; `edit` may change the text of nginx.conf.
  local function launch(variables, edit)
    return kit.start({ from = "examples/openresty", command = variables, config = function(port)
      local file = assert(io.open("examples/openresty/nginx.conf"))
      local text = file:read("*a"):gsub("8088", port):gsub("gateway%.pid", "nginx.pid")
        :gsub("gateway%.log", "error.log")
      file:close()
      return edit and edit(text) or text
    end })
  end

  local function start_gateway(token, extra, url, edit)
    return launch(("GES_ENDPOINT=%s GES_PROJECT_ID=%s GES_TOKEN=%s GATEWAY_INTERVAL=0.5 %s")
      :format(url or sim.url, sim.demo.project_id, token, extra or ""), edit)
  end

  setup(function()
    sim = assert(ges_sim.start())
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

  it("reports trouble with its own credentials to its log only", function()
    local secret = "kept-secret-" .. ("0123456789abcdef"):rep(4)
    local refused = start_gateway(secret)
    local status, body = refused:get("/jobs/g/" .. ABSENT)
    assert.equal(502, status)
    assert.truthy(body:find("refuses this gateway's credentials", 1, true), body)
    local _, stream = refused:get("/jobs/g/" .. ABSENT .. "/events")
    assert.truthy(stream:find("event: problem.*event: done"), stream)
    assert.is_nil((body .. stream .. refused:log()):find("kept-secret", 1, true))
    refused:stop()
    assert.same({}, refused:complaints(false))
  end)

  it("takes temporary keys, their project and another cloud from the environment", function()
    local service = wire.serve { { "request", wire.reply(200, '{"status":"running"}') } }
    local KEYS = "env -u GES_TOKEN HUAWEICLOUD_SDK_AK=an-access-key "
      .. "HUAWEICLOUD_SDK_SK=a-secret-key HUAWEICLOUD_SDK_SECURITY_TOKEN=a-security-token "
      .. "HUAWEICLOUD_SDK_PROJECT_ID=a-project "
    local front = launch(KEYS .. "GES_ENDPOINT=" .. service:url())
    assert.equal(200, (front:get("/jobs/g/j")))
    local request = service:requests()[1]
    assert.truthy(request:find("^GET /v2/a%-project/graphs/g/jobs/j/status "), request)
    assert.truthy(request:find("\r\nX-Security-Token: a-security-token\r\n", 1, true), request)
    front:stop()
    service:close()
    local proxy = wire.serve { { "request", wire.reply(403, ""), { again = true } }, loop = true }
    front = launch(KEYS .. "GES_REGION=r-1 GES_CLOUD=other.test https_proxy=" .. proxy:url())
    front:get("/jobs/g/j")
    assert.truthy(proxy:requests()[1]:find("^CONNECT ges%.r%-1%.other%.test:443 "))
    front:stop()
    proxy:close()
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

  -- Six browsers, for three seconds, before a service that answers with `body` each time. Returns
  -- the last event each of them got, and how often the service was asked.
  local function watched(body, edit)
    local service = wire.serve { { "request", wire.reply(200, body), { again = true } },
      loop = true }
    local front = start_gateway("~token-of-the-gateway", "", service:url(), edit)
    local socks, texts = {}, {}
    for i = 1, 6 do socks[i] = front:open("/jobs/g/big/events") end
    for _ = 1, 3 do
      socket.sleep(1) -- a pause: the time over which questions are counted
      assert.equal(200, (front:get("/jobs/g/big")))
    end
    for i, sock in ipairs(socks) do
      sock:settimeout(0.05)
      texts[i] = select(3, sock:receive("*a")) or ""
      sock:close()
    end
    local asked = #service:requests()
    local complaints = front:complaints()
    front:stop()
    service:close()
    return texts, asked, complaints
  end

  local function job_of(files, more)
    local list = {}
    for i = 1, files do
      list[i] = ('{"path":"bucket/%d.csv","status":"success","total_lines":10}'):format(i)
    end
    return ('{"status":"running","fail_reason":"%s","job_detail":{"edgeset_path":[%s]}}'):format(
      more or "", table.concat(list, ","))
  end

  local function check_rate(body, edit)
    local began = socket.gettime()
    local texts, asked, complaints = watched(body, edit)
    local most = (socket.gettime() - began) / 0.5 + 2
    assert.is_true(asked <= most, ("asked %d times, at most %d"):format(asked, most))
    assert.same({}, complaints)
    for _, text in ipairs(texts) do
      assert.truthy(text:find('"status":"running"', 1, true), text:sub(1, 300))
    end
    return texts
  end

  it("asks once per interval about a job of any size, and says what it leaves out", function()
    local texts = check_rate(job_of(70000))
    for _, text in ipairs(texts) do
      assert.is_true(#text < 10000)
      assert.truthy(text:find('"left_out":"', 1, true), text)
      assert.truthy(text:find('"total":70000', 1, true), text)
    end
    texts = check_rate(job_of(1, ("x"):rep(3000000)))
    assert.truthy(texts[1]:find('"left_out":"', 1, true))
    texts = check_rate(job_of(900))
    assert.is_nil(texts[1]:find("left_out", 1, true))
    assert.truthy(texts[1]:find('bucket/900.csv', 1, true))
  end)

  it("asks once per interval where the shared dict is too small", function()
    local texts = check_rate(job_of(900), function(text)
      return text:gsub("ges_gateway 16m", "ges_gateway 32k")
    end)
    assert.truthy(texts[1]:find('"left_out":"', 1, true))
  end)

  local function all_polls()
    return tonumber(kit.run(("curl -s '%s/sim/stats'"):format(sim.url)):match('"polls":(%d+)'))
  end

  it("does not hand made-up ids on, and still serves the jobs it knows", function()
    local front = start_gateway(sim.demo.token, "GATEWAY_UNKNOWN_RATE=5")
    local job, paths = start_job(60), {}
    local path = "/jobs/g/" .. job
    assert.equal(200, (front:get(path)))
    local before, began = all_polls() - polls_of(job), socket.gettime()
    for i = 1, 80 do paths[i] = ("/jobs/g/%032x"):format(i) end
    local refused = 0
    for _, answer in ipairs((front:burst(paths))) do
      assert.truthy(answer.status == 404 or answer.status == 503, answer.status)
      if answer.status == 503 then refused = refused + 1 end
    end
    assert.is_true(refused > 0)
    assert.equal(200, (front:get(path)))
    local asked = all_polls() - polls_of(job) - before
    assert.is_true(asked <= 5 * (socket.gettime() - began + 2), asked)
    front:stop()
  end)

  it("remembers for a while that there is no such job", function()
    local front = start_gateway(sim.demo.token)
    local before, began = all_polls(), socket.gettime()
    for _ = 1, 30 do
      assert.equal(404, (front:get("/jobs/g/" .. ABSENT)))
      socket.sleep(0.05) -- a pause: the time over which questions are counted
    end
    assert.is_true(all_polls() - before <= (socket.gettime() - began) / 2 + 1)
    front:stop()
  end)

  it("slows one browser down that asks too often", function()
    local front = start_gateway(sim.demo.token)
    local paths, slowed = {}, 0
    for i = 1, 250 do paths[i] = "/jobs/g/" .. ABSENT end
    for _, answer in ipairs((front:burst(paths))) do
      if answer.status == 429 then slowed = slowed + 1 end
    end
    assert.is_true(slowed > 0)
    front:stop()
    assert.same({}, front:complaints())
  end)

  it("shows the graphs in its list", function()
    local front = start_gateway(sim.demo.token, "GATEWAY_GRAPHS='f, g'")
    local job, before = start_job(60), all_polls()
    assert.equal(200, (front:get("/jobs/g/" .. job)))
    assert.equal(1, all_polls() - before)
    local status, body = front:get("/jobs/other/" .. job)
    assert.equal(404, status)
    assert.truthy(body:find('"kind":"not_found"', 1, true), body)
    local _, text = front:get("/jobs/other/" .. job .. "/events")
    assert.truthy(text:find("event: problem.*event: done"), text)
    assert.equal(1, all_polls() - before)
    front:stop()
  end)

  it("answers to its own name only", function()
    local codes = { localhost = "404", ["127.0.0.1"] = "404", ["evil.test"] = "421" }
    for name, code in pairs(codes) do
      local got = kit.run(("curl -s -o /dev/null -w '%%{http_code}' -H 'Host: %s' %s/jobs/g/%s")
        :format(name, gateway.url, ABSENT))
      assert.equal(code, got)
    end
  end)

  it("sends a job's failure as an event and ends", function()
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
    -- A gateway that went on would ask twice a second.
    assert.is_true(kit.wait_until(30, function()
      local polls = polls_of(job)
      socket.sleep(1.2) -- a pause: in which nothing is asked
      return polls == polls_of(job)
    end))
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

  it("ends the streams of a job that there is not, at once when that is known", function()
    local front = start_gateway(sim.demo.token, "GATEWAY_NOT_FOUND_GRACE=3")
    local function took()
      local began = socket.gettime()
      local _, text = front:get("/jobs/g/" .. ABSENT .. "/events")
      assert.truthy(text:find('"kind":"not_found".*event: done\ndata: {}\n\n$'), text)
      return socket.gettime() - began
    end
    assert.is_true(took() >= 3)
    -- Until the service has been asked for the last time; after that, for a minute, it is not.
    local before, seconds
    assert.is_true(kit.wait_until(30, function()
      before, seconds = all_polls(), took()
      return all_polls() == before and seconds < 3
    end), seconds)
    front:stop()
    assert.same({}, front:complaints())
  end)

  -- The page's script in a world of objects, with these events of a stream: what it shows.
  local PAGE = [[
    const nodes = {};
    function node() {
      return { textContent: "", hidden: true, dataset: {}, tBodies: [], rows: [], children: [],
        append(child) { this.children.push(child); }, replaceChildren() { this.children = []; },
        insertRow() { return node(); } };
    }
    globalThis.document = { body: node(), forms: [{ graph: {}, job: {} }], createElement: node,
      getElementById: id => nodes[id] || (nodes[id] = Object.assign(node(),
        id === "files" ? { tBodies: [node()] } : {})) };
    globalThis.location = { search: "?graph=g&job=j" };
    let closed = false;
    const heard = {};
    globalThis.EventSource = class {
      addEventListener(name, fn) { heard[name] = fn; }
      close() { closed = true; }
    };
    EventSource.CLOSED = 2;
    require("vm").runInThisContext(require("fs").readFileSync(process.argv[2], "utf8"));
    for (const [name, data] of JSON.parse(process.argv[3])) {
      heard[name]({ data: JSON.stringify(data) });
      console.log([nodes.state.textContent, nodes.problem.textContent, closed,
        nodes.facts ? nodes.facts.children.map(one => one.textContent).join(",") : ""].join("|"));
    }
  ]]

  local function page_shows(events)
    local file = os.tmpname()
    local out = assert(io.open(file, "w"))
    out:write(PAGE)
    out:close()
    local text = kit.run(("node %s $PWD/examples/openresty/static/page.js '%s' 2>&1"):format(file,
      events))
    os.remove(file)
    return text
  end

  it("says on its page that there is no such job, and that times are UTC", function()
    if not kit.run("command -v node"):find("node") then
      return pending("node is not installed: it runs the page's script")
    end
    local unknown = '{"error":{"kind":"not_found","message":"can not find job","retryable":false}}'
    assert.equal("Not found yet|can not find job (a new job may take a few seconds; asking "
      .. "again)|false|\nThere is no such job|can not find job|true|\n",
      page_shows('[["problem",' .. unknown .. '],["done",{}]]'))
    local busy = '{"error":{"kind":"throttled","message":"busy","retryable":true}}'
    assert.equal("No answer yet|busy (asking again)|false|\n", page_shows('[["problem",' .. busy
      .. "]]"))
    local text = page_shows('[["job",{"job":{"job_id":"j","status":"success",'
      .. '"begin_time":"2018-11-27T21:39:00","end_time":"2018-11-27 21:39:56.701",'
      .. '"job_detail":{}},"outcome":"success","summary":{"files":{},"lines":{}}}],["done",{}]]')
    assert.equal(("success||false|Began,2018-11-27 21:39:00 UTC,Ended,2018-11-27 21:39:56 UTC\n")
      .. "success||true|Began,2018-11-27 21:39:00 UTC,Ended,2018-11-27 21:39:56 UTC\n", text)
  end)

  it("counts on its page each file that is done, as the command does", function()
    if not kit.run("command -v node"):find("node") then
      return pending("node is not installed: it runs the page's script")
    end
    local function files(success, partial, failed)
      return page_shows(('[["job",{"job":{"job_id":"j","status":"running"},"summary":{"lines":{},'
        .. '"files":{"total":9,"success":%d,"partial":%d,"failed":%d}}}]]'):format(success, partial,
        failed)):match("Files,(.-)\n")
    end
    assert.equal("3 of 9 done", files(3, 0, 0))
    assert.equal("6 of 9 done, 2 in part, 1 failed", files(3, 2, 1))
  end)

  it("ends its streams at a reload", function()
    local job = start_job(60)
    local sock = gateway:open("/jobs/g/" .. job .. "/events")
    assert.is_true(kit.wait_until(30, function() return polls_of(job) > 0 end))
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
