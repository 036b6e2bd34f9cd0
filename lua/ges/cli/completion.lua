-- SPDX-License-Identifier: MIT
-- cli.completion: `ges completion SHELL`: writes the script by which a shell completes the command
-- lines of ges. Owns nothing. Called by ges.cli.

local options = require("ges.cli.options")
local shells = require("ges.cli.shells")

local completion = {
  name = "completion", summary = "print a completion script for a shell", groups = {},
  description = "Prints a completion script for a shell.",
  commands = { "bash", "zsh", "fish" }, command_noun = "shell",
  command_summary = "for %s",
  examples = {
    "source <(ges completion bash)",
    "ges completion zsh > ~/.zfunc/_ges",
    "ges completion fish > ~/.config/fish/completions/ges.fish",
  },
}

---@param ctx ges.cli.Context
---@return integer code
function completion.run(ctx)
  ctx.screen:write(shells[ctx.argument](ctx.commands, options.groups))
  return 0
end

return completion
