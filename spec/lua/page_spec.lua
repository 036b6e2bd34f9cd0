-- The API page's own two examples, byte for byte, and the bytes of the requests that ask for them.

local core = require("ges.core")
local kit = require("core_kit")
local wire = require("wire")

-- The response as the page prints it: 764 bytes.
local PAGE = [[
{
  "job_id" : "ff80808167f09aaa0167f19b35ec0305",
  "status" : "success",
  "job_type" : "GraphManagement",
  "job_name" : "ImportGraph",
  "related_graph" : "GES_UI_AUTO",
  "begin_time" : "2018-11-27T21:39:00",
  "end_time" : "2018-11-27T21:39:56",
  "job_detail" : {
    "vertexset_path" : [ {
      "path" : "ges-ui/auDatas/list_set_vertex.csv",
      "log" : null,
      "cause" : null,
      "status" : "success"
    } ],
    "edgeset_path" : [ {
      "path" : "ges-ui/auDatas/list_set_edge.csv",
      "log" : null,
      "cause" : null,
      "status" : "success"
    } ],
    "schema_path" : [ {
      "path" : "ges-ui/auDatas/list_set_schema.xml",
      "log" : null,
      "cause" : null,
      "status" : "success"
    } ]
  },
  "job_progress" : 0
}]]

local REFUSED = [[
{
  "error_msg" : "can not find job, jobId is ff808081646e81d40164c5fb414b2b1a1",
  "error_code" : "GES.8301"
}]]

local HEAD = "GET %s HTTP/1.1\r\nHost: %s\r\n"

-- Splits a request into its first line and {lower-case name = value}.
local function parse(text)
  local first, rest = text:match("^(.-)\r\n(.*)$")
  local headers, n = {}, 0
  for name, value in rest:gmatch("([^:\r\n]+): ([^\r\n]*)\r\n") do
    assert.is_nil(headers[name:lower()], "sent twice: " .. name)
    headers[name:lower()] = value
    n = n + 1
  end
  return first, headers, n
end

describe("core: the API page", function()
  after_each(kit.cleanup)

  it("is as long as it was printed", function()
    assert.same(764, #PAGE)
  end)

  it("gives exactly this job", function()
    local server = kit.replying(200, PAGE)
    local job, err, info = kit.check(core.job_status(kit.options(server)))
    local function file(name)
      return { { path = "ges-ui/auDatas/" .. name, status = "success" } }
    end
    assert.is_nil(err)
    assert.same({
      job_id = "ff80808167f09aaa0167f19b35ec0305", status = "success",
      job_type = "GraphManagement", job_name = "ImportGraph", related_graph = "GES_UI_AUTO",
      begin_time = "2018-11-27T21:39:00", end_time = "2018-11-27T21:39:56",
      job_detail = {
        vertexset_path = file("list_set_vertex.csv"), edgeset_path = file("list_set_edge.csv"),
        schema_path = file("list_set_schema.xml"),
      },
      job_progress = 0,
    }, job)
    assert.is_true(kit.is_integer(job.job_progress))
    assert.same("0", tostring(job.job_progress))
    assert.is_nil(info.warnings)
    assert.same(200, info.http_status)
    assert.is_true(kit.is_integer(info.http_status))
    assert.is_nil(getmetatable(job))
  end)

  it("gives exactly this failure", function()
    local server = kit.replying(400, REFUSED, { ["X-Request-Id"] = "e1a2" })
    local job, err, info = kit.check(core.job_status(kit.options(server)))
    assert.is_nil(job)
    info.elapsed = nil
    assert.same({
      kind = "not_found", code = "GES.8301", http_status = 400, request_id = "e1a2",
      message = "can not find job, jobId is ff808081646e81d40164c5fb414b2b1a1",
      retryable = false, attempts = 1,
    }, info)
    for _, part in ipairs { "not_found", "GES.8301", "400", "e1a2", info.message } do
      assert.is_truthy(err:find(part, 1, true), err)
    end
  end)
end)

describe("core: a request", function()
  local server, host

  before_each(function()
    server = kit.replying(200, kit.running)
    host = "127.0.0.1:" .. server:port()
  end)

  after_each(kit.cleanup)

  local function sent(extra, place)
    local client = kit.client()
    assert(kit.check(client:job_status(kit.options(place or server, extra))))
    return server:requests()[#server:requests()], client
  end

  it("with a token is these bytes and no more", function()
    local text = sent()
    assert.same(HEAD:format(kit.path, host) .. "User-Agent: ges/" .. core._VERSION .. "\r\n"
      .. "Accept: application/json\r\nX-Auth-Token: " .. kit.token .. "\r\n\r\n", text)
    assert.same(#text, server:bytes())
  end)

  it("with a language has one header more", function()
    for _, language in ipairs { "en-us", "zh-cn" } do
      local _, headers, n = parse(sent { language = language })
      assert.same(language, headers["x-language"])
      assert.same(5, n)
    end
  end)

  it("keeps a path prefix", function()
    for prefix, path in pairs {
      ["/gw"] = "/gw", ["/gw/"] = "/gw", ["/a/b.c~d_e-f"] = "/a/b.c~d_e-f", ["/"] = "",
      ["//"] = "",
    } do
      local first, headers = parse(sent(nil, server:url() .. prefix))
      assert.same("GET " .. path .. kit.path .. " HTTP/1.1", first)
      assert.same(host, headers.host)
    end
  end)

  it("has a path of seven segments for any id", function()
    local id = "AZaz09._~-"
    server = kit.replying(200, '{"status":"running"}')
    local first = parse(sent { project_id = "..." , graph_id = id, job_id = ("x"):rep(128) })
    assert.same(("GET /v2/.../graphs/%s/jobs/%s/status HTTP/1.1"):format(id, ("x"):rep(128)), first)
  end)

  it("carries a token of any length up to 128 KiB whole", function()
    for _, n in ipairs { 1, 9120, 32768, 131072 } do
      local token = ("~!"):rep(n):sub(1, n)
      local _, headers = parse(sent { token = token })
      assert.is_true(headers["x-auth-token"] == token)
    end
  end)

  it("carries every character a token may have", function()
    local all = {}
    for byte = 0x21, 0x7E do
      all[#all + 1] = string.char(byte)
    end
    local _, headers = parse(sent { token = table.concat(all) })
    assert.same(table.concat(all), headers["x-auth-token"])
  end)

  it("has nothing that was not asked for", function()
    local _, headers, n = parse(sent())
    assert.same(4, n)
    for _, name in ipairs { "accept-encoding", "cookie", "authorization", "expect", "referer",
      "content-length", "content-type", "connection", "upgrade" } do
      assert.is_nil(headers[name], name)
    end
  end)

  it("with keys is signed afresh, and only host and date are signed", function()
    local keys = { token = false, ak = "AKEXAMPLE0123456789", sk = "SkExample/Secret+0123456789" }
    local first, headers, n = parse(sent(keys))
    assert.same("GET " .. kit.path .. " HTTP/1.1", first)
    assert.same(6, n) -- host, user-agent, accept, x-sdk-date, authorization, x-project-id
    assert.is_nil(headers["x-auth-token"])
    assert.same(kit.project, headers["x-project-id"])
    assert.is_truthy(headers["x-sdk-date"]:find("^%d%d%d%d%d%d%d%dT%d%d%d%d%d%dZ$"))
    local expected = core.sign { method = "GET", host = host, path = kit.path, ak = keys.ak,
      sk = keys.sk, date = headers["x-sdk-date"] }
    assert.same(expected.Authorization, headers.authorization)
    assert.is_truthy(headers.authorization:find("SignedHeaders=host;x-sdk-date,", 1, true))
    local now = os.time(os.date("!*t"))
    local y, mo, d, h, mi, s = headers["x-sdk-date"]:match("^(....)(..)(..)T(..)(..)(..)Z$")
    local at = os.time { year = y, month = mo, day = d, hour = h, min = mi, sec = s }
    assert.is_true(math.abs(at - now) <= 2)
  end)

  it("with a temporary key sends its token unsigned", function()
    local more = "Temporary/Security+Token=0123456789"
    local _, headers, n = parse(sent { token = false, ak = "AK0123456789", sk = "SK0123456789",
      security_token = more })
    assert.same(7, n)
    assert.same(more, headers["x-security-token"])
    assert.is_nil(headers.authorization:find("security-token", 1, true))
  end)

  it("is signed for the path with its prefix", function()
    local keys = { token = false, ak = "AK0123456789", sk = "SK0123456789" }
    local first, headers = parse(sent(keys, server:url() .. "/gw/x/"))
    assert.same("GET /gw/x" .. kit.path .. " HTTP/1.1", first)
    local expected = core.sign { method = "GET", host = host, path = "/gw/x" .. kit.path,
      ak = keys.ak, sk = keys.sk, date = headers["x-sdk-date"] }
    assert.same(expected.Authorization, headers.authorization)
  end)

  it("never brings a cookie back", function()
    server = kit.answering(wire.reply(200, kit.running, { "Set-Cookie: a=b; Path=/",
      "WWW-Authenticate: Basic realm=x" }))
    local first, client = sent()
    assert(client:job_status(kit.options(server)))
    assert.same(1, server:accepted())
    assert.same(first, server:requests()[2])
  end)

  it("does not answer a challenge", function()
    server = kit.replying(401, "{}", { ["WWW-Authenticate"] = "Basic realm=x" })
    kit.fails("auth", server)
    assert.same(1, #server:requests())
    assert.is_nil(parse(server:requests()[1])["authorization"])
  end)
end)
