-- SPDX-License-Identifier: MIT
-- Groups C9, C10, G3 and I6 of the faults: a process that is short of descriptors or memory, whose
-- clock is set, that is showered with signals, or has lost its standard streams. Each case is a
-- process of its own.

local child = require("child")
local kit = require("core_kit")
local wire = require("wire")

describe("faults: a process", function()
  after_each(kit.cleanup)

  local function server(rest)
    return kit.serve { { "request", { sleep = rest or 0 }, wire.reply(200, '{"status":"running"}'),
      { again = true } }, loop = true }:url()
  end

  -- The prelude, and Lua that fills the table of descriptors but for `n` of them.
  local CROWD = child.prelude .. [[
    local crowd = {}
    local function leave(n)
      local file = true
      while file do
        file = io.open("/dev/null")
        crowd[#crowd + 1] = file
      end
      for _ = 1, n do table.remove(crowd):close() end
    end
    local function go()
      for _, file in ipairs(crowd) do file:close() end
      crowd = {}
    end
  ]]

  describe("without descriptors", function()
    local function few(code, ...)
      return child.good(CROWD .. code:format(...), { limits = "ulimit -n 64;" })
    end

    it("throws one clear line where an engine cannot be made, and makes it afterwards", function()
      few([[
        for n = 0, 6 do
          leave(n)
          local ok, client = pcall(core.engine)
          go()
          if ok then
            client:close()
          else
            assert(client:find("descriptors", 1, true), client)
            assert(n < 6, n)
          end
        end
        assert(core.job_status(options(%q)))]], server())
    end)

    it("gets a typed failure from every call, and an answer when there are some again", function()
      local text = few([[
        local client = core.engine()
        for n = 0, 5 do
          leave(n)
          local job, err, info = client:job_status(options(%q, { connect_timeout = 1 }))
          go()
          say("n" .. n, job, err, info)
        end
        local job = assert(client:job_status(options(%q)))
        assert(job.status == "running")]], server(), server())
      local seen = child.outcomes(text)
      assert.is_true(({ connect = 1, network = 1, memory = 1 })[seen.n0.what] ~= nil, seen.n0.err)
      assert.equal("running", seen.n5.what, seen.n5.err)
    end)

    it("cannot look up a name, and can afterwards", function()
      local url = server():gsub("127.0.0.1", "localhost")
      local text = few([[
        core.job_status(options(%q))
        for n = 0, 8, 2 do
          local client = ges.new()
          client:job_status(options("http://127.0.0.1:9", { retries = 0 }))
          leave(n)
          local ok, job, err, info = pcall(client.job_status, client, options(%q, { retries = 0,
            connect_timeout = 1 }))
          go()
          if ok then
            say("n" .. n, job, err, info)
          else
            assert(job:find("memory", 1, true) or job:find("descriptors", 1, true), job)
          end
        end
        ]] .. [[say("after", core.job_status(options(%q)))]], url, url, url)
      assert.equal("running", child.outcomes(text).after.what)
    end)

    it("cannot read its authorities, and says so as tls", function()
      local text = few([[
        local client = core.engine()
        client:job_status(options("http://127.0.0.1:9"))
        leave(1)
        local job, err, info = client:job_status(options("https://127.0.0.1:9"))
        go()
        say("one", job, err, info)]])
      assert.is_true(({ tls = 1, connect = 1 })[child.outcomes(text).one.what] ~= nil, text)
    end)

    it("waits for more jobs than it has all the same", function()
      local url = server(0.02)
      few([[
        local jobs = {}
        for i = 1, 60 do jobs[i] = { job_id = "j" .. i } end
        local results = ges.wait_all(options(%q, { jobs = jobs, max_in_flight = 40, timeout = 0.5,
          interval = 0.1, max_rate = 1e6, retries = nil }))
        assert(#results == 60)
        for _, result in ipairs(results) do
          assert(result.info.kind == "deadline" or result.info.kind == "connect"
            or result.info.kind == "network", result.err)
        end
        leave(0)
        assert(ges.job_status(options(%q)))]], url, url)
    end)
  end)

  describe("without memory", function()
    if os.getenv("ASAN_OPTIONS") then
      pending("is not tried out here: AddressSanitizer takes all the addresses there are")
      return
    end

    it("throws or fails as any Lua does, and works again when there is some", function()
      local big = kit.serve { { "request", wire.reply(200, '{"status":"running","x":"'
        .. ("x"):rep(6000000) .. '"}'), { again = true } }, loop = true }:url()
      local text, status = child.run(child.prelude .. ([[
        local client = core.engine()
        assert(client:job_status(options(%q)))
        local ballast, part = {}, 4 * 1024 * 1024
        local function fill()
          while pcall(function() ballast[#ballast + 1] = ("x"):rep(part + #ballast) end) do end
        end
        local ends = {}
        for left = 0, 4 do
          fill()
          for _ = 1, left do ballast[#ballast] = nil end
          collectgarbage()
          local ok, job, err, info = pcall(client.job_status, client, options(%q))
          if ok then
            ends[#ends + 1] = job and "job" or info.kind
          else
            assert(tostring(job):find("memory", 1, true), job)
            ends[#ends + 1] = "thrown"
          end
          ballast = {}
          collectgarbage()
        end
        print(table.concat(ends, " "))
        assert(client:job_status(options(%q)).status == "running")
        print("well")]]):format(big, big, big), { limits = "ulimit -v 150000;" })
      assert.equal(0, status, text)
      assert.is_truthy(text:find("thrown", 1, true) or text:find("memory", 1, true), text)
      assert.is_truthy(text:find("well", 1, true), text)
    end)
  end)

  describe("in a storm of signals", function()
    -- Builds storm.c; nil where there is no compiler.
    local function build()
      local lib = os.tmpname()
      local flags = child.shell("make -s flags LUA=" .. child.lua .. " | tr ' ' '\\n' | grep ^-I")
      local said, code = child.shell(("cc -shared -fPIC -o %s %s spec/support/storm.c")
        :format(lib, flags:gsub("%s+", " ")))
      assert(code == 0, said)
      return lib
    end

    it("answers, waits and keeps its deadlines", function()
      local lib = build()
      local text = child.good(child.prelude .. ([[
        local start = assert(package.loadlib(%q, "storm_start"))
        local stop = assert(package.loadlib(%q, "storm_stop"))
        local slow, silent = %q, %q
        start()
        for i = 1, 5 do say("slow" .. i, core.job_status(options(slow))) end
        say("silent", core.job_status(options(silent, { request_timeout = 0.5 })))
        local job, err, info = ges.wait(options(slow, { interval = 0.2, timeout = 1 }))
        say("wait", job, err, info)
        local results = ges.wait_all(options(slow, { jobs = { {}, {}, {} }, interval = 0.1,
          timeout = 0.5, job_id = "j" }))
        for i, result in ipairs(results) do say("all" .. i, result.job, result.err, result.info) end
        io.write("signals ", stop(), "\n")]]):format(lib, lib, server(0.1), server(30)))
      os.remove(lib)
      local seen = child.outcomes(text)
      for i = 1, 5 do assert.equal("running", seen["slow" .. i].what, seen["slow" .. i].err) end
      assert.equal("timeout", seen.silent.what, seen.silent.err)
      assert.is_true(seen.silent.seconds > 0.4 and seen.silent.seconds < 5, seen.silent.seconds)
      assert.equal("deadline", seen.wait.what, seen.wait.err)
      for i = 1, 3 do assert.equal("deadline", seen["all" .. i].what, seen["all" .. i].err) end
      assert.is_true(tonumber(text:match("signals (%d+)")) > 300, text)
    end)

    it("wakes up from its wait for a descriptor, as if there were something to do", function()
      local lib = build()
      local text = child.good(child.prelude .. ([[
        local start = assert(package.loadlib(%q, "storm_start"))
        local stop = assert(package.loadlib(%q, "storm_stop"))
        local fd = core.engine():fd()
        start()
        local is_woken = core.epwait(fd, 60000)
        stop()
        io.write(tostring(is_woken), " ", tostring(core.epwait(fd, 0)))]]):format(lib, lib))
      os.remove(lib)
      assert.equal("true false", text)
    end)

    it("of SIGPIPE does not die, whatever the peer does to what it sends", function()
      local resets = kit.serve { { { received = 1 }, { reset = true } }, loop = true }
      local closes = kit.serve { { { received = 1 }, { close = true } }, loop = true }
      local text = child.good(child.prelude .. ([[
        for _, url in ipairs { %q, %q } do
          for _, scheme in ipairs { "http", "https" } do
            local c = ges.new()
            for i = 1, 3 do
              c:request { method = "POST", path = "/x", body = ("x"):rep(4e6), retries = 0,
                endpoint = (url:gsub("http", scheme)), token = token, verify = false }
            end
            c:close()
          end
        end
        print("alive")]]):format(resets:url(), closes:url()))
      assert.is_truthy(text:find("alive", 1, true), text)
    end)
  end)

  describe("whose standard streams are closed", function()
    it("calls as ever, and writes nothing where a socket took their place", function()
      local out = os.tmpname()
      local url = server()
      local _, status = child.run(child.prelude .. ([[
        local file = io.open(%q, "w")
        local client = ges.new()
        for i = 1, 3 do
          local job, err = client:job_status(options(%q))
          file:write(job and job.status or err, "\n")
        end
        local job, err, info = client:wait(options(%q, { interval = 0.05, timeout = 0.2 }))
        file:write(info.kind, "\n")
        client:close()
        file:close()]]):format(out, url, url), { after = "<&- >&- 2>&-" })
      local file = assert(io.open(out))
      local text = file:read("*a")
      file:close()
      os.remove(out)
      assert.equal(0, status)
      assert.equal("running\nrunning\nrunning\ndeadline\n", text)
    end)
  end)

  describe("whose clock is set", function()
    local fake = child.shell("ls /usr/lib/*/faketime/libfaketimeMT.so.1 | head -n 1")

    if fake:sub(1, 1) ~= "/" then
      pending("is not tried out here: there is no libfaketime")
      return
    end

    -- Runs code with a function `step(offset)` that sets the wall clock alone, by way of the file
    -- that `clock` names.
    local function with_clock(code)
      local offset = child.file("+0")
      local text = child.good(child.prelude .. ([[
        local clock = %q
        local function step(by)
          local file = io.open(clock, "w")
          file:write(by)
          file:close()
        end
        %s]]):format(offset, code), {
          before = ("env LD_PRELOAD=$LD_PRELOAD:%s FAKETIME_TIMESTAMP_FILE=%s FAKETIME_NO_CACHE=1"
            .. " FAKETIME_DONT_FAKE_MONOTONIC=1"):format(fake, offset),
        })
      os.remove(offset)
      return text
    end

    it("keeps its deadlines and delays", function()
      local url = server(0.05)
      for _, by in ipairs { "+3600", "-3600", "+31536000" } do
        local said = with_clock(([[
          local before, moved = os.time(), 0
          local began, polls = core.now(), 0
          local job, err, info = ges.wait(options(%q, { interval = 0.1, timeout = 2,
            on_event = function(ev)
              if ev.type == "poll" then polls = polls + 1 end
              if polls == 3 then step(%q) end
              moved = os.time() - before
            end }))
          say("wait", job, err, info)
          io.write(("took %%.3f polls %%d moved %%d\n"):format(core.now() - began, polls, moved))
        ]]):format(url, by))
        assert.equal("deadline", child.outcomes(said).wait.what, said)
        local took, polls, moved = said:match("took (%S+) polls (%d+) moved (%S+)")
        assert.is_true(math.abs(tonumber(moved) - tonumber(by)) <= 10, said)
        assert.is_true(tonumber(took) > 1.9 and tonumber(took) < 8, said)
        assert.is_true(tonumber(polls) > 3 and tonumber(polls) <= 22, said)
      end
    end)

    it("in the middle of a request does not end it", function()
      local slow, silent = server(3), server(30)
      local said = with_clock(([[
        local before = os.time()
        -- a pause: the request is under way meanwhile, and for three seconds
        os.execute("(sleep 0.2; echo +7200 >'" .. clock .. "') >/dev/null 2>&1 &")
        say("slow", core.job_status(options(%q, { request_timeout = 10 })))
        assert(os.time() - before >= 7200, "the clock was not set")
        step("-7200")
        say("silent", core.job_status(options(%q, { request_timeout = 0.5 })))]])
        :format(slow, silent))
      local seen = child.outcomes(said)
      assert.equal("running", seen.slow.what)
      assert.equal("timeout", seen.silent.what)
      assert.is_true(seen.silent.seconds > 0.4 and seen.silent.seconds < 5)
    end)

    it("takes Retry-After as a date from the server's own clock", function()
      local later = kit.serve { { "request", wire.reply(429, "{}", {
        "Date: Tue, 15 Nov 2033 08:12:31 GMT", "Retry-After: Tue, 15 Nov 2033 08:12:33 GMT" }),
        { again = true } }, loop = true }
      local said = with_clock(([[
        for _, by in ipairs { "+0", "+3600", "-3600" } do
          step(by)
          local _, _, info = core.job_status(options(%q))
          io.write("after ", info.retry_after, "\n")
        end]]):format(later:url()))
      local _, times = said:gsub("after 2%.?0?", "")
      assert.equal(3, times, said)
    end)

    it("signs with the time of the wall clock", function()
      local signed = kit.replying(200, '{"status":"running"}')
      with_clock(([[
        step("+86400")
        assert(core.job_status(options(%q, { ak = "ak", sk = "sk-sk-sk" })))]])
        :gsub("token = token", ""):format(signed:url()):gsub("options%(", "(function(url, extra)"
          .. " local o = options(url, extra) o.token = nil return o end)("))
      local day = os.date("!%Y%m%d", os.time() + 86400)
      assert.is_truthy(signed:requests()[1]:find("X-Sdk-Date: " .. day, 1, true),
        signed:requests()[1])
    end)
  end)
end)
