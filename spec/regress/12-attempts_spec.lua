-- What counts as an attempt: one that asked the network for something. An attempt that ended in a
-- queue is none, nor is one that had less than a second and sent nothing; `on_request` is not
-- called for it.

local core = require("ges.core")
local ges = require("ges")
local kit = require("core_kit")
local lab = require("lab")
local socket = require("socket")

describe("regress: an attempt", function()
  after_each(function()
    lab.cleanup()
    kit.cleanup()
  end)

  -- The one that the client ends with next.
  local function ended(client)
    local one = kit.drain(client, 1)[1]
    return one.info.kind, one.info.attempts
  end

  it("is not counted when it was not admitted in time", function()
    local client, server = kit.client(), kit.after_request({ stall = true })
    assert(client:start(kit.options(server, { request_timeout = 0.001 })))
    local stop = core.now() + 0.01
    while core.now() < stop do end -- luacheck: ignore
    assert.same({ "timeout", 0 }, { ended(client) })
    assert.equal(0, server:accepted())
  end)

  it("ends in time though less than a millisecond is left when it is admitted", function()
    local client, server = kit.client(), kit.after_request({ stall = true })
    for _ = 1, 30 do
      assert(client:start(kit.options(server, { request_timeout = 0.001 })))
      assert.same({ "timeout", 0 }, { ended(client) })
    end
  end)

  it("is not counted when it waited for a connection until its time was over", function()
    -- 256 connections to a host are all there are; the calls after them wait
    local client, server = kit.client(), kit.after_request({ stall = true })
    for _ = 1, 256 do assert(client:start(kit.options(server, { request_timeout = 600 }))) end
    kit.eventually(function()
      client:step(0.01)
      return #server:requests() == 256
    end)
    for _ = 1, 5 do assert(client:start(kit.options(server, { request_timeout = 0.05 }))) end
    for _, one in ipairs(kit.drain(client, 5)) do
      assert.same({ "timeout", 0 }, { one.info.kind, one.info.attempts }, one.err)
    end
    assert.equal(256, server:accepted())
  end)

  it("is not counted when it is cancelled before it was sent, and is after that", function()
    local client, server = kit.client(), kit.after_request({ stall = true })
    client:cancel(assert(client:start(kit.options(server))))
    assert.same({ "cancelled", 0 }, { ended(client) })
    local id = assert(client:start(kit.options(server)))
    kit.eventually(function()
      client:step(0.01)
      return #server:requests() == 1
    end)
    client:cancel(id)
    assert.same({ "cancelled", 1 }, { ended(client) })
  end)

  it("is one when its own connection was tried", function()
    local server = lab.serve {}
    local url = server:url()
    server:close()
    for _, case in ipairs { { "connect", url }, { "dns", "http://ges.no-such-name.invalid" } } do
      local received = 0
      local _, info = lab.fails(case[1], lab.client():job_status(lab.options(case[2], {
        retries = 0, insecure_http = true, proxy = "",
        on_request = function() received = received + 1 end,
      })))
      assert.same({ 1, 1 }, { info.attempts, received })
    end
  end)

  -- A listener that accepts nothing, and whose queue is full: the kernel answers no more.
  it("is one when its connection was not made in time, unless there was little of it", function()
    local listener, waiting = assert(socket.bind("127.0.0.1", 0, 0)), {}
    finally(function()
      for _, one in ipairs(waiting) do one:close() end
      listener:close()
    end)
    local _, port = listener:getsockname()
    for i = 1, 8 do
      waiting[i] = socket.tcp()
      waiting[i]:settimeout(0)
      waiting[i]:connect("127.0.0.1", port)
    end
    for seconds, attempts in pairs { [1.6] = 1, [0.2] = 0 } do
      for _, name in ipairs { "request_timeout", "timeout" } do
        local received = 0
        local _, info = lab.fails("timeout", lab.client():job_status(lab.options(
          "http://127.0.0.1:" .. port, { retries = 0, [name] = seconds,
            on_request = function() received = received + 1 end })))
        assert.same({ attempts, attempts }, { info.attempts, received }, info.message)
      end
    end
  end)

  it("reaches on_request only when something was sent", function()
    local server, received, sent = lab.silent(), 0, 0
    local results = ges.wait_all(lab.options(server, {
      job_id = false, jobs = lab.jobs(300), max_in_flight = 300, max_rate = 1e6, timeout = 0.4,
      request_timeout = 0.3, on_request = function() received = received + 1 end,
    }))
    for _, result in ipairs(results) do sent = sent + result.info.attempts end
    assert.equal(received, sent)
    lab.eventually(function() return #server:requests() >= sent end)
    assert.equal(sent, #server:requests())
  end)
end)
