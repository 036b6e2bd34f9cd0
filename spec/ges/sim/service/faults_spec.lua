-- The simulated management plane, without a server: faults on request.

local cjson = require "cjson"
local plane = require "plane"

local graphs, assert_error = plane.graphs, plane.assert_error

describe("ges.sim.service", function()
  local p

  before_each(function()
    p = plane.new()
  end)

  describe("faults", function()
    local id

    before_each(function()
      id = p:start()
    end)

    local function ask(body, remote)
      return p:send("POST", "/sim/faults", { body = body, remote = remote })
    end

    it("take the next status calls in order and then end", function()
      local response = ask { { kind = "throttle", count = 2, retry_after = 3 }, { kind = "html" } }
      assert.equal(200, response.status)
      for _ = 1, 2 do
        response = p:status(id)
        assert_error(response, 429, "APIGW.0308", "throttling threshold")
        assert.equal("3", response.headers["Retry-After"])
      end
      response = p:status(id)
      assert.equal(500, response.status)
      assert.equal("text/html", response.headers["Content-Type"])
      assert.equal(200, p:status(id).status)
    end)

    it("come in many kinds", function()
      ask { kind = "unavailable" }
      assert_error(p:status(id), 503, "GES.7005", "unavailable")
      ask { kind = "token_expired" }
      assert_error(p:status(id), 401, "APIGW.0307", "updated")
      ask { kind = "throttle", retry_after = "" }
      assert.is_nil(p:status(id).headers["Retry-After"])
      ask { kind = "slow", delay = 1.5 }
      local response = p:status(id)
      assert.equal(200, response.status)
      assert.equal(1.5, response.delay)
      ask { kind = "other_job" }
      local _, job = p:status(id)
      assert.not_equal(id, job.job_id)
      ask { kind = "bad_json" }
      response, job = p:status(id)
      assert.equal(200, response.status)
      assert.is_nil(job)
      for kind, row in pairs { no_job = { 400, "GES.8301" }, forbidden = { 403, "APIGW.0302" },
        wrong_key = { 401, "APIGW.0301" }, locked_key = { 401, "APIGW.0301" },
        other_project = { 400, "GES.0016" } } do
        ask { kind = kind }
        assert_error(p:status(id), row[1], row[2], "")
      end
      ask { kind = "drop" }
      assert.is_true(p:status(id).drop)
      response = p:status(id)
      assert.equal(200, response.status)
      assert.is_nil(response.delay)
    end)

    it("can meet the other calls", function()
      ask { { kind = "unavailable", on = "start" }, { kind = "throttle", on = "login" },
        { kind = "html", on = "list" } }
      assert.equal(200, p:status(id).status)
      assert.equal(503, p:send("POST", graphs .. "/g/stop").status)
      assert.equal(429, p:send("POST", "/v3/auth/tokens").status)
      assert.equal(500, p:send("GET", graphs .. "/jobs").status)
    end)

    it("can be brought by a start call for its own job", function()
      local other = p:start { ["x-sim-faults"] = "throttle*2, html" }
      assert.equal(200, p:status(id).status)
      assert.equal(429, p:status(other).status)
      assert.equal(429, p:status(other).status)
      assert.equal(500, p:status(other).status)
      assert.equal(200, p:status(other).status)
      other = p:start(nil, { edgeset_path = "e", sim = { faults = { { kind = "unavailable" } } } })
      assert.equal(503, p:status(other).status)
    end)

    it("of one job come before those of any job", function()
      local other = p:start { ["x-sim-faults"] = "throttle" }
      ask { kind = "unavailable" }
      assert.equal(429, p:status(other).status)
      assert.equal(503, p:status(other).status)
      assert.equal(200, p:status(other).status)
    end)

    it("can meet one call alone, by its own header", function()
      local own = { headers = { ["x-sim-fault"] = "unavailable@3" } }
      local response = p:status(id, own)
      assert_error(response, 503, "GES.7005", "unavailable")
      assert.equal(3, response.delay)
      assert.equal(200, p:status(id).status)
      assert.equal(503, p:send("GET", graphs .. "/jobs", own).status)
      assert.equal(503, p:send("POST", graphs .. "/g/stop", own).status)
      assert.equal(503, p:send("GET", "/v3/projects", own).status)
      for _, text in ipairs { "rain", "", "throttle, html", "slow@", "throttle*2",
        "status:throttle" } do
        assert_error(p:status(id, { headers = { ["x-sim-fault"] = text } }), 400, "GES.0001",
          "X-Sim-Fault")
      end
    end)

    it("may be written as one text, for every kind of call", function()
      local response = ask '"login:throttle*2@0.5, list:half, graph:drop, projects:html, slow"'
      assert.equal(200, response.status, response.body)
      for _ = 1, 2 do
        response = p:send("POST", "/v3/auth/tokens")
        assert.equal(429, response.status)
        assert.equal(0.5, response.delay)
      end
      assert.equal(400, p:send("POST", "/v3/auth/tokens").status)
      response = p:send("GET", graphs .. "/jobs")
      assert.equal(math.floor(#response.body / 2), response.cut)
      assert.is_true(p:send("GET", graphs .. "/g").drop)
      assert.equal(500, p:send("GET", "/v3/projects").status)
      assert.equal(2, p:status(id).delay)
    end)

    it("are refused with what is wrong", function()
      local rows = { ["rain"] = "unknown kind 'rain'", ["html*x"] = "after 'html': '*x' is neither",
        ["login:html@x"] = "after 'html': '@x' is neither", ["html*0"] = "the count is not",
        ["slow@61"] = "the delay is not", ["calls:html"] = "unknown kind of call 'calls'",
        [("x"):rep(5000)] = "more than 4096 bytes", [" "] = "unknown kind ''" }
      for text, words in pairs(rows) do
        local _, body = p:send("POST", "/sim/faults", { body = cjson.encode(text) })
        assert.is_truthy(body.error:find(words, 1, true), body.error)
      end
    end)

    it("that make no sense are refused", function()
      for _, body in ipairs { "{", "7", "null", '"rain"', '{"kind":"rain"}',
        '{"kind":"html","count":0}', "{}", '""', '{"knd":"html"}', '{"kind":"html","cont":2}',
        '{"kind":"html","delay":-1}', ('[' .. ('"html",'):rep(3) .. '"html"]'),
        ('"%shtml"'):format(("html,"):rep(16)),
        '{"kind":"html","delay":61}', '{"kind":"html","on":"weekends"}', "[7]",
        '{"kind":"throttle","retry_after":"a\\nb"}' } do
        assert.equal(400, ask(body).status, body)
      end
      assert.equal(200, p:status(id).status)
    end)

    it("are asked for from loopback only", function()
      assert.equal(403, ask({ kind = "html" }, "192.0.2.1").status)
      assert.equal(200, ask({ kind = "html" }, "127.0.0.1").status)
    end)
  end)
end)
