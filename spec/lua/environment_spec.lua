-- What the environment of a process does to a call, and what it does not: each in a process of its
-- own, since the environment is read by libcurl.

local kit = require("core_kit")
local wire = require("wire")

local interpreter = rawget(_G, "jit") and "luajit" or "lua5.4"

-- Runs `code` in a process with `env` before it; returns what it writes.
local function run(env, code)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write('local core, kit = require("ges.core"), require("core_kit")\n', code)
  file:close()
  local clean = "unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY; "
  local pipe = io.popen(("%s %s %s %s 2>&1"):format(clean, env, interpreter, path))
  local output = pipe:read("*a")
  pipe:close()
  os.remove(path)
  return output
end

-- Code for one call, which writes the error or the status, and everything of its info.
local function ask(endpoint, extra)
  return ([[
    local opts = kit.options(%q, { %s })
    local job, err, info = core.job_status(opts)
    io.write(err or job.status)
    for name, value in pairs(info) do
      io.write("\n", name, "=", tostring(value))
    end]]):format(endpoint, extra or "")
end

describe("core: the environment", function()
  after_each(kit.cleanup)

  it("names a proxy for https", function()
    for _, name in ipairs { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } do
      local proxy = kit.replying(403, "no")
      local said = run(("%s=%s"):format(name, proxy:url()), ask("https://ges.invalid"))
      assert.is_truthy(said:find("kind=proxy", 1, true), said)
      assert.is_truthy(proxy:requests()[1]:find("^CONNECT ges%.invalid:443 "))
      kit.cleanup()
    end
  end)

  if rawget(_G, "jit") then -- the other Lua cannot set a variable
    it("may name another proxy for each attempt, whose password is not shown", function()
      local proxy = kit.replying(500, '{"error_code":"X","error_msg":"joe:hunter2hunter2 is bad"}')
      local said = run("", ([[
        local ffi = require("ffi")
        ffi.cdef("int setenv(const char *, const char *, int);")
        local client = require("ges").new { endpoint = "http://ges.example.com", token = kit.token,
          insecure_http = true, project_id = "p", graph_id = "g", retries = 0 }
        ffi.C.setenv("http_proxy", "http://joe:hunter2hunter2@127.0.0.1:%d", 1)
        print(select(2, client:job_status { job_id = "j" }))]]):format(proxy:port()))
      assert.matches("<redacted> is bad", said)
      assert.is_nil(said:find("hunter2", 1, true))
    end)
  end

  it("may name a proxy with a password, which is not shown", function()
    local proxy = kit.replying(500, '{"error_code":"X","error_msg":"joe:hunter2hunter2 is bad"}')
    local url = ("http://joe:hunter2hunter2@127.0.0.1:%d"):format(proxy:port())
    for _, env in ipairs { "http_proxy=" .. url, "http_proxy= ALL_PROXY=" .. url,
      "http_proxy= all_proxy= ALL_PROXY=" .. url } do
      local said = run(env, ask("http://ges.example.com", "insecure_http = true"))
      assert.matches("<redacted> is bad", said)
      assert.is_nil(said:find("hunter2", 1, true))
    end
  end)

  it("names hosts that need no proxy", function()
    local proxy = kit.replying(403, "no")
    local said = run(("https_proxy=%s no_proxy=ges.invalid"):format(proxy:url()),
      ask("https://ges.invalid"))
    assert.is_truthy(said:find("kind=dns", 1, true), said)
    said = run(("https_proxy=%s"):format(proxy:url()), ask("https://ges.invalid", 'proxy = ""'))
    assert.is_truthy(said:find("kind=dns", 1, true), said)
    assert.same(0, proxy:accepted())
  end)

  it("does not send what is for this machine through a proxy", function()
    local server, proxy = kit.replying(200, kit.running), kit.replying(407, "no")
    local env = ("http_proxy=%s all_proxy=%s"):format(proxy:url(), proxy:url())
    assert.same("running", run(env, ask(server:url())):match("^%a+"))
    assert.same(0, proxy:accepted())
  end)

  it("names a proxy with a password, which is not shown", function()
    local coded = "cHJveHktdXNlcjpwcm94eS1QYXNzL3dvcmQx"
    local proxy = kit.replying(502, "you sent Basic " .. coded
      .. ", which is proxy-user:proxy-Pass/word1")
    local server = kit.replying(200, kit.running)
    for _, name in ipairs { "http_proxy", "all_proxy", "ALL_PROXY" } do
      local said = run(("%s=http://proxy-user:proxy-Pass%%2Fword1@127.0.0.1:%d"):format(name,
        proxy:port()),
        ask(server:url(), "insecure_http = true"))
      assert.is_truthy(said:find("kind=unavailable", 1, true), said)
      assert.is_truthy(said:find("<redacted>", 1, true), said)
      kit.no_leak(said, { coded, "proxy-Pass/word1", kit.token })
    end
    assert.is_truthy(proxy:requests()[1]:find("Proxy-Authorization: Basic " .. coded, 1, true))
    local form = "https_proxy=http://proxy-user:proxy-Pass%%2Fword1@127.0.0.1:%d"
    local said = run(form:format(proxy:port()), ask("https://ges.invalid"))
    kit.no_leak(said, { coded, "proxy-Pass/word1", kit.token })
  end)

  it("has no netrc that is read", function()
    local home = os.tmpname()
    os.remove(home)
    os.execute("mkdir " .. home)
    local file = assert(io.open(home .. "/.netrc", "w"))
    file:write("machine 127.0.0.1 login netrc-user password netrc-pass\n",
      "default login a password b\n")
    file:close()
    local server = kit.replying(200, kit.running)
    assert.same("running", run("HOME=" .. home, ask(server:url())):match("^%a+"))
    assert.is_nil(server:requests()[1]:find("Authorization", 1, true))
    os.execute("rm -r " .. home)
  end)

  it("has no variable that turns the check of a certificate off", function()
    local server = kit.serve { { { received = 1 }, wire.reply(200, kit.running), { close = true } },
      loop = true }
    local said = run("CURL_INSECURE=1 SSL_VERIFY=0 SSL_NO_VERIFY=1 GES_INSECURE=1",
      ask("https://127.0.0.1:" .. server:port()))
    assert.is_nil(said:find("running", 1, true))
    kit.no_leak(server:received(1), { kit.token })
  end)

  it("is not what an output goes to: a call writes nothing of its own", function()
    local server = kit.replying(400, '{"error_code":"GES.8301","error_msg":"m"}')
    local said = run("CURL_DEBUG=1", ([[core.job_status(kit.options(%q))
      core.engine():job_status(kit.options("https://ges.invalid"))]]):format(server:url()))
    assert.same("", said)
  end)
end)
