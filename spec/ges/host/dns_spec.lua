-- ges and a name server that never answers: a deadline is kept, in a script and in nginx, and a
-- process may end while the question is still open. Needs a mount namespace, hence root on Linux.

local kit = require("ngx_kit")
local socket = require("socket")

-- An address of this process's own, for the specs may run on both Luas at the same time.
local SERVER = "127.0.77." .. 1 + tonumber((kit.run("echo $PPID"))) % 250

-- A directory with a resolver configuration, and the command that runs others under it.
local function make_namespace()
  local dir = kit.run("umask 022; mktemp -d ${TMPDIR:-/tmp}/ges-spec.XXXXXX"):gsub("%s+$", "")
  local file = assert(io.open(dir .. "/resolv.conf", "w"))
  file:write("nameserver " .. SERVER .. "\noptions timeout:5 attempts:2\n")
  file:close()
  return dir, ("unshare -m sh -c 'mount --bind %s/resolv.conf /etc/resolv.conf && exec \"$@\"' x")
    :format(dir)
end

local dir, command = make_namespace()
local mute = socket.udp()
local possible = mute:setsockname(SERVER, 53) and kit.run(command .. " true; echo $?") == "0\n"

if not possible then
  kit.run("rm -rf -- " .. dir)
  mute:close()
  describe("ges with a dead name server", function()
    pending("is not tried out here: that takes root, unshare and a free port 53")
  end)
  return
end

-- The threads of three look-ups: IPv4 and IPv6 have a thread each since libcurl 8.20.
local THREADS = 3
do
  local major, minor = require("ges.core").info().libcurl:match("^(%d+)%.(%d+)")
  if major * 1000 + minor >= 8020 then THREADS = 6 end
end

local interpreter = rawget(_G, "jit") and "luajit" or "lua5.4"

local OPTIONS = kit.options("https://name.invalid.example") .. ', job_id = "j", retries = 0'

-- Runs a script under the dead name server; what it printed, its exit status and the seconds.
local function run(script)
  local path = dir .. "/script.lua"
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  local began = socket.gettime()
  local text = kit.run(("%s %s %s; echo status $?"):format(command, interpreter, path))
  return text:match("^(.*)status (%d+)\n$"), tonumber(text:match("status (%d+)\n$")),
    socket.gettime() - began
end

describe("ges with a dead name server", function()
  teardown(function()
    mute:close()
    kit.run("rm -rf -- " .. dir)
    kit.cleanup()
  end)

  it("keeps the timeout of a call, and the process may end at once", function()
    local text, status, took = run(([[
      local core, ges = require("ges.core"), require("ges")
      local began = core.now()
      local job, err, info = ges.job_status({ %s, timeout = 0.5 })
      print(job, info.kind, core.now() - began < 4)
    ]]):format(OPTIONS))
    assert.equal("nil\ttimeout\ttrue\n", text)
    assert.equal(0, status)
    assert.is_true(took < 8, took)
    assert.is_truthy(mute:receivefrom(), "the name server was not asked")
  end)

  it("lets a closed Lua state go while the resolver's thread lives on", function()
    local text, status, took = run(([[
      local ges = require("ges")
      for i = 1, 5 do
        local client = ges.new({ %s, timeout = 0.2 })
        local _, _, info = client:job_status({})
        client:close()
        io.write(info.kind, " ")
      end
      os.exit(0, true)
    ]]):format(OPTIONS))
    assert.equal("timeout timeout timeout timeout timeout ", text)
    assert.equal(0, status)
    assert.is_true(took < 8, took)
  end)

  it("cancels a wait at once", function()
    local text = run(([[
      local core, ges = require("ges.core"), require("ges")
      local handle = ges.start({ %s, host = "plain" })
      handle:poll()
      local began = core.now()
      handle:cancel()
      local over, _, _, info = handle:poll()
      print(over, info.kind, core.now() - began < 4)
    ]]):format((OPTIONS:gsub(", retries = 0", ""))))
    assert.equal("true\tcancelled\ttrue\n", text)
  end)

  -- The most threads that the process has had besides its own, while `code` runs, which says when
  -- to look.
  local function threads(code)
    local text, status = run(([[
      local core, ges = require("ges.core"), require("ges")
      local most = 0
      local function look()
        for line in io.lines("/proc/self/status") do
          local n = line:match("^Threads:%%s*(%%d+)")
          if n then most = math.max(most, n - 1) end
        end
      end
      local function options(i, extra)
        local all = { %s, project_id = "p", graph_id = "g", token = "t" }
        all.job_id = "j" .. i
        for name, value in pairs(extra) do all[name] = value end
        return all
      end
      %s
      io.write("most ", most, " ended ", ended, "\n")
      os.exit(0)
    ]]):format('endpoint = "https://name.invalid.example"', code))
    assert.equal(0, status, text)
    local most, ended = text:match("most (%S+) ended (%d+)")
    assert.equal("60", ended)
    return tonumber(most)
  end

  it("keeps few threads for 60 calls at once", function()
    local most = threads([[
      local engine, ended = core.engine(), 0
      for i = 1, 60 do engine:start(options(i, { request_timeout = 1 })) end
      while ended < 60 do
        engine:step(0.02)
        look()
        while engine:poll() do ended = ended + 1 end
      end]])
    assert.is_true(most >= 1 and most <= THREADS, most)
  end)

  it("keeps few threads for a wait of 60 jobs", function()
    local most = threads([[
      local jobs, ended = {}, 0
      for i = 1, 60 do jobs[i] = { job_id = "j" .. i } end
      local all = options(1, { jobs = jobs, timeout = 3, request_timeout = 1, max_in_flight = 60,
        on_event = look, on_request = look })
      all.job_id = nil
      for _, result in ipairs(ges.wait_all(all)) do
        assert(not result.job)
        ended = ended + 1
      end
      look()]])
    assert.is_true(most >= 1 and most <= THREADS, most)
  end)

  it("keeps few threads for 60 calls one after the other", function()
    local most = threads([[
      local engine, ended = core.engine(), 0
      for i = 1, 60 do
        assert(not engine:job_status(options(i, { request_timeout = 0.05 })))
        ended = ended + 1
        look()
      end]])
    assert.is_true(most >= 1 and most <= THREADS, most)
  end)

  -- Such a lookup says nothing against the name server: it counts for a second.
  it("keeps three look-ups a second for calls that are cancelled", function()
    local most = threads([[
      local engine, ended, began = core.engine(), 0, core.now()
      for i = 1, 60 do
        local id = engine:start(options(i, { request_timeout = 20 }))
        for _ = 1, 3 do engine:step(0.01) end
        engine:cancel(id)
        ended = ended + 1
        look()
      end
      most = most / (1 + math.floor(core.now() - began))]])
    assert.is_true(most > 0 and most <= THREADS, most)
  end)

  it("asks the name server again a second after lookups that were cancelled", function()
    local text = run([[
      local core = require("ges.core")
      local client = core.engine()
      local options = { endpoint = "https://name.invalid.example", project_id = "p",
        graph_id = "g", job_id = "j", token = "t", request_timeout = 5, connect_timeout = 30 }
      for _ = 1, 3 do
        local id = client:start(options)
        client:step(0)
        client:cancel(id)
      end
      local _, _, info = client:job_status(options)
      print(info.kind, info.attempts)
      os.exit(0)]])
    assert.equal("timeout\t1\n", text)
  end)

  it("asks the name server again once a lookup that was given up has ended", function()
    local text = run(([[
      local core = require("ges.core")
      local client = core.engine()
      for i, limit in ipairs { 0.05, 0.05, 0.05, 0.05, 12 } do
        client:start({ endpoint = "https://name.invalid.example", project_id = "p",
          graph_id = "g", job_id = "j", token = "t", request_timeout = limit,
          connect_timeout = 30 })
        local id, _, err, info
        repeat -- as an event loop does: it works only when the descriptor says so
          core.epwait(client:fd(), 30000)
          client:step(0)
          id, _, err, info = client:poll()
        until id
        print(info.kind, info.attempts, err:find("look-ups", 1, true) ~= nil)
      end
      os.exit(0)]]))
    local asked, held = "timeout\t%d\tfalse\n", "timeout\t0\ttrue\n"
    assert.equal(asked:format(0):rep(3) .. held .. asked:format(1), text)
  end)

  -- nginx runs LuaJIT, whatever runs the specs: once is enough.
  if interpreter ~= "luajit" then return end

  it("holds up neither an nginx worker nor its end", function()
    local server = kit.start({ command = command, server = ([[
      location = /job { content_by_lua_block {
        local job, err, info = require("ges").job_status({ %s, timeout = 0.5 })
        ngx.print(info.kind)
      } }]]):format(OPTIONS) })
    local socks, began, slowest = {}, socket.gettime(), 0
    for i = 1, 20 do socks[i] = server:open("/job") end
    while socket.gettime() < began + 0.7 do
      local sent = socket.gettime()
      assert.equal(200, (server:get("/ping")))
      slowest = math.max(slowest, socket.gettime() - sent)
    end
    for i = 1, 20 do assert.equal("timeout", select(2, kit.receive(socks[i]))) end
    assert.is_true(socket.gettime() - began < 8, socket.gettime() - began)
    assert.is_true(slowest < 4, slowest)
    began = socket.gettime()
    server:stop()
    assert.is_true(socket.gettime() - began < 8, socket.gettime() - began)
    assert.same({}, server:complaints())
  end)
end)
