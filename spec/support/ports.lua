-- SPDX-License-Identifier: MIT
-- Free ports for the servers that specs start in processes of their own. They lie below those that
-- the system gives to outgoing connections, any of which could otherwise take one before its server
-- does, and below those of the simulator; none is given out twice. For spec/support.

local socket = require("socket")

local FIRST, COUNT = 10000, 9000

local ports = {}

-- Where this process begins: others that run specs at the same time begin elsewhere.
local pipe = assert(io.popen("echo $PPID"))
local at = tonumber(pipe:read("*l")) * 61 % COUNT
pipe:close()

--- A port of 127.0.0.1 without a listener.
---@return integer
function ports.free()
  for _ = 1, COUNT do
    at = (at + 1) % COUNT
    local listener = socket.bind("127.0.0.1", FIRST + at)
    if listener then
      listener:close()
      return FIRST + at
    end
  end
  error("no free port")
end

return ports
