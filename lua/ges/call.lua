-- SPDX-License-Identifier: MIT
-- call: from the options of one public call to what the core takes, and one attempt at it.
-- Owns the call object. Called by ges.client and the scheduler.

local auth = require("ges.context")
local core = require("ges.core")
local failure = require("ges.error")
local hosts = require("ges.host")
local regions = require("ges.credentials.regions")

---@class ges.Call
---@field req table         what core takes
---@field settings table    the options of the Lua layer; may be the same table: see core.options
---@field host ges.Host
---@field pump ges.Pump
---@field source? ges.Provider
---@field creds? table      what the provider last gave
---@field stop? number      when the call must be over, on core.now's clock

local call = {}

-- No exchange is given less than this, in seconds.
local SHORTEST = 0.001

-- The caller's own table has all that is needed: it is read, and not written to. Where others run
-- while we wait, they may: then we need one of our own.
local function lent(self)
  if self.host.blocking then return self end
  local own = {}
  for name, value in next, self.req do own[name] = value end
  self.req, self.settings = own, own
  return self
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
  local req, settings = core.options(name, level + 1, opts, state.defaults)
  local self = {
    req = req, settings = settings, pump = state.pump(),
    host = hosts.pick(settings.host, level + 1, settings),
  }
  if req == settings then return lent(self) end
  local given, region = settings.credentials, settings.region
  if given and type(given.get) ~= "function" then
    error(name .. ": option 'credentials' must be a provider, like those of ges.credentials",
      level + 1)
  end
  if region then
    local endpoint, why = regions.endpoint(region, settings.cloud)
    if not endpoint then return failure.new("argument", why) end
    req.endpoint = endpoint
  end
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

-- One HTTP exchange with the credentials at hand. `now` is the time, where it was just read.
local function exchange(self, longest, now)
  local left = self.stop and self.stop - (now or core.now()) or longest
  if left > longest then left = longest elseif left < SHORTEST then left = SHORTEST end
  local value, err, info = self.pump:call(self.req, self.host, self.settings, left)
  return value, call.report(self, err, info)
end

--- One attempt: credentials, exchange, and a second exchange when the first was refused and
--- there are different credentials. `longest` bounds each exchange, in seconds.
---@param self ges.Call
---@param longest number
---@param now? number the time, where it was just read
---@return any value
---@return string? err
---@return ges.Info info
function call.attempt(self, longest, now)
  local value, ok, err, info
  if self.source then
    ok, err, info = auth.apply(self)
    if not ok then return nil, err, info end
    now = nil
  end
  value, err, info = exchange(self, longest, now)
  if err and info.kind == "auth" and auth.renew(self, self.creds) then
    local before = info.attempts
    value, err, info = exchange(self, longest)
    info.attempts = info.attempts + before
  end
  return value, err, info
end

return call
