-- SPDX-License-Identifier: MIT
-- bench/run.lua DIR [quick|PART]: the comparison itself. What is measured, and how often. Owns the
-- list of clients and the list of parts. Started by bench/run.sh, which built what it needs into
-- DIR.

local forms = require("bench.forms")
local linear = require("bench.linear")
local measure = require("bench.measure")
local picture = require("bench.picture")
local report = require("bench.report")
local servers = require("bench.servers")

local dir, quick = arg[1], arg[2] == "quick"
local only = not quick and arg[2]
local rounds = quick and 1 or tonumber(os.getenv("GES_BENCH_ROUNDS") or 5)
local cores = tonumber(measure.output("nproc"))
local cpu = cores > 1 and 1 or -1

local C54, CJIT = "lua5.4 bench/clients/", "luajit bench/clients/"
local PYTHON = "/usr/bin/python3 bench/clients/requests.py"

-- name, key, command before the common arguments, calls, ABI
local CLIENTS = {
  { "C, bare libcurl, nothing decoded", "floor", dir .. "/floor", 3000 },
  { "ges, client:job_status, Lua 5.4", "ges54", C54 .. "ges.lua client", 3000, "5.4" },
  { "ges, client:job_status, LuaJIT", "gesjit", CJIT .. "ges.lua client", 3000, "5.1" },
  { "lua-curl + cjson, handle reused, LuaJIT", "lcurl", CJIT .. "lcurl.lua reuse", 3000 },
  { "lua-curl + cjson, new handle, LuaJIT", "lcurlnew", CJIT .. "lcurl.lua new", 1500 },
  { "lua-http + cjson, connection kept, LuaJIT", "httpkeep", CJIT .. "luahttp.lua keep", 1500 },
  { "lua-http + cjson, request:go, LuaJIT", "httpgo", CJIT .. "luahttp.lua go", 600 },
  { "LuaSocket + cjson, http.request, Lua 5.4", "socket", C54 .. "luasocket.lua request", 1500 },
  { "LuaSocket + cjson, hand-written, Lua 5.4", "hand", C54 .. "luasocket.lua hand", 3000 },
  { "python3-requests, Session", "requests", PYTHON, 300 },
  { "curl, a process for each call", "curl", "sh bench/clients/curl.sh", 20 },
}

-- A new connection for every call is slow under TLS: fewer calls.
local TLS_CALLS = { lcurlnew = 100, httpgo = 100, socket = 100 }

local function clients(endpoint, token, ca, without)
  local list = {}
  for _, c in ipairs(CLIENTS) do
    if not (without and without[c[2]]) then
      list[#list + 1] = {
        name = c[1], key = c[2], calls = ca and TLS_CALLS[c[2]] or c[4], abi = c[5] or "none",
        command = ("%s %s @N %s/%s %s"):format(c[3], endpoint, dir, token, ca or ""),
      }
    end
  end
  return list
end

local function by_key(rows)
  local map = {}
  for _, row in ipairs(rows) do map[row.key] = row end
  return map
end

-- Sequential calls, one table for each transport and token.
local function sequential(on)
  local tables = {}
  local function add(title, ...)
    tables[#tables + 1] = { title = title, rows = measure.compare(dir, clients(...), rounds, cpu) }
    report.sequential(tables[#tables])
  end
  add("HTTP/1.1 kept alive, token of 32 bytes", on.http, "token32")
  add("HTTP/1.1 kept alive, token of 6,344 bytes", on.http, "token6344")
  add("HTTPS, HTTP/1.1, one CA, token of 6,344 bytes", on.tls, "token6344", on.ca)
  add("HTTPS, server offers HTTP/2, one CA, token of 6,344 bytes", on.h2, "token6344", on.ca,
    { socket = true, hand = true, requests = true, httpkeep = true, httpgo = true })
  return tables
end

-- Both forms and a poll, with each kind of credentials, against C and the peer.
local function in_forms(on)
  local rows = forms.cpu(dir, on, rounds, cpu)
  report.forms("CPU of a call, µs", rows)
  return rows
end

-- How many jobs are asked about at once, and who asks for many.
local WIDTH = 64

local function pools(on)
  local function client(name, key, command, abi)
    return { name = name, key = key, abi = abi or "none",
      command = ("%s %s @N %s/token6344 %d"):format(command, on.slow, dir, WIDTH) }
  end
  return {
    client("C, pool of handles, epoll", "pool", dir .. "/pool"),
    client("ges.wait_all, Lua 5.4", "ges54", C54 .. "many.lua", "5.4"),
    client("ges.wait_all, LuaJIT", "gesjit", CJIT .. "many.lua", "5.1"),
  }
end

-- User instructions of a call in each form, and of a job among many.
local function instructions(on)
  local rows, jobs = forms.instructions(dir, on), pools(on)
  report.forms("User instructions of a call (callgrind)", rows)
  for _, c in ipairs(jobs) do
    c.value = measure.instructions(c.abi, c.command)
    c.ratio = c.value / jobs[1].value
  end
  report.instructions(jobs)
  return { forms = rows, jobs = jobs }
end

-- HTTPS with the system's certificates: the first result of a fresh process, and a reconnect.
local function system_cas(on)
  if not on.system then return nil end
  local list = {}
  for _, c in ipairs({ CLIENTS[1], CLIENTS[2], CLIENTS[3], CLIENTS[11] }) do
    list[#list + 1] = {
      name = c[1], key = c[2], abi = c[5] or "none", calls = c[2] == "curl" and 5 or 50,
      command = ("%s %s @N %s/token32"):format(c[3], on.closing, dir),
    }
  end
  local rows = measure.compare(dir, list, 2 * rounds, cpu)
  report.system(rows)
  return rows
end

local function many(on)
  local jobs = quick and 1000 or 10000
  local ideal = math.ceil(jobs / WIDTH) * 0.05
  local list, samples = pools(on), {}
  for round = 1, math.min(rounds, 3) do
    for i, c in ipairs(list) do
      local one = measure.once(dir, -1, c.abi, c.command, jobs)
      samples[i] = samples[i] or { cpu = {}, wall = {}, rss = {}, kept = {} }
      local s = samples[i]
      local kept, counting = one.text:match("kept (%d+), counted in (%d+)")
      counting = tonumber(counting or 0)
      s.cpu[round], s.wall[round] = one.cpu - counting, one.wall - counting
      s.rss[round], s.kept[round] = one.rss, tonumber(kept or 0)
    end
  end
  local rows = {}
  for i, c in ipairs(list) do
    local s = samples[i]
    rows[i] = { name = c.name, key = c.key, wall = measure.median(s.wall) / 1e6 / ideal,
      cpu = measure.median(s.cpu) / jobs, rss = measure.median(s.rss),
      kept = measure.median(s.kept), ratio = measure.ratio(s, samples[1], "cpu") }
    rows[i].more = (rows[i].rss - rows[i].kept - rows[1].rss) / 1024
  end
  report.many(rows, jobs, WIDTH, ideal)
  return rows
end

-- A response of 10,000 files: what ges takes beyond the transfer, over bare cjson.decode.
local function decoding(on)
  local function pair(lua, folder, abi)
    local list = {
      { name = "transfer", key = "floor", calls = 60, abi = "none",
        command = ("%s/floor %s @N %s/token32"):format(dir, on.big, dir) },
      { name = "ges", key = "ges", calls = 30, abi = abi,
        command = ("%sges.lua client %s @N %s/token32"):format(folder, on.big, dir) },
      { name = "cjson", key = "cjson", calls = 30, abi = abi,
        command = ("%sdecode.lua %s/www/big @N"):format(folder, dir) },
    }
    local rows = by_key(measure.compare(dir, list, rounds, cpu))
    local ratios = {}
    for round = 1, rounds do
      ratios[round] = (rows.ges.samples.cpu[round] - rows.floor.samples.cpu[round])
        / rows.cjson.samples.cpu[round]
    end
    return { name = lua, ges = rows.ges.cpu, floor = rows.floor.cpu, cjson = rows.cjson.cpu,
      ratio = measure.median(ratios) }
  end
  local rows = { pair("Lua 5.4", C54, "5.4"), pair("LuaJIT", CJIT, "5.1") }
  report.decoding(rows)
  return rows
end

-- Does the cost of an answer follow its size?
local function proportional(on)
  local rows = linear.compare(dir, on, quick and 1 or math.max(rounds, 5), cpu)
  report.linear(rows)
  return rows
end

-- In the order in which they are measured.
local PARTS = {
  { "instructions", instructions }, { "forms", in_forms }, { "sequential", sequential },
  { "system", system_cas }, { "many", many }, { "decoding", decoding },
  { "linear", proportional },
}

local function main(on)
  local results = { rounds = rounds, before = measure.output("cat /proc/loadavg") }
  for _, part in ipairs(PARTS) do
    if not only or only == part[1] then results[part[1]] = part[2](on) end
  end
  if only then return end
  results.after = measure.output("cat /proc/loadavg")
  results.bars = report.bars(results)
  if quick then return end
  report.write("bench/results.md", results)
  local written = assert(io.open("bench/results.md"))
  local file = assert(io.open("doc/bench.svg", "w"))
  file:write(picture.of(written:read("*a")))
  written:close()
  file:close()
end

local on = servers.start(dir, os.getenv("GES_BENCH_CERTS"))
local ok, why = xpcall(main, debug.traceback, on)
on.stop()
if not ok then error(why, 0) end
