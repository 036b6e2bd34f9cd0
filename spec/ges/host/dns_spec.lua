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
