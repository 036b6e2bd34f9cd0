-- SPDX-License-Identifier: MIT
-- nvim.config: from g:ges and the environment to a client.
-- Owns the client, which is made at the first call, and anew when g:ges has changed since. Called
-- by ges.nvim, ges.nvim.command and ges.health, where vim.api may be used.

local copy = require("ges.util.copy")

local config = {}

-- Options that the environment may give where g:ges does not, with those that they exclude.
local FROM_ENVIRONMENT = {
  { "endpoint", "GES_ENDPOINT", "region", "cloud" }, { "cloud", "GES_CLOUD", "endpoint", "region" },
  { "region", "GES_REGION", "endpoint" }, { "project_id", "GES_PROJECT_ID", "project" },
  { "project", "GES_PROJECT_NAME", "project_id" }, { "graph_id", "GES_GRAPH_ID" },
  { "iam_endpoint", "GES_IAM_ENDPOINT" },
}

local current

-- vim.g.ges is a copy each time, with new copies of its functions; this function stays the same,
-- and calls the one that g:ges has at the time.
local function read_token()
  local given = vim.g.ges
  local token = type(given) == "table" and given.token
  if type(token) == "function" then return token() end
  return token
end

--- The options that calls fall back on. Throws for a g:ges that is no table.
---@return table
function config.read()
  local given = vim.g.ges
  if given ~= nil and type(given) ~= "table" then
    error("g:ges must be a table of options, got a " .. type(given), 0)
  end
  local defaults = copy(given or {})
  if type(defaults.token) == "function" then defaults.token = read_token end
  for _, row in ipairs(FROM_ENVIRONMENT) do
    local name, value = row[1], os.getenv(row[2]) or ""
    local is_free = defaults[name] == nil
    for i = 3, #row do is_free = is_free and defaults[row[i]] == nil end
    if value ~= "" and is_free then defaults[name] = value end
  end
  return defaults
end

-- Equal, as far as that can be seen of copies: functions in the same place count as equal.
local function same(a, b)
  if type(a) ~= type(b) then return false end
  if type(a) ~= "table" then return a == b or type(a) == "function" end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- The client of the editor and its defaults. Mistakes in g:ges throw.
---@return ges.Client client
---@return table? defaults nil when the client is the user's own
function config.client()
  if current and not current.defaults then return current.client end
  local defaults = config.read()
  if not current or not same(current.defaults, defaults) then
    local core = require("ges.nvim.built")()
    local ok, err = pcall(core.prepare, "ges.new", 1, defaults)
    if not ok then error("g:ges: " .. tostring(err):gsub("^.-ges%.new: ", ""), 0) end
    current = { client = require("ges.client").new(defaults, 1), defaults = defaults }
  end
  return current.client, current.defaults
end

--- Has all later calls use a client of the caller's own; nil goes back to g:ges.
---@param made? ges.Client
function config.use(made)
  current = made and { client = made } or nil
end

return config
