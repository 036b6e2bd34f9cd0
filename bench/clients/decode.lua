-- SPDX-License-Identifier: MIT
-- bench/clients/decode.lua: bare cjson.decode of the text of a file, a number of times.
--   decode.lua FILE CALLS
-- Run by bench/run.lua.

local cjson = require("cjson")
local file = assert(io.open(arg[1]))
local text = file:read("*a")
file:close()
for i = 1, tonumber(arg[2]) do
  assert(cjson.decode(text).status == "success")
  if i == 1 then
    io.stdout:write("first\n")
    io.stdout:flush()
  end
end
print("done")
