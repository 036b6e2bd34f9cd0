/* SPDX-License-Identifier: MIT
** tidy.h - for the checkers only (tools/lint.sh puts it in front of every
** file): what never returns. Lua's own headers do not say it.
*/
struct lua_State;

int lua_error (struct lua_State *L) __attribute__((noreturn));
int luaL_error (struct lua_State *L, const char *fmt, ...)
  __attribute__((noreturn));
int gesL_nomemory (struct lua_State *L) __attribute__((noreturn));
int gesL_mistake (struct lua_State *L, const char *call, int level,
                  const char *text, ...) __attribute__((noreturn));
int luaL_argerror (struct lua_State *L, int arg, const char *extramsg)
  __attribute__((noreturn));
