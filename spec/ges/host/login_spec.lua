-- SPDX-License-Identifier: MIT
-- A slow login that others wait for is one POST, in each event loop, however many wait. It takes
-- longer than the time after which a run without a heartbeat counts as gone (lua/ges/host/engine),
-- so each piece takes that long; that is what it is about.

local kit = require "nvim_kit"
local ngx_kit = require "ngx_kit"

-- A server whose first answer is the login's, a client of it, and `check`, for when all is over.
local HEAD = [[
local ges, wire = require "ges", require "wire"
local token = wire.reply(201, '{"token":{"expires_at":"2099-01-01T00:00:00.000000Z"}}',
  { "X-Subject-Token: subject-token-0123456789", "Connection: close" })
local good = wire.reply(200, '{"status":"success"}')
local server = wire.serve{ loop = true, { "request", { sleep = 6.5 }, token, { close = true } },
  { "request", good, { again = true } } }
local client = ges.new{ endpoint = server:url(), project_id = "p", graph_id = "g",
  credentials = ges.credentials.password{ user = "u", password = "password-01", domain = "d",
    iam_endpoint = server:url() } }
local function check(calls)
  local posts, gets = 0, 0
  for _, request in ipairs(server:requests()) do
    if request:find("^POST /v3/auth/tokens") then posts = posts + 1 end
    if request:find("^GET /v2/") then
      gets = gets + 1
      assert(request:find("X-Auth-Token: subject-token-0123456789\r\n", 1, true), request)
    end
  end
  assert(posts == 1 and gets == calls, posts .. " logins, " .. gets .. " calls")
end
]]

local PLAIN = [[
local jobs = {}
for i = 1, 10 do jobs[i] = { job_id = "j" .. i } end
for _, result in ipairs(client:wait_all{ jobs = jobs }) do assert(result.job, result.err) end
local handles = {}
for i = 1, 5 do handles[i] = client:start{ job_id = "h" .. i } end
for i = 1, 5 do assert(handles[i]:wait()) end
check(15)]]

-- What a coroutine does, the `i`-th of 20: single calls, and waits of many jobs. 35 requests.
local TASK = [[
local function task(i)
  if i % 4 > 0 then return assert(client:job_status{ job_id = "j" .. i }) end
  local jobs = {}
  for n = 1, 4 do jobs[n] = { job_id = "w" .. i .. "-" .. n } end
  for _, result in ipairs(client:wait_all{ jobs = jobs }) do assert(result.job, result.err) end
end
local left = 20
local function run(i)
  task(i)
  left = left - 1
end
]]

local UV = TASK .. [[
local luv = require "luv"
local timer, ticks = luv.new_timer(), 0
timer:start(10, 10, function()
  ticks = ticks + 1
  if left == 0 then timer:close() end
end)
for i = 1, 20 do assert(coroutine.resume(coroutine.create(run), i)) end
luv.run()
assert(left == 0 and ticks > 10, left)
check(35)]]

local CQUEUES = TASK .. [[
local cq = require "cqueues".new()
for i = 1, 20 do cq:wrap(run, i) end
assert(cq:loop())
assert(left == 0, left)
check(35)]]

describe("a slow login", function()
  local function once(body)
    local status, output = kit.lua(HEAD .. body)
    assert.equal("0 ", status .. " " .. output)
  end

  it("is one in a plain program", function() once(PLAIN) end)

  it("is one for all coroutines in luv's loop", function() once(UV) end)

  local it_if = pcall(require, "cqueues") and it or pending
  it_if("is one for all coroutines of cqueues", function() once(CQUEUES) end)

  -- nginx runs LuaJIT, whatever runs the specs: once is enough.
  if not rawget(_G, "jit") then return end

  it("is one for all requests of an nginx worker", function()
    finally(ngx_kit.cleanup)
    local own = ngx_kit.start({ server = [[
      location /job {
        content_by_lua_block {
          local shared = package.loaded["login.shared"]
          if not shared then
            shared = assert(loadstring(]] .. ("%q"):format(HEAD .. TASK
              .. "return { task = task, check = check }"):gsub("\\\n", "\\n") .. [[))()
            package.loaded["login.shared"] = shared
          end
          shared.task(tonumber(ngx.var.arg_i))
          ngx.print("done")
        }
      }
      location /check {
        content_by_lua_block {
          package.loaded["login.shared"].check(35)
          ngx.print("one")
        }
      }]] })
    local socks = {}
    for i = 1, 20 do socks[i] = own:open("/job?i=" .. i) end
    for i = 1, 20 do assert.equal("done", select(2, ngx_kit.receive(socks[i]))) end
    assert.equal("one", select(2, own:get("/check")))
    assert.same({}, own:complaints())
  end)
end)
