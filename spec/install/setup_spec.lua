-- SPDX-License-Identifier: MIT
-- tools/setup.sh: what it says is missing, where no packages can be installed: on a PATH without
-- apt-get, with one thing hidden at a time.

local child = require("child")

-- It has nothing to do with the Lua that runs this.
if rawget(_G, "jit") then return end

local dir

-- The folder has links to the system's own programs: one is taken away before a file of its name is
-- written.
local function hide(name) os.remove(dir .. "/bin/" .. name) end

-- A program on that PATH that does what the real one does, but for `line` before it.
local function stand_in(name, line)
  local path = child.shell("command -v " .. name)
  hide(name)
  local file = assert(io.open(dir .. "/bin/" .. name, "w"))
  file:write("#!/bin/sh\n", line, "\n", ("exec %s \"$@\"\n"):format(path))
  file:close()
  child.shell(("chmod 755 %s/bin/%s"):format(dir, name))
end

-- What setup.sh says for a task, and its end. `manager` is the one package manager there.
local function setup_says(task, manager)
  if manager then
    child.shell(("ln -s cat %s/bin/%s"):format(dir, manager))
  end
  return child.shell(("env -i PATH=%s/bin LUA=lua5.4 HOME=%s %s tools/setup.sh %s"):format(dir, dir,
    child.shell("command -v sh"), task))
end

-- Lua with a module that it does not find.
local function without_module(lua, name)
  stand_in(lua, ([[set -- -e 'package.preload["%s"] = function() error("hidden") end' "$@"]])
    :format(name))
end

describe("setup.sh without apt-get", function()
  before_each(function()
    dir = child.shell("mktemp -d")
    child.shell(("mkdir %s/bin && for p in sh env grep sed cut sort tr find ls cat id awk head "
      .. "cc gcc as ld pkg-config lua5.4 luajit nginx openssl curl busted nvim; do "
      .. "ln -s \"$(PATH=$PATH:/usr/sbin command -v $p)\" %s/bin/$p; done; "
      .. "ln -s cat %s/bin/luarocks"):format(dir, dir, dir))
  end)
  after_each(function() child.shell("rm -rf " .. dir) end)

  it("says nothing when all is there", function()
    for _, task in ipairs { "compile </dev/null", "demo", "test" } do
      local said, code = setup_says(task)
      assert.same({ "", 0 }, { said, code }, task)
    end
  end)

  -- What is hidden, how, and what the line says for dnf, apk and brew.
  local CASES = {
    { "the command pkg-config", function() hide("pkg-config") end, "pkgconf-pkg-config", "pkgconf",
      "pkg-config" },
    { "the command lua5.4 (Lua 5.4)", function() hide("lua5.4") end, "lua", "lua5.4", "lua@5.4" },
    { "the command luajit (LuaJIT)", function() hide("luajit") end, "luajit", "luajit", "luajit" },
    { "argparse for Lua 5.4", function() without_module("lua5.4", "argparse") end, "lua-argparse",
      "luarocks install argparse", "luarocks install argparse" },
    { "lua-cjson for LuaJIT", function() without_module("luajit", "cjson") end,
      "luarocks install --lua-version=5.1 lua-cjson", "lua5.1-cjson",
      "luarocks install --lua-version=5.1 lua-cjson" },
    { "luv for Lua 5.4", function() without_module("lua5.4", "luv") end, "luarocks install luv",
      "luarocks install luv", "luarocks install luv" },
    { "lua-posix for LuaJIT", function() without_module("luajit", "posix") end,
      "luarocks install --lua-version=5.1 luaposix", "lua5.1-posix",
      "luarocks install --lua-version=5.1 luaposix" },
    { "cqueues for LuaJIT", function() without_module("luajit", "cqueues") end,
      "luarocks install --lua-version=5.1 cqueues", "luarocks install --lua-version=5.1 cqueues",
      "luarocks install --lua-version=5.1 cqueues" },
    { "libcurl's headers", function()
      stand_in("cc", "! grep curl >/dev/null; exit $?")
    end, "libcurl-devel", "curl-dev", "curl" },
    { "busted", function() hide("busted") end, "luarocks install busted", "luarocks install busted",
      "luarocks install busted" },
    { "Neovim (nvim)", function() hide("nvim") end, "neovim", "neovim", "neovim" },
    { "a C compiler (cc)", function() hide("cc") end, "gcc", "build-base", "gcc" },
    { "nginx", function()
      hide("nginx")
      stand_in("ls", "exit 1")
    end, "nginx", "nginx", "openresty/brew/openresty" },
  }
  local MANAGERS = { "dnf", "apk", "brew" }
  local VERBS = { dnf = "dnf install ", apk = "apk add ", brew = "brew install " }

  for _, case in ipairs(CASES) do
    it("names what is missing, and its package: " .. case[1], function()
      case[2]()
      for i, manager in ipairs(MANAGERS) do
        local said, code = setup_says("test", manager)
        hide(manager)
        assert.equal(1, code, said)
        local line = said:match("missing: (" .. case[1]:gsub("%p", "%%%0") .. " [^\n]*)")
        assert.is_truthy(line, said)
        local how = case[2 + i]
        if not how:find("^luarocks ") then how = VERBS[manager] .. how end
        assert.equal(case[1] .. " (" .. how .. ")", line)
      end
    end)
  end

  it("names them in each family's words where it knows none of its managers", function()
    without_module("lua5.4", "argparse")
    local said, code = setup_says("demo")
    assert.equal(1, code)
    assert.equal("missing: argparse for Lua 5.4 (dnf: lua-argparse, apk: luarocks install argparse,"
      .. " brew: luarocks install argparse)\ninstall what is missing, then run make again", said)
  end)

  -- The system's own headers stay in sight.
  it("names all that a bare system lacks at once", function()
    for _, name in ipairs { "cc", "gcc", "nginx", "pkg-config", "lua5.4", "luarocks" } do
      hide(name)
    end
    stand_in("ls", "exit 1")
    local said = setup_says("demo", "dnf")
    for _, package in ipairs { "gcc", "pkgconf-pkg-config", "lua", "lua-devel", "luajit-devel",
      "lua-argparse", "nginx", "luarocks" } do
      assert.is_truthy(said:find("(dnf install " .. package .. ")", 1, true),
        package .. ": " .. said)
    end
    assert.matches("all of these packages: dnf install [^\n]*%f[%w]gcc [^\n]*%f[%w]nginx%f[^%w]",
      said)
    assert.matches("missing: the command luarocks %(dnf install luarocks%)", said)
  end)

  it("names no package for a Lua that has none", function()
    child.shell(("ln -s cat %s/bin/apt-get"):format(dir))
    local file = assert(io.open(dir .. "/bin/apt-cache", "w"))
    file:write('#!/bin/sh\n[ "$2" = liblua5.4-dev ] && echo "  Candidate: 5.4.4-3"\n')
    file:close()
    child.shell(("chmod 755 %s/bin/apt-cache"):format(dir))
    for lua, how in pairs {
      ["lua5.4"] = "apt-get install liblua5.4-dev", ["lua5.5"] = "no package of it is known here",
      ["lua5.9"] = "no package of it is known here", other = "no package of it is known here",
    } do
      local said, code = child.shell(("env -i PATH=%s/bin LUA=%s LUA_H=none sh tools/setup.sh "
        .. "compile </dev/null"):format(dir, lua))
      assert.equal(1, code)
      assert.equal(("missing: lua.h for %s (or give LUA_INCDIR=DIR) (%s)\n"):format(lua, how)
        .. "install what is missing, then run make again", said)
    end
  end)

  -- As jq, which is not on that PATH.
  it("goes on without what some specs want, where it cannot be installed", function()
    stand_in("apt-get", "exit 1")
    assert.same({ "", 0 }, { setup_says("test") })
  end)

  it("does not ask for busted and Neovim where only the demo is wanted", function()
    hide("busted")
    hide("nvim")
    assert.same({ "", 0 }, { setup_says("demo") })
  end)
end)
