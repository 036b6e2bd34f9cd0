-- Specs for spec/support/wire: the server that all other specs use, asked by luasocket.

local socket = require("socket")
local wire = require("wire")

local GET = "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"
local POST = "POST /p HTTP/1.1\r\ncontent-length: 5\r\nX: y\r\n\r\nhe\0lo"

describe("wire", function()
  local server, peers

  local function serve(scripts)
    server = wire.serve(scripts)
    return server
  end

  local function connect(bytes)
    local peer = assert(socket.connect("127.0.0.1", server:port()))
    peer:settimeout(30)
    peers[#peers + 1] = peer
    if bytes then
      assert(peer:send(bytes))
    end
    return peer
  end

  -- All a peer is sent up to the end of its connection.
  local function read_all(peer)
    local data, err, partial = peer:receive("*a")
    assert.is_not.same("timeout", err)
    return data or partial
  end

  -- A peer is sent this on a connection that then stays open, and no more for a moment.
  local function only(bytes, peer)
    assert.same(bytes, #bytes > 0 and peer:receive(#bytes) or "")
    peer:settimeout(0.05)
    local _, err, partial = peer:receive("*a")
    assert.same("timeout", err)
    assert.same("", partial)
    peer:settimeout(30)
  end

  local function eventually(condition)
    local deadline = socket.gettime() + 30
    while not condition() do
      assert(socket.gettime() < deadline, "it did not happen in time")
      socket.sleep(0.002)
    end
  end

  local function elapsed(f)
    local start = socket.gettime()
    f()
    return socket.gettime() - start
  end

  before_each(function()
    peers = {}
  end)

  after_each(function()
    for _, peer in ipairs(peers) do
      peer:close()
    end
    server:close()
  end)

  describe("steps", function()
    it("waits for a whole request before it answers", function()
      serve({ { "request", "done", { close = true } } })
      local peer = connect(POST:sub(1, -2))
      only("", peer)
      assert.same({}, server:requests())
      peer:send(POST:sub(-1))
      assert.same("done", read_all(peer))
      assert.same({ POST }, server:requests())
    end)

    it("waits for each request of several sent at once", function()
      serve({ { "request", "1", "request", "2", "request", "3", { close = true } } })
      local peer = connect(GET .. POST)
      only("12", peer)
      peer:send(GET)
      assert.same("3", read_all(peer))
      assert.same({ GET, POST, GET }, server:requests())
    end)

    it("does not take a Content-Length from a body", function()
      local body = "\r\nContent-Length: 9\r\n\r\n"
      local post = "POST / HTTP/1.1\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
      serve({ { "request", { close = true } } })
      read_all(connect(GET .. post .. GET))
      assert.same({ GET, post, GET }, server:requests())
    end)

    it("sends exactly the bytes, even before it was asked", function()
      local bytes = ("\0\r\n\255"):rep(500000)
      serve({ { bytes, { send = "" }, { send = "end" }, { close = true } } })
      assert.is_true(read_all(connect()) == bytes .. "end")
    end)

    it("sends in chunks with a rest between them", function()
      serve({ { { send = "abcdefg", chunk = 3, every = 0.15 }, "h", { close = true } } })
      local took = elapsed(function()
        local peer = connect()
        assert.same("abc", peer:receive(3))
        assert.same("defgh", read_all(peer))
      end)
      assert.is_true(took > 0.29, took)
    end)

    it("sends in chunks without a rest", function()
      serve({ { { send = "abcdefg", chunk = 2 }, { close = true } } })
      assert.same("abcdefg", read_all(connect()))
    end)

    it("sleeps", function()
      serve({ { "a", { sleep = 0.2 }, "b", { sleep = 0 }, { close = true } } })
      local took = elapsed(function()
        assert.same("ab", read_all(connect()))
      end)
      assert.is_true(took > 0.19, took)
    end)

    it("waits until it has received so many bytes, a request or not", function()
      serve({ { { received = 3 }, "three", { received = 5 }, "five", { received = 4 },
        { close = true } } })
      local peer = connect("12")
      only("", peer)
      peer:send("3")
      only("three", peer)
      peer:send("45")
      assert.same("five", read_all(peer))
    end)

    it("waits until so many requests have come, wherever", function()
      serve({ { { requests = 3 }, "x", { close = true } }, { "request", "one" }, loop = true })
      local first = connect(GET)
      local second = connect(GET)
      only("", first)
      only("one", second)
      second:send(GET)
      assert.same("x", read_all(first))
    end)

    it("waits at a gate until the spec opens it, once for each time", function()
      serve({ { "a", { gate = true }, "b", { gate = true }, "c", { close = true } } })
      local peer = connect()
      only("a", peer)
      server:pass()
      only("b", peer)
      server:pass()
      assert.same("c", read_all(peer))
    end)

    it("passes a gate that was opened before, and as many as that was said for", function()
      serve({ { { gate = true }, "x", { close = true } }, loop = true })
      server:pass(2)
      assert.same("x", read_all(connect()))
      assert.same("x", read_all(connect()))
      local late = connect()
      only("", late)
      server:pass()
      assert.same("x", read_all(late))
    end)

    it("closes", function()
      serve({ { "request", { close = true } } })
      local peer = connect(GET)
      assert.same("", read_all(peer))
      assert(peer:send("x"))
      assert.same(0, server:open())
    end)

    it("resets", function()
      serve({ { "request", "some", { gate = true }, { reset = true } } })
      local peer = connect(GET)
      assert.same("some", peer:receive(4))
      server:pass()
      assert.same("", read_all(peer))
      assert.is_nil((peer:send("x")))
      assert.same(0, server:open())
    end)

    it("shuts down one way and goes on reading", function()
      serve({ { "request", "x", { shutdown = true } } })
      local peer = connect(GET)
      assert.same("x", read_all(peer))
      assert.same(1, server:open())
      peer:send("more")
      eventually(function()
        return server:received(1) == GET .. "more"
      end)
      peer:close()
      eventually(function()
        return server:open() == 0
      end)
    end)

    it("stalls", function()
      serve({ { "request", { stall = true }, "never" }, { "x", { close = true } } })
      only("", connect(GET .. GET))
      assert.same("x", read_all(connect()))
      assert.same(1, server:open())
    end)

    it("starts again", function()
      serve({ { "request", "yes", { again = true } } })
      local peer = connect()
      for _ = 1, 3 do
        peer:send(GET)
        assert.same("yes", peer:receive(3))
      end
      assert.same(1, server:accepted())
      assert.same({ GET, GET, GET }, server:requests())
    end)

    it("floods until the peer is gone", function()
      serve({ { { forever = "abc" } } })
      local peer = connect()
      local data = assert(peer:receive(3000000))
      assert.is_true(data == ("abc"):rep(1000000))
      peer:close()
      eventually(function()
        return server:open() == 0
      end)
    end)

    it("floods slowly", function()
      serve({ { { forever = "ab", every = 0.02 } } })
      local took = elapsed(function()
        assert.same("abababab", connect():receive(8))
      end)
      assert.is_true(took > 0.05)
    end)

    it("is idle at the end of a script", function()
      serve({ { "x" }, {} })
      assert.same(0, server:ended())
      only("x", connect())
      only("", connect(GET))
      assert.same(2, server:ended())
      assert.same(2, server:open())
    end)
  end)

  describe("scripts", function()
    it("serve connections in order of accept, then none", function()
      serve({ { "1", { close = true } }, { "2", { close = true } } })
      assert.same("1", read_all(connect()))
      assert.same("2", read_all(connect()))
      assert.same("", read_all(connect()))
      assert.same("", read_all(connect()))
      assert.same(4, server:accepted())
    end)

    it("serve all later connections in a loop", function()
      serve({ { "1", { close = true } }, { "2", { close = true } }, loop = true })
      local got = {}
      for i = 1, 4 do
        got[i] = read_all(connect())
      end
      assert.same({ "1", "2", "2", "2" }, got)
    end)

    it("may be none", function()
      serve({})
      assert.same("", read_all(connect()))
      assert.same(1, server:accepted())
    end)

    it("run for 200 connections at once", function()
      serve({ { "request", { sleep = 0.05 }, wire.reply(200, "x") }, loop = true })
      local took = elapsed(function()
        for _ = 1, 200 do
          connect(GET)
        end
        for _, peer in ipairs(peers) do
          assert.same("HTTP/1.1 200 ", peer:receive("*l"))
        end
      end)
      assert.is_true(took < 8, took) -- one after the other takes ten
      assert.same(200, server:accepted())
      assert.same(200, server:open())
      assert.same(200, #server:requests())
      assert.same(200 * #GET, server:bytes())
    end)

    it("that are wrong are refused", function()
      local function refused(scripts, message)
        local ok, err = pcall(wire.serve, scripts)
        assert.is_false(ok)
        assert.is_truthy(err:find(message, 1, true), err)
      end
      serve({})
      refused({ "request" }, "script 1 is not a list")
      refused({ { 5 } }, "a step is a string or a table")
      refused({ { {} } }, "nothing to do")
      refused({ { { sned = "x" } } }, "unknown word in a step: sned")
      refused({ { { send = 5 } } }, "send needs a string")
      refused({ { { close = false } } }, "close needs a boolean")
      refused({ { { send = "x", close = true } } }, "two things to do")
      refused({ { { sleep = -1 } } }, "bad sleep")
      refused({ { { sleep = 0 / 0 } } }, "bad sleep")
      refused({ { { send = "x", chunk = 0 } } }, "bad chunk")
      refused({ { { send = "x", every = 1 } } }, "every without chunk")
      refused({ { { sleep = 1, chunk = 1 } } }, "chunk without send")
      refused({ { { received = 0 } } }, "bad received")
      refused({ { { requests = 0 } } }, "bad requests")
      refused({ { { gate = 1 } } }, "gate needs a boolean")
      assert.is_false(pcall(server.pass, server, 0))
      refused({ { { forever = "" } } }, "forever needs")
      refused({ loop = true }, "loop without a script")
      refused({ lop = true }, "unknown option: lop")
      refused({ host = "no host" }, "cannot serve")
      refused({ host = "192.0.2.1" }, "cannot serve")
    end)
  end)

  describe("records", function()
    it("keep connections apart", function()
      serve({ {}, {} })
      local one, two = connect("a"), connect("b\0")
      one:send("c")
      two:send("d")
      eventually(function()
        return server:bytes() == 5
      end)
      assert.same("ac", server:received(1))
      assert.same("b\0d", server:received(2))
      assert.is_nil(server:received(0))
      assert.is_nil(server:received(3))
    end)

    it("list requests in order of completion", function()
      serve({ {}, {} })
      local one, two = connect(POST:sub(1, 10)), connect()
      two:send(GET)
      eventually(function()
        return #server:requests() == 1
      end)
      one:send(POST:sub(11))
      eventually(function()
        return #server:requests() == 2
      end)
      assert.same({ GET, POST }, server:requests())
    end)

    it("keep a large upload", function()
      local body = ("0123456789"):rep(100000)
      local put = "PUT / HTTP/1.1\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
      serve({ { "request", "ok", { close = true } } })
      assert.same("ok", read_all(connect(put)))
      assert.is_true(server:requests()[1] == put)
    end)

    it("count the open connections", function()
      serve({ {}, loop = true })
      local one = connect()
      connect()
      eventually(function()
        return server:open() == 2
      end)
      one:close()
      eventually(function()
        return server:open() == 1
      end)
      assert.same(2, server:accepted())
    end)

    it("can be read after close", function()
      serve({ { "request", "x" } })
      assert.same("x", connect(GET):receive(1))
      server:close()
      assert.same({ GET }, server:requests())
      assert.same(GET, server:received(1))
      assert.same(1, server:accepted())
      assert.same(0, server:open())
      assert.same(#GET, server:bytes())
    end)
  end)

  describe("the server", function()
    it("says where it is", function()
      serve({})
      assert.same("http://127.0.0.1:" .. server:port(), server:url())
    end)

    it("serves IPv6", function()
      local probe = socket.tcp6()
      if not probe or not probe:bind("::1", 0) then
        serve({})
        return pending("no IPv6 here")
      end
      probe:close()
      serve({ { "six", { close = true } }, host = "::1" })
      assert.same("http://[::1]:" .. server:port(), server:url())
      local peer = socket.tcp6()
      assert(peer:connect("::1", server:port()))
      assert.same("six", read_all(peer))
      peer:close()
    end)

    it("closes at once, whatever it does, and any number of times", function()
      serve({ { { forever = "x" } }, { { sleep = 1000 } }, { "request" }, { { again = true } },
        { { gate = true } } })
      for _ = 1, 5 do
        connect()
      end
      eventually(function()
        return server:accepted() == 5
      end)
      local took = elapsed(function()
        server:close()
      end)
      assert.is_true(took < 5, took)
      server:close()
      assert.is_nil((socket.connect("127.0.0.1", server:port())))
      assert.same("", read_all(peers[2]))
    end)

    it("closes when collected", function()
      serve({})
      local port = wire.serve({ { { forever = "x" } } }):port()
      collectgarbage()
      collectgarbage()
      assert.is_nil((socket.connect("127.0.0.1", port)))
    end)

    it("runs beside others", function()
      serve({ { "a", { close = true } } })
      local other = wire.serve({ { "b", { close = true } } })
      local peer = socket.connect("127.0.0.1", other:port())
      assert.same("a", read_all(connect()))
      assert.same("b", read_all(peer))
      peer:close()
      other:close()
    end)
  end)

  describe("reply", function()
    before_each(function()
      serve({})
    end)

    it("is a whole response", function()
      local head = "HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: "
      assert.same(head .. "2\r\n\r\n{}", wire.reply(200, "{}"))
      assert.same(head .. "0\r\n\r\n", wire.reply(200))
    end)

    it("takes headers by name or as lines", function()
      local named = wire.reply(503, "x", { ["Retry-After"] = 5 })
      assert.same("HTTP/1.1 503 \r\nRetry-After: 5\r\nContent-Length: 1\r\n\r\nx", named)
      assert.same("HTTP/1.1 401 \r\nA: 1\r\nA: 2\r\nContent-Length: 0\r\n\r\n",
        wire.reply(401, "", { "A: 1", "A: 2" }))
      assert.same("HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n", wire.reply(204, nil, {}))
    end)
  end)
end)
