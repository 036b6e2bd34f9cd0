-- Nothing of one attempt is left in the next on the same engine: for every option that the core
-- takes, attempts with A, B, A and B on one engine, blocking, queued and in turns, and on one
-- request that is bound anew, send and answer what those of fresh ones do.

local alternate = require("alternate")
local cases = require("alternate_cases")
local core = require("ges.core")
local trust = require("trust_kit")

local blocking, queued = alternate.blocking, alternate.queued

-- How A and B are asked.
local WAYS = {
  { "blocking", blocking, blocking }, { "queued", queued, queued },
  { "queued after blocking", blocking, queued }, { "blocking after queued", queued, blocking },
}

-- What request:bind takes.
local BOUND = { endpoint = true, project_id = true, graph_id = true, job_id = true, token = true,
  ak = true, sk = true, security_token = true, ca_file = true, ca_path = true }

local function is_bound(case)
  for _, own in ipairs { case.a, case.b } do
    for option in pairs(own) do
      if not BOUND[option] then return false end
    end
  end
  return true
end

describe("between two attempts of one engine,", function()
  local world, rows, options, files

  setup(function()
    world, files = alternate.world(cases.keys), trust.start()
    cases.serve(world)
    rows = cases.rows(world, "http://127.0.0.1:1", files)
    options = alternate.over({ endpoint = world.servers.near:url() }, cases.options)
  end)

  teardown(function()
    world:close()
    trust.stop()
  end)

  -- A limit that the layer above makes of another is none of the core's.
  local function for_core(case)
    local with = {}
    for name, value in pairs(case.with or {}) do
      if name ~= "timeout" or value ~= 0 then with[name] = value end
    end
    return setmetatable({ with = with }, { __index = case })
  end

  local function try(case)
    local differs = not case.alike and (not case.on or case.on["core.job_status"])
    for _, way in ipairs(WAYS) do
      alternate.check(world, case, alternate.of_engine(options, case, way[2], way[3]), differs)
    end
    if is_bound(case) then
      alternate.check(world, case, alternate.of_request(options, case), differs)
    end
  end

  for _, row in ipairs(core.options()) do
    if row.calls["core.job_status"] then
      it(row.name .. " is that of the attempt", function()
        local list = rows[row.name]
        if not list and trust.needs[row.name] and not files then return pending(trust.why) end
        assert(list, "no case for the option " .. row.name .. " in alternate_cases.lua")
        for _, case in ipairs(list) do
          if not case.layer then try(for_core(case)) end
        end
      end)
    end
  end

  -- A way for each A and each B of all cases but those that take their time.
  local function all_ways(first, second)
    local all = {}
    for _, row in ipairs(core.options()) do
      for _, case in ipairs(row.calls["core.job_status"] and rows[row.name] or {}) do
        if not case.layer and not case.within then
          for _, own in ipairs { case.a, case.b } do
            table.insert(all, alternate.of_engine(options, for_core { with = case.with, a = own,
              b = own }, first, second))
          end
        end
      end
    end
    return all
  end

  it("whatever the order of all kinds of requests is", function()
    local seed, all, want = 20181127, all_ways(blocking, queued), {}
    local function random(most)
      seed = seed * 16807 % 2147483647
      return seed % most + 1
    end
    local function ask(n, how, engine)
      return alternate.observe(world, {}, all[n][how], engine)
    end
    for n, way in ipairs(all) do
      local engine = way.open()
      want[n] = ask(n, "a", engine)
      engine:close()
    end
    local engine = core.engine()
    for _ = 1, 600 do
      local n = random(#all)
      assert.equal(want[n], ask(n, random(2) == 1 and "a" or "b", engine), "case " .. n)
    end
    engine:close()
  end)

  -- Starts all of these on one engine, from the k-th on, and checks what each answers.
  local function at_once(engine, all, want, k)
    local number_of, left = {}, 0
    for i = 1, #all do
      local n = (i + k) % #all + 1
      local id, err, info = all[n].a(engine)
      if id then
        number_of[id], left = n, left + 1
      else
        assert.equal(want[n], alternate.answer(world, false, true, id, err, info))
      end
    end
    local stop = core.now() + 60
    while left > 0 do
      assert.is_true(core.now() < stop, left .. " attempts did not end")
      engine:step(0.1)
      local id, value, err, info = engine:poll()
      while id do
        local n = number_of[id]
        assert.equal(want[n], alternate.answer(world, false, true, value, err, info), "case " .. n)
        left = left - 1
        id, value, err, info = engine:poll()
      end
    end
  end

  it("when all kinds of requests are made at once, again and again", function()
    local all, want, requests = all_ways(blocking, queued), {}, {}
    world:take()
    for n, way in ipairs(all) do
      local engine = way.open()
      want[n] = alternate.answer(world, false, true, way.a(engine))
      for _, text in ipairs(world:take()) do table.insert(requests, text) end
      engine:close()
    end
    table.sort(requests)
    local engine = core.engine()
    all = all_ways(engine.start, engine.start)
    for k = 0, 40, 8 do -- the kept handles serve others each time
      at_once(engine, all, want, k)
      local seen = world:take()
      table.sort(seen)
      assert.same(requests, seen)
    end
    engine:close()
  end)
end)
