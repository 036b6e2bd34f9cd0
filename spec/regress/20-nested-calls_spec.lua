-- SPDX-License-Identifier: MIT
-- A debug hook, or a finalizer, may run between any two instructions of a call and ask on the same
-- client: it steps the engine, and all answers that are there come out. None may be lost by that,
-- wherever it happens.
--
-- In a process of its own, which is ended when an answer was lost and a call waits for ever.

local child = require("child")

-- `server` is the outer calls', `other` that of what runs in their middle. `calls` are all calls by
-- name: each returns true when its answer was right.
local PRELUDE = [==[
if jit then jit.off() end -- compiled code calls no hooks
local core, ges, wire, arm = require("ges.core"), require("ges"), require("wire"),
  require("finalizer")
local function answering(name)
  return wire.serve({ { "request", { send = wire.reply(200,
    '{"status":"success","job_name":"' .. name .. '"}') }, { again = true } }, loop = true })
end
local server, other = answering("outer"), answering("inner")
local ids = { project_id = "p", graph_id = "g", job_id = "j" }
local function options(at, more)
  local opts = { endpoint = at:url(), token = "some-token", timeout = 20 }
  for name, value in pairs(ids) do opts[name] = value end
  for name, value in pairs(more or {}) do opts[name] = value end
  return opts
end
local function is_outer(job, err) return assert(job, err).job_name == "outer" end
local function ask(client)
  assert(client:job_status(options(other)).job_name == "inner")
  assert(client:wait(options(other)).job_name == "inner")
end
local jobs = { { job_id = "a" }, { job_id = "b" }, { job_id = "c" } }
local calls = {}
function calls.job_status(client) return is_outer(client:job_status(options(server))) end
function calls.wait(client) return is_outer(client:wait(options(server))) end
function calls.handle(client)
  local handle = client:start(options(server))
  handle:poll()
  return is_outer(handle:wait())
end
function calls.wait_any(client)
  local index, job, err = client:wait_any(options(server, { jobs = jobs, max_rate = 1e6 }))
  return index and is_outer(job, err)
end
function calls.wait_all(client)
  local results = assert(client:wait_all(options(server, { jobs = jobs, max_in_flight = 2,
    max_rate = 1e6, on_event = function() end })))
  local good = #results == 3
  for _, result in ipairs(results) do good = good and is_outer(result.job, result.err) end
  return good
end
function calls.watch(client)
  local seen = {}
  for event in client:watch(options(server)) do
    seen[#seen + 1] = event.type
    assert(is_outer(event.job, event.err))
  end
  assert(table.concat(seen, " ") == "poll change done", table.concat(seen, " "))
  return true
end
function calls.request(client)
  local opts = { endpoint = server:url(), token = "some-token", path = "/x" }
  return is_outer(assert(client:request(opts)).json)
end
]==]

-- Calls `inner` once, at the k-th instruction of a call, for one k after the other until the call
-- is over before. A lost answer would be a timeout after 16 s; no answer takes half of that.
local AT_EACH = [==[
local function at_each(step, call, inner)
  local client, k, fired = ges.new(), 1, true
  while fired do
    fired = false
    local began = core.now()
    debug.sethook(function()
      debug.sethook()
      fired = true
      inner(client)
    end, "", k)
    local good = call(client)
    debug.sethook()
    assert(good, "a wrong answer at instruction " .. k)
    assert(core.now() - began < 8, "a late answer at instruction " .. k)
    k = k + step
  end
  assert(k > 200, k)
end
]==]

describe("a hook that asks in the middle of a call", function()
  for _, name in ipairs { "job_status", "wait", "handle", "wait_any", "wait_all", "watch",
    "request" } do
    it("takes no answer away from " .. name, function()
      local text = child.good(PRELUDE .. AT_EACH .. "at_each(1, calls." .. name .. ", ask)",
        { before = "timeout 200" })
      assert.equal("", text)
    end)
  end

  it("may begin a wait and leave it, or step what is under way", function()
    child.good(PRELUDE .. AT_EACH .. [==[
      local kept = {}
      at_each(3, calls.wait_all, function(client)
        kept[#kept + 1] = client:start(options(other))
        kept[#kept]:poll()
      end)
      for _, handle in ipairs(kept) do assert(handle:wait().job_name == "inner") end]==],
      { before = "timeout 200" })
  end)

  it("may cancel or look at the very wait that it interrupts", function()
    child.good(PRELUDE .. AT_EACH .. [==[
      local handle
      local function call(client)
        local ends = 0
        handle = client:start(options(server, { on_event = function(event)
          if event.type == "done" then ends = ends + 1 end
        end }))
        local job, err, info = handle:wait()
        assert(ends == 1, ends)
        local done, again = handle:poll()
        assert(done and again == job)
        return job and is_outer(job, err) or info.kind == "cancelled"
      end
      at_each(1, call, function() if handle then handle:cancel() end end)
      at_each(1, call, function() if handle then handle:poll() end end)
      -- A call that waits for it throws: it cannot go on before the hook has ended.
      local seen = 0
      at_each(7, call, function()
        local ok, why = pcall(function() return handle:wait() end)
        if handle and not ok then
          assert(why:find("cannot wait for itself", 1, true), why)
          seen = seen + 1
        end
      end)
      assert(seen > 10, seen)]==], { before = "timeout 200" })
  end)

  it("may close the client: the call is right, or ends as closed, in time", function()
    for _, name in ipairs { "wait", "wait_all", "watch", "job_status", "request", "handle" } do
      local text = child.good(PRELUDE .. AT_EACH .. ([==[
        local real = ges.new
        local made
        local function call()
          local client = ges.new()
          made = client
          local ok, good = pcall(calls.%s, client)
          client:close()
          if not ok then
            assert(tostring(good):find("closed", 1, true), good)
          end
          return true
        end
        at_each(3, call, function() if made then made:close() end end)]==]):format(name),
        { before = "timeout 200" })
      assert.equal("", text)
    end
  end)

  it("logs in on its own where its own login is what it interrupts", function()
    child.good(PRELUDE .. AT_EACH .. [==[
      local iam = wire.serve({ { "request", { send = wire.reply(201, '{"token":{}}',
        { ["X-Subject-Token"] = "a-token" }) }, { again = true } }, loop = true })
      local function call(client, at, name)
        local provider = ges.credentials.password { user = "u", password = "p", domain = "d",
          project_id = "p", iam_endpoint = iam:url() }
        return function()
          local opts = options(at)
          opts.token, opts.credentials = nil, provider
          return assert(client:wait(opts)).job_name == name
        end
      end
      local provided
      at_each(5, function(client)
        provided = call(client, server, "outer")
        return provided()
      end, function() if provided then provided() end end)]==], { before = "timeout 200" })
  end)
end)

describe("a finalizer that asks in the middle of a call", function()
  it("takes no answer away", function()
    child.good(PRELUDE .. [==[
      collectgarbage("setpause", 1)
      collectgarbage("setstepmul", 1000)
      local client, finalized = ges.new(), 0
      for round = 1, 300 do
        for name, call in pairs(calls) do
          for _ = 1, 3 do
            arm(function()
              finalized = finalized + 1
              ask(client)
            end)
          end
          for k = 1, round * 7 % 101 do local _ = "some garbage " .. k .. round end
          local began = core.now()
          assert(call(client), name)
          assert(core.now() - began < 8, name)
        end
        if finalized > 1500 then break end
      end
      assert(finalized > 500, finalized)]==], { before = "timeout 200" })
  end)
end)
