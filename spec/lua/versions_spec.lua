-- The module in every Lua that is installed here: built for each, loaded in each, called in each.
-- What is built lies in a folder of its own; what is asked is a simulator. A module in another Lua
-- than its own ends in an error, never in a crash.

local child = require("child")
local lab = require("lab")

-- The names are those of the programs and of their packages for pkg-config. A module for Lua 5.1
-- loads in LuaJIT and the other way round.
local LUAS = {
  { name = "lua5.1", abi = "5.1" }, { name = "luajit", abi = "5.1" },
  { name = "lua5.2", abi = "5.2" }, { name = "lua5.3", abi = "5.3" },
  { name = "lua5.4", abi = "5.4" }, { name = "lua5.5", abi = "5.5" },
}

-- Nothing of the Lua that runs this spec reaches the others.
local BARE = "env -u LUA_INIT LUA_PATH='lua/?.lua;lua/?/init.lua;;'"

local LOAD = [[require("ges.core") print("loaded")]]

local folder

-- Builds the module as `name`; `more` are words for make.
local function build(name, more)
  local said, code = child.shell(("%s make -s all CFLAGS=-O0 OUT=%s/%s %s"):format(BARE, folder,
    name, more))
  assert.equal(0, code, said)
end

-- Runs code in one Lua with one module; returns what it printed and its exit code, which is above
-- 128 when a signal ended it.
local function run(lua, module, code)
  local path = child.file(code)
  local said, status = child.shell(("%s LUA_CPATH='%s/%s/?.so;;' %s %s"):format(BARE, folder,
    module, lua, path))
  os.remove(path)
  return said, status
end

local by_name = {}
for _, lua in ipairs(LUAS) do
  by_name[lua.name] = lua
  local has = child.has(lua.name) and select(2, child.shell("pkg-config " .. lua.name)) == 0
  lua.missing = not has and lua.name .. " with its development package is not installed: neither it"
    .. " nor its module was tried"
end

-- The module for one of them, which many tests use.
local built = {}
local function module_of(lua)
  if not built[lua.name] then
    build(lua.name, "LUA=" .. lua.name)
    built[lua.name] = true
  end
  return lua.name
end

-- One call, one wait, one wait_all, and what is thrown. The options of a job come first.
local CALLS = [[
local ges = require("ges")
local function options(more)
  more.endpoint, more.project_id, more.graph_id = "%s", "%s", "%s"
  more.token = function() return "%s" end
  return more
end
local job, err, info = ges.job_status(options { job_id = "%s" })
print("call", assert(job, err).status, info.attempts, #job.job_detail.edgeset_path)
local heard = {}
local function on_event(event) heard[event.type] = true end
job = assert(ges.wait(options { job_id = "%s", interval = 0.05,
  on_event = on_event }))
print("wait", job.status, heard.poll, heard.done)
local all = ges.wait_all(options { jobs = { { job_id = "%s" }, { job_id = "%s" },
  { job_id = "none" } }, not_found_grace = 0, interval = 0.05 })
print("wait_all", all[1].job.status, all[2].info.kind, all[3].info.kind)
print("mistake", pcall(ges.wait, options { job_id = "j", timeout = "1" }))
local function fail() error("x", 0) end
print("thrown", pcall(ges.job_status, options { job_id = "j", on_request = fail }))
]]

describe("the module", function()
  setup(function()
    folder = child.shell("mktemp -d")
    lab.start()
  end)

  teardown(function()
    lab.stop()
    child.shell("rm -rf -- " .. folder)
  end)

  for _, lua in ipairs(LUAS) do
    it("calls and waits in " .. lua.name, function()
      if lua.missing then pending(lua.missing) end
      local sim = lab.at_sim()
      local said, status = run(lua.name, module_of(lua), CALLS:format(sim.endpoint, sim.project_id,
        sim.graph_id, sim.token, lab.order { seconds = 0 }, lab.order { seconds = 0.3 },
        lab.order { seconds = 0.3 }, lab.order { seconds = 0.3, outcome = "failed" }))
      said = said:gsub("\t", " ")
      assert.equal(0, status, said)
      assert.matches("^call success 1 1\nwait success true true\n"
        .. "wait_all success job_failed not_found\n"
        .. "mistake false [^\n]*option 'timeout' [^\n]*\nthrown false x$", said)
    end)
  end

  it("refuses to wait in an event loop of Lua 5.1, which yields below no pcall", function()
    local lua = by_name["lua5.1"]
    if lua.missing then pending(lua.missing) end
    local said, status = run(lua.name, module_of(lua), [[
      local loop = require("cqueues").new()
      loop:wrap(function()
        print(pcall(require("ges").job_status, { endpoint = "http://127.0.0.1:1",
          project_id = "p", graph_id = "g", job_id = "j", token = "t" }))
      end)
      assert(loop:loop())]])
    if said:find("module 'cqueues' not found", 1, true) then pending("no cqueues for Lua 5.1") end
    assert.equal(0, status, said)
    assert.matches("^false%s+ges: this Lua cannot yield from within a pcall", said)
  end)

  -- Loads a module in a Lua that it is not for.
  local function refused(lua, module)
    local said, status = run(lua, module, LOAD)
    assert.equal(1, status, said)
    assert.is_truthy(said:find("undefined symbol: lua_", 1, true)
      or said:find("symbol not found", 1, true) or said:find("version mismatch: ", 1, true), said)
  end

  describe("for another Lua", function()
    local function pair(own, other)
      local one_abi = own.abi == other.abi
      local what = ("is %s: that for %s in %s"):format(one_abi and "loaded where both are one"
        or "an error", own.name, other.name)
      it(what, function()
        local module = module_of(own)
        if not one_abi then return refused(other.name, module) end
        assert.same({ "loaded", 0 }, { run(other.name, module, LOAD) })
      end)
    end

    for _, own in ipairs(LUAS) do
      for _, other in ipairs(LUAS) do
        if own ~= other and not own.missing and not other.missing then pair(own, other) end
      end
    end

    -- Only 5.4 and 5.5 have the same functions. So that this is tried without 5.5, too, the header
    -- of 5.4 says here that it is another.
    it("is an error where only the number differs", function()
      if by_name["lua5.4"].missing then pending(by_name["lua5.4"].missing) end
      child.shell(("mkdir %s/include"):format(folder))
      local header = assert(io.open(folder .. "/include/lua.h", "w"))
      header:write("#pragma GCC system_header\n#include_next <lua.h>\n#undef LUA_VERSION_NUM\n"
        .. "#define LUA_VERSION_NUM 505\n")
      header:close()
      build("next", ('LUA_CFLAGS="-I%s/include $(pkg-config --cflags lua5.4)"'):format(folder))
      refused("lua5.4", "next")
    end)
  end)
end)
