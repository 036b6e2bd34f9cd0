-- SPDX-License-Identifier: MIT
-- scheduler: many waiters and a timer queue over one engine; one job is the case of many with one.
-- Owns a run, in which each job has not been polled yet, sleeps, is ready for a poll or is in
-- flight. There is no coroutine in here: a run goes on when step is called, in the caller's
-- coroutine. Called by ges.wait.
--
-- A job is its place in the list. Its waiter is made for its first poll and ends with its verdict,
-- which stands in run.verdicts: so ten thousand jobs have few waiters at a time.
--
-- Code of the user may run in the middle: callbacks, but also debug hooks and finalizers, which run
-- between any two instructions. Such code cannot step the same run (see run.steppers); it may use
-- the engine, which touches only the queue run.task.finished, and it may end the run, which sets
-- run.over for good.

local call = require("ges.call")
local context = require("ges.context")
local core = require("ges.core")
local failure = require("ges.error")
local timer_queue = require("ges.util.timer_queue")
local engine = require("ges.host.engine")
local waiter = require("ges.wait.waiter")

local huge, max, min = math.huge, math.max, math.min
local scheduler = {}
local CATCH_UP = 0.05  -- a run behind max_rate may catch up with the requests of so many seconds
local GRACE = 1        -- no attempt begins later than this after the deadline is noticed
local SLACK = 0.001    -- the last poll may begin so long before the deadline
local SPARE = 256      -- at most this many waiters and attempts are kept to be used again
-- After the deadline no attempt and no pause lasts as long as this: the process was stopped.
local STOPPED = 2

---@class ges.Run
---@field verdicts { job?: ges.Job, err?: string, info: ges.Info }[]  false while there is none
---@field settled? integer  the job that had its verdict first
---@field left integer      how many have none yet
---@field over boolean      ended from outside: no poll begins and no answer is waited for any more
---@field steppers table    the coroutines in which a step is under way
---@field deadline number   on core.now's clock
---@field stop number       when no attempt begins any more; known once the deadline is noticed
---@field due number        when the first attempt in flight must have its answer, or earlier
local run_methods = {}
local run_mt = { __name = "ges.run", __index = run_methods }

-- The jobs of a call without the option `jobs`: all ids are the call's.
local ONE_JOB = { n = 1, project_id = {}, graph_id = {}, job_id = {} }

-- See core.put.
local function new_queue()
  return { [0] = 1, [-1] = 0 }
end

local function is_empty(queue)
  return queue[queue[0]] == nil
end

--- Makes a run; no poll begins before the first step.
---@param one ges.Call whose request, credentials and host all jobs share
---@param facts ges.waiter.facts of all waiters
---@param max_in_flight? integer without it as many as there are jobs
---@param max_rate? number requests a second
function scheduler.new(one, facts, max_in_flight, max_rate)
  local now, jobs = core.now(), one.settings.jobs or ONE_JOB
  local project, graph, job = one.request:ids()
  local run = setmetatable({
    call = one, engine = one.engine, facts = facts,
    jobs = jobs, project = project, graph = graph, job = job,
    n = jobs.n, left = jobs.n, over = false, steppers = setmetatable({}, { __mode = "k" }),
    begun = 0, waiters = {}, verdicts = {}, spare_waiters = {}, spare_attempts = {},
    sleeping = timer_queue.new(), ready = new_queue(), in_flight = 0, attempts = {}, due = huge,
    max_in_flight = max_in_flight or huge, apart = 1 / (max_rate or huge),
    next_at = facts.next_at or 0, deadline = facts.deadline or huge, stop = huge,
    seen_at = now, noticed = 0,
    task = one.engine:task(one.host, one.settings), events = new_queue(), ended = {}, result = {},
  }, run_mt)
  run.task.finished, one.stop = new_queue(), run.deadline
  -- Arrays from the start: filled in any order they would be hashes, which are larger.
  for n = 1, jobs.n do run.waiters[n], run.verdicts[n] = false, false end
  return run
end

-- The time. Notices the deadline, however late: the process was stopped, a callback took long, a
-- handle was not polled. Each job still gets its last poll then, and once more when the process was
-- stopped during that one.
local function read_clock(self)
  local now = core.now()
  if now >= self.deadline and (self.noticed == 0
    or self.noticed == 1 and now - self.seen_at > STOPPED) then
    self.noticed = self.noticed + 1
    self.stop = now + GRACE
    self.call.stop = self.stop
  end
  self.seen_at = now
  return now
end

local function goes_on(self)
  return self.left > 0 and not self.over
end

local function keep(list, thing)
  local n = #list + 1
  if n <= SPARE then list[n] = thing end
end

local function take(list)
  local n = #list
  local thing = list[n]
  list[n] = nil
  return thing
end

-- The waiter of a job, made when it is first needed.
local function waiter_of(self, n)
  local w = self.waiters[n]
  if not w then
    local spare = take(self.spare_waiters)
    w = spare and waiter.renew(spare) or waiter.new(self.call.settings, self.facts)
    self.waiters[n] = w
  end
  return w
end

-- The next job: those that were never polled come first. None where the run has just been
-- cancelled.
local function dequeue(self)
  if self.begun < self.n then
    self.begun = self.begun + 1
    return self.begun
  end
  return core.take(self.ready)
end

-- The line of a verdict: without an answer about the job it has the form of all failures.
local function in_form(err, info)
  if err and failure.about(info.kind).by_caller and not err:find("^ges: ") then
    return ("ges: %s: %s"):format(info.kind, err)
  end
  return err
end

-- Collects the waiter's events, with the job they are for.
local function collect_events(self, n, w)
  local event = w:event()
  while event do
    event.index, event.job_id = n, select(3, self:ids(n))
    if event.type == "done" then event.err = in_form(event.err, event.info) end
    core.put(self.events, event)
    event = w:event()
  end
end

local function settle(self, n, w, job, err, info)
  self.verdicts[n] = { job = job, err = in_form(err, info), info = info }
  self.waiters[n] = false
  keep(self.spare_waiters, w)
  self.left = self.left - 1
  self.settled = self.settled or n
end

-- Does what the waiter decides, but for an attempt: then its limit is returned. A callback may have
-- cancelled the run meanwhile, `schedule` even inside of `next`: then the job has its verdict.
local function advance(self, n, now, result)
  if self.verdicts[n] then return nil end
  local w = waiter_of(self, n)
  local act, a, b, c = w:next(now, result)
  if not self.facts.silent then collect_events(self, n, w) end
  if self.verdicts[n] then return nil end
  if act == "done" then
    settle(self, n, w, a, b, c)
  elseif act == "sleep" then
    self.sleeping:push(now + a, n)
  else
    return a
  end
end

-- Passes a result to its waiter; `before` counts attempts of the same poll that were refused.
local function answer(self, n, before, job, err, info)
  local result = self.result
  info.attempts = info.attempts + before
  result.job, result.err, result.info = job, err, info
  if advance(self, n, read_clock(self), result) then core.put(self.ready, n) end
end

-- Binds an attempt's request to one job, unless it is already. The project of the credentials holds
-- for all jobs that name none. A refused id is returned.
local function address(self, attempt, n)
  if attempt.n == n and attempt.project_id then return true end
  local project, graph, job = self:ids(n)
  attempt.project_id = project or self.project_id or false
  attempt.graph_id, attempt.job_id = graph, job
  attempt.n = nil
  local ok, err, info = attempt.request:bind(attempt)
  if ok then attempt.n = n end
  return ok, err, info
end

-- When an attempt that begins now must be over: at the deadline, or, from then on, when the last
-- ones must.
local function end_of(self, now)
  return now < self.deadline - SLACK and self.deadline or self.stop
end

-- Hands one attempt, which has its credentials, to the engine. Keeps to max_rate: no attempt
-- before next_at. To get the credentials may have taken some of the time that was left.
local function launch(self, attempt, n, limit, before)
  local now = read_clock(self)
  local bound = engine.limit(limit, end_of(self, now), now)
  if bound < limit then waiter_of(self, n):cut_short() end
  local ok, err, info = self.engine:start(attempt.request, self.task, bound, attempt)
  if not ok then
    keep(self.spare_attempts, attempt)
    return answer(self, n, before, nil, err, info)
  end
  now = core.now() -- code of the user may have run in the middle
  self.next_at = max(self.next_at, now - CATCH_UP) + self.apart
  attempt.n, attempt.limit, attempt.before, attempt.creds = n, limit, before, self.call.creds
  attempt.due = engine.due(bound, now)
  self.due = min(self.due, attempt.due)
  self.in_flight = self.in_flight + 1
  self.attempts[attempt] = true
  if self.over then self.engine:drop(attempt) end
end

-- Begins a poll of a job, if its waiter still decides so.
local function begin(self, n, now)
  local w = waiter_of(self, n)
  if self.engine.closed then w:cancel("closed") end
  if now >= self.stop then w:cancel("deadline") end
  local limit = advance(self, n, now)
  if not limit then return end
  local attempt = take(self.spare_attempts) or { request = self.call.request:copy() }
  local ok, err, info = address(self, attempt, n)
  if ok then ok, err, info = context.apply(self.call, attempt.request) end
  if ok and not attempt.project_id then self.project_id = attempt.request:ids() end
  if ok and not self.verdicts[n] then return launch(self, attempt, n, limit, 0) end
  keep(self.spare_attempts, attempt)
  if not self.verdicts[n] then answer(self, n, 0, nil, err, info) end
end

-- Repeats a refused attempt at once, with other credentials, but not twice.
local function renewed(self, attempt)
  local n, info = attempt.n, attempt.info
  local again = { request = attempt.request:copy() }
  if attempt.before > 0 or not context.renew(self.call, again.request, attempt.creds) then
    return false
  end
  if not self.verdicts[n] then launch(self, again, n, attempt.limit, info.attempts) end
  return true
end

local function settle_attempt(self, attempt)
  self.attempts[attempt] = nil
  self.in_flight = self.in_flight - 1
  local err, info = call.report(self.call, attempt.err, attempt.info)
  if not self.verdicts[attempt.n] and not (info.kind == "auth" and renewed(self, attempt)) then
    answer(self, attempt.n, attempt.before, attempt.value, err, info)
  end
  keep(self.spare_attempts, attempt)
end

-- Settles the attempts that have a result. A callback on the way may end the run: dropped attempts
-- are skipped, and so are those that stand in the queue twice.
local function collect(self)
  local attempt = core.take(self.task.finished)
  while attempt do
    if self.attempts[attempt] and attempt.done then
      if attempt.thrown then error(attempt.thrown, 0) end
      settle_attempt(self, attempt)
    end
    attempt = core.take(self.task.finished)
  end
end

-- Ends the attempts that will never have an answer.
local function expire(self, now)
  local late, next_due = {}, huge
  for attempt in pairs(self.attempts) do
    if attempt.due <= now then
      late[#late + 1] = attempt
    else
      next_due = min(next_due, attempt.due)
    end
  end
  self.due = next_due
  for _, attempt in ipairs(late) do
    self.engine:expire(attempt)
    core.put(self.task.finished, attempt)
  end
  collect(self)
end

local function wake_sleepers(self, now)
  local sleeping, ready = self.sleeping, self.ready -- a cancelled run has new ones
  local due = sleeping:first()
  while due and due <= now do
    core.put(ready, sleeping:pop())
    due = sleeping:first()
  end
end

local function has_room(self)
  return self.in_flight < self.max_in_flight and not self.over
    and (self.begun < self.n or not is_empty(self.ready))
end

-- True when each job gets a verdict instead of a poll, so that max_rate does not count.
local function is_over(self, now)
  return now >= self.stop or self.engine.closed
end

-- Seconds in which nothing can happen but an answer. After the deadline the clock is read often
-- enough to notice that the process was stopped.
local function pause(self, now)
  local till = min(self.sleeping:first() or now + 60, self.due)
  if has_room(self) then till = min(till, self.next_at) end
  till = min(till, now < self.deadline and self.deadline
    or now < self.stop and self.stop or now + GRACE)
  return max(0, till - now)
end

-- Waits for an answer, unless there is one already; one that comes after `ready` is cleared sets it
-- again.
local function wait_for_answer(self, now, seconds)
  local most = pause(self, now)
  self.task.ready = false
  if is_empty(self.task.finished) and goes_on(self) and not self.engine.closed then
    self.engine:park(self.task, min(most, seconds or most))
  end
end

local function step(self, seconds)
  local now = read_clock(self)
  wake_sleepers(self, self.engine.closed and huge or now)
  while has_room(self) and (self.next_at <= now or is_over(self, now))
    and is_empty(self.events) do
    local n = dequeue(self)
    if n then begin(self, n, now) end
    now = read_clock(self)
  end
  if goes_on(self) and is_empty(self.events) then wait_for_answer(self, now, seconds) end
  collect(self)
  if self.in_flight == 0 then
    self.due = huge
  else
    now = read_clock(self)
    if now >= self.due then expire(self, now) end
  end
end

--- Begins the polls that are due and, when there are no events, waits for an answer or the next
--- poll. What a function of the user throws ends the run and goes to the caller as it is. Within a
--- step, in code of the user, a step of 0 seconds does nothing, and a longer one, which could not
--- end, throws.
---@param seconds? number to wait at most
function run_methods:step(seconds)
  local me = engine.thread()
  if self.steppers[me] then
    if seconds == 0 then return end
    error("ges: a wait cannot wait for itself: neither in its own callbacks nor in a debug hook or "
      .. "finalizer that runs during it", 0)
  end
  self.steppers[me] = true
  local ok, err = pcall(step, self, seconds)
  self.steppers[me] = nil
  if not ok then
    self:cancel()
    error(err, 0)
  end
end

--- The ids of the n-th job: those that it names itself, else the call's.
---@return string? project, string? graph, string? job
function run_methods:ids(n)
  local of = self.jobs
  return of.project_id[n] or self.project, of.graph_id[n] or self.graph, of.job_id[n] or self.job
end

--- True while a job has no verdict and the run was not ended from outside.
run_methods.goes_on = goes_on

--- The next event that was not returned yet, or nil. The last one of a job is `done`, also when a
--- hook has cancelled the run while an earlier one was on its way into the queue.
function run_methods:event()
  local event = core.take(self.events)
  if not self.over then return event end
  while event and self.ended[event.index] do event = core.take(self.events) end
  if event and event.type == "done" then self.ended[event.index] = true end
  return event
end

--- Drops everything that has no verdict, attempts in flight included.
function run_methods:abandon()
  self.over = true
  for attempt in pairs(self.attempts) do self.engine:drop(attempt) end
  self.attempts, self.in_flight, self.task.finished = {}, 0, new_queue()
  self.ready, self.sleeping = new_queue(), timer_queue.new()
  self.begun = self.n
  self.left = 0
end

--- Ends the run: every job that has none yet gets its verdict, `cancelled`.
function run_methods:cancel()
  self:abandon()
  for n = 1, self.n do
    if not self.verdicts[n] then
      waiter_of(self, n):cancel("cancelled")
      advance(self, n, core.now())
    end
  end
  self.left = 0
  engine.wake(self.task)
end

--- Calls a listener with the events. What it throws goes to the caller as it is, after the attempts
--- in flight were ended; when it returns false the run is cancelled. Returns the listener, or nil
--- when it is not to be called again.
---@param on_event? fun(event: table): boolean?
function run_methods:deliver(on_event)
  if not on_event then return nil end
  local event = self:event()
  while event do
    local ok, verdict = pcall(on_event, event)
    if not ok or verdict == false then
      self:cancel()
      self.events = new_queue()
      if not ok then error(verdict, 0) end
      return nil
    end
    event = self:event()
  end
  return on_event
end

--- Runs until every job has its verdict, or only one of them.
---@param on_event? fun(event: table): boolean?
---@param one_will_do? boolean
function run_methods:finish(on_event, one_will_do)
  on_event = self:deliver(on_event)
  while goes_on(self) and not (one_will_do and self.settled) do
    self:step()
    on_event = self:deliver(on_event)
  end
  self:deliver(on_event) -- the end of a run that a hook has just cancelled
end

--- The last table of the n-th job, while it has no verdict.
function run_methods:seen(n)
  return self.waiters[n] and self.waiters[n].job or nil
end

return scheduler
