-- SPDX-License-Identifier: MIT
-- cli.sim: `ges sim`: serves the simulated service until Ctrl-C. Owns nothing. Called by ges.cli.

local exit = require("ges.cli.exit")

local sim = {
  name = "sim", summary = "serve a simulated GES on this machine", groups = { "server", "output" },
  description = "Serves a simulated GES on loopback, from nginx with its Lua module, until Ctrl-C. "
    .. "It prints how to start a job there and how to wait for it.",
  examples = { "ges sim --port 8080 &" },
}

---@param ctx ges.cli.Context
---@return integer code
function sim.run(ctx)
  local values = ctx.values
  local ok, err = require("ges.sim.server").run({
    port = values.port, tls = values.tls, tls_port = values.tls_port, workers = values.workers,
    print = function(banner) return ctx.screen:write(banner) end,
  })
  ctx.check()
  if ok then return exit.OK end
  ctx.message(err)
  return exit.SERVICE
end

return sim
