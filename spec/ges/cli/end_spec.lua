-- How a wait ends that is not over: by a signal, at its deadline, for want of credentials. What is
-- known is written in each form, and the command that goes on has the exit code that is still true.

local json = require "ges.json"
local kit = require "cli_kit"
local output = require "ges.cli.output"
local pty = require "pty"
local wire = require "wire"

-- What a command prints to be run again, run.
local function resume(text, extra)
  local line = text:match("to resume[^:]*: ([^\n]+)")
  assert.is_truthy(line, text)
  return pty.run({ "-c", line .. (extra or "") }, { program = { "/bin/sh" },
    env = { GES_TOKEN = kit.token, LUA_PATH = os.getenv "LUA_PATH",
      LUA_CPATH = os.getenv "LUA_CPATH" } }), line
end

-- Ends a command with a signal as soon as its standard error matches.
local function signalled(signal, pattern, args, opts)
  local is_sent
  opts = opts or {}
  opts.on = function(seen, process)
    if is_sent or not seen.err:find(pattern) then return end
    is_sent = true
    process:kill(signal)
  end
  local seen = kit.ges(args, opts)
  assert.is_true(is_sent, seen.err)
  return seen
end

describe("a command that a signal ends before it runs", function()
  -- Loads this module only to be ended meanwhile. LuaJIT compiles no such loop so that it could be.
  local function ended(signal, module)
    local hold = ("package.preload['%s'] = function() if jit then jit.off() end "
      .. "io.stderr:write('held\\n') while true do end end"):format(module)
    return signalled(signal, "held\n", { "version" }, { env = { LUA_INIT = hold } })
  end

  it("says how it ended, by the signal", function()
    for _, module in ipairs { "ges.cli.status", "ges.cli.doctor", "ges.cli.completion" } do
      local seen = ended(15, module)
      assert.same({ 143, "held\nges: terminated\n", "" }, { seen.code, seen.err, seen.out })
      seen = ended(2, module)
      assert.same({ 130, "held\nges: interrupted\n", "" }, { seen.code, seen.err, seen.out })
    end
    -- ges.cli itself: nothing handles SIGTERM yet.
    local seen = ended(2, "ges.cli")
    assert.same({ 130, "held\nges: interrupted\n" }, { seen.code, seen.err })
    assert.equal(15, ended(15, "ges.cli").signal)
  end)
end)

describe("a wait for several that a signal ends", function()
  local open, bad, good

  setup(kit.start)
  teardown(kit.stop)
  before_each(function()
    open, bad, good = kit.job(60), kit.job(0, { outcome = "failed", fail_reason = "no room" }),
      kit.job(0)
  end)

  -- Waits until all three were asked about: the one that is open has a line as its last.
  local ASKED = "failed[^\n]*\n.*success[^\n]*\n.*%f[%w]%l+ing,"

  local function wait(signal, form)
    return signalled(signal, ASKED,
      { "wait", "-o", form, "--max-in-flight", "1", bad, good, open, "--interval", "50ms" })
  end

  local function check_list(list, code)
    assert.same({ bad, good, open }, { list[1].job_id, list[2].job_id, list[3].job_id })
    assert.same({ 1, 0, code }, { list[1].exit_code, list[2].exit_code, list[3].exit_code })
    assert.equal("success", list[2].status)
    assert.equal("cancelled", list[3].error.kind)
    assert.equal((code == 130 and "interrupted" or "terminated") .. "; the job continues",
      list[3].error.message)
    assert.matches("ing$", list[3].status)
    assert.is_true(list[3].attempts >= 1)
  end

  local READ = {
    json = function(text) return assert(json.decode(text)) end,
    jsonl = function(text)
      local by_id, list = {}, {}
      for line in text:gmatch("[^\n]+") do
        local made = assert(json.decode(line))
        assert.is_nil(by_id[made.job_id])
        by_id[made.job_id] = made
      end
      for i, id in ipairs { bad, good, open } do list[i] = by_id[id] end
      return list
    end,
    yaml = function(text) return nil, select(2, text:gsub("\n%s+exit_code: ", "")) end,
    tsv = function(text) return nil, select(2, text:gsub("\n", "")) - 1 end,
    table = function(text) return nil, select(2, text:gsub("\n", "")) - 1 end,
  }

  for _, form in ipairs(output.names) do
    it("has written what is known, as " .. form, function()
      for signal, code in pairs { [2] = 130, [15] = 143 } do
        local seen = wait(signal, form)
        assert.equal(code, seen.code, seen.err)
        local list, count = READ[form](seen.out)
        if list then check_list(list, code) else assert.equal(3, count, seen.out) end
        for _, id in ipairs { bad, good, open } do
          assert.is_truthy(seen.out:find(id, 1, true), seen.out)
        end
        assert.matches("\nges: job " .. bad .. " failed: no room\nges: the job continues on the "
          .. "server; 1 other job did not succeed; to resume: [^\n]+ " .. bad .. " " .. open
          .. "\n$", seen.err)
        assert.is_nil(seen.err:match("to resume.*"):find(good, 1, true))
      end
    end)
  end

  it("is resumed with the exit code that the whole would have had", function()
    open = kit.job(8)
    local seen, line = resume(wait(15, "json").err)
    assert.is_truthy(line:find(bad, 1, true))
    assert.equal(1, seen.code, seen.err)
    assert.equal(2, #assert(json.decode(seen.out)))
  end)

  it("has nothing to resume where all are over", function()
    local url = kit.answering(wire.reply(200, '{"status":"success"}'))
    local seen = kit.ges({ "wait", "--endpoint", url, "j", "k" })
    assert.equal(0, seen.code)
    assert.is_nil(seen.err:find("resume", 1, true))
  end)

  it("leaves the status of several that a signal ends written, too", function()
    local server = wire.serve { { "request", wire.reply(200, '{"status":"failed"}'), "request",
      { stall = true } }, loop = true }
    local is_sent
    local seen = kit.ges({ "status", "-o", "json", "--endpoint", server:url(), "a", "b", "c" },
      { on = function(_, process)
        if is_sent or #server:requests() < 2 then return end
        is_sent = true
        process:kill(2)
      end })
    server:close()
    assert.equal(130, seen.code, seen.err)
    local list = assert(json.decode(seen.out))
    assert.same({ 1, 130, 130 }, { list[1].exit_code, list[2].exit_code, list[3].exit_code })
    assert.matches("^ges: interrupted\nges: job a failed: [^\n]+\n$", seen.err)
  end)

  it("stays interrupted where the reader of its output ended at the same key", function()
    local seen = signalled(2, ASKED, { "wait", "-o", "json", bad, good, open, "--max-in-flight",
      "1", "--interval", "50ms" }, { close_stdout = true })
    assert.equal(130, seen.code, seen.err)
    assert.is_nil(seen.err:find("cannot write", 1, true))
  end)
end)

describe("a wait for several whose time is over", function()
  setup(kit.start)
  teardown(kit.stop)

  it("is resumed with the jobs that are open and those that did not succeed", function()
    local bad, open, good = kit.job(0, { outcome = "failed" }), kit.job(60), kit.job(0)
    for _, form in ipairs(output.names) do
      local seen = kit.ges({ "wait", "-o", form, "--timeout", "0", bad, open, good })
      assert.equal(124, seen.code)
      assert.matches("\nges: the job continues on the server; 1 other job did not succeed; "
        .. "to resume: [^\n]+ " .. bad .. " " .. open .. "\n$", seen.err)
      for _, id in ipairs { bad, open, good } do
        assert.is_truthy(seen.out:find(id, 1, true), seen.out)
      end
    end
    -- A run that asks once ends with the first answer; the job is over while the next one waits.
    open = kit.job(8)
    local seen = kit.ges({ "wait", "--timeout", "0", bad, open, good })
    seen = resume((seen.err:gsub("%-%-timeout 0", "--timeout 50s")))
    assert.equal(1, seen.code, seen.err)
  end)
end)

describe("a wait for a job of which no answer ever came", function()
  local silent

  setup(function() silent = wire.serve { { "request", { stall = true } }, loop = true } end)
  teardown(function() silent:close() end)

  local MAY = "\nges: the job may still be running on the server; to resume: [^\n]+ j\n$"

  it("does not say at its deadline that the job runs", function()
    for _, command in ipairs { "wait", "watch" } do
      for _, url in ipairs { silent:url(), "http://127.0.0.1:1" } do
        local seen = kit.ges({ command, "--timeout", "300ms", "--endpoint", url, "j" })
        assert.equal(124, seen.code, seen.err)
        assert.matches(MAY, seen.err)
      end
    end
    local seen = kit.ges({ "wait", "--timeout", "300ms", "--endpoint", silent:url(), "j", "k" })
    assert.equal(124, seen.code, seen.err)
    assert.matches("\nges: job j: deadline: [^\n]+\nges: job k: deadline: [^\n]+\n"
      .. "ges: 2 jobs may still be running on the server; to resume: ", seen.err)
  end)

  it("does not say so when a signal ends it, in its record either", function()
    for _, args in ipairs { { "wait", "j" }, { "wait", "-o", "json", "j", "k" }, { "watch", "j" },
      { "status", "-o", "json", "j", "k" } } do
      local before, is_sent = #silent:requests(), false
      table.insert(args, 2, "--endpoint=" .. silent:url())
      local seen = kit.ges(args, { on = function(_, process)
        if is_sent or #silent:requests() == before then return end
        is_sent = true
        process:kill(2)
      end })
      assert.equal(130, seen.code, seen.err)
      assert.is_nil((seen.out .. seen.err):find("continue", 1, true), seen.out .. seen.err)
      if args[4] == "json" then
        for _, made in ipairs(json.decode(seen.out)) do
          assert.equal("interrupted; the job may still be running", made.error.message)
        end
      else
        assert.matches(MAY, "\n" .. seen.err)
      end
    end
  end)
end)

describe("a wait whose credentials end", function()
  teardown(kit.stop)

  local RUNNING = wire.reply(200, '{"status":"running"}')
  local function refusal(status, code)
    return wire.reply(status, ('{"error_code":"%s","error_msg":"no"}'):format(code))
  end
  local EXPIRED = refusal(401, "APIGW.0301")

  -- A service that answers well once and refuses then.
  local function dying(refused)
    local scripts = { { "request", RUNNING, "request", refused } }
    for i = 2, 10 do scripts[i] = { "request", refused, { again = true } } end
    local server = wire.serve(scripts)
    return server, { "--endpoint", server:url(), "--interval", "50ms" }
  end

  local function run(command, refused, ...)
    local server, args = dying(refused)
    table.insert(args, 1, command)
    for _, id in ipairs { ... } do args[#args + 1] = id end
    local seen = kit.ges(args)
    server:close()
    return seen
  end

  for _, command in ipairs { "wait", "watch" } do
    it("says that the job goes on, and how to resume: " .. command, function()
      for _, refused in ipairs { EXPIRED, refusal(403, "APIGW.0302") } do
        local seen = run(command, refused, "j")
        assert.equal(4, seen.code, seen.err)
        assert.matches("\nges: the job continues on the server; to resume: [^\n]+ges " .. command
          .. " %-%-endpoint [^\n]+ j\n$", "\n" .. seen.err)
      end
    end)
  end

  it("says so of each other end without an answer, after a good one", function()
    local cases = { [wire.reply(302, "", { Location = "/x" })] = 6, [refusal(418, "X.1")] = 6,
      [wire.reply(200, "[1]")] = 7 }
    for refused, code in pairs(cases) do
      local seen = run("wait", refused, "j")
      assert.equal(code, seen.code, seen.err)
      assert.matches("\nges: the job continues on the server; to resume: ", seen.err)
    end
  end)

  it("says nothing of the kind where the job is not known to run", function()
    for _, refused in ipairs { EXPIRED, refusal(403, "APIGW.0302") } do
      local url = kit.answering(refused)
      for _, command in ipairs { "wait", "watch" } do
        local seen = kit.ges({ command, "--endpoint", url, "j" })
        assert.equal(4, seen.code)
        assert.is_nil(seen.err:find("resume", 1, true), seen.err)
      end
    end
    local seen = run("wait", refusal(400, "GES.8301"), "j")
    assert.equal(5, seen.code)
    assert.is_nil(seen.err:find("resume", 1, true), seen.err)
  end)

  it("says so where a provider fails in the middle", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(kit.token)
    file:close()
    os.execute("chmod 600 " .. path)
    kit.start()
    local id, is_gone = kit.job(60), nil
    local seen = kit.ges({ "wait", "--token-file", path, "--interval", "50ms", id },
      { env = { GES_TOKEN = false }, on = function(so_far)
        if is_gone or not so_far.err:find("ing, ImportGraph") then return end
        is_gone = os.remove(path)
      end })
    assert.equal(4, seen.code, seen.err)
    assert.matches("\nges: the job continues on the server; to resume: [^\n]+ %-%-token%-file "
      .. "[^\n]+ " .. id .. "\n$", seen.err)
  end)

  it("resumes several with those that did not succeed", function()
    local failed = wire.reply(200, '{"status":"failed","job_id":"b"}')
    local server = wire.serve { { "request", wire.reply(200, '{"status":"running","job_id":"a"}'),
      "request", failed, "request", EXPIRED, { again = true } }, loop = true }
    local seen = kit.ges({ "wait", "--endpoint", server:url(), "--interval", "50ms",
      "--max-in-flight", "1", "-o", "json", "a", "b" })
    server:close()
    assert.equal(4, seen.code, seen.err)
    assert.matches("\nges: the job continues on the server; 1 other job did not succeed; "
      .. "to resume: [^\n]+ a b\n$", seen.err)
  end)
end)
