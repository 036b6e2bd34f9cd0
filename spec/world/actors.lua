-- SPDX-License-Identifier: MIT
-- world.actors: the programs of a world: each makes a call of the library and sees what comes of
-- it.
-- Owns the records of the calls, which the laws are held against. Used by world.world.

local callbacks = require("world.callbacks")
local clock = require("world.clock")
local creds = require("world.creds")
local endings = require("world.endings")
local iam = require("world.iam")

local actors = {}

local WAITS = { wait = true, watch = true, start = true, wait_all = true, wait_any = true }
local MANY = { wait_all = true, wait_any = true }
local WAIT_TIMEOUT, TIMEOUT = 3600, 30

local function new_slot()
  return { started = 0, active = 0, delivered = 0, dropped = 0, renewals = 0, answers = {} }
end

-- The jobs of a call, with their lives from now on.
local function add_jobs(world, record, action)
  local now = world.clock.now
  for n, life in ipairs(action.jobs or {}) do
    world.service:add_job({
      id = ("%s-j%d"):format(record.id, n), key = ("%s.%d"):format(action.key, n), record = record,
      n = n, visible = now + life.visible, starts = now + life.starts, ends = now + life.ends,
      outcome = life.outcome, early = life.early, middle = life.middle, graph = record.graph,
    })
  end
end

-- What bounds a call, as its options say.
local function read_bounds(record, action)
  local opts, call = action.opts, action.call
  local timeout = opts.timeout or (WAITS[call] and WAIT_TIMEOUT or TIMEOUT)
  record.timeout = timeout
  record.deadline = record.began + timeout
  if timeout == 0 then record.deadline = math.huge end
  if MANY[call] then
    record.max_rate, record.max_in_flight = opts.max_rate or 50, opts.max_in_flight or 8
  end
  record.is_wait = WAITS[call]
  record.request_timeout = opts.request_timeout or 15
  record.once = timeout == 0 or call == "request" and action.method == "POST"
  if call == "job_status" or call == "request" then
    record.most_attempts = (opts.retries or 2) + 1
  end
  record.accept, record.on_unknown = opts.accept, opts.on_unknown
end

--- The record of a call that begins.
local function new_record(world, action)
  local n = #world.in_order + 1
  local id = ("c%d"):format(n)
  local record = { id = id, name = ("call %d (%s)"):format(n, action.call), graph = "g" .. id,
    client = action.client or 1, action = action, began = world.clock.now, in_flight = 0,
    n = #(action.jobs or {}), slots = { [0] = new_slot() }, may_throw = {}, results = {},
    reports = 0, host = action.host, call = action.call, running = action.running,
    poll_every = action.call == "start" and action.poll_every or 0 }
  for k = 1, record.n do record.slots[k] = new_slot() end
  world.in_order[n], world.records[id], world.records[record.graph] = record, record, record
  read_bounds(record, action)
  add_jobs(world, record, action)
  return record
end

-- The options of a call.
local function options_of(world, record, action)
  local opts = { project_id = action.project or iam.PROJECT, host = action.host }
  for name, value in pairs(action.opts) do opts[name] = value end
  if action.call == "request" then
    opts.path, opts.method = "/call/" .. record.id, action.method
  else
    opts.graph_id = record.graph
  end
  if MANY[action.call] then
    opts.jobs = action.running and "running" or {}
    for k = 1, action.running and 0 or record.n do
      opts.jobs[k] = { job_id = ("%s-j%d"):format(record.id, k) }
    end
  elseif action.call ~= "request" and action.call ~= "jobs" then
    opts.job_id = record.id .. "-j1"
  end
  creds.give(world, record, action, opts)
  callbacks.give(world, record, action, opts)
  return opts
end

local function keep(record, n, value, err, info)
  record.results[n] = { value = value, err = err, info = info }
end

-- How each call is made. What it returns is kept in the record.
local calls = {}

function calls.job_status(client, record, opts) keep(record, 1, client:job_status(opts)) end
function calls.wait(client, record, opts) keep(record, 1, client:wait(opts)) end
function calls.request(client, record, opts) keep(record, 0, client:request(opts)) end

function calls.watch(client, record, opts, world, action)
  local events = 0
  for event in client:watch(opts) do
    events = events + 1
    endings.check_event(world.laws, record, event)
    if event.type == "done" then keep(record, 1, event.job, event.err, event.info) end
    if events == action.break_at and event.type ~= "done" then
      record.cancel_asked, record.leaves_early = true, true
      break
    end
    callbacks.pause(world, record, action, events)
  end
end

function calls.start(client, record, opts, world, action)
  local handle, err, info = client:start(opts)
  if not handle then return keep(record, 1, nil, err, info) end
  record.handle, record.is_slow = handle, true
  local polls, done, job = 0, false, nil
  while not done do
    polls = polls + 1
    if polls == action.cancel_at then
      record.cancel_asked = true
      handle:cancel()
      record.stopped = record.stopped or "cancel"
    end
    if polls == action.wait_at then
      return keep(record, 1, handle:wait())
    end
    done, job, err, info = handle:poll()
    if not done then callbacks.sleep(world, record, action.poll_every or 1) end
  end
  keep(record, 1, job, err, info)
  local again, same, _, about = handle:poll()
  if not again or same ~= job or about ~= info then
    world.laws:broken("one verdict", "%s tells another verdict later", record.name)
  end
end

function calls.wait_all(client, record, opts)
  local results, err, info = client:wait_all(opts)
  if not results then return keep(record, 0, nil, err, info) end
  for n, result in ipairs(results) do
    keep(record, endings.place(record, result.job_id, n), result.job, result.err, result.info)
  end
  record.count = not record.running and #results or nil
end

function calls.wait_any(client, record, opts)
  local n, job, err, info = client:wait_any(opts)
  record.leaves_early = true
  keep(record, n and endings.place(record, info.job_id, n) or 0, job, err, info)
end

function calls.jobs(client, record, opts)
  local list, err, info = client:jobs(opts)
  record.list = list
  if not list then keep(record, 0, nil, err, info) end
end

-- The end of a call. A call that holds the process up is none of the others' doing.
local function finish(world, record)
  record.ended = world.clock.now
  record.stopped = record.stopped or "return"
  if record.host == "plain" or record.holds then
    world.clock:hold(record.began, record.ended, record)
  end
  if record.count and record.count ~= record.n then
    world.laws:broken("one verdict", "%s returns %d results for %d jobs", record.name,
      record.count, record.n)
  end
  world.laws:ended(record)
end

--- Makes a call, and holds its end against the laws. `inside`: in the middle of other code, which
--- goes on when the call has ended.
function actors.perform(world, action, inside)
  local record = new_record(world, action)
  record.inside = inside
  local client = world:client(record.client)
  record.thread = coroutine.running()
  if world.closed_at[record.client] then
    record.may_throw["attempt to use a closed ges.client"] = true
  end
  local opts = options_of(world, record, action)
  local outer = world.inside
  if inside then world.inside = record end
  local ok, why = pcall(function() calls[action.call](client, record, opts, world, action) end)
  if inside then world.inside = outer end
  record.ok, record.thrown = ok, why
  if not ok and type(why) == "string" then record.thrown = why:gsub("^[^:]*:%d+: ", "") end
  finish(world, record)
  return record
end

--- An error of a script's own reached code of the world's that is no call.
function actors.caught(world, why)
  if not (type(why) == "string" and why:find("made-up", 1, true)) then
    world.laws:broken("nothing is thrown", "the loop met %s", tostring(why))
  end
end

local function begin(world, action)
  if action.host == "plain" then return actors.perform(world, action) end
  local co = coroutine.create(function() actors.perform(world, action) end)
  world.loop:resume(co)
  if action.abandon_after then
    world.loop:at(world.clock.now + action.abandon_after, function()
      if coroutine.status(co) ~= "suspended" then return end
      world.loop:abandon(co)
      world.was_abandoned = true
      for _, record in ipairs(world.in_order) do
        if record.thread == co and not record.ended then record.abandoned = true end
      end
    end)
  end
end

local acts = {}

function acts.close(world, act) world:close(act.client or 1) end

function acts.ask(world, act)
  world.was_asked = true
  actors.perform(world, act.call, true)
end

--- A call in a coroutine of its own, which the loop goes on with.
function acts.begin(world, act)
  world.was_asked = true
  begin(world, act.call)
end

function acts.throw(world)
  world.lost = world.lost + 1
  for _, record in ipairs(world.in_order) do
    record.may_throw["made-up interrupt"] = true
    record.cancel_asked = true
  end
  error("made-up interrupt", 0)
end

function acts.cancel(world)
  for _, record in ipairs(world.in_order) do
    if record.handle and not record.ended then
      record.cancel_asked = true
      record.handle:cancel()
    end
  end
end

-- What has to log in waits for that, which code in the middle cannot do in an event loop.
function acts.poll(world)
  for _, record in ipairs(world.in_order) do
    if record.handle and not record.ended and not record.may_lack then
      world:guarded(function() record.handle:poll() end)
    end
  end
end

function acts.collect()
  collectgarbage()
end

--- Does what a script says.
function actors.act(world, act)
  acts[act.act](world, act)
end

local does = {}

function does.call(world, action) begin(world, action) end
function does.act(world, action) world:guarded(function() actors.act(world, action.act) end) end
function does.arm(world, action) world.disturb:arm(action.arm) end

--- Puts the actions of a script into the loop, each at its time.
function actors.plan(world)
  for _, action in ipairs(world.script.actions) do
    world.loop:at(clock.at(action.at), function() does[action.does](world, action) end)
  end
end

return actors
