-- The simulated management plane, without a server: tokens, signatures, logins and projects.

local cjson = require "cjson"
local clock = require "ges.sim.service.clock"
local core = require "ges.core"
local defaults = require "ges.sim.service.defaults"
local digest = require "digest"
local plane = require "plane"
local service = require "ges.sim.service"

local project, other_project, graph = plane.project, plane.other_project, plane.graph
local graphs, noon, assert_error = plane.graphs, plane.noon, plane.assert_error
local key = defaults.keys[1]

describe("ges.sim.service", function()
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
      assert_error(with "sim-token-other-project", 400, "GES.0016", "project")
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
      local out = core.sign(args)
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

    it("may be asked for with the hash of its body, as for what is not JSON", function()
      local value = "UNSIGNED-PAYLOAD"
      local canonical = ("GET\n%s/\n\nx-sdk-content-sha256:%s\nx-sdk-date:20181127T213900Z\n\n"
        .. "x-sdk-content-sha256;x-sdk-date\n%s"):format(path, value, value)
      local text = "SDK-HMAC-SHA256\n20181127T213900Z\n" .. digest.sha256(canonical)
      local response = p:send("GET", path, { body = "anything", headers = {
        ["x-auth-token"] = false, ["x-sdk-date"] = "20181127T213900Z",
        ["x-sdk-content-sha256"] = value,
        authorization = ("SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%s"):format(key.ak,
          "x-sdk-content-sha256;x-sdk-date", digest.hmac(key.sk, text)) } })
      assert.equal(200, response.status, response.body)
    end)

    it("has its headers named in lower case and in order", function()
      local list = "SDK-HMAC-SHA256 Access=SIMACCESSKEY, SignedHeaders=%s, Signature=00"
      for _, names in ipairs { "x-sdk-date;host", "Host;x-sdk-date", "host;host;x-sdk-date" } do
        local given = { authorization = list:format(names) }
        assert_error(signed({}, given), 401, "APIGW.0301", "sorted")
      end
    end)

    it("of an unknown key is refused as such", function()
      assert_error(signed { ak = "NOSUCHKEY" }, 401, "APIGW.0301", "ak not exist")
    end)

    it("of a temporary key needs its security token", function()
      local temporary = defaults.keys[2]
      local args = { ak = temporary.ak, sk = temporary.sk }
      assert_error(signed(args), 401, "APIGW.0301", "security token")
      assert.equal(200, signed(args, { ["x-security-token"] = temporary.security_token }).status)
      for _, one in ipairs { args, {} } do -- neither another one, nor one beside a permanent key
        local response = signed(one, { ["x-security-token"] = "another-security-token" })
        assert_error(response, 401, "APIGW.0301", "security token")
      end
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

    it("of a key that is locked is refused, right or wrong", function()
      local locked = defaults.keys[3]
      assert_error(signed { ak = locked.ak, sk = locked.sk }, 401, "APIGW.0301", "forbidden")
    end)

    it("opens only the projects of its key, and nothing without the right", function()
      p.service = service.new { json = cjson, digest = digest, keys = {
        { ak = "ONE", sk = "s", projects = { project } },
        { ak = "OTHER", sk = "s", projects = { other_project } },
        { ak = "NONE", sk = "s", forbidden = true } } }
      assert.equal(200, signed({ ak = "ONE", sk = "s" }).status)
      assert_error(signed { ak = "OTHER", sk = "s" }, 400, "GES.0016", "project")
      assert_error(signed { ak = "NONE", sk = "s" }, 403, "APIGW.0302", "not allowed")
    end)

    it("without its date among the signed headers is refused", function()
      local canonical = ("GET\n%s/\n\nhost:127.0.0.1:8080\n\nhost\n%s"):format(path,
        digest.sha256(""))
      local text = "SDK-HMAC-SHA256\n20181127T213900Z\n" .. digest.sha256(canonical)
      local form = "SDK-HMAC-SHA256 Access=%s, SignedHeaders=host, Signature=%s"
      assert_error(p:send("GET", path, { headers = { ["x-auth-token"] = false,
        ["x-sdk-date"] = "20181127T213900Z",
        authorization = form:format(key.ak, digest.hmac(key.sk, text)) } }), 401, "APIGW.0301",
        "not signed")
    end)

    it("is of no known key where nothing can verify it", function()
      p.service = service.new { json = cjson }
      assert_error(signed(), 401, "APIGW.0301", "ak not exist")
    end)

    it("counts less than a token", function()
      local response = p:send("GET", path, { headers = { authorization = "nonsense" } })
      assert.equal(200, response.status)
    end)
  end)

  describe("a login", function()
    local user = defaults.users[1]

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

    -- A login by one way to name the user.
    local function login_as(named)
      named.password = user.password
      return p:send("POST", "/v3/auth/tokens", { headers = { ["x-auth-token"] = false }, body = {
        auth = { identity = { methods = { "password" }, password = { user = named } },
          scope = { project = { id = project } } } } })
    end

    it("may name its user by id, and the domain by id", function()
      assert.equal(201, login_as({ id = user.id }).status)
      assert.equal(201, login_as({ name = user.name, domain = { id = user.domain_id } }).status)
      assert.equal(401, login_as({ id = "other" }).status)
      assert.equal(401, login_as({ name = user.name, domain = { id = "other" } }).status)
      assert.equal(401, login_as({ name = user.name }).status)
    end)

    it("may be made with a token", function()
      local function by(token)
        return p:send("POST", "/v3/auth/tokens", { headers = { ["x-auth-token"] = false }, body = {
          auth = { identity = { methods = { "token" }, token = { id = token } },
            scope = { project = { id = project } } } } })
      end
      local response, body = by "sim-token"
      assert.equal(201, response.status)
      assert.same({ "token" }, body.token.methods)
      assert.equal(400, use(response).status)
      assert.equal(401, by("sim-token-expired").status)
      assert.equal(401, by("none").status)
    end)

    it("with a token that may do nothing gives another such", function()
      local response = p:send("POST", "/v3/auth/tokens", { headers = { ["x-auth-token"] = false },
        body = { auth = { identity = { methods = { "token" },
          token = { id = "sim-token-forbidden" } }, scope = { project = { id = project } } } } })
      assert.equal(201, response.status)
      assert_error(use(response), 403, "APIGW.0302", "not allowed")
    end)

    it("has one method", function()
      local identity = { methods = { "password", "totp" }, password = { user = { id = user.id,
        password = user.password } } }
      assert.equal(400, p:send("POST", "/v3/auth/tokens", { body = { auth = {
        identity = identity, scope = { project = { id = project } } } } }).status)
    end)

    it("without a scope gives a token that GES refuses", function()
      local response = p:send("POST", "/v3/auth/tokens", { headers = { ["x-auth-token"] = false },
        body = { auth = { identity = { methods = { "password" }, password = { user = {
          id = user.id, password = user.password } } } } } })
      assert.equal(201, response.status)
      assert.equal(403, use(response).status)
    end)

    it("has the catalog, unless it asks for none", function()
      assert.is_nil(select(2, login()).token.catalog)
      local _, body = p:send("POST", "/v3/auth/tokens", { headers = { ["x-auth-token"] = false },
        body = { auth = { identity = { methods = { "password" }, password = { user = {
          id = user.id, password = user.password } } } } } })
      assert.equal("http://127.0.0.1:8080/v2", body.token.catalog[1].endpoints[1].url)
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
      for _, id in ipairs { "nowhere", other_project } do -- the id counts, and not the name
        local response, body = login { scope = { project = { id = id, name = "eu-west-101" } } }
        assert.equal(id == other_project and 201 or 404, response.status)
        assert.equal(id == other_project and id or nil, body.token and body.token.project.id)
      end
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
      local out = core.sign { method = "GET", host = "127.0.0.1:8080", path = "/v3/projects",
        query = {}, date = clock.sdk(p.now), ak = key.ak, sk = key.sk }
      local _, body = list({}, { ["x-auth-token"] = false, authorization = out.Authorization,
        ["x-sdk-date"] = out["X-Sdk-Date"] })
      assert.equal(2, #body.projects)
    end)

    it("is for those who say who they are", function()
      for _, path in ipairs { "/v3/projects", "/v3/auth/projects", "/v3/auth/domains",
        "/v3/auth/catalog" } do
        assert_error(p:send("GET", path, { headers = { ["x-auth-token"] = false } }), 401,
          "APIGW.0301", "not found")
        assert.equal(200, p:send("GET", path, { body = "{}" }).status)
      end
    end)
  end)
end)
