-- SPDX-License-Identifier: MIT
-- run.lua SEEDS [FIRST]: worlds made of seeds, one after the other (see doc/internals.md). Prints
-- how far it is, and at the first breach of a law the law, the seed and the shortest script that
-- still breaks it; exits 1 then.
-- run.lua breaches [SEEDS]: shows that each law notices a library that breaks it.
-- run.lua faults [SEEDS [WORDS]]: puts each of world.faults into the library, and says
-- which seed finds it.
-- Run by `make world`, from the top of the tree.

package.path = "spec/?.lua;" .. package.path
if rawget(_G, "jit") then jit.off() end -- luacheck: ignore (compiled code calls no hooks)

io.stdout:setvbuf("line")

local script = require("world.script")
local show = require("world.show")
local shrink = require("world.shrink")
local world = require("world.world")

local EVERY = 500         -- seeds between two lines of progress
local MOST_SEEDS = 10000  -- in which each fault is found

local function run(library, of)
  local made = world.new(library, of)
  return made:run(), made.started
end

-- The shortest script that breaks the law that a seed's script broke.
local function shortest(library, seed, law)
  return shrink.shrink(script.of(seed), function(shorter)
    local breach = run(library, shorter)
    return breach ~= nil and breach.law == law
  end)
end

local function report(library, seed, breach)
  print(("seed %d breaks the law \"%s\": %s (at %.3f s)"):format(seed, breach.law, breach.text,
    breach.at))
  local short = shortest(library, seed, breach.law)
  local again = run(library, short)
  print(("the shortest script that breaks it, too: %s (at %.3f s)"):format(again.text, again.at))
  print(show(short))
end

-- A number of the command line, which make calls by that name.
local function whole(name, text, default)
  local number = text == nil and default or tonumber(text)
  if number and number >= 1 and number % 1 == 0 then return number end
  io.stderr:write(("world: %s has to be a whole number from 1 on, not '%s'\n"):format(name, text))
  os.exit(2)
end

-- Runs seeds until a law is broken, or that one: returns the seed and the breach, or nil.
local function search(library, first, seeds, tell, law)
  local requests = 0
  for seed = first, first + seeds - 1 do
    local breach, started = run(library, script.of(seed))
    requests = requests + started
    if breach and (breach.law == law or not law) then return seed, breach end
    if tell and (seed - first + 1) % EVERY == 0 then
      io.write(("%d seeds, %d requests\n"):format(seed - first + 1, requests))
      io.flush()
    end
  end
  return nil, nil, requests
end

local function run_seeds(seeds, first)
  local library, began = world.library(), os.clock()
  local seed, breach, requests = search(library, first, seeds, true)
  if seed then
    report(library, seed, breach)
    os.exit(1)
  end
  print(("%s: all laws hold in %d worlds (seeds %d to %d), with %d requests; %.0f s"):format(
    rawget(_G, "jit") and "LuaJIT" or _VERSION, seeds, first, first + seeds - 1, requests,
    os.clock() - began))
end

-- Puts each fault back in a library of its own; those whose words `only` are in, where it is given.
local function run_faults(seeds, only)
  local missed = 0
  for _, fault in ipairs(require("world.faults")) do
    local seed, breach
    local is_meant = not only or fault.why:find(only, 1, true)
    if is_meant then seed, breach = search(world.library({ fault, fault.also }), 1, seeds) end
    if is_meant then print(("%-6s %s: %s"):format(seed or "none", fault.why, breach
      and ("%s: %s"):format(breach.law, breach.text) or "no seed finds it")) end
    io.flush()
    if is_meant and not seed then missed = missed + 1 end
  end
  if missed > 0 then os.exit(1) end
end

-- Shows for each law that a library which breaks it is found out.
local function run_breaches(seeds)
  local missed = 0
  for _, one in ipairs(require("world.breaches")) do
    local seed = search(world.library({ one, one.also }), 1, seeds, false, one.law)
    print(("%-6s %s"):format(seed or "none", one.law))
    if not seed then missed = missed + 1 end
  end
  if missed > 0 then os.exit(1) end
end

if arg[1] == "breaches" then
  run_breaches(tonumber(arg[2]) or 1000)
elseif arg[1] == "faults" then
  run_faults(tonumber(arg[2]) or MOST_SEEDS, arg[3])
else
  run_seeds(whole("SEEDS", arg[1], 1000), whole("SEED", arg[2], 1))
end
