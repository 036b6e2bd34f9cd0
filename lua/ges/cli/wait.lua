-- SPDX-License-Identifier: MIT
-- cli.wait: `ges wait`: waits for jobs to their end and reports it. Owns nothing. Called by
-- ges.cli.

local connect = require("ges.cli.connect")
local exit = require("ges.cli.exit")
local progress = require("ges.cli.progress")
local results = require("ges.cli.results")

local wait = {
  name = "wait", summary = "wait until jobs are done", arguments = "jobs", resumes = true,
  groups = { "where", "waiting", "many", "transport", "output" }, exit_codes = true,
  description = "Waits until jobs are done. The exit code says how they did; progress goes to "
    .. "stderr, the result to stdout. Of several jobs the worst code counts, in the order "
    .. exit.worst_first() .. ".",
  examples = {
    "ges wait --region cn-north-4 --project P --graph G JOB",
    "ges wait --timeout 2h --accept success,partial JOB1 JOB2 JOB3",
    "ges wait -q -o json JOB | jq .summary",
  },
}

local function code_of(err, info)
  return err and exit.of_kind(info.kind) or exit.OK
end

-- The options of the wait for the jobs named, of which one needs no list.
local function options_of(ctx, on_event)
  if #ctx.jobs == 1 then
    return connect.options(ctx, "ges.wait", { job_id = ctx.jobs[1], on_event = on_event })
  end
  local jobs = {}
  for i, id in ipairs(ctx.jobs) do jobs[i] = { job_id = id } end
  return connect.options(ctx, "ges.wait_all", { jobs = jobs, on_event = on_event })
end

---@param ctx ges.cli.Context
---@return integer code
function wait.run(ctx)
  local found, view = results.new(ctx), progress.new(ctx, ctx.jobs)
  ctx.watch(view)
  function ctx.interrupted(code)
    found:break_off(view.track.jobs, code)
  end
  local function on_event(event)
    ctx.check()
    view:event(event)
    found.warn(event.info)
    if event.type == "done" then
      found:add(event.index or 1, event.job, event.err, event.info, code_of(event.err, event.info))
    end
  end
  local opts = options_of(ctx, on_event)
  ctx.begin()
  local all = connect.wait(ctx, opts)
  ctx.check()
  for index, one in ipairs(all) do
    found:add(index, one.job, one.err, one.info, code_of(one.err, one.info))
  end
  view:finish()
  return found:finish()
end

return wait
