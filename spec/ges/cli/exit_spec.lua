-- The command through pipes: every exit code, every form, and what is on which stream.

local json = require "ges.json"
local kit = require "cli_kit"
local output = require "ges.cli.output"
local pty = require "pty"
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

describe("the output", function()
  setup(kit.start)
  teardown(kit.stop)

  local forms = {
    json = function(text) return assert(json.decode(text)) end,
    jsonl = function(text)
      local list = {}
      for line in text:gmatch("[^\n]+") do list[#list + 1] = assert(json.decode(line)) end
      return #list == 1 and list[1] or list
    end,
  }

  it("is an object for one job, an array for several, also when one is missing", function()
    local id = kit.job(0)
    for form, read in pairs(forms) do
      for _, command in ipairs { "status", "wait" } do
        local one = read(kit.ges({ command, "-o", form, id }).out)
        assert.equal("success", one.status)
        assert.equal("success", one.outcome)
        assert.equal(1, one.schema_version)
        local seen = kit.ges({ command, "-o", form, "--not-found-grace", "0", id, "nope" })
        if command == "status" then
          seen = kit.ges({ command, "-o", form, id, "nope" })
        end
        local many = read(seen.out)
        table.sort(many, function(a, b) return a.job_id < b.job_id end)
        assert.equal(2, #many)
        assert.equal("not_found", many[2].error.kind)
        assert.equal("GES.8301", many[2].error.code)
        assert.equal(5, many[2].exit_code)
        assert.equal(5, seen.code)
      end
    end
  end)

  it("keeps the order of the command line", function()
    local ids = { kit.job(0.5), kit.job(0), "nope", kit.job(0) }
    local list = assert(json.decode(kit.ges({ "wait", "-o", "json", "--not-found-grace", "0",
      "--interval", "50ms", ids[1], ids[2], ids[3], ids[4] }).out))
    for i, id in ipairs(ids) do assert.equal(id, list[i].job_id) end
  end)

  it("has a line for each job as it ends, as jsonl", function()
    local slow, quick = kit.job(3), kit.job(0)
    local seen = kit.ges({ "wait", "-o", "jsonl", "--interval", "50ms", slow, quick })
    local first = assert(json.decode(seen.out:match("^[^\n]+")))
    assert.equal(quick, first.job_id)
  end)

  it("is tsv with a header, or without", function()
    local id = kit.job(0)
    local text = kit.ges({ "status", "-o", "tsv", id, id }).out
    assert.matches("^job_id\tgraph_id\tstatus\toutcome\texit_code\t", text)
    local _, count = text:gsub("\n", "")
    assert.equal(3, count)
    assert.matches("^" .. id, kit.ges({ "status", "-o", "tsv", "--no-header", id }).out)
  end)

  it("is yaml, and a table of several", function()
    local id = kit.job(0)
    assert.matches("\nstatus: success\n", kit.ges({ "status", "-o", "yaml", id }).out)
    local text = kit.ges({ "status", id, "nope" }).out
    assert.matches("^JOB +STATUS +NAME +TIME +FILES +LINES\n", text)
    assert.matches("\nnope +not_found\n$", text)
  end)

  it("is valid, whatever the service says", function()
    local evil = "x\27]0;owned\7\27[2J\r\n\t2018 forged\194\155"
    local url = kit.showing { job_id = "j", status = evil, job_name = evil, fail_reason = evil,
      end_time = "2018-11-27T21:39:56", extra = { evil } }
    for _, form in ipairs(output.names) do
      for _, command in ipairs { "status", "wait" } do
        local seen = ended(7, kit.ges({ command, "-o", form, "--endpoint", url, "j" }))
        assert.is_nil(seen.out:gsub("[\n\t]", ""):find("%c"), form)
        assert.is_nil((seen.out .. seen.err):find("\194\155", 1, true), form)
        if forms[form] then assert.equal(evil, forms[form](seen.out).job_name) end
      end
    end
  end)

  it("explains a failed job alike, whatever the command", function()
    local id = kit.job(0, { outcome = "failed", fail_reason = "no room" })
    for _, command in ipairs { "status", "wait", "watch" } do
      local seen = ended(1, kit.ges({ command, "-q", id }))
      assert.equal("ges: job " .. id .. " failed: no room\n", seen.err, command)
    end
  end)

  it("is events as JSON lines, from watch", function()
    local seen = ended(0, kit.ges({ "watch", "--interval", "50ms", kit.job(0.4) }))
    local types, last = {}, nil
    for line in seen.out:gmatch("[^\n]+") do
      last = assert(json.decode(line))
      types[last.type] = true
      assert.equal(1, last.schema_version)
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", last.time)
    end
    assert.same({ poll = true, change = true, done = true }, types)
    assert.equal("done", last.type)
    assert.equal("success", last.job.status)
    assert.equal("", seen.err)
    seen = ended(0, kit.ges({ "watch", kit.job(0) }, { env = { GES_OUTPUT = "yaml" } }))
    assert.equal("done", json.decode(seen.out:match("([^\n]+)\n$")).type)
    seen = kit.ges({ "watch", "--not-found-grace", "0", "nope" })
    last = assert(json.decode(seen.out:match("([^\n]+)\n$")))
    assert.equal("not_found", last.error.kind)
  end)

  it("has progress on stderr, none with --quiet", function()
    local seen = kit.ges({ "wait", "--interval", "50ms", kit.job(2, { pending = 0 }) })
    assert.matches("Z waiting for job ", seen.err)
    assert.matches(": running, ImportGraph", seen.err)
    assert.matches(": success, ImportGraph", seen.err)
    assert.equal("", kit.ges({ "wait", "-q", "--interval", "50ms", kit.job(0.5) }).err)
  end)

  it("has a line for a file that is done, none for a count of lines", function()
    local script = {}
    local function answers(status, words, lines)
      script[#script + 1] = "request"
      local files = {}
      for i, word in ipairs(words) do
        files[i] = ('{"path":"e%d","status":"%s","total_lines":%d,"failed_lines":0}'):format(i,
          word, lines)
      end
      script[#script + 1] = wire.reply(200, ('{"status":"%s","job_detail":{"edgeset_path":[%s]}}')
        :format(status, table.concat(files, ",")))
    end
    for n = 1, 30 do answers("running", { "running", "running" }, n) end
    for n = 31, 60 do answers("running", { "success", "running" }, n) end
    answers("success", { "success", "success" }, 99)
    local server = wire.serve { script }
    local seen = ended(0, kit.ges { "wait", "--interval", "10ms", "--endpoint", server:url(), "j" })
    assert.equal(61, #server:requests())
    server:close()
    local said = seen.err:gsub("%S+Z ", "")
    assert.equal("waiting for job j\nj: running, files 0/2, lines 2\n"
      .. "j: running, files 1/2, lines 62\nj: success, files 2/2, lines 198\n", said)
  end)

  it("shows every request with --verbose, and no secret", function()
    local seen = kit.ges({ "status", "-v", "nope" })
    assert.matches("ges: HTTP 400 after 0%.%d%d%d s, request %x+\n", seen.err)
    assert.is_nil(seen.err:find(kit.token, 1, true))
  end)

  it("comes within 100 ms", function()
    for _, args in ipairs { { "version" }, { "wait", kit.job(60), "--timeout", "50ms" } } do
      local best = kit.best(0.1, function() return kit.ges(args).first end)
      assert.truthy(best < 0.1, best)
    end
  end)
end)

describe("the token", function()
  setup(kit.start)
  teardown(kit.stop)

  local path = os.tmpname()
  teardown(function() os.remove(path) end)

  local function file(text, mode)
    local f = assert(io.open(path, "wb"))
    f:write(text)
    f:close()
    os.execute("chmod " .. (mode or "600") .. " " .. path)
  end

  local function status(opts)
    local all = { env = { GES_TOKEN = false } }
    for name, value in pairs(opts or {}) do all[name] = value end
    return kit.ges({ "status", "--token-file", (opts or {}).from or path, kit.job(0) }, all)
  end

  it("comes from a file, with or without a newline at the end", function()
    for _, text in ipairs { kit.token, kit.token .. "\n", kit.token .. "\r\n" } do
      file(text)
      ended(0, status())
    end
    local seen = ended(2, (function() file(kit.token .. "\n\n") return status() end)())
    assert.is_nil(seen.err:find(kit.token, 1, true))
  end)

  it("comes from stdin, once", function()
    ended(0, status { from = "-", input = kit.token .. "\n" })
    ended(0, status { from = "/dev/stdin", input = kit.token })
    local seen = ended(4, status { from = "-" })
    assert.matches("the token on stdin is empty", seen.err)
    local id = kit.job(0.4)
    ended(0, kit.ges({ "wait", "--token-file", "-", "--interval", "50ms", id, kit.job(0) },
      { env = { GES_TOKEN = false }, input = kit.token }))
  end)

  it("comes from a mounted file that its group can read, with a warning", function()
    file(kit.token, "440")
    local seen = ended(0, status())
    local warning = ("ges: warning: the token file %s can be read by its group\n"):format(path)
    assert.equal(warning, seen.err)
    for _, command in ipairs { "wait", "watch" } do
      seen = ended(0, kit.ges({ command, "--token-file", path, kit.job(0) },
        { env = { GES_TOKEN = false } }))
      local first, last = seen.err:find(warning, 1, true)
      assert.is_truthy(first, command)
      assert.is_nil(seen.err:find(warning, last, true), command)
    end
  end)

  it("does not come from a file that others can read", function()
    for _, mode in ipairs { "644", "660", "604", "620" } do
      file(kit.token, mode)
      local seen = ended(4, status())
      assert.truthy(seen.err:find("run chmod 600 " .. path, 1, true))
    end
  end)

  it("is missed in one line", function()
    file("")
    assert.matches("is empty", ended(4, status()).err)
    file(("x"):rep(140000))
    assert.matches("longer than 128 KiB", ended(4, status()).err)
    assert.matches("No such file", ended(4, status { from = "/no/such/file" }).err)
    assert.matches("directory", ended(4, status { from = "/tmp" }).err)
    for text, why in pairs { ["two\nlines"] = "contains", ["'quoted'"] = "is in quotes" } do
      file(text)
      assert.truthy(ended(2, status()).err:find("the token file " .. path .. " " .. why, 1, true))
    end
  end)

  it("is not repeated when it is given in place of its file", function()
    for _, token in ipairs { ("MIIT+a="):rep(20), ("MIIT/a="):rep(300) } do
      local seen = ended(4, status { from = token })
      assert.is_nil(seen.err:find("MIIT", 1, true))
      assert.matches("no such token file", seen.err)
    end
  end)

  it("is read anew during a wait", function()
    file("sim-token-expired")
    local id, since = kit.job(1), nil
    local seen = kit.ges({ "wait", "--token-file", path, "--interval", "100ms", id },
      { env = { GES_TOKEN = false } })
    ended(4, seen)
    file(kit.token)
    seen = kit.ges({ "wait", "--token-file", path, "--interval", "100ms", kit.job(1) },
      { env = { GES_TOKEN = false }, on = function(so_far)
        if not since and so_far.err:find("running", 1, true) then
          since = true
          file("sim-token-expired\n")
          file(kit.token .. "\n")
        end
      end })
    ended(0, seen)
  end)

  it("never shows: not in any stream, not in the process list", function()
    local listed = ""
    local secret = "sim-token-forbidden"
    file(secret)
    local seen = kit.ges({ "wait", "-v", "--token-file", path, "j" }, { env = { GES_TOKEN = false },
      on = function(_, process)
        local f = io.open(("/proc/%d/cmdline"):format(process:pid()), "rb")
        if f then
          listed = listed .. f:read("*a")
          f:close()
        end
      end })
    ended(4, seen)
    assert.is_nil((seen.out .. seen.err .. listed):find(secret, 1, true))
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

describe("the place", function()
  it("is the tree, an installation, or LUA_PATH", function()
    local seen = pty.run({ "version" }, { env = { LUA_PATH = false, LUA_CPATH = false } })
    assert.matches("^ges %d+%.%d+%.%d+, Lua", seen.out)
    seen = pty.run({ "-c", "cd /tmp && exec " .. pty.lua .. ' "$0"/bin/ges --version',
      (pty.top:sub(1, 1) == "/" and pty.top or assert(io.popen("pwd")):read("*l")) },
      { program = { "/bin/sh" } })
    assert.matches("^ges %d", seen.out)
  end)

  it("ends with 70 where the command itself is broken", function()
    local seen = pty.run({ "-", "version" },
      { program = { pty.lua }, input = "require 'ges.cli.version'.run = function() error 'a bug' "
        .. "end os.exit(require 'ges.cli'.main(arg))", env = { LUA_PATH = os.getenv "LUA_PATH",
        LUA_CPATH = os.getenv "LUA_CPATH" } })
    assert.equal(70, seen.code, seen.err)
    assert.matches("^ges: internal error: .*a bug\n$", seen.err)
  end)

  it("says the same of what only one command needs", function()
    local hide = "package.preload['ges.sim'] = function() return require 'ges.not_there' end"
    local seen = pty.run({ "sim" }, { env = { LUA_INIT = hide } })
    assert.equal(70, seen.code)
    local why = "^ges: cannot start: the module ges%.not_there for Lua 5%.%d is missing %(.*%)\n$"
    assert.matches(why, seen.err)
  end)

  it("says in one line what is missing", function()
    local top = os.tmpname()
    os.remove(top)
    os.execute(("mkdir -p %s/bin && cp %s/bin/ges %s/bin/"):format(top, pty.top, top))
    -- LUA_PATH hides a ges that is installed on this machine.
    local seen = pty.run({ top .. "/bin/ges" }, { program = { pty.lua },
      env = { LUA_PATH = top .. "/?.lua", LUA_CPATH = top .. "/?.so" } })
    os.execute("rm -r " .. top)
    assert.equal(70, seen.code)
    assert.matches("^ges: cannot start: the module ges%.cli for Lua 5%.%d is missing", seen.err)
    assert.equal(1, select(2, seen.err:gsub("\n", "")))
  end)
end)
