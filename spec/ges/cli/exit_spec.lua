-- The command through pipes: every exit code, and what is said with it.

local json = require "ges.json"
local kit = require "cli_kit"
local wire = require "wire"

local function ended(code, seen)
  assert.equal(code, seen.code, (seen.err .. seen.out):sub(1, 500))
  assert.is_nil(seen.err:find("traceback", 1, true))
  assert.is_nil(seen.err:find("[^\n\32-\126\128-\255]"))
  return seen
end

describe("the exit code", function()
  setup(kit.start)
  teardown(kit.stop)

  it("is 0 for a job that succeeded, and the result is on stdout alone", function()
    local id = kit.job(0)
    for _, command in ipairs { "status", "wait" } do
      local seen = ended(0, kit.ges({ command, id }))
      assert.matches("^Job       " .. id .. "\nStatus    success\n", seen.out)
    end
    assert.equal("", kit.ges({ "status", id }).err)
  end)

  it("is 1 for a job that failed, also when it was over before", function()
    local id = kit.job(0, { outcome = "failed", fail_reason = "job import aborted: no room" })
    for _, command in ipairs { "status", "wait", "watch" } do
      local seen = ended(1, kit.ges({ command, id }))
      local said = "job " .. id .. " failed: job import aborted: no room\n"
      assert.truthy(seen.err:find(said, 1, true), seen.err)
    end
  end)

  it("is explained in a line that has an end, however long the reason", function()
    local url = kit.showing { job_id = "j", status = "failed", fail_reason = ("x\1"):rep(20000) }
    local seen = ended(1, kit.ges({ "status", "-o", "json", "--endpoint", url, "j" }))
    assert.truthy(#seen.err > 900 and #seen.err < 1300, #seen.err)
  end)

  it("is 1 on the very poll that shows a failure", function()
    local id = kit.job(1, { outcome = "failed" })
    local seen = ended(1, kit.ges({ "wait", "--interval", "100ms", "--timeout", "5m", id }))
    assert.truthy(seen.seconds < 20)
  end)

  it("is 3 for a job that succeeded in part, 0 when that is accepted", function()
    local id = kit.job(0, { outcome = "partiallyFailed" })
    for _, command in ipairs { "status", "wait" } do
      local seen = ended(3, kit.ges({ command, id }))
      assert.matches("succeeded in part: 1 of 1 files", seen.err)
      ended(0, kit.ges({ command, "--accept", "success,partial", id }))
    end
    local url = kit.showing { job_id = "j", status = "success",
      job_detail = { edgeset_path = { { path = "e", status = "partFailed" } } } }
    ended(3, kit.ges({ "wait", "--endpoint", url, "j" }))
  end)

  it("is 0 for a status that is not the last one", function()
    ended(0, kit.ges({ "status", kit.job(60) }))
    ended(0, kit.ges({ "status", "--endpoint", kit.showing { job_id = "j", status = "new" }, "j" }))
  end)

  it("is 2 for a mistake on the command line, which says what to try", function()
    for _, args in ipairs { {}, { "wiat" }, { "wait" }, { "wait", "-o", "xml", "j" },
      { "wait", "--timeout", "soon", "j" }, { "wait", "--interval", "0", "j" },
      { "watch", "-o", "table", "j" }, { "wait", "--endpoint", "x", "--region", "y", "j" },
      { "status", "../../admin" }, { "status", "a b" }, { "status", "--region", "no/such", "j" },
      { "status", "--endpoint", "https://me:hush@host", "j" }, { "completion" } } do
      local seen = ended(2, kit.ges(args))
      assert.equal("", seen.out)
      assert.matches("^ges: [^\n]+\n$", seen.err)
      assert.is_nil(seen.err:find("hush", 1, true))
    end
    local seen = ended(2, kit.ges({ "wait", "j" }, { env = { GES_GRAPH_ID = false } }))
    assert.matches("no graph: give %-%-graph ID, or set GES_GRAPH_ID", seen.err)
    seen = ended(2, kit.ges({ "wait", "j" }, { env = { GES_ENDPOINT = false } }))
    assert.matches("^ges: no endpoint: give %-%-region NAME", seen.err)
    seen = ended(2, kit.ges({ "wait", "j" }, { env = { GES_PROJECT_ID = false } }))
    assert.matches("no project: give", seen.err)
  end)

  it("is 2 before anything is said of a wait", function()
    for _, args in ipairs { { "a/b" }, { "--region", "no/such", "j" },
      { "--endpoint", "https://me@host", "j" }, { "--ca-file", "\1", "j" }, { "a/b", "c/d" } } do
      for _, command in ipairs { "wait", "watch" } do
        if command == "wait" or #args ~= 2 then
          local seen = ended(2, kit.ges({ command, (unpack or table.unpack)(args) }))
          assert.is_nil(seen.err:find("waiting", 1, true), seen.err)
          assert.matches("^ges: ", seen.err)
        end
      end
    end
  end)

  it("is 2 for a number below zero, which the line names", function()
    local cases = { { "--timeout", "-5" }, { "--interval", "-1s" }, { "--not-found-grace", "-1" },
      { "--max-rate", "-1" }, { "--max-in-flight", "-.5" } }
    for _, case in ipairs(cases) do
      for _, args in ipairs { { case[1], case[2] }, { case[1] .. "=" .. case[2] } } do
        table.insert(args, 1, "wait")
        args[#args + 1] = "j"
        local seen = ended(2, kit.ges(args))
        assert.matches("^ges: " .. case[1]:gsub("%-", "%%-") .. " is not a .*, got "
          .. case[2]:gsub("%p", "%%%0") .. " %(try: ges wait %-%-help%)\n$", seen.err)
      end
    end
    local seen = ended(2, kit.ges({ "wait", "j" }, { env = { GES_TIMEOUT = "-5" } }))
    assert.matches("^ges: GES_TIMEOUT is not a duration .*, got %-5 ", seen.err)
    seen = ended(2, kit.ges({ "sim", "--port", "-1" }))
    assert.matches("^ges: %-%-port is not a whole number from 0 to 65535, got %-1", seen.err)
  end)

  it("is 4 without valid credentials or permission", function()
    for _, token in ipairs { "wrong-token", "sim-token-expired", "sim-token-forbidden" } do
      local seen = ended(4, kit.ges({ "wait", "j" }, { env = { GES_TOKEN = token } }))
      assert.is_nil((seen.out .. seen.err):find(token, 1, true))
    end
    local seen = ended(4, kit.ges({ "wait", "j" }, { env = { GES_TOKEN = false } }))
    assert.matches("no credentials found", seen.err)
  end)

  it("is 5 when there is no such job", function()
    local seen = ended(5, kit.ges({ "status", "nope" }))
    assert.matches("can not find job.*GES%.8301", seen.err)
    ended(5, kit.ges({ "wait", "--not-found-grace", "0", "nope" }))
  end)

  it("is 6 when the service or the way there does not work", function()
    ended(6, kit.ges({ "status", "--retries", "0", "--endpoint", "http://127.0.0.1:1", "j" }))
    ended(6, kit.ges({ "status", "--retries", "0", "--endpoint", "https://no.such.invalid", "j" }))
    for _, status in ipairs { 503, 429, 418, 302 } do
      local url = kit.refusing(status, "X.1")
      ended(6, kit.ges({ "status", "--retries", "0", "--endpoint", url, "j" }))
    end
  end)

  it("is 7 for an answer that makes no sense, is too large or has an unknown end", function()
    local url = kit.answering(wire.reply(200, "{"))
    ended(7, kit.ges({ "status", "--retries", "0", "--endpoint", url, "j" }))
    ended(7, kit.ges({ "status", "--endpoint", kit.showing { job_id = "other", status = "x" },
      "--retries", "0", "j" }))
    url = kit.showing { job_id = "j", status = "running", padding = ("x"):rep(5000) }
    ended(7, kit.ges({ "status", "--endpoint", url, "--max-response-bytes", "1000", "j" }))
    url = kit.showing { job_id = "j", status = "archived", end_time = "2018-11-27T21:39:56" }
    for _, command in ipairs { "status", "wait" } do
      ended(7, kit.ges({ command, "--endpoint", url, "j" }))
    end
    url = kit.showing { job_id = "j", status = "archived" }
    ended(7, kit.ges({ "wait", "--on-unknown", "error", "--endpoint", url, "j" }))
  end)

  it("is 8 when the output cannot be written", function()
    local id = kit.job(0)
    for _, args in ipairs { { "status", id }, { "wait", id }, { "watch", id }, { "version" },
      { "--help" }, { "completion", "bash" }, { "status", "-o", "jsonl", id, id } } do
      local seen = ended(8, kit.ges(args, { stdout = "/dev/full" }))
      assert.matches("cannot write the output: No space left", seen.err)
      seen = ended(8, kit.ges(args, { close_stdout = true }))
      assert.is_nil(seen.err:find("cannot write", 1, true), seen.err)
      assert.is_nil(seen.err:find("pipe", 1, true), seen.err)
      seen = ended(8, kit.ges(args, { stdout = "closed" }))
      assert.matches("cannot write the output: Bad file descriptor", seen.err)
    end
    ended(8, kit.ges({ "status", id }, { stdout = "closed", stderr = "closed", stdin = "closed" }))
    ended(0, kit.ges({ "status", id }, { stderr = "closed", stdin = "closed" }))
    ended(0, kit.ges({ "wait", id }, { stderr = "/dev/full" }))
  end)

  it("is 8 soon after the reader of a watch is gone", function()
    local seen = ended(8, kit.ges({ "watch", "--interval", "50ms", kit.job(60) }, {
      on = function(seen, process) if seen.out ~= "" then process:close(1) end end }))
    assert.truthy(seen.seconds < 20)
  end)

  it("is 8 between two polls that are ten minutes apart, once the reader is gone", function()
    local over, open = kit.job(0), kit.job(3600)
    -- The reader goes once all is written that comes of the first poll of the job that is open, and
    -- a few looks later: the command looks, too, where it has just written.
    local function check(args, is_polled)
      local looks = 0
      local seen = ended(8, kit.ges(args, { within = 30, on = function(seen, process)
        if is_polled(seen) then looks = looks + 1 end
        if looks == 10 then process:close(1) end
      end }))
      assert.is_nil(seen.timeout)
      assert.is_nil(seen.err:find("ges: ", 1, true), seen.err)
    end
    check({ "watch", "-q", "--timeout", "2h", "--interval", "600", open }, function(seen)
      return seen.out:find('"type":"poll"', 1, true) and seen.out:find('"type":"change"[^\n]*\n')
    end)
    check({ "wait", "-o", "jsonl", "--timeout", "2h", "--interval", "600", over, open },
      function(seen)
        return seen.out ~= "" and seen.err:find(open .. ": %l+ing, ImportGraph")
      end)
  end)

  it("is 8 soon after the reader of a wait is gone, which does not go on", function()
    local one, two, open = kit.job(0), kit.job(0), kit.job(600)
    local base = { "wait", "-o", "jsonl", "--interval", "50ms", open, one }
    -- Its reader is gone after the first line; the next one would come in ten minutes.
    local seen = ended(8, kit.ges(base, {
      on = function(seen, process) if seen.out ~= "" then process:close(1) end end }))
    assert.is_nil(seen.timeout)
    assert.is_nil(seen.err:find("ges: ", 1, true), seen.err)
    -- A write that fails is as good.
    base[#base + 1] = two
    seen = ended(8, kit.ges(base, { stdout = "/dev/full" }))
    assert.is_nil(seen.timeout)
    assert.matches("\nges: cannot write the output: No space left[^\n]*\n$", seen.err)
    assert.is_nil(seen.err:find("resume", 1, true), seen.err)
    -- A file is read by nobody, and the wait goes on.
    local path = os.tmpname()
    ended(0, kit.ges({ "wait", "-o", "jsonl", "--interval", "50ms", one, kit.job(2) },
      { stdout = path }))
    local _, count = io.open(path):read("*a"):gsub("\n", "")
    os.remove(path)
    assert.equal(2, count)
  end)

  it("is 124 when the time is over first, and says how to go on", function()
    local id = kit.job(60)
    local seen = ended(124, kit.ges({ "wait", "--timeout", "1500ms", id }))
    assert.truthy(seen.seconds < 20)
    assert.truthy(seen.err:find("the job continues on the server; to resume: " .. kit.called
      .. " wait ", 1, true), seen.err)
    assert.matches("\nStatus    %l+\n", seen.out)
    ended(124, kit.ges({ "wait", "--timeout", "0", id }))
    ended(124, kit.ges({ "watch", "--timeout", "0", id }))
  end)

  it("is the worst of several", function()
    local ok, bad, part = kit.job(0), kit.job(0, { outcome = "failed" }),
      kit.job(0, { outcome = "partiallyFailed" })
    for _, command in ipairs { "status", "wait" } do
      local function run(code, ...) ended(code, kit.ges({ command, ... })) end
      run(0, ok, ok)
      run(3, ok, part)
      run(1, part, bad, ok)
      run(2, bad, "a/b", part)
    end
    ended(5, kit.ges({ "status", bad, "nope", "a/b" }))
    ended(124, kit.ges({ "wait", "--timeout", "200ms", "--not-found-grace", "0", "nope",
      kit.job(60), bad }))
  end)

  it("is the highest of several for every pair of neighbours", function()
    local function says(id, status)
      return wire.reply(200, assert(json.encode { job_id = id, status = status,
        end_time = status ~= "running" and "2018-11-27T21:39:56" or nil }))
    end
    local function refuses(status, code)
      return wire.reply(status, ('{"error_code":"%s","error_msg":"no"}'):format(code))
    end
    local order = { { "open", 124, says("open", "running") }, { "odd", 7, says("odd", "archived") },
      { "busy", 6, refuses(418, "X.1") }, { "mine", 4, refuses(403, "APIGW.0302") },
      { "gone", 5, refuses(400, "GES.8301") }, { "a/b", 2 }, { "bad", 1, says("bad", "failed") },
      { "part", 3, says("part", "partiallyFailed") }, { "done", 0, says("done", "success") } }
    for i = 2, #order do
      for _, pair in ipairs { { order[i - 1], order[i] }, { order[i], order[i - 1] } } do
        local script = {}
        for _, one in ipairs(pair) do
          if one[3] then
            script[#script + 1], script[#script + 2] = "request", one[3]
          end
        end
        local server = wire.serve { script }
        local seen = ended(order[i - 1][2], kit.ges({ "wait", "--timeout", "0", "-o", "json",
          "--not-found-grace", "0", "--max-in-flight", "1", "--endpoint", server:url(), pair[1][1],
          pair[2][1] }))
        server:close()
        local list = json.decode(seen.out)
        assert.same({ pair[1][2], pair[2][2] }, { list[1].exit_code, list[2].exit_code })
      end
    end
  end)

  it("is 8 where a simulator cannot say where it is", function()
    local seen = ended(8, kit.ges({ "sim" }, { stdout = "/dev/full" }))
    assert.matches("^ges: cannot write the output: No space left on device\n$", seen.err)
  end)
end)

describe("a closed pipe", function()
  setup(kit.start)
  teardown(kit.stop)

  it("is silent, as head ends other commands", function()
    local id = kit.job(0)
    for _, args in ipairs { { "completion", "bash" }, { "--help" }, { "watch", id }, { "doctor" },
      { "wait", "-o", "json", id } } do
      local seen = ended(8, kit.ges(args, { close_stdout = true }))
      assert.is_nil(seen.err:find("pipe", 1, true), seen.err)
      assert.is_nil(seen.err:find("cannot write", 1, true), seen.err)
    end
  end)
end)
