/* SPDX-License-Identifier: MIT
** pairs.c - the tables `query` and `headers` as pairs (see pairs.h).
** A mistake throws, naming the field and never quoting a value.
*/
#include "pairs.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../engine/text.h"

#define mistake(L, p, ...)  gesL_mistake(L, (p)->call, (p)->level, __VA_ARGS__)


/* Moves the string on top of the stack to the anchor list. */
static const char *anchor (lua_State *L, const struct gesL_pairs *p,
                           size_t *n) {
  const char *s = lua_tolstring(L, -1, n);
  lua_rawseti(L, p->keep, (int)gesL_rawlen(L, p->keep) + 1);
  return s;
}


/*
** Replaces the number on top of the stack by its text, which is the same on
** every Lua: 10, never 10.0.
*/
static void number_text (lua_State *L, const struct gesL_pairs *p,
                         const char *name) {
  lua_Number x = lua_tonumber(L, -1);
  char text[32];
  if (!isfinite(x))
    mistake(L, p, "%s '%s' is not a finite number", p->what, name);
  if (floor(x) != x || fabs(x) > 9007199254740992.0) {
    luaL_gsub(L, lua_tostring(L, -1), localeconv()->decimal_point, ".");
    lua_replace(L, -2);
    return;
  }
  snprintf(text, sizeof text, "%.0f", x == 0 ? 0.0 : x);
  lua_pushstring(L, text);
  lua_replace(L, -2);
}


/* Anchors the name of a table entry, at -2. */
static const char *entry_name (lua_State *L, const struct gesL_pairs *p,
                               size_t *n) {
  if (lua_type(L, -2) != LUA_TSTRING)
    mistake(L, p, "option '%s' must have strings as names, got a %s", p->what,
               luaL_typename(L, -2));
  lua_pushvalue(L, -2);
  return anchor(L, p, n);
}


/* Pops the string on top and appends it under `name`. */
static struct ges_pair *add_pair (lua_State *L, struct gesL_pairs *p,
                                  const char *name, size_t namelen) {
  struct ges_pair *pair;
  if (p->n == p->max)
    mistake(L, p, "option '%s' has more than %d values", p->what, (int)p->max);
  pair = &p->of[p->n];
  pair->name = name;
  pair->namelen = namelen;
  pair->value = anchor(L, p, &pair->valuelen);
  p->n++;
  return pair;
}


/* Pops a value of the query and appends it under `name`. */
static void add_query (lua_State *L, struct gesL_pairs *p, const char *name,
                       size_t namelen) {
  switch (lua_type(L, -1)) {
    case LUA_TSTRING:
      break;
    case LUA_TNUMBER:
      number_text(L, p, name);
      break;
    case LUA_TBOOLEAN:
      lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false");
      lua_replace(L, -2);
      break;
    default:
      mistake(L, p, "%s '%s' must be a string, a number, a boolean or a list"
                 " of them, got a %s", p->what, name, luaL_typename(L, -1));
  }
  add_pair(L, p, name, namelen);
}


/*
** Appends every value of the list on top of the stack under `name`. Their
** order does not matter: the canonical query sorts them.
*/
static void add_list (lua_State *L, struct gesL_pairs *p, const char *name,
                      size_t namelen) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {                     /* [... list key value] */
    if (lua_type(L, -2) != LUA_TNUMBER)
      mistake(L, p, "%s '%s' must be a list of values", p->what, name);
    add_query(L, p, name, namelen);
  }
}


void gesL_readquery (lua_State *L, int idx, struct gesL_pairs *p) {
  if (lua_isnil(L, idx))
    return;
  lua_pushnil(L);
  while (lua_next(L, idx)) {                    /* [... key value] */
    size_t n;
    const char *name = entry_name(L, p, &n);
    if (lua_istable(L, -1)) {
      add_list(L, p, name, n);
      lua_pop(L, 1);
    }
    else
      add_query(L, p, name, n);
  }
}


/* RFC 9110, section 5.6.2: what a header may be called. */
static int is_token (const char *s, size_t n) {
  static const char marks[] = "!#$%&'*+-.^_`|~";
  size_t i;
  for (i = 0; i < n; i++) {
    char c = s[i];
    if (!ges_is_alnum(c) && (c == '\0' || strchr(marks, c) == NULL))
      return 0;
  }
  return n > 0;
}


static void check_header (lua_State *L, const struct gesL_pairs *p,
                          const struct ges_pair *h) {
  size_t i;
  if (!is_token(h->name, h->namelen))
    mistake(L, p, "option '%s' has a name that is not an HTTP token", p->what);
  for (i = 0; i + 1 < p->n; i++)
    if (p->of[i].namelen == h->namelen
        && ges_same_nocase(p->of[i].name, h->name, h->namelen))
      mistake(L, p, "header '%s' is given twice", h->name);
}


void gesL_readheaders (lua_State *L, int idx, struct gesL_pairs *p) {
  if (lua_isnil(L, idx))
    return;
  lua_pushnil(L);
  while (lua_next(L, idx)) {                    /* [... key value] */
    size_t n;
    const char *name = entry_name(L, p, &n);
    if (lua_type(L, -1) != LUA_TSTRING)
      mistake(L, p, "header '%s' must be a string, got a %s", name,
                 luaL_typename(L, -1));
    check_header(L, p, add_pair(L, p, name, n));
  }
}
