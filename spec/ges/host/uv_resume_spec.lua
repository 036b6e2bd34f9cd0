-- Who resumes a coroutine that waits in a luv program: the loop, once, and only while it waits. In
-- between a program may resume it itself, and what waits then is the program's own yield.

local kit = require "nvim_kit"

-- A server that answers each request once its gate is passed, and a client of it. `spawn` runs a
-- function as a coroutine; what a coroutine yields itself is told from a wait by `mine`.
local HEAD = [[
local luv, ges, wire = require "luv", require "ges", require "wire"
local good = wire.reply(200, '{"status":"success"}')
local server = wire.serve{ loop = true, { "request", { gate = true }, good, { again = true } } }
local client = ges.new{ endpoint = server:url(), project_id = "p", graph_id = "g", job_id = "j",
  token = "t", host = "uv" }
local function spawn(fn) local co = coroutine.create(fn) assert(coroutine.resume(co)) return co end
local seen = {}
local function note(word) seen[#seen + 1] = tostring(word) end
local function mine() note(coroutine.yield("mine")) end
-- Calls `fn` at the end of each turn of the loop, after the sockets and before the timers of the
-- next, until it returns true.
local function each_turn(fn)
  local check, idle = luv.new_check(), luv.new_idle()
  idle:start(function() end)
  check:start(function()
    if fn() then check:close() idle:close() end
  end)
end
local function check_seen(expected)
  local all = table.concat(seen, " ")
  assert(all == expected, all)
end
]]

local function run(body)
  local status, output = kit.lua(HEAD .. body)
  assert.equal("0 ", status .. " " .. output)
end

describe("host uv", function()
  it("leaves a coroutine alone that was resumed between its answer and the loop's turn", function()
    run [[
      local left, turns = 20, 0
      for i = 1, 20 do
        local co = spawn(function()
          assert(client:job_status{})
          note(i)
          mine()
          left = left - 1
        end)
        -- in the turn in which the answer comes, before the loop can
        each_turn(function()
          if coroutine.status(co) == "dead" then return true end
          local ok, what = coroutine.resume(co)
          assert(ok, what)
          if what ~= "mine" then return false end
          local wait = 5
          each_turn(function()
            wait = wait - 1
            if wait > 0 then return false end
            assert(coroutine.resume(co, "again"))
            return true
          end)
          return true
        end)
      end
      server:pass(20)
      luv.run()
      assert(left == 0, left)
      local numbers = 0
      for _, word in ipairs(seen) do
        if word ~= "again" then numbers = numbers + 1 end
        assert(word ~= "nil", "resumed by the loop")
      end
      assert(numbers == 20)
    ]]
  end)

  it("leaves a coroutine alone that yields in a callback of its wait", function()
    run [[
      local once = wire.serve{ loop = true, { "request", { gate = true }, good } }
      local co = spawn(function()
        local results = client:wait_all{ jobs = { { job_id = "a" }, { job_id = "b" } },
          endpoint = once:url(),
          on_event = function(event)
            if event.type ~= "done" then return end
            note(event.index)
            mine()
          end }
        note(results[1].job.status .. results[2].job.status)
      end)
      local turns, passed = 0, 0
      each_turn(function()
        -- a connection is at its end when it has answered; turns later the loop has seen that
        turns = once:ended() == 2 and turns + 1 or 0
        if passed == 0 and #once:requests() == 2 or passed == 1 and #seen == 1 then
          passed = passed + 1
          once:pass(1)
        elseif #seen == 1 and turns > 10 then
          check_seen(seen[1])
          assert(coroutine.resume(co, "first"))
        elseif #seen == 3 then
          assert(coroutine.resume(co, "second"))
        end
        return #seen > 4
      end)
      luv.run()
      local first = seen[1]
      check_seen(first .. " first " .. 3 - first .. " second successsuccess")
    ]]
  end)

  it("lets the code go on that ends another one's wait", function()
    run [[
      local handle = assert(client:start{})
      spawn(function()
        local _, _, info = handle:wait()
        note(info.kind)
      end)
      each_turn(function()
        if #server:requests() == 0 then return false end
        handle:cancel()
        note("cancel")
        return true
      end)
      luv.run()
      check_seen("cancel cancelled")
    ]]
  end)

  it("resumes once for many answers, and again after a wake-up that was early", function()
    run [[
      local host = require "ges.host.uv"
      local task = { host = host, ready = false, settings = {} }
      local co = spawn(function()
        host.park(nil, task, 600)
        note("ready")
        mine()
      end)
      local timers, new_timer = 0, luv.new_timer
      luv.new_timer = function() timers = timers + 1 return new_timer() end
      for _ = 1, 50 do host.wake(task) end
      assert(timers == 1, timers)
      luv.run("nowait")
      check_seen("")
      assert(coroutine.status(co) == "suspended")
      task.ready = true
      for _ = 1, 50 do host.wake(task) end
      assert(timers == 2, timers)
      luv.run()
      check_seen("ready")
      for _ = 1, 50 do host.wake(task) end
      luv.run()
      assert(timers == 2, timers)
      assert(coroutine.resume(co, "again"))
      check_seen("ready again")
    ]]
  end)
end)
