-- One authority: whatever spelling of a host an endpoint has, one is looked up, signed and sent.

local core = require("ges.core")
local kit = require("core_kit")

describe("core: the authority", function()
  after_each(kit.cleanup)

  local KEYS = { ak = "AKEXAMPLE0123456789", sk = "SKEXAMPLE0123456789abcdefghijklmnopqrst" }

  -- What came of a call with keys: the Host line, and whether the signature is over it.
  local function check(request, path)
    local host = request:match("\r\nHost: ([^\r]*)\r\n")
    local headers = core.sign { method = "GET", host = host, path = path,
      date = request:match("\r\nX%-Sdk%-Date: (%w+)\r\n"), ak = KEYS.ak, sk = KEYS.sk }
    local line = "\r\nAuthorization: " .. headers.Authorization .. "\r\n"
    assert.is_truthy(request:find(line, 1, true), request)
    return host
  end

  local function ask(endpoint, extra)
    local opts = { ak = KEYS.ak, sk = KEYS.sk, insecure_http = true, token = false }
    for name, value in pairs(extra or {}) do opts[name] = value end
    return kit.ask(endpoint, opts)
  end

  -- Spelling -> canonical; PORT is that of a server on 127.0.0.1.
  local HERE = {
    ["127.0.0.1:PORT"] = "127.0.0.1:PORT", ["127.1:PORT"] = "127.0.0.1:PORT",
    ["0x7f.1:0PORT"] = "127.0.0.1:PORT", ["0177.0.0.01:PORT"] = "127.0.0.1:PORT",
    ["2130706433:PORT"] = "127.0.0.1:PORT", ["0x7F000001:PORT/"] = "127.0.0.1:PORT",
    ["127.0.0.1.:PORT"] = "127.0.0.1:PORT", ["LocalHost:PORT"] = "localhost:PORT",
    ["localhost.:PORT"] = "localhost:PORT", ["127.0.1:PORT/GW/x//"] = "127.0.0.1:PORT",
    ["[::ffff:7f00:1]:PORT"] = "[::ffff:127.0.0.1]:PORT",
  }

  it("is looked up, signed and sent in one spelling", function()
    local server = kit.replying(200, kit.running)
    local port = tostring(server:port())
    for form, host in pairs(HERE) do
      for _, scheme in ipairs { "http://", "HTTP://" } do
        assert(ask(scheme .. form:gsub("PORT", port)))
        local requests = server:requests()
        local prefix = form:find("GW", 1, true) and "/GW/x" or ""
        assert.same(host:gsub("PORT", port), (check(requests[#requests], prefix .. kit.path)))
      end
    end
  end)

  it("is this machine, of which insecure_http is not asked, in each of them", function()
    local server = kit.replying(200, kit.running)
    for form in pairs(HERE) do
      assert(ask("http://" .. form:gsub("PORT", tostring(server:port())),
        { insecure_http = false }))
    end
  end)

  it("goes to a proxy in the same spelling", function()
    local proxy = kit.replying(200, kit.running)
    for form, host in pairs {
      ["http://GES.Example:80"] = "ges.example", ["http://ges.example.:080/"] = "ges.example",
      ["http://GES.example.:8080"] = "ges.example:8080", ["http://10.010.0.1"] = "10.8.0.1",
      ["http://010.1:443"] = "8.0.0.1:443", ["http://[2001:0DB8:0:0:0:0:0:1]"] = "[2001:db8::1]",
      ["http://[2001:db8::0:1]:80"] = "[2001:db8::1]", ["http://[0::1:0:0:1]:81"]
        = "[::1:0:0:1]:81", ["http://[::FFFF:10.0.0.1]"] = "[::ffff:10.0.0.1]",
      ["http://[0:0:0:0:0:0:0:0]"] = "[::]", ["http://256.1"] = "256.1", ["http://1.2.3.4.5"]
        = "1.2.3.4.5", ["http://0x"] = "0x", ["http://08.0.0.1"] = "08.0.0.1",
      ["http://xn--bcher-kva.example"] = "xn--bcher-kva.example",
    } do
      local ok, err = ask(form, { proxy = proxy:url() })
      assert(ok, form .. ": " .. tostring(err))
      local requests = proxy:requests()
      assert.same(host, check(requests[#requests], kit.path))
      assert.is_truthy(requests[#requests]:find("^GET http://" .. host:gsub("%p", "%%%0") .. "/"))
    end
  end)

  it("is that of a tunnel, too", function()
    local proxy = kit.replying(403, "no")
    for form, host in pairs { ["https://GES.Example.:0443"] = "ges.example:443",
      ["https://010.1:8443"] = "8.0.0.1:8443", ["[2001:0db8:0:0:0:0:0:1]:8443"]
        = "[2001:db8::1]:8443" } do
      kit.fails("proxy", form, { proxy = proxy:url() })
      local requests = proxy:requests()
      assert.is_truthy(requests[#requests]:find("CONNECT " .. host .. " HTTP", 1, true),
        requests[#requests])
    end
  end)

  it("is told by core.endpoint", function()
    for form, want in pairs { ["HTTPS://GES.Example.:443/A/b//"] = { "ges.example", "/A/b" },
      ["http://h:443"] = { "h:443", "" }, ["127.1:8443"] = { "127.0.0.1:8443", "" },
      ["[::0:1]"] = { "[::1]", "" } } do
      assert.same(want, { core.endpoint(form) })
    end
    for form, why in pairs { [""] = "must not be empty", ["a.."] = "ends with dots",
      ["."] = "ends with dots", [(".x"):rep(200)] = "longer than 255",
      ["[::1"] = "malformed IPv6 address" } do
      local host, said = core.endpoint(form)
      assert.is_nil(host)
      assert.is_truthy(said:find(why, 1, true), said)
    end
    assert.has_error(function() core.endpoint(nil) end)
  end)
end)
