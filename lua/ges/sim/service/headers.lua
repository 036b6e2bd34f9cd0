-- SPDX-License-Identifier: MIT
-- The simulator's own request headers: how a job that is started is to live, what token a login is
-- to give. The call that starts a job may have the same as members of an object "sim" in its JSON
-- body; headers win.
-- Owns the tables of these headers, from which they are read and `ges sim --help` is made. Pure.
-- Called by the other files of ges.sim.service; ges.sim and ges.cli.sim read the tables.

local faults = require "ges.sim.service.faults"
local jobs = require "ges.sim.service.jobs"
local reply = require "ges.sim.service.reply"

local headers = {}

-- The header of one fault, which any call may have.
local own_fault = "x-sim-fault"

local function number_between(low, high, is_whole)
  return function(value)
    local is_plain = type(value) == "number" or type(value) == "string"
      and value:find("^%d+%.?%d*$") ~= nil
    local number = is_plain and tonumber(value)
    local fits = number and number >= low and number <= high
    if fits and not (is_whole and number % 1 ~= 0) then return number end
    return nil, ("not a%s number from %d to %d"):format(is_whole and " whole" or "", low, high)
  end
end

local week = 7 * 86400

---@class ges.sim.Header
---@field name string   of the member; the header is X-Sim-Name
---@field header string
---@field arg string    stands for the value in the help
---@field help string
---@field default any
---@field read fun(value: any, ctx: table): any, string?  what is kept, or nil (and why) for a value
---  that is not allowed

--- Of a call that starts a job.
---@type ges.sim.Header[]
headers.job = {
  { name = "seconds", arg = "N", read = number_between(0, week), default = 10,
    help = "seconds until the job ends, up to a week (10)" },
  { name = "pending", arg = "N", read = number_between(0, week),
    help = "seconds of these in status pending (a tenth, max. 2)" },
  { name = "outcome", arg = "WORD", default = "success",
    read = function(value)
      if jobs.ends[value] then return value end
      return nil, "not success, failed or partiallyFailed"
    end,
    help = "success (default), failed or partiallyFailed" },
  { name = "fail_reason", arg = "TEXT",
    read = function(value)
      if type(value) == "string" and #value <= 512 then return value end
      return nil, "not a text of up to 512 bytes"
    end,
    help = "why it failed, up to 512 bytes" },
  { name = "files", arg = "N", read = number_between(1, 200, true), default = 1,
    help = "files in each set of an import, up to 200 (1)" },
  { name = "lines", arg = "N", read = number_between(0, 1e9, true), default = 1000,
    help = "lines in each file (1000)" },
  { name = "faults", arg = "LIST", read = faults.of_job, default = {},
    help = "faults of its first status calls: throttle*3, half" },
}

--- Of a login.
---@type ges.sim.Header[]
headers.login = {
  { name = "lifetime", arg = "N", read = number_between(0, 1e9), default = 86400,
    help = "seconds for which its token is valid (86400)" },
  { name = "token_bytes", arg = "N", read = number_between(64, 30000, true), default = 2048,
    help = "length of its token, 64 to 30000 (2048)" },
}

for _, rows in pairs { headers.job, headers.login } do
  for _, row in ipairs(rows) do
    row.header = "X-Sim-" .. row.name:gsub("_", "-"):gsub("%f[%l]%l", string.upper)
  end
end

-- The first name of `given`, in their order, that `is_known` does not know.
local function find_unknown(given, is_known)
  local unknown
  for name in pairs(given) do
    local text = tostring(name)
    if not is_known(text) and (not unknown or text < unknown) then unknown = text end
  end
  return unknown
end

--- The first header X-Sim-* of a request that its call does not have, or nil.
---@param rows ges.sim.Header[]
---@return string?
function headers.unknown(ctx, rows)
  local known = { [own_fault] = true }
  for _, row in ipairs(rows) do known[row.header:lower()] = true end
  return find_unknown(ctx.request.headers, function(name)
    return known[name] or not name:find("^x%-sim%-")
  end)
end

-- The object "sim" of a body; nil and what is wrong with it.
local function read_object(ctx, rows, body)
  local object = reply.member(ctx, body, "sim")
  if object == nil then return {} end
  if type(object) ~= "table" or #object > 0 then return nil, "sim is not an object" end
  local known = {}
  for _, row in ipairs(rows) do known[row.name] = true end
  local unknown = find_unknown(object, function(name) return known[name] end)
  if unknown then return nil, ("sim has no member '%s'"):format(unknown:gsub("%c", "?")) end
  return object
end

--- Reads the headers of a call.
---@param rows ges.sim.Header[]
---@param body table  the decoded body, whose object "sim" may have the same; {} for none
---@return table<string, any>? values  by name
---@return string? wrong  which one is not allowed, and why
function headers.read(ctx, rows, body)
  local object, wrong = read_object(ctx, rows, body)
  if not object then return nil, wrong end
  local values = {}
  for _, row in ipairs(rows) do
    local value = ctx.request.headers[row.header:lower()]
    if value == nil then value = reply.member(ctx, object, row.name) end
    values[row.name] = row.default
    if value ~= nil then
      local kept, why = row.read(value, ctx)
      if kept == nil then return nil, row.header .. ": " .. why end
      values[row.name] = kept
    end
  end
  return values
end

return headers
