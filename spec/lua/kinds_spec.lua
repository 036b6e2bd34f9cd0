-- What an answer of the service becomes: its code first, its status second, all body shapes.

local core = require("ges.core")
local kit = require("core_kit")
local wire = require("wire")

describe("core: the kind of an answer", function()
  after_each(kit.cleanup)

  local function answered(status, body, headers)
    return kit.failing(kit.replying(status, body, headers))
  end

  local function body_of(code)
    return ('{"error_code":"%s","error_msg":"some words"}'):format(code)
  end

  describe("by status", function()
    local expected = {
      [401] = "auth", [403] = "forbidden", [404] = "not_found", [407] = "proxy",
      [408] = "unavailable", [429] = "throttled",
      [201] = "protocol", [202] = "protocol", [203] = "protocol", [206] = "protocol",
      [226] = "protocol", [299] = "protocol",
      [600] = "protocol", [700] = "protocol", [999] = "protocol",
    }
    for _, status in ipairs { 400, 402, 405, 406, 409, 410, 412, 413, 414, 415, 418, 422, 431,
      451, 494, 499 } do
      expected[status] = "bad_request"
    end
    for _, status in ipairs { 500, 501, 502, 503, 504, 505, 507, 511, 520, 599 } do
      expected[status] = "unavailable"
    end

    it("is what the table says, with any body", function()
      for status, kind in pairs(expected) do
        for _, body in ipairs { "", "{}", "<html>\r\n</html>", body_of("GES.7012"), "[1]" } do
          local err, info = answered(status, body)
          assert.same(kind, info.kind, status .. " " .. body)
          assert.same(status, info.http_status)
          assert.is_true(kit.is_integer(info.http_status))
          assert.is_truthy(err:find("HTTP " .. status, 1, true), err)
        end
        kit.cleanup()
      end
    end)

    it("403 comes with what IAM's tool decodes, whole, wherever the service puts it", function()
      local encoded = ("Ab9-_."):rep(500)
      local inner = '{"error_code":"APIGW.0302","error_msg":"no",'
        .. '"encoded_authorization_message":%s}'
      for _, form in ipairs { "%s", '{"error":%s}' } do
        local body = form:format(inner:format('"' .. encoded .. '"'))
        assert.equal(encoded, select(2, answered(403, body)).authorization_message)
      end
      for _, body in ipairs {
        '{"error":{"code":"1","message":"m"},"encoded_authorization_message":"ENC"}',
        '{"error_code":"GES.0001","encoded_authorization_message":"ENC"}',
        '{"encoded_authorization_message":"ENC"}',
      } do
        assert.equal("ENC", select(2, answered(403, body)).authorization_message)
      end
      for _, none in ipairs { "null", "5", '""', '"' .. ("x"):rep(70000) .. '"' } do
        assert.is_nil(select(2, answered(403, inner:format(none))).authorization_message)
      end
      local _, info = answered(403, inner:format('"a' .. kit.token .. '"'))
      kit.no_leak(info.authorization_message, { kit.token })
    end)

    it("is not changed by a job in the body", function()
      for _, status in ipairs { 201, 299, 400, 403, 503, 600 } do
        local _, info = answered(status, kit.running)
        assert.same(expected[status], info.kind)
      end
    end)

    it("of no content is protocol", function()
      local server = kit.answering("HTTP/1.1 204 No Content\r\n\r\n")
      local _, info = kit.fails("protocol", server)
      assert.same(204, info.http_status)
      server = kit.answering("HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n")
      assert.same(205, select(2, kit.fails("protocol", server)).http_status)
    end)
  end)

  describe("by code", function()
    local function coded(code, kind, statuses)
      for _, status in ipairs(statuses) do
        local err, info = answered(status, body_of(code))
        assert.same(kind, info.kind, code .. " with " .. status)
        assert.same(code, info.code)
        assert.same("some words", info.message)
        assert.is_truthy(err:find(code, 1, true))
        assert.is_truthy(err:find("some words", 1, true))
      end
      kit.cleanup()
    end

    it("is not_found for a job, a graph or a project that is not there", function()
      for _, code in ipairs { "GES.8301", "GES.7007", "GES.7000", "GES.0016" } do
        coded(code, "not_found", { 400 })
      end
    end)

    it("is unavailable for the service's own troubles, whatever the status", function()
      for _, code in ipairs { "GES.7004", "GES.7005", "GES.7006" } do
        coded(code, "unavailable", { 400, 403, 404, 408, 500, 503 })
      end
    end)

    it("is auth for a token that does not hold, whatever the status", function()
      for _, prefix in ipairs { "APIGW", "APIG" } do
        coded(prefix .. ".0301", "auth", { 400, 401, 403, 404, 500 })
        coded(prefix .. ".0307", "auth", { 400, 401, 403, 404, 500 })
      end
    end)

    it("is throttled for 0308 of any service, whatever the status", function()
      for _, prefix in ipairs { "APIGW", "APIG", "APIC", "GES", "XY" } do
        coded(prefix .. ".0308", "throttled", { 400, 403, 429, 500, 503 })
      end
    end)

    it("is that of the status for any other code", function()
      for _, code in ipairs { "GES.0001", "GES.7012", "GES.8302", "APIGW.0101", "APIG.0201",
        "APIGW.0302", "GES.0301", "GES.0307", "X", "GES.", ".", "APIGW.8301", "APIGW.7004",
        "GES.83010", "8301", "GES8301" } do
        coded(code, "bad_request", { 400 })
        coded(code, "auth", { 401 })
        coded(code, "forbidden", { 403 })
        coded(code, "not_found", { 404 })
        coded(code, "unavailable", { 500 })
      end
    end)

    it("is that of the code in a 200 that brings no job", function()
      local _, info = answered(200, body_of("GES.8301"))
      assert.same("not_found", info.kind)
      assert.same("GES.8301", info.code)
      _, info = answered(200, body_of("APIGW.0301"))
      assert.same("auth", info.kind)
      _, info = answered(200, body_of("GES.0001"))
      assert.same("protocol", info.kind)
      assert.same("some words", info.message)
    end)

    it("does not make a failure of a job that carries an empty one", function()
      local job = kit.ask(kit.replying(200, '{"status":"running","errorCode":"","errorMsg":""}'))
      assert.same("running", job.status)
      job = kit.ask(kit.replying(200, '{"status":"failed","error_code":"GES.0001"}'))
      assert.same("failed", job.status)
    end)

  end)

  describe("brings the advice", function()
    local REFUSED = '{"error":{"code":%d,"message":"no","title":"t"}}'

    -- The end of the line for a request of that call, behind the service's own words.
    local function advice(call, path, status, body, headers)
      local server = kit.replying(status, body or REFUSED:format(status), headers)
      local request = assert(core.prepare(call, 1, { endpoint = server:url(), path = path,
        token = call == "ges.request" and kit.token or nil }))
      local client = kit.client()
      client:start(request)
      return kit.drain(client, 1)[1].err:match("^ges: [^;]*%)(.*)$")
    end

    local function of_job(status, body, headers)
      local err = answered(status, body or REFUSED:format(status), headers)
      return err:match("^ges: [^;]*%)(.*)$")
    end

    local function of_call(...) return advice("ges.request", "/v2/p/graphs", ...) end
    local function of_iam(...) return advice("ctx.request", "/v3/auth/tokens", ...) end
    local function of_provider(...) return advice("ctx.request", "/meta-data/latest", ...) end

    it("to look at the credentials for a 401", function()
      assert.same("; get a new token, or check the region", of_job(401))
      assert.same("; get a new token, or check the region", of_call(401))
      assert.same("; check user, password and domain, or the keys", of_iam(401))
      assert.same("", of_provider(401))
    end)

    it("which permission is missing for a 403", function()
      assert.same("; the credentials lack ges:jobs:getDetail", of_job(403))
      assert.same("; the credentials lack the permission for this call", of_call(403))
      assert.same("", of_iam(403)) -- ges.credentials.iam says what for
      assert.same("", of_provider(403))
      local text = "; the credentials lack the permission for this, or a firewall refuses "
        .. "it"
      assert.same(text, of_job(403, "<html>blocked"))
      assert.same(text, of_call(403, "<html>blocked"))
    end)

    it("which option is wrong for a redirect", function()
      local to = { Location = "https://x.example/" }
      assert.same("; redirects are never followed; check endpoint", of_job(302, "", to))
      assert.same("; redirects are never followed; check endpoint", of_call(302, "", to))
      assert.same("; redirects are never followed; check iam_endpoint", of_iam(302, "", to))
    end)

    it("that there is no such API at that address when the gateway knows no such API", function()
      local body = body_of("APIGW.0101")
      local text = "; no such API at that address; check endpoint and region"
      assert.same("not_found", select(2, answered(404, body)).kind)
      assert.same(text, of_job(404, body))
      assert.same(text, of_call(404, body))
      assert.same("; no such API at that address; check iam_endpoint and region", of_iam(404, body))
    end)

    it("which id is wrong where a job or a graph is not found", function()
      assert.same("; check job_id", of_job(404, body_of("GES.8301")))
      assert.same("; check job_id", of_job(404, body_of("GES.7007")))
      assert.same("; check graph_id and project_id", of_job(400, body_of("GES.7000")))
      assert.same("; check endpoint, region and the ids", of_job(404, "<html>not here"))
    end)

    it("of no failure that only time can mend", function()
      for _, status in ipairs { 400, 500, 503 } do
        assert.same("", of_job(status))
        assert.same("", of_iam(status))
      end
    end)
  end)

  describe("reads the body shape", function()
    local function shape(body, code, message, status)
      local err, info = answered(status or 400, body)
      assert.same(code, info.code, body)
      assert.same(message, info.message, body)
      assert.is_truthy(err:find(message, 1, true), err)
    end

    it("of GES v2 and the gateway", function()
      shape('{"error_code":"GES.7001","error_msg":"not running"}', "GES.7001", "not running")
      shape('{"error_msg":"m","error_code":"APIGW.0201","request_id":"0123"}', "APIGW.0201", "m")
      shape('{"error_msg":"m","error_code":"GES.7041","encoded_authorization_message":null}',
        "GES.7041", "m", 403)
      shape('{"details":[{"error_code":"X.1","error_msg":"no"}],"error_code":"A","error_msg":"m"}',
        "A", "m")
    end)

    it("of GES v1", function()
      shape('{"errorCode":"GES.7001","errorMessage":"m"}', "GES.7001", "m")
      shape('{"errorCode":"GES.7001","errorMsg":"m"}', "GES.7001", "m")
    end)

    it("of the odd sample", function()
      shape('{"errCode":"GES.0001","externalMessage":"Parameter error."}', "GES.0001",
        "Parameter error.")
    end)

    it("of IAM, whose code is a number one level down", function()
      shape('{"error":{"code":401,"message":"The token is wrong.","title":"Unauthorized"}}', "401",
        "The token is wrong.", 401)
    end)

    it("of code and message, at the top or one level down under any key", function()
      shape('{"code":"C.1","message":"m"}', "C.1", "m")
      shape('{"anything":{"error_code":"C.2","error_msg":"m"}}', "C.2", "m")
      shape('{"a":1,"b":[1],"c":null,"d":"x","e":{"errorCode":"C.3","errorMsg":"m"}}', "C.3", "m")
    end)

    it("prefers a word to a number, a name of codes to any other, and the nearest", function()
      shape('{"error_code":"A.1","code":"B.1","message":"m"}', "A.1", "m")
      shape('{"code":400,"message":"m","error_code":"A.2"}', "A.2", "m")
      shape('{"error":{"code":400,"message":"m"},"error_code":"A.3"}', "A.3", "m")
      shape('{"error_code":"A.4","data":{"code":"X.1","message":"inner"}}', "A.4", "inner")
      shape('{"error_msg":"m","data":{"code":"A.5","message":"inner"}}', "A.5", "inner")
      shape('{"error_msg":"m","code":"A.6"}', "A.6", "m")
      shape('{"code":"X.2","message":"m","error":{"error_code":"A.0","error_msg":"inner"}}', "A.0",
        "inner")
      shape('{"error_msg":"m","errorCode":"A.7","error_code":null}', "A.7", "m")
      shape('{"message":"m","error":{"code":"A.8"}}', "A.8", "m")
      shape('{"error_msg":"m","details":[{"error_code":"A.9"}]}', "A.9", "m")
      shape('[{"error_code":"B.1","error_msg":"m"}]', "B.1", "m")
      shape('{"error_code":"B.2","error_message":"m"}', "B.2", "m")
      shape('{"message":"half","error":{"code":"C.1","message":"whole"}}', "C.1", "whole")
    end)

    it("with only a code, or only a message", function()
      local info = select(2, answered(400, '{"error_code":"GES.8301"}'))
      assert.same("not_found", info.kind)
      assert.same("GES.8301", info.code)
      info = select(2, answered(400, '{"error_msg":"only words"}'))
      assert.same("bad_request", info.kind)
      assert.is_nil(info.code)
      assert.same("only words", info.message)
      info = select(2, answered(403, '{"message":"only words"}'))
      assert.same("only words", info.message)
    end)

    it("that is text or a page", function()
      local err, info = answered(502, "<html><h1>Bad Gateway</h1></html>")
      assert.is_nil(info.code)
      assert.is_truthy(info.message:find("<h1>Bad Gateway</h1>", 1, true), info.message)
      assert.is_truthy(err:find("Bad Gateway", 1, true))
      info = select(2, answered(500, "upstream\r\nfell\0over\27[31m"))
      assert.is_truthy(info.message:find("upstream\\x0D\\x0Afell\\x00over\\x1B[31m", 1, true),
        info.message)
    end)

    it("that means nothing, without a throw", function()
      for _, body in ipairs { '{"error_code":null,"error_msg":null}',
        '{"error_code":{},"error_msg":[]}', '{"error_code":true}', '{"error":null}', '{"error":[]}',
        "[]", "[[[]]]", "null", "1", '"x"',
        '{"code":1e400,"message":"m"}', '{"code":-1e300,"message":"m"}', '{"code":0.5}',
        ("["):rep(100000), '{"a":' .. ("["):rep(40) .. ("]"):rep(40) .. "}",
        '{"error_code":"","error_msg":""}' } do
        local _, info = answered(400, body)
        assert.same("bad_request", info.kind, body:sub(1, 60))
      end
    end)

    it("with a code that is no small whole number", function()
      local _, info = answered(400, '{"code":1e300,"message":"m"}')
      assert.same("m", info.message)
      assert.is_nil(info.code)
    end)

    it("with a long message, cut but whole in its characters", function()
      local word = "\228\189\156\228\184\154" -- two characters of three bytes
      local body = '{"error_code":"GES.7012","error_msg":"x%s"}'
      local err, info = answered(400, body:format(word:rep(9000)))
      assert.is_true(#info.message <= 1000)
      assert.same("x" .. word, info.message:sub(1, 7))
      assert.is_truthy(info.message:find("[\156\154]$"), "cut inside a character")
      assert.is_truthy(err:find("^ges: bad_request: x"))
    end)

    it("whose words would forge a line of a log", function()
      local err, info = answered(400,
        '{"error_code":"GES.1\\n2","error_msg":"a\\r\\nERROR all lost\\u0000\\u001b[2J\\u007f\\t"}')
      assert.same("a\\x0D\\x0AERROR all lost\\x00\\x1B[2J\\x7F\\x09", info.message)
      assert.same("GES.1\\x0A2", info.code)
      assert.is_nil(err:find("\n", 1, true))
    end)
  end)

  describe("comes with", function()
    it("the id of the request, under each of its names", function()
      for _, name in ipairs { "X-Request-Id", "x-request-id", "X-IAM-Trace-Id", "TraceID" } do
        local err, info = answered(403, "{}", { [name] = "id-1" })
        assert.same("id-1", info.request_id, name)
        assert.is_truthy(err:find("id-1", 1, true))
      end
      local _, info = answered(403, "{}", { "TraceID: t", "X-Request-Id: r", "X-IAM-Trace-Id: i" })
      assert.same("r", info.request_id)
      _, info = answered(403, "{}", { "X-Request-Id:" })
      assert.is_nil(info.request_id)
      _, info = answered(403, "{}", { "X-Request-Id: a\27[2Jb" })
      assert.same("a\\x1B[2Jb", info.request_id)
    end)

    it("the id of the request on success too", function()
      local _, _, info = kit.ask(kit.replying(200, kit.running, { ["X-Request-Id"] = "ok-1" }))
      assert.same("ok-1", info.request_id)
    end)

    local function waits(seconds, ...)
      local headers = { ... }
      for _, status in ipairs { 429, 503 } do
        local _, info = answered(status, "{}", headers)
        if seconds then
          assert.is_number(info.retry_after, headers[1])
          assert.is_true(math.abs(info.retry_after - seconds) < 1.5, headers[1])
        else
          assert.is_nil(info.retry_after, headers[1])
        end
      end
    end

    local function date(offset)
      return os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + offset)
    end

    it("Retry-After in seconds", function()
      waits(5, "Retry-After: 5")
      waits(5.5, "retry-after:   5.5  ")
      waits(0, "Retry-After: 0")
      waits(7, "Retry-After: 5", "Retry-After: 7")
      waits(7, "Retry-After: 7", "Retry-After: 5")
      waits(3, "Retry-After: 3, 3")
      waits(9, "Retry-After: 3 ,9,\t4.5")
      for _, list in ipairs { "5,", ",5", "5,,5", "5,x", "-7, 5",
        "5, Sun, 06 Nov 1994 08:51:07 GMT" } do
        waits(5, "Retry-After: " .. list)
      end
      local _, info = answered(429, "{}", { "Retry-After: 100000000000000000000" })
      assert.is_true(info.retry_after >= 1e19)
    end)

    it("Retry-After as a date", function()
      waits(60, "Retry-After: " .. date(60))
      local theirs = "Date: Sun, 06 Nov 1994 08:49:37 GMT"
      waits(90, theirs, "Retry-After: Sun, 06 Nov 1994 08:51:07 GMT")
      waits(90, theirs, "Retry-After: Sunday, 06-Nov-94 08:51:07 GMT")
      waits(90, theirs, "Retry-After: Sun Nov  6 08:51:07 1994")
    end)

    it("no Retry-After that is past or means nothing", function()
      waits(nil, "Retry-After: " .. date(-3600))
      for _, value in ipairs { "", "-5", "abc", "1e9", "+5", "5 s", "0x10", "inf", "nan", "-5, x",
        "Xxx, 99 Foo 9999 99:99:99 GMT" } do
        waits(nil, "Retry-After: " .. value)
      end
    end)

    it("Retry-After on success too", function()
      local _, _, info = kit.ask(kit.replying(200, kit.running, { ["Retry-After"] = 3 }))
      assert.same(3, info.retry_after)
    end)
  end)

  it("is credentials, with nothing sent, when none are given", function()
    local server = kit.replying(200, kit.running)
    local err, info = kit.fails("credentials", server, { token = false })
    assert.is_nil(info.http_status)
    assert.is_truthy(err:find("token", 1, true))
    assert.same(0, server:accepted())
  end)

  describe("of a redirect", function()
    local function redirected(status, location, shown)
      local other = kit.serve { { "request", wire.reply(200, kit.running) }, loop = true }
      local target = location:gsub("OTHER", "127.0.0.1:" .. other:port())
      local headers = location ~= "" and { "Location: " .. target } or {}
      local err, info = kit.fails("redirect", kit.replying(status, "", headers))
      assert.same(status, info.http_status)
      shown = shown:gsub("OTHER", "127.0.0.1:" .. other:port())
      assert.is_truthy(info.message:find(shown, 1, true), info.message)
      assert.same(0, other:accepted())
      assert.same(0, other:bytes())
      return err
    end

    it("is redirect for every 3xx, which is never followed", function()
      for status = 300, 310 do
        redirected(status, "http://OTHER/elsewhere?x=1", "OTHER")
        kit.cleanup()
      end
      redirected(399, "http://OTHER/", "OTHER")
    end)

    it("names the host that it points to, and no more of it", function()
      for _, location in ipairs { "http://OTHER/path/secret", "//OTHER?q=secret",
        "HTTPS://user:secret@OTHER/#secret", "ftp://a@secret@OTHER" } do
        local err = redirected(302, location, "OTHER")
        assert.is_nil(err:find("secret", 1, true), err)
      end
      redirected(302, "/relative", "redirects to another address")
      redirected(302, "", "redirects to another address")
      redirected(302, "https://" .. ("a"):rep(5000) .. "/", ("a"):rep(100))
    end)
  end)
end)
