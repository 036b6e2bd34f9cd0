-- SPDX-License-Identifier: MIT
-- A process that was stopped (a closed lid, SIGSTOP) for longer than the deadline of its wait still
-- makes the last poll: what came of the job meanwhile is the result, not the status from before.
--
-- The children stop themselves; a shell lets them go on, after the deadline. Should a slow machine
-- stop one too late, the last poll has been made already, with the same result.

local child = require("child")
local kit = require("core_kit")
local wire = require("wire")

-- `rest()` stops the process at once, `rest_later()` from a shell, soon. `host` is a table
-- with the function `run(body)`, which runs the body as that host's programs do.
local PRELUDE = child.prelude .. [==[
local file = io.open("/proc/self/stat")
local pid = file:read("*n")
file:close()
local function rest_later(after)
  -- a pause: after which the process is stopped, and the time that it rests
  os.execute(("(sleep %s; kill -STOP %d; sleep 4; kill -CONT %d) >/dev/null 2>&1 &"):format(
    after or 0.2, pid, pid))
end
local function rest()
  local before = core.now()
  rest_later(0)
  while core.now() - before < 2.2 do local _ end
end
local url = ...
local run = function(body) body() end
]==]

local HOSTS = {
  plain = "",
  uv = [==[
    local luv = require("luv")
    function run(body)
      local co = coroutine.create(body)
      local timer = luv.new_timer() -- the loop is alive, and so the host is found
      timer:start(0, 0, function()
        timer:close()
        assert(coroutine.resume(co))
      end)
      luv.run()
      assert(coroutine.status(co) == "dead")
    end
  ]==],
  cqueues = [==[
    local cqueues = require("cqueues")
    function run(body)
      local controller = cqueues.new()
      controller:wrap(body)
      assert(controller:loop())
    end
  ]==],
}

local function reply(word) return wire.reply(200, ('{"status":"%s"}'):format(word)) end

-- The first answer is "running", all others are "success".
local function changing()
  return kit.serve { { "request", reply("running"), "request", reply("success"),
    { again = true } } }
end

-- The same, but the second answer never comes; the connection after that brings "success".
local function stalling()
  return kit.serve { { "request", reply("running"), "request", { stall = true } },
    { "request", reply("success"), { again = true } }, loop = true }
end

-- Runs bodies in children of their own, all at once, since they rest most of the time: a list of
-- { host, server, body }.
local function stopped(list)
  local command, paths = {}, {}
  for i, one in ipairs(list) do
    local code = PRELUDE:gsub("%.%.%.\n", ("%q\n"):format(one[2]:url()), 1) .. HOSTS[one[1]]
      .. "run(function()\n" .. one[3] .. "\nend)"
    paths[i] = child.file(code)
    command[i] = ("(timeout 60 %s %s || echo 'child %d: %s') &"):format(child.lua, paths[i], i,
      one[1])
  end
  local said = child.shell(table.concat(command, " ") .. " wait")
  for _, path in ipairs(paths) do os.remove(path) end
  assert.equal("", said)
end

local CALLS = {
  wait = [==[
    local job, err, info = ges.wait(options(url, { timeout = 1, interval = EVERY }))
    assert(job and job.status == "success", err)]==],
  watch = [==[
    local last
    for event in ges.watch(options(url, { timeout = 1, interval = EVERY })) do last = event end
    assert(last.type == "done" and last.job and last.job.status == "success", last.err)]==],
  handle = [==[
    local handle = ges.start(options(url, { timeout = 1, interval = EVERY }))
    handle:poll()
    local job, err = handle:wait()
    assert(job and job.status == "success", err)]==],
  wait_all = [==[
    local results = ges.wait_all(options(url, { timeout = 1, interval = EVERY, jobs = { {} } }))
    assert(results[1].job and results[1].job.status == "success", results[1].err)]==],
  wait_any = [==[
    local index, job, err = ges.wait_any(options(url, { timeout = 1, interval = EVERY,
      jobs = { {} } }))
    assert(index == 1 and job and job.status == "success", err)]==],
}

describe("a process that is stopped past its deadline", function()
  after_each(kit.cleanup)

  -- Each call, stopped between two polls and in the middle of one.
  local function both(list, host, call)
    list[#list + 1] = { host, changing(), "rest_later()\n" .. call:gsub("EVERY", "30") }
    list[#list + 1] = { host, stalling(), "rest_later(0.3)\n" .. call:gsub("EVERY", "0.05") }
  end

  it("makes the last poll", function()
    local list = {}
    for _, call in pairs(CALLS) do both(list, "plain", call) end
    stopped(list)
  end)

  for _, name in ipairs { "uv", "cqueues" } do
    local there = pcall(require, name == "uv" and "luv" or name)
    local it_if = there and it or pending
    it_if("makes the last poll in the host " .. name, function()
      local list = {}
      for _, call in pairs(CALLS) do both(list, name, call) end
      stopped(list)
    end)
  end

  it("makes the last poll when it is stopped in a function of the user", function()
    local list = {}
    for option, value in pairs { on_event = "nil", on_request = "nil", schedule = "0.05" } do
      list[#list + 1] = { "plain", changing(), ([==[
        local rested = false
        local function once()
          if not rested then
            rested = true
            rest()
          end
          return %s
        end
        local job, err = ges.wait(options(url, { timeout = 1, %s = once }))
        assert(job and job.status == "success", err)]==]):format(value, option) }
    end
    list[#list + 1] = { "plain", changing(), [==[
      local calls = 0
      local job, err = ges.wait(options(url, { timeout = 1, interval = 0.05, token = function()
        calls = calls + 1
        if calls == 2 then rest() end
        return token
      end }))
      assert(job and job.status == "success", err)]==] }
    stopped(list)
  end)

  it("makes the only poll of a handle that was left alone, and a last poll again", function()
    stopped { { "plain", kit.replying(200, '{"status":"success"}'), [==[
      local handle = ges.start(options(url, { timeout = 0.5 }))
      rest()
      local job, err, info = handle:wait()
      assert(job and job.status == "success", err)
      assert(info.polls == 1)]==] },
    { "plain", stalling(), [==[
      -- The second attempt is the last poll, and the process is stopped in its middle.
      local job, err = ges.wait(options(url, { timeout = 0.5, interval = 30,
        on_event = function(event)
          if event.type == "poll" and event.job.status == "running" then rest_later(1) end
        end }))
      assert(job and job.status == "success", err)]==] } }
  end)

  it("goes on for no longer than one last poll where the job still runs", function()
    stopped { { "plain", kit.replying(200, '{"status":"running"}'), [==[
      local rested_at
      local job, err, info = ges.wait(options(url, { timeout = 0.5, interval = 0.05,
        on_request = function()
          if rested_at then return end
          rest()
          rested_at = core.now()
        end }))
      assert(not job and info.kind == "deadline", err)
      assert(core.now() - rested_at < 8)
      assert(info.polls == 2, info.polls)]==] } }
  end)
end)
