-- A kit's failure says which line of a spec asked for it, and why it failed.

local place = require("place")

describe("place.tell", function()
  -- Not in this file, as a kit's functions are not.
  local fails = assert((loadstring or load)([[ -- luacheck: ignore
    local assert, n = ...
    assert.equal(1, n, "not one")]], "@kit.lua"))
  local kit = place.tell("kit.", {
    fails = fails,
    throws = function(err) error(err, 0) end,
    gives = function(...) return ... end,
    waits = function() return coroutine.yield("waiting") end,
  }, { "fails", "throws", "gives", "waits" })
  place.tell("outer.", kit, { "fails" })

  local function message(err) return type(err) == "table" and err.message or err end
  local function here() return debug.getinfo(2, "l").currentline end

  it("puts the spec's line, the function and the reason in front of a failure", function()
    local line = here() + 1
    local _, err = pcall(function() kit.fails(assert, 2) end)
    local said = message(err)
    assert.is_truthy(said:find(("place_spec.lua:%d (called at "):format(line), 1, true), said)
    assert.is_truthy(said:find("%): in kit.fails: .*not one"), said)
    assert.equal(1, select(2, said:gsub("in %a+%.fails: ", "")), said)
  end)

  it("puts it in front of an error, and leaves what is no message alone", function()
    local _, err = pcall(kit.throws, "broken")
    assert.is_truthy(err:find("place_spec.lua:%d+.*: in kit.throws: broken$"), err)
    local mark = {}
    _, err = pcall(kit.throws, mark)
    assert.equal(mark, err)
  end)

  it("hands all values through, and lets a coroutine yield", function()
    assert.equal(3, select("#", kit.gives(1, nil, nil)))
    assert.same({ 1, 2 }, { kit.gives(1, 2) })
    local co = coroutine.wrap(kit.waits)
    assert.equal("waiting", co())
    assert.equal("back", co("back"))
  end)

  it("says nothing of a place where no spec is on the stack", function()
    local other = { throws = assert((loadstring or load)("error((...), 0)", "@kit.lua")) }
    local co = coroutine.create(place.tell("", other, { "throws" }).throws)
    assert.same({ false, "broken" }, { coroutine.resume(co, "broken") })
  end)
end)
