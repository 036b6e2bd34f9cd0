-- SPDX-License-Identifier: MIT
-- wait: the waiting calls, from their options to a run of the scheduler and back.
-- Owns the handles. Called by ges.client.

local call = require("ges.call")
local copy = require("ges.util.copy")
local core = require("ges.core")
local failure = require("ges.error")
local list = require("ges.call.list")
local patient = require("ges.wait.patient")
local resume = require("ges.wait.resume")
local scheduler = require("ges.wait.scheduler")

local wait = {}
local DEFAULT = core.defaults

-- What all waiters of a call share, besides its options. `watched`: the call returns the events.
local function facts_of(one, span, watched)
  local settings = one.settings
  return {
    defaults = DEFAULT, random = core.random, started = math.max(0, os.time() - one.began),
    deadline = span.timeout > 0 and span.deadline or nil, next_at = span.next_at,
    silent = not watched and not settings.on_event,
    clean = function(text) return one.request:clean(text) end,
  }
end

-- Takes the ids and the beginning from the text of an earlier wait.
local function take_resume(one)
  local text = one.settings.resume
  if not text then return true end
  local parts, why = resume.read(text)
  if not parts then return failure.new("argument", "option 'resume' " .. why) end
  local project, graph, job = one.request:ids()
  local ids = { project = project, graph = graph, job = job }
  for _, name in ipairs { "project", "graph", "job" } do
    if ids[name] and ids[name] ~= parts[name .. "_id"] then
      return failure.new("argument", "option 'resume' is for another " .. name)
    end
  end
  one.began = parts.began
  return one.request:bind(parts)
end

local function span_of(settings)
  return call.span(settings.timeout or DEFAULT.wait_timeout)
end

-- Lists the jobs that run on the call's graph, within its time and with the patience of a wait.
local function list_running(one, span, on_retry)
  span.run = patient.new(one, span, facts_of(one, span), "the running jobs could not be listed",
    on_retry)
  return list.running(one, span)
end

-- Takes the jobs that run for those of the call.
local function take_running(one, span)
  local jobs, err, info = list_running(one, span)
  if not jobs then return nil, err, info end
  one.settings = copy(one.settings)
  one.settings.jobs, one.listing = jobs, info
  return true
end

-- The run of a call, of one job or many; of a refused call, or where the jobs could not be listed,
-- the failure and its options.
local function begin(state, name, level, opts)
  local one, ok, err, info, settings
  one, err, info, settings = call.new(state, name, level + 1, opts)
  if not one then return nil, err, info, settings end
  settings, one.began = one.settings, os.time()
  ok, err, info = take_resume(one)
  if not ok then return nil, err, info, settings end
  local span = span_of(settings)
  if type(settings.jobs) == "string" then
    ok, err, info = take_running(one, span)
    if not ok then return nil, err, info, settings end
  end
  local facts = facts_of(one, span, name == "ges.watch")
  if not settings.jobs then return scheduler.new(one, facts) end
  return scheduler.new(one, facts, settings.max_in_flight or DEFAULT.max_in_flight,
    settings.max_rate or DEFAULT.max_rate)
end

-- Adds the text to resume with, where the job may still be running.
local function add_resume(run, n)
  local job, info = run.verdicts[n].job, run.verdicts[n].info
  if job or info.resume or failure.about(info.kind).final then return end
  local project, graph, id = run:ids(n)
  project = project or run.project_id
  if project then
    info.resume = resume.write(
      { project_id = project, graph_id = graph, job_id = id }, run.call.began)
  end
end

-- An error may have ended a run in the middle of its own cancelling.
local function result(run, n)
  if not run.verdicts[n] then run:cancel() end
  add_resume(run, n)
  local verdict = run.verdicts[n]
  return verdict.job, verdict.err, verdict.info
end

-- Reports a call that was refused before it began: the one event of each of its jobs goes to the
-- listener. Returns the events; nil where nothing is known of its jobs.
local function refuse(settings, err, info)
  local events, listener = {}, settings.on_event
  local jobs = settings.jobs or { n = 1, job_id = { settings.job_id } }
  if type(jobs) == "string" then return nil end
  for n = 1, jobs.n do
    events[n] = { type = "done", err = err, info = copy(info), attempt = 0, elapsed = 0, index = n,
      job_id = jobs.job_id[n] }
    if listener and listener(events[n]) == false then listener = nil end
  end
  return events
end

--- Waits for one job, to its end.
function wait.wait(state, level, opts)
  local run, err, info, settings = begin(state, "ges.wait", level + 1, opts)
  if not run then
    refuse(settings, err, info)
    return nil, err, info
  end
  run:finish(run.call.settings.on_event)
  return result(run, 1)
end

--- The same as a loop over events; the last one is `done`.
function wait.watch(state, level, opts)
  local run, err, info, settings = begin(state, "ges.watch", level + 1, opts)
  local over = false
  if not run then
    return function()
      if over then return nil end
      over = true
      return refuse(settings, err, info)[1]
    end
  end
  local on_event = run.call.settings.on_event
  local closer = setmetatable({}, { __close = function() run:abandon() end })
  return function()
    local event = run:event()
    while not event and not over and run:goes_on() do
      run:step()
      event = run:event()
    end
    if not event then return nil end
    if event.type == "done" then
      over = true
      add_resume(run, 1)
    end
    if on_event and on_event(event) == false then
      on_event = nil
      run:cancel()
    end
    return event
  end, nil, nil, closer
end

--- Begins a wait, for the caller to poll. The methods of the handle are closures: it shows nothing
--- of the run, which holds secrets, and a listener that references its own handle keeps neither
--- alive.
function wait.start(state, level, opts)
  local run, err, info, settings = begin(state, "ges.start", level + 1, opts)
  if not run then
    refuse(settings, err, info)
    return nil, err, info
  end
  local listener = run.call.settings.on_event
  local handle = setmetatable({}, { __name = "ges.handle", __metatable = "locked" })
  function handle.poll()
    if not run.settled then run:step(0) end
    listener = run:deliver(listener)
    if not run.settled then return false, run:seen(1) end
    return true, result(run, 1)
  end
  function handle.wait()
    run:finish(listener)
    return result(run, 1)
  end
  function handle.cancel()
    if not run.settled then run:cancel() end
  end
  return handle
end

--- Waits for many jobs; the results come in their order. Of those that run each has its id, and
--- the info of their list is returned, too.
function wait.wait_all(state, level, opts)
  local run, err, info, settings = begin(state, "ges.wait_all", level + 1, opts)
  if not run then
    local results = refuse(settings, err, info)
    if not results then return nil, err, info end
    for n, event in ipairs(results) do results[n] = { err = event.err, info = event.info } end
    return results
  end
  run:finish(run.call.settings.on_event)
  for n = 1, run.n do result(run, n) end
  local listing = run.call.listing
  if not listing then return run.verdicts end
  for n = 1, run.n do run.verdicts[n].job_id = run.jobs.job_id[n] end
  return run.verdicts, nil, listing
end

--- Lists the jobs that run on a graph, within the time of a wait: for the command, which has to
--- name them while it waits. The options are those of a `wait_all` with `jobs = "running"`.
---@param on_retry? fun(err: string, info: ges.Info, delay: number) after each attempt that failed
---@return { job_id: string }[]? jobs, string? err, ges.Info info
function wait.running(state, level, opts, on_retry)
  local one, err, info = call.new(state, "ges.wait_all", level + 1, opts)
  if not one then return nil, err, info end
  one.began = os.time()
  local ids, why, about = list_running(one, span_of(one.settings), on_retry)
  if not ids then return nil, why, about end
  local jobs = {}
  for n = 1, ids.n do jobs[n] = { job_id = ids.job_id[n] } end
  return jobs, nil, about
end

-- Adds what the list of the running jobs cost, and its warnings, to the info of one of them.
local function add_listing(info, listing)
  info.attempts, info.elapsed = info.attempts + listing.attempts, info.elapsed + listing.elapsed
  info.warnings = info.warnings or listing.warnings and {}
  for _, text in ipairs(listing.warnings or {}) do table.insert(info.warnings, text) end
end

-- The failure of a wait for one of no jobs.
local function none_runs(listing)
  if not listing then return failure.new("argument", "option 'jobs' is empty") end
  return failure.new("argument", "no job of the graph is waiting or running", copy(listing))
end

--- Waits until one of many jobs is over, whatever its outcome. Of those that run the info has its
--- id.
function wait.wait_any(state, level, opts)
  local run, err, info, settings = begin(state, "ges.wait_any", level + 1, opts)
  local events = not run and refuse(settings, err, info)
  if events and events[1] then return 1, nil, err, info end
  if not run and not events then return nil, nil, err, info end
  local listing = run and run.call.listing
  if not run or run.n == 0 then return nil, none_runs(listing) end
  run:finish(run.call.settings.on_event, true)
  run:abandon()
  local n = run.settled
  local job, why, about = result(run, n)
  if listing then
    about.job_id = run.jobs.job_id[n]
    add_listing(about, listing)
  end
  return n, job, why, about
end

return wait
