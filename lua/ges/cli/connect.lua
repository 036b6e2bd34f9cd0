-- SPDX-License-Identifier: MIT
-- cli.connect: the only way from the command to the library: the options of the one become those of
-- the other, and what the library says comes back in the words of the command line.
-- Owns the translation. Called by the commands.

local copy = require("ges.util.copy")
local core = require("ges.core")
local ges = require("ges")

local env = require("ges.credentials.env")
local options = require("ges.cli.options")
local probe = require("ges.util.probe")
local secret = require("ges.cli.secret")

local connect = {}

-- The library's options by name, as they are written on the command line.
local WRITTEN = { job_id = "JOB", verify = "--no-verify" }

for _, rows in pairs(options.groups) do
  for _, row in ipairs(rows) do
    WRITTEN[row.name] = row.also and #row.flag == 2 and row.also or row.flag
  end
end

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
local function check_ids(values, getenv)
  if not values.endpoint and not values.region and not env.first(getenv, "region") then
    usage("where? give --region NAME (or --endpoint URL), or set GES_REGION or GES_ENDPOINT")
  end
  if not values.graph_id then usage("which graph? give --graph ID, or set GES_GRAPH_ID") end
  if lacks_project(values, getenv) then
    if values.project then
      usage("a token cannot look a project up by its name: give --project ID")
    end
    usage("which project? give --project ID, or set GES_PROJECT_ID")
  end
end

local function written_list(head, names)
  return head .. names:gsub("[%l_]+", WRITTEN)
end

-- A refused value is reported as "NAME why", behind its kind or by itself.
local function translate_refusal(text)
  local head, rest = text:match("^(ges: argument: )(.*)$")
  return (head or "") .. (rest or text):gsub("^[%l_]+%f[ ]", WRITTEN)
end

--- A text of the library with the command's names for the library's options. Only what the text
--- marks as an option is replaced, or what cannot be another word.
---@param text string
---@param kind? string of the failure that the text explains
---@return string
function connect.translate(text, kind)
  text = text:gsub("^ges%.[%l_]+: ", ""):gsub("option '([%l_]+)'", WRITTEN)
    :gsub("(only one of )([%l_, ]+)", written_list):gsub("([%l_]+) = %l+", WRITTEN)
  if kind == "argument" then text = translate_refusal(text) end
  return kind and text:gsub("%f[%w_./-]%l+_[%l_]+%f[^%w_/-]", WRITTEN) or text
end

-- Whether the service worded a failure: its words stay as they are.
local function is_quoted(info)
  return info.http_status ~= nil and info.kind ~= "argument" and info.kind ~= "credentials"
end

-- What came of a call or of a poll, with its texts translated. Returns `said`, changed.
local function reword(said)
  local info = said.info or {}
  for i, warning in ipairs(info.warnings or {}) do
    info.warnings[i] = connect.translate(warning)
  end
  if not said.err or is_quoted(info) then return said end
  said.err = connect.translate(said.err, info.kind)
  if info.message then info.message = connect.translate(info.message, info.kind) end
  return said
end

-- The options of a call, unless the library finds a mistake in them.
local function check(call, opts)
  local ok, err = pcall(core.prepare, call, 1, opts)
  if not ok then usage(connect.translate(tostring(err))) end
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
  check_ids(ctx.values, ctx.getenv)
  local opts = pick(ctx.values, call)
  if ctx.values.token_file then
    opts.credentials = secret.provider(ctx.values.token_file)
  end
  if ctx.values.verbose then opts.on_request = reporter(ctx) end
  opts.host = "plain"
  copy(extra, opts)
  local on_event = opts.on_event
  if on_event then
    opts.on_event = function(event) return on_event(reword(event)) end
  end
  return check(call, opts)
end

--- The endpoint and the transport's options alone, for doctor. Throws as above.
---@param ctx ges.cli.Context
---@return table
function connect.transport(ctx)
  local opts = pick(ctx.values, "ges.new", { options.groups.transport })
  opts.endpoint, opts.region, opts.cloud = ctx.values.endpoint, ctx.values.region, ctx.values.cloud
  return check("ges.new", opts)
end

--- Asks once about a job.
---@param opts table of `connect.options`, as for the following
---@return ges.Job? job
---@return string? err
---@return ges.Info info
function connect.status(opts)
  local job, err, info = ges.job_status(opts)
  local said = reword({ err = err, info = info })
  return job, said.err, info
end

--- Waits for one job, or for those of `opts.jobs`.
---@param opts table
---@return table[] results { job=, err=, info= } for each job, in order
function connect.wait(opts)
  if not opts.jobs then
    local job, err, info = ges.wait(opts)
    return { reword({ job = job, err = err, info = info }) }
  end
  local results, err, info = ges.wait_all(opts)
  if results then
    for _, one in ipairs(results) do reword(one) end
    return results
  end
  local said = reword({ err = err, info = info })
  results = {}
  for i in ipairs(opts.jobs) do results[i] = said end
  return results
end

--- The events of a wait, for a loop.
---@param opts table
---@return fun(): table?
function connect.watch(opts)
  local next_event = ges.watch(opts)
  return function()
    local event = next_event()
    return event and reword(event)
  end
end

--- Whether the service answers; as probe.ask.
---@param opts table of `connect.transport`
---@param await fun(is_over: fun(seconds: number): boolean)
---@return ges.Probe
function connect.probe(opts, await)
  return reword(probe.ask(opts, await))
end

return connect
