-- The class of a running simulator: jobs, faults, counters and options for a user's own tests.

local ges = require "ges"
local ges_sim = require "ges.sim"
local plain_http = require "plain_http"

describe("a simulator", function()
  local server

  setup(function()
    server = assert(ges_sim.start())
  end)

  teardown(function()
    server:stop()
  end)

  it("starts jobs of each kind and gives the options of a call", function()
    local id = assert(server:start_job { outcome = "failed", seconds = 0, fail_reason = "why" })
    local job, err = ges.job_status(server:options { job_id = id })
    assert.is_nil(err)
    assert.equal("failed", job.status)
    assert.equal("why", job.fail_reason)
    assert.equal("demo_graph", job.related_graph)
    id = assert(server:start_job { call = "delete", graph_id = "other", seconds = 0 })
    job = assert(ges.job_status(server:options { job_id = id, graph_id = "other" }))
    assert.equal("DeleteGraph", job.job_name)
    id = assert(server:start_job { call = "expand", body = { expand = { replication = 2 } } })
    assert.truthy(id:find("^%x+$"))
    local none, why, info = server:start_job { call = "expand" }
    assert.is_nil(none)
    assert.truthy(why:find("GES.0001", 1, true))
    assert.equal("bad_request", info.kind)
  end)

  it("makes calls go wrong, and counts", function()
    local id = assert(server:start_job { seconds = 0, faults = "unavailable" })
    local function kind()
      local _, _, info = ges.job_status(server:options { job_id = id, retries = 0 })
      return info and info.kind
    end
    assert.equal("unavailable", kind())
    assert.is_nil(kind())
    assert.equal(3, server:fault("throttle, half, list:html"))
    assert.equal("throttled", kind())
    assert.equal("network", kind())
    assert.equal(1, server:fault { kind = "forbidden" })
    assert.equal("forbidden", kind())
    assert.is_nil(kind())
    local before = assert(server:stats(id))
    assert.equal(3, before.job_polls)
    local none, why = server:fault("rain")
    assert.is_nil(none)
    assert.equal("unknown kind 'rain'", why)
    assert.equal(500, (plain_http.send(server.url, "GET",
      ("/v2/%s/graphs/jobs"):format(server.demo.project_id),
      { headers = { ["X-Auth-Token"] = "sim-token" } })))
  end)

  it("may start with faults", function()
    local other = assert(ges_sim.start { faults = "unavailable*2" })
    local id = assert(other:start_job { seconds = 0 })
    local job, _, info = ges.job_status(other:options { job_id = id, retries = 3 })
    other:stop()
    assert.equal("success", job.status)
    assert.equal(3, info.attempts)
  end)

  it("leaves its token out of options with other credentials", function()
    local demo = server.demo
    local id = assert(server:start_job { seconds = 0 })
    for _, extra in ipairs { { ak = demo.ak, sk = demo.sk }, { credentials =
      ges.credentials.password { user = demo.user, password = demo.password,
        domain = demo.domain, iam_endpoint = server.url } } } do
      extra.job_id = id
      assert.is_nil(server:options(extra).token)
      assert.equal("success", assert(ges.job_status(server:options(extra))).status)
    end
    assert.equal("t", server:options({ token = "t" }).token)
  end)

  it("forgets faults that have met no call", function()
    local id = assert(server:start_job { seconds = 0, faults = "html" })
    assert.equal(2, server:fault "throttle*3, list:html")
    assert.is_true(server:clear_faults())
    local _, _, info = ges.job_status(server:options { job_id = id, retries = 0 })
    assert.equal("unavailable", info.kind) -- the job's own
    assert(ges.job_status(server:options { job_id = id, retries = 0 }))
    assert.equal(1, server:fault "forbidden")
    _, _, info = ges.job_status(server:options { job_id = id, retries = 0 })
    assert.equal("forbidden", info.kind)
  end)

  it("asks with its keys where it has no token", function()
    local other = assert(ges_sim.start { tokens = {} })
    local id = other:start_job()
    other:stop()
    assert.is_truthy(id)
  end)

  it("refuses a number that is none", function()
    for _, number in ipairs { 1 / 0, 0 / 0 } do
      local none, why = server:start_job { seconds = number }
      assert.is_nil(none)
      assert.equal("seconds is not a finite number", why)
    end
  end)

  it("says that it was stopped", function()
    local other = assert(ges_sim.start())
    assert.is_true(other:stop())
    local none, why = other:start_job()
    assert.is_nil(none)
    assert.equal("the simulator was stopped", why)
  end)

  it("throws at an option that is wrong, and says what is", function()
    local rows = {
      { { prot = 1 }, "unknown option 'prot'" }, { "x", "not a table" },
      { { port = 65536 }, "'port' is not a whole number from 0 to 65535" },
      { { workers = 0.5 }, "'workers'" }, { { memory = "12k" }, "'memory' is not a size" },
      { { dir = 5 }, "'dir' is not a text" }, { { nginx = 5 }, "'nginx' is not a text" },
      { { tls = "no" }, "'tls' is not true or false" },
      { { graphs = 5 }, "'graphs': is not a list" },
      { { projects = { 1 } }, "'projects': row 1 is not a table" },
      { { users = { { id = "u", name = "n", password = "p", domain = "d" } } },
        "'users': row 1 needs a text as 'domain_id'" },
      { { tokens = { { token = "t", expires_at = "5" } } }, "needs a number as 'expires_at'" },
      { { keys = { { ak = "a", sk = "s", lokked = true } } }, "an unknown member 'lokked'" },
      { { graphs = { g = "social" } }, "'graphs': is not a list" },
      { { projects = {} }, "'projects' has no row" },
      { { projects = { { id = "p", name = "q" } } }, "'projects' needs 'tokens'" },
      { { projects = { { id = "p", name = "q" } }, tokens = { { token = "t", project_id = "r" } } },
        "the project 'r' is not among 'projects'" },
    }
    for _, row in ipairs(rows) do
      local ok, err = pcall(ges_sim.start, row[1])
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find(row[2], 1, true), tostring(err))
    end
  end)

  it("throws at a wrong argument, at the caller", function()
    local line = debug.getinfo(1, "l").currentline
    local ok, err = pcall(function() server:options("x") end)
    assert.is_false(ok)
    assert.matches(("sim_spec.lua:%d: the options are not a table"):format(line + 1), err)
    assert.error_matches(function() server:start_job("x") end, "described by a table")
    assert.error_matches(function() server:start_job { body = "x" } end, "body is not a table")
    assert.error_matches(function() server:start_job { call = "backup" } end,
      "unknown call 'backup'")
  end)

  it("throws at a wrong name", function()
    assert.error_matches(function() server:start_job { outcom = 1 } end,
      "unknown member 'outcom'")
    assert.error_matches(function() ges_sim.start { faults = "rain" } end,
      "option 'faults' is not a list of faults: unknown kind 'rain'")
  end)
end)
