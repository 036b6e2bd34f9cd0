-- SPDX-License-Identifier: MIT
-- Faults on request: what the simulator is to do wrong, and for how many calls.
-- Owns the tables of kinds and of calls, from which `ges sim --help` is made, and the store's keys
-- "fault.". Called by the other files of ges.sim.service; ges.sim, ges.sim.options and the command
-- read faults.list and the tables.
--
-- Each way to ask takes one fault or a list, and uses them in their order:
--   X-Sim-Fault: KIND             on any call: this call (one fault)
--   X-Sim-Faults: LIST            on a call that starts a job: that job's status calls
--   POST /sim/faults, a JSON text or objects: calls of any job
-- In a text a fault is [CALL:]KIND[*COUNT][@SECONDS], in a list set off by commas; as an object
--   {"kind": KIND, "count": 1, "on": CALL, "delay": SECONDS, "retry_after": "1"}
-- CALL is one of faults.calls (status), COUNT for how many calls (1), SECONDS how long each answer
-- takes (at most 60). `retry_after` of a throttle is what Retry-After
-- says: seconds, a date, or "" for none.

local reply = require "ges.sim.service.reply"
local trim = require "ges.util.trim"

local faults = {}

local keep_seconds = 86400
local max_list = 16
local max_text = 4096

--- The kinds of calls: `projects` are also the lists of domains and of services.
faults.calls = { "status", "start", "list", "graph", "login", "projects" }
local is_call = {}
for _, call in ipairs(faults.calls) do is_call[call] = true end

local fields = { kind = true, count = true, on = true, delay = true, retry_after = true }

-- name    the kind
-- help    what comes, for people
-- answer  function(ctx, fault) -> what comes in place of the right answer, or
-- spoil   function(ctx, response) -> what is made of it
-- delay   seconds, where none are asked for
---@type { name: string, help: string }[]
faults.kinds = {
  { name = "throttle", help = "429 with Retry-After: 1",
    answer = function(ctx, fault)
      local after = fault.retry_after or "1"
      return reply.gateway(ctx, 429, "0308", "The throttling threshold has been reached: "
        .. "policy user over ratelimit,limit:1,time:1 second",
        after ~= "" and { ["Retry-After"] = after } or nil)
    end },
  { name = "unavailable", help = "503, the service is unavailable",
    answer = function(ctx)
      return reply.ges(ctx, 503, "GES.7005",
        "The underlying service is unavailable. Try again later.")
    end },
  { name = "html", help = "500 with a proxy's HTML page",
    answer = function(ctx)
      return reply.text(ctx, 500, "text/html", "<html><head><title>500 Internal Server Error"
        .. "</title></head><body>proxy</body></html>\r\n")
    end },
  { name = "slow", help = "the right answer, 2 seconds late (slow@5: 5)", delay = 2,
    spoil = function(_, response) return response end },
  { name = "half", help = "half an answer, then a closed connection",
    spoil = function(_, response)
      response.cut = math.floor(#response.body / 2)
      return response
    end },
  { name = "bad_json", help = "truncated JSON with a matching Content-Length",
    spoil = function(_, response)
      response.body = response.body:sub(1, math.floor(#response.body / 2))
      return response
    end },
  { name = "drop", help = "a closed connection",
    answer = function(ctx)
      local response = reply.text(ctx, 444, "text/plain", "")
      response.drop = true
      return response
    end },
  { name = "other_job", help = "the answer of another job",
    spoil = function(ctx, response)
      local ok, body = pcall(ctx.json.decode, response.body)
      if ok and type(body) == "table" and body.job_id then
        body.job_id = reply.hex_id(ctx)
        response.body = ctx.json.encode(body)
      end
      return response
    end },
  { name = "no_job", help = "400, there is no such job",
    answer = function(ctx)
      return reply.no_job(ctx, ctx.path:match("/jobs/([^/]+)/status$") or reply.hex_id(ctx))
    end },
  { name = "token_expired", help = "401, the token has expired",
    answer = reply.expired_token },
  { name = "wrong_key", help = "401, the signature is wrong",
    answer = function(ctx) return reply.wrong_key(ctx, ctx.request.method .. "|" .. ctx.path) end },
  { name = "locked_key", help = "401, the access key is locked", answer = reply.locked_key },
  { name = "forbidden", help = "403, the user may not call this", answer = reply.forbidden },
  { name = "other_project", help = "400, the project belongs to another user",
    answer = reply.other_project },
}

local by_name = {}
for _, kind in ipairs(faults.kinds) do by_name[kind.name] = kind end

-- A text as it was given, short enough and plain enough to be repeated.
local function shown(value)
  if type(value) ~= "string" and type(value) ~= "number" then return "of type " .. type(value) end
  local text = tostring(value):sub(1, 40):gsub("[%c\127-\255]", "?")
  return "'" .. text .. "'"
end

-- A name that no fault has, or nil.
local function unknown_field(given)
  for name in pairs(given) do
    if not fields[name] then return name end
  end
end

-- One fault as given -> one checked, or nil and what is wrong with it.
local function read_fault(given, null)
  local unknown = unknown_field(given)
  if unknown ~= nil then return nil, "unknown member " .. shown(unknown) end
  local function field(name, default)
    local value = given[name]
    if value == nil or value == null then return default end
    return value
  end
  local fault = { kind = field("kind"), count = tonumber(field("count", 1)),
    on = field("on", "status") }
  local after = field("retry_after")
  fault.retry_after = type(after) == "number" and ("%.14g"):format(after) or after
  after = fault.retry_after
  local kind = by_name[fault.kind]
  if not kind then
    return nil, "unknown kind " .. shown(fault.kind)
  elseif not fault.count or fault.count % 1 ~= 0 or fault.count < 1 or fault.count > 1e6 then
    return nil, "the count is not a whole number from 1 to 1000000"
  end
  fault.delay = tonumber(field("delay", kind.delay or 0))
  if not fault.delay or not (fault.delay >= 0 and fault.delay <= 60) then
    return nil, "the delay is not from 0 to 60 seconds"
  elseif not is_call[fault.on] then
    return nil, "unknown kind of call " .. shown(fault.on)
  elseif after and (type(after) ~= "string" or #after > 64 or after:find("%c")) then
    return nil, "retry_after is malformed"
  end
  return fault
end

-- "login:throttle*3@2" -> a fault that is not yet checked.
local function split(item)
  local text = trim(item)
  local on, rest = text:match("^([%w_]+):(.*)$")
  local kind, more = (rest or text):match("^([%w_]+)(.*)$")
  if not kind then return { kind = text } end
  local count = more:match("^%*(%d+)")
  local tail = more:gsub("^%*%d+", "")
  local delay = tail:match("^@(%d+%.?%d*)$")
  if tail ~= "" and not delay then
    return nil, ("after %s: %s is neither *COUNT nor @SECONDS"):format(shown(kind), shown(tail))
  end
  return { on = on, kind = kind, count = count, delay = delay }
end

local function split_list(text)
  if #text > max_text then return nil, ("more than %d bytes"):format(max_text) end
  local list = {}
  for item in text:gmatch("[^,]+") do
    local fault, why = split(item)
    if not fault then return nil, why end
    list[#list + 1] = fault
  end
  if #list == 0 then return nil, "no fault is named" end
  return list
end

--- Reads faults: a text, one object, a list of objects, or nil for none.
---@param null any  what JSON's null is decoded to
---@return table|nil list of checked faults
---@return string|nil reason why not
function faults.list(given, null)
  if given == nil then
    return {}
  elseif type(given) == "string" then
    local list, why = split_list(given)
    if not list then return nil, why end
    given = list
  elseif type(given) ~= "table" then
    return nil, "not a list"
  elseif #given == 0 then
    given = { given }
  end
  if #given > max_list then
    return nil, ("more than %d faults"):format(max_list)
  end
  local list = {}
  for i, item in ipairs(given) do
    if type(item) ~= "table" then return nil, "a fault is not an object" end
    local fault, why = read_fault(item, null)
    if not fault then return nil, why end
    list[i] = fault
  end
  return list
end

--- The faults of a job's own status calls.
---@return table|nil list
---@return string|nil reason
function faults.of_job(given, ctx)
  local list, why = faults.list(given, ctx.json.null)
  for _, fault in ipairs(list or {}) do
    if fault.on ~= "status" then
      return nil, "a job has status calls only, not " .. fault.on
    end
  end
  return list, why
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

-- The fault that a call's own header asks for; nil where it has none, and the refusal of one that
-- cannot be read, or is for other calls.
local function own_fault(ctx)
  local text = ctx.request.headers["x-sim-fault"]
  if not text then return nil end
  local list, why = faults.list(text)
  if list and #list == 1 and not text:find("[*:]") then return list[1] end
  return nil, reply.bad_parameter(ctx, "X-Sim-Fault: " .. (why or "not one fault for this call"))
end

--- Answers a call, with the next fault that waits for it if there is one.
---@param call string kind of call: status, start, list, graph, login or projects
---@param job_id string|nil
---@param answer fun(): table makes the right answer
---@return table response
function faults.around(ctx, call, job_id, answer)
  local fault, refusal = own_fault(ctx)
  if refusal then return refusal end
  fault = fault or job_id and take(ctx, "job:" .. job_id) or take(ctx, "on:" .. call)
  if not fault then
    return answer()
  end
  ctx.count "faults"
  local kind = by_name[fault.kind]
  local response = kind.answer and kind.answer(ctx, fault) or kind.spoil(ctx, answer())
  response.delay = fault.delay > 0 and fault.delay or nil
  return response
end

--- POST /sim/faults
---@return table response
function faults.post(ctx)
  local ok, given = pcall(ctx.json.decode, ctx.request.body)
  local list, why = nil, "the body is not JSON"
  if ok and given ~= nil then list, why = faults.list(given, ctx.json.null) end
  if not list then
    return reply.json(ctx, 400, { error = why })
  end
  for _, fault in ipairs(list) do
    faults.add(ctx, "on:" .. fault.on, fault)
  end
  return reply.json(ctx, 200, { accepted = #list })
end

--- DELETE /sim/faults: forgets what waits for the calls of any job.
---@return table response
function faults.clear(ctx)
  for _, call in ipairs(faults.calls) do
    local base = "fault.on:" .. call
    ctx.state:set(base .. ":first", (ctx.state:get(base .. ":last") or 0) + 1)
  end
  return reply.json(ctx, 200, { cleared = true })
end

return faults
