-- Which Lua the Makefile builds for: it asks the compiler what lua.h says, whatever shape that has.

local child = require("child")

describe("make abi", function()
  local folder

  local function header(text)
    local file = assert(io.open(folder .. "/lua.h", "w"))
    file:write(text)
    file:close()
  end

  -- What it prints, and its exit code, for the header in `folder`.
  local function abi(more)
    return child.shell(("make -s abi LUA=made-up LUA_INCDIR=%s %s"):format(folder, more or ""))
  end

  before_each(function() folder = child.shell("mktemp -d") end)
  after_each(function() child.shell("rm -rf -- " .. folder) end)

  it("reads a number", function()
    for minor = 1, 9 do
      header(("#define LUA_VERSION_NUM\t50%d\n"):format(minor))
      assert.same({ "5." .. minor, 0 }, { abi() })
    end
  end)

  it("reads an expression, as Lua 5.5 has it", function()
    header("#define LUA_VERSION_MAJOR_N 5\n#define LUA_VERSION_MINOR_N 5\n"
      .. "#define LUA_VERSION_NUM  (LUA_VERSION_MAJOR_N * 100 + LUA_VERSION_MINOR_N)\n")
    assert.same({ "5.5", 0 }, { abi() })
  end)

  it("only preprocesses: a compiler for another machine can tell", function()
    header("#define LUA_VERSION_NUM 503\n")
    local cc = folder .. "/cc"
    child.shell(([[printf '#!/bin/sh
case " $* " in *" -E "*) exec cc "$@";; esac
exit 1' >%s; chmod +x %s]]):format(cc, cc))
    assert.same({ "5.3", 0 }, { abi("CC=" .. cc) })
  end)

  it("says what to do where there is no lua.h", function()
    local said, code = abi()
    assert.matches("^missing: lua.h for made%-up %(or give LUA_INCDIR=DIR%) %(", said)
    assert.equal(2, code)
  end)

  it("says that a lua.h is of no version it knows", function()
    for _, text in ipairs { "#define LUA_VERSION_NUM 600\n", "#define LUA_VERSION \"Lua 5\"\n" } do
      header(text)
      local said, code = abi()
      assert.matches("^the lua.h for LUA=made%-up is for no Lua from 5.1 to 5.9", said)
      assert.is_nil(said:find("missing", 1, true))
      assert.equal(2, code)
    end
  end)

  it("says that there is no compiler, and nothing of a lua.h", function()
    header("#define LUA_VERSION_NUM 504\n")
    local said, code = abi("CC=no-such-compiler")
    assert.matches("^missing: a C compiler %(no%-such%-compiler%)", said)
    assert.is_nil(said:find("lua.h", 1, true))
    assert.equal(2, code)
  end)
end)
