-- SPDX-License-Identifier: MIT
-- bench/clients/ges.lua: a job's status, a number of times.
--   ges.lua HOW ENDPOINT CALLS TOKEN-FILE [CA-FILE]
-- HOW is bare (ges.job_status with all options in the call's own table), keys (the same with AK/SK
-- in the place of the token) or defaults (a client that has all but job_id).
-- Run by bench/run.lua, on Lua 5.4 and on LuaJIT.

local ids = require("bench.clients.ids")
local ges = require("ges")

local how = table.remove(arg, 1)
local endpoint, calls, token, ca = ids.arguments(arg)

local ask = {}

function ask.bare()
  return ges.job_status({
    endpoint = endpoint, project_id = ids.project, graph_id = ids.graph, job_id = ids.job,
    token = token, ca_file = ca,
  })
end

function ask.keys()
  return ges.job_status({
    endpoint = endpoint, project_id = ids.project, graph_id = ids.graph, job_id = ids.job,
    ak = "AKIDEXAMPLE0123456789", sk = "SKEXAMPLE0123456789ABCDEFGHIJKLMNOPQRSTUVWX", ca_file = ca,
  })
end

local client = how == "defaults" and ges.new({
  endpoint = endpoint, project_id = ids.project, graph_id = ids.graph, token = token, ca_file = ca,
})

function ask.defaults()
  return client:job_status({ job_id = ids.job })
end

for i = 1, calls do
  local job = assert(ask[how]())
  assert(job.status == "success")
  if i == 1 then ids.first() end
end
print("done")
