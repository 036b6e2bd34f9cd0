-- The connections of a client, what it is when it is closed, collected, forked or interrupted.

local core = require("ges.core")
local descriptors = require("descriptors")
local fork = require("core_fork")
local kit = require("core_kit")
local wire = require("wire")

local OK = wire.reply(200, kit.running)

describe("core: a connection", function()
  after_each(kit.cleanup)

  local function asks(client, server, times, extra)
    for _ = 1, times do
      assert(kit.check(client:job_status(kit.options(server, extra))))
    end
  end

  it("serves fifty calls", function()
    local server, client = kit.answering(OK), kit.client()
    asks(client, server, 50)
    assert.same(1, server:accepted())
    assert.same(50, #server:requests())
  end)

  it("serves calls of all kinds of outcome, with all kinds of options", function()
    local replies = { "request", OK, "request", wire.reply(400, "{}"), "request", wire.reply(503,
      "x"),
      "request", wire.reply(200, "no job"), "request", OK }
    local server, client = kit.serve { replies }, kit.client()
    local kinds = { "bad_request", "unavailable", "protocol" }
    asks(client, server, 1)
    for _, kind in ipairs(kinds) do
      local _, _, info = client:job_status(kit.options(server, { language = "en-us" }))
      assert.same(kind, info.kind)
    end
    asks(client, server, 1, { token = "another-token", job_id = kit.job, timeout = 3,
      max_response_bytes = 5000 })
    assert.same(1, server:accepted())
  end)

  it("is the same for core.job_status, call after call", function()
    local server = kit.answering(OK)
    for _ = 1, 5 do
      assert(core.job_status(kit.options(server)))
    end
    assert.same(1, server:accepted())
  end)

  -- Here the server closes once the client has its answer, and the client asks again once the
  -- server has closed.
  it("that the server closed is replaced without a word", function()
    local bye = wire.reply(200, kit.running, { Connection = "close" })
    for _, steps in ipairs { { "request", OK, { gate = true }, { close = true } },
      { "request", OK, { gate = true }, { shutdown = true } },
      { "request", bye, { gate = true }, { close = true } },
      { "request", OK, { gate = true }, { reset = true } } } do
      local server, client = kit.serve { steps, loop = true }, kit.client()
      for i = 1, 3 do
        asks(client, server, 1)
        server:pass()
        kit.eventually(function()
          return server:open() == 0 or server:ended() == i
        end)
      end
      -- one that only stopped to write may read a question on the old connection, too: libcurl
      -- 8.22 does not look at a connection that was idle for a moment
      local asked = #server:requests()
      assert.is_true(asked == 3 or (asked == 5 and steps[4] and steps[4].shutdown), asked)
      assert.same(3, server:accepted())
    end
  end)

  it("that the server closes under the request is replaced too", function()
    local server, client = kit.serve { { "request", OK, "request", { close = true } },
      { "request", OK, "request", { reset = true } }, { "request", OK } }, kit.client()
    asks(client, server, 3)
    assert.same(3, server:accepted())
    assert.same(5, #server:requests())
  end)

  it("of a failed call is not used again", function()
    local server, client = kit.serve { { "request",
      "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{" },
      { "request", OK } }, kit.client()
    local _, _, info = client:job_status(kit.options(server, { request_timeout = 0.5 }))
    assert.same("timeout", info.kind)
    asks(client, server, 1)
    assert.same(2, server:accepted())
  end)

  it("carries one caller's token for that caller only", function()
    local server, client = kit.answering(OK), kit.client()
    asks(client, server, 1, { token = "first-token-0123456789" })
    asks(client, server, 1, { token = false, ak = "AK0123456789", sk = "SK0123456789" })
    asks(client, server, 1, { token = "third-token-0123456789" })
    local requests = server:requests()
    assert.is_nil(requests[2]:find("X-Auth-Token", 1, true))
    assert.is_nil(requests[3]:find("Authorization", 1, true))
    assert.is_nil(requests[3]:find("X-Project-Id", 1, true))
    assert.is_truthy(requests[3]:find("third-token", 1, true))
  end)

  it("belongs to one client", function()
    local server, one, two = kit.answering(OK), kit.client(), kit.client()
    asks(one, server, 2)
    asks(two, server, 2)
    assert.same(2, server:accepted())
    one:close()
    asks(two, server, 2)
    assert.same(2, server:accepted())
    kit.eventually(function()
      return server:open() == 1
    end)
  end)
end)

describe("core: a client", function()
  after_each(kit.cleanup)

  it("closes any number of times, and says so", function()
    local client = core.engine()
    assert.same("ges.engine (open)", tostring(client))
    for _ = 1, 3 do
      assert.same(0, select("#", client:close()))
      assert.same("ges.engine (closed)", tostring(client))
    end
  end)

  it("that is closed throws at the caller's line", function()
    local client, server = core.engine(), kit.answering(OK)
    client:close()
    local opts = kit.options(server)
    for name, args in pairs { job_status = { opts }, start = { opts }, step = { 0 }, poll = {},
      cancel = { 1 },
      fd = {} } do
      local function use() local _ = client[name](client, args[1]) end
      local ok, err = pcall(use)
      local here = debug.getinfo(use, "S")
      assert.is_false(ok)
      assert.is_truthy(err:find("closed", 1, true), err)
      assert.same(("%s:%d: "):format(here.short_src, here.linedefined), err:match("^.-:%d+: "))
    end
    assert.same(0, server:accepted())
  end)

  it("is not made of something else", function()
    for _, self in ipairs { 5, "x", {}, io.stdout, false } do
      for _, name in ipairs { "job_status", "start", "step", "poll", "cancel", "fd", "close" } do
        assert.is_false(pcall(kit.client()[name], self))
      end
    end
    assert.is_false(pcall(kit.client().job_status))
  end)

  it("closes at the end of its block", function()
    local chunk = load("local client <close> = ... return tostring(client)")
    if not chunk then
      return -- before Lua 5.4
    end
    local client = core.engine()
    assert.same("ges.engine (open)", chunk(client))
    assert.same("ges.engine (closed)", tostring(client))
  end)

  it("gives its sockets back when it is closed or collected", function()
    local server = kit.after_request({ stall = true })
    local function started()
      local client = core.engine()
      for _ = 1, 20 do
        assert(client:start(kit.options(server)))
      end
      while server:open() < 20 do
        client:step(0.01)
      end
      return client
    end
    started():close()
    kit.eventually(function()
      return server:open() == 0
    end)
    assert.is_not_nil(started())
    collectgarbage()
    collectgarbage()
    kit.eventually(function()
      return server:open() == 0
    end)
  end)

  it("does not lose a descriptor, however often it is made", function()
    local server = kit.answering(OK)
    local function use()
      local client = core.engine()
      assert(client:job_status(kit.options(server)))
      client:fd()
      client:close()
    end
    use()
    local before = descriptors()
    for _ = 1, 30 do
      use()
    end
    -- the server may not have closed the ends of the last ones yet
    kit.eventually(function() return descriptors() <= before + 2 end)
  end)
end)

describe("core: a child of fork", function()
  after_each(kit.cleanup)

  if not fork.run then
    pending("fork is not available")
    return
  end

  it("opens its own connection, and the parent's goes on", function()
    local server, client = kit.answering(OK), kit.client()
    assert(client:job_status(kit.options(server)))
    local said = fork.run(function()
      local job, err = client:job_status(kit.options(server))
      local again = client:job_status(kit.options(server))
      return job and again and job.status or err
    end)
    assert.same("running", said)
    assert.same(2, server:accepted())
    assert(client:job_status(kit.options(server)))
    assert.same(2, server:accepted())
    assert.same(4, #server:requests())
  end)

  it("may close or collect what it has got", function()
    local server, client = kit.answering(OK), core.engine()
    assert(client:job_status(kit.options(server)))
    local said = fork.run(function()
      client:close()
      client = nil
      collectgarbage()
      return "closed"
    end)
    assert.same("closed", said)
    said = fork.run(function()
      client = nil
      collectgarbage()
      collectgarbage()
      return "collected"
    end)
    assert.same("collected", said)
    assert(client:job_status(kit.options(server)))
    assert.same(1, server:accepted())
    client:close()
  end)

  it("does not take part in what was under way", function()
    local server, client = kit.serve { { "request", { gate = true }, OK }, { "request", OK } },
      kit.client()
    local id = client:start(kit.options(server))
    client:fd()
    kit.eventually(function()
      client:step(0.01)
      return #server:requests() == 1
    end)
    local said = fork.run(function()
      local fd = client:fd()
      client:step(0)
      local same, _, _, info = client:poll()
      client:step(0)
      local job = client:job_status(kit.options(server))
      return ("%s %s %s %s"):format(tostring(same == id), tostring(fd >= 0), info.kind,
        tostring(job and
        job.status))
    end)
    assert.same("true true network running", said)
    server:pass()
    local done = kit.drain(client, 1)
    assert.same(id, done[1].id)
    assert.same("running", done[1].job.status)
    assert.same(2, server:accepted())
  end)

  it("may use core.job_status", function()
    local server = kit.answering(OK)
    assert(core.job_status(kit.options(server)))
    local said = fork.run(function()
      return core.job_status(kit.options(server)).status
    end)
    assert.same("running", said)
    assert(core.job_status(kit.options(server)))
    assert.same(2, server:accepted())
  end)
end)

describe("core: what a step says", function()
  after_each(kit.cleanup)

  it("is whether anything happened, and how old the youngest attempt is", function()
    local server, client = kit.serve { { "request", { gate = true }, OK } }, kit.client()
    assert.same({ 0, false, 0, 0 }, { client:step(0) })
    assert(client:start(kit.options(server)))
    local in_flight, moved, age = client:step(0)
    assert.same({ 1, true }, { in_flight, moved })
    assert.is_true(age >= 0)
    kit.eventually(function()
      client:step(0.01)
      return #server:requests() == 1
    end)
    local before = core.now()
    kit.eventually(function()
      in_flight, moved, age = client:step(0)
      return not moved and age > 0.05
    end)
    assert.same(1, in_flight)
    assert.is_true(age < core.now() - before + 30)
    server:pass()
    local lag
    kit.eventually(function()
      in_flight, moved, age, lag = client:step(0.01)
      return in_flight == 0
    end)
    assert.same({ true, 0 }, { moved, age })
    assert.is_true(lag > 0 and lag <= 0.01, lag)
    assert.same("running", kit.drain(client, 1)[1].job.status)
    client:close()
  end)

  it("is said after one turn, or after as many as there was something to do", function()
    -- The first connection is not kept: one whose end is not seen yet would be tried again.
    local last = wire.reply(200, kit.running, { "Connection: close" })
    local scripts = { { "request", last, { close = true } } }
    for i = 1, 50 do scripts[1 + i] = { "request", { gate = true }, OK } end
    local server, client = kit.serve(scripts), kit.client()
    assert(client:job_status(kit.options(server)))
    for _ = 1, 50 do assert(client:start(kit.options(server))) end
    client:step(0)
    kit.eventually(function() return server:accepted() >= 1 + 8 end)
    assert.same(1 + 8, server:accepted())
    client:step(0, 60)
    kit.eventually(function() return server:accepted() == 1 + 50 end)
    client:close()
  end)
end)

describe("core: a hook in the middle of a call", function()
  after_each(function()
    debug.sethook()
    kit.cleanup()
  end)

  -- Calls `f` once, `seconds` from now, in whatever Lua code runs then.
  local function later(seconds, f)
    local at = core.now() + seconds
    debug.sethook(function()
      if core.now() >= at then
        debug.sethook()
        f()
      end
    end, "", 1)
  end

  it("may raise, as Ctrl-C does, and nothing is left of the call", function()
    local server, client = kit.after_request({ stall = true }), kit.client()
    local began, opts = core.now(), kit.options(server)
    later(0.1, function()
      error("interrupted!", 0)
    end)
    local ok, err = pcall(client.job_status, client, opts)
    local took = core.now() - began
    assert.is_false(ok)
    assert.same("interrupted!", err)
    assert.is_true(took >= 0.09 and took < 3, took)
    kit.eventually(function()
      return server:open() == 0
    end)
    assert.same(0, client:step(0))
    assert.is_nil((client:poll()))
    assert(kit.check(client:job_status(kit.options(kit.answering(OK)))))
  end)

  it("may raise whatever it likes, out of core.job_status too", function()
    local thing = { "a thing" }
    local opts = kit.options(kit.after_request({ stall = true }))
    later(0.05, function()
      error(thing)
    end)
    local ok, err = pcall(core.job_status, opts)
    assert.is_false(ok)
    assert.is_true(rawequal(thing, err))
    assert(core.job_status(kit.options(kit.answering(OK))))
  end)

  it("may ask itself, of the same client", function()
    local slow, quick, client = kit.after_request({ sleep = 0.3 }, OK), kit.answering(OK),
      kit.client()
    local inner, inner_err
    later(0.05, function()
      inner, inner_err = client:job_status(kit.options(quick, { job_id = kit.job }))
    end)
    local job, err = client:job_status(kit.options(slow))
    assert.is_table(inner, inner_err)
    assert.is_table(job, err)
    assert.same(1, #quick:requests())
    assert.same(1, #slow:requests())
  end)

  it("may run the whole of the other call while this one ends", function()
    local quick, slow, client = kit.after_request({ sleep = 0.15 }, OK),
      kit.after_request({ sleep = 0.4 },
      OK), kit.client()
    local inner
    later(0.05, function()
      inner = client:job_status(kit.options(slow))
    end)
    assert(client:job_status(kit.options(quick)))
    assert.is_table(inner)
  end)

  it("may close the client, and then there is an end", function()
    local server, client = kit.after_request({ stall = true }), kit.client()
    later(0.05, function()
      client:close()
    end)
    local took = kit.seconds(function()
      local ok, err, more, info = pcall(client.job_status, client, kit.options(server))
      if ok then
        assert.is_nil(err)
        assert.is_string(more)
        assert.same("closed", info.kind)
      else
        assert.is_truthy(err:find("closed", 1, true), err)
      end
    end)
    assert.is_true(took < 3, took)
    kit.eventually(function()
      return server:open() == 0
    end)
  end)

  it("may collect garbage", function()
    local server, client = kit.after_request({ sleep = 0.15 }, OK), kit.client()
    debug.sethook(function()
      collectgarbage()
    end, "", 1000)
    local job = client:job_status(kit.options(server))
    debug.sethook()
    assert.same("running", job.status)
  end)
end)

describe("core: the limit of an attempt", function()
  it("is a number of seconds, up to a day", function()
    local client, opts = kit.client(), kit.options("http://127.0.0.1:1")
    for _, limit in ipairs { -1, 0 / 0, math.huge, 86401, "x", {} } do
      assert.is_false(pcall(client.job_status, client, opts, limit))
      assert.is_false(pcall(client.start, client, opts, limit))
    end
    assert.equal("connect", select(3, client:job_status(opts, 86400)).kind)
  end)
end)
