-- The command through pipes: what it writes in each form, and on which stream.

local json = require "ges.json"
local kit = require "cli_kit"
local output = require "ges.cli.output"
local wire = require "wire"

local function ended(code, seen)
  assert.equal(code, seen.code, (seen.err .. seen.out):sub(1, 500))
  assert.is_nil(seen.err:find("traceback", 1, true))
  assert.is_nil(seen.err:find("[^\n\32-\126\128-\255]"))
  return seen
end

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

  it("begins within 100 ms of processor time, before any service answers", function()
    local server = require("wire").serve { { "request", { stall = true } }, loop = true }
    finally(function() server:close() end)
    for _, args in ipairs { { "version" },
      { "wait", "j", "--endpoint", server:url(), "--timeout", "50ms" } } do
      local best = kit.best(0.1, function() return kit.work_to_first(args) end)
      assert.truthy(best < 0.1, best)
    end
  end)
end)
