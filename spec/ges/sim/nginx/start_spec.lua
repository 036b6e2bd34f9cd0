-- The simulator in a real nginx: its start, its options, and who may read and verify what.

local ges_sim = require "ges.sim"
local kit = require "sim_kit"
local plain_http = require "plain_http"

local run, alive, wait_until, send = kit.run, kit.alive, kit.wait_until, kit.send
local graphs, start_job, own_folder = kit.graphs, kit.start_job, kit.own_folder
local interpreter = kit.interpreter

describe("ges.sim", function()
  local server

  setup(function()
    server = assert(ges_sim.start { tls = true, workers = 2 })
  end)

  teardown(function()
    server:stop()
  end)

  it("says where it is, in a directory of its own", function()
    assert.truthy(server.url:find "^http://127%.0%.0%.1:%d+$")
    assert.truthy(server.https_url:find "^https://127%.0%.0%.1:%d+$")
    assert.is_true(alive(server.pid))
    assert.truthy(run("ls -ld " .. server.dir):find "^drwx%-%-x%-%-x")
    assert.truthy(run("ls -l " .. server.dir .. "/ges_sim_settings.lua"):find "^%-rw%-%-%-%-%-%-%-")
  end)

  it("lets two run side by side, with their own state", function()
    local other = assert(ges_sim.start())
    local path = start_job(other)
    local here, there = send(server, "GET", path), send(other, "GET", path)
    other:stop()
    assert.equal(400, here)
    assert.equal(200, there)
    assert.is_nil(other.https_url)
  end)

  it("takes a port that it is given, unless that is in use", function()
    local other = assert(ges_sim.start())
    local port = tonumber(other.url:match ":(%d+)$")
    local none, why = ges_sim.start { port = port }
    assert.is_nil(none)
    assert.equal(("port %d is in use"):format(port), why)
    other:stop()
    other = assert(ges_sim.start { port = port })
    other:stop()
    assert.equal("http://127.0.0.1:" .. port, other.url)
  end)

  it("says that a port is in use that is taken, but not listened on", function()
    local socket = require "socket"
    local taken = assert(socket.tcp())
    assert(taken:bind("127.0.0.1", 0))
    local _, port = taken:getsockname()
    local none, why = ges_sim.start { port = tonumber(port) }
    taken:close()
    assert.is_nil(none)
    assert.equal(("port %s is in use"):format(port), why)
  end)

  it("starts whatever the environment says to nginx, and wherever cd would go", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("local s, why = require('ges.sim').start({ dir = 'tmp' })\n"
      .. "print(why or s:start_job({ call = 'stop' }) ~= nil and s:stop())")
    file:close()
    assert.equal("true\n", run(("cd / && NGINX='7;' CDPATH=/ LUA_PATH='%s' %s %s"):format(
      package.path:gsub("%./", run("pwd"):gsub("\n", "") .. "/"), interpreter, path)))
    os.remove(path)
  end)

  it("starts as a root that cannot become another user", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("local s, why = require('ges.sim').start()\n"
      .. "print(why or s:start_job({ call = 'stop' }) ~= nil and s:stop())")
    file:close()
    local ways = { "unshare -U -r", "setpriv --bounding-set -all --inh-caps -all",
      "setpriv --bounding-set -setuid,-setgid --inh-caps -setuid,-setgid" }
    local tried = 0
    for _, way in ipairs(ways) do
      if run(way .. " true && echo yes") == "yes\n" then
        tried = tried + 1
        assert.equal("true\n", run(("%s %s %s"):format(way, interpreter, path)), way)
      end
    end
    os.remove(path)
    if tried == 0 then pending("neither unshare nor setpriv may do this here") end
  end)

  it("finds its own modules, wherever package.path leads by now", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(([[
      package.path = %q
      local ges_sim = require("ges.sim")
      package.path = "/nowhere/?.lua"
      assert(ges_sim.start({ codec = "ges.json" })):stop()
      print("served")]]):format(package.path))
    file:close()
    assert.equal("served\n", run("env -u LUA_PATH " .. interpreter .. " " .. script))
    os.remove(script)
  end)

  it("starts with nginx's own lua-resty-core, whatever other one package.path leads to", function()
    local folder = run("mktemp -d"):gsub("\n", "")
    run("mkdir " .. folder .. "/resty")
    local file = assert(io.open(folder .. "/resty/core.lua", "w"))
    file:write("error('another lua-resty-core')")
    file:close()
    local before = package.path
    package.path = folder .. "/?.lua;" .. before
    local other, why = ges_sim.start()
    package.path = before
    run("rm -r " .. folder)
    assert(other, why)
    assert.equal(200, (send(other, "GET", "/sim/stats")))
    other:stop()
  end)

  it("starts where LUA_CPATH leads to modules for another Lua", function()
    local folder = run("mktemp -d"):gsub("\n", "")
    run(("mkdir %s/5.4 && echo no module >%s/5.4/cjson.so"):format(folder, folder))
    local file = assert(io.open(folder .. "/start.lua", "w"))
    file:write(([[
      package.path, package.cpath = %q, %q
      assert(require("ges.sim").start()):stop()
      print("served")]]):format(package.path, package.cpath:match("[^;]+")))
    file:close()
    assert.equal("served\n", run(("LUA_CPATH='%s/5.4/?.so;;' %s %s/start.lua"):format(folder,
      interpreter, folder)))
    run("rm -r " .. folder)
  end)

  it("takes its users and its place from its options", function()
    local parent = run("mktemp -d"):gsub("\n", "") .. "/it's here"
    run('mkdir "' .. parent .. '"')
    local other = assert(ges_sim.start { dir = parent,
      projects = { { id = "p", name = "q" } }, graphs = { { id = "g", name = 'say "hi"\n' } },
      tokens = { { token = "mine", project_id = "p" } } })
    local status, body = send(other, "POST", "/v2/p/graphs/g/stop", nil,
      { ["X-Auth-Token"] = "mine" })
    local _, list = send(other, "GET", "/v2/p/graphs/jobs", nil, { ["X-Auth-Token"] = "mine" })
    other:stop()
    assert.equal(200, status)
    assert.equal(body.job_id, list.job_list[1].job_id)
    assert.equal('say "hi"\n', list.job_list[1].related_graph)
    assert.equal("mine", other.demo.token)
    assert.equal(parent, other.dir:sub(1, #parent))
    assert.equal("", run('ls "' .. parent .. '"'))
    run('rmdir "' .. parent .. '" "' .. parent:match "^(.*)/" .. '"')
  end)

  it("throws at a mistake and returns what it cannot do", function()
    assert.error_matches(function() ges_sim.start { prot = 1 } end, "unknown option 'prot'")
    assert.error_matches(function() ges_sim.start { port = 65536 } end, "port")
    assert.error_matches(function() ges_sim.start { workers = 0.5 } end, "workers")
    assert.error_matches(function() ges_sim.start { memory = "much" } end, "memory")
    local none, why = ges_sim.start { nginx = "/bin/false" }
    assert.is_nil(none)
    assert.truthy(why:find("/bin/false with the Lua module not found", 1, true))
    none, why = ges_sim.start { dir = "/proc/none" }
    assert.is_nil(none)
    assert.truthy(why:find("cannot make a folder", 1, true))
    none, why = ges_sim.start { codec = "no.such.codec" }
    assert.is_nil(none)
    assert.truthy(why:find("no.such.codec", 1, true))
  end)

  it("makes its folder where it is told to, by a relative path, too", function()
    local dir = run("mktemp -d"):gsub("\n", "")
    local file = assert(io.open(dir .. "/start.lua", "w"))
    file:write(([[
      package.path = %q
      local server = assert(require("ges.sim").start({ dir = "sub" }))
      print(server.dir)
      server:stop()]]):format(package.path))
    file:close()
    run("mkdir " .. dir .. "/sub")
    local here = run("pwd"):gsub("\n", "")
    local code = package.path:gsub("%./", here .. "/")
    local text = run(("cd %s && LUA_PATH='%s' %s start.lua"):format(dir, code, interpreter))
    run("rm -r " .. dir)
    assert.matches("^" .. dir:gsub("%p", "%%%0") .. "/sub/ges%-sim%.%w+\n$", text)
  end)

  it("refuses a folder whose name nginx cannot read, and leaves nothing there", function()
    local dir = run("mktemp -d"):gsub("\n", "")
    for _, name in ipairs { "do$lar", "se;mi", "qu?est" } do
      run(("mkdir '%s/%s'"):format(dir, name))
      local none, why = ges_sim.start { dir = dir .. "/" .. name }
      assert.is_nil(none)
      assert.is_truthy(why:find("nginx and Lua cannot read such a path", 1, true), why)
      assert.equal("", run(("ls '%s/%s'"):format(dir, name)))
    end
    run("rm -r " .. dir)
  end)

  describe("access keys", function()
    -- Asks with a signature made by openssl's command.
    local function ask(to, secret)
      local path = graphs(to) .. "/jobs"
      return plain_http.send(to.url, "GET", path, { headers = plain_http.sign(to.url, "GET", path,
        to.demo.ak or "SIMACCESSKEY", secret) })
    end

    it("are verified where the module is installed for another Lua only", function()
      local dir = run("mktemp -d"):gsub("\n", "")
      local script = dir .. "/start.lua"
      local file = assert(io.open(script, "w"))
      file:write(([[
        package.path = %q
        package.cpath = "/nowhere/?.so"
        local server = assert(require("ges.sim").start({ dir = %q }))
        print(server.url, server.no_keys, server.demo.ak)
        io.flush()
        io.read()
        server:stop()]]):format(package.path, dir))
      file:close()
      local hold = assert(io.popen(("env -u LUA_CPATH -u LUA_PATH %s %s >%s/out 2>&1"):format(
        interpreter, script, dir), "w"))
      local url
      assert.is_true(wait_until(30, function()
        url = run("cat " .. dir .. "/out"):match("(%S+)\tnil\tSIMACCESSKEY\n")
        return url
      end), run("cat " .. dir .. "/out"))
      local other = { url = url, demo = server.demo }
      assert.equal(200, (ask(other, "sim-secret-key")))
      assert.equal(401, (ask(other, "wrong")))
      hold:write("\n")
      hold:close()
      run("rm -r " .. dir)
    end)

    it("are not offered where nothing can verify them, and that is said", function()
      -- The folder of ges with another file in the place of the hashes.
      local dir = run("mktemp -d"):gsub("\n", "")
      local own = own_folder()
      run(("cp -r %s/ges %s/ges"):format(own, dir))
      local file = assert(io.open(dir .. "/ges/sim/nginx/digest.lua", "w"))
      file:write("return { new = function() return nil, 'no hashes here' end }")
      file:close()
      file = assert(io.open(dir .. "/start.lua", "w"))
      file:write(([[
        package.path = %q .. package.path
        local sim = require("ges.sim")
        local server = assert(sim.start({ dir = %q }))
        print(server.no_keys, server.demo.ak, server.demo.sk, server.demo.token)
        print(select(2, sim.start({ keys = { { ak = "a", sk = "b" } } })))
        server:stop()]]):format(dir .. "/?.lua;" .. dir .. "/?/init.lua;", dir))
      file:close()
      assert.equal("no hashes here\tnil\tnil\tsim-token\n"
        .. "nginx did not start: access keys cannot be verified: no hashes here\n",
        run(("%s %s/start.lua"):format(interpreter, dir)))
      run("rm -r " .. dir)
    end)
  end)

  it("has workers without privileges, also where its files can be read by root only", function()
    local one, another
    assert.is_true(wait_until(30, function()
      one, another = run(("ps -o uid= --ppid %d"):format(server.pid)):match("(%d+)%s+(%d+)")
      return another ~= nil
    end))
    local uid = run("id -u"):match("%d+")
    if uid ~= "0" then
      assert.same({ uid, uid }, { one, another })
      return
    end
    assert.is_true(one ~= "0" and another ~= "0")
    -- A copy in a folder that no other user can enter.
    local dir = run("umask 077; mktemp -d"):gsub("\n", "")
    local own = own_folder()
    run(("umask 077; cp -r %s/ges %s/ges"):format(own, dir))
    local file = assert(io.open(dir .. "/start.lua", "w"))
    file:write(([[
      package.path = %q .. package.path
      local server = assert(require("ges.sim").start())
      print(server:start_job({ seconds = 0, call = "stop" }), server:stop())]]):format(
        dir .. "/?.lua;" .. dir .. "/?/init.lua;"))
    file:close()
    assert.matches("^%x+\ttrue\n$", run(("%s %s/start.lua"):format(interpreter, dir)))
    run("rm -r " .. dir)
  end)
end)
