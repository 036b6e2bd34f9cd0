-- SPDX-License-Identifier: MIT
-- TLS 1.2 is the least, whatever OpenSSL's configuration allows. A distribution's policy often
-- allows no less either, and would hide it if ges did: each call is made in a child whose
-- OPENSSL_CONF allows TLS 1.0. That such a server can be reached there, curl shows.

local child = require("child")
local tls = require("core_tls")

local LAX = [[
openssl_conf = lax
[lax]
ssl_conf = ssl
[ssl]
system_default = everything
[everything]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
]]

local OLD = { ["1.0"] = "-tls1", ["1.1"] = "-tls1_1" }

-- Each way to a server: one at a time, many at once, and a request that is sent once.
local CALLS = {
  ["a job's status"] = [[local job, err, info = ges.job_status(opts)]],
  ["jobs at once"] = [[
    opts.job_id, opts.jobs, opts.retries, opts.timeout = nil, { { job_id = "a" }, { job_id = "b" },
      { job_id = "c" } }, nil, 5
    local all = ges.wait_all(opts)
    local job, err, info = all[2].job, all[2].err, all[2].info]],
  ["a request that is sent once"] = [[
    opts.graph_id, opts.job_id, opts.method, opts.path = nil, nil, "POST", "/x"
    local job, err, info = ges.request(opts)]],
}

describe("faults: a TLS before 1.2, where OpenSSL allows it,", function()
  if not tls or not child.has("curl") then
    pending("is not tried out here: that takes openssl and curl")
    return
  end

  local lax, pem, old, new = nil, nil, {}, nil

  setup(function()
    lax = "env OPENSSL_CONF=" .. tls.write("lax.conf", LAX)
    pem = tls.certificate("good", "IP:127.0.0.1,DNS:localhost")
    for version, words in pairs(OLD) do
      old[version] = { tls.serve("good", words .. " -cipher ALL:@SECLEVEL=0", lax) }
    end
    new = { tls.serve("good", "-tls1_2", lax) }
  end)
  teardown(function() if tls then tls.cleanup() end end)

  -- What curl, and a call with these options, make of a server there.
  local function curl(port, words)
    return select(2, child.shell(("%s curl -sk -m 20 -o /dev/null %s https://127.0.0.1:%d/")
      :format(lax, words, port)))
  end
  local function ask(call, options)
    return child.good(([[
      local ges = require("ges")
      local opts = { project_id = "p", graph_id = "g", job_id = "j", token = "floor-token-01234567",
        retries = 0, ca_file = %q, proxy = "" }
      for name, value in pairs { %s } do opts[name] = value end
      %s
      print(job and "answered" or info.kind .. ": " .. err)]]):format(pem, options, call),
      { before = lax })
  end

  for version in pairs(OLD) do
    for name, call in pairs(CALLS) do
      it(("version %s, is refused as tls: %s"):format(version, name), function()
        local port, seen = old[version][1], old[version][2]
        assert.equal(0, curl(port, "--tlsv1.0 --tls-max " .. version))
        local before = #seen()
        local said = ask(call, ("endpoint = 'https://127.0.0.1:%d'"):format(port))
        assert.matches("^tls: .*TLS 1%.2 or later", said)
        assert.is_nil(seen():find("floor-token", before, true), seen())
        assert.is_nil(seen():find("FILE:", before + 1, true), seen())
      end)
    end

    it(("version %s, is refused of a proxy"):format(version), function()
      local port, seen = old[version][1], old[version][2]
      local before = #seen()
      local said = ask(CALLS["a job's status"], ("endpoint = 'https://127.0.0.1:9', "
        .. "proxy = 'https://127.0.0.1:%d'"):format(port))
      assert.matches("^tls: .*proxy.*TLS 1%.2 or later", said)
      assert.is_nil(seen():find("CONNECT", before + 1, true), seen())
    end)
  end

  it("is not what is wrong with a server that has 1.2", function()
    local said = ask(CALLS["a job's status"], ("endpoint = 'https://127.0.0.1:%d'"):format(new[1]))
    assert.is_nil(said:find("^tls"), said)
  end)
end)
