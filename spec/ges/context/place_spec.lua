-- Which source decides where a call goes, for which project, and where it is looked up: every fact
-- with every pair of sources, at the interface that a provider sees. Nothing is sent beyond
-- loopback: the calls end in their provider.

local copy = require("ges.util.copy")
local ges = require("ges")
local lab = require("lab")
local place = require("ges.context.place")

-- An environment of these variables alone.
local function getenv_of(variables)
  return function(name) return variables[name] end
end

-- What a provider sees of a call: the facts of its ctx. `own`: what the provider says of itself.
local function seen_by_provider(own, variables, defaults, opts)
  local seen
  local source = copy(own)
  source.getenv = getenv_of(variables)
  local provider = {
    place = function() return source end,
    get = function(_, ctx)
      seen = { endpoint = ctx.endpoint, region = ctx.region, cloud = ctx.cloud,
        project_id = ctx.project_id, project = ctx.project, iam_endpoint = ctx.iam_endpoint,
        need_project = ctx.need_project, far = ctx.far }
      return nil, "seen", { kind = "credentials" }
    end,
  }
  local client = lab.client(defaults)
  local call = copy({ graph_id = "g", job_id = "j", credentials = provider }, copy(opts))
  lab.fails("credentials", client:job_status(call))
  return seen
end

-- Ways to say a fact: as options of a call, of defaults or of a provider, and as variables.
-- `of`: what is seen for the n-th value.
local FACTS = {
  region = {
    say = function(n) return { region = "cn-north-" .. n } end,
    variables = function(n) return { HW_REGION_NAME = "cn-north-" .. n } end,
    see = function(seen) return seen.region end,
    of = function(n) return "cn-north-" .. n end,
    extra = function(seen, n)
      assert.equal(("https://ges.cn-north-%d.myhuaweicloud.com"):format(n), seen.endpoint)
    end,
  },
  cloud = {
    say = function(n) return { region = "r-1", cloud = "c" .. n .. ".example" } end,
    variables = function(n)
      return { OS_REGION_NAME = "r-1", HW_CLOUD = "c" .. n .. ".example" }
    end,
    see = function(seen) return seen.cloud end,
    of = function(n) return "c" .. n .. ".example" end,
  },
  project_id = {
    say = function(n) return { project_id = "p" .. n } end,
    variables = function(n) return { HW_PROJECT_ID = "p" .. n } end,
    see = function(seen) return seen.project_id end,
    of = function(n) return "p" .. n end,
    farthest = "own", -- of the provider's source alone
  },
  project = {
    say = function(n) return { project = "name" .. n } end,
    variables = function(n) return { HW_PROJECT_NAME = "name" .. n } end,
    see = function(seen) return seen.project end,
    of = function(n) return "name" .. n end,
    farthest = "own",
  },
  iam_endpoint = {
    say = function(n) return { iam_endpoint = ("https://iam%d.test/v3/"):format(n) } end,
    variables = function(n)
      return { HW_AUTH_URL = ("https://iam%d.test/v3/auth/tokens"):format(n) }
    end,
    see = function(seen) return seen.iam_endpoint end,
    of = function(n) return ("https://iam%d.test"):format(n) end,
  },
}

local RANKS = { "call", "defaults", "own", "variables" }

-- The facts seen when the sources at these ranks speak, each with its rank as the value.
local function ask(fact, ...)
  local said = { call = {}, defaults = {}, own = {}, variables = {} }
  for _, rank in ipairs { ... } do
    said[RANKS[rank]] = (rank == 4 and fact.variables or fact.say)(rank)
  end
  local where = fact == FACTS.region or fact == FACTS.cloud
  local opts = where and {} or { endpoint = "http://127.0.0.1:9" }
  return seen_by_provider(said.own, said.variables, copy(opts, said.defaults), said.call)
end

describe("who asks, and where:", function()
  after_each(lab.cleanup)

  for name, fact in pairs(FACTS) do
    it(name .. " is what the nearest source says, of any two", function()
      for near = 1, 4 do
        local is_heard = not (fact.farthest == "own" and near == 4)
        local seen = (name ~= "region" and name ~= "cloud" or is_heard) and ask(fact, near)
        assert.equal(is_heard and fact.of(near) or nil, fact.see(seen), RANKS[near])
        for far = near + 1, 4 do
          seen = ask(fact, near, far)
          assert.equal(fact.of(near), fact.see(seen), RANKS[near] .. " over " .. RANKS[far])
          if fact.extra then fact.extra(seen, near) end
        end
      end
    end)
  end

  it("an endpoint's own name has the rank of the endpoint", function()
    for _, rank in ipairs { "call", "defaults" } do
      local said = { call = {}, defaults = {} }
      said[rank] = { endpoint = "https://GES.cn-north-4.myhuaweicloud.com:443/x" }
      local seen = seen_by_provider({ region = "cn-east-3" }, { HW_REGION_NAME = "cn-south-1" },
        said.defaults, said.call)
      assert.same({ "cn-north-4", "myhuaweicloud.com", false },
        { seen.region, seen.cloud, seen.far })
    end
    local seen = seen_by_provider({}, {}, {},
      { endpoint = "https://ges.eu-west-101.myhuaweicloud.eu" })
    assert.same({ "eu-west-101", "myhuaweicloud.eu", false }, { seen.region, seen.cloud, seen.far })
    seen = seen_by_provider({}, {}, { endpoint = "https://ges.cn-north-1.myhuaweicloud.com" },
      { region = "cn-north-4" })
    assert.equal("cn-north-4", seen.region)
    assert.equal("https://ges.cn-north-4.myhuaweicloud.com", seen.endpoint)
  end)

  it("a region from elsewhere than an endpoint that does not tell is far", function()
    for _, endpoint in ipairs { "http://127.0.0.1:9", "https://ges.example.com", "https://10.0.0.1",
      "https://iam.cn-north-4.myhuaweicloud.com", "ges.cn-north-4.com" } do
      local seen = seen_by_provider({}, { HW_REGION_NAME = "cn-south-1" }, {},
        { endpoint = endpoint })
      assert.same({ "cn-south-1", true }, { seen.region, seen.far }, endpoint)
    end
    local seen = seen_by_provider({ region = "cn-east-3" }, {}, {},
      { endpoint = "https://10.0.0.1" })
    assert.same({ "cn-east-3", true }, { seen.region, seen.far })
  end)

  it("a variable of the SDKs is the endpoint of a region", function()
    local variable = "HUAWEICLOUD_SDK_REGION_GES_CN_NORTH_4"
    local seen = seen_by_provider({}, {
      [variable] = "https://ges.cn-north-4.private.example, https://second.example",
      HW_REGION_NAME = "cn-south-1" }, {}, { region = "cn-north-4" })
    assert.equal("https://ges.cn-north-4.private.example", seen.endpoint)
    assert.same({ "cn-north-4", "private.example", false }, { seen.region, seen.cloud, seen.far })
    seen = seen_by_provider({}, { [variable] = "https://private.example",
      HW_REGION_NAME = "cn-north-4" }, {}, {})
    assert.same({ "https://private.example", "cn-north-4", true },
      { seen.endpoint, seen.region, seen.far })
  end)

  it("a cloud alone is for the region of a farther source", function()
    local variables = { HW_REGION_NAME = "r-1", HW_CLOUD = "far.example" }
    for _, case in ipairs {
      { { cloud = "c.example" }, {}, variables }, { {}, { cloud = "c.example" }, variables },
      { { region = "r-1" }, { cloud = "c.example" }, variables },
      { { cloud = "c.example" }, { region = "r-1" }, {} },
      { { cloud = "c.example" }, { region = "r-1", cloud = "far.example" }, {} },
    } do
      local seen = seen_by_provider({}, case[3], case[2], case[1])
      assert.same({ "https://ges.r-1.c.example", "r-1", "c.example", false },
        { seen.endpoint, seen.region, seen.cloud, seen.far })
    end
    -- a source that names the region names the cloud, too
    local seen = seen_by_provider({ region = "r-3", cloud = "own.example" }, variables, {},
      { region = "r-2" })
    assert.same({ "https://ges.r-2.myhuaweicloud.com", "r-2" }, { seen.endpoint, seen.region })
    assert.is_nil(seen.cloud)
  end)

  it("a variable for a region does not count where a nearer source names the cloud", function()
    local variables = { HUAWEICLOUD_SDK_REGION_GES_R_1 = "https://ges.r-1.far.example" }
    local seen = seen_by_provider({}, variables, {}, { region = "r-1", cloud = "c.example" })
    assert.same({ "https://ges.r-1.c.example", "c.example" }, { seen.endpoint, seen.cloud })
    variables.HW_REGION_NAME, variables.HW_CLOUD = "r-1", "c.example"
    seen = seen_by_provider({}, variables, {}, {})
    assert.same({ "https://ges.r-1.far.example", "far.example" }, { seen.endpoint, seen.cloud })
  end)

  it("the environment of the provider knows the endpoint of the defaults' region", function()
    local seen = seen_by_provider({}, {
      HUAWEICLOUD_SDK_REGION_GES_CN_NORTH_4 = "https://ges.cn-north-4.far.example",
    }, { region = "cn-north-4" }, {})
    assert.equal("https://ges.cn-north-4.far.example", seen.endpoint)
    assert.equal("far.example", seen.cloud)
  end)

  it("the defaults' region counts for the look-ups of an endpoint that does not tell", function()
    for _, own in ipairs { {}, { region = "r-2" } } do
      local seen = seen_by_provider(own, { HW_REGION_NAME = "r-9" }, { region = "r-1" },
        { endpoint = "http://127.0.0.1:9" })
      assert.same({ "r-1", true }, { seen.region, seen.far })
    end
  end)

  it("a chain says what its first provider with credentials says, at every call", function()
    local none = ges.credentials.env(getenv_of {})
    local keys = ges.credentials.aksk { ak = "a", sk = "s", region = "r-1", project_id = "p" }
    local chain = ges.credentials.chain { none, keys }
    for _ = 1, 2 do assert.equal("r-1", chain:place().region) end
    chain:get({})
    assert.equal("r-1", chain:place().region)
    chain = ges.credentials.chain {
      ges.credentials.env(getenv_of { GES_TOKEN = "t", HW_REGION_NAME = "r-2" }), keys }
    for _ = 1, 2 do assert.equal("r-2", chain:place().region) end
    assert.is_nil(ges.credentials.chain { none }:place())
  end)

  it("a name in the call is refused where the credentials cannot look it up", function()
    local client = lab.client { endpoint = "http://127.0.0.1:9", project = "team" }
    local call = { graph_id = "g", job_id = "j" }
    for _, creds in ipairs {
      { token = "t", project_id = "a" }, { token = "t" }, { ak = "a", sk = "s", project_id = "a" },
    } do
      local opts = copy({ credentials = { get = function() return creds end } }, copy(call))
      local err = lab.fails("argument", client:job_status(opts))
      assert.is_truthy(err:find("cannot look project 'team' up by its name", 1, true), err)
    end
    lab.fails("argument", client:job_status(copy({
      credentials = ges.credentials.token(function() return "t" end) }, copy(call))))
    lab.throws("a token cannot look a project up by its name", function(here)
      client:job_status(here { graph_id = "g", job_id = "j", token = "t" })
    end)
  end)

  it("a wrapped provider's own address comes before a variable's, and after the call's", function()
    local function asked(ctx)
      local sent
      local inner = ges.credentials.password { user = "u", password = "p", domain = "d",
        project_id = "x", iam_endpoint = "https://own.test" }
      ctx.now, ctx.request = os.time, function(spec)
        sent = spec.endpoint
        return nil, "no", { kind = "network" }
      end
      inner:get(ctx)
      return sent
    end
    assert.equal("https://own.test", asked {})
    assert.equal("https://own.test",
      asked { iam_endpoint = "https://env.test", iam_from = "HW_AUTH_URL" })
    assert.equal("https://call.test", asked { iam_endpoint = "https://call.test" })
  end)

  it("a place of another type is a mistake that is named", function()
    for _, own in ipairs { { project_id = 42 }, { iam_endpoint = {} }, { region = true },
      { endpoint = 5 } } do
      local ok, err = pcall(seen_by_provider, own, {}, { endpoint = "http://127.0.0.1:9" }, {})
      assert.is_false(ok)
      assert.matches("the provider's place: '%l+_?%l*' must be a string, not a %l+$", err)
    end
    for _, own in ipairs { "r-1", { getenv = "HOME" } } do
      local ok, err = pcall(lab.client().job_status, lab.client(), { graph_id = "g", job_id = "j",
        credentials = { get = print, place = function() return own end } })
      assert.is_false(ok)
      assert.matches("the provider's place.* must be a %l+, not a string$", err)
    end
  end)

  it("the marks of the providers among themselves are not part of info", function()
    local marks = { final = true, own = true, accepted = true, waited = true }
    local _, info = lab.fails("credentials", lab.client():job_status { graph_id = "g", job_id = "j",
      endpoint = "http://127.0.0.1:9", credentials = { get = function()
        return nil, "no", copy(marks, { kind = "credentials" })
      end } })
    for name in pairs(marks) do assert.is_nil(info[name], name) end
  end)

  it("a refusal names the variable that says so", function()
    local at = { endpoint = "http://127.0.0.1:9", graph_id = "g", job_id = "j" }
    local function refusal(variables, opts)
      local client = lab.client()
      opts.credentials = ges.credentials.env(getenv_of(variables))
      return lab.fails("argument", client:job_status(opts))
    end
    local token = { GES_TOKEN = "t", HW_PROJECT_ID = "p" }
    local err = refusal(copy({ HW_REGION_NAME = "CN-North-4" }, copy(token)),
      { graph_id = "g", job_id = "j" })
    assert.is_truthy(err:find("cn-north-4 (HW_REGION_NAME)", 1, true), err)
    err = refusal(copy({ HW_REGION_NAME = "r-1",
      HUAWEICLOUD_SDK_REGION_GES_R_1 = "http://192.0.2.1" }, copy(token)),
      { graph_id = "g", job_id = "j" })
    assert.is_truthy(err:find("HUAWEICLOUD_SDK_REGION_GES_R_1 is http://", 1, true), err)
    err = refusal({ GES_TOKEN = "t", HW_PROJECT_ID = "no such id" }, copy(at))
    assert.is_truthy(err:find("HW_PROJECT_ID may contain only", 1, true), err)
    err = refusal({ OS_USERNAME = "u", OS_PASSWORD = "p", OS_DOMAIN_NAME = "d",
      OS_AUTH_URL = "http://127.0.0.1:9", OS_PROJECT_ID = "no such id" }, copy(at))
    assert.is_truthy(err:find("OS_PROJECT_ID may contain only", 1, true), err)
    err = refusal({ GES_TOKEN = "t", HW_REGION_NAME = "r-1", HW_CLOUD = "bad" },
      { graph_id = "g", job_id = "j" })
    assert.is_truthy(err:find("(HW_CLOUD)", 1, true), err)
    local client = lab.client(at)
    err = lab.fails("argument", client:job_status { credentials = {
      get = function() return { token = "t", project_id = "a/b" } end } })
    assert.is_truthy(err:find("the project that the credentials name may contain", 1, true), err)
    err = lab.fails("argument", client:job_status { cloud = "c.example", token = "t",
      project_id = "p" })
    assert.is_truthy(err:find("the cloud is given without a region", 1, true), err)
  end)

  it("an id wins over a name of the same source, a name over an id of a farther one", function()
    local at = { endpoint = "http://127.0.0.1:9" }
    local both = { project_id = "p", project = "name" }
    local seen = seen_by_provider({ project_id = "own" }, {}, at, both)
    assert.same({ "p", nil, false }, { seen.project_id, seen.project, seen.need_project })
    seen = seen_by_provider(both, {}, at, {})
    assert.same({ "p", nil, true }, { seen.project_id, seen.project, seen.need_project })
    seen = seen_by_provider({ project_id = "own" }, { HW_PROJECT_ID = "env" },
      { endpoint = at.endpoint, project_id = "default" }, { project = "name" })
    assert.equal("name", seen.project)
    assert.is_nil(seen.project_id)
    assert.is_true(seen.need_project)
    seen = seen_by_provider({}, {}, { endpoint = at.endpoint, project = "name" },
      { project_id = "p" })
    assert.same({ "p", nil }, { seen.project_id, seen.project })
  end)

  it("an address of IAM means the same in any spelling", function()
    for _, spelling in ipairs { "", "/", "/v3", "/v3/", "/v3//", "/v3/auth/tokens",
      "/v3/auth/tokens/" } do
      local sources = { { iam_endpoint = "https://iam.test:8443/prefix" .. spelling } }
      assert.equal("https://iam.test:8443/prefix", (place.iam(sources)))
    end
  end)

  it("throws at the call that no source says where", function()
    local client = lab.client()
    lab.throws("option 'endpoint' or 'region' is missing", function(here)
      client:job_status(here { graph_id = "g", job_id = "j", credentials = {
        place = function() return { getenv = getenv_of {} } end, get = function() end } })
    end)
  end)
end)
