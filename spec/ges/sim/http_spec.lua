-- The simulator over plain HTTP: what a program that knows nothing of ges sends, and what it gets.

local faults = require "ges.sim.service.faults"
local ges_sim = require "ges.sim"
local plain_http = require "plain_http"

local project, graph = "2f6b0c94d1e84a7f9c35e0d7ab618f42", "demo-graph"
local graphs = "/v2/" .. project .. "/graphs"
local of_graph = graphs .. "/" .. graph

describe("ges.sim over plain HTTP", function()
  local server

  setup(function()
    server = assert(ges_sim.start())
  end)

  teardown(function()
    server:stop()
  end)

  -- One request with the demo token, unless `headers` has another (false: none).
  local function send(method, path, body, headers)
    local all = { ["X-Auth-Token"] = "sim-token" }
    for name, value in pairs(headers or {}) do all[name] = value or nil end
    return plain_http.send(server.url, method, path, { body = body, headers = all })
  end

  local function start(rest, body, headers)
    local status, answer = send("POST", of_graph .. rest, body, headers)
    assert.equal(200, status)
    return answer.job_id
  end

  local function import(headers)
    return start("/import-graph", { edgeset_path = "bucket/edges.csv" }, headers)
  end

  local function job(id, headers)
    return send("GET", ("%s/jobs/%s/status"):format(of_graph, id), nil, headers)
  end

  local function assert_error(code, status, answer)
    local body = assert(type(answer) == "table" and answer, "no JSON: " .. tostring(status))
    assert.equal(code, body.error_code or body.error and body.error.code)
  end

  it("verifies access keys, permanent and temporary", function()
    local path = graphs .. "/jobs"
    local function signed(ak, sk, more, date)
      local headers = plain_http.sign(server.url, "GET", path, ak, sk, "limit=5", date)
      for name, value in pairs(more or {}) do headers[name] = value end
      return plain_http.send(server.url, "GET", path .. "?limit=5", { headers = headers })
    end
    assert.equal(200, (signed("SIMACCESSKEY", "sim-secret-key")))
    assert_error("APIGW.0301", signed("SIMACCESSKEY", "wrong"))
    assert_error("APIGW.0301", signed("NOSUCHKEY", "sim-secret-key"))
    assert_error("APIGW.0301", signed("SIMLOCKEDKEY", "sim-secret-key"))
    assert_error("APIGW.0301", signed("SIMTEMPORARYKEY", "sim-secret-key"))
    assert_error("APIGW.0301", signed("SIMACCESSKEY", "sim-secret-key", nil, "20180101T000000Z"))
    assert.equal(200, (signed("SIMTEMPORARYKEY", "sim-secret-key",
      { ["X-Security-Token"] = "sim-security-token" })))
  end)

  it("reads path and query of a signed request as they were sent", function()
    local function ask(sent, signed_path, canonical)
      local headers = plain_http.sign(server.url, "GET", signed_path, "SIMACCESSKEY",
        "sim-secret-key", canonical)
      return (plain_http.send(server.url, "GET", sent, { headers = headers }))
    end
    local list = graphs .. "/jobs"
    assert.equal(200, ask(list .. "?offset=0&limit=5&a&a=%20", list, "a=&a=%20&limit=5&offset=0"))
    assert.equal(401, ask(list .. "?offset=0&limit=5&a&a=%20", list, "a=%20&limit=5&offset=0"))
    local odd = "/demo%2Dgraph"
    assert.equal(200, ask(graphs .. odd, graphs .. "/demo-graph"))
    assert.equal(400, ask(graphs .. "/demo%20graph", graphs .. "/demo%20graph"))
  end)

  it("reads all of a long query, and all of its names", function()
    local path, items = graphs .. "/jobs", {}
    for i = 1, 250 do items[i] = ("n%03d=1"):format(i) end
    local query = table.concat(items, "&")
    local function ask(sent, signed)
      return (plain_http.send(server.url, "GET", path .. "?" .. sent, { headers =
        plain_http.sign(server.url, "GET", path, "SIMACCESSKEY", "sim-secret-key", signed) }))
    end
    assert.equal(200, ask(query, query))
    assert.equal(400, ask(query .. "&status=bogus", query .. "&status=bogus"))
    assert.equal(200, ask("a=1&=x", "=x&a=1"))
    assert.equal(401, ask("a=1&=x", "a=1"))
  end)

  it("answers in UTF-8 whatever it was sent", function()
    local _, _, _, text = job(import { ["X-Sim-Seconds"] = "0", ["X-Sim-Outcome"] = "failed",
      ["X-Sim-Fail-Reason"] = "gr\195\188n \255" })
    assert.is_truthy(text:find("gr\195\188n ?", 1, true), text)
    assert_error("GES.7016", send("POST", of_graph .. "/import-graph", '{"edgeset_path":"\255"}'))
    assert_error("GES.7016", send("POST", of_graph .. "/stop", "[1]"))
  end)

  describe("logs in", function()
    local function login(user, scope)
      user.password = user.password or "sim-password"
      return plain_http.send(server.url, "POST", "/v3/auth/tokens", { body = { auth = {
        identity = { methods = { "password" }, password = { user = user } }, scope = scope } } })
    end
    local in_project = { project = { id = project } }

    it("by the domain's name or id, and by the user's id", function()
      for _, user in ipairs {
        { name = "sim-user", domain = { name = "sim-domain" } },
        { name = "sim-user", domain = { id = "c4a7e90b13d84f25a6087be1d25f3c98" } },
        { id = "5b8e21f0a9c6473db1e4708c2f9da635" },
      } do
        local status, answer, headers = login(user, in_project)
        assert.equal(201, status)
        assert.equal(project, answer.token.project.id)
        assert.truthy(answer.token.expires_at:find("^%d+%-%d+%-%d+T%d+:%d+:%d+%.%d+Z$"))
        assert.equal(200, (send("GET", graphs .. "/jobs", nil,
          { ["X-Auth-Token"] = headers["x-subject-token"] })))
      end
    end)

    it("for a scope in the user's own domain", function()
      local user = { id = "5b8e21f0a9c6473db1e4708c2f9da635" }
      for _, scope in ipairs { { domain = { name = "sim-domain" } }, { domain =
        { id = "c4a7e90b13d84f25a6087be1d25f3c98" } }, { project = { name = "eu-west-101",
        domain = { name = "sim-domain" } } } } do
        assert.equal(201, (login(user, scope)))
      end
      for _, scope in ipairs { { domain = { name = "another" } }, { domain = { id = "another" } },
        { project = { name = "eu-west-101", domain = { name = "another" } } } } do
        assert_error(404, login(user, scope))
      end
    end)

    it("to nothing of GES without a project, and not with a wrong name or password", function()
      local _, _, headers = login { id = "5b8e21f0a9c6473db1e4708c2f9da635" }
      assert_error("APIGW.0302", send("GET", graphs .. "/jobs", nil,
        { ["X-Auth-Token"] = headers["x-subject-token"] }))
      assert_error(401, login({ id = "another" }, in_project))
      assert_error(401, login({ name = "sim-user", domain = { id = "another" } }, in_project))
      assert_error(401, login({ id = "5b8e21f0a9c6473db1e4708c2f9da635", password = "x" },
        in_project))
    end)

    it("and lists the domain, the projects and the catalog that Terraform asks for", function()
      local status, domains = send("GET", "/v3/auth/domains")
      assert.equal(200, status)
      assert.equal("sim-domain", domains.domains[1].name)
      assert.equal(1, #domains.domains)
      local _, catalog = send("GET", "/v3/auth/catalog")
      for _, service in ipairs(catalog.catalog) do
        assert.equal(server.url, service.endpoints[1].url:match("^%a+://[^/]+"))
      end
      local _, projects = send("GET", "/v3/auth/projects")
      assert.equal(project, projects.projects[1].id)
    end)
  end)

  it("needs the members that the SDKs' models require", function()
    local rows = {
      { "/resize", "resize", { resize = { graph_size_type_index = "2" } } },
      { "/expand", "expand", { expand = { replication = 2 } } },
      { "/upgrade", "upgrade_version", { upgrade_version = "2.4" } },
      { "/backups/export", "backup_id", { backup_id = "x", export_path = "b/" } },
      { "/backups/import", "import_path", { import_path = "b/x" } },
      { "/export-graph", "edge_set_name", { graph_export_path = "b/", edge_set_name = "e",
        vertex_set_name = "v", schema_name = "s" } },
      { "/import-graph", "edgeset_path", { edgeset_path = "b/e.csv" } },
    }
    for _, row in ipairs(rows) do
      local status, answer = send("POST", of_graph .. row[1], "{}")
      assert_error("GES.0001", status, answer)
      assert.truthy(answer.error_msg:find(row[2], 1, true), answer.error_msg)
      assert.equal(200, (send("POST", of_graph .. row[1], row[3])))
      assert_error("GES.7016", send("POST", of_graph .. row[1]))
    end
  end)

  it("starts the calls that need nothing with and without a body", function()
    for _, rest in ipairs { "/stop", "/start", "/restart", "/clear-graph", "/backups" } do
      assert.truthy(start(rest))
      assert.truthy(start(rest, "{}"))
    end
    assert.equal(200, (send("DELETE", graphs .. "/one?keep_backup=true&delete_eip=false")))
    assert.equal(200, (send("DELETE", graphs .. "/another", { keep_backup = true })))
  end)

  it("creates a graph, names it, and deletes it", function()
    local status, made = send("POST", graphs, { graph = { name = "from_http", vpc_id = "v",
      graph_size_type_index = "1", subnet_id = "s", security_group_id = "g",
      crypt_algorithm = "generalCipher" } }, { ["X-Sim-Seconds"] = "0" })
    assert.equal(200, status)
    assert.is_nil(made.job_id)
    local _, shown = send("GET", graphs .. "/" .. made.id)
    assert.equal("from_http", shown.graph.name)
    assert.equal("200", shown.graph.status)
    assert.equal("demo_graph", select(2, send("GET", of_graph)).graph.name)
    send("DELETE", graphs .. "/" .. made.id, nil, { ["X-Sim-Seconds"] = "0" })
    assert_error("GES.7000", send("GET", graphs .. "/" .. made.id))
    -- Gone for good, whatever is asked for.
    assert_error("GES.7000", send("DELETE", graphs .. "/" .. made.id, nil,
      { ["X-Sim-Outcome"] = "failed", ["X-Sim-Seconds"] = "0" }))
    assert_error("GES.7000", send("POST", ("%s/%s/stop"):format(graphs, made.id)))
    assert_error("GES.7000", send("GET", graphs .. "/" .. made.id))
    send("DELETE", graphs .. "/slowly", nil, { ["X-Sim-Seconds"] = "600" })
    assert_error("GES.7054", send("DELETE", graphs .. "/slowly"))
    send("DELETE", graphs .. "/in_vain", nil, { ["X-Sim-Seconds"] = "0",
      ["X-Sim-Outcome"] = "failed" })
    assert.equal(200, (send("POST", graphs .. "/in_vain/stop")))
  end)

  it("lists jobs by name, status and date, page by page", function()
    local of_listed = graphs .. "/listed"
    for _ = 1, 10 do send("POST", of_listed .. "/restart") end
    local _, last = send("POST", of_listed .. "/stop", nil, { ["X-Sim-Seconds"] = "0" })
    local today = os.date("!%Y-%m-%d", os.time())
    local function count(query)
      local status, page = send("GET", graphs .. "/jobs?" .. query)
      assert.equal(200, status)
      return page.job_count, page.job_list
    end
    local all, list = count("graph_name=sim_listed")
    assert.equal(11, all)
    assert.equal(10, #list)
    local ids = {}
    for offset = 0, all - 1, 4 do
      for _, one in ipairs(select(2, count("graph_name=sim_listed&limit=4&offset=" .. offset))) do
        ids[#ids + 1] = one.job_id
      end
    end
    assert.equal(all, #ids)
    assert.equal(last.job_id, ids[1])
    -- The day may have changed since the first of these jobs, or may change now.
    local yesterday = os.date("!%Y-%m-%d", os.time() - 86400)
    local tomorrow = os.date("!%Y-%m-%d", os.time() + 86400)
    assert.equal(all, (count("graph_name=sim_listed&start_time=" .. yesterday .. "&end_time="
      .. tomorrow)))
    assert.equal(0, (count("start_time=" .. os.date("!%Y-%m-%d", os.time() + 2 * 86400))))
    assert.equal(0, (count("end_time=" .. os.date("!%Y-%m-%d", os.time() - 2 * 86400))))
    assert.is_true((count("status=success")) >= 1)
    assert.equal(0, (count("graph_name=none")))
    for _, query in ipairs { "start_time=" .. today .. "T00:00:00", "end_time=tomorrow",
      "status=pending", "limit=0", "offset=x" } do
      assert_error("GES.0001", send("GET", graphs .. "/jobs?" .. query))
    end
  end)

  it("makes a job fail, fail in part, and say why", function()
    local id = import { ["X-Sim-Seconds"] = "0", ["X-Sim-Outcome"] = "failed",
      ["X-Sim-Fail-Reason"] = "out of luck" }
    local _, shown = job(id)
    assert.equal("failed", shown.status)
    assert.equal("out of luck", shown.fail_reason)
    _, shown = job(import { ["X-Sim-Seconds"] = "0", ["X-Sim-Outcome"] = "partiallyFailed",
      ["X-Sim-Files"] = "3", ["X-Sim-Lines"] = "50" })
    assert.equal("partiallyFailed", shown.status)
    assert.equal(3, #shown.job_detail.edgeset_path)
    local last = shown.job_detail.edgeset_path[3]
    assert.equal("partFailed", last.status)
    assert.equal(50, last.total_lines)
    _, shown = job(import { ["X-Sim-Seconds"] = "100", ["X-Sim-Pending"] = "99" })
    assert.equal("pending", shown.status)
    _, shown = job(import { ["X-Sim-Seconds"] = "100", ["X-Sim-Pending"] = "0" })
    assert.equal("running", shown.status)
  end)

  describe("goes wrong on request:", function()
    local rows = {
      { "throttle", 429, "APIGW.0308" }, { "unavailable", 503, "GES.7005" },
      { "no_job", 400, "GES.8301" }, { "token_expired", 401, "APIGW.0307" },
      { "wrong_key", 401, "APIGW.0301" }, { "locked_key", 401, "APIGW.0301" },
      { "forbidden", 403, "APIGW.0302" }, { "other_project", 400, "GES.0016" },
      { "html", 500 }, { "slow@0", 200 }, { "bad_json", 200 }, { "other_job", 200 },
      { "half" }, { "drop" },
    }

    it("every kind that there is", function()
      local kinds = {}
      for _, row in ipairs(rows) do kinds[row[1]:match("^[%w_]+")] = true end
      for _, kind in ipairs(faults.kinds) do assert.is_true(kinds[kind.name], kind.name) end
    end)

    -- Checks what came for a row.
    local function check(row, status, answer, _, text)
      assert.equal(row[2], status)
      if row[3] then
        assert.equal(row[3], answer.error_code)
      elseif not status then
        assert.equal("closed", answer)
      elseif row[1] == "bad_json" then
        assert.is_nil(answer)
        assert.is_true(#text > 20)
      end
    end

    it("each kind by a header of the call", function()
      local id = import()
      for _, row in ipairs(rows) do check(row, job(id, { ["X-Sim-Fault"] = row[1] })) end
      local _, shown = job(id, { ["X-Sim-Fault"] = "other_job" })
      assert.not_equal(id, shown.job_id)
    end)

    it("each kind by a header of the call that starts the job", function()
      for _, row in ipairs(rows) do
        local id = import { ["X-Sim-Faults"] = row[1] }
        check(row, job(id))
        assert.equal(200, (job(id)))
      end
    end)

    it("each kind by the controls, for the calls of any job", function()
      local id = import()
      for _, row in ipairs(rows) do
        assert.equal(200, (send("POST", "/sim/faults", ('"status:%s"'):format(row[1]))))
        check(row, job(id))
      end
      assert.equal(200, (job(id)))
    end)

    it("half an answer has the length of the whole one", function()
      local id = import()
      local whole = select(4, job(id))
      local path = ("%s/jobs/%s/status"):format(of_graph, id)
      local client = assert(require("socket").tcp())
      client:connect(server.url:match("//(.*):(%d+)"))
      client:send(("GET %s HTTP/1.1\r\nHost: x\r\nX-Auth-Token: sim-token\r\n"
        .. "X-Sim-Fault: half\r\n\r\n"):format(path))
      local all = assert(client:receive("*a"))
      client:close()
      local length = tonumber(all:match("Content%-Length: (%d+)"))
      local body = all:match("\r\n\r\n(.*)$")
      assert.is_true(length >= #whole - 20)
      assert.equal(math.floor(length / 2), #body)
    end)
  end)

  it("knows expired tokens, and those without project or right", function()
    for token, code in pairs { ["sim-token-expired"] = "APIGW.0307", unknown = "APIGW.0301",
      ["sim-token-other-project"] = "GES.0016", ["sim-token-domain"] = "APIGW.0302",
      ["sim-token-forbidden"] = "APIGW.0302" } do
      assert_error(code, send("GET", graphs .. "/jobs", nil, { ["X-Auth-Token"] = token }))
    end
    assert_error("APIGW.0301", send("GET", graphs .. "/jobs", nil, { ["X-Auth-Token"] = false }))
  end)
end)
