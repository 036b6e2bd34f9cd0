-- SPDX-License-Identifier: MIT
-- bench/linear.lua: does the cost of an answer follow its size, whatever its bytes are? What twice
-- the bytes cost, and what other bytes cost, in CPU time of the client. Owns the files of the
-- answers and the limit. Called by bench/run.lua.

local inputs = require("bench.inputs")
local measure = require("bench.measure")

local linear = {}

linear.LIMIT = 2.5

-- Writes what the server will send: each input, and twice as much of it.
local function write_answers(dir)
  assert(os.execute(("mkdir -p %s/any"):format(dir)))
  for g, group in ipairs(inputs.list()) do
    for i, input in ipairs(group) do
      for twice = 1, input.file == i and 2 or 0 do
        local name = ("%s/any/%s"):format(dir, inputs.file(input, g, twice))
        local file = assert(io.open(name, "wb"))
        file:write(input.body(twice * inputs.SIZE))
        file:close()
      end
    end
  end
end

-- What stands out in a group: { title, count, ordinary (ms), and of the worst input the ratio and
-- its name: twice the bytes, and the cost over that of the group's ordinary input }.
local function judge(lua, group, costs)
  local row = { lua = lua, title = group.title, count = #group, ordinary = costs[1].twice * 1e3,
    double = 0, dear = 0 }
  for i, input in ipairs(group) do
    local c, name = costs[i], input.name:gsub("\n", "newline")
    local dear = c.twice / costs[1].twice
    if c.ratio > row.double then row.double, row.doubled = c.ratio, name end
    if dear > row.dear then row.dear, row.dearest = dear, name end
  end
  row.ok = row.double <= linear.LIMIT and row.dear <= linear.LIMIT
  return row
end

-- glibc decides from what was freed before whether a large block comes from the heap or anew from
-- the kernel, which costs several times as much; here it always comes from the heap.
local MALLOC = "env MALLOC_MMAP_THRESHOLD_=33554432 MALLOC_TRIM_THRESHOLD_=268435456"

local function run(cpu, lua, abi, on, rounds)
  local command = ("%s %s bench/clients/linear.lua %s %d"):format(MALLOC, lua, on.any, rounds)
  local text, costs = measure.text(cpu, abi, command), {}
  for group, input, once, twice, ratio in text:gmatch("(%d+) (%d+) (%S+) (%S+) (%S+)\n") do
    local g, i = tonumber(group), tonumber(input)
    costs[g] = costs[g] or {}
    costs[g][i] = { once = tonumber(once), twice = tonumber(twice), ratio = tonumber(ratio) }
  end
  assert(costs[#inputs.list()], text)
  return costs
end

--- Measures all inputs on both Luas. Returns a row for each group and Lua.
function linear.compare(dir, on, rounds, cpu)
  write_answers(dir)
  local rows = {}
  for _, lua in ipairs({ { "Lua 5.4", "lua5.4", "5.4" }, { "LuaJIT", "luajit", "5.1" } }) do
    local costs = run(cpu, lua[2], lua[3], on, rounds)
    for g, group in ipairs(inputs.list()) do
      rows[#rows + 1] = judge(lua[1], group, costs[g])
    end
  end
  return rows
end

return linear
