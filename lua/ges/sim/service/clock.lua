-- SPDX-License-Identifier: MIT
-- Times as the simulated services write and read them: all UTC, no locale, no clock of its own.
-- Owns nothing. Called by the other files of ges.sim.service.

local utc = require("ges.util.utc")

local clock = {}

local days = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local months = {
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
}

--- A job's time, such as 2018-11-27T21:39:00.
---@param at number seconds since the epoch
---@return string
function clock.iso(at)
  return (os.date("!%Y-%m-%dT%H:%M:%S", math.floor(at)))
end

--- A token's time, such as 2020-01-04T09:05:22.701000Z.
---@param at number
---@return string
function clock.micro(at)
  local fraction = math.floor((at % 1) * 1e6)
  return clock.iso(at) .. (".%06dZ"):format(fraction)
end

--- The Date header. %a and %b of os.date would follow the locale, so the names are looked up here.
---@param at number
---@return string
function clock.http(at)
  local t = os.date("!*t", math.floor(at))
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(
    days[t.wday], t.day, months[t.month], t.year, t.hour, t.min, t.sec)
end

--- X-Sdk-Date, such as 20060102T150405Z.
---@param at number
---@return string
function clock.sdk(at)
  return (os.date("!%Y%m%dT%H%M%SZ", math.floor(at)))
end

--- Reads X-Sdk-Date.
---@param text string
---@return number|nil seconds since the epoch, nil when it is no such date
function clock.parse_sdk(text)
  return utc.seconds(text:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z$"))
end

return clock
