-- SPDX-License-Identifier: MIT
-- descriptors: how many descriptors this process has open. Each number is looked up on its own,
-- with stat: nothing is opened, no folder is read while it changes, and no other process is
-- started. For specs and the children they run.

local core = require("ges.core")

local ENOENT = 2

-- Above all that a spec opens on purpose.
local HIGHEST = 255

--- Counts the open descriptors from 0 to `highest`.
---@param highest? integer
---@return integer
return function(highest)
  local n = 0
  for fd = 0, highest or HIGHEST do
    local mode, _, code = core.filemode("/proc/self/fd/" .. fd)
    if mode or code ~= ENOENT then n = n + 1 end
  end
  return n
end
