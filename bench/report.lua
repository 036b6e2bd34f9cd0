-- SPDX-License-Identifier: MIT
-- bench/report.lua: the tables of the bench, on the terminal and in bench/results.md, and its bars.
-- Owns the wording and the limits. Called by bench/run.lua.

local forms = require("bench.forms")
local linear = require("bench.linear")
local measure = require("bench.measure")

local report = {}

local function say(form, ...)
  print(form:format(...))
end

function report.sequential(t)
  say("\n%s", t.title)
  say("%-44s %9s %9s %8s %15s %9s %7s", "", "CPU us", "wall us", "x floor", "(min..max)",
    "first ms", "RSS MB")
  for _, r in ipairs(t.rows) do
    say("%-44s %9.1f %9.1f %8.2f %7.2f..%6.2f %9.1f %7.1f", r.name, r.cpu, r.wall, r.ratio, r.low,
      r.high, r.first, r.rss / 1024)
  end
end

-- The columns of a table of bench/forms.lua, and a row's: of each kind of credentials three.
local function forms_columns()
  local out = {}
  for _, c in ipairs(forms.CREDENTIALS) do
    for _, name in ipairs({ c.name, "× C", "× lua-curl" }) do out[#out + 1] = name end
  end
  return out
end

local function forms_cells(r)
  local out = {}
  for _, c in ipairs(forms.CREDENTIALS) do
    local one = r[c.file]
    out[#out + 1] = (one.value < 1e3 and "%.1f" or "%.0f"):format(one.value)
    out[#out + 1] = ("%.2f"):format(one.floor)
    out[#out + 1] = ("%.2f"):format(one.peer)
  end
  return out
end

function report.forms(title, rows)
  local line = "%-44s" .. (" %8s %6s %11s"):rep(#forms.CREDENTIALS)
  say("\n%s", title)
  say("%s", (line:format("", table.unpack(forms_columns())):gsub("×", "x")))
  for _, r in ipairs(rows) do say(line, r.name, table.unpack(forms_cells(r))) end
end

function report.instructions(jobs)
  say("\nUser instructions of a job among many (callgrind), token of 6,344 bytes")
  say("%-44s %12s %8s", "", "a job", "x pool")
  for _, r in ipairs(jobs) do say("%-44s %12.0f %8.2f", r.name, r.value, r.ratio) end
end

function report.system(rows)
  say("\nHTTPS with the system's certificates, a new connection for every call")
  say("%-44s %12s %18s", "", "first ms", "reconnect CPU ms")
  for _, r in ipairs(rows) do say("%-44s %12.1f %18.2f", r.name, r.first, r.cpu / 1e3) end
end

function report.many(rows, jobs, width, ideal)
  say("\n%d jobs, one poll each, 50 ms latency, %d connections (ideal %.2f s)", jobs, width, ideal)
  say("%-44s %11s %11s %8s %8s %9s", "", "wall/ideal", "CPU us/job", "x pool", "RSS MB", "kept MB")
  for _, r in ipairs(rows) do
    say("%-44s %11.3f %11.1f %8.2f %8.1f %9.1f", r.name, r.wall, r.cpu, r.ratio, r.rss / 1024,
      r.kept / 1024)
  end
end

function report.decoding(rows)
  say("\nA response of 10,000 files, ms of CPU")
  say("%-44s %10s %10s %10s %8s", "", "ges", "transfer", "cjson", "ratio")
  for _, r in ipairs(rows) do
    say("%-44s %10.2f %10.2f %10.2f %8.2f", r.name, r.ges / 1e3, r.floor / 1e3, r.cjson / 1e3,
      r.ratio)
  end
end

local LINEAR = { "answers of 1 MB", "inputs", "ordinary, ms", "twice the bytes", "which",
  "other bytes", "which" }

local function linear_cells(r)
  return r.title .. ", " .. r.lua, r.count, r.ordinary, r.double, r.doubled, r.dear, r.dearest
end

function report.linear(rows)
  say("\nIs the cost of an answer that of its size? Worst of each group, ms of CPU and ratios")
  say("%-54s %6s %9s %8s %-10s %8s %-10s", LINEAR[1], LINEAR[2], "ms", "2n / n", "", "A / B", "")
  for _, r in ipairs(rows) do
    local line = ("%-54s %6d %9.2f %8.2f %-10s %8.2f %-10s"):format(linear_cells(r))
    say("%s", line .. (r.ok and "" or " MISS"))
  end
end

-- Ratio of two rows of one table.
local function over(rows, a, b, what)
  return (measure.ratio(rows[a].samples, rows[b].samples, what or "cpu"))
end

local function by_key(rows)
  local map = {}
  for _, row in ipairs(rows or {}) do map[row.key] = row end
  return map
end

-- What a call may cost: instructions over lua-curl with cjson, on each Lua; CPU over bare libcurl.
local LIMITS = {
  { credentials = "token32", name = "32 B", ["5.1"] = 1, ["5.4"] = 1.15, floor = 1.25 },
  { credentials = "token6344", name = "6.3 kB", ["5.1"] = 1, ["5.4"] = 1.03, floor = 1.12 },
}

-- Both forms against the peer and against C, and a poll against a call.
local function form_bars(bar, cpu, counted)
  for _, lua in ipairs({ { "Lua 5.4", "5.4" }, { "LuaJIT", "5.1" } }) do
    local name, abi = lua[1], lua[2]
    for _, limit in ipairs(LIMITS) do
      for _, form in ipairs({ { "client", "defaults" }, { "own", "all in the call" } }) do
        local what = ("%s, %s, %s"):format(form[2], limit.name, name)
        local key = form[1] .. abi
        bar("CPU over bare libcurl, " .. what, cpu[key][limit.credentials].floor, limit.floor)
        bar("instructions over lua-curl, " .. what, counted[key][limit.credentials].peer,
          limit[abi])
      end
    end
    for _, c in ipairs(forms.CREDENTIALS) do
      bar(("instructions, a poll of a wait over a call, %s, %s"):format(c.name, name),
        counted["wait" .. abi][c.file].value / counted["client" .. abi][c.file].value, 1)
    end
  end
end

-- Every bar: what, figure, limit, whether more is better.
local function list_bars(results)
  local bars = {}
  local function bar(what, value, limit, more) bars[#bars + 1] = { what, value, limit, more } end
  local short, long = by_key(results.sequential[1].rows), by_key(results.sequential[2].rows)
  form_bars(bar, by_key(results.forms), by_key(results.instructions.forms))
  for _, ours in ipairs({ "ges54", "gesjit" }) do
    local name = ours == "ges54" and "Lua 5.4" or "LuaJIT"
    bar("CPU of python3-requests over ges, 32 B, " .. name, over(short, "requests", ours), 5, true)
    bar("CPU of the curl command over ges, 32 B, " .. name, over(short, "curl", ours), 50, true)
  end
  bar("CPU over lua-curl reused, 32 B, LuaJIT", over(short, "gesjit", "lcurl"), 1)
  bar("CPU over lua-curl reused, 6.3 kB, LuaJIT", over(long, "gesjit", "lcurl"), 1)
  bar("CPU over lua-curl with new handles, 32 B, LuaJIT", over(short, "gesjit", "lcurlnew"), 0.5)
  local system, many = by_key(results.system), by_key(results.many)
  for _, ours in ipairs({ "ges54", "gesjit" }) do
    local name = ours == "ges54" and "Lua 5.4" or "LuaJIT"
    local m = many[ours]
    bar("many jobs: wall over ideal, " .. name, m.wall, 1.05)
    bar("many jobs: CPU over the pool in C, " .. name, m.ratio, 1.2)
    bar("many jobs: MB above it and what is kept, " .. name, m.more, 6)
    if system[ours] then
      bar("HTTPS, first result over the curl command, " .. name,
        over(system, ours, "curl", "first"), 0.5)
      bar("HTTPS, a reconnect, ms of CPU, " .. name, system[ours].cpu / 1e3, 2)
    end
  end
  for _, r in ipairs(results.decoding) do
    bar("decoding 10,000 files over bare cjson, " .. r.name, r.ratio, 1.3)
  end
  for _, r in ipairs(results.linear) do
    bar("twice the bytes, " .. r.title .. ", " .. r.lua, r.double, linear.LIMIT)
    bar("other bytes, " .. r.title .. ", " .. r.lua, r.dear, linear.LIMIT)
  end
  return bars
end

local function figure(n)
  return (n >= 1000 and "%.0f" or "%.2f"):format(n)
end

--- Judges the bars and prints them.
function report.bars(results)
  local bars, missed = list_bars(results), 0
  print("\nTargets")
  for _, b in ipairs(bars) do
    b.ok = (b[4] and b[2] >= b[3]) or (not b[4] and b[2] <= b[3])
    if not b.ok then missed = missed + 1 end
    say("%-4s %-62s %8s  (%s %s)", b.ok and "PASS" or "MISS", b[1], figure(b[2]),
      b[4] and "at least" or "at most", figure(b[3]))
  end
  if not results.system then
    print("not run: HTTPS with the system's certificates needs root and mount namespaces")
  end
  say("%d of %d targets missed", missed, #bars)
  return bars
end

local function versions()
  local out = measure.output
  return ("%s · %s · %s · %s · %s"):format(
    out("sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1"):gsub("\n", ""),
    out("curl --version | sed -n '1s/ (.*//p'"):gsub("\n", ""),
    out("lua5.4 -v"):match("Lua [%d.]+"), out("luajit -v"):match("LuaJIT %S+"),
    out("nginx -v 2>&1"):match("nginx/%S+"))
end

local INTRO = [[
# What a call costs

Written by `make bench`; anyone can make it again. Everything runs on one machine over loopback:
nginx on one processor, the client on another. A row is the median of %d rounds, in which all
clients take turns; ratios are taken inside a round. CPU and wall of a call are (a run of N calls
− a run of one) / (N − 1), by `wait4`; half of the CPU is the kernel's, delivering to nginx.
"first" is from the start of the process to its first decoded status.

A hand-written keep-alive loop over LuaSocket is cheaper than anything built on libcurl: it formats
its request once, and does none of the rest (redirects, proxies, chunks, time limits, IPv6, HTTP/2).
What the other clients do not do either is in doc/bench.svg, which is drawn from the table "HTTPS,
HTTP/1.1" by bench/picture.lua.

%s. Load average before and after: %s, %s: rounds of a busy machine differ, see min..max.
]]

-- One table in Markdown: its columns, and a line for each row.
local function markdown(out, title, columns, rows, form, values)
  out[#out + 1] = ("\n## %s\n\n| %s |"):format(title, table.concat(columns, " | "))
  out[#out + 1] = "|---" .. ("|---:"):rep(#columns - 1) .. "|"
  for _, row in ipairs(rows or {}) do
    out[#out + 1] = ("| " .. form .. " |"):format(values(row))
  end
end

local function forms_markdown(out, title, rows)
  local columns = forms_columns()
  markdown(out, title, { "client", table.unpack(columns) }, rows,
    "%s" .. (" | %s"):rep(#columns), function(r)
      return r.name, table.unpack(forms_cells(r))
    end)
end

--- Writes bench/results.md.
function report.write(name, results)
  local out = { INTRO:format(results.rounds, versions(), results.before:match("^%S+"),
    results.after:match("^%S+")) }
  for _, t in ipairs(results.sequential) do
    markdown(out, t.title,
      { "client", "CPU µs", "wall µs", "× floor", "min..max", "first ms", "RSS MB" }, t.rows,
      "%s | %.1f | %.1f | %.2f | %.2f..%.2f | %.1f | %.1f", function(r)
        return r.name, r.cpu, r.wall, r.ratio, r.low, r.high, r.first, r.rss / 1024
      end)
  end
  forms_markdown(out, "Forms of a call, user instructions (callgrind)", results.instructions.forms)
  markdown(out, "A job among many, user instructions (callgrind), token of 6,344 bytes",
    { "client", "a job", "× pool" }, results.instructions.jobs, "%s | %.0f | %.2f", function(r)
      return r.name, r.value, r.ratio
    end)
  forms_markdown(out, "Forms of a call, CPU µs", results.forms)
  markdown(out, "HTTPS with the system's certificates", { "client", "first ms",
    "reconnect, CPU ms" }, results.system, "%s | %.1f | %.2f", function(r)
      return r.name, r.first, r.cpu / 1e3
    end)
  markdown(out, "Many jobs, one poll each, 50 ms latency, 64 connections", { "client",
    "wall / ideal", "CPU µs per job", "× pool", "RSS MB", "of it kept by the caller" },
    results.many, "%s | %.3f | %.1f | %.2f | %.1f | %.1f", function(r)
      return r.name, r.wall, r.cpu, r.ratio, r.rss / 1024, r.kept / 1024
    end)
  markdown(out, "A response of 10,000 files, CPU ms", { "Lua", "ges", "transfer alone",
    "bare cjson", "ratio" }, results.decoding, "%s | %.2f | %.2f | %.2f | %.2f", function(r)
      return r.name, r.ges / 1e3, r.floor / 1e3, r.cjson / 1e3, r.ratio
    end)
  markdown(out, "Answers that differ in size, or in their bytes alone", LINEAR, results.linear,
    "%s | %d | %.2f | %.2f | `%s` | %.2f | `%s`", linear_cells)
  markdown(out, "Targets", { "target", "measured", "limit", "" }, results.bars,
    "%s | %s | %s%s | %s", function(b)
      return b[1], figure(b[2]), b[4] and "≥ " or "≤ ", figure(b[3]), b.ok and "pass" or "**miss**"
    end)
  local file = assert(io.open(name, "w"))
  file:write(table.concat(out, "\n"), "\n")
  file:close()
end

return report
