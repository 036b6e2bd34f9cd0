-- SPDX-License-Identifier: MIT
-- Group H of the faults, and C11: more than one Lua state, more than one thread, states that close
-- in the middle, modules that are loaded again, a hundred thousand clients, a collector that never
-- rests. (Lack of memory is `make torture`.)

local child = require("child")
local kit = require("core_kit")
local wire = require("wire")

-- What a script in a state of its own begins with.
local SCRIPT = [[
local url, number = ...
local core, ges = require("ges.core"), require("ges")
local function options(extra)
  local opts = { endpoint = url, project_id = "p1", graph_id = "g1", job_id = "j" .. number,
    token = "state-token-" .. number }
  for name, value in pairs(extra or {}) do opts[name] = value end
  return opts
end
]]

describe("faults: the Lua side", function()
  after_each(kit.cleanup)

  local function server(rest)
    return kit.serve { { "request", { sleep = rest or 0 }, wire.reply(200, '{"status":"running"}'),
      { again = true } }, loop = true }
  end

  describe("in a host with several states", function()
    local host

    setup(function()
      host = os.tmpname()
      local package = child.lua == "luajit" and "luajit" or "lua5.4"
      local said, code = child.shell(("cc -O1 -o %s spec/support/two_states.c"
        .. " $(pkg-config --cflags --libs %s) -lpthread -lm -Wl,-E"):format(host, package))
      assert(code == 0, said)
    end)

    teardown(function() os.remove(host) end)

    -- Runs a script in a way of two_states.c.
    local function run(way, url, code)
      local path = child.file(SCRIPT .. code)
      local said, status = child.shell(("timeout 60 %s %s %s %s"):format(host, way, path, url))
      os.remove(path)
      assert.equal(0, status, said)
      assert.equal("well", said:match("%S+%s*$"):match("%S+"), said)
      return said
    end

    it("each is on its own, and outlives the other", function()
      local one = server(0.05)
      run("turns", one:url(), [[
        local client = core.engine()
        for _ = 1, 10 do client:start(options()) end
        local left = number == 1 and 3 or 10  -- the first closes with calls under way
        return function()
          client:step(0.01)
          local id, job = client:poll()
          while id do
            assert(job.status == "running")
            left = left - 1
            id, job = client:poll()
          end
          return left <= 0
        end]])
      for _, request in ipairs(one:requests()) do
        local job, token = request:match("/jobs/j(%d)/.*X%-Auth%-Token: state%-token%-(%d)")
        assert.equal(job, token)
      end
    end)

    it("each may have a thread", function()
      run("threads", server(0.01):url(), [[
        for _ = 1, 20 do assert(core.job_status(options()).status == "running") end
        local client = ges.new()
        for _ = 1, 5 do
          assert(client:job_status(options()))
          local _, _, info = client:wait(options { interval = 0.02, timeout = 0.05 })
          assert(info.kind == "deadline")
        end
        local results = client:wait_all(options { job_id = nil, interval = 0.05, timeout = 0.2,
          jobs = { { job_id = "a" }, { job_id = "b" }, { job_id = "c" } }, max_in_flight = 3 })
        assert(#results == 3)]])
    end)

    it("each may have a thread that meets the library for the first time with TLS", function()
      run("threads", server():url(), [[
        local job, err, info = core.job_status(options {
          endpoint = url:gsub("^http", "https"), request_timeout = 0.3 })
        assert(job == nil and (info.kind == "network" or info.kind == "timeout"), err)]])
    end)

    it("each may be closed with calls in every state", function()
      local one = server(5)
      run("close", one:url(), [[
        local client = core.engine()
        for i = 1, 5 do client:start(options { job_id = "j" .. i }) end
        if number % 3 > 0 then client:step(0) end
        if number % 3 > 1 then client:step(0.02) end
        if number < 4 then -- a lookup may outlive its state, in a thread of its own
          client:start(options { endpoint = "http://ges.invalid", insecure_http = true })
          client:step(0)
        end
        _G.kept = number % 2 == 0 and client or nil
        _G.handle = ges.start(options())
        handle:poll()
        local files = require("descriptors")()
        assert(files < 60, files)]])
      kit.eventually(function() return one:open() == 0 end)
    end)
  end)

  describe("that ends", function()
    for _, way in ipairs { "", "os.exit(0, true)", "os.exit(0)", "error('the script itself')" } do
      it("with calls under way ends: " .. (way == "" and "at the last line" or way), function()
        local text, status = child.run(child.prelude .. ([[
          local client = core.engine()
          for i = 1, 20 do client:start(options(%q)) end
          client:start(options("http://ges.invalid"))
          client:step(0.05)
          local handle = ges.start(options(%q))
          handle:poll()
          %s]]):format(server(5):url(), server(5):url(), way))
        local wrong = way:find("error", 1, true) ~= nil
        assert.equal(wrong and 1 or 0, status, text)
        assert.is_nil(text:find("child-token", 1, true), text)
        if not wrong then assert.equal("", text) end
      end)
    end
  end)

  it("is loaded again next to itself", function()
    child.good(child.prelude .. ([[
      local old = ges.new()
      local handle = old:start(options(%q, { interval = 0.05, timeout = 1 }))
      handle:poll()
      for _ = 1, 5 do
        for name in pairs(package.loaded) do
          if name == "ges" or name:find("^ges%%.") then package.loaded[name] = nil end
        end
        collectgarbage()
        local again = require("ges")
        assert(again ~= ges)
        assert(again.job_status(options(%q)))
        assert(old:job_status(options(%q)))
        collectgarbage()
      end
      local _, _, info = handle:wait()
      assert(info.kind == "deadline")]]):format(server():url(), server():url(), server():url()))
  end)

  it("makes and closes a hundred thousand clients, and keeps nothing", function()
    local text = child.good(child.prelude .. ([[
      local function usage()
        collectgarbage()
        collectgarbage()
        local files = require("descriptors")(4095)
        local status = io.open("/proc/self/status")
        local kilobytes = tonumber(status:read("*a"):match("VmHWM:%%s*(%%d+)"))
        status:close()
        return files, kilobytes
      end
      local function make(n)
        for i = 1, n do
          local client = core.engine()
          if i %% 10 > 0 then client:close() end   -- the tenth is left to the collector
          if i %% 1000 == 0 then
            local user = ges.new()
            assert(user:job_status(options(%q)))
            user:close()
            collectgarbage()
          end
        end
      end
      make(30000)                -- by then the heap is as large as it gets
      local files, memory = usage()
      make(70000)
      local files2, memory2 = usage()
      print(files, files2, memory, memory2)
      assert(files == files2, files .. " " .. files2)
      assert(memory2 - memory < 3000, memory .. " " .. memory2)]]):format(server():url()),
      { limits = "ulimit -n 4096;" })
    assert.is_truthy(text:find("%d"), text)
  end)

  it("works while the collector never rests", function()
    child.good(child.prelude .. ([[
      collectgarbage("setpause", 0)
      collectgarbage("setstepmul", 10000)
      local url = %q
      local function collect() collectgarbage() end
      for i = 1, 5 do
        local client = ges.new { on_request = collect }
        assert(client:job_status(options(url)))
        local job, err, info = client:wait(options(url, { interval = 0.01, timeout = 0.1,
          on_event = collect, token = function()
            collect()
            return token .. i
          end }))
        assert(info.kind == "deadline", err)
        local results = client:wait_all(options(url, { jobs = { {}, {}, {}, {} }, interval = 0.01,
          timeout = 0.1, on_event = collect }))
        assert(#results == 4)
      end
      -- Nothing references these: the collector ends them, or they end by themselves.
      for i = 1, 50 do
        local client = core.engine()
        for _ = 1, 3 do client:start(options(url)) end
        client:step(0)
        if i %% 2 == 0 then client:step(0.01) client:poll() end
        local handle = ges.start(options(url))
        handle:poll()
      end
      collectgarbage()
      assert(core.job_status(options(url)))]]):format(server():url()))
  end)
end)
