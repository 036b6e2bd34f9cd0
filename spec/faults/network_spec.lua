-- SPDX-License-Identifier: MIT
-- Groups C1, C2, C5 and C6 of the faults, on networks that really drop, refuse and forget: two
-- network namespaces with a cable between them. Each case runs in a process at the client's end.

local child = require("child")
local netns = require("netns")

local ready, why = netns.start()

if not ready then
  netns.cleanup()
  describe("faults: the network", function()
    pending("is not tried out here: " .. why)
  end)
  return
end

-- A wire server at the other end; prints its endpoint, does what `code` says and stays.
local function wire_server(steps, code)
  return ([[
    local wire = require("wire")
    local server = wire.serve { host = "10.77.0.2", { %s }, loop = true }
    print(server:url())
    io.flush()
    %s
    require("socket").sleep(60) -- a pause: it serves until it is ended
  ]]):format(steps, code or "")
end

local OK = [[wire.reply(200, '{"status":"running"}')]]

-- A name server. `how`, how it answers, is Lua that sets `code`, `silent`, `junk`, and
-- `a` and `aaaa` (addresses as bytes) from the counter `n` of questions.
local function name_server(how)
  return ([[
    local socket = require("socket")
    local udp = assert(socket.udp())
    assert(udp:setsockname("10.77.0.2", 53))
    print("ready")
    io.flush()
    local n = 0
    while true do
      local q, host, port = udp:receivefrom()
      n = n + 1
      local code, silent, junk, a, aaaa = 0, false, nil, nil, nil
      %s
      local name_end = q:find("\0", 13, true)
      local kind = q:byte(name_end + 2)
      local data = kind == 1 and a or kind == 28 and aaaa or nil
      local answer = data and ("\192\12\0" .. string.char(kind) .. "\0\1\0\0\0\0\0"
        .. string.char(#data) .. data) or ""
      local head = q:sub(1, 2) .. "\129" .. string.char(128 + code) .. "\0\1\0"
        .. string.char(data and 1 or 0) .. "\0\0\0\0"
      if not silent then
        udp:sendto(junk or head .. q:sub(13, name_end + 4) .. answer, host, port)
      end
    end
  ]]):format(how)
end

describe("faults: the network", function()
  teardown(netns.cleanup)
  after_each(function()
    child.shell(netns.cable .. "up")
    netns.stop()
    netns.resolver("nameserver 10.77.0.2")
  end)

  -- Runs code at the client, with the prelude; what it said.
  local function at_client(code, ...)
    return child.outcomes(netns.run(child.prelude .. code:format(...)))
  end

  describe("that leads nowhere", function()
    it("is connect at once, however it says so", function()
      local seen = at_client([[
        for i = 1, 3 do
          say("route" .. i, core.job_status(options("http://192.0.2." .. i)))
        end
        say("closed", core.job_status(options("http://10.77.0.2:9")))
        say("six", core.job_status(options("http://[2001:db8::1]")))]])
      for _, label in ipairs { "route1", "route2", "route3", "closed", "six" } do
        assert.equal("connect", seen[label].what, label)
        assert.is_true(seen[label].seconds < 5, label)
      end
    end)

    it("is timeout where nothing comes back, after connect_timeout and no later", function()
      local seen = at_client([[
        say("core", core.job_status(options("http://198.51.100.1", { connect_timeout = 0.4 })))
        say("ges", ges.job_status(options("http://198.51.100.1", { connect_timeout = 0.3,
          retries = 1 })))
        local began = core.now()
        local job, err, info = ges.wait(options("http://198.51.100.1", { connect_timeout = 0.3,
          interval = 0.05, timeout = 30 }))
        say("wait", job, err, info)
        assert(core.now() - began < 15)]])
      for _, label in ipairs { "core", "ges", "wait" } do
        assert.equal("timeout", seen[label].what, label)
      end
      assert.is_true(seen.core.seconds > 0.35 and seen.core.seconds < 4, seen.core.seconds)
      assert.equal(2, seen.ges.attempts)
      assert.equal(3, seen.wait.attempts)
    end)

    it("is connect where there is no route at all", function()
      local text = child.good(child.prelude .. [[
        say("far", core.job_status(options("http://192.0.2.9")))]],
        { before = "ip netns exec " .. netns.server })
      assert.equal("connect", child.outcomes(text).far.what)
    end)
  end)

  describe("whose cable is pulled", function()
    -- Shell words that pull the cable after a while, and put it back. Time is the input here: the
    -- request is under way for a second.
    local function pull(after, back)
      -- a pause: it is what the spec tries
      return ([[os.execute("(sleep %g; %sdown; %s) >/dev/null 2>&1 &")]]):format(after,
        -- a pause: so long the cable is away
        netns.cable, back and ("sleep %g; %sup"):format(back, netns.cable) or ":")
    end

    it("and put back costs time and nothing else", function()
      local url = netns.serve(wire_server([["request", { sleep = 1 }, ]] .. OK
        .. ", { again = true }"))
      local seen = at_client([[
        %s
        say("one", core.job_status(options(%q)))]], pull(0.2, 1.6), url)
      assert.equal("running", seen.one.what, seen.one.err)
      assert.is_true(seen.one.seconds > 1.5, seen.one.seconds)
    end)

    it("under a request is timeout, and the next call works again", function()
      local url = netns.serve(wire_server([["request", { sleep = 1 }, ]] .. OK
        .. ", { again = true }"))
      local seen = at_client([[
        %s
        local c = ges.new()
        say("cut", c:job_status(options(%q, { request_timeout = 2, retries = 0 })))
        os.execute("%sup")
        say("again", c:job_status(options(%q)))]], pull(0.2), url, netns.cable, url)
      assert.equal("timeout", seen.cut.what, seen.cut.err)
      assert.is_true(seen.cut.seconds < 8)
      assert.equal("running", seen.again.what, seen.again.err)
    end)

    it("in the middle of a wait ends nothing", function()
      local url = netns.serve(wire_server([["request", ]] .. OK .. [[, "request", ]] .. OK
        .. ", { again = true }"))
      local seen = at_client([[
        %s
        local polls, errors = 0, 0
        local job, err, info = ges.wait(options(%q, { interval = 0.1, timeout = 4,
          request_timeout = 0.3, connect_timeout = 0.3, on_event = function(ev)
            if ev.type == "poll" then polls = polls + 1 end
            if ev.type == "retry" then errors = errors + 1 end
          end }))
        say("wait", job, err, info)
        assert(polls > 3 and errors > 0, polls .. " " .. errors)]], pull(0.5, 1), url)
      assert.equal("deadline", seen.wait.what, seen.wait.err)
      assert.is_truthy(seen.wait.err:find("running", 1, true), seen.wait.err)
    end)
  end)

  describe("whose other end", function()
    it("dies under the request is network", function()
      local url = netns.serve(wire_server([["request", { stall = true }]], [[
        repeat require("socket").sleep(0.01) until #server:requests() == 1
        os.execute("kill -9 $PPID")]]))
      local seen = at_client([[say("one", core.job_status(options(%q)))]], url)
      assert.equal("network", seen.one.what, seen.one.err)
      assert.is_true(seen.one.seconds < 8)
    end)

    it("forgets a kept connection without a word costs nothing", function()
      local serve = ([[
        local wire, port = require("wire"), ...
        local socket = require("socket")
        local listener = assert(socket.bind("10.77.0.2", 8081))
        print("http://10.77.0.2:8081")
        io.flush()
        while true do
          local peer = listener:accept()
          peer:settimeout(20)
          while true do
            local line = peer:receive("*l")
            if not line then break end
            if line == "" then
              peer:send('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"status":"running"}')
            end
          end
        end]])
      local url, pid = netns.serve(serve)
      local path = child.file(serve)
      -- It dies while the cable is pulled, so that its farewell is lost; another takes its place.
      -- The dead one has given its sockets up when it is a zombie, or gone.
      local seen = at_client([[
        local c = ges.new()
        say("first", c:job_status(options(%q)))
        os.execute("%sdown; kill -9 %s; "
          .. "while grep -q 'State:.[^Z]' /proc/%s/status 2>/dev/null; do sleep 0.01; done; %sup; "
          .. "ip netns exec %s %s %s >%s.out 2>&1 </dev/null & echo $! >%s.pid; "
          .. "for i in $(seq 300); do grep -q http %s.out && break; sleep 0.1; done")
        say("second", c:job_status(options(%q, { retries = 0 })))]], url, netns.cable, pid, pid,
        netns.cable, netns.server, child.lua, path, path, path, path, url)
      child.shell(("kill -9 $(cat %s.pid); rm %s.pid %s.out %s"):format(path, path, path, path))
      assert.equal("running", seen.first.what, seen.first.err)
      assert.equal("running", seen.second.what, seen.second.err)
      assert.equal(1, seen.second.attempts)
    end)
  end)

  describe("whose names", function()
    -- One call to a name; what it said.
    local function ask_name(how, extra, name)
      if how then netns.serve(name_server(how)) end
      return at_client([[say("one", core.job_status(options("http://%s:8099", { %s })))]],
        name or "ges.example", extra or "").one
    end

    it("do not exist are dns", function()
      assert.equal("dns", ask_name("code = 3").what)
    end)

    it("cannot be resolved are dns", function()
      for _, how in ipairs { "code = 2", "code = 5", [[junk = "x"]], [[junk = q]],
        [[junk = q:sub(1, 2) .. "\129\128\0\1\255\255\0\0\0\0"]], "code = 0" } do
        local one = ask_name(how, "connect_timeout = 1.5")
        assert.is_true(one.what == "dns" or one.what == "timeout", how .. ": " .. one.err)
        netns.stop()
      end
    end)

    it("end with connect_timeout when the name server is silent", function()
      netns.resolver("nameserver 10.77.0.2", "timeout:10 attempts:1")
      local one = ask_name("silent = true", "connect_timeout = 0.4")
      assert.is_true(one.what == "dns" or one.what == "timeout", one.err)
      assert.is_true(one.seconds < 5, one.seconds)
    end)

    it("without a resolv.conf, and so without a name server, are dns", function()
      netns.resolver("")
      local one = ask_name(nil, "request_timeout = 5")
      assert.equal("dns", one.what, one.err)
    end)

    it("have one dead address and one alive are reached", function()
      netns.serve([[
        local wire = require("wire")
        local keep = {}
        local socket = require("socket")
        local listener = assert(socket.bind("10.77.0.2", 8099))
        print("ready")
        io.flush()
        while true do
          local peer = listener:accept()
          repeat local line = peer:receive("*l") until not line or line == ""
          peer:send('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"status":"running"}')
          keep[#keep + 1] = peer
        end]])
      local one = ask_name([[
        a = "\10\77\0\2"
        aaaa = "\32\1\13\184" .. ("\0"):rep(11) .. "\1"]])
      assert.equal("running", one.what, one.err)
      assert.is_true(one.seconds < 8, one.seconds)
    end)

    it("fail for a while do so after the first answer without harm, and before it not", function()
      netns.serve(name_server("code = 3"))
      local seen = at_client([[
        local began = core.now()
        local job, err, info = ges.wait(options("http://ges.example", { interval = 0.05,
          timeout = 60 }))
        say("typo", job, err, info)
        assert(core.now() - began < 20)]])
      assert.equal("dns", seen.typo.what, seen.typo.err)
      assert.equal(3, seen.typo.attempts)
    end)
  end)
end)
