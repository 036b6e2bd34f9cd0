-- SPDX-License-Identifier: MIT
-- cli.wait: `ges wait`: waits for jobs to their end and reports it. Owns nothing. Called by
-- ges.cli.

local connect = require("ges.cli.connect")
local exit = require("ges.cli.exit")
local listing = require("ges.cli.listing")
local progress = require("ges.cli.progress")
local results = require("ges.cli.results")
local resume = require("ges.cli.resume")

local wait = {
  name = "wait", summary = "wait until jobs are done", arguments = "jobs", resumes = true,
  instead = "--running",
  groups = { "where", "waiting", "many", "transport", "output" }, exit_codes = true,
  description = "Waits until jobs are done. The exit code tells the outcome; progress goes to "
    .. "stderr, the result to stdout. For several jobs the worst code counts, in the order "
    .. exit.worst_first() .. ". --running waits for all jobs of the graph that have not ended; "
    .. "if there are none, that is a success.",
  examples = {
    "ges wait --region cn-north-4 --project P --graph G JOB",
    "ges wait --timeout 2h --accept success,partial JOB1 JOB2 JOB3",
    "ges wait -q -o json JOB | jq .summary",
    "ges wait --graph G --running",
  },
}

local function code_of(err, info)
  return err and exit.of_kind(info.kind) or exit.OK
end

-- Throws unless there are jobs named or those that run are asked for. A JOB is nearer than the
-- variable of --running.
local function check_jobs(ctx)
  local values, flags = ctx.values, ctx.flags
  if #ctx.jobs == 0 and not values.running then
    error({ usage = "no job: give JOB, or --running for all running jobs of the graph" }, 0)
  elseif #ctx.jobs > 0 and flags.running then
    error({ usage = "give either JOB or --running, not both" }, 0)
  elseif #ctx.jobs > 0 then
    values.running = nil
  end
end

-- The jobs that run become those of the command line. Returns their list for the library, or nil
-- and what to exit with. A list that more time or other credentials would have read can be begun
-- again.
local function find_running(ctx, opts)
  function ctx.interrupted()
    ctx.message("no job was listed yet; to start again: " .. resume.command(ctx, {}))
  end
  local jobs, _, code = listing.ask(ctx, connect.running, opts, "the running jobs")
  if code == exit.DEADLINE or code == exit.AUTH then ctx.interrupted() end
  if not jobs then return nil, code end
  if #jobs == 0 then return nil, listing.none(ctx, "no job of the graph is waiting or running") end
  for i, job in ipairs(jobs) do ctx.jobs[i] = job.job_id end
  return jobs
end

-- The options of the wait for the jobs named, of which one needs no list.
local function options_of(ctx, on_event)
  if ctx.values.running then
    return connect.options(ctx, "ges.wait_all", { jobs = "running", on_event = on_event })
  elseif #ctx.jobs == 1 then
    return connect.options(ctx, "ges.wait", { job_id = ctx.jobs[1], on_event = on_event })
  end
  local jobs = {}
  for i, id in ipairs(ctx.jobs) do jobs[i] = { job_id = id } end
  return connect.options(ctx, "ges.wait_all", { jobs = jobs, on_event = on_event })
end

---@param ctx ges.cli.Context
---@return integer code
function wait.run(ctx)
  local found, view
  local function on_event(event)
    ctx.check()
    view:event(event)
    ctx.warn(event.info)
    if event.type == "done" then
      found:add(event.index or 1, event.job, event.err, event.info, code_of(event.err, event.info))
    end
    return ctx.screen:is_read()
  end
  check_jobs(ctx)
  local opts = options_of(ctx, on_event)
  if ctx.values.running then
    local jobs, code = find_running(ctx, opts)
    if not jobs then return code end
    opts.jobs = jobs
  end
  found, view = results.new(ctx), progress.new(ctx, ctx.jobs)
  ctx.values.running = nil -- they are named now, also in a command to resume with
  ctx.watch(view)
  function ctx.interrupted(code, how)
    found:break_off(view.track.jobs, code, how)
  end
  ctx.begin()
  local all = connect.wait(ctx, opts)
  ctx.check()
  if ctx.screen.failed then -- what is still open is of no interest to a reader that has left
    ctx.clear()
    return exit.OUTPUT
  end
  for index, one in ipairs(all) do
    found:add(index, one.job, one.err, one.info, code_of(one.err, one.info))
  end
  view:finish()
  return found:finish()
end

return wait
