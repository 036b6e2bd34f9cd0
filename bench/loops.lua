-- SPDX-License-Identifier: MIT
-- loops: many calls at once in the event loops that watch the engine's descriptor, luv and cqueues.
--
--   sh tools/with.sh 5.4 lua5.4 bench/loops.lua [SECONDS]      (or 5.1 luajit)
--
-- 1, 16, 64 and 256 coroutines, each of which asks for a job's status again and again, of a server
-- that answers at once, after 50 and after 200 ms. Each row takes SECONDS (2) in a process of its
-- own: calls a second, latencies, and the processor time of a call. A loop that is not installed is
-- left out, which is said. For Neovim's own loop there is bench/nvim_timer.lua, for nginx
-- bench/ngx_concurrent.lua.

local AT_ONCE, DELAYS, LOOPS = { 1, 16, 64, 256 }, { 0, 50, 200 }, { "luv", "cqueues" }
local core = require("ges.core")

-- How a loop runs `n` coroutines to their ends.
local loops = {}

function loops.luv(n, body)
  local luv = require("luv")
  for _ = 1, n do
    local co = coroutine.create(body)
    local timer = luv.new_timer()
    timer:start(0, 0, function()
      timer:close()
      assert(coroutine.resume(co))
    end)
  end
  luv.run()
end

function loops.cqueues(n, body)
  local cq = require("cqueues").new()
  for _ = 1, n do cq:wrap(body) end
  assert(cq:loop())
end

-- In the measured process: the row of one loop.
local function measure(name, ms, n, seconds, url, options)
  local client = require("ges").new({ endpoint = url, project_id = options[1],
    graph_id = options[2], token = options[3], job_id = ("d%d-x"):format(ms) })
  local times, stop = {}, math.huge
  local function body()
    local at = core.now()
    while at < stop do
      assert(assert(client:job_status({})).status == "success")
      local now = core.now()
      times[#times + 1], at = now - at, now
      if stop == math.huge then return end
    end
  end
  loops[name](n, body)
  times, stop = {}, core.now() + seconds
  local began, spent = core.now(), os.clock()
  loops[name](n, body)
  spent = os.clock() - spent
  local took = core.now() - began
  table.sort(times)
  local function at(share) return 1000 * times[math.ceil(#times * share)] end
  print(("%-8s %3d ms %3d  %7.0f/s  p50 %7.2f  p99 %7.2f  CPU %6.1f us"):format(name, ms, n,
    #times / took, at(0.5), at(0.99), spent / #times * 1e6))
end

-- In the process that is called by hand: the server, and a process for each row.
local function run(seconds)
  local kit = require("ngx_kit")
  local backend = kit.backend()
  for _, name in ipairs(LOOPS) do
    local there = pcall(require, name)
    if not there then print(name .. ": not installed for this Lua, left out") end
    for _, ms in ipairs(there and DELAYS or {}) do
      for _, n in ipairs(AT_ONCE) do
        io.write(kit.run(("%s bench/loops.lua %s %d %d %g %s %s %s %s"):format(arg[-1], name, ms, n,
          seconds, backend.url, kit.project, kit.graph, kit.token)))
      end
    end
  end
  kit.cleanup()
end

if loops[arg[1]] then
  measure(arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4]), arg[5],
    { arg[6], arg[7], arg[8] })
else
  run(tonumber(arg[1]) or 2)
end
