-- Where the bytes go: endpoints, ids, paths and queries, as they are read, refused and written.
-- What is refused is refused before a connection is opened, and no message quotes it.

local core = require("ges.core")
local kit = require("core_kit")
local wire = require("wire")

describe("url:", function()
  local server, port

  before_each(function()
    server = kit.replying(200, '{"status":"running"}')
    port = server:port()
  end)

  after_each(kit.cleanup)

  -- A call that must be refused on account of `option`, with nothing sent.
  local function refused(option, extra, endpoint)
    local err, info = kit.fails("argument", endpoint or server, extra)
    assert.is_truthy(info.message:find("^" .. option .. " "), info.message)
    assert.is_nil(info.http_status)
    assert.same(0, server:accepted())
    assert.same(0, server:bytes())
    return err
  end

  local function asked(extra, endpoint)
    assert(kit.ask(endpoint or server, extra))
    local requests = server:requests()
    return requests[#requests]
  end

  describe("an id", function()
    local ids = { "project_id", "graph_id", "job_id" }

    local function refused_id(value)
      for _, option in ipairs(ids) do
        local err = refused(option, { [option] = value })
        if #value > 3 then
          assert.is_nil(err:find(value, 1, true), err)
        end
      end
    end

    it("may hold unreserved characters and no other byte", function()
      for byte = 0, 255 do
        local char = string.char(byte)
        local value = "a" .. char .. "b"
        if char:find("^[%w._~-]$") and byte < 128 then
          for _, option in ipairs(ids) do
            assert.is_truthy(asked({ [option] = value }):find("/" .. value .. "/", 1, true))
          end
        end
      end
      assert.same(66 * 3, #server:requests())
      local used = server:bytes()
      for byte = 0, 255 do
        local char = string.char(byte)
        if not (char:find("^[%w._~-]$") and byte < 128) then
          for i, value in ipairs { "a" .. char .. "b", char, "ab" .. char, char .. "ab" } do
            local option = ids[i % 3 + 1]
            kit.fails("argument", server, { [option] = value })
          end
        end
      end
      assert.same(used, server:bytes())
    end)

    it("is not empty and not a dot segment", function()
      for _, value in ipairs { "", ".", "..", "../../../../admin", "./x", "%2e%2e", "%2E", "a/..",
        "..\0", ".\0." } do
        refused_id(value)
      end
      for _, value in ipairs { "...", ".a", "..a", "a.", "a..", "~", "-", "_" } do
        assert.is_truthy(asked({ job_id = value }):find("/jobs/" .. value .. "/status HTTP", 1,
          true))
      end
    end)

    it("cannot change the request", function()
      for _, value in ipairs { "a?x=1", "a#f", "a/b", "a\\b", "a;b", "a&b", "a b", "a%20b",
        "a\r\nX: y",
        "a HTTP/1.1\r\n\r\nGET /x", "\226\128\139a", "a\0b", "\127", "\t", "caf\195\169", "a+b",
        "a@b",
        "a:b" } do
        refused_id(value)
      end
    end)

    it("has 1 to 128 characters, and a longer one is refused at once", function()
      local id = ("x"):rep(128)
      assert.is_truthy(asked({ graph_id = id }):find("/graphs/" .. id .. "/jobs", 1, true))
      server = kit.replying(200, "{}")
      refused_id(id .. "x")
      refused_id(("x"):rep(1000000))
      assert.is_true(kit.cpu_seconds(refused_id, ("/"):rep(1000000)) < 0.5)
    end)
  end)

  describe("an endpoint", function()
    local function refused_endpoint(value, extra)
      local err = refused("endpoint", extra, value)
      assert.is_nil(err:find("secret", 1, true), err)
    end

    it("is refused when it holds more than scheme, host, port and prefix", function()
      for _, form in ipairs { "http://secret@HOST", "http://user:secret@HOST", "http://@HOST",
        "http://HOST@secret", "http://HOST?secret", "http://HOST/?", "http://HOST/a?b=secret",
        "http://HOST#secret", "http://HOST/#", "http://HOST/a#b", "user:secret@HOST",
        "https://evil.example\\@HOST", "http://HOST\\secret" } do
        local value = form:gsub("HOST", "127.0.0.1:" .. port)
        refused_endpoint(value)
        if value:find("@", 1, true) then
          assert.is_truthy(refused("endpoint", nil, value):find("user information", 1, true))
        end
      end
    end)

    it("is refused when it has another scheme or a malformed one", function()
      for _, form in ipairs { "ftp://HOST", "file:///etc/secret", "http:/HOST", "http:HOST",
        "//HOST",
        "/HOST", "://HOST", "http//HOST", "https://", "http://", "https:", "http:", "",
        "h ttp://HOST",
        "javascript:secret", "http://http://HOST", "gopher://HOST/_x", "unix:/secret",
        "http:///HOST" } do
        refused_endpoint((form:gsub("HOST", "127.0.0.1:" .. port)))
      end
    end)

    it("with another scheme is refused for that", function()
      for _, value in ipairs { "ftp://h", "htps://h:443", "https://https://h", "gopher://h/x" } do
        local why = refused("endpoint", nil, value)
        assert.is_truthy(why:find("must begin with https:", 1, true), value)
      end
    end)

    it("is refused when its port is no port", function()
      for _, p in ipairs { "", "0", "00", "65536", "99999999999999999999", "-1", "+80", "80x", "x",
        " 80",
        "80:80", "0x50", "8 0", "80." } do
        refused_endpoint("http://127.0.0.1:" .. p)
        refused_endpoint("http://127.0.0.1:" .. p .. "/a")
        refused_endpoint("http://[::1]:" .. p)
      end
    end)

    it("is refused for any byte that is no visible ASCII, wherever it stands", function()
      for byte = 0, 255 do
        if byte <= 0x20 or byte >= 0x7F then
          local c = string.char(byte)
          for _, form in ipairs { "Chttp://HOST", "httpC://HOST", "http://C.HOST", "http://HOSTC",
            "http://HOST/aCb" } do
            local value = form:gsub("C", function() return c end)
            refused_endpoint((value:gsub("HOST", "127.0.0.1:" .. port)))
          end
        end
      end
    end)

    it("is refused for a host that is no name or address", function()
      for _, host in ipairs { "[::1", "::1", "[]", "[:]x", "[::g]", "[::1]x", "[::1%25eth0]",
        "[fe80::1%eth0]",
        "a,b", "a*b", "a;b", "a%2eb", "%31", "a'b", "(a)", "a|b", "{a}", "a=b", "a$b", "a!b", "a&b",
        "a+b",
        "a<b>", "a\"b", ("a"):rep(256) } do
        refused_endpoint("http://" .. host .. "/")
        refused_endpoint("https://" .. host .. ":" .. port)
      end
    end)

    it("is refused for a prefix that servers may read in two ways", function()
      for _, prefix in ipairs { "/..", "/.", "/a/../b", "/a/./b", "/a/..", "//a", "/a//b", "/a;b",
        "/a%2fb", "/%2e%2e", "/a\\b", "/a:b", "/a@b", "/a,b", "/a+b", "/a=b", "/a*b", "/../a/" } do
        refused_endpoint(server:url() .. prefix)
      end
    end)

    it("is refused when it is longer than 2048 characters, at once", function()
      refused_endpoint(server:url() .. "/" .. ("a"):rep(2048))
      assert.is_true(kit.cpu_seconds(refused_endpoint, ("a"):rep(10000000)) < 0.5)
    end)

    it("of http:// is refused unless it names this machine", function()
      for _, host in ipairs { "ges.cn-north-4.myhuaweicloud.com", "10.0.0.1", "0.0.0.0",
        "127.0.0.1.evil.com", "0x80.1", "128.1", "127", "2147483648", "0200.0.0.1",
        "localhost.evil", "xlocalhost", "localhost.localdomain", "127.0.0.256", "127.0.0.1.1",
        "127..0.1", "127.0.0.08", "0127.0.0.1", "128.0.0.1", "[::2]", "[::]",
        "[::ffff:10.0.0.1]", "[::ffff:7e00:1]", "[::127.0.0.1]",
        "126.255.255.255", "ip6-localhost", "127.0.0.1_", "127.a.b.c" } do
        local err = refused("endpoint", nil, "http://" .. host .. ":" .. port)
        assert.is_truthy(err:find("insecure_http", 1, true), err)
        refused("endpoint", { insecure_http = false }, "HTTP://" .. host .. ":" .. port)
      end
    end)

    it("of http:// to another machine is taken when insecure_http says so", function()
      local proxy = kit.replying(200, kit.running)
      assert(kit.ask("http://10.0.0.1", { insecure_http = true, proxy = proxy:url() }))
      assert.same(1, #proxy:requests())
    end)

    it("of http:// is taken for every spelling of this machine", function()
      for _, host in ipairs { "localhost", "LocalHost", "127.0.0.1", "127.0.0.2",
        "127.255.255.254" } do
        local own = host:find("127.0.0.2", 1, true) or host:find("127.255", 1, true)
        if own then -- loopback, but without a listener
          kit.fails("connect", "http://" .. host .. ":" .. port)
        else
          local text = asked(nil, "http://" .. host .. ":" .. port)
          assert.is_truthy(text:lower():find("\r\nhost: " .. host:lower() .. ":" .. port .. "\r\n",
            1, true))
        end
      end
      assert(asked(nil, "HTTP://127.0.0.1:" .. port))
    end)

    it("may be an IPv6 address", function()
      local ok, six = pcall(wire.serve, { { "request", wire.reply(200, kit.running),
        { again = true } },
        host = "::1", loop = true })
      if not ok then
        return pending("no IPv6 here")
      end
      assert(kit.ask(six:url()))
      assert.is_truthy(six:requests()[1]:find("\r\nHost: [::1]:" .. six:port() .. "\r\n", 1, true))
      six:close()
    end)

    it("without a scheme means https", function()
      for _, form in ipairs { "127.0.0.1:%d", "https://127.0.0.1:%d", "HTTPS://127.0.0.1:%d/gw" } do
        local plain = kit.serve { { { received = 2 }, { close = true } }, loop = true }
        kit.failing(form:format(plain:port()))
        assert.same("\22\3", plain:received(1):sub(1, 2)) -- a TLS handshake
        kit.no_leak(plain:received(1), { kit.token })
      end
    end)

    it("does not say its default port twice", function()
      local proxy = kit.replying(200, kit.running)
      for endpoint, host in pairs { ["http://a.invalid:80"] = "a.invalid",
        ["http://a.invalid"] = "a.invalid",
        ["http://a.invalid:443"] = "a.invalid:443" } do
        assert(kit.ask(endpoint, { insecure_http = true, proxy = proxy:url() }))
        local requests = proxy:requests()
        assert.is_truthy(requests[#requests]:find("\r\nHost: " .. host .. "\r\n", 1, true))
      end
    end)
  end)

  describe("a path of one's own", function()
    local function ask(extra)
      local client = kit.client()
      local opts = { endpoint = server:url(), token = kit.token, request_timeout = 5 }
      for name, value in pairs(extra) do
        opts[name] = value
      end
      return client:job_status(opts)
    end

    local function line(extra)
      local response, err = ask(extra)
      assert.is_table(response, err)
      local requests = server:requests()
      local text = requests[#requests]:match("^(.-) HTTP/1%.1\r\n")
      -- libcurl writes %2f where we gave it %2F; RFC 3986, section 6.2.2.1: they are the same
      return (text:gsub("%%%x%x", string.upper))
    end

    it("is encoded but for its slashes", function()
      assert.same("GET /v2/a", line { path = "/v2/a" })
      assert.same("GET /", line { path = "/" })
      assert.same("GET /a/", line { path = "/a/" })
      assert.same("GET /a%20b/c%3Fd%23e%25f/%E4%BD%9C", line { path = "/a b/c?d#e%f/\228\189\156" })
      assert.same("GET /%3Bx%2By%40z%3A%26%3D%2C%5C", line { path = "/;x+y@z:&=,\\" })
      assert.same("GET /gw/a", line { path = "/a", endpoint = server:url() .. "/gw/" })
    end)

    it("is refused when it is not one path", function()
      for _, path in ipairs { "", "a", "..", "/..", "/a/..", "/a/../b", "/.", "/./a", "//", "//a",
        "/a//b",
        "/a\0", "/a\nb", "/\127" } do
        local client_job, err, info = ask { path = path }
        assert.is_nil(client_job)
        assert.same("argument", info.kind, err)
      end
      assert.same("argument", select(3, ask { path = "/" .. ("a"):rep(9000) }).kind)
      assert.same(0, server:accepted())
    end)

    it("has a query in canonical order", function()
      local query = { b = "2", a = { "z", "y", 1 }, c = "", ["d e"] = "f&g=h", n = 10, t = true,
        f = 1.5 }
      assert.same("GET /q?a=1&a=y&a=z&b=2&c=&d%20e=f%26g%3Dh&f=1.5&n=10&t=true",
        line { path = "/q", query = query })
      assert.same("GET /q", line { path = "/q", query = {} })
      assert.same("GET /q", line { path = "/q" })
    end)

    it("does not keep the query of the call before", function()
      local client = kit.client()
      local opts = { endpoint = server:url(), token = kit.token, path = "/q", query = { a = 1 } }
      assert(client:job_status(opts))
      assert(client:job_status(kit.options(server)))
      local requests = server:requests()
      assert.is_truthy(requests[1]:find("GET /q?a=1 HTTP", 1, true))
      assert.is_truthy(requests[2]:find("GET " .. kit.path .. " HTTP", 1, true))
    end)

    it("is signed as it is sent", function()
      local query = { x = "a b", ["y/"] = { "2", "1" } }
      local body = '{"a":1}'
      line { path = "/a b/", query = query, method = "POST", body = body, token = nil }
      local response = kit.client():job_status { endpoint = server:url(), ak = "AK0123456789",
        sk = "SK0123456789", path = "/a b/", query = query, method = "POST", body = body }
      assert.is_table(response)
      local text = server:requests()[2]
      assert.is_truthy(text:find("^POST /a%%20b/%?x=a%%20b&y%%2F=1&y%%2F=2 HTTP"), text)
      local expected = core.sign { method = "POST", host = "127.0.0.1:" .. port, path = "/a b/",
        query = query,
        body = body, ak = "AK0123456789", sk = "SK0123456789",
        date = text:match("X%-Sdk%-Date: (%S+)") }
      assert.same(expected.Authorization, text:match("Authorization: ([^\r]+)"))
    end)
  end)
end)
