-- core.prepare: what a request takes from its call, and what from the defaults of its client.

local core = require("ges.core")
local kit = require("core_kit")

-- A call over the defaults of a client: as core.prepare.
local function over(call, opts, defaults)
  local base, kept = core.prepare("ges.new", 1, defaults)
  return core.prepare(call, 1, opts, kept, base)
end

-- Checks that a call is refused, with `text`; or, without one, that it is not.
local function refused(text, ...)
  local request, err, info = over(...)
  if not text then return assert.is_truthy(request, err) end
  assert.is_nil(request)
  assert.equal("argument", info.kind)
  assert.is_truthy(err:find(text, 1, true), err)
end

describe("core.prepare", function()
  after_each(kit.cleanup)

  it("refuses a name of a project with a control character, of the call or of defaults", function()
    for _, name in ipairs { "a\r\nb", "a\0", "" } do
      local ids = { graph_id = "g", job_id = "j" }
      refused("project", "ges.job_status", ids, { endpoint = "https://h", project = name })
      ids.project = name
      refused("project", "ges.job_status", ids, { endpoint = "https://h" })
    end
    refused(nil, "ges.job_status", { graph_id = "g", job_id = "j", project = "a_b" },
      { endpoint = "https://h" })
  end)

  it("has no id of a graph in a call that names the graph", function()
    local defaults = { endpoint = "https://h", token = "t", project_id = "p", graph_id = "g" }
    local request = over("ges.jobs", { graph_name = "x" }, defaults)
    assert.same({ "p", nil }, { request:ids() })
    request = over("ges.jobs", {}, defaults)
    assert.same({ "p", "g" }, { request:ids() })
  end)

  it("bounds an attempt by the timeout of its call where that is shorter", function()
    local server = kit.after_request({ stall = true })
    local client = kit.client()
    local opts = kit.options(server, { request_timeout = 600, timeout = 0.2 })
    assert(client:start((core.prepare("ges.job_status", 1, opts))))
    assert.equal("timeout", kit.drain(client, 1, 6)[1].info.kind)
  end)

  it("refuses an id of the defaults only where a job has none of its own", function()
    local defaults = { endpoint = "https://h", token = "t", project_id = "p", graph_id = "a/b" }
    local one, own = { job_id = "j" }, { job_id = "k", graph_id = "g" }
    refused(nil, "ges.wait_all", { jobs = { own } }, defaults)
    refused("graph_id", "ges.wait_all", { jobs = { one } }, defaults)
    refused("graph_id", "ges.wait_all", { jobs = { own, one } }, defaults)
  end)

  -- What calls over one client send: returns for each the request's text, or its failure's kind.
  local function one_after_the_other(...)
    local server, sent = kit.replying(200, kit.running), {}
    local base, kept = core.prepare("ges.new", 1, { endpoint = server:url(), token = kit.token,
      project_id = "p", graph_id = "g", job_id = kit.job })
    local engine = kit.client()
    for i, opts in ipairs { ... } do
      local request = core.prepare("ges.job_status", 1, opts, kept, base)
      local job, _, info = engine:job_status(request)
      local requests = server:requests()
      sent[i] = job and requests[#requests] or info.kind
    end
    return sent
  end

  it("takes a number of this call, not of the one before", function()
    local large, small = { max_response_bytes = 100000 }, { max_response_bytes = 1 }
    local sent = one_after_the_other(large, small, large, small)
    assert.matches("^GET ", sent[1])
    assert.equal("too_large", sent[2])
    assert.matches("^GET ", sent[3])
    assert.equal("too_large", sent[4])
  end)

  it("takes the defaults that this call leaves, not those that the one before left", function()
    local plain, hiding = { language = "zh-cn" }, { language = "zh-cn", credentials = {} }
    for _, head in ipairs(one_after_the_other(plain, plain)) do
      assert.is_truthy(head:find("X-Auth-Token: " .. kit.token, 1, true))
    end
    local sent = one_after_the_other(plain, hiding, plain)
    assert.is_nil(sent[2]:find(kit.token, 1, true))
    assert.is_truthy(sent[3]:find("X-Auth-Token: " .. kit.token, 1, true))
  end)
end)
