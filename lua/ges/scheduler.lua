-- SPDX-License-Identifier: MIT
-- scheduler: many waiters and a timer heap over one engine; one job is the case of many with one.
-- Owns a run: which of its jobs were not asked about yet, sleep, are ready to be asked about or are
-- being answered. Knows no host beyond the table of ges.host. There is no coroutine in here: a run
-- moves on when step is called, in whatever coroutine the caller is in. Called by ges.wait.
--
-- A job is known by its place in the roster. Its waiter is made when its turn comes and goes with
-- its verdict, which is put into run.verdicts: so there is little of ten thousand jobs at a time.

local auth = require("ges.auth")
local call = require("ges.call")
local core = require("ges.core")
local heap = require("ges.heap")
local waiter = require("ges.waiter")

local max, min = math.max, math.min

local scheduler = {}

-- A run that is behind may catch up with this many seconds' worth of requests.
local CATCH_UP = 0.05

-- An attempt at the deadline may last this long; what has not begun by then never will.
local GRACE = 1

-- No attempt is given less than this.
local SHORTEST = 0.001

-- So many waiters and slots are kept to be used again.
local SPARE = 256

---@class ges.Run
---@field verdicts { job?: ges.Job, err?: string, info: ges.Info }[]  false while there is none
---@field settled? integer  the job that had its verdict first
---@field left integer      how many have none yet
local run_methods = {}
local run_mt = { __name = "ges.run", __index = run_methods }

--- Makes a run; nothing is asked before the first step.
---@param one ges.Call whose request, credentials and host all jobs share
---@param roster table of ges.roster
---@param settings ges.waiter.settings of all waiters
---@param limits { max_in_flight?: integer, max_rate?: number, timeout: number }
function scheduler.new(one, roster, settings, limits)
  local run = setmetatable({
    call = one, pump = one.pump, roster = roster, settings = settings,
    n = roster.n, left = roster.n,
    asked = 0, waiters = {}, verdicts = {}, spare_waiters = {}, spare_slots = {},
    sleeping = heap.new(), ready = {}, first = 1, last = 0, in_flight = 0, flying = {},
    max_in_flight = limits.max_in_flight or math.huge, apart = 1 / (limits.max_rate or math.huge),
    slot_at = 0, stop = core.now() + limits.timeout + GRACE, result = {},
    owner = one.pump:owner(one.host, one.settings), events = {}, heard = 1, told = 0,
  }, run_mt)
  run.owner.finished, one.stop = {}, run.stop
  -- Arrays from the start: filled in any order they would be hashes, which are larger.
  for n = 1, roster.n do run.waiters[n], run.verdicts[n] = false, false end
  return run
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
    w = spare and waiter.renew(spare, self.settings) or waiter.new(self.settings)
    self.waiters[n] = w
  end
  return w
end

local function enqueue(self, n)
  self.last = self.last + 1
  self.ready[self.last] = n
end

-- Whose turn it is: those that never had one come first.
local function dequeue(self)
  if self.asked < self.n then
    self.asked = self.asked + 1
    return self.asked
  end
  local n = self.ready[self.first]
  self.ready[self.first] = nil
  self.first = self.first + 1
  return n
end

-- Collects what the waiter has to say. An event of many jobs tells which.
local function listen(self, n, w)
  local event = w:event()
  while event do
    event.index, event.job_id = n, select(3, self.roster:ids(n))
    self.told = self.told + 1
    self.events[self.told] = event
    event = w:event()
  end
end

local function settle(self, n, w, job, err, info)
  self.verdicts[n] = { job = job, err = err, info = info }
  self.waiters[n] = false
  keep(self.spare_waiters, w)
  self.left = self.left - 1
  self.settled = self.settled or n
end

-- Acts on what the waiter says; only `begin` may ask. A callback may have cancelled the run while
-- the job was in hand, `schedule` even inside of `next`: then it has its verdict already.
local function advance(self, n, now, result)
  if self.verdicts[n] then return nil end
  local w = waiter_of(self, n)
  local act, a, b, c = w:next(now, result)
  if not self.settings.silent then listen(self, n, w) end
  if self.verdicts[n] then return nil end
  if act == "done" then
    settle(self, n, w, a, b, c)
  elseif act == "sleep" then
    self.sleeping:push(now + a, n)
  else
    return a
  end
end

-- The answer to an attempt is in; `before` counts attempts at the same that were refused.
local function answer(self, n, before, job, err, info)
  local result = self.result
  info.attempts = info.attempts + before
  result.job, result.err, result.info = job, err, info
  if advance(self, n, core.now(), result) then enqueue(self, n) end
end

-- Makes the shared request that of one job; returns the project it names. One that credentials
-- have told holds for all jobs that name none.
local function address(self, n)
  local req = self.call.req
  local project, graph, job = self.roster:ids(n)
  req.project_id, req.graph_id, req.job_id = project or self.project_id, graph, job
  return project
end

-- Hands one attempt, which has its credentials, to the engine. Keeps to max_rate: no attempt
-- before slot_at.
local function launch(self, n, limit, before)
  local now = core.now()
  local bound = max(SHORTEST, min(limit, self.stop - now))
  local slot, err, info = self.pump:start(self.call.req, self.owner, bound,
    take(self.spare_slots))
  if not slot then return answer(self, n, before, nil, err, info) end
  self.slot_at = max(self.slot_at, now - CATCH_UP) + self.apart
  slot.n, slot.limit, slot.before, slot.creds = n, limit, before, self.call.creds
  self.flying[slot] = true
  self.in_flight = self.in_flight + 1
end

-- Lets a job whose turn it is ask, if it still wants to.
local function begin(self, n, now)
  local w = waiter_of(self, n)
  if self.pump.closed then w:cancel("closed") end
  if now >= self.stop then w:cancel("deadline") end
  local limit = advance(self, n, now)
  if not limit then return end
  local project = address(self, n)
  local ok, err, info = auth.apply(self.call)
  if not project then self.project_id = self.call.req.project_id end
  if self.verdicts[n] then return end
  if ok then launch(self, n, limit, 0) else answer(self, n, 0, nil, err, info) end
end

-- An attempt that was refused is made again at once, with other credentials, but not twice.
local function renewed(self, slot)
  local n, info = slot.n, slot.info
  if slot.before > 0 then return false end
  address(self, n)
  if not auth.renew(self.call, slot.creds) then return false end
  if not self.verdicts[n] then launch(self, n, slot.limit, info.attempts) end
  return true
end

local function settle_slot(self, slot)
  self.flying[slot] = nil
  self.in_flight = self.in_flight - 1
  local err, info = call.report(self.call, slot.err, slot.info)
  if not self.verdicts[slot.n] and not (info.kind == "auth" and renewed(self, slot)) then
    answer(self, slot.n, slot.before, slot.value, err, info)
  end
  keep(self.spare_slots, slot)
end

-- A callback on the way may end the run: what it dropped is passed over.
local function collect(self)
  local finished = self.owner.finished
  if #finished == 0 then return end
  self.owner.finished = {}
  for i = 1, #finished do
    local slot = finished[i]
    if slot.thrown then
      self:abandon()
      error(slot.thrown, 0)
    end
    if self.flying[slot] then settle_slot(self, slot) end
  end
end

local function wake_sleepers(self, now)
  local due = self.sleeping:first()
  while due and due <= now do
    enqueue(self, self.sleeping:pop())
    due = self.sleeping:first()
  end
end

local function has_room(self)
  return self.in_flight < self.max_in_flight
    and (self.asked < self.n or self.first <= self.last)
end

-- Who begins now is not for a slot of max_rate any more, but for its verdict.
local function is_over(self, now)
  return now >= self.stop or self.pump.closed
end

-- How long nothing can happen but an answer.
local function pause(self, now)
  local till = self.sleeping:first() or now + 60
  if has_room(self) then till = min(till, self.slot_at) end
  return max(0, till - now)
end

local function step(self, seconds)
  local now = core.now()
  wake_sleepers(self, self.pump.closed and math.huge or now)
  while has_room(self) and (self.slot_at <= now or is_over(self, now))
    and not self.events[self.heard] do
    begin(self, dequeue(self), now)
    now = core.now()
  end
  if self.left > 0 and not self.events[self.heard] and #self.owner.finished == 0 then
    local patience = pause(self, now)
    self.owner.ready = false
    self.call.host.park(self.pump, self.owner, min(patience, seconds or patience))
  end
  collect(self)
end

--- Moves the run on: asks what is due, and when there is nothing to hand out waits, at most
--- `seconds`, for an answer or the next time to ask. What a function of the user throws on the
--- way ends the run and goes to the caller as it is.
---@param seconds? number nothing: as long as it takes
function run_methods:step(seconds)
  local ok, err = pcall(step, self, seconds)
  if not ok then
    self:cancel()
    error(err, 0)
  end
end

--- The next event nobody has seen, or nil.
function run_methods:event()
  local event = self.events[self.heard]
  if event == nil then return nil end
  self.events[self.heard] = nil
  self.heard = self.heard + 1
  return event
end

--- Lets go of everything without a verdict. The answers under way are for nobody.
function run_methods:abandon()
  for slot in pairs(self.flying) do self.pump:drop(slot) end
  self.flying, self.in_flight, self.owner.finished = {}, 0, {}
  self.ready, self.first, self.last, self.sleeping = {}, 1, 0, heap.new()
  self.asked = self.n
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
  self.owner.ready = true
  self.call.host.wake(self.owner)
end

-- Nobody is told of what has not been heard.
local function hush(self)
  self.events, self.heard, self.told = {}, 1, 0
end

--- Hands the events out. What a listener throws goes to the caller as it is, after the attempts
--- under way have been ended; `false` cancels, and is not told of the rest.
---@param on_event? fun(event: table): boolean?
---@return function? on_event
function run_methods:deliver(on_event)
  if not on_event then return nil end
  local event = self:event()
  while event do
    local ok, verdict = pcall(on_event, event)
    if not ok or verdict == false then
      self:cancel()
      hush(self)
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
  while true do
    on_event = self:deliver(on_event)
    if self.left <= 0 or one_will_do and self.settled then break end
    self:step()
  end
end

--- The last job table that the n-th job has shown, while it has no verdict.
---@param n integer
---@return ges.Job?
function run_methods:seen(n)
  return self.waiters[n] and self.waiters[n].job or nil
end

return scheduler
