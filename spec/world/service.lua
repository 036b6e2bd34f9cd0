-- SPDX-License-Identifier: MIT
-- world.service: what answers in a world: jobs with lives of their own, a list of them, and IAM.
-- Owns the jobs, the tokens that it has issued and what it has answered. Used by world.engine.
--
-- How one request goes is decided by the seed, by what it asks for and by how often that was asked
-- before, never by what else happens: a script that is shortened keeps the rest.

local clock = require("world.clock")
local flaws = require("world.flaws")
local iam = require("world.iam")
local random = require("world.random")

local service = {}
local methods = {}
local mt = { __index = methods }
local huge = math.huge

--- The service of a script: `spec` has `seed`, `latency` (at most), `flaws` (a rate by its name),
--- `outages` ({ from =, till =, kind = }) and those of world.iam.
function service.new(world, spec)
  return setmetatable({ world = world, spec = spec, jobs = {}, graphs = {}, asked = {},
    iam = iam.new(world, spec) }, mt)
end

--- Adds a job with a life: when it can be seen, begins and ends, and how (see world.script).
function methods:add_job(job)
  self.jobs[job.id] = job
  if job.graph then
    local list = self.graphs[job.graph] or {}
    self.graphs[job.graph], list[#list + 1] = list, job
  end
end

-- What a request is about, in one word, and how often that was asked.
local function place_of(self, t)
  local key
  if t.what == "generic" then
    key = t.spec.method or "GET"
    key = key .. (t.spec.path or "") .. self.iam:who(t)
  else
    local job = t.job and self.jobs[t.job]
    key = t.what .. (t.what == "job" and job and job.key or "")
  end
  local n = (self.asked[key] or 0) + 1
  self.asked[key] = n
  return key, n
end

-- The outage that a request meets.
local function outage_at(self, at)
  for _, one in ipairs(self.spec.outages or {}) do
    local age = at - clock.at(0)
    if age >= one.from and age < one.till then return one end
  end
end

local LATE = { mute = true, unsent = true }

--- Plans a transfer: when its request is sent and read, when it is over, and its flaw.
function methods:plan(t)
  local key, n = place_of(self, t)
  local r = random.at(self.spec.seed, key, n)
  local way, lag = r:span(0.001, self.spec.latency), r:unit()
  t.key, t.nth, t.lag = key, n, r:chance(0.2) and lag or 0
  t.sent_at = t.begun + way * 0.3
  t.arrives = t.begun + way * 0.6
  t.over_at = t.begun + way
  local outage = outage_at(self, t.arrives)
  t.flaw = outage and outage.kind or flaws.pick(self.spec.flaws, r)
  t.dice = r
  local slow = t.flaw == "slow" and r:span(1, 30) or 0
  t.arrives, t.over_at = t.arrives + slow * r:unit(), t.over_at + slow
  if LATE[t.flaw] then t.over_at = huge end
  if t.flaw == "unsent" then t.sent_at, t.arrives = huge, huge end
  t.no_memory = t.flaw == "memory" and not t.owned
end

-- The state of a job at a point of time.
local function status_of(job, at)
  if at < job.visible then return nil end
  if at < job.starts then return job.early or "pending" end
  if at < job.ends then return job.middle or "running" end
  return job.outcome
end

-- The table of a job as an answer has it, in one piece. `job_name` tells this answer from others.
local function table_of(job, status, t)
  local is_over = status == job.outcome and t.arrives >= job.ends
  return {
    job_id = job.id, status = status, job_name = "answer-" .. t.id, job_type = 0,
    begin_time = "2023-11-14T22:13:20",
    end_time = is_over and "2023-11-14T23:13:20" or nil,
    fail_reason = is_over and status ~= "success" and "out of luck" or nil,
    related_graph = job.graph and "name-" .. job.graph or nil,
  }, is_over
end

local function answer_job(self, t)
  local job = self.jobs[t.job]
  local status = job and status_of(job, t.arrives)
  if not status then return flaws.fail("not_found", t) end
  local value, is_over = table_of(job, status, t)
  t.status, t.is_over = status, is_over
  return { value = value, status = 200 }
end

local function answer_graph(t)
  return { value = "name-" .. t.graph, status = 200 }
end

-- A page of the jobs of a graph that are in a state.
local function answer_list(self, t)
  local found, query = {}, t.query or {}
  local graph = (query.graph_name or ""):gsub("^name%-", "")
  for _, job in ipairs(self.graphs[graph] or {}) do
    local status = status_of(job, t.arrives)
    local word = status == "pending" and "waiting" or status
    if status and (not query.status or query.status == word) then
      found[#found + 1] = (table_of(job, status, t))
    end
  end
  local page = {}
  for n = (query.offset or 0) + 1, math.min(#found, (query.offset or 0) + (query.limit or 100)) do
    page[#page + 1] = found[n]
  end
  return { value = { job_count = #found, job_list = page }, status = 200 }
end

local function answer_generic(t)
  t.answered = true
  return { value = { status = 200, headers = { ["content-type"] = "application/json" },
    body = ('{"answer":%d}'):format(t.id) }, status = 200 }
end

-- What the service answers to a request that reaches it.
local function answer(self, t)
  if self.iam:is_for(t) then return self.iam:answer(t) end
  local why = self.iam:refusal(t)
  if why then return flaws.fail("auth", t, { code = "APIGW.0301", message = why }) end
  if t.what == "job" then return answer_job(self, t) end
  if t.what == "graph" then return answer_graph(t) end
  if t.what == "list" then return answer_list(self, t) end
  return answer_generic(t)
end

--- Finds out what became of a transfer that is over. `sent`: its request was on the network.
function methods:settle(t)
  t.sent = t.sent_at < t.over_at
  if t.cut then
    t.reply = flaws.fail("timeout", t, { sent = t.sent })
    if t.arrives < t.over_at and not flaws.is_before(t.flaw) then
      answer(self, t) -- which is not read
      t.status, t.is_over = nil, nil
    end
    return
  end
  t.reply = flaws.of(t.flaw, t) or answer(self, t)
  t.reply = flaws.spoil(t, t.reply)
end

--- The triple of a transfer, in the core's form.
function methods.reply(_, t)
  return flaws.triple(t, t.reply)
end

return service
