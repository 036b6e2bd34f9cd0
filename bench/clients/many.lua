-- SPDX-License-Identifier: MIT
-- bench/clients/many.lua: many jobs through ges.wait_all, one poll each.
--   many.lua ENDPOINT JOBS TOKEN-FILE IN-FLIGHT
-- Prints how many KiB the caller's own tables (jobs and results) take, and how many microseconds
-- it took to find that out: they are not what is measured. Run by bench/run.lua.

local ids = require("bench.clients.ids")
local ges = require("ges")

local counting = 0

local function kib()
  local began = os.clock()
  collectgarbage()
  collectgarbage()
  counting = counting + os.clock() - began
  return collectgarbage("count")
end

local endpoint, count, token = ids.arguments(arg)
local before, jobs = kib(), {}
for i = 1, count do jobs[i] = { job_id = ("job%08d"):format(i) } end
local results = assert(ges.wait_all({
  endpoint = endpoint, project_id = ids.project, graph_id = ids.graph, token = token,
  jobs = jobs, max_in_flight = tonumber(arg[4]), max_rate = 1e6,
}))
for i = 1, count do assert(results[i].job, results[i].err) end
print("first")
local kept = kib() - before
print(("kept %d, counted in %d"):format(math.floor(kept), math.floor(counting * 1e6)))
