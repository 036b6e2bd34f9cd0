-- SPDX-License-Identifier: MIT
-- world.flaws: what may go wrong with one request, and failures in the form in which the core
-- returns them (src/lua/result.c): value, err, info. Owns nothing. Used by world.service and
-- world.iam.

local core = require("ges.core")

local flaws = {}

-- Status and code of a kind's answer; none for what is no answer.
local ANSWERS = {
  unavailable = { 503, "GES.7004" }, throttled = { 429, "APIGW.0308" },
  auth = { 401, "APIGW.0301" }, forbidden = { 403, "APIGW.0302" },
  not_found = { 404, "GES.8301" }, bad_request = { 400, "GES.0001" },
  redirect = { 302 }, protocol = { 200 }, too_large = { 200 },
}

-- Flaws by the kind that they are to the client; those that are none of the names of a kind.
local KINDS = { garbage = "protocol", other = "protocol", coded = "protocol" }

-- What the world may do to a request; `slow`, `mute`, `unsent` and `memory` are the service's.
flaws.names = { "slow", "mute", "unsent", "memory", "dns", "connect", "network", "unavailable",
  "throttled", "garbage", "other", "coded", "auth", "forbidden", "not_found", "bad_request",
  "redirect", "tls", "proxy", "too_large", "stale" }

-- The request never reached the service.
local BEFORE = { dns = true, connect = true, tls = true, proxy = true, unsent = true,
  redirect = true }

-- What the service does not do to a request that was sent to it.
local HANDLED = { slow = true, mute = true, unsent = true, memory = true, stale = true }

function flaws.is_before(flaw)
  return BEFORE[flaw] or false
end

--- Draws a flaw by rates; nil for none.
function flaws.pick(rates, r)
  local at = r:unit()
  for _, name in ipairs(flaws.names) do
    local rate = rates[name] or 0
    if at < rate then return name end
    at = at - rate
  end
end

--- A failure of a kind. `more` may have code, message, retry_after, sent and retryable.
function flaws.fail(kind, t, more)
  more = more or {}
  local answered = ANSWERS[kind] or {}
  return {
    kind = kind, status = answered[1], code = more.code or answered[2],
    message = more.message or ("made-up %s of request %d"):format(kind, t.id),
    retry_after = more.retry_after, sent = more.sent ~= false, retryable = more.retryable,
  }
end

local WAITS = { 0, 0.5, 1, 3, 7, 40, 200 }

--- What a flaw makes of a request instead of an answer; nil: the service answers.
function flaws.of(flaw, t)
  if not flaw or HANDLED[flaw] then return nil end
  local kind, more = KINDS[flaw] or flaw, {}
  local r = t.dice
  if flaw == "throttled" or flaw == "unavailable" then
    more.retry_after = r:chance(0.5) and r:pick(WAITS) or nil
  end
  if flaw == "coded" then more.retryable = false end
  -- a server that shows what it was sent
  if t.token and r:chance(0.3) then more.message = "bad X-Auth-Token: " .. t.token end
  return flaws.fail(kind, t, more)
end

--- What becomes of a good answer on its way: one that is old.
function flaws.spoil(t, reply)
  if t.flaw == "stale" and reply.value and t.what == "job" and t.is_over then
    reply.value.status, reply.value.end_time, reply.value.fail_reason = "running", nil, nil
    t.status, t.is_over = "running", false
  end
  return reply
end

local function line(kind, message, reply)
  local about = {}
  if reply.status then about[1] = "HTTP " .. reply.status end
  if reply.code then about[#about + 1] = reply.code end
  return ("ges: %s: %s%s"):format(kind, message,
    about[1] and " (" .. table.concat(about, ", ") .. ")" or "")
end

--- The triple: an answer, or a failure whose texts the real core has cleaned.
function flaws.triple(t, reply)
  local info = { elapsed = t.over_at - t.begun, attempts = 1, http_status = reply.status,
    retry_after = reply.retry_after, request_id = reply.status and "request-" .. t.id or nil }
  if reply.value then return reply.value, nil, info end
  local kind = reply.kind
  local message = t.request:clean(reply.message)
  info.attempts = reply.sent and 1 or 0
  info.kind, info.message, info.code = kind, message, reply.code
  info.retryable = core.kinds[kind].retryable
  if reply.retryable ~= nil then info.retryable = reply.retryable end
  return nil, line(kind, message, reply), info
end

return flaws
