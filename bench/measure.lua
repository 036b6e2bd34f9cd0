-- SPDX-License-Identifier: MIT
-- bench/measure.lua: runs clients in turn and takes medians.
-- Owns how a figure is made: a round runs every client once with one call and once with many; what
-- a call costs is the difference; ratios are taken inside a round. Called by bench/run.lua.

local measure = {}

local top = assert(os.getenv("PWD"))

-- What a client needs in its environment: with the tree's own modules in front.
local ENVIRONMENT = "env LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;;'"
  .. " LUA_CPATH='%s/build/%s/?.so;;'"

local function environment(abi)
  return ENVIRONMENT:format(top, top, top, top, abi)
end

function measure.output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

function measure.median(list)
  local sorted = {}
  for i = 1, #list do sorted[i] = list[i] end
  table.sort(sorted)
  local n = #sorted
  if n % 2 == 1 then return sorted[(n + 1) / 2] end
  return (sorted[n / 2] + sorted[n / 2 + 1]) / 2
end

local function put(command, calls)
  return (command:gsub("@N", tostring(calls)))
end

--- Runs a command once, with a number of calls in the place of its @N.
---@return { first: number, wall: number, cpu: number, rss: number, text: string }
function measure.once(dir, cpu, abi, command, calls)
  command = put(command, calls)
  local line = ("%s %s/measure %d %s"):format(environment(abi), dir, cpu, command)
  local text = measure.output(line)
  local first, wall, used, rss, status, rest = text:match("^(%S+) (%S+) (%S+) (%S+) (%S+)\n(.*)$")
  if status ~= "0" then error("failed: " .. command .. "\n" .. text) end
  return { first = tonumber(first), wall = tonumber(wall), cpu = tonumber(used),
    rss = tonumber(rss), text = rest }
end

--- All that a command printed which measures itself.
function measure.text(cpu, abi, command)
  local pin = cpu >= 0 and "taskset -c " .. cpu .. " " or ""
  return measure.output(("%s%s %s 2>&1"):format(pin, environment(abi), command))
end

-- A terminal sees how far it is.
local terminal = os.execute("test -t 2")
local function progress(form, ...)
  if terminal then io.stderr:write("\r\27[K" .. form:format(...)) end
end

--- Compares clients. Each is { name, command with @N, calls, abi }; the first is the floor.
---@return table rows in the same order: { name, cpu, wall, first, rss, ratio, ratios[name] }
function measure.compare(dir, clients, rounds, cpu)
  local samples = {}
  for round = 1, rounds do
    for i, c in ipairs(clients) do
      progress("  round %d of %d: %s", round, rounds, c.name)
      local one = measure.once(dir, cpu, c.abi or "5.4", c.command, 1)
      local many = measure.once(dir, cpu, c.abi or "5.4", c.command, c.calls)
      samples[i] = samples[i] or { cpu = {}, wall = {}, first = {}, rss = {} }
      local s, n = samples[i], c.calls - 1
      s.cpu[round], s.wall[round] = (many.cpu - one.cpu) / n, (many.wall - one.wall) / n
      s.first[round], s.rss[round] = one.first, many.rss
    end
  end
  progress("")
  local rows = {}
  for i, c in ipairs(clients) do
    local s = samples[i]
    rows[i] = {
      name = c.name, key = c.key, cpu = measure.median(s.cpu), wall = measure.median(s.wall),
      first = measure.median(s.first), rss = measure.median(s.rss), samples = s,
    }
    rows[i].ratio, rows[i].low, rows[i].high = measure.ratio(s, samples[1], "cpu")
  end
  return rows
end

--- The median, least and most of a / b over the rounds.
function measure.ratio(a, b, what)
  local list = {}
  for round = 1, #a[what] do list[round] = a[what][round] / b[what][round] end
  return measure.median(list), math.min(table.unpack(list)), math.max(table.unpack(list))
end

--- User instructions of one call, by callgrind: what 800 more calls cost after 400, divided by 800.
--- The first 400 are for what is made once, and for LuaJIT's compiler.
function measure.instructions(abi, command)
  progress("  callgrind: %s", command)
  local total = {}
  for _, calls in ipairs({ 400, 1200 }) do
    local line = "%s valgrind --tool=callgrind --callgrind-out-file=/dev/null %s 2>&1"
    local text = measure.output(line:format(environment(abi), put(command, calls)))
    total[calls] = assert(tonumber(text:match("Collected : (%d+)")), text)
  end
  progress("")
  return (total[1200] - total[400]) / 800
end

return measure
