-- Header fields of an answer that are longer than there is room for.

local kit = require("core_kit")

describe("core: a header field", function()
  after_each(kit.cleanup)

  -- One byte too many would be written into what is kept behind it: here the host of a redirect.
  it("is cut where its room ends, and nothing else with it", function()
    for _, name in ipairs { "X-Request-Id", "Date" } do
      for n = 38, 82 do
        local value = ("0123456789"):rep(10):sub(1, n)
        local server = kit.replying(302, "", { ["X-Request-Id"] = "some-id",
          Location = "https://portal.test/login", [name] = value })
        local err, info = kit.fails("redirect", server)
        assert.equal(name == "Date" and "some-id" or value:sub(1, 79), info.request_id)
        assert.is_truthy(err:find("redirects to portal.test", 1, true), err)
        kit.cleanup()
      end
    end
  end)
end)
