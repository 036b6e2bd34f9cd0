-- SPDX-License-Identifier: MIT
-- nvim_timer: how long ges blocks an editor. Run inside Neovim:
--   sh tools/with.sh 5.1 nvim --headless -u NONE -i NONE -n -c 'luafile bench/nvim_timer.lua'
-- Prints the worst lateness of a timer of 10 ms, idle and while 200 calls are under way over HTTP
-- and TLS against a server that takes 200 ms, and then what a soak leaves behind. GES_WAITS is its
-- number of waits (10000).
-- luacheck: read globals vim

local CALLS, ROUNDS = 200, 5
local WAITS = tonumber(os.getenv("GES_WAITS") or "") or 10000

local function now()
  return vim.loop.hrtime() / 1e6
end

local function say(form, ...)
  io.stdout:write(form:format(...), "\n")
  io.stdout:flush()
end

-- The worst lateness of the timer while `fn` runs, and how long that took.
local function lateness(fn)
  local worst, timer, from = 0, vim.loop.new_timer(), now()
  local due = now() + 10
  timer:start(10, 10, function()
    local at = now()
    worst, due = math.max(worst, at - due), at + 10
  end)
  fn()
  timer:stop()
  timer:close()
  return worst, now() - from
end

local function calls(client)
  local left = CALLS
  for _ = 1, CALLS do
    coroutine.wrap(function()
      assert(client:job_status({}))
      left = left - 1
    end)()
  end
  assert(vim.wait(20000, function() return left == 0 end, 5), "the calls did not end")
end

local function measure(name, options)
  local client = require("ges").new(options)
  for round = 1, ROUNDS do
    local worst, took = lateness(function() calls(client) end)
    say("%-5s round %d: %d calls in %4.0f ms, worst lateness %5.2f ms", name, round, CALLS, took,
      worst)
  end
  client:close()
end

local function resident()
  local file = assert(io.open("/proc/self/statm"))
  local pages = file:read("*a"):match("^%d+ (%d+)")
  file:close()
  return tonumber(pages) * 4
end

local function soak(options)
  local client = require("ges").new(options)
  local begun, done = 0, 0
  local function one()
    while begun < WAITS do
      begun = begun + 1
      local h = assert(client:start({ interval = 0.001 }))
      if begun % 10 == 0 then h:cancel() end
      h:wait()
      done = done + 1
    end
  end
  local mark = math.max(1, math.floor(WAITS / 10))
  for _ = 1, 20 do coroutine.wrap(one)() end
  local function report()
    collectgarbage()
    collectgarbage()
    say("soak  %6d waits: %3d descriptors, %6d KiB resident, %5.0f KiB of Lua", done,
      #vim.fn.readdir("/proc/self/fd"), resident(), collectgarbage("count"))
  end
  while done < WAITS do
    local till = math.min(WAITS, done + mark)
    assert(vim.wait(60000, function() return done >= till end, 5), "the soak stands still")
    report()
  end
  client:close()
end

-- A job that is done, and a server that takes its time for the calls that are measured.
local function prepare(sim)
  local options = { endpoint = sim.url, project_id = sim.demo.project_id, graph_id = "demo-graph",
    token = sim.demo.token }
  local client = require("ges").new(options)
  local started = assert(client:request({ method = "POST",
    path = ("/v2/%s/graphs/demo-graph/import-graph"):format(options.project_id),
    headers = { ["X-Sim-Seconds"] = "0" }, body = { edgeset_path = "bucket/edges.csv" } }))
  assert(client:request({ method = "POST", path = "/sim/faults",
    body = { kind = "slow", delay = 0.2, count = 2 * ROUNDS * CALLS } }))
  client:close()
  options.job_id = started.json.job_id
  return options
end

local function main(sim)
  local http = prepare(sim)
  local tls = vim.tbl_extend("force", http, { endpoint = sim.https_url, ca_file = sim.ca_file })
  say("idle  %28s worst lateness %5.2f ms", "", (lateness(function() vim.wait(1500) end)))
  measure("http", http)
  measure("tls", tls)
  soak(http)
end

local sim = assert(require("ges.sim").start({ tls = true }))
local ok, why = xpcall(main, debug.traceback, sim)
sim:stop()
if not ok then
  io.stderr:write(tostring(why), "\n")
  vim.cmd("cquit 1")
end
vim.cmd("qall!")
