-- SPDX-License-Identifier: MIT
-- cli.watch: `ges watch`: writes the events of one wait as JSON lines. Owns nothing. Called by
-- ges.cli.

local connect = require("ges.cli.connect")
local exit = require("ges.cli.exit")
local json = require("ges.json")
local output = require("ges.cli.output")
local record = require("ges.cli.record")
local results = require("ges.cli.results")
local resume = require("ges.cli.resume")

local watch = {
  name = "watch", summary = "write the events of a wait as JSON lines", arguments = "job",
  groups = { "where", "waiting", "transport", "output" }, exit_codes = true,
  description = "Waits for a job and writes what happens as JSON lines: poll, change, retry, "
    .. "warning and, at the end, done.",
  examples = {
    "ges watch JOB | jq -r 'select(.type == \"change\") | .job.status'",
  },
}

---@param ctx ges.cli.Context
---@return integer code
function watch.run(ctx)
  -- Only the flag counts: GES_OUTPUT is meant for the other commands.
  local form = ctx.flags.output
  if form and not output.form(form).has_events then
    error({ usage = "watch writes JSON lines: leave out -o " .. form }, 0)
  end
  local opts = connect.options(ctx, "ges.watch", { job_id = ctx.jobs[1] })
  local ids = { project_id = ctx.values.project_id, graph_id = ctx.values.graph_id,
    job_id = ctx.jobs[1] }
  local over
  function ctx.interrupted()
    return not over and resume.text(ctx, ctx.jobs) or nil
  end
  if ctx.screen.live and not ctx.values.quiet then
    ctx.message("waiting for job " .. ctx.jobs[1])
  end
  local last, warn = {}, results.warner(ctx)
  for event in connect.watch(ctx, opts) do
    ctx.check()
    over, last = event.type == "done", event
    warn(event.info)
    if not ctx.screen:write(assert(json.encode(record.event(ids, event, ctx.date()))) .. "\n") then
      break
    end
  end
  if not last.err then return exit.OK end
  local kind = last.info and last.info.kind
  ctx.message(last.err)
  if kind == "deadline" then ctx.message(resume.text(ctx, ctx.jobs)) end
  return exit.of_kind(kind)
end

return watch
