-- The command on a real terminal: what it shows, and how it ends at Ctrl-C and other signals.

local core = require "ges.core"
local json = require "ges.json"
local kit = require "cli_kit"
local pty = require "pty"

-- Seconds to react: the command needs far less, a busy machine may not.
local AT_ONCE = 0.25

-- Runs the command and ends it as soon as its output matches. It must end at once, in one of a few
-- tries: a busy machine may delay any of them. Returns what was seen of the last one.
local function broken_off(args, opts, pattern, how)
  local at, seen
  opts.on = function(so_far, process)
    if not at and (so_far.tty .. so_far.err):find(pattern) then
      at = core.now()
      if how == "key" then process:write("\3") else process:kill(how) end
    end
  end
  local took = kit.best(AT_ONCE, function()
    at = nil
    seen = kit.ges(args, opts)
    assert.is_truthy(at, "never seen: " .. pattern)
    return seen.ended - at
  end)
  assert.truthy(took < AT_ONCE, took)
  return seen
end

-- A spec that takes a terminal; a bare chroot has none.
local has_tty = pty.available()

local function tty(name, fn)
  it(name, function()
    if not has_tty then return pending("no pseudo-terminals here: /dev/pts is not mounted") end
    fn()
  end)
end

local terminal = { stdin = "pty", stdout = "pty", stderr = "pty" }

local function on_terminal(more)
  local opts = {}
  for name, value in pairs(terminal) do opts[name] = value end
  for name, value in pairs(more or {}) do opts[name] = value end
  return opts
end

describe("on a terminal, ges", function()
  setup(kit.start)
  teardown(kit.stop)

  tty("shows one line that is rewritten, and leaves the result alone", function()
    local id = kit.job(4)
    local seen = kit.on_terminal({ "wait", id })
    assert.equal(0, seen.code)
    local shown, wrapped = pty.screen(seen.tty, 80)
    assert.is_false(wrapped)
    assert.equal("Job       " .. id, shown[1])
    assert.equal("Status    success", shown[2])
    local frames = select(2, seen.tty:gsub("\r", ""))
    assert.truthy(frames > 8, frames)
    assert.matches("⠋ no answer yet 0s\27%[K", seen.tty)
    assert.matches("running %ds  ImportGraph  files 0/1", seen.tty)
  end)

  -- A second of the sleep, told by the age in the line, shows three frames. One of many seconds
  -- will do: a busy machine may delay others.
  tty("moves during a single sleep", function()
    local server = require("wire").serve { { "request", require("wire").reply(200,
      '{"status":"running"}'), { again = true } }, loop = true }
    local most, over = 0, false
    local seen = kit.on_terminal({ "wait", "--interval", "25s", "--timeout", "26s", "--endpoint",
      server:url(), "j" }, { on = function(so_far, process)
        local frames, n = {}, {}
        for frame, age in so_far.tty:gmatch("(\226[\160-\191][\128-\191]) running (%d+)s") do
          if not frames[frame .. age] then
            frames[frame .. age], n[age] = true, (n[age] or 0) + 1
            most = math.max(most, n[age])
          end
        end
        if most >= 3 and not over then
          over = true
          process:write("\3")
        end
      end })
    assert.is_true(most >= 3, most)
    assert.equal(130, seen.code)
    assert.equal(1, #server:requests())
    server:close()
  end)

  tty("moves while it asks, and says what a watch is up to", function()
    local url = require("wire").serve { { "request", { stall = true } }, loop = true }
    local seen = kit.on_terminal({ "status", "--timeout", "1500ms", "--retries", "0", "--endpoint",
      url:url(), "j" })
    assert.equal(6, seen.code)
    assert.matches("⠋ no answer yet 0s\27%[K", seen.tty)
    assert.matches(" no answer yet 1s\27%[K", seen.tty)
    local args = { "watch", "--timeout", "0", "--request-timeout", "1", "--endpoint", url:url(),
      "j" }
    seen = kit.on_terminal(args)
    assert.matches("^ges: waiting for job j\n", seen.tty)
    args[#args + 1] = "-q"
    assert.is_nil(kit.on_terminal(args).tty:find("waiting", 1, true))
    url:close()
  end)

  tty("takes no token that is typed in plain sight", function()
    for _, file in ipairs { "-", "/dev/stdin" } do
      local seen = kit.on_terminal({ "status", "--token-file", file, "j" }, { on = function() end,
        env = { GES_TOKEN = false } })
      assert.equal(4, seen.code)
      assert.matches("stdin is a terminal", seen.tty)
    end
  end)

  tty("never invents a percentage", function()
    assert.is_nil(kit.on_terminal({ "wait", kit.job(0.5) }).tty:find("%%"))
  end)

  tty("keeps the line away from a result that goes elsewhere", function()
    local seen = kit.ges({ "wait", "-o", "json", kit.job(0.5) }, { stderr = "pty" })
    assert.equal("success", json.decode(seen.out).status)
    assert.matches("^success after %ds$", pty.screen(seen.tty)[1])
    seen = kit.ges({ "wait", kit.job(0.5) }, { stdout = "pty" })
    assert.matches("Z waiting for job", seen.err)
    assert.is_nil(seen.err:find("\27", 1, true))
  end)

  tty("shows several jobs as a table that moves", function()
    local ids = { kit.job(1), kit.job(2, { outcome = "failed" }), kit.job(0) }
    local most = 0
    local seen = kit.on_terminal({ "wait", ids[1], ids[2], ids[3] }, { columns = 60, rows = 12,
      on = function(so_far)
        local shown, wrapped = pty.screen(so_far.tty, 60)
        most = math.max(most, #shown)
        assert.is_true(so_far.code ~= nil or not wrapped or #shown > 4)
      end })
    assert.equal(1, seen.code)
    local shown = pty.screen(seen.tty)
    assert.matches("^JOB +STATUS", shown[1])
    assert.matches("^" .. ids[2] .. "  failed", shown[3])
    assert.matches("^ges: job " .. ids[2] .. " failed: ", shown[5])
    assert.equal(5, #shown)
    assert.truthy(most >= 4)
  end)

  tty("tells jobs apart at 40 columns, and never cuts a status", function()
    local ids = { kit.job(2), kit.job(1, { outcome = "failed" }),
      kit.job(0, { outcome = "partiallyFailed" }) }
    local had = 0
    local function check(lines)
      local seen, count = {}, 0
      for _, line in ipairs(lines) do
        local id, word = line:match("^ *(%x+…%x+) +(%a+)%f[%W]")
        if id then
          assert.is_nil(seen[id])
          seen[id], count = word, count + 1
        end
      end
      had = math.max(had, count)
      return seen, count
    end
    local seen = kit.on_terminal({ "wait", ids[1], ids[2], ids[3] }, { columns = 40,
      on = function(so_far)
        local shown, wrapped = pty.screen(so_far.tty, 40)
        if not (shown[1] or ""):find(" of 3 done", 1, true) then return end
        assert.is_false(wrapped)
        check(shown)
      end })
    assert.equal(1, seen.code)
    assert.equal(3, had)
    local words, count = check(pty.screen(seen.tty))
    assert.equal(3, count)
    local list = {}
    for _, word in pairs(words) do list[#list + 1] = word end
    table.sort(list)
    assert.same({ "failed", "partiallyFailed", "success" }, list)
  end)

  tty("writes what is known of several at Ctrl-C", function()
    local bad, open = kit.job(0, { outcome = "failed", fail_reason = "no room" }), kit.job(60)
    local seen = broken_off({ "wait", bad, open }, on_terminal(), "1 of 2 done, 1 %l+ing", "key")
    assert.equal(130, seen.code)
    local shown = pty.screen(seen.tty)
    assert.equal("ges: interrupted", shown[1])
    assert.matches("^JOB +STATUS", shown[2])
    assert.matches("^" .. bad .. " +failed", shown[3])
    assert.matches("^" .. open .. " +%l+ing", shown[4])
    assert.equal("ges: job " .. bad .. " failed: no room", shown[5])
    assert.matches("^ges: the job continues on the server; 1 other job did not succeed; "
      .. "to resume: .* " .. bad .. " " .. open .. "$", shown[6])
  end)

  tty("answers Ctrl-C at once, says that the job continues, and how to resume", function()
    local id = kit.job(60)
    for _, pattern in ipairs { "no answer yet", "pending %ds", "running %ds  " } do
      local seen = broken_off({ "wait", id }, on_terminal(), pattern, "key")
      assert.equal(130, seen.code)
      local shown = pty.screen(seen.tty)
      assert.equal("ges: interrupted", shown[1])
      local command = ("%s wait --endpoint %s --project %s --graph %s %s"):format(kit.called,
        kit.sim.url, kit.sim.demo.project_id, kit.graph, id)
      -- A first answer may come between the frame without one and the key.
      local outlook, rest = shown[2]:match("^ges: the job ([%l ]+) on the server; to resume: (.*)$")
      assert.is_true(outlook == "continues" or pattern == "no answer yet"
        and outlook == "may still be running", shown[2])
      assert.equal(command, rest)
    end
  end)

  tty("reacts to Ctrl-C while no service answers", function()
    local url = require("wire").serve { { "request", { stall = true } }, loop = true }
    for _, args in ipairs { { "wait" }, { "status" }, { "watch" }, { "doctor" } } do
      local all = { args[1], "--endpoint", url:url() }
      if args[1] ~= "doctor" then all[4] = "j" end
      local opts = on_terminal()
      local begins = { watch = "waiting for job", doctor = "versions" }
      local pattern = begins[args[1]] or "no answer yet"
      assert.truthy(kit.best(AT_ONCE, function()
        local at, sent
        opts.on = function(seen, process)
          if not at and seen.tty:find(pattern) then at = core.now() end
          if at and not sent and core.now() - at > 0.3 then
            sent = core.now()
            process:write("\3")
          end
        end
        local seen = kit.ges(all, opts)
        assert.equal(130, seen.code, args[1] .. seen.tty)
        assert.is_nil(seen.tty:find("traceback", 1, true))
        return seen.ended - sent
      end) < AT_ONCE, args[1])
    end
    url:close()
  end)

  tty("answers SIGTERM and SIGINT in a pipeline, too", function()
    local id, over = kit.job(60), kit.job(0)
    local seen = broken_off({ "wait", id, over }, {}, "success", 15)
    assert.equal(143, seen.code)
    assert.matches("\nges: terminated\nges: the job continues on the server; to resume: .*ges wait "
      .. ".* " .. id .. "\n$", seen.err)
    assert.is_nil(seen.err:match("to resume:.*"):find(over, 1, true))
    seen = broken_off({ "wait", id }, {}, "%ling, ImportGraph", 2)
    assert.equal(130, seen.code)
    assert.matches("\nges: interrupted\n", seen.err)
    assert.equal("", seen.out)
  end)

  tty("keeps to lines when the terminal is dumb", function()
    local seen = kit.on_terminal({ "wait", kit.job(0.3) }, { env = { TERM = "dumb" } })
    assert.is_nil(seen.tty:find("[\27\r]"))
    assert.matches("Z waiting for job", seen.tty)
  end)

  tty("has colours unless they are unwanted", function()
    local id = kit.job(0)
    assert.matches("\27%[32msuccess\27%[0m", kit.on_terminal({ "status", id }).tty)
    assert.matches("\27%[32m", kit.on_terminal({ "status", id }, { env = { NO_COLOR = "" } }).tty)
    for _, env in ipairs { { NO_COLOR = "1" }, { TERM = "dumb" }, { GES_NO_COLOR = "1" } } do
      assert.is_nil(kit.on_terminal({ "status", id }, { env = env }).tty:find("\27%[%d+m"))
    end
    assert.is_nil(kit.on_terminal({ "status", "--no-color", id }).tty:find("\27%[%d+m"))
    assert.is_nil(kit.ges({ "status", id }).out:find("\27", 1, true))
  end)

  tty("fits its line into any width", function()
    for _, case in ipairs { { columns = 20 }, { columns = 7 }, { columns = 1 }, { columns = 0 },
      { env = { COLUMNS = "12" } }, { env = { COLUMNS = "none" } } } do
      local width = tonumber(case.env and case.env.COLUMNS) or case.columns or 80
      width = width > 0 and width or 80
      local seen = kit.ges({ "wait", kit.job(0.3) }, { stdin = "pty", stderr = "pty",
        columns = case.columns, env = case.env })
      assert.equal(0, seen.code)
      local during = seen.tty:match("^(.*)\27%[J")
      local _, wrapped = pty.screen(during, width)
      assert.is_false(wrapped, width)
    end
  end)

  tty("writes ASCII where the locale says so", function()
    for _, locale in ipairs { "C", "POSIX", "de_DE.ISO-8859-1" } do
      local seen = kit.on_terminal({ "wait", kit.job(0.3, { fail_reason = "grün" }) },
        { env = { LC_ALL = locale } })
      assert.equal(0, seen.code)
      assert.is_nil(seen.tty:find("[\128-\255]"))
      assert.matches("[|/\\-] no answer yet 0s", seen.tty)
    end
  end)

  tty("shows what the service says, and lets it do nothing", function()
    local url = kit.showing { job_id = "j", status = "\27[2Jfailed\7", job_name = "\27]0;x\7",
      end_time = "2018-11-27T21:39:56" }
    for _, command in ipairs { "wait", "status" } do
      local seen = kit.on_terminal({ command, "--endpoint", url, "j" })
      assert.is_nil(seen.tty:find("\7", 1, true))
      assert.is_nil(seen.tty:find("\27[2J", 1, true))
      assert.is_nil(seen.tty:find("\27]", 1, true))
      assert.matches("\\x1B%[2Jfailed\\x07", seen.tty)
    end
  end)
end)

describe("ges sim", function()
  tty("serves until Ctrl-C, and cleans up", function()
    local seen, port
    seen = pty.on_terminal({ "sim" }, { on = function(so_far, process)
      if not port and so_far.tty:find("ges wait", 1, true) then
        port = so_far.tty:match("http://127.0.0.1:(%d+)")
        process:write("\3")
      end
    end })
    assert.is_truthy(port, seen.tty)
    assert.equal(130, seen.code)
    assert.is_nil(seen.tty:find("traceback", 1, true))
    local probe
    for _ = 1, 40 do -- where Ctrl-C came at a bad moment, it ends with its parent
      probe = pty.run({ "status", "--endpoint", "http://127.0.0.1:" .. port, "--project", "p",
        "--graph", "g", "--retries", "0", "j" }, { env = { GES_TOKEN = "t" } })
      if probe.code == 6 then break end
      os.execute("sleep 0.5") -- a pause: between two looks
    end
    assert.equal(6, probe.code)
  end)

  tty("says why it cannot", function()
    local seen = pty.run({ "sim", "--port", "99999" })
    assert.equal(2, seen.code)
    assert.matches("^ges: [^\n]+\n$", seen.err)
  end)
end)
