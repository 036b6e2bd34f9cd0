-- Nothing of one set of credentials is left in the next: whatever one field of an environment, a
-- profile file or a call changes, a provider that has served the others gives what a fresh one
-- does. IAM's answers here depend on all that it is asked with, so an answer to another question
-- shows.

local creds_ctx = require("creds_ctx")
local credentials = require("ges.credentials")
local ges = require("ges")
local json = require("ges.json")
local lab = require("lab")

-- What IAM makes of a request: a refusal where a secret is "wrong", else an answer whose ids and
-- tokens spell out who asked where for what.
local function iam(request)
  local headers = request.headers
  if request.method == "POST" then
    local auth = json.decode(request.body).auth
    local user, scope = auth.identity.password.user, auth.scope.project
    local domain = (user.domain.name or "") .. "/" .. (user.domain.id or "")
    if (user.name .. user.password .. domain):find("wrong", 1, true) then
      return creds_ctx.refusal(401)
    end
    local about = table.concat({ request.endpoint, user.name, user.password, domain }, "|")
    return { status = 201, headers = { ["x-subject-token"] = about .. "|" .. json.encode(scope) },
      body = json.encode {
        token = { project = { id = scope.id or "id|" .. about .. scope.name } } } }
  end
  local who = headers.Authorization:match("Access=([^,]+)") .. "|"
    .. (headers["X-Security-Token"] or "")
  if who:find("wrong", 1, true) then return creds_ctx.refusal(401) end
  return { status = 200, headers = {}, body = json.encode { projects = {
    { id = ("%s|%s|%s"):format(request.endpoint, request.query.name, who) } } } }
end

-- What a provider gives: the credentials, or the kind of its failure.
local function given(provider, fields)
  local ctx = creds_ctx.new(iam, fields)
  local creds, _, info = provider:get(ctx)
  return creds or info.kind .. " " .. tostring(info.cause)
end

-- Checks calls with A, B, A and B of one provider. `make(state)` makes a provider that reads its
-- world from the table `state`; `fields(state)` are those of the context.
local function check(make, fields, a, b, what)
  local function fresh(state) return given(make(state), fields(state)) end
  local want = { fresh(a), fresh(b) }
  assert.are_not.same(want[1], want[2], what .. ": the case shows nothing")
  local now = {}
  local provider = make(now)
  for turn = 1, 4 do
    for name in pairs(now) do now[name] = nil end
    for name, value in pairs(turn % 2 == 1 and a or b) do now[name] = value end
    assert.same(want[(turn - 1) % 2 + 1], given(provider, fields(now)), what .. ", turn " .. turn)
  end
end

local function with(base, name, value)
  local own = {}
  for key, other in pairs(base) do own[key] = other end
  own[name] = value or nil
  return own
end

-- Checks each field of `changes` alone: its value in `base` against these others.
local function each_field(base, changes, make, fields)
  for name, values in pairs(changes) do
    for _, value in ipairs(values) do
      check(make, fields, base, with(base, name, value), name .. " = " .. tostring(value))
    end
  end
end

local function needs_project() return { need_project = true } end

describe("a provider that has served others:", function()
  describe("the environment", function()
    local function make(state)
      return credentials.env(function(name) return state[name] end)
    end

    local PLACE = { HW_REGION_NAME = { "cn-north-1", "eu-west-101" },
      HW_PROJECT_NAME = { "project-b", false }, HW_PROJECT_ID = { "id-b", "id-c" },
      HW_CLOUD = { "b.example.org" }, HW_AUTH_URL = { "https://iam-b.example", "https://iam-c" } }

    local function changes(own)
      local all = {}
      for _, part in ipairs { PLACE, own } do
        for name, values in pairs(part) do all[name] = values end
      end
      return all
    end

    it("with a token", function()
      each_field({ GES_TOKEN = "token-a", HW_PROJECT_ID = "id-a" },
        { GES_TOKEN = { "token-b" }, HW_PROJECT_ID = { "id-b", false } }, make, needs_project)
    end)

    it("with keys, permanent or temporary, and a project's name", function()
      each_field({ HW_ACCESS_KEY = "AK-A", HW_SECRET_KEY = "secret-a",
        HW_SECURITY_TOKEN = "security-a", HW_PROJECT_NAME = "project-a",
        HW_REGION_NAME = "cn-north-4", HW_CLOUD = "a.example.org" },
        changes { HW_ACCESS_KEY = { "AK-B", "AK-wrong" }, HW_SECRET_KEY = { "secret-b" },
          HW_SECURITY_TOKEN = { "security-b", false, "security-wrong" } },
        make, needs_project)
    end)

    it("with keys and the project's id", function()
      each_field({ HW_ACCESS_KEY = "AK-A", HW_SECRET_KEY = "secret-a", HW_PROJECT_ID = "id-a",
        HW_SECURITY_TOKEN = "security-a" },
        { HW_ACCESS_KEY = { "AK-B" }, HW_SECRET_KEY = { "secret-b" },
          HW_SECURITY_TOKEN = { "security-b", false }, HW_PROJECT_ID = { "id-b" } },
        make, needs_project)
    end)

    it("with a password", function()
      each_field({ HW_USER_NAME = "user-a", HW_USER_PASSWORD = "password-a",
        HW_DOMAIN_NAME = "domain-a", HW_PROJECT_NAME = "project-a",
        HW_REGION_NAME = "cn-north-4", HW_CLOUD = "a.example.org" },
        changes { HW_USER_NAME = { "user-b", "wrong" },
          HW_USER_PASSWORD = { "password-b", "wrong" }, HW_DOMAIN_NAME = { "domain-b", "wrong" } },
        make, needs_project)
      each_field({ OS_USERNAME = "user-a", OS_PASSWORD = "password-a", OS_DOMAIN_ID = "domain-a",
        OS_PROJECT_ID = "id-a", OS_AUTH_URL = "https://iam.example" },
        { OS_DOMAIN_ID = { "domain-b" }, OS_PROJECT_ID = { "id-b" },
          OS_AUTH_URL = { "https://iam-b.example" }, OS_DOMAIN_NAME = { "domain-a" } },
        make, needs_project)
    end)

    it("with another kind of credentials", function()
      local kinds = {
        { GES_TOKEN = "token-a", HW_PROJECT_ID = "id-a" },
        { HW_ACCESS_KEY = "AK-A", HW_SECRET_KEY = "secret-a", HW_PROJECT_ID = "id-a" },
        { HW_USER_NAME = "user-a", HW_USER_PASSWORD = "password-a", HW_DOMAIN_NAME = "domain-a",
          HW_PROJECT_ID = "id-a", HW_REGION_NAME = "cn-north-4" }, {},
      }
      for i, a in ipairs(kinds) do
        for j, b in ipairs(kinds) do
          if i ~= j then check(make, needs_project, a, b, i .. " and " .. j) end
        end
      end
    end)
  end)

  describe("a profile file", function()
    local file

    before_each(function()
      file = os.tmpname()
      os.execute("chmod 600 " .. file)
    end)
    after_each(function() os.remove(file) end)

    -- The file is written anew before each call, as one that is moved there.
    local function make(state)
      local provider = credentials.profile { file = file, getenv = function() end }
      return { get = function(_, ctx)
        local out = assert(io.open(file .. ".new", "w"))
        out:write("[basic]\n")
        for key, value in pairs(state) do out:write(key, " = ", value, "\n") end
        out:close()
        os.execute(("chmod 600 %s.new && mv %s.new %s"):format(file, file, file))
        return provider:get(ctx)
      end }
    end

    local function in_region() return { need_project = true, region = "cn-north-4" } end

    it("with the project's id, or without", function()
      each_field({ ak = "AK-A", sk = "secret-a", security_token = "security-a",
        project_id = "id-a" },
        { ak = { "AK-B" }, sk = { "secret-b" }, security_token = { "security-b", false },
          project_id = { "id-b", false } }, make, in_region)
      each_field({ ak = "AK-A", sk = "secret-a", security_token = "security-a" },
        { ak = { "AK-B", "AK-wrong" }, sk = { "secret-b" },
          security_token = { "security-b", false, "security-wrong" },
          iam_endpoint = { "https://iam-b.example" } }, make, in_region)
    end)
  end)

  -- The provider stays; the calls differ.
  describe("of calls to several places,", function()
    local CALLS = { region = { "cn-north-1", "cn-north-9" }, cloud = { "b.example.org" },
      project = { "project-b" }, project_id = { "id-b" },
      iam_endpoint = { "https://iam-b.example" } }
    local BASE = { need_project = true, region = "cn-north-4", cloud = "a.example.org",
      project = "project-a" }

    local function fields(state) return state end

    it("keys", function()
      each_field(BASE, { region = CALLS.region, cloud = CALLS.cloud, project = CALLS.project,
        iam_endpoint = CALLS.iam_endpoint }, function()
        return credentials.aksk { ak = "AK-A", sk = "secret-a", security_token = "security-a" }
      end, fields)
    end)

    it("two regions or two names of projects on one address of IAM", function()
      local at_iam = with(BASE, "iam_endpoint", "https://iam.example")
      for _, base in ipairs { with(at_iam, "project"), at_iam } do
        local other = base.project and { project = CALLS.project } or { region = CALLS.region }
        each_field(base, other, function()
          return credentials.aksk { ak = "AK-A", sk = "secret-a" }
        end, fields)
        each_field(base, other, function()
          return credentials.password { user = "user-a", password = "password-a", domain = "d" }
        end, fields)
      end
    end)

    it("a password", function()
      each_field(BASE, CALLS, function()
        return credentials.password { user = "user-a", password = "password-a",
          domain = "domain-a" }
      end, fields)
    end)
  end)

  it("the metadata service's keys, of which one field changes, arrive renewed", function()
    local first = { access = "AK-A", secret = "secret-a", securitytoken = "security-a" }
    for _, name in ipairs { "access", "secret", "securitytoken" } do
      local now = first
      local ctx = creds_ctx.new(function(request)
        if request.method == "PUT" then return { status = 200, headers = {}, body = "session" } end
        return { status = 200, headers = {}, body = json.encode { credential = now } }
      end)
      local provider = credentials.metadata()
      local function want(keys)
        assert.same({ ak = keys.access, sk = keys.secret, security_token = keys.securitytoken },
          provider:get(ctx))
      end
      want(first)
      now = with(first, name, "other")
      ctx.time = ctx.time + 86400
      want(now)
      now = first
      ctx.time = ctx.time + 86400
      want(first)
    end
  end)
end)

describe("a client that has looked a project up", function()
  local sim

  setup(function() sim = lab.start() end)
  teardown(function() lab.stop() end)
  after_each(lab.cleanup)

  local function asks(client, server, keys)
    local job, _, info = client:job_status { endpoint = server:url(), iam_endpoint = sim.url,
      project = "eu-west-101", graph_id = "g", job_id = "j", retries = 0,
      ak = keys[1], sk = keys[2], security_token = keys[3] }
    return job and job.status or info.kind
  end

  it("does so with each key of its own, of which one field differs", function()
    local good = { "SIMTEMPORARYKEY", "sim-secret-key", "sim-security-token" }
    for n, other in ipairs { "SIMOTHERKEY", "wrong-secret-key", "wrong-security-token" } do
      local server, client = lab.replies { "running" }, lab.client()
      local wrong = { good[1], good[2], good[3] }
      wrong[n] = other
      for _, keys in ipairs { good, wrong, good, wrong } do
        assert.equal(keys == good and "running" or "credentials", asks(client, server, keys),
          "field " .. n)
      end
      assert.equal(2, #server:requests())
    end
  end)

  it("looks it up again with a renewed security token, with that token", function()
    local server = lab.replies { "running" }
    local seen = lab.replies { { 200, '{"projects":[{"id":"p"}]}' } }
    local client = lab.client { endpoint = server:url(), iam_endpoint = seen:url(), project = "n",
      graph_id = "g", job_id = "j" }
    local tokens = {}
    for _, token in ipairs { "security-a", "security-b", "security-a" } do
      assert(client:job_status { ak = "AK", sk = "secret", security_token = token })
    end
    for i, text in ipairs(seen:requests()) do
      tokens[i] = text:match("\r\nX%-Security%-Token: ([^\r]*)")
    end
    assert.same({ "security-a", "security-b" }, tokens)
    for i, text in ipairs(server:requests()) do
      assert.equal(i == 2 and "security-b" or "security-a",
        text:match("\r\nX%-Security%-Token: ([^\r]*)"))
    end
  end)

  it("logs in or looks up for two regions and two names on one address of IAM", function()
    local server = lab.replies { "running" }
    local ids = { ["eu-west-101"] = sim.demo.project_id,
      ["cn-north-4"] = "7d19a3e5c0b24f68812f4b6de9a7053c" }
    for _, who in ipairs { { ak = "SIMACCESSKEY", sk = "sim-secret-key" },
      { credentials = ges.credentials.password { user = sim.demo.user, password = "sim-password",
        domain = sim.demo.domain } },
      { credentials = ges.credentials.aksk { ak = "SIMACCESSKEY", sk = "sim-secret-key" } } } do
      local client = lab.client(with(with(with(who, "iam_endpoint", sim.url), "endpoint",
        server:url()), "graph_id", "g"))
      for _, name in ipairs { "eu-west-101", "cn-north-4", "eu-west-101" } do
        for _, call in ipairs { "job_status", "wait" } do
          client[call](client, { job_id = "j", project = name, timeout = 0 })
          local list = server:requests()
          assert.is_truthy(list[#list]:find("/v2/" .. ids[name] .. "/", 1, true), list[#list])
        end
      end
    end
  end)
end)
