-- ges.credentials without a login: token, aksk, env, profile, chain.

local core = require("ges.core")
local credentials = require("ges.credentials")
local creds_ctx = require("creds_ctx")

local TOKEN, SK = "MIIsecrettokenvalue", "topsecretsecretkey"

-- A getenv over a table.
local function env_of(values)
  return function(name) return values[name] end
end

local function never() error("no request was expected") end

local function get(provider, ctx)
  return provider:get(ctx or creds_ctx.new(never))
end

local function refuses(provider, kind, pattern, ctx)
  local creds, err, info = get(provider, ctx)
  assert.is_nil(creds)
  assert.equal(kind, info.kind)
  assert.equal(err, info.message)
  assert.is_false(info.retryable)
  assert.matches(pattern, err)
  assert.is_nil(err:find("secret", 1, true))
  return info
end

describe("ges.credentials.token", function()
  it("gives a string", function()
    local provider = credentials.token(TOKEN)
    assert.same({ token = TOKEN }, get(provider))
    assert.is_nil((provider:refresh(creds_ctx.new(never), { token = TOKEN })))
  end)

  it("asks a function every time", function()
    local n = 0
    local provider = credentials.token(function() n = n + 1 return "token" .. n end)
    assert.same({ token = "token1" }, get(provider))
    assert.same({ token = "token2" }, get(provider))
    assert.same({ token = "token3" }, provider:refresh({}, { token = "token2" }))
  end)

  it("does not refresh to the same token", function()
    local provider = credentials.token(function() return TOKEN end)
    get(provider)
    assert.is_nil((provider:refresh({})))
    assert.is_nil((provider:refresh({}, { token = TOKEN })))
    assert.same({ token = TOKEN }, provider:refresh({}, { token = "another" }))
  end)

  it("refuses what cannot be a header, without showing it", function()
    refuses(credentials.token(""), "argument", "is empty")
    refuses(credentials.token("secret\n"), "argument", "ends with a newline: strip it")
    refuses(credentials.token("secret\r\n"), "argument", "ends with a newline: strip it")
    refuses(credentials.token("secret\r\nX: y"), "argument", "control character")
    refuses(credentials.token("a secret"), "argument", "space")
    refuses(credentials.token("secret\0"), "argument", "control character")
    refuses(credentials.token(("x"):rep(131073)), "argument", "longer than 128 KiB")
    assert.truthy(get(credentials.token(("x"):rep(131072))))
    refuses(credentials.token(function() return "secret\n" end), "argument", "newline")
  end)

  it("says what is wrong with a function", function()
    refuses(credentials.token(function() end), "credentials", "returned a nil instead of a string")
    refuses(credentials.token(function() return nil, "vault sealed" end), "credentials",
      "the token function failed: vault sealed")
    refuses(credentials.token(function() return nil, "a\nb" end), "credentials", "failed: a\\x0Ab")
    local failure = {}
    local ok, thrown = pcall(get, credentials.token(function() error(failure) end))
    assert.is_false(ok)
    assert.equal(failure, thrown)
  end)

  it("throws for anything else", function()
    local _, err = pcall(function() return (credentials.token(5)) end)
    assert.matches("providers_spec%.lua:%d+: token: a string or a function is expected, "
      .. "got a number$", err)
  end)
end)

describe("ges.credentials.aksk", function()
  local function keys(more)
    local opts = { ak = "AKID", sk = SK }
    for key, value in pairs(more or {}) do opts[key] = value end
    return credentials.aksk(opts)
  end

  it("gives the keys", function()
    assert.same({ ak = "AKID", sk = SK }, get(keys()))
    assert.same({ ak = "AKID", sk = SK, security_token = "st", project_id = "p" },
      get(keys { security_token = "st", project_id = "p" }))
  end)

  it("never refreshes: failures lock a key", function()
    assert.is_nil((keys():refresh(creds_ctx.new(never))))
  end)

  it("refuses values that cannot be sent", function()
    refuses(keys { ak = "a b" }, "argument", "^ak contains a space")
    refuses(keys { sk = "secret\n" }, "argument", "^sk ends with a newline")
    refuses(keys { security_token = "" }, "argument", "^security_token is empty")
  end)

  it("throws for a mistake in the options", function()
    assert.error_matches(function() credentials.aksk { ak = "a" } end, "aksk: 'sk' is missing")
    local _, err = pcall(function() return (credentials.aksk { ak = "a", sk = 1 }) end)
    assert.matches("providers_spec%.lua:%d+: aksk: 'sk' must be a string, got a number$", err)
    assert.error_matches(function() credentials.aksk { ak = "a", sk = "s", sks = "x" } end,
      "unknown option 'sks' %(known: ak, cloud, iam_endpoint, ")
    assert.error_matches(function() credentials.aksk("a") end, "got a string")
  end)

  local function looking_up(answer, fields)
    fields = fields or { region = "cn-north-4" }
    fields.need_project = true
    return creds_ctx.new(answer, fields)
  end

  local function projects(body)
    return function() return { status = 200, headers = {}, body = body } end
  end

  it("looks the project id up once, with a signed request", function()
    local ctx = looking_up(projects '{"projects":[{"id":"p1","name":"cn-north-4"}]}')
    local provider = keys { security_token = "sectoken" }
    assert.equal("p1", get(provider, ctx).project_id)
    assert.equal("p1", get(provider, ctx).project_id)
    assert.equal(1, #ctx.requests)
    local request = ctx.requests[1]
    assert.equal("https://iam.cn-north-4.myhuaweicloud.com", request.endpoint)
    assert.equal("GET /v3/projects", request.method .. " " .. request.path)
    assert.same({ name = "cn-north-4" }, request.query)
    assert.equal("sectoken", request.headers["X-Security-Token"])
    assert.matches("Access=AKID, SignedHeaders=host;x%-sdk%-date, Signature=%x+$",
      request.headers.Authorization)
  end)

  it("signs for the host and the prefix of a given endpoint", function()
    local ctx = looking_up(projects '{"projects":[{"id":"p1"}]}', { region = "r-1" })
    for endpoint, host in pairs {
      ["https://iam.example.org:443/pre/"] = "iam.example.org",
      ["https://iam.example.org/pre/v3"] = "iam.example.org",
      ["http://127.0.0.1:8080/pre"] = "127.0.0.1:8080",
      ["iam.example.org/pre"] = "iam.example.org",
    } do
      assert.equal("p1", get(keys { iam_endpoint = endpoint }, ctx).project_id)
      local headers = ctx.requests[#ctx.requests].headers
      assert.same(core.sign { method = "GET", host = host, path = "/pre/v3/projects",
        query = { name = "r-1" }, date = headers["X-Sdk-Date"], ak = "AKID", sk = SK }, headers)
    end
  end)

  it("looks another project up by its name, as the call says or its options", function()
    local ctx = looking_up(projects '{"projects":[{"id":"p1"}]}')
    get(keys { project = "mine" }, ctx)
    assert.same({ name = "mine" }, ctx.requests[1].query)
    ctx.project = "theirs"
    assert.equal("p1", get(keys { project_id = "p", project = "mine" }, ctx).project_id)
    assert.same({ name = "theirs" }, ctx.requests[2].query)
    ctx.project_id, ctx.need_project = "p9", false
    assert.equal("AKID", get(keys(), ctx).ak)
    assert.equal(2, #ctx.requests)
  end)

  it("says which right is missing when the lookup is forbidden, and speaks of no lock", function()
    local ctx = looking_up(function() return creds_ctx.refusal(403, "no") end)
    local _, err = keys():get(ctx)
    assert.matches("iam:projects:listProjects", err)
    assert.is_nil(err:find("lock", 1, true))
    _, err = keys():get(looking_up(function() return creds_ctx.refusal(401, "no") end))
    assert.matches("lock the key", err)
  end)

  it("sends a key that was refused for no other name either", function()
    local ctx = looking_up(function() return creds_ctx.refusal(401, "no") end)
    local provider = keys()
    for _, name in ipairs { "a", "b", "c" } do
      ctx.project = name
      refuses(provider, "credentials", "lock the key", ctx)
    end
    assert.equal(1, #ctx.requests)
  end)

  it("shares one lookup among those who ask at the same time", function()
    local ctx = looking_up(projects '{"projects":[{"id":"p1"}]}')
    ctx.slow = true
    local provider = keys()
    local function ask() return get(provider, ctx) end
    for _, got in ipairs(creds_ctx.together(ask, ask, ask)) do
      assert.equal("p1", got[1].project_id)
    end
    assert.equal(1, #ctx.requests)
  end)

  it("does not look up what is given, or not needed", function()
    assert.equal("p", get(keys { project_id = "p" }, looking_up(never)).project_id)
    assert.is_nil(get(keys(), creds_ctx.new(never, { region = "cn-north-4" })).project_id)
  end)

  it("says when there is no such project, or more than one", function()
    local function fails(body, pattern)
      refuses(keys(), "credentials", pattern, looking_up(projects(body)))
    end
    fails('{"projects":[]}', "no project named 'cn%-north%-4': set project_id")
    fails('{"projects":[{"id":"a"},{"id":"b"}]}', "2 projects named 'cn%-north%-4': set project_id")
    fails("<html>", "not the JSON")
    fails('{"projects":null}', "not the JSON")
    fails('{"projects":[{"id":null}]}', "no project id")
    refuses(keys(), "credentials", "without project or region", looking_up(never, {}))
    refuses(keys(), "argument", "availability zone", looking_up(never, { region = "cn-north-4a" }))
  end)

  it("does not repeat a refused lookup", function()
    local ctx = looking_up(function() return creds_ctx.refusal(401, "echo " .. SK) end)
    local provider = keys()
    local info = refuses(provider, "credentials", "not tried again", ctx)
    assert.equal(401, info.http_status)
    assert.equal("auth", info.cause)
    ctx.time = ctx.time + 86400
    refuses(provider, "credentials", "not tried again", ctx)
    assert.equal(1, #ctx.requests)
  end)
end)

describe("ges.credentials.env", function()
  it("reads a token first, then keys, then a password", function()
    local vars = {
      GES_TOKEN = "t1", HW_AUTH_TOKEN = "t2", OS_AUTH_TOKEN = "t3",
      HUAWEICLOUD_SDK_AK = "a1", HUAWEICLOUD_SDK_SK = "s1", HUAWEICLOUD_SDK_SECURITY_TOKEN = "st",
      HW_ACCESS_KEY = "a2", HW_SECRET_KEY = "s2", OS_ACCESS_KEY = "a3", OS_SECRET_KEY = "s3",
      HW_USER_NAME = "u", HW_USER_PASSWORD = "pw", HW_DOMAIN_NAME = "d", HW_PROJECT_ID = "p",
    }
    local ctx = creds_ctx.new(function()
      return { status = 201, headers = { ["x-subject-token"] = "t4" }, body = "{}" }
    end)
    local provider = credentials.env(env_of(vars))
    local steps = {
      { "GES_TOKEN", { token = "t1", project_id = "p" } },
      { "HW_AUTH_TOKEN", { token = "t2", project_id = "p" } },
      { "OS_AUTH_TOKEN", { token = "t3", project_id = "p" } },
      { "HUAWEICLOUD_SDK_AK HUAWEICLOUD_SDK_SK",
        { ak = "a1", sk = "s1", security_token = "st", project_id = "p" } },
      { "HW_ACCESS_KEY HW_SECRET_KEY", { ak = "a2", sk = "s2", project_id = "p" } },
      { "OS_ACCESS_KEY OS_SECRET_KEY", { ak = "a3", sk = "s3", project_id = "p" } },
      { "HW_USER_NAME HW_USER_PASSWORD", { token = "t4", project_id = "p" } },
    }
    for _, step in ipairs(steps) do
      assert.same(step[2], get(provider, ctx))
      for name in step[1]:gmatch("%S+") do vars[name] = nil end
    end
    assert.equal(1, #ctx.requests)
    refuses(provider, "credentials", "none of GES_TOKEN, .* is set")
  end)

  it("takes an empty variable for an unset one", function()
    local info = refuses(credentials.env(env_of { GES_TOKEN = "", HUAWEICLOUD_SDK_AK = "" }),
      "credentials", "none of GES_TOKEN")
    assert.is_true(info.absent)
  end)

  it("prefers the SDK's project id", function()
    assert.equal("p1", get(credentials.env(env_of {
      GES_TOKEN = "t", HUAWEICLOUD_SDK_PROJECT_ID = "p1", HW_PROJECT_ID = "p2" })).project_id)
  end)

  it("says which half of a set is missing", function()
    local function fails(vars, pattern)
      local info = refuses(credentials.env(env_of(vars)), "credentials", pattern)
      assert.is_nil(info.absent)
    end
    fails({ HUAWEICLOUD_SDK_AK = "a", HW_ACCESS_KEY = "b", HW_SECRET_KEY = "c" },
      "HUAWEICLOUD_SDK_AK is set in the environment, but HUAWEICLOUD_SDK_SK is not")
    fails({ HW_SECRET_KEY = "secret" }, "HW_SECRET_KEY is set .* HW_ACCESS_KEY is not")
    fails({ OS_PASSWORD = "secret" }, "OS_PASSWORD is set .* HW_USER_NAME or OS_USERNAME is not")
    fails({ OS_PASSWORD = "secret", OS_USERNAME = "u" }, "HW_DOMAIN_NAME or OS_DOMAIN_NAME is not")
  end)

  it("names the variable of a login that holds a slip", function()
    for name, text in pairs { OS_USERNAME = "u\n", OS_DOMAIN_ID = "'d'", OS_PASSWORD = "pw " } do
      local vars = { OS_PASSWORD = "pw", OS_USERNAME = "u", OS_DOMAIN_ID = "d" }
      vars[name] = text
      refuses(credentials.env(env_of(vars)), "argument", "^" .. name .. " .*nothing was sent")
    end
  end)

  it("logs in where the variables say, and once while they stay", function()
    local vars = { OS_USERNAME = "u", OS_PASSWORD = "pw", OS_USER_DOMAIN_NAME = "d",
      OS_REGION_NAME = "cn-south-1", OS_AUTH_URL = "https://iam.example.org:8443/v3/" }
    local ctx = creds_ctx.new(function(_, n)
      return { status = 201, headers = { ["x-subject-token"] = "t" .. n }, body = "{}" }
    end)
    local provider = credentials.env(env_of(vars))
    assert.equal("t1", get(provider, ctx).token)
    assert.equal("t1", get(provider, ctx).token)
    assert.equal("https://iam.example.org:8443", ctx.requests[1].endpoint)
    assert.matches('"scope":{"project":{"domain":{"name":"d"},"name":"cn%-south%-1"}}',
      ctx.requests[1].body)
    vars.OS_PASSWORD = "new"
    assert.equal("t2", get(provider, ctx).token)
    assert.equal("t3", provider:refresh(ctx, { token = "t2" }).token)
  end)

  it("uses the process's environment by default", function()
    assert.equal("ges.credentials.env", tostring(credentials.env()))
    assert.has_error(function() credentials.env {} end)
  end)
end)

describe("ges.credentials.profile", function()
  local file

  before_each(function() file = os.tmpname() end)
  after_each(function() os.remove(file) end)

  local function write(text)
    local f = assert(io.open(file, "wb"))
    f:write(text)
    f:close()
  end

  local function profile(text, section)
    write(text)
    return credentials.profile { file = file, section = section }
  end

  local BASIC = "[basic]\nak = AKID\nsk = " .. SK .. "\n"

  it("reads the regional section, else the global one", function()
    assert.same({ ak = "AKID", sk = SK }, get(profile("[global]\nak=g\nsk=h\n" .. BASIC)))
    assert.same({ ak = "g", sk = "h" }, get(profile "[global]\nak=g\nsk=h\n"))
    assert.same({ ak = "g", sk = "h" }, get(profile(BASIC .. "[mine]\nak=g\nsk=h", "mine")))
  end)

  it("reads every key, with CRLF, BOM, comments, blanks and quotes", function()
    assert.same({ ak = "AKID", sk = "s=k#;x", security_token = "st", project_id = "p1" },
      get(profile("\239\187\191# head\r\n; more\r\n\r\n  [ basic ]  \r\n\tAK : AKID  \r\n"
        .. "sk=\"s=k#;x\" # why\r\nsecurity_token = 'st'\r\nproject_id = p1 ; note\r\n"
        .. "unknown = 1\r\nidp_id=\r\n[other]\r\nak = no")))
  end)

  it("keeps a comment sign that is part of a value", function()
    assert.same({ ak = "a#b", sk = "c;d" }, get(profile "[basic]\nak=a#b\nsk=c;d"))
  end)

  it("says what is missing", function()
    local info = refuses(profile "[other]\nak=a\nsk=b", "credentials",
      "has no section %[basic%] or %[global%]$")
    assert.is_true(info.absent)
    info = refuses(profile(BASIC, "mine"), "credentials", "has no section %[mine%]$")
    assert.is_nil(info.absent)
    refuses(profile "[basic]\nak = a\nsk =\n", "credentials", "section %[basic%] of .* has no sk$")
    refuses(profile "[basic]\nsk = secret", "credentials", "has no ak$")
    refuses(profile "[basic]\nak = a\ntopsecret\n", "credentials", "line 3 of .* is neither")
    refuses(profile(("#"):rep(65537)), "credentials", "longer than 64 KiB")
    refuses(profile "ak = a\nsk = b", "credentials", "has no section")
  end)

  it("passes over a file that is not there", function()
    os.remove(file)
    local function absent(path, pattern)
      return refuses(credentials.profile { file = path }, "credentials", pattern).absent
    end
    assert.is_true(absent(file, "No such file"))
    assert.is_nil(absent("/", "cannot use"))
    write("")
    assert.is_true(absent(file .. "/x", "Not a directory"))
  end)

  it("reads what the official SDKs read", function()
    assert.same({ ak = "AKID", sk = SK }, get(profile("[ mine ] # of a friend\nmy key = 1\n"
      .. "no key at all\n[basic] ; comment\nak = AKID\nsk = " .. SK .. "\n[x] # [y]\n?\n")))
    assert.same({ ak = "AKID", sk = SK }, get(profile(BASIC .. "a long name = 1\n= 2\n")))
    assert.same({ ak = "AKID", sk = SK },
      get(profile(BASIC .. "[other] of a friend\nak = no\nsk = no\n")))
  end)

  it("is read again when it has changed, whichever key that is", function()
    local values = { ak = "AKID", sk = "secretsecret", security_token = "st", project_id = "p1",
      iam_endpoint = "https://iam1.test" }
    local function text()
      local lines = { "[basic]" }
      for key, value in pairs(values) do lines[#lines + 1] = key .. "=" .. value end
      return table.concat(lines, "\n")
    end
    local provider = profile(text())
    assert.equal("AKID", get(provider).ak)
    for key, value in pairs(values) do
      values[key] = value:gsub("%w$", "9")
      local _, before = core.filemode(file)
      repeat write(text()) until select(2, core.filemode(file)) ~= before -- its clock has ticks
      local creds = get(provider)
      if key == "iam_endpoint" then
        assert.equal("https://iam1.tes9", provider.place().iam_endpoint)
      else
        assert.equal(values[key], creds[key], key)
      end
    end
  end)

  it("serves the keys at hand while the file is being written", function()
    local provider = profile(BASIC)
    get(provider)
    write "[basic]\nak = NEW"
    assert.equal("AKID", get(provider).ak)
    write "[basic]\nak = NEW\nsk = 'half a"
    assert.equal("AKID", get(provider).ak)
    os.remove(file)
    assert.equal("AKID", get(provider).ak)
    write "[basic]\nak = NEW\nsk = newsecret"
    os.execute("chmod 644 " .. file)
    assert.equal("AKID", get(provider).ak)
    assert.matches("chmod 600.*its last keys are used for now", get(provider).warning)
    os.execute("chmod 600 " .. file)
    assert.same({ ak = "NEW", sk = "newsecret" }, get(provider))
  end)

  it("does not serve old keys for ever", function()
    local provider, now = profile(BASIC), core.now
    finally(function() core.now = now end)
    get(provider)
    os.execute("chmod 644 " .. file)
    assert.equal("AKID", get(provider).ak)
    core.now = function() return now() + 31 end
    refuses(provider, "credentials", "run chmod 600")
    os.execute("chmod 600 " .. file)
    assert.equal("AKID", get(provider).ak)
    os.execute("chmod 644 " .. file)
    assert.equal("AKID", get(provider).ak)
  end)

  it("uses a mounted file that its group can read, with a warning", function()
    local provider = profile(BASIC)
    for _, mode in ipairs { "440", "640" } do
      os.execute("chmod " .. mode .. " " .. file)
      assert.same({ ak = "AKID", sk = SK,
        warning = "the credentials file " .. file .. " can be read by its group" }, get(provider))
      write(BASIC .. "#\n")
    end
  end)

  it("refuses a file that others can read", function()
    local provider = profile(BASIC)
    for _, mode in ipairs { "644", "620", "601", "444", "660" } do
      os.execute("chmod " .. mode .. " " .. file)
      refuses(provider, "credentials", "run chmod 600 " .. file:gsub("%p", "%%%0") .. "$")
    end
    os.execute("chmod 600 " .. file)
    assert.equal("AKID", get(provider).ak)
  end)

  it("finds the file by environment variable or home directory", function()
    write(BASIC)
    assert.equal("AKID", get(credentials.profile {
      getenv = env_of { HUAWEICLOUD_SDK_CREDENTIALS_FILE = file } }).ak)
    refuses(credentials.profile { getenv = env_of { HOME = "/nonexistent" } }, "credentials",
      "^/nonexistent/%.huaweicloud/credentials: ")
    refuses(credentials.profile { getenv = env_of {} }, "credentials", "HOME is not set")
  end)

  it("has other keys to offer at a refresh when the file has changed", function()
    local provider, ctx = profile(BASIC), creds_ctx.new(never)
    assert.equal("AKID", get(provider).ak)
    assert.is_nil((provider:refresh(ctx)))
    write "[basic]\nak=new\nsk=new"
    assert.equal("new", provider:refresh(ctx).ak)
    assert.is_nil((provider:refresh(ctx)))
    assert.is_nil((provider:refresh(ctx, get(provider))))
    assert.equal("new", get(provider).ak)
    os.remove(file)
    assert.is_nil((provider:refresh(ctx)))
  end)
end)

describe("ges.credentials.chain", function()
  local function nothing() return credentials.env(env_of {}) end

  it("takes the first that has something", function()
    local provider = credentials.chain {
      nothing(), credentials.token(function() return "a" end), credentials.token("b") }
    assert.same({ token = "a" }, get(provider))
    assert.is_nil((provider:refresh({}, { token = "a" })))
    assert.same({ token = "a" }, provider:refresh({}, { token = "z" }))
  end)

  it("lists what was tried", function()
    local provider = credentials.chain {
      nothing(), credentials.profile { file = "/nonexistent/file" } }
    local info = refuses(provider, "credentials",
      "^no credentials found; tried env: none of GES_TOKEN.*; profile: /nonexistent/file: ")
    assert.is_true(info.absent)
    assert.is_nil((provider:refresh({})))
  end)

  it("stops at one that fails", function()
    refuses(credentials.chain { credentials.token("secret\n"), credentials.token("b") },
      "argument", "newline")
    local own = { get = function() return nil, "no luck", nil end }
    local creds, err = get(credentials.chain { own, credentials.token("b") })
    assert.is_nil(creds)
    assert.equal("no luck", err)
  end)

  it("has the environment and the profile file as its default", function()
    for _, provider in ipairs { credentials.chain(), credentials.chain {} } do
      assert.equal("ges.credentials.chain", tostring(provider))
    end
  end)

  it("throws for what is not a list of providers", function()
    assert.error_matches(function() credentials.chain("env") end, "got a string")
    assert.error_matches(function() credentials.chain { "env" } end, "number 1 is not a provider")
    assert.error_matches(function() credentials.chain { env = nothing() } end, "a field 'env'")
  end)
end)
