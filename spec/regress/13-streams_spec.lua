-- How many connections 200 calls at once open to a server that speaks HTTP/2: as few as its limit
-- of streams allows, and not one for each call that finds the first connection unready. How long a
-- server takes to say what it allows is guessed from its handshake, and a busy machine may prove
-- the guess wrong: one good try in five is enough.

local kit = require("core_kit")
local lab = require("lab")
local tls = require("tls_lab")

describe("regress: 200 calls at once over TLS", function()
  setup(tls.start)
  teardown(tls.cleanup)
  after_each(kit.cleanup)

  -- How many connections a server has had, all of one version of HTTP, not counting those of the
  -- first `before` requests.
  local function connections(name, version, before)
    local all, n = {}, 0
    for i, line in ipairs(tls.seen(name)) do
      local id = line:match("^HTTP/" .. version .. " (%d+)")
      assert.is_string(id, line)
      if i > (before or 0) and not all[id] then n = n + 1 end
      all[id] = true
    end
    return n
  end

  local function start(client, name, extra)
    for i = 1, 200 do
      local opts = { ca_file = tls.path("root.pem"), job_id = "slow-" .. i, request_timeout = 120,
        connect_timeout = 120 }
      for key, value in pairs(extra or {}) do opts[key] = value end
      assert(client:start(kit.options(tls.url(name), opts)))
    end
    for _, one in ipairs(kit.drain(client, 200, 120)) do assert.is_table(one.job, one.err) end
  end

  for limit, most in pairs { [512] = 2, [128] = 3, [16] = 15, [4] = 54 } do
    it(("share what the server allows: %d streams"):format(limit), function()
      local name, tries = "h2-" .. limit, {}
      for try = 1, 5 do
        start(kit.client(), name)
        lab.eventually(function() return #tls.seen(name) == 200 * try end)
        tries[try] = connections(name, "2.0", 200 * (try - 1))
        if tries[try] <= most then return end
        kit.cleanup()
      end
      error("connections: " .. table.concat(tries, " "))
    end)
  end

  -- The answers take 0.3 s. Where each call waits until the one before is on its way, the first
  -- connections are free again when a third of the calls has been admitted.
  it("get a connection each over HTTP/1.1, before the first is answered", function()
    local tries = {}
    for try = 1, 5 do
      start(kit.client(), "good")
      lab.eventually(function() return #tls.seen("good") == 200 * try end)
      tries[try] = connections("good", "1.1", 200 * (try - 1))
      if tries[try] > 150 then return end
      kit.cleanup()
    end
    error("connections: " .. table.concat(tries, " "))
  end)

  it("do not get onto the HTTP/1.1 connection of a single call", function()
    local client = kit.client()
    local options = kit.options(tls.url("h2-slow"), { ca_file = tls.path("root.pem") })
    assert(client:job_status(options))
    start(client, "h2-slow")      -- libcurl ends what is silent for 10 s
  end)

  it("read headers that are larger than libcurl's buffer", function()
    local client = lab.client { ca_file = tls.path("root.pem"), token = lab.token, retries = 0 }
    for _, name in ipairs { "h2-dies", "dies" } do
      for _, n in ipairs { 1, 10, 16, 20, 40, 100 } do
        local value, err = client:request { endpoint = tls.url(name), path = "/headers",
          query = { n = tostring(n) }, timeout = 20 }
        assert.is_table(value, ("%s %d: %s"):format(name, n, tostring(err)))
        assert.equal(1000, #value.headers["x-" .. n])
      end
    end
    lab.cleanup()
  end)
end)
