-- A wait that ends before its job does, and goes on in another process.
--   lua examples/resume.lua                             both halves, against a simulator
--   GES_REGION=... GES_PROJECT_ID=... GES_GRAPH_ID=... GES_TOKEN=... \
--   lua examples/resume.lua JOB_ID                      the first half, for 60 s
--   GES_REGION=... GES_TOKEN=... lua examples/resume.lua ges-wait-1:...   the second half
local ges = require("ges")
local here = (arg and arg[0] or ""):match("^(.*/)") or ""
local options, stop, start_import = assert(loadfile(here .. "where.lua"))()

local given = arg and arg[1]

-- The first half. info.resume is a line of plain text without secrets, to be kept in a file, a
-- database, a ticket. It holds the ids and the time at which the wait began.
local function first(job_id, seconds)
  local options_of_job = { job_id = job_id, timeout = seconds }
  local job, err, info = ges.new(options):wait(options_of_job)
  if job then
    print("the job had already ended: " .. job.status)
    return nil
  end
  print(err)
  if info.resume then print("to resume: lua examples/resume.lua " .. info.resume) end
  return info.resume
end

-- The second half: only the place and the credentials are not in the line. The polls go on at the
-- intervals they had reached, and the timeout begins anew.
local function second(line)
  local job = assert(ges.wait({ endpoint = options.endpoint, region = options.region,
    token = options.token, resume = line, timeout = 3600 }))
  print("the job has ended: " .. job.status)
end

local function run()
  if given and given:find("^ges%-wait%-") then return second(given) end
  local line = first(given or start_import({ seconds = 3 }), given and 60 or 1)
  if line and not given then second(line) end
end

local ok, err = pcall(run)
stop()
if not ok then error(err, 0) end
