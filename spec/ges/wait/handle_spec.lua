-- Waits in the making: poll, wait and cancel, in any order and from anywhere.

local ges = require("ges")
local lab = require("lab")
local socket = require("socket")

local function start(server, extra)
  local more = { interval = 0.05 }
  for name, value in pairs(extra or {}) do more[name] = value end
  return ges.start(lab.options(server, more))
end

-- Polls until the wait is over: the verdict.
local function poll_out(handle)
  local over, job, err, info
  lab.eventually(function()
    over, job, err, info = handle:poll()
    return over
  end, "the end of the wait")
  return job, err, info
end

describe("a handle", function()
  after_each(lab.cleanup)

  it("begins with the first poll, not before", function()
    local server = lab.replies { "running" }
    local handle = start(server)
    socket.sleep(0.05) -- a pause: in which nothing begins
    assert.equal(0, server:accepted())
    handle:poll()
    lab.eventually(function() handle:poll() return #server:requests() == 1 end)
    handle:cancel()
  end)

  it("is moved on by polling alone", function()
    local server = lab.replies { "pending", "running", "success" }
    local job, err, info = poll_out(start(server))
    assert.equal("success", job.status)
    assert.is_nil(err)
    assert.equal(3, info.attempts)
    assert.equal(3, #server:requests())
  end)

  it("shows the last job seen while it is not over", function()
    local reply = require("wire").reply
    local server = lab.serve { { "request", { gate = true }, reply(200, '{"status":"pending"}'),
      "request", reply(200, '{"status":"running"}') } }
    local handle = start(server, { interval = 0.2 })
    local over, job = handle:poll()
    assert.is_false(over)
    assert.is_nil(job)
    server:pass()
    lab.eventually(function() over, job = handle:poll() return job ~= nil end)
    assert.is_false(over)
    assert.equal("pending", job.status)
    lab.eventually(function() return (select(2, handle:poll())).status == "running" end)
    handle:cancel()
  end)

  it("never waits in poll", function()
    local handle = start(lab.silent())
    for _ = 1, 20 do
      local took = lab.timed(handle.poll, handle)
      assert.is_true(took < 3, took)
    end
    handle:cancel()
  end)

  it("waits to the end, from wherever polling has got it", function()
    local server = lab.replies { "pending", "running", "success" }
    local handle = start(server)
    for _ = 1, 10 do handle:poll() end
    assert.equal("success", handle:wait().status)
    assert.equal(3, #server:requests())
  end)

  it("repeats its verdict for ever, and asks no more", function()
    local server = lab.replies { "failed", "success" }
    local handle = start(server)
    local _, info = lab.fails("job_failed", handle:wait())
    local _, again = lab.fails("job_failed", handle:wait())
    assert.equal(info, again)
    local over, job, err, same = handle:poll()
    assert.is_true(over)
    lab.fails("job_failed", job, err, same)
    handle:cancel()
    handle:cancel()
    lab.fails("job_failed", handle:wait())
    assert.equal(1, #server:requests())
  end)

  it("calls its listener, once with done", function()
    local list = {}
    local handle = start(lab.replies { "running", "success" }, {
      on_event = function(event) list[#list + 1] = event.type end,
    })
    poll_out(handle)
    handle:wait()
    handle:poll()
    assert.equal("poll change poll change done", table.concat(list, " "))
  end)

  it("throws through poll what its listener throws, and is cancelled then", function()
    local mark = {}
    local handle = start(lab.replies { "running" }, { on_event = function() error(mark) end })
    local ok, err = pcall(poll_out, handle)
    assert.is_false(ok)
    assert.equal(mark, err)
    lab.fails("cancelled", handle:wait())
    assert.is_true((handle:poll()))
  end)

  it("is refused where a wait is, as a failure or at the caller's line", function()
    lab.fails("argument", start("http://127.0.0.1:9", { resume = "x" }))
    lab.fails("argument", start("http://127.0.0.1:9", { job_id = "a/b" }))
    lab.throws("unknown option", function(here) ges.start(here { x = 1 }) end)
  end)

  describe("cancelled", function()
    local function cancelled(handle)
      local took = lab.timed(handle.cancel, handle)
      assert.is_true(took < 3, took)
      local job, err, info
      took, job, err, info = lab.timed(handle.wait, handle)
      assert.is_true(took < 3, took)
      lab.fails("cancelled", job, err, info)
      assert.is_truthy(err:find("wait cancelled after ", 1, true), err)
      return info
    end

    it("before the first poll has asked nothing", function()
      local server = lab.replies { "running" }
      local info = cancelled(start(server))
      assert.equal(0, info.attempts)
      assert.equal(0, server:accepted())
      assert.is_string(info.resume)
    end)

    it("during a request closes its connection", function()
      local server = lab.silent()
      local handle = start(server)
      lab.eventually(function() handle:poll() return #server:requests() == 1 end)
      assert.equal(1, server:open())
      cancelled(handle)
      lab.eventually(function() return server:open() == 0 end)
    end)

    it("in the middle of an answer closes its connection", function()
      local server = lab.serve { { "request", "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
        { forever = " ", every = 0.05 } } }
      local handle = start(server)
      local stop = socket.gettime() + 0.2
      while socket.gettime() < stop do handle:poll() end
      cancelled(handle)
      lab.eventually(function() return server:open() == 0 end)
    end)

    it("between two requests asks no more", function()
      local server = lab.replies { "running" }
      local handle = start(server, { interval = 30 })
      lab.eventually(function() return (select(2, handle:poll())) end)
      local info = cancelled(handle)
      assert.equal("running", info.job.status)
      assert.equal(1, #server:requests())
    end)

    it("from its own listener", function()
      local server, handle, events = lab.replies { "running" }, nil, {}
      handle = start(server, { interval = 30, on_event = function(event)
        events[#events + 1] = event.type
        handle:cancel()
      end })
      local took, job, err, info = lab.timed(handle.wait, handle)
      lab.fails("cancelled", job, err, info)
      assert.is_true(took < 5, took)
      assert.equal("done", events[#events])
      assert.equal("running", info.job.status)
    end)

    it("from its own listener at the last event, still brings done", function()
      local handle
      local events = {}
      handle = start(lab.replies { lab.error(503, "GES.7005") }, { interval = 30,
        on_event = function(event)
          events[#events + 1] = event.type
          handle:cancel()
        end })
      lab.fails("cancelled", handle:wait())
      assert.same({ "retry", "done" }, events)
    end)

    for _, name in ipairs { "on_request", "token", "schedule" } do
      it("from its own " .. name, function()
        local server = lab.replies { "running" }
        local handle
        local function stop()
          handle:cancel()
          return name == "token" and "token" or 30
        end
        handle = start(server, { interval = false, [name] = stop })
        local took, job, err, info = lab.timed(handle.wait, handle)
        lab.fails("cancelled", job, err, info)
        assert.is_true(took < 5, took)
        assert.equal(name == "token" and 0 or 1, #server:requests())
        assert.is_true((handle:poll()))
      end)
    end

    it("from another's listener, while both are under way", function()
      local client = lab.client()
      local silent = lab.silent()
      local victim = client:start(lab.options(silent))
      lab.eventually(function() victim:poll() return #silent:requests() == 1 end)
      assert.equal("success", client:wait(lab.options(lab.replies { "running", "success" }, {
        interval = 0.05, on_event = function() victim:cancel() end,
      })).status)
      lab.fails("cancelled", victim:wait())
      lab.eventually(function() return silent:open() == 0 end)
    end)
  end)

  it("ends as closed with its client, in flight or asleep", function()
    local server = lab.replies { "running" }
    local silent, client = lab.silent(), lab.client()
    local asleep = client:start(lab.options(server, { interval = 30 }))
    local flying = client:start(lab.options(silent))
    lab.eventually(function()
      flying:poll()
      local _, job = asleep:poll()
      return job and #silent:requests() == 1
    end)
    client:close()
    lab.fails("closed", flying:wait())
    local took, job, err, info = lab.timed(asleep.wait, asleep)
    lab.fails("closed", job, err, info)
    assert.is_true(took < 5, took)
    assert.is_true((flying:poll()))
  end)

  it("goes on under the polls of another", function()
    local client = lab.client()
    local list = {}
    for i = 1, 5 do
      list[i] = client:start(lab.options(lab.replies { "pending", "success" }, { interval = 0.05 }))
    end
    local left = #list
    local ended = {}
    lab.eventually(function()
      for i, handle in ipairs(list) do
        if handle:poll() and not ended[i] then ended[i], left = true, left - 1 end
      end
      return left == 0
    end)
  end)

  it("is garbage when nothing references it, whatever its listener references", function()
    local client = lab.client(lab.options(lab.replies { "running" }, { interval = 30 }))
    local weak = setmetatable({}, { __mode = "k" })
    for _ = 1, 5 do
      local handle
      handle = client:start { on_event = function() return handle ~= nil end }
      weak[handle] = true
      lab.eventually(function() return (select(2, handle:poll())) end)
    end
    assert.is_true(lab.are_garbage(weak))
  end)
end)
