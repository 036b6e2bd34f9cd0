-- A finalizer of the script may close a client while its result is being built or its options are
-- read: what was being read from had been freed by then.
--
-- In a process of its own: there the heap is small, and finalizers run often.

local child = require("child")

local CODE = [==[
local core, wire, arm = require("ges.core"), require("wire"), require("finalizer")
local server = wire.serve({
  { "request", { send = wire.reply(200, '{"status":"success","x":[[],[],[],{}]}') },
    { again = true } },
  loop = true,
})
local client
local function gc() client:close() end
local function ask(i)
  local opts = { endpoint = server:url(), ak = "the-access-key", sk = "the-secret-key" }
  if i % 2 == 0 then
    opts.path, opts.query, opts.headers = "/x", { a = 1, b = { 1, 2, 3 } }, { ["X-A"] = "b" }
    return client:start(opts)
  end
  opts.project_id, opts.graph_id, opts.job_id = "p", "g", "j"
  return assert(client:job_status(opts))
end
collectgarbage("setpause", 1)
collectgarbage("setstepmul", 1000)
local closed = 0
for i = 1, 3000 do
  client = core.engine()
  for _ = 1, 10 do arm(gc) end
  for k = 1, i * 7 % 101 do local _ = "some garbage " .. k .. i end
  local ok, err = pcall(ask, i)
  if tostring(client) == "ges.engine (closed)" then closed = closed + 1 end
  assert(ok or tostring(err):find("attempt to use a closed ges.engine", 1, true), err)
  if closed > 60 then break end
end
assert(closed > 60, closed)
server:close()
]==]

describe("a finalizer that closes the client", function()
  it("ends no sooner than what is being built or read", function()
    assert.equal("", child.good(CODE))
  end)
end)
