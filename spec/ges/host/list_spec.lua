-- Lists of jobs, and waits for what runs, in each event loop: the loop goes on meanwhile. Each page
-- comes only when the loop lets it pass a gate, or from the loop itself: a call that held it up
-- would never end.

local kit = require "nvim_kit"
local ngx_kit = require "ngx_kit"

-- A server of a graph with two jobs, one of which runs, that waits at a gate before each answer.
local HEAD = [[
local ges, wire = require "ges", require "wire"
local name = wire.reply(200, '{"graph":{"name":"movie"}}')
local none = wire.reply(200, '{"job_count":0,"job_list":[]}')
local run = '{"job_id":"r","status":"running"}'
local list = wire.reply(200, '{"job_count":2,"job_list":[{"job_id":"d","status":"success"}]}')
local rest = wire.reply(200, '{"job_count":2,"job_list":[' .. run .. "]}")
local running = wire.reply(200, '{"job_count":1,"job_list":[' .. run .. "]}")
local done = wire.reply(200, '{"job_id":"r","status":"success"}')
local gate, ask = { gate = true }, "request"
local server = wire.serve{ loop = true, { ask, gate, name, ask, gate, list, ask, gate, rest,
  ask, gate, name, ask, gate, none, ask, gate, running, ask, gate, done } }
local client = ges.new{ endpoint = server:url(), project_id = "p", graph_id = "g", token = "t" }
local function both()
  local jobs, err, info = client:jobs{}
  assert(jobs, err)
  assert(#jobs == 2 and jobs[2].job_id == "r" and info.attempts == 3)
  local results, why = client:wait_all{ jobs = "running" }
  assert(results, why)
  assert(#results == 1 and results[1].job_id == "r" and results[1].job.status == "success")
end
]]

local function check(status, output)
  assert.equal("0 ", status .. " " .. output)
end

local has_cqueues = pcall(require, "cqueues")
local is_jit = rawget(_G, "jit") ~= nil

describe("a list of jobs", function()
  it("is read in a plain program", function()
    check(kit.lua(HEAD .. [[
      server:pass(7)
      both()
    ]]))
  end)

  it("leaves luv's loop running", function()
    check(kit.lua(HEAD .. [[
      local luv, passed, over = require "luv", 0, false
      local timer = luv.new_timer()
      timer:start(1, 5, function()
        if over then return timer:close() end
        passed = passed + 1
        server:pass(1)
      end)
      coroutine.wrap(function() both() over = true end)()
      assert(not over)
      luv.run()
      assert(over and passed >= 7, passed)
    ]]))
  end)

  local it_cqueues = has_cqueues and it or pending
  it_cqueues("leaves the controller of cqueues running", function()
    check(kit.lua(HEAD .. [[
      local cqueues, over, passed = require "cqueues", false, 0
      local cq = cqueues.new()
      cq:wrap(function()
        while not over do
          cqueues.sleep(0.005) -- a pause: in which others have their turn
          passed = passed + 1
          server:pass(1)
        end
      end)
      cq:wrap(function() both() over = true end)
      assert(cq:loop())
      assert(over and passed >= 7, passed)
    ]]))
  end)

  -- Neovim and nginx run LuaJIT, whatever runs the specs: once is enough.
  if not is_jit then return end

  describe("in Neovim", function()
    setup(kit.install)
    teardown(kit.remove)

    it("leaves the editor running, in a coroutine and with a callback", function()
      check(kit.nvim(HEAD .. [[
        local timer, over, passed, got = vim.loop.new_timer(), false, 0, nil
        local other = wire.serve{ loop = true, { ask, gate, running, { again = true } } }
        timer:start(1, 5, function()
          passed = passed + 1
          server:pass(1)
          other:pass(1)
        end)
        coroutine.wrap(function() both() over = true end)()
        assert(not over)
        assert(vim.wait(30000, function() return over end, 5))
        assert(passed >= 7, passed)
        local nvim = require("ges.nvim")
        nvim.use(client)
        nvim.jobs({ endpoint = other:url(), graph_name = "movie" },
          function(jobs, err, info) got = { jobs, err, info } end)
        assert(not got)
        assert(vim.wait(30000, function() return got end, 5))
        timer:close()
        assert(got[1] and got[1][1].job_id == "r" and got[3].attempts == 1, got[2])
      ]]))
    end)
  end)

  it("leaves nginx's worker running, which serves it itself", function()
    finally(ngx_kit.cleanup)
    local server = ngx_kit.start { server = [[
      location = /v2/p/graphs/g { content_by_lua_block {
        ngx.print('{"graph":{"id":"g","name":"movie"}}')
      } }
      location = /v2/p/graphs/jobs { content_by_lua_block {
        local args, run = ngx.req.get_uri_args(), '{"job_id":"r","status":"running"}'
        if args.graph_name ~= "movie" then return ngx.exit(400) end
        local items = { waiting = "", running = run }
        local body = items[args.status] or run .. ',{"job_id":"d","status":"success"}'
        ngx.print('{"job_list":[' .. (args.offset == "0" and body or "") .. "]}")
      } }
      location = /v2/p/graphs/g/jobs/r/status { content_by_lua_block {
        ngx.print('{"job_id":"r","status":"success"}')
      } }
      location = /ask { content_by_lua_block {
        local client = require("ges").new({ endpoint = "http://127.0.0.1:" .. ngx.var.server_port,
          project_id = "p", graph_id = "g", token = "t", request_timeout = 10 })
        local jobs, err = client:jobs({})
        if not jobs then return ngx.print(err) end
        local results, why = client:wait_all({ jobs = "running" })
        if not results then return ngx.print(why) end
        ngx.print(#jobs, " ", #results, " ", results[1].job_id, " ", results[1].job.status)
      } }
    ]] }
    assert.equal("2 1 r success", (select(2, server:get("/ask"))))
    server:stop()
    assert.same({}, server:complaints())
  end)
end)
