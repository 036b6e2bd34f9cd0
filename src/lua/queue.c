/* SPDX-License-Identifier: MIT
** queue.c - core.put, core.take and core.add: atomic changes of plain tables. A
** debug hook may run between any two instructions of Lua code, and a finalizer
** wherever Lua code allocates; both may call the same client and change the
** same table. They cannot run inside these functions, as raw access to a table
** does not collect garbage. Owns nothing: a queue is a table of the Lua layer,
** { [0] = 1, [-1] = 0 }, with the index of its first element at 0 and that of
** its last at -1. Registered by core.c; called by ges.host.engine and
** ges.wait.scheduler.
*/
#include "queue.h"

#define AT_FIRST  0
#define AT_LAST   (-1)


static int read_index (lua_State *L, int at, int otherwise) {
  int n;
  lua_rawgeti(L, 1, at);
  n = lua_isnil(L, -1) ? otherwise : (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}


static void write_index (lua_State *L, int at, int n) {
  lua_pushinteger(L, n);
  lua_rawseti(L, 1, at);
}


/* core.put(queue, value): appends a value that is not nil. */
int gesL_put (lua_State *L) {
  int last;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  last = read_index(L, AT_LAST, 0) + 1;
  lua_rawseti(L, 1, last);
  write_index(L, AT_LAST, last);
  return 0;
}


/*
** core.take(queue) -> the first element, which is removed | nil
** An empty queue counts from 1 again, so that its table stays small.
*/
int gesL_take (lua_State *L) {
  int first;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  first = read_index(L, AT_FIRST, 1);
  lua_rawgeti(L, 1, first);                 /* [queue value] */
  if (lua_isnil(L, -1))
    return 1;
  if (first == read_index(L, AT_LAST, 0)) {
    write_index(L, AT_FIRST, 1);
    write_index(L, AT_LAST, 0);
  }
  else
    write_index(L, AT_FIRST, first + 1);
  lua_pushnil(L);
  lua_rawseti(L, 1, first);
  return 1;
}


/* core.add(table, key, n): adds to a number in a table. */
int gesL_add (lua_State *L) {
  lua_Number sum;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  sum = luaL_checknumber(L, 3);
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, 1);                         /* [table key number] */
  sum += lua_tonumber(L, -1);
  lua_pop(L, 1);
  lua_pushnumber(L, sum);
  lua_rawset(L, 1);
  return 0;
}
