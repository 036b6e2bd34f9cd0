-- What the waiter makes of good answers: verdicts, unknown words, events.

local timeline = require("timeline")
local waiter = require("ges.wait.waiter")

local good, bad, script, job_of, run, fed =
  timeline.good, timeline.bad, timeline.script, timeline.job_of, timeline.run, timeline.fed
local types, count, near =
  timeline.types, timeline.count, timeline.near

local unpack = rawget(_G, "unpack") or table.unpack

describe("ges.wait.waiter verdict", function()
  it("returns a success with the facts of the wait", function()
    local log = run({ interval = 2 }, job_of(5))
    assert.equal("success", log.job.status)
    assert.is_nil(log.err)
    assert.is_nil(log.info.kind)
    assert.equal(log.job, log.info.job)
    assert.equal(4, log.info.polls)
    assert.equal(4, log.info.attempts)
    assert.equal("r", log.info.request_id)
    near(6, log.info.elapsed)
  end)

  it("ends on the very poll that shows a failure", function()
    local log = run({}, script(good("running"), good("failed", { fail_reason = "disk full" })))
    assert.equal(2, #log.asks)
    assert.is_nil(log.job)
    assert.equal("disk full", log.err)
    assert.equal("job_failed", log.info.kind)
    assert.equal("disk full", log.info.message)
    assert.equal("failed", log.info.job.status)
    assert.equal(200, log.info.http_status)
    assert.is_false(log.info.retryable)
  end)

  it("escapes the reason with the caller's function", function()
    local clean = function(text) return (text:gsub("\n", "\\x0a")) end
    local log = run({ clean = clean }, script(good("failed", { fail_reason = "a\nb" })))
    assert.equal("a\\x0ab", log.err)
    assert.equal("a\\x0ab", log.info.message)
  end)

  it("says what the files say when the service gives no reason", function()
    local detail = { vertexset_path = {
      { status = "success" }, { status = "failed", cause = "no such file", path = "b/v.csv" },
    } }
    local log = run({}, script(good("failed", { job_detail = detail })))
    assert.equal("job failed: 1 of 2 files failed; first cause: no such file (b/v.csv)", log.err)
  end)

  it("takes a success with a bad file for partial", function()
    local detail = { edgeset_path = { { status = "success", failed_lines = 3 } } }
    local log = run({}, script(good("success", { job_detail = detail })))
    assert.is_nil(log.job)
    assert.equal("job_partial", log.info.kind)
  end)

  it("accepts what the caller accepts", function()
    local function ends(accept, status, extra)
      local log = run({ accept = accept }, script(good(status, extra)))
      return log.info.kind or log.job.status
    end
    assert.equal("job_partial", ends(nil, "partiallyFailed"))
    assert.equal("job_partial", ends({ "success" }, "partiallyFailed"))
    assert.equal("partiallyFailed", ends({ "success", "partial" }, "partiallyFailed"))
    assert.equal("success", ends({ "partial" }, "success"))
    assert.equal("job_failed", ends({ "success", "partial" }, "failed"))
    assert.equal("failed", ends({ "failed" }, "failed"))
    assert.equal("gone", ends({ "unknown" }, "gone", { end_time = "2020-01-01T00:00:00" }))
    assert.equal("job_unknown",
      ends({ "success", "partial" }, "gone", { end_time = "2020-01-01T00:00:00" }))
  end)

  it("sums the attempts of every result", function()
    local log = run({ interval = 1 }, script(
      bad("unavailable", { attempts = 3 }), { job = { status = "running" } },
      { err = "x", info = { kind = "network", attempts = 0 } }, good("success")))
    assert.equal(4, #log.asks)
    assert.equal(5, log.info.attempts)
    assert.equal(4, log.info.polls)
  end)

  it("is repeated by every later call", function()
    local w, now = fed({}, good("success"))
    local first = { w:next(now) }
    assert.equal("done", first[1])
    assert.same(first, { w:next(now + 9, bad("forbidden")) })
    w:cancel()
    assert.same(first, { w:next(now + 10) })
    assert.equal("done", (w:next(now + 10)))
    assert.equal(1, first[4].polls)
  end)

  it("does not write into the attempt's info", function()
    local result = bad("forbidden")
    local log = run({}, script(result))
    assert.are_not.equal(result.info, log.info)
    assert.is_nil(result.info.polls)
    assert.equal("forbidden message", log.info.message)
    assert.is_true(log.info.retryable)
  end)

  it("goes on after pending, running and waiting", function()
    local log = run({}, script(good("pending"), good("waiting"), good("running"), good("success")))
    assert.equal(4, #log.asks)
    assert.equal("success", log.job.status)
  end)
end)

describe("ges.wait.waiter unknown words", function()
  it("warns once per word and goes on", function()
    local log = run({}, script(good("hatching"), good("hatching"), good("molting"),
      good("hatching"), good("success")))
    assert.equal("success", log.job.status)
    assert.equal(5, #log.asks)
    assert.equal(2, count(log, "warning"))
    assert.equal("poll change warning poll poll change warning poll change poll change done",
      types(log))
    assert.equal('unknown job status "hatching"', log.events[3].err)
    assert.equal("hatching", log.events[3].job.status)
  end)

  it("warns of a file's, when the job is over", function()
    local files = { job_detail = { edgeset_path = { { status = "Skipped" } }, schema_path = {},
      vertexset_path = {} } }
    local log = run({}, script(good("running", files), good("success", files)))
    assert.equal("success", log.job.status)
    assert.equal(1, count(log, "warning"))
    assert.equal("warning done", types(log):match("%S+ %S+$"))
    assert.equal('job_detail.edgeset_path[1] has the unknown status "Skipped"',
      log.events[#log.events - 1].err)
    assert.same({ log.events[#log.events - 1].err }, log.info.warnings)
  end)

  it("ends on a failure that will come again, such as a coded answer", function()
    local coded = { err = "coded", info = { kind = "protocol", retryable = false, attempts = 1 } }
    local log = run({}, script(good("running"), coded))
    assert.same({ "protocol", "coded", 2 }, { log.info.kind, log.err, #log.asks })
  end)

  it("hints at case", function()
    local log = run({ timeout = 1 }, script(good("SUCCESS")))
    assert.equal("deadline", log.info.kind)
    assert.matches('"SUCCESS"', log.err, 1, true)
    assert.matches('was it meant to be "success"?', log.events[3].err, 1, true)
  end)

  it("escapes them", function()
    local clean = function(text) return (text:gsub("%c", "?")) end
    local log = run({ timeout = 1, clean = clean }, script(good("a\nb")))
    assert.equal('unknown job status "a?b"', log.events[3].err)
    assert.matches('last status "a?b"', log.err, 1, true)
  end)

  it("ends when an end time stands beside one", function()
    local log = run({}, script(good("running"),
      good("retired", { end_time = "2020-01-01T00:00:00", fail_reason = "too old" })))
    assert.equal("job_unknown", log.info.kind)
    assert.equal('job ended with the unknown status "retired": too old', log.err)
    assert.equal("retired", log.info.job.status)
    assert.equal(1, count(log, "warning"))
  end)

  it("ends at once when the caller says so", function()
    local log = run({ on_unknown = "error" }, script(good("running"), good("hatching")))
    assert.equal(2, #log.asks)
    assert.equal("job_unknown", log.info.kind)
    assert.equal('unknown job status "hatching"', log.err)
    assert.equal("success", run({ on_unknown = "wait" },
      script(good("hatching"), good("success"))).job.status)
  end)

  it("keeps few of them", function()
    local log = run({ interval = 1 }, function(_, n)
      return good(n <= 1000 and "word" .. n or "success")
    end)
    assert.equal("success", log.job.status)
    assert.equal(16, count(log, "warning"))
  end)
end)

describe("ges.wait.waiter events", function()
  it("come in order in a plain wait", function()
    local log = run({ interval = 2 }, script(
      good("pending"), good("pending"), bad("unavailable"), good("running"), good("success")))
    assert.equal("poll change poll retry poll change poll change done", types(log))
    local first, retry, done = log.events[1], log.events[4], log.events[9]
    assert.same({ 1, 0, 2 }, { first.attempt, first.elapsed, first.delay })
    assert.equal("pending", first.job.status)
    assert.equal("r", first.info.request_id)
    assert.same({ 3, 4, 2 }, { retry.attempt, retry.elapsed, retry.delay })
    assert.equal("unavailable text", retry.err)
    assert.equal("unavailable", retry.info.kind)
    assert.equal("pending", retry.job.status)
    assert.equal(log.job, done.job)
    assert.equal(log.info, done.info)
    assert.is_nil(done.err)
    assert.is_nil(done.delay)
    assert.is_nil(log.events[7].delay)
  end)

  it("show the delay that will really be slept", function()
    local log = run({ interval = 8, timeout = 10 }, job_of(1e9))
    assert.equal("poll change poll poll done", types(log))
    near(8, log.events[1].delay)
    near(2, log.events[3].delay)
    assert.is_nil(log.events[4].delay)
  end)

  it("carry the error of a failed wait", function()
    local log = run({}, script(bad("forbidden")))
    assert.equal("done", types(log))
    assert.equal(log.err, log.events[1].err)
    assert.equal(log.info, log.events[1].info)
    assert.is_nil(log.events[1].job)
  end)

  it("call a changed detail a change, and a repeated one none", function()
    local function running(lines, extra)
      return good("running", { job_detail = {
        schema_path = {}, edgeset_path = {},
        vertexset_path = { { path = "v", total_lines = lines } },
      }, job_progress = extra })
    end
    local log = run({}, script(running(1), running(1), running(2), running(2, 5), good("running"),
      running(2), good("success")))
    local changed = {}
    for _, event in ipairs(log.events) do
      if event.type == "change" then changed[#changed + 1] = event.attempt end
    end
    assert.same({ 1, 3, 5, 6, 7 }, changed)
  end)

  it("see what was added to a detail as well as what was taken", function()
    local function detail(...)
      return good("running", { job_detail = { edgeset_path = { ... } } })
    end
    local one, two = { path = "a" }, { path = "b" }
    assert.equal(4, count(run({}, script(detail(one), detail(one, two), detail(one),
      good("success"))), "change"))
  end)

  it("call a job that goes back to pending a change", function()
    local log = run({}, script(good("running"), good("pending"), good("running"), good("success")))
    assert.equal("poll change poll change poll change poll change done", types(log))
    assert.equal("success", log.job.status)
  end)

  it("come once, and not at all to those who do not look", function()
    local w, now = fed({ interval = 1 }, good("running"), good("running"))
    assert.equal("poll", w:event().type)
    assert.is_nil(w:event())
    w:next(now + 1)
    w:next(now + 1, good("success"))
    local names = {}
    for event in w.event, w do names[#names + 1] = event.type end
    assert.same({ "poll", "change", "done" }, names)
    w:next(now + 2)
    assert.is_nil(w:event())
  end)

  it("are not made without a listener, and nothing else differs", function()
    for _, answers in ipairs {
      { good("running"), good("hatching"), bad("timeout"), good("success") },
      { bad("connect"), bad("throttled"), good("failed", { fail_reason = "disk full" }) },
      { good("running"), bad("auth") },
      { bad("dns"), bad("dns"), bad("dns") },
    } do
      local received, silent = run({}, script(unpack(answers))),
        run({ silent = true }, script(unpack(answers)))
      assert.equal(0, #silent.events)
      assert.is_true(#received.events > 1)
      received.events, silent.events, received.w, silent.w = nil, nil, nil, nil
      assert.same(received, silent)
    end
  end)

  it("leave the info of the last attempt to the verdict, where no event holds it", function()
    local last = good("success")
    local _, _, _, job = fed({ silent = true, interval = 1 }, good("running"), last)
    assert.equal(last.job, job)
    local w = fed({ silent = true, interval = 1 }, good("running"), last)
    assert.equal(last.info, select(4, w:next(1e6)))
  end)
end)

describe("ges.wait.waiter renewed", function()
  it("is as good as new, whatever it has been through", function()
    local settings = { interval = 1, timeout = 30 }
    for _, answers in ipairs {
      { good("running"), good("hatching"), bad("timeout"), good("success") },
      { bad("throttled"), bad("dns"), bad("dns"), bad("dns") },
      { good("running"), bad("protocol") },
    } do
      local w = fed(settings, unpack(answers))
      w:cancel()
      w:next(1e6)
      local same = waiter.renew(w)
      assert.equal(w, same)
      local fields, fresh = {}, {}
      for name, value in pairs(w) do fields[name] = value end
      for name, value in pairs(timeline.new(settings)) do fresh[name] = value end
      assert.same(fresh, fields)
    end
  end)
end)
