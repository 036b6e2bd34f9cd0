-- SPDX-License-Identifier: MIT
-- Defines :Ges. Loads nothing of ges before it is used.
-- luacheck: globals vim

if vim.g.loaded_ges or vim.fn.has("nvim-0.7") == 0 then return end
vim.g.loaded_ges = 1

vim.api.nvim_create_user_command("Ges", function(call)
  require("ges.nvim.command").run(call.fargs)
end, {
  nargs = "*", bar = true, desc = "Show jobs of the Graph Engine Service, and wait for them",
  complete = function(...) return require("ges.nvim.command").complete(...) end,
})
