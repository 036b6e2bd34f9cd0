-- ges.cli.record, output and layout: what is written about jobs, whatever their fields hold.

local exit = require "ges.cli.exit"
local json = require "ges.json"
local output = require "ges.cli.output"
local record = require "ges.cli.record"
local screen = require "ges.cli.screen"

local ids = { project_id = "p", graph_id = "g", job_id = "j" }

local function a_screen(opts)
  opts = opts or {}
  local env = { LC_ALL = opts.locale or "C.UTF-8", COLUMNS = opts.columns }
  return screen.new {
    getenv = function(name) return env[name] end, isatty = function() return opts.tty or false end,
    size = function() return nil end, out = io.stdout, err = io.stderr,
  }
end

local function job(more)
  local made = { job_id = "j", status = "success", job_name = "ImportGraph",
    begin_time = "2018-11-27T21:39:00", end_time = "2018-11-27T21:39:56",
    job_detail = { schema_path = {}, vertexset_path = {}, edgeset_path = {
      { path = "b/e.csv", status = "success", total_lines = 10, failed_lines = 0 } } } }
  for name, value in pairs(more or {}) do made[name] = value or nil end
  return made
end

local function made_of(more, code)
  return record.new(ids, job(more), nil, { attempts = 2, elapsed = 1.23456 }, code or 0)
end

local function write(form, records, opts)
  opts = opts or {}
  return output.form(form).records(a_screen(opts), records, opts.many or #records > 1,
    not opts.bare)
end

local hostile = "a\tb\n2018 forged\r\27[31mred\194\155\0\127\226\128\174\255 \\ \"q\" 图"

describe("ges.cli.record", function()
  it("has the fields of the job and of the command", function()
    local made = made_of()
    assert.equal(1, made.schema_version)
    assert.equal("success", made.status)
    assert.equal("success", made.outcome)
    assert.equal(56, made.summary.duration)
    assert.equal(1.235, made.elapsed)
    assert.equal(2, made.attempts)
    assert.is_nil(made.error)
    assert.is_nil(made.summary.outcome)
  end)

  it("lets no field of the service replace one of the command", function()
    local made = made_of { error = "x", outcome = "failed", exit_code = 9, schema_version = 7,
      summary = "x", graph_id = "other", project_id = "other" }
    assert.is_nil(made.error)
    assert.same({ "success", 0, 1, "g", "p" }, { made.outcome, made.exit_code, made.schema_version,
      made.graph_id, made.project_id })
    assert.equal("table", type(made.summary))
  end)

  it("says what went wrong, with the last job seen", function()
    local info = { kind = "deadline", message = "late", code = "X", http_status = 200,
      request_id = "r", retryable = false, attempts = 3, elapsed = 9,
      job = job { status = "running" } }
    local made = record.new(ids, nil, "ges: late", info, 124)
    assert.same({ kind = "deadline", message = "late", code = "X", http_status = 200,
      request_id = "r", retryable = false }, made.error)
    assert.equal("running", made.status)
    assert.equal(124, made.exit_code)
    made = record.new(ids, nil, "ges: no", { kind = "dns", message = "no" }, 6)
    assert.is_nil(made.status)
    assert.is_nil(made.outcome)
  end)
end)

describe("ges.cli.exit", function()
  it("has a code for every kind", function()
    local codes = {
      argument = 2, credentials = 4, auth = 4, forbidden = 4, not_found = 5, bad_request = 6,
      throttled = 6, unavailable = 6, dns = 6, connect = 6, network = 6, timeout = 6, tls = 6,
      redirect = 6, proxy = 6, protocol = 7, too_large = 7, job_unknown = 7, job_failed = 1,
      job_partial = 3, deadline = 124, cancelled = 130, closed = 7, unheard_of = 7,
    }
    for kind, code in pairs(codes) do assert.equal(code, exit.of_kind(kind), kind) end
    assert.equal(7, exit.of_kind(nil))
  end)

  it("of an event has a warning or an error, never both", function()
    local info = { kind = "throttled", message = "slow down" }
    local made = record.event(ids, { type = "warning", err = "odd", info = info }, "T")
    assert.equal("odd", made.warning)
    assert.is_nil(made.error)
    made = record.event(ids, { type = "retry", err = "ges: throttled: slow", info = info }, "T")
    assert.is_nil(made.warning)
    assert.same({ "throttled", "slow down" }, { made.error.kind, made.error.message })
  end)

  it("takes the worst of several", function()
    local order = { 70, 8, 143, 130, 124, 7, 6, 4, 5, 2, 1, 3, 0 }
    assert.equal("124, 7, 6, 4, 5, 2, 1, 3", exit.worst_first())
    for i = 1, #order do
      for j = i, #order do
        assert.equal(order[i], exit.worse(order[i], order[j]))
        assert.equal(order[i], exit.worse(order[j], order[i]))
      end
    end
  end)

  it("means something by each of its codes", function()
    local last = -1
    for _, row in ipairs(exit.MEANING) do
      assert.truthy(row[1] > last)
      assert.equal("string", type(row[2]))
      last = row[1]
    end
    assert.equal(13, #exit.MEANING)
  end)

  it("is content with a job under way, and with what was accepted", function()
    assert.equal(0, exit.of_job { done = false, outcome = "pending" })
    assert.equal(0, exit.of_job { done = false, outcome = "unknown" })
    assert.equal(7, exit.of_job { done = true, outcome = "unknown" })
    assert.equal(3, exit.of_job { done = true, outcome = "partial" })
    assert.equal(1, exit.of_job { done = true, outcome = "failed" })
    assert.equal(0, exit.of_job({ done = true, outcome = "partial" }, { "success", "partial" }))
  end)
end)

describe("ges.cli.output", function()
  it("writes one job as an object and several as an array", function()
    local one = assert(json.decode(write("json", { made_of() })))
    assert.equal("success", one.status)
    local many = assert(json.decode(write("json", { made_of(), made_of() })))
    assert.same({ one, one }, many)
    assert.equal("[", write("json", { made_of() }, { many = true }):sub(1, 1))
    assert.matches('"schema_path": %[%]', write("json", { made_of() }))
  end)

  it("writes a line for each job as jsonl", function()
    local text = write("jsonl", { made_of(), made_of { status = hostile } })
    local lines = {}
    for line in text:gmatch("[^\n]+") do lines[#lines + 1] = assert(json.decode(line)) end
    assert.equal(2, #lines)
    assert.equal("success", lines[1].status)
  end)

  it("keeps tsv in its cells", function()
    local text = write("tsv", { made_of { fail_reason = hostile, job_name = "=1+1" },
      made_of { job_name = "-x" }, made_of { job_name = "@x" } })
    local rows, cells = 0, nil
    for line in text:gmatch("[^\n]+") do
      rows = rows + 1
      local _, tabs = line:gsub("\t", "")
      cells = cells or tabs
      assert.equal(cells, tabs)
      assert.is_nil(line:gsub("\t", ""):find("%c"))
    end
    assert.equal(4, rows)
    assert.matches("\t'=1%+1\t", text)
    assert.matches("\t'%-x\t", text)
    assert.matches("\t'@x\t", text)
    assert.matches("a\\tb\\n2018 forged\\r\\x1B", text)
    assert.truthy(text:find(" \\\\ \"q\" 图", 1, true))
    assert.equal("j", write("tsv", { made_of() }, { bare = true }):match("^[^\t]+"))
  end)

  it("has no control characters in any form, whatever the service says", function()
    local evil = { status = hostile, job_name = hostile, related_graph = hostile,
      fail_reason = hostile, begin_time = hostile, [hostile] = hostile, undocumented = { hostile },
      job_detail = { schema_path = {}, vertexset_path = {},
        edgeset_path = { { path = hostile, status = hostile, cause = hostile, log = hostile,
          failed_lines = 3 } } } }
    for _, form in ipairs(output.names) do
      for _, records in ipairs { { made_of(evil) }, { made_of(evil), made_of(evil) } } do
        local text = write(form, records)
        assert.is_nil(text:gsub("[\n\t]", ""):find("%c"), form)
        assert.is_nil(text:find("\194[\128-\159]"), form)
        assert.is_nil(text:find("\226\128\174", 1, true), form)
      end
    end
  end)

  it("lays one job out as a block", function()
    local text = write("table", { made_of() })
    assert.matches("^Job       j\nStatus    success\n", text)
    assert.matches("\nEnd       2018%-11%-27 21:39:56 UTC %(56s%)\n", text)
    assert.matches("\nFiles     1 of 1 done\n", text)
    text = write("table", { made_of { status = "partiallyFailed", fail_reason = "why",
      job_detail = { edgeset_path = { { path = "b/e.csv", status = "partFailed", failed_lines = 2,
        cause = "bad lines", log = "b/log" } } } } })
    assert.matches("\nReason    why\n", text)
    assert.matches("\nProblems  b/e.csv: partFailed, 2 lines failed, bad lines, log b/log\n", text)
  end)

  it("gives a reason for a job that is over, not for one that runs", function()
    for status, is_shown in pairs { failed = true, running = false } do
      local text = write("table", { made_of { status = status, fail_reason = "no room" } })
      assert.equal(is_shown, text:find("\nReason    no room\n", 1, true) ~= nil)
    end
  end)

  it("shows a time in one spelling, and says that it is UTC", function()
    for _, stamp in ipairs { "2018-11-27T21:39:56", "2018-11-27 21:39:56", "2018-11-27T21:39:56Z",
      "2018-11-27 21:39:56.701" } do
      local text = write("table", { made_of { begin_time = stamp, end_time = stamp } })
      assert.matches("\nBegin     2018%-11%-27 21:39:56 UTC\n", text)
      assert.matches("\nEnd       2018%-11%-27 21:39:56 UTC %(0s%)\n", text)
    end
    local text = write("table", { made_of { begin_time = "yesterday" } })
    assert.matches("\nBegin     yesterday\n", text)
  end)

  it("names the files in trouble, by what the library makes of them", function()
    local text = write("table", { made_of { job_detail = {
      schema_path = { { path = "s", status = "success" }, { path = "none" } },
      vertexset_path = { { path = "v", status = "success", failed_lines = 1 }, 7 },
      edgeset_path = { { path = "e", status = "failed" }, { path = "new", status = "eaten" } },
      other_path = { { path = "o", status = "failed" } } } } })
    assert.matches("\nStatus    success %(in part%)\n", text)
    assert.matches("\nProblems  e: failed\n +new: eaten\n +v: success, 1 lines failed\n$", text)
  end)

  it("takes a file that is under way for no problem while its job is", function()
    local detail = { edgeset_path = { { path = "a", status = "success" },
      { path = "b", status = "running" }, { path = "c", status = "waiting" } } }
    local text = write("table", { made_of { status = "running", job_detail = detail } })
    assert.matches("Files +1 of 3 done", text)
    assert.is_nil(text:find("Problems", 1, true), text)
    text = write("table", { made_of { status = "failed", job_detail = detail } })
    assert.matches("\nProblems  b: running\n +c: waiting\n", text)
  end)

  it("shows failed lines where the service gives no total", function()
    local detail = { edgeset_path = { { path = "a", status = "partFailed", failed_lines = 5 } } }
    assert.matches("\nLines +5 failed\n", write("table", { made_of { status = "partiallyFailed",
      job_detail = detail } }))
  end)

  it("survives fields of the wrong type", function()
    local odd = { job_name = 12, related_graph = {}, fail_reason = false, begin_time = 1,
      end_time = {}, job_detail = "x" }
    for _, form in ipairs(output.names) do
      assert.truthy(#write(form, { made_of(odd) }) > 0)
      assert.truthy(#write(form, { made_of(odd), made_of(odd) }) > 0)
    end
  end)

  -- Ids as the service makes them, and the words of its statuses.
  local function of_service(status)
    local list = {}
    for i = 1, 3 do
      list[i] = made_of { status = status }
      list[i].job_id = ("ff80808167f09aaa0167f19b35ec03%02d"):format(i)
    end
    return list
  end

  it("tells jobs apart at any width, and makes lines longer for it", function()
    for _, status in ipairs { "running", "partiallyFailed", ("x"):rep(24) } do
      for columns = 1, 90 do
        local seen, count = {}, 0
        local text = write("table", of_service(status), { tty = true, columns = tostring(columns) })
        for line in text:gsub("\27%[%d*m", ""):gmatch("[^\n]+") do
          local id = line:match("^(%S+) +" .. status .. "%f[%W]")
          if id and not seen[id] then seen[id], count = true, count + 1 end
          assert.is_true(require("ges.cli.text").width(line) <= math.max(columns, #status + 5))
        end
        assert.equal(3, count, columns .. text)
        assert.matches("^JOB +STATUS", text)
      end
    end
  end)

  it("cuts ids in their middle, and whole columns before them", function()
    local text = write("table", of_service("partiallyFailed"), { tty = true, columns = "40" })
    assert.matches("\nff808081…5ec0301  \27%[33mpartiallyFailed\27%[0m  1/1\n", text)
    text = write("table", of_service("success"), { tty = true, columns = "80" })
    assert.matches("\nff80808167f09aaa0167f19b35ec0301  \27%[32msuccess\27%[0m +ImportGraph +56s",
      text)
    text = write("table", of_service("success"), { tty = true, columns = "62" })
    assert.matches("^JOB +STATUS +TIME +FILES +LINES\n", text)
  end)

  it("cuts nothing in a table that goes to no terminal", function()
    local list = of_service("partiallyFailed")
    list[1].job_name = ("x"):rep(300)
    for _, columns in ipairs { "20", "80", "" } do
      local text = write("table", list, { columns = columns })
      assert.matches("^JOB +STATUS +NAME +TIME +FILES +LINES\n", text)
      assert.matches("\nff80808167f09aaa0167f19b35ec0301 ", text)
      assert.matches(" " .. ("x"):rep(300) .. " +56s ", text)
    end
  end)

  it("shows what failed of files and lines in a table, too", function()
    local bad = made_of { status = "failed", job_detail = { edgeset_path = {
      { path = "e", status = "failed", total_lines = 1000, failed_lines = 1000 } } } }
    local text = write("table", { bad, made_of() })
    assert.matches("  1/1 %(1 failed%)  1000 %(1000 failed%)\n", text)
    assert.matches("  1/1 +10\n", text)
    assert.matches("  1/1 %(1 failed%)  1000 %(1000 failed%)\n",
      write("table", { bad, made_of() }, { tty = true, columns = "80" }))
    local list = of_service("partiallyFailed")
    for _, made in ipairs(list) do made.summary = bad.summary end
    text = write("table", list, { tty = true, columns = "80" })
    assert.matches("\nff80808167f09…7f19b35ec0301  %S+  1/1 %(1 failed%)  1000 %(1000 failed%)\n",
      text)
    assert.matches("\nFiles     1 of 1 done, 1 failed\nLines     1000, 1000 failed\n",
      write("table", { bad }))
  end)

  it("shows what arrived in part in a table as in a block", function()
    local files = { { path = "a", status = "success", total_lines = 5, failed_lines = 1 },
      { path = "b", status = "success", total_lines = 5 } }
    local made = made_of { status = "partiallyFailed", job_detail = { edgeset_path = files } }
    assert.matches("  2/2 %(1 in part%)  10 %(1 failed%)\n", write("table", { made, made_of() }))
    assert.matches("\nFiles     2 of 2 done, 1 in part\n", write("table", { made }))
    files[2].status = "failed"
    made = made_of { status = "partiallyFailed", job_detail = { edgeset_path = files } }
    assert.matches("  2/2 %(1 in part, 1 failed%)  ", write("table", { made, made_of() }))
    assert.matches("\nFiles     2 of 2 done, 1 in part, 1 failed\n", write("table", { made }))
  end)

  it("shows a number as a whole or not at all", function()
    local files = {}
    for i = 1, 12 do
      files[i] = { path = "e", status = i == 1 and "failed" or "success", total_lines = 1234567,
        failed_lines = 54321 }
    end
    local bad = made_of { status = "failed", job_detail = { edgeset_path = files } }
    local list = of_service("failed")
    for _, made in ipairs(list) do made.summary = bad.summary end
    local shown = { files = 0, lines = 0 }
    for columns = 10, 120 do
      local text = write("table", list, { tty = true, columns = tostring(columns) })
      local head = text:match("^[^\n]*")
      for line in text:gsub("\27%[%d*m", ""):gmatch("\n([^\n]*)") do
        local id_and_word, rest = line:match("^(.-failed)%f[%W](.*)$")
        rest = (rest or ""):gsub("^ +ImportGraph", ""):gsub("^ +56s", "")
        local numbers = rest:gsub(" 12/12 %(11 in part, 1 failed%)", "")
          :gsub(" 14814804 %(651852 failed%)", "")
        assert.is_nil(numbers:find("%S"), ("%d: %s"):format(columns, line))
        if #rest > 0 then assert.is_truthy(id_and_word) end
        shown.files = shown.files + (rest:find("12/12", 1, true) and 1 or 0)
        shown.lines = shown.lines + (rest:find("14814804", 1, true) and 1 or 0)
      end
      assert.equal(head:find("LINES", 1, true) ~= nil, text:find(" 14814804 ", 1, true) ~= nil)
    end
    assert.is_true(shown.lines > 0 and shown.files > shown.lines)
  end)

  it("fits a table of several into the terminal", function()
    local long = ("图"):rep(40)
    local records = { made_of { job_name = long }, made_of { job_name = long } }
    for _, columns in ipairs { "1", "5", "20", "47", "80" } do
      local text = write("table", records, { tty = true, columns = columns })
      for line in text:gmatch("[^\n]+") do
        local plain = line:gsub("\27%[%d*m", "")
        local most = math.max(tonumber(columns), #"JOB  success")
        assert.truthy(require("ges.cli.text").width(plain) <= most, line)
      end
    end
  end)
end)

describe("ges.cli.screen", function()
  it("takes the locale's character set from the variable that counts first", function()
    for _, case in ipairs {
      { { LC_ALL = "C", LC_CTYPE = "C.UTF-8", LANG = "C.UTF-8" }, false },
      { { LC_ALL = "C.utf8", LC_CTYPE = "C", LANG = "C" }, true },
      { { LC_CTYPE = "C", LANG = "C.UTF-8" }, false },
      { { LC_CTYPE = "C.UTF-8", LANG = "C" }, true },
      { { LC_ALL = "", LC_CTYPE = "", LANG = "de_DE.UTF-8" }, true }, { { LANG = "C" }, false },
      { {}, false },
    } do
      local made = screen.new { getenv = function(name) return case[1][name] end,
        isatty = function() return false end, size = function() end, out = io.stdout,
        err = io.stderr }
      assert.equal(case[2], made.utf8)
    end
  end)
end)
