-- A finalizer of the script may run while options are read, and call the same client: neither
-- request may end up with the other's token.
--
-- In a process of its own: there the heap is small, and finalizers run often.

local child = require("child")

local CODE = [[
local core, wire, arm = require("ges.core"), require("wire"), require("finalizer")
local server = wire.serve({
  { "request", { send = wire.reply(200, '{"status":"success"}') }, { again = true } }, loop = true,
})
local client = core.engine()
local function ask(name)
  return client:job_status({
    endpoint = server:url(), project_id = name, graph_id = name, job_id = name,
    token = "token-of-" .. name, no_proxy = name .. math.random(),
  })
end
local finalized = 0
local function gc()
  finalized = finalized + 1
  ask("other")
end
collectgarbage("setpause", 1)
collectgarbage("setstepmul", 1000)
for _ = 1, 5000 do
  arm(gc)
  assert(ask("mine"))
  if finalized > 100 then break end
end
assert(finalized > 100, finalized)
for _, request in ipairs(server:requests()) do
  local name = request:match("^GET /v2/(%w+)/")
  assert(request:find("X-Auth-Token: token-of-" .. name .. "\r\n", 1, true), request)
end
server:close()
]]

describe("a finalizer that calls the client", function()
  it("does not mix two requests", function()
    assert.equal("", child.good(CODE))
  end)
end)
