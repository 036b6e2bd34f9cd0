-- ges doctor, version and completion: what they say, and what they never say.

local core = require "ges.core"
local json = require "ges.json"
local kit = require "cli_kit"
local output = require "ges.cli.output"
local pty = require "pty"
local ges_sim = require "ges.sim"
local socket = require "socket"
local wire = require "wire"

-- The checks of a run by name, and the run.
local function doctor(args, env)
  local all = { "doctor", "-o", "json" }
  for _, word in ipairs(args or {}) do all[#all + 1] = word end
  local seen = kit.ges(all, { env = env })
  local found = {}
  for _, check in ipairs(assert(json.decode(seen.out), seen.err).checks) do
    found[check.name] = check
  end
  return found, seen
end

describe("ges doctor", function()
  local tls

  setup(function()
    kit.start()
    tls = assert(ges_sim.start { tls = true, codec = "ges.json" })
  end)
  teardown(function()
    tls:stop()
    kit.stop()
  end)

  it("doubts an answer that leads elsewhere or fails", function()
    for _, status in ipairs { 302, 503 } do
      local found, seen = doctor { "--endpoint", kit.answering(wire.reply(status, "<html>")) }
      assert.equal(0, seen.code)
      assert.equal("note", found.endpoint.state)
      assert.matches(("with HTTP %d: is it the service"):format(status), found.endpoint.detail)
    end
    assert.equal("ok", doctor({ "--endpoint", kit.answering(wire.reply(404, "{}")) })
      .endpoint.state)
  end)

  it("finds nothing wrong where nothing is", function()
    local found, seen = doctor { "--endpoint", tls.https_url, "--ca-file", tls.ca_file }
    assert.equal(0, seen.code)
    assert.equal("ok", found.versions.state)
    assert.matches("^ges " .. core._VERSION:gsub("%.", "%%.") .. ", Lua", found.versions.detail)
    assert.equal("ok", found.endpoint.state)
    assert.matches("certificate verified", found.endpoint.detail)
    assert.equal("ok", found.credentials.state)
    assert.equal("a token of 9 characters in GES_TOKEN", found.credentials.detail)
    assert.truthy(found.clock)
  end)

  it("exits with the worst of what it finds, not with the last", function()
    local found, seen = doctor({ "--endpoint", "https://127.0.0.1:1" }, { GES_TOKEN = false })
    assert.same({ "bad", "bad" }, { found.endpoint.state, found.credentials.state })
    assert.equal(6, seen.code)
    assert.equal(4, select(2, doctor({ "--endpoint", tls.https_url, "--ca-file", tls.ca_file },
      { GES_TOKEN = false })).code)
  end)

  it("distinguishes names, connections, certificates and nonsense", function()
    for endpoint, expected in pairs {
      ["https://no.such.invalid"] = { "dns: ", 6 }, ["https://127.0.0.1:1"] = { "connect: ", 6 },
      [tls.https_url] = { "tls: ", 6 }, ["ftp://x"] = { "argument: ", 2 },
    } do
      local found, seen = doctor { "--endpoint", endpoint }
      assert.equal("bad", found.endpoint.state)
      assert.equal(expected[1], found.endpoint.detail:match("^%a+: "))
      assert.equal(expected[2], seen.code)
    end
    local found = doctor({ "--region", "cn-north-4a" })
    assert.matches("availability zone", found.endpoint.detail)
    found = doctor({}, { GES_ENDPOINT = false })
    assert.equal("note", found.endpoint.state)
    found = doctor { "--endpoint", tls.https_url, "--no-verify" }
    assert.matches("NOT verified", found.endpoint.detail)
  end)

  it("gives a service as long as --request-timeout says", function()
    local mute = assert(socket.bind("127.0.0.1", 0))
    local _, port = mute:getsockname()
    local began = core.now()
    local found = doctor { "--endpoint", "http://127.0.0.1:" .. port, "--request-timeout", "300ms" }
    assert.equal("bad", found.endpoint.state)
    assert.is_true(core.now() - began < 8) -- libcurl gives a slow answer up after 10 s
    mute:close()
  end)

  it("compares the clocks", function()
    local function at(seconds)
      local date = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + seconds)
      return kit.refusing(404, "APIGW.0101", { Date = date })
    end
    local found = doctor { "--endpoint", at(0) }
    if found.clock.detail:find("not compared", 1, true) then return end
    assert.equal("ok", found.clock.state)
    found = doctor { "--endpoint", at(330) }
    assert.equal("note", found.clock.state)
    assert.matches("^5m%d%ds behind", found.clock.detail)
    local seen
    found, seen = doctor { "--endpoint", at(-7200) }
    assert.equal("bad", found.clock.state)
    assert.matches("^2h00m ahead", found.clock.detail)
    assert.equal(4, seen.code)
  end)

  it("finds credentials, and shows none of them", function()
    local cases = {
      { { GES_TOKEN = "hush-hush-hush" }, "ok", "a token of 14 characters in GES_TOKEN" },
      { { OS_AUTH_TOKEN = "hush-hush-hush" }, "ok", "in OS_AUTH_TOKEN" },
      { { HUAWEICLOUD_SDK_AK = "hush-hush-hush", HUAWEICLOUD_SDK_SK = "hush-hush-hush" }, "ok",
        "^access keys in HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK$" },
      { { OS_ACCESS_KEY = "hush-hush-hush", OS_SECRET_KEY = "hush-hush-hush" }, "ok",
        "^access keys in OS_ACCESS_KEY and OS_SECRET_KEY$" },
      { { HW_SECRET_KEY = "hush-hush-hush" }, "bad", "HW_ACCESS_KEY is not" },
      { { HW_USER_PASSWORD = "hush-hush-hush", HW_USER_NAME = "hush-hush-hush",
        HW_DOMAIN_NAME = "d" }, "ok", "a password in HW_USER_PASSWORD %(no login was tried%)" },
      { { HW_USER_PASSWORD = "'hush-hush-hush'", HW_USER_NAME = "hush-hush-hush",
        HW_DOMAIN_NAME = "d" }, "bad", "HW_USER_PASSWORD is in quotes" },
      { { HW_USER_PASSWORD = "hush-hush-hush", HW_USER_NAME = "hush-hush-hush" }, "bad",
        "HW_DOMAIN_NAME or OS_DOMAIN_NAME is not" },
      { { GES_TOKEN = "hush hush hush" }, "bad", "contains a space" },
      { {}, "bad", "none: set GES_TOKEN" },
      { { https_proxy = "http://me:hush-hush-hush@proxy:3128" }, "bad", "none" },
      { { https_proxy = "http://me:hush@hush@proxy:3128/?hush" }, "bad", "none" },
      { { https_proxy = "me:hush-hush-hush@proxy:3128" }, "bad", "none" },
      { { ALL_PROXY = "hush-hush-hush@proxy:3128" }, "bad", "none" },
    }
    for _, case in ipairs(cases) do
      local env = { GES_TOKEN = false, GES_ENDPOINT = false }
      for name, value in pairs(case[1]) do env[name] = value end
      local found, seen = doctor({}, env)
      assert.equal(case[2], found.credentials.state, seen.out)
      assert.matches(case[3], found.credentials.detail)
      assert.equal(case[2] == "ok" and 0 or 4, seen.code)
      assert.is_nil((seen.out .. seen.err):find("hush", 1, true))
      if env.https_proxy or env.ALL_PROXY then
        local scheme = (env.https_proxy or ""):match("^http://") or ""
        assert.matches("is set: " .. scheme .. "proxy:3128", found.proxy.detail)
      end
    end
  end)

  it("looks into a token file, and not into stdin", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(kit.token .. "\n")
    file:close()
    os.execute("chmod 600 " .. path)
    local function detail(from) return doctor({ "--token-file", from }).credentials.detail end
    assert.matches("a token of 9 characters in /", detail(path))
    os.execute("chmod 644 " .. path)
    assert.matches("chmod 600", detail(path))
    os.remove(path)
    assert.matches("not read", detail("-"))
  end)

  it("shows what decides where and for whom it asks, and what was not used", function()
    local url = tls.https_url
    local none = { GES_TOKEN = false, GES_ENDPOINT = false, GES_PROJECT_ID = false,
      CURL_CA_BUNDLE = false, SSL_CERT_FILE = false, SSL_CERT_DIR = false }
    local proxy = { "--proxy", "http://127.0.0.1:1" } -- the way of whatever is not loopback
    for _, case in ipairs {
      { { "--region", "cn-north-4" }, { HW_REGION_NAME = "cn-south-1" }, "where", "ok",
        "region cn-north-4, from --region; HW_REGION_NAME=cn-south-1 was not used" },
      { { "--endpoint", url }, { GES_REGION = "r-1", HW_REGION_NAME = "r-2" }, "where", "ok",
        "endpoint " .. url
          .. ", from --endpoint; GES_REGION=r-1, HW_REGION_NAME=r-2 were not used" },
      { {}, { HW_REGION_NAME = "cn-north-4b" }, "where", "bad", "availability zone" },
      { {}, { OS_REGION_NAME = "r-1", HUAWEICLOUD_SDK_REGION_GES_R_1 = url }, "where", "ok",
        "region r-1, from OS_REGION_NAME; its endpoint " .. url
        .. ", from HUAWEICLOUD_SDK_REGION_GES_R_1" },
      { {}, {}, "where", "note", "not set" },
      { { "--region", "r-1", "--cloud", "a.b" }, { HW_CLOUD = "c.d" }, "where", "ok",
        "region r-1, from --region, in the cloud a.b, from --cloud; HW_CLOUD=c.d was not used" },
      { { "--endpoint", url }, { HW_CLOUD = "c.d" }, "where", "ok", "HW_CLOUD=c.d was not used" },
      { { "--cloud", "a.b" }, { GES_ENDPOINT = url }, "where", "note", "GES_ENDPOINT" },
      { {}, { GES_TOKEN = "t", HW_PROJECT_ID = "A" }, "project", "ok", "A, from HW_PROJECT_ID" },
      { {}, { GES_TOKEN = "t", HW_PROJECT_NAME = "n" }, "project", "bad", "a token cannot" },
      { { "--region", "r-1" }, { HW_ACCESS_KEY = "a", HW_SECRET_KEY = "s", HW_PROJECT_NAME = "n" },
        "project", "ok", "by its name, n, from HW_PROJECT_NAME" },
      { {}, {}, "iam", "note", "not known without a region" },
      { { "--project", "B" }, { HW_PROJECT_ID = "A", HW_PROJECT_NAME = "x" }, "project", "ok",
        "B, from --project; HW_PROJECT_ID=A, HW_PROJECT_NAME=x were not used" },
      { {}, { GES_PROJECT_NAME = "n", OS_PROJECT_ID = "A" }, "project", "ok",
        "by its name, n, from GES_PROJECT_NAME; OS_PROJECT_ID=A was not used" },
      { { "--region", "r-1" }, {}, "project", "note",
        "the project named r-1, whose id is looked up" },
      { { "--iam-endpoint", url .. "/v3" }, { OS_AUTH_URL = "https://x.test/v3" }, "iam", "ok",
        url .. ", from --iam-endpoint; OS_AUTH_URL=https://x.test/v3 was not used" },
      { { "--region", "eu-west-101" }, {}, "iam", "ok",
        "https://iam.eu-west-101.myhuaweicloud.eu, from the region" },
      { { "--endpoint", url }, { HW_REGION_NAME = "cn-south-1" }, "iam", "note", "not known" },
      { {}, { HW_AUTH_URL = "https://me:hush@x.test" }, "iam", "bad", "(not shown)" },
      { { "--iam-endpoint", "http://10.2.2.2" }, {}, "iam", "bad", "set --insecure-http" },
      { { "--iam-endpoint", "http://10.2.2.2", "--insecure-http" }, {}, "iam", "ok", "10.2.2.2" },
      { { "--project", "a/b" }, {}, "project", "bad", "a/b, from --project: it may contain only" },
      { {}, { HW_PROJECT_ID = "'A'" }, "project", "note", "HW_PROJECT_ID='A' was not used" },
      { {}, { GES_TOKEN = "t", HW_PROJECT_ID = "'A'" }, "project", "bad", "it may contain only" },
      { { "--region", "r-1" }, { HUAWEICLOUD_SDK_REGION_GES_R_1 = "https://me:hush@x.test" },
        "where", "bad", "user information" },
      { { "--endpoint", url }, { HW_USER_NAME = "u", HW_USER_PASSWORD = "hush-hush",
        HW_DOMAIN_NAME = "d" }, "iam", "bad", "give --iam-endpoint" },
      { { "--endpoint", url }, { HW_ACCESS_KEY = "a", HW_SECRET_KEY = "s" }, "iam", "note",
        "https://iam.myhuaweicloud.com, since nothing names a region" },
      { { "--endpoint", url }, { HW_ACCESS_KEY = "a", HW_SECRET_KEY = "s", HW_REGION_NAME = "r-1" },
        "iam", "ok", "https://iam.r-1.myhuaweicloud.com, from the region" },
      { { "--endpoint", "https://ges.eu-west-101.myhuaweicloud.eu" }, {}, "iam", "ok",
        "https://iam.eu-west-101.myhuaweicloud.eu, from the endpoint's name" },
      { {}, {}, "trust", "ok", "the system's" },
      { { "--ca-file", "/etc/passwd" }, { SSL_CERT_FILE = "/b" }, "trust", "ok",
        "/etc/passwd, from --ca-file; SSL_CERT_FILE=/b was not used" },
      { {}, { GES_CA_PATH = "/etc", CURL_CA_BUNDLE = "/b" }, "trust", "ok",
        "/etc, from GES_CA_PATH; CURL_CA_BUNDLE=/b was not used" },
      { {}, { CURL_CA_BUNDLE = "/etc/passwd", SSL_CERT_DIR = "/c" }, "trust", "ok",
        "/etc/passwd, from CURL_CA_BUNDLE; SSL_CERT_DIR=/c was not used" },
      { {}, { SSL_CERT_FILE = "/etc/passwd", SSL_CERT_DIR = "/etc" }, "trust", "ok",
        "/etc/passwd, from SSL_CERT_FILE; /etc, from SSL_CERT_DIR" },
      { {}, { CURL_CA_BUNDLE = "/no/such" }, "trust", "bad",
        "/no/such, from CURL_CA_BUNDLE: /no/such: No such file" },
      { {}, { SSL_CERT_DIR = "/no/such" }, "trust", "bad", "from SSL_CERT_DIR: /no/such: No such" },
      { {}, { SSL_CERT_FILE = "/etc" }, "trust", "bad", "Is a directory" },
      { { "--no-verify" }, {}, "trust", "note", "no certificate is checked" },
      { { "--ca-file", "/etc/passwd" }, { CURL_CA_BUNDLE = "/a", SSL_CERT_FILE = "/b",
        SSL_CERT_DIR = "/c" }, "trust", "ok", "from --ca-file; CURL_CA_BUNDLE=/a, "
          .. "SSL_CERT_FILE=/b, SSL_CERT_DIR=/c were not used" },
      { {}, { GES_GRAPH_ID = "g-1" }, "graph", "ok", "g-1, from GES_GRAPH_ID" },
      { { "--graph", "g-2" }, { GES_GRAPH_ID = "g-1" }, "graph", "ok",
        "g-2, from --graph; GES_GRAPH_ID=g-1 was not used" },
      { { "--graph", "a/b" }, {}, "graph", "bad", "a/b, from --graph: it may contain only" },
      { {}, { GES_GRAPH_ID = false }, "graph", "note", "not set: give --graph" },
      { {}, { OS_AUTH_TOKEN = "t", HW_ACCESS_KEY = "a", HW_SECRET_KEY = "s", OS_PASSWORD = "p" },
        "credentials", "ok", "a token of 1 character in OS_AUTH_TOKEN; HW_ACCESS_KEY, OS_PASSWORD "
          .. "were not used" },
    } do
      local args, env = { (unpack or table.unpack)(proxy) }, {}
      for _, word in ipairs(case[1]) do args[#args + 1] = word end
      for name, value in pairs(none) do env[name] = value end
      for name, value in pairs(case[2]) do env[name] = value end
      local found, seen = doctor(args, env)
      local fact = found[case[3]]
      assert.equal(case[4], fact.state, fact.detail)
      assert.truthy(fact.detail:find(case[5], 1, true), fact.detail)
      assert.is_nil((seen.out .. seen.err):find("hush", 1, true))
    end
  end)

  it("says which variables name the system's own authorities", function()
    local file, path = core.trust({})
    if not file or not path then return pending("libcurl has no bundle and folder of its own") end
    local env = { CURL_CA_BUNDLE = false, SSL_CERT_FILE = false, SSL_CERT_DIR = false }
    local function trust(names, values)
      for name in pairs(env) do env[name] = false end
      for i, name in ipairs(names) do env[name] = values[i] end
      local found = doctor({}, env)
      assert.equal("ok", found.trust.state)
      return found.trust.detail
    end
    assert.equal("the system's, which CURL_CA_BUNDLE names", trust({ "CURL_CA_BUNDLE" }, { file }))
    assert.equal("the system's, which SSL_CERT_FILE and SSL_CERT_DIR name",
      trust({ "SSL_CERT_FILE", "SSL_CERT_DIR" }, { file, path }))
    assert.equal("the system's, which CURL_CA_BUNDLE names; SSL_CERT_FILE=/b was not used",
      trust({ "CURL_CA_BUNDLE", "SSL_CERT_FILE" }, { file, "/b" }))
  end)

  it("has lines for people, as it goes", function()
    local seen = kit.ges({ "doctor" })
    assert.equal(0, seen.code)
    for line in seen.out:gmatch("[^\n]+") do
      assert.truthy(line:find("^ok    ") or line:find("^note  "), line)
    end
    assert.matches("^versions\tok\t", kit.ges({ "doctor", "-o", "tsv" }).out)
    assert.matches("\n  %- detail: ", kit.ges({ "doctor", "-o", "yaml" }).out)
  end)
end)

describe("every output form", function()
  setup(kit.start)
  teardown(kit.stop)

  it("is one that every command can write", function()
    local id = kit.job(0)
    for _, form in ipairs(output.names) do
      for _, args in ipairs { { "doctor" }, { "version" }, { "status", id }, { "wait", "-q", id },
        { "status", id, id } } do
        table.insert(args, 2, "-o")
        table.insert(args, 3, form)
        local seen = kit.ges(args)
        assert.same({ 0, "" }, { seen.code, seen.err }, form)
        assert.matches(args[1] == "doctor" and "credentials" or args[1] == "version" and "libcurl"
          or id, seen.out)
      end
    end
  end)

  it("is named by the help, with the one that counts when none is named", function()
    local help = kit.ges({ "status", "--help" }).out:gsub("%s+", " ")
    for i, form in ipairs(output.names) do
      assert.truthy(help:find(form .. (i == 1 and " (default)" or ""), 1, true), form)
      assert.equal(output.forms[i], output.form(form))
    end
    assert.equal(output.forms[1], output.form(nil))
  end)
end)

describe("ges version", function()
  it("names the versions", function()
    assert.equal("ges " .. core._VERSION .. "\n", pty.run({ "--version" }).out)
    assert.equal(core._VERSION, json.decode(pty.run({ "version", "-o", "json" }).out).ges)
    assert.equal(core._VERSION, json.decode(pty.run({ "version", "-o", "jsonl" }).out).ges)
    assert.matches("^ges: ", pty.run({ "version", "-o", "yaml" }).out)
    assert.matches("^ges\t[%d.]+\nlua\tLua", pty.run({ "version", "-o", "tsv" }).out)
  end)
end)

describe("ges completion", function()
  local function has(program)
    return os.execute("command -v " .. program .. " >/dev/null 2>&1") == true
      or os.execute("command -v " .. program .. " >/dev/null 2>&1") == 0
  end

  -- The output of a program that uses the script, in its shell.
  local function ask(shell, program)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(pty.run({ "completion", shell }).out)
    file:close()
    local seen = pty.run({ "-c", program:gsub("FILE", path) }, { program = { shell } })
    os.remove(path)
    assert.equal(0, seen.code, seen.err)
    return seen.out
  end

  it("completes commands, options and values in bash", function()
    local form = "source FILE; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _ges; "
      .. "echo \"${COMPREPLY[*]}\""
    assert.equal("status wait watch jobs sim doctor version completion\n",
      ask("bash", form:format("ges ''")))
    assert.equal("--timeout --token-file\n",
      ask("bash", form:format("ges wait --t")):gsub("(%-%-t%S+) (%-%-t%S+)", function(a, b)
        return a < b and a .. " " .. b or b .. " " .. a
      end), nil)
    local forms = table.concat(output.names, " ") .. "\n"
    assert.equal(forms, ask("bash", form:format("ges wait -o ''")))
    assert.equal("bash zsh fish\n", ask("bash", form:format("ges completion ''")))
  end)

  it("is understood by zsh and fish, where they are", function()
    if has "zsh" then ask("zsh", "zsh -n FILE") end
    if has "fish" then
      assert.matches("%-%-timeout\t", ask("fish", "source FILE; complete -C 'ges wait --time'"))
    end
    for _, shell in ipairs { "zsh", "fish" } do
      local text = pty.run({ "completion", shell }).out
      assert.matches("not%-found%-grace", text)
    end
  end)
end)
