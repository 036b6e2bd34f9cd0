-- Mistakes that ges.core once made, each with the least that shows it.

local core = require("ges.core")
local kit = require("core_kit")

describe("core did once", function()
  after_each(kit.cleanup)

  it("lose the message of errorCode with errorMsg", function()
    local _, info = kit.failing(kit.replying(400, '{"errorCode":"GES.7012","errorMsg":"why"}'))
    assert.same({ "GES.7012", "why" }, { info.code, info.message })
  end)

  it("take half of one error shape for the whole of another", function()
    local _, info = kit.failing(kit.replying(401,
      '{"message":"x","error":{"code":401,"message":"why"}}'))
    assert.same({ "401", "why" }, { info.code, info.message })
  end)

  it("make a code of a number that no int holds", function()
    local _, info = kit.failing(kit.replying(400, '{"code":1e300,"message":"why"}'))
    assert.is_nil(info.code)
  end)

  it("know GES.0308 for nothing", function()
    kit.fails("throttled", kit.replying(400, '{"error_code":"GES.0308","error_msg":"slow"}'))
  end)

  it("call an unreadable 503 a broken answer, not an unavailable service", function()
    kit.fails("unavailable", kit.replying(503, "\31\139", { ["Content-Encoding"] = "gzip" }))
  end)

  it("take a connection closed among the headers for an empty answer", function()
    kit.fails("network", kit.after_request("HTTP/1.1 200 OK\r\nX: y\r\n", { close = true }))
  end)

  it("show a token whose first character was escaped", function()
    for _, echo in ipairs { "\\u004dIIF", "%4DIIF", "\\MIIF" } do
      assert.same("<redacted>", core.redact(echo .. kit.token:sub(5), kit.token))
    end
    local server = kit.replying(200, '{"status":"failed","fail_reason":"\\u004d' .. kit.token:sub(2)
      .. '"}')
    assert.same("<redacted>", (kit.ask(server)).fail_reason)
  end)

  it("show a token in the id of a request", function()
    for _, status in ipairs { 200, 403 } do
      local _, _, info = kit.ask(kit.replying(status, kit.running,
        { ["X-Request-Id"] = kit.token }))
      assert.same("<redacted>", info.request_id)
    end
  end)

  it("show a proxy's password in base64", function()
    local proxy = kit.replying(502, "Basic dXNlcjpwYXNzd29yZA==")
    local err = kit.failing("http://127.0.0.1:1",
      { proxy = ("http://user:password@127.0.0.1:%d"):format(
      proxy:port()) })
    assert.is_nil(err:find("dXNlcjpwYXNzd29yZA", 1, true), err)
  end)

  it("read a word up to its NUL", function()
    local server = kit.replying(200, kit.running)
    kit.fails("argument", server, { language = "en-us\0" })
    kit.fails("argument", server, { proxy = "\0http://127.0.0.1:1" })
    kit.fails("argument", server, { path = "/x", method = "GET\0" })
    assert.same(0, server:accepted())
  end)

  it("run out of memory over a long key", function()
    kit.fails("argument", "https://a.invalid", { token = false, ak = ("a"):rep(20000),
      sk = "sk01" })
  end)

  it("take a secret key without its access key for nothing", function()
    local opts = kit.options("https://a.invalid", { sk = "sk0123456789" })
    assert.is_false(pcall(core.job_status, opts))
    opts.token = nil
    assert.is_false(pcall(core.job_status, opts))
  end)

  it("take a name like 127.0.0.08 for this machine", function()
    kit.fails("argument", "http://127.0.0.08")
  end)

  it("leave the least integer a float", function()
    local job = kit.ask(kit.replying(200, '{"status":"running","x":-9223372036854775808}'))
    assert.is_true(kit.is_integer(job.x))
  end)
end)
