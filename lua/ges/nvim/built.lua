-- SPDX-License-Identifier: MIT
-- nvim.built: ges.core in Neovim, or one line that says how to build it: a plugin is cloned first
-- and built second, and what Lua's loader says of a missing module is a page of paths.
-- Owns nothing. Called by ges, ges.nvim.config and ges.health.

local source = debug.getinfo(1, "S").source:gsub("^@", "")

-- What to do. Only the folder of a plugin has a Makefile; that of a rock has none.
local function advice()
  local uv = vim.uv or vim.loop
  local path = uv.fs_realpath(source) or source
  local top = path:match("^(.*)/lua/ges/nvim/[^/]*$") or "."
  if uv.fs_stat(top .. "/Makefile") then return ("run `make nvim` in %s"):format(top) end
  return "install ges for Lua 5.1, or run `make nvim` in a clone"
end

--- Loads the library's C part.
---@return table core
return function()
  local ok, core = pcall(require, "ges.core")
  if ok then return core end
  local why = tostring(core)
  if why:find("module 'ges.core' not found", 1, true) then
    error("ges is not built: " .. advice(), 0)
  end
  -- As for a module that was built for another Lua, or a library that is missing.
  why = why:gsub("^[^\n]-:%d+: ", ""):gsub("\n%s*", " ")
  error(("ges.core cannot be loaded: %s; %s"):format(why, advice()), 0)
end
