-- The uv host in a plain Lua program whose loop is luv.

local kit = require "nvim_kit"

-- What every program begins with: a server that answers after 200 ms, and a client of it.
local HEAD = [[
local luv, ges, wire = require "luv", require "ges", require "wire"
local good = wire.reply(200, '{"job_id":"j","status":"success"}')
local server = wire.serve{ loop = true, { "request", { sleep = 0.2 }, good, { again = true } } }
local client = ges.new{ endpoint = server:url(), project_id = "p", graph_id = "g", job_id = "j",
  token = "t" }
local function spawn(fn) local co = coroutine.create(fn) assert(coroutine.resume(co)) return co end
]]

local function run(body)
  local status, output = kit.lua(HEAD .. body)
  assert.equal("0 ", status .. " " .. output)
end

describe("host uv in a luv program", function()
  it("serves 200 coroutines while a timer ticks, and then lets the loop end", function()
    run [[
      local left, ticks = 200, 0
      local timer = luv.new_timer()
      timer:start(10, 10, function() ticks = ticks + 1 end)
      for _ = 1, 200 do
        spawn(function()
          local job = assert(client:job_status{})
          assert(job.status == "success")
          left = left - 1
          if left == 0 then timer:close() end
        end)
      end
      luv.run()
      assert(left == 0 and ticks >= 3, ticks)
      assert(not luv.loop_alive())
    ]]
  end)

  it("asks for the job of each call, though all share one table and are tried again", function()
    run [[
      require("ges.core").random = function() return 0 end
      local ask, busy = "request", wire.reply(503, "{}")
      local server = wire.serve{ loop = true, { ask, busy, { again = true } } }
      local opts = { endpoint = server:url(), project_id = "p", graph_id = "g", token = "t",
        retries = 1, host = "uv" }
      for _, id in ipairs{ "one", "two" } do
        spawn(function()
          opts.job_id = id
          ges.job_status(opts)
        end)
      end
      luv.run()
      local asked = {}
      for i, request in ipairs(server:requests()) do asked[i] = request:match("jobs/(%w+)") end
      table.sort(asked)
      assert(table.concat(asked, " ") == "one one two two", table.concat(asked, " "))
    ]]
  end)

  it("goes on watching for a call that begins while the last answer is handed over", function()
    run [[
      local host = require "ges.host.uv"
      local polls, new_poll = 0, luv.new_poll
      luv.new_poll = function(fd) polls = polls + 1 return new_poll(fd) end
      local wake, done, is_first = host.wake, 0, true
      local function ask()
        assert(client:job_status{ host = "uv" })
        done = done + 1
      end
      host.wake = function(task)
        wake(task)
        if is_first then is_first = false spawn(ask) end
      end
      spawn(ask)
      luv.run()
      assert(done == 2 and polls == 1, done .. " " .. polls)
    ]]
  end)

  it("is chosen in a coroutine once the loop has something in it", function()
    run [[
      local order = {}
      local timer = luv.new_timer()
      timer:start(1, 0, function() timer:close() order[#order + 1] = "tick" end)
      spawn(function() assert(client:job_status{}) order[#order + 1] = "job" end)
      order[#order + 1] = "main"
      luv.run()
      assert(table.concat(order, " ") == "main tick job", table.concat(order, " "))
    ]]
  end)

  it("runs the loop itself outside a coroutine, when asked to", function()
    run [[
      local ticks, timer = 0, luv.new_timer()
      timer:start(5, 5, function() ticks = ticks + 1 end)
      local job = assert(client:job_status{ host = "uv" })
      assert(ticks >= 3, ticks)
      timer:close()
      local h = assert(client:start{ host = "uv" })
      local over, last
      repeat over, last = h:poll() until over
      assert(last.status == "success")
      luv.run()
    ]]
  end)

  it("says what to do in a callback outside a coroutine", function()
    run [[
      local timer, ok, why = luv.new_timer()
      timer:start(0, 0, function()
        timer:close()
        ok, why = pcall(client.job_status, client, {})
      end)
      luv.run()
      assert(not ok and why:find("wrap the call in a coroutine", 1, true), why)
    ]]
  end)

  it("waits in small steps with events, and can be cancelled from elsewhere", function()
    run [[
      local slow = wire.serve{ loop = true, { "request", { stall = true } } }
      local pending = wire.reply(200, '{"job_id":"j","status":"running"}')
      local two = wire.serve{ { "request", pending, "request", good, { stall = true } } }
      local types, got = {}
      spawn(function()
        assert(client:wait{ host = "uv", endpoint = two:url(), interval = 0.05,
          on_event = function(event) types[#types + 1] = event.type end })
      end)
      local h = assert(client:start{ host = "uv", endpoint = slow:url() })
      spawn(function() got = { h:wait() } end)
      local timer, at = luv.new_timer()
      timer:start(200, 0, function() timer:close() at = luv.hrtime() h:cancel() end)
      luv.run()
      assert((luv.hrtime() - at) / 1e9 < 10)
      assert(got[3].kind == "cancelled", got[2])
      assert(table.concat(types, " ") == "poll change poll change done", table.concat(types, " "))
    ]]
  end)

  it("survives foreign resumes, a coroutine that dies, and one that is forgotten", function()
    run [[
      local done = 0
      local co = spawn(function() assert(client:job_status{ host = "uv" }) done = done + 1 end)
      for _ = 1, 3 do assert(coroutine.resume(co)) end
      local timer = luv.new_timer()
      timer:start(5, 5, function()
        if coroutine.status(co) == "dead" then return timer:close() end
        assert(coroutine.resume(co))
      end)
      local killed = spawn(function() client:job_status{ host = "uv" } done = done + 10 end)
      if coroutine.close then coroutine.close(killed) end
      luv.run()
      assert(done == (coroutine.close and 1 or 11), done)
      -- A client without references is collected, with its descriptors.
      local function count()
        local n, dir = 0, luv.fs_scandir("/proc/self/fd")
        while dir and luv.fs_scandir_next(dir) do n = n + 1 end
        return n
      end
      collectgarbage() collectgarbage()
      local before = count()
      for _ = 1, 20 do
        spawn(function()
          assert(ges.new{ endpoint = server:url(), project_id = "p", token = "t" }:job_status{
            graph_id = "g", job_id = "j", host = "uv" })
        end)
        luv.run()
      end
      for _ = 1, 3 do collectgarbage() luv.run("nowait") end
      assert(count() <= before + 25, count() .. " of " .. before) -- the server keeps its own ends
    ]]
  end)

  it("closes with calls under way: they end as closed, and the loop ends", function()
    run [[
      local kinds = {}
      local slow = wire.serve{ loop = true, { "request", { stall = true } } }
      for i = 1, 3 do
        spawn(function()
          local _, _, info = client:job_status{ host = "uv", endpoint = slow:url() }
          kinds[#kinds + 1] = info.kind
        end)
      end
      spawn(function()
        local _, _, info = client:wait{ host = "uv", endpoint = "http://127.0.0.1:1", timeout = 60,
          interval = 30 }
        kinds[#kinds + 1] = info.kind
      end)
      local timer, at = luv.new_timer()
      timer:start(150, 0, function() timer:close() at = luv.hrtime() client:close() end)
      luv.run()
      assert((luv.hrtime() - at) / 1e9 < 10)
      assert(table.concat(kinds, " ") == "closed closed closed closed", table.concat(kinds, " "))
    ]]
  end)

  it("has one poll while calls are under way, and none when they are over", function()
    run [[
      local function polls()
        local n = 0
        luv.walk(function(handle)
          local is_poll = tostring(handle):find("uv_poll", 1, true)
          if is_poll and not handle:is_closing() then n = n + 1 end
        end)
        return n
      end
      local timer, most = luv.new_timer(), 0
      timer:start(5, 5, function() most = math.max(most, polls()) end)
      spawn(function()
        for _ = 1, 5 do
          local left = 3
          for _ = 1, 3 do
            spawn(function()
              assert(client:job_status{ host = "uv" })
              left = left - 1
            end)
          end
          assert(client:wait{ host = "uv" })
          while left > 0 do assert(client:job_status{ host = "uv" }) end
          assert(polls() <= 1)
        end
        local over = luv.new_timer()
        over:start(20, 0, function()
          over:close()
          timer:close()
          assert(polls() == 0, polls())
        end)
      end)
      luv.run()
      assert(most == 1, most)
    ]]
  end)

  it("ends the wait for a handle when it is cancelled elsewhere, not at its next poll", function()
    run [[
      local busy = wire.serve{ loop = true, { "request",
        wire.reply(200, '{"job_id":"j","status":"running"}'), { again = true } } }
      local handle = assert(client:start{ host = "uv", endpoint = busy:url(), interval = 900 })
      local kind
      spawn(function() kind = select(3, handle:wait()).kind end)
      local timer, polled = luv.new_timer(), 0
      timer:start(10, 10, function()
        if #busy:requests() == 0 then return end
        polled = polled + 1
        if polled == 20 then handle:cancel() end
        if kind or polled == 500 then timer:close() client:close() end
      end)
      luv.run()
      assert(kind == "cancelled" and polled < 500, kind)
    ]]
  end)

  it("waits outside of a coroutine, too, with pauses between its polls", function()
    run [[
      local form = '{"job_id":"j","status":"%s"}'
      local busy = wire.reply(200, form:format("running"))
      local polled = wire.serve{ loop = true, { "request", busy, "request", busy, "request",
        wire.reply(200, form:format("success")), { again = true } } }
      local steps = 0
      local job, err, info = client:wait{ host = "uv", endpoint = polled:url(),
        schedule = function()
          steps = steps + 1
          return 0.05
        end }
      assert(job, err)
      assert(info.polls == 3 and steps == 2, info.polls)
    ]]
  end)

  it("refuses to wait for a handle from within the loop, which goes on", function()
    run [[
      local handle, said, done = assert(client:start{ host = "uv" }), nil, nil
      local timer = luv.new_timer()
      timer:start(10, 0, function()
        timer:close()
        said = select(2, pcall(handle.wait, handle))
      end)
      spawn(function() done = client:job_status{ host = "uv" } end)
      luv.run()
      assert(tostring(said):find("would block the running loop", 1, true), said)
      assert(done.status == "success")
    ]]
  end)

  it("does not crash a program that ends in the middle", function()
    run [[
      local h = assert(client:start{ host = "uv" })
      h:poll()
      spawn(function() client:job_status{ host = "uv" } end)
      luv.run("nowait")
      client:close()
    ]]
    run [[
      spawn(function() client:job_status{ host = "uv" } end)
      luv.run("nowait")
    ]]
  end)

  it("lets a blocking call on the same client serve the others", function()
    run [[
      local done
      spawn(function() done = client:job_status{ host = "uv" } end)
      assert(client:job_status{ host = "plain" })
      luv.run()
      assert(done and not luv.loop_alive())
    ]]
  end)
end)
