-- Connections that the server closes when they are used again cost a reconnection, never an answer:
-- libcurl used to give up at the sixth that one handle met in all its life.

local ges = require("ges")
local kit = require("core_kit")
local lab = require("lab")
local tls = require("tls_lab")
local wire = require("wire")

local OK = wire.reply(200, '{"status":"success"}')

-- Each connection answers one request, and closes when it has read the second.
local function grudging()
  return lab.serve { { "request", OK, "request", { close = true } }, loop = true }
end

describe("regress: a kept connection that is dead", function()
  after_each(function()
    lab.cleanup()
    kit.cleanup()
  end)

  it("costs a reconnection, 200 times", function()
    local server, client, received = grudging(), lab.client(), 0
    for _ = 1, 200 do
      local job, err, info = client:job_status(lab.options(server, { retries = 0,
        on_request = function() received = received + 1 end }))
      assert.is_table(job, err)
      assert.equal(1, info.attempts)
    end
    assert.equal(200, received)
  end)

  it("is not what a failure on the next one is blamed on", function()
    local server = lab.serve {
      { "request", OK, "request", { reset = true } },
      { "request", { stall = true } },
      loop = true,
    }
    local client = lab.client()
    local opts = { retries = 0, timeout = 1, request_timeout = 1 }
    assert(client:job_status(lab.options(server, opts)))
    local err, info = lab.fails("timeout", client:job_status(lab.options(server, opts)))
    assert.matches("time", info.message:lower())
    assert.is_nil(err:lower():find("reset", 1, true), err)
  end)

  it("costs the same in a request", function()
    local server, client = grudging(), lab.client()
    for _ = 1, 100 do
      local value, err, info = client:request { endpoint = server:url(), path = "/x",
        token = lab.token, retries = 0 }
      assert.is_table(value, err)
      assert.equal(1, info.attempts)
    end
  end)

  it("costs the same when it is one of many", function()
    local server, client = lab.serve { { "request", { gate = true }, OK, "request",
      { close = true } }, loop = true }, kit.client()
    for round = 1, 20 do
      for _ = 1, 12 do assert(client:start(kit.options(server, { request_timeout = 30 }))) end
      -- all of a round at once, so that each leaves a connection behind
      if round == 1 then
        kit.eventually(function()
          client:step(0.01)
          return #server:requests() == 12
        end)
      end
      server:pass(12)
      for _, one in ipairs(kit.drain(client, 12)) do
        assert.is_table(one.job, one.err)
        assert.equal(1, one.info.attempts)
      end
      local single, err = client:job_status(kit.options(server, { request_timeout = 0.2 }))
      assert.is_true(single ~= nil or err:find("timeout", 1, true) ~= nil, err)
      server:pass(1)
    end
  end)
end)

describe("regress: a kept connection over TLS that is dead", function()
  setup(tls.start)
  teardown(tls.cleanup)
  after_each(lab.cleanup)

  it("loses none of 1,000 jobs over HTTP/2, one request a connection", function()
    local received = 0
    local results = lab.client():wait_all(lab.options(tls.url("h2-1-request"), {
      ca_file = tls.path("root.pem"), job_id = false, jobs = lab.jobs(1000), max_in_flight = 16,
      max_rate = 100000, timeout = 300, on_request = function(info)
        received = received + 1
        assert.is_nil(info.kind, info.message)
      end,
    }))
    for i, result in ipairs(results) do
      assert.is_table(result.job, ("%d: %s"):format(i, tostring(result.err)))
    end
    assert.equal(1000, #results)
    assert.equal(1000, received)
  end)

  for _, name in ipairs { "dies", "h2-dies" } do
    it("costs a reconnection: " .. name, function()
      local client = ges.new { ca_file = tls.path("root.pem"), token = lab.token, retries = 0 }
      for i = 1, 30 do
        local path = ("/second-get-%s-%d"):format(name, i)
        local value, err, info = client:request { endpoint = tls.url(name), path = path }
        assert.is_table(value, err)
        assert.equal(1, info.attempts)
      end
      client:close()
    end)
  end
end)
