-- What the host ngx costs a worker and what it costs a call, in a simulated worker: how often it
-- wakes up, how late an answer is seen, who leads.

local ngx_world = require("ngx_world")

-- The longest of the lateness of `n` calls, one after the other, that take so many seconds.
local function latest(world, n, takes)
  local worst = 0
  world:spawn(function()
    for _ = 1, n do worst = math.max(worst, (world:call(takes))) end
  end)
  world:run()
  return worst
end

describe("host ngx", function()
  local world

  before_each(function() world = ngx_world.new() end)

  it("sees an answer that comes at once without a sleep", function()
    assert.is_true(latest(world, 200, 0.0001) < 0.0002)
    assert.equal(0, world.sleeps)
  end)

  it("wakes the worker up at most 20 times a second for a call that is held", function()
    world:spawn(function() world:call(60) end)
    world:run(2)
    local before = world.sleeps
    world:run(10)
    assert.is_true(world.sleeps - before <= 200, world.sleeps - before)
  end)

  it("is no later than a twentieth of what a call takes, or 55 ms", function()
    for _, takes in ipairs { 0.053, 0.21, 1.37, 10.37, 10.71, 30.33 } do
      local late = latest(world, 5, takes)
      assert.is_true(late <= math.min(0.057, 0.002 + takes / 20), takes .. ": " .. late)
    end
  end)

  it("works little for calls that take long", function()
    latest(world, 30, 0.2)
    local steps, tried = world.steps, world.tried
    latest(world, 10, 0.2)
    assert.is_true((world.steps - steps) / 10 < 100, (world.steps - steps) / 10)
    assert.is_true((world.tried - tried) / 10 < 6, (world.tried - tried) / 10)
  end)

  it("is quick again once answers are", function()
    latest(world, 40, 2)
    local steps = 0
    for _ = 1, 100 do
      steps = steps + 1
      if latest(world, 1, 0.0001) < 0.0002 then break end
    end
    assert.is_true(steps < 30, steps)
  end)

  it("sends a newcomer's request at once, though the leader rests", function()
    world:spawn(function() world:call(60) end)
    world:run(5)
    local delay, late
    world:spawn(function() late, delay = world:call(0.03) end)
    world:run(1)
    assert.is_true(delay < 0.001, delay)
    assert.is_true(late < 0.003, late)
  end)

  it("is not woken up by calls that only go on", function()
    for _ = 1, 50 do
      world:spawn(function() world:call(60) end)
      world:run(0.0173)
    end
    world:run(5)
    local before = world.steps
    world:run(10)
    assert.is_true(world.steps - before <= 220, world.steps - before)
  end)

  it("rests by the youngest attempt, whatever older ones are held", function()
    local worst = 0
    world:spawn(function() world:call(60) end)
    world:run(5)
    world:spawn(function()
      for _ = 1, 20 do worst = math.max(worst, (world:call(0.02))) end
    end)
    world:run(2)
    assert.is_true(worst < 0.004, worst)
  end)

  it("gives the worker back after each turn, however much there is to do", function()
    world.endless, world.lag = true, 0.01
    local ticks = 0
    world:spawn(function() world:call(0.5) end)
    world:spawn(function()
      for _ = 1, 100 do
        world:sleep(0.001)
        ticks = ticks + 1
      end
    end)
    world:run(0.11)
    assert.equal(100, ticks)
    assert.equal(0, world.sleeps)
    assert.is_true(world.blocked < 0.001, world.blocked)
    assert.is_true(world.most > 0.0001 and world.most <= 0.001, world.most)
  end)

  it("gives the worker back between calls that are answered at once", function()
    local ticks = 0
    world:spawn(function()
      for i = 1, 2000 do
        world:call(0)
        if i % 100 < 10 then world:work(0.0007) end
      end
    end)
    world:spawn(function()
      while ticks < 50 do
        world:sleep(0.001)
        ticks = ticks + 1
      end
    end)
    world:run(0.1)
    assert.equal(50, ticks)
    assert.is_true(world.blocked < 0.001, world.blocked)
  end)

  it("goes on where nginx drops its timers, and tries none for a while", function()
    world.dropped = true
    assert.is_true(latest(world, 50, 0.0001) < 0.02)
    assert.is_true(world.tried <= 2, world.tried)
    world.dropped = false
    world:run(60)
    latest(world, 50, 0.0001)
    assert.is_true(world.tried > 50, world.tried)
  end)

  it("takes no timer for dropped that another request has held up", function()
    world:spawn(function() for _ = 1, 3000 do world:call(0.0001) end end)
    for _ = 1, 10 do
      world:run(0.005)
      world:spawn(function()
        for _ = 1, 3 do
          world:work(0.015)
          world:call(0.0001)
        end
      end)
    end
    world:run()
    assert.is_true(latest(world, 100, 0.0001) < 0.0003)
    local tried = world.tried
    latest(world, 10, 0.0001)
    assert.is_true(world.tried > tried)
  end)

  it("goes on where nginx refuses timers, as in a worker that ends", function()
    world.refused = true
    assert.is_true(latest(world, 50, 0.0001) < 0.003)
  end)

  it("has another one lead when the leader is gone", function()
    for at = 1, 1.3, 0.03 do
      world = ngx_world.new()
      local delay, worst, done = nil, 0, 0
      local leader = world:spawn(function() world:call(60) end)
      for _ = 1, 5 do
        world:spawn(function()
          worst, done = math.max(worst, (world:call(at + 0.01))), done + 1
        end)
      end
      world:run(at)
      world:kill(leader)
      world:spawn(function() delay = select(2, world:call(0.1)) end)
      world:run(3)
      assert.equal(5, done)
      assert.is_true(delay < 0.32 and worst < 0.32, delay .. " " .. worst)
    end
  end)

  -- How late a call is seen to be answered behind a leader that ends and 200 followers that are
  -- gone.
  local function late_behind_the_gone()
    local gone, late = {}, nil
    world:spawn(function() world:call(0.4) end)
    world:run(0.05)
    for i = 1, 200 do gone[i] = world:spawn(function() world:call(60) end) end
    world:run(0.01)
    for i = 1, 200 do world:kill(gone[i]) end
    world:run(0.29)
    world:spawn(function() late = world:call(0.06) end)
    world:run(2)
    return late
  end

  it("has another one lead soon when those that were to lead are gone, too", function()
    local late = late_behind_the_gone()
    assert.is_true(late < 0.06, late)
  end)

  it("does so again a while after nginx has dropped the timer for it", function()
    for _ = 1, 3 do world:spawn(function() world:call(0.1) end) end
    world:spawn(function() world:call(0.5) end)
    world:run(0.09)
    world.dropped = true
    world:run(2)
    world.dropped = false
    world:run(61)
    local late = late_behind_the_gone()
    assert.is_true(late < 0.06, late)
  end)

  it("wakes all coroutines that share a task, of which one may be gone", function()
    local task = { in_flight = 1, ready = false }
    table.insert(world.attempts, { began = world.now, takes = 0.1, task = task })
    local woken = 0
    local function wait()
      repeat world.host.park(world, task, 1) until task.ready
      woken = woken + 1
    end
    world:spawn(wait)
    world:kill(world:spawn(wait))
    for _ = 1, 3 do world:spawn(wait) end
    world:run(0.12)
    assert.equal(4, woken)
    world.host.wake(task)
    task.ready, task.in_flight = false, 1
    table.insert(world.attempts, { began = world.now, takes = 0.1, task = task })
    world:spawn(wait)
    world:run(0.5)
    assert.equal(5, woken)
  end)

  it("has another one lead at once when the leader has its answer", function()
    world:spawn(function() world:call(0.1) end)
    local late
    world:spawn(function() late = world:call(0.151) end)
    world:run()
    assert.is_true(late < 0.01, late)
  end)

  it("makes no semaphore for each call", function()
    latest(world, 500, 0.01)
    assert.is_true(world.made <= 2, world.made)
    for _ = 1, 50 do world:spawn(function() for _ = 1, 20 do world:call(0.01) end end) end
    world:run()
    assert.is_true(world.made <= 52, world.made)
  end)

  it("looks every 5 ms where there are no semaphores", function()
    world = ngx_world.new({ without_semaphores = true })
    assert.is_true(latest(world, 5, 3.3) < 0.008)
    local late
    world:spawn(function() world:call(1) end)
    world:spawn(function() late = world:call(0.5) end)
    world:run()
    assert.is_true(late < 0.012, late)
  end)
end)
