-- A finalizer of the script may close a client while its result is being built or its options are
-- read: what was being read from had been freed by then. Nor may one that forgets the answer which
-- poll is reading take it away.
--
-- In a process of its own, at each place of a call in turn, as in 04-finalizer_spec. glibc
-- overwrites what is freed there (MALLOC_PERTURB_), so that a use of it shows.

local child = require("child")

local CODE = [==[
if jit then jit.off() end -- the same places each time
local core, wire, places = require("ges.core"), require("wire"), require("places")
local server = wire.serve({
  { "request", { send = wire.reply(200, '{"status":"success","x":[[1.5],["a"],{"y":"text"}]}') },
    { again = true } },
  loop = true,
})
local client

local function options(more)
  local opts = { endpoint = server:url(), ak = "the-access-key", sk = "the-secret-key",
    request_timeout = 20 }
  for name, value in pairs(more) do opts[name] = value end
  return opts
end
local job = { project_id = "p", graph_id = "g", job_id = "j" }
local function check(value, err)
  assert(value, err)
  assert(value.status == "success" and value.x[1][1] == 1.5 and value.x[2][1] == "a"
    and value.x[3].y == "text")
end

local calls = {}
function calls.job_status()
  local opts = options(job)
  return function() check(client:job_status(opts)) end
end
function calls.start()
  local opts = options { path = "/x", method = "POST", body = "{}", query = { a = 1, b = { 1, 2 } },
    headers = { ["X-A"] = "b" } }
  return function() assert(client:start(opts)) end
end
function calls.poll()
  assert(client:start(options(job)))
  repeat local in_flight = client:step(0.1) until in_flight == 0
  return function() check(select(2, client:poll())) end
end

for name, make in pairs(calls) do
  local closed, whole, refused = 0, 0, 0
  local n = places(function(at)
    client = core.engine()
    local call = make()
    local ok, err
    local there = at(function() client:close() end, function() ok, err = pcall(call) end)
    if there then
      assert(tostring(client) == "ges.engine (closed)")
      closed = closed + 1
      -- Closed as soon as nothing is read any more, not when it is collected.
      local stop = core.now() + 10
      repeat until server:open() == 0 or core.now() > stop
      assert(server:open() == 0, "its connection is open")
    end
    if ok then whole = whole + 1 else refused = refused + 1 end
    assert(ok or there and tostring(err):find("attempt to use a closed ges.engine", 1, true), err)
    client:close()
  end)
  assert(closed == n and n > 5, name .. " was interrupted at " .. n .. " places")
  -- While options are read the call ends as closed, while its result is built it has it.
  assert((whole > 1) == (name ~= "start"), name .. " was right " .. whole .. " times")
  assert((refused > 1) == (name ~= "poll"), name .. " was refused " .. refused .. " times")
end

-- One that forgets the answer being read does nothing: poll gives it, and the client goes on.
local missed = 0
local n = places(function(at)
  client = core.engine()
  local id = assert(client:start(options(job)))
  repeat local in_flight = client:step(0.1) until in_flight == 0
  local got, value, err
  at(function() client:forget(id) end, function() got, value, err = client:poll() end)
  if got then check(value, err) else missed = missed + 1 end
  check(client:job_status(options(job)))
  client:close()
end)
assert(n > 5 and missed <= 1, "forgotten at " .. n .. " places, before poll at " .. missed)
server:close()
]==]

describe("a finalizer that closes the client, or forgets its answer", function()
  it("ends no sooner than what is being built or read, wherever it runs", function()
    assert.equal("", child.good(CODE, { before = "timeout 200 env MALLOC_PERTURB_=165" }))
  end)
end)
