-- core.term.begin: what becomes of signals and of closed standard streams in a process that is a
-- command. Each case is a process of its own.

local child = require("child")

local BEGIN = 'local core = require("ges.core") assert(core.term.begin())\n'

describe("core.term.begin", function()
  it("lets no file take the place of a closed standard input", function()
    local path = child.file("what is in another file")
    finally(function() os.remove(path) end)
    local said = child.good(BEGIN .. ([[
      local file = assert(io.open(%q))
      io.write("read: ", tostring(io.read("*a")))
      file:close()]]):format(path), { after = "<&-" })
    assert.matches("^read: ", said)
    assert.is_nil(said:find("another file", 1, true), said)
  end)

  it("leaves a SIGTERM alone that the caller ignores", function()
    local code = BEGIN .. [[
      os.execute("kill -TERM $PPID")
      io.write("signal ", tostring(core.term.signalled()))]]
    assert.equal("signal nil", child.good(code, { limits = "trap '' TERM;" }))
    assert.equal("signal 15", child.good(code))
  end)

  it("knows of a Ctrl-C whose error was caught", function()
    local said = child.good(BEGIN .. [[
      if jit then jit.off() end
      io.write("signal ", tostring(core.term.signalled()), "\n")
      local ok = pcall(function()
        local _ = io.popen("kill -INT $PPID"):read("*a")
        for i = 1, 1e6 do _ = i end
      end)
      io.write("caught ", tostring(not ok), ", signal ", tostring(core.term.signalled()))]])
    assert.equal("signal nil\ncaught true, signal 2", said)
  end)
end)
