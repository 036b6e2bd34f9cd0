-- What the waiter makes of errors: patience, throttling, Retry-After.

local timeline = require("timeline")

local good, bad, script, random, run, types =
  timeline.good, timeline.bad, timeline.script, timeline.random, timeline.run, timeline.types
local count, near, sleeps_are =
  timeline.count, timeline.near, timeline.sleeps_are

describe("ges.wait.waiter not_found", function()
  it("is tolerated while the job may be new", function()
    local log = run({}, function(t) return t < 8 and bad("not_found") or good("success") end)
    assert.equal("success", log.job.status)
    assert(count(log, "retry") > 3)
  end)

  it("is final when the grace is over", function()
    local log = run({ interval = 2.5 }, script(bad("not_found")))
    assert.equal("not_found", log.info.kind)
    assert.equal("not_found text", log.err)
    near(10, log.at)
    assert.equal(5, #log.asks)
  end)

  it("has the caller's grace", function()
    near(0, run({ not_found_grace = 0 }, script(bad("not_found"))).at)
    near(30, run({ not_found_grace = 30, interval = 1 }, script(bad("not_found"))).at)
  end)

  it("is final after a good answer", function()
    local log = run({ interval = 1 }, script(bad("not_found"), good("running"), bad("not_found")))
    assert.equal("not_found", log.info.kind)
    assert.equal(3, #log.asks)
    assert.equal("running", log.info.job.status)
  end)

  it("has no grace when the gateway does not know the path", function()
    for _, code in ipairs({ "APIGW.0101", "APIG.0101" }) do
      local log = run({}, script(bad("not_found", { http_status = 404, code = code })))
      assert.equal("not_found", log.info.kind)
      assert.equal(1, #log.asks)
    end
    for _, facts in ipairs({ { http_status = 404 }, { http_status = 400, code = "APIGW.0101" },
      { http_status = 404, code = "GES.7007" }, { http_status = 404, code = "X.01010" } }) do
      assert(#run({}, script(bad("not_found", facts))).asks > 1)
    end
  end)

  it("has no grace left in a resumed wait", function()
    assert.equal(1, #run({ started = 60 }, script(bad("not_found"))).asks)
  end)

  it("breaks a row of faults", function()
    local log = run({ interval = 1 }, script(bad("connect"), bad("connect"), bad("not_found"),
      bad("connect"), bad("connect"), good("success")))
    assert.equal("success", log.job.status)
  end)
end)

describe("ges.wait.waiter faults", function()
  local transient = { "unavailable", "dns", "connect", "network", "timeout" }

  it("give up after 3 in a row before the first answer", function()
    for _, kind in ipairs(transient) do
      local log = run({}, script(bad(kind)))
      assert.equal(3, #log.asks)
      assert.equal(kind, log.info.kind)
      assert.equal(kind .. " text (gave up: no answer in 3 attempts and 2 s)", log.err)
      assert.equal(kind .. " message", log.info.message)
      assert.equal("retry retry done", types(log))
    end
  end)

  it("count together before the first answer", function()
    local log = run({}, script(bad("dns"), bad("protocol"), bad("connect"), good("success")))
    assert.equal("connect", log.info.kind)
    assert.equal(3, #log.asks)
  end)

  it("give up after 20 s before the first answer", function()
    local log = run({}, function() return nil, 1e9 end)
    assert.equal("timeout", log.info.kind)
    assert.equal(2, #log.asks)
    near(15 + 1.5 + 15, log.at)
    assert.equal(3, #run({ interval = 9.9 }, script(bad("dns"))).asks)
    assert.equal(2, #run({ interval = 20 }, script(bad("dns"))).asks)
  end)

  it("are forgiven to the deadline after it", function()
    for _, kind in ipairs(transient) do
      local log = run({ timeout = 600 }, script(good("running"), bad(kind)))
      assert.equal("deadline", log.info.kind)
      near(600, log.at)
      assert(#log.asks > 50)
    end
  end)

  it("are forgotten when the service is back", function()
    local log = run({}, function(t)
      if t < 30 then return good("running") end
      return t < 900 and bad("connect") or good("success")
    end)
    assert.equal("success", log.job.status)
  end)

  it("in twos are forgiven before the first answer", function()
    local log = run({}, script(bad("dns"), bad("network"), good("running"), good("success")))
    assert.equal("success", log.job.status)
  end)

  it("of any kind end the wait at once when trying again is no use", function()
    for _, kind in ipairs({ "argument", "credentials", "auth", "forbidden", "bad_request", "tls",
      "redirect", "proxy", "too_large", "closed", "cancelled", "nobody knows" }) do
      for _, before in ipairs({ 0, 2 }) do
        local log = run({}, function(_, n)
          return n > before and bad(kind, { request_id = "x" }) or good("running")
        end)
        assert.equal(before + 1, #log.asks)
        assert.is_nil(log.job)
        assert.equal(kind .. " text", log.err)
        assert.equal(kind, log.info.kind)
        assert.equal("x", log.info.request_id)
        assert.equal(before > 0 and "running" or nil, log.info.job and log.info.job.status)
      end
    end
  end)

  it("with nothing to say still end the wait", function()
    local log = run({}, script({}))
    assert.equal("no answer", log.err)
    assert.equal("table", type(log.info))
    assert.equal("no answer", log.info.message)
  end)

  it("that are protocol errors end the wait at the third in a row", function()
    local log = run({}, script(good("running"), bad("protocol")))
    assert.equal(4, #log.asks)
    assert.equal("protocol", log.info.kind)
    assert.equal("protocol text (3 times in a row)", log.err)
    assert.equal("success", run({}, script(good("running"), bad("protocol"), bad("protocol"),
      good("running"), bad("protocol"), bad("network"), bad("protocol"), bad("protocol"),
      good("success"))).job.status)
  end)

  it("at the last poll are a deadline, unless they are final", function()
    local function ending(result)
      return run({ timeout = 5, interval = 5 }, script(good("running"), result)).info.kind
    end
    assert.equal("deadline", ending(bad("unavailable")))
    assert.equal("deadline", ending(bad("throttled")))
    assert.equal("deadline", ending(bad("protocol")))
    assert.equal("not_found", ending(bad("not_found")))
    assert.equal("forbidden", ending(bad("forbidden")))
  end)

  it("keep their kind when the third is the last poll", function()
    local log = run({ timeout = 2, interval = 1 }, script(bad("connect")))
    assert.equal("connect", log.info.kind)
    near(2, log.at)
  end)
end)

describe("ges.wait.waiter pass", function()
  local START = timeline.START

  it("lets the next attempt follow at once, and counts", function()
    local w = timeline.new { unit = "request", timeout = 60 }
    assert.equal("ask", (w:next(START)))
    w:pass(START + 1, 2)
    assert.equal("ask", (w:next(START + 1)))
    w:cancel("deadline")
    local _, _, err, info = w:next(START + 2)
    assert.equal("timed out after 2 s and 1 request", err)
    assert.equal(2, info.attempts)
  end)

  it("begins the patience before the first answer anew", function()
    local w = timeline.new { unit = "request", interval = 1 }
    w:next(START)
    w:pass(START + 25, 1)
    for n = 1, 2 do
      w:next(START + 25 + n)
      assert.equal("sleep", (w:next(START + 25 + n, bad("dns"))), n)
    end
    w:next(START + 28)
    local act, _, err = w:next(START + 28, bad("dns"))
    assert.equal("done", act)
    assert.equal("dns text (gave up: no answer in 3 attempts and 3 s)", err)
  end)
end)

describe("ges.wait.waiter throttling", function()
  it("doubles the delay up to a minute", function()
    local log = run({ timeout = 300 }, function(t)
      return t < 200 and bad("throttled") or good("success")
    end)
    assert.equal("success", log.job.status)
    sleeps_are(log, { 2, 4, 8, 16, 32, 60, 60, 60 })
  end)

  it("stays within a minute with any jitter", function()
    for seed = 1, 20 do
      local log = run({ random = random(seed) }, script(bad("throttled")))
      for _, seconds in ipairs(log.sleeps) do assert(seconds <= 60) end
      assert(#log.asks < 75, #log.asks)
    end
  end)

  it("decays again with good answers", function()
    local log = run({ timeout = 1000 }, function(t, n)
      if t > 100 then return good("success") end
      return n <= 3 and bad("throttled") or good("running")
    end)
    assert.equal(8, log.sleeps[3])
    for i, expected in ipairs({ 4, 2, 2, 2.2 }) do near(expected, log.sleeps[3 + i]) end
  end)

  it("recovers at once from the ceiling", function()
    local log = run({ interval = 1, timeout = 2000 }, function(_, n)
      return n <= 20 and bad("throttled") or good("running")
    end)
    near(60, log.sleeps[20])
    near(30, log.sleeps[21])
    near(15, log.sleeps[22])
    near(1.875, log.sleeps[25])
    near(1, log.sleeps[26])
  end)

  it("never counts among the three", function()
    local log = run({}, script(bad("connect"), bad("throttled"), bad("throttled"),
      bad("throttled"), bad("connect"), good("success")))
    assert.equal("success", log.job.status)
  end)

  it("doubles what the caller fixed, and shortens nothing", function()
    local function delays(base)
      return run({ interval = base, timeout = 1000 }, script(bad("throttled"), bad("throttled"),
        good("running"), good("running"), good("success"))).sleeps
    end
    for base, expected in pairs({
      [0] = { 0.2, 0.4, 0.2 }, [0.5] = { 1, 2, 1, 0.5 }, [45] = { 60, 60, 45, 45 },
      [90] = { 90, 90, 90, 90 },
    }) do
      local got = delays(base)
      for i, value in ipairs(expected) do near(value, got[i]) end
    end
  end)
end)

describe("ges.wait.waiter Retry-After", function()
  local function delay(retry_after, settings)
    settings = settings or { interval = 2 }
    local log = run(settings, script(bad("unavailable", { retry_after = retry_after }),
      good("success")))
    return log.sleeps[1], log
  end

  it("is a lower bound", function()
    near(7, (delay(7)))
    near(5.5, (delay(5.5)))
    near(2, (delay(1)))
  end)

  it("is never jittered down", function()
    near(9, (delay(9, { random = function() return 0 end })))
    near(1, (delay(1, { random = function() return 0 end })))
  end)

  it("is honoured with every answer", function()
    local running = good("running")
    running.info.retry_after = 40
    near(40, run({}, script(running, good("success"))).sleeps[1])
    for _, kind in ipairs({ "throttled", "not_found", "protocol", "network" }) do
      local log = run({}, script(bad(kind, { retry_after = 40 }), good("success")))
      near(40, log.sleeps[1])
      assert.equal("success", log.job.status)
    end
  end)

  it("is capped at two minutes", function()
    near(120, (delay(121)))
    near(120, (delay(3000)))
    near(120, (delay(1e20, { timeout = math.huge })))
    near(120, (delay(math.huge, { timeout = math.huge })))
  end)

  it("does not shorten a longer delay of the caller's", function()
    near(300, (delay(200, { interval = 300 })))
  end)

  it("is ignored when it is no number to wait for", function()
    for _, odd in ipairs({ 0, -5, -350049782, 0 / 0, "soon", false }) do near(2, (delay(odd))) end
  end)

  it("beyond the time left ends the wait at once", function()
    for _, server in ipairs({
      script(good("running"), bad("throttled", { retry_after = 98.5, http_status = 429 })),
      script(good("running"), { job = { status = "running" }, info = { retry_after = 98.5 } }),
    }) do
      local log = run({ timeout = 100, interval = 10 }, server)
      assert.equal(2, #log.asks)
      near(10, log.at)
      assert.equal("deadline", log.info.kind)
      assert.equal(98.5, log.info.retry_after)
      assert.equal("running", log.info.job.status)
      assert.matches("asks to wait 98.5 s (Retry-After), but only 90 s are left until the deadline",
        log.err, 1, true)
      assert.matches("deadline", log.err)
      assert.equal("done", log.events[#log.events].type)
      assert.are_not.equal("retry", log.events[#log.events - 1].type)
    end
  end)

  it("of exactly the time left is the last poll", function()
    local log = run({ timeout = 100, interval = 10 },
      script(good("running"), bad("throttled", { retry_after = 90 })))
    assert.equal(3, #log.asks)
    near(100, log.asks[3].at)
    assert.equal(1, log.asks[3].limit)
  end)

  it("decides by the time left, to a hundredth of a second", function()
    for _, at in ipairs { 10, 50, 99.5 } do
      for _, more in ipairs { -0.01, 0, 0.01 } do
        for _, kind in ipairs { "throttled", "unavailable" } do
          local left = 100 - at
          local function schedule(polls) return polls == 1 and at or 0.1 end
          local log = run({ timeout = 100, schedule = schedule }, function(_, n)
            return n == 1 and good("running") or bad(kind, { retry_after = left + more })
          end)
          assert.equal("deadline", log.info.kind)
          if more > 0 then
            assert.equal(2, #log.asks)
            near(at, log.at)
            assert.matches("(Retry-After)", log.err, 1, true)
          else
            near(100 + more, log.asks[3].at)
            assert.is_true(log.at <= 101, log.at)
          end
        end
      end
    end
  end)

  it("does not matter once the job is over", function()
    local over = good("success")
    over.info.retry_after = 1e6
    assert.equal("success", run({}, script(over)).job.status)
    over = good("failed")
    over.info.retry_after = 1e6
    assert.equal("job_failed", run({}, script(over)).info.kind)
  end)
end)

describe("ges.wait.waiter in a process that stood still", function()
  -- A wait of 60 s that has seen a job that runs.
  local function begun()
    local w = timeline.new({ timeout = 60 })
    w:next(timeline.START)
    w:next(timeline.START, good("running"))
    return w, timeline.START
  end

  it("makes a last poll again that it was suspended in, but once only", function()
    for _, kind in ipairs({ "timeout", "network", "connect" }) do
      local w, now = begun()
      assert.equal("ask", (w:next(now + 60)))
      local act, limit = w:next(now + 3600, bad(kind))
      assert.equal("ask", act)
      assert.equal(1, limit)
      local _, job, _, info = w:next(now + 7200, bad(kind))
      assert.is_nil(job)
      assert.equal("deadline", info.kind)
      assert.equal(3, info.polls)
    end
  end)

  it("takes a last poll that failed in its time for the last one", function()
    local w, now = begun()
    assert.equal("ask", (w:next(now + 60)))
    local _, _, _, info = w:next(now + 61.5, bad("timeout"))
    assert.equal("deadline", info.kind)
  end)
end)
