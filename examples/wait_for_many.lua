-- Waits for many jobs at once, on one thread. One that fails does not disturb the others.
--   lua examples/wait_for_many.lua                      against a simulator, with jobs of its own
--   GES_REGION=... GES_PROJECT_ID=... GES_GRAPH_ID=... GES_TOKEN=... \
--   lua examples/wait_for_many.lua JOB_ID JOB_ID ...
local ges = require("ges")
local here = (arg and arg[0] or ""):match("^(.*/)") or ""
local options, stop, start_import = assert(loadfile(here .. "where.lua"))()

-- The jobs named on the command line, or some fresh ones; the last of those does not exist.
local function list_jobs()
  local jobs = {}
  for i, id in ipairs(arg or {}) do jobs[i] = { job_id = id } end
  if #jobs > 0 then return jobs end
  for i = 1, 6 do
    jobs[i] = { job_id = start_import({ seconds = i / 2,
      outcome = i == 4 and "failed" or i == 5 and "partiallyFailed" or "success" }) }
  end
  jobs[7] = { job_id = "no-such-job" }
  return jobs
end

local function run()
  local client = ges.new(options)
  local jobs = list_jobs()
  local left = #jobs
  local results = client:wait_all({
    jobs = jobs, timeout = 3600, not_found_grace = 2, max_in_flight = 8, max_rate = 50,
    on_event = function(event)
      if event.type ~= "done" then return end
      left = left - 1
      print(("%5.1f s  job %d is done, %d left"):format(event.elapsed, event.index, left))
    end,
  })
  -- The results come in the order of the jobs.
  for i, result in ipairs(results) do
    print(("%-34s %s"):format(jobs[i].job_id, result.job and result.job.status or result.err))
  end
end

local ok, err = pcall(run)
stop()
if not ok then error(err, 0) end
