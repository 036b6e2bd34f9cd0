-- SPDX-License-Identifier: MIT
-- bench/clients/ges.lua: ges.job_status, a number of times.
--   ges.lua ENDPOINT CALLS TOKEN-FILE [CA-FILE]
-- Run by bench/run.lua, on Lua 5.4 and on LuaJIT.

local ids = require("bench.clients.ids")
local ges = require("ges")

local endpoint, calls, token, ca = ids.arguments(arg)
for i = 1, calls do
  local job = assert(ges.job_status({
    endpoint = endpoint, project_id = ids.project, graph_id = ids.graph, job_id = ids.job,
    token = token, ca_file = ca,
  }))
  assert(job.status == "success")
  if i == 1 then ids.first() end
end
print("done")
