-- Bodies in the manner of JSONTestSuite, raw and as a member of a good job, and what is a number,
-- a null or too deep. Whatever comes: an answer in time, no throw, no value that is not Lua's own.

local cases = require("core_json_cases")
local kit = require("core_kit")
local wire = require("wire")

local function embedded(bytes)
  return '{"status":"running","x":' .. bytes .. "}"
end

-- Nothing but strings, finite numbers, booleans and tables, whole numbers as integers.
local function check_plain(value, where)
  local t = type(value)
  if t == "table" then
    for k, v in pairs(value) do
      check_plain(k, where)
      check_plain(v, where)
    end
    return
  end
  assert.is_true(t == "string" or t == "boolean" or t == "number", where .. ": a " .. t)
  if t == "number" then
    assert.is_true(value == value and value ~= math.huge and value ~= -math.huge, where)
    if value == math.floor(value) and math.abs(value) < 2 ^ 63 then
      assert.is_true(kit.is_integer(value), where)
    end
  end
end

-- Asks for all bodies over one connection; calls check(i, job, info, err) for each.
local function ask_all(bodies, check)
  local script = {}
  for _, body in ipairs(bodies) do
    script[#script + 1] = "request"
    script[#script + 1] = wire.reply(200, body)
  end
  local server, client = kit.serve { script }, kit.client()
  for i in ipairs(bodies) do
    local job, err, info = kit.check(client:job_status(kit.options(server)))
    if job then
      check_plain(job, "body " .. i)
    end
    check(i, job, info, err)
  end
  assert.same(1, server:accepted())
end

describe("core: JSON", function()
  after_each(kit.cleanup)

  -- Texts that are no JSON but that are read: bare control characters inside a string, and what is
  -- no escape, as careless servers send them; but the string has to end.
  local function is_tolerated(case)
    return case.name:find("^raw control") or case.bytes == '["new\nline"]'
      or case.name:find("^escape") and not case.bytes:find('\\"]$')
  end

  it("has about as many cases as its model", function()
    assert.is_true(#cases.y >= 95 and #cases.n >= 188 and #cases.i >= 35)
  end)

  for _, group in ipairs { "y", "n", "i" } do
    it("of group " .. group .. " is no job, as a body", function()
      local bodies = {}
      for i, case in ipairs(cases[group]) do
        bodies[i] = case.bytes
      end
      ask_all(bodies, function(i, job, info)
        local name = cases[group][i].name
        assert.is_nil(job, name)
        assert.same("protocol", info.kind, name)
      end)
    end)

    it("of group " .. group .. " in a job", function()
      local bodies = {}
      for i, case in ipairs(cases[group]) do
        bodies[i] = embedded(case.bytes)
      end
      ask_all(bodies, function(i, job, info, err)
        local case = cases[group][i]
        local name = case.name .. ": " .. case.bytes:sub(1, 60)
        if group == "y" then
          assert.is_table(job, name .. " " .. tostring(err))
        elseif group == "n" and is_tolerated(case) then
          assert.is_table(job, name .. " " .. tostring(err))
        elseif group == "n" then
          assert.is_nil(job, name)
        end
        if not job then
          assert.same("protocol", info.kind, name)
        end
      end)
    end)
  end
end)
