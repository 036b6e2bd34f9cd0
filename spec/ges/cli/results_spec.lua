-- ges.cli.results: the records of a run, each written once, with work linear in their number.

local json = require "ges.json"
local results = require "ges.cli.results"

-- A context that keeps what is written.
local function a_context(count, values)
  local ctx = { jobs = {}, values = values, written = {}, messages = {},
    spec = { name = "wait", groups = {}, resumes = true } }
  for i = 1, count do ctx.jobs[i] = "job-" .. i end
  ctx.screen = { write = function(_, bytes) table.insert(ctx.written, bytes) end,
    safe = function(_, text) return text end }
  function ctx.clear() end
  function ctx.warn() end
  function ctx.message(said) table.insert(ctx.messages, said) end
  return ctx
end

describe("ges.cli.results", function()
  it("writes a job's line when it ends, and looks at no other job for that", function()
    local count = 500
    local ctx = a_context(count, { output = "jsonl" })
    local found, looks = results.new(ctx), 0
    setmetatable(found.entries, { __index = function() looks = looks + 1 end })
    for index = count, 1, -1 do
      found:add(index, { job_id = "x", status = "success" }, nil, { attempts = 1 }, 0)
      found:add(index, nil, "ges: no", { kind = "dns" }, 6)
      assert.equal(count - index + 1, #ctx.written)
      assert.equal("job-" .. index, json.decode(ctx.written[#ctx.written]).job_id)
    end
    assert.equal(count, looks)
    setmetatable(found.entries, nil)
    assert.equal(0, found:finish())
    assert.equal(count, #ctx.written)
  end)

  it("says that jobs continue only where each of them was seen to run", function()
    local running = { job_id = "x", status = "running" }
    for expected, seen in pairs {
      ["2 jobs may still be running"] = { false, true },
      ["2 jobs may still be running "] = { true, false },
      ["2 jobs continue"] = { true, true },
    } do
      local ctx = a_context(2, { output = "jsonl" })
      local found = results.new(ctx)
      for index = 1, 2 do
        found:add(index, nil, "ges: deadline: timed out", { kind = "deadline", retryable = false,
          attempts = 1, job = seen[index] and running or nil }, 5)
      end
      found:finish()
      local last = ctx.messages[#ctx.messages]
      assert.equal(expected:gsub(" $", "") .. " on the server; to resume: ges wait job-1 job-2",
        last)
    end
  end)
end)
