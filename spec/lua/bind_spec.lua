-- request:bind: what differs between two polls of one prepared request.

local core = require("ges.core")
local kit = require("core_kit")

describe("request:bind", function()
  local server, engine, request

  before_each(function()
    server, engine = kit.replying(200, kit.running), kit.client()
    request = core.prepare("ges.job_status", 1, { endpoint = server:url(), project_id = "p",
      graph_id = "g", job_id = kit.job, token = kit.token })
  end)

  after_each(kit.cleanup)

  local function sent()
    assert(engine:job_status(request))
    local seen = server:requests()
    return seen[#seen]
  end

  local function shows(head, ...)
    for _, part in ipairs { ... } do assert.is_truthy(head:find(part, 1, true), head) end
  end

  it("sets what is given and keeps the rest", function()
    assert.is_true(request:bind { project_id = "q", token = "another-token" })
    assert.same({ "q", "g", kit.job }, { request:ids() })
    shows(sent(), "/v2/q/graphs/g/jobs/", "X-Auth-Token: another-token\r\n")
    assert.is_true(request:bind {})
    shows(sent(), "/v2/q/graphs/g/jobs/", "X-Auth-Token: another-token\r\n")
    assert.is_true(request:bind { ak = "AK0123456789", sk = "SK0123456789" })
    assert.is_nil(sent():find("X-Auth-Token", 1, true))
    assert.is_true(request:bind { token = "a-third-token" })
    shows(sent(), "X-Auth-Token: a-third-token\r\n")
    assert.is_nil(sent():find("Authorization:", 1, true))
  end)

  it("removes an id that is false", function()
    assert.is_true(request:bind { project_id = false })
    assert.same({ n = 3, nil, "g", kit.job }, { n = 3, request:ids() })
    assert.has_error(function() engine:job_status(request) end)
  end)

  it("changes nothing when one value is refused", function()
    local last = sent()
    for _, bad in ipairs { { job_id = "a/b" }, { token = "with a blank" },
      { endpoint = "https://" }, { ak = "AK 1", sk = "s" } } do
      local all = { project_id = "other", graph_id = "other", job_id = "other",
        endpoint = "https://other.example", token = not bad.ak and "another-token" or nil }
      for name, value in pairs(bad) do all[name] = value end
      local ok, err, info = request:bind(all)
      assert.is_nil(ok)
      assert.same("argument", info.kind, err)
      assert.same({ "p", "g", kit.job }, { request:ids() })
      assert.same(last, sent())
    end
  end)

  it("changes nothing when a value has another type", function()
    for _, bad in ipairs { { graph_id = 5 }, { token = {} }, { security_token = true } } do
      local name = next(bad)
      bad.project_id = "other"
      local ok, err = pcall(request.bind, request, bad)
      assert.is_false(ok)
      assert.is_truthy(err:find("'" .. name .. "' must be a string", 1, true), err)
      assert.same({ "p", "g", kit.job }, { request:ids() })
    end
  end)

  it("keeps what is secret in a request that has a body", function()
    local secret = "a-password-0123456789"
    local call = core.prepare("ges.request", 1, { endpoint = server:url(), path = "/x",
      method = "POST", token = kit.token, headers = { ["X-Api-Key"] = "a-key-9876543210" },
      query = { access_key = "a-query-key-012345" }, body = '{"password":"' .. secret .. '"}' })
    assert.is_true(call:bind { token = "another-token-0123" })
    local text = table.concat({ secret, "a-key-9876543210", "a-query-key-012345",
      "another-token-0123", kit.token }, " ")
    assert.equal("<redacted> <redacted> <redacted> <redacted> " .. kit.token, call:clean(text))
  end)
end)
