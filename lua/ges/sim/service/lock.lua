-- SPDX-License-Identifier: MIT
-- A lock after failures in a row: of an access key, of a user. Owns the store's keys "lock.".
-- Called by ges.sim.service.auth and ges.sim.service.iam.

local lock = {}

local most = 5

--- Whether a key or a user is locked.
---@param who string
---@return boolean
function lock.is_closed(ctx, who)
  return ctx.now < (ctx.state:get("lock.until:" .. who) or 0)
end

--- Counts a failure; the fifth in a row locks.
---@param seconds number  for how long
function lock.failed(ctx, who, seconds)
  if ctx.state:incr("lock.failed:" .. who, 1, 0) >= most then
    ctx.state:set("lock.failed:" .. who, 0)
    ctx.state:set("lock.until:" .. who, ctx.now + seconds, seconds)
  end
end

--- Forgets the failures.
function lock.passed(ctx, who)
  ctx.state:set("lock.failed:" .. who, 0)
end

return lock
