-- SPDX-License-Identifier: MIT
-- cli.version: `ges version`: the versions of ges, Lua, libcurl and TLS. Owns nothing. Called by
-- ges.cli and, for the facts, ges.cli.doctor.

local core = require("ges.core")
local exit = require("ges.cli.exit")
local output = require("ges.cli.output")

local version = {
  name = "version", summary = "show the versions", groups = { "form" },
  description = "Shows the versions of ges, Lua, libcurl and its TLS library.",
}

--- The names of the facts, the nearest first.
version.ORDER = { "ges", "lua", "libcurl", "tls" }

--- The versions of everything that takes part.
---@return table
function version.facts()
  local jit = rawget(_G, "jit")
  local facts = { ges = core._VERSION, lua = type(jit) == "table" and jit.version or _VERSION }
  local info = core.info and core.info() or {}
  facts.libcurl, facts.tls = info.libcurl, info.tls
  return facts
end

-- One line for people.
local function line_of(facts)
  local parts = { "ges " .. facts.ges, facts.lua }
  if facts.libcurl then parts[#parts + 1] = "libcurl " .. facts.libcurl end
  if facts.tls then parts[#parts + 1] = facts.tls end
  return table.concat(parts, ", ") .. "\n"
end

---@param ctx ges.cli.Context
---@return integer code
function version.run(ctx)
  local facts, rows = version.facts(), {}
  for _, name in ipairs(version.ORDER) do
    if facts[name] then rows[#rows + 1] = { name, facts[name] } end
  end
  local form = output.form(ctx.values.output)
  ctx.screen:write(form.report and form.report(facts, rows) or line_of(facts))
  return exit.OK
end

return version
