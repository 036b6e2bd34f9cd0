-- SPDX-License-Identifier: MIT
-- bench/soak.lua [WAITS]: does waiting leak?
-- Waits 10000 times against the simulator, in every way there is to end a wait: a success, a
-- failure, a deadline, a cancelled request, a listener that throws, a loop left early, a client
-- closed. Descriptors, resident set and Lua memory must be flat after the first tenth. Linux only
-- (/proc). Exits 1 when they are not.

local ges = require("ges")
local ges_sim = require("ges.sim")

local WAITS = tonumber((arg or {})[1]) or 10000

local sim = assert(ges_sim.start())
local base = { endpoint = sim.url, project_id = sim.demo.project_id, graph_id = "soak-graph",
  token = sim.demo.token, interval = 0.001, max_rate = 1000000 }

-- Orders a job; returns its id.
local function order(life)
  local response = assert(ges.request({ endpoint = sim.url, token = sim.demo.token,
    method = "POST", path = ("/v2/%s/graphs/soak-graph/import-graph"):format(base.project_id),
    body = { edgeset_path = "bucket/edges.csv", sim = life } }))
  return response.json.job_id
end

local good, bad = order({ seconds = 0 }), order({ seconds = 0, outcome = "failed" })
local endless = order({ seconds = 604800, pending = 0 })
local client = ges.new(base)

local ways = {
  function() assert(client:wait({ job_id = good })) end,
  function() assert(select(3, client:wait({ job_id = bad })).kind == "job_failed") end,
  function()
    assert(select(3, client:wait({ job_id = endless, timeout = 0.004 })).kind == "deadline")
  end,
  function()
    local handle = client:start({ job_id = endless })
    for _ = 1, 3 do handle:poll() end
    handle:cancel()
    assert(select(3, handle:wait()).kind == "cancelled")
  end,
  function()
    local function throw() error({}) end
    assert(not pcall(client.wait, client, { job_id = endless, on_event = throw }))
  end,
  function()
    for event in client:watch({ job_id = endless }) do
      if event.attempt == 2 then break end
    end
  end,
  function()
    local results = client:wait_all({ jobs = { { job_id = good }, { job_id = "../x" },
      { job_id = bad }, { job_id = good } } })
    assert(results[4].job and not results[2].job)
  end,
  function()
    local other = ges.new(base)
    assert(select(3, other:wait({ job_id = endless, on_event = function() other:close() end }))
      .kind == "closed")
  end,
  function()
    assert(select(3, client:wait({ job_id = good, endpoint = "http://127.0.0.1:1" })).kind
      == "connect")
  end,
}

local function descriptors()
  local pipe = assert(io.popen("ls /proc/$PPID/fd | wc -l"))
  local n = tonumber(pipe:read("*a"))
  pipe:close()
  return n
end

local function rss()
  local file = assert(io.open("/proc/self/status"))
  local kb = tonumber(file:read("*a"):match("VmRSS:%s*(%d+)"))
  file:close()
  return kb / 1024
end

local function measure(n)
  collectgarbage()
  collectgarbage()
  local now = { fds = descriptors(), rss = rss(), lua = collectgarbage("count") / 1024 }
  print(("%6d waits   %3d descriptors   %7.2f MB resident   %6.2f MB of Lua"):format(
    n, now.fds, now.rss, now.lua))
  return now
end

local first
for i = 1, WAITS do
  -- connections that failed cost three polls: now and then is enough
  local way = i % 50 == 0 and #ways or i % (#ways - 1) + 1
  ways[way]()
  if i == math.floor(WAITS / 10) then
    first = measure(i)
  elseif i % math.floor(WAITS / 5) == 0 then
    measure(i)
  end
end
local last = measure(WAITS)
client:close()
sim:stop()
local flat = last.fds <= first.fds + 2 and last.rss <= first.rss + 4 and last.lua <= first.lua + 1
print(flat and "flat" or "NOT flat")
os.exit(flat and 0 or 1)
