-- The cqueues host, in a real controller. Where cqueues is not installed it is pending.

local kit = require "nvim_kit"

local HEAD = [[
local cqueues, ges, wire = require "cqueues", require "ges", require "wire"
local good = wire.reply(200, '{"job_id":"j","status":"success"}')
local server = wire.serve{ loop = true, { "request", { sleep = 0.2 }, good, { again = true } } }
local client = ges.new{ endpoint = server:url(), project_id = "p", graph_id = "g", job_id = "j",
  token = "t" }
local cq = cqueues.new()
]]

local function run(body)
  local status, output = kit.lua(HEAD .. body)
  assert.equal("0 ", status .. " " .. output)
end

local it_if = pcall(require, "cqueues") and it or pending

describe("host cqueues", function()
  it_if("serves 200 coroutines while a timer ticks, and then lets the loop end", function()
    run [[
      local left, ticks = 200, 0
      cq:wrap(function() while left > 0 do cqueues.sleep(0.01) ticks = ticks + 1 end end)
      for _ = 1, 200 do
        cq:wrap(function() assert(client:job_status{}) left = left - 1 end)
      end
      assert(cq:loop())
      assert(left == 0 and ticks >= 3, ticks)
    ]]
  end)

  it_if("ends a call whose client is closed before the loop has worked for it", function()
    run [[
      local kind
      cq:wrap(function() client:close() end) -- the last one that was wrapped runs first
      cq:wrap(function() kind = select(3, client:wait{}).kind end)
      assert(cq:loop())
      assert(kind == "closed", kind)
    ]]
  end)

  it_if("asks for the job of each call, though all share one table and are tried again", function()
    run [[
      require("ges.core").random = function() return 0 end
      local ask, busy = "request", wire.reply(503, "{}")
      local server = wire.serve{ loop = true, { ask, busy, { again = true } } }
      local opts = { endpoint = server:url(), project_id = "p", graph_id = "g", token = "t",
        retries = 1 }
      for _, id in ipairs{ "one", "two" } do
        cq:wrap(function()
          opts.job_id = id
          ges.job_status(opts)
        end)
      end
      assert(cq:loop())
      local asked = {}
      for i, request in ipairs(server:requests()) do asked[i] = request:match("jobs/(%w+)") end
      table.sort(asked)
      assert(table.concat(asked, " ") == "one one two two", table.concat(asked, " "))
    ]]
  end)

  it_if("waits, is cancelled, and is closed", function()
    run [[
      local slow = wire.serve{ loop = true, { "request", { stall = true } } }
      local kinds = {}
      cq:wrap(function()
        assert(client:wait{})
        local h = assert(client:start{ endpoint = slow:url() })
        cq:wrap(function() kinds[1] = select(3, h:wait()).kind end)
        cq:wrap(function()
          kinds[2] = select(3, client:job_status{ endpoint = slow:url() }).kind
        end)
        repeat cqueues.sleep(0.01) until #slow:requests() == 2
        h:cancel()
        repeat cqueues.sleep(0.01) until kinds[1]
        client:close()
      end)
      local from = cqueues.monotime()
      assert(cq:loop())
      assert(cqueues.monotime() - from < 10)
      assert(kinds[1] == "cancelled" and kinds[2] == "closed", kinds[1] .. kinds[2])
    ]]
  end)

  it_if("works in a second controller when the first is left alone", function()
    run [[
      cq:wrap(function() client:job_status{} end)
      assert(cq:step(0))
      local other, done = cqueues.new()
      other:wrap(function() done = client:job_status{} end)
      assert(other:loop())
      assert(done)
    ]]
  end)

  it_if("says where it can wait", function()
    run [[
      local ok, why = pcall(client.job_status, client, { host = "cqueues" })
      assert(not ok and why:find("cq:wrap", 1, true), why)
      cq:wrap(function()
        ok, why = pcall(coroutine.wrap(function() return client:job_status{} end))
      end)
      assert(cq:loop())
      assert(not ok and why:find("a plain coroutine", 1, true), why)
    ]]
  end)
end)
