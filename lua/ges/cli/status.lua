-- SPDX-License-Identifier: MIT
-- cli.status: `ges status`: asks once about each job. Owns nothing. Called by ges.cli.

local connect = require("ges.cli.connect")
local exit = require("ges.cli.exit")
local job_of = require("ges.job")
local progress = require("ges.cli.progress")
local results = require("ges.cli.results")

local status = {
  name = "status", summary = "show the status of jobs", arguments = "jobs",
  groups = { "where", "once", "transport", "output" }, exit_codes = true,
  description = "Asks once for the status of jobs. A job that is still running is not a failure "
    .. "(exit 0).",
  examples = {
    "ges status --region cn-north-4 --project P --graph G JOB",
    "ges status -o json JOB | jq -r .status     # the rest from GES_* variables",
  },
}

---@param ctx ges.cli.Context
---@return integer code
function status.run(ctx)
  local found, view = results.new(ctx), progress.new(ctx, ctx.jobs)
  ctx.watch(view)
  function ctx.interrupted(code, how)
    found:break_off(view.track.jobs, code, how)
  end
  local opts = connect.options(ctx, "ges.job_status", { job_id = ctx.jobs[1] })
  for index, job_id in ipairs(ctx.jobs) do
    if ctx.screen.live then ctx.begin() end
    opts.job_id = job_id
    local job, err, info = connect.status(ctx, opts)
    ctx.check()
    local code = job and exit.of_job(job_of.summary(job), ctx.values.accept)
      or exit.of_kind(info.kind)
    view.track:event({ type = "done", index = index, job = job, err = err, info = info })
    found:add(index, job, err, info, code)
    if ctx.screen.failed then break end
  end
  ctx.clear()
  return found:finish()
end

return status
