-- ges inside a real Neovim: the calls of ges and of ges.nvim.

local kit = require "nvim_kit"

-- Neovim runs LuaJIT, so running these specs on one Lua is enough.
if not rawget(_G, "jit") then return end

-- What every piece begins with: servers on threads of their own, and clients of them.
local HEAD = [[
local ges, wire = require "ges", require "wire"
local good = wire.reply(200, '{"job_id":"j","status":"success","end_time":null}')
local running = wire.reply(200, '{"job_id":"j","status":"running"}')
local server = wire.serve{ loop = true, { "request", { sleep = 0.2 }, good, { again = true } } }
local slow = wire.serve{ loop = true, { "request", { stall = true } } }
local client = ges.new{ endpoint = server:url(), project_id = "p", graph_id = "g", job_id = "j",
  token = "t" }
local function spawn(fn) local co = coroutine.create(fn) assert(coroutine.resume(co)) return co end
local function await(test)
  assert(vim.wait(30000, test, 5), "waited in vain")
end
local function now() return vim.loop.hrtime() / 1e9 end
]]

local function run(body, opts)
  local status, output = kit.nvim(HEAD .. body, opts)
  assert.equal("0 ", status .. " " .. output)
end

describe("ges in Neovim", function()
  setup(kit.install)
  teardown(kit.remove)

  for _, rock in ipairs { true, false } do
    local how = rock and "with" or "without"
    it(("asks in a coroutine and outside, %s the rock"):format(how), function()
      run([[
        local order, job = {}
        vim.loop.new_timer():start(5, 0, function() order[#order + 1] = "tick" end)
        spawn(function()
          job = assert(client:job_status{})
          order[#order + 1] = "job"
          vim.api.nvim_get_current_buf() -- resumed where that is allowed
        end)
        order[#order + 1] = "main"
        await(function() return job end)
        assert(table.concat(order, " ") == "main tick job", table.concat(order, " "))
        assert(job.status == "success" and job.end_time == nil)
        local ticks = 0
        local timer = vim.loop.new_timer()
        timer:start(5, 5, function() ticks = ticks + 1 end)
        assert(client:job_status{})
        assert(ticks >= 3, ticks)
        timer:close()
        local response = assert(client:request{ path = "/" })
        assert(response.json.status == "success")
      ]], { rock = rock })
    end)
  end

  it("says what to do in a fast event", function()
    run [[
      local ok, why, job
      local timer = vim.loop.new_timer()
      timer:start(0, 0, function()
        ok, why = pcall(client.job_status, client, {})
        spawn(function() job = client:job_status{} end)
      end)
      await(function() return job end)
      assert(not ok and why:find("vim.in_fast_event()", 1, true), why)
    ]]
  end)

  it("sends nothing for a call that cannot wait in a fast event", function()
    run [[
      local ok, job
      local timer = vim.loop.new_timer()
      timer:start(0, 0, function()
        ok = pcall(client.job_status, client, { endpoint = slow:url() })
        spawn(function() job = client:job_status{} end)
      end)
      await(function() return job end)
      assert(ok == false and slow:accepted() == 0, slow:accepted())
    ]]
  end)

  it("can be interrupted with Ctrl-C outside a coroutine", function()
    run [[
      local timer = vim.loop.new_timer()
      timer:start(5, 5, function()
        if #slow:requests() == 0 then return end
        timer:close()
        vim.api.nvim_input("<C-c>")
      end)
      local from = now()
      local ok, why = pcall(client.wait, client, { endpoint = slow:url() })
      assert(not ok and why == "ges: interrupted", why)
      assert(now() - from < 10)
      assert(client:job_status{})
    ]]
  end)

  it("finds the loop by its newer name", function()
    run [[
      local loop = vim.loop
      vim.uv, vim.loop = loop, nil
      local job
      spawn(function() job = assert(client:job_status{}) end)
      await(function() return job end)
      vim.loop = loop
    ]]
  end)

  it("waits in vim.wait inside a coroutine with yield = false", function()
    run [[
      local job, flaky
      local co = spawn(function()
        job = assert(client:job_status{ yield = false })
        local bad = wire.serve{ { "request", wire.reply(503, ""), "request", good,
          { stall = true } } }
        flaky = assert(client:job_status{ yield = false, endpoint = bad:url() })
      end)
      assert(coroutine.status(co) == "dead" and job and flaky)
    ]]
  end)

  it("is not led astray by foreign resumes, and shows the errors of a coroutine", function()
    local status, output = kit.nvim(HEAD .. [[
      local done = 0
      local co = spawn(function() assert(client:job_status{}) done = done + 1 end)
      for _ = 1, 3 do assert(coroutine.resume(co)) end
      spawn(function() client:job_status{} error("my own mistake") end)
      spawn(function() assert(client:job_status{}) done = done + 1 end)
      await(function() return done == 2 end)
      assert(client:job_status{})
      io.stderr:write("\nthe end")
    ]])
    assert.equal(0, status)
    assert.truthy(output:find("piece.lua:%d+: my own mistake"))
    assert.truthy(output:find("the end$"))
  end)

  it("serves 200 calls at once while a timer of 10 ms keeps ticking", function()
    run [[
      local patient = wire.serve{ loop = true,
        { "request", { sleep = 1 }, good, { again = true } } }
      local left, from = 200, now()
      for _ = 1, 200 do
        spawn(function()
          assert(client:job_status{ endpoint = patient:url() })
          left = left - 1
        end)
      end
      local worst, last, timer = 0, now(), vim.loop.new_timer()
      timer:start(10, 10, function()
        worst, last = math.max(worst, now() - last - 0.01), now()
      end)
      await(function() return left == 0 end)
      timer:close()
      assert(worst < 0.9, worst) -- to wait for one of them takes longer
      assert(now() - from < 20, now() - from)
    ]]
  end)

  it("gives back what it took", function()
    run [[
      local function count(path)
        return #vim.fn.readdir(path)
      end
      local function round(n)
        local left = n
        for _ = 1, n do
          spawn(function()
            ges.new{ endpoint = server:url(), token = "t" }:job_status{
              project_id = "p", graph_id = "g", job_id = "j" }
            left = left - 1
          end)
        end
        await(function() return left == 0 end)
        -- a pause: a handle of the loop is closed in a later turn
        for _ = 1, 4 do collectgarbage() vim.wait(20) end
      end
      round(10)
      local fds, threads, kib = count("/proc/self/fd"), count("/proc/self/task"),
        collectgarbage("count")
      for _ = 1, 5 do round(10) end
      assert(count("/proc/self/fd") <= fds + 10, count("/proc/self/fd") .. " of " .. fds)
      assert(count("/proc/self/task") <= threads + 10)
      assert(collectgarbage("count") < kib + 300, collectgarbage("count") - kib)
    ]]
  end)

  it("keeps its descriptors from the children", function()
    run [[
      for _ = 1, 5 do
        spawn(function() client:job_status{ endpoint = slow:url() } end)
      end
      await(function() return slow:accepted() == 5 end)
      local listing = vim.fn.system("ls -l /proc/self/fd; echo; cat /proc/net/tcp")
      local fds, connections = listing:match("^(.-)\n\n(.*)$")
      assert(not fds:find("eventpoll") and not fds:find("timerfd"), fds)
      assert(select(2, connections:gsub("\n", "")) > 10)
      for inode in fds:gmatch("socket:%[(%d+)%]") do
        assert(not connections:find(" " .. inode .. " ", 1, true), listing)
      end
    ]]
  end)

  it("lets :qa! end at once with calls under way", function()
    for _, last in ipairs { "", "client:close()" } do
      local from = os.time()
      run([[
        for _ = 1, 20 do spawn(function() client:job_status{ endpoint = slow:url() } end) end
        require("ges.nvim").wait({ endpoint = slow:url(), project_id = "p", graph_id = "g",
          job_id = "j", token = "t" }, function() end)
        await(function() return #slow:requests() == 21 end)
      ]] .. last .. [[ vim.cmd("qall!") ]])
      assert.is_true(os.time() - from <= 12)
    end
  end)

  describe("with a callback", function()
    local OPTS = [[
      local nvim = require "ges.nvim"
      local opts = { endpoint = server:url(), project_id = "p", graph_id = "g", job_id = "j",
        token = "t" }
    ]]
    local function call(body, opts) run(OPTS .. body, opts) end

    it("answers later, whatever the call", function()
      call [[
        local got = {}
        local function put(name)
          return function(...) vim.api.nvim_get_mode() got[name] = { n = select("#", ...), ... } end
        end
        nvim.job_status(opts, put "job_status")
        nvim.wait(opts, put "wait")
        nvim.request({ endpoint = server:url(), token = "t", path = "/x" }, put "request")
        local many = vim.deepcopy(opts)
        many.job_id, many.jobs = nil, { { job_id = "j" }, { job_id = "j" } }
        nvim.wait_all(many, put "wait_all")
        nvim.wait_any(many, put "wait_any")
        nvim.job_status(vim.tbl_extend("force", opts, { job_id = "a/b" }), put "refused")
        assert(next(got) == nil)
        await(function() return vim.tbl_count(got) == 6 end)
        assert(got.job_status[1].status == "success" and got.wait[1].status == "success")
        assert(got.request[1].status == 200 and #got.wait_all[1] == 2)
        assert(got.wait_any[2].status == "success")
        assert(got.refused[1] == nil and got.refused[3].kind == "argument")
        assert(opts.on_event == nil)
      ]]
    end)

    it("works from a fast event", function()
      call [[
        local jobs = {}
        vim.loop.new_timer():start(0, 0, function()
          nvim.job_status(opts, function(job) jobs[#jobs + 1] = job end)
          nvim.wait(opts, function(job) jobs[#jobs + 1] = job end)
          nvim.wait(opts, function(_, _, info) jobs[#jobs + 1] = info end):cancel()
        end)
        await(function() return #jobs == 3 end)
        assert(jobs[1].kind == "cancelled")
      ]]
    end)

    it("throws mistakes at the line of the caller", function()
      call [[
        for name, piece in pairs{
          job_status = "unknown option 'jb_id'", wait = "unknown option 'jb_id'",
        } do
          local ok, why = pcall(function()
            nvim[name]({ endpoint = "http://localhost", jb_id = "x" }, function() end)
          end)
          assert(not ok and why:find(piece, 1, true), why)
          assert(why:find("^[^\n]*piece.lua:%d+: "), why)
        end
        local ok, why = pcall(function() nvim.wait(opts) end)
        assert(not ok and why:find("piece.lua:%d+: ges.nvim.wait: the last argument"), why)
      ]]
    end)

    it("cancels a wait, and gets its events", function()
      call [[
        local types, verdict = {}
        local two = wire.serve{ loop = true, { "request", running, { again = true } } }
        local handle = nvim.wait(vim.tbl_extend("force", opts, {
          endpoint = two:url(), interval = 30, on_event = function(event)
            vim.api.nvim_get_mode()
            types[#types + 1] = event.type
          end }), function(...) verdict = { ... } end)
        await(function() return #types >= 2 end)
        local from = now()
        handle:cancel()
        handle:cancel()
        await(function() return verdict end)
        assert(now() - from < 10)
        assert(verdict[3].kind == "cancelled" and verdict[3].job.status == "running")
        assert(table.concat(types, " ") == "poll change done", table.concat(types, " "))
        assert(nvim.statusline() == "")
      ]]
    end)

    it("takes its defaults from g:ges and the environment, and changes with them", function()
      call([[
        local tokens = 0
        local function token() tokens = tokens + 1 return "a" end
        vim.g.ges = { endpoint = server:url(), token = token }
        local got = {}
        local function ask(opts)
          got[1] = nil
          nvim.job_status(opts, function(job, err, info) got = { job or false, err, info } end)
          await(function() return got[1] ~= nil end)
        end
        ask{ job_id = "j" }
        assert(got[1] and tokens == 1, got[2])
        assert(server:received(1):find("GET /v2/envp/graphs/envg/jobs/j/status", 1, true))
        vim.g.ges = { endpoint = server:url(), token = function() tokens = -10 return "a" end }
        ask{ job_id = "j" }
        assert(got[1] and tokens == -10, tokens)
        vim.g.ges = { endpoint = server:url(), token = "b" }
        ask{ job_id = "j" }
        vim.g.ges = { endpoint = server:url(), token = "b", language = "zh-cn" }
        ask{ job_id = "j" }
        local seen = server:requests()
        assert(seen[#seen]:find("X%-Language: zh%-cn\r\n"), seen[#seen])
        vim.g.ges = { endpoint = "http://127.0.0.1:1", token = "b", retries = 0 }
        ask{ job_id = "j" }
        assert(got[3].kind == "connect", got[3].kind)
        nvim.use(client)
        ask{}
        assert(got[1])
        nvim.use(nil)
        vim.g.ges = { endpont = "x" }
        local ok, why = pcall(nvim.job_status, { job_id = "j" }, function() end)
        assert(not ok and why:find("g:ges: unknown option 'endpont'", 1, true), why)
      ]], { env = { GES_PROJECT_ID = "envp", GES_GRAPH_ID = "envg" } })
    end)

    it("completes g:ges from the environment with what it does not exclude", function()
      run([[
        local read = require("ges.nvim.config").read
        local function seen(given)
          vim.g.ges = given
          local d = read()
          return table.concat({ d.endpoint or "-", d.region or "-", d.cloud or "-",
            d.project_id or "-", d.project or "-", d.iam_endpoint or "-" }, " ")
        end
        assert(seen(nil) == "e - - p - i", seen(nil))
        assert(seen{ cloud = "c.example" } == "- r c.example p - i", seen{ cloud = "c.example" })
        assert(seen{ endpoint = "mine" } == "mine - - p - i", seen{ endpoint = "mine" })
        assert(seen{ iam_endpoint = "mine" } == "e - - p - mine", seen{ iam_endpoint = "mine" })
        assert(seen{ project_id = "mine" } == "e - - mine - i", seen{ project_id = "mine" })
        assert(seen{ region = "mine" } == "- mine - p - i", seen{ region = "mine" })
        assert(seen{ project = "team" } == "e - - - team i", seen{ project = "team" })
      ]], { env = { GES_ENDPOINT = "e", GES_REGION = "r", GES_CLOUD = "c", GES_PROJECT_ID = "p",
        GES_PROJECT_NAME = "n", GES_IAM_ENDPOINT = "i" } })
    end)
  end)
end)
