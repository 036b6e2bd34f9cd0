-- SPDX-License-Identifier: MIT
-- world.script: the script of a seed: plain data that says what is to happen, all of it drawn
-- before the world begins, so that a part can be left out and the rest stays. Pure. Used by run.

local flaws = require("world.flaws")
local random = require("world.random")

local script = {}

local OUTCOMES = { "success", "success", "success", "failed", "partiallyFailed", "exploded" }

-- The life of a job, in seconds from the beginning of its call.
local function life(r)
  local visible = r:chance(0.15) and r:span(0, 14) or -1
  local starts = r:chance(0.5) and r:span(0, 4) or -1
  local ends = r:chance(0.25) and -1 or r:chance(0.1) and 1e6 or r:span(0, 40)
  return { visible = visible, starts = math.max(starts, visible),
    ends = math.max(ends, starts, visible), outcome = r:pick(OUTCOMES),
    middle = r:chance(0.1) and "Resting" or nil }
end

-- The rates of flaws of a service, from none to a bad day.
local function rates_of(r)
  local rates, mood = {}, r:unit()
  if mood < 0.3 then return rates end
  for _, name in ipairs(flaws.names) do
    if r:chance(0.35) then rates[name] = r:span(0, mood < 0.8 and 0.05 or 0.3) end
  end
  -- what ends a wait at once is rare, or nothing else would be seen
  for _, name in ipairs { "auth", "forbidden", "bad_request", "redirect", "tls", "proxy",
    "too_large", "memory", "coded" } do
    rates[name] = rates[name] and rates[name] / 8
  end
  return rates
end

local OUTAGES = { "mute", "unsent", "unavailable", "throttled", "dns", "connect", "network",
  "memory" }

local function service_of(r)
  local outages = {}
  if r:chance(0.3) then
    for n = 1, r:int(1, 2) do
      local from = r:span(0, 40)
      outages[n] = { from = from, till = from + r:span(0.5, 30), kind = r:pick(OUTAGES) }
    end
  end
  local revoked = {}
  if r:chance(0.2) then revoked[1] = r:span(0, 40) end
  return { seed = r:int(1, 2147483), latency = r:pick { 0.05, 0.3, 2, 8 }, flaws = rates_of(r),
    outages = outages, token_life = r:pick { 3, 20, 600, 86400 }, says_life = r:chance(0.8),
    revoked = revoked }
end

local TIMEOUTS = { 0, 0.5, 3, 10, 30, 60 }

local function bounds_of(r, opts)
  if r:chance(0.9) then opts.timeout = r:pick(TIMEOUTS) end
  if r:chance(0.4) then opts.request_timeout = r:pick { 0.05, 1, 3, 20 } end
end

local function wait_options(r, opts)
  if r:chance(0.4) then opts.interval = r:pick { 0.05, 0.5, 2, 7 } end
  if r:chance(0.3) then opts.not_found_grace = r:pick { 0, 3, 20 } end
  if r:chance(0.2) then opts.accept = { r:pick { "partial", "failed", "unknown" } } end
  if r:chance(0.2) then opts.on_unknown = "error" end
end

local CREDS = { "token", "token", "function", "password", "password", "provider", "keys" }

local function creds_of(r)
  local kind = r:pick(CREDS)
  local spec = { kind = kind, user = "u" .. r:int(1, 2),
    life = r:chance(0.3) and r:pick { 0.5, 5, 30 } or nil, refreshes = r:chance(0.7) or nil,
    renews = r:int(1, 5), wrong = r:chance(0.25) or nil }
  if r:chance(0.1) then spec.throws_at = r:int(1, 4) end
  if r:chance(0.1) then spec.fails_at = r:int(1, 4) end
  return spec
end

local CALLS = { "job_status", "wait", "watch", "start", "wait_all", "wait_any", "request", "jobs" }
local WEIGHTS = { 2, 3, 2, 3, 4, 2, 1, 1 }

local function pick_call(r)
  local at = r:int(1, 18)
  for n, call in ipairs(CALLS) do
    at = at - WEIGHTS[n]
    if at <= 0 then return call end
  end
end

-- A small call for what runs in the middle of another.
local function inner_call(r, key)
  local call = r:pick { "job_status", "wait", "wait_all" }
  local action = { does = "call", call = call, key = key, host = "plain", client = 1,
    opts = { timeout = r:pick { 0, 2, 20, 20 } }, creds = { kind = r:pick { "token", "password" },
    user = "u1" }, jobs = { life(r) } }
  if call == "wait_all" then action.jobs[2] = life(r) end
  return action
end

local WAYS = { "none", "none", "none", "throw", "cancel", "close", "ask", "wait", "own" }

local function callback_of(r, key)
  local way = r:pick(WAYS)
  return { way = way, nth = way ~= "none" and r:int(1, 4) or nil,
    call = way == "ask" and inner_call(r, key) or nil,
    seconds = way == "wait" and r:pick { 0.01, 1, 5 } or nil }
end

local function many_options(r, action)
  local n = r:chance(0.02) and r:int(200, 1500) or r:chance(0.2) and r:int(10, 40) or r:int(1, 6)
  for k = 1, n do action.jobs[k] = life(r) end
  if r:chance(0.6) then action.opts.max_rate = r:pick { 1, 5, 20, 1000 } end
  if r:chance(0.6) then action.opts.max_in_flight = r:pick { 1, 2, 5, 100 } end
  action.running = r:chance(0.15) or nil
end

-- What a program does with a call, besides making it.
local function habits(r, action)
  local call = action.call
  if call == "start" then
    action.poll_every = r:pick { 0.01, 0.3, 1, 4 }
    if not action.opts.timeout then action.poll_every = math.max(action.poll_every, 0.3) end
    if r:chance(0.3) then action.cancel_at = r:int(1, 8) end
    if r:chance(0.4) then action.wait_at = r:int(1, 5) end
  elseif call == "watch" then
    if r:chance(0.25) then action.break_at = r:int(1, 5) end
    if r:chance(0.2) then action.pauses = r:int(1, 3) end
  elseif call == "request" then
    action.method = r:pick { "GET", "POST", "PUT", "DELETE" }
  end
  if action.host == "uv" and r:chance(0.06) then action.abandon_after = r:span(0, 10) end
end

local IS_WAIT = { wait = true, watch = true, start = true, wait_all = true, wait_any = true }

-- A wait that polls often, or for many jobs, ends after a minute: an hour has 72,000 polls.
local function shorten(action)
  local opts = action.opts
  local pause = action.schedule and action.schedule.delay or opts.interval or 1
  if pause < 0.5 or #action.jobs > 100 then opts.timeout = opts.timeout or 60 end
end

local function call_action(r, n)
  local call = pick_call(r)
  local action = { does = "call", at = r:chance(0.4) and 0 or r:span(0, 20), call = call,
    key = "a" .. n, client = 1, host = r:chance(0.85) and "uv" or "plain", opts = {}, jobs = {},
    creds = creds_of(r), project = r:chance(0.25) and "project-1" or nil }
  bounds_of(r, action.opts)
  if IS_WAIT[call] then
    wait_options(r, action.opts)
    if r:chance(0.6) then action.listener = callback_of(r, action.key .. "l") end
    if r:chance(0.1) then
      action.schedule = callback_of(r, action.key .. "s")
      action.schedule.delay = r:pick { 0.1, 1, 5 }
    end
  elseif r:chance(0.4) and call ~= "jobs" then
    action.opts.retries = r:int(0, 4)
  end
  if r:chance(0.1) then action.teller = callback_of(r, action.key .. "r") end
  if call == "wait_all" or call == "wait_any" then
    many_options(r, action)
  elseif call ~= "request" then
    action.jobs[1] = life(r)
  end
  if IS_WAIT[call] then shorten(action) end
  habits(r, action)
  return action
end

-- The call of what runs in the middle: one that ends there, or a coroutine's.
local function made_by(r, act, key)
  local call = (act == "ask" or act == "begin") and inner_call(r, key) or nil
  if act == "begin" then call.host = "uv" end
  return call
end

-- Files of the library in which a hook runs something.
local FILES = { "host/engine", "wait/scheduler", "wait/scheduler", "credentials/provider",
  "wait/init", "call/init", "wait/waiter" }

-- Functions of the core in which something runs; false: any.
local TOUCHES = { false, "poll", "poll", "start", "start", "start", "engine", "job_status", "bind" }

local function disturbances(r, actions)
  if not r:chance(0.35) then return false end
  for n = 1, r:int(1, 3) do
    local kind = r:pick { "hook", "touch" }
    local name = kind == "touch" and r:pick(TOUCHES) or nil -- `false` is none
    local most = kind == "hook" and r:pick { 200, 6000 } or not name and 200
      or name == "engine" and 1 or 6
    local arm = { kind = kind, name = name, after = r:int(1, most) }
    if r:chance(0.5) then
      arm.times, arm.every = r:int(2, 40), kind == "hook" and r:pick { 1, 2, 3, 7, 20 } or 1
    end
    local act = r:pick { "ask", "ask", "ask", "begin", "close", "throw", "cancel", "poll", "poll",
      "collect" }
    if kind == "hook" and r:chance(0.5) then arm.file = r:pick(FILES) end
    if arm.times and (act == "close" or act == "throw") then act = "ask" end
    arm.act = { act = act, client = 1, call = made_by(r, act, "d" .. n) }
    -- what is armed at the beginning is there before the first call is
    local is_first = r:chance(0.3)
    table.insert(actions, is_first and 1 or #actions + 1, { does = "arm",
      at = is_first and 0 or r:span(0, 10), arm = arm })
  end
  return true
end

local function pauses_of(r)
  local stops, jumps = {}, {}
  if r:chance(0.15) then
    local at = 0
    for n = 1, r:int(1, 2) do
      at = at + r:span(0, 30)
      stops[n] = { at = at, lasts = r:pick { 0.5, 3, 8, 100, 4000 } }
    end
  end
  if r:chance(0.15) then
    jumps[1] = { at = r:span(0, 30), by = r:pick { -86400, -100, 100, 86400 } }
  end
  return stops, jumps
end

--- The script of a seed.
function script.of(seed)
  local r = random.new(seed)
  local actions = {}
  for n = 1, r:pick { 1, 1, 2, 3, 5, 8 } do actions[n] = call_action(r, n) end
  local is_disturbed = disturbances(r, actions)
  if r:chance(0.08) then
    actions[#actions + 1] = { does = "act", at = r:span(0, 20),
      act = { act = "close", client = 1 } }
  end
  local is_blocked
  for _, action in ipairs(actions) do
    if action.host == "plain" or action.abandon_after then is_blocked = true end
    for _, of in ipairs { "listener", "schedule", "teller" } do
      if action[of] and action[of].way == "ask" then is_blocked = true end
    end
  end
  local stops, jumps = pauses_of(r)
  return { seed = seed, actions = actions, service = service_of(r), stops = stops, jumps = jumps,
    is_strained = is_disturbed or #stops > 0 or nil, is_blocked = is_blocked,
    host = { late = r:pick { 0, 0, 0.002, 0.3 }, for_nothing = r:pick { 0, 0.1, 0.5 } } }
end

return script
