-- SPDX-License-Identifier: MIT
-- nvim: ges for Neovim: the calls with a callback as last argument, and a statusline component.
-- A call takes the options of its namesake in `ges`, with those of g:ges as defaults, and returns
-- at once; the callback runs later, with the results of that namesake, where all of vim.api may be
-- used. Owns nothing: the waits that show belong to ges.nvim.waits. Called by users, and by
-- ges.nvim.command. A statusline is drawn from the first redraw on, so only a call loads the
-- library itself.

local config = require("ges.nvim.config")
local copy = require("ges.util.copy")
local hosts = require("ges.host")
local waits = require("ges.nvim.waits")

local nvim = { statusline = waits.statusline, use = config.use }

local function check_callback(name, callback, level)
  if type(callback) ~= "function" then
    error(("ges.nvim.%s: the last argument must be a function, got %s"):format(name,
      type(callback)), level + 1)
  end
end

local function pack(...)
  return { n = select("#", ...), ... }
end

-- Calls back from the main loop: always later, and never inside the coroutine of the call.
local function deliver(callback, ...)
  local results = pack(...)
  vim.schedule(function() callback(unpack(results, 1, results.n)) end)
end

-- A level of mistakes that are thrown without a place in a file: `run` adds the caller's.
local NOWHERE = -1000

-- Runs `fn` in a coroutine, which the uv host suspends while it waits. What `fn` throws before that
-- is the caller's mistake.
local function run(fn, level)
  if hosts.no_yield then error("ges: " .. hosts.no_yield, level + 1) end
  local ok, err = coroutine.resume(coroutine.create(fn))
  if not ok then error(err, level + 1) end
end

-- Most of vim.api is forbidden in a fast event, so a call made there begins right after it.
local function soon(fn, level)
  if vim.in_fast_event() then
    vim.schedule(function() fn(1) end)
  else
    fn(level + 1)
  end
end

--- The calls that give one answer: job_status, jobs, request, wait_all, wait_any.
for _, name in ipairs({ "job_status", "jobs", "request", "wait_all", "wait_any" }) do
  nvim[name] = function(opts, callback)
    check_callback(name, callback, 2)
    soon(function(level)
      local made = config.client()
      local ask = require("ges.client")[name]
      run(function() deliver(callback, ask(made, opts, NOWHERE)) end, level + 1)
    end, 2)
  end
end

---@class ges.nvim.Handle
local handle_methods = {}
local handle_mt = { __name = "ges.nvim.handle", __index = handle_methods }

--- Ends the wait; the job itself goes on. May be called from anywhere; the callback gets a failure
--- of kind `cancelled`.
function handle_methods:cancel()
  if self.inner then self.inner:cancel() end
  self.is_cancelled = true
end

-- The wait itself, in its coroutine. What `on_event` throws passes through.
local function follow(inner, wait, callback)
  local results = pack(pcall(inner.wait, inner))
  if not results[1] then
    waits.remove(wait, nil, tostring(results[2]), {})
    error(results[2], 0)
  end
  waits.remove(wait, unpack(results, 2, 4))
  deliver(callback, unpack(results, 2, 4))
end

-- The options with an `on_event` that shows the event before the user's own is called.
local function with_listener(opts, defaults, wait_of)
  if type(opts) ~= "table" then return opts end
  local mine = copy(opts)
  local listener = opts.on_event or defaults.on_event
  if listener ~= nil and type(listener) ~= "function" then return opts end
  function mine.on_event(event)
    waits.on_event(wait_of(), event)
    if listener then return listener(event) end
  end
  return mine
end

local function begin_wait(self, opts, callback, notifies, level)
  local made, defaults = config.client()
  local wait
  defaults = defaults or {}
  opts = with_listener(opts, defaults, function() return wait end)
  local inner, err, info = require("ges.client").start(made, opts, level + 1)
  wait = waits.add({ graph_id = opts.graph_id or defaults.graph_id, job_id = opts.job_id
    or defaults.job_id }, function() inner:cancel() end, notifies)
  if not inner then
    waits.remove(wait, nil, err, info)
    return deliver(callback, nil, err, info)
  end
  self.inner = inner
  if self.is_cancelled then inner:cancel() end
  run(function() follow(inner, wait, callback) end, level + 1)
end

local function new_wait(name, opts, callback, notifies)
  check_callback(name, callback, 3)
  local self = setmetatable({ is_cancelled = false }, handle_mt)
  soon(function(level) begin_wait(self, opts, callback, notifies, level + 1) end, 3)
  return self
end

--- Waits for one job, to its end.
---@param opts ges.Options
---@param callback fun(job?: ges.Job, err?: string, info: ges.Info)
---@return ges.nvim.Handle handle with handle:cancel()
function nvim.wait(opts, callback)
  return (new_wait("wait", opts, callback, false))
end

--- The same, and the user is notified of each new status. This is `:Ges wait`.
---@param opts ges.Options
---@param callback fun(job?: ges.Job, err?: string, info: ges.Info)
---@return ges.nvim.Handle
function nvim.notify(opts, callback)
  return (new_wait("notify", opts, callback, true))
end

return nvim
