-- ges.core: what it says of itself and of what it runs on.
local core = require("ges.core")

describe("ges.core", function()
  it("knows its version, from the one place that has it", function()
    local file = assert(io.open("src/engine/version.h"))
    local text = file:read("*a")
    file:close()
    assert.equal(text:match('GES_VERSION "([^"]+)"'), core._VERSION)
    assert.equal(core._VERSION, require("ges")._VERSION)
  end)

  it("names the libcurl that is loaded", function()
    local info = core.info()
    local major, minor = info.libcurl:match("^(%d+)%.(%d+)")
    assert.is_true(tonumber(major) > 7 or tonumber(minor) >= 68)
    assert.is_string(info.tls)
    assert.is_boolean(info.http2)
    assert.is_boolean(info.async_dns)
  end)

  it("has a clock that does not go back and numbers that differ", function()
    local last = core.now()
    for _ = 1, 1000 do
      local now = core.now()
      assert.is_true(now >= last)
      last = now
    end
    local seen = {}
    for _ = 1, 1000 do
      local x = core.random()
      assert.is_true(x >= 0 and x < 1)
      assert.is_nil(seen[x])
      seen[x] = true
    end
  end)
end)
