-- Any other call of the management plane.

local ges = require("ges")
local lab = require("lab")
local wire = require("wire")

local busy = lab.error(503, "GES.7005")

local function ask(server, extra)
  local opts = { endpoint = type(server) == "string" and server or server:url(), path = "/v2/x",
    token = lab.token }
  for name, value in pairs(extra or {}) do opts[name] = value or nil end
  return ges.request(opts)
end

-- The head and the body of a server's last request.
local function last(server)
  local list = server:requests()
  return list[#list]:match("^(.-\r\n)\r\n(.*)$")
end

describe("client:request", function()
  after_each(lab.cleanup)

  it("sends what it is given and returns what came back", function()
    local server = lab.replies { { 202, '{"job_id":"j","n":[1,null]}',
      { ["Content-Type"] = "application/json;charset=utf8", ["X-Custom"] = "Value" } } }
    local response, err, info = ask(server, { method = "POST", query = { limit = 10, name = "a b" },
      body = { edgeset_path = "bucket/e.csv", offline = true }, headers = { ["X-More"] = "yes" } })
    assert.is_nil(err)
    assert.equal(202, response.status)
    assert.equal("Value", response.headers["x-custom"])
    assert.equal("j", response.json.job_id)
    assert.equal('{"job_id":"j","n":[1,null]}', response.body)
    assert.equal(202, info.http_status)
    assert.equal(1, info.attempts)
    local head, body = last(server)
    assert.is_truthy(head:find("^POST /v2/x%?limit=10&name=a%%20b HTTP/1.1\r\n"), head)
    assert.is_truthy(head:find("X-Auth-Token: " .. lab.token, 1, true))
    assert.is_truthy(head:find("X-More: yes", 1, true))
    assert.is_truthy(head:find("Content-Type: application/json", 1, true))
    assert.same({ edgeset_path = "bucket/e.csv", offline = true }, require("cjson").decode(body))
  end)

  it("sends a string as it is", function()
    local server = lab.replies { { 200, "plain", { ["Content-Type"] = "text/plain" } } }
    local response = assert(ask(server, { method = "PUT", body = "a=b\0c" }))
    assert.is_nil(response.json)
    assert.equal("plain", response.body)
    local _, body = last(server)
    assert.equal("a=b\0c", body)
  end)

  it("has no json where the body is not JSON, or only claims to be", function()
    assert.is_nil(assert(ask(lab.replies { { 200, "" } })).json)
    local plain = { ["Content-Type"] = "text/plain" }
    assert.is_nil(assert(ask(lab.replies { { 200, "7", plain } })).json)
    assert.is_nil(assert(ask(lab.replies { { 200, "{nonsense" } })).json)
  end)

  it("refuses at the caller's line a body that cannot be written", function()
    local loop = {}
    loop.loop = loop
    for _, body in ipairs { loop, { f = print }, { 0 / 0 } } do
      lab.throws("option 'body' cannot be encoded", function(here)
        ges.request(here { endpoint = "http://127.0.0.1:9", path = "/", token = "t",
          method = "POST", body = body })
      end)
    end
  end)

  it("needs no job, graph or project", function()
    assert(ask(lab.replies { { 200, "{}" } }))
    local keys = ges.credentials.aksk { ak = "AK", sk = "secret-key" }
    local signed = lab.replies { { 200, "{}" } }
    assert(ask(signed, { token = false, credentials = keys }))
    assert.is_truthy(last(signed):find("Access=AK,", 1, true))
    lab.throws("unknown option 'jobs'", function(here)
      ges.request(here { endpoint = "http://127.0.0.1:9", path = "/", jobs = {} })
    end)
  end)

  it("refuses at the caller's line headers and queries of the wrong shape", function()
    local function wrong(text, option, value)
      lab.throws(text, function(here)
        ges.request(here { endpoint = "http://127.0.0.1:9", path = "/", token = "t",
          [option] = value })
      end)
    end
    wrong("must be a string", "headers", { A = 5 })
    wrong("not an HTTP token", "headers", { ["A B"] = "x" })
    wrong("must have strings as names", "headers", { "x" })
    wrong("given twice", "headers", { ["X-A"] = "1", ["x-a"] = "2" })
    for _, value in ipairs { { 1, 2 }, { a = print }, { a = { b = 1 } }, { a = { {} } },
      { a = 0 / 0 }, { a = math.huge } } do
      wrong("query", "query", value)
    end
    local server = lab.replies { { 200, "{}" } }
    assert(ask(server, { query = { a = { 1, "b", true } }, headers = { A = "with\ttab" } }))
    local head = last(server)
    assert.is_truthy(head:find("?a=1&a=b&a=true ", 1, true), head)
  end)

  for _, method in ipairs { "GET", "PUT", "DELETE", "HEAD" } do
    it("tries " .. method .. " again", function()
      local server = lab.replies { busy, { 200, "{}" } }
      if method == "PUT" or method == "DELETE" then -- each on a connection of its own
        server = lab.serve { { "request", wire.reply(503, "{}") }, { "request",
          wire.reply(200, "{}") } }
      elseif method == "HEAD" then
        server = lab.serve { { "request", "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n", "request",
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" } }
      end
      local response, _, info = ask(server, { method = method })
      assert.equal(200, response.status)
      assert.equal(2, info.attempts)
    end)
  end

  for _, method in ipairs { "POST", "PATCH" } do
    it("never repeats " .. method, function()
      local server = lab.replies { busy }
      local _, info = lab.fails("unavailable", ask(server, { method = method, body = "{}",
        retries = 5 }))
      assert.equal(1, #server:requests())
      assert.equal(1, info.attempts)
      assert.is_true(info.retryable)
    end)
  end

  it("does repeat a POST that was refused for its token, with another", function()
    local refused = lab.error(401, "APIG.0307")
    local server, n = lab.serve { { "request", wire.reply(refused[1], refused[2]) }, { "request",
      wire.reply(200, "{}") } }, 0
    assert(ask(server, { method = "POST", body = "{}", token = function()
      n = n + 1
      return "token" .. n
    end }))
    assert.same({ "token1", "token2" }, lab.tokens(server))
  end)

  it("fails as a job's status does", function()
    for kind, reply in pairs { auth = lab.error(401, "APIG.0301"), not_found = { 404, "" },
      throttled = lab.error(429, "APIGW.0308"), bad_request = lab.error(400, "GES.0001"),
      redirect = { 302, "", { Location = "http://other/" } } } do
      lab.fails(kind, ask(lab.replies { reply }, { retries = 0 }))
    end
    lab.fails("timeout", ask(lab.silent(), { timeout = 0.2 }))
    lab.fails("argument", ask("http://127.0.0.1:9", { path = "no-slash" }))
    lab.fails("argument", ask("http://127.0.0.1:9", { path = "/a/../b" }))
    lab.fails("argument", ask("http://127.0.0.1:9", { method = "get" }))
    lab.fails("argument", ask("http://127.0.0.1:9", { headers = { ["X-A"] = "b\r\nX-Evil: c" } }))
  end)

  it("is bounded like any call, and needs a moment when the service asks for one", function()
    local server = lab.replies { lab.error(503, "GES.7005", { ["Retry-After"] = "1" }),
      { 200, "{}" } }
    local took, response = lab.timed(ask, server)
    assert.equal(200, response.status)
    assert.is_true(took > 0.99)
  end)

  describe("on the simulator", function()
    setup(function() lab.start() end)
    teardown(function() lab.stop() end)

    it("starts the import that is then waited for", function()
      local id = lab.order { seconds = 0.3, files = 2 }
      local job = assert(ges.wait(lab.at_sim { job_id = id, interval = 0.1 }))
      assert.equal("success", job.status)
      assert.equal(2, #job.job_detail.edgeset_path)
      assert.equal("success", ges.outcome(job))
    end)

    it("is signed with keys, body and query included", function()
      local client = lab.client(lab.at_sim { token = false, ak = "SIMACCESSKEY",
        sk = "sim-secret-key", graph_id = false })
      local path = "/v2/" .. lab.at_sim().project_id .. "/graphs"
      local started = assert(client:request { method = "POST", path = path .. "/g/import-graph",
        body = { edgeset_path = "bucket/é dge.csv" } })
      local listed = assert(client:request { path = path .. "/jobs", query = { limit = "5" } })
      assert.equal(started.json.job_id, listed.json.job_list[1].job_id)
      local err = lab.fails("auth", client:request { path = path .. "/jobs", ak = "SIMACCESSKEY",
        sk = "wrong-secret-key" })
      assert.is_nil(err:find("wrong-secret-key", 1, true))
    end)
  end)
end)
