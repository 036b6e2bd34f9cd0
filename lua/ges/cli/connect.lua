-- SPDX-License-Identifier: MIT
-- cli.connect: from the options of the command to those of the library, and a client.
-- A mistake is told in the words of the command line. Owns nothing. Called by the commands.

local core = require("ges.core")
local options = require("ges.cli.options")
local secret = require("ges.cli.secret")

local connect = {}

-- What each call of the library takes, by the groups of our options.
local GROUPS = {
  ["ges.job_status"] = { "where", "once", "transport" },
  ["ges.wait"] = { "where", "waiting", "transport" },
  ["ges.watch"] = { "where", "waiting", "transport" },
  ["ges.wait_all"] = { "where", "waiting", "many", "transport" },
}

-- Ours alone; `accept` is not an option of the call that only asks.
local OURS = { token_file = true, no_verify = true }

local PROJECT_VARIABLES = { "HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID" }

local function usage(text)
  error({ usage = text }, 0)
end

local function is_set(getenv, name)
  return (getenv(name) or "") ~= ""
end

-- A token does not say which project it is for, and asking without one is in vain.
local function lacks_project(values, getenv)
  if values.project_id then return false end
  if not values.token_file and not is_set(getenv, "GES_TOKEN") then return false end
  for _, name in ipairs(PROJECT_VARIABLES) do
    if is_set(getenv, name) then return false end
  end
  return true
end

-- What nothing can be asked without, by the names people give it.
local function check_ids(values, getenv)
  if not values.endpoint and not values.region then
    usage("where? give --region NAME (or --endpoint URL), or set GES_REGION or GES_ENDPOINT")
  end
  if not values.graph_id then usage("which graph? give --graph ID, or set GES_GRAPH_ID") end
  if lacks_project(values, getenv) then
    usage("which project? give --project ID, or set GES_PROJECT_ID")
  end
end

--- The library's complaint, with our names for its options.
---@param message string
---@return string
function connect.translate(message)
  return (message:gsub("^.-: ", "", 1):gsub("option '([%w_]+)'", function(name)
    for _, rows in pairs(options.groups) do
      for _, row in ipairs(rows) do
        if row.name == name then return row.also and #row.flag == 2 and row.also or row.flag end
      end
    end
  end))
end

-- The options of a call, unless the library finds a mistake in them.
local function check(call, opts)
  local ok, err = pcall(core.prepare, call, 1, opts)
  if not ok then usage(connect.translate(tostring(err))) end
  return opts
end

-- The library's options that say where to go and how, out of these groups.
local function pick(values, groups)
  local opts = {}
  for _, group in ipairs(groups) do
    for _, row in ipairs(options.groups[group]) do
      if not OURS[row.name] then opts[row.name] = values[row.name] end
    end
  end
  if values.no_verify then opts.verify = false end
  return opts
end

--- One line for each HTTP attempt, for --verbose.
local function reporter(ctx)
  return function(info)
    local what = info.http_status and "HTTP " .. info.http_status or info.kind or "no answer"
    local id = info.request_id and ", request " .. info.request_id or ""
    ctx.say(("%s after %.3f s%s"):format(what, info.elapsed or 0, id))
  end
end

--- The options of one call of the library. Throws { usage = text } for a mistake.
---@param ctx ges.cli.Context
---@param call string the public name of the call
---@param extra table more options of the call
---@return table
function connect.options(ctx, call, extra)
  check_ids(ctx.values, ctx.getenv)
  local opts = pick(ctx.values, GROUPS[call])
  if call == "ges.job_status" then opts.accept = nil end
  if ctx.values.token_file then
    opts.credentials = secret.provider(ctx.values.token_file)
  end
  if ctx.values.verbose then opts.on_request = reporter(ctx) end
  opts.host = "plain"
  for name, value in pairs(extra) do opts[name] = value end
  return check(call, opts)
end

--- The endpoint and the transport's options alone, for doctor. Throws as above.
---@param ctx ges.cli.Context
---@return table
function connect.transport(ctx)
  local opts = pick(ctx.values, { "transport" })
  opts.endpoint, opts.region, opts.cloud = ctx.values.endpoint, ctx.values.region, ctx.values.cloud
  return check("ges.new", opts)
end

return connect
