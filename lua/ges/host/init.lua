-- SPDX-License-Identifier: MIT
-- host: which event loop the process runs, and so how a call waits.
-- Owns nothing. Called by ges.call once per call; the hosts and ges.nvim read `no_yield`.

---@class ges.Host
---@field name string as in the option `host`
---@field blocking? boolean the calling thread may sleep
---@field check? fun(settings: table): string? why it is impossible to wait here (a phase of nginx,
--- a fast event of Neovim)
---@field watch? fun(engine: ges.Engine) has the event loop work for the engine, until no attempt is
--- in flight; called before each wait while there are any, and does nothing if it works already
---@field park fun(engine: ges.Engine, task: ges.Task, seconds: number) returns when task.ready is
--- set or `seconds` have passed, or earlier. They are more than 0: for a wait of 0 the engine just
--- works once, which ges.host.engine does itself
---@field wake fun(task: ges.Task) makes the park of that task return

local hosts = {}
local packages = package.loaded
local loaded = {}

-- A host's file is loaded when it is needed: it requires what only that host has.
local function load_host(name, level)
  local ok, host = pcall(require, "ges.host." .. name)
  if ok then
    loaded[name] = host
    return host
  end
  local why = tostring(host):match("module '[%w._]+' not found") or tostring(host)
  error(("ges: host '%s' is not available: %s"):format(name, why), level + 1)
end

local isyieldable = rawget(coroutine, "isyieldable")

--- Why no coroutine can wait in this Lua, or nil: a wait may lie below a pcall. (To try it here is
--- no way: in nginx a coroutine may not yield below `require`.)
---@type string?
hosts.no_yield = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
  and "this Lua cannot yield from within a pcall: use LuaJIT or Lua 5.2 or later" or nil

-- True if luv's loop runs, or will: it has handles already, and this is a coroutine.
local function in_luv_loop(luv)
  if type(luv) ~= "table" or not luv.loop_alive then return false end
  if luv.loop_mode and luv.loop_mode() then return true end
  return isyieldable and isyieldable() and luv.loop_alive()
end

-- A Lua state belongs to a server or an editor from its beginning. (The globals are read raw: a
-- strict metatable would throw.)
local function detect_state()
  local ngx, vim = rawget(_G, "ngx") or packages.ngx, rawget(_G, "vim")
  if type(ngx) == "table" and ngx.get_phase then return "ngx" end
  -- Neovim's worker threads have no vim.schedule, and may block.
  if type(vim) == "table" and vim.schedule and (vim.uv or vim.loop) then return "uv" end
end

local belongs_to = detect_state()

-- Called for every call: a script may start a loop at any time.
local function detect()
  if belongs_to then return belongs_to end
  local cqueues, luv = packages.cqueues, packages.luv
  if cqueues and cqueues.running and cqueues.running() then return "cqueues" end
  return luv and in_luv_loop(luv) and "uv" or "plain"
end

--- The host of this call. Throws at `level` where the host is missing, or cannot wait.
---@param name? string the option `host`
---@param settings table the options of the Lua layer
function hosts.pick(name, level, settings)
  name = name or detect()
  local host = loaded[name] or load_host(name, level + 1)
  local why = host.check and host.check(settings)
  if why then error("ges: " .. why, level + 1) end
  return host
end

return hosts
