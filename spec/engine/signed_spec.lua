-- Signed is what arrives: for every spelling of an endpoint the signature is over the Host line and
-- the path that the server received. It is recomputed from these, for some of the spellings by the
-- simulator's code and openssl's hashes (a process for each hash). That holds for the service and
-- for IAM, which is asked for a project first.

local core = require("ges.core")
local lab = require("lab")
local received = require("received")
local trust = require("trust_kit")
local wire = require("wire")

local AK, SK = "ACCESS-KEY", "secret-key-0123456789"
local APART = 11 -- of as many spellings one is recomputed by openssl
local BODY = '{"status":"success","projects":[{"id":"project"}]}'

-- No two hosts of one kind: names, IPv4 and IPv6 in spellings that a library may rewrite.
local HOSTS = { "ges.example", "GES.Example.", "ges_1.example", "xn--bcher-kva.example", "10.1",
  "010.0x1.0.1", "167772161", "0x0A000001", "256.1", "[2001:db8::1]", "[2001:0DB8:0:0::0:1]",
  "[::ffff:10.0.0.1]", "[::FFFF:a00:1]" }
local PORTS = { "", ":80", ":443", ":080", ":0443", ":8080", ":65535" }
local PREFIXES = { "", "/", "/gw", "/GW/x//", "/a.b/c~d/" }
local SCHEMES = { "http://", "HTTP://", "https://", "HTTPS://", "" }

-- Calls `take` with each scheme, host and port, and a prefix in turns.
local function each_spelling(take)
  local n = 0
  for _, scheme in ipairs(SCHEMES) do
    for _, host in ipairs(HOSTS) do
      for _, port in ipairs(PORTS) do
        n = n + 1
        take(scheme .. host .. port .. PREFIXES[n % #PREFIXES + 1], scheme:lower() ~= "http://", n)
      end
    end
  end
  return n
end

-- The port that an endpoint names, unless it is that of its scheme.
local function port_of(endpoint)
  local authority = endpoint:gsub("^%a+://", ""):gsub("/.*", "")
  local port = tonumber(authority:match(":(%d+)$"))
  local is_normal = port == (endpoint:lower():find("^http:") and 80 or 443)
  return not is_normal and port or nil
end

-- What is asked in turns: a job, by a queued attempt too, and a generic request.
local ASKS = {
  function(client, opts) return client:job_status(opts) end,
  function(client, opts) return client:wait(opts) end,
  function(client, opts)
    opts.graph_id, opts.job_id = nil, nil
    opts.path, opts.query, opts.body = "/v2/a b/ü+%", { ["a/"] = { "2 ", "10" }, b = "+" }, "x y"
    opts.method = "POST"
    return client:request(opts)
  end,
}

describe("signed is what arrives, at", function()
  local files, http, http_proxy, https_proxy

  setup(function()
    files = trust.start()
    http = wire.serve { { "request", wire.reply(200, BODY), { again = true } }, loop = true }
    http_proxy = http:url()
    https_proxy = files and files.tunnel_to_records()
  end)

  teardown(function()
    http:close()
    trust.stop()
  end)
  after_each(lab.cleanup)

  local function options(endpoint, proxy)
    return { endpoint = endpoint, graph_id = "graph", job_id = "job", ak = AK, sk = SK,
      project = "the project", iam_endpoint = endpoint, insecure_http = true, verify = false,
      proxy = proxy, timeout = 20 }
  end

  -- Checks the requests behind the first `from` of a list; returns how many there are.
  local function check(list, from, endpoint, n)
    local host, prefix = core.endpoint(endpoint)
    assert.is_true(#list > from, "nothing came for " .. endpoint)
    for i = from + 1, #list do
      local request = received.read(list[i])
      assert.equal(host, request.host, endpoint)
      assert.equal(port_of(endpoint), tonumber(host:match(":(%d+)$")), endpoint)
      assert.equal(prefix, request.path:sub(1, #prefix), endpoint)
      assert.equal(SK, received.signer(request, { SK }), endpoint .. "\n" .. list[i])
      if n % APART == 0 then assert.is_true(received.is_signed(request, SK), endpoint) end
    end
    return #list
  end

  -- Asks for a spelling, with one client for all of them.
  local function try(client, n, endpoint, proxy)
    local ok, err = ASKS[n % #ASKS + 1](client, options(endpoint, proxy))
    assert(ok, endpoint .. ": " .. tostring(err))
  end

  it("a service without TLS, by a proxy", function()
    local client, seen = lab.client(), 0
    each_spelling(function(endpoint, is_tls, n)
      if is_tls then return end
      try(client, n, endpoint, http_proxy)
      seen = check(http:requests(), seen, endpoint, n)
    end)
    assert.is_true(seen >= 2 * #HOSTS * #PORTS)
  end)

  it("a service with TLS, through a tunnel", function()
    if not files then return pending(trust.why) end
    local client, seen = lab.client(), 0
    each_spelling(function(endpoint, is_tls, n)
      if not is_tls then return end
      try(client, n, endpoint, https_proxy)
      seen = check(files.records(), seen, endpoint, n)
    end)
    assert.is_true(seen >= 3 * #HOSTS * #PORTS)
  end)

  it("this machine, in each of its spellings", function()
    local client, seen = lab.client(), #http:requests()
    for _, host in ipairs { "127.0.0.1", "127.1", "0x7f.1", "2130706433", "localhost", "LOCALHOST.",
      "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]" } do
      for i, prefix in ipairs(PREFIXES) do
        local endpoint = "http://" .. host .. ":" .. http:port() .. prefix
        try(client, i, endpoint)
        seen = check(http:requests(), seen, endpoint, i)
      end
    end
  end)

  it("this machine by IPv6", function()
    local ok, six = pcall(wire.serve, { { "request", wire.reply(200, BODY), { again = true } },
      host = "::1", loop = true })
    if not ok then return pending("no IPv6 here") end
    local client, seen = lab.client(), 0
    for _, host in ipairs { "[::1]", "[0:0::1]", "[0000:0000:0:0:0:0:0:0001]" } do
      for i, prefix in ipairs(PREFIXES) do
        local endpoint = "http://" .. host .. ":" .. six:port() .. prefix
        try(client, i, endpoint)
        seen = check(six:requests(), seen, endpoint, i)
      end
    end
    six:close()
  end)
end)
