-- Where the command runs from, and what it says where a part of it is missing.

local pty = require "pty"

describe("the place", function()
  it("is the tree, an installation, or LUA_PATH", function()
    local seen = pty.run({ "version" }, { env = { LUA_PATH = false, LUA_CPATH = false } })
    assert.matches("^ges %d+%.%d+%.%d+, Lua", seen.out)
    seen = pty.run({ "-c", "cd /tmp && exec " .. pty.lua .. ' "$0"/bin/ges --version',
      (pty.top:sub(1, 1) == "/" and pty.top or assert(io.popen("pwd")):read("*l")) },
      { program = { "/bin/sh" } })
    assert.matches("^ges %d", seen.out)
  end)

  it("ends with 70 where the command itself is broken", function()
    local seen = pty.run({ "-", "version" },
      { program = { pty.lua }, input = "require 'ges.cli.version'.run = function() error 'a bug' "
        .. "end os.exit(require 'ges.cli'.main(arg))", env = { LUA_PATH = os.getenv "LUA_PATH",
        LUA_CPATH = os.getenv "LUA_CPATH" } })
    assert.equal(70, seen.code, seen.err)
    assert.matches("^ges: internal error: .*a bug\n$", seen.err)
  end)

  it("says the same of what only one command needs", function()
    local hide = "package.preload['ges.sim'] = function() return require 'ges.not_there' end"
    local seen = pty.run({ "sim" }, { env = { LUA_INIT = hide } })
    assert.equal(70, seen.code)
    local why = "^ges: cannot start: the module ges%.not_there for Lua 5%.%d is missing %(.*%)\n$"
    assert.matches(why, seen.err)
  end)

  it("says in one line what is missing", function()
    local top = os.tmpname()
    os.remove(top)
    os.execute(("mkdir -p %s/bin && cp %s/bin/ges %s/bin/"):format(top, pty.top, top))
    -- LUA_PATH hides a ges that is installed on this machine.
    local seen = pty.run({ top .. "/bin/ges" }, { program = { pty.lua },
      env = { LUA_PATH = top .. "/?.lua", LUA_CPATH = top .. "/?.so" } })
    os.execute("rm -r " .. top)
    assert.equal(70, seen.code)
    assert.matches("^ges: cannot start: the module ges%.cli for Lua 5%.%d is missing", seen.err)
    assert.equal(1, select(2, seen.err:gsub("\n", "")))
  end)
end)
