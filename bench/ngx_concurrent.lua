-- SPDX-License-Identifier: MIT
-- ngx_concurrent: how a worker of nginx fares while it makes many calls at once.
--
--   sh tools/with.sh 5.1 luajit bench/ngx_concurrent.lua [SECONDS [WAITS]]
--
-- 1, 16, 64 and 256 loops of one worker, each of which asks for a job's status again and again, of
-- a server that answers at once, after 50 and after 200 ms, by HTTP and by TLS: with ges, with ges
-- and its option thread_pool, with nginx's own sockets by hand (bench/clients/cosocket.lua), and
-- with plain sleeps of that length. Each row takes SECONDS (2); `share` is that of the cosocket's
-- calls a second, and `ping` how long a trivial location of the same worker takes meanwhile. Then
-- how often a held call wakes the worker, and a soak of WAITS (10000) waits of two polls each, with
-- the descriptors and the memory before and after. Everything runs on this machine, so the client
-- that measures competes with what it measures.

local cjson = require("cjson")
local ids = require("bench.clients.ids")
local kit = require("ngx_kit")
local ges_sim = require("ges.sim")
local socket = require("socket")

local AT_ONCE, DELAYS = { 1, 16, 64, 256 }, { 0, 50, 200 }
local HOWS = { "cosocket", "ges", "pool", "sleep" }
local seconds, waits = tonumber(arg[1]) or 2, tonumber(arg[2]) or 10000
local PING_EVERY, SOAK_AT_ONCE = 0.01, 50

-- In the worker: /run?how=&scheme=&ms=&n=&seconds= answers with the calls made, their latencies and
-- the processor time of the worker.
local LOAD = [=[
  local ffi, cjson = require("ffi"), require("cjson")
  ffi.cdef [[
    typedef struct { long s, u; } bench_tv;
    typedef struct { bench_tv user, system; long more[14]; } bench_usage;
    int getrusage(int who, bench_usage *usage);
  ]]
  local usage = ffi.new("bench_usage")
  local core, cosocket = require("ges.core"), require("bench.clients.cosocket")
  local load = {}

  local function cpu()
    ffi.C.getrusage(0, usage)
    local user, system = usage.user, usage.system
    return tonumber(user.s + system.s) + tonumber(user.u + system.u) / 1e6
  end

  local function asker(how, scheme, ms)
    local id, client, where = ("d%d-x"):format(ms), clients[scheme], wheres[scheme]
    if how == "cosocket" then return function() return cosocket.job_status(where, id) end end
    if how == "sleep" then
      return function()
        ngx.sleep(ms / 1000)
        return { status = "success" }
      end
    end
    local pool = how == "pool" and "bench" or nil
    return function() return assert(client:job_status({ job_id = id, thread_pool = pool })) end
  end

  function load.run(how, scheme, ms, n, seconds)
    local ask, threads, times = asker(how, scheme, ms), {}, {}
    for i = 1, n do threads[i] = ngx.thread.spawn(ask) end
    for i = 1, n do assert(ngx.thread.wait(threads[i])) end
    local began, spent = core.now(), cpu()
    local stop = began + seconds
    local function loop()
      local at = core.now()
      while at < stop do
        assert(ask().status == "success")
        local now = core.now()
        times[#times + 1], at = now - at, now
      end
    end
    for i = 1, n do threads[i] = ngx.thread.spawn(loop) end
    for i = 1, n do assert(ngx.thread.wait(threads[i])) end
    spent = cpu() - spent
    local took = core.now() - began
    table.sort(times)
    if #times == 0 then return "{}" end
    local function at(share) return 1000 * times[math.ceil(#times * share)] end
    return cjson.encode({ rate = #times / took, p50 = at(0.5), p99 = at(0.99),
      cpu = spent / #times * 1e6 })
  end
  package.loaded.bench_load = load
]=]

local SERVER = [=[
  location = /run { content_by_lua_block {
    local args = ngx.req.get_uri_args()
    ngx.print(require("bench_load").run(args.how, args.scheme, tonumber(args.ms),
      tonumber(args.n), tonumber(args.seconds)))
  } }
  location ~ "^/wait/(.+)$" { content_by_lua_block {
    local job, err = clients.http:wait({ job_id = ngx.var[1], interval = 0.02 })
    ngx.print(job and job.status or err)
  } }]=]

-- Job "d200-x" is answered after 200 ms; job "w-x" is running at first.
local BACKEND = [[
  location ~ "^/v2/[^/]+/graphs/[^/]+/jobs/(d([0-9]+)[^/]*)/status$" {
    content_by_lua_block {
      local ms = tonumber(ngx.var[2])
      if ms > 0 then ngx.sleep(ms / 1000) end
      local body = '{"job_id":"' .. ngx.var[1] .. '","status":"success"}'
      ngx.header["Content-Length"] = #body
      ngx.print(body)
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
      keepalive_requests 1000000;
      %s
    }]]):format(port, sim.dir, sim.dir, BACKEND) })
end

local CLIENT = [[
  lua_ssl_trusted_certificate %s;
  lua_socket_pool_size 300;
  init_by_lua_block {
    local ges, defaults = require("ges"), { project_id = %q, graph_id = %q, token = %q }
    clients, wheres = {}, {}
    for scheme, port in pairs({ http = %d, https = %d }) do
      defaults.endpoint, defaults.ca_file = scheme .. "://127.0.0.1:" .. port, %q
      clients[scheme] = ges.new(defaults)
      wheres[scheme] = { host = "127.0.0.1", port = port, tls = scheme == "https",
        name = "localhost", token = %q }
    end
    %s
  }]]

local function start_client(backend, sim, port)
  return kit.start({
    main = "thread_pool bench threads=4;", server = SERVER,
    http = CLIENT:format(sim.ca_file, ids.project, ids.graph, kit.token, backend.port, port,
      sim.ca_file, kit.token, LOAD),
  })
end

-- Trivial requests on a connection of their own until `sock` has its answer: their latencies in ms.
local function ping_until(server, sock)
  local own, list = assert(socket.connect("127.0.0.1", server.port)), {}
  own:setoption("tcp-nodelay", true)
  repeat
    local began = socket.gettime()
    assert(own:send("GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    repeat until assert(own:receive("*l")) == "0"
    assert(own:receive("*l"))
    list[#list + 1] = (socket.gettime() - began) * 1000
  until #socket.select({ sock }, nil, PING_EVERY) > 0
  own:close()
  table.sort(list)
  return list[math.ceil(#list * 0.99)]
end

local function measure(server, how, scheme, ms, n)
  local sock = server:open(("/run?how=%s&scheme=%s&ms=%d&n=%d&seconds=%g")
    :format(how, scheme, ms, n, seconds))
  local ping = ping_until(server, sock)
  local status, body = kit.receive(sock)
  assert(status == 200, server:log())
  local row = cjson.decode(body)
  row.ping = ping
  return row
end

local function compare(server, scheme, ms, n)
  local peer
  for _, how in ipairs(HOWS) do
    if how ~= "sleep" or ms > 0 then
      local row = measure(server, how, scheme, ms, n)
      peer = peer or row
      print(("%-5s %3d ms %3d  %-8s %7.0f/s  share %.2f  p50 %7.2f  p99 %7.2f (%.2f)  CPU %6.1f us"
        .. " (%.2f)  ping p99 %.2f"):format(scheme, ms, n, how, row.rate, row.rate / peer.rate,
        row.p50, row.p99, row.p99 / peer.p99, row.cpu, row.cpu / peer.cpu, row.ping))
    end
  end
end

-- How often the worker is woken up while one call is held for three seconds.
local function held(server, how)
  local sock = server:open(("/run?how=%s&scheme=http&ms=4000&n=1&seconds=0"):format(how))
  socket.sleep(0.5)
  local before = server:switches()
  socket.sleep(3)
  local after = server:switches()
  kit.receive(sock)
  print(("held call     %-8s %5.1f wake-ups a second"):format(how, (after - before) / 3))
end

local function soak(server, from, to)
  for n = from, to, SOAK_AT_ONCE do
    local paths = {}
    for i = 1, SOAK_AT_ONCE do paths[i] = ("/wait/w-%d"):format(n + i) end
    for _, answer in ipairs((server:burst(paths))) do
      assert(answer.body == "success", answer.body)
    end
  end
  return server:usage()
end

local function soak_waits(server)
  local warm = math.min(1000, waits)
  local fds, memory = soak(server, 1, warm)
  local began = socket.gettime()
  local fds_after, memory_after = soak(server, warm + 1, warm + waits)
  print(("%d waits, %d at once: %.0f a second; descriptors %d -> %d, memory %d -> %d KiB"):format(
    waits, SOAK_AT_ONCE, waits / (socket.gettime() - began), fds, fds_after, memory, memory_after))
end

local function run(sim)
  local port = kit.free_port()
  local backend = start_backend(sim, port)
  local server = start_client(backend, sim, port)
  for _, scheme in ipairs({ "http", "https" }) do
    for _, ms in ipairs(DELAYS) do
      for _, n in ipairs(AT_ONCE) do compare(server, scheme, ms, n) end
    end
  end
  for _, how in ipairs(HOWS) do held(server, how) end
  if waits > 0 then soak_waits(server) end
  server:stop()
  for _, line in ipairs(server:complaints()) do print("error log: " .. line) end
end

local sim = assert(ges_sim.start({ tls = true }))
local ok, why = pcall(run, sim)
kit.cleanup()
sim:stop()
if not ok then error(why, 0) end
