-- SPDX-License-Identifier: MIT
-- cli.version: `ges version`: what this is and what it runs on. Called by ges.cli.

local core = require("ges.core")
local output = require("ges.cli.output")

local version = {
  name = "version", summary = "show the version", groups = { "output" },
}

--- The versions of everything that takes part.
---@return table
function version.facts()
  local jit = rawget(_G, "jit")
  local facts = { ges = core._VERSION, lua = type(jit) == "table" and jit.version or _VERSION }
  local info = core.info and core.info() or {}
  facts.libcurl, facts.tls = info.libcurl, info.tls
  return facts
end

---@param ctx ges.cli.Context
---@return integer code
function version.run(ctx)
  local facts = version.facts()
  local shown = output.value(ctx.values.output or "table", facts)
  if ctx.values.output == "tsv" then
    shown = ""
    for _, name in ipairs { "ges", "lua", "libcurl", "tls" } do
      if facts[name] then shown = ("%s%s\t%s\n"):format(shown, name, facts[name]) end
    end
  elseif not shown then
    local parts = { "ges " .. facts.ges, facts.lua }
    if facts.libcurl then parts[#parts + 1] = "libcurl " .. facts.libcurl end
    if facts.tls then parts[#parts + 1] = facts.tls end
    shown = table.concat(parts, ", ") .. "\n"
  end
  ctx.screen:write(shown)
  return 0
end

return version
