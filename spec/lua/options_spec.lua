-- Mistakes in a script: they throw, at the line that made them, and say what to write instead.

local core = require("ges.core")
local kit = require("core_kit")

local NAN, INF = 0 / 0, math.huge

-- Runs `f`, whose whole body stands on the line of its `function`; it must throw a string that
-- begins with that very line. Returns what follows.
local function throws(f)
  local where = debug.getinfo(f, "S")
  local ok, err = pcall(f)
  assert.is_false(ok, "it did not throw")
  assert.is_string(err)
  local prefix = ("%s:%d: "):format(where.short_src, where.linedefined)
  assert.same(prefix, err:sub(1, #prefix))
  assert.is_nil(err:find("[%z\1-\31\127]"), err)
  assert.is_false(kit.shows(err, kit.token), err)
  return err:sub(#prefix + 1)
end

local function says(err, ...)
  for _, part in ipairs { ... } do
    assert.is_truthy(err:find(part, 1, true), ("'%s' is not in: %s"):format(part, err))
  end
end

describe("core.job_status: a mistake", function()
  local server

  before_each(function()
    server = kit.replying(200, kit.running)
  end)

  after_each(function()
    assert.same(0, server:accepted())
    kit.cleanup()
  end)

  -- What it throws with `extra`; the same for all ways to start a call.
  local function mistaken(extra)
    local opts, client = kit.options(server, extra), kit.client()
    local err = throws(function() local _ = core.job_status(opts) end)
    assert.same(err, throws(function() local _ = client:job_status(opts) end))
    assert.same(err, throws(function() local _ = client:start(opts) end))
    assert.same(0, client:step(0))
    return err
  end

  it("is something else than a table", function()
    for _, value in ipairs { 5, "x", true, print, coroutine.create(print) } do
      says(throws(function() local _ = core.job_status(value) end), "table", type(value))
      says(throws(function() local _ = kit.client():start(value) end), "table", type(value))
    end
    says(throws(function() local _ = core.job_status(nil) end), "table", "nil")
    says(throws(function() local _ = core.job_status() end), "table")
  end)

  it("is a missing id or endpoint", function()
    for _, option in ipairs { "endpoint", "project_id", "graph_id", "job_id" } do
      says(mistaken { [option] = false }, option, "missing")
    end
    says(mistaken { token = false, ak = "AK0123456789" }, "sk", "missing")
    says(mistaken { token = false, sk = "SK0123456789" }, "ak", "missing")
    says(mistaken { token = false, security_token = "ST0123456789" }, "ak", "missing")
  end)

  it("is two ways to say who asks", function()
    for _, extra in ipairs { { ak = "AK0123456789", sk = "SK0123456789" }, { ak = "AK0123456789" },
      { sk = "SK0123456789" }, { security_token = "ST0123456789" } } do
      says(mistaken(extra), "token", "ak")
    end
  end)

  it("is an unknown name, and the nearest one is suggested", function()
    local near = { timeuot = "timeout", Timeout = "timeout", time_out = "timeout", tokn = "token",
      TOKEN = nil, projectid = "project_id", project = nil, graphid = "graph_id", jobid = "job_id",
      ["job_id "] = "job_id", endpoints = "endpoint", request_timeot = "request_timeout",
      ca_fil = "ca_file", verfy = "verify", languag = "language", max_response_byte =
      "max_response_bytes", proxi = "proxy" }
    for wrong, right in pairs(near) do
      says(mistaken { [wrong] = "x" }, wrong, "unknown", "'" .. right .. "'")
    end
    local err = mistaken { zzzzzzzzzzzz = 1 }
    says(err, "zzzzzzzzzzzz", "unknown")
    assert.is_nil(err:find("did you mean", 1, true))
    says(mistaken { [("x"):rep(100)] = 1 }, "unknown")
    says(mistaken { [""] = 1 }, "unknown")
    says(mistaken { ["a\0\n"] = 1 }, "a\\x00\\x0A")
  end)

  it("is a name that is no string", function()
    for _, key in ipairs { 1, 1.5, true, {}, print } do
      says(mistaken { [key] = "x" }, "name", type(key))
    end
  end)

  it("is an option of the Lua layer", function()
    for _, name in ipairs { "region", "cloud", "credentials", "retries", "on_request", "host",
      "interval", "schedule", "accept", "on_event", "on_unknown", "not_found_grace", "resume",
      "jobs",
      "max_in_flight", "max_rate", "yield", "thread_pool" } do
      says(mistaken { [name] = "x" }, "unknown", name)
    end
    says(mistaken { token = function() end }, "token", "string", "function")
  end)

  it("is a wrong type", function()
    local types = { string = "a string", number = 12, boolean = true, table = {},
      ["function"] = print,
      thread = coroutine.create(print) }
    local wants = { string = { "endpoint", "project_id", "graph_id", "job_id", "token", "ak", "sk",
      "security_token", "ca_file", "ca_path", "client_cert", "client_key", "proxy", "no_proxy",
      "language", "method", "path" },
      number = { "timeout", "request_timeout", "connect_timeout", "max_response_bytes" },
      boolean = { "verify", "insecure_http" }, table = { "query", "headers" } }
    for want, names in pairs(wants) do
      for _, name in ipairs(names) do
        for is, value in pairs(types) do
          if is ~= want then
            says(mistaken { [name] = value }, name, want, is)
          end
        end
      end
    end
  end)

  it("is a numeric string, for a number", function()
    for _, name in ipairs { "timeout", "request_timeout", "connect_timeout",
      "max_response_bytes" } do
      says(mistaken { [name] = "5" }, name, "number", "string")
    end
  end)

  it("is a number out of its range", function()
    for _, name in ipairs { "timeout", "request_timeout", "connect_timeout",
      "max_response_bytes" } do
      for _, value in ipairs { NAN, -NAN, -1, -INF, -1e-9, -1e300 } do
        says(mistaken { [name] = value }, name, "number")
      end
    end
    for _, name in ipairs { "request_timeout", "connect_timeout", "max_response_bytes" } do
      for _, value in ipairs { INF, 0, 1e300 } do
        says(mistaken { [name] = value }, name, "number")
      end
    end
    for _, value in ipairs { 1.5, 0.999, 2 ^ 31 } do
      says(mistaken { max_response_bytes = value }, "max_response_bytes", "whole")
    end
  end)

  it("in a query or in headers throws too", function()
    local path = { project_id = false, graph_id = false, job_id = false, path = "/x" }
    local function with(name, value)
      path.query, path.headers = nil, nil
      path[name] = value
      return mistaken(path)
    end
    says(with("query", { 1 }), "query")
    says(with("query", { a = print }), "query", "a", "function")
    says(with("query", { a = { { "x" } } }), "query")
    says(with("query", { a = NAN }), "query", "finite")
    says(with("query", { a = INF }), "query", "finite")
    says(with("query", { a = { b = 1 } }), "query")
    says(with("headers", { 1 }), "headers")
    says(with("headers", { a = 1 }), "a", "number")
    says(with("headers", { ["a b"] = "x" }), "headers")
    says(with("headers", { ["a:"] = "x" }), "headers")
    says(with("headers", { [""] = "x" }), "headers")
    says(with("headers", { A = "1", a = "2" }), "twice")
  end)
end)

describe("core.job_status: no mistake", function()
  after_each(kit.cleanup)

  it("is a number at the end of its range, whole or of either kind", function()
    local server = kit.replying(200, kit.running)
    for _, extra in ipairs { { timeout = 0 }, { timeout = INF }, { timeout = 1e9 },
      { timeout = 0.5 },
      { request_timeout = 86400 }, { connect_timeout = 86400 }, { connect_timeout = 1 },
      { max_response_bytes = 1000.0 }, { max_response_bytes = 2 ^ 30 }, { verify = true } } do
      assert(kit.ask(server, extra))
    end
  end)

  it("is any of it a change of the caller's table", function()
    local server = kit.replying(200, kit.running)
    for _, extra in ipairs { {}, { token = false, ak = "AK0123456789", sk = "SK0123456789" },
      { project_id = false, graph_id = false, job_id = false, path = "/x", query = { b = "1", a = {
        "2", "1" } }, headers = { ["X-A"] = "b" }, method = "POST", body = "{}" } } do
      local opts, copy = kit.options(server, extra), kit.options(server, extra)
      local client = kit.client()
      assert(client:job_status(opts))
      assert(client:start(opts))
      assert.same(copy, opts)
      local calls = 0
      setmetatable(opts, { __newindex = function() calls = calls + 1 end })
      assert(client:job_status(opts))
      assert.same(0, calls)
    end
  end)
end)

describe("core.prepare", function()
  local ids = { graph_id = "g", job_id = "j" }

  local function with(extra)
    local opts = { endpoint = "e", project_id = "p", token = "t" }
    for _, from in ipairs { ids, extra or {} } do
      for name, value in pairs(from) do
        opts[name] = value
        if value == false and name ~= "verify" then
          opts[name] = nil
        end
      end
    end
    return opts
  end

  -- A call over the defaults of a client: request, settings, fixed.
  local function over(call, opts, defaults)
    local base, kept = core.prepare("ges.new", 1, defaults)
    return core.prepare(call, 1, opts, kept, base)
  end

  -- Takes no part in the level: level 1 is the line that calls core.prepare.
  local function mistaken(call, opts)
    local err = throws(function() local _ = core.prepare(call, 1, opts) end)
    assert.same(call .. ": ", err:sub(1, #call + 2))
    return err
  end

  it("throws at the level it is given", function()
    local function outer(opts)
      local request = core.prepare("ges.wait", 2, opts)
      return request
    end
    says(throws(function() local _ = outer({ timeuot = 1 }) end), "ges.wait", "timeout")
    says(throws(function() local _ = outer(nil) end), "ges.wait", "table")
    says(throws(function() local _ = outer(with { interval = NAN }) end), "interval")
    says(throws(function() local _ = outer(with { sk = "x" }) end), "only one of")
  end)

  it("gives a request, and a new table of all that was said", function()
    local opts = with { timeout = 5, on_event = print, accept = { "success" } }
    local request, settings = core.prepare("ges.wait", 1, opts)
    assert.same({ "p", "g", "j" }, { request:ids() })
    assert.same(opts, settings)
    assert.is_false(rawequal(opts, settings))
    assert.is_nil(getmetatable(settings))
    assert.same("locked", getmetatable(request))
  end)

  it("returns whether the options hold the final credentials", function()
    local function fixed(extra, defaults)
      local opts = with(extra)
      local who
      if defaults then
        who = select(3, over("ges.job_status", opts, defaults))
      else
        who = select(3, core.prepare("ges.job_status", 1, opts))
      end
      return who
    end
    assert.is_true(fixed())
    assert.is_true(fixed { token = false, ak = "a", sk = "s" })
    assert.is_true(fixed({ token = false }, { token = "t" }))
    assert.is_false(fixed { token = false })
    assert.is_false(fixed { token = function() return "t" end })
    assert.is_false(fixed({ token = false }, { token = function() return "t" end }))
    assert.is_false(fixed { token = false, credentials = {} })
    assert.is_false(fixed({ token = false, credentials = {} }, { token = "t" }))
    assert.is_false(fixed { token = false, ak = "a", sk = "s", project_id = false })
  end)

  it("gives the defaults themselves where they have all that is to be known", function()
    local base, kept = core.prepare("ges.new", 1,
      { endpoint = "d", project_id = "dp", token = "t", timeout = 7 })
    local function shares(opts)
      return rawequal(kept, (select(2, core.prepare("ges.job_status", 1, opts, kept, base))))
    end
    assert.is_true(shares { graph_id = "g", job_id = "j" })
    assert.is_true(shares { graph_id = "g", job_id = "j", project_id = "p" })
    assert.is_true(shares(with()))
    assert.is_false(shares { graph_id = "g", job_id = "j", timeout = 5 })
    assert.is_false(shares { graph_id = "g", job_id = "j", verify = false })
    assert.is_false(shares { graph_id = "g", job_id = "j", credentials = {} })
  end)

  it("asks for what the call names, though another was prepared before", function()
    local server = kit.replying(200, kit.running)
    local base, kept = core.prepare("ges.new", 1, { endpoint = server:url(), token = kit.token,
      project_id = "dp" })
    local engine = kit.client()
    local function ask(extra)
      local opts = { graph_id = "g", job_id = kit.job }
      for name, value in pairs(extra) do opts[name] = value end
      assert(engine:job_status((core.prepare("ges.job_status", 1, opts, kept, base))))
      local seen = server:requests()
      return seen[#seen]
    end
    for _ = 1, 2 do
      local head = ask { project_id = "p1" }
      says(head, "/v2/p1/graphs/g/", "X-Auth-Token: " .. kit.token)
      head = ask { token = "another-token", language = "zh-cn" }
      says(head, "/v2/dp/", "X-Auth-Token: another-token", "X-Language: zh-cn")
      head = ask { token = "a-third-token" }
      says(head, "X-Auth-Token: a-third-token")
      assert.is_nil(head:find("X-Language", 1, true))
      head = ask { ak = "AK0123456789", sk = "SK0123456789" }
      says(head, "X-Project-Id: dp", "Access=AK0123456789")
      assert.is_nil(head:find("X-Auth-Token", 1, true))
    end
    kit.cleanup()
  end)

  it("puts a call over the defaults, of which it keeps what the call takes", function()
    local defaults = { endpoint = "d", project_id = "dp", timeout = 7, interval = 3,
      verify = false }
    local opts = { graph_id = "g", job_id = "j", timeout = 1, token = "t" }
    local request, settings = over("ges.job_status", opts, defaults)
    assert.same({ "dp", "g", "j" }, { request:ids() })
    assert.same({ endpoint = "d", project_id = "dp", graph_id = "g", job_id = "j", token = "t",
      verify = false, timeout = 1 }, settings)
    settings = select(2, over("ges.wait", opts, defaults))
    assert.same(3, settings.interval)
    assert.same({ graph_id = "g", job_id = "j", timeout = 1, token = "t" }, opts)
    assert.same(7, defaults.timeout)
  end)

  it("lets any of a group replace the defaults' whole group", function()
    local function merge(extra, defaults)
      extra.graph_id, extra.job_id, extra.project_id = "g", "j", "p"
      return (select(2, over("ges.job_status", extra, defaults)))
    end
    local keys = { ak = "a", sk = "s", security_token = "st", endpoint = "d" }
    local m = merge({ token = "t" }, keys)
    assert.same({ "t", nil, nil, nil }, { m.token, m.ak, m.sk, m.security_token })
    m = merge({ ak = "A", sk = "S" }, keys)
    assert.same("A", m.ak)
    assert.is_nil(m.security_token)
    m = merge({ credentials = {} }, { token = "t", endpoint = "d" })
    assert.is_nil(m.token)
    m = merge({ endpoint = "e" }, { region = "r", cloud = "c", token = "t" })
    assert.same("e", m.endpoint)
    assert.is_nil(m.region or m.cloud)
    m = merge({ region = "r" }, { endpoint = "d", token = "t" })
    assert.is_nil(m.endpoint)
    m = merge({ region = "r" }, { cloud = "c", token = "t" }) -- a cloud alone: of any region
    assert.same({ "r", "c" }, { m.region, m.cloud })
    m = merge({ region = "r" }, { region = "R", cloud = "c", token = "t" })
    assert.is_nil(m.cloud)
    m = merge({}, keys)
    assert.same({ "a", "s", "st", "d" }, { m.ak, m.sk, m.security_token, m.endpoint })
    m = select(2, over("ges.wait", with { schedule = print }, { interval = 5, token = "t" }))
    assert.same({ print, nil }, { m.schedule, m.interval })
  end)

  it("refuses a list with holes", function()
    for _, list in ipairs { { [1] = "failed", [3] = "unknown" }, { [2] = "failed" },
      { "failed", [1.5] = "unknown" } } do
      says(mistaken("ges.wait", with { accept = list }), "accept", "must be a list")
    end
  end)

  -- As long as IAM's are; what holds for file names does not hold for it.
  it("takes a long token beside any option of transport", function()
    local token = ("MIIFbAYJ"):rep(800)
    for _, extra in ipairs { { verify = false }, { ca_file = "/x" }, { proxy = "" },
      { no_proxy = "h" }, { client_cert = "/x" }, { connect_timeout = 1 } } do
      extra.endpoint, extra.token, extra.job_id = "https://h", token, "j"
      extra.project_id, extra.graph_id = "p", "g"
      assert(core.prepare("ges.job_status", 1, extra))
      extra.token, extra.ak, extra.sk, extra.security_token = nil, "a", "s", token
      assert(core.prepare("ges.job_status", 1, extra))
    end
  end)

  it("takes no table as the body where it is not encoded", function()
    for _, call in ipairs { "ctx.request", "core.job_status" } do
      local _, why = pcall(core.prepare, call, 1, { endpoint = "https://h", path = "/x",
        method = "POST", body = { a = 1 } })
      assert.matches("option 'body' must be a string", why)
    end
  end)

  it("returns the options beside a refusal, too", function()
    local base, kept = core.prepare("ges.new", 1, { endpoint = "http://h", interval = 5 })
    local got = { core.prepare("ges.wait", 1, { token = "t", project_id = "p", graph_id = "..",
      job_id = "j", timeout = 7 }, kept, base) }
    assert.is_nil(got[1])
    assert.same("argument", got[3].kind)
    assert.same(5, got[4].interval)
    assert.same(7, got[4].timeout)
  end)

  it("takes for a request on the side what is of transport, and no credentials", function()
    local server = kit.replying(200, "{}")
    local settings = { endpoint = "http://127.0.0.1:9", token = kit.token, project_id = "p",
      language = "zh-cn", insecure_http = true, max_response_bytes = 1, interval = 5 }
    local request = core.prepare("ctx.request", 1, { endpoint = server:url(), path = "/x" },
      settings)
    assert.same(200, kit.client():job_status(request).status)
    local head = server:requests()[1]
    says(head, "GET /x ", "X-Language: zh-cn")
    assert.is_nil(head:find("X-Auth-Token", 1, true))
    says(throws(function() local _ = core.prepare("ctx.request", 1, { path = "/" }, settings) end),
      "endpoint", "missing")
    kit.cleanup()
  end)

  it("refuses two of a group in one table", function()
    for _, extra in ipairs { { ak = "a", sk = "s" }, { credentials = {} }, { sk = "s" },
      { token = false, credentials = {}, ak = "a", sk = "s" } } do
      says(mistaken("ges.wait", with(extra)), "only one of", "token", "credentials")
    end
    says(mistaken("ges.wait", with { region = "r" }), "only one of", "endpoint", "region")
    says(mistaken("ges.new", { endpoint = "e", region = "r" }), "only one of")
    says(mistaken("ges.new", { token = "t", ak = "a", sk = "s" }), "only one of")
    says(mistaken("ges.wait", with { token = false, ak = "a" }), "sk", "missing")
    says(mistaken("ges.wait", with { token = false, sk = "s" }), "ak", "missing")
  end)

  it("refuses a call without what it needs", function()
    says(mistaken("core.job_status", with { endpoint = false }), "endpoint", "missing")
    says(mistaken("core.job_status", with { project_id = false }), "project_id", "missing")
    for _, call in ipairs { "ges.job_status", "ges.wait", "ges.watch", "ges.start" } do
      says(mistaken(call, with { graph_id = false }), "graph_id", "missing")
      says(mistaken(call, with { job_id = false }), "job_id", "missing")
    end
    says(mistaken("ges.wait_all", { endpoint = "e", token = "t", project_id = "p" }), "jobs",
      "missing")
    says(mistaken("ges.request", { endpoint = "e", token = "t" }), "path", "missing")
    assert.same({}, (select(2, core.prepare("ges.new", 1, {}))))
  end)

  it("knows which call takes what", function()
    says(mistaken("ges.job_status", with { interval = 1 }), "unknown", "interval")
    says(mistaken("ges.wait", with { retries = 1 }), "unknown", "retries")
    says(mistaken("ges.wait", with { jobs = {} }), "unknown", "jobs")
    says(mistaken("ges.new", { jobs = {} }), "unknown", "jobs")
    says(mistaken("ges.wait_all", { endpoint = "e", token = "t", jobs = { with() } }),
      "jobs[1]", "unknown")
  end)

  it("refuses numbers that are none or out of range", function()
    local bad = { timeout = { NAN, -1, "5", -INF }, interval = { NAN, 0, -1, INF, "5" },
      retries = { NAN, -1, 1.5, INF, "2", 101 }, max_in_flight = { NAN, 0, 1.5, INF, "8", -1 },
      max_rate = { NAN, 0, -1, INF, "50" }, not_found_grace = { NAN, -1, INF, "10" },
      request_timeout = { NAN, 0, -1, INF, "15" }, max_response_bytes = { NAN, 0, 1.5, INF } }
    for name, values in pairs(bad) do
      for _, value in ipairs(values) do
        says(mistaken("ges.new", { [name] = value }), name, "number")
      end
    end
    local function settings(opts) return (select(2, core.prepare("ges.new", 1, opts))) end
    assert.same(INF, settings({ timeout = INF }).timeout)
    assert.same(0, settings({ retries = 0, timeout = 0 }).retries)
  end)

  it("refuses wrong types", function()
    local bad = { schedule = "x", on_event = {}, on_request = "x", accept = "success",
      credentials = "x",
      region = 1, cloud = {}, host = {}, yield = "no", thread_pool = 1, resume = {},
      on_unknown = true,
      token = 5, verify = 0 }
    for name, value in pairs(bad) do
      says(mistaken("ges.wait", { [name] = value }), name, type(value))
    end
    says(mistaken("ges.wait", 5), "table", "number")
    says(mistaken("ges.wait", nil), "table", "nil")
  end)

  it("throws when it is called wrongly itself", function()
    assert.is_false(pcall(core.prepare, "ges.nothing", 1, {}))
    assert.is_false(pcall(core.prepare, nil, 1, {}))
    assert.is_false(pcall(core.prepare, "ges.wait", "x", {}))
  end)
end)
