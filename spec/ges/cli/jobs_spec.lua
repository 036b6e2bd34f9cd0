-- `ges jobs`: what is asked, what is written in which form and on how wide a terminal, and what is
-- refused.

local core = require "ges.core"
local json = require "ges.json"
local kit = require "cli_kit"
local lists = require "cli_lists"
local output = require "ges.cli.output"
local pty = require "pty"
local wire = require "wire"

local listed, answering, asked, at, ended, interrupted =
  lists.listed, lists.answering, lists.asked, lists.at, lists.ended, lists.interrupted
local GRAPH = lists.GRAPH

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
local FAILED = { job_id = "f1", status = "failed", job_name = "DeleteGraph",
  related_graph = "book", begin_time = "2018-11-27 20:00:00", end_time = "2018-11-27 20:00:09",
  fail_reason = "disk full" }

describe("ges jobs", function()
  setup(kit.start)
  teardown(kit.stop)

  after_each(lists.close)

  it("lists the jobs of the project in each form, in the service's order", function()
    local shown = {}
    for _, form in ipairs(output.names) do
      local server = answering(listed { RUNNING, FAILED })
      local seen = ended(0, at(server, { "jobs", "-o", form }))
      assert.equal("", seen.err)
      assert.same({ "jobs?limit=100&offset=0" }, asked(server))
      shown[form] = seen.out
    end
    assert.equal("JOB  STATUS   GRAPH  NAME         BEGIN (UTC)       TIME  FILES  LINES\n"
      .. "r1   running  movie  ImportGraph  2018-11-27 21:39\n"
      .. "f1   failed   book   DeleteGraph  2018-11-27 20:00  9s\n", shown.table)
    local list = json.decode(shown.json)
    assert.equal(2, #list)
    assert.same({ "r1", "f1" }, { list[1].job_id, list[2].job_id })
    assert.same({ 0, 1 }, { list[1].exit_code, list[2].exit_code })
    assert.same({ "pending", "failed" }, { list[1].outcome, list[2].outcome })
    assert.same({ 1, "p", 1 }, { list[1].schema_version, list[1].project_id, list[1].attempts })
    assert.is_nil(list[1].graph_id)
    assert.is_nil(list[2].error)
    local lines = {}
    for line in shown.jsonl:gmatch("[^\n]+") do lines[#lines + 1] = json.decode(line) end
    for i, made in ipairs(lines) do made.elapsed, list[i].elapsed = nil, nil end
    assert.same(list, lines)
    assert.matches("^job_id\tgraph_id\t[^\n]*\nr1\t\trunning\tpending\t0\tImportGraph\t[^\n]*\n"
      .. "f1\t\tfailed\tfailed\t1\t[^\n]*\tdisk full\n$", shown.tsv)
    assert.matches("^%- attempts: 1\n.*\n%- .*\n  job_id: f1\n", shown.yaml)
  end)

  it("writes the records that a wait writes", function()
    local id = kit.job(0, { outcome = "partiallyFailed" })
    local one = json.decode(ended(3, kit.ges { "wait", "-o", "json", id }).out)
    local same
    for _, made in ipairs(json.decode(ended(0, kit.ges { "jobs", "-o", "json" }).out)) do
      if made.job_id == id then same = made end
    end
    assert.equal("job_partial", one.error.kind)
    for _, name in ipairs { "elapsed", "attempts", "error" } do one[name], same[name] = nil, nil end
    assert.same(one, same)
    same = json.decode(ended(0, kit.ges { "jobs", "-o", "json", "--accept", "success,partial",
      "--limit", "1" }).out)
    assert.same({ id, 0 }, { same[1].job_id, same[1].exit_code })
  end)

  it("asks for the graph that a flag, or else a variable says", function()
    local by_id, by_name = "demo-graph", "jobs?graph_name=book&limit=100&offset=0"
    local by_own = "jobs?graph_name=movie&limit=100&offset=0"
    local both = { GES_GRAPH_ID = "demo-graph", GES_GRAPH_NAME = "book" }
    local name = { GES_GRAPH_NAME = "book" }
    for _, case in ipairs {
      { { "--graph", "demo-graph" }, nil, by_id, by_own },
      { { "--graph-name", "book" }, nil, by_name },
      { {}, both, by_id, by_own }, { {}, name, by_name },
      { { "--graph-name", "book" }, { GES_GRAPH_ID = "demo-graph" }, by_name },
      { { "--graph", "demo-graph" }, name, by_id, by_own },
    } do
      local args = { "jobs", "-o", "json" }
      for _, word in ipairs(case[1]) do args[#args + 1] = word end
      local answer = listed { { job_id = "r1", status = "running" } }
      local server = case[4] and answering(wire.reply(200, GRAPH), answer) or answering(answer)
      local made = json.decode(ended(0, at(server, args, case[2])).out)[1]
      assert.same({ case[3], case[4] }, asked(server))
      assert.equal(case[4] and "demo-graph" or nil, made.graph_id)
    end
    local seen = ended(0, at(answering(wire.reply(200, GRAPH), listed { RUNNING }), { "jobs",
      "--graph", "g" }))
    assert.equal("JOB  STATUS   NAME         BEGIN (UTC)       TIME  FILES  LINES",
      seen.out:match("^[^\n]*"))
  end)

  it("filters by status, time and number, from flags or variables", function()
    local function query(args, env)
      local server = answering(listed { RUNNING, FAILED, { status = "running" } })
      local seen = ended(0, at(server, args, env))
      return asked(server)[1]:match("%?(.*)$"), seen.out
    end
    assert.equal("limit=100&offset=0&status=waiting", (query { "jobs", "--status", "pending" }))
    assert.equal("limit=100&offset=0&start_time=2018-11-27",
      (query { "jobs", "--since", "2018-11-27" }))
    local asked_for, out = query { "jobs", "--limit", "1", "--no-header" }
    assert.equal("limit=1&offset=0", asked_for)
    assert.matches("^r1 [^\n]*\n$", out)
    assert.equal("limit=2&offset=0&start_time=2018-11-27&status=failed", (query({ "jobs" },
      { GES_JOBS_STATUS = "failed", GES_JOBS_SINCE = "2018-11-27", GES_JOBS_LIMIT = "2" })))
    -- The service knows days only; what began before is left out. A job that has not begun is not.
    local before = os.date("!%Y-%m-%d", os.time() - 7200)
    asked_for, out = query { "jobs", "--since", "2h", "--no-header" }
    local day = asked_for:match("start_time=(.*)$")
    assert.is_true(day == before or day == os.date("!%Y-%m-%d", os.time() - 7200), day)
    assert.matches("^%? +running\n$", out)
    assert.equal("limit=100&offset=0&start_time=1970-01-01",
      (query { "jobs", "--since", "99999d" }))
  end)

  it("takes an empty list for a success, and says so beside it", function()
    local empty = { table = "", json = "[]\n", jsonl = "", yaml = "[]\n" }
    for _, form in ipairs(output.names) do
      local seen = ended(0, at(answering(listed {}), { "jobs", "-o", form }))
      assert.equal("ges: no job of the project is listed\n", seen.err)
      if empty[form] then
        assert.equal(empty[form], seen.out)
      else
        assert.matches("^job_id\t[^\n]*\n$", seen.out)
      end
    end
    local seen = at(answering(listed {}), { "jobs", "-o", "tsv", "-q", "--no-header" })
    assert.same({ 0, "", "" }, { seen.code, seen.out, seen.err })
    seen = at(answering(listed {}), { "jobs", "--graph-name", "a\27b", "--status", "failed" })
    assert.same({ 2, "" }, { seen.code, seen.out })
    seen = at(answering(listed {}), { "jobs", "--graph-name", "no", "--status", "failed" })
    assert.equal("ges: no job of the graph named no matches\n", seen.err)
  end)

  it("says that there may be more than it lists unless it was told", function()
    local many = {}
    for i = 1, core.defaults.limit do many[i] = { job_id = "j" .. i, status = "success" } end
    local more = "ges: 1000 jobs are listed; there may be more: see --limit\n"
    for _, case in ipairs { { {}, more }, { { "-q" }, "" }, { { "--limit", "1000" }, "" } } do
      local args = { "jobs", "-o", "jsonl" }
      for _, word in ipairs(case[1]) do args[#args + 1] = word end
      local seen = ended(0, at(answering(listed(many, 5000)), args))
      assert.equal(case[2], seen.err)
      assert.equal(1000, select(2, seen.out:gsub("\n", "")))
    end
  end)

  it("refuses with one line that names the flag or the variable", function()
    for _, case in ipairs {
      { { "--graph", "a", "--graph-name", "b" }, "only one of %-%-graph, %-%-graph%-name" },
      { { "--status", "done" }, "%-%-status" }, { { "--status", "" }, "%-%-status" },
      { {}, "^ges: GES_JOBS_STATUS must be one of pending, ", { GES_JOBS_STATUS = "done" } },
      { { "--since", "yesterday" }, "^ges: %-%-since must be .*2h.*2024%-01%-31" },
      { { "--since", "2024-02-30" }, "^ges: %-%-since must be" },
      { { "--since", "2024-01-31T10:00:00" }, "^ges: %-%-since must be" },
      { {}, "^ges: GES_JOBS_SINCE must be", { GES_JOBS_SINCE = "soon" } },
      { { "--limit", "0" }, "^ges: %-%-limit must be a whole number from 1" },
      { { "--limit", "1.5" }, "^ges: %-%-limit is not a whole number" },
      { {}, "^ges: GES_JOBS_LIMIT must be", { GES_JOBS_LIMIT = "0" } },
      { { "--graph-name", "a\nb" }, "^ges: argument: %-%-graph%-name contains a control" },
      { { "--graph", "a/b" }, "^ges: argument: %-%-graph may contain only" },
      { { "j" }, "too many arguments" }, { { "--running" }, "unknown option '%-%-running'" },
    } do
      local args = { "jobs" }
      for _, word in ipairs(case[1]) do args[#args + 1] = word end
      local server = answering(listed {})
      local seen = ended(2, at(server, args, case[3]))
      assert.matches(case[2], seen.err)
      assert.matches("^[^\n]+\n$", seen.err)
      assert.same({ "", 0 }, { seen.out, #server:requests() })
    end
  end)

  it("fails as other commands do, and writes no list then", function()
    for _, case in ipairs { { 401, "APIGW.0307", 4 }, { 403, "APIGW.0302", 4 },
      { 400, "GES.7000", 5 }, { 404, "APIGW.0101", 5 }, { 400, "GES.0001", 6 } } do
      local status, service_code, exit_code = case[1], case[2], case[3]
      local body = ('{"error_code":"%s","error_msg":"re\\u001bfused"}'):format(service_code)
      local seen = ended(exit_code, at(answering(wire.reply(status, body)), { "jobs", "-o", "json",
        "--graph", "g" }))
      assert.equal("", seen.out)
      assert.matches("^ges: %l+[%l_]*: re\\x1Bfused[^\n]*\n$", seen.err)
    end
    ended(6, kit.ges({ "jobs", "--retries", "0", "--endpoint", "http://127.0.0.1:1" }))
    ended(7, at(answering(wire.reply(200, '{"job_list":1}')), { "jobs", "--retries", "0" }))
    local seen = ended(2, kit.ges({ "jobs" }, { env = { GES_ENDPOINT = false } }))
    assert.matches("%-%-region", seen.err)
  end)

  it("lets nothing that the service says act on a terminal", function()
    local evil = { job_id = "\27[2J", status = "\27]0;x\7", job_name = "a\tb\n",
      related_graph = "\r=1", begin_time = "\27[31m" }
    for _, form in ipairs(output.names) do
      local seen = ended(0, at(answering(listed { evil }), { "jobs", "-o", form }))
      assert.is_nil((seen.out .. seen.err):find("[%z\1-\8\11-\31]"), form)
      assert.is_nil(seen.out:gsub("^[^\n]*\n", ""):find("\t\t\tb", 1, true))
    end
  end)

  tty("fits any terminal: ids are cut in their middle, the status never", function()
    local jobs, ids = {}, { "ff80808167f09aaa0167f19b35ec0305", "ff80808167f09aaa0167f19b35ec0306",
      "0a1b2c3d-c958-493e-8452-fccfe932cde1" }
    for i, id in ipairs(ids) do
      jobs[i] = { job_id = id, status = "partiallyFailed", job_name = "ImportGraph",
        related_graph = "movie", begin_time = "2018-11-27T21:39:00" }
    end
    local function shown(columns)
      local seen = at(answering(listed(jobs)), { "jobs" }, nil, function(args, opts)
        opts.columns = columns
        return kit.on_terminal(args, opts)
      end)
      local lines, wrapped = pty.screen(ended(0, seen).tty, columns)
      assert.is_false(wrapped)
      assert.equal(4, #lines)
      return lines
    end
    assert.matches("^JOB +STATUS +GRAPH +NAME +BEGIN %(UTC%) +TIME +FILES +LINES$", shown(120)[1])
    for i, line in ipairs(shown(80)) do
      assert.equal(i == 1 and "JOB" or ids[i - 1], line:match("^%S+"))
      assert.matches(i == 1 and "STATUS +GRAPH" or " partiallyFailed  movie", line)
    end
    local seen = {}
    for i, line in ipairs(shown(40)) do
      local id, rest = line:match("^(%S+)  +(%S+)$")
      assert.equal(i == 1 and "STATUS" or "partiallyFailed", rest)
      local head, tail = id:match("^(%w[%w-]*)…([%w-]+)$")
      if i > 1 then
        assert.equal(head .. tail, ids[i - 1]:sub(1, #head) .. ids[i - 1]:sub(-#tail))
        assert.is_nil(seen[id])
        seen[id] = true
      end
    end
  end)

  tty("shows that it asks, and is answered by Ctrl-C", function()
    assert.same({ "ges: interrupted" }, pty.screen(interrupted({ "jobs" }).tty))
  end)
end)
