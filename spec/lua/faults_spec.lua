-- What becomes of a call when the network, a proxy or a broken server is in its way. The drip of
-- the last spec starts first and runs beside the others, since libcurl judges it after 10 s.

local core = require("ges.core")
local kit = require("core_kit")
local socket = require("socket")
local wire = require("wire")

local HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
local CHUNKED = HEAD .. "Transfer-Encoding: chunked\r\n\r\n"

local function chunk(bytes)
  return ("%x\r\n%s\r\n"):format(#bytes, bytes)
end

describe("core: a fault", function()
  local drip

  setup(function()
    local server = wire.serve { { "request", HEAD .. "Content-Length: 5000\r\n\r\n",
      { forever = "{", every = 0.05 } }, loop = true }
    drip = { server = server, client = core.engine() }
    assert(drip.client:start(kit.options(server, { request_timeout = 600 })))
    drip.client:step(0.01)
  end)

  teardown(function()
    drip.client:close()
    drip.server:close()
  end)

  after_each(kit.cleanup)
  before_each(function()
    drip.client:step(0)
  end)

  describe("of the way there", function()
    it("is dns when the name does not resolve", function()
      local err = kit.fails("dns", "https://ges.no-such-region.invalid")
      assert.is_truthy(err:find("ges.no-such-region.invalid", 1, true), err)
    end)

    it("is connect for a port without a listener", function()
      local server = kit.serve {}
      local url = server:url()
      server:close()
      local err = kit.fails("connect", url)
      assert.is_truthy(err:find("127.0.0.1", 1, true), err)
    end)

    it("is timeout when the SYN stays without an answer", function()
      local listener = assert(socket.bind("127.0.0.1", 0, 0))
      local _, port = listener:getsockname()
      local peers = {}
      for i = 1, 8 do
        peers[i] = socket.tcp()
        peers[i]:settimeout(0)
        peers[i]:connect("127.0.0.1", port)
      end
      local took = kit.seconds(kit.fails, "timeout", "http://127.0.0.1:" .. port,
        { connect_timeout = 0.3 })
      assert.is_true(took > 0.25 and took < 3, took)
      for _, peer in ipairs(peers) do
        peer:close()
      end
      listener:close()
    end)
  end)

  describe("of the connection is network", function()
    local body = "Content-Length: 500\r\n\r\n" .. kit.running
    local cases = {
      ["closed before the reply"] = { { close = true } },
      ["reset before the reply"] = { { reset = true } },
      ["closed inside the status line"] = { "HTTP/1.1 2", { close = true } },
      ["closed inside a header"] = { HEAD .. "Content-Le", { close = true } },
      ["closed between two headers"] = { HEAD, { close = true } },
      ["reset inside the headers"] = { HEAD, { sleep = 0.02 }, { reset = true } },
      ["closed inside the body"] = { HEAD .. body, { close = true } },
      ["half closed inside the body"] = { HEAD .. body, { shutdown = true } },
      ["reset inside the body"] = { HEAD .. body, { sleep = 0.02 }, { reset = true } },
      ["closed inside a chunk"] = { CHUNKED .. "500\r\n" .. kit.running, { close = true } },
      ["closed after a chunk"] = { CHUNKED .. chunk(kit.running), { close = true } },
      ["closed inside a chunk's size"] = { CHUNKED .. chunk("{") .. "4", { close = true } },
      ["a chunk without a size"] = { CHUNKED .. "zz\r\nx\r\n", { close = true } },
    }
    for name, steps in pairs(cases) do
      it(name, function()
        local server = kit.after_request((unpack or table.unpack)(steps)) -- luacheck: ignore
        kit.fails("network", server)
      end)
    end
  end)

  describe("that is no answer:", function()
    local function fine(...)
      local job = kit.ask(kit.after_request(...))
      assert.same("running", job.status)
    end

    it("a body that ends with the connection", function()
      fine(HEAD .. "\r\n" .. kit.running, { close = true })
      fine("HTTP/1.0 200 OK\r\n\r\n" .. kit.running, { close = true })
    end)

    it("chunks of any size, an extension and a trailer", function()
      local steps = { CHUNKED }
      for c in kit.running:gmatch(".") do
        steps[#steps + 1] = "1;x=y\r\n" .. c .. "\r\n"
      end
      fine(table.concat(steps) .. "0\r\nX-Trailer: 1\r\n\r\n")
    end)

    it("a reply one byte at a time", function()
      fine({ send = wire.reply(200, kit.running), chunk = 1, every = 0.001 })
    end)

    it("a few 1xx before the answer", function()
      fine("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
        .. wire.reply(200, kit.running))
    end)

    it("bytes after the end of the reply", function()
      fine(wire.reply(200, kit.running) .. "garbage", { close = true })
    end)

    it("headers of 100 KB", function()
      local headers = {}
      for i = 1, 100 do
        headers[i] = ("X-%d: %s"):format(i, ("y"):rep(1000))
      end
      fine(wire.reply(200, kit.running, headers))
    end)
  end)

  describe("is timeout", function()
    local function stalls(seconds, extra, ...)
      local server = kit.after_request(...)
      local took = kit.seconds(kit.fails, "timeout", server, extra)
      assert.is_true(took > seconds * 0.9 and took < seconds + 3, took)
      kit.eventually(function()
        return server:open() == 0
      end)
    end

    it("when the server says nothing", function()
      stalls(0.3, { request_timeout = 0.3 }, { stall = true })
    end)

    it("when the server stops in the middle", function()
      stalls(0.2, { request_timeout = 0.2 }, HEAD)
      stalls(0.2, { request_timeout = 0.2 }, HEAD .. "Content-Length: 500\r\n\r\n{")
      stalls(0.2, { request_timeout = 0.2 }, CHUNKED .. chunk(kit.running))
    end)

    it("when the server goes on for ever, slowly", function()
      stalls(0.3, { request_timeout = 0.3 }, CHUNKED, { forever = chunk(" "), every = 0.02 })
      stalls(0.3, { request_timeout = 0.3 }, HEAD, { forever = "X: y\r\n", every = 0.02 })
      stalls(0.3, { request_timeout = 0.3 }, { forever = "HTTP/1.1 100 C\r\n\r\n", every = 0.02 })
    end)

    it("when `timeout` is the shorter of the two", function()
      stalls(0.2, { timeout = 0.2, request_timeout = 5 }, { stall = true })
    end)

    it("after request_timeout alone when `timeout` is 0", function()
      stalls(0.2, { timeout = 0, request_timeout = 0.2 }, { stall = true })
    end)

    it("after a fraction of a millisecond already", function()
      local server = kit.after_request({ stall = true })
      assert.is_true(kit.seconds(kit.fails, "timeout", server, { timeout = 0.0001 }) < 3)
    end)
  end)

  describe("is protocol", function()
    local function broken(...)
      return kit.fails("protocol", kit.after_request(...))
    end

    it("when the body is not JSON", function()
      for _, body in ipairs { "", " ", "\0", "job", "<html>", "{", '{"status":"running"', "{]",
        "{'status':'running'}", "status=running", "\239\187\191",
        kit.running .. "x", kit.running .. kit.running, "[" .. kit.running } do
        local err, info = kit.fails("protocol", kit.replying(200, body))
        assert.same(200, info.http_status)
        assert.is_true(#err < 400)
      end
    end)

    it("when a captive portal answers, and shows how it begins", function()
      local page = "<html><head>\r\n<title>Hotel Wi-Fi</title></head>" .. ("y"):rep(200000)
      local err, info = kit.fails("protocol", kit.replying(200, page,
        { "Content-Type: text/html" }))
      assert.is_truthy(err:find("<title>Hotel Wi-Fi</title>", 1, true), err)
      assert.is_truthy(info.message:find("<head>\\x0D\\x0A<title>", 1, true))
      local _, n = info.message:gsub("y", "y")
      assert.is_true(n > 20 and n <= 120)
    end)

    it("when the body is JSON but no job", function()
      for _, body in ipairs { "null", "true", "0", '"running"', "[]", "[1]", "{}", '{"a":1}',
        '{"status":null}', '{"status":1}', '{"status":{}}', '{"status":["running"]}',
        '{"STATUS":"running"}', '[{"status":"running"}]', '{"job":' .. kit.running .. "}" } do
        kit.fails("protocol", kit.replying(200, body))
      end
    end)

    it("when another job is answered for", function()
      for _, id in ipairs { "x", kit.job .. "x", kit.job:sub(1, -2), kit.job:upper(), "",
        kit.job .. "\\u0000" } do
        local err = kit.fails("protocol",
          kit.replying(200, ('{"status":"running","job_id":"%s"}'):format(id)))
        assert.is_truthy(err:find("another job", 1, true), err)
      end
      for _, body in ipairs { '{"status":"running"}', '{"status":"running","job_id":null}' } do
        local job = kit.ask(kit.replying(200, body))
        assert.same({ status = "running" }, job)
      end
    end)

    it("when a 1xx is the end of it", function()
      broken("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nx", { close = true })
      broken("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", { close = true })
      broken("HTTP/1.1 199 Odd\r\nContent-Length: 2\r\n\r\n{}", { close = true })
    end)

    it("when it is not HTTP, or HTTP/0.9", function()
      broken(kit.running, { close = true })
      broken("<html>0.9</html>\r\n", { close = true })
      broken("SSH-2.0-OpenSSH_9.2\r\n", { close = true })
      broken("HTTP/1.1 99999 Much\r\n\r\n", { close = true })
      broken("HTTP/1.1 abc\r\n\r\n", { close = true })
      broken(("\255"):rep(5000), { close = true })
    end)

    it("when headers never end", function()
      broken(HEAD, { forever = "X-Flood: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" })
      broken(HEAD .. "X: ", { forever = "y" })
    end)

    it("when one header has 200 KB", function()
      broken(wire.reply(200, kit.running, { X = ("y"):rep(200000) }))
    end)

    it("when 1xx never end", function()
      broken({ forever = "HTTP/1.1 100 Continue\r\n\r\n" })
      broken({ forever = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" })
    end)
  end)

  describe("is too_large", function()
    local function padded(n)
      return kit.running .. (" "):rep(n - #kit.running)
    end

    it("at once when the headers say so", function()
      local server = kit.after_request(HEAD .. "Content-Length: 8388609\r\n\r\n", { stall = true })
      assert.is_true(kit.seconds(kit.fails, "too_large", server) < 3)
      server = kit.after_request(HEAD .. "Content-Length: 9000000000000000000\r\n\r\n")
      assert.is_true(kit.seconds(kit.fails, "too_large", server) < 3)
      server = kit.after_request(HEAD .. "Content-Length: 1001\r\n\r\n", { stall = true })
      kit.fails("too_large", server, { max_response_bytes = 1000 })
    end)

    it("at the cap when they do not", function()
      for _, steps in ipairs { { CHUNKED, { forever = chunk((" "):rep(65536)) } },
        { HEAD .. "\r\n", { forever = " " } } } do
        local server = kit.after_request(steps[1], steps[2])
        collectgarbage()
        local before = collectgarbage("count")
        kit.fails("too_large", server)
        assert.is_true(collectgarbage("count") - before < 1024)
        kit.fails("too_large", server, { max_response_bytes = 1 })
      end
    end)

    it("one byte past the cap, not at it", function()
      for _, n in ipairs { 100, 65536, 1000000 } do
        local cap = { max_response_bytes = n }
        assert(kit.ask(kit.replying(200, padded(n)), cap))
        kit.fails("too_large", kit.replying(200, padded(n + 1)), cap)
        assert(kit.ask(kit.after_request(CHUNKED .. chunk(padded(n)) .. "0\r\n\r\n"), cap))
        kit.fails("too_large", kit.after_request(CHUNKED .. chunk(padded(n + 1))), cap)
        kit.cleanup()
      end
    end)

    it("over 8 MiB, unless more is asked for", function()
      assert(kit.ask(kit.replying(200, padded(8388608))))
      kit.fails("too_large", kit.replying(200, padded(8388609)))
      assert(kit.ask(kit.replying(200, padded(8388609)), { max_response_bytes = 8388609 }))
    end)

    it("and reports the headers that came all the same", function()
      for _, rest in ipairs { "Content-Length: 1001\r\n", "" } do
        local err, info = kit.fails("too_large", kit.after_request(HEAD .. rest
          .. "X-Request-Id: request-1\r\nRetry-After: 7\r\n\r\n" .. padded(1001),
          { stall = true }), { max_response_bytes = 1000 })
        assert.same({ 200, "request-1", 7 }, { info.http_status, info.request_id,
          info.retry_after })
        assert.is_truthy(err:find("HTTP 200, request request-1", 1, true), err)
      end
    end)
  end)

  describe("with a body that is too large", function()
    it("is that of its status, whose headers count", function()
      for _, rest in ipairs { "Content-Length: 20000\r\n\r\n", "\r\n" } do
        rest = rest .. ("<p>x"):rep(5000)
        local server = kit.after_request("HTTP/1.1 503 Busy\r\nX-Request-Id: request-1\r\n"
          .. "Retry-After: 7\r\n" .. rest, { stall = true })
        local err, info = kit.fails("unavailable", server, { max_response_bytes = 4096 })
        assert.same({ 503, "request-1", 7 }, { info.http_status, info.request_id,
          info.retry_after })
        assert.is_truthy(err:find("<p>x<p>x", 1, true), err)
      end
      kit.fails("not_found", kit.replying(404, ("x"):rep(5000)), { max_response_bytes = 4096 })
    end)
  end)

  it("is that of the status where the body of a refusal breaks off", function()
    for status, kind in pairs { [302] = "redirect", [400] = "bad_request", [401] = "auth",
      [403] = "forbidden", [404] = "not_found", [429] = "throttled", [503] = "unavailable" } do
      local server = kit.after_request(("HTTP/1.1 %d X\r\nContent-Length: 500\r\n\r\nhalf")
        :format(status), { close = true })
      local err, info = kit.fails(kind, server)
      assert.equal(status, info.http_status, err)
    end
  end)

  describe("of a proxy", function()
    local function tunnelled(...)
      local proxy = kit.after_request(...)
      local err, info = kit.failing("https://ges.example.invalid", { proxy = proxy:url() })
      local requests = proxy:requests()
      assert.same(1, #requests)
      assert.is_truthy(requests[1]:find("^CONNECT ges%.example%.invalid:443 HTTP/1%.1\r\n"))
      kit.no_leak(requests, { kit.token })
      return info, err
    end

    it("is proxy when it refuses, with whatever status", function()
      for _, status in ipairs { 300, 302, 400, 401, 403, 404, 407, 429, 500, 502, 503 } do
        assert.same("proxy", tunnelled(wire.reply(status, "no")).kind, status)
        assert.same("proxy", tunnelled(wire.reply(status, "no"), { close = true }).kind, status)
        kit.cleanup()
      end
    end)

    it("is proxy for a 407 of a request that is not tunnelled", function()
      local server = kit.replying(200, kit.running)
      local proxy = kit.replying(407, "who?", { ["Proxy-Authenticate"] = "Basic realm=x" })
      kit.fails("proxy", server, { proxy = proxy:url() })
      assert.same(0, server:accepted())
      assert.same(1, #proxy:requests())
      assert.is_truthy(proxy:requests()[1]:find("GET " .. server:url() .. kit.path, 1, true))
    end)

    it("is dns when its name does not resolve", function()
      kit.fails("dns", "https://ges.example.invalid", { proxy = "http://proxy.invalid:3128" })
    end)

    it("is connect when it is not there", function()
      local proxy = kit.serve {}
      local url = proxy:url()
      proxy:close()
      kit.fails("connect", "https://ges.example.invalid", { proxy = url })
    end)

    it("is network when it hangs up, and timeout when it hangs", function()
      assert.same("network", tunnelled({ close = true }).kind)
      local proxy = kit.after_request({ stall = true })
      kit.fails("timeout", "https://ges.example.invalid", { proxy = proxy:url(), timeout = 0.2 })
    end)

    it("is not used where no_proxy or an empty proxy says so", function()
      local server = kit.replying(200, kit.running)
      local proxy = kit.replying(407, "")
      assert(kit.ask(server, { proxy = proxy:url(), no_proxy = "127.0.0.1" }))
      assert(kit.ask(server, { proxy = proxy:url(), no_proxy = "*" }))
      assert(kit.ask(server, { proxy = "" }))
      assert.same(0, proxy:accepted())
    end)
  end)

  it("is timeout under 100 bytes a second for 10 s", function()
    local done = kit.drain(drip.client, 1, 60)
    assert.same("timeout", done[1].info.kind)
    -- by when it was seen, which is late where the specs before it are slow; long before its own
    -- timeout all the same
    local took = done[1].info.elapsed
    assert.is_true(took > 9 and took < 300, took)
  end)
end)
