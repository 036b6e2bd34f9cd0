-- ges.cli.ids: ids in few columns, told apart where a cut does that, with bounded work.

local ids = require "ges.cli.ids"
local text = require "ges.cli.text"

-- How often `fn` cuts a name, and what it returns.
local function counted(fn)
  local middle, count = ids.middle, 0
  finally(function() ids.middle = middle end)
  function ids.middle(...)
    count = count + 1
    return middle(...)
  end
  local cut, width = fn()
  ids.middle = middle
  return count, cut, width
end

describe("ges.cli.ids", function()
  it("cuts in the middle, at a width, never within a character", function()
    assert.equal("abcdef", ids.middle("abcdef", 6, "..."))
    assert.equal("abc...ij", ids.middle("abcdefghij", 8, "..."))
    assert.equal("ab…hij", ids.middle("abcdefghij", 6, "…", 2))
    assert.equal("图…d", ids.middle("图b图cd", 4, "…"))
    for most = 0, 12 do
      assert.truthy(text.width(ids.middle("a图b😀c图d", most, "…")) <= most)
    end
  end)

  it("tells names apart that differ anywhere, in as few columns as that takes", function()
    local long = ("x"):rep(32)
    for at = 1, 32 do
      local names = { long, long:sub(1, at - 1) .. "y" .. long:sub(at + 1), long }
      local cut, width = ids.shorten(names, 12, 32, "…")
      assert.equal(cut[1], cut[3])
      assert.not_equal(cut[1], cut[2], at)
      local most = math.max(12, math.min(at, 33 - at) + 1)
      assert.is_true(width <= most, ("%d: %d columns"):format(at, width))
    end
    local cut, width = ids.shorten({ "a", "b" }, 12, 40, "…")
    assert.same({ { "a", "b" }, 1 }, { cut, width })
  end)

  -- Ids which differ only where every cut hides them.
  local function hidden(count, bytes)
    local names, half = {}, ("x"):rep(math.floor(bytes / 2) - 4)
    for i = 1, count do names[i] = ("%s%08d%s"):format(half, i, half) end
    return names
  end

  it("cuts by half what no cut tells apart", function()
    local cut, width = ids.shorten(hidden(3, 256), 12, 21, "…")
    assert.equal(21, width)
    assert.equal(("x"):rep(10) .. "…" .. ("x"):rep(10), cut[2])
  end)

  it("does work that is linear in the names, whatever they are", function()
    local function work(names) return (counted(function()
      return ids.shorten(names, 12, 60, "…")
    end)) end
    assert.is_true(work(hidden(1000, 256)) < 10 * 1000 + 10000)
    assert.is_true(work(hidden(20000, 256)) < 10 * 20000 + 10000)
  end)

  it("is bounded where each cut hides another difference than the last one", function()
    local names = {}
    for i = 1, 2000 do names[i] = ("%04d%s%04d"):format(i, ("x"):rep(248), i) end
    for at = 28, 228, 200 do
      for _, char in ipairs { "y", "z" } do
        names[#names + 1] = ("x"):rep(at - 1) .. char .. ("x"):rep(256 - at)
      end
    end
    local count, cut = counted(function() return ids.shorten(names, 12, 60, "…") end)
    assert.is_true(count < 10 * #names + 10000, count)
    assert.not_equal(cut[1], cut[2])
  end)
end)
