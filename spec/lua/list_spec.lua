-- Requests for a page of the list of jobs and for a graph's name: what is sent, and what their
-- answers become. An item of the list is what a job's own answer would be.

local cases = require("core_json_cases")
local core = require("ges.core")
local kit = require("core_kit")

describe("core: a request for", function()
  local client

  before_each(function() client = kit.client() end)
  after_each(kit.cleanup)

  -- One attempt at what a request is for: the checked triple.
  local function ask(server, what, query, extra)
    local request = assert(core.prepare("core.job_status", 1, kit.options(server, extra)))
    assert(request:ask(what, query))
    local value, err, info = client:job_status(request)
    if type(value) == "string" then return value, err, info end
    return kit.check(value, err, info)
  end

  local function answered(what, body, status, headers)
    local server = kit.replying(status or 200, body, headers)
    local value, err, info = ask(server, what)
    server:close() -- at once: one test asks eight hundred of them
    return value, err, info
  end

  local function fails(kind, text, what, body, status, headers)
    local value, err, info = answered(what, body, status, headers)
    assert.is_nil(value)
    assert.equal(kind, info.kind, err)
    assert.is_truthy(err:find(text, 1, true), err)
    return err, info
  end

  -- The request line and the header lines by name.
  local function sent(server)
    local text = server:requests()[1]
    local headers = {}
    for name, value in text:gmatch("\r\n([%w-]+): ([^\r]*)") do headers[name] = value end
    return text:match("^[^\r]+"), headers
  end

  local graphs = "/v2/" .. kit.project .. "/graphs/"

  it("a page has its path and its query, sorted and encoded", function()
    local server = kit.replying(200, '{"job_count":0}')
    assert(ask(server, "list", { offset = 0, limit = 100, status = "running",
      graph_name = "a b/&=\195\169" }))
    local line, headers = sent(server)
    assert.equal("GET " .. graphs .. "jobs?graph_name=a%20b%2F%26%3D%C3%A9&limit=100&offset=0"
      .. "&status=running HTTP/1.1", line)
    assert.equal(kit.token, headers["X-Auth-Token"])
  end)

  it("a graph has the path of the graph", function()
    local server = kit.replying(200, '{"graph":{"name":"movie"}}')
    assert.equal("movie", (ask(server, "graph")))
    assert.equal("GET " .. graphs .. kit.graph .. " HTTP/1.1", (sent(server)))
  end)

  it("a page needs no graph and no job, a graph no job", function()
    local function bare(what, ids)
      local server = kit.replying(200, '{"job_count":0,"graph":{"name":"n"}}')
      local request = assert(core.prepare("ges.jobs", 1, { endpoint = server:url(), token = "t" }))
      request:ask(what)
      request:bind(ids)
      return pcall(client.job_status, client, request)
    end
    assert.is_true(bare("list", { project_id = "p" }))
    assert.is_true(bare("graph", { project_id = "p", graph_id = "g" }))
    local ok, err = bare("list", {})
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("'project_id' is missing", 1, true), err)
    ok, err = bare("graph", { project_id = "p" })
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("'graph_id' is missing", 1, true), err)
  end)

  it("a page is signed with its query", function()
    local server = kit.replying(200, '{"job_count":0}')
    assert(ask(server, "list", { limit = 5, graph_name = "x y" },
      { token = false, ak = "AccessKey", sk = "SecretKey0123456" }))
    local _, headers = sent(server)
    local want = core.sign { method = "GET", host = server:url():match("//(.*)"), ak = "AccessKey",
      sk = "SecretKey0123456", path = graphs .. "jobs", query = { limit = 5, graph_name = "x y" },
      date = headers["X-Sdk-Date"] }
    assert.equal(want.Authorization, headers.Authorization)
    assert.equal(kit.project, headers["X-Project-Id"])
  end)

  it("a job again, after a page", function()
    local server = kit.replying(200, kit.running)
    local request = assert(core.prepare("core.job_status", 1, kit.options(server)))
    assert(request:ask("list", { limit = 1 }))
    assert(request:ask("job"))
    assert.equal("running", assert(client:job_status(request)).status)
    assert.equal("GET " .. kit.path .. " HTTP/1.1", (sent(server)))
    assert(request:ask("list", { limit = 1 }))
    assert.equal("running", assert(client:job_status((request:copy()))).status)
  end)

  it("something else is a mistake", function()
    local request = core.prepare("core.job_status", 1, kit.options("http://127.0.0.1:1"))
    assert.has_error(function() request:ask("graphs") end)
    assert.has_error(function() request:ask("list", 5) end)
    local generic = core.prepare("core.job_status", 1,
      { endpoint = "http://127.0.0.1:1", token = "t", path = "/x" })
    assert.has_error(function() generic:ask("list") end)
    local ok, err, info = request:ask("list", { graph_name = ("\1"):rep(4000) })
    assert.is_nil(ok)
    assert.equal("argument", info.kind, err)
  end)

  describe("a page: its answer", function()
    local function page(body)
      local value, err = answered("list", body)
      assert(value, err)
      return value
    end

    it("is the count and the jobs", function()
      local two = { { status = "a" }, { status = "b", job_id = "x" } }
      assert.same({ job_count = 2, job_list = two },
        page '{"job_count":2,"job_list":[{"status":"a"},{"status":"b","job_id":"x"}],"k":null}')
      assert.is_true(kit.is_integer(page('{"job_count":2.0}').job_count))
      assert.same({ job_count = 0, job_list = {}, more = { 1 } },
        page '{"job_count":0,"job_list":[],"more":[1]}')
    end)

    it("may have many jobs with many files, which are no deeper than one", function()
      local file = '[{"path":"p","total_lines":1}]'
      local job = ('{"status":"a","job_detail":{"schema_path":%s,"edgeset_path":%s,'
        .. '"vertexset_path":%s}}'):format(file, file, file)
      local value = page('{"job_list":[' .. (job .. ","):rep(99) .. job .. "]}")
      assert.equal(100, #value.job_list)
      assert.same({ { path = "p", total_lines = 1 } }, value.job_list[100].job_detail.edgeset_path)
    end)

    it("may lack either, or have null for it", function()
      assert.same({ job_count = 3 }, page '{"job_count":3,"job_list":null}')
      assert.same({ job_list = {} }, page '{"job_list":{}}')
      assert.same({ job_list = {} }, page '{"job_count":null,"job_list":[]}')
      assert.same({ job_list = {} }, page '{"job_count":-1,"job_list":[]}')
      local value, _, info = answered("list", '{"job_count":"2","job_list":[]}')
      assert.same({ job_list = {} }, value)
      assert.same({ "job_count has an undocumented type and was dropped" }, info.warnings)
    end)

    -- Every text that is a job's answer or is refused as one: by itself, and in a list.
    it("has the items that a job's own answers would be", function()
      local own = ('{"job_id":"%s","status":"%%s",%%s}'):format(kit.job)
      local bodies = {
        own:format("running", '"job_progress":37.5,"begin_time":null,"x":[null,{"y":[]}]'),
        own:format("success", '"job_detail":{"edgeset_path":[{"total_lines":-1,"path":7}],'
          .. '"schema_path":null,"z":{}}'),
        own:format("failed", '"fail_reason":"\\ud83d \\u0000\239\187","fail_reason":1'),
        own:format("a", '"job_detail":[],"job_type":true,"k":1,"k":null'),
        own:format("a", '"job_detail":{"schema_path":[1,null,"x"],"vertexset_path":"y"}'),
        own:format("\255", '"related_graph":"' .. kit.token .. '"'),
      }
      for _, group in pairs(cases) do
        for _, case in ipairs(group) do
          bodies[#bodies + 1] = own:format("running", '"x":' .. case.bytes)
        end
      end
      local good = 0
      for _, body in ipairs(bodies) do
        local job, err, info = answered("job", body)
        local list, list_err, list_info = answered("list",
          '{"job_list":[{"status":"first"},' .. body .. "]}")
        if job then
          good = good + 1
          assert.same({ { status = "first" }, job }, assert(list, list_err).job_list)
          for i, text in ipairs(info.warnings or {}) do
            assert.equal("job_list[2]." .. text, list_info.warnings[i])
          end
          assert.equal(#(info.warnings or {}), #(list_info.warnings or {}))
        else
          assert.is_nil(list, body .. " is no job alone: " .. err)
          assert.equal("protocol", list_info.kind)
        end
      end
      assert.is_true(good > 100 and good < #bodies - 100, good)
    end)

    it("is refused, with the place, where an item is no job", function()
      for body, text in pairs {
        ['[{"status":"a"},{"job_id":"x"}]'] = 'job_list[2] has no field "status"',
        ['[{"status":null}]'] = 'job_list[1] has no field "status"',
        ['[{"status":5}]'] = 'job_list[1] has a "status" that is not a string',
        ['[{"status":"a"},null]'] = "job_list[2] is not an object",
        ['[7]'] = "job_list[1] is not an object",
        ['[[{"status":"a"}]]'] = "job_list[1] is not an object",
        ['"x"'] = "the answer's field \"job_list\" is not a list",
        ['5'] = "the answer's field \"job_list\" is not a list",
        ['true'] = "the answer's field \"job_list\" is not a list",
        ['{"status":"a"}'] = "the answer's field \"job_list\" is not a list",
        ['[{"status":"a"}'] = "the answer is not JSON, at byte",
        ['[{"status":"a"} {"status":"b"}]'] = "the answer is not JSON, at byte",
        ['[tru]'] = "the answer is not JSON, at byte",
      } do
        fails("protocol", text, "list", '{"job_count":1,"job_list":' .. body .. "}")
      end
    end)

    it("is a failure where it is no list", function()
      fails("protocol", 'the answer has no field "job_list"', "list", "{}")
      fails("protocol", 'the answer has no field "job_list"', "list", kit.running)
      fails("protocol", "the answer is JSON, but not an object", "list", "[]")
      fails("protocol", "the answer is not JSON", "list", "<html>")
      fails("protocol", "has the Content-Encoding gzip", "list", "{}", 200,
        { ["Content-Encoding"] = "gzip" })
      for status = 201, 206 do
        fails("protocol", "", "list", '{"job_count":0,"job_list":[]}', status)
      end
      fails("not_found", "gone", "list", '{"error_code":"GES.7000","error_msg":"gone"}')
      fails("not_found", "gone", "list", '{"errorCode":"GES.7000","errorMessage":"gone"}', 400)
    end)

    it("shows no token that the service echoes", function()
      local value = answered("list", '{"job_list":[{"status":"a","fail_reason":"' .. kit.token
        .. '"}],"x":"' .. kit.token .. '"}')
      kit.no_leak(value, { kit.token })
      fails("protocol", "job_list[1]", "list", '{"job_list":[{"x":"' .. kit.token .. '"}]}')
    end)

    it("is too large where a job's would be", function()
      local body = '{"job_list":[{"status":"' .. ("x"):rep(5000) .. '"}]}'
      local small = { max_response_bytes = 4000 }
      local value, _, info = ask(kit.replying(200, body), "list", nil, small)
      assert.is_nil(value)
      assert.equal("too_large", info.kind)
    end)
  end)

  describe("a graph: its answer", function()
    it("is its name", function()
      for body, name in pairs {
        ['{"graph":{"id":"' .. kit.graph .. '","name":"movie","x":[null,{}]}}'] = "movie",
        ['{"graph":{"name":"\\u00e9\\/"},"other":1}'] = "\195\169/",
        ['{"graph":{"id":7,"name":"' .. ("n"):rep(512) .. '"}}'] = ("n"):rep(512),
      } do
        assert.equal(name, (answered("graph", body)))
      end
    end)

    it("is a failure where it has none", function()
      for body, text in pairs {
        ['{"graph":{}}'] = "the answer has no name of the graph",
        ['{"graph":{"name":""}}'] = "the answer has no name of the graph",
        ['{"graph":{"name":5}}'] = "the answer has no name of the graph",
        ['{"graph":{"name":"' .. ("n"):rep(513) .. '"}}'] = "the answer has no name of the graph",
        ['{"graph":[]}'] = "the answer has no name of the graph",
        ['{"graph":null}'] = 'the answer has no field "graph"',
        ['{}'] = 'the answer has no field "graph"',
        ['[]'] = "the answer is JSON, but not an object",
        ['{"graph":{"name":"x"'] = "the answer is not JSON",
        ['{"graph":{"id":"other","name":"x"}}'] = "the service answered for another graph",
        ['{"graph":{"id":"' .. kit.graph .. '0","name":"x"}}']
          = "the service answered for another graph",
      } do
        fails("protocol", text, "graph", body)
      end
      fails("not_found", "no graph", "graph", '{"error_code":"GES.7000","error_msg":"no graph"}')
    end)
  end)

  it("each gives the advice of its failures", function()
    local lack = '{"error_code":"GES.1","error_msg":"no"}'
    fails("forbidden", "the credentials lack ges:jobs:list", "list", lack, 403)
    fails("forbidden", "the credentials lack ges:graph:getDetail", "graph", lack, 403)
    fails("forbidden", "the credentials lack ges:jobs:getDetail", "job", lack, 403)
    local gone = '{"error_code":"GES.7000","error_msg":"no"}'
    fails("not_found", "check graph_id and project_id", "graph", gone, 400)
    fails("not_found", "check project_id", "list", gone, 400)
    fails("auth", "get a new token", "list", '{"error_code":"APIGW.0307","error_msg":"x"}', 401)
    fails("redirect", "check endpoint", "graph", "", 302)
  end)
end)
