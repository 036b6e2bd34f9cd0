-- The simulated management plane, without a server: times, jobs, their list and counters.

local cjson = require "cjson"
local clock = require "ges.sim.service.clock"
local plane = require "plane"
local service = require "ges.sim.service"

local project, graph = plane.project, plane.graph
local graphs, noon, assert_error = plane.graphs, plane.noon, plane.assert_error

-- What a graph without a name of its own is called.
local graph_name = "sim_" .. graph:gsub("-", "_")

describe("ges.sim.service", function()
  local p

  before_each(function()
    p = plane.new()
  end)

  describe("times", function()
    it("are UTC in all their spellings", function()
      assert.equal("2018-11-27T21:39:00", clock.iso(noon + 0.9))
      assert.equal("2018-11-27T21:39:00.250000Z", clock.micro(noon + 0.25))
      assert.equal("Tue, 27 Nov 2018 21:39:00 GMT", clock.http(noon))
      assert.equal("20181127T213900Z", clock.sdk(noon))
    end)

    it("are read back whatever the month and the leap year", function()
      for at = 0, 4102444800, 86400 * 13 + 3661 do
        assert.equal(at, clock.parse_sdk(clock.sdk(at)))
      end
      assert.is_nil(clock.parse_sdk "2018-11-27T21:39:00Z")
    end)
  end)

  describe("a response", function()
    it("carries the gateway's headers and an id of its own", function()
      local seen = {}
      for _ = 1, 100 do
        local response = p:status "nothing"
        local id = response.headers["X-Request-Id"]
        assert.truthy(id:find "^%x+$")
        assert.equal(32, #id)
        assert.is_nil(seen[id])
        seen[id] = true
        assert.equal("api-gateway", response.headers["Server"])
        assert.equal("application/json", response.headers["Content-Type"])
        assert.equal("Tue, 27 Nov 2018 21:39:00 GMT", response.headers["Date"])
      end
    end)

    it("to an unknown path or a wrong method is 404 APIGW.0101 with the request's id", function()
      local paths = { "/", "/v2/" .. project, graphs, graphs .. "/", graphs .. "/g/jobs/j",
        graphs .. "/g/jobs/j/status/", graphs .. "//jobs/j/status/x", "/v3/projects/", "/sim",
        graphs .. "/g/jobs/j/status/more" }
      for _, path in ipairs(paths) do
        local response, body = p:send("GET", path)
        assert_error(response, 404, "APIGW.0101", "has not been published")
        assert.equal(response.headers["X-Request-Id"], body.request_id)
      end
      assert_error(p:send("POST", graphs .. "/g/jobs/j/status"), 404, "APIGW.0101", "published")
      assert_error(p:send("GET", graphs .. "/g/import-graph"), 404, "APIGW.0101", "published")
      assert_error(p:send("GET", "/v3/auth/tokens"), 404, "APIGW.0101", "published")
    end)

    it("keeps the gateway's limits", function()
      assert_error(p:status("j", { headers = { ["x-big"] = ("x"):rep(32769) } }),
        494, "APIGW.0201", "headers")
      local many = {}
      for i = 1, 5 do
        many["x-big-" .. i] = ("x"):rep(32000)
      end
      assert_error(p:status("j", { headers = many }), 494, "APIGW.0201", "headers")
      assert_error(p:send("GET", "/" .. ("x"):rep(32768)), 414, "APIGW.0201", "URI")
      local whole = graphs .. "/g/import-graph"
      assert_error(p:send("POST", whole, { body = ("x"):rep(12 * 1024 * 1024 + 1) }),
        413, "APIGW.0201", "body")
    end)

    it("to a request that the server could not read has the same shape", function()
      local response = p.service:refuse(494, { method = "GET", path = "/", query = {}, headers = {},
        body = "" }, p.state, p.now)
      assert_error(response, 494, "APIGW.0201", "headers")
    end)
  end)

  describe("a status call", function()
    it("for an unknown job is 400 with the documented words", function()
      local response, body = p:status "ff808081646e81d40164c5fb414b2b1a1"
      assert.equal(400, response.status)
      assert.same({ error_code = "GES.8301",
        error_msg = "can not find job, jobId is ff808081646e81d40164c5fb414b2b1a1" }, body)
    end)

    it("answers in Chinese on demand", function()
      local response = p:status("j1", { headers = { ["x-language"] = "zh-cn" } })
      assert_error(response, 400, "GES.8301", "找不到任务")
    end)

    it("for another graph's job does not find it", function()
      local id = p:start()
      local response = p:send("GET", graphs .. "/another/jobs/" .. id .. "/status")
      assert_error(response, 400, "GES.8301", id)
    end)

    it("reads percent-encoded ids and refuses strange ones", function()
      local id = p:start()
      local response = p:status((id:gsub("^f", "%%66")))
      assert.equal(200, response.status)
      assert_error(p:status "a%2Fb", 400, "GES.0001", "id")
      assert_error(p:status(("j"):rep(129)), 400, "GES.0001", "id")
    end)
  end)

  describe("a job", function()
    it("lives pending, running and success", function()
      local id = p:start { ["x-sim-seconds"] = "56", ["x-sim-pending"] = "4" }
      assert.truthy(id:find "^%x+$")
      assert.equal(32, #id)
      local _, job = p:status(id)
      assert.same({ job_id = id, status = "pending", job_type = "GraphManagement",
        job_name = "ImportGraph", related_graph = graph_name, job_progress = 0 }, job)
      p.now = noon + 4
      _, job = p:status(id)
      assert.equal("running", job.status)
      assert.equal("2018-11-27T21:39:04", job.begin_time)
      assert.is_nil(job.end_time)
      p.now = noon + 55.9
      _, job = p:status(id)
      assert.equal("running", job.status)
      p.now = noon + 56
      _, job = p:status(id)
      assert.equal("success", job.status)
      assert.equal("2018-11-27T21:39:04", job.begin_time)
      assert.equal("2018-11-27T21:39:56", job.end_time)
      assert.is_nil(job.fail_reason)
    end)

    it("is pending for a tenth of its time, and for two seconds at most", function()
      local short = p:start { ["x-sim-seconds"] = "10" }
      local long = p:start { ["x-sim-seconds"] = "100" }
      local function status(id, at)
        p.now = noon + at
        return (select(2, p:status(id))).status
      end
      assert.equal("pending", status(short, 0.9))
      assert.equal("running", status(short, 1))
      assert.equal("pending", status(long, 1.9))
      assert.equal("running", status(long, 2))
    end)

    it("reads one file of a folder as a part of it", function()
      local _, job = p:status(p:start({ ["x-sim-seconds"] = "0" }, { edgeset_path = "b/edges/" }))
      assert.equal("b/edges/part-00001.csv", job.job_detail.edgeset_path[1].path)
    end)

    it("depends on its start record and the time alone", function()
      local id = p:start { ["x-sim-seconds"] = "10", ["x-sim-outcome"] = "failed" }
      local bodies = {}
      for _, at in ipairs { 0, 5, 20 } do
        p.now = noon + at
        bodies[at] = select(2, p:status(id))
      end
      for _, at in ipairs { 20, 0, 5 } do
        p.now = noon + at
        assert.same(bodies[at], (select(2, p:status(id))))
      end
    end)

    it("of no duration is at its end at once", function()
      local _, job = p:status(p:start { ["x-sim-seconds"] = "0" })
      assert.equal("success", job.status)
      assert.equal(job.begin_time, job.end_time)
      assert.equal("success", job.job_detail.edgeset_path[1].status)
    end)

    it("shows its files while their lines grow", function()
      local id = p:start({ ["x-sim-seconds"] = "10", ["x-sim-pending"] = "0",
        ["x-sim-lines"] = "1000" }, { edgeset_path = "b/e.csv", vertexset_path = "b/v.csv" })
      local last = -1
      for at = 0, 10 do
        p.now = noon + at
        local _, job = p:status(id)
        local vertex, edge = job.job_detail.vertexset_path[1], job.job_detail.edgeset_path[1]
        local lines = vertex.total_lines + edge.total_lines
        assert.is_true(lines > last)
        assert.equal(lines, vertex.successful_lines + edge.successful_lines)
        assert.equal(at >= 5 and "success" or cjson.null, vertex.status)
        assert.equal(cjson.null, vertex.log)
        assert.equal(cjson.null, vertex.cause)
        last = lines
      end
      assert.equal(2000, last)
    end)

    it("has as many files as asked, and null for a set it was not given", function()
      p.now = noon
      local id = p:start({ ["x-sim-seconds"] = "0", ["x-sim-files"] = "3" },
        { edgeset_path = "b/edges/", vertexset_path = "b/v.csv", schema_path = "b/schema.xml" })
      local _, job = p:status(id)
      local detail = job.job_detail
      assert.equal(1, #detail.schema_path)
      assert.equal(-1, detail.schema_path[1].total_lines)
      assert.equal(3, #detail.vertexset_path)
      assert.equal("b/v-00002.csv", detail.vertexset_path[2].path)
      assert.equal("b/edges/part-00003.csv", detail.edgeset_path[3].path)
      _, job = p:status(p:start { ["x-sim-seconds"] = "0" })
      assert.equal(cjson.null, job.job_detail.vertexset_path)
    end)

    it("fails with a reason, and its last file with a cause", function()
      local id = p:start({ ["x-sim-seconds"] = "0", ["x-sim-outcome"] = "failed",
        ["x-sim-files"] = "2", ["x-sim-fail-reason"] = "out of luck" },
        { edgeset_path = "b/e.csv", log_dir = "b/logs/" })
      local _, job = p:status(id)
      assert.equal("failed", job.status)
      assert.equal("out of luck", job.fail_reason)
      local good, bad = job.job_detail.edgeset_path[1], job.job_detail.edgeset_path[2]
      assert.equal("success", good.status)
      assert.equal("failed", bad.status)
      assert.equal(1000, bad.failed_lines)
      assert.equal(0, bad.successful_lines)
      assert.equal("1000 lines do not match the schema", bad.cause)
      assert.equal("b/logs/" .. id .. "/import.log", bad.log)
      _, job = p:status(p:start { ["x-sim-seconds"] = "0", ["x-sim-outcome"] = "failed" })
      assert.is_string(job.fail_reason)
    end)

    it("succeeds in part with a part of a file", function()
      local _, job = p:status(p:start { ["x-sim-seconds"] = "0", ["x-sim-lines"] = "25",
        ["x-sim-outcome"] = "partiallyFailed" })
      assert.equal("partiallyFailed", job.status)
      assert.is_nil(job.fail_reason)
      local edge = job.job_detail.edgeset_path[1]
      assert.equal("partFailed", edge.status)
      assert.equal(25, edge.total_lines)
      assert.equal(3, edge.failed_lines)
      assert.equal(22, edge.successful_lines)
      assert.equal(cjson.null, edge.log)
    end)

    it("can be chosen in the body, and a header wins", function()
      local body = { edgeset_path = "b/e.csv",
        sim = { seconds = 5, outcome = "failed", fail_reason = "chosen" } }
      local id = p:start(nil, body)
      p.now = noon + 5
      assert.equal("failed", select(2, p:status(id)).status)
      p.now = noon
      id = p:start({ ["x-sim-outcome"] = "success" }, body)
      p.now = noon + 5
      assert.equal("success", select(2, p:status(id)).status)
    end)
  end)

  describe("the list of jobs", function()
    local function list(query)
      return p:send("GET", graphs .. "/jobs", { query = query })
    end

    it("is empty at first", function()
      local response = list()
      assert.equal('{"job_count":0,"job_list":[]}', response.body)
    end)

    it("is paged, newest first", function()
      local ids = {}
      for i = 1, 13 do
        ids[i] = p:start()
      end
      local _, page = list()
      assert.equal(13, page.job_count)
      assert.equal(10, #page.job_list)
      assert.equal(ids[13], page.job_list[1].job_id)
      _, page = list { limit = "2", offset = "11" }
      assert.equal(2, #page.job_list)
      assert.equal(ids[1], page.job_list[2].job_id)
      for _, query in ipairs { { limit = "0" }, { offset = "-1" },
        { limit = "x" }, { limit = { "1", "2" } } } do
        assert_error(list(query), 400, "GES.0001", "limit or offset")
      end
    end)

    it("is filtered by status and graph name", function()
      p:start { ["x-sim-seconds"] = "0" }
      local id = p:start { ["x-sim-seconds"] = "100" }
      local _, page = list { status = "waiting" }
      assert.equal(1, page.job_count)
      assert.equal(id, page.job_list[1].job_id)
      assert.equal(2, select(2, list { graph_name = graph_name }).job_count)
      assert.equal(0, select(2, list { graph_name = "other" }).job_count)
      for _, word in ipairs { "pending", "Running" } do
        assert_error(list { status = word }, 400, "GES.0001", "status")
      end
    end)

    it("has pages of a hundred at most, and takes what is empty for what is not chosen", function()
      for _ = 1, 102 do p:start() end
      local _, page = list { limit = "1000", status = "", start_time = "", end_time = "",
        offset = "" }
      assert.equal(102, page.job_count)
      assert.equal(100, #page.job_list)
    end)

    it("is filtered by whole days of UTC, of which both count", function()
      p:start()
      p.now = p.now + 2 * 86400
      local later = p:start()
      local function count(from, to)
        local response, page = list { start_time = from, end_time = to }
        assert.equal(200, response.status, response.body)
        return page.job_count, page.job_list[1] and page.job_list[1].job_id
      end
      assert.equal(2, (count("2018-11-27", "2018-11-29")))
      assert.equal(2, (count()))
      assert.equal(1, (count(nil, "2018-11-28")))
      local n, id = count("2018-11-28", nil)
      assert.equal(1, n)
      assert.equal(later, id)
      assert.equal(0, (count("2018-11-30", nil)))
      assert.equal(0, (count(nil, "2018-11-26")))
      for _, day in ipairs { "2018-11-31", "27.11.2018", "2018-11-27T21:39:00" } do
        assert_error(list { start_time = day }, 400, "GES.0001", "start_time")
        assert_error(list { end_time = day }, 400, "GES.0001", "end_time")
      end
    end)
  end)

  describe("the counters", function()
    it("count calls by their kind", function()
      local id = p:start()
      p:status(id)
      p:status(id)
      p:status "unknown"
      p:status("x", { headers = { ["x-auth-token"] = false } })
      p:send("POST", graphs .. "/g/stop")
      p:send("POST", "/v3/auth/tokens")
      p:send("GET", graphs .. "/jobs")
      p:send("GET", "/v3/projects")
      local _, body = p:send("GET", "/sim/stats", { query = { job_id = id } })
      assert.same({ requests = 10, polls = 4, logins = 1, imports = 1, other_starts = 1, lists = 1,
        projects = 1, unauthorized = 1, graphs = 0, faults = 0, job_polls = 2 }, body)
      assert.equal(403, p:send("GET", "/sim/stats", { remote = "192.0.2.1" }).status)
    end)
  end)

  it("takes its users, keys and graphs from its options", function()
    p.service = service.new { json = cjson, tokens = { { token = "mine", project_id = "p" } },
      projects = { { id = "p", name = "region" } }, graphs = { { id = "g", name = "social" } } }
    local mine = { headers = { ["x-auth-token"] = "mine" } }
    local _, body = p:send("POST", "/v2/p/graphs/g/stop", mine)
    local _, job = p:send("GET", "/v2/p/graphs/g/jobs/" .. body.job_id .. "/status", mine)
    assert.equal("social", job.related_graph)
    assert_error(p:status("j"), 401, "APIGW.0301", "decrypt token fail")
  end)

  it("keeps nothing between calls but what is in the store", function()
    local id = p:start()
    p.service = plane.new().service
    assert.equal(200, p:status(id).status)
    p.state = plane.new().state
    assert_error(p:status(id), 400, "GES.8301", id)
  end)
end)
