-- Who waits for what of one engine, with a host of coroutines that are resumed in turns.

local core = require("ges.core")
local lab = require("lab")
local engine = require("ges.host.engine")

-- Waits by letting the others run.
local turns = { name = "turns", blocking = false }
function turns.park(p, task, seconds)
  local stop = lab.now() + seconds
  repeat
    p:step(0)
    coroutine.yield()
  until task.ready or lab.now() >= stop
end
function turns.wake() end

-- A request of core.prepare, and the bound of its attempt in seconds.
local function request(...)
  return (assert(core.prepare("ges.job_status", 1, lab.options(...))))
end

-- What the engine knows of a call: how it waits, and when it must be over.
local function call(stop)
  return { host = turns, settings = {}, stop = stop }
end

-- Runs functions as coroutines, in turns, to their ends; the results of each.
local function together(list)
  local threads, results, left = {}, {}, #list
  for i, fn in ipairs(list) do threads[i] = coroutine.create(fn) end
  local stop = lab.now() + 30
  while left > 0 do
    assert.is_true(lab.now() < stop, "they did not end")
    for i, thread in ipairs(threads) do
      if coroutine.status(thread) ~= "dead" then
        local got = { coroutine.resume(thread) }
        if coroutine.status(thread) == "dead" then
          results[i], left = got, left - 1
        end
      end
    end
  end
  return results
end

describe("ges.host.engine", function()
  local p

  before_each(function() p = engine.new() end)

  after_each(function()
    p:close()
    lab.cleanup()
  end)

  it("waits for what another one runs, but not past the end of its own call", function()
    local over, late, asked = false, nil, 0
    local results = together({
      function()
        return p:share(call(), "key", function()
          asked = asked + 1
          repeat coroutine.yield() until over
          return "value"
        end)
      end,
      function()
        local value, err, info = p:share(call(lab.now() + 0.05), "key", error)
        late, over = { value, err, info }, true
        return value
      end,
      function() return p:share(call(lab.now() + 60), "key", error) end,
    })
    assert.is_nil(late[1])
    assert.matches("another call", late[2])
    assert.equal("timeout", late[3].kind)
    assert.is_true(late[3].retryable)
    assert.equal(1, asked)
    assert.equal("value", results[1][2])
    assert.equal("value", results[3][2])
  end)

  it("brings each answer to the one who asked", function()
    local list = {}
    for i = 1, 6 do
      local server = lab.replies({ "word" .. i }, 0.02 * (7 - i))
      list[i] = function() return p:call(request(server), call(), 15) end
    end
    for i, result in ipairs(together(list)) do
      assert.equal("word" .. i, result[2].status)
    end
    assert.is_nil(next(p.waiting))
  end)

  describe("with a core that answers at will", function()
    local inner, results, task

    before_each(function()
      inner, results, task = p.core, {}, p:task(turns)
      local last = 0
      p.core = {
        start = function(_, _, _, waiting, attempt)
          last = last + 1
          waiting[last] = attempt
          return last
        end,
        step = function() return #results, true, 0, 0 end,
        poll = function()
          local id = table.remove(results, 1)
          if id then return id, { status = "word" .. id }, nil, { attempts = 1 } end
        end,
        forget = function() end,
      }
    end)

    after_each(function() p.core = inner end)

    it("hands all answers out in one step, however many there are", function()
      local attempts = {}
      for id = 1, 250 do
        attempts[id] = assert(p:start(nil, task, 15))
        results[id] = id
      end
      assert.equal(250, task.in_flight)
      p:step(0)
      for id, attempt in ipairs(attempts) do
        assert.is_true(attempt.done, id)
        assert.equal("word" .. id, attempt.value.status)
      end
      assert.equal(0, task.in_flight)
      assert.is_nil(next(p.waiting))
    end)

    it("passes on what was thrown for want of memory", function()
      local poll = p.core.poll
      function p.core.poll()
        local id = poll()
        if id then return id, nil, "not enough memory" end
      end
      results[1] = 1
      local got = together { function() return p:call(nil, call(), 15, true) end }
      assert.same({ false, "not enough memory" }, got[1])
    end)

    it("counts no attempt that begins after it was closed", function()
      p.closed = true
      local attempt, _, info = p:start(nil, task, 15)
      assert.is_nil(attempt)
      assert.same({ "closed", 0 }, { info.kind, info.attempts })
      assert.equal(0, task.in_flight)
      p.closed = nil
    end)

    it("takes an answer that has come when its time is over", function()
      local one, other = assert(p:start(nil, task, 15)), assert(p:start(nil, task, 15))
      results[1] = one.id
      p:expire(one)
      p:expire(other)
      assert.equal("word1", one.value.status)
      assert.is_nil(one.err)
      assert.is_nil(other.value)
      assert.equal("timeout", other.info.kind)
      assert.is_true(one.done and other.done)
      assert.equal(0, task.in_flight)
    end)
  end)

  it("uses a attempt again that it is given", function()
    local server, task = lab.replies { "running", lab.error(401) }, p:task(turns)
    local attempt = p:start(request(server), task, 15)
    lab.eventually(function() p:step(0.01) return attempt.done end)
    assert.equal("running", attempt.value.status)
    assert.equal(attempt, p:start(request(server), task, 15, attempt))
    assert.is_false(attempt.done)
    assert.is_nil(attempt.value)
    lab.eventually(function() p:step(0.01) return attempt.done end)
    assert.is_nil(attempt.value)
    assert.equal("auth", attempt.info.kind)
  end)

  it("sleeps as long as it was asked to, while others go on", function()
    local server = lab.replies { "running" }
    local start, slept, asked = lab.now(), nil, nil
    together {
      function() p:sleep(call(), 0.8) slept = lab.now() - start end,
      function() p:call(request(server), call(), 15) asked = lab.now() - start end,
    }
    assert.is_true(slept >= 0.8 and slept < 5, slept)
    assert.is_true(asked < slept)
  end)

  it("drops an attempt: there is no result, the connection is closed", function()
    local server = lab.silent()
    local task = p:task(turns)
    local attempt = assert(p:start(request(server), task, 15))
    lab.eventually(function() p:step(0.01) return #server:requests() == 1 end)
    p:drop(attempt)
    p:drop(attempt)
    lab.eventually(function() p:step(0.01) return server:open() == 0 end)
    assert.is_false(task.ready)
    assert.is_nil(attempt.value or attempt.err)
    assert.is_nil(next(p.waiting))
  end)

  describe("share", function()
    it("runs a function once for all who ask at the same time", function()
      local runs, list = 0, {}
      for i = 1, 20 do
        list[i] = function()
          return p:share(call(), "key", function()
            runs = runs + 1
            p:sleep(call(), 0.05)
            return "a", "b", "c"
          end)
        end
      end
      for _, result in ipairs(together(list)) do assert.same({ true, "a", "b", "c" }, result) end
      assert.equal(1, runs)
    end)

    it("runs it again for who comes later, and for another key", function()
      local runs = 0
      local function fn() runs = runs + 1 return runs end
      assert.equal(1, p:share(call(), "key", fn))
      assert.equal(2, p:share(call(), "key", fn))
      assert.equal(3, p:share(call(), "other", fn))
    end)

    it("shares a failure, too", function()
      local function fn()
        p:sleep(call(), 0.02)
        return nil, "no", { kind = "credentials" }
      end
      local list = {}
      for i = 1, 3 do list[i] = function() return p:share(call(), "key", fn) end end
      for _, result in ipairs(together(list)) do
        assert.is_nil(result[2])
        assert.equal("no", result[3])
      end
    end)

    it("throws to the one who ran it; another takes over", function()
      local runs = 0
      local function fn()
        runs = runs + 1
        p:sleep(call(), 0.02)
        if runs == 1 then error("broken", 0) end
        return "well"
      end
      local took, results = lab.timed(together, {
        function() return p:share(call(), "key", fn) end,
        function() return p:share(call(), "key", fn) end,
      })
      assert.is_true(took < 5, took)
      assert.same({ false, "broken" }, results[1])
      assert.equal("well", results[2][2])
      assert.is_nil(next(p.shared))
    end)
  end)

  describe("share, with a clock of its own", function()
    local now, clock
    -- Waits for one turn, however long that is.
    local turn = { name = "turn", blocking = false, park = function() coroutine.yield() end,
      wake = function() end }

    before_each(function()
      local steps = 0
      clock, now = 0, core.now
      core.now = function() return clock end
      function p.step() -- without a wait: the time stands still
        steps = steps + 1
        assert.is_true(steps < 1000, "it spins")
      end
    end)

    after_each(function() core.now = now end)

    -- Resumes coroutines in turns, a second each, for as long as one goes on.
    local function turns_of(...)
      local threads = { ... }
      for i, fn in ipairs(threads) do threads[i] = coroutine.create(fn) end
      for _ = 1, 100 do
        local goes_on = false
        for _, thread in ipairs(threads) do
          if coroutine.status(thread) ~= "dead" then
            assert(coroutine.resume(thread))
            goes_on = true
          end
        end
        if not goes_on then return end
        clock = clock + 1
      end
      error("they did not end")
    end

    local function a_call(stop)
      return { host = turn, settings = {}, stop = stop }
    end

    it("waits for one who runs something within something, for as long as that goes on", function()
      local mine, runs, got = a_call(), { outer = 0, inner = 0 }, {}
      turns_of(function()
        p:share(mine, "outer", function()
          runs.outer = runs.outer + 1
          return p:share(mine, "inner", function()
            runs.inner = runs.inner + 1
            for _ = 1, 20 do
              p:heartbeat(mine)
              coroutine.yield()
            end
            return "late"
          end)
        end)
      end, function()
        got.outer = p:share(a_call(), "outer", function() runs.outer = runs.outer + 1 end)
      end, function()
        got.inner = p:share(a_call(), "inner", function() runs.inner = runs.inner + 1 end)
      end)
      assert.same({ outer = 1, inner = 1 }, runs)
      assert.same({ outer = "late", inner = "late" }, got)
    end)

    it("wakes up who waits when it has a result, and who waits when it throws", function()
      local woken = 0
      finally(function() turn.wake = function() end end)
      turn.wake = function() woken = woken + 1 end
      for _, ends in ipairs { function() return "value" end, function() error("broken", 0) end } do
        woken = 0
        turns_of(function()
          pcall(p.share, p, a_call(), "key", function()
            coroutine.yield()
            return ends()
          end)
        end, function()
          p:share(a_call(), "key", function() return "own" end)
        end)
        assert.equal(1, woken)
      end
    end)

    it("does not wait for itself", function()
      local mine, got = a_call(), nil
      turns_of(function()
        p:share(mine, "key", function()
          got = p:share(a_call(), "key", function() return "own" end)
        end)
      end)
      assert.equal("own", got)
      assert.is_true(clock < 5, clock)
    end)

    it("takes over from one that shows nothing for five seconds, but not before", function()
      local began
      turns_of(function()
        p:share(a_call(), "key", function() for _ = 1, 30 do coroutine.yield() end end)
      end, function()
        p:share(a_call(), "key", function() began = clock end)
      end)
      assert.is_true(began >= 5 and began <= 7, began)
    end)

    it("waits no longer than its own call lasts", function()
      local ended, info
      turns_of(function()
        local mine = a_call()
        p:share(mine, "key", function()
          for _ = 1, 30 do
            p:heartbeat(mine)
            coroutine.yield()
          end
        end)
      end, function()
        info = select(3, p:share(a_call(3), "key", function() error("it has run") end))
        ended = clock
      end)
      assert.equal("timeout", info.kind)
      assert.is_true(ended >= 3 and ended <= 5, ended)
    end)
  end)

  describe("close", function()
    it("ends all who wait, each as closed, and is said twice without harm", function()
      local server = lab.silent()
      local list = {}
      for i = 1, 4 do list[i] = function() return p:call(request(server), call(), 15) end end
      list[5] = function()
        lab.eventually(function()
          p:step(0.01)
          coroutine.yield()
          return #server:requests() >= 1
        end)
        p:close()
        p:close()
      end
      for i, result in ipairs(together(list)) do
        if i < 5 then lab.fails("closed", result[2], result[3], result[4]) end
      end
      lab.eventually(function() return server:open() == 0 end)
    end)

    it("ends a sleep", function()
      local took = lab.timed(together, {
        function() p:sleep(call(), 30) end,
        function() coroutine.yield() p:close() end,
      })
      assert.is_true(took < 5, took)
    end)

    it("leaves an engine that refuses, and does not throw", function()
      p:close()
      local value, err, info = p:call(request("http://127.0.0.1:9"), call(), 15)
      lab.fails("closed", value, err, info)
      value, err, info = p:start(request("http://127.0.0.1:9"), p:task(turns), 15)
      lab.fails("closed", value, err, info)
      assert.equal(0, p:step(0))
    end)
  end)
end)
