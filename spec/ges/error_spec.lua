-- The failures that the Lua layer makes itself.

local core = require("ges.core")
local failure = require("ges.error")

describe("ges.error", function()
  it("makes a line of any text", function()
    local value, err, info = failure.new("credentials", "a\nges: b\27[31m\r")
    assert.is_nil(value)
    for _, text in ipairs { err, info.message } do
      assert.is_nil(text:find("%c"), text)
      assert.is_truthy(text:find("a.*ges: b.*31m", 1))
    end
    assert.equal("ges: credentials: " .. info.message, err)
  end)

  it("says of each kind whether to try again, unless the info does", function()
    for kind, about in pairs(core.kinds) do
      local _, _, info = failure.new(kind, "x")
      assert.equal(about.retryable, info.retryable, kind)
      assert.equal(kind, info.kind)
      assert.equal(0, info.attempts)
      assert.equal(0, info.elapsed)
      for _, given in ipairs { true, false } do
        local _, _, own = failure.new(kind, "x", { retryable = given, attempts = 3, elapsed = 2 })
        assert.equal(given, own.retryable, kind)
        assert.equal(3, own.attempts)
        assert.equal(2, own.elapsed)
      end
    end
  end)

  it("knows the kinds after which a job goes on", function()
    local running, over = { status = "running" }, { status = "success" }
    for kind, about in pairs(core.kinds) do
      local may_go_on = not about.final and kind ~= "not_found"
      assert.equal(about.by_caller, failure.goes_on(kind, nil), kind)
      assert.equal(may_go_on, failure.goes_on(kind, running), kind)
      assert.equal(about.by_caller, failure.goes_on(kind, over), kind)
    end
    assert.is_false(failure.goes_on(nil, running))
    assert.is_true(failure.goes_on("a kind of the user's own", running))
  end)
end)
