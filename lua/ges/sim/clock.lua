-- SPDX-License-Identifier: MIT
-- Times as the simulated services write and read them: all UTC, no locale, no clock of its own.
-- Owns nothing. Called by the other files of ges.sim only.

local clock = {}

local days = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

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

-- Days from 1970-01-01 to a date of the Gregorian calendar. The year is counted from March, so that
-- the leap day is its last day; os.time would read the fields as local time.
local function days_since_epoch(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local leap = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leap + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

--- Reads X-Sdk-Date.
---@param text string
---@return number|nil seconds since the epoch, nil when it is no such date
function clock.parse_sdk(text)
  local year, month, day, hour, minute, second =
    text:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z$")
  if not year then
    return nil
  end
  local whole_days = days_since_epoch(tonumber(year), tonumber(month), tonumber(day))
  return whole_days * 86400 + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
end

return clock
