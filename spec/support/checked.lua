-- SPDX-License-Identifier: MIT
-- checked: a helper of busted for tools/asan.sh. It puts the C module that is built for a checker
-- in the place of the plain one, in this process only: the search path stays, so that nginx,
-- Neovim and every other child loads the plain one.

local path = assert(os.getenv("GES_CHECKED"), "GES_CHECKED names the module")
package.preload["ges.core"] = assert(package.loadlib(path, "luaopen_ges_core"))
