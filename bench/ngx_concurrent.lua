-- SPDX-License-Identifier: MIT
-- ngx_concurrent: how a worker of nginx fares while it makes many calls at once.
--
--   sh tools/with.sh 5.1 luajit bench/ngx_concurrent.lua [WAITS]
--
-- 200 calls at once against a server that takes 200 ms, by HTTP and by TLS, and how long a trivial
-- location of the same worker takes meanwhile (against when it has nothing to do); then a soak of
-- 10,000 waits of two polls each, with the descriptors and the memory before and after. Everything
-- runs on this machine, so the client that measures competes with what it measures.

local kit = require("ngx_kit")
local simserver = require("ges.sim.server")
local socket = require("socket")

local CALLS, ROUNDS, AT_ONCE = 200, 10, 50
local waits = tonumber(arg[1]) or 10000

-- The n-th part of a sorted list.
local function quantile(list, share)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * share))]
end

local function ping(server, list)
  local began = socket.gettime()
  assert(server:get("/ping") == 200)
  list[#list + 1] = (socket.gettime() - began) * 1000
end

-- Whether every socket has its answer, or the beginning of it.
local function all_answered(socks)
  local ready = socket.select(socks, nil, 0)
  return #ready == #socks
end

-- One round: all calls at once, pings until the last is answered. Returns the seconds it took.
local function round(server, path, pings)
  local began, socks = socket.gettime(), {}
  for i = 1, CALLS do socks[i] = server:open(path .. i) end
  while not all_answered(socks) do ping(server, pings) end
  local took = socket.gettime() - began
  for i = 1, CALLS do
    local status, body = kit.receive(socks[i])
    assert(status == 200 and body == "success", body)
  end
  return took
end

local function measure(server, name, path)
  local walls, pings, idle = {}, {}, {}
  for _ = 1, 500 do ping(server, idle) end
  local first = round(server, path, pings)
  for i = 1, ROUNDS do walls[i] = round(server, path, pings) end
  print(("%-14s first %4.0f ms, then median %4.0f ms, worst %4.0f ms (ideal 200)")
    :format(name, first * 1000, quantile(walls, 0.5) * 1000, quantile(walls, 1) * 1000))
  print(("%-14s median %.2f ms, p99 %.2f ms, worst %.2f ms of %d; idle p99 %.2f ms"):format(
    "  /ping", quantile(pings, 0.5), quantile(pings, 0.99), quantile(pings, 1), #pings,
    quantile(idle, 0.99)))
end

local JOB = [=[
  location ~ "^/(plain|tls)/(.+)$" { content_by_lua_block {
    local job, err = clients[ngx.var[1]]:job_status({ job_id = ngx.var[2] })
    ngx.print(job and job.status or err)
  } }
  location ~ "^/wait/(.+)$" { content_by_lua_block {
    local job, err = clients.plain:wait({ job_id = ngx.var[1], interval = 0.02 })
    ngx.print(job and job.status or err)
  } }]=]

-- Job "d200-x" is answered after 200 ms; job "w-x" is running at first.
local BACKEND = [[
  location ~ "^/v2/[^/]+/graphs/[^/]+/jobs/(d([0-9]+)[^/]*)/status$" {
    content_by_lua_block {
      ngx.sleep(tonumber(ngx.var[2]) / 1000)
      ngx.print('{"job_id":"', ngx.var[1], '","status":"success"}')
    } }
  location ~ "^/v2/[^/]+/graphs/[^/]+/jobs/(w[^/]*)/status$" {
    content_by_lua_block {
      local again = ngx.shared.notes:incr(ngx.var[1], 1, 0) > 1
      ngx.print('{"job_id":"', ngx.var[1], '","status":"', again and "success" or "running", '"}')
    } }]]

local function start_backend(sim, port)
  return kit.start({ server = BACKEND, http = ([[
    server {
      listen 127.0.0.1:%d ssl backlog=1024;
      ssl_certificate %s/server.pem;
      ssl_certificate_key %s/server.key;
      %s
    }]]):format(port, sim.dir, sim.dir, BACKEND) })
end

local function start_server(backend, sim, port)
  return kit.start({ server = JOB, http = ([[
    init_by_lua_block {
      local ges = require("ges")
      clients = {
        plain = ges.new({ %s }),
        tls = ges.new({ %s, ca_file = %q }),
      }
    }]]):format(kit.options(backend.url), kit.options("https://127.0.0.1:" .. port), sim.ca_file) })
end

local function soak(server, from, to)
  for n = from, to, AT_ONCE do
    local paths = {}
    for i = 1, AT_ONCE do paths[i] = ("/wait/w-%d"):format(n + i) end
    for _, answer in ipairs((server:burst(paths))) do
      assert(answer.body == "success", answer.body)
    end
  end
  return server:usage()
end

local function run(sim)
  local port = kit.free_port()
  local backend = start_backend(sim, port)
  local server = start_server(backend, sim, port)
  print(("%d calls at once in one worker, a server that takes 200 ms, %d rounds")
    :format(CALLS, ROUNDS))
  measure(server, "HTTP", "/plain/d200-")
  measure(server, "TLS", "/tls/d200-")
  local warm = math.min(1000, waits)
  local fds, memory = soak(server, 1, warm)
  local began = socket.gettime()
  local fds_after, memory_after = soak(server, warm + 1, warm + waits)
  print(("%d waits, %d at once: %.0f a second; descriptors %d -> %d, memory %d -> %d KiB"):format(
    waits, AT_ONCE, waits / (socket.gettime() - began), fds, fds_after, memory, memory_after))
  server:stop()
  for _, line in ipairs(server:complaints()) do print("error log: " .. line) end
end

local sim = assert(simserver.start({ tls = true }))
local ok, why = pcall(run, sim)
kit.cleanup()
sim:stop()
if not ok then error(why, 0) end
