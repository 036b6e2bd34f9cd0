-- The headers of a generic call's response were handed over as they came, though a server may echo
-- the token there as well as in the body. Found by the fuzzer of answers.

local kit = require("core_kit")

describe("regress: a header of a response", function()
  after_each(kit.cleanup)

  it("does not show the token that was sent", function()
    local server = kit.replying(200, "{}", { "X-Echo: " .. kit.token, "X-Other: fine",
      "X-Cut: <" .. kit.token:sub(1, 20) .. ">" })
    local client = kit.client()
    client:start {
      endpoint = server:url(), path = "/v2/x", token = kit.token, request_timeout = 5,
    }
    local result = kit.drain(client, 1)[1]
    assert.is_table(result.job, result.err)
    assert.same("<redacted>", result.job.headers["x-echo"])
    assert.same("fine", result.job.headers["x-other"])
    assert.same("<<redacted>>", result.job.headers["x-cut"])
    kit.no_leak(result, { kit.token })
  end)
end)
