-- SPDX-License-Identifier: MIT
-- bench/clients/linear.lua: what each answer of bench/inputs.lua costs, in seconds of this process.
--   linear.lua ENDPOINT ROUNDS
-- Prints a line for each: group, number, the cost of one, of twice as many bytes, and the median of
-- their ratio. Inputs and sizes take turns within a round. Run by bench/linear.lua.

local ids = require("bench.clients.ids")
local inputs = require("bench.inputs")
local core = require("ges.core")

local endpoint, rounds = arg[1], tonumber(arg[2])

local function median(list)
  table.sort(list)
  return list[math.floor(#list / 2) + 1]
end

local client = core.engine()

-- One call; the collector does not work during it, but before.
local function cost(options)
  collectgarbage()
  collectgarbage("stop")
  local began = os.clock()
  local _, _, info = client:job_status(options)
  local took = os.clock() - began
  collectgarbage("restart")
  assert(info.http_status, info.message)
  return took
end

local asked = {}
for g, group in ipairs(inputs.list()) do
  for i, input in ipairs(group) do
    local one = { g = g, i = i, once = {}, twice = {}, ratio = {}, options = {} }
    for twice = 1, 2 do
      local options = { endpoint = endpoint .. "/" .. inputs.file(input, g, twice),
        project_id = ids.project, graph_id = ids.graph, job_id = ids.job, request_timeout = 600 }
      for name, value in pairs(input.options) do options[name] = value end
      one.options[twice] = options
    end
    asked[#asked + 1] = one
  end
end
for round = 1, rounds do
  for _, one in ipairs(asked) do
    one.once[round], one.twice[round] = cost(one.options[1]), cost(one.options[2])
    one.ratio[round] = one.twice[round] / one.once[round]
  end
end
for _, one in ipairs(asked) do
  print(("%d %d %.9f %.9f %.4f"):format(one.g, one.i, median(one.once), median(one.twice),
    median(one.ratio)))
end
