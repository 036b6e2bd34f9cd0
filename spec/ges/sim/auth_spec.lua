-- The simulated management plane, without a server: tokens, signatures, logins and projects.

local cjson = require "cjson"
local clock = require "ges.sim.clock"
local plane = require "plane"
local sim = require "ges.sim"

local project, other_project, graph = plane.project, plane.other_project, plane.graph
local graphs, noon, assert_error = plane.graphs, plane.noon, plane.assert_error
local key = sim.defaults.keys[1]

describe("ges.sim", function()
  local p

  before_each(function()
    p = plane.new()
  end)

  describe("a token", function()
    it("is needed", function()
      local response = p:status("j", { headers = { ["x-auth-token"] = false } })
      assert_error(response, 401, "APIGW.0301",
        "Incorrect IAM authentication information: x-auth-token not found")
    end)

    it("must be known, valid and of a project", function()
      local function with(token)
        return (p:status("j", { headers = { ["x-auth-token"] = token } }))
      end
      assert_error(with "nonsense", 401, "APIGW.0301", "decrypt token fail")
      assert_error(with "sim-token-expired", 401, "APIGW.0307", "token must be updated")
      assert_error(with "sim-token-domain", 403, "APIGW.0302", "project scope")
      assert_error(with "sim-token-forbidden", 403, "APIGW.0302", "not allowed")
    end)

    it("of another project is GES.0016", function()
      for _, id in ipairs { other_project, "unknown" } do
        local response = p:send("GET", "/v2/" .. id .. "/graphs/" .. graph .. "/jobs/j/status")
        assert_error(response, 400, "GES.0016", "project")
      end
    end)
  end)

  describe("a signature", function()
    local path

    before_each(function()
      path = graphs .. "/" .. graph .. "/jobs/" .. p:start() .. "/status"
    end)

    local function signed(overrides, change)
      local args = { method = "GET", host = "127.0.0.1:8080", path = path, query = {}, body = "",
        date = clock.sdk(p.now), ak = key.ak, sk = key.sk }
      for name, value in pairs(overrides or {}) do
        args[name] = value
      end
      local out = plane.sign(args)
      local headers = { ["x-auth-token"] = false, ["x-sdk-date"] = out["X-Sdk-Date"],
        authorization = out.Authorization }
      for name, value in pairs(args.headers or {}) do
        headers[name] = value
      end
      for name, value in pairs(change or {}) do
        headers[name] = value
      end
      return (p:send("GET", path, { headers = headers, query = args.query }))
    end

    it("that is right opens every project of its user", function()
      assert.equal(200, signed().status)
      assert.equal(200, signed { headers = { ["x-project-id"] = project } }.status)
    end)

    it("that is wrong is answered with the canonical request", function()
      local response = signed { sk = "wrong" }
      assert_error(response, 401, "APIGW.0301",
        "verify aksk signature fail, canonicalRequest:GET|" .. path .. "/||host:127.0.0.1:8080|" ..
        "x-sdk-date:20181127T213900Z||host;x-sdk-date|e3b0c442")
      assert.falsy(response.body:find("sim-secret-key", 1, true))
    end)

    it("covers the query and what else is signed", function()
      assert.equal(200, signed { query = { a = "1" } }.status)
      local response = signed({ headers = { ["x-project-id"] = project } },
        { ["x-project-id"] = other_project })
      assert_error(response, 401, "APIGW.0301", "x-project-id:" .. other_project)
    end)

    it("older or newer than 15 minutes has expired", function()
      assert.equal(200, signed { date = clock.sdk(p.now - 900) }.status)
      assert_error(signed { date = clock.sdk(p.now - 901) }, 401, "APIGW.0301",
        "signature expired, signature time:20181127T212359Z,server time:20181127T213900Z")
      assert_error(signed { date = clock.sdk(p.now + 901) }, 401, "APIGW.0301", "signature expired")
    end)

    it("needs its date, and an Authorization that can be read", function()
      assert_error(signed({}, { ["x-sdk-date"] = "yesterday" }), 401, "APIGW.0301", "x-sdk-date")
      assert_error(signed({}, { authorization = "Bearer x" }), 401, "APIGW.0301", "illegal")
    end)

    it("of an unknown key is refused as such", function()
      assert_error(signed { ak = "NOSUCHKEY" }, 401, "APIGW.0301", "ak not exist")
    end)

    it("of a temporary key needs its security token", function()
      local temporary = sim.defaults.keys[2]
      local args = { ak = temporary.ak, sk = temporary.sk }
      assert_error(signed(args), 401, "APIGW.0301", "security token")
      assert.equal(200, signed(args, { ["x-security-token"] = temporary.security_token }).status)
    end)

    it("wrong five times in a row locks the key for five minutes", function()
      for _ = 1, 4 do
        assert_error(signed { sk = "wrong" }, 401, "APIGW.0301", "verify aksk")
      end
      assert.equal(200, signed().status)
      for _ = 1, 5 do
        assert_error(signed { sk = "wrong" }, 401, "APIGW.0301", "verify aksk")
      end
      assert_error(signed(), 401, "APIGW.0301", "AK access failed to reach the limit,forbidden")
      p.now = p.now + 299
      assert_error(signed(), 401, "APIGW.0301", "forbidden")
      p.now = p.now + 1
      assert.equal(200, signed().status)
    end)

    it("is 503 where nothing can verify it", function()
      p.sim = sim.new { json = cjson, sign = function() return nil, "no ges.core here" end }
      assert_error(signed(), 503, "APIGW.0613", "no ges.core here")
      p.sim = sim.new { json = cjson }
      assert_error(signed(), 503, "APIGW.0613", "no signer")
    end)

    it("counts less than a token", function()
      local response = p:send("GET", path, { headers = { authorization = "nonsense" } })
      assert.equal(200, response.status)
    end)
  end)

  describe("a login", function()
    local user = sim.defaults.users[1]

    local function login(change, headers)
      change = change or {}
      local body = { auth = {
        identity = { methods = { "password" }, password = { user = {
          name = change.name or user.name, password = change.password or user.password,
          domain = { name = user.domain } } } },
        scope = change.scope or { project = { name = "eu-west-101" } } } }
      headers = headers or {}
      headers["x-auth-token"] = false
      return p:send("POST", "/v3/auth/tokens",
        { body = change.body or body, headers = headers, query = { nocatalog = "true" } })
    end

    local function use(response)
      local token = response.headers["X-Subject-Token"]
      return (p:status("j", { headers = { ["x-auth-token"] = token } }))
    end

    it("gives a token for a project, by name or id", function()
      p.now = noon + 0.5
      local response, body = login()
      assert.equal(201, response.status)
      assert.equal(2048, #response.headers["X-Subject-Token"])
      assert.equal("2018-11-27T21:39:00.500000Z", body.token.issued_at)
      assert.equal("2018-11-28T21:39:00.500000Z", body.token.expires_at)
      assert.equal(project, body.token.project.id)
      assert.equal("eu-west-101", body.token.project.name)
      assert.equal(user.name, body.token.user.name)
      assert_error(use(response), 400, "GES.8301", "can not find job")
      local again = login { scope = { project = { id = project } } }
      assert.not_equal(response.headers["X-Subject-Token"], again.headers["X-Subject-Token"])
      assert_error(use(again), 400, "GES.8301", "can not find job")
      assert_error(use(response), 400, "GES.8301", "can not find job")
    end)

    it("gives tokens of a chosen life and length", function()
      local response = login(nil, { ["x-sim-lifetime"] = "2.5", ["x-sim-token-bytes"] = "9120" })
      assert.equal(9120, #response.headers["X-Subject-Token"])
      p.now = noon + 2.4
      assert.equal(400, use(response).status)
      p.now = noon + 2.5
      assert_error(use(response), 401, "APIGW.0307", "updated")
      assert.equal(400, login(nil, { ["x-sim-lifetime"] = "-1" }).status)
      assert.equal(400, login(nil, { ["x-sim-token-bytes"] = "63" }).status)
    end)

    it("with a domain scope gives a token that GES refuses", function()
      local response, body = login { scope = { domain = { name = user.domain } } }
      assert.equal(201, response.status)
      assert.is_nil(body.token.project)
      assert.equal(403, use(response).status)
    end)

    it("with a wrong password is refused in IAM's shape", function()
      local response, body = login { password = "wrong" }
      assert.equal(401, response.status)
      assert.same({ error = { code = 401, title = "Unauthorized",
        message = "The username or password is wrong." } }, body)
      assert.truthy(response.headers["X-IAM-Trace-Id"])
      assert.equal(401, login({ name = "nobody" }).status)
    end)

    it("with five wrong passwords in a row locks the account", function()
      for _ = 1, 5 do
        assert.equal(401, login({ password = "wrong" }).status)
      end
      local response, body = login()
      assert.equal(401, response.status)
      assert.equal("The account is locked.", body.error.message)
      p.now = p.now + 900
      assert.equal(201, login().status)
    end)

    it("without a usable body is 400", function()
      for _, body in ipairs { "{", "{}", '{"auth":7}', '{"auth":{"identity":{"methods":[]}}}' } do
        local response, decoded = login { body = body }
        assert.equal(400, response.status)
        assert.equal(400, decoded.error.code)
      end
      assert.equal(400, login({ scope = { project = {} } }).status)
      assert.equal(400, login(nil, { ["content-type"] = "text/plain" }).status)
      assert.equal(404, login({ scope = { project = { name = "mars" } } }).status)
    end)
  end)

  describe("the list of projects", function()
    local function list(query, headers)
      return p:send("GET", "/v3/projects", { query = query, headers = headers })
    end

    it("has the token's project", function()
      local _, body = list { name = "eu-west-101" }
      assert.equal(project, body.projects[1].id)
      assert.equal('{"projects":[]}', list({ name = "cn-north-4" }).body)
    end)

    it("has every project for a key", function()
      local out = plane.sign { method = "GET", host = "127.0.0.1:8080", path = "/v3/projects",
        query = {}, date = clock.sdk(p.now), ak = key.ak, sk = key.sk }
      local _, body = list({}, { ["x-auth-token"] = false, authorization = out.Authorization,
        ["x-sdk-date"] = out["X-Sdk-Date"] })
      assert.equal(2, #body.projects)
    end)

    it("is for those who say who they are", function()
      assert_error(list({}, { ["x-auth-token"] = false }), 401, "APIGW.0301", "not found")
    end)
  end)
end)
