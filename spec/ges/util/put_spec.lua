-- Bytes that cannot be written are never said to be.

local pty = require "pty"

-- Writes lines of two bytes to a file that may have `blocks` of 512 bytes, so often that LuaJIT
-- compiles the loop, and prints how many were said to be written.
local SCRIPT = [[
  local put, written, why = require("ges.util.put"), 0, nil
  for _ = 1, 20000 do
    local ok, err = put(io.stdout, "x\n")
    if ok then written = written + 1 else why = err end
  end
  io.stderr:write(written, " ", tostring(why))
]]

describe("ges.util.put", function()
  it("knows of each failure, however often it is called", function()
    local name = os.tmpname()
    finally(function() os.remove(name) end)
    local seen = pty.run({ "-c", "trap '' XFSZ; ulimit -f 8; exec " .. pty.lua .. " -e '" .. SCRIPT
      .. "' >" .. name }, { program = { "/bin/sh" }, env = { LUA_PATH = package.path,
      LUA_CPATH = package.cpath } })
    assert.equal("2048 File too large", seen.err)
  end)
end)
