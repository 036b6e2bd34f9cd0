-- ges.jobs: what is asked for, page by page, and what becomes of what comes: in order, without
-- repetition, to the end of the list and not for ever.

local core = require("ges.core")
local ges = require("ges")
local lab = require("lab")
local wire = require("wire")

local function job(id, extra)
  return ('{"job_id":"%s","status":"success"%s}'):format(id, extra and "," .. extra or "")
end

-- The reply with a page: ids or whole jobs; `count` false for none.
local function page(count, ids)
  local items = {}
  for i, id in ipairs(ids) do items[i] = id:find("^{") and id or job(id) end
  return { 200, ('{%s"job_list":[%s]}'):format(count and '"job_count":' .. count .. "," or "",
    table.concat(items, ",")) }
end

local NAME = { 200, '{"graph":{"id":"' .. lab.graph .. '","name":"movie db"}}' }

local NAMED = "/graphs/jobs?graph_name=movie%20db&limit=100&offset=0"

-- Options of a list at a server: of all graphs.
local function options(server, extra)
  local more = { graph_id = false, job_id = false }
  for name, value in pairs(extra or {}) do more[name] = value end
  return lab.options(server, more)
end

-- The path and query of each request so far.
local function asked(server)
  local list = {}
  for i, text in ipairs(server:requests()) do
    list[i] = text:match("^GET (%S+) HTTP/1.1\r\n"):gsub("^/v2/" .. lab.project, "")
  end
  return list
end

local function ids(jobs)
  local list = {}
  for i, one in ipairs(jobs) do list[i] = one.job_id end
  return table.concat(list, " ")
end

-- `n` ids from the first number on.
local function numbered(first, n)
  local list = {}
  for i = 1, n do list[i] = ("job-%d"):format(first + i - 1) end
  return list
end

local random = core.random

describe("ges.jobs", function()
  setup(function() core.random = function() return 0 end end)
  teardown(function() core.random = random end)
  after_each(lab.cleanup)

  it("asks for a page of the project's jobs and returns them in the service's order", function()
    local server = lab.replies { page(3, { "c", "a", "b" }) }
    local jobs, err, info = ges.jobs(options(server))
    assert.equal("c a b", ids(assert(jobs, err)))
    assert.is_nil(err)
    assert.same({ "/graphs/jobs?limit=100&offset=0" }, asked(server))
    assert.equal(1, info.attempts)
    assert.equal(200, info.http_status)
    assert.is_nil(info.warnings)
    assert.is_nil(info.kind)
    assert.equal("success", ges.outcome(jobs[1]))
  end)

  it("returns nothing for nothing", function()
    for _, body in ipairs { '{"job_count":0,"job_list":[]}', '{"job_count":0,"job_list":null}',
      '{"job_count":0}', '{"job_list":[]}' } do
      assert.same({}, (ges.jobs(options(lab.replies { { 200, body } }))))
    end
  end)

  it("sends its filters, a status in the words of the list", function()
    local server = lab.replies { page(0, {}) }
    assert(ges.jobs(options(server, { graph_name = "a b&c", status = "pending",
      start_time = "2024-02-29", end_time = "2024-03-01", limit = 7 })))
    assert.same({ "/graphs/jobs?end_time=2024-03-01&graph_name=a%20b%26c&limit=7&offset=0"
      .. "&start_time=2024-02-29&status=waiting" }, asked(server))
    for _, row in ipairs(core.options()) do
      for _, word in ipairs(row.name == "status" and row.words or {}) do
        server = lab.replies { page(0, {}) }
        assert(ges.jobs(options(server, { status = word })))
        assert.equal("/graphs/jobs?limit=100&offset=0&status="
          .. (word == "pending" and "waiting" or word), asked(server)[1])
        assert.is_not.equal("unknown", ges.outcome { status = word })
      end
    end
  end)

  it("asks for the name of a graph that its id says", function()
    local server = lab.replies { NAME, page(1, { "a" }) }
    local jobs, _, info = ges.jobs(options(server, { graph_id = lab.graph }))
    assert.equal("a", ids(jobs))
    assert.equal(2, info.attempts)
    assert.same({ "/graphs/" .. lab.graph, NAMED }, asked(server))
  end)

  it("takes the graph of a client's defaults, unless a name is given", function()
    local server = lab.replies { page(0, {}) }
    local client = lab.client(lab.options(server))
    assert(client:jobs { graph_name = "x" })
    assert.same({ "/graphs/jobs?graph_name=x&limit=100&offset=0" }, asked(server))
    server = lab.replies { NAME, page(0, {}) }
    client = lab.client(lab.options(server))
    assert(client:jobs {})
    assert.same({ "/graphs/" .. lab.graph, NAMED }, asked(server))
  end)

  describe("pages", function()
    it("are asked for until there are as many jobs as the service counts", function()
      local server = lab.replies { page(250, numbered(1, 100)), page(250, numbered(101, 100)),
        page(250, numbered(201, 50)) }
      local jobs, _, info = ges.jobs(options(server))
      assert.equal(250, #jobs)
      assert.equal("job-250", jobs[250].job_id)
      assert.equal(3, info.attempts)
      assert.same({ "/graphs/jobs?limit=100&offset=0", "/graphs/jobs?limit=100&offset=100",
        "/graphs/jobs?limit=100&offset=200" }, asked(server))
    end)

    it("may be shorter or longer than asked", function()
      local server = lab.replies { page(5, { "a", "b" }), page(5, { "c" }), page(5, { "d", "e" }) }
      assert.equal("a b c d e", ids(assert(ges.jobs(options(server)))))
      assert.equal("/graphs/jobs?limit=100&offset=3", asked(server)[3])
      server = lab.replies { page(300, numbered(1, 300)) }
      assert.equal(300, #assert(ges.jobs(options(server))))
      assert.equal(1, #asked(server))
    end)

    it("end with an empty one where there is no count", function()
      local server = lab.replies { page(false, { "a" }), page(false, { "b" }), page(false, {}) }
      local jobs, _, info = ges.jobs(options(server))
      assert.equal("a b", ids(jobs))
      assert.equal(3, info.attempts)
      assert.is_nil(info.warnings)
    end)

    it("end with an empty one where the count is too high, which is warned of", function()
      local server = lab.replies { page(9, { "a", "b" }), { 200, '{"job_count":9}' } }
      local jobs, _, info = ges.jobs(options(server))
      assert.equal("a b", ids(jobs))
      assert.same({ "the service reports 9 jobs, but lists 2" }, info.warnings)
    end)

    it("go on where the count is too low, which is warned of", function()
      for replies, asks in pairs {
        [{ page(1, { "a", "b" }), page(1, { "c" }), page(1, {}) }] = 3,
        [{ page(0, { "a", "b", "c" }) }] = 2, -- the same page again
      } do
        local server = lab.replies(replies)
        local jobs, _, info = ges.jobs(options(server))
        assert.equal("a b c", ids(jobs))
        assert.equal(asks, #asked(server))
        assert.same({ ("the service reports %d jobs, but lists 3"):format(asks == 3 and 1 or 0) },
          info.warnings)
      end
      -- What has no id is not asked for again and again.
      local server = lab.replies { page(1, { '{"status":"failed"}', "a", '{"status":"failed"}' }) }
      assert.equal(3, #assert(ges.jobs(options(server))))
      assert.equal(2, #asked(server))
    end)

    it("end with as many jobs as are wanted", function()
      local server = lab.replies { page(1000, numbered(1, 100)), page(1000, numbered(101, 100)) }
      local jobs = assert(ges.jobs(options(server, { limit = 150 })))
      assert.equal(150, #jobs)
      assert.equal("job-150", jobs[150].job_id)
      assert.equal(2, #asked(server))
      server = lab.replies { page(1000, numbered(1, 10)) }
      assert.equal(1, #assert(ges.jobs(options(server, { limit = 1 }))))
      assert.same({ "/graphs/jobs?limit=1&offset=0" }, asked(server))
    end)

    it("end at a thousand jobs unless more are wanted", function()
      local replies = {}
      for i = 1, 12 do replies[i] = page(1100, numbered(100 * i - 99, 100)) end
      assert.equal(1000, #assert(ges.jobs(options(lab.replies(replies)))))
      assert.equal(1200, #assert(ges.jobs(options(lab.replies(replies), { limit = 5000 }))) + 100)
    end)

    it("that a new job has moved show no job twice, and lose none", function()
      local server = lab.replies { page(4, { "d", "c" }), page(5, { "c", "b" }), page(5, { "a" }) }
      local jobs, _, info = ges.jobs(options(server))
      assert.equal("d c b a", ids(jobs))
      assert.is_nil(info.warnings)
    end)

    it("are read again from the start where jobs left the list meanwhile", function()
      local server = lab.replies { page(4, { "a", "b" }), page(3, { "d" }), page(3, { "b", "c" }),
        page(3, { "d" }) }
      local jobs, _, info = ges.jobs(options(server))
      assert.equal("b c d", ids(jobs))
      assert.equal(4, info.attempts)
      assert.is_nil(info.warnings)
    end)

    it("that always move are read five times, and may lack jobs", function()
      local replies = {}
      for i = 1, 10 do
        replies[i] = i % 2 == 1 and page(3, { "a" .. i, "b" .. i }) or page(2, {})
      end
      local server = lab.replies(replies)
      local jobs, _, info = ges.jobs(options(server))
      assert.equal("a9 b9", ids(jobs))
      assert.equal(10, #asked(server))
      assert.same({ "jobs left the list while it was read; some of the others may be missing" },
        info.warnings)
    end)

    it("keep jobs without an id, or with one that none can have", function()
      local server = lab.replies { page(3, { '{"status":"failed"}', "a", '{"status":"failed"}' }) }
      assert.equal(3, #assert(ges.jobs(options(server))))
      local odd = { job(""), job(""), job(("x"):rep(129)), job(("x"):rep(129)) }
      assert.equal(4, #assert(ges.jobs(options(lab.replies { page(4, odd) }))))
    end)

    it("that list nothing of what is counted are a failure", function()
      for _, body in ipairs { '{"job_count":5,"job_list":null}', '{"job_count":5,"job_list":[]}',
        '{"job_count":5}' } do
        local err = lab.fails("protocol", ges.jobs(options(lab.replies { { 200, body } })))
        assert.is_truthy(err:find("the service reports 5 jobs, but lists none", 1, true), err)
      end
    end)

    it("that are empty and have an error code are that failure", function()
      for code, kind in pairs { ["GES.7006"] = "unavailable", ["APIG.0301"] = "auth" } do
        for _, rest in ipairs { '"job_count":0,"job_list":[]', '"job_list":null',
          '"job_count":0' } do
          local body = ('{%s,"error_code":"%s","error_msg":"why"}'):format(rest, code)
          local err, info = lab.fails(kind, ges.jobs(options(lab.replies { { 200, body } },
            { retries = 0 })))
          assert.equal(code, info.code)
          assert.is_truthy(err:find("why", 1, true), err)
        end
      end
      for _, code in ipairs { '""', "200", '"0"' } do
        local body = ('{"job_count":0,"job_list":[],"code":%s,"message":"ok"}'):format(code)
        assert.same({}, (ges.jobs(options(lab.replies { { 200, body } }))))
      end
    end)

    it("warn of a field by its place on the list, not on its page", function()
      local server = lab.replies { page(3, { "a", "b" }),
        page(3, { '{"job_id":"c","status":"success","job_name":1}' }) }
      local jobs, _, info = ges.jobs(options(server))
      assert.equal("a b c", ids(jobs))
      assert.same({ "job_list[3].job_name has an undocumented type and was dropped" },
        info.warnings)
    end)

    it("with many unknown words have no more of them cleaned than are warned of", function()
      local many, cleaned = {}, 0
      for i = 1, 200 do
        many[i] = ('{"job_id":"j%d","status":"odd%d"}'):format(i, i % 40)
      end
      local request = core.prepare("ges.jobs", 1, options("http://127.0.0.1:9"))
      local methods = debug.getmetatable(request).__index
      local clean = methods.clean
      finally(function() methods.clean = clean end)
      methods.clean = function(...)
        cleaned = cleaned + 1
        return clean(...)
      end
      local _, _, info = ges.jobs(options(lab.replies { page(200, many) }))
      assert.equal(16, #info.warnings)
      assert.equal(16, cleaned)
    end)

    it("that repeat for ever are a failure", function()
      for _, count in ipairs { false, 1000 } do
        local server = lab.replies { page(count, { "a", "b" }) }
        local err, info = lab.fails("protocol", ges.jobs(options(server)))
        assert.is_truthy(err:find("does not end: 8 jobs on 4 pages", 1, true), err)
        assert.equal(4, info.attempts)
        assert.equal(4, #asked(server))
      end
    end)

    it("that never end are bounded by the jobs that are not wanted, too", function()
      local many = {}
      for i = 1, 20000 do many[i] = '{"status":"success","begin_time":"2024-01-01T00:00:00"}' end
      local server = lab.replies { page(false, many) }
      local err, info = lab.fails("protocol", ges.jobs(options(server, { timeout = 60,
        start_time = 1704153600 })))
      assert.is_truthy(err:find("does not end: 100000 jobs on 5 pages", 1, true), err)
      assert.equal(5, info.attempts)
    end)

    it("lack the jobs of other graphs, which is warned of", function()
      local listed = { job("a", '"related_graph":"movie db"'), job("b", '"related_graph":"x"'),
        job("c", '"related_graph":""'), job("d", '"related_graph":"' .. lab.graph .. '"'), "e" }
      for want, extra in pairs { ["a c d e"] = { graph_id = lab.graph },
        ["a c e"] = { graph_name = "movie db" }, ["a b c d e"] = {} } do
        local server = lab.replies(extra.graph_id and { NAME, page(5, listed) }
          or { page(5, listed) })
        local jobs, _, info = ges.jobs(options(server, extra))
        assert.equal(want, ids(jobs))
        assert.same(want ~= "a b c d e"
          and { "jobs of other graphs are on the list; they were left out" } or nil, info.warnings)
      end
    end)

    it("that never end are bounded by the limit", function()
      local script = {}
      for i = 1, 40 do
        script[2 * i - 1], script[2 * i] = "request", wire.reply(page(false, { "n" .. i })[1],
          page(false, { "n" .. i })[2])
      end
      local server = lab.serve { script, loop = true }
      assert.equal(30, #assert(ges.jobs(options(server, { limit = 30 }))))
      assert.equal(30, #asked(server))
    end)

    it("that never end, with jobs that are not wanted, are bounded by the time", function()
      local server = lab.replies { page(false, { '{"status":"success","begin_time":"2024-01-01'
        .. 'T00:00:00"}' }) }
      local seconds, jobs, err, info = lab.timed(ges.jobs, options(server, { timeout = 0.5,
        start_time = 1704153600 }))
      lab.fails("timeout", jobs, err, info)
      assert.is_truthy(err:find("not read completely within 0.5 s", 1, true)
        or err:find("no answer within 0.5 s", 1, true), err)
      assert.is_true(info.attempts >= 1)
      assert.is_true(seconds >= 0.4 and seconds < 20, seconds)
    end)
  end)

  describe("a point in time", function()
    local function list(extra)
      local server = lab.replies { page(5, {
        job("late", '"begin_time":"2024-05-02T12:00:01"'),
        job("at", '"begin_time":"2024-05-02 12:00:00"'),
        job("early", '"begin_time":"2024-05-02T11:59:59"'), job("none"),
        job("odd", '"begin_time":"soon"') }) }
      return ids(assert(ges.jobs(options(server, extra)))), asked(server)[1]
    end

    it("is sent as its day in UTC; what began before or after is left out", function()
      local noon = 1714651200
      local names, path = list { start_time = noon }
      assert.equal("late at none odd", names)
      assert.equal("/graphs/jobs?limit=100&offset=0&start_time=2024-05-02", path)
      -- Of the last day nothing is left to how the service reads it.
      names, path = list { end_time = noon }
      assert.equal("at early none odd", names)
      assert.equal("/graphs/jobs?end_time=2024-05-03&limit=100&offset=0", path)
      assert.equal("at none odd", (list { start_time = noon, end_time = noon }))
      assert.equal("late at none odd", (list { start_time = noon + 0.75 }))
      assert.equal("late at early none odd", (list { start_time = 0, end_time = 9999999999 }))
    end)

    it("may be a day, which is left to the service", function()
      local names, path = list { start_time = "2024-05-01", end_time = "2024-05-03" }
      assert.equal("late at early none odd", names)
      assert.equal("/graphs/jobs?end_time=2024-05-03&limit=100&offset=0&start_time=2024-05-01",
        path)
    end)
  end)

  describe("refuses, with nothing sent,", function()
    local server = "http://127.0.0.1:9"

    it("what may come from a user, by value", function()
      for text, extra in pairs {
        ["status must be pending, waiting, running, success, partiallyFailed or failed"] =
          { status = "done" },
        ["status must be pending"] = { status = "" },
        ["start_time must be a day such as 2024-01-31, or seconds since 1970"] =
          { start_time = "2024-02-30" },
        ["end_time must be a day"] = { end_time = "2024-1-1" },
        ["start_time must be a day such"] = { start_time = "2024-01-01T00:00:00" },
        ["end_time is before start_time"] =
          { start_time = "2024-05-03", end_time = "2024-05-02" },
        ["argument: end_time is before"] = { start_time = 1714651201, end_time = 1714651200 },
        ["end_time is before start"] = { start_time = 1714651200, end_time = "2024-05-01" },
        ["graph_name is longer than 512 bytes"] = { graph_name = ("\229\155\190"):rep(171) },
        ["graph_name must not be empty"] = { graph_name = "" },
        ["graph_name contains a control character"] = { graph_name = "a\nb" },
        ["graph_id "] = { graph_id = "a/b" },
      } do
        local err, info = lab.fails("argument", ges.jobs(options(server, extra)))
        assert.is_truthy(err:find(text, 1, true), err)
        assert.equal(0, info.attempts)
      end
    end)

    it("mistakes, at their line", function()
      for text, extra in pairs {
        ["give only one of graph_id, graph_name"] = { graph_id = "g", graph_name = "n" },
        ["'limit' must be a whole number from 1 to 1000000"] = { limit = 0 },
        ["'limit' must be a whole number"] = { limit = 1.5 },
        ["'start_time' must be a number from 0"] = { start_time = -1 },
        ["'end_time' must be a number from 0 to 9999999999"] = { end_time = 1714651200000 },
        ["'start_time' must be a string or number, not a table"] = { start_time = {} },
        ["'status' must be a string"] = { status = 1 },
        ["unknown option 'job_id'; it is for"] = { job_id = "j" },
        ["unknown option 'interval'; it is for"] = { interval = 1 },
        ["did you mean 'status'"] = { statu = "x" },
      } do
        lab.throws("ges.jobs: ", function(here)
          return here(ges.jobs(options(here(server), extra)))
        end)
        local _, err = pcall(ges.jobs, options(server, extra))
        assert.is_truthy(err:find(text, 1, true), err)
      end
      assert.is_truthy(select(2, pcall(ges.jobs, ges)):find("use ges.jobs{...}", 1, true))
      assert.is_truthy(select(2, pcall(ges.job_status, lab.options(server, { limit = 1 })))
        :find("unknown option 'limit'; it is for ges.jobs", 1, true))
    end)
  end)

  describe("a failure", function()
    it("of a page is tried again, and each attempt counts and is reported", function()
      local seen = {}
      local server = lab.replies { NAME, lab.error(500, "GES.7006"), page(2, { "a" }),
        { 200, "<html>" }, lab.error(503, "x"), page(2, { "b" }) }
      local jobs, err, info = ges.jobs(options(server, { graph_id = lab.graph,
        on_request = function(about) seen[#seen + 1] = about.kind or "good" end }))
      assert.equal("a b", ids(assert(jobs, err)))
      assert.equal(6, info.attempts)
      assert.same({ "good", "unavailable", "good", "protocol", "unavailable", "good" }, seen)
    end)

    it("that stays is returned, with all attempts, and no jobs", function()
      local server = lab.replies { page(9, { "a" }), lab.error(500, "GES.7006") }
      local _, info = lab.fails("unavailable", ges.jobs(options(server)))
      assert.equal(4, info.attempts)
      server = lab.replies { page(9, { "a" }), lab.error(500, "GES.7006") }
      _, info = lab.fails("unavailable", ges.jobs(options(server, { retries = 0 })))
      assert.equal(2, info.attempts)
    end)

    it("of the graph's name is returned, and nothing is listed", function()
      local server = lab.replies { lab.error(400, "GES.7000") }
      local err = lab.fails("not_found", ges.jobs(options(server, { graph_id = lab.graph })))
      assert.is_truthy(err:find("check graph_id and project_id", 1, true), err)
      assert.equal(1, #asked(server))
      server = lab.replies { { 200, '{"graph":{}}' } }
      lab.fails("protocol", ges.jobs(options(server, { graph_id = lab.graph })))
      assert.equal(3, #asked(server))
    end)

    it("is a graph that is named as the token: its name is not shown, nor asked for", function()
      local body = '{"graph":{"id":"%s","name":"db %s"}}'
      local server = lab.replies { { 200, body:format(lab.graph, lab.token) }, page(0, {}) }
      local err, info = lab.fails("protocol", ges.jobs(options(server, { graph_id = lab.graph })))
      assert.is_truthy(err:find("its jobs can be listed by name only", 1, true), err)
      assert.is_false(info.retryable)
      assert.same({ "/graphs/" .. lab.graph }, asked(server))
    end)

    it("of one attempt each ends a call without time", function()
      local server = lab.replies { NAME, page(2, { "a" }), page(2, { "b" }) }
      local jobs, err, info = ges.jobs(options(server, { graph_id = lab.graph, timeout = 0 }))
      assert.equal("a b", ids(assert(jobs, err)))
      assert.equal(3, info.attempts)
      server = lab.replies { page(2, { "a" }), lab.error(500, "GES.7006") }
      local _, last = lab.fails("unavailable", ges.jobs(options(server, { timeout = 0 })))
      assert.equal(2, last.attempts)
    end)

    it("comes when the time of all pages together is over", function()
      local server = lab.serve { { "request", wire.reply(200, page(9, { "a" })[2]), "request",
        { stall = true } }, loop = true }
      local seconds, jobs, err, info = lab.timed(ges.jobs, options(server, { timeout = 0.4 }))
      lab.fails("timeout", jobs, err, info)
      assert.is_true(seconds >= 0.3 and seconds < 10, seconds)
    end)

    it("comes when the client is closed between two pages", function()
      local client = lab.client(options(lab.replies { page(9, { "a" }), page(9, { "b" }) }))
      lab.fails("closed", client:jobs { on_request = function() client:close() end })
      assert.is_false(pcall(client.jobs, client, {}))
    end)
  end)

  it("asks for a token before each attempt, and once more after a refusal", function()
    local n = 0
    local server = lab.replies { page(2, { "a" }), lab.error(401, "APIGW.0307"), page(2, { "b" }) }
    local jobs, err, info = ges.jobs(options(server, { token = function()
      n = n + 1
      return "token-" .. n
    end }))
    assert.equal("a b", ids(assert(jobs, err)))
    assert.equal(3, info.attempts)
    local tokens = lab.tokens(server)
    assert.equal("token-1 token-2", tokens[1] .. " " .. tokens[2])
    assert.is_not.equal(tokens[2], tokens[3])
  end)

  it("takes the project of its credentials", function()
    local server = lab.replies { page(0, {}) }
    assert(ges.jobs(options(server, { project_id = false, token = false, credentials = {
      get = function() return { token = "t", project_id = "of-the-token" } end } })))
    assert.is_truthy(server:requests()[1]:find("^GET /v2/of%-the%-token/graphs/jobs%?"))
    local environment = lab.replies { page(0, {}) }
    lab.throws("option 'project_id' is missing", function(here)
      return here(ges.jobs(options(here(environment), { project_id = false })))
    end)
  end)

  it("warns of words that are not known, once each and not of more than a few", function()
    local items = {}
    for i = 1, 30 do items[i] = ('{"job_id":"%d","status":"w%d"}'):format(i, i) end
    local server = lab.replies {
      page(34, { '{"job_id":"a","status":"odd"}', '{"job_id":"b","status":"odd"}',
        '{"job_id":"c","status":"Success"}',
        job("d", '"job_detail":{"schema_path":[{"status":"weird"}]},"job_name":5') }),
      page(34, items) }
    local jobs, _, info = ges.jobs(options(server))
    assert.equal(34, #jobs)
    assert.equal(16, #info.warnings)
    assert.equal("job_list[4].job_name has an undocumented type and was dropped", info.warnings[1])
    assert.equal('unknown job status "odd"', info.warnings[2])
    assert.is_truthy(info.warnings[3]:find('was it meant to be "success"', 1, true))
    assert.is_truthy(info.warnings[4]:find('unknown status "weird"', 1, true))
  end)

  it("warns of fields that were dropped, with their places on the list, but not of all", function()
    local pages = {}
    for n = 1, 3 do
      local items = {}
      for i = 1, 7 do items[i] = job(n .. "-" .. i, '"job_name":5') end
      pages[n] = page(21, items)
    end
    local jobs, _, info = ges.jobs(options(lab.replies(pages)))
    assert.equal(21, #jobs)
    assert.equal(16, #info.warnings)
    for i, text in ipairs(info.warnings) do
      assert.equal(("job_list[%d].job_name has an undocumented type and was dropped"):format(i),
        text)
    end
  end)

  it("leaves the caller's table and the defaults alone", function()
    local server = lab.replies { NAME, page(0, {}) }
    local opts = options(server, { graph_id = lab.graph, status = "pending", start_time = 5 })
    local before = {}
    for name, value in pairs(opts) do before[name] = value end
    assert(ges.jobs(opts))
    assert.same(before, opts)
  end)

  describe("on the simulator", function()
    local old, new

    setup(function()
      lab.start()
      old = lab.order { seconds = 0, outcome = "partiallyFailed" }
      for _ = 1, 130 do new = lab.order { seconds = 3600, pending = 3600 } end
      lab.order { seconds = 0, graph_id = "another" }
    end)
    teardown(function() lab.stop() end)

    local function list(extra) return assert(ges.jobs(lab.at_sim(extra))) end

    it("lists a graph by its id, page by page, newest first", function()
      local jobs = list()
      assert.equal(131, #jobs)
      assert.equal(new, jobs[1].job_id)
      assert.equal(old, jobs[131].job_id)
      assert.same(assert(ges.job_status(lab.at_sim { job_id = old })), jobs[131])
      assert.equal("partial", ges.outcome(jobs[131]))
      assert.equal(132, #list { graph_id = false })
      assert.equal(1, #list { graph_id = "another" })
    end)

    it("filters", function()
      assert.equal(130, #list { status = "pending" })
      assert.equal(130, #list { status = "waiting" })
      assert.equal(1, #list { status = "partiallyFailed" })
      assert.equal(0, #list { status = "running" })
      assert.equal(131, #list { graph_id = false, graph_name = list()[1].related_graph })
      assert.equal(5, #list { limit = 5 })
      local now = os.time()
      assert.equal(131, #list { start_time = now - 86400, end_time = now + 86400 })
      assert.equal(0, #list { start_time = now + 2 * 86400 })
      assert.equal(0, #list { start_time = "2001-01-01", end_time = "2001-01-02" })
    end)

    it("goes on after faults", function()
      lab.fault { { kind = "unavailable", on = "graph" }, { kind = "bad_json", on = "list" },
        { kind = "half", on = "list" } }
      local jobs, err, info = ges.jobs(lab.at_sim {})
      assert.equal(131, #assert(jobs, err))
      assert.equal(6, info.attempts)
    end)
  end)
end)
