-- Items in the order of their time.

local heap = require("ges.util.timer_queue")

-- Numbers that look random and are the same in every Lua.
local function numbers(seed)
  return function(n)
    seed = (seed * 1103 + 12345) % 65536
    return seed % n
  end
end

local function drain(h)
  local list = {}
  while h:first() do
    local time = h:first()
    list[#list + 1] = { time, h:pop() }
  end
  return list
end

describe("ges.util.timer_queue", function()
  it("has nothing first when it is empty", function()
    local h = heap.new()
    assert.is_nil(h:first())
    h:push(1, "a")
    assert.equal(1, h:first())
    assert.equal("a", h:pop())
    assert.is_nil(h:first())
  end)

  it("gives the earliest first, whatever the order they came in", function()
    for seed = 1, 50 do
      local h, random = heap.new(), numbers(seed)
      local n = random(200) + 1
      local times = {}
      for i = 1, n do
        times[i] = random(50) / 4
        h:push(times[i], { times[i] })
      end
      local list = drain(h)
      assert.equal(n, #list)
      for i, pair in ipairs(list) do
        assert.equal(pair[1], pair[2][1])
        assert.is_true(i == 1 or list[i - 1][1] <= pair[1])
      end
    end
  end)

  it("keeps its order while it is pushed and popped in turns", function()
    local h, random, model = heap.new(), numbers(7), {}
    for step = 1, 5000 do
      if random(3) > 0 or #model == 0 then
        local time = random(1000)
        h:push(time, step)
        model[#model + 1] = time
      else
        table.sort(model)
        assert.equal(model[1], h:first())
        h:pop()
        table.remove(model, 1)
      end
    end
    assert.equal(#model, #drain(h))
  end)

  it("takes equal times, negative ones and infinity", function()
    local h = heap.new()
    for _, time in ipairs { math.huge, 5, -1, 5, math.huge, -math.huge, 5 } do
      h:push(time, time)
    end
    local order = {}
    for i, pair in ipairs(drain(h)) do order[i] = pair[1] end
    assert.same({ -math.huge, -1, 5, 5, 5, math.huge, math.huge }, order)
  end)

  it("keeps nothing of what was taken out", function()
    local h, weak = heap.new(), setmetatable({}, { __mode = "k" })
    local function fill()
      for i = 1, 100 do
        local item = {}
        weak[item] = true
        h:push(i % 7, item)
      end
    end
    fill()
    while h:first() do h:pop() end
    assert.is_true(require("lab").are_garbage(weak))
  end)

  it("costs little for each item", function()
    local h = heap.new()
    collectgarbage()
    local before = collectgarbage("count")
    for i = 1, 10000 do h:push((i * 7919) % 10007, true) end
    collectgarbage()
    assert.is_true((collectgarbage("count") - before) * 1024 / 10000 < 64)
  end)
end)
