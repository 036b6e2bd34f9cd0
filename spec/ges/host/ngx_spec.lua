-- ges in a real nginx worker: many calls at once, browsers that hang up, reload and exit.

local kit = require("ngx_kit")
local ges_sim = require("ges.sim")
local socket = require("socket")

-- nginx runs LuaJIT, whatever runs the specs: once is enough.
if not rawget(_G, "jit") then return end

-- GET /job/ID answers with the job's status, or with the failure.
local JOB = [[
  location ~ "^/job/(.+)$" { content_by_lua_block {
    local job, err = client:job_status({ job_id = ngx.var[1], thread_pool = ngx.var.arg_pool })
    ngx.print(job and job.status or err)
  } }
]]

local function paths(n, name)
  local list = {}
  for i = 1, n do list[i] = ("/job/%s-%d"):format(name, i) end
  return list
end

local function assert_all_succeed(answers)
  for _, answer in ipairs(answers) do
    assert.equal(200, answer.status, answer.body)
    assert.equal("success", answer.body)
  end
end

describe("ges in an nginx worker", function()
  local backend, sim, server

  -- A server of the spec's own, which must end without a complaint.
  local function serve(parts)
    local own = kit.start(parts)
    finally(function()
      own:stop()
      assert.same({}, own:complaints())
    end)
    return own
  end

  setup(function()
    backend = kit.backend()
    sim = assert(ges_sim.start({ tls = true }))
    server = kit.start({ http = kit.client(backend.url), server = JOB .. [[
      location = /go { content_by_lua_block { ngx.shared.notes:set(ngx.var.arg_name, 1) } }
      location = /spawn { content_by_lua_block {
        local threads, good = {}, 0
        for i = 1, 50 do
          threads[i] = ngx.thread.spawn(client.job_status, client, { job_id = "d200-" .. i })
        end
        for i = 1, 50 do
          local ok, job = ngx.thread.wait(threads[i])
          good = good + (ok and job and job.job_id == "d200-" .. i and 1 or 0)
        end
        ngx.print(good)
      } }
      location = /closed { content_by_lua_block {
        local own = require("ges").new({ ]] .. kit.options(backend.url) .. [[ })
        local thread = ngx.thread.spawn(own.job_status, own, { job_id = "d5000-x" })
        repeat ngx.sleep(0.01) until ngx.shared.notes:get("closed")
        own:close()
        local _, job, err, info = ngx.thread.wait(thread)
        ngx.print(tostring(job), " ", info.kind)
      } }
      location = /ended { content_by_lua_block {
        local own = require("ges").new({ ]] .. kit.options(backend.url) .. [[ })
        local handle = own:start({ job_id = "d2000-x" })
        local thread = ngx.thread.spawn(function() handle:wait() end)
        repeat ngx.sleep(0.01) until ngx.shared.notes:get("ended")
        ngx.thread.kill(thread)
        local job, err = handle:wait()
        ngx.print(job and job.status or err, " ", tostring(pcall(own.close, own)))
      } }
    ]] })
  end)

  teardown(function()
    sim:stop()
    kit.cleanup()
  end)

  -- Waits until the backend was asked about a job.
  local function wait_asked(id)
    assert.is_truthy(kit.wait_until(20, function()
      return select(2, backend:get("/notes?name=" .. id)) ~= "\n"
    end), id)
  end

  -- A job in the simulator that takes `seconds`.
  local function start_job(seconds)
    local text = kit.run(("curl -s %s/v2/%s/graphs/g/import-graph -H 'X-Auth-Token: %s' "
      .. "-H 'Content-Type: application/json' -H 'X-Sim-Seconds: %g' -H 'X-Sim-Pending: 0' "
      .. "-d '{\"edgeset_path\": \"b/e.csv\"}'")
      :format(sim.url, sim.demo.project_id, sim.demo.token, seconds))
    return (assert(text:match('"job_id":"([^"]+)"'), text))
  end

  local function sim_client(url, more)
    return ("init_by_lua_block { client = require(\"ges\").new({ endpoint = %q, project_id = %q, "
      .. "graph_id = \"g\", token = %q, %s }) }")
      :format(url, sim.demo.project_id, sim.demo.token, more or "")
  end

  it("makes 200 calls of 200 ms at once, and answers others meanwhile", function()
    local socks, list, slowest = {}, paths(200, "d200"), 0
    local began = socket.gettime()
    for i, path in ipairs(list) do socks[i] = server:open(path) end
    for _ = 1, 20 do
      local sent = socket.gettime()
      assert.equal(200, (server:get("/ping")))
      slowest = math.max(slowest, socket.gettime() - sent)
    end
    for _, sock in ipairs(socks) do
      local status, body = kit.receive(sock)
      assert.equal("200 success", status .. " " .. body)
    end
    assert.is_true(socket.gettime() - began < 20, socket.gettime() - began) -- of forty
    assert.is_true(slowest < 5, slowest)
  end)

  it("wakes the worker up at most 20 times a second for a call held for seconds", function()
    local sock = server:open("/job/d5000-held")
    assert.is_truthy(kit.wait_until(20, function()
      return select(2, backend:get("/notes?name=d5000-held")) == "1\n"
    end))
    socket.sleep(1.5) -- a pause: a rest is a twentieth of the call's age
    local before, began = server:switches(), socket.gettime()
    socket.sleep(2) -- a pause: the time over which wakes are counted
    local woken = server:switches() - before
    local seconds = socket.gettime() - began
    assert.equal(200, (kit.receive(sock)))
    -- Some more for the questions of this spec itself.
    assert.is_true(woken <= 20 * seconds + 10, woken .. " in " .. seconds)
  end)

  it("serves many light threads of one request", function()
    local began = socket.gettime()
    assert.equal("50", select(2, server:get("/spawn")))
    assert.is_true(socket.gettime() - began < 8) -- of ten
  end)

  -- Asks for a page that goes on once the backend was asked about the job: what it says.
  local function go_on(name, id)
    local sock = server:open("/" .. name)
    wait_asked(id)
    assert.equal(200, (server:get("/go?name=" .. name)))
    return (select(2, kit.receive(sock)))
  end

  it("ends every wait as closed when the client is closed", function()
    local began = socket.gettime()
    assert.equal("nil closed", go_on("closed", "d5000-x"))
    assert.is_true(socket.gettime() - began < 4)
  end)

  it("goes on with a handle of which a waiting coroutine was ended", function()
    assert.equal("success true", go_on("ended", "d2000-x"))
  end)

  it("keeps no descriptor after 1000 calls", function()
    server:burst(paths(100, "d1"))
    local before = server:usage()
    for _ = 1, 10 do assert_all_succeed((server:burst(paths(100, "d1")))) end
    assert.is_true(server:usage() <= before + 5)
  end)

  it("waits in content and in a timer", function()
    local own = serve({ http = sim_client(sim.url), server = [[
      location ~ "^/wait/(.+)$" { content_by_lua_block {
        local words = {}
        local function note(event) words[#words + 1] = event.job.status end
        local job, err = client:wait({ job_id = ngx.var[1], interval = 0.2, on_event = note })
        ngx.print(job and table.concat(words, " ") or err)
      } }
      location ~ "^/later/(.+)$" { content_by_lua_block {
        local id = ngx.var[1]
        ngx.timer.at(0, function()
          local jobs = { { job_id = id }, { job_id = id } }
          local both = client:wait_all({ interval = 0.2, jobs = jobs })
          ngx.shared.notes:set("later", both[1].job.status .. " " .. both[2].job.status)
        end)
      } }
      location ~ "^/watch/(.+)$" { content_by_lua_block {
        for event in client:watch({ job_id = ngx.var[1], interval = 0.2 }) do
          ngx.print(event.type, " ")
          ngx.flush(true)
        end
      } }]] })
    local id = start_job(0.6)
    own:get("/later/" .. id)
    local _, words = own:get("/wait/" .. id)
    assert.truthy(words:find("^running .*success$"), words)
    assert.equal("poll change done ", select(2, own:get("/watch/" .. id)))
    local noted = kit.wait_until(20, function()
      local _, text = own:get("/notes?name=later")
      return text ~= "\n" and text
    end)
    assert.equal("success success\n", noted)
  end)

  for name, pool in pairs({ ["by sleeping"] = "", ["in a thread pool"] = "?pool=ges" }) do
    it("finishes the others when the leader's browser hangs up, waiting " .. name, function()
      local own = serve({ http = kit.client(backend.url) .. " lua_check_client_abort on;",
        server = JOB, main = "thread_pool ges threads=2;" })
      local of = #pool
      local leader = own:open(("/job/d8000-leader%d%s"):format(of, pool))
      wait_asked("d8000-leader" .. of)
      local socks, began = {}, socket.gettime()
      for i = 1, 5 do socks[i] = own:open(("/job/d600-%d-%d%s"):format(of, i, pool)) end
      for i = 1, 5 do wait_asked(("d600-%d-%d"):format(of, i)) end
      leader:close()
      for i = 1, 5 do assert.equal("success", select(2, kit.receive(socks[i]))) end
      assert.is_true(socket.gettime() - began < 7, socket.gettime() - began)
      assert_all_succeed((own:burst(paths(5, "d10"))))
      assert.falsy(own:log():find("is not used", 1, true))
    end)
  end

  it("logs in again when the browser whose call was logging in hangs up", function()
    local id = start_job(0)
    kit.run(("curl -s %s/sim/faults -H 'Content-Type: application/json' "
      .. "-d '{\"kind\": \"slow\", \"on\": \"login\", \"delay\": 20}'"):format(sim.url))
    local own = serve({ server = JOB, http = ([[
      lua_check_client_abort on;
      init_by_lua_block {
        local ges = require("ges")
        client = ges.new({ endpoint = %q, project_id = %q, graph_id = "g", request_timeout = 15,
          credentials = ges.credentials.password({ iam_endpoint = %q, user = %q, password = %q,
            domain = %q }) })
      }]]):format(sim.url, sim.demo.project_id, sim.url, sim.demo.user, sim.demo.password,
        sim.demo.domain) })
    local logins = sim:stats().logins
    local first = own:open("/job/" .. id)
    assert.is_truthy(kit.wait_until(20, function() return sim:stats().logins > logins end))
    local others, began = { own:open("/job/" .. id), own:open("/job/" .. id) }, socket.gettime()
    own:get("/pid") -- a worker takes connections in turn: it has those of the others by then
    first:close()
    for _, sock in ipairs(others) do assert.equal("success", select(2, kit.receive(sock))) end
    assert.is_true(socket.gettime() - began < 10, socket.gettime() - began)
  end)

  it("lets an abort handler end a wait", function()
    local own = serve({ http = sim_client(sim.url) .. " lua_check_client_abort on;", server = [[
      location ~ "^/wait/(.+)$" { content_by_lua_block {
        local handle = client:start({ job_id = ngx.var[1], interval = 0.2 })
        ngx.on_abort(function() handle:cancel() end)
        local _, _, info = handle:wait()
        ngx.shared.notes:set("ended", info.kind)
      } }]] })
    local id = start_job(60)
    local browser = own:open("/wait/" .. id)
    assert.is_truthy(kit.wait_until(20, function() return sim:stats(id).job_polls > 0 end))
    browser:close()
    assert.is_truthy(kit.wait_until(20, function()
      return select(2, own:get("/notes?name=ended")) == "cancelled\n"
    end))
  end)

  for name, pool in pairs({ ["by sleeping"] = "", ["in a thread pool"] = "?pool=ges" }) do
    it("answers what was under way at a reload and at the end, waiting " .. name, function()
      local own = serve({ http = kit.client(backend.url), server = JOB,
        main = "thread_pool ges threads=2;" })
      local before = select(2, own:get("/pid"))
      local sock = own:open(("/job/d1200-reload%d%s"):format(#pool, pool))
      wait_asked("d1200-reload" .. #pool)
      own:signal("HUP")
      assert.equal("success", select(2, kit.receive(sock)))
      assert.is_truthy(kit.wait_until(20, function()
        local status, pid = own:get("/pid")
        return status == 200 and pid ~= before
      end))
      local list = paths(20, "d1500-" .. #pool)
      for i = 1, 20 do list[i] = own:open(list[i] .. pool) end
      for i = 1, 20 do wait_asked(("d1500-%d-%d"):format(#pool, i)) end
      own:signal("QUIT")
      for i = 1, 20 do assert.equal("success", select(2, kit.receive(list[i]))) end
    end)
  end

  it("sleeps, and says so, where the thread pool is unknown", function()
    local own = serve({ http = kit.client(backend.url), server = JOB })
    assert.equal("success", select(2, own:get("/job/d50-x?pool=nowhere")))
    assert.truthy(own:log():find('thread_pool "nowhere" is not used: ', 1, true))
  end)

  it("does without semaphores", function()
    local own = serve({ http = kit.client(backend.url):gsub("{", [[{
      package.preload["ngx.semaphore"] = function() error("there is none") end ]], 1),
      server = JOB })
    local answers, took = own:burst(paths(50, "d200"))
    assert_all_succeed(answers)
    assert.is_true(took < 8, took) -- of ten
  end)

  it("lives with lua_code_cache off", function()
    local own = serve({ http = kit.client(backend.url), server = "lua_code_cache off;" .. JOB })
    assert_all_succeed((own:burst(paths(20, "d20"))))
    local before = own:usage()
    for _ = 1, 5 do assert_all_succeed((own:burst(paths(20, "d20")))) end
    assert.is_true(own:usage() <= before + 10, own:usage() .. " descriptors, were " .. before)
  end)

  it("speaks TLS to a name, with the libraries of the host in the same process", function()
    local own = serve({ server = JOB, http = sim_client(
      sim.https_url:gsub("127.0.0.1", "localhost"), ("ca_file = %q"):format(sim.ca_file)) })
    assert.equal("success", select(2, own:get("/job/" .. start_job(0))))
    local id = start_job(0)
    for _, answer in ipairs((own:burst({ "/job/" .. id, "/job/" .. id, "/job/" .. id }))) do
      assert.equal("success", answer.body)
    end
    local untrusting = serve({ server = JOB, http = sim_client(sim.https_url) })
    assert.truthy(select(2, untrusting:get("/job/" .. id)):find("^ges: tls: "))
  end)

  it("leaves no complaint in the error log", function()
    server:stop()
    assert.same({}, server:complaints())
    assert.same({}, backend:complaints())
  end)
end)
