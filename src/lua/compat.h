/* SPDX-License-Identifier: MIT
** compat.h - all that differs between Lua 5.1 / LuaJIT and 5.2 to 5.5. The 5.1
** build uses the headers of PUC Lua and loads in LuaJIT too, so it calls only
** what both have; shims carry the gesL_ prefix. The one file that includes
** lua.h. Called by every file of src/lua.
*/
#ifndef GESL_COMPAT_H
#define GESL_COMPAT_H

#include <lua.h>
#include <lauxlib.h>

#if LUA_VERSION_NUM >= 502

#define gesL_rawlen(L, i)             ((size_t)lua_rawlen(L, i))
#define gesL_setfuncs(L, l, nup)      luaL_setfuncs(L, l, nup)

/*
** Throws in another version of Lua than this was built for. (A module for 5.1
** does not even load in the others: it needs functions that they lack.)
*/
#define gesL_checkversion(L)          luaL_checkversion(L)

#else

#define gesL_checkversion(L)          ((void)(L))

#define gesL_rawlen(L, i)             lua_objlen(L, i)
#define gesL_setfuncs(L, l, nup)      gesL_register(L, l, nup)

/*
** Adds functions that share the `nup` upvalues on the top to the table
** below them; pops the upvalues.
*/
static inline void gesL_register (lua_State *L, const luaL_Reg *l, int nup) {
  luaL_checkstack(L, nup + 1, "too many upvalues");
  for (; l->name != NULL; l++) {
    int i;
    for (i = 0; i < nup; i++)
      lua_pushvalue(L, -nup);
    lua_pushcclosure(L, l->func, nup);
    lua_setfield(L, -(nup + 2), l->name);
  }
  lua_pop(L, nup);
}

#endif

#if LUA_VERSION_NUM >= 503

#define gesL_pushwhole(L, n)          lua_pushinteger(L, (lua_Integer)(n))

#else   /* every number is a double: whole ones print without a fraction */

#define gesL_pushwhole(L, n)          lua_pushnumber(L, (lua_Number)(n))

#endif

#endif
