-- SPDX-License-Identifier: MIT
-- gateway: how jobs are doing, for browsers. One answer as JSON, or a stream of events.
-- However many watch a job, the workers together ask the service once per interval: what is known
-- lies in the shared dict "ges_gateway", and who may ask next is whoever puts the lock there.
-- Called by nginx.conf, which loads it before the workers begin.

local ges = require("ges")
local json = require("ges.json")

local ngx = ngx

local INTERVAL = tonumber(os.getenv("GATEWAY_INTERVAL")) or 2
local HEARTBEAT = tonumber(os.getenv("GATEWAY_HEARTBEAT")) or 15

-- An answer takes TIMEOUT at most; a lock lives a little longer, should its worker have died.
local TIMEOUT, LOCKED = 5, 7

-- What is known is kept this long; of a job that is over it is all there is to know.
local KEPT = 60

-- A job may not be visible at once after it was started.
local GRACE = 10

-- The shared client: made before the workers begin, connected when they first ask.
local client = ges.new({
  endpoint = os.getenv("GES_ENDPOINT"), region = os.getenv("GES_REGION"),
  project_id = os.getenv("GES_PROJECT_ID"), token = os.getenv("GES_TOKEN"),
  timeout = TIMEOUT, retries = 0,
})

-- The status for a kind of failure; any other is 502: the service, or our way to it, is broken.
local STATUS = {
  argument = 400, not_found = 404, throttled = 503, unavailable = 503, timeout = 504,
}

-- Kinds that concern the gateway's own credentials: what is wrong there is for its log only.
local OURS = { auth = true, credentials = true, forbidden = true }

local gateway = {}

local function is_over(job, outcome)
  return outcome ~= "pending" and (outcome ~= "unknown" or job.end_time ~= nil)
end

-- Asks the service. What it says as we hand it on, and until when that is good enough.
local function ask(graph, job_id)
  local began = ngx.now()
  local job, err, info = client:job_status({ graph_id = graph, job_id = job_id })
  local seen = { status = 200, due = began + math.max(INTERVAL, info.retry_after or 0) }
  if job then
    local outcome = ges.outcome(job)
    seen.over = is_over(job, outcome)
    if seen.over then seen.due = began + KEPT end
    seen.body = json.encode({ job = job, outcome = outcome, summary = ges.summary(job) })
    return seen
  end
  local message = info.message
  if OURS[info.kind] then
    ngx.log(ngx.ERR, err)
    message = "the service does not let this gateway in"
  end
  seen.status, seen.kind, seen.retryable = STATUS[info.kind] or 502, info.kind, info.retryable
  seen.body = json.encode({ error = { kind = info.kind, message = message, code = info.code,
    request_id = info.request_id, retryable = info.retryable } })
  return seen
end

-- What is known and still good enough.
local function recall(dict, key)
  local text = dict:get(key)
  local seen = text and json.decode(text)
  return seen and ngx.now() < seen.due and seen or nil
end

local function ask_and_keep(dict, key, graph, job_id)
  local seen = recall(dict, key)    -- somebody may have been here just before us
  if seen then return seen end
  seen = ask(graph, job_id)
  dict:set(key, json.encode(seen), KEPT)
  return seen
end

-- The state of a job, at most INTERVAL old: { status, body, due, over, kind, retryable }.
local function look(graph, job_id)
  local dict, key = ngx.shared.ges_gateway, graph .. "/" .. job_id
  local lock, stop = "lock " .. key, ngx.now() + 2 * LOCKED
  repeat
    local seen = recall(dict, key)
    if seen then return seen end
    if dict:add(lock, true, LOCKED) then
      local ok
      ok, seen = pcall(ask_and_keep, dict, key, graph, job_id)
      dict:delete(lock)
      if not ok then error(seen, 0) end
      return seen
    end
    ngx.sleep(0.03)
  until ngx.now() > stop
  return { status = 503, due = ngx.now() + 1, retryable = true,
    body = '{"error":{"kind":"unavailable","message":"nobody could ask","retryable":true}}' }
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

-- Whether there will be no news any more.
local function is_final(seen, age)
  if seen.over then return true end
  if seen.status == 200 or seen.retryable then return false end
  return seen.kind ~= "not_found" or age > GRACE
end

--- GET /jobs/{graph}/{job}/events: "job" or "problem" at every change, "done" at the end.
function gateway.events(graph, job_id)
  if refuse_method() then return end
  local gone, began, sent_at, sent = false, ngx.now(), 0, nil
  ngx.on_abort(function() gone = true end)
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
    if is_final(seen, ngx.now() - began) then return send("event: done\ndata: {}\n\n") end
    ngx.sleep(math.max(0.02, math.min(1, seen.due - ngx.now())))
  end
end

return gateway
