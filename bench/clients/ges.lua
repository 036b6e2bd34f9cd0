-- SPDX-License-Identifier: MIT
-- bench/clients/ges.lua: a job's status, a number of times.
--   ges.lua HOW ENDPOINT CALLS CREDENTIALS-FILE [CA-FILE]
-- HOW is own (ges.job_status with all options in the call's own table), client (a client that has
-- all but job_id) or wait (the polls of one wait of such a client, for a job that goes on). The
-- file holds a token, or an access key, a blank and its secret key.
-- Run by bench/run.lua and bench/forms.lua, on Lua 5.4 and on LuaJIT.

local ids = require("bench.clients.ids")
local ges = require("ges")

local how = table.remove(arg, 1)
local endpoint, calls, token, ca = ids.arguments(arg)
local ak, sk = token:match("^(%S+) (%S+)$")
if ak then token = nil end

local function client(at)
  return ges.new({
    endpoint = at, project_id = ids.project, graph_id = ids.graph,
    token = token, ak = ak, sk = sk, ca_file = ca,
  })
end

local run = {}

function run.own()
  for i = 1, calls do
    local job = assert(ges.job_status({
      endpoint = endpoint, project_id = ids.project, graph_id = ids.graph, job_id = ids.job,
      token = token, ak = ak, sk = sk, ca_file = ca,
    }))
    assert(job.status == "success")
    if i == 1 then ids.first() end
  end
end

function run.client()
  local c = client(endpoint)
  for i = 1, calls do
    local job = assert(c:job_status({ job_id = ids.job }))
    assert(job.status == "success")
    if i == 1 then ids.first() end
  end
end

-- What `schedule` throws ends the wait; it is called after each poll.
function run.wait()
  local polls, enough = 0, {}
  local function schedule()
    polls = polls + 1
    if polls == 1 then ids.first() end
    if polls == calls then error(enough) end
    return 0
  end
  local c = client(endpoint .. "/running")
  local _, thrown, info = pcall(c.wait, c, { job_id = ids.job, schedule = schedule })
  assert(thrown == enough, info and info.message or thrown)
end

run[how]()
print("done")
