-- SPDX-License-Identifier: MIT
-- Faults on request: what the simulator is to do wrong, and for how many calls.
-- Owns the store's keys "fault.". Called by ges.sim and ges.sim.start only.
--
-- POST /sim/faults takes one fault or a list; they take effect in order, each for `count` calls:
--
--   {"kind": KIND, "count": 1, "on": "status", "delay": 0, "retry_after": "1"}
--
--   throttle       429 APIGW.0308 with Retry-After (`retry_after`: seconds or a date; "" for none)
--   unavailable    503 GES.7005
--   html           500 with a proxy's HTML page
--   token_expired  401 APIGW.0307
--   slow           the right answer, `delay` seconds later (any kind takes a delay, up to 60)
--   other_job      200 with another job's id
--   bad_json       200 with a body cut off in the middle
--   drop           the connection is closed without an answer
--
-- `on` is the kind of call: status (default), start, login or list. A start call may bring faults
-- for the status calls of its own job: header X-Sim-Faults "throttle*3, html", or a list as above.

local reply = require "ges.sim.reply"

local faults = {}

local keep_seconds = 86400
local max_list = 16
local calls = { status = true, start = true, login = true, list = true }

local makers = {}

function makers.throttle(ctx, fault)
  local after = fault.retry_after or "1"
  return reply.gateway(ctx, 429, "0308",
    "The throttling threshold has been reached: policy user over ratelimit,limit:1,time:1 second",
    after ~= "" and { ["Retry-After"] = after } or nil)
end

function makers.unavailable(ctx)
  return reply.ges(ctx, 503, "GES.7005", "The underlying service is unavailable. Try again later.")
end

function makers.html(ctx)
  return reply.text(ctx, 500, "text/html",
    "<html><head><title>500 Internal Server Error</title></head><body>proxy</body></html>\r\n")
end

function makers.token_expired(ctx)
  return reply.gateway(ctx, 401, "0307", "The token must be updated.")
end

function makers.drop(ctx)
  local response = reply.text(ctx, 444, "text/plain", "")
  response.drop = true
  return response
end

-- These change a right answer instead of replacing it.
local spoilers = {}

function spoilers.slow(_, response)
  return response
end

function spoilers.other_job(ctx, response)
  local ok, body = pcall(ctx.json.decode, response.body)
  if ok and type(body) == "table" and body.job_id then
    body.job_id = reply.hex_id(ctx)
    response.body = ctx.json.encode(body)
  end
  return response
end

function spoilers.bad_json(_, response)
  response.body = response.body:sub(1, math.floor(#response.body / 2))
  return response
end

-- One fault as given -> one checked, or nil and what is wrong with it.
local function read_fault(ctx, given)
  local function field(name, default)
    local value = reply.member(ctx, given, name)
    if value == nil then
      return default
    end
    return value
  end
  local fault = { kind = field("kind"), count = tonumber(field("count", 1)),
    delay = tonumber(field("delay", 0)), on = field("on", "status") }
  local after = field("retry_after")
  if type(after) == "number" then
    after = ("%.14g"):format(after)
  end
  fault.retry_after = after
  if not makers[fault.kind] and not spoilers[fault.kind] then
    return nil, "unknown kind"
  elseif not fault.count or fault.count % 1 ~= 0 or fault.count < 1 or fault.count > 1e6 then
    return nil, "count is out of range"
  elseif not fault.delay or not (fault.delay >= 0 and fault.delay <= 60) then
    return nil, "delay is out of range"
  elseif not calls[fault.on] then
    return nil, "unknown kind of call"
  elseif after and (type(after) ~= "string" or #after > 64 or after:find("%c")) then
    return nil, "retry_after is malformed"
  end
  return fault
end

-- "throttle*3, html" -> a list of faults not yet checked.
local function split_header(text)
  local list = {}
  for item in text:gmatch("[^,]+") do
    local kind, count = item:match("^%s*([%w_]+)%s*%*%s*(%d+)%s*$")
    list[#list + 1] = { kind = kind or item:match("^%s*(.-)%s*$"), count = tonumber(count or 1) }
  end
  return list
end

--- Reads faults: the text of a header, one object, a list of objects, or nil for none.
---@return table|nil list of checked faults
---@return string|nil reason why not
function faults.parse(ctx, given)
  if given == nil then
    return {}
  elseif type(given) == "string" then
    given = split_header(given)
  elseif type(given) ~= "table" then
    return nil, "not a list"
  elseif given.kind ~= nil then
    given = { given }
  end
  if #given > max_list then
    return nil, "too many"
  end
  local list = {}
  for i, item in ipairs(given) do
    local fault, why = read_fault(ctx, item)
    if not fault then
      return nil, why
    end
    list[i] = fault
  end
  return list
end

--- Puts a fault at the end of a queue: "on:" and a kind of call, or "job:" and an id.
function faults.add(ctx, queue, fault)
  local base = "fault." .. queue
  local number = ctx.state:incr(base .. ":last", 1, 0)
  ctx.state:set(("%s:%d"):format(base, number), ctx.json.encode(fault), keep_seconds)
end

-- Takes one call's worth from a queue. Each fault counts its uses with an atomic increment, so that
-- several workers never use it more often than asked. The queue's start moves past what is used up,
-- but not past a gap: there another worker has taken a number and not yet written its fault.
local function take(ctx, queue)
  local base = "fault." .. queue
  local last, gap = ctx.state:get(base .. ":last") or 0, false
  for number = ctx.state:get(base .. ":first") or 1, last do
    local key = ("%s:%d"):format(base, number)
    local text = ctx.state:get(key)
    local fault = text and ctx.json.decode(text)
    if fault and ctx.state:incr(key .. ":used", 1, 0) <= fault.count then
      return fault
    end
    gap = gap or not fault
    if not gap then
      ctx.state:set(base .. ":first", number + 1)
    end
  end
end

--- Answers a call, with the next fault that waits for it if there is one.
---@param call string kind of call: status, start, login or list
---@param job_id string|nil
---@param answer fun(): table makes the right answer
---@return table response
function faults.around(ctx, call, job_id, answer)
  local fault = job_id and take(ctx, "job:" .. job_id) or take(ctx, "on:" .. call)
  if not fault then
    return answer()
  end
  ctx.count "faults"
  local response
  if makers[fault.kind] then
    response = makers[fault.kind](ctx, fault)
  else
    response = spoilers[fault.kind](ctx, answer())
  end
  response.delay = fault.delay > 0 and fault.delay or nil
  return response
end

--- POST /sim/faults
---@return table response
function faults.post(ctx)
  local list, why = faults.parse(ctx, reply.decode(ctx) or "?")
  if not list then
    return reply.json(ctx, 400, { error = why })
  end
  for _, fault in ipairs(list) do
    faults.add(ctx, "on:" .. fault.on, fault)
  end
  return reply.json(ctx, 200, { accepted = #list })
end

return faults
