-- `ges jobs` and `ges wait --running`: what is asked, what is written in which form and on how wide
-- a terminal, and what is refused.

local core = require "ges.core"
local json = require "ges.json"
local kit = require "cli_kit"
local output = require "ges.cli.output"
local pty = require "pty"
local wire = require "wire"

local GRAPH = '{"graph":{"name":"movie"}}'

local servers = {}

-- The answer that lists these jobs.
local function listed(jobs, count)
  return wire.reply(200, assert(json.encode { job_count = count or #jobs,
    job_list = json.array(jobs) }))
end

local function found(job)
  return wire.reply(200, assert(json.encode(job)))
end

-- A service that gives these answers on one connection, one after the other; then it is silent.
local function answering(...)
  local script = {}
  for _, bytes in ipairs { ... } do
    script[#script + 1], script[#script + 2] = "request", bytes
  end
  script[#script + 1] = "request"
  script[#script + 1] = { stall = true }
  local server = wire.serve { script }
  servers[#servers + 1] = server
  return server
end

-- What a service was asked for, behind its project.
local function asked(server)
  local paths = {}
  for i, request in ipairs(server:requests()) do
    paths[i] = request:match("^GET /v2/p/graphs/(%S+) HTTP")
  end
  return paths
end

-- Runs the command against a service of `answering`, without a graph unless `env` has one.
local function at(server, args, env, run)
  local all = { GES_ENDPOINT = server:url(), GES_PROJECT_ID = "p", GES_GRAPH_ID = false }
  for name, value in pairs(env or {}) do all[name] = value end
  return (run or kit.ges)(args, { env = all })
end

local function ended(code, seen)
  assert.equal(code, seen.code, seen.out .. seen.err .. seen.tty)
  return seen
end

local function tty(name, body)
  it(name, function()
    if not pty.available() then
      return pending("no pseudo-terminals here: /dev/pts is not mounted")
    end
    body()
  end)
end

-- What a terminal shows when Ctrl-C comes while the service does not answer.
local function interrupted(args, env)
  local server = wire.serve { { "request", { stall = true } } }
  servers[#servers + 1] = server
  local sent = false
  return ended(130, at(server, args, env, function(words, opts)
    function opts.on(so_far, process)
      if not sent and so_far.tty:find("no answer yet", 1, true) and #server:requests() > 0 then
        sent = true
        process:write("\3")
      end
    end
    return kit.on_terminal(words, opts)
  end))
end

local RUNNING = { job_id = "r1", status = "running", job_name = "ImportGraph",
  related_graph = "movie", begin_time = "2018-11-27T21:39:00" }
local FAILED = { job_id = "f1", status = "failed", job_name = "DeleteGraph",
  related_graph = "book", begin_time = "2018-11-27 20:00:00", end_time = "2018-11-27 20:00:09",
  fail_reason = "disk full" }

describe("ges jobs", function()
  setup(kit.start)
  teardown(kit.stop)

  after_each(function()
    for i = #servers, 1, -1 do
      servers[i]:close()
      servers[i] = nil
    end
  end)

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

describe("ges wait --running", function()
  setup(kit.start)
  teardown(kit.stop)

  after_each(function()
    for i = #servers, 1, -1 do
      servers[i]:close()
      servers[i] = nil
    end
  end)

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
