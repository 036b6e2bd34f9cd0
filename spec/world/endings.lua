-- SPDX-License-Identifier: MIT
-- world.endings: the laws about how a call ends: what it says of each job, when, how often, and
-- with no secret. Owns nothing; a record (world.actors) has what was seen. Used by world.laws.

local core = require("ges.core")
local iam = require("world.iam")

local endings = {}
local huge = math.huge
local LAST_POLL = 1      -- after the deadline is noticed
local ENGINE = 0.5       -- the engine may end an attempt so much later
local HASTE = 0.1        -- an answer is seen so much later at most
local STOPPED = 2        -- so long a pause makes one more last poll

-- The first text below a value that shows the end of a secret. `seen` keeps out of circles.
local function find_secret(value, seen)
  if type(value) == "string" then
    return value:find(iam.MARK, 1, true) and value
  elseif type(value) == "table" and not seen[value] then
    seen[value] = true
    for key, inner in pairs(value) do
      local found = find_secret(key, seen) or find_secret(inner, seen)
      if found then return found end
    end
  end
end

local function check_secrets(laws, record, ...)
  for n = 1, select("#", ...) do
    local text = find_secret((select(n, ...)), {})
    if text then laws:broken("no secret is shown", "%s: %s", record.name, text) end
  end
end

local OF_CALLER = { deadline = true, cancelled = true, closed = true }
local OUTCOMES = { success = "success", failed = "failed", partiallyFailed = "partial" }

local function outcome_of(answer)
  return OUTCOMES[answer.status] or "unknown"
end

local function is_good(record, answer)
  local outcome = outcome_of(answer)
  if outcome == "success" then return true end
  for _, word in ipairs(record.accept or {}) do
    if word == outcome then return true end
  end
  return false
end

-- What a call ought to say because of an answer that ends it.
local function kind_after(record, answer)
  if is_good(record, answer) then return nil end
  return "job_" .. outcome_of(answer)
end

-- The form of a result: a value, or a line and an info with its kind.
local function check_form(laws, record, value, err, info)
  if type(info) ~= "table" or type(info.attempts) ~= "number" or type(info.elapsed) ~= "number" then
    return laws:broken("form", "%s has no info with attempts and elapsed", record.name)
  end
  if value ~= nil then
    if err ~= nil or info.kind ~= nil then
      laws:broken("form", "%s has a value and the kind %s", record.name, tostring(info.kind))
    end
  elseif type(err) ~= "string" or err == "" or not core.kinds[info.kind or ""] then
    laws:broken("form", "%s: no line or no kind: %s", record.name, tostring(err))
  end
  for _, mark in ipairs { "final", "own", "accepted", "waited" } do
    if info[mark] ~= nil then
      laws:broken("form", "%s shows the mark %s of a provider", record.name, mark)
    end
  end
  if info.elapsed < 0 or info.attempts < 0 then
    laws:broken("form", "%s: elapsed %s, attempts %s", record.name, info.elapsed, info.attempts)
  end
end

-- The answer that a value is from.
local function source_of(slot, value)
  for _, answer in ipairs(slot.answers) do
    if answer.value == value then return answer end
  end
end

-- What is said of a job was answered for it.
local function check_value(laws, record, slot, value)
  local answer = source_of(slot, value)
  if not answer then
    return laws:broken("truth", "%s returns what was not answered", record.name)
  end
  if record.is_wait and not (answer.is_over and is_good(record, answer)) then
    laws:broken("truth", "%s: success after the answer %s", record.name, tostring(answer.status))
  end
end

local function was_answered(slot, kind)
  for _, answer in ipairs(slot.answers) do
    if answer.kind == kind then return true end
  end
  return false
end

local function check_own_kind(laws, record, slot, info)
  local world, kind = laws.world, info.kind
  if kind == "closed" and not world.closed_at[record.client] then
    laws:broken("truth", "%s is closed, but its client is not", record.name)
  elseif kind == "cancelled" and not record.cancel_asked then
    laws:broken("truth", "%s is cancelled, but nothing has cancelled it", record.name)
  elseif kind == "deadline" and record.timeout > 0
    and world.clock.now < record.deadline - 0.01 then
    local last = slot.answers[#slot.answers]
    local wish = last and last.retry_after
    if not wish or world.clock.now + wish < record.deadline - 0.01 then
      laws:broken("truth", "%s is at its deadline %.3f s early", record.name,
        record.deadline - world.clock.now)
    end
  end
end

-- What a wait says of its last error is not that its own end cut an attempt short, where there was
-- another one before.
local function check_last_error(laws, record, slot, info)
  local id = info.kind == "deadline" and info.message:match("made%-up timeout of request (%d+)$")
  if not id then return end
  local was_worse = false
  for _, answer in ipairs(slot.answers) do
    if was_worse and answer.cut and answer.id == tonumber(id) then
      laws:broken("the last error", "%s hides it: %s", record.name, info.message)
    end
    was_worse = was_worse or answer.kind ~= nil and answer.kind ~= "auth"
      and not answer.cut
  end
end

-- A failure is one that was answered, or that the world has made otherwise.
local function check_failure(laws, record, slot, info)
  local kind = info.kind
  if OF_CALLER[kind] then return check_own_kind(laws, record, slot, info) end
  if kind:find("^job_") then
    local last = slot.answers[#slot.answers]
    local is_odd = last and last.status and outcome_of(last) == "unknown"
    local is_strict = record.on_unknown == "error" and is_odd and kind == "job_unknown"
    if not last or not is_strict and not (last.is_over and kind_after(record, last) == kind) then
      laws:broken("truth", "%s says %s after the answer %s", record.name, kind,
        tostring(last and last.status))
    end
  elseif kind == "credentials" or kind == "argument" then
    if not record.may_lack and not (record.call == "wait_any" and slot == record.slots[0]) then
      laws:broken("truth", "%s lacks credentials: %s", record.name, tostring(info.message))
    end
  elseif kind == "timeout" then
    if not slot.answers[1] and laws.world.lost == 0 and not record.may_lack then
      laws:broken("truth", "%s timed out, but has asked nothing", record.name)
    end
  elseif not was_answered(slot, kind) then
    laws:broken("truth", "%s says %s, which was not answered", record.name, kind)
  end
end

-- The answer that ends a job's wait is its verdict.
local function check_heard(laws, record, slot, value, info)
  if not record.is_wait or record.cancel_asked or laws.world.closed_at[record.client] then
    return
  end
  for _, answer in ipairs(slot.answers) do
    if answer.is_over and not answer.late then
      local want = kind_after(record, answer)
      if want == nil and value ~= answer.value or want ~= nil and info.kind ~= want then
        laws:broken("no answer is lost", "%s was answered %s, and says %s", record.name,
          answer.status, value and "success" or tostring(info.kind))
      end
      return
    end
  end
end

-- `attempts` is what the world saw.
local function check_attempts(laws, record, slot, info)
  local world = laws.world
  if world.lost > 0 or world.closed_at[record.client] or record.no_memory then return end
  local seen = slot.delivered
  if record.call == "wait_any" and record.running and slot ~= record.slots[0] then
    seen = seen + record.slots[0].delivered
  end
  if info.attempts ~= seen and not (record.cancel_asked and info.attempts < seen) then
    laws:broken("attempts", "%s counts %d, the world %d", record.name, info.attempts, seen)
  end
end

-- The last poll of a wait is made at its deadline, or later where the process was stopped then. A
-- call in the middle of another's start takes of the time of that, and what holds the process after
-- the deadline may take all the time that there is for a last poll.
local function check_last_poll(laws, record, slot, info)
  if not record.is_wait or record.timeout == 0 or record.n ~= 1 or info.kind ~= "deadline"
    or record.cancel_asked or record.is_slow or record.may_lack or record.running
    or laws.world.was_asked then
    return
  end
  if (info.message or ""):find("Retry-After", 1, true) then return end
  local at, clock = slot.last_start or 0, laws.world.clock
  if clock:was_held_from(record.deadline, record.ended, record, LAST_POLL / 2) then return end
  if at < record.deadline - 0.01 and laws.world.lost == 0 then
    laws:broken("a last poll", "%s ends at its deadline, %.3f s after it last began to ask",
      record.name, record.deadline - at)
  end
end

-- No call outlives its timeout by more than its last poll, but for what held the process up: with
-- the last poll that was under way then, it may have been long enough for another one.
local function check_time(laws, record)
  if not record.deadline or record.deadline == huge or record.own_time then return end
  local world = laws.world
  local held, times = world.clock:held_in(record.began, record.ended, record)
  local late = world.clock.now - record.deadline - held
  local bound = LAST_POLL + ENGINE + 0.1 + 4 * world.lateness + 5 * record.poll_every
  if held > STOPPED - LAST_POLL - ENGINE then bound = bound + times * (LAST_POLL + ENGINE + 1) end
  if record.may_lack then bound = bound + ENGINE end -- a login of the last moment, too
  if world.lost > 0 then bound = bound + 2 end
  if late > bound then
    laws:broken("time", "%s outlives its timeout by %.3f s, of %.3f", record.name, late, bound)
  end
end

--- The result of one job of a call.
function endings.check_result(laws, record, n, value, err, info)
  local slot = record.slots[n]
  check_form(laws, record, value, err, info)
  if laws.world.breach then return end
  if value ~= nil then
    check_value(laws, record, slot, value)
  else
    check_failure(laws, record, slot, info)
  end
  check_heard(laws, record, slot, value, info)
  check_attempts(laws, record, slot, info)
  check_last_poll(laws, record, slot, info)
  check_last_error(laws, record, slot, info)
  local told = slot.event
  if record.hears and not record.deaf and record.is_wait and n > 0 then
    if not told then
      laws:broken("one verdict", "%s tells no done of job %d", record.name, n)
    elseif told.err ~= err or told.job ~= value then
      laws:broken("one verdict", "%s tells and returns different verdicts: %s / %s", record.name,
        tostring(told.err), tostring(err))
    end
  end
end

--- The slot of a job: of those that were listed its id says it.
function endings.place(record, id, n)
  return record.running and id and tonumber(id:match("%-j(%d+)$")) or n
end

--- An event of a call.
function endings.check_event(laws, record, event)
  local slot = record.slots[endings.place(record, event.job_id, event.index or 1)]
  check_secrets(laws, record, event)
  if record.deaf then
    laws:broken("no event after the end", "%s tells %s to a listener that has left", record.name,
      tostring(event.type))
  end
  if slot.event then
    laws:broken("one verdict", "%s tells %s after done of job %d", record.name,
      tostring(event.type), event.index or 1)
  end
  if event.type == "done" then
    slot.event, slot.verdict = event, true
  end
end

-- No attempt is given up that the engine would answer: answers are lost by what throws only, or in
-- a process that is stopped for longer than the attempt may last while code in the middle of taking
-- its answer runs.
local function check_given_up(laws, record, text)
  local world = laws.world
  if world.lost == 0 and not world.clock:has_stopped()
    and (text or ""):find("the engine returned no answer", 1, true) then
    laws:broken("no answer is lost", "%s gives an attempt up: %s", record.name, text)
  end
end

--- An attempt of a call is told of: as soon as it is over, but for what holds the process up, and
--- for a login, for which a call of many jobs leaves all of them.
function endings.check_report(laws, record, info)
  local world = laws.world
  check_given_up(laws, record, info.message)
  local at = info.request_id and world.over_at[info.request_id]
  if not at or record.is_slow or record.cancel_asked or record.may_lack or world.lost > 0 then
    return
  end
  local late = world.clock.now - at - world.clock:held_in(at, world.clock.now, record)
  if late > HASTE + 4 * world.lateness then
    laws:broken("no answer waits", "%s sees an answer %.3f s after it came", record.name, late)
  end
end

local function sum(record, field)
  local total = 0
  for n = 0, record.n do total = total + record.slots[n][field] end
  return total
end

-- `on_request` was called for each attempt that sent something.
local function check_reports(laws, record)
  local world = laws.world
  if world.lost > 0 or world.closed_at[record.client] or record.cancel_asked or not record.ok
    or record.no_memory or record.leaves_early then
    return
  end
  local seen = sum(record, "delivered")
  if record.reports and record.reports ~= seen then
    laws:broken("on_request", "%s tells of %d attempts, the world saw %d", record.name,
      record.reports, seen)
  end
end

--- A call has returned or thrown.
function endings.check(laws, record)
  check_secrets(laws, record, record.results, record.thrown)
  check_time(laws, record)
  if not record.ok then
    local text = tostring(record.thrown)
    if not record.may_throw[text] and not (record.no_memory and text:find("not enough memory")) then
      laws:broken("nothing is thrown", "%s throws %s", record.name, text)
    end
    return
  end
  for n, result in pairs(record.results) do
    check_given_up(laws, record, result.err)
    endings.check_result(laws, record, n, result.value, result.err, result.info)
  end
  check_reports(laws, record)
end

return endings
