-- Waiting for one job over real sockets: what is asked when, which events come, how it ends. The
-- decisions themselves are checked with a made-up clock in spec/waiter*_spec.lua.

local ges = require("ges")
local lab = require("lab")

local busy = lab.error(503, "GES.7005")
local missing = lab.error(400, "GES.8301")
local refused = lab.error(401, "APIG.0301")

local function wait(server, extra)
  local more = { interval = 0.05 }
  for name, value in pairs(extra or {}) do more[name] = value end
  return ges.wait(lab.options(server, more))
end

-- A list to collect events in, and the function that does it.
local function listener()
  local events = {}
  return events, function(event) events[#events + 1] = event end
end

local function types_of(events)
  local list = {}
  for i, event in ipairs(events) do list[i] = event.type end
  return table.concat(list, " ")
end

describe("ges.wait", function()
  after_each(lab.cleanup)

  describe("a job that ends", function()
    it("is returned on the poll that shows it", function()
      local server = lab.replies { "pending", "running", "success" }
      local job, err, info = wait(server)
      assert.equal("success", job.status)
      assert.is_nil(err)
      assert.equal(3, #server:requests())
      assert.equal(3, info.attempts)
      assert.equal(200, info.http_status)
      assert.is_nil(info.resume)
      assert.equal(1, server:accepted())
    end)

    it("well before the first question costs one question", function()
      local server = lab.replies { "success" }
      local took = lab.timed(wait, server)
      assert.equal(1, #server:requests())
      assert.is_true(took < 3, took)
    end)

    it("badly fails at once, with the service's reason", function()
      local body = '{"status":"failed","fail_reason":"no such\\nbucket"}'
      local server = lab.replies { "running", { 200, body }, "success" }
      local err, info = lab.fails("job_failed", wait(server))
      assert.is_truthy(err:find("no such", 1, true), err)
      assert.equal("failed", info.job.status)
      assert.is_nil(info.resume)
      assert.equal(2, #server:requests())
    end)

    it("in part is what accept makes of it", function()
      local server = lab.replies { "partiallyFailed" }
      local _, info = lab.fails("job_partial", wait(server))
      assert.equal("partiallyFailed", info.job.status)
      local job = assert(wait(server, { accept = { "success", "partial" } }))
      assert.equal("partiallyFailed", job.status)
      lab.fails("job_failed", wait(lab.replies { "failed" }, { accept = { "partial" } }))
      job = assert(wait(lab.replies { "failed" }, { accept = { "failed" } }))
      assert.equal("failed", job.status)
    end)

    it("with an unknown word is unknown when it has an end, or when that is asked for", function()
      local ended = { 200, '{"status":"exploded","end_time":"2018-11-27T21:39:00"}' }
      local _, info = lab.fails("job_unknown", wait(lab.replies { "odd", ended }))
      assert.equal("exploded", info.job.status)
      local server = lab.replies { "odd" }
      lab.fails("job_unknown", wait(server, { on_unknown = "error" }))
      assert.equal(1, #server:requests())
      assert.equal("success", wait(lab.replies { "odd", "success" }).status)
    end)
  end)

  describe("events", function()
    it("come for all that happens, in order", function()
      local events, on_event = listener()
      local server = lab.replies { "running", "running", busy, "odd", "odd", "success" }
      assert(wait(server, { on_event = on_event }))
      assert.equal("poll change poll retry poll change warning poll poll change done",
        types_of(events))
      assert.equal("success", events[#events].job.status)
      assert.is_nil(events[#events].err)
      assert.equal(503, events[4].info.http_status)
      assert.equal(0.05, events[1].delay)
      for i, event in ipairs(events) do
        assert.is_number(event.attempt)
        assert.is_true(event.elapsed >= (i > 1 and events[i - 1].elapsed or 0))
      end
    end)

    it("come for a change in the detail alone", function()
      local events, on_event = listener()
      local form = '{"status":"running","job_detail":{"edgeset_path":[{"total_lines":%d}]}}'
      local one, two = { 200, form:format(1) }, { 200, form:format(2) }
      assert(wait(lab.replies { one, one, two, "success" }, { on_event = on_event }))
      assert.equal("poll change poll poll change poll change done", types_of(events))
    end)

    it("end with the failure", function()
      local events, on_event = listener()
      local _, err, info = wait(lab.replies { "failed" }, { on_event = on_event })
      local last = events[#events]
      assert.equal("poll change done", types_of(events))
      assert.equal(err, last.err)
      assert.equal(info.kind, last.info.kind)
    end)

    it("come with a refused value, too: done alone", function()
      for option, value in pairs { job_id = "..", resume = "nonsense", language = "tlh" } do
        local events, on_event = listener()
        lab.fails("argument", wait("http://127.0.0.1:9", { [option] = value, on_event = on_event }))
        assert.equal("done", types_of(events), option)
        events, on_event = listener()
        local client = lab.client { on_event = on_event }
        local opts = lab.options("http://127.0.0.1:9")
        opts[option] = value
        lab.fails("argument", client:wait(opts))
        assert.equal("done", types_of(events), option)
        assert.same({ 1, opts.job_id }, { events[1].index, events[1].job_id })
      end
    end)

    it("come with a refused region, too", function()
      local events, on_event = listener()
      local opts = lab.options("http://127.0.0.1:9", { on_event = on_event })
      opts.endpoint, opts.region = nil, "Not A Region"
      lab.fails("argument", ges.wait(opts))
      assert.equal("done", types_of(events))
      assert.equal(opts.job_id, events[1].job_id)
      opts.job_id = nil
      local client = lab.client(opts)
      for n, id in ipairs { "one", "another" } do -- a call that gives nothing but its job
        lab.fails("argument", client:wait { job_id = id })
        assert.equal(n + 1, #events)
        assert.equal(id, events[n + 1].job_id)
      end
    end)
  end)

  describe("the listener", function()
    it("cancels by returning false, and by nothing else", function()
      local server = lab.replies { "running" }
      local calls = 0
      local took, job, err, info = lab.timed(wait, server, { interval = 30,
        on_event = function() calls = calls + 1 return false end })
      lab.fails("cancelled", job, err, info)
      assert.is_truthy(err:find("the job continues", 1, true))
      assert.equal("running", info.job.status)
      assert.equal(1, calls)
      assert.is_true(took < 5, took)
      assert.is_string(info.resume)
      assert(wait(lab.replies { "running", "success" }, { on_event = function() return nil end }))
      assert(wait(lab.replies { "running", "success" }, { on_event = function() return 0 end }))
    end)

    it("throws through the wait, whatever it throws, and the client goes on", function()
      local server = lab.replies { "running" }
      local client = lab.client(lab.options(server, { interval = 0.05 }))
      for _, thrown in ipairs { "text", {}, 42 } do
        local ok, err = pcall(client.wait, client, { on_event = function() error(thrown, 0) end })
        assert.is_false(ok)
        assert.equal(thrown, err)
      end
      local n = #server:requests()
      assert.equal(3, n)
      assert.equal("running", client:job_status({}).status)
      assert.equal(1, server:accepted())
    end)

    it("may ask ges about the same job, and wait for another", function()
      local server, other = lab.replies { "running", "asked", "success" },
        lab.replies { "running", "running", "success" }
      local client = lab.client(lab.options(server, { interval = 0.05 }))
      local asked, waited
      local job = client:wait { on_event = function(event)
        if event.type == "change" and not asked then
          asked = client:job_status({}).status
          waited = client:wait({ endpoint = other:url() }).status
        end
      end }
      assert.equal("success", job.status)
      assert.equal("asked", asked)
      assert.equal("success", waited)
      assert.equal(3, #server:requests())
      assert.equal(3, #other:requests())
    end)

    it("may close the client: the wait ends as closed", function()
      local server = lab.replies { "running" }
      local client
      client = lab.client(lab.options(server))
      local took, job, err, info = lab.timed(client.wait, client, { interval = 30,
        on_event = function() client:close() end })
      lab.fails("closed", job, err, info)
      assert.is_true(took < 5, took)
      assert.equal("running", info.job.status)
    end)

    it("may yield, in a coroutine", function()
      local server = lab.replies { "running", "success" }
      local co = coroutine.wrap(function()
        return wait(server, { on_event = function(event) coroutine.yield(event.type) end })
      end)
      local seen = {}
      local value
      repeat
        value = co()
        seen[#seen + 1] = type(value) == "string" and value or nil
      until type(value) == "table"
      assert.equal("success", value.status)
      assert.same({ "poll", "change", "poll", "change", "done" }, seen)
    end)
  end)

  for name, option in pairs {
    token = { token = function() error("out of tokens", 0) end },
    schedule = { interval = false, schedule = function() error("no plan", 0) end },
    on_request = { on_request = function() error("no counter", 0) end },
  } do
    it("survives what " .. name .. " throws", function()
      local server = lab.replies { "running" }
      local client = lab.client(lab.options(server))
      local opts = { interval = 0.05 }
      for key, value in pairs(option) do opts[key] = value or nil end
      local ok, err = pcall(client.wait, client, opts)
      assert.is_false(ok)
      local said = { token = "out of tokens", schedule = "no plan", on_request = "no counter" }
      assert.equal(said[name], err)
      assert.equal("running", client:job_status({}).status)
    end)
  end

  describe("the deadline", function()
    -- Returns when the last request was sent, in seconds after the start, and the usual.
    local function last_poll(server, extra)
      local sent, start = {}, lab.now()
      local opts = {}
      for name, value in pairs(extra) do opts[name] = value end
      opts.token = function() sent[#sent + 1] = lab.now() - start return lab.token end
      local took, job, err, info = lab.timed(wait, server, opts)
      assert.equal(#sent, #server:requests())
      return sent[#sent], took, job, err, info
    end

    it("has a last poll on it, and says what was seen", function()
      local server = lab.replies { "running" }
      local sent, took, job, err, info = last_poll(server, { timeout = 0.7, interval = 30 })
      lab.fails("deadline", job, err, info)
      assert.equal(2, #server:requests())
      assert.is_true(sent >= 0.69 and sent < 5, sent)
      assert.is_true(took < 8, took)
      assert.is_truthy(err:find('last status "running"', 1, true), err)
      assert.equal("running", info.job.status)
      assert.equal(2, info.attempts)
    end)

    it("can still bring the answer", function()
      assert.equal("success", wait(lab.replies { "running", "success" },
        { timeout = 0.8, interval = 30 }).status)
    end)

    it("gives its last poll a second and no more", function()
      local server = lab.serve { { "request", require("wire").reply(200, '{"status":"running"}'),
        "request", { stall = true } }, loop = true }
      local took, job, err, info = lab.timed(wait, server, { timeout = 0.5, interval = 30 })
      lab.fails("deadline", job, err, info)
      assert.is_true(took > 1.4 and took < 8, took)
      assert.equal("running", info.job.status)
    end)

    it("cuts a request under way short, and asks once more", function()
      local server = lab.silent()
      local took, job, err, info = lab.timed(wait, server, { timeout = 0.5 })
      lab.fails("deadline", job, err, info)
      assert.is_true(took > 0.49 and took < 8, took)
    end)

    it("lets at least one question be asked", function()
      local server = lab.replies { "running" }
      lab.fails("deadline", wait(server, { timeout = 0.001 }))
      assert.is_true(#server:requests() >= 1)
    end)

    it("of nothing asks once, without grace", function()
      for kind, reply in pairs { deadline = "running", not_found = missing, unavailable = busy } do
        local server = lab.replies { reply }
        lab.fails(kind, wait(server, { timeout = 0 }))
        assert.equal(1, #server:requests())
      end
      assert.equal("success", wait(lab.replies { "success" }, { timeout = 0 }).status)
    end)

    it("of nothing bounds that question by request_timeout", function()
      local took, job, err, info = lab.timed(wait, lab.silent(),
        { timeout = 0, request_timeout = 1.4 })
      lab.fails("timeout", job, err, info)
      assert.is_true(took > 1.35 and took < 8, took)
    end)

    it("holds when a login hangs", function()
      local iam = lab.silent()
      local took, job, err, info = lab.timed(wait, "http://127.0.0.1:9", { timeout = 0.5,
        token = false, project_id = false, credentials = ges.credentials.password {
          user = "u", password = "pass-word-1", domain = "d", project = "p",
          iam_endpoint = iam:url() } })
      lab.fails("credentials", job, err, info)
      assert.is_true(took < 8, took)
    end)

    it("may be infinite", function()
      assert.equal("success", wait(lab.replies { "running", "success" },
        { timeout = math.huge }).status)
    end)
  end)

  describe("Retry-After", function()
    it("is a lower bound", function()
      local server = lab.replies { lab.error(429, "APIGW.0308", { ["Retry-After"] = "1" }),
        "success" }
      local took, job = lab.timed(wait, server)
      assert.equal("success", job.status)
      assert.is_true(took > 0.99 and took < 8, took)
    end)

    it("counts on a good answer as well", function()
      local server = lab.replies { { 200, '{"status":"running"}', { ["Retry-After"] = "1" } },
        "success" }
      assert.is_true(lab.timed(wait, server) > 0.99)
    end)

    it("beyond the time left ends the wait at once, and says so", function()
      local server = lab.replies { lab.error(503, "GES.7005", { ["Retry-After"] = "30" }) }
      local took, job, err, info = lab.timed(wait, server, { timeout = 10 })
      lab.fails("deadline", job, err, info)
      assert.is_truthy(err:find("Retry-After", 1, true), err)
      assert.is_true(took < 5, took)
    end)
  end)

  describe("tokens", function()
    it("that change are used from the next question on", function()
      local server, n = lab.replies { "running", "running", "success" }, 0
      wait(server, { token = function() n = n + 1 return "token" .. n end })
      assert.same({ "token1", "token2", "token3" }, lab.tokens(server))
    end)

    it("that are refused are replaced, once a poll", function()
      local server = lab.replies { "running", refused, "running", "success" }
      local token = "old"
      local job, _, info = wait(server, {
        token = function() return token end,
        on_request = function(seen) if seen.kind == "auth" then token = "new" end end,
      })
      assert.equal("success", job.status)
      assert.same({ "old", "old", "new", "new" }, lab.tokens(server))
      assert.equal(4, info.attempts)
    end)

    it("that stay the same end the wait: the same is never sent again", function()
      local server = lab.replies { "running", refused }
      local _, info = lab.fails("auth", wait(server, { token = function() return "same" end }))
      assert.equal(2, #server:requests())
      assert.equal("running", info.job.status)
      assert.is_string(info.resume)
      server = lab.replies { "running", refused }
      lab.fails("auth", wait(server))
      assert.equal(2, #server:requests())
    end)

    it("that are always refused end the wait after one replay", function()
      local server, n = lab.replies { "running", refused }, 0
      local _, info = lab.fails("auth", wait(server, { token = function()
        n = n + 1
        return "token" .. n
      end }))
      assert.same({ "token1", "token2", "token3" }, lab.tokens(server))
      assert.equal(3, info.attempts)
    end)
  end)

  describe("a job that was not seen yet", function()
    it("is waited for within its grace", function()
      local server = lab.replies { missing, missing, "running", "success" }
      assert.equal("success", wait(server).status)
      assert.equal(4, #server:requests())
    end)

    it("is missing after it", function()
      local server = lab.replies { missing }
      local took, job, err, info = lab.timed(wait, server, { not_found_grace = 0.4 })
      lab.fails("not_found", job, err, info)
      assert.is_true(took > 0.35 and took < 8, took)
      server = lab.replies { missing }
      lab.fails("not_found", wait(server, { not_found_grace = 0 }))
      assert.equal(1, #server:requests())
    end)

    it("has no grace where the path itself is unknown", function()
      local server = lab.replies { lab.error(404, "APIG.0101") }
      lab.fails("not_found", wait(server))
      assert.equal(1, #server:requests())
    end)

    it("has none once it was seen", function()
      local server = lab.replies { "running", missing, "success" }
      local _, info = lab.fails("not_found", wait(server))
      assert.equal(2, #server:requests())
      assert.equal("running", info.job.status)
    end)
  end)

  describe("blips", function()
    it("before the first answer are borne twice", function()
      assert.equal("success", wait(lab.replies { busy, busy, "success" }).status)
      local server = lab.replies { busy }
      local _, info = lab.fails("unavailable", wait(server))
      assert.equal(3, #server:requests())
      assert.is_string(info.resume)
    end)

    it("after it are borne to the deadline", function()
      local list = { "running" }
      for i = 2, 12 do list[i] = busy end
      list[13] = "success"
      assert.equal("success", wait(lab.replies(list)).status)
      list[13] = nil
      list[1] = "pending"
      local _, info = lab.fails("deadline", wait(lab.replies(list), { timeout = 1.2 }))
      assert.equal("pending", info.job.status)
      assert.is_truthy(info.message:find("GES.7005", 1, true), info.message)
    end)

    it("of the connection itself are borne, too", function()
      local reply = require("wire").reply
      local server = lab.serve {
        { "request", reply(200, '{"status":"running"}'), "request", { reset = true } },
        { "request", { close = true } },
        { "request", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", { close = true } },
        { "request", reply(200, '{"status":"success"}') },
      }
      assert.equal("success", wait(server).status)
    end)

    it("make the interval no shorter and no longer", function()
      local server, times = lab.replies { "running", busy, busy, "running", "success" }, {}
      wait(server, { interval = 0.2, token = function()
        times[#times + 1] = lab.now()
        return "t"
      end })
      for i = 2, #times do
        local gap = times[i] - times[i - 1]
        assert.is_true(gap > 0.19 and gap < 1.5, gap)
      end
    end)
  end)

  it("follows the schedule it is given", function()
    local server, asked = lab.replies { "running", "running", "success" }, {}
    wait(server, { interval = false, schedule = function(n, elapsed)
      asked[#asked + 1] = n
      assert.is_true(elapsed >= 0)
      return 0.1
    end })
    assert.same({ 1, 2 }, asked)
  end)

  it("waits a second, more or less, when nothing else is said", function()
    local took = lab.timed(ges.wait, lab.options(lab.replies { "running", "success" }))
    assert.is_true(took > 0.79 and took < 8, took)
  end)

  it("works while the collector is under stress", function()
    local modes = { { "incremental", 100, 400 } }
    if _VERSION == "Lua 5.4" then modes[2] = { "generational" } end
    for _, mode in ipairs(modes) do
      local pause, step = collectgarbage("setpause", 1), collectgarbage("setstepmul", 1000)
      pcall(collectgarbage, mode[1])
      local server = lab.replies { "running", busy, "running", refused, "running", "success" }
      local n = 0
      local job = wait(server, {
        token = function() n = n + 1 collectgarbage() return "token" .. n end,
        on_event = function() collectgarbage() end,
        on_request = function() collectgarbage() end,
      })
      pcall(collectgarbage, "incremental")
      collectgarbage("setpause", pause)
      collectgarbage("setstepmul", step)
      assert.equal("success", job.status)
    end
  end)
end)
