-- SPDX-License-Identifier: MIT
-- A world made of seeds (see doc/internals.md): the first hundred, and the world itself: each
-- law notices a library that breaks it, the same seed is the same world, and a script is shortened.
--
-- In processes of their own: hooks run in a world, and LuaJIT's compiler is off.

local child = require("child")

local function run(arguments)
  return child.shell(("timeout 1200 %s spec/world/run.lua %s"):format(child.lua, arguments))
end

describe("the world", function()
  it("keeps its laws in each of a hundred seeds", function()
    local text, status = run("100")
    assert(status == 0, text)
    assert.truthy(text:find("all laws hold in 100 worlds", 1, true), text)
  end)

  it("notices for each law a library that breaks it", function()
    local text, status = run("breaches 400")
    assert(status == 0, text)
  end)

  it("is the same again for the same seed", function()
    assert.equal((run("20 41"):gsub("%d+ s$", "")), (run("20 41"):gsub("%d+ s$", "")))
  end)

  it("says law, seed and the shortest script, which is loaded again and breaks it again", function()
    local text = child.good([==[
      package.path = "spec/?.lua;" .. package.path
      if jit then jit.off() end
      local script, show = require("world.script"), require("world.show")
      local shrink, world = require("world.shrink"), require("world.world")
      local fault
      for _, one in ipairs(require("world.breaches")) do
        if one.law == "max_in_flight" then fault = one end
      end
      local library, seed, breach = world.library({ fault }), 0, nil
      local function breaks(of)
        local found = world.new(library, of):run()
        return found ~= nil and found.law == "max_in_flight"
      end
      repeat seed = seed + 1 until #script.of(seed).actions > 2 and breaks(script.of(seed))
      local short = shrink.shrink(script.of(seed), breaks)
      local text = show(short)
      assert(#text < #show(script.of(seed)) / 2, text)
      assert(#short.actions == 1, text)
      local again = assert((loadstring or load)("return " .. text))()
      assert(breaks(again), text)
      io.write(seed)]==])
    assert.truthy(tonumber(text))
  end)
end)
