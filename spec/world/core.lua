-- SPDX-License-Identifier: MIT
-- world.core: `ges.core` for a world: the real one, but that its engine, clock and random numbers
-- are the world's. Its requests are real ones in a wrapper that shows what they are for and whose
-- token they bear. Owns the wrappers. Used by world.world.
--
-- C code lets code of the user run where it allocates: so before and after each of its functions
-- `touch` may run some (world.disturb).

local real = require("ges.core")

local request_methods = {}
local request_mt = { __index = request_methods }

-- Which functions of the core allocate, and so may run a finalizer.
local ALLOCATE = { "redact", "endpoint", "sign", "put", "take", "add" }
local RAW = { put = true, take = true, add = true }  -- of these it may run before and after only

local function wrap(current, inner, about)
  return setmetatable({ current = current, real = inner, token = about.token, what = about.what,
    spec = about.spec }, request_mt)
end

function request_methods:bind(values)
  self.current.world:touch("bind")
  local ok, err, info = self.real:bind(values)
  if ok and values.token then self.token, self.ak = values.token, nil end
  if ok and values.ak then self.token, self.ak = nil, values.ak end
  self.current.world:touch("bind")
  return ok, err, info
end

function request_methods:ask(what, query)
  self.what, self.query = what, query and { offset = query.offset, limit = query.limit,
    status = query.status, graph_name = query.graph_name }
  return self.real:ask(what, query)
end

function request_methods:copy()
  self.current.world:touch("copy")
  local made = wrap(self.current, self.real:copy(), { token = self.token, what = "job" })
  self.current.world:touch("copy")
  return made
end

function request_methods:clean(text)
  self.current.world:touch("clean")
  return self.real:clean(text)
end

function request_methods:ids() return self.real:ids() end
function request_methods:endpoint() return self.real:endpoint() end

local function prepare_in(current)
  return function(name, level, opts, defaults, base)
    current.world:touch("prepare")
    local inner, a, b, c = real.prepare(name, level + 1, opts, defaults, base and base.real)
    current.world:touch("prepare")
    if not inner then return nil, a, b, c end
    local is_generic = name == "ges.request" or name == "ctx.request"
    return wrap(current, inner, {
      token = type(a.token) == "string" and a.token or nil,
      what = is_generic and "generic" or name == "ges.jobs" and "list" or "job",
      spec = is_generic and opts or nil,
    }), a, b, c
  end
end

--- Makes one. `current.world` is the world of the moment.
---@return table core
return function(current)
  local core = setmetatable({}, { __index = real })
  for _, name in ipairs(ALLOCATE) do
    local fn = real[name]
    core[name] = RAW[name] and fn or function(...)
      current.world:touch(name)
      return fn(...)
    end
  end
  core.prepare = prepare_in(current)
  function core.engine()
    current.world:touch("engine")
    return current.world:new_engine()
  end
  function core.now()
    current.world:spin()
    return current.world.clock:read()
  end
  function core.random() return current.world:random_number() end
  return core
end
