-- Who leads in a simulated nginx worker when the one that led has left: with its answer, because
-- its browser hung up, or with an error. And the thread of a pool that the leader waits in, also
-- while the worker ends.

local ngx_world = require("ngx_world")

describe("host ngx", function()
  local world

  before_each(function() world = ngx_world.new() end)

  -- Begins calls that take so long; returns the list in which each notes how late its answer was.
  local function follow(n, takes, settings)
    local late = {}
    for _ = 1, n do
      world:spawn(function() table.insert(late, (world:call(takes, settings))) end)
    end
    return late
  end

  local function assert_all(n, late, most)
    assert.equal(n, #late)
    for _, seconds in ipairs(late) do assert.is_true(seconds <= most, seconds) end
  end

  for name, settings in pairs { ["by sleeping"] = {}, ["in a thread"] = { thread_pool = "ges" } } do
    it("keeps its leader, however many follow, waiting " .. name, function()
      follow(1, 60, settings)
      world:run(0.1)
      follow(30, 60, settings)
      world:run(2)
      local leader, steps = world.leader, world.steps
      for _ = 1, 100 do
        world:run(0.1)
        assert.equal(leader, world.leader)
      end
      assert.is_true(world.steps - steps <= 220, world.steps - steps) -- at most 55 ms apart
    end)
  end

  it("passes the lead to one that has no answer yet", function()
    for _ = 1, 20 do
      world = ngx_world.new()
      follow(1, 0.02)
      follow(20, 0.02)
      local late = follow(2, 0.0215)
      follow(1, 60)
      world:run(0.1)
      assert_all(2, late, 0.002)
    end
  end)

  -- They have waited for a while only, and do something else since.
  it("passes the lead to none that waits no longer", function()
    follow(1, 0.02)
    for _ = 1, 50 do
      local task = { in_flight = 1, ready = false }
      world:spawn(function()
        world.host.park(world, task, 0.015)
        world:sleep(60)
        task.in_flight = 0
      end)
    end
    local late = follow(1, 0.0215)
    follow(1, 60)
    world:run(0.1)
    assert_all(1, late, 0.002)
  end)

  it("has another one lead when the leader is gone that gave the worker back", function()
    world.endless = true
    local leader = world:spawn(function() world:call(60) end)
    local late = follow(5, 0.05)
    world:run(0.01)
    world:kill(leader)
    world:run(1)
    assert_all(5, late, 0.3)
  end)

  it("has another one lead when each leader hangs up, one after the other", function()
    local leaders = {}
    for i = 1, 8 do leaders[i] = world:spawn(function() world:call(60) end) end
    local late = follow(20, 1)
    for i = 1, 8 do
      world:run(0.1)
      world:kill(leaders[i])
    end
    world:run(5)
    assert_all(20, late, 0.5)
  end)

  it("has another one lead when the engine throws at the leader", function()
    local thrown
    world:spawn(function() thrown = { pcall(world.call, world, 60) } end)
    local late = follow(5, 0.05)
    world:run(0.01)
    world.throws = "not enough memory"
    world:run(1)
    assert.same({ false, "not enough memory" }, thrown)
    assert_all(5, late, 0.01)
  end)

  it("ends a call whose semaphore fails, and does not go round for ever", function()
    local thrown = {}
    for i = 1, 3 do
      world:spawn(function() thrown[i] = { pcall(world.call, world, 60) } end)
    end
    world:run(0.1)
    world.no_semaphore = "busy"
    world:run(2)
    for i = 1, 3 do
      assert.same({ false, "ges: nginx's semaphore failed: busy" }, thrown[i])
    end
  end)

  describe("with a thread pool", function()
    local POOL = { thread_pool = "ges" }

    it("waits in a thread, for a quarter of a second at a time", function()
      local late = follow(1, 10, POOL)
      world:run()
      assert_all(1, late, 0.001)
      assert.is_true(#world.waits >= 40 and #world.waits <= 42, #world.waits)
      for _, milliseconds in ipairs(world.waits) do
        assert.is_true(milliseconds > 0 and milliseconds <= 250, milliseconds)
      end
      assert.is_true(world.steps < 100, world.steps)
    end)

    it("sees a newcomer's request and each answer at once", function()
      follow(1, 10, POOL)
      world:run(1)
      local late = follow(5, 0.1, POOL)
      world:run(1)
      assert_all(5, late, 0.002)
    end)

    it("is held up by none of its timers once there is an answer", function()
      local began = world.now
      follow(1, 0.4, POOL)
      world:run()
      assert.is_true(world.now - began < 0.41, world.now - began)
    end)

    it("has its answer in a worker that ends meanwhile, and takes no thread then", function()
      for _, at in ipairs { 0.01, 0.1, 0.24, 0.26, 0.4, 0.9 } do
        for _, n in ipairs { 1, 3 } do -- those that follow keep the worker, too
          world = ngx_world.new()
          local late = follow(n, 1, POOL)
          world:run(at)
          world.exiting = true
          local waits = #world.waits
          world:run()
          assert_all(n, late, 0.06)
          assert.equal(waits, #world.waits)
        end
      end
    end)

    it("has another one lead when the leader in the thread hangs up", function()
      local leader = world:spawn(function() world:call(60, POOL) end)
      local late = follow(5, 1, POOL)
      world:run(0.3)
      world:kill(leader)
      world:run(2)
      assert_all(5, late, 0.55)
    end)

    it("sleeps where there is no such pool, and says so once", function()
      world.no_threads = "thread pool not found"
      local late = follow(5, 1, POOL)
      world:run()
      assert_all(5, late, 0.057)
      assert.same({ 'ges: thread_pool "ges" is not used: thread pool not found' }, world.logged)
    end)
  end)
end)
