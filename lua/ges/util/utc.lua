-- SPDX-License-Identifier: MIT
-- utc: between texts with a date, and perhaps a time of day, and seconds since 1970-01-01.
-- Pure arithmetic and owns nothing: os.time would read the fields in the local zone, and os.date
-- throws for a year that the C library cannot count to. The service means UTC, whether its texts
-- say so or not. Called by ges.job, ges.call.list, ges.context, the credentials, the simulator and
-- the command.

local utc = {}
local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function days_in(year, month)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return month == 2 and leap and 29 or MONTH_DAYS[month]
end

-- Days from 1970-01-01. The year is counted from March, so that a leap day is its last.
local function days_before(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leaps = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leaps + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

--- Seconds since 1970-01-01 of a date and a time of day, in digits or as numbers; nil for an
--- impossible one.
---@return integer?
function utc.seconds(year, month, day, hour, min, sec)
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, min, sec = tonumber(hour), tonumber(min), tonumber(sec)
  if not (year and month and day and hour and min and sec) then return nil end
  if month < 1 or month > 12 or day < 1 or day > days_in(year, month) then return nil end
  if hour > 23 or min > 59 or sec > 59 then return nil end
  return ((days_before(year, month, day) * 24 + hour) * 60 + min) * 60 + sec
end

--- Reads a day like 2018-11-27.
---@param text string
---@return integer? seconds since 1970-01-01 at its beginning; nil for anything else
function utc.read_day(text)
  local year, month, day = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  return utc.seconds(year, month, day, 0, 0, 0)
end

--- Writes the day of a point in time.
---@param seconds number since 1970-01-01, not before
---@return string day such as 2018-11-27
function utc.day(seconds)
  local days = math.floor(seconds / 86400)
  local year = 1970 + math.floor(days / 366)
  while days_before(year + 1, 1, 1) <= days do year = year + 1 end
  local month = 1
  while month < 12 and days_before(year, month + 1, 1) <= days do month = month + 1 end
  return ("%04d-%02d-%02d"):format(year, month, days - days_before(year, month, 1) + 1)
end

--- Reads a time like 2018-11-27T21:39:00; a space for the T, a fraction (dropped) and a Z may
--- occur.
---@param text any
---@return integer? seconds since 1970-01-01; nil for anything else
function utc.read(text)
  if type(text) ~= "string" then return nil end
  local year, month, day, hour, min, sec, rest =
    text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[T ](%d%d):(%d%d):(%d%d)(.*)$")
  if not year or not rest:gsub("^%.%d+", ""):match("^Z?$") then return nil end
  return utc.seconds(year, month, day, hour, min, sec)
end

return utc
