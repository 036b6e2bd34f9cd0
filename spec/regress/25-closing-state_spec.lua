-- SPDX-License-Identifier: MIT
-- A finalizer may ask, or make a client, while its state is being closed; Lua 5.4 finalizes nothing
-- that is made then. In a host that opens and closes states nothing may be left of it.
--
-- In a C program of its own (two_states.c), which counts its descriptors.

local child = require("child")
local kit = require("core_kit")

describe("a state that is being closed", function()
  local host

  setup(function()
    host = os.tmpname()
    local said, code = child.shell(("cc -O1 -o %s spec/support/two_states.c"
      .. " $(pkg-config --cflags --libs %s) -lpthread -lm -Wl,-E"):format(host, child.lua))
    assert(code == 0, said)
  end)

  teardown(function() os.remove(host) end)

  after_each(kit.cleanup)

  -- Runs a script in a hundred states one after the other; returns what it printed. What it arms
  -- with `first` is older than the module, and is finalized last; `options` are of a job.
  local function run(script)
    local path = child.file([==[
      local url = ...
      local arm = require("finalizer")
      -- Garbage that lives as long as the state.
      local kept = {}
      _G.kept = kept
      local function keep(gc)
        if newproxy then
          local thing = newproxy(true)
          getmetatable(thing).__gc = gc
          kept[#kept + 1] = thing
        else
          kept[#kept + 1] = setmetatable({}, { __gc = gc })
        end
      end
      local core, ges
      local first
      keep(function() if first then first() end end)
      core, ges = require("ges.core"), require("ges")
      local function options()
        return { endpoint = url, project_id = "p", graph_id = "g", job_id = "j", token = "a-token" }
      end
      local function say(text) io.write(text, "\n") end
      ]==] .. script)
    local server = kit.replying(200, '{"status":"success"}')
    local said, status = child.shell(("timeout 60 %s count %s %s"):format(host, path, server:url()))
    os.remove(path)
    assert.equal(0, status, said)
    assert.is_truthy(said:find("well$"), said)
    return said, server
  end

  it("leaves nothing of a client that a finalizer makes", function()
    local said, server = run [==[
      keep(function()
        local client = core.engine()
        assert(client:job_status(options()).status == "success")
        client:start(options())
        client:step(0)
        say("asked")
      end)]==]
    assert.equal(101, select(2, said:gsub("asked", "")), said)
    assert.is_true(#server:requests() >= 101)
  end)

  it("leaves nothing of the module's own client, nor of the calls of ges", function()
    local said = run [==[
      keep(function()
        assert(core.job_status(options()).status == "success")
        assert(ges.job_status(options()).status == "success")
        local handle = ges.new():start(options())
        handle:poll()
        say("asked")
      end)]==]
    assert.equal(101, select(2, said:gsub("asked", "")), said)
  end)

  it("leaves nothing of clients that are in use, closed, or forgotten", function()
    run [==[
      _G.open = core.engine()
      open:start(options())
      open:step(0)
      local closed = core.engine()
      closed:close()
      for _ = 1, 5 do core.engine():fd() end
      _G.user = ges.new()
      assert(user:job_status(options()))
      keep(function()
        open:step(0)
        open:close()
        user:close()
      end)]==]
  end)

  it("refuses a client once the last one has been closed, and says why", function()
    local said = run [==[
      local client = core.engine()
      assert(core.job_status(options())) -- makes that of the module
      function first()
        local why = "the Lua state is being closed"
        local ok, err = pcall(core.engine)
        assert(not ok and err:find(why, 1, true), err)
        ok, err = pcall(core.job_status, options())
        assert(not ok and err:find(why, 1, true), err)
        ok, err = pcall(ges.job_status, options())
        assert(not ok, err)
        ok, err = pcall(client.job_status, client, options())
        assert(not ok, err)
        client:close()
        assert(tostring(client) == "ges.engine (closed)")
        say("refused")
      end]==]
    assert.equal(101, select(2, said:gsub("refused", "")), said)
  end)

  it("is not taken for one when the module is loaded again and collected", function()
    run [==[
      for _ = 1, 3 do
        package.loaded["ges.core"] = nil
        local again = require("ges.core")
        assert(again ~= core)
        local client = again.engine()
        again, package.loaded["ges.core"] = nil, nil
        collectgarbage()
        collectgarbage()
        assert(client:job_status(options()).status == "success")
        assert(core.engine():job_status(options()).status == "success")
      end]==]
  end)
end)
