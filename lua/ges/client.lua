-- SPDX-License-Identifier: MIT
-- client: class "ges.client", defaults and one connection pool for many calls.
-- Owns the private state of every client (in a weak table: defaults may hold secrets, and whoever
-- prints a client must not see them). Called by ges.init.

local call = require("ges.call")
local core = require("ges.core")
local credentials = require("ges.credentials")
local failure = require("ges.error")
local json = require("ges.json")
local pump = require("ges.host.engine")
local single = require("ges.single")
local wait = require("ges.wait")

local client = {}

local states = setmetatable({}, { __mode = "k" })

---@class ges.Client
local client_methods = {}
local client_mt = { __name = "ges.client", __index = client_methods, __metatable = "locked" }

function client_mt.__tostring(self)
  return "ges.client (" .. (states[self].closed and "closed" or "open") .. ")"
end

-- The engine is made when it is first needed, so that a client made before a fork (or in
-- nginx's init phase) costs nothing and shares nothing.
local function new_state(defaults)
  local state = { defaults = defaults }
  local engine, chain, last, keys
  -- Making an engine allocates, so that a finalizer may make one of the same client meanwhile, or
  -- close the client.
  function state.pump()
    if engine then return engine end
    local made = pump.new()
    if engine then
      made:close()
    else
      engine = made
      if state.closed then made:close() end
    end
    return engine
  end
  function state.chain()
    chain = chain or credentials.chain({ credentials.env(), credentials.profile() })
    return chain
  end
  -- One provider for the same keys: what it looks up, it looks up once.
  function state.keys(opts)
    local same = keys and last.ak == opts.ak and last.sk == opts.sk
      and last.security_token == opts.security_token
    if not same then keys, last = credentials.aksk(opts), opts end
    return keys
  end
  function state.close()
    state.closed = true
    if engine then engine:close() end
  end
  return state
end

--- Makes a client.
---@param defaults? ges.Options
---@param level integer
---@return ges.Client
function client.new(defaults, level)
  local checked = core.options("ges.new", level + 1, defaults == nil and {} or defaults)
  local self = setmetatable({}, client_mt)
  states[self] = new_state(checked)
  return self
end

-- The state behind `self`; a dot instead of a colon is the usual mistake.
local function state_of(self, name, level)
  local state = states[self]
  if not state then error("use client:" .. name .. "{...}, with a colon", level + 1) end
  if state.closed then error("attempt to use a closed ges.client", level + 1) end
  return state
end

--- Asks once how a job is doing, with retries.
---@param self ges.Client
---@param opts ges.Options
---@param level integer
---@return ges.Job? job
---@return string? err
---@return ges.Info info
function client.job_status(self, opts, level)
  local state = state_of(self, "job_status", level + 1)
  local one, err, info = call.new(state, "ges.job_status", level + 1, opts)
  if not one then return nil, err, info end
  return single.run(one, true)
end

-- What a request may have; the core's room is for as many.
local HEADERS_MAX, QUERY_MAX = 24, 64

-- Headers that say who asks or where a message ends: they are made of the other options. A token
-- given here would not be kept out of messages.
local OURS = {
  authorization = true, ["content-length"] = true, host = true, ["transfer-encoding"] = true,
  ["x-auth-token"] = true, ["x-sdk-date"] = true, ["x-security-token"] = true,
}

-- The headers of a generic request: a shape that is wrong throws, a value that is refused is
-- returned, since it may come from a user.
local function check_headers(headers, level)
  local seen, n = {}, 0
  for name, value in pairs(headers) do
    n = n + 1
    if n > HEADERS_MAX then
      error("ges.request: option 'headers' has more than " .. HEADERS_MAX .. " of them", level + 1)
    end
    if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") then
      error("ges.request: option 'headers' has a name that is not an HTTP token", level + 1)
    elseif seen[name:lower()] then
      error("ges.request: header '" .. name .. "' is given twice", level + 1)
    elseif OURS[name:lower()] then
      error("ges.request: header '" .. name .. "' is made of the other options", level + 1)
    elseif type(value) ~= "string" then
      error(("ges.request: header '%s' must be a string, not a %s"):format(name, type(value)),
        level + 1)
    elseif value:find("[%z\1-\8\10-\31\127]") then
      return failure.new("argument", "header '" .. name .. "' holds a control character")
    end
    seen[name:lower()] = true
  end
  return true
end

local PLAIN = { string = true, number = true, boolean = true }

-- The query of a generic request: plain values and lists of them.
local function check_query(query, level)
  local n = 0
  for name, value in pairs(query) do
    local good = type(name) == "string"
    for key, item in pairs(type(value) == "table" and value or { value }) do
      n = n + 1
      good = good and type(key) == "number" and PLAIN[type(item)]
        and (type(item) ~= "number" or math.abs(item) < math.huge)
    end
    if not good then
      error(("ges.request: option 'query' must have names with strings, finite numbers, booleans "
        .. "or lists of them, '%s' is none"):format(tostring(name)), level + 1)
    elseif n > QUERY_MAX then
      error("ges.request: option 'query' has more than " .. QUERY_MAX .. " values", level + 1)
    end
  end
end

local IDEMPOTENT = { GET = true, HEAD = true, PUT = true, DELETE = true }

local function decode_body(response)
  local kind = response.headers["content-type"] or ""
  if response.body ~= "" and kind:find("json", 1, true) then
    response.json = json.decode(response.body)
  end
end

--- Any other call of the management plane.
---@param self ges.Client
---@param opts ges.Options
---@param level integer
---@return ges.Response? response
---@return string? err
---@return ges.Info info
function client.request(self, opts, level)
  local state = state_of(self, "request", level + 1)
  local one, err, info = call.new(state, "ges.request", level + 1, opts)
  if not one then return nil, err, info end
  local req = one.req
  local ok
  ok, err, info = check_headers(req.headers or {}, level + 1)
  if not ok then return nil, err, info end
  check_query(req.query or {}, level + 1)
  if type(req.body) == "table" then
    local text, why = json.encode(req.body)
    if not text then error("ges.request: option 'body' cannot be encoded: " .. why, level + 1) end
    req.body = text
  end
  local response
  response, err, info = single.run(one, IDEMPOTENT[req.method or "GET"] or false)
  if response then decode_body(response) end
  return response, err, info
end

-- The waiting calls differ in what they return, not in how they begin.
for _, name in ipairs({ "wait", "watch", "start", "wait_all", "wait_any" }) do
  local run = wait[name]
  client[name] = function(self, opts, level)
    local state = state_of(self, name, level + 1)
    return select(1, run(state, level + 1, opts))
  end
end

-- The methods: level 2 is the line that called them. (`select` keeps this from being a tail
-- call, which would hide that line.)
for _, name in ipairs({ "request", "wait", "watch", "start", "wait_all", "wait_any" }) do
  local run = client[name]
  client_methods[name] = function(self, opts)
    return select(1, run(self, opts, 2))
  end
end

-- The one that is called often.
function client_methods:job_status(opts)
  local job, err, info = client.job_status(self, opts, 2)
  return job, err, info
end

--- Ends all calls under way and the connections. Idempotent.
function client_methods:close()
  local state = states[self]
  if state then state.close() end
end

client_mt.__close = client_methods.close

return client
