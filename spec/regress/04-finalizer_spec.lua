-- A finalizer of the script may run at each allocation while options are read, and call the same
-- client: neither request may end up with the other's path, token, keys or body.
--
-- In a process of its own, at each place of a call in turn (spec/support/places.lua).

local child = require("child")

local CODE = [==[
if jit then jit.off() end -- the same places each time
local core, wire, places = require("ges.core"), require("wire"), require("places")
local server = wire.serve({
  { "request", { send = wire.reply(200, '{"status":"success"}') }, { again = true } }, loop = true,
})
local client = core.engine()

-- Options by kind of call. All that a call of a name sends has the name in it.
local make = {}
function make.token(name)
  return { project_id = name, graph_id = name, job_id = name, token = "token-of-" .. name,
    language = "en-us", no_proxy = name }
end
function make.keys(name)
  return { project_id = name, graph_id = name, job_id = name, ak = "ak-of-" .. name,
    sk = "secret-key-of-" .. name, security_token = "token-of-" .. name }
end
function make.generic(name)
  return { method = "POST", path = "/v2/" .. name .. "/graphs", body = "body-of-" .. name,
    ak = "ak-of-" .. name, sk = "secret-key-of-" .. name,
    query = { q = name, r = { name, 27182818 } },
    headers = { ["X-Name"] = name, ["X-Other"] = "of-" .. name } }
end

local function options(kind, name)
  local opts = make[kind](name)
  opts.endpoint, opts.request_timeout = server:url(), 20
  return opts
end

-- Throws unless all of a request is of one name, and signed with the keys of that name.
local names = { mine = true, other = true }
local function check(request)
  local name = assert(request:match("^%u+ /v2/(%w+)/"), request)
  assert(names[name:match("^%a+")], request)
  for word in request:gmatch("%f[%a]%a+%d+%f[%W]") do
    assert(not names[word:match("^%a+")] or word == name, request)
  end
  local date = request:match("\r\nX%-Sdk%-Date: (%w+)\r\n")
  if not date then
    return assert(request:find("\r\nX-Auth-Token: token-of-" .. name .. "\r\n", 1, true), request)
  end
  local sent, signed = request:match("\r\nAuthorization: ([^\r]+)\r\n"), {}
  for header in sent:match("SignedHeaders=([^,]+)"):gmatch("[^;]+") do
    for key, value in request:gmatch("\r\n([%w-]+): ([^\r]*)") do
      if key:lower() == header and header ~= "host" and header ~= "x-sdk-date" then
        signed[key] = value
      end
    end
  end
  local path, query = request:match("^%u+ ([^ ?]+)%??([^ ]*) ")
  assert(query == "" or query == ("q=%s&r=27182818&r=%s"):format(name, name), request)
  local list = {}
  for key, value in query:gmatch("(%w+)=(%w+)") do
    list[key] = list[key] or {}
    table.insert(list[key], value)
  end
  local again = core.sign { method = request:match("^%u+"), path = path, date = date, query = list,
    host = request:match("\r\nHost: ([^\r]+)"), ak = "ak-of-" .. name,
    sk = "secret-key-of-" .. name, headers = signed, body = request:match("\r\n\r\n(.*)$") }
  assert(again.Authorization == sent, request .. "\n" .. again.Authorization)
end

local asked, k = 0, 0
for outer in pairs(make) do
  for inner in pairs(make) do
    local wrong
    local n = places(function(at)
      k = k + 1
      local opts, other = options(outer, "mine" .. k), options(inner, "other" .. k)
      local job, err
      local there = at(function()
        local inner_job, why = client:job_status(other)
        wrong = not inner_job and why or wrong
      end, function() job, err = client:job_status(opts) end)
      assert(job, err)
      assert(not wrong, wrong)
      asked = asked + (there and 2 or 1)
    end)
    assert(n > 5, "finalizers ran at " .. n .. " places only")
  end
end
local requests = server:requests()
assert(#requests == asked, #requests .. " requests of " .. asked)
for _, request in ipairs(requests) do check(request) end
io.write(asked)
server:close()
]==]

describe("a finalizer that calls the client", function()
  it("does not mix two requests, wherever it runs", function()
    local asked = child.good(CODE, { before = "timeout 200" })
    assert.is_true(tonumber(asked) > 100, asked)
  end)
end)
