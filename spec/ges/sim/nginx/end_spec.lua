-- The simulator in a real nginx: its end, also that of its nginx and of its starter.

local ges_sim = require "ges.sim"
local kit = require "sim_kit"
local socket = require "socket"

local run, exists, alive, wait_until = kit.run, kit.exists, kit.alive, kit.wait_until
local send, graphs, background, interpreter = kit.send, kit.graphs, kit.background, kit.interpreter

describe("ges.sim", function()
  it("stops by its own id, removes its directory, and may be stopped twice", function()
    local other = assert(ges_sim.start())
    assert.is_true(other:stop())
    assert.is_false(alive(other.pid))
    assert.is_false(exists(other.dir))
    assert.is_true(other:stop())
    assert.is_nil((send(other, "GET", "/sim/stats")))
  end)

  it("stops within the second though a slow answer is under way", function()
    local other = assert(ges_sim.start())
    send(other, "POST", "/sim/faults", { kind = "slow", delay = 60, on = "list" })
    local port = tonumber(other.url:match ":(%d+)$")
    local waiting = assert(socket.connect("127.0.0.1", port))
    waiting:send(("GET %s/jobs HTTP/1.1\r\nHost: x\r\n\r\n"):format(graphs(other)))
    assert.is_true(wait_until(30, function()
      return select(2, send(other, "GET", "/sim/stats")).faults == 1
    end))
    local before = socket.gettime()
    assert.is_true(other:stop())
    waiting:close()
    assert.is_true(socket.gettime() - before < 5)
  end)

  it("ends when the process that started it is gone", function()
    local output = os.tmpname()
    local _, script = background([[
      local server = assert(require("ges.sim").start())
      print(server.pid, server.dir)]], output)
    local pid, dir
    assert.is_true(wait_until(30, function()
      pid, dir = run("cat " .. output):match "^(%d+)%s+(%S+)\n"
      return pid
    end))
    assert.is_true(wait_until(30, function() return not alive(pid) and not exists(dir) end))
    os.remove(output)
    os.remove(script)
  end)

  it("has no worker left when its master was killed", function()
    local other = assert(ges_sim.start { workers = 2 })
    local one, another
    assert.is_true(wait_until(30, function() -- the master makes them after it has begun to listen
      one, another = run("ps -o pid= --ppid " .. other.pid):match("(%d+)%s+(%d+)")
      return another ~= nil
    end))
    run("kill -KILL " .. other.pid)
    assert.is_true(wait_until(30, function() return not alive(one) and not alive(another) end))
    assert.is_false(other:is_there())
    assert.is_true(other:stop())
    assert.is_false(exists(other.dir))
  end)

  it("ends when its folder is taken away", function()
    local other = assert(ges_sim.start())
    assert.is_true(wait_until(30, function() return exists(other.dir .. "/watched") end))
    run("rm -r " .. other.dir)
    assert.is_true(wait_until(30, function() return not alive(other.pid) end))
    assert.is_true(other:stop())
  end)

  it("leaves nothing when Ctrl-C comes while it starts", function()
    local dir = run("mktemp -d"):gsub("\n", "")
    -- An nginx that, once it is up, has Ctrl-C sent to all that the terminal would send it to.
    local file = assert(io.open(dir .. "/nginx", "w"))
    file:write([[#!/bin/sh
nginx "$@"
code=$?
# a pause: the signal is on its way
[ "$1" = -V ] || { kill -INT 0; sleep 0.2; echo sent >"$(dirname "$0")/sent"; }
exit $code
]])
    file:close()
    file = assert(io.open(dir .. "/start.lua", "w"))
    file:write(("require('ges.sim').start({ dir = %q, nginx = %q })"):format(dir, dir .. "/nginx"))
    file:close()
    run("chmod +x " .. dir .. "/nginx")
    run(("setsid -w %s %s/start.lua"):format(interpreter, dir))
    assert.is_true(wait_until(30, function()
      return exists(dir .. "/sent") and run("ls -d " .. dir .. "/ges-sim.*"):find("No such")
    end))
    assert.equal("", run("pgrep -f '[n]ginx.*" .. dir .. "/ges-sim'"))
    run("rm -r " .. dir)
  end)

  it("ends no process but its nginx, though that one's id was given out again", function()
    local other = assert(ges_sim.start())
    local workers = run("ps -o pid= --ppid " .. other.pid):gsub("%s+", " ")
    run(("kill -KILL %d %s"):format(other.pid, workers))
    -- a pause: a process that has nothing to do with it
    local pid = tonumber(run("sleep 100 >/dev/null 2>&1 & echo $!"))
    local file = assert(io.open(other.dir .. "/nginx.pid", "w"))
    file:write(pid, "\n")
    file:close()
    assert.is_true(other:stop() ~= nil)
    assert.is_true(alive(pid))
    assert.is_false(exists(other.dir))
    run("kill " .. pid)
  end)

  it("ends when its process was killed, though that one's own parent takes no notice", function()
    -- The parent becomes a `sleep`, which asks for no child: the process stays in the system's
    -- table.
    local output, script = os.tmpname(), os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write([[
      local server = assert(require("ges.sim").start())
      print(server.pid, server.dir)
      io.flush()
      os.execute("exec sleep 600") -- a pause: until it is ended]])
    file:close()
    -- a pause: until it is ended
    local form = "sh -c '%s %s >%s 2>&1 & echo $$ $!; exec sleep 600 >/dev/null 2>&1' &"
    local parent, child = run(form:format(interpreter, script, output)):match("^(%d+) (%d+)")
    local nginx_pid, dir
    assert.is_true(wait_until(30, function()
      nginx_pid, dir = run("cat " .. output):match "^(%d+)%s+(%S+)\n"
      return nginx_pid
    end))
    run(("pkill -KILL -P %d; kill -KILL %d"):format(child, child))
    assert.is_true(wait_until(30, function() return not alive(nginx_pid) and not exists(dir) end))
    assert.equal("Z", (run("ps -o stat= -p " .. child):sub(1, 1)))
    run("kill " .. parent)
    os.remove(output)
    os.remove(script)
  end)
end)
