-- SPDX-License-Identifier: MIT
-- wait: the waiting calls, from their options to a run of the scheduler and back.
-- Owns nothing but the handles it gives out. Called by ges.client.

local auth = require("ges.auth")
local call = require("ges.call")
local core = require("ges.core")
local failure = require("ges.failure")
local resume = require("ges.resume")
local scheduler = require("ges.scheduler")
local waiter = require("ges.waiter")

local wait = {}

local TIMEOUT, IN_FLIGHT, RATE = 3600, 8, 50

local OUTCOMES = { success = true, partial = true, failed = true, unknown = true }

-- The options that only mean something while waiting. Mistakes throw at `level`.
local function check(settings, name, level)
  for _, word in ipairs(settings.accept or {}) do
    if not OUTCOMES[word] then
      error(name .. ": option 'accept' must be a list of success, partial, failed, unknown",
        level + 1)
    end
  end
  local word = settings.on_unknown
  if word and word ~= "wait" and word ~= "error" then
    error(name .. ": option 'on_unknown' must be wait or error", level + 1)
  end
end

-- What all waiters of a call share.
local function waiter_settings(one)
  local settings = one.settings
  return {
    timeout = settings.timeout or TIMEOUT, request_timeout = one.req.request_timeout,
    interval = settings.interval, schedule = settings.schedule, accept = settings.accept,
    not_found_grace = settings.not_found_grace, on_unknown = settings.on_unknown,
    random = core.random,
    clean = function(text) return failure.clean(text, auth.secrets(one)) end,
  }
end

-- Takes the ids and the beginning from the text of an earlier wait.
local function take_resume(one)
  local text, req = one.settings.resume, one.req
  if not text then return true end
  local parts, why = resume.read(text)
  if not parts then return failure.new("argument", "option 'resume' " .. why) end
  for _, name in ipairs({ "project_id", "graph_id", "job_id" }) do
    if req[name] and req[name] ~= parts[name] then
      return failure.new("argument", "option 'resume' is for another " .. name:gsub("_id", ""))
    end
    req[name] = parts[name]
  end
  one.began = parts.began
  return true
end

-- A run of one job.
local function run_one(state, name, level, opts)
  local one, err, info = call.new(state, name, level + 1, opts)
  if not one then return nil, err, info end
  check(one.settings, name, level + 1)
  local ok
  ok, err, info = take_resume(one)
  if not ok then return nil, err, info end
  one.began = one.began or os.time()
  local settings = waiter_settings(one)
  settings.started = math.max(0, os.time() - one.began)
  local req = one.req
  local item = {
    waiter = waiter.new(settings), project_id = req.project_id, graph_id = req.graph_id,
    job_id = req.job_id, index = 1,
  }
  return scheduler.new(one, { item }, { timeout = settings.timeout }), item
end

-- The line to go on with, where the job may still be running.
local function add_resume(run, item, info)
  local project = item.project_id or run.project_id
  if not item.job and project and not info.resume then
    info.resume = resume.write(
      { project_id = project, graph_id = item.graph_id, job_id = item.job_id }, run.call.began)
  end
end

local function result(run, item)
  add_resume(run, item, item.info)
  return item.job, item.err, item.info
end

--- Waits for one job, to its end.
function wait.wait(state, level, opts)
  local run, item, info = run_one(state, "ges.wait", level + 1, opts)
  if not run then return nil, item, info end
  run:finish(run.call.settings.on_event)
  return result(run, item)
end

--- The same as a loop over events; the last one is `done`.
function wait.watch(state, level, opts)
  local run, item, info = run_one(state, "ges.watch", level + 1, opts)
  local over = false
  if not run then
    return function()
      if over then return nil end
      over = true
      return { type = "done", err = item, info = info, attempt = 0, elapsed = 0 }
    end
  end
  local closer = setmetatable({}, { __close = function() run:abandon() end })
  return function()
    local event = run:event()
    while not event and not over and run.left > 0 do
      run:step()
      event = run:event()
    end
    if event and event.type == "done" then
      over = true
      add_resume(run, item, event.info)
    end
    return event
  end, nil, nil, closer
end

---@class ges.Handle
local handle_methods = {}
local handle_mt = { __name = "ges.handle", __index = handle_methods, __metatable = "locked" }
local handles = setmetatable({}, { __mode = "k" })

-- Delivers what there is to hear; the listener may have cancelled.
local function hear(run)
  run.listener = run:deliver(run.listener)
end

--- Moves the wait on without waiting.
---@return boolean over
---@return ges.Job? job when over the verdict, else the last job seen
---@return string? err
---@return ges.Info? info
function handle_methods:poll()
  local h = handles[self]
  if not h.item.done then
    h.run:step(0)
    hear(h.run)
  end
  if not h.item.done then return false, h.item.waiter.job end
  return true, result(h.run, h.item)
end

--- Waits to the end.
---@return ges.Job? job
---@return string? err
---@return ges.Info info
function handle_methods:wait()
  local h = handles[self]
  h.run:finish(h.run.listener)
  return result(h.run, h.item)
end

--- Ends the wait, from wherever it is called; the job itself goes on.
function handle_methods:cancel()
  local h = handles[self]
  if not h.item.done then h.run:cancel() end
end

--- A wait in the making.
function wait.start(state, level, opts)
  local run, item, info = run_one(state, "ges.start", level + 1, opts)
  if not run then return nil, item, info end
  local self = setmetatable({}, handle_mt)
  run.listener = run.call.settings.on_event
  handles[self] = { run = run, item = item }
  return self
end

-- One item of a call for many. What is wrong with one job is that job's own failure.
local function many_item(one, settings, level, index, entry)
  local top = one.req
  local ids = core.options("jobs", level + 1, entry)
  local project = ids.project_id or top.project_id
  local graph = ids.graph_id or top.graph_id
  local job = ids.job_id or top.job_id
  local missing = not graph and "graph_id" or not job and "job_id"
    or not project and not one.source and "project_id"
  if missing then
    error(("ges.wait_all: jobs[%d]: option '%s' is missing"):format(index, missing), level + 1)
  end
  return {
    waiter = waiter.new(settings), project_id = project, graph_id = graph, job_id = job,
    index = index,
  }
end

-- A run of many jobs.
local function run_many(state, name, level, opts)
  local one, err, info = call.new(state, name, level + 1, opts)
  if not one then return nil, err, info end
  check(one.settings, name, level + 1)
  one.began = os.time()
  local settings, items = waiter_settings(one), {}
  if settings.timeout > 0 then settings.deadline = core.now() + settings.timeout end
  for index, entry in ipairs(one.settings.jobs) do
    items[index] = many_item(one, settings, level + 1, index, entry)
  end
  return scheduler.new(one, items, {
    timeout = settings.timeout == 0 and math.huge or settings.timeout,
    max_in_flight = one.settings.max_in_flight or IN_FLIGHT,
    max_rate = one.settings.max_rate or RATE,
  }), items
end

--- Waits for many jobs; the results come in their order.
function wait.wait_all(state, level, opts)
  local run, items, info = run_many(state, "ges.wait_all", level + 1, opts)
  if not run then return nil, items, info end
  run:finish(run.call.settings.on_event)
  local results = {}
  for index, item in ipairs(items) do
    add_resume(run, item, item.info)
    results[index] = { job = item.job, err = item.err, info = item.info }
  end
  return results
end

--- Waits until one of many jobs is over, well or not.
function wait.wait_any(state, level, opts)
  local run, items, info = run_many(state, "ges.wait_any", level + 1, opts)
  if not run then return nil, nil, items, info end
  if #items == 0 then
    local _, why, none = failure.new("argument", "option 'jobs' is empty")
    return nil, nil, why, none
  end
  run:finish(run.call.settings.on_event, function() return true end)
  local first = run.settled
  run:abandon()
  return first.index, result(run, first)
end

return wait
