-- SPDX-License-Identifier: MIT
-- A hook, a finalizer or a callback may fork in the middle of a call. In the child the call is
-- over, as a network failure, and the child's next call has a connection of its own; the parent's
-- call goes on, on the parent's connection, whatever the child does or closes.

local child = require("child")
local core = require("ges.core")
local fork = require("core_fork")
local kit = require("core_kit")
local lab = require("lab")
local wire = require("wire")

local OK = wire.reply(200, '{"status":"success"}')

-- The options of a call, which has the time that a child takes on a busy machine.
local function options(server, more)
  local opts = kit.options(server, more)
  opts.request_timeout = 60
  return opts
end

describe("a fork in the middle of a call", function()
  after_each(function()
    debug.sethook()
    kit.cleanup()
    lab.cleanup()
  end)

  if not fork.run then
    pending("fork is not available")
    return
  end

  -- A server whose first answer waits at a gate, and which serves others meanwhile.
  local function gated()
    return kit.serve { { "request", { gate = true }, OK, "request", OK, "request", OK },
      { "request", OK, { again = true } }, loop = true }
  end

  -- What a child found out, as text; never returns.
  local function tell(path, ...)
    local file = io.open(path, "w")
    file:write(table.concat({ ... }, " "))
    file:close()
    fork.exit(0)
  end

  local function read(path)
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    os.remove(path)
    return text
  end

  -- Returns a function that forks at its first call once the server has a request, and passes the
  -- gate as soon as the child has ended, and a table whose `child` says which process this is.
  local function forker(server)
    local state = {}
    return function()
      if state.pid or #server:requests() == 0 then return end
      state.pid = fork.fork()
      state.child = state.pid == 0
      if state.child then return end
      fork.wait(state.pid)
      server:pass()
    end, state
  end

  -- Has a hook fork in the middle of `call`, which returns job, err, info. `after` runs in the
  -- child when its call is over; the text it returns comes back, with the parent's results.
  local function forked(server, call, after)
    local path = os.tmpname()
    local act, state = forker(server)
    debug.sethook(act, "", 1)
    local ran, job, err, info = pcall(call)
    debug.sethook()
    if state.child then
      tell(path, ran and (job and job.status or info and info.kind or tostring(err))
        or "thrown: " .. tostring(job), after and after() or "")
    end
    assert(ran, job)
    return read(path), job, err, info
  end

  local function again(client, server)
    return function()
      local job, err = client:job_status(options(server))
      return job and job.status or err
    end
  end

  it("ends the child's job_status, and not the parent's", function()
    local server, client = gated(), kit.client()
    local opts = options(server)
    local said, job, err, info = forked(server, function()
      return client:job_status(opts)
    end, again(client, server))
    assert.equal("network success", said)
    kit.check(job, err, info)
    assert.equal("success", job.status)
    assert(client:job_status(options(server)))
    assert.equal(2, server:accepted()) -- the parent's and the child's
  end)

  it("ends that of core.job_status as well", function()
    local server = gated()
    local opts = options(server)
    local said, job = forked(server, function() return core.job_status(opts) end, function()
      return core.job_status(options(server)).status
    end)
    assert.equal("network success", said)
    assert.equal("success", job.status)
  end)

  it("leaves the parent alone when the child closes or collects its client", function()
    for _, how in ipairs { "close", "collect" } do
      local server, client = gated(), core.engine()
      local opts = options(server)
      local said, job = forked(server, function() return client:job_status(opts) end, function()
        if how == "close" then client:close() end
        client = nil
        collectgarbage()
        return "gone"
      end)
      assert.equal("network gone", said)
      assert.equal("success", job.status)
      assert(client:job_status(options(server)))
      assert.equal(1, server:accepted())
      client:close()
    end
  end)

  it("leaves the parent alone when the hook raises in the child", function()
    local server, client = gated(), kit.client()
    local opts, path = options(server), os.tmpname()
    local act, state = forker(server)
    debug.sethook(function()
      act()
      if state.pid then debug.sethook() end
      if state.child then error("raised in the child", 0) end
    end, "", 1)
    local ran, job = pcall(client.job_status, client, opts)
    debug.sethook()
    if state.child then tell(path, tostring(job), again(client, server)()) end
    assert.equal("raised in the child success", read(path))
    assert.is_true(ran)
    assert.equal("success", job.status)
    assert(client:job_status(options(server)))
    assert.equal(2, server:accepted())
  end)

  it("ends a started call of the child, in whatever function it forks", function()
    for _, name in ipairs { "step", "poll", "start", "cancel", "fd" } do
      local server, client = gated(), kit.client()
      local opts = options(server)
      local id = client:start(opts)
      local act, state = forker(server)
      kit.eventually(function()
        client:step(0.01)
        return #server:requests() == 1
      end)
      local path = os.tmpname()
      act() -- between two calls of the client: the child's first one finds out
      if state.child then
        local ok, why = pcall(function()
          if name == "start" then client:start(opts) end
          if name == "cancel" then client:cancel(id) end
          if name == "step" then client:step(0) end
          if name == "fd" then client:fd() end
          local same, _, _, info = client:poll()
          return (same == id and info.kind or "no answer") .. " " .. again(client, server)()
        end)
        tell(path, tostring(why), ok and "" or "thrown")
      end
      assert.equal("network success ", read(path))
      local done = kit.drain(client, 1)
      assert.equal(id, done[1].id)
      assert.equal("success", done[1].job.status)
    end
  end)

  -- In a process of its own: a finalizer forks at each place of a call in turn.
  it("while options are read leaves the parent's engine and connection alone", function()
    child.good([==[
      if jit then jit.off() end -- the same places each time
      local core, wire, fork, places = require("ges.core"), require("wire"), require("core_fork"),
        require("places")
      local server = wire.serve { { "request", wire.reply(200, '{"status":"success"}'),
        { again = true } }, loop = true }
      local client, path = core.engine(), os.tmpname()
      local function options()
        return { endpoint = server:url(), project_id = "p", graph_id = "g", job_id = "j",
          token = "some-token", request_timeout = 60 }
      end
      assert(client:job_status(options()))
      local n = places(function(at)
        local opts, pid, job, err, sent = options(), nil, nil, nil, nil
        local before = #server:requests()
        at(function()
          sent = #server:requests() > before -- its result is being built
          pid = fork.fork()
          if pid ~= 0 then fork.wait(pid) end
        end, function() job, err = client:job_status(opts) end)
        if pid == 0 then
          local file = io.open(path, "a")
          file:write(job and (sent and "late" or "success") or err, "\n")
          file:close()
          fork.exit(0)
        end
        assert(job, err)
      end)
      assert(n > 5, n)
      local own, lines = 0, 0
      for line in io.lines(path) do
        lines = lines + 1
        if line == "success" then own = own + 1 end
        assert(line == "success" or line == "late" or line:find("forked", 1, true), line)
      end
      os.remove(path)
      assert(lines == n and own > 0, lines .. " children of " .. n .. ", " .. own .. " answers")
      -- One for the parent, and one for each child that had an answer.
      assert(server:accepted() == 1 + own, server:accepted() .. " connections for " .. own)
      server:close()
    ]==], { before = "timeout 100" })
  end)

  for _, name in ipairs { "wait", "wait_all", "handle" } do
    it(("in %s lets parent and child each end with an answer of their own"):format(name), function()
      local server, client = gated(), lab.client()
      local path = os.tmpname()
      local act, state = forker(server)
      local opts = lab.options(server, { interval = 0.05, timeout = 120, request_timeout = 60 })
      debug.sethook(act, "", 1)
      local job, err
      if name == "wait" then
        job, err = client:wait(opts)
      elseif name == "handle" then
        job, err = client:start(opts):wait()
      else
        opts.jobs = { {} }
        local results = client:wait_all(opts)
        job, err = results[1].job, results[1].err
      end
      debug.sethook()
      if state.child then tell(path, job and job.status or err) end
      assert.is_not_nil(state.pid)
      assert.equal("success", read(path))
      assert.equal("success", assert(job, err).status)
      assert.equal(2, server:accepted())
    end)
  end

  describe("over TLS", function()
    local tls = require("tls_lab")
    setup(tls.start)
    teardown(tls.cleanup)

    it("leaves the parent its connection, whatever the child does with its copy", function()
      for _, how in ipairs { "close", "collect", "ask", "leave" } do
        local client, path = core.engine(), os.tmpname()
        local opts = options(tls.url("good"), { ca_file = tls.path("root.pem") })
        local slow = options(tls.url("good"), { ca_file = tls.path("root.pem"),
          job_id = "slow" })
        local before = #tls.seen("good")
        assert(client:job_status(opts))
        local pid, job, err, info
        repeat -- the answer takes 0.3 s, which a machine may sleep through
          local under_way = core.now() + 0.05
          debug.sethook(function()
            if pid or core.now() < under_way then return end
            pid = fork.fork()
            if pid ~= 0 then fork.wait(pid) end
          end, "", 1)
          job, err, info = client:job_status(slow)
          debug.sethook()
        until pid
        if pid == 0 then
          if how == "ask" then assert(client:job_status(opts)) end
          if how == "close" then client:close() end
          if how ~= "leave" then client = nil end
          collectgarbage()
          collectgarbage()
          tell(path, info.kind, err)
        end
        local said = read(path)
        assert.is_truthy(said:find("^network .*the process forked"), said)
        assert.equal("success", assert(job, err).status)
        assert(client:job_status(opts))
        client:close()
        local lines, connections, n = {}, {}, 0
        kit.eventually(function()
          lines = tls.seen("good")
          return #lines >= before + (how == "ask" and 4 or 3)
        end)
        for i = before + 1, #lines do
          local connection = lines[i]:match("^%S+ (%d+)")
          if not connections[connection] then n = n + 1 end
          connections[connection] = true
        end
        assert.equal(how == "ask" and 2 or 1, n, table.concat(lines, "\n", before + 1))
      end
    end)

    -- Here nothing but the close itself can find out that the process is another.
    it("leaves the parent its connection when the child closes at once", function()
      for _, how in ipairs { "close", "collect" } do
        local client, path = core.engine(), os.tmpname()
        local opts = options(tls.url("good"), { ca_file = tls.path("root.pem") })
        local slow = options(tls.url("good"), { ca_file = tls.path("root.pem"),
          job_id = "slow" })
        local before = #tls.seen("good")
        assert(client:start(opts))
        kit.drain(client, 1)
        assert(client:start(slow))
        client:step(0) -- sends it, on the connection at hand
        local pid = fork.fork()
        if pid == 0 then
          if how == "close" then client:close() end
          client = nil
          collectgarbage()
          collectgarbage()
          tell(path, "gone")
        end
        fork.wait(pid)
        assert.equal("gone", read(path))
        local done = kit.drain(client, 1)[1]
        assert.equal("success", assert(done.job, done.err).status)
        assert(client:start(opts))
        kit.drain(client, 1)
        client:close()
        kit.eventually(function() return #tls.seen("good") >= before + 3 end)
        local lines, connections = tls.seen("good"), {}
        for i = before + 1, #lines do connections[i - before] = lines[i]:match("^%S+ (%d+)") end
        assert.same({ connections[1], connections[1], connections[1] }, connections)
      end
    end)
  end)
end)
