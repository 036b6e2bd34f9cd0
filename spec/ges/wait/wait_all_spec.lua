-- Waiting for many jobs at once: order, independence, bounds, the shared end, and what it costs.

local ges = require("ges")
local lab = require("lab")
local wire = require("wire")

local refused = lab.error(401, "APIG.0301")

local function options(server, jobs, extra)
  local more = { interval = 0.05, jobs = jobs, job_id = false, max_rate = 10000 }
  for name, value in pairs(extra or {}) do more[name] = value end
  return lab.options(server, more)
end

describe("ges.wait_all", function()
  after_each(lab.cleanup)

  it("returns nothing for nothing", function()
    assert.same({}, ges.wait_all(options("http://127.0.0.1:9", {})))
  end)

  it("refuses a value of the whole call for each of its jobs", function()
    local seen, jobs = {}, { { job_id = "a" }, { job_id = "b" } }
    local opts = options("http://127.0.0.1:9", jobs, { language = "tlh",
      on_event = function(event) seen[#seen + 1] = event end })
    local results = ges.wait_all(opts)
    assert.equal(2, #results)
    for n, result in ipairs(results) do
      lab.fails("argument", result.job, result.err, result.info)
      assert.same({ "done", n, jobs[n].job_id }, { seen[n].type, seen[n].index, seen[n].job_id })
    end
    local index, job, err, info = ges.wait_any(opts)
    assert.equal(1, index)
    lab.fails("argument", job, err, info)
    seen = {}
    opts.on_event = function(event) seen[#seen + 1] = event return false end
    assert.equal(2, #ges.wait_all(opts))
    assert.equal(1, #seen) -- one that wants no more events gets none
    opts.jobs = {}
    assert.same({}, ges.wait_all(opts))
  end)

  -- What a provider gives is bound for each attempt; the texts of the call know it, too.
  it("shows no part of a token that a function gave, in any of its texts", function()
    local token, calls = "MIIFbAYJKoZIhvcNAQcCoIIFXTCC/BVkCAQEx+DTALBgIghkgBZQ==", 0
    local function give() return token end
    local server = lab.replies { { 200, '{"status":"failed","fail_reason":"echo ' .. token:sub(20)
      .. '"}' } }
    local _, err, info = ges.wait(lab.options(server, { token = give }))
    assert.equal("echo <redacted>", err)
    assert.equal(err, info.message)
    local jobs = { { job_id = "a" }, { job_id = "b" }, { job_id = "c" } }
    local results = ges.wait_all(options(lab.replies { "running" }, jobs, { timeout = 0.3,
      token = function()
        calls = calls + 1
        if calls > 1 then return nil, "the vault says that " .. token .. " was revoked" end
        return token
      end }))
    for _, result in ipairs(results) do
      assert.is_nil(result.err:find(token:sub(1, 16), 1, true), result.err)
    end
  end)

  it("does not refuse a default that it does not use", function()
    local server = lab.replies { "success" }
    local client = lab.client { endpoint = server:url(), token = lab.token, project_id = "p",
      graph_id = "a/b" }
    assert.equal("success", client:wait_all { jobs = { { graph_id = "g", job_id = "j" } } }[1].job
      .status)
    assert(client:request { path = "/x" })
    local results = client:wait_all { jobs = { { job_id = "j" } } }
    lab.fails("argument", results[1].job, results[1].err, results[1].info)
  end)

  describe("on the simulator", function()
    setup(function() lab.start() end)
    teardown(function() lab.stop() end)

    it("keeps the order, and no bad job disturbs another", function()
      local long, short = lab.order { seconds = 0.9 }, lab.order { seconds = 0.2 }
      local failing = lab.order { seconds = 0.3, outcome = "failed", fail_reason = "no bucket" }
      local partial = lab.order { seconds = 0, outcome = "partiallyFailed" }
      local mixed_up = lab.order { seconds = 0.2, faults = "other_job*100" }
      local patient = lab.order { seconds = 0.3, faults = "throttle, html, bad_json" }
      local results = ges.wait_all(lab.at_sim {
        interval = 0.1, not_found_grace = 0.3,
        jobs = {
          { job_id = long }, { job_id = "../../admin" }, { job_id = "no-such-job" },
          { job_id = short }, { job_id = failing }, { job_id = partial }, { job_id = mixed_up },
          { job_id = patient }, { job_id = long, graph_id = "other-graph" },
          { job_id = short, project_id = "0123456789abcdef0123456789abcdef" }, { job_id = short },
        },
      })
      local ends = {}
      for i, result in ipairs(results) do
        ends[i] = result.job and result.job.job_id or result.info.kind
        assert.is_table(result.info)
        if not result.job then lab.fails(ends[i], nil, result.err, result.info) end
      end
      assert.same({ long, "argument", "not_found", short, "job_failed", "job_partial", "protocol",
        patient, "not_found", "not_found", short }, ends)
      assert.is_truthy(results[5].err:find("no bucket", 1, true))
      assert.equal(failing, results[5].info.job.job_id)
      assert.equal(0, results[2].info.attempts)
      assert.is_nil(results[2].info.resume)
      assert.is_string(results[7].info.resume)
    end)

    it("asks for each job by its own id, also when another's credentials failed before", function()
      local slow, quick, calls = lab.order { seconds = 0.5 }, lab.order { seconds = 0.1 }, 0
      local results = ges.wait_all(lab.at_sim {
        interval = 0.05, max_in_flight = 1, jobs = { { job_id = slow }, { job_id = quick } },
        token = function()
          calls = calls + 1
          if calls == 2 then return nil, "not now" end
          return lab.at_sim({}).token
        end,
      })
      assert.equal(slow, results[1].job and results[1].job.job_id, results[1].err)
      assert.equal("credentials", results[2].info.kind)
    end)

    it("waits for a thousand", function()
      local jobs, ids = {}, {}
      for i = 1, 20 do ids[i] = lab.order { seconds = 0.2 + i / 100 } end
      for i = 1, 1000 do jobs[i] = { job_id = ids[i % 20 + 1] } end
      local before = lab.stats().polls
      local results = ges.wait_all(lab.at_sim { jobs = jobs, max_rate = 100000, interval = 0.2,
        max_in_flight = 32 })
      local polls = 0
      for i, result in ipairs(results) do
        assert.equal(jobs[i].job_id, result.job and result.job.job_id, result.err)
        assert.equal("success", result.job.status)
        polls = polls + result.info.attempts
      end
      assert.equal(1000, #results)
      assert.equal(lab.stats().polls - before, polls)
    end)
  end)

  describe("max_in_flight", function()
    it("is never exceeded, and used", function()
      -- each connection answers one request at a time, a tenth of a second later
      local server = lab.replies({ "success" }, 0.1)
      local most, flying = 0, 0
      local took, results = lab.timed(ges.wait_all, options(server, lab.jobs(15), {
        max_in_flight = 3,
        token = function() flying = flying + 1 most = math.max(most, flying) return "t" end,
        on_request = function() flying = flying - 1 end,
      }))
      for _, result in ipairs(results) do assert.equal("success", result.job.status) end
      assert.equal(3, most)
      assert.equal(3, server:accepted())
      assert.is_true(took > 0.49 and took < 5, took)
    end)

    it("is 8 when nothing is said", function()
      local server = lab.replies({ "success" }, 0.2)
      ges.wait_all(options(server, lab.jobs(40)))
      assert.equal(8, server:accepted())
    end)

    it("does not starve a job behind a slow one", function()
      local slow = { "request", { gate = true }, wire.reply(200, '{"status":"success"}') }
      local fast = {}
      for _ = 1, 40 do
        fast[#fast + 1] = "request"
        fast[#fast + 1] = wire.reply(200, '{"status":"success"}')
      end
      local server, order = lab.serve { slow, fast }, {}
      ges.wait_all(options(server, lab.jobs(10), { max_in_flight = 2, on_event = function(event)
        if event.type == "done" then order[#order + 1] = event.index end
        if #order == 9 then server:pass() end
      end, timeout = 30 }))
      assert.equal(10, #order)
      assert.equal(1, order[10])
    end)
  end)

  describe("max_rate", function()
    -- The most requests that began within any second, by the moments their tokens were asked for.
    local function densest(times)
      local most, first = 0, 1
      for last = 1, #times do
        while times[last] - times[first] > 1 do first = first + 1 end
        most = math.max(most, last - first + 1)
      end
      return most
    end

    it("bounds the requests of any second", function()
      local server, times = lab.replies { "pending", "pending", "success" }, {}
      local took = lab.timed(ges.wait_all, options(server, lab.jobs(20), {
        max_rate = 20, interval = 0.01, max_in_flight = 20,
        token = function() times[#times + 1] = lab.now() return "t" end,
      }))
      local n = #server:requests()
      assert.equal(#times, n)
      assert.is_true(n >= 20)
      assert.is_true(densest(times) <= 22, densest(times))
      assert.is_true(took >= (n - 2) / 20 - 0.05, took)
    end)

    it("counts the second chance of a refused token, too", function()
      local list, n = {}, 0
      for i = 1, 20 do list[i] = i % 2 == 1 and refused or "success" end
      local server = lab.replies(list)
      local took, results = lab.timed(ges.wait_all, options(server, lab.jobs(10), {
        max_rate = 10, max_in_flight = 1,
        token = function() n = n + 1 return "token" .. n end,
      }))
      assert.equal(20, #server:requests())
      assert.is_true(took > 1.7, took)
      for _, result in ipairs(results) do assert.equal(2, result.info.attempts) end
    end)

    it("is 50 when nothing is said", function()
      local server = lab.replies { "success" }
      local took = lab.timed(ges.wait_all, options(server, lab.jobs(40), { max_rate = nil }))
      assert.is_true(took < 5, took)
      took = lab.timed(ges.wait_all, lab.options(server, { job_id = false, jobs = lab.jobs(40) }))
      assert.is_true(took > 0.7, took)
    end)
  end)

  describe("the deadline", function()
    it("is one for all, however many have not been polled", function()
      local server = lab.replies({ "running" }, 0.4)
      local took, results = lab.timed(ges.wait_all, options(server, lab.jobs(200), {
        timeout = 0.6, max_in_flight = 2, max_rate = 10,
      }))
      assert.is_true(took > 0.59 and took < 8, took)
      for _, result in ipairs(results) do
        lab.fails("deadline", result.job, result.err, result.info)
        assert.is_string(result.info.resume)
      end
      assert.is_true(#server:requests() < 20)
    end)

    it("gives no last poll more than is left of its second", function()
      local server = lab.silent()
      local took = lab.timed(ges.wait_all, options(server, lab.jobs(6), {
        timeout = 0.3, max_in_flight = 1,
      }))
      assert.is_true(took < 5, took)
    end)

    it("of nothing asks once about each", function()
      local server = lab.replies { "running" }
      local results = ges.wait_all(options(server, lab.jobs(20), { timeout = 0 }))
      assert.equal(20, #server:requests())
      for _, result in ipairs(results) do assert.equal("deadline", result.info.kind) end
    end)
  end)

  it("renews a token once for all that went out with the old one", function()
    -- two connections: each refuses its first request once the other's has come, too
    local good = wire.reply(200, '{"status":"success"}')
    local script = { "request", { requests = 2 }, wire.reply(refused[1], refused[2], refused[3]),
      "request", good, "request", good }
    local server = lab.serve { script, loop = true }
    local calls, refusals = 0, 0
    local results = ges.wait_all(options(server, lab.jobs(2), {
      token = function()
        calls = calls + 1
        return refusals == 0 and "old" or "new"
      end,
      on_request = function(info) refusals = refusals + (info.kind == "auth" and 1 or 0) end,
    }))
    for _, result in ipairs(results) do
      assert.equal("success", result.job and result.job.status, result.err)
      assert.equal(2, result.info.attempts)
    end
    assert.same({ "old", "old", "new", "new" }, lab.tokens(server))
    assert.equal(3, calls)
  end)

  it("uses the credentials of each job's own project", function()
    local server, asked = lab.replies { "success" }, {}
    local provider = { kind = "mine", refresh = function() end, get = function(_, ctx)
      asked[#asked + 1] = ctx.project_id or (ctx.need_project and "none") or "?"
      return { token = "t", project_id = ctx.project_id or "looked-up" }
    end }
    local results = ges.wait_all(options(server, {
      { job_id = "a", project_id = "one" }, { job_id = "b" }, { job_id = "c", project_id = "two" },
      { job_id = "d" },
    }, { token = false, project_id = false, credentials = provider, max_in_flight = 1 }))
    for _, result in ipairs(results) do assert.equal("success", result.job.status) end
    assert.equal("one none two", table.concat(asked, " ", 1, 3))
    local projects = {}
    for i, request in ipairs(server:requests()) do projects[i] = request:match("/v2/([^/]+)") end
    assert.same({ "one", "looked-up", "two", "looked-up" }, projects)
  end)

  it("renews the credentials of a job's own project, whatever another job's are", function()
    local good = wire.reply(200, '{"status":"success"}')
    local server = lab.serve {
      { "request", { requests = 2 }, wire.reply(refused[1], refused[2], refused[3]), "request",
        good }, { "request", good },
    }
    local provider = {
      get = function(_, ctx) return { token = "token-" .. ctx.project_id } end,
      refresh = function(_, ctx) return { token = "new-" .. ctx.project_id } end,
    }
    local results = ges.wait_all(options(server, {
      { job_id = "a", project_id = "one" }, { job_id = "b", project_id = "two" },
    }, { token = false, project_id = false, credentials = provider }))
    for _, result in ipairs(results) do assert.equal("success", result.job.status) end
    assert.same({ "token-one", "token-two", "new-one" }, lab.tokens(server))
  end)

  it("asks for the ids that a job names itself, else for the call's", function()
    local server = lab.replies { "success" }
    ges.wait_all(options(server, {
      { job_id = "a" }, { job_id = "b", project_id = "p2" }, { job_id = "c", graph_id = "g2" },
    }, { project_id = "p", graph_id = "g", max_in_flight = 1 }))
    local asked = {}
    for i, request in ipairs(server:requests()) do
      asked[i] = table.concat({ request:match("/v2/([^/]+)/graphs/([^/]+)/jobs/([^/]+)") }, " ")
    end
    assert.same({ "p g a", "p2 g b", "p g2 c" }, asked)
  end)

  it("has the events of every job", function()
    local server, seen = lab.replies { "success" }, {}
    ges.wait_all(options(server, lab.jobs(5), { on_event = function(event)
      seen[event.index] = (seen[event.index] or "") .. event.type:sub(1, 1)
      assert.equal(("job-%05d"):format(event.index), event.job_id)
    end }))
    assert.same({ "pcd", "pcd", "pcd", "pcd", "pcd" }, seen)
  end)

  it("is cancelled as a whole by its listener", function()
    local server = lab.replies { "running" }
    local took, results = lab.timed(ges.wait_all, options(server, lab.jobs(30), {
      interval = 30, on_event = function() return false end,
    }))
    assert.is_true(took < 5, took)
    assert.equal(30, #results)
    for _, result in ipairs(results) do
      lab.fails("cancelled", result.job, result.err, result.info)
    end
  end)

  it("closes its connections when its listener throws", function()
    local server, client = lab.replies({ "running" }, 0.3), lab.client()
    local n = 0
    local ok = pcall(client.wait_all, client, options(server, lab.jobs(8), {
      interval = 0.01, on_event = function(event)
        n = n + 1
        if event.attempt == 2 then error("enough") end
      end,
    }))
    assert.is_false(ok)
    assert.is_true(n > 1)
    local requests = #server:requests()
    require("socket").sleep(0.5) -- a pause: in which no more is asked than was under way
    assert.is_true(#server:requests() <= requests + 8)
    assert.equal("success", client:job_status(lab.options(lab.replies { "success" })).status)
  end)

  it("ends as closed when its listener closes the client", function()
    local client = lab.client()
    local took, results = lab.timed(client.wait_all, client, options(lab.replies { "running" },
      lab.jobs(100), { max_rate = 0.1, interval = 30, on_event = function() client:close() end }))
    assert.is_true(took < 5, took)
    for _, result in ipairs(results) do
      lab.fails("closed", result.job, result.err, result.info)
    end
  end)

  it("goes back and forth with a nested one on the same client", function()
    local client = lab.client()
    local inner
    local outer = client:wait_all(options(lab.replies { "running", "success" }, lab.jobs(6), {
      on_event = function(event)
        if inner or event.type ~= "done" then return end
        inner = client:wait_all(options(lab.replies { "pending", "success" }, lab.jobs(4)))
      end,
    }))
    assert.equal(6, #outer)
    assert.equal(4, #inner)
    for _, result in ipairs(outer) do assert.equal("success", result.job.status) end
    for _, result in ipairs(inner) do assert.equal("success", result.job.status) end
  end)

  describe("abandoned in a coroutine", function()
    -- A wait for `n` jobs that was left while its listener had yielded; the mark dies with it. The
    -- job of the event sleeps; the others are in flight.
    local function abandon(client, server, weak, n)
      local mark = {}
      weak[mark] = true
      local co = coroutine.create(function()
        client:wait_all(options(server, lab.jobs(n), { interval = 30,
          on_event = function() coroutine.yield(mark) end }))
      end)
      assert(coroutine.resume(co))
    end

    it("asleep, is garbage at once", function()
      local client, weak = lab.client(), setmetatable({}, { __mode = "k" })
      local server = lab.replies { "running" }
      for _ = 1, 20 do abandon(client, server, weak, 1) end
      assert.is_true(lab.are_garbage(weak))
      assert.equal("running", client:job_status(lab.options(server)).status)
      assert.equal(1, server:accepted())
    end)

    it("in flight, is garbage when its answers are in", function()
      local client, weak = lab.client(), setmetatable({}, { __mode = "k" })
      local server = lab.replies({ "running" }, 0.05)
      for _ = 1, 5 do abandon(client, server, weak, 4) end
      lab.eventually(function()
        client:job_status(lab.options(server))
        return lab.are_garbage(weak)
      end)
      assert.is_true(#server:requests() >= 20)
    end)
  end)

  it("takes the ids when it begins", function()
    local server, jobs = lab.replies { "success" }, lab.jobs(30)
    local results = ges.wait_all(options(server, jobs, { max_in_flight = 2,
      on_request = function()
        for _, entry in ipairs(jobs) do entry.job_id = "../another" end
        jobs[30] = nil
      end }))
    assert.equal(30, #results)
    for _, result in ipairs(results) do assert.equal("success", result.job.status) end
    local asked = {}
    for _, request in ipairs(server:requests()) do
      asked[#asked + 1] = request:match("/jobs/([^/]+)/")
    end
    table.sort(asked) -- over two connections the order is the server's
    for i, id in ipairs(asked) do assert.equal(("job-%05d"):format(i), id) end
    assert.equal(30, #asked)
  end)

  it("throws for an entry that is more than ids, or less", function()
    for _, entry in ipairs { 1, "a", { job_id = 1 }, { job_id = "a", token = "t" }, { "a" } } do
      local opts = options("http://127.0.0.1:9", { { job_id = "a" }, entry })
      lab.throws("job", function(here) ges.wait_all(here(opts)) end)
    end
  end)

  it("gives every job an info of its own, when credentials fail for all of them", function()
    local shared = { kind = "credentials", hint = "shared" }
    local provider = { kind = "mine", refresh = function() end,
      get = function() return nil, "no login", shared end }
    local results = ges.wait_all(options("http://127.0.0.1:9", lab.jobs(3),
      { token = false, credentials = provider }))
    for i, result in ipairs(results) do
      lab.fails("credentials", result.job, result.err, result.info)
      assert.equal("shared", result.info.hint)
      assert.is_truthy(result.info.resume:find(("job-%05d"):format(i), 1, true))
    end
    assert.same({ kind = "credentials", hint = "shared" }, shared)
  end)

  describe("in Lua's memory", function()
    local MANY = 2000

    -- Bytes for each job that were taken when `at` of them had been answered.
    local function taken(at, extra)
      local client, seen, bytes = lab.client(), 0, nil
      local opts = options(lab.replies { "running" }, lab.jobs(MANY), extra)
      opts.interval, opts.max_rate = 60, 1000000
      lab.collect()
      local before = collectgarbage("count")
      function opts.on_request()
        seen = seen + 1
        if seen < at then return end
        lab.collect()
        bytes = bytes or (collectgarbage("count") - before) * 1024 / MANY
        client:close()
      end
      client:wait_all(opts)
      return bytes
    end

    it("keeps less than two kilobytes for a job that sleeps", function()
      local bytes = taken(MANY, { max_in_flight = 8 })
      assert.is_true(bytes < 2048, bytes)
    end)

    it("keeps next to nothing for a job that has not been polled", function()
      local bytes = taken(2, { max_in_flight = 1 })
      assert.is_true(bytes < 200, bytes)
    end)

    it("leaves next to nothing of a job but its result", function()
      local opts = options(lab.replies { "success" }, lab.jobs(MANY), { max_rate = 1000000 })
      lab.collect()
      local before = collectgarbage("count")
      collectgarbage("stop")
      local results = ges.wait_all(opts)
      local all = collectgarbage("count") - before
      collectgarbage("restart")
      lab.collect()
      local garbage = (all - (collectgarbage("count") - before)) * 1024 / MANY
      assert.equal(MANY, #results)
      assert.is_true(garbage < 600, garbage)
    end)
  end)
end)

describe("ges.wait_any", function()
  after_each(lab.cleanup)

  it("returns the first that ends, and its place", function()
    -- one request at a time, so that it is known whose answer is whose
    local server = lab.serve {
      { "request", wire.reply(200, '{"status":"running"}'), "request",
        wire.reply(200, '{"job_id":"job-00002","status":"success"}'), { stall = true } },
    }
    local opts = options(server, lab.jobs(3))
    opts.max_in_flight = 1
    local index, job, err, info = ges.wait_any(opts)
    assert.equal(2, index)
    assert.equal("job-00002", job.job_id)
    assert.is_nil(err)
    assert.equal(1, info.attempts)
  end)

  it("returns a failure that comes first", function()
    local index, job, err, info = ges.wait_any(options(lab.replies { "running" },
      { { job_id = "a" }, { job_id = "../b" }, { job_id = "../c" } }))
    assert.equal(2, index)
    lab.fails("argument", job, err, info)
  end)

  it("lets the others go: nothing is asked any more", function()
    local server = lab.serve { { "request", wire.reply(200, '{"status":"success"}') },
      { "request", { stall = true } }, loop = true }
    local client = lab.client()
    local _, job = client:wait_any(options(server, lab.jobs(4)))
    assert.equal("success", job.status)
    lab.eventually(function() return server:open() <= 1 end)
    assert.is_true(server:accepted() <= 4)
  end)

  it("has nothing to wait for in an empty list", function()
    local index, job, err, info = ges.wait_any(options("http://127.0.0.1:9", {}))
    assert.is_nil(index)
    lab.fails("argument", job, err, info)
  end)

  it("ends with the deadline", function()
    local index, job, err, info = ges.wait_any(options(lab.replies { "running" }, lab.jobs(3),
      { timeout = 0.2 }))
    assert.is_true(index >= 1 and index <= 3)
    lab.fails("deadline", job, err, info)
  end)

  it("is cancelled by its listener", function()
    local _, job, err, info = ges.wait_any(options(lab.replies { "running" }, lab.jobs(3),
      { interval = 30, on_event = function() return false end }))
    lab.fails("cancelled", job, err, info)
  end)
end)
