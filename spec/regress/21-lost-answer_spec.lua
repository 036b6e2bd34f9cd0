-- SPDX-License-Identifier: MIT
-- Should an answer be lost in spite of all (here the engine is made to forget its attempt), the
-- attempt ends as a timeout of its own, and no wait goes on for ever.

local core = require("ges.core")
local lab = require("lab")
local engine = require("ges.host.engine")

-- Much less than what a lost answer would cost: no end at all.
local SOON = 12

-- Waits by running the others, like a host that yields.
local turns = { name = "turns", blocking = false }
function turns.park(p, task, seconds)
  local stop = lab.now() + seconds
  repeat
    p:step(0.01)
    coroutine.yield()
  until task.ready or lab.now() >= stop
end
function turns.wake() end

describe("an answer that was lost", function()
  local new, made, lose

  -- A client whose engine is made here: while `lose` is above 0, that many attempts are forgotten
  -- as soon as they have begun.
  before_each(function()
    new, made, lose = engine.new, nil, 0
    function engine.new() -- luacheck: ignore
      made = new()
      local start = made.start
      function made.start(...)
        local attempt, err, info = start(...)
        if attempt and lose > 0 then
          lose = lose - 1
          made.waiting[attempt.id] = nil
        end
        return attempt, err, info
      end
      return made
    end
  end)

  after_each(function()
    engine.new = new -- luacheck: ignore
    lab.cleanup()
  end)

  local function client_of(server, more)
    more = more or {}
    more.request_timeout = more.request_timeout or 0.1
    return lab.client(lab.options(server, more))
  end

  it("costs a wait one attempt", function()
    local client = client_of(lab.replies { "running", "success" }, { interval = 0.05 })
    lose = 1
    local took, job, err, info = lab.timed(client.wait, client, { timeout = 30 })
    assert.equal("success", assert(job, err).status)
    assert.equal(2, info.attempts)
    assert.is_true(took < SOON, took)
  end)

  it("reaches the listener as a timeout", function()
    local client, kinds = client_of(lab.replies { "success" }, { interval = 0.05 }), {}
    lose = 1
    assert(client:wait { timeout = 30, on_event = function(event)
      kinds[#kinds + 1] = event.type == "retry" and event.info.kind or event.type
    end })
    assert.equal("timeout", kinds[1])
    assert.equal("done", kinds[#kinds])
  end)

  it("does not hold up a wait past its deadline, however many are lost", function()
    local server = lab.replies { "running" }
    for _, name in ipairs { "wait_all", "watch", "start" } do
      local client = client_of(server, { interval = 0.05, request_timeout = 0.1 })
      lose = 1e9
      local function run()
        local opts = { timeout = 0.3 }
        if name == "wait_all" then
          opts.jobs = lab.jobs(20)
          for _, result in ipairs(client:wait_all(opts)) do
            assert.is_nil(result.job)
            assert.is_true(({ deadline = 1, timeout = 1 })[result.info.kind] ~= nil, result.err)
          end
        elseif name == "watch" then
          local last
          for event in client:watch(opts) do last = event.type end
          assert.equal("done", last)
        else
          lab.fails("deadline", client:start(opts):wait())
        end
      end
      local took = lab.timed(run)
      assert.is_true(took < SOON, name .. " took " .. took)
    end
  end)

  it("leaves room for the others: the run goes on with as many attempts at once", function()
    local client = client_of(lab.replies { "success" }, { max_in_flight = 2, max_rate = 1e6 })
    lose = 2
    local results = client:wait_all { jobs = lab.jobs(50), timeout = 60, interval = 0.05 }
    for _, result in ipairs(results) do assert(result.job, result.err) end
  end)

  it("ends by itself, though another one was lost that ended before", function()
    local due, ends = engine.due, { 0.05, 0.4 }
    finally(function() engine.due = due end) -- luacheck: ignore
    function engine.due(_, now) -- luacheck: ignore
      return (now or core.now()) + (table.remove(ends, 1) or 15)
    end
    local client = client_of(lab.replies { "success" }, { max_rate = 1e6, interval = 0.01 })
    lose = 2
    local results = client:wait_all { jobs = lab.jobs(2), timeout = 10 }
    for _, result in ipairs(results) do assert(result.job, result.err) end
  end)

  it("ends a request and a job_status as timeout", function()
    local client = client_of(lab.replies { "success" }, { retries = 0 })
    lose = 1
    local took, value, err, info = lab.timed(client.request, client, { path = "/x" })
    lab.fails("timeout", value, err, info)
    assert.is_true(took < SOON, took)
    local p = new()
    finally(function() p:close() end)
    local is_lost
    local start = p.start
    function p.start(...)
      local attempt = start(...)
      p.waiting[attempt.id], is_lost = nil, true
      return attempt
    end
    local thread = coroutine.create(function()
      local request = core.prepare("ges.job_status", 1, lab.options(lab.replies { "success" }))
      return p:call(request, { host = turns, settings = {} }, 0.3)
    end)
    local got
    local stop = lab.now() + SOON
    repeat
      got = { coroutine.resume(thread) }
      assert.is_true(lab.now() < stop, "the call did not end")
    until coroutine.status(thread) == "dead"
    assert.is_true(got[1] and is_lost)
    lab.fails("timeout", got[2], got[3], got[4])
  end)

  it("leaves nothing behind in the engine", function()
    local client = client_of(lab.replies { "success" }, { interval = 0.05 })
    lose = 1
    assert(client:wait { timeout = 30 })
    assert.is_nil(next(made.waiting))
  end)

  describe("at its end", function()
    local p, attempt, answers, forgotten

    -- An attempt of which the core has `answers` to give, by the next step.
    before_each(function()
      p, answers, forgotten = new(), {}, nil
      local task = p:task(turns)
      attempt = assert(p:start(core.prepare("ges.job_status", 1, lab.options(lab.silent())), task,
        15))
      local real, stepped = p.core, false
      p.core = {
        step = function() stepped = true return 1, false, 0, 0 end,
        poll = function()
          if not stepped or #answers == 0 then return nil end
          return attempt.id, table.remove(answers), nil, { attempts = 1 }
        end,
        forget = function(_, id) forgotten = id return real:forget(id) end,
        asked = function() return false end,
        close = function() real:close() end,
      }
    end)

    after_each(function() p:close() end)

    it("is taken from the core if that has it", function()
      answers[1] = { status = "success" }
      p:expire(attempt)
      assert.same({ status = "success" }, attempt.value)
      assert.is_nil(attempt.err)
      assert.is_nil(forgotten)
      assert.equal(0, attempt.task.in_flight)
    end)

    it("is given up for good, and what comes later changes nothing", function()
      p:expire(attempt)
      lab.fails("timeout", attempt.value, attempt.err, { kind = attempt.info.kind,
        message = attempt.info.message, retryable = true, attempts = 1, elapsed = 0 })
      assert.equal(attempt.id, forgotten)
      assert.is_nil(next(p.waiting), "the engine keeps what was dropped")
      answers[1] = { status = "success" }
      p:step(0)
      assert.is_nil(attempt.value)
      assert.equal(0, attempt.task.in_flight)
    end)
  end)

  it("was not lost when the loop was late only: it counts", function()
    -- the thread is held up for longer than the attempt's limit and all margins
    local client = client_of(lab.replies { "running", "success" }, { interval = 0.05,
      request_timeout = 1 })
    local blocked = false
    local job, err = client:wait { timeout = 60, on_request = function()
      local stop = lab.now() + (blocked and 0 or 2.5)
      blocked = true
      repeat until lab.now() >= stop
    end }
    assert.equal("success", assert(job, err).status)
  end)
end)
