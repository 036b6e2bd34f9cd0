-- From what a user has to an answer, over TLS on the simulator, which checks tokens and signatures
-- as the gateway does. Nothing printed or returned here shows a secret: the last spec looks.

local ges = require("ges")
local lab = require("lab")

local PASSWORD, SK = "sim-password", "sim-secret-key"

-- All texts that calls returned, and everything this file's children printed.
local texts = {}

local function note(value)
  if type(value) == "table" then
    for key, item in pairs(value) do
      note(key)
      note(item)
    end
  elseif type(value) == "string" then
    texts[#texts + 1] = value
  end
end

describe("credentials", function()
  local sim, job

  setup(function()
    sim = lab.start { tls = true }
    job = lab.order { seconds = 3600, pending = 0 }
  end)

  teardown(function() lab.stop() end)
  after_each(lab.cleanup)

  local function options(extra)
    local opts = { endpoint = sim.https_url, ca_file = sim.ca_file, graph_id = lab.graph,
      job_id = job, project_id = sim.demo.project_id }
    for name, value in pairs(extra or {}) do opts[name] = value or nil end
    return opts
  end

  local function ask(extra)
    local got, err, info = ges.job_status(options(extra))
    note(err or "")
    note(info)
    return got, err, info
  end

  local function password(extra)
    local opts = { iam_endpoint = sim.https_url, user = sim.demo.user, password = PASSWORD,
      domain = sim.demo.domain, project_id = sim.demo.project_id }
    for name, value in pairs(extra or {}) do opts[name] = value or nil end
    return ges.credentials.password(opts)
  end

  -- A provider whose logins ask the simulator for a token of this many seconds.
  local function short_lived(inner, seconds)
    local function with(ctx)
      return setmetatable({ request = function(spec)
        spec.headers["X-Sim-Lifetime"] = tostring(seconds)
        return ctx.request(spec)
      end }, { __index = ctx })
    end
    return {
      kind = "short", get = function(_, ctx) return inner:get(with(ctx)) end,
      refresh = function(_, ctx, old) return inner:refresh(with(ctx), old) end,
    }
  end

  local function logins()
    return lab.stats().logins
  end

  it("need the authority that ca_file names", function()
    local _, err = ask { token = sim.demo.token, ca_file = false }
    assert.is_truthy(err:find("^ges: tls: "), err)
    assert(ask { token = sim.demo.token })
  end)

  describe("a token", function()
    it("is enough, as a string, a function and a provider", function()
      for _, extra in ipairs {
        { token = "sim-token" }, { token = function() return "sim-token" end },
        { credentials = ges.credentials.token("sim-token") },
      } do
        assert.equal("running", assert(ask(extra)).status)
      end
    end)

    it("that is expired, of no project or forbidden says what to do", function()
      for token, kind in pairs { ["sim-token-expired"] = "auth", ["sim-token-domain"] = "forbidden",
        ["sim-token-forbidden"] = "forbidden", ["sim-token-unknown"] = "auth" } do
        local got, err, info = ask { token = token }
        lab.fails(kind, got, err, info)
        assert.is_nil(err:find(token, 1, true), err)
        assert.is_string(info.request_id)
      end
    end)

    it("of another project is another failure than a missing job", function()
      local got, err, info = ask { token = "sim-token",
        project_id = "7d19a3e5c0b24f68812f4b6de9a7053c" }
      lab.fails("not_found", got, err, info)
      assert.equal("GES.0016", info.code)
      assert.is_truthy(err:find("project", 1, true), err)
    end)
  end)

  describe("keys", function()
    it("sign each call", function()
      assert.equal("running", assert(ask { ak = "SIMACCESSKEY", sk = SK }).status)
      assert.equal("running", assert(ask {
        credentials = ges.credentials.aksk { ak = "SIMACCESSKEY", sk = SK } }).status)
    end)

    it("may be temporary", function()
      assert(ask { ak = "SIMTEMPORARYKEY", sk = SK, security_token = "sim-security-token" })
      lab.fails("auth", ask { ak = "SIMTEMPORARYKEY", sk = SK })
      lab.fails("auth", ask { ak = "SIMTEMPORARYKEY", sk = SK, security_token = "other-token" })
    end)

    it("that are wrong are sent once, so that they are not locked", function()
      local before = lab.stats().unauthorized
      for _, extra in ipairs {
        { ak = "SIMACCESSKEY", sk = "wrong-secret-key" }, { ak = "NOSUCHKEY", sk = SK },
      } do
        local _, info = lab.fails("auth", ask(extra))
        assert.equal(1, info.attempts)
      end
      assert.equal(before + 2, lab.stats().unauthorized)
      lab.fails("auth", ges.wait(options { ak = "SIMACCESSKEY", sk = "wrong-secret-key",
        interval = 0.05 }))
      assert.equal(before + 3, lab.stats().unauthorized)
      assert(ask { ak = "SIMACCESSKEY", sk = SK })
    end)

    it("sign the calls of a wait", function()
      local id = lab.order { seconds = 0.3 }
      assert.equal("success", assert(ges.wait(options { job_id = id, interval = 0.1,
        ak = "SIMACCESSKEY", sk = SK })).status)
    end)

    it("find the project of a region, once a client", function()
      local before = lab.stats().projects
      local keys = ges.credentials.aksk { ak = "SIMACCESSKEY", sk = SK, region = "eu-west-101",
        iam_endpoint = sim.https_url }
      local client = lab.client(options { project_id = false, credentials = keys })
      for _ = 1, 3 do assert.equal("running", assert(client:job_status {}).status) end
      assert.equal(before + 1, lab.stats().projects)
    end)

    it("say so when there is no such project", function()
      local keys = ges.credentials.aksk { ak = "SIMACCESSKEY", sk = SK, region = "cn-east-3",
        iam_endpoint = sim.https_url }
      local err = lab.fails("credentials", ask { project_id = false, credentials = keys })
      assert.is_truthy(err:find("no project named 'cn-east-3'", 1, true), err)
    end)
  end)

  describe("a password", function()
    it("logs in once for many jobs", function()
      local before, jobs = logins(), {}
      for i = 1, 50 do jobs[i] = { job_id = job } end
      local results = ges.wait_all(options { job_id = false, jobs = jobs, timeout = 1.5,
        max_rate = 1000, credentials = password() })
      for _, result in ipairs(results) do
        note(result.err)
        assert.equal("running", result.info.job and result.info.job.status, result.err)
      end
      assert.equal(before + 1, logins())
    end)

    it("names the project, by name or id", function()
      local provider = password { project_id = false, project = "eu-west-101" }
      assert.equal("running", assert(ask { project_id = false, credentials = provider }).status)
      assert.equal("running", assert(ask { credentials = provider }).status)
    end)

    it("logs in for the project that the call names, and says when there is none", function()
      lab.fails("not_found", ask { credentials = password {},
        project_id = "7d19a3e5c0b24f68812f4b6de9a7053c" })
      local err = lab.fails("credentials", ask { credentials = password { project_id = "nonsense" },
        project_id = false })
      assert.is_truthy(err:find("nonsense", 1, true), err)
    end)

    it("logs in again before its token ends", function()
      local before, began = logins(), lab.now()
      local client = lab.client(options { credentials = short_lived(password(), 1) })
      for _ = 1, 8 do
        assert.equal("running", assert(client:job_status {}).status)
        require("socket").sleep(0.3) -- a pause: in which the token gets older
      end
      local n = logins() - before
      assert.is_true(n >= 2 and n <= (lab.now() - began) / 0.8 + 1, n)
    end)

    it("logs in again when its token is refused, in a wait as well", function()
      local before = logins()
      local provider = password()
      local client = lab.client(options { credentials = provider })
      assert(client:job_status {})
      lab.fault { kind = "token_expired" }
      local got, _, info = client:job_status {}
      assert.equal("running", got.status)
      assert.equal(2, info.attempts)
      assert.equal(before + 2, logins())
      -- a fresh one that is refused at once is not replaced again
      lab.fault { kind = "token_expired", count = 1 }
      lab.fails("auth", client:job_status {})
      assert.equal(before + 2, logins())
    end)

    it("refuses what a script's own provider returns, if it is not usable", function()
      for _, creds in ipairs { {}, { token = 42 }, { ak = "a" }, { token = "t", sk = "s" },
      { sk = "s" }, { token = false }, { token = "t", project_id = {} } } do
        local provider = { get = function() return creds end, refresh = function() return nil end }
        local err, info = lab.fails("credentials", ask { credentials = provider })
        assert.matches("the provider", err)
        assert.equal(0, info.attempts)
      end
    end)

    it("that is refused is never sent twice", function()
      local before = logins()
      local provider = password { password = "wrong-password" }
      for _ = 1, 3 do
        local err = lab.fails("credentials", ask { credentials = provider })
        assert.is_truthy(err:find("not tried again", 1, true), err)
      end
      local results = ges.wait_all(options { job_id = false, jobs = { { job_id = job },
        { job_id = job } }, credentials = provider })
      for _, result in ipairs(results) do
        note(result.err)
        lab.fails("credentials", nil, result.err, result.info)
      end
      assert.equal(before + 1, logins())
    end)
  end)

  it("renewed in the profile file in the middle of a wait serve its next attempt", function()
    local file, polls = os.tmpname(), 0
    local function write(letter)
      local out = assert(io.open(file, "w"))
      out:write(("[basic]\nak = KEY%s\nsk = secretsecret%s\n"):format(letter, letter))
      out:close()
    end
    write("A")
    local server = lab.replies { "running", "running", "success" }
    local provider = ges.credentials.profile { file = file }
    assert(ges.wait(lab.options(server, { token = false, credentials = provider, interval = 0.05,
      on_event = function(event)
        if event.type ~= "poll" then return end
        polls = polls + 1
        if polls == 2 then write("B") end
      end })))
    os.remove(file)
    local used = {}
    for i, request in ipairs(server:requests()) do used[i] = request:match("Access=(%w+)") end
    assert.equal("KEYA", used[1])
    assert.equal("KEYB", used[#used])
  end)

  describe("found by themselves", function()
    -- Runs a script in a process of its own with this environment: all it printed.
    local function run(env, script, endpoint)
      local file = os.tmpname()
      local out = assert(io.open(file, "w"))
      out:write(([[
        local ges = require("ges")
        local job, err, info = ges.job_status {
          endpoint = %s, ca_file = %q, graph_id = %q, job_id = %q, %s
        }
        print(job and job.status or err, info.kind, info.attempts)]]):format(
        endpoint or ("%q"):format(sim.https_url), sim.ca_file, lab.graph, job, script or ""))
      out:close()
      local words = { "env -i PATH=$PATH HOME=/nonexistent" }
      for name, value in pairs(env) do words[#words + 1] = ("%s='%s'"):format(name, value) end
      words[#words + 1] = "sh tools/with.sh"
      words[#words + 1] = rawget(_G, "jit") and "5.1 luajit" or "5.4 lua5.4"
      words[#words + 1] = file .. " 2>&1"
      local pipe = assert(io.popen(table.concat(words, " ")))
      local text = pipe:read("*a")
      pipe:close()
      os.remove(file)
      note(text)
      return text
    end

    it("come from the environment: a token, keys, a password", function()
      local id = sim.demo.project_id
      for _, env in ipairs {
        { GES_TOKEN = "sim-token", HUAWEICLOUD_SDK_PROJECT_ID = id },
        { HUAWEICLOUD_SDK_AK = "SIMACCESSKEY", HUAWEICLOUD_SDK_SK = SK, HW_PROJECT_ID = id },
        { HW_ACCESS_KEY = "SIMTEMPORARYKEY", HW_SECRET_KEY = SK, OS_PROJECT_ID = id,
          HW_SECURITY_TOKEN = "sim-security-token" },
        { OS_USERNAME = "sim-user", OS_PASSWORD = PASSWORD, OS_DOMAIN_NAME = "sim-domain",
          OS_AUTH_URL = sim.https_url .. "/v3", OS_PROJECT_NAME = "eu-west-101" },
      } do
        assert.equal("running\tnil\t1\n", run(env))
      end
    end)

    -- Each of these environments says something that the call says otherwise, or not at all.
    describe("go where the call says, and else the environment:", function()
      local B
      local KEYS = { HW_ACCESS_KEY = "SIMACCESSKEY", HW_SECRET_KEY = SK }
      local LOGIN = { HW_USER_NAME = "sim-user", HW_USER_PASSWORD = PASSWORD,
        HW_DOMAIN_NAME = "sim-domain" }
      local GIVEN = ("ak = 'SIMACCESSKEY', sk = %q"):format(SK)
      local MAIN = { HW_PROJECT_NAME = "eu-west-101" }

      local function env_of(...)
        local env = {}
        for _, part in ipairs { ... } do
          for name, value in pairs(part) do env[name] = value end
        end
        return env
      end

      local function iam() return { HUAWEICLOUD_SDK_IAM_ENDPOINT = sim.https_url .. "/v3/" } end

      it("the project", function()
        B = ("project_id = %q"):format(sim.demo.project_id)
        local A = { HW_PROJECT_ID = "a" }
        for what, case in pairs {
          ["a token, and another project"] = { env_of({ GES_TOKEN = "sim-token" }, A), B },
          ["keys, and another project"] = { env_of(KEYS, A), B },
          ["a login, and another project"] = { env_of(LOGIN, iam(), A), B },
          ["a login, and another project's name"] =
            { env_of(LOGIN, iam(), { HW_PROJECT_NAME = "no-such-name" }), B },
          ["keys, and a project's name"] = { env_of(KEYS, iam(), MAIN) },
          ["the name in the call"] = { env_of(KEYS, iam(), A), "project = 'eu-west-101'" },
          ["a login, and the name in the call"] =
            { env_of(LOGIN, iam(), A), "project = 'eu-west-101'" },
          ["keys of the call, and a project's name"] = { env_of(iam(), MAIN), GIVEN },
          ["keys of the call, and the project"] =
            { { HW_PROJECT_ID = sim.demo.project_id }, GIVEN },
          ["a token of the call, and the project"] =
            { { HW_PROJECT_ID = sim.demo.project_id }, "token = 'sim-token'" },
          ["an address of IAM in the call"] = { env_of(KEYS, MAIN,
            { HW_AUTH_URL = "https://127.0.0.1:1" }),
            ("iam_endpoint = %q"):format(sim.https_url .. "/v3/auth/tokens") },
        } do
          assert.equal("running\tnil\t1\n", run(case[1], case[2]), what)
        end
      end)

      it("the address of IAM, for keys from the profile file", function()
        local file = os.tmpname()
        local out = assert(io.open(file, "w"))
        out:write(("[basic]\nak = SIMACCESSKEY\nsk = %s\n"):format(SK))
        out:close()
        local env = env_of(iam(), MAIN, { HUAWEICLOUD_SDK_CREDENTIALS_FILE = file })
        local text = run(env, "project = 'eu-west-101'")
        os.remove(file)
        assert.equal("running\tnil\t1\n", text)
      end)

      it("the place", function()
        local region = { HW_REGION_NAME = "eu-west-101",
          HUAWEICLOUD_SDK_REGION_GES_EU_WEST_101 = sim.https_url }
        assert.equal("running\tnil\t1\n", run(env_of(KEYS, region, iam()), nil, "nil"))
        assert.equal("running\tnil\t1\n",
          run(env_of(region, { HW_REGION_NAME = "cn-south-1" }), B .. ", " .. GIVEN
            .. ", region = 'eu-west-101'", "nil"))
        local text = run(KEYS, B, "nil")
        assert.is_truthy(text:find("option 'endpoint' or 'region' is missing", 1, true), text)
      end)

      it("a password only where the endpoint belongs", function()
        local before = logins()
        local text = run(env_of(LOGIN, { HW_REGION_NAME = "cn-south-1" }), B)
        assert.is_truthy(text:find("^ges: credentials: the IAM endpoint is not known"), text)
        assert.is_truthy(text:find("iam_endpoint", 1, true), text)
        assert.equal(before, logins())
      end)

      it("no secret that is a slip of its variable", function()
        local before, refused = logins(), lab.stats().unauthorized
        for name, env in pairs {
          HW_USER_PASSWORD = env_of(LOGIN, iam(), { HW_USER_PASSWORD = PASSWORD .. "\n" }),
          GES_TOKEN = { GES_TOKEN = '"sim-token"' },
          OS_AUTH_TOKEN = { OS_AUTH_TOKEN = "sim-token " },
          HW_SECRET_KEY = env_of(KEYS, { HW_SECRET_KEY = SK .. "\r\n" }),
        } do
          local text = run(env, B)
          assert.is_truthy(text:find("^ges: argument: " .. name .. " "), text)
        end
        assert.equal(before, logins())
        assert.equal(refused, lab.stats().unauthorized)
      end)
    end)

    it("come from the profile file, unless others can read it", function()
      local file = os.tmpname()
      local out = assert(io.open(file, "w"))
      out:write(("[basic]\nak = SIMACCESSKEY\nsk = %s\nproject_id = %s\n"):format(SK,
        sim.demo.project_id))
      out:close()
      local env = { HUAWEICLOUD_SDK_CREDENTIALS_FILE = file }
      os.execute("chmod 600 " .. file)
      local good = run(env)
      os.execute("chmod 644 " .. file)
      local bad = run(env)
      os.remove(file)
      assert.equal("running\tnil\t1\n", good)
      assert.is_truthy(bad:find("chmod 600 " .. file, 1, true), bad)
    end)

    it("are missed with the places that were looked at", function()
      local text = run {}
      assert.is_truthy(text:find("ges: credentials: no credentials found", 1, true), text)
      assert.is_truthy(text:find("GES_TOKEN", 1, true), text)
    end)

    it("are not asked when the call brings its own", function()
      assert.is_truthy(run({ GES_TOKEN = "sim-token-forbidden" }, ("token = 'sim-token', "
        .. "project_id = %q"):format(sim.demo.project_id)):find("^running"))
    end)
  end)

  it("never show in anything that was said", function()
    local secrets = { PASSWORD, "wrong-password", SK, "wrong-secret-key", "sim-security-token",
      "other-token", "sim-token" }
    assert.is_true(#texts > 100)
    for _, text in ipairs(texts) do
      for _, secret in ipairs(secrets) do
        assert.is_nil(text:find(secret, 1, true), text)
      end
    end
    local log = assert(io.open(sim.dir .. "/error.log")):read("*a")
    for _, secret in ipairs(secrets) do assert.is_nil(log:find(secret, 1, true), log) end
  end)
end)
