-- SPDX-License-Identifier: MIT
-- What waits in the queue of a host until a connection has been made: it ends at its own deadline,
-- and begins once that connection is given up. And the entries of many hosts.

local core = require("ges.core")
local kit = require("core_kit")

describe("the queue of a host", function()
  local client

  before_each(function() client = kit.client() end)
  after_each(kit.cleanup)

  -- A server of TLS that never answers the handshake: the first call has a connection, and those
  -- after it wait for what becomes of it. Steps are of the scripts of its connections.
  local function silent(...)
    local server = kit.serve { { { gate = true }, { close = true } }, ..., loop = true }
    return server, (server:url():gsub("^http:", "https:"))
  end

  local function start(url, seconds)
    return assert(client:start(kit.options(url, { request_timeout = seconds,
      connect_timeout = 100 })))
  end

  local function first(server, url)
    local id = start(url, 100)
    kit.eventually(function()
      client:step(0.01)
      return server:accepted() == 1
    end, "a connection")
    return id
  end

  it("ends each call at its own deadline", function()
    local server, url = silent()
    first(server, url)
    local ids = { start(url, 0.3), start(url, 0.1), start(url, 0.2) }
    local ended = {}
    for _, done in ipairs(kit.drain(client, 3, 20)) do
      assert.same("timeout", done.info.kind)
      assert.same(0, done.info.attempts)
      ended[done.id] = true
    end
    for _, id in ipairs(ids) do assert.is_true(ended[id]) end
    assert.same(1, client:step(0))
  end)

  it("goes on when the call that connects is cancelled", function()
    local server, url = silent()
    local id = first(server, url)
    start(url, 100)
    client:step(0)
    assert.same(1, server:accepted())
    client:cancel(id)
    kit.eventually(function()
      client:step(0.01)
      return server:accepted() == 2
    end, "a second connection")
  end)

  it("makes the descriptor readable when the connection is lost", function()
    local server, url = silent({ { stall = true } })
    local fd = client:fd()
    first(server, url)
    start(url, 100)
    server:pass()
    kit.eventually(function()
      if core.epwait(fd, 10) then client:step(0) end
      return server:accepted() >= 2
    end, "another connection")
  end)

  it("is not given to another host while one of its calls is under way", function()
    local server = kit.after_request({ stall = true })
    start(server:url(), 100)
    kit.eventually(function()
      client:step(0.01)
      return #server:requests() == 1
    end, "a request")
    for i = 1, 100 do
      local _, err, info = client:job_status(kit.options(("http://127.3.0.%d:9"):format(i),
        { request_timeout = 10 }))
      assert.same("connect", info.kind, err)
    end
    assert.same(1, client:step(0))
  end)
end)
