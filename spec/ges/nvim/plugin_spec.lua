-- The plugin inside a real Neovim: :Ges, notifications, statusline, log, health, installation.

local kit = require "nvim_kit"
local ges_sim = require "ges.sim"

-- Neovim runs LuaJIT, so running these specs on one Lua is enough.
if not rawget(_G, "jit") then return end

-- What every piece begins with. `notices` are the notifications that the user got.
local HEAD = [[
local notices = {}
vim.notify = function(text, level, opts)
  assert(not vim.in_fast_event() and opts.title == "ges")
  notices[#notices + 1] = { text = text, level = level }
end
local function await(test)
  assert(vim.wait(30000, test, 5), "waited in vain: " .. vim.inspect(notices))
end
local function all_notices()
  return table.concat(vim.tbl_map(function(one) return one.text end, notices), "\n")
end
]]

local WIRE = [[
local wire, kept = require "wire", {}
local function answer(fields, status)
  local body = vim.tbl_extend("force", { job_id = "j" }, fields)
  return wire.reply(status or 200, vim.json.encode(body))
end
local function use(script)
  local server = wire.serve(script)
  kept[#kept + 1] = server
  vim.g.ges = { endpoint = server:url(), project_id = "p", graph_id = "g", token = "s3cr3t-token",
    interval = 0.05 }
  return server
end
]]

local function run(body, opts)
  local status, output = kit.nvim(HEAD .. WIRE .. body, opts)
  assert.equal("0 ", status .. " " .. output)
end

describe("the plugin for Neovim", function()
  setup(kit.install)
  teardown(kit.remove)

  it("is loaded from its own folder, and costs nothing before it is used", function()
    run(([[
      assert(vim.fn.exists(":Ges") == 2)
      for name in pairs(package.loaded) do assert(not name:find("^ges"), name) end
      local best = math.huge
      for _ = 1, 20 do
        vim.g.loaded_ges = nil
        local from = vim.loop.hrtime()
        vim.cmd("runtime plugin/ges.lua")
        best = math.min(best, (vim.loop.hrtime() - from) / 1e6)
      end
      assert(best < 1, best .. " ms")
      assert(require("ges.nvim").statusline() == "" and not package.loaded["ges.core"])
      vim.g.ges = { endpoint = "http://127.0.0.1:1", token = "t", project_id = "p" }
      require("ges.nvim").job_status({ graph_id = "g", job_id = "j" }, function() end)
      local maps = io.open("/proc/self/maps"):read("*a")
      assert(maps:find("%s/lua/ges/core.so", 1, true), maps)
    ]]):format(kit.dir))
  end)

  it("follows a job of the simulator to its end, and notifies of each status once", function()
    local sim = assert(ges_sim.start())
    finally(function() sim:stop() end)
    run([[
      local demo = { url = os.getenv("SIM_URL"), project = os.getenv("SIM_PROJECT"),
        token = os.getenv("SIM_TOKEN") }
      vim.g.ges = { endpoint = demo.url, project_id = demo.project, token = demo.token,
        graph_id = "demo-graph", interval = 0.1 }
      local nvim, job_id = require "ges.nvim", nil
      nvim.request({ method = "POST",
        path = "/v2/" .. demo.project .. "/graphs/demo-graph/import-graph",
        headers = { ["X-Sim-Seconds"] = "2", ["X-Sim-Pending"] = "0.5",
          ["X-Sim-Lines"] = "100000" },
        body = { edgeset_path = "bucket/edges.csv" },
      }, function(response, err) job_id = assert(response, err).json.job_id end)
      await(function() return job_id end)
      vim.cmd("Ges wait " .. job_id)
      await(function() return nvim.statusline():find("^ges .* running 1.%ds$") end)
      await(function() return nvim.statusline() == "" end)
      await(function() return #notices >= 3 end)
      vim.wait(50) -- a pause: in which no more is said
      assert(#notices == 3, all_notices())
      assert(notices[1].text == "job " .. job_id .. ": pending", notices[1].text)
      assert(notices[2].text == "job " .. job_id .. ": running", notices[2].text)
      local last = "job " .. job_id .. ": success, files 1/1"
      assert(notices[3].text:find(last, 1, true), notices[3].text)
      vim.cmd("Ges log")
      local log = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
      for _, piece in ipairs{ "wait begins", "running", "wait ends: success" } do
        assert(log:find(piece, 1, true), log)
      end
      assert(not log:find(demo.token, 1, true) and not vim.bo.modifiable)
    ]], { env = { SIM_URL = sim.url, SIM_PROJECT = sim.demo.project_id,
      SIM_TOKEN = sim.demo.token } })
  end)

  it("has :Ges status, for several jobs and graphs at once", function()
    run [[
      local failed = answer{ status = "failed", fail_reason = "no\nschema", job_type = "Import" }
      local server = use{ loop = true, { "request", failed, { again = true } } }
      vim.cmd("Ges status j other/j")
      await(function() return #notices == 2 end)
      assert(notices[1].text == "job j: failed, Import: no\\x0Aschema", notices[1].text)
      assert(notices[1].level == vim.log.levels.INFO)
      local paths = server:received(1) .. (server:received(2) or "") -- one may serve both
      assert(paths:find("/graphs/g/jobs/j/") and paths:find("/graphs/other/jobs/j/"), paths)
      vim.cmd("Ges log")
      local log = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
      assert(log:find("  g/j  failed") and log:find("  other/j  failed"), log)
    ]]
  end)

  -- Both name a server: that of g:ges is asked, whatever each variable says; without g:ges those.
  it("has g:ges before the variables, and each of them where g:ges does not say", function()
    run([[
      local running = answer{ status = "running" }
      local mine = use{ loop = true, { "request", running, { again = true } } }
      local other = wire.serve{ loop = true, { "request", running, { again = true } } }
      vim.g.ges = vim.tbl_extend("force", vim.g.ges, { interval = 30 })
      for name, value in pairs{ ENDPOINT = other:url(), REGION = "r-1", CLOUD = "c.test",
        PROJECT_ID = "envp", PROJECT_NAME = "n", GRAPH_ID = "envg", TOKEN = "env-token",
        IAM_ENDPOINT = other:url() } do
        vim.env["GES_" .. name] = value
      end
      local function asked(server, command, path, token)
        local before, n = #server:requests(), #notices
        vim.cmd(command)
        await(function() return #notices > n end)
        local request = assert(server:requests()[before + 1], all_notices())
        assert(request:find("GET /v2/" .. path .. " ", 1, true), request)
        assert(request:find("X-Auth-Token: " .. token .. "\r\n", 1, true), request)
      end
      asked(mine, "Ges status j", "p/graphs/g/jobs/j/status", "s3cr3t-token")
      asked(mine, "Ges wait j", "p/graphs/g/jobs/j/status", "s3cr3t-token")
      vim.cmd("Ges cancel")
      await(function() return #notices == 3 end)
      assert(#mine:requests() == 2 and other:accepted() == 0)
      vim.g.ges = { endpoint = mine:url(), token = "s3cr3t-token" }
      asked(mine, "Ges status j", "envp/graphs/envg/jobs/j/status", "s3cr3t-token")
      vim.g.ges = { graph_id = "g" }
      asked(other, "Ges status j", "envp/graphs/g/jobs/j/status", "env-token")
      vim.g.ges = nil
      asked(other, "Ges status j", "envp/graphs/envg/jobs/j/status", "env-token")
      assert(#mine:requests() == 3)
    ]])
  end)

  it("counts every file that is done, and shows a job's name", function()
    run [[
      local files = { { status = "success" }, { status = "failed" }, { status = "partFailed",
        failed_lines = 3 }, { status = "running" } }
      use{ { "request", answer{ status = "failed", job_name = "ImportGraph", job_type = "8",
        job_detail = { edgeset_path = files }, fail_reason = "no schema" }, { stall = true } } }
      vim.cmd("Ges status j")
      await(function() return #notices == 1 end)
      assert(notices[1].text == "job j: failed, files 3/4 (1 in part, 1 failed), "
        .. "lines 3 failed, ImportGraph: no schema", notices[1].text)
    ]]
  end)

  it("has the warnings of :Ges status, and what to do about a failure", function()
    run [[
      local strange = answer{ status = "success", job_detail = { edgeset_path = {
        { path = "e", status = "lost" } } } }
      local refused = answer({ error_code = "APIGW.0307", error_msg = "expired" }, 401)
      use{ { "request", strange, "request", refused, { stall = true } } }
      vim.cmd("Ges status j")
      await(function() return #notices == 2 end)
      assert(notices[1].text == 'job j: warning: job_detail.edgeset_path[1] has the unknown status '
        .. '"lost"' and notices[1].level == vim.log.levels.WARN, all_notices())
      vim.cmd("Ges status g/j")
      await(function() return #notices == 3 end)
      assert(notices[3].text:find("^job j: ges: auth: expired.*; run :checkhealth ges to check"))
    ]]
  end)

  it("says how to go on where the credentials of a wait end", function()
    run [[
      local refused = answer({ error_code = "APIGW.0301", error_msg = "expired" }, 401)
      use{ { "request", answer{ status = "running" }, "request", refused, { stall = true } } }
      vim.cmd("Ges wait j")
      await(function() return #notices == 2 end)
      assert(notices[2].text:find("^job j: ges: auth: expired.*; run :checkhealth ges to check the "
        .. "settings; to resume: :Ges wait g/j$"), all_notices())
    ]]
  end)

  it("says so when a wait is refused", function()
    run [[
      vim.g.ges = { endpoint = "http://127.0.0.1:1", project_id = "p", graph_id = "g", token = "t" }
      vim.cmd("Ges wait x%y")
      await(function() return #notices > 0 end)
      assert(notices[1].text:find("job_id may contain only", 1, true), notices[1].text)
      local log = require("ges.nvim.waits").lines()
      assert(log[#log]:find("wait ends: ges: argument", 1, true), log[#log])
      assert(require("ges.nvim").statusline() == "")
    ]]
  end)

  it("notifies of the end of a wait that went wrong, and only of what is new", function()
    run [[
      local running = answer{ status = "running" }
      local function lines(n)
        return answer{ status = "running", job_detail = { edgeset_path = {
          { path = "e", status = "success", successful_lines = n } } } }
      end
      use{ { "request", running, "request", lines(1), "request", lines(2), "request", running,
        "request", answer{ status = "failed", fail_reason = "disk full" }, { stall = true } } }
      vim.cmd("Ges wait j")
      await(function() return #notices == 2 end)
      vim.wait(100) -- a pause: in which no more is said
      assert(#notices == 2 and notices[1].text == "job j: running", all_notices())
      assert(notices[2].text == "job j failed: disk full", all_notices())
      assert(notices[2].level == vim.log.levels.ERROR)
      vim.g.ges = { endpoint = "http://127.0.0.1:1", project_id = "p", graph_id = "g", token = "t",
        timeout = 0 }
      vim.cmd("Ges wait j")
      await(function() return #notices == 3 end)
      assert(notices[3].text:find("^job j: ges: connect.*; run :checkhealth ges to check the "
        .. "settings$"), all_notices())
      assert(not all_notices():find("s3cr3t"), all_notices())
    ]]
  end)

  it("keeps the last 500 lines of its log, and each wait on its own", function()
    run [[
      local waits = require("ges.nvim.waits")
      for i = 1, 600 do waits.log("g/j", "line " .. i) end
      local log = waits.lines()
      assert(#log == 500 and log[1]:find(" line 101$") and log[500]:find(" line 600$"), #log)
      local job, ended = { graph_id = "g", job_id = "j" }, {}
      for i = 1, 3 do waits.add(job, function() ended[#ended + 1] = i end, false) end
      local list = waits.list()
      waits.remove(list[2], nil, "ges: cancelled: x", { kind = "cancelled" })
      for _, wait in ipairs(waits.list()) do wait.cancel() end
      assert(vim.deep_equal(ended, { 1, 3 }), vim.inspect(ended))
      assert(#waits.seen() == 1)
    ]]
  end)

  it("shows the digits of a job in its log, whatever the graph is called", function()
    run [[
      local graph, job = "f1529b88-c958-493e-8452-fccfe932cde1", "ff80808167f09aaa0167f19b35ec030"
      local why = "job import aborted: no room"
      local failed = wire.reply(200, '{"status":"failed","fail_reason":"' .. why .. '"}')
      use{ loop = true, { "request", failed, { again = true } } }
      for i = 1, 2 do vim.cmd(("Ges wait %s/%s%d"):format(graph, job, i)) end
      await(function() return #notices == 2 end)
      assert(all_notices():find("job " .. job .. "1 failed: " .. why, 1, true), all_notices())
      vim.cmd("Ges log")
      local log = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
      for i = 1, 2 do
        assert(log:find("  f1...e1/" .. job .. i .. "  wait ends: failed: " .. why, 1, true), log)
      end
    ]]
  end)

  it("cancels one wait or all, and completes what can be typed", function()
    run [[
      use{ loop = true, { "request", answer{ status = "running" }, { stall = true } } }
      local function complete(line) return vim.fn.getcompletion(line, "cmdline") end
      assert(vim.deep_equal(complete("Ges "), { "cancel", "jobs", "log", "status", "wait" }))
      assert(vim.deep_equal(require("ges.nvim.command").complete("", "echo 1|Ges ", 11),
        complete("Ges ")))
      assert(vim.deep_equal(complete("Ges wa"), { "wait" }))
      vim.cmd("Ges wait j")
      local others = require "ges.nvim"
      for i = 1, 3 do
        others.wait({ job_id = "k" .. i }, function(_, _, info) notices[#notices + 1] =
          { text = "other " .. info.kind } end)
      end
      await(function() return #notices == 1 end)
      assert(vim.deep_equal(complete("Ges cancel "), { "g/j", "g/k1", "g/k2", "g/k3" }))
      assert(vim.deep_equal(complete("Ges cancel g/k1 g/j"), { "g/j" }))
      assert(vim.deep_equal(complete("Ges status g/k"), { "g/k3", "g/k2", "g/k1" }))
      local from = vim.loop.hrtime()
      vim.cmd("Ges cancel j")
      await(function() return #notices == 2 end)
      assert((vim.loop.hrtime() - from) / 1e9 < 10)
      assert(notices[2].text:find("cancelled.*; to resume: :Ges wait g/j$"), all_notices())
      assert(notices[2].level == vim.log.levels.INFO)
      assert(others.statusline():find("^ges 3 jobs: "), others.statusline())
      vim.cmd("Ges cancel")
      await(function() return #notices == 5 end)
      assert(others.statusline() == "")
      vim.cmd("Ges cancel")
      await(function() return #notices == 6 end)
      assert(notices[6].text == "no wait is in progress", notices[6].text)
    ]]
  end)

  -- The text of the window that :Ges jobs opens, once it has an answer.
  local LIST = [[
local function list(command)
  vim.cmd(command)
  local buffer = vim.api.nvim_get_current_buf()
  assert(vim.bo.buftype == "nofile" and not vim.bo.modifiable)
  local function text()
    return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
  end
  await(function() return text() ~= "asking the service ..." end)
  assert(not vim.bo[buffer].modified and not vim.bo[buffer].modifiable)
  return text()
end
local function complete(line) return vim.fn.getcompletion(line, "cmdline") end
local name = wire.reply(200, '{"graph":{"name":"movie"}}')
local function listed(...)
  local items = {}
  for i, item in ipairs { ... } do
    items[i] = vim.tbl_extend("keep", item, { status = "running", related_graph = "movie" })
  end
  return wire.reply(200, vim.json.encode { job_count = #items, job_list = items })
end
]]

  it("lists the jobs of the graph, and completes them without asking", function()
    run(LIST .. [[
      local server = use{ { "request", name, "request", listed({ job_id = "new" },
        { job_id = "old", status = "failed", fail_reason = "no schema", job_name = "a\n\27[31mb" },
        { job_id = "b d", job_name = "spaced" }, { status = "success" }), { stall = true } } }
      local before = #vim.api.nvim_list_wins()
      local text = list "Ges jobs"
      assert(#vim.api.nvim_list_wins() == before + 1)
      assert(text:find("^JOB +STATUS +.*\nnew +running\nold +failed +a\\x0A\\x1B%[31mb"), text)
      assert(text:find("\nb d +running"), text)
      assert(text:find("\n%? +success"), text)
      assert(server:received(1):find("/graphs/jobs%?[^ ]*graph_name=movie"))
      assert(vim.deep_equal(complete "Ges wait ", { "new", "old", "g/new", "g/old" }))
      assert(vim.deep_equal(complete "Ges status ol", { "old" }))
      assert(vim.deep_equal(complete "Ges status g/o", { "g/old" }))
      assert(#server:requests() == 2 and #notices == 0)
    ]])
  end)

  it("lists the jobs of another graph, or of the project, whose graphs are not known", function()
    run(LIST .. [[
      use{ { "request", name, "request", listed{ job_id = "j1" }, { stall = true } } }
      assert(list("Ges jobs other"):find("j1 +running"))
      assert(vim.deep_equal(complete "Ges wait ", { "other/j1" }))
      local server = use{ { "request", listed({ job_id = "j2", related_graph = "book" }, {
        job_id = "j3" }), { stall = true } } }
      local settings = vim.g.ges
      settings.graph_id = nil
      vim.g.ges = settings
      local text = list "Ges jobs"
      assert(text:find("GRAPH") and text:find("j2 .*book") and text:find("j3 .*movie"), text)
      assert(not server:received(1):find("graph_name", 1, true))
      assert(vim.deep_equal(complete "Ges wait ", { "j2", "j3", "other/j1" }))
      assert(vim.deep_equal(complete "Ges wait any/j", { "any/j2", "any/j3" }))
    ]])
  end)

  it("says in the window and in a notification why there is no list", function()
    run(LIST .. [[
      use{ { "request", answer({ error_code = "APIGW.0307", error_msg = "ex\npired" }, 401),
        "request", name, "request", listed(), { stall = true } } }
      local text = list "Ges jobs"
      assert(text:find("^ges: auth: ex\\x0Apired.*; run :checkhealth ges to check the "
        .. "settings$"), text)
      await(function() return #notices == 1 end)
      assert(notices[1].text == text and notices[1].level == vim.log.levels.ERROR, all_notices())
      assert(list "Ges jobs" == "no job is listed")
      local before = #vim.api.nvim_list_wins()
      for _, pair in ipairs { { "Ges jobs a b", "usage: Ges jobs" },
        { "Ges jobs a%b", "graph_id may contain only" } } do
        vim.cmd(pair[1])
        await(function() return notices[#notices].text:find(pair[2], 1, true) end)
      end
      vim.g.ges = { endpoint = "http://127.0.0.1:1", token = "t" }
      vim.cmd("Ges jobs")
      await(function() return notices[#notices].text:find("project_id", 1, true) end)
    ]])
  end)

  it("fills no window that was closed, and completes what a status named", function()
    run(LIST .. [[
      local server = use{ { "request", { sleep = 0.2 }, name, "request", listed{ job_id = "late" },
        "request", answer{ job_id = "asked", status = "success" }, { stall = true } } }
      vim.cmd("Ges jobs")
      vim.cmd("close")
      await(function() return complete("Ges wait ")[1] == "late" end)
      vim.cmd("Ges status asked")
      await(function() return #notices == 1 end)
      assert(vim.deep_equal(complete "Ges wait ", { "asked", "late", "g/asked", "g/late" }),
        vim.inspect(complete "Ges wait "))
      assert(#server:requests() == 3, vim.inspect(server:requests()))
    ]])
  end)

  it("explains itself when a :Ges is wrong", function()
    run [[
      vim.g.ges = { endpoint = "http://127.0.0.1:1", token = "t" }
      for _, pair in ipairs{
        { "Ges", "usage: " }, { "Ges frobnicate", "usage: " },
        { "Ges wiat", "there is no :Ges wiat; usage: Ges status|wait|cancel " },
        { "Ges can", "there is no :Ges can; did you mean :Ges cancel?" },
        { "Ges .* j", "there is no :Ges .*; usage: " },
        { "Ges cancel j", "no wait is in progress" },
        { "Ges log extra", "usage: Ges log" }, { "Ges wait", "no job" },
        { "Ges wait j", "no graph" }, { "Ges status g/j", "project_id" },
      } do
        local n = #notices
        vim.cmd(pair[1])
        await(function() return #notices == n + 1 end)
        local last = notices[#notices]
        assert(last.text:find(pair[2], 1, true) and last.level == vim.log.levels.ERROR, last.text)
        assert(not last.text:find("%.lua:%d"), last.text)
      end
      vim.g.ges = "nonsense"
      vim.cmd("Ges wait g/j")
      local why = "g:ges must be a table of options, got a string"
      await(function() return notices[#notices].text == why end)
    ]]
  end)

  it("has a statusline in which nothing is evaluated", function()
    run [[
      local evil = "%{execute('let g:owned = 1')} %#Error# \27[31m\1 " .. ("x"):rep(200)
      use{ loop = true, { "request", answer{ status = evil }, { stall = true } } }
      vim.cmd("Ges wait j")
      local nvim = require "ges.nvim"
      await(function() return nvim.statusline():find("execute", 1, true) end)
      vim.o.statusline = "%{%v:lua.require'ges.nvim'.statusline()%}"
      vim.cmd("redrawstatus!")
      local line = nvim.statusline()
      assert(not line:find("%c") and #line < 120 and line:find("%%{", 1, true), line)
      local shown = vim.api.nvim_eval_statusline(line, {}).str
      assert(shown:find("%{execute", 1, true), shown)
      assert(vim.g.owned == nil)
      await(function() return #notices >= 1 end)
      assert(not all_notices():find("[%z\1-\9\11-\31]"), all_notices())
    ]]
  end)

  it("reports its health, and shows no secret", function()
    run([[
      use{ loop = true, { "request", wire.reply(404, "{}"), { again = true } } }
      local function health()
        vim.cmd("silent checkhealth ges")
        local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
        assert(not text:find("s3cr3t", 1, true), text)
        return text
      end
      local text = health()
      for _, piece in ipairs{ "ges: library", "ges %d+%.%d+", "JSON", "answers %(HTTP 404%)",
        "JSON: Neovim's own", "project_id is set", "a token in g:ges" } do
        assert(text:find(piece), piece .. "\n" .. text)
      end
      assert(not text:find("ERROR"), text)
      vim.g.ges = { endpoint = "http://127.0.0.1:1", token = function() error("called") end }
      text = health()
      assert(text:find("cannot be reached") and text:find("a token function"), text)
      vim.g.ges = { endpoint = "http://127.0.0.1:1", token = "s3cr3t", project = "n" }
      assert(health():find("a token cannot look project 'n' up by its name"))
      vim.g.ges = { token = 1 }
      assert(health():find("g:ges: option 'token'"))
      vim.g.ges = nil
      text = health()
      assert(text:find("endpoint: not configured") and text:find("no credentials found"), text)
      vim.env.GES_TOKEN = "s3cr3t-token"
      assert(health():find("a token in the environment"))
      vim.env.GES_TOKEN = nil
      vim.env.HW_USER_PASSWORD, vim.env.HW_USER_NAME = "s3cr3t", "me"
      vim.env.HW_DOMAIN_NAME = "us"
      vim.g.ges = { project_id = "p" }
      text = health()
      assert(text:find("a password in the environment"), text)
    ]], { rock = false })
  end)

  it("reports its health to newer and older Neovims", function()
    run [[
      local reported = {}
      local function note(kind)
        return function(text) reported[#reported + 1] = kind .. ": " .. text end
      end
      vim.health = { start = note "start", ok = note "ok", info = note "info", warn = note "warn",
        error = note "error" }
      require("ges.health").check()
      local newer = table.concat(reported, "\n")
      assert(newer:find("ok: ges %d"), newer)
      reported = {}
      vim.health = { report_start = note "start", report_ok = note "ok", report_info = note "info",
        report_warn = note "warn", report_error = note "error" }
      require("ges.health").check()
      assert(table.concat(reported, "\n") == newer)
    ]]
  end)

  it("has help whose tags can be built", function()
    run(([[
      vim.cmd("helptags %s/doc")
      vim.cmd("help :Ges")
      assert(vim.fn.expand("%%:t") == "ges.txt")
      vim.cmd("help ges-config")
    ]]):format(kit.dir))
  end)

  -- As cloned, with or without a module that was built for another Lua.
  it("says in one line that it is not built, and where to build it", function()
    local dir = kit.dir .. "/cloned"
    local copy = ("mkdir %s && cp -r lua plugin Makefile %s && rm -f %s/lua/ges/core.so")
      :format(dir, dir, dir)
    assert.equal(0, (kit.shell(copy)))
    local function says(command, pattern)
      local form = "cd / && LUA_CPATH=/none/?.so LUA_PATH=/none/?.lua nvim --headless -u NONE"
        .. " -i NONE -n --cmd 'set rtp^=%s' -c 'runtime plugin/ges.lua' -c %q -c 'qall!' </dev/null"
      local _, output = kit.shell(form:format(dir, command))
      assert.matches(pattern, output)
      assert.is_nil(output:find("no field package", 1, true), output)
      assert.is_nil(output:find("x0A", 1, true), output)
    end
    local missing = "ges is not built: run `make nvim` in " .. dir:gsub("%p", "%%%0")
    says("Ges wait g/j", missing .. "$")
    says("Ges status g/j", missing .. "$")
    says("lua require([[ges.nvim]]).wait({ job_id = [[j]] }, print)", missing .. "%f[%c]")
    says("lua require([[ges]])", missing .. "%f[%c]")
    says("checkhealth ges | %print", missing .. "%f[%c]")
    local file = assert(io.open(dir .. "/lua/ges/core.so", "w"))
    file:write("no module")
    file:close()
    says("Ges wait g/j", "ges.core cannot be loaded: .*core.so.*; run `make nvim` in ")
    says("checkhealth ges | %print", "ges.core cannot be loaded: .*core.so.*; run `make nvim` in ")
  end)

  it("is built by make nvim into lua/ges/core.so", function()
    local status, output = kit.shell("make nvim NVIM_DIR=" .. kit.dir .. "/built")
    assert.equal(0, status, output)
    status, output = kit.shell("test -s " .. kit.dir .. "/built/lua/ges/core.so")
    assert.equal(0, status, output)
  end)
end)
