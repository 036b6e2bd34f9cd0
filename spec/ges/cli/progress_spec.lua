-- ges.cli.lines, live and canvas: the progress of a wait, with a made-up clock.

local lines = require "ges.cli.lines"
local canvas = require "ges.cli.canvas"
local live = require "ges.cli.live"
local progress = require "ges.cli.progress"
local pty = require "pty"
local screen = require "ges.cli.screen"

local clock

local function now() return clock end
local function date() return ("T+%d"):format(clock) end

-- A screen that keeps what is written, and what it has to know of the terminal.
local function a_screen(opts)
  local written = {}
  local env = { LC_ALL = opts.locale or "C.UTF-8", COLUMNS = opts.columns or "80",
    TERM = opts.term }
  local sink = { write = function(_, bytes) written[#written + 1] = bytes return true end,
    flush = function() return true end }
  local made = screen.new {
    getenv = function(name) return env[name] end, out = sink, err = sink,
    isatty = function() return opts.tty or false end,
    size = function() return 80, opts.rows or 24 end,
  }
  function made.all() return table.concat(written) end
  function made.lines()
    local list = {}
    for line in made.all():gmatch("[^\n]+") do list[#list + 1] = line end
    return list
  end
  function made.shown() return pty.screen(made.all(), tonumber(env.COLUMNS)) end
  return made
end

local function event(kind, status, more)
  local made = { type = kind, attempt = 1, elapsed = 0, index = 1,
    job = status and { job_id = "j", status = status, job_name = "ImportGraph" } or nil }
  for name, value in pairs(more or {}) do made[name] = value end
  return made
end

before_each(function() clock = 0 end)

describe("ges.cli.lines", function()
  it("writes a line for each change and no more", function()
    local s = a_screen {}
    local p = lines.new(s, { "j" }, now, date)
    p:begin()
    p:event(event("poll", "pending"))
    p:event(event("change", "pending"))
    clock = 5
    p:event(event("poll", "pending"))
    p:event(event("poll", "running"))
    p:event(event("change", "running"))
    p:tick()
    assert.same({ "T+0 waiting for job j", "T+0 j: pending, ImportGraph",
      "T+5 j: running, ImportGraph" }, s.lines())
  end)

  local function files(...)
    local list = {}
    for i, one in ipairs { ... } do
      list[i] = { status = one[1], total_lines = one[2], failed_lines = one[3] }
    end
    return { job = { job_id = "j", status = "running", job_detail = { edgeset_path = list } } }
  end

  it("writes no line for a count of lines, one for a file", function()
    local s = a_screen {}
    local p = lines.new(s, { "j" }, now, date)
    p:begin()
    p:event(event("change", nil, files({ "running" }, { "running" })))
    for n = 1, 200 do p:event(event("change", nil, files({ "running", n }, { "running" }))) end
    p:event(event("change", nil, files({ "success", 200 }, { "running", 7 })))
    p:event(event("change", nil, files({ "success", 200 }, { "running", 8 })))
    p:event(event("change", nil, files({ "success", 200 }, { "failed", 8, 8 })))
    assert.same({ "T+0 waiting for job j", "T+0 j: running, files 0/2",
      "T+0 j: running, files 1/2, lines 207",
      "T+0 j: running, files 2/2 (1 failed), lines 208 (8 failed)" }, s.lines())
  end)

  it("says nothing of a wait that ends before anything was sent", function()
    local s = a_screen {}
    local p = lines.new(s, { "a b" }, now, date)
    p:begin()
    p:event(event("done", nil, { err = "no", info = { kind = "argument" } }))
    assert.same({}, s.lines())
  end)

  it("gives a sign of life after a minute without one", function()
    local s = a_screen {}
    local p = lines.new(s, { "j" }, now, date)
    p:begin()
    p:event(event("change", "running"))
    for second = 1, 125 do
      clock = second
      p:tick()
    end
    assert.same({ "T+60 still running, ImportGraph, after 1m00s",
      "T+120 still running, ImportGraph, after 2m00s" }, { s.lines()[3], s.lines()[4] })
    assert.equal(4, #s.lines())
  end)

  it("shows a fault when it begins, not each time", function()
    local s = a_screen {}
    local p = lines.new(s, { "j" }, now, date)
    local fault = { err = "ges: connect: refused", info = { kind = "connect" } }
    p:event(event("change", "running"))
    for _ = 1, 3 do p:event(event("retry", nil, fault)) end
    assert.same({ "T+0 j: running, ImportGraph",
      "T+0 j: running, ImportGraph, problem: connect: refused" }, s.lines())
  end)

  it("says a fault that comes and goes once in a minute, and another one at once", function()
    local s = a_screen {}
    local p = lines.new(s, { "j", "k" }, now, date)
    local function poll(second, kind)
      clock = second
      if not kind then return p:event(event("poll", "running")) end
      p:event(event("retry", nil, { err = "ges: " .. kind, info = { kind = kind } }))
    end
    p:event(event("change", "running"))
    for second = 0, 58, 2 do
      poll(second, "unavailable")
      poll(second + 1)
    end
    assert.same({ "T+0 j: running, ImportGraph",
      "T+0 j: running, ImportGraph, problem: unavailable" }, s.lines())
    poll(59, "connect")
    poll(60)
    poll(60, "unavailable")
    for second = 61, 119 do poll(second, "unavailable") end
    assert.equal(4, #s.lines())
    poll(120, "unavailable")
    assert.same({ "T+59 j: running, ImportGraph, problem: connect",
      "T+60 j: running, ImportGraph, problem: unavailable",
      "T+120 j: running, ImportGraph, problem: unavailable" },
      { s.lines()[3], s.lines()[4], s.lines()[5] })
  end)

  it("tells of another task only where it is slow or in trouble", function()
    local function begun()
      clock = 0
      local s = a_screen {}
      local p = lines.new(s, { "the jobs" }, now, date, "listing the jobs")
      p:begin()
      clock = 4
      p:tick()
      assert.same({}, s.lines())
      return s, p
    end
    local s, p = begun()
    local fault = { err = "ges: throttled: no", info = { kind = "throttled" } }
    for _ = 1, 3 do p:event(event("retry", nil, fault)) end
    assert.same({ "T+4 listing the jobs", "T+4 the jobs: no answer yet, problem: throttled: no" },
      s.lines())
    s, p = begun()
    for second = 5, 125 do
      clock = second
      p:tick()
    end
    assert.same({ "T+5 listing the jobs", "T+65 still no answer yet, after 1m05s",
      "T+125 still no answer yet, after 2m05s" }, s.lines())
  end)

  it("says faults in turn once in a minute each", function()
    local s = a_screen {}
    local p = lines.new(s, { "j" }, now, date)
    p:event(event("change", "running"))
    for second = 0, 120, 2 do
      clock = second
      local kind = second % 4 == 0 and "unavailable" or "throttled"
      p:event(event("retry", nil, { err = "ges: " .. kind, info = { kind = kind } }))
      p:tick()
    end
    local problem = " j: running, ImportGraph, problem: "
    assert.same({ "T+0 j: running, ImportGraph", "T+0" .. problem .. "unavailable",
      "T+2" .. problem .. "throttled", "T+60" .. problem .. "unavailable",
      "T+62" .. problem .. "throttled", "T+120" .. problem .. "unavailable" }, s.lines())
  end)

  -- A wait of three minutes, asked about each 5 s just after a tick. `kind_at` tells the trouble.
  local function minutes(ids, kind_at)
    clock = 0
    local s = a_screen {}
    local p = lines.new(s, ids, now, date)
    p:begin()
    for second = 0, 185 do
      clock = second
      p:tick()
      for index = 1, second % 5 == 0 and #ids or 0 do
        local kind = kind_at(second, index)
        p:event(event(kind and "retry" or "poll", not kind and "running", kind and { index = index,
          err = "ges: " .. kind, info = { kind = kind } } or { index = index }))
      end
    end
    return s.lines()
  end

  it("has one line a minute of a fault that stays, whatever the number of jobs", function()
    local function throttled() return "throttled" end
    assert.same({ "T+0 waiting for job a", "T+0 a: no answer yet, problem: throttled",
      "T+60 still no answer yet, problem: throttled, after 1m00s",
      "T+120 still no answer yet, problem: throttled, after 2m00s",
      "T+180 still no answer yet, problem: throttled, after 3m00s" }, minutes({ "a" }, throttled))
    local got = minutes({ "a", "b" }, function(_, index)
      return index == 1 and "throttled" or "connect"
    end)
    local rest = " 0 of 2 done, 2 not answered yet, problem: throttled, problem: connect, after "
    assert.same({ "T+0 waiting for 2 jobs", "T+0 a: no answer yet, problem: throttled",
      "T+0 b: no answer yet, problem: connect", "T+60" .. rest .. "1m00s",
      "T+120" .. rest .. "2m00s", "T+180" .. rest .. "3m00s" }, got)
    got = minutes({ "a", "b" }, throttled)
    assert.equal("T+60 0 of 2 done, 2 not answered yet, problem: throttled, after 1m00s", got[4])
    assert.equal(6, #got)
  end)

  it("tells in a heartbeat of a fault that came and went, once", function()
    assert.same({ "T+0 waiting for job a", "T+0 a: no answer yet, problem: connect",
      "T+60 still running, ImportGraph, last problem: connect, after 1m00s",
      "T+120 still running, ImportGraph, after 2m00s",
      "T+180 still running, ImportGraph, after 3m00s" },
      minutes({ "a" }, function(second) return second < 50 and second % 10 == 0 and "connect" end))
  end)

  it("sums many jobs up", function()
    local s = a_screen {}
    local p = lines.new(s, { "a", "b", "c" }, now, date)
    p:begin()
    p:event(event("change", "running", { index = 2 }))
    p:event(event("done", "success", { index = 1 }))
    clock = 61
    p:tick()
    assert.same({ "T+0 waiting for 3 jobs", "T+0 b: running, ImportGraph",
      "T+61 1 of 3 done, 1 not answered yet, 1 running, after 1m01s" }, s.lines())
  end)
end)

describe("ges.cli.live", function()
  it("rewrites one line", function()
    local s = a_screen { tty = true }
    local p = live.new(s, { "j" }, now)
    p:begin()
    assert.same({ "⠋ no answer yet 0s" }, (s.shown()))
    p:event(event("change", "running"))
    clock = 92.25
    p:tick()
    assert.same({ "⠹ running 1m32s  ImportGraph" }, (s.shown()))
    p:finish()
    assert.same({}, (s.shown()))
  end)

  it("has ten frames of its spinner in a second, with one job and with several", function()
    local frames = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" }
    for jobs, rest in pairs { [{ "j" }] = " no answer yet 7s",
      [{ "j", "k" }] = " 0 of 2 done, 2 not answered yet  7s" } do
      clock = 0
      local s = a_screen { tty = true }
      local p = live.new(s, jobs, now)
      p:begin()
      for i, frame in ipairs(frames) do
        clock = 7 + (i - 0.5) / 10
        p:tick()
        assert.equal(frame .. rest, s.shown()[1])
      end
    end
  end)

  it("writes nothing when nothing has changed", function()
    local s = a_screen { tty = true }
    local p = live.new(s, { "j" }, now)
    p:begin()
    local before = #s.all()
    p:tick()
    p:tick()
    assert.equal(before, #s.all())
  end)

  it("shows faults, files and lines", function()
    local s = a_screen { tty = true }
    local p = live.new(s, { "j" }, now)
    p:event { type = "poll", index = 1, job = { status = "running", job_detail = { edgeset_path = {
      { status = "success", total_lines = 5, failed_lines = 1 }, { total_lines = 2 } } } } }
    p:event(event("retry", nil, { err = "ges: dns\27[2J", info = { kind = "dns" } }))
    assert.same({ "⠋ running 0s  files 1/2 (1 in part)  lines 7 (1 failed)  problem: dns\\x1B[2J" },
      (s.shown()))
  end)

  it("never wraps, however narrow the terminal is, and knows wide characters", function()
    for _, columns in ipairs { "1", "2", "7", "20", "40" } do
      local s = a_screen { tty = true, columns = columns }
      local p = live.new(s, { "j" }, now)
      local job = { status = "running", job_name = ("图"):rep(40) }
      p:event(event("change", "running", { job = job }))
      local shown = s.shown()
      assert.truthy(require("ges.cli.text").width(shown[1] or "") <= tonumber(columns))
    end
  end)

  it("shows a number as a whole or not at all, and rather than a name", function()
    local job = { status = "running", job_name = "ImportGraph", job_detail = { edgeset_path = {} } }
    for i = 1, 12 do
      job.job_detail.edgeset_path[i] = { status = i == 1 and "failed" or "success",
        total_lines = 1234567, failed_lines = 54321 }
    end
    local fault = { err = "ges: connect: refused", info = { kind = "connect" } }
    local ids = {}
    for i = 1, 3 do ids[i] = ("ff80808167f09aaa0167f19b35ec030%d"):format(i) end
    for count = 1, 3, 2 do
      local shown = { files = 0, lines = 0, name = 0, problem = 0 }
      for columns = 20, 140 do
        local s = a_screen { tty = true, columns = tostring(columns) }
        local p = live.new(s, { (unpack or table.unpack)(ids, 1, count) }, now)
        for i = 1, count do p:event(event("change", nil, { index = i, job = job })) end
        if columns % 2 == 0 then
          p:event(event("retry", nil, { index = 1, err = fault.err, info = fault.info }))
        end
        for i, line in ipairs((s.shown())) do
          if count == 1 or i > 1 then
            local rest = line:match("running(.*)$"):gsub("^ 0s", "")
            if rest:find("ImportGraph", 1, true) then
              shown.name = shown.name + 1
              assert.is_truthy(rest:find("lines ", 1, true), line)
            end
            for _, word in ipairs { "files", "lines", "problem" } do
              if rest:find(word, 1, true) then shown[word] = shown[word] + 1 end
            end
            rest = rest:gsub("ImportGraph", ""):gsub("files 12/12 %(11 in part, 1 failed%)", "")
              :gsub("lines 14814804 %(651852 failed%)", ""):gsub("p.*$", "")
            assert.is_nil(rest:find("%S"), ("%d: %s"):format(columns, line))
          end
        end
      end
      assert.is_true(shown.name > 0 and shown.lines > shown.name and shown.files > shown.lines)
      assert.is_true(shown.problem > 0)
    end
  end)

  it("has only whole counts and ages in its first line, the age before counts", function()
    local ids = {}
    for i = 1, 60 do ids[i] = "job-" .. i end
    local counts = { "0 of 60 done", "0 of 60 done, 36 not answered yet",
      "0 of 60 done, 36 not answered yet, 24 running" }
    local expected = { "⠋", "⠋ " .. counts[1], "⠋ " .. counts[2], "⠋ " .. counts[3],
      "⠋ " .. counts[3] .. "  0s" }
    local at = 1
    for columns = 2, 80 do
      local s = a_screen { tty = true, columns = tostring(columns) }
      local p = live.new(s, ids, now)
      for i = 1, 24 do p:event(event("change", "running", { index = i })) end
      local line = s.shown()[1]
      if line ~= expected[at] then at = at + 1 end
      assert.equal(expected[at], line, columns)
    end
    assert.equal(#expected, at)
    for columns = 2, 30 do
      local s = a_screen { tty = true, columns = tostring(columns) }
      clock = 0
      local p = live.new(s, { "j" }, now)
      clock = 92
      p:event(event("change", "partiallyFailed"))
      local rest = s.shown()[1]:match("partiallyFailed(.*)$")
      assert.is_true(not rest or rest == "" or rest:find("^ 1m32s%f[^%w]") == 1, rest)
    end
  end)

  it("cuts ids further where the counts of files find room then", function()
    local ids = {}
    for i = 1, 3 do ids[i] = ("ff80808167f09aaa0167f19b35ec030%d"):format(i) end
    for columns = 47, 60 do
      local s = a_screen { tty = true, columns = tostring(columns) }
      local p = live.new(s, ids, now)
      local list = { { status = "success", total_lines = 1000, failed_lines = 5 },
        { total_lines = 1 } }
      local job = { status = "running", job_name = "ImportGraph",
        job_detail = { edgeset_path = list } }
      for i = 1, 3 do p:event(event("change", nil, { index = i, job = job })) end
      local seen = {}
      for i, line in ipairs((s.shown())) do
        if i > 1 then
          local id = line:match("^  (%S+)  running  files 1/2 %(1 in part%)$")
          assert.is_truthy(id and not seen[id], line)
          seen[id] = true
        end
      end
    end
  end)

  it("is ASCII where the locale is", function()
    local s = a_screen { tty = true, locale = "C" }
    local p = live.new(s, { "j" }, now)
    for tenth = 0, 12 do
      clock = tenth / 10
      p:event(event("change", "running", { job = { status = "grün", job_name = ("图"):rep(90) } }))
    end
    assert.is_nil(s.all():find("[\128-\255]"))
  end)

  it("shows many jobs as a table that fits", function()
    local ids = {}
    for i = 1, 40 do ids[i] = ("job-%02d"):format(i) end
    local s = a_screen { tty = true, rows = 10 }
    local p = live.new(s, ids, now)
    p:begin()
    for i = 1, 30 do p:event(event("done", "success", { index = i })) end
    p:event(event("retry", nil, { index = 40, err = "ges: connect: no", info = { kind = "x" } }))
    local shown = s.shown()
    assert.equal("⠋ 30 of 40 done, 10 not answered yet  0s", shown[1])
    assert.equal("  job-40  no answer yet  problem: connect: no", shown[2])
    assert.equal("  job-31  no answer yet", shown[3])
    assert.equal("  and 33 more", shown[#shown])
    assert.truthy(#shown <= 10)
    p:clear()
    assert.same({}, (s.shown()))
  end)

  it("tells jobs apart on a narrow terminal, and never cuts the status", function()
    local ids = {}
    for i = 1, 3 do ids[i] = ("ff80808167f09aaa0167f19b35ec030%d"):format(i) end
    for columns = 23, 44 do
      local s = a_screen { tty = true, columns = tostring(columns) }
      local p = live.new(s, ids, now)
      local seen = {}
      for i = 1, 3 do p:event(event("change", "partiallyFailed", { index = i })) end
      for _, line in ipairs((s.shown())) do
        local id = line:match("^  (%S+) +partiallyFailed%f[%W]")
        if id then
          assert.is_nil(seen[id], columns)
          seen[id] = true
        end
      end
      local count = 0
      for _ in pairs(seen) do count = count + 1 end
      assert.equal(3, count, columns .. table.concat((s.shown()), "\n"))
    end
  end)

  it("has no more lines than a terminal can take back", function()
    for rows = 1, 4 do
      local s = a_screen { tty = true, rows = rows }
      local p = live.new(s, { "a", "b", "c" }, now)
      p:begin()
      assert.equal(math.max(rows - 1, 1), #s.shown())
    end
  end)

  it("takes no COLUMNS for none", function()
    for _, columns in ipairs { "0", "000", "", "wide", "-4" } do
      assert.equal(80, (a_screen { tty = true, columns = columns }:size(2)))
    end
    assert.equal(40, (a_screen { tty = true, columns = "40" }:size(2)))
  end)

  it("keeps messages above what it rewrites", function()
    local s = a_screen { tty = true }
    local p = live.new(s, { "a", "b" }, now)
    p:begin()
    p:clear()
    s:message("unknown word")
    p:tick()
    local shown = s.shown()
    assert.equal("ges: unknown word", shown[1])
    assert.equal(4, #shown)
  end)
end)

describe("ges.cli.progress", function()
  it("fits the place", function()
    local function kind(opts, values)
      local p = progress.new({ screen = a_screen(opts), values = values or {}, now = now,
        date = date }, { "j" })
      return p.canvas and "live" or p.last and "lines" or "silent"
    end
    assert.equal("live", kind { tty = true })
    assert.equal("lines", kind {})
    assert.equal("lines", kind { tty = true, term = "dumb" })
    assert.equal("silent", kind({ tty = true }, { quiet = true }))
  end)

  it("keeps quiet, but knows", function()
    local s = a_screen { tty = true }
    local p = progress.new({ screen = s, values = { quiet = true }, now = now, date = date },
      { "j" })
    p:begin()
    p:tick()
    p:event(event("done", "success"))
    p:clear()
    p:finish()
    assert.equal("", s.all())
    assert.is_true(p.track.jobs[1].over)
  end)
end)

describe("ges.cli.canvas", function()
  it("leaves nothing of a picture that had more lines, or longer ones", function()
    local s = a_screen { tty = true }
    local c = canvas.new(s)
    s:note("before\n")
    for _, picture in ipairs { { "one", "two", "three" }, { "a long line", "b" }, { "c" },
      { "d", "e", "f", "g" }, { "h", "i" } } do
      c:show(picture)
      assert.same({ "before", (unpack or table.unpack)(picture) }, s.shown())
    end
    c:clear()
    assert.same({ "before" }, s.shown())
  end)

  it("fills no line to the terminal's last column, where the next character would wrap", function()
    for _, width in ipairs { 79, 80, 81, 200 } do
      local s = a_screen { tty = true }
      canvas.new(s):show { ("x"):rep(width), "next" }
      local shown = s.shown()
      assert.equal(79, require("ges.cli.text").width(shown[1]))
      assert.equal("next", shown[2])
    end
  end)
end)
