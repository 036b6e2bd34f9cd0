-- SPDX-License-Identifier: MIT
-- The descriptor that an event loop watches, and those behind it: a large body goes on being sent,
-- a deadline that is nearer than the one before counts, and no other program gets them.

local core = require("ges.core")
local kit = require("core_kit")

local RUNNING = '{"status":"running"}'

describe("the descriptor of a client", function()
  local client, fd

  before_each(function()
    client = kit.client()
    fd = client:fd()
  end)
  after_each(kit.cleanup)

  -- Steps, only when the descriptor says so, until `test` returns something.
  local function watch_until(test, what)
    kit.eventually(function()
      if core.epwait(fd, 20) then client:step(0) end
      return test()
    end, what)
  end

  it("says that more of a large body can be sent", function()
    local server = kit.replying(200, RUNNING)
    local body = ("x"):rep(16 * 1024 * 1024)
    client:start(kit.options(server, { path = "/x", method = "POST", body = body,
      project_id = false, graph_id = false, job_id = false, request_timeout = 100 }))
    local done
    watch_until(function()
      done = { client:poll() }
      return done[1]
    end, "the end of the call")
    assert.is_nil(done[3])
    assert.same(200, done[2].status)
  end)

  -- What is under way is looked at once a second in any case: the deadline has to come sooner. The
  -- call that it is of waits for the connection of the first, which is never made.
  it("says when a deadline has come that is nearer than the one before #timed", function()
    local server = kit.serve { { { stall = true } }, loop = true }
    local url = server:url():gsub("^http:", "https:")
    local function start(seconds)
      return client:start(kit.options(url, { request_timeout = seconds, connect_timeout = 100 }))
    end
    start(300)
    watch_until(function() return server:accepted() == 1 end, "a connection")
    kit.takes_less(0.6, function()
      local since
      repeat
        since = core.now()
        repeat until core.epwait(fd, 5000)
        client:step(0)
      until core.now() - since > 0.3                    -- a second has just begun
      local id = start(0.1)
      return kit.seconds(watch_until, function() return client:poll() == id end, "its end")
    end)
  end)

  it("is in no program that is executed, nor are those behind it", function()
    local function inherited()
      local pipe = assert(io.popen("ls -l /proc/self/fd"))
      local text = pipe:read("*a")
      pipe:close()
      assert.is_truthy(text:find("->", 1, true), text)
      return select(2, text:gsub("anon_inode:", ""))
    end
    local before = inherited()
    kit.client():fd()
    assert.same(before, inherited())
  end)
end)
