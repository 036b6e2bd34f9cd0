-- How long a login may take, and whose time it takes: that of the call that makes it.

local ges = require("ges")
local lab = require("lab")
local wire = require("wire")

local TOKEN = wire.reply(201, '{"token":{}}',
  { ["X-Subject-Token"] = "the-token-of-iam", ["Content-Type"] = "application/json" })

-- A client with a password, at an IAM that does not answer the first login, but the second one.
local function client_of(iam, server)
  return lab.client(lab.options(server, { token = false, credentials = ges.credentials.password {
    user = "alice", password = "hunter2hunter2", domain = "acme", project_id = lab.project,
    iam_endpoint = iam:url() } }))
end

describe("the time of a login", function()
  local iam, server, client

  before_each(function()
    iam = lab.serve { { "request", { stall = true } }, { "request", TOKEN } }
    server = lab.replies { "success" }
    client = client_of(iam, server)
  end)

  after_each(lab.cleanup)

  -- A call that follows one whose login had no answer: it logs in itself.
  local function asks_anew()
    assert.equal("success", assert(client:job_status {}).status)
    assert.same({ "the-token-of-iam" }, lab.tokens(server))
    assert.equal(2, #iam:requests())
  end

  it("is that of its call, whose end says nothing of the service to other calls", function()
    local took, job, err, info = lab.timed(client.job_status, client, { timeout = 0.4 })
    assert.is_nil(job)
    assert.is_truthy(err:find("IAM", 1, true), err)
    assert.is_false(info.retryable)
    assert.is_true(took < 20, took)
    asks_anew()
  end)

  it("is bounded by request_timeout, after which IAM is left alone for a while", function()
    local took, job = lab.timed(client.job_status, client, { request_timeout = 0.4, timeout = 900 })
    assert.is_nil(job)
    assert.is_true(took < 9, took) -- without it: ten seconds
    local _, info = lab.fails("credentials", client:job_status {})
    assert.equal("timeout", info.cause)
    assert.equal(1, #iam:requests())
  end)
end)
