-- SPDX-License-Identifier: MIT
-- Group B of the faults, and C8: certificates with something wrong, authorities that cannot be
-- read, handshakes that break, tunnels, HTTP/2 that goes away, all of it against an nginx. What the
-- core alone does with a wrong certificate is in spec/lua/tls_spec; here it is seen through the
-- calls people use, and in variety.

local ges = require("ges")
local kit = require("core_kit")
local lab = require("lab")
local tls = require("tls_lab")

describe("faults: TLS", function()
  setup(tls.start)
  teardown(tls.cleanup)
  after_each(function()
    lab.cleanup()
    kit.cleanup()
  end)

  local function options(endpoint, extra)
    local opts = lab.options(endpoint, { ca_file = tls.path("root.pem"), timeout = 10 })
    for name, value in pairs(extra or {}) do
      if value == false and name ~= "verify" then value = nil end
      opts[name] = value
    end
    return opts
  end

  -- One call of a client of its own.
  local function ask(endpoint, extra)
    return lab.client():job_status(options(endpoint, extra))
  end

  -- A call that ends as `tls` at its first attempt, and of which the server saw nothing. It is for
  -- a job of its own, as the server may still be writing down those before it.
  local calls = 0
  local function distrusted(name, extra, host)
    calls = calls + 1
    local all = { job_id = "distrusted-" .. calls }
    for option, value in pairs(extra or {}) do all[option] = value end
    local err, info = lab.fails("tls", ask(tls.url(name, host), all))
    assert.equal(1, info.attempts, err)
    assert.is_false(info.retryable)
    for _, line in ipairs(tls.seen(name)) do
      assert.is_nil(line:find(all.job_id .. "/", 1, true), line)
    end
    return err, info
  end

  describe("a certificate", function()
    it("with all in order is believed, by address and by name", function()
      for _, host in ipairs { "127.0.0.1", "localhost" } do
        assert.equal("success", assert(ask(tls.url("good", host))).status)
      end
      assert(ask(tls.url("tls12")))
      lab.eventually(function() return #tls.seen("good") >= 2 end)
    end)

    for name, why in pairs {
      expired = "has run out", early = "is not valid yet", other = "is for another host",
      star = "names the address as if it were a name", stranger = "is of an unknown authority",
      alone = "is signed by itself", incomplete = "comes without its intermediate",
      ["leaf-chain"] = "is issued by one that may not issue",
    } do
      it("that " .. why .. " is not, and nothing is sent", function()
        distrusted(name)
      end)
    end

    it("is not believed for a name it does not have", function()
      distrusted("other", nil, "localhost")
    end)

    it("that is wrong ends a wait at once", function()
      local took, job, err, info = lab.timed(ges.wait, options(tls.url("expired"),
        { timeout = 60 }))
      lab.fails("tls", job, err, info)
      assert.is_true(took < 8, took)
      local results = ges.wait_all(options(tls.url("stranger"), { job_id = false,
        jobs = lab.jobs(3) }))
      for _, result in ipairs(results) do
        lab.fails("tls", result.job, result.err, result.info)
      end
      assert.equal(0, #tls.seen("stranger"))
    end)

    it("is checked anew by every call of a client", function()
      local client = lab.client()
      assert(client:job_status(options(tls.url("good"))))
      lab.fails("tls", client:job_status(options(tls.url("good"), {
        ca_file = tls.path("stranger-root.pem") })))
      assert(client:job_status(options(tls.url("stranger"), {
        ca_file = tls.path("stranger-root.pem") })))
      lab.fails("tls", client:job_status(options(tls.url("stranger"))))
      local job, _, info = client:job_status(options(tls.url("alone"), { verify = false }))
      assert.is_table(job)
      assert.equal(1, #info.warnings)
      lab.fails("tls", client:job_status(options(tls.url("alone"))))
    end)

    it("of the client's own is sent where it is asked for", function()
      local _, _, info = ask(tls.url("mutual"))
      assert.equal("bad_request", info.kind)
      assert(ask(tls.url("mutual"), { client_cert = tls.path("user.pem"),
        client_key = tls.path("user.key") }))
    end)

    it("of the client's own that does not fit its key is the client's fault", function()
      distrusted("mutual", { client_cert = tls.path("user.pem"),
        client_key = tls.path("good.key") })
      distrusted("mutual", { client_cert = tls.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMII"),
        client_key = tls.path("user.key") })
    end)
  end)

  describe("a file of authorities", function()
    local function broken(path, extra)
      local more = { ca_file = path }
      for name, value in pairs(extra or {}) do more[name] = value end
      return distrusted("good", more)
    end

    it("that is missing, empty, cut or something else is named", function()
      local root = tls.run("cat root.pem")
      for _, path in ipairs {
        tls.path("missing.pem"), tls.write("empty.pem", ""), tls.write("words.pem", "no PEM\n"),
        tls.write("cut-ca.pem", root:sub(1, 200)), tls.write("nul.pem", ("\0"):rep(4096)),
        tls.path("root.key"),
        tls.write("bad64.pem", (root:gsub("M", "!", 3))),
      } do
        local err = broken(path)
        assert.is_truthy(err:find(path, 1, true), err)
      end
    end)

    it("may be a folder that holds nothing", function()
      tls.run("mkdir -p nothing")
      broken(tls.path("nothing"))
      broken(false, { ca_path = tls.path("nothing") })
      broken(false, { ca_path = tls.path("no-such-folder") })
    end)

    it("may be a folder with hashed names", function()
      tls.run("mkdir -p hashed && cp root.pem hashed/ && openssl rehash hashed")
      assert(ask(tls.url("good"), { ca_file = false, ca_path = tls.path("hashed") }))
    end)

    it("may hold many, some of them useless", function()
      local all = tls.run("cat stranger-root.pem alone.pem expired.pem root.pem")
      assert(ask(tls.url("good"), { ca_file = tls.write("many.pem", "# words\n" .. all) }))
    end)
  end)

  describe("a handshake", function()
    it("that breaks is tried again", function()
      for name, steps in pairs {
        reset = { { received = 1 }, { reset = true } }, close = { { close = true } },
        ["half a record"] = { "\22\3\3\0\122\2\0\0\118", { close = true } },
        ["an alert"] = { { received = 1 }, "\21\3\3\0\2\2\40", { close = true } },
        ["plain HTTP"] = { { received = 1 }, "HTTP/1.1 200 OK\r\n\r\n", { close = true } },
      } do
        local server = lab.serve { steps, loop = true }
        local endpoint = "https://127.0.0.1:" .. server:port()
        local err, info = lab.fails("network", ask(endpoint, { retries = 1 }))
        assert.equal(2, info.attempts, name .. ": " .. err)
        assert.equal(2, server:accepted(), name)
        for i = 1, 2 do
          kit.no_leak(server:received(i), { lab.token, lab.job })
        end
        if name == "plain HTTP" then
          assert.is_truthy(err:find("does not speak TLS on this port", 1, true), err)
        end
        lab.cleanup()
      end
    end)

    it("that stands still ends with connect_timeout", function()
      local server = lab.serve { { { stall = true } }, loop = true }
      local took, job, err, info = lab.timed(ask, "https://127.0.0.1:" .. server:port(),
        { connect_timeout = 0.3, retries = 0 })
      lab.fails("timeout", job, err, info)
      assert.is_true(took > 0.25 and took < 3, took)
    end)

    it("that offers nothing after TLS 1.1 brings nothing about", function()
      local err, info = lab.fails("tls", ask(tls.url("old-tls")))
      assert.equal(0, #tls.seen("old-tls"), err)
      assert.matches("127.0.0.1:%d+: .*; the server does not support TLS 1.2 or later$", err)
      assert.equal(1, info.attempts)
    end)
  end)

  describe("through a proxy", function()
    it("is checked as it is without one, and the proxy sees nothing", function()
      local proxy, log = tls.tunnel()
      assert(ask(tls.url("good"), { proxy = proxy }))
      distrusted("expired", { proxy = proxy })
      distrusted("other", { proxy = proxy })
      local seen = log()
      assert.is_truthy(seen:find("CONNECT 127.0.0.1:" .. tls.ports.good, 1, true), seen)
      assert.is_truthy(seen:find("first byte 22", 1, true), seen)
      for _, word in ipairs { lab.token, lab.job, "GET ", "X-Auth" } do
        assert.is_nil(seen:find(word, 1, true), seen)
      end
    end)

    it("that promises a tunnel and then breaks it is network", function()
      for _, steps in ipairs {
        { "request", "HTTP/1.1 200 OK\r\n\r\n", { close = true } },
        { "request", "HTTP/1.1 200 OK\r\n\r\n", { reset = true } },
        { "request", "HTTP/1.1 200 OK\r\n\r\nnot TLS at all", { close = true } },
      } do
        local server = lab.serve { steps, loop = true }
        lab.fails("network", ask("https://ges.invalid", { proxy = server:url(), retries = 0 }))
        assert.is_truthy(server:requests()[1]:find("^CONNECT ges.invalid:443 "))
        kit.no_leak(server:received(1), { lab.token, lab.job })
        lab.cleanup()
      end
    end)

    it("that is not there is the proxy's fault, and its password is not shown", function()
      local proxy = "http://proxy-user:proxy-secret-word@127.0.0.1:9"
      local err, info = lab.fails("connect", ask(tls.url("good"), { proxy = proxy, retries = 0 }))
      assert.is_nil(err:find("proxy-secret-word", 1, true), err)
      assert.is_nil(info.message:find("proxy-secret-word", 1, true))
    end)
  end)

  describe("HTTP/2", function()
    -- The connections a server has used, and whether all of it was HTTP/2.
    local function connections(name)
      local ids, n = {}, 0
      for _, line in ipairs(tls.seen(name)) do
        local id = line:match("^HTTP/2.0 (%d+)")
        assert.is_string(id, line)
        if not ids[id] then
          ids[id], n = true, n + 1
        end
      end
      return n
    end

    it("that goes away after a few requests loses none", function()
      local results = ges.wait_all(options(tls.url("h2"), { job_id = false, jobs = lab.jobs(60),
        max_in_flight = 16, max_rate = 10000 }))
      for i, result in ipairs(results) do
        assert.is_table(result.job, ("%d: %s"):format(i, tostring(result.err)))
      end
      assert.equal(60, #results)
      -- no connection serves more than seven
      lab.eventually(function() return connections("h2") >= 60 / 7 end)
    end)

    it("shares one connection", function()
      local results = ges.wait_all(options(tls.url("h2-slow"), { job_id = false,
        jobs = lab.jobs(40), max_in_flight = 40, max_rate = 10000 }))
      for _, result in ipairs(results) do assert.is_table(result.job, result.err) end
      assert.is_true(connections("h2-slow") <= 2, connections("h2-slow"))
    end)

    it("survives a server that reloads under the requests", function()
      local jobs = {}
      for i = 1, 6 do jobs[i] = { job_id = "slow-" .. i } end
      local client, informed = lab.client(), false
      local results = client:wait_all(options(tls.url("h2-slow"), {
        job_id = false, jobs = jobs, max_in_flight = 2,
        on_event = function()
          if not informed then
            informed = true
            tls.server:signal("HUP")
          end
        end,
      }))
      for _, result in ipairs(results) do assert.is_table(result.job, result.err) end
    end)
  end)
end)
