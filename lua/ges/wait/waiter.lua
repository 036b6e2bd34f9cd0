-- SPDX-License-Identifier: MIT
-- When to ask about a job again and when to stop: one small state machine per job. Pure: the caller
-- brings the time and the answers, and does the asking and the sleeping. There is no clock, no I/O
-- and no randomness in here, so an hour's wait is tested in milliseconds. Called by the scheduler
-- and ges.wait.patient.
--
--   local w = waiter.new(settings, facts)   -- both are shared by all waiters of a call
--   local act, a, b, c = w:next(now, result)
--     "ask", limit             make one attempt of at most `limit` seconds and
--                              call next with its { job=, err=, info= }
--     "sleep", seconds         call next(now) then; waking early is harmless
--     "done", job, err, info   the verdict; next repeats it from now on
--   w:pass(now, attempts)                   -- instead, after an attempt that is no poll of a job
--   for ev in w.event, w do ... end         -- after each next: what happened
--   waiter.renew(w)                         -- one that is done, for another job
--
-- A hook of the user may end the wait (cancel and next) between any two instructions of next: the
-- field that says that another one is valid is set last.
--
-- All state is constant in size. Times inside are seconds since the first call of next, which is
-- taken to be the moment of the first attempt.

local copy = require("ges.util.copy")
local failure = require("ges.error")
local job_of = require("ges.job")

local max, min = math.max, math.min

---@class ges.waiter.facts      what the waiters of a call share, besides its options
---@field defaults table          core.defaults
---@field deadline? number        the end on the caller's clock, where many waits share one
---@field next_at? number         for the scheduler: when max_rate allows the first poll
---@field started? number         seconds already waited before (a resumed wait)
---@field random? fun(): number   in [0, 1); without it delays have no jitter
---@field clean? fun(text: string): string  makes server text fit for one line
---@field silent? boolean         no events are made
---@field unit? string            what an attempt is called that is no poll of a job

---@class ges.wait.waiter
---@field job? table   the last job seen; everything else is private

-- delay = clamp(SHARE of elapsed, SHORTEST, LONGEST), then +-20 %
local SHARE, SHORTEST, LONGEST = 0.1, 1, 15
-- Throttling doubles the delay, up to LONGEST; a zero one becomes SMALLEST.
local THROTTLED_LONGEST, THROTTLED_SMALLEST = 60, 0.1
local RETRY_AFTER_LONGEST = 120
-- Before the first good answer a fault is more likely a typo than an outage.
local FAULTS_IN_A_ROW, FAULTS_SECONDS = 3, 20

local LAST_POLL = 1    -- the poll at the deadline may pass it by this much
local STOPPED = 2      -- an attempt that exceeds its limit by this much: the process was stopped
local SLACK = 0.001    -- timers are not exact: a wake-up this early counts as on time
local WORDS_KEPT = 16  -- no more warnings after this many unknown status words of one job
local waiter_methods = {}
local waiter_mt = { __name = "ges.wait.waiter", __index = waiter_methods }

-- Takes the caller's time. When the clock goes back, the start moves back with it, so that neither
-- deadline nor sleep grows by the step.
local function tick(w, now)
  local settings, facts = w.settings, w.facts
  if not w.start then
    w.deadline = facts.deadline and facts.deadline - now
      or settings.timeout or facts.defaults.wait_timeout
    w.now, w.elapsed = now, 0
    w.start = now
  elseif now < w.now then
    w.start = w.start + (now - w.now)
  end
  w.now, w.elapsed = now, now - w.start
end

-- Seconds of waiting, those before a resume included.
local function age(w)
  return (w.facts.started or 0) + w.elapsed
end

local function clean(w, text)
  return w.facts.clean and w.facts.clean(text) or text
end

local function seconds(value)
  return ("%.10g s"):format(math.floor(value * 10 + 0.5) / 10)
end

local function push(w, kind, job, err, info, delay)
  if w.facts.silent then return nil end
  local event = {
    type = kind, job = job, err = err, info = info, attempt = w.polls, elapsed = w.elapsed,
    delay = delay,
  }
  local queue = w.queue or {}
  table.insert(queue, event)
  w.queue = queue
  return event
end

-- Ends the wait with the info of the attempt that decided, or a copy where an event holds it.
local function finish(w, job, err, info, kind)
  if not w.facts.silent then info = copy(info) end
  if kind then info.kind, info.message, info.retryable = kind, err, false end
  info.message = info.message or err
  info.attempts, info.polls = w.attempts, w.polls
  info.elapsed, info.job = w.elapsed, w.job
  w.end_job, w.end_err = job, err
  w.end_info = info
  push(w, "done", job, err, info)
end

-- Ends with a kind that is the waiter's own, as opposed to an attempt's.
local function conclude(w, kind, text)
  finish(w, nil, clean(w, text), w.info or {}, kind)
end

local function progress(w)
  local unit = w.facts.unit or "poll"
  local text = ("after %s and %d %s%s"):format(
    seconds(w.elapsed), w.polls, unit, w.polls == 1 and "" or "s")
  if w.job then
    text = ('%s; last status "%s"'):format(text, tostring(w.job.status))
  elseif not w.facts.unit then
    text = text .. "; no status seen"
  end
  if w.err then
    text = ("%s; last error at %s: %s"):format(text, seconds(w.err_at), w.err)
  end
  return text
end

local function miss_deadline(w)
  conclude(w, "deadline", "timed out " .. progress(w))
end

-- The delay before throttling, and its jitter. What the user fixed has none.
local function base_delay(w)
  local settings, random = w.settings, w.facts.random
  if settings.interval then return settings.interval, 1 end
  if settings.schedule then
    local delay = settings.schedule(w.polls, age(w))
    if type(delay) ~= "number" or not (delay >= 0 and delay < math.huge) then
      local at = debug.getinfo(settings.schedule, "S")
      error(("schedule must return a finite number of seconds >= 0, got %s (the function at %s:%d)")
        :format(tostring(delay), at.short_src, at.linedefined), 0)
    end
    return delay, 1
  end
  return max(SHORTEST, min(SHARE * age(w), LONGEST)), random and 0.8 + 0.4 * random() or 1
end

-- The next delay. `step` is 1 after throttling, which doubles the delay, and -1 after a good
-- answer, which halves what throttling added. Only the user can fix a longer delay than that.
local function next_delay(w, step)
  local base, jitter = base_delay(w)
  if step > 0 then
    w.slowed = min(2 * max(base, w.slowed, THROTTLED_SMALLEST), THROTTLED_LONGEST)
  elseif step < 0 then
    w.slowed = w.slowed / 2
  end
  base = max(base, w.slowed)
  return min(base * jitter, max(base, THROTTLED_LONGEST))
end

-- Sets when to ask next and returns the delay; ends the wait and returns nil when Retry-After
-- reaches beyond the deadline.
local function pause(w, info, step)
  local delay, wish = next_delay(w, step), info.retry_after
  local left = w.deadline - w.elapsed
  if type(wish) == "number" and wish > 0 then
    if wish > left then
      conclude(w, "deadline", ("the service asks to wait %s (Retry-After), but only %s are left "
        .. "until the deadline; the wait ended %s"):format(seconds(wish), seconds(max(left, 0)),
        progress(w)))
      return nil
    end
    delay = max(delay, min(wish, RETRY_AFTER_LONGEST))
  end
  delay = min(delay, left)
  w.due = w.elapsed + delay
  return max(delay, 0)
end

local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function is_change(old, new)
  return not old or old.status ~= new.status or not same(old.job_detail, new.job_detail)
end

local function is_news(w, word)
  local words = w.words or {}
  for _, known in ipairs(words) do
    if known == word then return false end
  end
  if #words >= WORDS_KEPT then return false end
  words[#words + 1], w.words = word, words
  return true
end

-- Warns of what the service does not document: to those who listen, and in the info of the poll.
local function warn(w, job, info, text)
  text = clean(w, text)
  info.warnings = info.warnings or {}
  table.insert(info.warnings, text)
  push(w, "warning", job, text, info)
end

local function warn_of_word(w, job, info)
  if is_news(w, tostring(job.status)) then warn(w, job, info, job_of.odd(job)) end
end

-- Warns of a file of a job that is over, as of the job's own status.
local function warn_of_file(w, job, info)
  local text = job_of.strange(job)
  if text then warn(w, job, info, text) end
end

local function is_accepted(w, outcome)
  if outcome == "success" then return true end
  for _, good in ipairs(w.settings.accept or {}) do
    if good == outcome then return true end
  end
  return false
end

local function judge_end(w, job, info, outcome)
  if is_accepted(w, outcome) then
    finish(w, job, nil, info)
  elseif outcome == "unknown" then
    local why = type(job.fail_reason) == "string" and ": " .. job.fail_reason or ""
    conclude(w, "job_unknown",
      ('job ended with the unknown status "%s"%s'):format(tostring(job.status), why))
  else
    conclude(w, "job_" .. outcome, job_of.complaint(job))
  end
end

local function judge_job(w, job, info)
  local outcome, before = job_of.outcome(job), w.job
  w.job, w.faults, w.protocol_errors = job, 0, 0
  local poll = push(w, "poll", job, nil, info)
  if poll and is_change(before, job) then push(w, "change", job, nil, info) end
  if outcome == "unknown" then warn_of_word(w, job, info) end
  if outcome ~= "pending" and job_of.terminal(job) then
    warn_of_file(w, job, info)
    judge_end(w, job, info, outcome)
  elseif outcome == "unknown" and w.settings.on_unknown == "error" then
    conclude(w, "job_unknown", ('unknown job status "%s"'):format(tostring(job.status)))
  elseif w.last then
    miss_deadline(w)
  else
    local delay = pause(w, info, -1)
    if poll then poll.delay = delay end
  end
end

-- A job may not be visible at once after it was started. But a gateway that does not know the path
-- is the wrong host or region, and will stay so.
local function is_in_grace(w, info)
  if w.job then return false end
  if info.http_status == 404 and tostring(info.code):match("%.0101$") then return false end
  return age(w) < (w.settings.not_found_grace or w.facts.defaults.not_found_grace)
end

-- Counts a transient fault; returns why to give up, or nil to carry on.
local function count_fault(w, kind)
  w.faults = w.faults + 1
  w.protocol_errors = kind == "protocol" and w.protocol_errors + 1 or 0
  if w.protocol_errors >= FAULTS_IN_A_ROW then
    return (" (%d times in a row)"):format(w.protocol_errors)
  end
  -- The process was stopped until after the deadline: the last poll decides.
  local overdue = w.elapsed > w.deadline and not w.last
  if w.job or overdue then return nil end
  local span = w.elapsed - (w.passed_at or 0)
  if w.faults >= FAULTS_IN_A_ROW or span >= FAULTS_SECONDS then
    return (" (gave up: no answer in %d attempts and %s)"):format(
      w.passed_at and w.faults or w.polls, seconds(span))
  end
end

-- A last poll that failed while the process was stopped (a laptop's lid was closed) says nothing
-- about the job. It is made again, once.
local function repeat_last(w)
  if not w.last or w.repeated or w.elapsed - w.last_at <= LAST_POLL + STOPPED then return end
  w.last, w.repeated = false, true
end

-- True if only the wait's own end cut an attempt short: that says less than the error before it.
local function is_cut(w, info)
  return w.cut and w.err ~= nil and info.kind == "timeout"
end

local function judge_error(w, err, info)
  local kind, step = info.kind, 0
  if failure.about(kind).passes then repeat_last(w) end
  local final, why = w.settings.timeout == 0, nil
  if not is_cut(w, info) then
    w.err_at = w.elapsed
    w.err = err
  end
  if kind == "throttled" then
    step = 1
  elseif kind == "not_found" then
    final = final or not is_in_grace(w, info)
    w.faults, w.protocol_errors = 0, 0
  elseif failure.about(kind).passes and info.retryable ~= false then
    why = not final and count_fault(w, kind)
  else
    final = true -- so is what would come again, such as a coded answer
  end
  if final or why then
    finish(w, nil, err .. (why or ""), info)
  elseif w.last then
    miss_deadline(w)
  else
    local delay = pause(w, info, step)
    if delay then push(w, "retry", w.job, err, info, delay) end
  end
end

local function judge(w, result)
  local info = result.info or {}
  w.polls, w.attempts = w.polls + 1, w.attempts + (info.attempts or 1)
  w.info = not is_cut(w, info) and info or w.info
  w.queue = nil -- events that were not fetched
  if w.reason then
    w.job = result.job or w.job
  elseif result.job then
    judge_job(w, result.job, info)
  else
    judge_error(w, result.err or info.message or "no answer", info)
  end
end

local REASONS = { cancelled = "wait cancelled", closed = "client closed", deadline = "timed out" }

-- Ends the wait for a reason of the caller's. Of a job that was never seen nothing is claimed.
local function give_up(w)
  local continues = w.job and w.reason ~= "deadline" and "; the job continues" or ""
  conclude(w, w.reason, REASONS[w.reason] .. " " .. progress(w) .. continues)
end

-- What to do when nothing is decided: sleep on, or ask. An attempt is bounded by the time left,
-- except the last one, which starts at the deadline.
local function proceed(w)
  local wait = w.due - w.elapsed
  if wait > SLACK then return "sleep", wait end
  local left = w.deadline - w.elapsed
  local limit = w.settings.request_timeout or w.facts.defaults.request_timeout
  w.last = left <= SLACK
  if w.last then
    w.last_at = w.elapsed
    left = w.settings.timeout == 0 and limit or LAST_POLL
  end
  w.cut = left < limit
  return "ask", min(limit, left)
end

--- The next thing to do. `result` is that of the attempt asked for; nil at the first call and after
--- a sleep.
---@param now number  seconds on any monotonic clock
---@param result? { job?: table, err?: string, info?: table }
---@return "ask"|"sleep"|"done", any, string?, table?
function waiter_methods:next(now, result)
  if not self.end_info then
    tick(self, now)
    if result then judge(self, result) end
    if self.reason and not self.end_info then
      give_up(self)
    end
  end
  if self.end_info then return "done", self.end_job, self.end_err, self.end_info end
  return proceed(self)
end

--- The next event not yet fetched, oldest first. Events are kept until the next answer comes in.
function waiter_methods:event()
  local queue = self.queue
  if not queue then return nil end
  local event = table.remove(queue, 1)
  if #queue == 0 then self.queue = nil end
  return event
end

--- Notes that the wait's own end cuts the attempt short that was asked for, or has done so: time
--- passed before it began.
function waiter_methods:cut_short()
  self.cut = true
end

--- Takes an attempt that brought what it was made for, which is no state of a job: a page of a
--- list. The next one may follow at once.
---@param attempts integer
function waiter_methods:pass(now, attempts)
  tick(self, now)
  self.polls, self.attempts = self.polls + 1, self.attempts + attempts
  self.faults, self.protocol_errors, self.slowed = 0, 0, self.slowed / 2
  self.due, self.passed_at = self.elapsed, self.elapsed
end

--- Makes the next call of `next` end the wait. After the end, or a second time, it changes nothing.
---@param reason? "cancelled"|"closed"|"deadline"
function waiter_methods:cancel(reason)
  reason = reason or "cancelled"
  if not REASONS[reason] then error("unknown reason to cancel: " .. tostring(reason), 2) end
  self.reason = self.reason or reason
end

local M = {}

---@param settings table the call's options: read only
function M.new(settings, facts)
  -- Made at once for as many fields as it comes to hold while its job goes on.
  return M.renew(setmetatable({
    settings = settings, facts = facts, due = 0, polls = 0, attempts = 0, faults = 0,
    protocol_errors = 0, slowed = 0, start = 0, now = 0, elapsed = 0,
  }, waiter_mt))
end

--- Makes a waiter that is done a new one, for another job of the same call: ten thousand jobs, one
--- after the other, need no ten thousand tables.
function M.renew(w)
  w.due, w.polls, w.attempts = 0, 0, 0
  w.faults, w.protocol_errors, w.slowed = 0, 0, 0
  w.start, w.now, w.elapsed, w.deadline, w.reason = nil, nil, nil, nil, nil
  w.last, w.last_at, w.repeated, w.cut, w.passed_at = nil, nil, nil, nil, nil
  w.job, w.info, w.err, w.err_at, w.words, w.queue = nil, nil, nil, nil, nil, nil
  w.end_job, w.end_err, w.end_info = nil, nil, nil
  return w
end

return M
