-- What is refused sends nothing, wherever it comes from: a provider, a token function, a variable
-- of the environment, the profile file or an answer of IAM. The service saw no connection, and IAM
-- none but those whose answer is refused.

local alternate = require("alternate")
local env = require("ges.credentials.env")
local ges = require("ges")
local lab = require("lab")
local wire = require("wire")

local CRLF = "evil\r\nX-Evil: 1"

-- What neither a header nor an id may be.
local SECRETS = { CRLF, "evil\n", "\nevil", "evil\0", "evil b", "evil\127", '"evil"', "" }
local IDS = { CRLF, "evil\n", "evil\0", "evil b", "evil/..", "..", "evil?a", "evil%2f" }

-- The calls, and those of them that need a project.
local CALLS = { "ges.job_status", "ges.jobs", "ges.wait", "ges.start", "ges.wait_all",
  "ges.request" }

describe("what is refused sends nothing:", function()
  local service, iam

  before_each(function()
    service = lab.replies { { 200, '{"status":"success","job_count":0,"job_list":[]}' } }
    iam = lab.replies { { 200, '{"projects":[{"id":"project"}]}',
      { ["X-Subject-Token"] = "token-of-iam" } } }
  end)
  after_each(lab.cleanup)

  local KINDS = { argument = true, credentials = true }

  -- Each call with these options (or what makes them) is refused; `at_iam` connections to IAM are
  -- opened for one, and the message has the text `named`.
  local function refused(given, what, but, at_iam, named)
    for _, name in ipairs(CALLS) do
      if name ~= but then
        local opts = type(given) == "function" and given() or given
        local own = { graph_id = "graph", job_id = "job", endpoint = service:url(),
          iam_endpoint = iam:url(), timeout = 5 }
        own = alternate.of_call(alternate.over(own, opts), name)
        local before = iam:accepted()
        local ok, value, err, info = pcall(alternate.calls[name], lab.client(), own)
        local kind = not ok and "thrown" or value or info.kind
        assert.is_true(not ok or KINDS[kind] or false,
          ("%s in %s: %s"):format(what, name, tostring(err or value)))
        if named and name ~= "ges.wait_all" then
          assert.is_truthy(err:find(named, 1, true), what .. " in " .. name .. ": " .. err)
        end
        assert.equal(0, service:accepted(), what .. " in " .. name)
        assert.equal(before + (at_iam or 0), iam:accepted(), what .. " in " .. name)
      end
    end
  end

  local function each(values, take)
    for n, value in ipairs(values) do take(value, ("value %d"):format(n)) end
  end

  it("what a provider of the script's own returns", function()
    local good = { ak = "ACCESS-KEY", sk = "secret-key", security_token = "security-token",
      project_id = "project" }
    for _, field in ipairs { "ak", "sk", "security_token", "token", "project_id" } do
      each(field == "project_id" and IDS or SECRETS, function(value, what)
        local creds = field == "token" and { project_id = "project" }
          or alternate.over(good)
        creds[field] = value
        local opts = { credentials = { get = function() return creds end } }
        refused(opts, field .. ", " .. what, field == "project_id" and "ges.request")
        opts.project_id = "project"
        if field ~= "project_id" then refused(opts, field .. ", " .. what) end
      end)
    end
    for _, creds in ipairs { {}, { token = 5 }, { ak = "a" }, { token = "t", ak = "a", sk = "s" },
      { token = "t", project_id = 5 } } do
      refused({ credentials = { get = function() return creds end } }, "nonsense")
    end
  end)

  it("what a token function returns", function()
    each(SECRETS, function(value, what)
      refused({ project_id = "project", token = function() return value end }, what)
      refused({ project_id = "project", credentials = ges.credentials.token(function()
        return value
      end) }, what)
    end)
    refused({ project_id = "project", token = function() return nil, "evil" end }, "none")
    refused({ project_id = "project", token = function() return 5 end }, "a number")
  end)

  it("what another provider of ges is made of", function()
    each(SECRETS, function(value, what)
      for field in pairs { ak = 1, sk = 1, security_token = 1 } do
        local keys = { ak = "ACCESS-KEY", sk = "secret-key", project_id = "project" }
        keys[field] = value
        refused({ credentials = ges.credentials.aksk(keys) }, field .. ", " .. what)
      end
      refused({ credentials = ges.credentials.token(value, "project") }, what)
    end)
  end)

  describe("the environment's", function()
    local KEYS = { ak = "ACCESS-KEY", sk = "secret-key", security_token = "security-token",
      project_id = "project" }
    local LOGIN = { user = "user", password = "password", domain = "domain",
      project_id = "project" }
    local LOGIN_SLIPS = { "evil\n", "evil\r\n", "evil ", "'evil'" }

    -- For each option: who goes with it, what it must not be, and a call that does not mind.
    local ROWS = {
      token = { { project_id = "project" }, SECRETS }, ak = { KEYS, SECRETS },
      sk = { KEYS, SECRETS }, security_token = { KEYS, SECRETS },
      user = { LOGIN, LOGIN_SLIPS }, password = { LOGIN, LOGIN_SLIPS },
      domain = { LOGIN, LOGIN_SLIPS }, domain_id = { LOGIN, LOGIN_SLIPS },
      project_id = { KEYS, IDS, but = "ges.request" },
      iam_endpoint = { LOGIN, { CRLF, "ftp://evil", "http://evil@h", "http://evil.example" },
        with = { iam_endpoint = false } },
      region = { { token = "token", project_id = "project" }, { CRLF, "EVIL", "evil/x" },
        with = { endpoint = false } },
      cloud = { { token = "token", project_id = "project", region = "r-1" },
        { CRLF, "evil", "evil..example" }, with = { endpoint = false } },
    }

    -- Variables that are tried elsewhere.
    local ELSEWHERE = {
      project = "a name is looked up as it is: encoded, in spec/ges/credentials",
      credentials_file = "a file that is not there is no credentials",
    }

    -- The environment of these options, in which `option` is said by `variable`: those that belong
    -- together are of one family.
    local function environment(options, option, variable, value)
      local variables, family = { [variable] = value }, 1
      for n, name in ipairs(env.names[option]) do
        if name == variable then family = n end
      end
      for name, text in pairs(options) do
        if name ~= option then
          variables[env.names[name][family] or env.names[name][1]] = text
        end
      end
      return function(name) return variables[name] end
    end

    for option, variables in pairs(env.names) do
      it("variables for " .. option, function()
        local row = ROWS[option]
        assert(row or ELSEWHERE[option], "no case for the variables of " .. option)
        for _, variable in ipairs(row and variables or {}) do
          each(row[2], function(value, what)
            if value == "" then return end -- an empty variable is none
            local opts = { proxy = service:url(), credentials = ges.credentials.env(
              environment(row[1], option, variable, value)) }
            for name, other in pairs(row.with or {}) do opts[name] = other end
            refused(opts, variable .. ", " .. what, row.but, 0, variable)
          end)
        end
      end)
    end

    it("project id, before a login is sent for it", function()
      for _, variable in ipairs(env.names.project_id) do
        each(IDS, function(value, what)
          refused({ credentials = ges.credentials.env(environment(LOGIN, "project_id", variable,
            value)) }, variable .. ", " .. what)
        end)
      end
    end)

    it("endpoint of a region", function()
      for _, value in ipairs { "ftp://evil", "http://evil@h", "http://evil.example", "evil\0" } do
        local variables = { GES_TOKEN = "token", HW_PROJECT_ID = "project", HW_REGION_NAME = "r-1",
          HUAWEICLOUD_SDK_REGION_GES_R_1 = value }
        refused({ endpoint = false, proxy = service:url(), credentials = ges.credentials.env(
          function(name) return variables[name] end) }, value)
      end
    end)
  end)

  it("what the profile file says", function()
    local file = os.tmpname()
    for _, key in ipairs { "ak", "sk", "security_token", "project_id", "iam_endpoint" } do
      for _, value in ipairs { "evil b", "evil\27[2J", "evil\127", "\226\128\139evil",
        "evil?a/.." } do
        local keys = { ak = "ACCESS-KEY", sk = "secret-key", project_id = "project" }
        if key == "iam_endpoint" then keys.project_id = nil end
        keys[key] = value
        local out = assert(io.open(file, "w"))
        out:write("[basic]\n")
        for name, text in pairs(keys) do out:write(name, " = ", text, "\n") end
        out:close()
        os.execute("chmod 600 " .. file)
        if not (value == "evil?a/.." and key ~= "project_id" and key ~= "iam_endpoint") then
          refused({ iam_endpoint = key ~= "iam_endpoint" and iam:url(),
            project = key == "iam_endpoint" and "name",
            credentials = ges.credentials.profile { file = file, getenv = function() end } },
            key .. " = " .. value, (key == "project_id" or key == "iam_endpoint")
              and "ges.request")
        end
      end
    end
    os.remove(file)
  end)

  it("a token or a project that IAM answers with", function()
    local keys = { ak = "ACCESS-KEY", sk = "secret-key", project = "name" }
    local function login()
      return { credentials = ges.credentials.password { user = "u", password = "p", domain = "d",
        project = "name" } }
    end
    for _, token in ipairs { "evil b", "evil\127", '"evil"', "evil\226\128\139" } do
      iam = lab.replies { { 201, '{"token":{"project":{"id":"project"}}}',
        { ["X-Subject-Token"] = token } } }
      refused(login, token, nil, 1)
    end
    for _, id in ipairs { "evil\\r\\nX-Evil: 1", "evil\\n", "evil\\u0000", "evil b", "evil/..",
      "..", "evil?a" } do
      iam = lab.serve { { "request", wire.reply(201, ('{"token":{"project":{"id":"%s"}},'
        .. '"projects":[{"id":"%s"}]}'):format(id, id), { ["X-Subject-Token"] = "token" }),
        { again = true } }, loop = true }
      refused(keys, "a project " .. id, "ges.request", 1)
      refused(login, "a login's project " .. id, "ges.request", 1)
    end
  end)
end)
