-- SPDX-License-Identifier: MIT
-- The Makefile: what it shows, what it says is missing, and what it installs where.

local child = require("child")

local lua = child.lua

describe("make", function()
  local dir

  before_each(function() dir = child.shell("mktemp -d") end)
  after_each(function() child.shell("rm -rf " .. dir) end)

  local function make(words, ...)
    return child.shell(("make --no-print-directory CC=cc LUA=%s "):format(lua) .. words:format(...))
  end

  it("shows a line for each file, the command with V=1, nothing with -s", function()
    local target = "OUT=%s %s/obj/engine/version_of.o"
    child.shell(("mkdir -p %s/src/engine && echo 'int ges_nothing;' >%s/src/engine/version_of.c")
      :format(dir, dir))
    local form = "-f %s/Makefile -C %s " .. target:format(dir, dir)
    child.shell(("cp -r Makefile tools %s && cp src/engine/version.h %s/src/engine")
      :format(dir, dir))
    local function anew(words)
      child.shell("rm -rf " .. dir .. "/obj")
      return { make(words .. " " .. form, dir, dir) }
    end
    for _, words in ipairs { "", "-k -j2", "NAME=silent", "CFLAGS=-Os" } do
      assert.same({ "CC src/engine/version_of.c", 0 }, anew(words), words)
    end
    for _, words in ipairs { "-s", "--silent", "-ks", "-s NAME=loud" } do
      assert.same({ "", 0 }, anew(words), words)
    end
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
    says("LUA=lua5.0", "missing: lua.h for lua5.0 %(or give LUA_INCDIR=DIR%) %(no package")
    child.shell(("mkdir %s/none %s/none/curl && echo '#error none' >%s/none/curl/curl.h")
      :format(dir, dir, dir))
    says(("LUA=lua5.4 CPPFLAGS=-I%s/none"):format(dir),
      "missing: libcurl's headers %(.*libcurl4%-openssl%-dev")
  end)

  it("names pkg-config, not the header, where only that is missing", function()
    local said = child.shell("make abi PKG_CONFIG=no-such-pkg-config LUA=lua5.4")
    assert.matches("^missing: the command no%-such%-pkg%-config %(.*pkg%-config%)\n", said)
    assert.is_nil(said:find("lua.h", 1, true), said)
  end)

  it("says why a lua.h cannot be read, and prefers it to another beside libcurl", function()
    child.shell(("mkdir %s/inc && echo '#error no such Lua' >%s/inc/lua.h"):format(dir, dir))
    local said = child.shell(("make abi LUA=lua5.4 LUA_INCDIR=%s/inc"):format(dir))
    assert.matches("^the lua.h for LUA=lua5.4 cannot be read:\n.*no such Lua", said)
    assert.same({ "5.4", 0 }, { child.shell(("make -s abi LUA=lua5.4 CPPFLAGS=-I%s/inc")
      :format(dir)) })
  end)

  it("installs into folders whose names have spaces, and removes no other", function()
    child.shell(("mkdir %s/a && touch %s/a/precious"):format(dir, dir))
    local words = ("PREFIX='%s/a b'"):format(dir)
    local said, code = make("install " .. words)
    assert.equal(0, code, said)
    assert.equal("ges " .. require("ges")._VERSION,
      (child.shell(("cd / && env -u LUA_PATH -u LUA_CPATH '%s/a b/bin/ges' --version")
        :format(dir))))
    assert.equal(0, select(2, make("uninstall " .. words)))
    assert.equal(dir .. "/a/precious", (child.shell(("find %s -type f"):format(dir))))
  end)

  it("installs the command with the modules, and takes away what it installed", function()
    local said, code = make("install PREFIX=%s/p", dir)
    assert.equal(0, code, said)
    assert.equal("ges " .. require("ges")._VERSION,
      (child.shell(("cd / && env -u LUA_PATH -u LUA_CPATH %s/p/bin/ges --version"):format(dir))))
    for path, words in pairs { ["bash-completion/completions/ges"] = "complete -F _ges ges",
      ["zsh/site-functions/_ges"] = "#compdef ges",
      ["fish/vendor_completions.d/ges.fish"] = "complete -c ges -f" } do
      local text = child.shell(("cat %s/p/share/%s"):format(dir, path))
      assert.is_truthy(text:find(words, 1, true), path)
    end
    assert.equal("1", (child.shell(("nm -D --defined-only %s/p/lib/lua/*/ges/core.so | wc -l")
      :format(dir))))
    assert.equal(0, select(2, make("uninstall PREFIX=%s/p", dir)))
    assert.equal("", (child.shell(("find %s/p -type f"):format(dir))))
  end)

  it("installs completions under DESTDIR, and where their folders are named", function()
    local words = ("DESTDIR=%s/d PREFIX=/usr INST_FISHDIR=/etc/fish"):format(dir)
    assert.equal(0, select(2, make("install-completion " .. words)))
    local function files()
      return (child.shell(("cd %s && find d -type f | LC_ALL=C sort"):format(dir)))
    end
    assert.equal("d/etc/fish/ges.fish\nd/usr/share/bash-completion/completions/ges\n"
      .. "d/usr/share/zsh/site-functions/_ges", files())
    assert.equal(0, select(2, make("uninstall-completion " .. words)))
    assert.equal("", files())
  end)

  -- As OpenResty's lualib, or INST_LUADIR: the command beside them could not find them.
  it("leaves the command alone where module folders are named", function()
    child.shell(("mkdir -p %s/p/bin && echo another >%s/p/bin/ges"):format(dir, dir))
    for _, names in ipairs { "LUA_CMODULE_DIR=%s/l LUA_MODULE_DIR=%s/l",
      "LUA_CMODULE_DIR=%s/l LUA_LIB_DIR=%s/l", "INST_LIBDIR=%s/l INST_LUADIR=%s/l" } do
      local words = ("PREFIX=%s/p "):format(dir) .. names:format(dir, dir)
      local said, code = make("install " .. words)
      assert.equal(0, code, said)
      assert.matches("only the modules, since their folders were given; the command: make install%-"
        .. "command INST_BINDIR=DIR$", said)
      assert.equal(0, select(2, child.shell(("test -s %s/l/ges/core.so -a -s %s/l/ges/init.lua")
        :format(dir, dir))))
      assert.equal(("%s/p/bin/ges"):format(dir), (child.shell(("find %s/p -type f"):format(dir))))
      assert.equal(0, select(2, make("uninstall " .. words)))
      assert.equal("another", (child.shell(("find %s/l -type f; cat %s/p/bin/ges")
        :format(dir, dir))))
    end
  end)
end)
