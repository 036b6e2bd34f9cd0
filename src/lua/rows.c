/* SPDX-License-Identifier: MIT
** rows.c - the closed list of options as scripts see it: core.options() and
** core.defaults. Owns nothing. Called by core.c; options.c reads the calls.
*/
#include "options.h"

const struct gesL_call gesL_calls[] = {
  { "ges.job_status", C_SINGLE }, { "core.job_status", C_CORE },
  { "ges.wait", C_WAIT }, { "ges.watch", C_WAIT }, { "ges.start", C_WAIT },
  { "ges.wait_all", C_MANY }, { "ges.wait_any", C_MANY },
  { "ges.jobs", C_LIST }, { "ges.new", C_NEW }, { "ges.request", C_ASK },
  { "ctx.request", C_SIDE }, { NULL, 0 },
};


/* Pushes the table that maps an option's name to its row. */
void gesL_pushoptions (lua_State *L) {
  int i;
  lua_createtable(L, 0, OPT_COUNT);
  for (i = 0; i < OPT_COUNT; i++) {
    lua_pushinteger(L, i);
    lua_setfield(L, -2, ges_options[i].name);
  }
}


/* Pushes the default of an option; nil if that is no number or flag. */
static void push_normal (lua_State *L, const struct ges_row *r) {
  if (r->normal == UNSET)
    lua_pushnil(L);
  else if (r->types & T_BOOL)
    lua_pushboolean(L, r->normal != 0);
  else
    gesL_pushwhole(L, r->normal);
}


/*
** Pushes the defaults that are numbers or flags, by name, and the timeout of
** the waiting calls.
*/
void gesL_pushdefaults (lua_State *L) {
  int i;
  lua_newtable(L);
  for (i = 0; i < OPT_COUNT; i++) {
    push_normal(L, &ges_options[i]);
    lua_setfield(L, -2, ges_options[i].name);
  }
  gesL_pushwhole(L, GES_WAIT_TIMEOUT);
  lua_setfield(L, -2, "wait_timeout");
}


/* Pushes the types as an annotation has them: "string|table". */
static void push_types (lua_State *L, unsigned types) {
  static const char *const names[] = { "string", "number", "integer",
                                       "boolean", "function", "table" };
  size_t i;
  lua_pushliteral(L, "");
  for (i = 0; i < sizeof names / sizeof names[0]; i++)
    if (types & (1u << i)) {
      lua_pushstring(L, gesL_rawlen(L, -1) > 0 ? "|" : "");
      lua_pushstring(L, names[i]);
      lua_concat(L, 3);
    }
}


/* Pushes the list of the row's words, or nil. */
static void push_words (lua_State *L, const char *words) {
  size_t len;
  int n = 0;
  if (words == NULL) {
    lua_pushnil(L);
    return;
  }
  lua_newtable(L);
  for (; (len = ges_word_next(&words)) > 0; words += len) {
    lua_pushlstring(L, words, len);
    lua_rawseti(L, -2, ++n);
  }
}


/* Pushes the set of the calls that take an option, by their public names. */
static void push_calls (lua_State *L, unsigned bits) {
  const struct gesL_call *c;
  lua_newtable(L);
  for (c = gesL_calls; c->name != NULL; c++)
    if (c->bit & bits) {
      lua_pushboolean(L, 1);
      lua_setfield(L, -2, c->name);
    }
}


/* Pushes one row. */
static void push_row (lua_State *L, const struct ges_row *r) {
  lua_createtable(L, 0, 9);
  lua_pushstring(L, r->name);
  lua_setfield(L, -2, "name");
  push_types(L, r->types);
  lua_setfield(L, -2, "type");
  if (r->types & (T_NUM | T_INT)) {
    lua_pushboolean(L, (r->types & T_SEC) == T_SEC);
    lua_setfield(L, -2, "seconds");
    lua_pushnumber(L, r->least);
    lua_setfield(L, -2, "least");
    lua_pushnumber(L, r->most);
    lua_setfield(L, -2, "most");
  }
  push_normal(L, r);
  lua_setfield(L, -2, "default");
  push_words(L, r->words);
  lua_setfield(L, -2, "words");
  push_calls(L, r->calls);
  lua_setfield(L, -2, "calls");
  lua_pushstring(L, r->help);
  lua_setfield(L, -2, "help");
}


/*
** core.options() -> a list of the rows of options.h, in their order:
** { name=, type=, seconds=, least=, most=, default=, words=, calls=, help= }.
** Made anew each time: it is for tools and the command.
*/
int gesL_options (lua_State *L) {
  int i;
  lua_createtable(L, OPT_COUNT, 0);
  for (i = 0; i < OPT_COUNT; i++) {
    push_row(L, &ges_options[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}
