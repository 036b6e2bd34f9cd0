-- SPDX-License-Identifier: MIT
-- health: `:checkhealth ges`: reports what is there and what is missing. Shows no secret, tries no
-- login. Owns nothing. Called by Neovim.

-- luacheck: read globals vim jit

local health = {}

-- The names have changed in Neovim 0.10, their place in 0.8.
local function reporter()
  local api = vim.health or require("health")
  return setmetatable({}, {
    __index = function(_, name) return api[name] or api["report_" .. name] end,
  })
end

local function check_library(report)
  report.start("ges: library")
  local ok, core = pcall(require("ges.nvim.built"))
  if not ok then
    report.error(tostring(core), {
      "`make nvim` builds the module for Neovim's Lua; one for another Lua does not load here." })
    return false
  end
  report.ok("ges " .. core._VERSION .. " on " .. (jit and jit.version or _VERSION))
  local info = core.info()
  report.ok("libcurl " .. info.libcurl .. (info.tls and ", " .. info.tls or ""))
  -- Reading a text loads the library; LuaJIT leaves a mark of its own where that failed.
  require("ges.json").decode("[]")
  local rock = type(package.loaded.cjson) == "table"
  report.ok("JSON: " .. (rock and "the rock lua-cjson" or "Neovim's own (vim.json)"))
  return true
end

-- The options of g:ges and the environment; nil after a report of a mistake in them.
local function check_config(report)
  report.start("ges: configuration")
  local config = require("ges.nvim.config")
  local ok, err = pcall(config.client)
  if not ok then
    report.error(tostring(err), { "See :help ges-config" })
    return nil
  end
  local defaults = config.read()
  if defaults.token and defaults.project and not defaults.project_id then
    report.error("a token cannot look project '" .. defaults.project .. "' up by its name", {
      "Set project_id." })
  end
  for _, name in ipairs({ "project_id", "graph_id" }) do
    if defaults[name] or name == "project_id" and defaults.project then
      report.ok(name .. " is set")
    else
      report.info(name .. " is not set: give it in each call")
    end
  end
  return defaults
end

-- Waits as Neovim does: the editor goes on meanwhile.
local function await(is_over)
  vim.wait(6000, function() return is_over(0) end, 10)
end

local function check_endpoint(report, defaults)
  local place = require("ges.context.place")
  if not place.where(place.sources(defaults)) then
    return report.warn("endpoint: not configured: set region or endpoint in g:ges")
  end
  local found = require("ges.util.probe").ask(defaults, await, 5)
  if not found.endpoint then
    report.warn("endpoint: " .. found.err)
  elseif found.status then
    report.ok(("%s answers (HTTP %d)"):format(found.endpoint, found.status))
  else
    report.error(("%s cannot be reached: %s"):format(found.endpoint, found.err))
  end
end

-- Reports what the environment and the profile file have. A provider that wants to log in gets a
-- failure instead of the network.
local function check_chain(report, defaults)
  local credentials, has_asked = require("ges.credentials"), false
  local creds, err, info = credentials.chain():get({
    now = os.time, region = defaults.region, cloud = defaults.cloud,
    project_id = defaults.project_id,
    request = function()
      has_asked = true
      return nil, "no login is tried here", { kind = "credentials" }
    end,
  })
  if creds then
    report.ok(creds.token and "a token in the environment" or "access keys")
  elseif has_asked then
    report.ok("a password in the environment (the login is not tried)")
  elseif info and info.absent then
    report.warn(tostring(err), { "See :help ges-credentials" })
  else
    report.error(tostring(err))
  end
end

local function check_credentials(report, defaults)
  report.start("ges: credentials")
  if defaults.token then
    local is_called = type(defaults.token) == "function"
    report.ok(is_called and "a token function in g:ges (not called)" or "a token in g:ges")
  elseif defaults.ak or defaults.credentials then
    report.ok((defaults.ak and "access keys" or "a provider") .. " in g:ges")
  else
    check_chain(report, defaults)
  end
end

--- The entry that Neovim looks for.
function health.check()
  local report = reporter()
  local defaults = check_library(report) and check_config(report)
  if not defaults then return end
  check_endpoint(report, defaults)
  check_credentials(report, defaults)
end

return health
