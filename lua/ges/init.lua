-- SPDX-License-Identifier: MIT
-- ges: asks Huawei Cloud's Graph Engine Service how a job is doing, or waits for its end.
-- The public face: `require "ges"`. Owns the one client behind the module-level functions, made
-- at the first call.

-- In Neovim a plugin may be cloned and not built; that is said in one line. (An event loop beside
-- the name tells Neovim from a global of another program.)
local vim = rawget(_G, "vim")
if type(vim) == "table" and (vim.uv or vim.loop) then require("ges.nvim.built")() end

local client = require("ges.client")
local core = require("ges.core")
local job = require("ges.job")

local ges = {
  _VERSION = core._VERSION,
  outcome = job.outcome,
  summary = job.summary,
  credentials = require("ges.credentials"),
}

local shared

local function default_client()
  shared = client.new(nil, 2)
  return shared
end

--- Makes a client: its methods fall back on these defaults and share one connection pool.
function ges.new(defaults)
  if defaults == ges then error("use ges.new{...}, with a dot", 2) end
  local made = client.new(defaults, 2)
  return made
end

-- The calls on the shared client, documented in ges.types. (`select` keeps this from being a
-- tail call, which would hide the line of the script that made a mistake.)
for _, name in ipairs(client.calls) do
  local run = client[name]
  ges[name] = function(opts)
    if opts == ges then error(("use ges.%s{...}, with a dot"):format(name), 2) end
    return select(1, run(shared or default_client(), opts, 2))
  end
end

return ges
