-- Secrets that a server, a proxy or a misconfiguration gives back: nothing of them may be seen in
-- a message, an info, a job or a client. And core.redact, which does it.

local core = require("ges.core")
local kit = require("core_kit")
local wire = require("wire")

local TOKEN = kit.token

local function url_encoded(s, lower)
  return (s:gsub("[^%w]", function(c)
    return ((lower and "%%%02x" or "%%%02X"):format(c:byte()))
  end))
end

local function u_escaped(s, form)
  return (s:gsub(".", function(c)
    return (form or "\\u%04x"):format(c:byte())
  end))
end

-- All ways to write the secret that an echo may use.
local function spellings(secret)
  return {
    raw = secret, url = url_encoded(secret), url_lower = url_encoded(secret, true),
    slash = (secret:gsub("/", "\\/")), unicode = u_escaped(secret),
    unicode_upper = u_escaped(secret, "\\u%04X"), percent = u_escaped(secret, "%%%02X"),
    mixed = url_encoded(secret:sub(1, 20)) .. u_escaped(secret:sub(21, 30)) .. secret:sub(31),
  }
end

describe("core: a secret", function()
  after_each(kit.cleanup)

  -- The triple of one call, none of which may show any of `secrets`.
  local function hidden(bytes, secrets, extra, server)
    local client = kit.client()
    server = server or kit.answering(bytes)
    local job, err, info = client:job_status(kit.options(server, extra))
    kit.no_leak({ job = job, err = err, info = info, client = tostring(client) }, secrets)
    return job, err, info
  end

  describe("of the request that comes back", function()
    local function echoed(text, token)
      local extra = { token = token }
      for _, status in ipairs { 200, 201, 302, 400, 401, 404, 407, 429, 500, 999 } do
        hidden(wire.reply(status, text), { token }, extra)
        hidden(wire.reply(status, '{"error_code":"GES.0001","error_msg":"' .. text .. '"}'),
          { token },
          extra)
        hidden(wire.reply(status, '{"error":{"code":"' .. text .. '","message":"m"}}'), { token },
          extra)
        kit.cleanup()
      end
    end

    for name, text in pairs(spellings(TOKEN)) do
      it("as a page or an error, " .. name, function()
        echoed("X-Auth-Token: " .. text .. " is bad", TOKEN)
      end)
    end

    it("in a job, in any of its fields", function()
      for _, text in pairs(spellings(TOKEN)) do
        local job = hidden(wire.reply(200,
          ('{"status":"failed","fail_reason":"bad %s!","x":{"%s":["%s"]},'
          .. '"job_detail":{"schema_path":[{"log":"%s","cause":"a %s b %s"}]}}'):format(text, text,
            text,
          text, text, text)), { TOKEN })
        assert.same("failed", job.status)
        assert.same("bad <redacted>!", job.fail_reason)
        assert.same("a <redacted> b <redacted>", job.job_detail.schema_path[1].cause)
      end
    end)

    it("as the status or the id of a job", function()
      local job = hidden(wire.reply(200, '{"status":"' .. TOKEN .. '"}'), { TOKEN })
      assert.same("<redacted>", job.status)
      hidden(wire.reply(200, '{"status":"running","job_id":"' .. TOKEN .. '"}'), { TOKEN })
    end)

    it("cut off anywhere after its first dozen characters", function()
      for n = 12, #TOKEN, 5 do
        hidden(wire.reply(400, '{"error_code":"A.1","error_msg":"got ' .. TOKEN:sub(1, n)
          .. '..."}'),
          { TOKEN })
        hidden(wire.reply(400, "got " .. TOKEN:sub(1, n)), { TOKEN })
        kit.cleanup()
      end
    end)

    it("cut off in a job, where it looks as if it had escapes of two kinds", function()
      for _, token in ipairs { [[a\b%41%42%43%44%45%46%47%48%49]], [[C:\Users%20me%20secret\x]] } do
        for last = 14, #token do
          local text = token:sub(1, last):gsub("\\", "\\\\")
          local job = hidden(wire.reply(200, ('{"status":"running","fail_reason":"%s"}'):format(
            text)), { token:sub(1, 8) }, { token = token })
          assert.is_table(job)
        end
      end
    end)

    it("across the place where a message is cut", function()
      for _, at in ipairs { 50, 70, 80, 90, 100, 108, 110, 115, 118, 119, 120 } do
        for _, status in ipairs { 200, 400 } do
          hidden(wire.reply(status, ("y"):rep(at) .. TOKEN .. "z"), { TOKEN })
        end
        kit.cleanup()
      end
      for _, at in ipairs { 930, 950, 970, 985, 995, 16300, 16360, 16384 } do
        hidden(wire.reply(400, '{"error_code":"A.1","error_msg":"' .. ("y"):rep(at) .. TOKEN
          .. '"}'),
          { TOKEN })
      end
    end)

    it("many times over", function()
      local job, err = hidden(wire.reply(400, TOKEN:rep(2000)), { TOKEN })
      assert.is_nil(job)
      assert.is_truthy(err:find("<redacted>", 1, true))
    end)

    it("of the size of a real one", function()
      local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      local token = {}
      for i = 1, 9120 do
        token[i] = letters:sub(i * i % 61 + 1, i * i % 61 + 1)
      end
      token = "MII" .. table.concat(token)
      local client = kit.client()
      for _, text in ipairs { token, url_encoded(token), token:sub(1, 4000), token .. token } do
        local server = kit.answering(wire.reply(401, '{"error_code":"APIGW.0301","error_msg":"'
          .. text .. '"}'))
        local _, err, info = client:job_status(kit.options(server, { token = token }))
        for _, s in ipairs { err, info.message } do
          assert.is_nil(s:find(token:sub(1, 12), 1, true))
          assert.is_true(#s < 200, s)
        end
      end
    end)

    it("in a header: the id of the request, the place to go to, a length", function()
      for _, text in ipairs { TOKEN, "id-" .. TOKEN, TOKEN .. TOKEN, url_encoded(TOKEN),
        ("x"):rep(60) .. TOKEN } do
        for _, status in ipairs { 200, 302, 400, 401, 503 } do
          for _, name in ipairs { "X-Request-Id", "X-IAM-Trace-Id", "TraceID", "Location",
            "Retry-After",
            "Content-Encoding", "Date", text } do
            hidden(wire.reply(status, kit.running, { [name] = text }), { TOKEN })
            hidden(wire.reply(status, kit.running, { [name] = "https://" .. text .. "/" }),
              { TOKEN })
          end
          kit.cleanup()
        end
      end
    end)

    it("as something that is not HTTP", function()
      for _, bytes in ipairs { TOKEN, "HTTP/1.1 " .. TOKEN .. "\r\n\r\n", "HTTP/" .. TOKEN
        .. " 200\r\n\r\n",
        "HTTP/1.1 200 " .. TOKEN .. "\r\n\r\n", "HTTP/1.1 200 OK\r\n" .. TOKEN .. "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: " .. TOKEN .. "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: " .. TOKEN .. "\r\n\r\n" } do
        hidden(nil, { TOKEN }, nil, kit.after_request(bytes, { close = true }))
      end
    end)

    it("from a generic call, in its body", function()
      local server = kit.answering(wire.reply(200, "you sent " .. TOKEN))
      local response = kit.client():job_status { endpoint = server:url(), token = TOKEN,
        path = "/x" }
      assert.same("you sent <redacted>", response.body)
    end)
  end)

  it("of a generic call may be short if its name says password", function()
    for _, secret in ipairs { "s3cr", "s3cre", "s3cret", "s3cret7", "s3cret78" } do
      for _, form in ipairs { '{"password":"%s"}', '{"passcode":{"value":"%s"}}', "a=b&pwd=%s" } do
        local call = core.prepare("ges.request", 1, { endpoint = "http://127.0.0.1", path = "/x",
          method = "POST", body = form:format(secret), token = TOKEN })
        assert.same("is <redacted> wrong", call:clean("is " .. secret .. " wrong"), form)
      end
    end
  end)

  it("key, temporary token or signature that comes back", function()
    local keys = { token = false, ak = "AKEXAMPLE0123456789",
      sk = "SkSecret/abcdefghijklmnop+0123456789",
      security_token = "ST/temporary+token/0123456789abcdefghij" }
    local proxy = kit.serve { { "request", wire.reply(200, kit.running), { again = true } },
      loop = true }
    assert(kit.ask(proxy, keys))
    for _, status in ipairs { 200, 401, 500 } do
      for _, secret in ipairs { keys.sk, keys.security_token } do
        for _, text in pairs(spellings(secret)) do
          hidden(wire.reply(status, "got " .. text), { secret }, keys)
        end
      end
      kit.cleanup()
    end
  end)

  it("signature that the gateway echoes", function()
    -- The date has one second: the signature of the call is that of core.sign now or a second on.
    local keys = { token = false, ak = "AKEXAMPLE0123456789",
      sk = "SkSecret/abcdefghijklmnop+0123456789" }
    local port = kit.serve({}):port()
    kit.cleanup()
    for _ = 1, 5 do
      local signatures = {}
      for ahead = 0, 1 do
        local date = os.date("!%Y%m%dT%H%M%SZ", os.time() + ahead)
        local headers = core.sign { method = "GET", host = "127.0.0.1:" .. port, path = kit.path,
          date = date,
          ak = keys.ak, sk = keys.sk }
        signatures[#signatures + 1] = headers.Authorization:match("Signature=(%x+)")
      end
      -- The server cannot be on the port we signed for, so a proxy is.
      local echo = "verify aksk signature fail: " .. table.concat(signatures, " or ")
      local proxy = kit.replying(401, echo)
      local extra = { proxy = proxy:url() }
      for name, value in pairs(keys) do
        extra[name] = value
      end
      local _, err = kit.client():job_status(kit.options("http://127.0.0.1:" .. port, extra))
      local sent = proxy:requests()[1]:match("Signature=(%x+)")
      assert.is_truthy(sent)
      assert.is_truthy(signatures[1] == sent or signatures[2] == sent)
      assert.is_false(kit.shows(err, sent), err)
      assert.is_truthy(err:find("<redacted>", 1, true))
    end
  end)

  describe("of the proxy", function()
    local secrets = { "proxy-Pass/word1", "cHJveHktdXNlcjpwcm94eS1QYXNzL3dvcmQx" }

    local function through(userinfo, proxy)
      local url = ("http://%s@127.0.0.1:%d"):format(userinfo, proxy:port())
      local server = kit.replying(200, kit.running)
      local _, err = hidden(nil, secrets, { proxy = url, request_timeout = 1 }, server)
      hidden(nil, secrets, { proxy = url, endpoint = "https://a.invalid", request_timeout = 1 },
        server)
      return err
    end

    it("that comes back, in the clear or as it was sent", function()
      for _, userinfo in ipairs { "proxy-user:proxy-Pass%2Fword1",
        "proxy-user:proxy-Pass%2fword1" } do
        for _, echo in ipairs { "Basic " .. secrets[2], "who is proxy-user:proxy-Pass/word1?",
          "proxy-Pass%2Fword1", "password " .. secrets[1] } do
          for _, status in ipairs { 200, 403, 407, 502 } do
            local proxy = kit.replying(status, echo, { ["X-Request-Id"] = echo })
            local err = through(userinfo, proxy)
            assert.is_truthy(err:find("<redacted>", 1, true), err)
            assert.is_truthy(proxy:requests()[1]:find("Proxy-Authorization: Basic " .. secrets[2],
              1, true))
            kit.cleanup()
          end
        end
      end
    end)

    it("when the proxy is not there, or its URL is malformed", function()
      for _, url in ipairs { "http://proxy-user:proxy-Pass%2Fword1@127.0.0.1:1",
        "http://proxy-user:proxy-Pass%2Fword1@no-proxy.invalid:80",
        "proxy-user:proxy-Pass%2Fword1@a b:80",
        "foo://proxy-user:proxy-Pass%2Fword1@x", "http://proxy-user:proxy-Pass%2Fword1@:99999" } do
        local job, err = hidden(nil, secrets, { proxy = url }, "https://ges.example.invalid")
        assert.is_nil(job)
        assert.is_string(err)
      end
    end)
  end)

  it("is not in a mistake's message, nor in the client", function()
    local client = kit.client()
    for _, opts in ipairs { kit.options("http://x", { timeuot = 5 }), kit.options("http://x",
      { timeout = -1 }),
      { token = TOKEN }, kit.options("http://x", { job_id = TOKEN }) } do
      local ok, a, b = pcall(client.job_status, client, opts)
      kit.no_leak({ ok, a, b }, { TOKEN })
    end
    assert.is_truthy(tostring(client):find("^ges%.engine %(open%)$"))
    assert.same("locked", getmetatable(client))
    assert.is_nil(client.token)
    assert.is_false(pcall(setmetatable, client, {}))
  end)
end)

describe("core.redact", function()
  it("takes secrets out, however they are written", function()
    for name, text in pairs(spellings(TOKEN)) do
      assert.same("a<redacted>b", core.redact("a" .. text .. "b", TOKEN), name)
      assert.same("<redacted><redacted>", core.redact(text .. text, TOKEN), name)
    end
    assert.same("<redacted>...", core.redact(TOKEN:sub(1, 20) .. "...", TOKEN))
    assert.same(TOKEN:sub(1, 5), core.redact(TOKEN:sub(1, 5), TOKEN))
  end)

  it("takes one with a plus out where that became a blank", function()
    for _, secret in ipairs { "+begins/with0123456789", "a+second/one0123456789",
      "ends/with/0123456789+", "++twice/0123456789", "+short/01", "++short/01" } do
      local text = secret:gsub("%+", " ")
      assert.same("(<redacted>)", core.redact("(" .. text .. ")", secret))
    end
  end)

  it("takes a piece of one out wherever it stands in the text", function()
    local piece = TOKEN:sub(21, 36)
    for at = 0, 600 do
      assert.same(("y"):rep(at) .. "<redacted>z", core.redact(("y"):rep(at) .. piece .. "z", TOKEN))
    end
  end)

  -- Only as much of a long text is read as there is to show: a secret may go on behind that.
  it("takes one out that goes on behind the part of a text that is read first", function()
    local long, short = ("0123456789abcdef"):rep(300), "pass-Word11"
    local written = short:gsub(".", function(c) return ("\\u%04x"):format(c:byte()) end)
    for n = 4060, 4140 do
      local text = core.redact(long:sub(1, n) .. ("y"):rep(950) .. written .. "zz", long:sub(1, n),
        short)
      assert.is_nil(text:find("\\u00", 1, true), n)
    end
  end)

  it("takes several, the longer one first, and none", function()
    assert.same("<redacted> <redacted>", core.redact("abcdefgh secret99", "secret99", "abcd",
      "abcdefgh"))
    assert.same("abc", core.redact("abc"))
    assert.same("abc", core.redact("abc", nil))
    assert.same("<redacted>", core.redact("pass1", nil, "pass1", nil))
    assert.same("", core.redact("", "pass1"))
  end)

  it("leaves alone what is too short to be one", function()
    assert.same("a b c", core.redact("a b c", "a", "", "b"))
  end)

  it("takes no letter for a digit of a decimal or octal escape", function()
    local rest = "bcdefghijklmnop"
    for _, text in ipairs { "&#4b;" .. rest, "\\05b" .. rest } do
      assert.equal("<" .. text .. ">", core.redact("<" .. text .. ">", "3" .. rest))
    end
    assert.equal("<<redacted>>", core.redact("<&#51;" .. rest .. ">", "3" .. rest))
  end)

  it("shows control bytes, and only them", function()
    for byte = 0, 255 do
      local c = string.char(byte)
      local shown = (byte < 0x20 or byte == 0x7F) and ("\\x%02X"):format(byte) or c
      assert.same("a" .. shown .. "b", core.redact("a" .. c .. "b"))
    end
  end)

  it("bounds what it gives back, and does not cut a character", function()
    local text = core.redact(("\228\189\156"):rep(100000))
    assert.is_true(#text <= 1000 and #text > 900)
    assert.same(0, #text % 3)
    assert.is_true(kit.cpu_seconds(core.redact, TOKEN:sub(1, 11):rep(100000), TOKEN) < 0.5)
  end)

  it("throws for what is no text", function()
    assert.is_false(pcall(core.redact))
    assert.is_false(pcall(core.redact, {}))
    assert.is_false(pcall(core.redact, "x", {}))
  end)
end)

describe("core.now", function()
  it("goes on, in seconds with a fraction", function()
    local before = core.now()
    local took = kit.seconds(function()
      kit.fails("timeout", kit.after_request({ stall = true }), { request_timeout = 0.1 })
    end)
    kit.cleanup()
    local passed = core.now() - before
    assert.is_true(passed > 0.09 and math.abs(passed - took) < 5, passed)
    for _ = 1, 1000 do
      local now = core.now()
      assert.is_true(now >= before)
      before = now
    end
  end)
end)

describe("core.filemode", function()
  it("returns the mode of a file, and a stamp that differs when it has changed", function()
    local path = os.tmpname()
    os.execute("chmod 600 " .. path)
    local mode, stamp = core.filemode(path)
    assert.same(tonumber("600", 8), mode)
    assert.is_true(kit.is_integer(mode))
    assert.same(stamp, (select(2, core.filemode(path))))
    local file = assert(io.open(path, "w"))
    file:write("x")
    file:close()
    assert.is_true(stamp ~= select(2, core.filemode(path)))
    os.execute("chmod 4644 " .. path)
    assert.same(tonumber("4644", 8), (core.filemode(path)))
    os.remove(path)
    local nothing, why, code = core.filemode(path)
    assert.is_nil(nothing)
    assert.is_truthy(why:find(path, 1, true))
    assert.is_number(code)
  end)

  it("is for files only", function()
    for _, path in ipairs { "/", "/dev/null", "", "/no/such/file", "/dev/null/x" } do
      local mode, why = core.filemode(path)
      assert.is_nil(mode)
      assert.is_string(why)
    end
    assert.is_false(pcall(core.filemode))
    assert.is_false(pcall(core.filemode, {}))
  end)
end)
