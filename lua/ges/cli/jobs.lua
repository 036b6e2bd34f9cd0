-- SPDX-License-Identifier: MIT
-- cli.jobs: `ges jobs`: lists the jobs of a project or of one graph. Owns nothing. Called by
-- ges.cli.

local connect = require("ges.cli.connect")
local core = require("ges.core")
local exit = require("ges.cli.exit")
local job_of = require("ges.job")
local listing = require("ges.cli.listing")
local record = require("ges.cli.record")

local jobs = {
  name = "jobs", summary = "list the jobs of a graph or a project",
  groups = { "where", "listing", "once", "transport", "output" }, exit_codes = true,
  needs_no_graph = true,
  description = "Lists the jobs of a graph, or, without --graph and --graph-name, those of the "
    .. "project. The exit code is 0 when the list was read, even if jobs failed or there are none.",
  examples = {
    "ges jobs --region cn-north-4 --project P --since 2h",
    "ges jobs --graph G --status running -o json | jq -r '.[].job_id'",
  },
}

-- What --since says, as the library takes it.
local function start_time(since)
  return type(since) == "number" and math.max(os.time() - since, 0) or since
end

local function records_of(values, list, info)
  local records = {}
  for i, job in ipairs(list) do
    local ids = { project_id = values.project_id, graph_id = values.graph_id, job_id = job.job_id }
    local code = exit.of_job(job_of.summary(job), values.accept)
    records[i] = record.new(ids, job, nil, info, code)
  end
  return records
end

local function why_none(values)
  local whose = values.graph_name and "graph named " .. values.graph_name
    or values.graph_id and "graph" or "project"
  local is_filtered = values.status or values.start_time
  return ("no job of the %s %s"):format(whose, is_filtered and "matches" or "is listed")
end

---@param ctx ges.cli.Context
---@return integer code
function jobs.run(ctx)
  local values = ctx.values
  local opts = connect.options(ctx, "ges.jobs", { start_time = start_time(values.start_time) })
  local list, info, code = listing.ask(ctx, connect.jobs, opts)
  if not list then return code end
  if #list == 0 then return listing.none(ctx, why_none(values)) end
  listing.write(ctx, records_of(values, list, info))
  if #list == core.defaults.limit and not values.limit and not values.quiet then
    ctx.message(("%d jobs are listed; there may be more: see --limit"):format(#list))
  end
  return exit.OK
end

return jobs
