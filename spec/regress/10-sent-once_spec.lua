-- A request that is not GET or HEAD is sent once: libcurl used to send it again, on its own, when
-- the kept connection it went out on had died. The servers count.

local kit = require("core_kit")
local lab = require("lab")
local tls = require("tls_lab")
local wire = require("wire")

local METHODS = { "POST", "PUT", "PATCH", "DELETE" }
local OK = wire.reply(200, "{}")

-- Connections that answer one request, read another and close without a word.
local function grudging()
  return lab.serve { { "request", OK, "request", { close = true } }, loop = true }
end

-- The requests of a server by method.
local function count(server, method)
  local n = 0
  for _, request in ipairs(server:requests()) do
    if request:sub(1, #method + 1) == method .. " " then n = n + 1 end
  end
  return n
end

local function ask(client, endpoint, extra)
  local opts = { endpoint = endpoint, path = "/v2/x", token = lab.token, retries = 0,
    insecure_http = true }
  for name, value in pairs(extra or {}) do opts[name] = value end
  return client:request(opts)
end

describe("regress: a request that changes something is sent once", function()
  after_each(lab.cleanup)

  local function on_fresh_ones(server, endpoint, extra)
    local client = lab.client(extra)
    for _, method in ipairs(METHODS) do
      for _, body in ipairs { "", '{"a":1}' } do
        assert(ask(client, endpoint))
        local value, _, info = ask(client, endpoint,
          { method = method, body = body ~= "" and body or nil })
        assert.is_table(value, info.message)
        assert.equal(1, info.attempts)
      end
      assert.equal(2, count(server, method))
    end
  end

  it("though the connection at hand is dead", function()
    local server = grudging()
    on_fresh_ones(server, server:url())
  end)

  it("through a proxy that keeps its connections", function()
    local server = grudging()
    on_fresh_ones(server, "http://ges.example.invalid", { proxy = server:url() })
  end)

  it("and GET goes on to use kept connections, with the same handle", function()
    local server, client = kit.answering(OK), lab.client()
    for i = 1, 5 do
      assert(ask(client, server:url(), { method = "POST" }))
      assert(ask(client, server:url()))
      assert(ask(client, server:url()))
      assert.equal(i, server:accepted())
    end
    kit.cleanup()
  end)

  it("and fails when the connection ends without an answer", function()
    for _, method in ipairs(METHODS) do
      local server = lab.serve { { "request", { close = true } }, loop = true }
      local err, info = lab.fails("network", ask(lab.client(), server:url(),
        { method = method, body = "{}" }))
      assert.equal(1, info.attempts, err)
      assert.equal(1, #server:requests())
    end
  end)

  it("whatever status comes: 417, 401, 407", function()
    for _, status in ipairs { 417, 401, 407 } do
      local server = kit.replying(status, "{}", { "WWW-Authenticate: Basic realm=x",
        "Proxy-Authenticate: Basic realm=x" })
      assert.is_nil((ask(lab.client(), server:url(), { method = "POST", body = ("x"):rep(2e6) })))
      assert.equal(1, #server:requests())
    end
    kit.cleanup()
  end)
end)

describe("regress: over TLS", function()
  setup(tls.start)
  teardown(tls.cleanup)
  after_each(function()
    lab.cleanup()
    kit.cleanup()
  end)

  for _, name in ipairs { "dies", "h2-dies" } do
    it("a POST gets a connection of its own: " .. name, function()
      for _, proxy in ipairs { "", (tls.tunnel()) } do
        local client = lab.client { ca_file = tls.path("root.pem"), proxy = proxy }
        for i = 1, 2 do
          local path = ("/second-%s-%d-%d"):format(name, #proxy, i)
          assert(ask(client, tls.url(name), { path = "/v2/" .. i }))
          assert(ask(client, tls.url(name), { method = "POST", path = path, body = "{}" }))
          assert.equal(1, tls.came("POST " .. path))
        end
      end
    end)
  end

  it("a POST is not sent again when the connection dies that others joined", function()
    local client = kit.client()
    local function start(extra)
      local opts = kit.options(tls.url("h2-dies"), { ca_file = tls.path("root.pem"),
        request_timeout = 20 })
      for key, value in pairs(extra) do opts[key] = value end
      if extra.path then opts.job_id, opts.graph_id, opts.project_id = nil, nil, nil end
      return assert(client:start(opts))
    end
    local post = start { method = "POST", path = "/hang-post", body = "{}" }
    kit.eventually(function()
      client:step(0.01)
      return tls.came("POST /hang-post") == 1
    end)
    for i = 1, 8 do start { job_id = "hang-" .. i } end
    kit.eventually(function()
      client:step(0.01)
      return tls.came("GET ") >= 8
    end)
    -- None of them on the connection of the POST: libcurl would send that again when it dies.
    local own = tls.connections("POST /hang-post")
    for _, joined in ipairs(tls.connections("GET ")) do assert.not_equal(own[1], joined) end
    local last = start { method = "DELETE", path = "/kill" }
    local ended = {} -- the two, and the GET that had opened a connection of its own
    for _, one in ipairs(kit.drain(client, 3)) do ended[one.id] = one.info.kind end
    assert.same({ "network", "network" }, { ended[post], ended[last] })
    assert.equal(1, tls.came("POST /hang-post"))
    assert.equal(1, tls.came("DELETE /kill"))
  end)
end)
