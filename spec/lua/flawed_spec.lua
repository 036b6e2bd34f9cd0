-- What a flaw costs an answer: a bad text, coding, length or framing never changes status, code or
-- kind, and what cannot be read says why and where.

local kit = require("core_kit")

describe("core: an answer", function()
  after_each(kit.cleanup)

  it("of an encoding has the kind of its status, or protocol", function()
    for _, coding in ipairs { "gzip", "br", "X-Gzip", "gzip, identity", "identity;q=1, zstd" } do
      kit.fails("protocol", kit.replying(200, kit.running, { ["Content-Encoding"] = coding }))
      local _, info = kit.fails("unavailable",
        kit.replying(503, "\31\139\8\0", { ["Content-Encoding"] = coding }))
      assert.is_nil(info.message:find("\139", 1, true))
      kit.fails("auth", kit.replying(401, "\31\139", { ["Content-Encoding"] = coding }))
    end
    local _, info = kit.fails("protocol",
      kit.replying(200, "\31\139", { ["Content-Encoding"] = "gzip" }))
    assert.same("the answer has the Content-Encoding gzip, which was not asked for", info.message)
    assert.is_false(info.retryable)
  end)

  it("that is not coded is read, whatever is named as its encoding", function()
    for _, coding in ipairs { "identity", "Identity", "", "utf-8", "UTF-8", "identity, identity",
      "charset=utf-8", "ISO-8859-1", "none", " ,", "koi8-r", '"utf-8"', "8bit",
      "application/json; charset=utf-8", "\228\189\156" } do
      assert(kit.ask(kit.replying(200, kit.running, { ["Content-Encoding"] = coding })), coding)
    end
  end)

  describe("with a flaw in a text", function()
    local MARK, HALF = "\239\187\191", "\\ud83d"

    it("has the kind of its code", function()
      for code, kind in pairs { ["GES.8301"] = "not_found", ["GES.7006"] = "unavailable",
        ["APIGW.0301"] = "auth", ["APIG.0308"] = "throttled" } do
        for _, form in ipairs { MARK .. '{"error_code":"%s","error_msg":"x"}',
          '{"error_code":"%s","error_msg":"cut ' .. HALF .. '"}',
          '{"error_msg":"\\udE00 x \255","more":{"\\ud800":1},"error_code":"%s"}',
          MARK .. '{"error":{"error":{"errorCode":"%s","errorMessage":"' .. HALF .. '"}}}' } do
          local _, info = kit.fails(kind, kit.replying(400, form:format(code)))
          assert.same(code, info.code)
        end
      end
    end)

    it("costs no more than the text", function()
      for text, read in pairs { ["can\\'t"] = "can\\'t", ["C:\\path"] = "C:\\path", ["\\x41\\u12"]
        = "\\x41\\u12", ["a\\ud8"] = "a\\ud8", ["a\0b"] = "a\0b", ["\\\\path"] = "\\path" } do
        local body = '{"status":"failed","fail_reason":"' .. text .. '"}'
        for _, around in ipairs { "%s", "\n" .. MARK .. "%s", MARK .. MARK .. "%s", "%s" .. MARK
          .. "\n", "\0%s", "%s\0" } do
          local job = assert(kit.ask(kit.replying(200, (around:gsub("%%s", function()
            return body
          end)))))
          assert.same({ "failed", read }, { job.status, job.fail_reason })
        end
        local _, info = kit.fails("unavailable", kit.replying(400,
          '{"error_msg":"' .. text .. '","error_code":"GES.7006"}'))
        assert.same("GES.7006", info.code)
      end
    end)

    it("leaves a job its status", function()
      for _, body in ipairs { MARK .. '{"status":"failed","fail_reason":"why"}',
        '{"status":"failed","fail_reason":"bad value \\ud83d"}',
        '{"status":"failed","fail_reason":"\\udE00\\uD83D\\u0041"}',
        '{"fail_reason":"\\ud83d\\ud83d\\ude00","status":"failed"}' } do
        local job = assert(kit.ask(kit.replying(200, body)))
        assert.same("failed", job.status)
        assert.is_nil(job.fail_reason:find("\237", 1, true)) -- no half of a pair as UTF-8
      end
      assert.same("bad value \239\191\189", assert(kit.ask(kit.replying(200,
        '{"status":"failed","fail_reason":"bad value \\ud83d"}'))).fail_reason)
    end)
  end)

  it("says what is wrong with an answer, and where", function()
    for body, why in pairs {
      ['{"status":"runn'] = "is not JSON, at byte 15",
      hello = "is not JSON, at byte 1",
      ['{"status" "x"}'] = "is not JSON, at byte 11",
      ["null"] = "is JSON, but not an object",
      ["5"] = "is JSON, but not an object",
      ["[]"] = "is JSON, but not an object",
      ['{"status":5}'] = 's field "status" is a number',
      ['{"status":[]}'] = 's field "status" is a list',
      ['{"status":false}'] = 's field "status" is true or false',
      ['{"status":null}'] = 'has no field "status"',
      ["{}"] = 'has no field "status"',
    } do
      why = "the answer" .. (why:find("^s ") and "'" or " ") .. why
      local _, info = kit.fails("protocol", kit.replying(200, body))
      assert.same(why .. ": " .. body, info.message)
    end
  end)

  it("says that plain http came to a port of TLS", function()
    for _, page in ipairs { "<html><head><title>400 The plain HTTP request was sent to HTTPS port"
      .. "</title></head>", "Client sent an HTTP request to an HTTPS server.\n" } do
      local err = kit.fails("bad_request", kit.replying(400, page))
      assert.is_truthy(err:find("use https:// in the endpoint", 1, true), err)
      err = kit.fails("unavailable", kit.replying(502, page))
      assert.is_nil(err:find("use https://", 1, true), err)
    end
  end)

  it("names a code once, also one that is the status", function()
    local err, info = kit.fails("auth", kit.replying(401,
      '{"error":{"code":401,"message":"The username or password is wrong."}}'))
    assert.same("401", info.code)
    assert.is_truthy(err:find("(HTTP 401)", 1, true), err)
  end)

  it("has the id of the request, from the body if no header has it", function()
    for _, body in ipairs { '{"error_code":"X.1","error_msg":"m","request_id":"id-1"}',
      '{"request_id":"id-1","error":{"code":"X.1","message":"m"}}',
      '{"error":{"code":"X.1","message":"m","request_id":"id-1"}}',
      '{"data":{"request_id":"id-1","error":{"code":"X.1","message":"m"}}}' } do
      local err, info = kit.fails("unavailable", kit.replying(500, body))
      assert.same({ "X.1", "id-1" }, { info.code, info.request_id })
      assert.is_truthy(err:find("request id-1", 1, true), err)
      for _, headers in ipairs { { ["X-Request-Id"] = "header-1" },
        { "X-Request-Id: header-1", "X-Request-Id:" } } do
        info = select(2, kit.fails("unavailable", kit.replying(500, body, headers)))
        assert.same("header-1", info.request_id)
      end
    end
  end)

  it("finds an error wherever it is wrapped, the nearest first", function()
    local function code_of(body)
      return select(2, kit.fails("unavailable", kit.replying(500, body))).code
    end
    local deep = ('{"a":'):rep(30) .. '{"error_code":"X.9","error_msg":"m"}' .. ("}"):rep(30)
    assert.same("X.9", code_of(deep))
    assert.same("X.1", code_of('{"a":{"b":{"c":{"error_code":"X.2","error_msg":"m"}}},'
      .. '"z":{"y":{"error_code":"X.1","error_msg":"m"}}}'))
  end)

  it("has the kind of its status, whatever becomes of the body behind it", function()
    local CODE = '{"error_code":"APIGW.0301","error_msg":"wrong"}'
    for _, rest in ipairs { "Content-Length: 900\r\n\r\n{}",
      "Content-Length: 900\r\n\r\n" .. CODE,
      "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "Content-Length: -1\r\n\r\n{}",
      "Content-Length: abc\r\n\r\n{}", "Content-Length: 9\r\n", "Content-Length: 9\r\n\r\n", "",
      "Server: x\r\nX-Broken" } do
      for status, kind in pairs { [401] = "auth", [404] = "not_found", [502] = "unavailable",
        [302] = "redirect" } do
        local head = ("HTTP/1.1 %d X\r\nX-Request-Id: request-1\r\n"):format(status)
        local is_coded = rest:find(CODE, 1, true) ~= nil
        local server = kit.after_request(head .. rest, { close = true })
        local err, info = kit.fails(is_coded and "auth" or kind, server)
        assert.same({ status, "request-1" }, { info.http_status, info.request_id }, rest)
        assert.same(is_coded, err:find("APIGW.0301", 1, true) ~= nil, err)
      end
      if rest:find("900", 1, true) then
        kit.fails("network", kit.after_request("HTTP/1.1 200 X\r\n" .. rest, { close = true }))
      end
    end
    local stalls = kit.after_request("HTTP/1.1 401 X\r\nContent-Length: 9\r\n\r\n{}",
      { stall = true })
    kit.fails("auth", stalls, { request_timeout = 0.3 })
  end)

  it("has the kind of the code in a page that is too long or breaks off", function()
    local long = ("x"):rep(20000)
    for _, framing in ipairs { ("Content-Length: %d\r\n"):format(#long + 100), "" } do
      for code, kind in pairs { ["GES.7006"] = "unavailable", ["GES.8301"] = "not_found" } do
        for _, form in ipairs { '{"error_code":"%s","request_id":"r-1","error_msg":"why ' .. long,
          '{"request_id":"r-1","error_code":"%s","more":[{"a":{"b":"' .. long,
          '[{"request_id":"r-1","error":{"error_code":"%s","error_msg":"why","a":{"a' .. long } do
          local server = kit.after_request("HTTP/1.1 400 X\r\n" .. framing .. "\r\n"
            .. form:format(code), { close = true })
          local err, info = kit.fails(kind, server, { max_response_bytes = 4096 })
          assert.same({ code, "r-1" }, { info.code, info.request_id })
          assert.is_true(err:find("why", 1, true) ~= nil or form:find("why", 1, true) == nil, err)
        end
      end
    end
  end)

  it("shows status, code, request and advice behind a long message", function()
    local body = '{"error_code":"APIGW.0301","error_msg":"%s","request_id":"r-1"}'
    local err, info = kit.fails("auth", kit.replying(401, body:format(("no "):rep(2000))))
    assert.is_true(#err <= 1000 and #info.message == 1000)
    assert.is_truthy(err:find("^ges: auth: no no .* %(HTTP 401, APIGW.0301, request r%-1%); get a"))
    err, info = kit.fails("auth", kit.replying(401, (body:gsub("APIGW.0301", ("c"):rep(3000)))))
    assert.is_truthy(err:find("%(HTTP 401, c+, request r%-1%); get a new"), err)
    assert.same(100, #info.code)
  end)

  it("is cut in no text inside a character", function()
    local sign = "\228\189\156"
    for pad = 0, 2 do
      local text = ("a"):rep(pad) .. sign:rep(400)
      local err, info = kit.fails("redirect", kit.replying(302, '{"request_id":"' .. text .. '"}',
        { Location = "http://" .. text .. "/" }))
      assert.same("", (info.request_id:gsub(sign, ""):gsub("^a*", "")))
      assert.is_nil(err:gsub(sign, ""):find("[\128-\255]"), err)
      err = kit.fails("unavailable", kit.replying(502, text))
      assert.is_nil(err:gsub(sign, ""):find("[\128-\255]"), err)
    end
    local _, info = kit.fails("unavailable", kit.replying(502, ("\128"):rep(400)))
    assert.is_truthy(info.message:find(("\128"):rep(100), 1, true))
  end)

  it("is that of a portal if a page came, whatever stands before it", function()
    for _, before in ipairs { "", "\n ", "\239\187\191" } do
      local err = kit.fails("protocol", kit.replying(200, before .. "<html>login"))
      assert.is_truthy(err:find("login page of the network", 1, true), err)
    end
    local err = kit.fails("protocol", kit.replying(200, "login"))
    assert.is_nil(err:find("login page of the network", 1, true), err)
  end)
end)
