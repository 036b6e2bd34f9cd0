-- SPDX-License-Identifier: MIT
-- call: from the options of one public call to what the core takes, and one attempt at it.
-- Owns the call object. Called by ges.client and the scheduler.

local auth = require("ges.auth")
local core = require("ges.core")
local failure = require("ges.failure")
local hosts = require("ges.host")
local regions = require("ges.regions")

---@class ges.Call
---@field req table         what core takes; private to this call
---@field settings table    the options of the Lua layer
---@field host ges.Host
---@field pump ges.Pump
---@field source? ges.Provider
---@field creds? table      what the provider last gave
---@field longest? number   the option request_timeout
---@field stop? number      when the call must be over, on core.now's clock

local call = {}

-- Options that are ours; everything else goes to the core.
local OURS = {
  "region", "cloud", "credentials", "retries", "on_request", "host", "thread_pool", "yield",
  "interval", "schedule", "accept", "on_event", "on_unknown", "not_found_grace", "resume",
  "jobs", "max_in_flight", "max_rate", "timeout",
}

local function split(req)
  local settings = {}
  for i = 1, #OURS do
    local name = OURS[i]
    local value = req[name]
    if value ~= nil then
      settings[name], req[name] = value, nil
    end
  end
  return settings
end

--- Reads the options of a public call. Mistakes throw at `level`; a refused value is returned.
---@param state table the client's private state
---@param name string the public name of the call
---@param level integer
---@param opts table
---@return ges.Call? call
---@return string? err
---@return ges.Info? info
function call.new(state, name, level, opts)
  local req = core.options(name, level + 1, opts, state.defaults)
  local settings = split(req)
  local given = settings.credentials
  if given and type(given.get) ~= "function" then
    error(name .. ": option 'credentials' must be a provider, like those of ges.credentials",
      level + 1)
  end
  local self = {
    req = req, settings = settings, pump = state.pump(),
    host = hosts.pick(settings.host, level + 1, settings),
  }
  if settings.region then
    local endpoint, why = regions.endpoint(settings.region, settings.cloud)
    if not endpoint then return failure.new("argument", why) end
    req.endpoint = endpoint
  end
  self.longest = req.request_timeout
  self.source = auth.source(req, given, state)
  return self
end

--- Explains the failure of an attempt that is over and tells `on_request` of it. That function gets
--- a table of its own: ours goes on to count for the whole call.
---@param self ges.Call
---@param err? string
---@param info ges.Info
---@return string? err
---@return ges.Info info
function call.report(self, err, info)
  if err then err, info = auth.explain(err, info) end
  local on_request = self.settings.on_request
  if on_request and info.attempts > 0 then
    local copy = {}
    for name, value in pairs(info) do copy[name] = value end
    on_request(copy)
  end
  return err, info
end

-- One HTTP exchange with the credentials at hand.
local function exchange(self, longest)
  local left = self.stop and self.stop - core.now() or longest
  self.req.request_timeout = math.max(0.001, math.min(longest, left))
  local value, err, info = self.pump:call(self.req, self.host, self.settings)
  return value, call.report(self, err, info)
end

--- One attempt: credentials, exchange, and a second exchange when the first was refused and
--- there are different credentials. `longest` bounds each exchange, in seconds.
---@param self ges.Call
---@param longest number
---@return any value
---@return string? err
---@return ges.Info info
function call.attempt(self, longest)
  local ok, err, info = auth.apply(self)
  if not ok then return nil, err, info end
  local value
  value, err, info = exchange(self, longest)
  if info.kind == "auth" and auth.renew(self, self.creds) then
    local before = info.attempts
    value, err, info = exchange(self, longest)
    info.attempts = info.attempts + before
  end
  return value, err, info
end

return call
