-- What scripts cannot ask of Lua: random numbers, stamps of files, and queues changed in one piece.

local core = require("ges.core")

describe("core.random", function()
  it("is below one, and another one each time", function()
    local seen = {}
    for _ = 1, 200 do
      local n = core.random()
      assert.is_true(n >= 0 and n < 1, n)
      assert.is_nil(seen[n])
      seen[n] = true
    end
  end)
end)

describe("core.filemode", function()
  it("has another stamp for a file of the same length that changed within the second", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    local function stamp_at(time)
      os.execute("touch -d 2026-01-01T00:00:00" .. time .. " " .. path)
      return (select(2, core.filemode(path)))
    end
    local first = stamp_at ".25"
    assert.is_string(first)
    assert.is_true(stamp_at ".75" ~= first)
    assert.equal(first, stamp_at ".25")
  end)
end)

describe("core.put and core.take", function()
  local EMPTY = { [0] = 1, [-1] = 0 }
  local queue

  before_each(function() queue = { [0] = 1, [-1] = 0 } end)

  it("give each value once, in their order", function()
    for round = 1, 3 do
      for i = 1, 5 do core.put(queue, round * i) end
      for i = 1, 5 do assert.equal(round * i, core.take(queue)) end
      assert.is_nil(core.take(queue))
    end
    assert.same(EMPTY, queue)
  end)

  it("keep nothing of what was taken", function()
    for _, value in ipairs { "a", false, "c" } do core.put(queue, value) end
    assert.equal("a", core.take(queue))
    assert.same({ [-1] = 3, [0] = 2, [2] = false, [3] = "c" }, queue)
    assert.is_false(core.take(queue))
    assert.equal("c", core.take(queue))
    assert.same(EMPTY, queue)
  end)

  it("count from one again once all is taken", function()
    for i = 1, 100 do
      core.put(queue, i)
      assert.equal(i, queue[1])
      assert.equal(i, core.take(queue))
    end
  end)
end)
