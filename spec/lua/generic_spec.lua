-- Calls other than a job's status: client:start with a path, as the Lua layer asks IAM and GES.

local kit = require("core_kit")

describe("core:", function()
  local client

  before_each(function()
    client = kit.client()
  end)

  after_each(kit.cleanup)

  describe("a call of any kind", function()
    local function generic(server, extra)
      local opts = { endpoint = server:url(), token = kit.token, request_timeout = 5,
        path = "/v2/p/graphs" }
      for name, value in pairs(extra or {}) do
        opts[name] = value
      end
      local id, err, info = client:start(opts)
      if not id then
        return nil, err, info
      end
      local done = kit.drain(client, 1)[1]
      return done.job, done.err, done.info
    end

    it("has a method and a body, which is sent once", function()
      for _, method in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE" } do
        local server = kit.replying(200, "{}")
        local body = '{"a":"\0"}'
        assert.is_table((generic(server, { method = method,
          body = method ~= "GET" and body or nil })))
        local text = server:requests()[1]
        assert.same(method .. " /v2/p/graphs HTTP/1.1", text:match("^[^\r]+"))
        assert.same(method ~= "GET" and body or "", text:match("\r\n\r\n(.*)$"))
        assert.is_nil(text:find("\r\nExpect", 1, true))
        assert.is_truthy(text:find("\r\nX-Auth-Token: " .. kit.token .. "\r\n", 1, true))
        kit.cleanup()
        client = kit.client()
      end
    end)

    it("gives back status, headers and body of any 2xx", function()
      for _, status in ipairs { 200, 201, 202, 206, 299 } do
        local server = kit.replying(status, "not\0json", { ["X-Subject-Token"] = "abc",
          ["X-Two"] = "  y z  " })
        local response, err, info = generic(server)
        assert.is_nil(err)
        assert.same({ status = status, body = "not\0json", headers = { ["x-subject-token"] = "abc",
          ["x-two"] = "y z", ["content-length"] = "8" } }, response)
        assert.is_true(kit.is_integer(response.status))
        assert.same(status, info.http_status)
      end
      local server = kit.answering("HTTP/1.1 204 No Content\r\n\r\n")
      assert.same({ status = 204, body = "", headers = {} }, (generic(server)))
    end)

    it("takes no status line for a header", function()
      local server = kit.answering(
        "HTTP/1.1 200 OK: fine\r\nX-A: b\r\nContent-Length: 0\r\n\r\n")
      local response = assert(generic(server))
      assert.same({ ["x-a"] = "b", ["content-length"] = "0" }, response.headers)
    end)

    it("refuses headers that are too long together", function()
      local _, err, info = generic(kit.replying(200, "{}"), { headers = {
        ["X-A"] = ("a"):rep(70000), ["X-B"] = ("b"):rep(70000) } })
      assert.equal("argument", info.kind, err)
      assert.truthy(err:find("headers are longer than 128 KiB", 1, true), err)
    end)

    it("fails as a job's does", function()
      for status, kind in pairs { [302] = "redirect", [400] = "bad_request", [401] = "auth",
        [503] = "unavailable",
        [600] = "protocol" } do
        local server = kit.replying(status, '{"error":{"code":1,"message":"m"}}',
          { Location = "http://x.invalid/" })
        local response, err, info = generic(server)
        assert.is_nil(response)
        kit.check(nil, err, info)
        assert.same(kind, info.kind)
      end
      local _, _, info = generic(kit.after_request("HTTP/1.1 200 OK\r\nX: y\r\n", { close = true }))
      assert.same("network", info.kind)
    end)

    it("sends its headers, and needs no token", function()
      local server = kit.replying(200, "{}")
      assert.is_table((generic(server, { headers = { Accept = "text/plain", ["X-Empty"] = "",
        ["X-A"] = "b c" } })))
      local text = server:requests()[1]
      assert.is_truthy(text:find("\r\nAccept: text/plain\r\n", 1, true))
      assert.is_nil(text:find("application/json", 1, true))
      assert.is_truthy(text:find("\r\nX-A: b c\r\n", 1, true))
      assert.is_truthy(text:find("\r\nX%-Empty: *\r\n"))
      local id = client:start { endpoint = server:url(), path = "/v3/auth/tokens", method = "POST",
        body = "{}" }
      assert.is_number(id)
      kit.drain(client, 1)
      text = server:requests()[2]
      assert.is_nil(text:find("X-Auth-Token", 1, true))
      assert.is_nil(text:find("text/plain", 1, true))
    end)

    it("keeps the standard headers beside its own", function()
      local server = kit.replying(200, "{}")
      assert.is_table((generic(server, { method = "POST", headers = { ["X-A"] = "b" } })))
      local text = server:requests()[1]
      for _, line in ipairs { "Accept: application/json", "User-Agent: ges/%S+", "X-A: b",
        "Content-Type: application/json;charset=utf8", "Content-Length: 0" } do
        local _, n = text:gsub("\r\n" .. line:gsub("-", "%%-") .. "\r\n", "\r\n")
        assert.equal(1, n, line .. " in " .. text)
      end
    end)

    it("sends a large body at once, without waiting to be told to", function()
      local server = kit.replying(200, "{}")
      local body = ("x"):rep(3000000)
      assert.is_table((generic(server, { method = "POST", body = body })))
      local text = server:requests()[1]
      assert.is_nil(text:lower():find("\r\nexpect:", 1, true))
      assert.is_true(text:sub(-#body) == body)
    end)

    it("may be HEAD, of what is larger than an answer may be", function()
      local server = kit.answering("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
      local response, err = generic(server, { method = "HEAD", max_response_bytes = 100 })
      assert.is_table(response, err)
      assert.equal("500", response.headers["content-length"])
    end)

    it("may be HEAD", function()
      local server = kit.answering("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
      assert.same({ status = 200, body = "", headers = { ["content-length"] = "500" } },
        (generic(server, { method = "HEAD" })))
      assert.is_table((generic(server, { method = "HEAD" })))
      assert.same(1, server:accepted())
    end)
  end)
end)
