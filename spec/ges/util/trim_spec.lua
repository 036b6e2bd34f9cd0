-- trim: a text without the blanks around it.

local trim = require("ges.util.trim")

describe("trim", function()
  it("takes blanks away at both ends only", function()
    for text, expected in pairs {
      [""] = "", ["a"] = "a", [" \t\r\n a b\n "] = "a b", ["  "] = "", ["\0 a \0"] = "\0 a \0",
    } do
      assert.equal(expected, trim(text))
    end
  end)

  it("is linear in the blanks", function()
    local began = os.clock()
    assert.equal("a" .. (" "):rep(30000) .. "b", trim("a" .. (" "):rep(30000) .. "b "))
    assert.equal("", trim((" "):rep(30000)))
    -- In one step, ^%s*(.-)%s*$, this takes many seconds.
    assert.is_true(os.clock() - began < 2, os.clock() - began)
  end)
end)
