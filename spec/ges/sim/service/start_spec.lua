-- The simulated management plane, without a server: the calls that start a job, and graphs.

local cjson = require "cjson"
local plane = require "plane"

local graphs, graph, assert_error = plane.graphs, plane.graph, plane.assert_error

-- What a graph without a name of its own is called.
local graph_name = "sim_" .. graph:gsub("-", "_")

describe("ges.sim.service", function()
  local p

  before_each(function()
    p = plane.new()
  end)

  describe("a start call", function()
    local whole = graphs .. "/" .. graph .. "/import-graph"

    it("takes every documented member", function()
      p:start(nil, { edgeset_path = "b/e/", edgeset_format = "csv", edgeset_default_label = "knows",
        vertexset_path = "b/v/", vertexset_format = "csv", vertexset_default_label = "person",
        schema_path = "b/s.xml", log_dir = "b/log", delimiter = ",", trim_quote = '"',
        parallel_edge = { action = "override", ignore_label = false }, offline = true })
    end)

    it("refuses what is not JSON", function()
      for _, body in ipairs { "", "{", "nonsense", '"text"' } do
        assert_error(p:send("POST", whole, { body = body }), 400, "GES.7016", "invalid")
      end
      local plain = { body = "{}", headers = { ["content-type"] = "text/plain" } }
      assert_error(p:send("POST", whole, plain), 400, "GES.7016", "header")
    end)

    it("refuses wrong members by name", function()
      local wrong = {
        edgeset_path = 7, vertexset_path = false, schema_path = "a\nb", edgeset_format = "txt",
        delimiter = ("|"):rep(9), trim_quote = {}, offline = "true", parallel_edge = "allow",
      }
      for name, value in pairs(wrong) do
        local body = { edgeset_path = "b/e.csv", [name] = value }
        assert_error(p:send("POST", whole, { body = body }), 400, "GES.0001", name)
      end
      assert_error(p:send("POST", whole, { body = { edgeset_path = "e",
        parallel_edge = { action = "drop" } } }), 400, "GES.0001", "action")
      assert_error(p:send("POST", whole, { body = { schema_path = "b/s.xml" } }),
        400, "GES.0001", "both missing")
      assert_error(p:send("POST", whole, { body = { edgeset_path = cjson.null } }),
        400, "GES.0001", "both missing")
    end)

    it("refuses nonsense in its own headers", function()
      local wrong = {
        ["X-Sim-Seconds"] = { "-1", "nan", "soon", "604801" }, ["X-Sim-Pending"] = { "-1" },
        ["X-Sim-Files"] = { "0", "1.5", "201" }, ["X-Sim-Lines"] = { "-1", "1e10" },
        ["X-Sim-Outcome"] = { "great" },
        ["X-Sim-Faults"] = { "rain", "throttle*0", "login:throttle", "slow@61", "throttle*" },
        ["X-Sim-Fail-Reason"] = { ("x"):rep(513) },
      }
      for name, values in pairs(wrong) do
        for _, value in ipairs(values) do
          local response = p:send("POST", whole,
            { headers = { [name:lower()] = value }, body = { edgeset_path = "b/e.csv" } })
          assert_error(response, 400, "GES.0001", name)
        end
      end
    end)

    -- Every other call that starts a job: its job's name, and the least body.
    local starts = {
      { "POST", "/stop", "StopGraph" }, { "POST", "/start", "StartGraph" },
      { "POST", "/restart", "RestartGraph" }, { "POST", "/clear-graph", "ClearGraph" },
      { "POST", "/backups", "CreateBackup" },
      { "POST", "/export-graph", "ExportGraph", { graph_export_path = "b/out/",
        edge_set_name = "e.csv", vertex_set_name = "v.csv", schema_name = "s.xml" } },
      { "POST", "/upgrade", "UpgradeGraph", { upgrade_version = "2.4.1" } },
      { "POST", "/resize", "ResizeGraph", { resize = { graph_size_type_index = "2" } } },
      { "POST", "/expand", "ExpandGraph", { expand = { replication = 2 } } },
      { "POST", "/backups/export", "ExportBackup", { backup_id = "x", export_path = "b/" } },
      { "POST", "/backups/import", "ImportBackup", { import_path = "b/x" } },
      { "DELETE", "", "DeleteGraph" },
    }

    it("starts the other jobs by their names", function()
      for _, row in ipairs(starts) do
        local method, rest, name, least = row[1], row[2], row[3], row[4]
        local response, body = p:send(method, graphs .. "/" .. graph .. rest, { body = least })
        assert.equal(200, response.status, response.body)
        assert.equal(rest == "/backups", body.backup_id ~= nil)
        p.now = p.now + 60
        local _, job = p:status(body.job_id)
        assert.equal(name, job.job_name)
        assert.equal("success", job.status)
        assert.is_nil(job.job_detail)
      end
    end)

    it("needs each member that the models require, and says which one", function()
      for _, row in ipairs(starts) do
        for member, value in pairs(row[4] or {}) do
          local body = {}
          for name, other in pairs(row[4]) do body[name] = name ~= member and other or nil end
          local path = graphs .. "/" .. graph .. row[2]
          assert_error(p:send("POST", path, { body = cjson.encode(body) }), 400, "GES.0001",
            ": " .. member .. ".")
          body[member] = cjson.null
          assert_error(p:send("POST", path, { body = body }), 400, "GES.0001",
            ": " .. member .. ".")
          if type(value) == "table" then
            local inner = next(value)
            body[member] = { [inner] = false }
            assert_error(p:send("POST", path, { body = body }), 400, "GES.0001",
              (": %s.%s."):format(member, inner))
          end
          assert_error(p:send("POST", path), 400, "GES.7016", "body")
        end
      end
    end)

    it("looks at the values of members, too", function()
      for _, replication in ipairs { 1.5, 0, "2", -1 } do
        assert_error(p:send("POST", graphs .. "/" .. graph .. "/expand",
          { body = { expand = { replication = replication } } }), 400, "GES.0001",
          "expand.replication")
      end
      assert_error(p:send("POST", graphs .. "/" .. graph .. "/resize", { body = { resize = "2" } }),
        400, "GES.0001", ": resize.")
    end)

    it("takes an empty text for none, and no list for an object", function()
      for _, body in ipairs { { edgeset_path = "" }, { edgeset_path = "", vertexset_path = "" } } do
        assert_error(p:send("POST", whole, { body = body }), 400, "GES.0001", "both missing")
      end
      local _, job = p:status(p:start({ ["x-sim-seconds"] = "0" },
        { edgeset_path = "", vertexset_path = "b/v.csv", log_dir = "" }))
      assert.equal(cjson.null, job.job_detail.edgeset_path)
      assert.equal("success", job.job_detail.vertexset_path[1].status)
      local rows = { { "/import-graph", '{"edgeset_path":"e","parallel_edge":""}' },
        { "/import-graph", '{"edgeset_path":"e","parallel_edge":["a"]}' },
        { "/import-graph", '{"edgeset_path":"e","offline":""}' },
        { "/import-graph", '{"edgeset_path":"e","sim":["a"]}' },
        { "/upgrade", '{"upgrade_version":"2","force_upgrade":""}' } }
      for _, row in ipairs(rows) do
        assert_error(p:send("POST", graphs .. "/" .. graph .. row[1], { body = row[2] }), 400,
          "GES.0001", "")
      end
      for _, rest in ipairs { "/stop", "/resize" } do
        assert_error(p:send("POST", graphs .. "/" .. graph .. rest, { body = "[]" }), 400,
          "GES.7016", "body")
      end
    end)

    it("refuses a header or a member of its own that does not exist", function()
      local body = { edgeset_path = "b/e.csv" }
      local headers = { ["x-sim-outcom"] = "failed" }
      assert_error(p:send("POST", whole, { body = body, headers = headers }), 400, "GES.0001",
        "unknown header x-sim-outcom")
      assert_error(p:status("j", { headers = { ["x-sim-outcome"] = "failed" } }), 400, "GES.0001",
        "unknown header x-sim-outcome")
      body.sim = { outcom = "failed" }
      assert_error(p:send("POST", whole, { body = body }), 400, "GES.0001",
        "sim has no member 'outcom'")
      body.sim = 7
      assert_error(p:send("POST", whole, { body = body }), 400, "GES.0001", "not an object")
    end)

    it("gives a reason to a job that fails, and none to one that does not", function()
      local function reason(headers, rest)
        local _, body = p:send("POST", graphs .. "/" .. graph .. rest, { headers = headers,
          body = rest == "/import-graph" and { edgeset_path = "e" } or nil })
        p.now = p.now + 60
        return (select(2, p:status(body.job_id))).fail_reason
      end
      local failed = { ["x-sim-outcome"] = "failed" }
      assert.equal("The job failed", reason(failed, "/stop"))
      assert.equal("The data files do not match the schema", reason(failed, "/import-graph"))
      assert.is_nil(reason({ ["x-sim-fail-reason"] = "none of it" }, "/stop"))
    end)

    it("refuses a parameter that is not what the models say", function()
      local of_graph = graphs .. "/" .. graph
      for path, query in pairs { ["/clear-graph"] = { clear_metadata = "maybe" } } do
        assert_error(p:send("POST", of_graph .. path, { query = query }), 400, "GES.0001",
          (next(query)))
      end
      assert_error(p:send("DELETE", of_graph, { query = { delete_eip = "1" } }), 400, "GES.0001",
        "delete_eip")
      assert.equal(200, p:send("DELETE", of_graph, { query = { delete_eip = "true",
        keep_backup = "true" } }).status)
    end)
  end)

  describe("a graph", function()
    local function show(id)
      return p:send("GET", graphs .. "/" .. id)
    end

    local function wanted(change)
      local body = { name = "a_graph", graph_size_type_index = "1", vpc_id = "v",
        subnet_id = "s", security_group_id = "g", crypt_algorithm = "generalCipher",
        enable_https = false }
      for name, value in pairs(change or {}) do body[name] = value end
      return { body = { graph = body } }
    end

    it("has a name", function()
      local _, body = show(graph)
      assert.equal(graph_name, body.graph.name)
      assert.equal("200", body.graph.status)
      assert.equal("demo_graph", select(2, show "demo-graph").graph.name)
    end)

    it("is created by a job that only the list names", function()
      local response, body = p:send("POST", graphs,
        wanted { arch = "aarch64", enable_multi_az = true })
      assert.equal(200, response.status, response.body)
      assert.is_nil(body.job_id)
      assert.equal("a_graph", body.name)
      assert.truthy(body.id:find("^%x+%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x+$"))
      assert.equal("100", select(2, show(body.id)).graph.status)
      local _, page = p:send("GET", graphs .. "/jobs", { query = { graph_name = "a_graph" } })
      assert.equal("CreateGraph", page.job_list[1].job_name)
      p.now = p.now + 60
      local _, shown = show(body.id)
      assert.equal("200", shown.graph.status)
      assert.equal("v", shown.graph.vpc_id)
      assert.equal("aarch64", shown.graph.arch)
      assert.equal("true", shown.graph.is_multi_az)
      assert.equal("2018-11-27T21:39:00", shown.graph.created)
      assert.equal("success", select(2, p:send("GET", ("%s/%s/jobs/%s/status"):format(graphs,
        body.id, page.job_list[1].job_id))).status)
    end)

    it("needs what the models need, but for what Terraform leaves out", function()
      for _, name in ipairs { "name", "graph_size_type_index", "vpc_id", "subnet_id",
        "security_group_id", "crypt_algorithm" } do
        assert_error(p:send("POST", graphs, wanted { [name] = cjson.null }), 400, "GES.0001",
          "graph." .. name)
      end
      for _, name in ipairs { "abc", "1abc", "a-graph", ("x"):rep(51) } do
        assert_error(p:send("POST", graphs, wanted { name = name }), 400, "GES.0001", "graph.name")
      end
      assert_error(p:send("POST", graphs, { body = "{}" }), 400, "GES.0001", ": graph.")
      for name, change in pairs { ["graph.graph_size_type_index"] = { graph_size_type_index = "7" },
        ["id_length"] = { vertex_id_type = { id_type = "fixedLengthString" } },
        ["graph.sort_key_type"] = { sort_key_type = "int" } } do
        assert_error(p:send("POST", graphs, wanted(change)), 400, "GES.0001", name)
      end
      assert_error(p:send("POST", graphs, wanted { name = "demo_graph" }), 400, "GES.7013",
        "demo_graph")
      assert.equal(200, p:send("POST", graphs, wanted { enable_https = cjson.null }).status)
    end)

    it("keeps its name until it is deleted, and is 404 then", function()
      local _, body = p:send("POST", graphs, wanted())
      assert_error(p:send("POST", graphs, wanted()), 400, "GES.7013", "a_graph")
      p:send("DELETE", graphs .. "/" .. body.id, { headers = { ["x-sim-seconds"] = "5" } })
      assert.equal(200, show(body.id).status)
      p.now = p.now + 5
      assert_error(show(body.id), 404, "GES.7000", "deleted")
      assert.equal(200, p:send("POST", graphs, wanted()).status)
    end)

    it("whose creation fails says so", function()
      local extra = wanted()
      extra.headers = { ["x-sim-outcome"] = "failed", ["x-sim-seconds"] = "0" }
      local _, body = p:send("POST", graphs, extra)
      assert.equal("303", select(2, show(body.id)).graph.status)
    end)

    it("is not what the service calls otherwise", function()
      for _, word in ipairs { "backups", "quotas", "metadatas", "metadata", "scenes" } do
        assert_error(show(word), 404, "APIGW.0101", "published")
      end
    end)
  end)
end)
