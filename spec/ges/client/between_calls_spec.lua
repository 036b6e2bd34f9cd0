-- Nothing of one call is left in the next on the same client: for every option and every call that
-- takes it, calls with A, B, A and B send and answer what those of fresh clients do.

local alternate = require("alternate")
local cases = require("alternate_cases")
local core = require("ges.core")
local lab = require("lab")
local trust = require("trust_kit")

local names = {}
for name in pairs(alternate.calls) do names[#names + 1] = name end
table.sort(names)

describe("between two calls of one client,", function()
  local world, rows, options, files, random

  setup(function()
    random = core.random
    core.random = function() return 0 end
    local sim = lab.start()
    world, files = alternate.world(cases.keys), trust.start()
    cases.serve(world)
    rows = cases.rows(world, sim.url, files)
    options = alternate.over({ endpoint = world.servers.near:url() }, cases.options)
  end)

  teardown(function()
    core.random = random
    world:close()
    trust.stop()
    lab.stop()
  end)

  local function try(case, name, by_default)
    local makes_difference = not case.alike and (not case.on or case.on[name])
    alternate.check(world, case, alternate.of_client(name, options, case, by_default),
      makes_difference)
  end

  it("every case is of an option", function()
    local known = {}
    for _, row in ipairs(core.options()) do known[row.name] = true end
    for name in pairs(rows) do assert.is_true(known[name], name) end
  end)

  for _, row in ipairs(core.options()) do
    it(row.name .. " is that of the call", function()
      local list = rows[row.name]
      if not list and trust.needs[row.name] and not files then return pending(trust.why) end
      assert(list, "no case for the option " .. row.name .. " in alternate_cases.lua")
      for _, case in ipairs(list) do
        for _, name in ipairs(names) do
          if row.calls[name] and (not case.calls or case.calls[name]) then
            try(case, name, false)
            if row.calls["ges.new"] and alternate.can_default(case) then try(case, name, true) end
          end
        end
      end
    end)
  end
end)
