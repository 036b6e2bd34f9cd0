-- SPDX-License-Identifier: MIT
-- put: bytes that have left the process, or why they have not. Owns nothing. Called by
-- ges.cli.screen, which writes to stdout.

--- Writes and flushes.
---@param stream file*
---@param bytes string
---@return boolean? ok
---@return string? why
local function put(stream, bytes)
  local ok, why = stream:write(bytes)
  if ok then ok, why = stream:flush() end
  if ok then return true end
  return nil, why or "unknown error"
end

-- A flush that LuaJIT has compiled is made again by the interpreter when it fails, and succeeds
-- then: the C library has given the bytes up. So this function is not compiled.
local jit = rawget(_G, "jit")
if jit then jit.off(put) end

return put
