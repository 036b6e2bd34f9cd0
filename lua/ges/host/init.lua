-- SPDX-License-Identifier: MIT
-- host: who we are a guest of, and so how to wait.
-- Owns nothing. Called by ges.client once per call. A host is a table
--   name       as in the option `host`
--   blocking   true when the calling thread may sleep
--   check()    nil, or why it is impossible to wait here (a phase, a fast event)
--   park(pump, owner, seconds)  returns when owner.ready is set or the time is over
--   wake(owner)                 makes the park of that owner return

local hosts = {}

local KNOWN = { plain = true, ngx = true, uv = true, cqueues = true }

-- A host's file is loaded when it is needed: it requires what only that host has.
local function load_host(name)
  return require("ges.host." .. name)
end

local function detect()
  local ngx, vim = rawget(_G, "ngx"), rawget(_G, "vim")
  if type(ngx) == "table" and ngx.get_phase then return "ngx" end
  if type(vim) == "table" and (vim.uv or vim.loop) then return "uv" end
  local cqueues = package.loaded.cqueues
  if cqueues and cqueues.running and cqueues.running() then return "cqueues" end
  local luv = package.loaded.luv
  if luv and luv.loop_alive and coroutine.isyieldable and coroutine.isyieldable() then
    return "uv"
  end
  return "plain"
end

--- The host of this call. Throws at `level` for a name that is none, and where the host
--- cannot wait now.
---@param name? string the option `host`
---@param level integer
---@return ges.Host
function hosts.pick(name, level)
  if name and not KNOWN[name] then
    error("option 'host' must be plain, ngx, uv or cqueues", level + 1)
  end
  name = name or detect()
  local host = load_host(name)
  local why = host.check and host.check()
  if why then error("ges: " .. why, level + 1) end
  return host
end

return hosts
