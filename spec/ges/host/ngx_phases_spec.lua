-- ges in the phases of a real nginx: where it may wait, where it may not, and what it says then.

local kit = require("ngx_kit")
local ges_sim = require("ges.sim")

-- nginx runs LuaJIT, whatever runs the specs: once is enough.
if not rawget(_G, "jit") then return end

-- Each phase that cannot wait asks and notes the answer.
local REFUSING = [[
  location = /set { set_by_lua_block $x { ask("set") return "" } return 204; }
  location = /header_filter {
    content_by_lua_block { ngx.say("x") } header_filter_by_lua_block { ask("header_filter") } }
  location = /body_filter {
    content_by_lua_block { ngx.say("x") } body_filter_by_lua_block { ask("body_filter") } }
  location = /log { content_by_lua_block { ngx.say("x") } log_by_lua_block { ask("log") } }
  location = /balancer { proxy_pass http://balanced; }
]]

local PREPARE = [[
  upstream balanced { server 0.0.0.1; balancer_by_lua_block { ask("balancer") ngx.exit(502) } }
  init_by_lua_block {
    ges = require("ges")
    options = { %s, job_id = "d1-x" }
    client = ges.new(options)
    function ask(name)
      local ok, why = pcall(client.job_status, client, { job_id = "d1-x" })
      ngx.shared.notes:set(name, ok and "no error" or why)
    end
    ask("init")
    local job, err = client:job_status({ host = "plain" })
    ngx.shared.notes:set("plain_init", job and job.status or err)
  }
  init_worker_by_lua_block {
    ask("init_worker")
    local job, err = client:job_status({ host = "plain" })
    ngx.shared.notes:set("plain_init_worker", job and job.status or err)
    ngx.timer.at(0, function()
      local timer_job, timer_err = client:job_status({})
      ngx.shared.notes:set("timer", timer_job and timer_job.status or timer_err)
    end)
  }
  exit_worker_by_lua_block {
    local ok, why = pcall(client.job_status, client, {})
    ngx.log(ngx.NOTICE, "ges said: ", ok and "no error" or why)
  }
]]

local WAITING = [[
  location = /rewrite { rewrite_by_lua_block { local job, err = client:job_status({})
    ngx.say(job and job.status or err) ngx.exit(200) } }
  location = /access { access_by_lua_block { local job, err = client:job_status({})
    ngx.say(job and job.status or err) ngx.exit(200) } }
  location = /content { content_by_lua_block { local job, err = client:job_status({})
    ngx.say(job and job.status or err) } }
  location = /module { content_by_lua_block { local job, err = ges.job_status(options)
    ngx.say(job and job.status or err) } }
  location = /coroutine { content_by_lua_block {
    local co = coroutine.wrap(function() return pcall(client.job_status, client, {}) end)
    local _, job, err = co()
    ngx.say(job and job.status or err) } }
  location = /plain { content_by_lua_block {
    local job, err = client:job_status({ host = "plain" })
    ngx.say(job and job.status or err) } }
  location = /mistake { content_by_lua_block { client:job_status({ retires = 1 }) } }
]]

describe("ges in nginx's phases", function()
  local backend, server

  setup(function()
    backend = kit.backend()
    server = kit.start({ http = PREPARE:format(kit.options(backend.url)),
      server = WAITING .. REFUSING, workers = 2 })
  end)

  teardown(kit.cleanup)

  local function note(name)
    return kit.wait_until(20, function()
      local _, text = server:get("/notes?name=" .. name)
      return text ~= "\n" and text
    end) or "nothing"
  end

  for _, phase in ipairs({ "rewrite", "access", "content", "module", "coroutine", "plain" }) do
    it("answers in: " .. phase, function()
      local status, body = server:get("/" .. phase)
      assert.equal(200, status)
      assert.equal("success\n", body)
    end)
  end

  it("answers in a timer", function()
    assert.truthy(note("timer"):find("^success"))
  end)

  for _, phase in ipairs({ "set", "header_filter", "body_filter", "log", "balancer" }) do
    it("names the way out in: " .. phase, function()
      server:get("/" .. phase)
      local text = note(phase)
      assert.truthy(text:find("nginx cannot wait in its phase " .. phase, 1, true), text)
      assert.truthy(text:find("ngx.timer.at(0, ", 1, true), text)
    end)
  end

  it("names the way out before there are requests", function()
    assert.truthy(note("init"):find('phase init; ask with host = "plain"', 1, true), note("init"))
    assert.truthy(note("init_worker"):find("phase init_worker; ask in a timer", 1, true))
  end)

  it("blocks where that is asked for", function()
    assert.equal("success", (note("plain_init"):gsub("%s", "")))
    assert.equal("success", (note("plain_init_worker"):gsub("%s", "")))
  end)

  it("says a script's mistake at the script's line", function()
    assert.equal(500, (server:get("/mistake")))
    local line = server:log():match("[^\n]+retires[^\n]+")
    assert.truthy(line and line:find("content_by_lua%(nginx.conf:%d+%):1: "), line)
  end)

  -- A client with a connection from the init phase, in two processes: none may read the other's
  -- answer.
  it("is the same client in every worker, and safe", function()
    local pids, n = {}, 0
    kit.wait_until(20, function()
      for _, answer in ipairs(server:burst({ "/content", "/pid", "/content", "/pid" })) do
        assert.equal(200, answer.status)
        local pid = answer.body:match("^%d+")
        if pid then
          n, pids[pid] = n + (pids[pid] and 0 or 1), true
        else
          assert.equal("success\n", answer.body)
        end
      end
      return n == 2
    end)
    assert.equal(2, n)
  end)

  it("waits in TLS's certificate phase", function()
    local sim = assert(ges_sim.start({ tls = true }))
    finally(function() sim:stop() end)
    local port = kit.free_port()
    local https = kit.start({ http = kit.client(backend.url) .. ([[
      server {
        listen 127.0.0.1:%d ssl;
        ssl_certificate %s/server.pem;
        ssl_certificate_key %s/server.key;
        ssl_certificate_by_lua_block {
          local job, err = client:job_status({ job_id = "d50-x" })
          ngx.shared.notes:set("cert", job and job.status or err)
        }
        location / { return 200 "hello"; }
      }]]):format(port, sim.dir, sim.dir) })
    local text = kit.run(("curl -s --cacert %s https://localhost:%d/"):format(sim.ca_file, port))
    assert.equal("hello", text)
    assert.equal("success\n", select(2, https:get("/notes?name=cert")))
    https:stop()
    assert.same({}, https:complaints())
  end)

  it("leaves no alert behind, and refuses in an exiting worker's last phase", function()
    server:stop()
    local seen = server:log():match("ges said: ([^\n]+)") or server:log()
    assert.truthy(seen:find("nginx cannot wait in its phase exit_worker", 1, true), seen)
    assert.same({}, server:complaints(false))
  end)
end)
