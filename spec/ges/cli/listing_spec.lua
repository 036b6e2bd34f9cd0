-- ges.cli.listing: what a list that was asked for leaves to its command.

local listing = require "ges.cli.listing"

describe("ges.cli.listing", function()
  -- Asks for a list that is this; returns what comes of it, and what was said.
  local function ask(...)
    local answer, said, warned = { ... }, {}, {}
    local ctx = { values = { quiet = true }, screen = {} }
    for _, name in ipairs { "watch", "check", "clear", "warn" } do ctx[name] = function() end end
    function ctx.message(text) said[#said + 1] = text end
    function ctx.warn(info) warned[#warned + 1] = info end
    local jobs, info, code = listing.ask(ctx, function()
      return answer[1], answer[2], answer[3]
    end, {})
    assert.same({ answer[3] }, warned) -- once, of a list and of a failure
    return { jobs, info, code }, said
  end

  it("has an exit code for a failure, and none for a list", function()
    local info = { kind = "auth" }
    local got, said = ask(nil, "ges: auth: no", info)
    assert.same({ [2] = info, [3] = 4 }, got)
    assert.same({ "ges: auth: no" }, said)
    got, said = ask({}, nil, {})
    assert.same({ {}, {} }, got)
    assert.same({}, said)
  end)
end)
