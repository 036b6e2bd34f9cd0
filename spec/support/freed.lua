-- SPDX-License-Identifier: MIT
-- freed: does ges give memory back with a secret in it, and how much does it hold? `freed.run` runs
-- code in a child process with spec/support/freed.c before malloc and free; there `look(name,
-- secret)` names what is looked for, `stack(f, ...)` calls a function and then looks at the stack
-- that it has left, and `over()` prints what was seen where. `held()` returns the bytes that
-- ges.core holds, and how many handles of libcurl. For spec/lua/wiped_spec and
-- spec/engine/bounds_spec.

local child = require("child")

local freed = {}

local searchpath = rawget(package, "searchpath")

-- What the child begins with. Of a long secret its first, middle and last bytes are looked for:
-- a part of it is not wiped, either.
local PRELUDE = child.prelude .. [[
local native = require("support.freed")
local names = {}
native.start()
local held = native.held
local PART = 12
local function look(name, secret)
  local n = #secret
  local parts = { secret }
  if n > PART then
    local half = math.floor(n / 2) - PART / 2
    parts = { secret:sub(1, PART), secret:sub(half, half + PART - 1), secret:sub(-PART) }
  end
  for _, part in ipairs(parts) do
    native.look(part)
    names[#names + 1] = name
  end
end
local function stack(f, ...)
  collectgarbage()
  collectgarbage("stop")
  native.stack(true)
  f(...)
  native.stack(false)
  collectgarbage("restart")
end
local function over()
  core, ges, wire = nil, nil, nil
  collectgarbage()
  collectgarbage()
  for i, name in ipairs(names) do
    local seen, size, from = native.seen(i)
    if seen > 0 then
      print(("left: %s; %d times, last in %d bytes from core.so+0x%x"):format(name, seen, size,
        from))
    end
  end
  print("blocks: " .. native.count())
end
]]

--- Why it cannot be looked for here, or nil.
function freed.impossible()
  if os.getenv("ASAN_OPTIONS") then return "AddressSanitizer has a malloc of its own" end
  if os.getenv("LD_PRELOAD") then return "another library stands before malloc" end
  if not searchpath("support.freed", package.cpath) then return "the library is not built" end
end

--- Runs `code`, which ends with `over()`; `env` has more words for env. Returns the names of what
--- was left, in order of their `look`, each once, how many blocks were looked at, and all that the
--- child said.
function freed.run(code, env)
  local lib = assert(searchpath("support.freed", package.cpath))
  local said = child.good(PRELUDE .. code,
    { before = ("env LD_PRELOAD=%s %s"):format(lib, env or "") })
  local left, known = {}, {}
  for name in said:gmatch("left: ([^\n;]+)") do
    if not known[name] then left[#left + 1] = name end
    known[name] = true
  end
  return left, tonumber(said:match("blocks: (%d+)")), said
end

return freed
