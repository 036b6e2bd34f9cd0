-- An endpoint in brackets that is no IPv6 address was accepted, and refused later by libcurl, which
-- looked like a lack of memory and threw. Found by the endpoint fuzzer.

local kit = require("core_kit")

describe("regress: an endpoint in brackets", function()
  after_each(kit.cleanup)

  it("that is no address is refused", function()
    for _, host in ipairs { "[:::]", "[::1.]", "[1.2.3.4]", "[12345::1]",
      "[::ffff:127.f:127.0.0.1]",
      "[::1", "[]", "[1::2::3]", "[::" .. ("0"):rep(300) .. "]" } do
      local err, info = kit.fails("argument", "http://" .. host .. ":1")
      assert.is_truthy(err:find("IPv6", 1, true), err)
      assert.same(0, info.attempts)
    end
  end)

  it("that is one, in whatever spelling, is asked", function()
    for _, host in ipairs { "[::1]", "[0:0:0:0:0:0:0:1]", "[0::0001]", "[::FFFF:127.0.0.1]" } do
      local _, info = kit.failing("http://" .. host .. ":1", { insecure_http = true })
      assert.same("connect", info.kind)
    end
  end)
end)
