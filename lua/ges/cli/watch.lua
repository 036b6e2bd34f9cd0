-- SPDX-License-Identifier: MIT
-- cli.watch: `ges watch`: writes the events of one wait as JSON lines. Owns nothing. Called by
-- ges.cli.

local connect = require("ges.cli.connect")
local exit = require("ges.cli.exit")
local failure = require("ges.error")
local json = require("ges.json")
local output = require("ges.cli.output")
local record = require("ges.cli.record")
local results = require("ges.cli.results")
local resume = require("ges.cli.resume")

local watch = {
  name = "watch", summary = "write the events of a wait as JSON lines", arguments = "job",
  groups = { "where", "waiting", "transport", "events" }, exit_codes = true,
  description = "Waits for a job and writes its events as JSON lines: poll, change, retry, warning "
    .. "and, at the end, done.",
  examples = {
    "ges watch JOB | jq -r 'select(.type == \"change\") | .job.status'",
  },
}

local function nothing() end

-- A progress that says on a terminal what the command waits for, once a request is under way: a
-- mistake ends the wait before.
local function announcer(ctx)
  local is_said = ctx.values.quiet or not ctx.screen.live
  return { begin = nothing, clear = nothing, tick = function()
    if is_said then return end
    is_said = true
    ctx.message("waiting for job " .. ctx.jobs[1])
  end }
end

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
  local over, is_known = false, false
  function ctx.interrupted()
    if not over then ctx.message(resume.text(ctx, ctx.jobs, is_known)) end
  end
  ctx.watch(announcer(ctx))
  ctx.begin()
  local last = {}
  for event in connect.watch(ctx, opts) do
    ctx.check()
    over, last, is_known = event.type == "done", event, is_known or event.job ~= nil
    ctx.warn(event.info)
    if not ctx.screen:write(assert(json.encode(record.event(ids, event, ctx.date()))) .. "\n") then
      break
    end
  end
  if not last.err then return exit.OK end
  local info = last.info or {}
  local code = exit.of_kind(info.kind)
  results.explain(ctx, record.new(ids, last.job, last.err, info, code), last.err)
  if failure.goes_on(info.kind, info.job) then
    ctx.message(resume.text(ctx, ctx.jobs, is_known))
  end
  return code
end

return watch
