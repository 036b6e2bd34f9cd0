-- SPDX-License-Identifier: MIT
-- nvim: ges for Neovim: the calls with a callback as last argument, and a statusline component.
-- A call takes the same options as in `ges`, with those of g:ges as defaults, returns at once, and
-- has its callback called later with what the function in `ges` would have returned, where all of
-- vim.api may be used. Called by users, and by :Ges. The waits it shows are ges.nvim.board's.
-- A statusline asks from the first redraw on, so the library itself is loaded by the first call.

local board = require("ges.nvim.board")
local config = require("ges.nvim.config")
local hosts = require("ges.host")

local nvim = { statusline = board.statusline, use = config.use }

local function check_callback(name, callback, level)
  if type(callback) ~= "function" then
    error(("ges.nvim.%s: the last argument must be a function, got %s"):format(name,
      type(callback)), level + 1)
  end
end

local function pack(...)
  return { n = select("#", ...), ... }
end

-- Calls back from the loop: always later, and never below our coroutine.
local function deliver(callback, ...)
  local results = pack(...)
  vim.schedule(function() callback(unpack(results, 1, results.n)) end)
end

-- Runs `fn` in a coroutine that waits may park. What it throws before its first wait is the
-- caller's mistake.
local function run(fn, level)
  if hosts.no_yield then error("ges: " .. hosts.no_yield, level + 1) end
  local ok, err = coroutine.resume(coroutine.create(fn))
  if not ok then error(err, level + 1) end
end

-- In a fast event little of the editor may be touched; the call begins right after it.
local function soon(fn, level)
  if vim.in_fast_event() then
    vim.schedule(function() fn(1) end)
  else
    fn(level + 1)
  end
end

--- The calls that give one answer: job_status, request, wait_all, wait_any.
for _, name in ipairs({ "job_status", "request", "wait_all", "wait_any" }) do
  nvim[name] = function(opts, callback)
    check_callback(name, callback, 2)
    soon(function(level)
      local made, defaults = config.client()
      if defaults then
        require("ges.core").prepare("ges." .. name, level + 1, opts, defaults)
      end
      local ask = require("ges.client")[name]
      run(function() deliver(callback, ask(made, opts, 1)) end, level + 1)
    end, 2)
  end
end

---@class ges.nvim.Handle
local handle_methods = {}
local handle_mt = { __name = "ges.nvim.handle", __index = handle_methods }

--- Ends the wait, from wherever it is called; the job itself goes on. Its callback is told.
function handle_methods:cancel()
  if self.inner then self.inner:cancel() end
  self.is_cancelled = true
end

-- The wait itself, in its coroutine. An error of a listener passes through.
local function follow(inner, wait, callback)
  local results = pack(pcall(inner.wait, inner))
  if not results[1] then
    board.remove(wait, nil, tostring(results[2]), {})
    error(results[2], 0)
  end
  board.remove(wait, unpack(results, 2, 4))
  deliver(callback, unpack(results, 2, 4))
end

-- The options with our ear in front of the user's.
local function with_ear(opts, defaults, wait_of)
  if type(opts) ~= "table" then return opts end
  local mine = {}
  for name, value in pairs(opts) do mine[name] = value end
  local listener = opts.on_event or defaults.on_event
  if listener ~= nil and type(listener) ~= "function" then return opts end
  function mine.on_event(event)
    board.hear(wait_of(), event)
    if listener then return listener(event) end
  end
  return mine
end

local function begin_wait(self, opts, callback, is_told, level)
  local made, defaults = config.client()
  local wait
  defaults = defaults or {}
  opts = with_ear(opts, defaults, function() return wait end)
  local inner, err, info = require("ges.client").start(made, opts, level + 1)
  if not inner then return deliver(callback, nil, err, info) end
  self.inner = inner
  if self.is_cancelled then inner:cancel() end
  wait = board.add({ graph_id = opts.graph_id or defaults.graph_id, job_id = opts.job_id
    or defaults.job_id }, function() inner:cancel() end, is_told)
  run(function() follow(inner, wait, callback) end, level + 1)
end

local function new_wait(name, opts, callback, is_told)
  check_callback(name, callback, 3)
  local self = setmetatable({ is_cancelled = false }, handle_mt)
  soon(function(level) begin_wait(self, opts, callback, is_told, level + 1) end, 3)
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
