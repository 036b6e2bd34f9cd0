-- SPDX-License-Identifier: MIT
-- client: class "ges.client", defaults and one connection pool for many calls.
-- Owns the private state of every client, in a weak table: defaults may hold secrets, which must
-- not show when a client is printed. Called by ges, ges.nvim, ges.nvim.config and
-- ges.cli.connect.

local call = require("ges.call")
local copy = require("ges.util.copy")
local core = require("ges.core")
local credentials = require("ges.credentials")
local job_of = require("ges.job")
local json = require("ges.json")
local list = require("ges.call.list")
local engines = require("ges.host.engine")
local place = require("ges.context.place")
local wait = require("ges.wait")

local client = {}
local states = setmetatable({}, { __mode = "k" })
local KEYS_KEPT = 64  -- access keys that a client remembers

---@class ges.Client
local client_methods = {}
local client_mt = { __name = "ges.client", __index = client_methods, __metatable = "locked" }

function client_mt.__tostring(self)
  return "ges.client (" .. (states[self].closed and "closed" or "open") .. ")"
end

-- The engine is made when it is first needed: a client made before a fork (or in nginx's init
-- phase) costs nothing and shares nothing.
local function new_state(base, defaults)
  local state = { base = base, defaults = defaults }
  local engine, chain
  local keys, count = {}, 0
  -- To make an engine allocates: a finalizer may make one of the same client meanwhile, or close
  -- the client.
  function state.engine()
    if engine then return engine end
    local made = engines.new()
    if engine then
      made:close()
    else
      engine = made
      if state.closed then made:close() end
    end
    return engine
  end
  function state.chain()
    chain = chain or credentials.chain()
    return chain
  end
  -- One provider for the same keys, so that their project is looked up once, and refused ones are
  -- not sent again.
  function state.keys(opts)
    local id = table.concat({ opts.ak, opts.sk, opts.security_token }, "\n")
    if not keys[id] then
      if count >= KEYS_KEPT then keys, count = {}, 0 end
      keys[id], count = credentials.aksk(opts), count + 1
    end
    return keys[id]
  end
  function state.close()
    state.closed = true
    if engine then engine:close() end
  end
  return state
end

--- Makes a client.
function client.new(defaults, level)
  local base, checked = core.prepare("ges.new", level + 1, defaults == nil and {} or defaults)
  -- A refused region is a failure of each call.
  local where = checked.region and place.where(place.sources(checked))
  if where and where.endpoint then base:bind({ endpoint = where.endpoint }) end
  local self = setmetatable({}, client_mt)
  states[self] = new_state(base, checked)
  return self
end

-- The state behind `self`; a dot instead of a colon is the usual mistake.
local function state_of(self, name, level)
  local state = states[self]
  if not state then error("use client:" .. name .. "{...}, with a colon", level + 1) end
  if state.closed then error("attempt to use a closed ges.client", level + 1) end
  return state
end

-- Adds a sentence about a job to the warnings of an info.
local function warn(info, request, text)
  info.warnings = info.warnings or {}
  table.insert(info.warnings, request:clean(text))
end

--- Asks once how a job is doing, with retries.
---@return ges.Job? job, string? err, ges.Info info
function client.job_status(self, opts, level)
  local state = state_of(self, "job_status", level + 1)
  local one, err, info = call.new(state, "ges.job_status", level + 1, opts)
  if not one then return nil, err, info end
  local job, why, about = call.run(one, true)
  if not job then return nil, why, about end
  local odd, strange = job_of.odd(job), job_of.strange(job)
  if odd then warn(about, one.request, odd) end
  if strange then warn(about, one.request, strange) end
  return job, why, about
end

--- Lists the jobs of a project, or of one of its graphs.
---@return ges.Job[]? jobs, string? err, ges.Info info
function client.jobs(self, opts, level)
  local state = state_of(self, "jobs", level + 1)
  local one, err, info = call.new(state, "ges.jobs", level + 1, opts)
  if not one then return nil, err, info end
  return list.jobs(one)
end

local IDEMPOTENT = { GET = true, HEAD = true, PUT = true, DELETE = true }

-- The options with a body that is a table as JSON.
local function encode_body(opts, level)
  local body = type(opts) == "table" and rawget(opts, "body")
  if type(body) ~= "table" and not json.is_empty_array(body) then return opts end
  local text, why = json.encode(body)
  if not text then error("ges.request: option 'body' cannot be encoded: " .. why, level + 1) end
  local own = copy(opts)
  own.body = text
  return own
end

local function decode_body(response)
  local kind = (response.headers["content-type"] or ""):lower()
  if response.body ~= "" and kind:find("json", 1, true) then
    response.json = json.decode(response.body)
  end
end

--- Any other call of the management plane.
---@return ges.Response? response, string? err, ges.Info info
function client.request(self, opts, level)
  local state = state_of(self, "request", level + 1)
  local one, err, info = call.new(state, "ges.request", level + 1, encode_body(opts, level + 1))
  if not one then return nil, err, info end
  local response, why, about = call.run(one, IDEMPOTENT[one.settings.method or "GET"] or false)
  if response then decode_body(response) end
  return response, why, about
end

-- The waiting calls differ in what they return, not in how they begin.
for name, run in pairs(wait) do
  client[name] = function(self, opts, level, ...)
    local state = state_of(self, name, level + 1)
    return select(1, run(state, level + 1, opts, ...))
  end
end

--- The calls of a client.
client.calls = { "job_status", "jobs", "request", "wait", "watch", "start", "wait_all", "wait_any" }

-- The methods: level 2 is the line that called them. (`select` keeps this from being a tail
-- call, which would hide that line.)
for _, name in ipairs(client.calls) do
  local run = client[name]
  client_methods[name] = function(self, opts)
    return select(1, run(self, opts, 2))
  end
end

--- Ends all calls in progress and the connections. Idempotent.
function client_methods:close()
  local state = states[self]
  if state then state.close() end
end

client_mt.__close = client_methods.close

return client
