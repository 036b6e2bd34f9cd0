-- SPDX-License-Identifier: MIT
-- world.laws: what holds in each world at each step, and how it is found out. Owns what is known of
-- each call: its record (world.actors makes it) has a slot for each of its jobs. The first breach
-- of a law is kept in `world.breach` and ends the world. Used by the engine and the actors.

local endings = require("world.endings")
local iam = require("world.iam")

local laws = {}
local methods = {}
local mt = { __index = methods }

local CATCH_UP = 0.05  -- a run behind max_rate may catch up with so many seconds
local SLACK = 0.002    -- seconds; clocks are read several times on the way
local LONGEST_WISH = 120
local AT_ONCE = 0.1        -- seconds to a first request
local STOOD_STILL = 1.4    -- of the 3 s of a last poll that is repeated, an attempt takes the rest

function laws.new(world)
  return setmetatable({ world = world, active = {}, logins = {} }, mt)
end

--- Notes a breach, unless there is one already.
function methods:broken(law, text, ...)
  local world = self.world
  world.breach = world.breach or { law = law, at = world.clock:age(),
    text = text:format(...) }
end

--- The record of the call that a transfer is for, and the slot of its job.
function methods:record_of(t)
  local world = self.world
  if t.what == "job" then
    local job = world.service.jobs[t.job]
    return job and job.record, job and job.record.slots[job.n]
  end
  local name = t.what == "generic" and t.spec.path:match("^/call/(.*)$") or t.graph
  local record = name and world.records[name]
  return record, record and record.slots[0]
end

-- One login of a user at a time, and one for each project once a password was accepted, for all
-- that happens on one client in an event loop.
local function check_login(self, t)
  local world = self.world
  local user, project = world.service.iam:who(t), iam.project_of(t)
  local about = self.logins[user] or { active = 0 }
  self.logins[user], t.login, t.login_for = about, about, project
  about.active = about.active + 1
  about[project] = (about[project] or 0) + 1
  if world.is_strained or world.is_blocked then return end
  if about[project] > 1 or about.active > 1 and not about.accepted then
    self:broken("one login at a time", "%s has %d logins under way", user, about.active)
  end
  if about.refused then
    self:broken("no login after a refusal", "%s logs in again", user)
  end
end

-- No poll before max_rate allows it; a second attempt after a refusal counts, but does not wait.
local function check_rate(self, record, slot, t)
  local apart = 1 / record.max_rate
  local again = slot.refused
  slot.refused = false
  -- the time before a page of a list that a login takes, or code in the middle, counts as a pause
  local is_delayed = record.may_lack or self.world.was_asked
  if is_delayed and record.last_what ~= "job" then record.next_at = nil end
  local is_early = t.begun < (record.next_at or 0) - SLACK
  if is_early and not again then
    self:broken("max_rate", "a request of %s comes %.4f s too early", record.name,
      record.next_at - t.begun)
  end
  record.last_what = t.what
  record.next_at = math.max(record.next_at or 0, t.begun - CATCH_UP) + apart
end

local function check_room(self, record, slot)
  record.in_flight = record.in_flight + 1
  slot.active = slot.active + 1
  if slot.active > 1 and not record.is_double then
    self:broken("one request at a time", "%s has two requests for one job", record.name)
  end
  if record.max_in_flight and record.in_flight > record.max_in_flight then
    self:broken("max_in_flight", "%s has %d requests under way, of %d", record.name,
      record.in_flight, record.max_in_flight)
  end
end

-- Not sent twice unless it may be, nor before the service wants it again.
local function check_again(self, record, slot, t)
  if slot.started == 0 or t.what == "list" or t.what == "graph" then return end
  local now, again = t.begun, slot.refused
  if record.once and not again then
    self:broken("sent once", "%s sends its request again", record.name)
  end
  if record.most_attempts and slot.started - slot.renewals >= record.most_attempts
    and not again then
    self:broken("retries", "%s makes attempt %d of %d", record.name, slot.started + 1,
      record.most_attempts)
  end
  if again then slot.renewals = slot.renewals + 1 end
  if not again and self.world.lost == 0 and now < (slot.not_before or 0) - SLACK then
    self:broken("Retry-After", "%s asks %.3f s too early", record.name, slot.not_before - now)
  end
end

-- A call in the middle of other code blocks, and so does not wait for that code before it asks.
local function check_beginning(self, record)
  local clock = self.world.clock
  local idle = clock.now - record.began - clock:held_in(record.began, clock.now, record)
  record.has_begun = true
  if idle > AT_ONCE then
    self:broken("begins at once", "%s has waited %.3f s for nothing", record.name, idle)
  end
end

-- The poll at the deadline is the last one, but for one more where the process stood still during
-- it for so long that it says nothing. Another may have been delayed until then by a login, or by
-- a call in the middle of its start.
local function check_last(self, record, slot, t)
  if not record.is_wait or record.timeout == 0 or record.is_slow or t.begun < record.deadline
    or t.what ~= "job" or slot.refused or record.may_lack or self.world.was_asked then
    return
  end
  local clock, before = self.world.clock, slot.last_at
  slot.last_at, slot.lasts = t.begun, (slot.lasts or 0) + 1
  if not before then return end
  local held = clock:held_in(before, t.begun, record)
  if slot.lasts > 2 or held < STOOD_STILL - 4 * self.world.lateness then
    self:broken("a last poll", "%s makes %d of them, the last after %.3f s, of which %.3f held",
      record.name, slot.lasts, t.begun - before, held)
  end
end

--- A transfer starts.
function methods:started(t)
  self.active[t.id] = t
  local world = self.world
  world.started = world.started + 1
  local inside = world.inside
  if inside and not inside.has_begun then
    check_beginning(self, inside)
  end
  if world.service.iam:is_for(t) then return check_login(self, t) end
  local record, slot = self:record_of(t)
  t.record, t.slot = record, slot
  if not record then
    return self:broken("known requests", "a request for %s", tostring(t.job or t.what))
  end
  if record.stopped then
    self:broken("nothing after the end", "%s sends a request after its %s", record.name,
      record.stopped)
  elseif slot.verdict then
    self:broken("nothing after the verdict", "%s asks about a job that has its verdict",
      record.name)
  end
  check_again(self, record, slot, t)
  check_last(self, record, slot, t)
  if record.max_rate then check_rate(self, record, slot, t) end
  slot.refused = false
  check_room(self, record, slot)
  slot.started, slot.last_start = slot.started + 1, t.begun
end

local function leave(self, t)
  if not self.active[t.id] then return end
  self.active[t.id] = nil
  if t.login then
    t.login.active = t.login.active - 1
    t.login[t.login_for] = t.login[t.login_for] - 1
  end
  if not t.record then return end
  t.record.in_flight = t.record.in_flight - 1
  t.slot.active = t.slot.active - 1
end

--- A transfer is over: its result waits for `poll`.
function methods:over(t)
  self.world.over_at["request-" .. t.id] = t.over_at
  leave(self, t)
end

--- A transfer ended without a result.
function methods:dropped(t)
  leave(self, t)
  if t.slot then t.slot.dropped = t.slot.dropped + 1 end
end

--- There was no memory for a result: the call throws; of a login it is one of those that need it.
function methods:lost_memory(t)
  if t.record then t.record.no_memory = true end
  for _, record in ipairs(t.login and self.world.in_order or {}) do
    if record.may_lack and not record.ended then record.no_memory = true end
  end
end

-- What a login has shown: a refusal is final, unless the password was accepted before; then it
-- takes a second one.
local function learn(login, value, info)
  if value or info.http_status == 403 then
    login.accepted = true
  elseif info.http_status == 401 then
    login.refused, login.accepted = not login.accepted, false
  end
end

--- The result of a transfer was taken out of the engine.
function methods:delivered(t, value, _, info)
  if t.login then learn(t.login, value, info) end
  local slot = t.slot
  if not slot then return end
  local now = self.world.clock.now
  slot.answers[#slot.answers + 1] = { value = value, kind = info.kind, status = t.status,
    is_over = t.is_over, at = now, id = t.id,
    cut = t.cut and t.limit < t.record.request_timeout - 0.01, message = info.message,
    retry_after = info.retry_after, late = t.record.stopped or t.record.cancel_asked }
  slot.delivered = slot.delivered + info.attempts
  slot.refused = info.kind == "auth"
  local wish = info.retry_after
  slot.not_before = wish and now + math.min(wish, LONGEST_WISH) or nil
end

--- A call has ended: what it said is held against what it was answered.
function methods:ended(record)
  if record.inside and not record.has_begun then check_beginning(self, record) end
  endings.check(self, record)
end

-- Whether an engine of the code under test holds nothing any more.
local function check_empty(self, shown)
  local world = self.world
  if next(shown.waiting) ~= nil and world.lost == 0 and not world.was_abandoned then
    self:broken("nothing is kept", "engine.waiting is not empty")
  end
  if next(shown.shared) ~= nil and not world.was_abandoned and not world.disturb.threw then
    self:broken("nothing is kept", "engine.shared is not empty")
  end
end

-- A client has one engine, and a closed one none.
local function check_engines(self, engines)
  local open, most = 0, 0
  for _, shown in ipairs(engines) do
    if not shown.closed then open = open + 1 end
  end
  for n in pairs(self.world.clients) do
    if not self.world.closed_at[n] then most = most + 1 end
  end
  if open > most then
    self:broken("one engine", "%d engines are open, for %d clients", open, most)
  end
end

--- The world has come to its end: nothing is left.
function methods:at_end(engines)
  local world = self.world
  for _, record in ipairs(world.in_order) do
    if not record.ended and not record.abandoned then
      self:broken("no call hangs", "%s has not ended", record.name)
    end
  end
  if world.breach then return end
  for _, t in pairs(self.active) do
    -- What a program does not poll any more is under way until its client does something.
    local is_left = t.record and t.record.abandoned
    if not t.engine.closed and world.lost == 0 and not is_left then
      self:broken("nothing is kept", "a transfer of %s is under way",
        t.record and t.record.name or "a login")
      break
    end
  end
  for _, shown in ipairs(engines) do check_empty(self, shown) end
  check_engines(self, engines)
end

return laws
