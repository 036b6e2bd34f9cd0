-- ges.credentials with a login: password, metadata, and that no secret shows anywhere.

local credentials = require("ges.credentials")
local creds_ctx = require("creds_ctx")
local json = require("ges.json")

local PASSWORD = "hunter2hunter2"
local refusal, stamp = creds_ctx.refusal, creds_ctx.stamp

local function password(more)
  local opts = { user = "alice", password = PASSWORD, domain = "acme", project_id = "p1" }
  for key, value in pairs(more or {}) do opts[key] = value or nil end
  return credentials.password(opts)
end

-- IAM that issues token1, token2, ..., each for `life` seconds.
local function iam(life, more)
  local ctx
  ctx = creds_ctx.new(function(_, n)
    local token = { issued_at = stamp(ctx.time), expires_at = stamp(ctx.time + life),
      project = { id = "p1", name = "cn-north-4" } }
    for key, value in pairs(more or {}) do token[key] = value end
    return { status = 201, headers = { ["x-subject-token"] = "token" .. n },
      body = json.encode { token = token } }
  end)
  return ctx
end

local function fails(provider, ctx, pattern)
  local creds, err, info = provider:get(ctx)
  assert.is_nil(creds)
  assert.equal("credentials", info.kind)
  assert.is_false(info.retryable)
  assert.matches(pattern, err)
  return info
end

describe("ges.credentials.password", function()
  it("logs in with a project scope", function()
    local ctx = iam(86400)
    local provider = password { region = "cn-north-4" }
    assert.same({ token = "token1", project_id = "p1" }, provider:get(ctx))
    local request = ctx.requests[1]
    assert.equal("https://iam.cn-north-4.myhuaweicloud.com", request.endpoint)
    assert.equal("POST /v3/auth/tokens", request.method .. " " .. request.path)
    assert.same({ nocatalog = "true" }, request.query)
    assert.same({ ["Content-Type"] = "application/json;charset=utf8" }, request.headers)
    assert.same({ auth = {
      identity = { methods = { "password" }, password = { user = {
        name = "alice", password = PASSWORD, domain = { name = "acme" } } } },
      scope = { project = { id = "p1" } },
    } }, json.decode(request.body))
  end)

  it("escapes what it puts in the body", function()
    local ctx = iam(86400)
    password { password = 'a"b\\c\nd' }:get(ctx)
    assert.equal('a"b\\c\nd',
      json.decode(ctx.requests[1].body).auth.identity.password.user.password)
  end)

  local function scope(opts, fields)
    local ctx = iam(86400, { project = false })
    for key, value in pairs(fields or {}) do ctx[key] = value end
    opts.project_id = opts.project_id or false
    password(opts):get(ctx)
    return json.decode(ctx.requests[1].body).auth.scope.project, ctx.requests[1].endpoint
  end

  it("takes the project from options, the call or the region", function()
    local call = { project_id = "p9", region = "cn-south-1" }
    local function named(name) return { name = name, domain = { name = "acme" } } end
    assert.same({ id = "p9" }, scope({ project_id = "p5", project = "n" }, call))
    assert.same({ id = "p5" }, scope({ project_id = "p5", project = "n" }))
    assert.same(named "m", scope({ project_id = "p5" }, { project = "m" }))
    assert.same(named "n", scope { project = "n" })
    assert.same({ name = "n", domain = { id = "d1" } },
      scope { project = "n", domain = false, domain_id = "d1" })
    assert.same(named "cn-south-1", scope({}, { region = "cn-south-1" }))
    assert.same(named "cn-south-1", scope({ region = "cn-east-3" }, { region = "cn-south-1" }))
    assert.same(named "cn-east-3", scope { region = "cn-east-3" })
    fails(password { project_id = false }, iam(60), "set project_id, project or region")
  end)

  it("finds IAM by option, region or cloud", function()
    local function endpoint(opts, fields) return (select(2, scope(opts, fields))) end
    assert.equal("https://iam.test", endpoint { project = "n", iam_endpoint = "https://iam.test" })
    assert.equal("https://iam.test",
      endpoint { project = "n", iam_endpoint = "https://iam.test/v3/" })
    assert.equal("https://iam.myhuaweicloud.com", endpoint { project = "n" })
    assert.equal("https://iam.eu-west-101.myhuaweicloud.eu",
      endpoint({ project = "n" }, { region = "eu-west-101" }))
    assert.equal("https://iam.r1.example.org", endpoint({ region = "r1", cloud = "example.org" }))
    -- a region and its cloud are of one source
    for _, opts in ipairs { { region = "r1", cloud = "example.org" }, { cloud = "example.org" } } do
      assert.equal("https://iam.cn-north-4.myhuaweicloud.com",
        endpoint(opts, { region = "cn-north-4" }))
      assert.equal("https://iam.r2.example.com",
        endpoint(opts, { region = "r2", cloud = "example.com" }))
    end
  end)

  it("goes nowhere with a region that is not the endpoint's", function()
    local ctx = iam(86400)
    ctx.region, ctx.far = "cn-south-1", true
    fails(password {}, ctx, "give iam_endpoint, or a region instead")
    assert.equal(0, #ctx.requests)
    assert.equal("token1", password { iam_endpoint = "https://iam.test" }:get(ctx).token)
    ctx.iam_endpoint = "https://iam2.test"
    password {}:get(ctx)
    assert.equal("https://iam2.test", ctx.requests[2].endpoint)
  end)

  it("refuses a password that is likely another one, and sends nothing", function()
    local ctx = iam(86400)
    for sent, why in pairs { ["hunter2\n"] = "ends with a newline", ["hunter2\r\n"] = "a newline",
      ["hunter2 "] = "ends with a blank", ['"hunter2"'] = "is in quotes",
      ["'hunter2'"] = "is in quotes" } do
      local creds, err, info = password { password = sent }:get(ctx)
      assert.is_nil(creds)
      assert.equal("argument", info.kind)
      assert.matches("the password .*" .. why, err)
      assert.is_nil(err:find("hunter2", 1, true))
    end
    assert.equal(0, #ctx.requests)
    for _, sent in ipairs { "a b", '"', "it's", " x", "'a\"" } do
      assert.truthy(password { password = sent }:get(ctx))
    end
  end)

  -- A context for each project over one client; `answer(id, n)` is what IAM says.
  local function projects_of(answer, opts)
    local ctx = creds_ctx.new(function(request, n)
      return answer(json.decode(request.body).auth.scope.project.id, n)
    end)
    ctx.slow = true
    local provider = password(opts or { project_id = false })
    local function ask(id)
      return function()
        return provider:get(setmetatable({ project_id = id }, { __index = ctx }))
      end
    end
    return ask, ctx
  end

  local function granted(id, n)
    return { status = 201, headers = { ["x-subject-token"] = "token" .. n }, body = json.encode {
      token = { expires_at = stamp(1767323045 + 86400), project = { id = id } } } }
  end

  it("sends a password that may be wrong once, for however many projects at a time", function()
    local ask, ctx = projects_of(function() return refusal(401) end)
    local results = creds_ctx.together(ask "a", ask "b", ask "c", ask "d")
    for _, got in ipairs(results) do
      assert.is_nil(got[1])
      assert.matches("not tried again", got[2])
    end
    assert.equal(1, #ctx.requests)
    assert.is_nil((ask "e"()))
    assert.equal(1, #ctx.requests)
  end)

  it("logs in for each project once the password was accepted", function()
    local ask, ctx = projects_of(granted)
    local results = creds_ctx.together(ask "a", ask "b", ask "a", ask "c")
    for i, id in ipairs { "a", "b", "a", "c" } do
      assert.equal(id, results[i][1].project_id)
    end
    assert.equal(results[1][1].token, results[3][1].token)
    assert.equal(3, #ctx.requests)
  end)

  it("tries for one project whatever was said of another", function()
    for _, status in ipairs { 404, 400 } do
      local ask = projects_of(function(id, n)
        if id == "a" then return refusal(status) end
        return granted(id, n)
      end)
      local results = creds_ctx.together(ask "a", ask "b", ask "c")
      assert.is_nil(results[1][1])
      assert.equal("b", results[2][1].project_id)
      assert.equal("c", results[3][1].project_id)
    end
  end)

  it("waits for a service that does not answer once for all who wait", function()
    local ask, ctx = projects_of(function() return refusal(503) end)
    for _, got in ipairs(creds_ctx.together(ask "a", ask "b", ask "c")) do assert.is_nil(got[1]) end
    assert.equal(1, #ctx.requests)
  end)

  it("is not kept from a call by the end of another's own time", function()
    for _, own in ipairs { { kind = "timeout", own = true }, { kind = "cancelled" } } do
      local ask, ctx = projects_of(function(id, n)
        if n == 1 then return nil, "ended", own end
        return granted(id, n)
      end)
      local results = creds_ctx.together(ask "a", ask "b", ask "a")
      assert.is_nil(results[1][1])
      assert.equal("b", results[2][1].project_id)
      assert.equal("a", results[3][1].project_id)
      assert.equal("a", (ask "a"()).project_id) -- nothing of it is remembered
      assert.equal(3, #ctx.requests)
    end
  end)

  it("believes a refusal after an accepted login when it comes twice", function()
    local refused = {}
    local ask, ctx = projects_of(function(id, n)
      if refused[id] then return refusal(401) end
      return granted(id, n)
    end)
    ctx.slow = false
    assert.equal("a", (ask "a"()).project_id)
    refused.b = true
    assert.is_nil((ask "b"()))
    assert.equal("c", (ask "c"()).project_id)
    refused.d, refused.e, refused.f = true, true, true
    assert.is_nil((ask "d"()))
    assert.is_nil((ask "e"()))
    assert.equal(5, #ctx.requests)
    assert.is_nil((ask "f"()))
    assert.equal(5, #ctx.requests)
    assert.equal("a", (ask "a"()).project_id) -- its token is good
  end)

  it("serves by the id of the project what a login by its name got", function()
    local ctx = iam(86400)
    local provider = password { project_id = false, project = "n" }
    assert.equal("token1", provider:get(ctx).token)
    ctx.project_id = "p1"
    assert.equal("token1", provider:get(ctx).token)
    ctx.project_id = "p2"
    fails(provider, ctx, "IAM gave a token for project 'p1' instead of 'p2'")
  end)

  it("keeps the token until shortly before it ends", function()
    local ctx = iam(86400)
    local provider = password()
    for _, at in ipairs { 0, 3600, 86400 - 301 } do
      ctx.time = 1767323045 + at
      assert.equal("token1", provider:get(ctx).token)
    end
    ctx.time = 1767323045 + 86400 - 300
    assert.equal("token2", provider:get(ctx).token)
    assert.equal(2, #ctx.requests)
  end)

  it("renews a short token a tenth of its life before the end", function()
    local ctx = iam(100)
    local provider = password()
    provider:get(ctx)
    ctx.time = ctx.time + 89
    assert.equal("token1", provider:get(ctx).token)
    ctx.time = ctx.time + 2
    assert.equal("token2", provider:get(ctx).token)
  end)

  it("takes the server's clock instead of a wrong local one", function()
    local long_ago = { issued_at = stamp(1000000000), expires_at = stamp(1000086400) }
    local ctx = iam(0, long_ago)
    local provider = password()
    provider:get(ctx)
    ctx.time = ctx.time + 80000
    assert.equal("token1", provider:get(ctx).token)
  end)

  it("keeps a token without a stated end for an hour at most", function()
    local ctx = creds_ctx.new(function(_, n)
      return { status = 201, headers = { ["x-subject-token"] = "t" .. n }, body = "not json" }
    end)
    local provider = password()
    assert.same({ token = "t1", project_id = "p1" }, provider:get(ctx))
    ctx.time = ctx.time + 3600
    assert.equal("t2", provider:get(ctx).token)
  end)

  it("keeps one token for each project", function()
    local ctx = iam(86400, { project = false })
    local provider = password { project_id = false }
    for _, id in ipairs { "a", "b", "a", "b" } do
      ctx.project_id = id
      assert.equal(id, provider:get(ctx).project_id)
    end
    assert.equal(2, #ctx.requests)
  end)

  it("shares one login among those who ask at the same time", function()
    local ctx = iam(86400)
    ctx.slow = true
    local provider = password()
    local function ask() return provider:get(ctx) end
    local results = creds_ctx.together(ask, ask, ask, ask)
    for _, got in ipairs(results) do assert.equal("token1", got[1].token) end
    results[1][1].token = "changed"
    assert.equal("token1", results[2][1].token)
    assert.equal(1, #ctx.requests)
  end)

  it("shares a failed login, too", function()
    local ctx = creds_ctx.new(function() return refusal(503) end, { slow = true })
    local provider = password()
    local function ask() return provider:get(ctx) end
    local results = creds_ctx.together(ask, ask, ask)
    for _, got in ipairs(results) do assert.equal("credentials", got[3].kind) end
    assert.are_not.equal(results[1][3], results[2][3])
    assert.equal(1, #ctx.requests)
  end)

  it("works without a context that shares", function()
    local ctx = iam(86400)
    ctx.share = nil
    assert.equal("token1", password():get(ctx).token)
  end)

  it("never tries a refused password again", function()
    for _, status in ipairs { 401, 403 } do
      local ctx = creds_ctx.new(function() return refusal(status, "wrong: " .. PASSWORD) end)
      local provider = password()
      local info = fails(provider, ctx, "refused the login of user 'alice' of domain 'acme' for "
        .. "project 'p1'.*<redacted>.*not tried again")
      assert.equal(status, info.http_status)
      assert.equal("req-1", info.request_id)
      ctx.time = ctx.time + 1e6
      fails(provider, ctx, "not tried again")
      assert.is_nil((provider:refresh(ctx)))
      ctx.project_id = "another"
      fails(provider, ctx, "not tried again")
      assert.equal(1, #ctx.requests)
    end
  end)

  it("remembers a refusal for every project", function()
    local ctx = creds_ctx.new(function() return refusal(401) end, { project_id = "a" })
    local provider = password { project_id = false }
    fails(provider, ctx, "refused")
    ctx.project_id = "b"
    fails(provider, ctx, "refused")
    assert.equal(1, #ctx.requests)
  end)

  it("does not log in twice in a row on failure", function()
    local ctx = creds_ctx.new(function() return nil, "timed out", { kind = "timeout" } end)
    local provider = password()
    assert.equal("timeout", fails(provider, ctx, "^IAM login failed: timed out$").cause)
    fails(provider, ctx, "timed out")
    assert.equal(1, #ctx.requests)
    ctx.time = ctx.time + 5
    fails(provider, ctx, "timed out")
    assert.equal(2, #ctx.requests)
    ctx.time = ctx.time - 3600
    fails(provider, ctx, "timed out")
    assert.equal(3, #ctx.requests)
  end)

  it("does not hold it against IAM when the caller breaks off", function()
    local ctx = iam(86400)
    local up = ctx.request
    ctx.request = function() return nil, "cancelled", { kind = "cancelled" } end
    local provider = password()
    assert.equal("cancelled", (select(3, provider:get(ctx))).kind)
    ctx.request = up
    assert.equal("token1", provider:get(ctx).token)
  end)

  it("uses the old token while it is good and IAM is down", function()
    local ctx = iam(1000)
    local up = ctx.request
    local provider = password()
    provider:get(ctx)
    local down = 0
    ctx.request = function() down = down + 1 return refusal(503) end
    ctx.time = ctx.time + 950
    for _ = 1, 3 do assert.equal("token1", provider:get(ctx).token) end
    assert.equal(1, down)
    ctx.time = ctx.time + 51
    fails(provider, ctx, "HTTP 503")
    ctx.request = up
    ctx.time = ctx.time + 5
    assert.equal("token2", provider:get(ctx).token)
  end)

  it("says that a project id is wrong", function()
    for _, status in ipairs { 400, 404 } do
      local ctx = creds_ctx.new(function() return refusal(status, "no such project") end)
      fails(password { project_id = "nope" }, ctx,
        "id or name of project 'nope' right%?.*no such project")
    end
    fails(password { project_id = "p2" }, iam(60),
      "for project 'p1' instead of 'p2': is project_id right%?")
  end)

  it("says what is wrong with an answer", function()
    local function answers(response)
      return creds_ctx.new(function() return response end)
    end
    fails(password(), answers { status = 201, headers = {}, body = "{}" }, "contains no token")
    local headers = { ["x-subject-token"] = "a b" }
    fails(password(), answers { status = 201, headers = headers, body = "" },
      "the token that IAM sent contains a space")
  end)

  it("throws for a mistake in the options", function()
    local _, err = pcall(function()
      return (credentials.password { user = "u", password = "p" })
    end)
    assert.matches("login_spec%.lua:%d+: password: 'domain' is missing$", err)
    assert.error_matches(function() credentials.password { user = "u", domain = "d" } end,
      "password: 'password' is missing")
    assert.error_matches(function() password { passwd = "x" } end, "unknown option 'passwd'")
  end)

  it("takes a domain by id", function()
    local ctx = iam(60)
    password { domain = false, domain_id = "d1" }:get(ctx)
    assert.same({ id = "d1" },
      json.decode(ctx.requests[1].body).auth.identity.password.user.domain)
  end)
end)

describe("ges.credentials.password, refresh", function()
  it("logs in once after a rejected token", function()
    local ctx = iam(86400)
    local provider = password()
    local first = provider:get(ctx)
    assert.equal("token2", provider:refresh(ctx, first).token)
    assert.equal("token2", provider:get(ctx).token)
    assert.equal(2, #ctx.requests)
  end)

  it("gives latecomers the token that is there already", function()
    local ctx = iam(86400)
    local provider = password()
    local first = provider:get(ctx)
    provider:refresh(ctx, first)
    assert.equal("token2", provider:refresh(ctx, first).token)
    assert.equal("token2", provider:refresh(ctx).token)
    assert.equal(2, #ctx.requests)
  end)

  it("is shared by those whose token was rejected at the same time", function()
    local ctx = iam(86400)
    local provider = password()
    local first = provider:get(ctx)
    ctx.slow = true
    local function again() return provider:refresh(ctx, first) end
    local function get() return provider:get(ctx) end
    for _, got in ipairs(creds_ctx.together(again, again, get, again)) do
      assert.equal("token2", got[1].token)
    end
    assert.equal(2, #ctx.requests)
  end)

  it("does not log in for a fresh token that was rejected as well", function()
    local ctx = iam(86400)
    local provider = password()
    local second = provider:refresh(ctx, provider:get(ctx))
    assert.is_nil((provider:refresh(ctx, second)))
    assert.equal(2, #ctx.requests)
    ctx.time = ctx.time + 60
    assert.equal("token3", provider:refresh(ctx, second).token)
  end)

  it("returns nothing when IAM gives the same token again", function()
    local ctx = creds_ctx.new(function()
      return { status = 201, headers = { ["x-subject-token"] = "same" }, body = "{}" }
    end)
    local provider = password()
    assert.is_nil((provider:refresh(ctx, provider:get(ctx))))
  end)
end)

describe("ges.credentials.metadata", function()
  local KEYS = { access = "AKID", secret = "metasecret", securitytoken = "metatoken" }

  local function keys_until(ctx, ends)
    KEYS.expires_at = stamp(ends)
    return { status = 200, headers = {}, body = json.encode { credential = KEYS } }, ctx
  end

  -- The metadata service; `session` is its answer to the request for a session token.
  local function server(session, life)
    local ctx
    ctx = creds_ctx.new(function(request)
      if request.method == "PUT" then return session(request) end
      return (keys_until(ctx, ctx.time + life))
    end)
    return ctx
  end

  local function v2() return { status = 200, headers = {}, body = "sess" } end

  it("reads the server's keys with a session token, directly and briefly", function()
    local ctx = server(v2, 86400)
    assert.same({ ak = "AKID", sk = "metasecret", security_token = "metatoken" },
      credentials.metadata():get(ctx))
    local put, read = ctx.requests[1], ctx.requests[2]
    assert.equal("PUT http://169.254.169.254 /meta-data/latest/api/token",
      table.concat({ put.method, put.endpoint, put.path }, " "))
    assert.same({ ["X-Metadata-Token-Ttl-Seconds"] = "21600" }, put.headers)
    assert.equal("/openstack/latest/securitykey", read.path)
    assert.same({ ["X-Metadata-Token"] = "sess" }, read.headers)
    assert.equal("169.254.169.254", read.no_proxy)
    assert.equal(3, read.request_timeout)
  end)

  it("does without a session token where there is none", function()
    for _, status in ipairs { 404, 405, 403, 503 } do
      local ctx = server(function() return refusal(status) end, 86400)
      assert.equal("AKID", credentials.metadata():get(ctx).ak)
      assert.is_nil(ctx.requests[2].headers)
    end
  end)

  it("keeps the keys until 40 minutes before their end", function()
    local ctx = server(v2, 86400)
    local provider = credentials.metadata()
    provider:get(ctx)
    ctx.time = ctx.time + 86400 - 2401
    provider:get(ctx)
    assert.equal(2, #ctx.requests)
    ctx.time = ctx.time + 2
    provider:get(ctx)
    assert.equal(4, #ctx.requests)
  end)

  it("keeps keys of a short life for half of it", function()
    local ctx = server(v2, 900)
    local provider = credentials.metadata()
    provider:get(ctx)
    ctx.time = ctx.time + 449
    provider:get(ctx)
    assert.equal(2, #ctx.requests)
    ctx.time = ctx.time + 2
    provider:get(ctx)
    assert.equal(4, #ctx.requests)
  end)

  it("says what is wrong", function()
    fails(credentials.metadata(), creds_ctx.new(function() return nil, "timed out", {} end),
      "the metadata service does not answer: timed out")
    fails(credentials.metadata(), server(function() return { status = 200, body = "" } end, 60),
      "session token is empty")
    fails(credentials.metadata(), creds_ctx.new(function(request)
      if request.method == "PUT" then return v2() end
      return refusal(401, "Please configure Cloud Service Agency first")
    end), "agency.*Please configure")
    for _, body in ipairs { "", "{}", '{"credential":null}' } do
      fails(credentials.metadata(), creds_ctx.new(function()
        return { status = 200, headers = {}, body = body == "" and "x" or body }
      end), "not the JSON")
    end
    fails(credentials.metadata(), creds_ctx.new(function(request)
      if request.method == "PUT" then return v2() end
      return { status = 200, headers = {}, body = '{"credential":{"access":"a"}}' }
    end), "the metadata service's sk is missing")
  end)
end)

describe("ges.credentials", function()
  -- Everything printable that can be reached through a value's fields and metatable.
  local function reachable(value, seen, out)
    if type(value) ~= "table" then
      out[#out + 1] = tostring(value)
    elseif not seen[value] then
      seen[value] = true
      for key, field in pairs(value) do
        reachable(key, seen, out)
        reachable(field, seen, out)
      end
      reachable(getmetatable(value) or "", seen, out)
    end
    return out
  end

  it("keeps secrets out of messages and of what can be printed", function()
    local secrets = { PASSWORD, "sk-0123456789abcdef", "sectoken-0123456789", "tok-0123456789" }
    local env = { HW_ACCESS_KEY = "a", HW_SECRET_KEY = secrets[2], HW_SECURITY_TOKEN = secrets[3] }
    local providers = {
      credentials.token(secrets[4]), credentials.token(secrets[4] .. "\n"),
      credentials.token(function() return secrets[4] .. " " end),
      credentials.aksk { ak = "a", sk = secrets[2], security_token = secrets[3] },
      credentials.aksk { ak = "a", sk = secrets[2] .. "\r" },
      credentials.env(function(name) return env[name] end), credentials.env(),
      password(), credentials.metadata(),
    }
    for i = 1, #providers do providers[#providers + 1] = credentials.chain { providers[i] } end
    for _, status in ipairs { 400, 401, 404, 500 } do
      local ctx = creds_ctx.new(function(request)
        if request.endpoint:find("169.254", 1, true) then return refusal(status) end
        return refusal(status, request.body or secrets[2] .. " " .. secrets[3])
      end, { need_project = true, region = "cn-north-4" })
      for _, provider in ipairs(providers) do
        local out = reachable(provider, {}, { tostring(provider) })
        local _, err, info = provider:get(ctx)
        reachable({ err, info }, {}, out)
        _, err, info = provider:refresh(ctx)
        reachable({ err, info, provider }, {}, out)
        local text = table.concat(out, "\n")
        for _, secret in ipairs(secrets) do assert.is_nil(text:find(secret, 1, true)) end
      end
    end
  end)
end)
