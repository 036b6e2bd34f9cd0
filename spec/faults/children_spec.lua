-- SPDX-License-Identifier: MIT
-- What a child gets of a process that uses ges: a program that it starts gets no descriptor of
-- ges, and a fork that closes its copy of a client leaves the parent its TLS connection.

local child = require("child")
local kit = require("core_kit")
local tls = require("tls_lab")
local wire = require("wire")

describe("faults: a child", function()
  after_each(kit.cleanup)

  -- Lua with `tell(moment)`, which prints the descriptors of this process, and those that its
  -- children have: a line "MOMENT own KIND" or "MOMENT child KIND" for each that waits for
  -- something, and each that is a TCP connection; and `connected`, how many of these it has.
  local TELL = child.prelude .. [[
    local LIST = "for p in self $PPID; do for f in /proc/$p/fd/*; do echo $p $(readlink $f); "
      .. "done; done"
    local function connections()
      local all = {}
      for line in io.lines("/proc/net/tcp") do
        all[line:match("^%s*%S+ %S+ %S+ %S+ %S+ %S+ %S+%s+%d+%s+%d+ (%d+)") or 0] = true
      end
      return all
    end
    local function each(text, f)
      local tcp = connections()
      for who, what in text:gmatch("(%w+) (%S+)") do
        local kind = what:match("^anon_inode:%[(%a+)%]")
          or tcp[what:match("^socket:%[(%d+)%]")] and "connection"
        if kind then f(who == "self" and "child" or "own", kind) end
      end
    end
    local function from_pipe()
      local pipe = io.popen(LIST)
      local text = pipe:read("*a")
      pipe:close()
      return text
    end
    local function from_execute()
      local out = os.tmpname()
      os.execute("{ " .. LIST .. "; } >" .. out)
      local file = io.open(out)
      local text = file:read("*a")
      file:close()
      os.remove(out)
      return text
    end
    local function tell(moment)
      for _, f in ipairs { from_pipe, from_execute } do
        each(f(), function(who, kind) print(moment, who, kind) end)
      end
    end
    local function connected()
      local n = 0
      each(from_pipe(), function(who, kind)
        if who == "own" and kind == "connection" then n = n + 1 end
      end)
      return n
    end
  ]]

  -- How many of each kind the process or its children had at this moment, in both listings.
  local function count(said, moment, who)
    local all = {}
    for kind in said:gmatch(moment .. "\t" .. who .. "\t(%a+)") do
      all[kind] = (all[kind] or 0) + 1
    end
    return all
  end

  it("that is a program has no descriptor of ges, at no moment of a call", function()
    local slow = kit.serve { { "request", { stall = true } }, loop = true }
    local good = kit.answering(wire.reply(200, '{"status":"running"}'))
    local said = child.good(TELL .. ([[
      local slow, good = %q, %q
      local client = core.engine()
      client:fd()
      tell("made")
      for i = 1, 3 do client:start(options(slow, { job_id = "j" .. i })) end
      local stop = core.now() + 60
      repeat client:step(0.05) until connected() >= 3 or core.now() > stop
      tell("asking")
      local named = good:gsub("127.0.0.1", "localhost")
      for _, url in ipairs { good, named } do
        assert(client:job_status(options(url)))
        assert(ges.job_status(options(url)))
      end
      tell("kept")
      client:close()]]):format(slow:url(), good:url()))
    for _, moment in ipairs { "made", "asking", "kept" } do
      assert.same({}, count(said, moment, "child"), moment .. ": " .. said)
    end
    -- one of each in both listings; newer libcurls have an eventfd of their own
    local own = count(said, "made", "own")
    for _, kind in ipairs { "eventpoll", "timerfd", "eventfd" } do
      assert.is_true((own[kind] or 0) >= 2, kind .. ": " .. said)
    end
    -- /proc/net/tcp may miss some while others come and go
    assert.is_truthy(count(said, "asking", "own").connection, said)
    assert.is_truthy(count(said, "kept", "own").connection, said)
  end)

  it("that is started from a callback, or in the middle of a call, has none either", function()
    local good = kit.answering(wire.reply(200, '{"status":"running"}'))
    local said = child.good(TELL .. ([[
      local polls = 0
      ges.wait(options(%q, { interval = 0.01, timeout = 60, on_event = function(event)
        if event.type ~= "poll" then return end
        polls = polls + 1
        tell("polled")
        return polls < 3
      end }))]]):format(good:url()))
    assert.same({}, count(said, "polled", "child"), said)
    assert.is_truthy(count(said, "polled", "own").connection, said)
  end)

  describe("of fork", function()
    if not require("core_fork").run then
      pending("fork is not available")
      return
    end

    setup(tls.start)
    teardown(tls.cleanup)

    -- What a child does with its copy of a client that has an idle connection.
    local DEEDS = {
      ["closes its copy"] = "client:close()",
      ["collects its copy"] = "client = nil collectgarbage() collectgarbage()",
      ["closes its copy, and asks with another client"] = "client:close() ask(make())",
      ["asks, and closes then"] = "ask(client) client:close()",
      ["closes its Lua state"] = "client = nil os.exit(0, true)",
      ["closes its Lua state, with a client in it"] = "kept = client os.exit(0, true)",
    }

    -- The kinds of a client; "busy": one with a call under way, which goes on in the parent.
    for kind, make in pairs { core = "core.engine()", busy = "core.engine()", ges = "ges.new{}" } do
      for name, deed in pairs(DEEDS) do
        it(("that %s leaves the parent its TLS connection: %s"):format(name, kind), function()
          local before = #tls.seen("good")
          child.good(child.prelude .. ([[
            local fork = require("core_fork")
            local endpoint, ca_file = %q, %q
            local function make() return %s end
            local function ask(client)
              assert(client:job_status(options(endpoint, { ca_file = ca_file })))
            end
            local client = make()
            ask(client)
            local busy = %s
            if busy then
              client:start(options(endpoint, { ca_file = ca_file, job_id = "slow" }))
              local sent = core.now() + 0.1 -- the answer takes 0.3 s
              repeat client:step(0.01) until core.now() > sent
            end
            local pid = fork.fork()
            if pid == 0 then
              %s
              fork.exit(0)
            end
            fork.wait(pid)
            local id, job, err
            while busy and not id do
              client:step(0.05)
              id, job, err = client:poll()
              assert(not id or job, err)
            end
            ask(client)
            ask(client)
            client:close()]]):format(tls.url("good"), tls.path("root.pem"), make,
              tostring(kind == "busy"), deed))
          local own, seen, connections, n = deed:find("ask", 1, true) and 1 or 0, {}, {}, 0
          local asked = 3 + own + (kind == "busy" and 1 or 0)
          kit.eventually(function()
            seen = tls.seen("good")
            return #seen >= before + asked
          end)
          for i = before + 1, #seen do
            local connection = seen[i]:match("^%S+ (%d+)")
            if not connections[connection] then n = n + 1 end
            connections[connection] = true
          end
          -- a call that is started has other settings of TLS than one that is waited for
          assert.equal(asked - 2, n, table.concat(seen, "\n", before + 1))
        end)
      end
    end
  end)
end)
