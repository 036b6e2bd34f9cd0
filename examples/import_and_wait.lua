-- Starts an import and waits for it: from the first call to the result, in one script.
--   lua examples/import_and_wait.lua                    against a simulator
--   GES_REGION=cn-north-4 GES_PROJECT_ID=... GES_GRAPH_ID=... GES_TOKEN=... \
--   GES_EDGESET_PATH=bucket/edges.csv lua examples/import_and_wait.lua
local ges = require("ges")
local here = (arg and arg[0] or ""):match("^(.*/)") or ""
local options, stop, start_import = assert(loadfile(here .. "where.lua"))()

local function run()
  local client = ges.new(options)
  local job_id = start_import({ seconds = 3, files = 3 })
  print("started " .. job_id)

  -- A wait ends in one of three ways: with the job, with a job that failed, without an answer.
  local job, err, info = client:wait({
    job_id = job_id, timeout = 3600,
    on_event = function(event)
      if event.type == "change" then
        local files = ges.summary(event.job).files
        print(("%5.1f s  %s, %d of %d files done"):format(event.elapsed, event.job.status,
          files.success + files.partial + files.failed, files.total))
      elseif event.type == "retry" then
        print(("%5.1f s  %s; asking again in %.1f s"):format(event.elapsed, event.err, event.delay))
      end
    end,
  })
  if job then
    print(("done in %d s: %d lines"):format(ges.summary(job).duration or 0,
      ges.summary(job).lines.successful))
  elseif info.job and not info.resume then
    print("the import failed: " .. err)
  else
    print("no answer: " .. err)
    print("to resume later: resume = '" .. tostring(info.resume) .. "'")
  end
end

local ok, err = pcall(run)
stop()
if not ok then error(err, 0) end
