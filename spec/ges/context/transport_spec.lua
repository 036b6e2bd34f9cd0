-- Every option of transport reaches IAM, each alone, for a login and for the look-up of a project,
-- in each call and as a client's default: what IAM needs is not needed by the service.

local core = require("ges.core")
local ges = require("ges")
local lab = require("lab")
local trust = require("trust_kit")
local wire = require("wire")

local BODY = '{"status":"success","job_count":0,"job_list":[],"projects":[{"id":"project"}]}'
local ANSWER = wire.reply(200, BODY, { ["X-Subject-Token"] = "token-of-iam" })

-- The options that a call hands on to an exchange with IAM.
local HANDED_ON = { "request_timeout", "connect_timeout", "ca_file", "ca_path", "client_cert",
  "client_key", "verify", "proxy", "no_proxy", "insecure_http", "language" }

local CALLS = { "job_status", "jobs", "wait", "start", "wait_all" }

-- The first result of a call in words: "success", else what made the credentials fail.
local function outcome(client, call, opts)
  local value, _, info
  if call == "wait_all" then
    opts.jobs = { {} }
    value = client:wait_all(opts)[1]
    value, info = value.job, value.info
  elseif call == "start" then
    value, _, info = client:start(opts)
    if value then value, _, info = value:wait() end
  else
    value, _, info = client[call](client, opts)
  end
  return value and "success" or tostring(info.cause or info.kind)
end

describe("an option of transport reaches IAM:", function()
  local servers, files, rows = {}, nil, nil

  local function serve(name, ...)
    servers[name] = wire.serve { { ... }, loop = true }
    return servers[name]:url()
  end

  local function over_tls(name)
    return (servers[name]:url():gsub("^http", "https"))
  end

  -- For each option: where IAM is, and its value and another with what comes of them; `with` goes
  -- to both. `within`: seconds, less than the default, after which the value does not hold.
  local function make_rows()
    local nowhere = serve("closed")
    servers.closed:close()
    servers.closed = nil
    local slow = { request_timeout = 20, timeout = 20 }
    rows = {
      proxy = { iam = nowhere, value = servers.proxy:url(), good = "success", other = "",
        bad = "connect" },
      no_proxy = { iam = servers.iam:url():gsub("127.0.0.1", "localhost"), good = "success",
        with = { proxy = servers.wall:url() }, value = "127.0.0.1,localhost", other = "127.0.0.1",
        bad = "forbidden" },
      insecure_http = { iam = "http://iam.example", with = { proxy = servers.proxy:url() },
        value = true, good = "success", other = false, bad = "argument" },
      language = { iam = servers.iam:url(), value = "zh-cn", good = "success", other = "en-us",
        bad = "success", sees = "\r\nX%-Language: ([^\r]*)" },
      request_timeout = { iam = servers.mute:url(), value = 0.05, good = "timeout",
        with = { timeout = 20 }, other = 20, other_iam = servers.slow:url(), bad = "success",
        within = 9 }, -- libcurl gives a silent peer up after 10
      connect_timeout = { iam = over_tls("mute"), value = 0.05, good = "timeout", with = slow,
        other = 20, other_iam = over_tls("rude"), bad = "network", within = 4.5 },
    }
    if not files then return end
    rows.verify = { iam = files.good, value = false, good = "success", other = true, bad = "tls",
      with = { ca_file = files.stranger } }
    rows.ca_file = { iam = files.good, value = files.root, good = "success",
      other = files.stranger, bad = "tls" }
    rows.ca_path = { iam = files.good, value = files.folder, good = "success",
      other = files.empty, bad = "tls" }
    rows.client_cert = { iam = files.mutual, with = { ca_file = files.root }, value = files.both,
      good = "success", bad = "bad_request" }
    rows.client_key = { iam = files.mutual, with = { ca_file = files.root,
      client_cert = files.user }, value = files.user_key, good = "success",
      other = files.other_key, bad = "tls" }
  end

  setup(function()
    files = trust.start()
    serve("near", "request", ANSWER, { again = true })
    serve("iam", "request", ANSWER, { again = true })
    serve("proxy", "request", ANSWER, { again = true })
    serve("wall", "request", wire.reply(403, "{}"), { again = true })
    serve("mute", { stall = true })
    serve("slow", "request", { sleep = 0.25 }, ANSWER, { again = true })
    serve("rude", { received = 2 }, { sleep = 0.25 }, { close = true })
    make_rows()
  end)

  teardown(function()
    for _, server in pairs(servers) do server:close() end
    trust.stop()
  end)
  after_each(lab.cleanup)

  local function credentials(how)
    if how == "look-up" then return { ak = "ACCESS-KEY", sk = "secret-key", project = "name" } end
    return { credentials = ges.credentials.password { user = "u", password = "p", domain = "d" },
      project_id = "project" }
  end

  local function ask(how, call, iam, with, more)
    local opts = credentials(how)
    opts.endpoint, opts.iam_endpoint, opts.graph_id = servers.near:url(), iam, nil
    opts.timeout = 20
    for _, part in ipairs { with or {}, more } do
      for name, value in pairs(part) do opts[name] = value end
    end
    if call ~= "jobs" then opts.graph_id, opts.job_id = "graph", "job" end
    return opts
  end

  local function one_value(how, call, iam, row, more, by_default)
    local opts = ask(how, call, iam, row.with, more)
    if not by_default then return outcome(lab.client(), call, opts) end
    for name in pairs(more) do opts[name] = nil end
    return outcome(lab.client(more), call, opts)
  end

  -- The text that IAM saw last, as far as the row wants to know.
  local function seen(row)
    local list = servers.iam:requests()
    return list[#list]:match(row.sees)
  end

  -- A call with the option's value and one with another, or without it.
  local function try(name, row, how, call, by_default)
    local what = ("%s of %s, %s"):format(how, call, by_default and "default" or "own")
    local began = core.now()
    assert.equal(row.good, one_value(how, call, row.iam, row, { [name] = row.value }, by_default),
      what)
    assert.is_true(core.now() - began < (row.within or 60), what .. ": it did not hold")
    if row.sees then assert.equal(row.value, seen(row), what) end
    assert.equal(row.bad, one_value(how, call, row.other_iam or row.iam, row,
      { [name] = row.other }, by_default), what .. ", other value")
    if row.sees then assert.equal(row.other, seen(row), what) end
  end

  it("those here, and no others are taken by both", function()
    local taken = {}
    for _, row in ipairs(core.options()) do
      local is_own = row.name == "endpoint" -- the call's, and another of IAM's
      if row.calls["ctx.request"] and row.calls["ges.job_status"] and not is_own then
        taken[#taken + 1] = row.name
      end
    end
    assert.same(HANDED_ON, taken)
  end)

  for _, name in ipairs(HANDED_ON) do
    for _, how in ipairs { "login", "look-up" } do
      it(name .. ", for a " .. how, function()
        local row = rows[name]
        if not row and trust.needs[name] and not files then return pending(trust.why) end
        for _, call in ipairs(CALLS) do
          try(name, row, how, call, false)
          try(name, row, how, call, true)
        end
      end)
    end
  end
end)
