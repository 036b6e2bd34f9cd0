-- SPDX-License-Identifier: MIT
-- Whose certificates are believed: the options, the variables of curl and OpenSSL, the system's
-- files, as they are and as they change; and proxies, plain and over TLS. Against an nginx and
-- proxies with throw-away authorities; where the system's files must differ, in a mount namespace.

local child = require("child")
local core = require("ges.core")
local ges = require("ges")
local kit = require("core_kit")
local lab = require("lab")
local pty = require("pty")
local tls = require("tls_lab")

local BUNDLE, FOLDER = "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs"
local VARIABLES = "unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR https_proxy HTTPS_PROXY "
  .. "all_proxy ALL_PROXY no_proxy NO_PROXY; "

describe("faults: trust", function()
  setup(function()
    tls.start()
    tls.run("mkdir -p hashed other && cp root.pem hashed && cp stranger-root.pem other"
      .. " && openssl rehash hashed && openssl rehash other")
  end)
  teardown(tls.cleanup)
  after_each(function()
    lab.cleanup()
    kit.cleanup()
  end)

  local function ask(endpoint, extra)
    local opts = lab.options(endpoint, { ca_file = tls.path("root.pem"), timeout = 10 })
    for name, value in pairs(extra or {}) do
      if value == false and name ~= "verify" then value = nil end
      opts[name] = value
    end
    return lab.client():job_status(opts)
  end

  -- A failure of this kind at the first attempt, with each of these texts.
  local function fails(kind, endpoint, extra, ...)
    local err, info = lab.fails(kind, ask(endpoint, extra))
    assert.equal(1, info.attempts, err)
    for _, text in ipairs { ... } do
      assert.is_truthy(err:find(text, 1, true), err)
    end
    return err
  end

  -- What a call prints in a process with this environment: "ok", or the kind and the error.
  local function elsewhere(variables, code, how)
    how = how or {}
    how.limits = VARIABLES .. variables
    return child.good(([[
      local ges = require("ges")
      local function ask(endpoint, extra)
        local opts = { endpoint = endpoint, project_id = "p", graph_id = "g", job_id = "j",
          token = "trust-token-0123456789", retries = 0 }
        for name, value in pairs(extra or {}) do opts[name] = value end
        local job, err, info = ges.new{}:job_status(opts)
        print(job and "ok" or info.kind .. " " .. err)
      end
      local good, stranger = %q, %q
      %s]]):format(tls.url("good"), tls.url("stranger"), code), how)
  end

  describe("variables", function()
    local function set(names)
      local words = {}
      for name, file in pairs(names) do
        words[#words + 1] = ("export %s=%s; "):format(name, file:gsub("%./", tls.path("") ))
      end
      return table.concat(words)
    end

    it("name authorities, the ones of curl before those of OpenSSL", function()
      for _, case in ipairs {
        { { CURL_CA_BUNDLE = "./root.pem" }, "ok" }, { { SSL_CERT_FILE = "./root.pem" }, "ok" },
        { { SSL_CERT_DIR = "./hashed" }, "ok" }, { {}, "tls" },
        { { SSL_CERT_DIR = "/nowhere:./hashed" }, "ok" },
        { { CURL_CA_BUNDLE = "./root.pem", SSL_CERT_FILE = "./stranger-root.pem" }, "ok" },
        { { CURL_CA_BUNDLE = "./stranger-root.pem", SSL_CERT_FILE = "./root.pem" }, "tls" },
        { { CURL_CA_BUNDLE = "./stranger-root.pem", SSL_CERT_DIR = "./hashed" }, "tls" },
        { { SSL_CERT_FILE = "./stranger-root.pem", SSL_CERT_DIR = "./hashed" }, "ok" },
        { { SSL_CERT_FILE = "./root.pem", SSL_CERT_DIR = "./other" }, "ok" },
        { { SSL_CERT_FILE = "./stranger-root.pem" }, "tls" },
        { { CURL_CA_BUNDLE = "", SSL_CERT_FILE = "./root.pem" }, "ok" },
      } do
        local said = elsewhere(set(case[1]), "ask(good)")
        assert.equal(case[2], said:match("^%l+"), said)
      end
    end)

    it("count after the options, which may name the system's bundle and folder", function()
      local all = set { CURL_CA_BUNDLE = "./root.pem" }
      local said = elsewhere(all, ([[ask(good, { ca_file = %q }) ask(good, { ca_path = %q })
        ask(good, { ca_file = %q, ca_path = %q }) ask(stranger, { ca_file = %q })]])
        :format(tls.path("stranger-root.pem"), tls.path("other"), BUNDLE, FOLDER,
        tls.path("stranger-root.pem")))
      local kinds = {}
      for line in said:gmatch("[^\n]+") do kinds[#kinds + 1] = line:match("^%l+") end
      assert.same({ "tls", "tls", "tls", "ok" }, kinds)
    end)

    it("are named when their file is the fault", function()
      for name, text in pairs { CURL_CA_BUNDLE = "cannot be read: No such file",
        SSL_CERT_FILE = "cannot be read: No such file", SSL_CERT_DIR = "cannot be read" } do
        local said = elsewhere(set { [name] = "/no/such" }, "ask(good)")
        assert.is_truthy(said:find(name .. " /no/such " .. text, 1, true), said)
      end
      local said = elsewhere(set { SSL_CERT_FILE = "./stranger-root.pem" }, "ask(good)")
      assert.is_truthy(said:find("has to be in SSL_CERT_FILE " .. tls.path(""), 1, true), said)
    end)

    it("are those of the environment that a provider has", function()
      local said = elsewhere(set { CURL_CA_BUNDLE = "./root.pem" }, ([[
        local function with(variables)
          variables.GES_TOKEN = "trust-token-0123456789"
          return { token = false, credentials = ges.credentials.env(function(name)
            return variables[name]
          end) }
        end
        local function try(variables, endpoint, ca_file)
          local opts = with(variables)
          opts.token = nil
          local job, err, info = ges.new{}:job_status{ endpoint = endpoint, project_id = "p",
            graph_id = "g", job_id = "j", credentials = opts.credentials, retries = 0,
            ca_file = ca_file }
          print(job and "ok" or info.kind .. " " .. err)
        end
        try({}, good)
        try({ SSL_CERT_FILE = %q }, good)
        try({ SSL_CERT_DIR = %q }, good)
        try({ CURL_CA_BUNDLE = %q }, stranger)
        try({ CURL_CA_BUNDLE = %q }, stranger, %q)]]):format(tls.path("root.pem"),
        tls.path("hashed"), tls.path("stranger-root.pem"), tls.path("root.pem"),
        tls.path("stranger-root.pem")))
      local kinds = {}
      for line in said:gmatch("[^\n]+") do kinds[#kinds + 1] = line:match("^%l+") end
      assert.same({ "tls", "ok", "ok", "ok", "ok" }, kinds)
    end)

    it("are those of the environment that a provider has, for its login, too", function()
      local said = elsewhere(set { CURL_CA_BUNDLE = "./stranger-root.pem" }, ([[
        local variables = { HW_USER_NAME = "u", HW_USER_PASSWORD = "a-password-1",
          HW_DOMAIN_NAME = "d", HW_AUTH_URL = good, HW_PROJECT_ID = "p" }
        for _, file in ipairs { %q, %q } do
          variables.SSL_CERT_FILE = file
          local _, _, info = ges.new{}:job_status{ endpoint = good, graph_id = "g", job_id = "j",
            credentials = ges.credentials.env(function(name) return variables[name] end) }
          print(info.kind, info.cause == "tls")
        end]]):format(tls.path("root.pem"), tls.path("stranger-root.pem")))
      assert.equal("nil\tfalse\ncredentials\ttrue", (said:gsub("%s+$", "")))
    end)
  end)

  describe("a file of authorities", function()
    it("that does not do is described", function()
      tls.run("openssl x509 -in root.pem -outform der -out root.der; mkdir -p nothing;"
        .. " sed 's/^M/!/' root.pem > bad64.pem; : > empty.pem")
      for name, why in pairs {
        ["/etc/passwd"] = "contains no certificate in PEM form",
        ["no-such.pem"] = "cannot be read: No such file or directory",
        ["root.key"] = "contains a key or something else, but no certificate",
        ["empty.pem"] = "is empty",
        ["root.der"] = "is not in PEM form: convert it with openssl x509 -inform der",
        ["nothing"] = "is a folder, not a file",
        ["bad64.pem"] = "contains a certificate that cannot be read",
      } do
        local path = name:sub(1, 1) == "/" and name or tls.path(name)
        fails("tls", tls.url("good"), { ca_file = path }, "ca_file " .. path .. " " .. why)
      end
      fails("tls", tls.url("good"), { ca_file = tls.path("stranger-root.pem") },
        "its authority has to be in ca_file " .. tls.path("stranger-root.pem"))
    end)

    it("may be a folder, which is described, too", function()
      tls.run("mkdir -p plain; cp root.pem plain")
      fails("tls", tls.url("good"), { ca_file = false, ca_path = tls.path("plain") },
        "ca_path " .. tls.path("plain") .. " has no certificates under hashed names")
      fails("tls", tls.url("good"), { ca_file = false, ca_path = "/no/such" },
        "ca_path /no/such cannot be read: No such file or directory")
    end)

    it("is read again when it has changed", function()
      local path, client = tls.path("turns.pem"), lab.client()
      for _, name in ipairs { "root", "stranger-root" } do    -- of one size
        local text = tls.run("cat " .. name .. ".pem")
        tls.write("even-" .. name .. ".pem", text .. ("\n"):rep(8192 - #text))
      end
      -- each on a connection of its own, to a server that resumes sessions
      local function try(kind, file)
        local job, err, info = client:job_status(lab.options(tls.url("brief"),
          { ca_file = file or path, retries = 0 }))
        if not kind then return assert(job, err) end
        assert.is_nil(job)
        assert.equal(kind, info.kind, err)
      end
      local function turn(change, name)
        tls.run((change:gsub("NAME", name)))
      end
      for _, change in ipairs { "cp NAME.pem turns.pem", "rm turns.pem; cp NAME.pem turns.pem",
        "cp NAME.pem next.pem; touch -d 2001-01-01 next.pem; mv next.pem turns.pem",
        "cat even-NAME.pem >turns.pem; touch -d 2001-01-01 turns.pem",
        "ln -sf NAME.pem turns.pem" } do
        turn(change, "root")
        try()
        try()
        turn(change, "stranger-root")
        try("tls")
        turn(change, "root")
        try()
      end
      tls.run("rm turns.pem")
      try("tls")
      -- a folder on the way that is another one now, with files that are old
      tls.run("mkdir -p r1 r2; cp root.pem r1/ca.pem; cp stranger-root.pem r2/ca.pem")
      for _, folder in ipairs { "r1", "r2", "r1" } do
        tls.run("ln -sfn " .. folder .. " current")
        for _ = 1, 2 do try(folder == "r2" and "tls" or nil, tls.path("current/ca.pem")) end
      end
    end)

    it("may be one of a folder, which is looked at again when it has changed", function()
      local client = lab.client()
      local function try(kind)      -- on a connection of its own, as above
        local job, err, info = client:job_status(lab.options(tls.url("brief"),
          { ca_path = tls.path("turning"), retries = 0 }))
        if not kind then return assert(job, err) end
        assert.is_nil(job)
        assert.equal(kind, info.kind, err)
      end
      local function turn(name)
        tls.run("mkdir -p turning; rm -f turning/*; cp " .. name
          .. ".pem turning && openssl rehash turning")
      end
      for _ = 1, 2 do
        turn("root")
        try()
        try()
        turn("stranger-root")
        try("tls")
      end
    end)

    it("takes the place of a folder when it is bound", function()
      local request = core.prepare("ges.job_status", 1, { endpoint = tls.url("brief"),
        project_id = "p", graph_id = "g", job_id = "j", token = lab.token,
        ca_path = tls.path("hashed") })
      local engine = kit.client()
      assert(engine:job_status(request))
      for _ = 1, 2 do
        assert(request:bind { ca_file = tls.path("stranger-root.pem") })
        local _, err, info = engine:job_status(request)
        assert.equal("tls", info.kind, err)
        assert(request:bind { ca_path = tls.path("hashed") })
        assert(engine:job_status(request))
      end
    end)

    it("is not waited for", function()
      tls.run("mkfifo pipe.pem")
      local pipe = tls.path("pipe.pem")
      fails("tls", tls.url("good"), { ca_file = pipe }, pipe .. " is not a regular file")
      fails("tls", tls.url("mutual"), { client_cert = pipe, client_key = tls.path("user.key") },
        "client_cert " .. pipe .. " is not a regular file")
      fails("tls", tls.url("mutual"), { client_cert = tls.path("user.pem"), client_key = pipe },
        "client_key " .. pipe .. " is not a regular file")
      local said = elsewhere("export SSL_CERT_FILE=" .. pipe .. "; ", "ask(good)")
      assert.matches("^tls .*SSL_CERT_FILE .* is not a regular file", said)
    end)

    it("may be long", function()
      local root = tls.run("cat root.pem")
      local long = tls.write("long.pem", ("# comment\n"):rep(20000) .. root)
      assert(ask(tls.url("good"), { ca_file = long }))
      fails("tls", tls.url("stranger"), { ca_file = long }, "has to be in ca_file " .. long)
      tls.write("long-both.pem", tls.run("cat user.pem") .. ("# comment\n"):rep(20000)
        .. tls.run("cat user.key"))
      assert(ask(tls.url("mutual"), { client_cert = tls.path("long-both.pem") }))
    end)

    it("is not what a certificate that has run out lacks", function()
      local err = fails("tls", tls.url("expired"))
      assert.is_nil(err:find("authority", 1, true), err)
      err = fails("tls", tls.url("other"))
      assert.is_nil(err:find("authority", 1, true), err)
    end)
  end)

  describe("the system's authorities", function()
    -- Runs code where these shell commands have changed the system's files; "$T" is the lab.
    local function changed(commands, code, variables)
      local before = ("unshare -m sh -c 'T=%s; %s && exec \"$@\"' x")
        :format(tls.path("."), commands)
      return elsewhere(variables or "", code or "ask(good) ask(good)", { before = before })
    end
    local OVER = "mount --bind $T/bundle " .. BUNDLE
    local ONLY = "mkdir -p $T/folder && mount -t tmpfs none $T/folder && "
    local FOLD = " && mount --bind $T/folder " .. FOLDER

    if select(2, child.shell("unshare -m test -r " .. BUNDLE)) ~= 0 then
      pending("are not tried out here: that takes root, unshare and Debian's CA files")
      return
    end

    it("are trusted as curl trusts them, whatever bundle and folder hold", function()
      for name, commands in pairs {
        ["a bundle of its own"] = "cp $T/root.pem $T/bundle && " .. OVER,
        ["one more in the bundle"] = "cat " .. BUNDLE .. " $T/root.pem >$T/bundle && " .. OVER,
        ["one exchanged in the bundle"] = "tac " .. BUNDLE .. " | sed \"1,/BEGIN/d\" | tac "
          .. ">$T/bundle && cat $T/root.pem >>$T/bundle && " .. OVER,
        ["a folder of dangling links"] = ONLY .. "cp $T/root.pem $T/folder/ca-certificates.crt && "
          .. "ln -s /nowhere $T/folder/1a2b3c4d.0" .. FOLD,
        ["a folder with other files under those names"] = ONLY
          .. "cp $T/root.pem $T/folder/ca-certificates.crt && "
          .. "cp $T/stranger-root.pem $T/folder/1a2b3c4d.0" .. FOLD,
        ["the same in both, in the folder under another name"] = ONLY
          .. "cp $T/root.pem $T/folder/ca-certificates.crt && cp $T/root.pem $T/folder/1a2b3c4d.0"
          .. FOLD,
        ["only the folder"] = ONLY .. "cp $T/stranger-root.pem $T/folder/ca-certificates.crt && "
          .. "cp $T/hashed/*.? $T/folder/" .. FOLD,
      } do
        local said = changed(commands)
        assert.equal("ok\nok", said, name)
      end
    end)

    it("are named where they are not installed", function()
      local said = changed("mount -t tmpfs none " .. FOLDER, "ask(good)")
      assert.matches("^tls .*the system's certificate authorities, " .. BUNDLE:gsub("%p", "%%%0")
        .. ", cannot be read: [^:]*: install ca%-certificates, or give ca_file", said)
    end)

    it("are no more than curl trusts, whatever bundle and folder hold", function()
      tls.certificate("twin", { ca = true, name = "root" })
      local hash = tls.run("openssl x509 -hash -noout -in root.pem"):match("%x+")
      local as_root = "$T/folder/" .. hash
      local other = "cp $T/stranger-root.pem $T/folder/11111111.0 && "
      for name, commands in pairs {
        ["a certificate under another's name"] = "cp $T/root.pem $T/folder/ca-certificates.crt && "
          .. "cp $T/stranger-root.pem $T/folder/1a2b3c4d.0",
        ["one that is only in the bundle, with the name of one in the folder"]
          = "cp $T/twin.pem $T/folder/ca-certificates.crt && cp $T/other/*.? $T/folder/ && "
          .. "cp $T/hashed/*.? $T/folder/",
        ["one that is only in the folder, with the name of one in the bundle"]
          = "cp $T/twin.pem $T/folder/ca-certificates.crt && cp $T/twin.pem " .. as_root .. ".0 && "
          .. "cp $T/root.pem " .. as_root .. ".1",
        ["an empty file under the right name"] = "cp $T/root.pem $T/folder/ca-certificates.crt && "
          .. "cp $T/root.pem $T/folder/11111111.0 && : > " .. as_root .. ".0",
        ["a file of words under the right name"] = "cp $T/root.pem $T/folder/ca-certificates.crt"
          .. " && cp $T/root.pem $T/folder/11111111.0 && echo hi > " .. as_root .. ".0",
        ["a certificate that cannot be read under the right name"]
          = "cp $T/root.pem $T/folder/ca-certificates.crt && cp $T/root.pem $T/folder/11111111.0"
          .. " && sed s/^M/A/ $T/root.pem > " .. as_root .. ".0",
        ["trust that is withdrawn behind a NUL"] = other .. "cp $T/root.pem " .. as_root .. ".0 && "
          .. "cp $T/stranger-root.pem $T/folder/ca-certificates.crt && printf x\\\\0\\\\n "
          .. ">>$T/folder/ca-certificates.crt && openssl x509 -in $T/root.pem -trustout -addreject "
          .. "serverAuth >>$T/folder/ca-certificates.crt",
      } do
        for _, url in ipairs { tls.url("stranger"), tls.url("good") } do
          local code = ("local pipe = io.popen(%q) print(pipe:read('*a')) ask(%q)"):format(
            "curl -s -o /dev/null " .. url .. " && echo ok || echo tls", url)
          local curl, ours = changed(ONLY .. commands .. FOLD, code):match("(%l+)%s+(%l+)")
          assert.equal(curl, ours, name .. ": " .. url)
        end
      end
    end)

    it("are the same where variables name them", function()
      for _, variables in ipairs { "CURL_CA_BUNDLE=" .. BUNDLE, "SSL_CERT_FILE=" .. BUNDLE,
        ("SSL_CERT_FILE=%s SSL_CERT_DIR=%s"):format(BUNDLE, FOLDER) } do
        local said = changed(ONLY .. "cp $T/stranger-root.pem $T/folder/ca-certificates.crt && "
          .. "cp $T/hashed/*.? $T/folder/" .. FOLD, "ask(good) ask(stranger)",
          "export " .. variables .. "; ")
        assert.equal("ok\nok", said, variables)
      end
    end)

    it("are not more than curl trusts", function()
      local curl = ("%s curl -sS -o /dev/null %s; echo \" $?\""):format(VARIABLES, tls.url("good"))
      assert.matches(" 60$", child.shell(curl))
      local said = changed("true", "ask(good) ask(stranger)")
      for line in said:gmatch("[^\n]+") do
        assert.matches("^tls .*give that authority's certificate as ca_file", line)
      end
      -- a bundle that withdraws what the folder trusts
      said = changed(ONLY .. "cp $T/hashed/*.? $T/folder/ && openssl x509 -in $T/root.pem "
        .. "-trustout -addreject serverAuth -out $T/folder/ca-certificates.crt" .. FOLD,
        "ask(good)")
      assert.matches("^tls", said)
    end)

    it("are looked up again after they have changed", function()
      local said = changed("cp " .. BUNDLE .. " $T/bundle && " .. OVER, ([[
        ask(good)
        os.execute("cp %s %s")
        ask(good) ask(good)
        os.execute("cp %s %s")
        ask(stranger)]]):format(tls.path("root.pem"), tls.path("bundle"),
        tls.path("stranger-root.pem"), tls.path("bundle")))
      local kinds = {}
      for line in said:gmatch("[^\n]+") do kinds[#kinds + 1] = line:match("^%l+") end
      assert.same({ "tls", "ok", "ok", "ok" }, kinds)
    end)

    it("are no longer trusted once they are gone", function()
      local fill = ONLY .. "cp $T/hashed/*.? $T/folder/ && cp $T/root.pem "
        .. "$T/folder/ca-certificates.crt" .. FOLD
      local folder, root = tls.path("folder"), tls.path("root.pem")
      for _, change in ipairs {
        ("rm %s/*.?; cp %s %s/ca-certificates.crt"):format(folder, tls.path("stranger-root.pem"),
          folder),
        ("openssl x509 -in %s -trustout -addreject serverAuth >%s/ca-certificates.crt"):format(root,
          folder),
      } do
        local said = changed(fill, ("ask(good) os.execute(%q) ask(good)"):format(change))
        assert.matches("^ok\ntls", said, change)
      end
    end)

    it("are no longer trusted once they are gone, for one client that resumes sessions", function()
      local folder = tls.path("folder")
      local code = [[
        local client = ges.new{}
        local function again()
          local job, err, info = client:job_status { endpoint = %q, project_id = "p",
            graph_id = "g", job_id = "j", token = "trust-token-0123456789", retries = 0 }
          print(job and "ok" or info.kind .. " " .. err)
        end
        again() again()
        os.execute(%q)
        again()]]
      local fill = ONLY .. "cp $T/hashed/*.? $T/other/*.? $T/folder/ && "
        .. "cat $T/root.pem $T/stranger-root.pem >$T/folder/ca-certificates.crt" .. FOLD
      local change = ("cp %s %s/ca-certificates.crt; rm %s/*.?; cp %s/*.? %s"):format(
        tls.path("stranger-root.pem"), folder, folder, tls.path("other"), folder)
      local said = changed(fill, code:format(tls.url("brief"), change))
      assert.matches("^ok\nok\ntls", said)
    end)

    it("are for requests that are sent once, too, and these are sent once", function()
      local said = changed("cp $T/root.pem $T/bundle && " .. OVER, [[
        local value, err = ges.new{}:request{ endpoint = good, token = "t", method = "POST",
          path = "/once", body = "{}" }
        print(value and value.status or err)]])
      assert.equal("200", said)
      local n = 0
      for _, line in ipairs(tls.seen("good")) do
        if line:find("/once", 1, true) then n = n + 1 end
      end
      assert.equal(1, n)
    end)
  end)

  describe("a proxy", function()
    it("over TLS is verified with the same authorities", function()
      local proxy, log = tls.tunnel("good")
      assert(ask(tls.url("good"), { proxy = proxy }))
      assert.is_truthy(log():find("CONNECT 127.0.0.1:" .. tls.ports.good, 1, true))
      assert(ask(tls.url("good"), { proxy = proxy, ca_file = false, ca_path = tls.path("hashed") }))
      local name = proxy:match("//(.*)$")
      fails("tls", tls.url("good"), { proxy = proxy, ca_file = tls.path("stranger-root.pem") },
        "proxy " .. name .. ": ", "its authority has to be in ca_file")
      assert(ask(tls.url("good"), { proxy = proxy, verify = false, ca_file = false }))
      local _, count = log():gsub("CONNECT", "")
      assert.equal(3, count)
    end)

    it("over TLS with a certificate of another name or time is refused", function()
      for _, name in ipairs { "other", "expired", "alone" } do
        local proxy, log = tls.tunnel(name)
        fails("tls", tls.url("good"), { proxy = proxy }, "proxy " .. proxy:match("//(.*)$") .. ": ")
        assert.is_nil(log():find("CONNECT", 1, true))
      end
    end)

    it("over TLS is used for a server that is not trusted, whose fault that is", function()
      local proxy = tls.tunnel("good")
      local job, err, info = ask(tls.url("stranger"), { proxy = proxy, retries = 0 })
      assert.is_nil(job)
      assert.is_nil(err:find("proxy 127", 1, true), err)
      if info.kind ~= "tls" then -- some versions of libcurl lose the reason
        assert.equal("network", info.kind)
        assert.is_truthy(err:find("perhaps its certificate is not trusted", 1, true), err)
      end
    end)

    it("of SOCKS is not named for what the server does", function()
      local name = tls.tunnel():match("//(.*)$")
      assert(ask(tls.url("good"), { proxy = "socks5h://" .. name }))
      for _, server in ipairs { "stranger", "expired" } do
        local err = fails("tls", tls.url(server), { proxy = "socks5h://" .. name })
        assert.is_nil(err:find("proxy", 1, true), err)
      end
      local port = kit.serve({}):port()
      kit.cleanup()
      for _, scheme in ipairs { "socks5", "socks4" } do -- look the name up themselves
        local err = fails("dns", "https://ges.invalid", { proxy = scheme .. "://" .. name,
          retries = 0 })
        assert.is_nil(err:find("proxy 127", 1, true), err)
      end
      local err, info = lab.fails("proxy", ask("https://127.0.0.1:" .. port,
        { proxy = "socks5h://" .. name, retries = 0 }))
      assert.is_truthy(err:find("proxy " .. name, 1, true), err)
      assert.is_false(info.retryable)
    end)

    it("gets the host that is signed, whatever connection it comes on", function()
      local proxy, client = kit.replying(200, kit.running), lab.client()
      for _, host in ipairs { "[::1]:8001", "127.0.0.1:8001", "localhost:8001", "[::1]:8001" } do
        assert(client:job_status(lab.options("http://" .. host, { proxy = proxy:url() })))
        local requests = proxy:requests()
        assert.is_truthy(requests[#requests]:find("\r\nHost: " .. host .. "\r\n", 1, true),
          requests[#requests])
        assert.is_nil(requests[#requests]:find("\r\nHost: .*\r\nHost: "))
      end
    end)

    it("on the port of the service is told apart by its name", function()
      local err = fails("connect", "https://ges.invalid", { retries = 0, no_proxy = "localhost",
        proxy = "https://127.0.0.1" }, "proxy 127.0.0.1:443: ")
      assert.is_truthy(err)
      err = fails("connect", "https://127.0.0.11:9", { retries = 0, no_proxy = "127.0.0.11",
        proxy = "http://127.0.0.1:9" })
      assert.is_nil(err:find("proxy 127", 1, true), err)
    end)

    it("is not named for a file of authorities", function()
      local err = fails("tls", tls.url("good"), { proxy = tls.tunnel("good"),
        ca_file = "/etc/passwd" })
      assert.is_nil(err:find("proxy", 1, true), err)
    end)

    it("that is down is named", function()
      fails("connect", "https://ges.invalid", { proxy = "http://127.0.0.1:9", retries = 0 },
        "proxy 127.0.0.1:9")
      fails("connect", tls.url("good"), { proxy = "http://u:secret-word@127.0.0.1:9",
        retries = 0 }, "proxy 127.0.0.1:9")
      fails("connect", "http://ges.invalid", { proxy = "127.0.0.1:9", retries = 0,
        insecure_http = true }, "proxy 127.0.0.1:9")
      fails("connect", tls.url("good"), { proxy = "socks5h://127.0.0.1:9", retries = 0 },
        "proxy 127.0.0.1:9")
      fails("connect", "https://127.0.0.1:9", { proxy = "http://127.0.0.1:9", retries = 0 },
        "proxy 127.0.0.1:9")
      fails("dns", tls.url("good"), { proxy = "http://proxy.invalid:3128", retries = 0 },
        "proxy proxy.invalid:3128: ")
    end)

    it("that does not answer is named", function()
      local server = lab.serve { { { stall = true } }, loop = true }
      local name = "127.0.0.1:" .. server:port()
      fails("timeout", tls.url("good"), { proxy = "http://" .. name, request_timeout = 1.2,
        retries = 0 }, "proxy " .. name)
    end)

    it("that refuses is named", function()
      local server = kit.replying(403, "no")
      fails("proxy", tls.url("good"), { proxy = server:url() }, "proxy " .. server:url():sub(8))
    end)

    it("is not named where no_proxy excepts the server", function()
      local port = kit.serve({}):port()
      kit.cleanup()
      local endpoint = "https://127.0.0.1:" .. port
      for _, proxy in ipairs { "http://127.0.0.1:9", "http://127.0.0.1:" .. port } do
        local err = fails("connect", endpoint, { proxy = proxy, no_proxy = "127.0.0.1",
          retries = 0 })
        assert.is_nil(err:find("proxy 127", 1, true), err)
      end
    end)

    it("that libcurl cannot use is refused at once", function()
      for proxy, why in pairs { ["junk://x"] = "has a scheme other than http",
        ["ftp://127.0.0.1:21"] = "has a scheme other than http", ["http://"] = "is not of the",
        ["http://127.0.0.1:99999"] = "is not of the form", ["http://a b:80"] = "is not of the form",
        ["http://u:secret-word@:80"] = "is not of the form" } do
        local err = fails("proxy", tls.url("good"), { proxy = proxy, retries = 3 }, "proxy " .. why)
        assert.is_nil(err:find("secret-word", 1, true), err)
        assert(ask(tls.url("good"), { proxy = proxy, no_proxy = "127.0.0.1" }))
        lab.fails("dns", ask("https://ges.invalid", { proxy = proxy, no_proxy = "ges.invalid",
          retries = 0 }))
      end
      local said = elsewhere("export https_proxy=junk://x; ", "ask(good)")
      assert.is_truthy(said:find("^proxy .*https_proxy has a scheme"), said)
      said = elsewhere("export https_proxy=http://127.0.0.1:9; ", "ask(good)")
      assert.is_truthy(said:find("^connect .*proxy 127.0.0.1:9 of https_proxy: "), said)
      local _, err, info = ges.wait(lab.options(tls.url("good"), { proxy = "junk://x" }))
      assert.equal("proxy", info.kind, err)
    end)
  end)

  describe("the client's own certificate", function()
    it("may be in one file with its key", function()
      tls.run("cat user.pem user.key > both.pem")
      assert(ask(tls.url("mutual"), { client_cert = tls.path("both.pem") }))
      -- a key in the form of its own kind, "BEGIN RSA PRIVATE KEY"
      tls.run("(cat user.pem; openssl pkey -in user.key -traditional) > both-old.pem")
      assert.matches("BEGIN %u+ PRIVATE KEY", tls.run("cat both-old.pem"))
      assert(ask(tls.url("mutual"), { client_cert = tls.path("both-old.pem") }))
    end)

    it("is described when its key needs a pass phrase, in either form", function()
      tls.run("openssl pkey -in user.key -aes256 -passout pass:x -out sealed.key")
      tls.run("openssl pkey -in user.key -traditional -aes256 -passout pass:x -out sealed-old.key")
      assert.matches("Proc%-Type: 4,ENCRYPTED", tls.run("cat sealed-old.key"))
      for _, name in ipairs { "sealed.key", "sealed-old.key" } do
        fails("tls", tls.url("mutual"), { client_cert = tls.path("user.pem"),
          client_key = tls.path(name) }, name .. " needs a pass phrase")
      end
    end)

    it("is refused when the key needs a pass phrase, without asking for it", function()
      tls.run("openssl pkey -in user.key -aes256 -passout pass:x -out locked.key")
      local seen = pty.run({ "status", "--endpoint", tls.url("mutual"), "--project", "p",
        "--graph", "g", "--ca-file", tls.path("root.pem"), "--client-cert", tls.path("user.pem"),
        "--client-key", tls.path("locked.key"), "j" },
        { stdin = "pty", within = 20, env = { GES_TOKEN = "t" } })
      assert.equal(6, seen.code, seen.tty)
      assert.is_nil(seen.tty:lower():find("pass phrase", 1, true), seen.tty)
      assert.matches("^ges: tls: .*locked.key needs a pass phrase", seen.err)
    end)
  end)
end)
