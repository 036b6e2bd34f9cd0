-- SPDX-License-Identifier: MIT
-- The Makefile: what it shows, what it says is missing, and what it installs where.

local child = require("child")

local lua = child.lua

describe("make", function()
  local dir

  before_each(function() dir = child.shell("mktemp -d") end)
  after_each(function() child.shell("rm -rf " .. dir) end)

  local function make(words, ...)
    return child.shell(("make --no-print-directory LUA=%s "):format(lua) .. words:format(...))
  end

  it("shows a line for each file, the command with V=1, nothing with -s", function()
    local target = "OUT=%s %s/obj/engine/version_of.o"
    child.shell(("mkdir -p %s/src/engine && echo 'int ges_nothing;' >%s/src/engine/version_of.c")
      :format(dir, dir))
    local form = "-f %s/Makefile -C %s " .. target:format(dir, dir)
    child.shell(("cp -r Makefile tools %s && cp src/engine/version.h %s/src/engine")
      :format(dir, dir))
    assert.same({ "CC src/engine/version_of.c", 0 }, { make(form, dir, dir) })
    local touch = ("touch %s/src/engine/version_of.c; "):format(dir)
    child.shell(touch)
    assert.same({ "CC src/engine/version_of.c", 0 }, { make("NAME=silent " .. form, dir, dir) })
    child.shell(touch)
    assert.same({ "", 0 }, { make("-s " .. form, dir, dir) })
    child.shell("rm -r " .. dir .. "/obj")
    local said, code = make("V=1 " .. form, dir, dir)
    assert.equal(0, code, said)
    assert.matches("^cc .*%-fvisibility=hidden.*version_of%.c$", said)
  end)

  it("says what is missing to compile, before the compiler does", function()
    local function says(words, pattern)
      local said, code = child.shell("make OUT=" .. dir .. " " .. words)
      assert.is_true(code ~= 0)
      assert.matches(pattern, said)
      assert.is_nil(said:find("error:", 1, true), said)
    end
    says("CC=no-such-compiler LUA=lua5.4", "missing: a C compiler %(no%-such%-compiler%) %(.*gcc")
    says("LUA=lua5.0", "missing: lua.h for lua5.0 %(or give LUA_INCDIR=DIR%) %(.*liblua5.0%-dev")
    child.shell(("mkdir %s/none %s/none/curl && echo '#error none' >%s/none/curl/curl.h")
      :format(dir, dir, dir))
    says(("LUA=lua5.4 CPPFLAGS=-I%s/none"):format(dir),
      "missing: libcurl's headers %(.*libcurl4%-openssl%-dev")
  end)

  it("installs the command with the modules, and takes away what it installed", function()
    local said, code = make("install PREFIX=%s/p", dir)
    assert.equal(0, code, said)
    assert.equal("ges " .. require("ges")._VERSION,
      (child.shell(("cd / && env -u LUA_PATH -u LUA_CPATH %s/p/bin/ges --version"):format(dir))))
    assert.equal("1", (child.shell(("nm -D --defined-only %s/p/lib/lua/*/ges/core.so | wc -l")
      :format(dir))))
    assert.equal(0, select(2, make("uninstall PREFIX=%s/p", dir)))
    assert.equal("", (child.shell(("find %s/p -type f"):format(dir))))
  end)

  -- As OpenResty's lualib, or INST_LUADIR: the command beside them could not find them.
  it("leaves the command alone where module folders are named", function()
    child.shell(("mkdir -p %s/p/bin && echo another >%s/p/bin/ges"):format(dir, dir))
    for _, names in ipairs { "LUA_CMODULE_DIR=%s/l LUA_MODULE_DIR=%s/l",
      "LUA_CMODULE_DIR=%s/l LUA_LIB_DIR=%s/l", "INST_LIBDIR=%s/l INST_LUADIR=%s/l" } do
      local words = ("PREFIX=%s/p "):format(dir) .. names:format(dir, dir)
      local said, code = make("install " .. words)
      assert.equal(0, code, said)
      assert.equal(0, select(2, child.shell(("test -s %s/l/ges/core.so -a -s %s/l/ges/init.lua")
        :format(dir, dir))))
      assert.equal(("%s/p/bin/ges"):format(dir), (child.shell(("find %s/p -type f"):format(dir))))
      assert.equal(0, select(2, make("uninstall " .. words)))
      assert.equal("another", (child.shell(("find %s/l -type f; cat %s/p/bin/ges")
        :format(dir, dir))))
    end
  end)
end)
