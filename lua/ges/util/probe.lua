-- SPDX-License-Identifier: MIT
-- probe: one request without credentials, to see whether a service answers at all: any answer will
-- do. Owns its engine, from the question to the answer. Called by ges.cli.connect and ges.health.

local core = require("ges.core")
local place = require("ges.context.place")

local probe = {}

---@class ges.Probe
---@field endpoint? string  what was asked; absent for a region that is refused
---@field status? integer   of HTTP; absent without an answer
---@field date? string      the answer's Date header
---@field err? string       why there is no answer, or no good one
---@field info table        as everywhere

local function fill(found, response, err, info)
  found.err, found.info = err, info or {}
  found.status = response and response.status or found.info.http_status
  found.date = response and response.headers.date or found.info.date
  return found
end

--- Asks the endpoint, or the region's, over the options of transport that are given with it.
---@param settings table options that core.prepare has checked as those of "ges.new"
---@param await fun(is_over: fun(seconds: number): boolean) calls `is_over` until it returns true,
---  or gives up; each call works for up to so many seconds
---@param limit? number seconds for the attempt, instead of `request_timeout`
---@return ges.Probe
function probe.ask(settings, await, limit)
  local where = place.where(place.sources(settings))
  local endpoint = where and where.endpoint
  if not endpoint then
    return { err = where and where.err or "no endpoint", info = { kind = "argument" } }
  end
  local request, err, info = core.prepare("ctx.request", 1, { endpoint = endpoint, path = "/" },
    settings)
  if not request then
    err = where.variable and err:gsub("endpoint ", where.variable .. " ", 1) or err
    return fill({ endpoint = endpoint }, nil, err, info)
  end
  local engine, id, response = core.engine(), nil, nil
  engine:start(request, limit or settings.request_timeout or core.defaults.request_timeout)
  await(function(seconds)
    engine:step(seconds)
    id, response, err, info = engine:poll()
    return id ~= nil
  end)
  engine:close()
  if not id then err = "no answer" end
  return fill({ endpoint = endpoint }, response, err, info)
end

return probe
