-- Many calls on one client: start, step, poll, cancel, and the descriptor a host's loop watches.

local core = require("ges.core")
local kit = require("core_kit")
local socket = require("socket")
local wire = require("wire")
local work = require("work")

local OK = wire.reply(200, '{"status":"running"}')

describe("multi:", function()
  local client

  before_each(function()
    client = kit.client()
  end)

  after_each(kit.cleanup)

  local function start(server, extra)
    local id, err, info = client:start(kit.options(server, extra))
    assert.is_number(id, err)
    assert.is_nil(info)
    return id
  end

  -- Steps until `test` is true.
  local function step_until(test)
    kit.eventually(function()
      client:step(0.005)
      return test()
    end)
  end

  describe("start", function()
    it("reaches no network, and step does", function()
      local server = kit.answering(OK)
      local id = start(server)
      socket.sleep(0.03) -- a pause: in which nothing is sent
      assert.same(0, server:accepted())
      local done = kit.drain(client, 1)
      assert.same(id, done[1].id)
      assert.same("running", kit.check(done[1].job, done[1].err, done[1].info).status)
      assert.same(1, server:accepted())
    end)

    it("gives ids of its own, that do not come back", function()
      local server, seen = kit.answering(OK), {}
      for _ = 1, 20 do
        for _ = 1, 5 do
          local id = start(server)
          assert.is_nil(seen[id])
          seen[id] = true
        end
        kit.drain(client, 5)
      end
    end)

    it("keeps nothing of the caller's table", function()
      local server = kit.answering(OK)
      local opts = kit.options(server)
      assert(client:start(opts))
      for name in pairs(opts) do
        opts[name] = nil
      end
      collectgarbage()
      assert.same("running", kit.drain(client, 1)[1].job.status)
      assert.is_truthy(server:requests()[1]:find(kit.token, 1, true))
    end)

    it("counts what is under way", function()
      local server = kit.after_request({ stall = true })
      assert.same(0, client:step(0))
      for i = 1, 12 do
        start(server)
        assert.same(i, client:step(0))
      end
      assert.is_true(kit.is_integer(client:step(0)))
    end)
  end)

  describe("poll", function()
    it("gives nothing while nothing is done", function()
      assert.same(0, select("#", client:poll()))
      start(kit.after_request({ stall = true }))
      client:step(0.02)
      assert.same(0, select("#", client:poll()))
    end)

    it("gives each once, in the order in which they ended", function()
      local servers, ids, left = {}, {}, 3
      for i = 1, 3 do
        servers[i] = kit.after_request({ gate = true }, OK)
        ids[i] = start(servers[i])
      end
      for i = 3, 1, -1 do
        servers[i]:pass()
        left = left - 1
        step_until(function() return client:step(0) == left end)
      end
      local done = kit.drain(client, 3)
      assert.same({ ids[3], ids[2], ids[1] }, { done[1].id, done[2].id, done[3].id })
      assert.same(0, select("#", client:poll()))
    end)

    it("gives failures as it gives jobs", function()
      local ids = { [start(kit.replying(400, "{}"))] = "bad_request",
        [start(kit.after_request({ close = true }))] = "network",
        [start("https://no-such.invalid")] = "dns",
        [start(kit.after_request({ stall = true }), { timeout = 0.1 })] = "timeout" }
      for _, done in ipairs(kit.drain(client, 4)) do
        kit.check(done.job, done.err, done.info)
        assert.same(ids[done.id], done.info.kind)
      end
    end)
  end)

  describe("many", function()
    it("go at once: 300 calls to one server #timed", function()
      local server = kit.serve { { "request", { sleep = 0.1 }, OK, { again = true } }, loop = true }
      local ids, wanted = {}, {}
      for i = 1, 300 do
        local job_id = "job-" .. i
        ids[start(server, { job_id = job_id })] = job_id
        wanted["/jobs/" .. job_id .. "/status"] = true
      end
      local took = kit.seconds(function()
        for _, done in ipairs(kit.drain(client, 300)) do
          kit.check(done.job, done.err, done.info)
          assert.is_table(done.job, done.err)
          assert.is_string(ids[done.id])
          ids[done.id] = nil
        end
      end)
      assert.is_nil(next(ids))
      assert.is_true(took < 15, took) -- one after the other takes thirty
      assert.is_true(server:accepted() <= 256)
      for _, request in ipairs(server:requests()) do
        local path = request:match("/jobs/[^/]+/status")
        assert.is_true(wanted[path])
        wanted[path] = nil
      end
      assert.is_nil(next(wanted))
      assert.same(0, client:step(0))
    end)

    it("go on while one is waited for", function()
      local quick, slow = kit.answering(OK), kit.after_request({ sleep = 1 }, OK)
      local ids = {}
      for _ = 1, 10 do
        ids[start(quick)] = true
      end
      assert(kit.check(client:job_status(kit.options(slow))))
      assert.same(10, #quick:requests())
      for _ = 1, 10 do
        local id, job = client:poll()
        assert.is_true(ids[id])
        assert.is_table(job)
        ids[id] = nil
      end
      assert.same(0, select("#", client:poll()))
    end)

    -- Counted is the work of the module: to make a handle is three times that of a call.
    it("leave handles for the calls after them, however many they were", function()
      work.run([==[
        local core, kit, work = require("ges.core"), require("core_kit"), require("work")
        local server = kit.replying(200, '{"status":"running"}')
        local client = kit.client()
        local function ask() assert(client:job_status(kit.options(server))) end
        ask()
        local before = work.of(ask)
        for _ = 1, 600 do assert(client:start(kit.options(server))) end
        kit.drain(client, 600, 60)
        ask()
        local after = work.of(ask)
        assert(after < 1.3 * before, ("%d, before %d"):format(after, before))
        client:close()
        kit.cleanup()]==])
    end)

    it("of one client are not those of another", function()
      local server, other = kit.answering(OK), kit.client()
      start(server)
      start(server)
      assert.same(0, other:step(0))
      assert.same(0, select("#", other:poll()))
      other:close()
      kit.drain(client, 2)
    end)
  end)

  describe("a deadline", function()
    it("holds for calls that were never sent", function()
      local server = kit.answering(OK)
      for _ = 1, 30 do
        start(server, { request_timeout = 0.03 })
      end
      socket.sleep(0.06) -- a pause: in which the deadlines pass
      for _, done in ipairs(kit.drain(client, 30)) do
        assert.same("timeout", done.info.kind)
        assert.is_true(done.info.elapsed < 5)
      end
      assert.same(0, #server:requests())
    end)

    it("counts from the start, for every one of 300", function()
      local server = kit.after_request({ stall = true })
      kit.takes_less(3.9, function() -- as soon as another has made room takes four
        for _ = 1, 300 do
          start(server, { request_timeout = 2 })
        end
        return kit.seconds(function()
          for _, done in ipairs(kit.drain(client, 300)) do
            assert.same("timeout", done.info.kind)
            assert.is_true(done.info.elapsed >= 1.99, done.info.elapsed)
          end
        end)
      end)
      kit.eventually(function() return server:open() == 0 end)
    end)
  end)

  describe("cancel", function()
    local function cancelled(id)
      local got, job, err, info = client:poll()
      assert.same(id, got)
      assert.is_nil(job)
      assert.same("cancelled", info.kind)
      kit.check(nil, err, info)
      assert.same(0, select("#", client:poll()))
    end

    it("ends a queued call, which then sends nothing", function()
      local server = kit.answering(OK)
      local id = start(server)
      assert.same(0, select("#", client:cancel(id)))
      cancelled(id)
      assert.same(0, client:step(0.02))
      assert.same(0, server:accepted())
    end)

    it("ends a call under way at once, and its connection", function()
      for _, steps in ipairs { { { stall = true } }, { "HTTP/1.1 200 OK\r\n", { stall = true } },
        { "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", { stall = true } } } do
        local server = kit.after_request((unpack or table.unpack)(steps)) -- luacheck: ignore
        local id = start(server)
        step_until(function() return #server:requests() == 1 end)
        client:step(0.01)
        assert.is_true(kit.seconds(client.cancel, client, id) < 2)
        cancelled(id)
        assert.same(0, client:step(0))
        kit.eventually(function() return server:open() == 0 end)
      end
    end)

    it("ends a call whose name is still looked up", function()
      local id = start("https://no-such-name.invalid")
      client:step(0)
      assert.is_true(kit.seconds(client.cancel, client, id) < 2)
      local got, _, _, info = client:poll()
      assert.same(id, got)
      assert.is_truthy(info.kind == "cancelled" or info.kind == "dns")
    end)

    it("leaves the result of a call that is done", function()
      local server = kit.answering(OK)
      local id = start(server)
      step_until(function() return client:step(0) == 0 end)
      client:cancel(id)
      client:cancel(id)
      local got, job = client:poll()
      assert.same(id, got)
      assert.same("running", job.status)
      client:cancel(id)
      assert.same(0, select("#", client:poll()))
    end)

    it("twice is once", function()
      local id = start(kit.after_request({ stall = true }))
      client:step(0.01)
      client:cancel(id)
      client:cancel(id)
      cancelled(id)
      client:cancel(id)
      assert.same(0, select("#", client:poll()))
    end)

    it("of what is no call is nothing", function()
      local id = start(kit.after_request({ stall = true }))
      for _, no in ipairs { -1, 0.5, 1e300, 0 / 0, math.huge, -math.huge, id + 1, id + 2 ^ 20,
        2 ^ 53 } do
        client:cancel(no)
      end
      assert.same(1, client:step(0))
      assert.same(0, select("#", client:poll()))
      assert.is_false(pcall(client.cancel, client))
      assert.is_false(pcall(client.cancel, client, "x"))
      assert.is_false(pcall(client.cancel, client, {}))
    end)

    it("of one leaves the others", function()
      local server = kit.after_request({ gate = true }, OK)
      local ids = {}
      for i = 1, 10 do
        ids[i] = start(server)
      end
      step_until(function() return #server:requests() == 10 end)
      for i = 1, 10, 2 do
        client:cancel(ids[i])
      end
      server:pass(10)
      local jobs = 0
      for _, done in ipairs(kit.drain(client, 10)) do
        jobs = jobs + (done.job and 1 or 0)
        assert.is_true(done.job ~= nil or done.info.kind == "cancelled")
      end
      assert.same(5, jobs)
    end)

    it("does not reach a later call in the same place", function()
      local server = kit.answering(OK)
      local old = start(server)
      kit.drain(client, 1)
      local new = start(server)
      client:cancel(old)
      assert.same("running", kit.drain(client, 1)[1].job.status)
      assert.is_true(old ~= new)
    end)
  end)

  describe("step", function()
    it("sleeps no longer than it is asked to, and not at all when there is work", function()
      assert.is_true(kit.seconds(client.step, client, 0.1) < 5)
      assert.is_true(kit.seconds(client.step, client) < 5)
      local server = kit.after_request({ stall = true })
      start(server)
      step_until(function() return #server:requests() == 1 end)
      client:step(0.02)
      local took = kit.seconds(client.step, client, 0.1)
      assert.is_true(took > 0.08 and took < 5, took)
      for _, seconds in ipairs { 0, -1, -math.huge, 0 / 0 } do
        assert.is_true(kit.seconds(client.step, client, seconds) < 5)
      end
    end)

    it("comes back early for an answer, however long it may sleep", function()
      local server = kit.after_request({ sleep = 0.05 }, OK)
      start(server)
      local took = kit.seconds(function()
        while client:step(60) > 0 do
          collectgarbage("step")
        end
      end)
      assert.is_true(took < 4, took)
      assert.is_table((select(2, client:poll())))
    end)

    it("takes a number", function()
      assert.is_false(pcall(client.step, client, "x"))
      assert.is_false(pcall(client.step, client, {}))
    end)
  end)

  describe("the descriptor", function()
    local function readable(c, seconds)
      local fd = c:fd()
      local object = { getfd = function() return fd end }
      return #socket.select({ object }, nil, seconds) > 0
    end

    -- What a host's loop does. Returns how often it had to step.
    local function loop(count, seconds)
      local stop, steps, done = core.now() + seconds, 0, {}
      while #done < count and core.now() < stop do
        if readable(client, 0.05) then
          client:step(0)
          steps = steps + 1
        end
        local id, job, _, info = client:poll()
        if id then
          done[#done + 1] = { id = id, job = job, info = info }
        end
      end
      assert.same(count, #done)
      return steps, done
    end

    it("is one number that stays, closed in what is executed", function()
      local fd = client:fd()
      assert.is_true(kit.is_integer(fd) and fd >= 0)
      assert.same(fd, client:fd())
      assert.is_true(fd ~= kit.client():fd())
      local file = io.open("/proc/self/fdinfo/" .. fd)
      if file then
        local flags = file:read("*a"):match("flags:%s*(%d+)")
        file:close()
        assert.same(1, math.floor(tonumber(flags, 8) / tonumber("2000000", 8)) % 2)
      end
    end)

    it("is quiet while nothing is under way", function()
      assert.is_false(readable(client, 0.05))
      loop(0, 0)
      start(kit.answering(OK))
      loop(1, 30)
      client:step(0)
      assert.is_false(readable(client, 0.05))
    end)

    it("becomes readable for a call started before or after it was asked for", function()
      start(kit.answering(OK))
      assert.is_true(readable(client, 0))
      loop(1, 30)
      client:step(0)
      assert.is_false(readable(client, 0))
      start(kit.answering(OK))
      assert.is_true(readable(client, 0))
      loop(1, 30)
    end)

    it("becomes readable for what has ended while another call was waited for", function()
      local server = kit.answering(OK)
      client:fd()
      local id = start(server)
      for _ = 1, 20 do assert(client:job_status(kit.options(server))) end
      assert.is_true(readable(client, 0))
      assert.equal(id, (client:poll()))
    end)

    it("becomes readable for the answer to a call that was waited for without it #timed", function()
      kit.takes_less(0.8, function()
        local server = kit.after_request({ sleep = 0.2 }, OK)
        start(server)
        step_until(function() return #server:requests() == 1 end)
        client:step(0)
        if client:poll() then return math.huge end -- too late for what is tried here
        return kit.seconds(function()
          local _, done = loop(1, 5)
          assert.same("running", done[1].job.status)
        end)
      end)
    end)

    it("is not needed by calls that are waited for: one, then two, then one #timed",
      function()
      kit.takes_less(0.8, function() -- a socket that is not watched costs a second
        for _, seconds in ipairs({ 0.3, 0.1 }) do
          local server = kit.after_request({ sleep = seconds }, OK)
          start(server)
          step_until(function() return #server:requests() == 1 end)
        end
        return kit.seconds(function()
          for _, done in ipairs(kit.drain(client, 2)) do
            assert.same("running", done.job.status)
          end
        end)
      end)
    end)

    it("alone brings 100 calls to their end", function()
      local server = kit.serve { { "request", { sleep = 0.02 }, OK, { again = true } },
        loop = true }
      client:fd()
      for _ = 1, 100 do
        start(server)
      end
      local _, done = loop(100, 30)
      for _, one in ipairs(done) do
        assert.is_table(one.job)
      end
    end)

    it("becomes readable for a deadline, and does not spin until then", function()
      start(kit.after_request({ stall = true }), { request_timeout = 0.3 })
      local steps, done
      local took = kit.seconds(function()
        steps, done = loop(1, 30)
      end)
      assert.same("timeout", done[1].info.kind)
      assert.is_true(took > 0.25 and took < 3, took)
      assert.is_true(steps < 30, steps)
    end)

    it("becomes readable for a call that is cancelled", function()
      local id = start(kit.after_request({ stall = true }))
      step_until(function() return not readable(client, 0.02) end)
      client:cancel(id)
      assert.is_true(readable(client, 0))
      client:step(0)
      assert.same(id, (client:poll()))
      client:step(0)
      assert.is_false(readable(client, 0.02))
    end)
  end)
end)
