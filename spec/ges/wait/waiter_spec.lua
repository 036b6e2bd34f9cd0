-- The waiter in time: the schedule, the deadline, odd clocks, cancelling, size.

local waiter = require("ges.wait.waiter")
local timeline = require("timeline")

local START, good, bad, script, job_of, random =
  timeline.START, timeline.good, timeline.bad, timeline.script, timeline.job_of, timeline.random
local run, fed, types, last_ask, near, sleeps_are =
  timeline.run, timeline.fed, timeline.types, timeline.last_ask, timeline.near, timeline.sleeps_are

describe("ges.wait.waiter schedule", function()
  it("polls at once", function()
    local log = run({}, job_of(0))
    assert.equal(1, #log.asks)
    assert.equal(0, log.asks[1].at)
    assert.equal(0, #log.sleeps)
  end)

  it("waits a tenth of the time elapsed, between 1 and 15 s", function()
    local log = run({ timeout = 400 }, job_of(1e9))
    for i = 1, #log.sleeps - 1 do
      local at = log.asks[i].at
      near(math.max(1, math.min(0.1 * at, 15)), log.sleeps[i])
    end
    near(15, log.sleeps[#log.sleeps - 1])
  end)

  it("jitters by a fifth either way", function()
    for _, r in ipairs({ 0, 0.25, 0.999999 }) do
      local log = run({ timeout = 400, random = function() return r end }, job_of(1e9))
      near(0.8 + 0.4 * r, log.sleeps[1])
      near(15 * (0.8 + 0.4 * r), log.sleeps[#log.sleeps - 1], 1e-4)
    end
  end)

  it("costs 240 to 275 polls an hour", function()
    for seed = 1, 20 do
      local log = run({ random = random(seed) }, job_of(1e9))
      assert.equal("deadline", log.info.kind)
      assert(#log.asks >= 240 and #log.asks <= 275, #log.asks)
    end
  end)

  it("simulates that hour in milliseconds", function()
    local before = os.clock()
    run({}, job_of(1e9))
    assert(os.clock() - before < 0.25)
  end)

  it("notices the end of a 56 s job within 3 s in the mean", function()
    local late, polls = 0, 0
    for seed = 1, 100 do
      local log = run({ random = random(seed) }, job_of(56))
      assert.equal("success", log.job.status)
      late, polls = late + log.at - 56, polls + #log.asks
    end
    assert(late / 100 <= 3 and late / 100 >= 1, late / 100)
    assert(polls / 100 <= 32, polls / 100)
  end)

  it("spreads waits that start together", function()
    local seen = {}
    for seed = 1, 50 do
      local log = run({ random = random(seed) }, job_of(1))
      seen[("%.3f"):format(log.asks[2].at)] = true
    end
    local distinct = 0
    for _ in pairs(seen) do distinct = distinct + 1 end
    assert(distinct > 25, distinct)
  end)

  it("keeps a fixed interval without jitter", function()
    local log = run({ interval = 5, timeout = 22, random = random(1) }, job_of(1e9))
    sleeps_are(log, { 5, 5, 5, 5, 2 })
  end)

  it("asks the user's schedule with polls made and time elapsed", function()
    local seen = {}
    local log = run({
      timeout = 10, random = random(3),
      schedule = function(n, elapsed)
        seen[#seen + 1] = ("%d at %g"):format(n, elapsed)
        return n
      end,
    }, job_of(6))
    assert.same({ "1 at 0", "2 at 1", "3 at 3" }, seen)
    sleeps_are(log, { 1, 2, 3 })
  end)

  it("takes 0 from a schedule as at once", function()
    local log = run({ schedule = function() return 0 end }, script(
      good("running"), good("running"), good("success")))
    assert.equal(3, #log.asks)
    assert.equal(0, #log.sleeps)
  end)

  it("throws when a schedule returns no delay", function()
    for _, value in ipairs({ 0 / 0, 1 / 0, -1, "5", false, {} }) do
      local ok, err = pcall(run, { schedule = function() return value end }, job_of(9))
      assert.is_false(ok)
      assert.matches("^schedule must return a finite number of seconds >= 0, got ", err)
    end
    assert.is_false((pcall(run, { schedule = function() end }, job_of(9))))
  end)

  it("lets what a schedule throws through unchanged", function()
    local thrown = {}
    local ok, err = pcall(run, { schedule = function() error(thrown) end }, job_of(9))
    assert.is_false(ok)
    assert.equal(thrown, err)
  end)

  it("goes on from where a resumed wait was", function()
    local log = run({ started = 100, timeout = 30 }, job_of(1e9))
    sleeps_are(log, { 10, 11, 9 })
    assert.equal(4, log.info.attempts)
    assert.equal(4, log.info.polls)
    near(30, log.info.elapsed)
  end)
end)

describe("ges.wait.waiter deadline", function()
  it("places the last poll exactly there and gives it a second", function()
    for _, timeout in ipairs({ 0.05, 0.5, 1, 7.3, 60, 3600 }) do
      local log = run({ timeout = timeout, random = random(7) }, job_of(1e9))
      near(timeout, last_ask(log).at)
      assert.equal(1, last_ask(log).limit)
      assert.equal("deadline", log.info.kind)
      assert(#log.asks >= 2)
    end
  end)

  it("is an hour by default", function()
    local log = run({}, job_of(1e9))
    near(3600, log.at)
  end)

  it("cuts every attempt to the time left", function()
    local log = run({ timeout = 20, request_timeout = 15, interval = 8 }, job_of(1e9))
    assert.equal(4, #log.asks)
    for i, expected in ipairs({ { 0, 15 }, { 8, 12 }, { 16, 4 }, { 20, 1 } }) do
      near(expected[1], log.asks[i].at)
      near(expected[2], log.asks[i].limit)
    end
  end)

  it("gives the last poll no more than request_timeout", function()
    local log = run({ timeout = 2, request_timeout = 0.3 }, job_of(1e9))
    for _, ask in ipairs(log.asks) do near(0.3, ask.limit) end
  end)

  it("asks once more when a request was cut by the deadline", function()
    local server = function(_, n)
      return good("running"), n == 1 and 0 or 9
    end
    local log = run({ timeout = 5, interval = 3 }, server)
    assert.equal(3, #log.asks)
    near(2, log.asks[2].limit)
    near(5, log.asks[3].at)
    near(6, log.at)
    assert.equal("deadline", log.info.kind)
  end)

  it("never returns later than a second after it", function()
    for seed = 1, 30 do
      local rnd = random(seed)
      local log = run({ timeout = 30, random = random(seed + 50) }, function(_, n)
        return good("running"), n == 1 and 0 or rnd() * 20
      end)
      assert(log.at <= 31 + 1e-6, log.at)
      assert(log.at >= 30 - 1e-6, log.at)
    end
  end)

  it("returns the job that ends with the last poll", function()
    local log = run({ timeout = 10, interval = 4 }, job_of(9))
    assert.equal("success", log.job.status)
    near(10, log.at)
    assert.is_nil(log.err)
  end)

  it("says what was last seen", function()
    local log = run({ timeout = 12, interval = 6, clean = string.upper }, script(
      good("running"), bad("unavailable", { code = "GES.7005", http_status = 503 })))
    assert.is_nil(log.job)
    assert.equal('TIMED OUT AFTER 12 S AND 3 POLLS; LAST STATUS "RUNNING"; '
      .. "LAST ERROR AT 12 S: UNAVAILABLE TEXT", log.err)
    assert.equal(log.err, log.info.message)
    assert.equal("running", log.info.job.status)
    assert.equal("GES.7005", log.info.code)
    assert.equal(503, log.info.http_status)
    assert.is_false(log.info.retryable)
    assert.equal(3, log.info.polls)
    near(12, log.info.elapsed)
  end)

  it("says so when nothing was seen", function()
    local log = run({ timeout = 2 }, script(bad("throttled")))
    assert.matches("no status seen; last error at 2 s: throttled text", log.err, 1, true)
    assert.is_nil(log.info.job)
  end)

  it("says what the service said, not that the wait's end cut an attempt short", function()
    local busy = { code = "GES.7005", http_status = 503 }
    local log = run({ timeout = 12, interval = 6 }, script(good("running"),
      bad("unavailable", busy), bad("timeout")))
    assert.matches("; last error at 6 s: unavailable text", log.err, 1, true)
    assert.equal("GES.7005", log.info.code)
    local whole = run({ timeout = 12, interval = 6, request_timeout = 1 }, script(good("running"),
      bad("unavailable", busy), bad("timeout")))
    assert.matches("; last error at 12 s: timeout text", whole.err, 1, true)
    assert.is_nil(whole.info.code)
    local alone = run({ timeout = 12, interval = 6 }, script(good("running"), bad("timeout")))
    assert.matches("; last error at 6 s: timeout text", alone.err, 1, true)
    assert.equal("timeout text", run({ timeout = 0 }, script(bad("timeout"))).err)
  end)

  it("gives a slow silent server no more than a second after it", function()
    local log = run({ timeout = 2 }, function() return good("success"), 1e9 end)
    assert.equal("deadline", log.info.kind)
    assert.equal(2, #log.asks)
    near(3, log.at)
  end)

  it("can be shared by many waits that start at different times", function()
    local log = run({ deadline = START + 5, timeout = 60 }, job_of(1e9))
    near(5, last_ask(log).at)
    local late = run({ deadline = START - 9, timeout = 60 }, job_of(1e9))
    assert.equal(1, #late.asks)
    assert.equal(1, late.asks[1].limit)
    assert.equal("deadline", late.info.kind)
  end)

  it("never comes with math.huge", function()
    local log = run({ timeout = math.huge, random = random(5) }, job_of(1e6))
    assert.equal("success", log.job.status)
    assert(#log.asks > 60000)
    for _, ask in ipairs(log.asks) do assert(ask.limit == 15) end
  end)
end)

describe("ges.wait.waiter timeout 0", function()
  local function once(result, latency)
    local log = run({ timeout = 0, request_timeout = 7 }, function() return result, latency end)
    assert.equal(1, #log.asks)
    assert.equal(7, log.asks[1].limit)
    assert.equal(0, #log.sleeps)
    return log
  end

  it("returns a finished job", function()
    assert.equal("success", once(good("success")).job.status)
    assert.equal("job_failed", once(good("failed")).info.kind)
  end)

  it("is a deadline for a running one", function()
    local log = once(good("running"), 3)
    assert.equal("deadline", log.info.kind)
    assert.equal("running", log.info.job.status)
    assert.matches("after 3 s and 1 poll;", log.err, 1, true)
  end)

  it("returns the error itself", function()
    for _, kind in ipairs({ "unavailable", "throttled", "not_found", "protocol", "connect",
      "forbidden" }) do
      local log = once(bad(kind))
      assert.equal(kind, log.info.kind)
      assert.equal(kind .. " text", log.err)
      assert.equal("done", types(log))
    end
    assert.equal("timeout", once(good("success"), 8).info.kind)
  end)

  it("ignores Retry-After", function()
    assert.equal("unavailable", once(bad("unavailable", { retry_after = 9 })).info.kind)
  end)
end)

describe("ges.wait.waiter clock", function()
  it("polls once after a sleep through the deadline", function()
    local w, now, act = fed({ timeout = 60 }, good("running"))
    assert.equal("sleep", act)
    now = now + 8 * 3600
    local ask, limit = w:next(now)
    assert.equal("ask", ask)
    assert.equal(1, limit)
    local done, _, _, info = w:next(now + 0.1, good("running"))
    assert.equal("done", done)
    assert.equal("deadline", info.kind)
    near(28800.1, info.elapsed)
  end)

  it("returns the job that ended meanwhile", function()
    local w, now = fed({ timeout = 60 }, good("running"))
    w:next(now + 28800)
    local _, job = w:next(now + 28801, good("success"))
    assert.equal("success", job.status)
  end)

  it("polls once more when it was suspended in a request", function()
    for _, result in ipairs({ good("running"), bad("network"), bad("timeout"), bad("throttled"),
      bad("not_found", { http_status = 400 }) }) do
      local settings = { timeout = 60, not_found_grace = 1e6 }
      local w = timeline.new(settings)
      w:next(START)
      local act, limit = w:next(START + 28800, result)
      assert.equal("ask", act)
      assert.equal(1, limit)
      assert.equal("success", select(2, w:next(START + 28800.5, good("success"))).status)
    end
  end)

  it("going back makes no progress and no harm", function()
    local w, now = fed({ timeout = 60, interval = 5 }, good("running"))
    now = now - 3600
    local act, seconds = w:next(now)
    assert.equal("sleep", act)
    near(5, seconds)
    now = now + seconds
    assert.equal("ask", (w:next(now)))
    act = w:next(now - 7200, good("running"))
    assert.equal("sleep", act)
    now = now - 7200
    local polls = 2
    repeat
      act, seconds = w:next(now)
      if act == "sleep" then
        now = now + seconds
      elseif act == "ask" then
        polls = polls + 1
        act = w:next(now, good("running"))
      end
    until act == "done"
    assert.equal(13, polls)
    local _, _, _, info = w:next(now)
    near(60, info.elapsed)
  end)

  it("sleeps on when woken early", function()
    local w, now, act, seconds = fed({ interval = 10 }, good("running"))
    assert.equal("sleep", act)
    near(10, seconds)
    act, seconds = w:next(now + 4)
    assert.equal("sleep", act)
    near(6, seconds)
    assert.equal("ask", (w:next(now + 9.9995)))
  end)

  it("takes a wake a hair before the deadline for the deadline", function()
    local w = fed({ timeout = 10, interval = 20 }, good("running"))
    local act, limit = w:next(START + 9.9995)
    assert.equal("ask", act)
    assert.equal(1, limit)
  end)

  it("may be late with the attempt it has decided on", function()
    local w = timeline.new({ timeout = 30 })
    assert.equal("ask", (w:next(START)))
    local act, limit = w:next(START + 20)
    assert.equal("ask", act)
    near(10, limit)
  end)
end)

describe("ges.wait.waiter cancel", function()
  local function check(w, now, result, status)
    local act, job, err, info = w:next(now, result)
    assert.equal("done", act)
    assert.is_nil(job)
    assert.equal("cancelled", info.kind)
    -- Of a job that was never seen nothing is claimed.
    assert.matches(status and "^wait cancelled after .*; the job continues$"
      or "^wait cancelled after .*; no status seen", err)
    assert.is_true(status ~= nil or not err:find("continues", 1, true))
    assert.equal(err, info.message)
    assert.is_false(info.retryable)
    assert.equal(status, info.job and info.job.status)
    local last
    for event in w.event, w do last = event end
    assert.equal("done", last.type)
    assert.equal(err, last.err)
    return info
  end

  it("works before the first poll", function()
    local w = timeline.new({})
    w:cancel()
    local info = check(w, START)
    assert.same({ 0, 0, 0 }, { info.polls, info.attempts, info.elapsed })
  end)

  it("works during a request, with or without its answer", function()
    for _, result in ipairs({ false, bad("cancelled") }) do
      local w = timeline.new({})
      w:next(START)
      w:cancel()
      check(w, START + 1, result or nil)
    end
    local w = timeline.new({})
    w:next(START)
    w:cancel()
    local info = check(w, START + 1, good("success"), "success")
    assert.equal(1, info.polls)
  end)

  it("works during a sleep and keeps the last job", function()
    local w, now = fed({}, good("running"))
    w:cancel()
    near(0.25, check(w, now + 0.25, nil, "running").elapsed)
  end)

  it("works twice and the first reason counts", function()
    local w, now = fed({}, good("running"))
    w:cancel()
    w:cancel("closed")
    check(w, now, nil, "running")
    w:cancel("closed")
    assert.equal("cancelled", select(4, w:next(now)).kind)
  end)

  it("changes nothing after the end", function()
    local w, now = fed({}, good("success"))
    w:cancel()
    local act, job, err = w:next(now)
    assert.equal("done", act)
    assert.equal("success", job.status)
    assert.is_nil(err)
  end)

  it("knows a closed client and a common deadline", function()
    for reason, text in pairs { closed = "^client closed after .*; the job continues$",
      deadline = '^timed out after .*last status "running"$' } do
      local w, now = fed({}, good("running"))
      w:cancel(reason)
      local act, _, err, info = w:next(now + 1)
      assert.equal("done", act)
      assert.equal(reason, info.kind)
      assert.matches(text, err)
      assert.equal("running", info.job.status)
    end
  end)

  it("throws for an unknown reason", function()
    local ok, err = pcall(function() timeline.new({}):cancel("boredom") end)
    assert.is_false(ok)
    assert.matches("waiter_spec.lua:%d+: unknown reason to cancel: boredom", err)
  end)
end)

describe("ges.wait.waiter size", function()
  local function memory()
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end

  it("does not grow in a million polls", function()
    local w = timeline.new({ timeout = math.huge, random = random(11) })
    local answers = { good("running"), good("hatching"), bad("unavailable"), bad("throttled"),
      good("running") }
    local now, act, a = START, w:next(START)
    local polls, before, low, high = 0, nil, math.huge, 0
    while polls < 1e6 do
      assert(act == "ask" and a == 15)
      polls = polls + 1
      act, a = w:next(now, answers[polls % #answers + 1]) -- events are left lying
      assert(act == "sleep")
      low, high = math.min(low, a), math.max(high, a)
      now = now + a
      act, a = w:next(now)
      if polls == 1000 then before = memory() end
    end
    -- far below a byte for each poll; what LuaJIT compiles meanwhile counts, too
    assert(memory() - before < 200, memory() - before)
    assert(low >= 0.8 and high <= 60, low .. " " .. high)
    w:cancel()
    local _, _, _, info = w:next(now)
    assert.equal(1e6, info.polls)
    assert.equal(1e6, info.attempts)
    assert(info.elapsed > 1e6 and info.elapsed < 1e8)
  end)

  it("keeps every undisturbed delay between 0.8 and 18 s", function()
    local log = run({ timeout = 2e5, random = random(12) }, job_of(1e5))
    for _, seconds in ipairs(log.sleeps) do assert(seconds >= 0.8 and seconds <= 18) end
  end)

  it("is small, and the settings are shared", function()
    local settings, facts = { timeout = 60 }, { defaults = require("ges.core").defaults }
    local waits, shared = {}, good("running")
    local before = memory()
    for i = 1, 10000 do
      waits[i] = waiter.new(settings, facts)
      waits[i]:next(START)
      waits[i]:next(START, shared)
      for _ in waits[i].event, waits[i] do end -- luacheck: ignore 542
    end
    local each = (memory() - before) * 1024 / 10000
    assert(each < 1200, each)
    local copy = { timeout = 60 }
    assert.same(copy, settings)
    assert.equal(settings, waits[1].settings)
  end)
end)
