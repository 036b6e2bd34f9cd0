-- SPDX-License-Identifier: MIT
-- cli.connect: the only way from the command to the library: the options of the one become those of
-- the other, and what the library says comes back in the words of the command line.
-- Owns nothing. Called by the commands.

local copy = require("ges.util.copy")
local client = require("ges.client")
local core = require("ges.core")
local env = require("ges.credentials.env")
local options = require("ges.cli.options")
local probe = require("ges.util.probe")
local secret = require("ges.cli.secret")
local words = require("ges.cli.words")

local connect = {}

-- One for all calls of a run: a list and the wait for its jobs share connections and logins.
local made = client.new(nil, 1)

-- Seconds that are left for a wait whose time was over when its jobs were listed: 0 would mean to
-- ask once.
local LEAST = 0.001

local function usage(text)
  error({ usage = text }, 0)
end

local function is_set(getenv, name)
  return (getenv(name) or "") ~= ""
end

-- A bare token does not name its project, so a request without a project cannot succeed.
local function lacks_project(values, getenv)
  if values.project_id then return false end
  if not values.token_file and not is_set(getenv, "GES_TOKEN") then return false end
  return env.first(getenv, "project_id") == nil
end

-- Throws for a missing place, graph or project, in the words of the command line.
local function check_ids(ctx)
  local values, getenv = ctx.values, ctx.getenv
  if not values.endpoint and not values.region and not env.first(getenv, "region") then
    usage("no endpoint: give --region NAME (or --endpoint URL), or set GES_REGION or "
      .. "GES_ENDPOINT")
  end
  if not values.graph_id and not ctx.spec.needs_no_graph then
    usage("no graph: give --graph ID, or set GES_GRAPH_ID")
  end
  if lacks_project(values, getenv) then
    if values.project then
      usage("a token cannot look a project up by its name: give --project ID")
    end
    usage("no project: give --project ID, or set GES_PROJECT_ID")
  end
end

-- The options of a call, unless the library finds a mistake in them.
local function check(ctx, call, opts)
  local ok, err = pcall(core.prepare, call, 1, opts)
  if not ok then usage(words.translate(tostring(err), nil, words.names(ctx))) end
  return opts
end

-- The options that the call takes, of these groups or of all, by the library's names.
local function pick(values, call, groups)
  local opts = {}
  for _, rows in pairs(groups or options.groups) do
    for _, row in ipairs(rows) do
      if row.calls and row.calls[call] then opts[row.name] = values[row.name] end
    end
  end
  if values.no_verify then opts.verify = false end
  return opts
end

-- An `on_request` that writes a line for each HTTP attempt, for --verbose.
local function reporter(ctx)
  return function(info)
    local what = info.http_status and "HTTP " .. info.http_status or info.kind or "no answer"
    local id = info.request_id and ", request " .. info.request_id or ""
    ctx.message(("%s after %.3f s%s"):format(what, info.elapsed or 0, id))
  end
end

--- The options of one call of the library. Throws { usage = text } for a mistake.
---@param ctx ges.cli.Context
---@param call string the public name of the call
---@param extra table more options of the call
---@return table
function connect.options(ctx, call, extra)
  check_ids(ctx)
  local opts = pick(ctx.values, call)
  if ctx.values.token_file then
    opts.credentials = secret.provider(ctx.values.token_file)
  end
  if ctx.values.verbose then opts.on_request = reporter(ctx) end
  opts.host = "plain"
  copy(extra, opts)
  local on_event = opts.on_event
  if on_event then
    local names = words.names(ctx)
    opts.on_event = function(event) return on_event(words.reword(event, names)) end
  end
  return check(ctx, call, opts)
end

--- The endpoint and the transport's options alone, for doctor. Throws as above.
---@param ctx ges.cli.Context
---@return table
function connect.transport(ctx)
  local opts = pick(ctx.values, "ges.new", { options.groups.transport })
  opts.endpoint, opts.region, opts.cloud = ctx.values.endpoint, ctx.values.region, ctx.values.cloud
  return check(ctx, "ges.new", opts)
end

--- Asks once about a job.
---@param ctx ges.cli.Context as for the following
---@param opts table of `connect.options`, as for the following
---@return ges.Job? job
---@return string? err
---@return ges.Info info
function connect.status(ctx, opts)
  local job, err, info = made:job_status(opts)
  local said = words.reword({ err = err, info = info }, words.names(ctx))
  return job, said.err, info
end

-- A list, with what its failure or its warnings say translated.
local function reworded(ctx, list, err, info)
  local said = words.reword({ err = err, info = info }, words.names(ctx))
  return list, said.err, info
end

--- Lists jobs.
---@return ges.Job[]? jobs
---@return string? err
---@return ges.Info info
function connect.jobs(ctx, opts)
  return reworded(ctx, made:jobs(opts))
end

--- Lists the jobs that a wait with `jobs = "running"` would wait for. What is left of its time is
--- then that of the options.
---@param on_event fun(event: table) gets a `retry` after each attempt that failed
---@return { job_id: string }[]? jobs
---@return string? err
---@return ges.Info info
function connect.running(ctx, opts, on_event)
  local names = words.names(ctx)
  local jobs, err, info = client.running(made, opts, 1, function(why, about, delay)
    on_event(words.reword({ type = "retry", err = why, info = copy(about), delay = delay }, names))
  end)
  if jobs and opts.timeout ~= 0 then
    opts.timeout = math.max((opts.timeout or core.defaults.wait_timeout) - info.elapsed, LEAST)
  end
  return reworded(ctx, jobs, err, info)
end

--- Waits for one job, or for those of `opts.jobs`.
---@return table[] results { job=, err=, info= } for each job, in order
function connect.wait(ctx, opts)
  local names = words.names(ctx)
  if not opts.jobs then
    local job, err, info = made:wait(opts)
    return { words.reword({ job = job, err = err, info = info }, names) }
  end
  local results, err, info = made:wait_all(opts)
  if results then
    for _, one in ipairs(results) do words.reword(one, names) end
    return results
  end
  local said = words.reword({ err = err, info = info }, names)
  results = {}
  for i in ipairs(opts.jobs) do results[i] = said end
  return results
end

--- The events of a wait, for a loop.
---@return fun(): table?
function connect.watch(ctx, opts)
  local next_event, names = made:watch(opts), words.names(ctx)
  return function()
    local event = next_event()
    return event and words.reword(event, names)
  end
end

--- Whether the service answers; as probe.ask.
---@param opts table of `connect.transport`
---@param await fun(is_over: fun(seconds: number): boolean)
---@return ges.Probe
function connect.probe(ctx, opts, await)
  return words.reword(probe.ask(opts, await), words.names(ctx))
end

return connect
