-- SPDX-License-Identifier: MIT
-- gateway: how jobs are doing, for browsers. One answer as JSON, or a stream of events.
-- However many browsers watch a job, and however large its answer is, the workers together ask the
-- service once per interval: the last answer lies in the shared dict "ges_gateway", and the worker
-- that holds the lock there is the one that asks. Called by nginx.conf, which loads it before the
-- workers begin.

local core = require("ges.core")
local ges = require("ges")
local json = require("ges.json")

local ngx = ngx

local INTERVAL = tonumber(os.getenv("GATEWAY_INTERVAL")) or 2
local HEARTBEAT = tonumber(os.getenv("GATEWAY_HEARTBEAT")) or 15

-- An answer takes TIMEOUT at most; a lock lives a little longer, should its worker have died.
local TIMEOUT, LOCKED = 5, 7

-- An answer is kept for so many seconds, and that of a job that is over is not renewed before.
local KEPT = 60

-- A new job may not be visible at once: for GRACE seconds, as in a wait of the library, the service
-- is asked about it every FRESH seconds. After that there is no such job for as long as an answer
-- is kept, and the streams that ask for it end.
local GRACE = tonumber(os.getenv("GATEWAY_NOT_FOUND_GRACE")) or core.defaults.not_found_grace
local FRESH = 2

-- Requests a second about jobs without a good answer so far. Without this bound made-up ids would
-- use up the rate that the service grants to this gateway's token.
local UNKNOWN_JOBS = tonumber(os.getenv("GATEWAY_UNKNOWN_RATE")) or 10

-- The bounds of a shared answer: files in its lists, bytes in all. Of a larger job only the fields
-- that are no lists are shared, each cut at FACT bytes.
local FILES, BODY, FACT = 1000, 262144, 1000

-- The graphs that may be asked about, "g1,g2"; without it all of the project.
local GRAPHS
for graph in (os.getenv("GATEWAY_GRAPHS") or ""):gmatch("[^%s,]+") do
  GRAPHS = GRAPHS or {}
  GRAPHS[graph] = true
end

-- The shared client: made before the workers begin, connected when they first ask.
local client = ges.new({
  endpoint = os.getenv("GES_ENDPOINT"), region = os.getenv("GES_REGION"),
  cloud = os.getenv("GES_CLOUD"), project_id = os.getenv("GES_PROJECT_ID"),
  token = os.getenv("GES_TOKEN"), timeout = TIMEOUT, retries = 0,
})

-- The status for a kind of failure; any other is 502: the service, or the way to it, is broken.
local STATUS = {
  argument = 400, not_found = 404, throttled = 503, unavailable = 503, timeout = 504,
}

-- Kinds that concern the gateway's own credentials: the message goes to its log only.
local OWN = { auth = true, credentials = true, forbidden = true }

local gateway = {}

-- The fields of a job that are no lists, short enough to be shared whatever was sent.
local function facts(job)
  local short = {}
  for _, name in ipairs({ "job_id", "status", "job_type", "job_name", "related_graph", "begin_time",
    "end_time", "fail_reason", "job_progress" }) do
    local value = job[name]
    short[name] = type(value) == "string" and value:sub(1, FACT) or value
  end
  return short
end

-- A good answer as browsers get it; for a large job, or with `is_short`, without the lists.
local function body_of(job, is_short)
  local summary = ges.summary(job)
  local shown = { job = job, outcome = ges.outcome(job), summary = summary }
  if not is_short and summary.files.total <= FILES then
    local body = json.encode(shown)
    if body and #body <= BODY then return body end
  end
  shown.job, shown.left_out = facts(job), "the answer is too large to be shared: files are left out"
  return json.encode(shown)
end

local function problem(status, kind, message, more)
  local seen = { status = status, kind = kind, retryable = status == 503, due = ngx.now() + 1 }
  local err = { kind = kind, message = message, retryable = seen.retryable }
  for name, value in pairs(more or {}) do err[name] = value end
  seen.body = json.encode({ error = err })
  return seen
end

-- When the service is to be asked again about a job that is not found.
local function absent_until(seen, began, before)
  seen.since = before and before.since or began
  return began + (began - seen.since > GRACE and KEPT or math.max(INTERVAL, FRESH))
end

-- Asks the service. Returns the state for browsers (see `look`) and the job. `before` is the state
-- that was shared last.
local function ask(graph, job_id, before)
  local began = ngx.now()
  local job, err, info = client:job_status({ graph_id = graph, job_id = job_id })
  local due = began + math.max(INTERVAL, info.retry_after or 0)
  if job then
    local over = ges.summary(job).done
    return { status = 200, body = body_of(job), over = over, due = over and began + KEPT or due },
      job
  end
  local message = info.message
  if OWN[info.kind] then
    ngx.log(ngx.ERR, err)
    message = "the service refuses this gateway's credentials"
  end
  local seen = problem(STATUS[info.kind] or 502, info.kind, message,
    { code = info.code, request_id = info.request_id, retryable = info.retryable })
  seen.retryable, seen.due = info.retryable, due
  if info.kind == "not_found" then seen.due = absent_until(seen, began, before) end
  return seen
end

-- The state that is shared, and whether it is still fresh.
local function recall(dict, key)
  local text = dict:get(key)
  local seen = text and json.decode(text)
  return seen, seen ~= nil and ngx.now() < seen.due
end

-- Whether UNKNOWN_JOBS permits another request in this second.
local function is_within_bounds(dict)
  local second = "asked " .. math.floor(ngx.now())
  dict:add(second, 0, 2)
  return (dict:incr(second, 1) or 0) <= UNKNOWN_JOBS
end

-- Shares a state. The dict makes room by dropping the values that were not read for longest; a
-- state that still does not fit is shared without the job's lists. Returns whether it is shared.
local function keep(dict, key, seen, job)
  local ok, why = dict:set(key, json.encode(seen), KEPT)
  if not ok and job then
    seen.body = body_of(job, true)
    ok, why = dict:set(key, json.encode(seen), KEPT)
  end
  if not ok then
    ngx.log(ngx.ERR, "lua_shared_dict ges_gateway cannot keep an answer: ", why)
  end
  return ok
end

-- Asks as the holder of the lock. When the answer could not be shared the lock stays for an
-- interval, so that even then the service is asked no more often.
local function ask_and_keep(dict, key, lock, graph, job_id)
  local before, is_good = recall(dict, key)    -- another worker may have been here just before
  if is_good then return before end
  if not (before and before.status == 200) and not is_within_bounds(dict) then
    return problem(503, "throttled", "too many requests about unknown jobs; try again later")
  end
  local seen, job = ask(graph, job_id, before)
  if not keep(dict, key, seen, job) then dict:set(lock, "wait", INTERVAL) end
  return seen
end

-- The state of a job, at most INTERVAL old: { status, body, due, over, kind, retryable }.
local function look(graph, job_id)
  local dict, key = ngx.shared.ges_gateway, graph .. "/" .. job_id
  local lock, stop = "lock " .. key, ngx.now() + 2 * LOCKED
  if GRAPHS and not GRAPHS[graph] then
    local seen = problem(404, "not_found", "this gateway does not show jobs of that graph")
    seen.over = true
    return seen
  end
  repeat
    local seen, is_good = recall(dict, key)
    if is_good then return seen end
    local is_mine, why = dict:add(lock, "ask", LOCKED)
    if is_mine then
      local ok
      ok, seen = pcall(ask_and_keep, dict, key, lock, graph, job_id)
      if dict:get(lock) ~= "wait" then dict:delete(lock) end
      if not ok then error(seen, 0) end
      return seen
    elseif why ~= "exists" then
      ngx.log(ngx.ERR, "lua_shared_dict ges_gateway cannot keep a lock: ", why)
      break
    end
    ngx.sleep(0.03)
  until ngx.now() > stop
  return problem(503, "unavailable", "the service could not be asked in time; try again later")
end

local function refuse_method()
  local method = ngx.req.get_method()
  if method == "GET" or method == "HEAD" then return false end
  ngx.header["Allow"] = "GET"
  ngx.status = 405
  ngx.exit(405)
  return true
end

local function begin(content_type)
  ngx.header["Content-Type"] = content_type
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["X-Content-Type-Options"] = "nosniff"
end

--- GET /jobs/{graph}/{job}: one answer.
function gateway.status(graph, job_id)
  if refuse_method() then return end
  local seen = look(graph, job_id)
  begin("application/json")
  ngx.status = seen.status
  if seen.retryable then
    ngx.header["Retry-After"] = math.max(1, math.ceil(seen.due - ngx.now()))
  end
  ngx.print(seen.body, "\n")
end

-- Whether the state will not change any more, for a stream that began then.
local function is_final(seen, began)
  if seen.over then return true end
  if seen.status == 200 or seen.retryable then return false end
  return seen.kind ~= "not_found" or ngx.now() - math.min(began, seen.since or began) > GRACE
end

--- GET /jobs/{graph}/{job}/events: "job" or "problem" at every change, "done" at the end.
function gateway.events(graph, job_id)
  if refuse_method() then return end
  local gone, began, sent_at, sent = false, ngx.now(), 0, nil
  local heeds, why = ngx.on_abort(function() gone = true end)
  if not heeds then ngx.log(ngx.WARN, "a browser that leaves is not noticed at once: ", why) end
  begin("text/event-stream")
  ngx.header["X-Accel-Buffering"] = "no"

  local function send(text)
    gone = gone or not (ngx.print(text) and ngx.flush(true))
    sent_at = ngx.now()
  end

  while not gone and not ngx.worker.exiting() do    -- the browser comes back to a new worker
    local seen = look(graph, job_id)
    if seen.body ~= sent then
      sent = seen.body
      send(("event: %s\ndata: %s\n\n"):format(seen.status == 200 and "job" or "problem", sent))
    elseif ngx.now() - sent_at >= HEARTBEAT then
      send(": still here\n\n")
    end
    if is_final(seen, began) then return send("event: done\ndata: {}\n\n") end
    ngx.sleep(math.max(0.02, math.min(1, seen.due - ngx.now())))
  end
end

return gateway
