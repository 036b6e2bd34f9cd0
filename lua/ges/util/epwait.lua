-- SPDX-License-Identifier: MIT
-- epwait: what the leader of ges.host.ngx runs in a thread of nginx's pool: a wait for a
-- descriptor. Owns nothing. Loaded in the Lua state of that thread, which has no engine.

local core = require("ges.core")

return { wait = core.epwait }
