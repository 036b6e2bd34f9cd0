-- `ges wait --running`: what it lists and waits for, what it writes, and how it ends.

local json = require "ges.json"
local kit = require "cli_kit"
local lists = require "cli_lists"
local output = require "ges.cli.output"
local pty = require "pty"
local wire = require "wire"

local listed, found, answering, asked, at, ended, interrupted =
  lists.listed, lists.found, lists.answering, lists.asked, lists.at, lists.ended, lists.interrupted
local GRAPH = lists.GRAPH
local servers = lists.servers

local function tty(name, body)
  it(name, function()
    if not pty.available() then
      return pending("no pseudo-terminals here: /dev/pts is not mounted")
    end
    body()
  end)
end

local RUNNING = { job_id = "r1", status = "running", job_name = "ImportGraph",
  related_graph = "movie", begin_time = "2018-11-27T21:39:00" }

describe("ges wait --running", function()
  setup(kit.start)
  teardown(kit.stop)

  after_each(lists.close)

  -- The answers to a list of what runs: the graph's name, what waits, what runs.
  local function running(...)
    return wire.reply(200, GRAPH), listed {}, listed { ... }
  end

  local ONE = { job_id = "r1", status = "success" }

  it("waits for what has not ended, and ends as a wait for these jobs", function()
    local good, bad = kit.job(5), kit.job(5, { outcome = "failed" })
    local over = kit.job(0)
    local seen = ended(1, kit.ges { "wait", "--running", "-o", "json", "--interval", "100ms" })
    local ids = {}
    for _, made in ipairs(json.decode(seen.out)) do
      ids[made.job_id] = { made.outcome, made.exit_code, made.graph_id }
    end
    assert.same({ [good] = { "success", 0, kit.graph }, [bad] = { "failed", 1, kit.graph } }, ids)
    assert.is_nil(seen.err:find(over, 1, true))
    assert.matches("waiting for 2 jobs\n", seen.err)
    assert.matches("ges: job " .. bad .. " failed: ", seen.err)
  end)

  it("writes a list in each form, of one job, too, on the connection of its list", function()
    local shown = {}
    for _, form in ipairs(output.names) do
      local name, none, list = running(RUNNING)
      local server = answering(name, none, list, found(ONE))
      local seen = ended(0, at(server, { "wait", "--running", "-o", form }, { GES_GRAPH_ID = "g" }))
      assert.matches("waiting for job r1\n", seen.err)
      assert.equal(4, #server:requests())
      shown[form] = seen.out
    end
    assert.equal("JOB  STATUS   NAME  TIME  FILES  LINES\nr1   success\n", shown.table)
    assert.equal("r1", json.decode(shown.json)[1].job_id)
    assert.equal("r1", json.decode(shown.jsonl).job_id)
    assert.matches("\nr1\tg\tsuccess\t", shown.tsv)
    assert.matches("^%- ", shown.yaml)
  end)

  it("takes nothing to wait for for a success, and says so", function()
    local empty = { table = "", json = "[]\n", jsonl = "", yaml = "[]\n" }
    for _, form in ipairs(output.names) do
      local seen = ended(0, at(answering(running()), { "wait", "--running", "-o", form },
        { GES_GRAPH_ID = "g" }))
      assert.equal("ges: no job of the graph is waiting or running\n", seen.err)
      if empty[form] then
        assert.equal(empty[form], seen.out)
      else
        assert.matches("^job_id\t[^\n]*\n$", seen.out)
      end
    end
    local seen = at(answering(running()), { "wait", "--running", "-q", "--graph", "g" })
    assert.same({ 0, "", "" }, { seen.code, seen.out, seen.err })
  end)

  it("is refused with a JOB, and without a graph", function()
    for _, case in ipairs {
      { { "--running", "--graph", "g", "j" }, "^ges: give either JOB or %-%-running, not both " },
      { { "--running" }, "^ges: no graph: give" },
      { {}, "^ges: no job: give JOB, or %-%-running " },
      { {}, "^ges: no job: ", { GES_WAIT_RUNNING = "0", GES_GRAPH_ID = "g" } },
      { {}, "^ges: GES_WAIT_RUNNING must be 1 or 0", { GES_WAIT_RUNNING = "maybe" } },
      { { "--graph", "a/b", "--running" }, "^ges: argument: %-%-graph may contain only" },
    } do
      local args = { "wait" }
      for _, word in ipairs(case[1]) do args[#args + 1] = word end
      local server = answering(listed {})
      local seen = ended(2, at(server, args, case[3]))
      assert.matches(case[2], seen.err)
      assert.same({ "", 0 }, { seen.out, #server:requests() })
    end
    for _, name in ipairs { "status", "watch" } do
      ended(2, kit.ges { name, "--running" })
      ended(2, kit.ges({ name }, { env = { GES_WAIT_RUNNING = "1" } }))
    end
  end)

  it("is meant by its variable where no JOB is named", function()
    local env = { GES_WAIT_RUNNING = "1", GES_GRAPH_ID = "g" }
    local seen = ended(0, at(answering(running()), { "wait" }, env))
    assert.equal("ges: no job of the graph is waiting or running\n", seen.err)
    local server = answering(found(ONE))
    ended(0, at(server, { "wait", "-o", "json", "r1" }, env))
    assert.same({ "g/jobs/r1/status" }, asked(server))
  end)

  it("fails as its list does", function()
    local refused = wire.reply(401, '{"error_code":"APIGW.0307","error_msg":"expired"}')
    local seen = ended(4, at(answering(refused), { "wait", "--running", "-o", "json" },
      { GES_GRAPH_ID = "g" }))
    assert.equal("", seen.out)
    local again = "ges: no job was listed yet; to start again: [^\n]* wait [^\n]*%-%-graph g "
      .. "%-%-running[^\n]*\n$"
    assert.matches("^ges: auth: expired[^\n]*\n" .. again, seen.err)
    seen = ended(4, at(answering(refused), { "wait", "--running", "--graph", "g" },
      { GES_TOKEN = false }))
    assert.matches("^ges: credentials: [^\n]*\n" .. again, seen.err)
    local unknown = wire.reply(400, '{"error_code":"GES.7000","error_msg":"no graph"}')
    seen = ended(5, at(answering(unknown), { "wait", "--running", "--graph", "g" }))
    assert.matches("^ges: not_found: no graph[^\n]*\n$", seen.err)
  end)

  it("names the jobs in the command to resume, and counts the list's time", function()
    local name, none, list = running(RUNNING, { job_id = "r2", status = "running" })
    local server = answering(name, none, list, found(RUNNING))
    local seen = ended(124, at(server, { "wait", "--running", "--timeout", "4", "--interval", "20",
      "--request-timeout", "500ms" }, { GES_GRAPH_ID = "g" }))
    assert.matches("ges: 2 jobs continue on the server; to resume: .* wait [^\n]*%-%-graph g "
      .. "%-%-timeout 4 [^\n]*r1 r2\n$", seen.err)
    assert.is_nil(seen.err:match("to resume:.*"):find("running", 1, true))
    local slow = wire.serve { { "request", name, "request", { stall = true } } }
    servers[#servers + 1] = slow
    seen = ended(124, at(slow, { "wait", "--running", "--timeout", "600ms", "--graph", "g" }))
    assert.matches("^ges: deadline: [^\n]*\nges: no job was listed yet; to start again: [^\n]* "
      .. "wait [^\n]*%-%-graph g %-%-timeout 600ms %-%-running\n$", seen.err)
  end)

  -- A service that throttles the first requests for a list of no jobs.
  local function throttling()
    local busy = wire.reply(429, '{"error_code":"X.1","error_msg":"slow down"}')
    local name, none, list = running()
    return answering(name, busy, busy, none, list)
  end

  it("says in a log what holds its list up, and once", function()
    local args = { "wait", "--running", "--graph", "g", "--interval", "50ms" }
    local seen = ended(0, at(throttling(), args))
    assert.equal("listing the running jobs\nthe running jobs: no answer yet, problem: throttled: "
      .. "slow down (HTTP 429, X.1); lower the request rate\n"
      .. "ges: no job of the graph is waiting or running\n", (seen.err:gsub("[^\n]-Z ", "")))
    args[#args + 1] = "-q"
    seen = ended(0, at(throttling(), args))
    assert.same({ "", "" }, { seen.out, seen.err })
  end)

  it("names what to change by its flag there", function()
    local name, none = running()
    local scripts = { { "request", name, "request", { stall = true } } }
    for i = 2, 5 do scripts[i] = { "request", none, "request", none } end
    local server = wire.serve(scripts)
    servers[#servers + 1] = server
    local seen = ended(0, at(server, { "wait", "--running", "--graph", "g", "--interval", "50ms",
      "--request-timeout", "1" }))
    assert.matches("\n[^\n]* problem: timeout: [^\n]* raise %-%-timeout or %-%-request%-timeout\n",
      seen.err)
  end)

  tty("shows on a terminal what holds its list up", function()
    local seen = ended(0, at(throttling(), { "wait", "--running", "--graph", "g", "--interval",
      "300ms" }, nil, kit.on_terminal))
    assert.matches(" no answer yet %ds  problem: throttled: slow down", seen.tty)
    assert.same({ "ges: no job of the graph is waiting or running" }, pty.screen(seen.tty))
  end)

  it("asks once where there is no time: for the list, and for each job", function()
    local name, none, list = running(RUNNING)
    local server = answering(name, none, list, found(RUNNING))
    local seen = ended(124, at(server, { "wait", "--running", "--timeout", "0", "-o", "json" },
      { GES_GRAPH_ID = "g" }))
    local made = json.decode(seen.out)[1]
    assert.same({ "r1", 124 }, { made.job_id, made.exit_code })
    assert.equal(4, #server:requests())
  end)

  it("writes a warning once that both the list and the wait have", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(kit.token)
    file:close()
    os.execute("chmod 640 " .. path)
    local name, none, list = running(RUNNING)
    local seen = at(answering(name, none, list, found(ONE)), { "wait", "--running", "--token-file",
      path }, { GES_GRAPH_ID = "g", GES_TOKEN = false })
    os.remove(path)
    ended(0, seen)
    assert.equal(1, select(2, seen.err:gsub("warning: ", "")), seen.err)
    assert.matches("warning: the token file [^\n]+ can be read by its group\n", seen.err)
  end)

  tty("says how to begin again when Ctrl-C comes before its list", function()
    local seen = interrupted({ "wait" }, { GES_WAIT_RUNNING = "1", GES_GRAPH_ID = "g" })
    assert.equal("ges: interrupted\nges: no job was listed yet; to start again: " .. kit.called
      .. " wait --endpoint " .. servers[1]:url() .. " --project p --graph g --running",
      table.concat(pty.screen(seen.tty), "\n"))
  end)

  tty("shows its progress, and resumes after Ctrl-C with the jobs it has listed", function()
    local ids = { kit.job(60), kit.job(60) }
    local sent
    local seen = kit.on_terminal({ "wait", "--running" }, { on = function(so_far, process)
      if not sent and so_far.tty:find("0 of 2 .*ing  ImportGraph") then
        sent = true
        process:write("\3")
      end
    end })
    ended(130, seen)
    assert.matches("^[^\n]* no answer yet 0s", seen.tty)
    local command = seen.tty:match("to resume: ([^\r\n]*)")
    assert.truthy(command:find(" --graph " .. kit.graph .. " ", 1, true), command)
    for _, id in ipairs(ids) do assert.matches(" " .. id .. "%f[%W]", command) end
    assert.is_nil(command:find("--running", 1, true))
  end)
end)
