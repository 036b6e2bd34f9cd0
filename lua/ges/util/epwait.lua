-- SPDX-License-Identifier: MIT
-- epwait: what the leader of ges.host.ngx runs in a thread of nginx's pool.
-- Owns nothing. Lives in the Lua state of that thread, where there is no engine: it only waits.

local core = require("ges.core")

return { wait = core.epwait }
