-- SPDX-License-Identifier: MIT
-- torture_ges: the scenarios of the Lua layer for spec/support/torture.c: retries, a wait to its
-- end, many waits, on the plain host.

local kit = require("torture_kit")

local DONE = ('{"job_id":"%s","status":"success"}'):format(kit.job)
local FAULT = '{"error_code":"GES.7004","error_msg":"try again"}'

local function ges() return require("ges") end

local done = kit.options(kit.answering(200, DONE))
local faulty = kit.options(kit.answering(500, FAULT), { retries = 0 })

local function is_done(value) return type(value) == "table" and value.status == "success" end

local function good()
  kit.forget()
  local value, err = ges().job_status(done)
  assert(is_done(value), err)
end

-- Loaded before memory is short: to run out in the parser at every place would take minutes.
good()

local list = {}

local function add(name, run, expect, settings)
  local scenario = { name = name, run = run, good = good }
  for key, value in pairs(settings or {}) do scenario[key] = value end
  scenario.verdict = kit.verdict(expect, scenario.pass == "libcurl")
  list[#list + 1] = scenario
end

local function with(opts, extra)
  local all = {}
  for key, value in pairs(opts) do all[key] = value end
  for key, value in pairs(extra) do all[key] = value end
  return all
end

add("ges.job_status", function() return ges().job_status(done) end, is_done)
add("a new client's job_status", function() return ges().new(done):job_status {} end, is_done)
add("ges.job_status, a fault", function() return ges().job_status(faulty) end,
  kit.fails("unavailable"))
add("ges.wait", function() return ges().wait(with(done, { interval = 0.001, timeout = 5 })) end,
  is_done)
add("ges.wait", function() return ges().wait(with(done, { interval = 0.001, timeout = 5 })) end,
  is_done, { pass = "libcurl" })

local jobs = { {}, {}, {} }
local all = with(done, { jobs = jobs, timeout = 5 })
all.job_id = nil
for _, job in ipairs(jobs) do job.job_id = kit.job end

add("ges.wait_all", function()
  local results, err, info = ges().wait_all(all)
  for _, one in ipairs(results or {}) do
    if not one.job then return nil, one.err, one.info end
  end
  return results, err, info
end, function(results) return #results == 3 and is_done(results[3].job) end)

-- A page of jobs, a graph's name and a job in one: the list of what runs, and a wait for it.
local ITEM = '{"job_id":"' .. kit.job .. '","status":"%s","job_detail":{"schema_path":[{}]}}'
local server = kit.answering(200, ('{"job_id":"%s","status":"success","graph":{"name":"movie"},'
  .. '"job_count":1,"job_list":[%s]}'):format(kit.job, ITEM:format("running")))
local of_graph = kit.options(server, { job_id = false, retries = 0 })

add("ges.jobs", function() return ges().jobs(of_graph) end, function(found)
  return #found == 1 and found[1].job_id == kit.job and #found[1].job_detail.edgeset_path == 0
end)
add("ges.jobs, a refused filter", function()
  return ges().jobs(with(of_graph, { status = "x" }))
end, kit.fails("argument"))
add("ges.wait_all, what runs", function()
  local opts = with(of_graph, { jobs = "running", timeout = 5 })
  opts.retries = nil
  local results, err, info = ges().wait_all(opts)
  for _, one in ipairs(results or {}) do
    if not one.job then return nil, one.err, one.info end
  end
  return results, err, info
end, function(results) return #results == 1 and is_done(results[1].job) end)

return list
