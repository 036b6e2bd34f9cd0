-- SPDX-License-Identifier: MIT
-- bench/wait_all.lua [JOBS]: what it costs to wait for many jobs at once.
-- Starts an nginx of its own that answers every poll after 50 ms and finishes a job at its third;
-- waits for 10000 jobs with one wait_all; compares the CPU of a poll with that of a sequential
-- job_status of the same run. Then, with a made-up clock, what the schedule costs and how late it
-- is. Linux only (/proc). Exits 1 when a bar is missed.

local core = require("ges.core")
local ges = require("ges")
local waiter = require("ges.wait.waiter")

local JOBS = tonumber((arg or {})[1]) or 10000
local POLLS, IN_FLIGHT, SEQUENTIAL = 3, 200, 3000

local CONFIG = [[
%s
worker_processes 1;
pid @/nginx.pid;
error_log @/error.log error;
events { worker_connections 2048; }
http {
  access_log off;
  default_type application/json;
  client_body_temp_path @/a; proxy_temp_path @/b; fastcgi_temp_path @/c;
  uwsgi_temp_path @/d; scgi_temp_path @/e;
  keepalive_requests 100000000;
  lua_shared_dict polls 16m;
  server {
    listen 127.0.0.1:%d backlog=2048;
    location / {
      content_by_lua_block {
        if not ngx.var.uri:find("/at-once", 1, true) then ngx.sleep(0.05) end
        local n = ngx.shared.polls:incr(ngx.var.uri, 1, 0)
        local id = ngx.var.uri:match("jobs/([^/]+)")
        local body = '{"job_id":"%%s","status":"%%s","job_type":"GraphManagement",'
          .. '"job_name":"ImportGraph","related_graph":"bench","begin_time":"2018-11-27T21:39:00",'
          .. '"job_progress":0}'
        ngx.print(body:format(id, n %% %d == 0 and "success" or "running"))
      }
    }
  }
}
]]

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function modules()
  local folder = output("nginx -V 2>&1"):match("%-%-modules%-path=(%S+)")
  local lines = {}
  for _, name in ipairs({ "ndk_http_module.so", "ngx_http_lua_module.so" }) do
    local file = folder and io.open(folder .. "/" .. name)
    if file then
      file:close()
      lines[#lines + 1] = ("load_module %s/%s;"):format(folder, name)
    end
  end
  return table.concat(lines, "\n")
end

-- Starts the server: its URL and a function that ends it.
local function serve()
  local dir = output("mktemp -d"):match("%S+")
  local port = 20000 + os.time() % 9973
  local file = assert(io.open(dir .. "/nginx.conf", "w"))
  file:write((CONFIG:format(modules(), port, POLLS):gsub("@", dir)))
  file:close()
  local said = output(("nginx -p %s -c %s/nginx.conf -e %s/error.log 2>&1"):format(dir, dir, dir))
  assert(not said:find("%[emerg%]"), said)
  output(("while ! [ -s %s/nginx.pid ]; do sleep 0.05; done"):format(dir))
  return "http://127.0.0.1:" .. port, function()
    output(("kill -TERM $(cat %s/nginx.pid); rm -rf %s"):format(dir, dir))
  end
end

local function rss()
  return tonumber(read("/proc/self/status"):match("VmRSS:%s*(%d+)")) / 1024
end

local failed = false

local function show(name, value, unit, bar)
  local verdict = ""
  if bar then
    local good = value <= bar
    failed = failed or not good
    verdict = ("   bar %g: %s"):format(bar, good and "met" or "MISSED")
  end
  print(("%-44s %10.4g %s%s"):format(name, value, unit, verdict))
end

local function options(url)
  return { endpoint = url, project_id = "bench", graph_id = "bench", token = "bench-token",
    timeout = 3600, interval = 0.2, max_in_flight = IN_FLIGHT, max_rate = 1000000 }
end

local function jobs(n, prefix)
  local list = {}
  for i = 1, n do list[i] = { job_id = prefix .. i } end
  return list
end

-- CPU seconds of one sequential job_status on a warm connection, answered at once: a process that
-- sleeps before every answer pays for being woken, and would make the comparison too easy.
local function sequential(url)
  local client = ges.new({ endpoint = url, project_id = "bench", graph_id = "bench",
    token = "bench-token" })
  for i = 1, 20 do assert(client:job_status({ job_id = "at-once-warm" .. i })) end
  local before = os.clock()
  for i = 1, SEQUENTIAL do assert(client:job_status({ job_id = "at-once" .. i })) end
  local cpu = (os.clock() - before) / SEQUENTIAL
  client:close()
  return cpu
end

local function wait_all(url, single)
  local client, opts = ges.new(), options(url)
  opts.jobs = jobs(JOBS, "job")
  collectgarbage()
  local mem, cpu, wall = rss(), os.clock(), core.now()
  local results = client:wait_all(opts)
  cpu, wall = os.clock() - cpu, core.now() - wall
  local polls = 0
  for i = 1, JOBS do
    assert(results[i].job, results[i].err)
    polls = polls + results[i].info.attempts
  end
  mem = rss() - mem
  client:close()
  show("jobs", JOBS, "")
  show("polls", polls, "")
  show("wall", wall, "s")
  show("CPU of a poll", cpu / polls * 1e6, "us")
  show("CPU of a sequential job_status", single * 1e6, "us")
  show("ratio", cpu / polls / single, "", 1.5)
  show("growth of the resident set", mem, "MB", 40)
end

-- Lua memory of a job that has been asked about once and sleeps.
local function sleeping(url)
  local client, opts = ges.new(), options(url)
  local seen, before, bytes = 0, nil, nil
  opts.jobs, opts.interval = jobs(JOBS, "idle"), 3000
  opts.on_request = function()
    seen = seen + 1
    if seen < JOBS then return end
    collectgarbage()
    collectgarbage()
    bytes = (collectgarbage("count") - before) * 1024 / JOBS
    client:close()
  end
  collectgarbage()
  collectgarbage()
  before = collectgarbage("count")
  client:wait_all(opts)
  show("bytes of Lua memory per waiting job", bytes, "B", 1500)
end

-- A wait with a made-up clock for a job that lasts `life` seconds: polls, and how late the end is
-- noticed.
local function simulate(life, timeout, seed)
  local function random()
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  end
  for _ = 1, 5 do random() end
  local w = waiter.new({ timeout = timeout }, {
    defaults = core.defaults, random = random,
  })
  local now, polls, result = 0, 0, nil
  while true do
    local act, value = w:next(now, result)
    result = nil
    if act == "done" then return polls, now - life end
    if act == "sleep" then
      now = now + value
    else
      polls = polls + 1
      result = { job = { status = now >= life and "success" or "running" }, info = {} }
    end
  end
end

local function schedule()
  local most, mean, lag = 0, 0, 0
  for seed = 1, 100 do
    local polls = simulate(math.huge, 3600, seed * 7919)
    most, mean = math.max(most, polls), mean + polls / 100
    lag = lag + select(2, simulate(56, 3600, seed * 7919)) / 100
  end
  show("polls of a simulated hour, mean of 100 seeds", mean, "", 275)
  show("polls of a simulated hour, most of them", most, "")
  show("mean lag of the notice of a 56 s job", lag, "s", 3)
end

local url, stop = serve()
local ok, err = pcall(function()
  local single = sequential(url)
  wait_all(url, single)
  sleeping(url)
end)
stop()
assert(ok, err)
schedule()
os.exit(failed and 1 or 0)
