-- https: who is not believed gets nothing, and what says whom to believe.

local kit = require("core_kit")
local tls = require("core_tls")

if not tls then
  describe("core: https", function()
    pending("openssl is not available")
  end)
  return
end

describe("core: https", function()
  local good, other, old, pem, ports, said = nil, nil, nil, {}, {}, {}

  setup(function()
    pem.good = tls.certificate("good", "IP:127.0.0.1,DNS:localhost")
    pem.other = tls.certificate("other", "DNS:other.example")
    pem.old = tls.certificate("old", "IP:127.0.0.1", 2001)
    tls.write(kit.path:sub(2), kit.running)
    ports.good, said.good = tls.serve("good", "-tls1_2")
    ports.other, said.other = tls.serve("other")
    ports.old, said.old = tls.serve_anything("old", kit.running)
    good = "https://127.0.0.1:" .. ports.good
    other = "https://127.0.0.1:" .. ports.other
    old = "https://127.0.0.1:" .. ports.old
  end)

  teardown(tls.cleanup)
  after_each(kit.cleanup)

  -- A call that must fail as `tls`, after which the server knows nothing of the request.
  local function distrusted(name, endpoint, extra)
    local err, info = kit.fails("tls", endpoint, extra)
    assert.is_nil(info.http_status)
    assert.is_nil(said[name]():find("FILE:", 1, true)) -- a request that was read
    assert.is_nil(said[name]():find("GET ", 1, true))
    return err
  end

  it("fails for a certificate that no authority has signed", function()
    distrusted("good", good)
    distrusted("good", "https://localhost:" .. ports.good)
    distrusted("other", other)
  end)

  it("fails for another host's certificate, whatever authority has signed it", function()
    distrusted("other", other, { ca_file = pem.other })
    distrusted("good", good, { ca_file = pem.other })
  end)

  it("fails for one that has run out", function()
    distrusted("old", old, { ca_file = pem.old })
    assert(kit.ask(old, { verify = false })) -- it is there, and would have answered
    kit.eventually(function() return said.old():find("GET ", 1, true) end)
  end)

  it("fails when the CA file is not there or holds nothing, and names it", function()
    local empty, junk = tls.write("empty.pem", ""), tls.write("junk.pem", "junk")
    local err = distrusted("good", good, { ca_file = "/no/such/ca.pem" })
    assert.is_truthy(err:find("/no/such/ca.pem", 1, true), err)
    distrusted("good", good, { ca_file = empty })
    distrusted("good", good, { ca_file = junk })
    distrusted("good", good, { ca_path = "/no/such/directory" })
  end)

  it("fails when the client's own certificate cannot be read", function()
    distrusted("good", good, { ca_file = pem.good, client_cert = "/no/such/cert.pem" })
    distrusted("good", good, { ca_file = pem.good, client_cert = pem.other,
      client_key = "/no/such" })
  end)

  it("refuses one half of the client's own certificate and key", function()
    local err = kit.fails("argument", good, { client_cert = pem.good })
    assert.is_truthy(err:find("client_cert is given without client_key, and", 1, true), err)
    err = kit.fails("argument", good, { client_key = pem.good })
    assert.is_truthy(err:find("client_key is given without client_cert", 1, true), err)
  end)

  it("takes turns with http on one client, each with its own path and authorities", function()
    local plain, client = kit.replying(200, '{"status":"running"}'), kit.client()
    local function ask(where, job_id)
      assert(kit.check(client:job_status(kit.options(where, { job_id = job_id,
        insecure_http = true, ca_file = pem.good }))))
    end
    ask(plain, "first")
    ask(good)
    ask(plain, "third")
    for n, job_id in ipairs { "first", "third" } do
      local request = plain:requests()[n]
      assert.is_truthy(request:find("/jobs/" .. job_id .. "/status ", 1, true), request)
    end
  end)

  it("is done with a server that is vouched for", function()
    assert.same("running", (kit.ask(good, { ca_file = pem.good })).status)
    assert.same("running", (kit.ask("https://localhost:" .. ports.good,
      { ca_file = pem.good })).status)
    assert.is_truthy(said.good():find("FILE:" .. kit.path:sub(2), 1, true))
  end)

  it("does not believe again whom one call believed", function()
    local client = kit.client()
    assert(client:job_status(kit.options(good, { ca_file = pem.good })))
    for _ = 1, 2 do
      local job, err, info = client:job_status(kit.options(good))
      assert.is_nil(job)
      assert.same("tls", info.kind, err)
    end
    assert(client:job_status(kit.options(good, { ca_file = pem.good })))
  end)

  it("accepts any certificate with verify = false, once with a warning", function()
    local client = kit.client()
    for i, endpoint in ipairs { good, "https://localhost:" .. ports.good, good } do
      local job, err, info = kit.check(client:job_status(kit.options(endpoint, { verify = false })))
      assert.is_table(job, err)
      if i == 1 then
        assert.same(1, #info.warnings)
        assert.is_truthy(info.warnings[1]:find("verify", 1, true))
      else
        assert.is_nil(info.warnings)
      end
    end
    local _, _, info = client:job_status(kit.options(good))
    assert.same("tls", info.kind)
  end)

  it("takes no TLS before 1.2", function()
    local port, what = tls.serve("good", "-tls1_1 -cipher ALL:@SECLEVEL=0")
    kit.failing("https://127.0.0.1:" .. port, { ca_file = pem.good })
    assert.is_nil(what():find("FILE:", 1, true))
  end)

  it("to a plain port sends nothing of the request", function()
    for _, reply in ipairs { "HTTP/1.1 400 Bad Request\r\n\r\n", "\21\3\1\0\2\2\40",
      ("\0"):rep(2000), "" } do
      local server = kit.serve { { { received = 2 }, reply, { close = true } }, loop = true }
      local _, info = kit.failing("https://127.0.0.1:" .. server:port(), { verify = false })
      assert.is_true(info.kind == "network" or info.kind == "tls", info.kind)
      local bytes = server:received(1)
      assert.same("\22\3", bytes:sub(1, 2))
      kit.no_leak(bytes, { kit.token })
      assert.is_nil(bytes:find("GET", 1, true))
      assert.is_nil(bytes:find(kit.job, 1, true))
      kit.cleanup()
    end
  end)

  it("that stalls in its handshake is a timeout", function()
    local server = kit.serve { {}, loop = true }
    local took = kit.seconds(kit.fails, "timeout", "https://127.0.0.1:" .. server:port(),
      { connect_timeout = 0.2 })
    assert.is_true(took < 3, took)
  end)
end)
