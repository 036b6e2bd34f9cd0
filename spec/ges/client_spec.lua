-- Clients: defaults and groups of options, mistakes at the caller's line, the two states, and that
-- what a client keeps is not shown.

local ges = require("ges")
local lab = require("lab")

local CALLS = { "job_status", "wait", "watch", "start", "wait_all", "wait_any", "jobs",
  "request" }

describe("ges.client", function()
  after_each(lab.cleanup)

  describe("defaults", function()
    it("serve every call that does not say otherwise", function()
      local server = lab.replies { "success" }
      local client = lab.client(lab.options(server))
      assert.equal("success", client:job_status({}).status)
      assert.equal("success", client:wait({}).status)
      assert.equal("success", client:wait_all({ jobs = { {}, {} } })[2].job.status)
      assert.equal(200, client:request({ path = "/v2" }).status)
      assert.same({ lab.token, lab.token, lab.token, lab.token, lab.token }, lab.tokens(server))
    end)

    it("give way to what the call says", function()
      local server = lab.replies { "success" }
      local client = lab.client(lab.options(server, { job_id = "default-job" }))
      client:job_status { job_id = "another-job" }
      client:job_status {}
      assert.is_truthy(server:requests()[1]:find("/jobs/another-job/status", 1, true))
      assert.is_truthy(server:requests()[2]:find("/jobs/default-job/status", 1, true))
    end)

    it("are those of the moment the client was made", function()
      local server = lab.replies { "success" }
      local opts = lab.options(server)
      local client = lab.client(opts)
      opts.job_id, opts.token, opts.endpoint = "../../x", "", "nonsense"
      assert.equal("success", client:job_status({}).status)
    end)

    it("lose the whole group of credentials to one of its members", function()
      local server = lab.replies { "success" }
      local client = lab.client(lab.options(server, { token = false, ak = "AK", sk = "secret-key",
        security_token = "security-token" }))
      assert(client:job_status { token = "mine" })
      local request = server:requests()[1]
      assert.is_truthy(request:find("X-Auth-Token: mine", 1, true))
      assert.is_nil(request:find("Authorization", 1, true))
      assert.is_nil(request:find("security-token", 1, true))

      assert(client:job_status { ak = "OTHER", sk = "other-key" })
      request = server:requests()[2]
      assert.is_truthy(request:find("Access=OTHER", 1, true))
      assert.is_nil(request:find("security-token", 1, true))
      assert.is_nil(request:find("X-Auth-Token", 1, true))

      assert(client:job_status { credentials = ges.credentials.token("provided") })
      request = server:requests()[3]
      assert.is_truthy(request:find("X-Auth-Token: provided", 1, true))
      assert.is_nil(request:find("Authorization", 1, true))
    end)

    it("are not completed by half a group", function()
      local client = lab.client(lab.options("http://127.0.0.1:9", { token = false, ak = "AK",
        sk = "secret-key" }))
      lab.throws("'sk' is missing", function(here)
        client:job_status(here { ak = "OTHER" })
      end)
    end)

    it("lose their interval to the schedule of a call", function()
      local asked = {}
      local client = lab.client(lab.options(lab.replies { "running", "success" },
        { interval = 3600 }))
      assert.equal("success", client:wait({ schedule = function(n)
        asked[#asked + 1] = n
        return 0
      end }).status)
      assert.same({ 1 }, asked)
    end)

    it("lose region and cloud to an endpoint, and the other way round", function()
      local server = lab.replies { "success" }
      local client = lab.client(lab.options(server, { endpoint = false, region = "cn-north-4",
        cloud = "example.com" }))
      assert.equal("success", client:job_status({ endpoint = server:url() }).status)
      client = lab.client(lab.options(server))
      local err = lab.fails("dns", client:job_status { region = "cn-north-4",
        cloud = "nowhere.invalid", retries = 0, proxy = "" })
      assert.is_truthy(err:find("ges.cn-north-4.nowhere.invalid", 1, true), err)
      assert.equal(1, #server:requests())
    end)

    it("that a call does not take are no mistake", function()
      local server = lab.replies { "success" }
      local client = lab.client(lab.options(server, { interval = 1, max_in_flight = 2, retries = 1,
        on_event = function() end }))
      assert(client:job_status {})
      assert(client:wait {})
      assert(client:request { path = "/v2" })
    end)
  end)

  it("never modifies the caller's tables", function()
    local server = lab.replies { "success" }
    local function frozen(t)
      return setmetatable(t, { __newindex = function(_, key)
        error("written: " .. tostring(key))
      end })
    end
    local function copy(t)
      local all = {}
      for key, value in pairs(t) do all[key] = type(value) == "table" and copy(value) or value end
      return all
    end
    for _, name in ipairs(CALLS) do
      local opts = lab.options(server)
      if name:find("_a") then opts.jobs = { frozen { job_id = "a" }, frozen {} } end
      if name == "request" then
        opts = { endpoint = server:url(), token = lab.token, path = "/v2", method = "POST",
          body = frozen { a = { 1 } }, query = frozen { limit = 1 }, headers = frozen { X = "y" } }
      end
      if name == "jobs" then opts.job_id, opts.graph_id = nil, nil end
      if name:find("wait") then opts.accept = frozen { "partial" } end
      local before = copy(opts)
      local result = ges[name](frozen(opts))
      if name == "watch" then
        for _ in result do end -- luacheck: ignore
      elseif name == "start" then
        assert(result:wait())
      end
      assert.same(before, copy(opts))
    end
  end)

  it("warns of a word that the service does not document", function()
    local _, _, info = ges.job_status(lab.options(lab.replies { "Success" }))
    assert.same({ 'unknown job status "Success" (was it meant to be "success"? case matters)' },
      info.warnings)
    local body = '{"status":"%s","job_detail":{"edgeset_path":'
      .. '[{"path":"a","status":"eaten"}]}}'
    _, _, info = ges.job_status(lab.options(lab.replies { { 200, body:format("success") } }))
    assert.same({ 'job_detail.edgeset_path[1] has the unknown status "eaten"' }, info.warnings)
    _, _, info = ges.job_status(lab.options(lab.replies { { 200, body:format("running") } }))
    assert.is_nil(info.warnings)
  end)

  describe("mistakes", function()
    local client

    before_each(function()
      client = lab.client(lab.options("http://127.0.0.1:9"))
    end)

    for _, name in ipairs(CALLS) do
      it("in ges." .. name .. " are thrown at the line that made them", function()
        local run = ges[name]
        lab.throws("unknown option 'timeuot'; did you mean 'timeout'?", function(here)
          local value = run(here { timeuot = 1 })
          return value
        end)
        lab.throws("takes one table of options", function(here)
          run(here(nil))
        end)
      end)

      it("in client:" .. name .. " are thrown at the line that made them", function()
        lab.throws("option 'timeout' must be a number", function(here)
          local value = client[name](client, here { timeout = "5" })
          return value
        end)
        lab.throws("option names are strings", function(here)
          client[name](client, here { "x" })
        end)
        lab.throws("with a colon", function(here)
          client[name](here {})
        end)
        lab.throws("option 'host' must be", function(here)
          local opts = { host = "emacs", path = name == "request" and "/v2" or nil }
          if name:find("_a") then opts.jobs = {} end
          client[name](client, here(opts))
        end)
      end)
    end

    it("of an option of other calls are thrown, with those calls", function()
      for option, text in pairs { jobs = "it is for ges.wait_all, ges.wait_any", interval
        = "it is for ges.wait, ges.watch, ges.start, ges.wait_all, ges.wait_any, ges.new",
        method = "it is for ges.request", resume = "it is for ges.wait, ges.watch, ges.start" } do
        lab.throws(("unknown option '%s'; %s"):format(option, text), function(here)
          ges.job_status(here { [option] = 1 })
        end)
      end
    end)

    it("of a colon instead of a dot are thrown", function()
      for _, name in ipairs { "new", "wait", "job_status", "wait_all" } do
        lab.throws(("use ges.%s{...}, with a dot"):format(name), function(here)
          ges[name](ges, here {})
        end)
      end
    end)

    it("in ges.new are thrown at the line that made them", function()
      lab.throws("option 'timeout'", function(here)
        local value = ges.new(here { timeout = -1 })
        return value
      end)
      lab.throws("unknown option 'jobs'", function(here)
        ges.new(here { jobs = {} })
      end)
      lab.throws("takes one table of options", function(here)
        ges.new(here("nonsense"))
      end)
    end)

    it("of two ways to say one thing are thrown", function()
      local two = { { token = "t", ak = "a", sk = "s" },
        { token = "t", credentials = ges.credentials.token("t") },
        { ak = "a", sk = "s", credentials = ges.credentials.token("t") },
        { endpoint = "http://127.0.0.1:9", region = "cn-north-4" } }
      for _, opts in ipairs(two) do
        lab.throws("give only one of", function(here) client:wait(here(opts)) end)
      end
    end)

    local nan = 0 / 0
    local numbers = {
      timeout = { nan, -1, "5" }, request_timeout = { 0, nan, math.huge },
      interval = { 0, -1, nan },
      not_found_grace = { -1, nan, math.huge }, schedule = { 5 }, accept = { "success" },
      on_event = { 1 }, on_unknown = { true },
    }
    for name, values in pairs(numbers) do
      it("in the option " .. name .. " of a wait are thrown", function()
        for _, value in ipairs(values) do
          lab.throws("option '" .. name .. "' must be", function(here)
            client:wait(here { [name] = value })
          end)
        end
      end)
    end

    it("in the words of a wait are thrown", function()
      for _, accept in ipairs { { "succes" }, { 1 }, { partial = true }, { "partial", x = 1 } } do
        lab.throws("option 'accept' must be a list of", function(here)
          client:wait(here { accept = accept })
        end)
      end
      lab.throws("option 'on_unknown' must be wait or error", function(here)
        client:start(here { on_unknown = "explode" })
      end)
    end)

    for _, name in ipairs { "wait_all", "wait_any" } do
      it("in the jobs of " .. name .. " are thrown with their place", function()
        client = lab.client { endpoint = "http://127.0.0.1:9", token = "t" }
        local function wrong(text, jobs)
          lab.throws(text, function(here)
            client[name](client, here { jobs = jobs })
          end)
        end
        local good = { project_id = "p", graph_id = "g", job_id = "a" }
        wrong("ges." .. name .. ": jobs[1]: unknown option 'job'", { { job = "x" } })
        wrong("ges." .. name .. ": jobs[2]: option 'job_id' must be a string",
          { good, { job_id = 5 } })
        wrong("ges." .. name .. ": jobs[3]: takes one table", { good, good, "job" })
        wrong("jobs[1]: option 'graph_id' is missing",
          { setmetatable({ job_id = "j" }, { __index = { graph_id = "g" } }) })
        wrong("jobs[2]: option 'graph_id' is missing",
          { good, { project_id = "p", job_id = "b" } })
        wrong("ges." .. name .. ": jobs[1]: option 'job_id' is missing",
          { { project_id = "p", graph_id = "g" } })
        wrong("option 'project_id' is missing", { { graph_id = "g", job_id = "a" } })
        wrong("list without holes", { good, nil, {} })
        wrong("list without holes", { first = {} })
        lab.throws("option 'jobs' is missing", function(here) client[name](client, here {}) end)
      end)
    end

    it("of what is missing are thrown", function()
      for _, name in ipairs { "endpoint", "project_id", "graph_id", "job_id" } do
        lab.throws("'" .. name .. "'", function(here)
          ges.wait(here(lab.options("http://127.0.0.1:9", { [name] = false })))
        end)
      end
      lab.throws("option 'path' is missing", function(here) client:request(here {}) end)
      lab.throws("option 'endpoint' or 'region' is missing", function(here)
        ges.wait(here { token = "t", resume = "ges-wait-1:p:g:j:1767225600" })
      end)
    end)
  end)

  describe("region", function()
    local function message(extra)
      return lab.fails("argument", ges.job_status(lab.options("", extra)))
    end

    it("is refused when it cannot be one, with what is right", function()
      local err = message { endpoint = false, region = "cn-north-4a" }
      assert.is_truthy(err:find("availability zone: use the region cn-north-4", 1, true), err)
      err = message { endpoint = false, region = "CN-North-4" }
      assert.is_truthy(err:find("cn-north-4", 1, true), err)
      message { endpoint = false, region = "x/../y" }
      message { endpoint = false, region = "" }
      message { endpoint = false, region = "cn-north-4", cloud = "not a domain" }
    end)

    it("is refused before anything waits, and cloud alone is a mistake", function()
      local event = ges.watch(lab.options("", { endpoint = false, region = "cn-north-4a" }))()
      assert.equal("done", event.type)
      assert.equal("argument", event.info.kind)
      lab.throws("endpoint", function(here)
        ges.wait(here(lab.options("", { endpoint = false, cloud = "example.com" })))
      end)
    end)
  end)

  it("prints as another class than the core's engine", function()
    local client, engine = ges.new(), require("ges.core").engine()
    assert.equal("ges.client (open)", tostring(client))
    assert.equal("ges.engine (open)", tostring(engine))
    client:close()
    engine:close()
    assert.equal("ges.client (closed)", tostring(client))
    assert.equal("ges.engine (closed)", tostring(engine))
  end)

  describe("closed", function()
    it("is shown, said twice without harm, and refuses every call", function()
      local client = ges.new(lab.options("http://127.0.0.1:9"))
      assert.equal("ges.client (open)", tostring(client))
      client:close()
      client:close()
      assert.equal("ges.client (closed)", tostring(client))
      for _, name in ipairs(CALLS) do
        lab.throws("attempt to use a closed ges.client", function(here)
          local value = client[name](client, here {})
          return value
        end)
      end
    end)

    it("is what leaving the block means", function()
      local chunk = (loadstring or load)([[ -- luacheck: ignore 113
        local ges = ...
        local kept
        do
          local client <close> = ges.new({})
          kept = client
        end
        return tostring(kept)]])
      -- before Lua 5.4 there is no such variable
      assert.equal(_VERSION == "Lua 5.4", chunk ~= nil)
      if chunk then assert.equal("ges.client (closed)", chunk(ges)) end
    end)

    it("closes the connections", function()
      local server = lab.replies { "success" }
      local client = ges.new(lab.options(server))
      client:job_status {}
      assert.equal(1, server:open())
      client:close()
      lab.eventually(function() return server:open() == 0 end)
    end)

    it("is not the end of other clients", function()
      local server = lab.replies { "success" }
      local one, two = ges.new(lab.options(server)), lab.client(lab.options(server))
      two:job_status {}
      one:job_status {}
      one:close()
      assert.equal("success", two:job_status({}).status)
      assert.equal("success", ges.job_status(lab.options(server)).status)
    end)

    it("while its engine is being made ends the call that has it made", function()
      local engines = require("ges.host.engine")
      local make, client = engines.new, ges.new(lab.options("http://127.0.0.1:9"))
      finally(function() engines.new = make end)
      function engines.new()
        client:close() -- as a finalizer may
        return make()
      end
      local job, _, info = client:job_status {}
      assert.is_nil(job)
      assert.equal("closed", info.kind)
      assert.equal(0, info.attempts)
    end)
  end)

  it("makes one provider of the same keys, which may have a project to look up", function()
    local make, made = ges.credentials.aksk, 0
    ges.credentials.aksk = function()
      made = made + 1
      return { kind = "keys", refresh = function() end, get = function()
        return { ak = "AK", sk = "secret-key", project_id = "found" }
      end }
    end
    local server = lab.replies { "success" }
    local client = lab.client(lab.options(server, { token = false, project_id = false, ak = "AK",
      sk = "secret-key" }))
    for _ = 1, 3 do assert(client:job_status {}) end
    assert(client:wait {})
    assert.equal(1, made)
    assert(client:job_status { ak = "OTHER", sk = "secret-key" })
    assert.equal(2, made)
    ges.credentials.aksk = make
    assert.is_truthy(server:requests()[5]:find("GET /v2/found/graphs/", 1, true))
  end)

  it("looks for credentials in one place for all calls that name none", function()
    local make, made = ges.credentials.chain, 0
    finally(function() ges.credentials.chain = make end)
    ges.credentials.chain = function()
      made = made + 1
      return { kind = "chain", refresh = function() end, get = function()
        return { token = lab.token }
      end }
    end
    local client = lab.client(lab.options(lab.replies { "success" }, { token = false }))
    for _ = 1, 3 do assert(client:job_status {}) end
    assert(client:wait {})
    assert.equal(1, made)
  end)

  it("remembers the last 64 keys that it was given, and no more", function()
    local make, made = ges.credentials.aksk, 0
    finally(function() ges.credentials.aksk = make end)
    ges.credentials.aksk = function()
      made = made + 1
      return { kind = "keys", refresh = function() end, get = function()
        return nil, "no project", { kind = "credentials" }
      end }
    end
    local client = lab.client(lab.options("http://127.0.0.1:9", { token = false,
      project_id = false, ak = "AK", sk = "secret-key" }))
    local function ask(n) client:job_status { ak = "AK" .. n, sk = "secret-key" } end
    for n = 1, 64 do ask(n) end
    for n = 1, 64 do ask(n) end
    assert.equal(64, made)
    ask(65)
    ask(65)
    assert.equal(65, made)
    ask(1)
    assert.equal(66, made)
  end)

  it("keeps its connection for the next call", function()
    local server = lab.replies { "success" }
    local client = lab.client(lab.options(server))
    for _ = 1, 5 do client:job_status {} end
    assert.equal(1, server:accepted())
  end)

  it("shows nothing of what it keeps", function()
    local server = lab.replies { "running" }
    local client = lab.client(lab.options(server, { token = false, ak = "AK", sk = "secret-key-1",
      security_token = "security-token-1" }))
    local handle = client:start { interval = 60 }
    handle:poll()
    local secrets = { "secret-key-1", "security-token-1" }
    local seen = {}
    -- All that pairs, metatables and tostring show; of functions, only their address.
    local function walk(value)
      if seen[value] then return end
      seen[value] = true
      for _, secret in ipairs(secrets) do
        assert.is_nil(tostring(value):find(secret, 1, true))
      end
      if type(value) ~= "table" then return end
      walk(getmetatable(value) or 0)
      for key, item in pairs(value) do
        walk(key)
        walk(item)
      end
    end
    walk(client)
    walk(handle)
    walk(ges)
    assert.is_nil(client.defaults)
    assert.is_nil(client.token)
    handle:cancel()
  end)

  it("is collected with its connections", function()
    local server = lab.replies { "success" }
    local weak = setmetatable({}, { __mode = "k" })
    for _ = 1, 5 do
      local client = ges.new(lab.options(server))
      client:job_status {}
      weak[client] = true
    end
    assert.is_true(lab.are_garbage(weak))
    lab.eventually(function() return server:open() <= 1 end)
  end)
end)
