/* SPDX-License-Identifier: MIT
** lopts.c - the closed list of options (see lopts.h).
** A mistake in the script throws, at the level the caller names; no message
** ever quotes an option's value, but for a number.
*/
#include "lopts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct row {
  const char *name;
  unsigned types;
  double least, most;
  unsigned calls;
};

static const struct row rows[] = {
#define X(name, types, least, most, calls) \
  { #name, types, least, most, calls },
  GES_OPTIONS(X)
#undef X
};

struct call {             /* who takes options, by its public name */
  const char *name;
  unsigned bit;
};

static const struct call calls[] = {
  { "core.job_status", C_CORE }, { "ges.job_status", C_SINGLE },
  { "ges.wait", C_WAIT }, { "ges.watch", C_WAIT }, { "ges.start", C_WAIT },
  { "ges.wait_all", C_MANY }, { "ges.wait_any", C_MANY },
  { "ges.new", C_NEW }, { "ges.request", C_ASK }, { "jobs", C_JOB },
};

#define NCALLS  (sizeof calls / sizeof calls[0])


/* Pushes the table that maps an option's name to its row. */
void gesL_pushoptions (lua_State *L) {
  int i;
  lua_createtable(L, 0, OPT_COUNT);
  for (i = 0; i < OPT_COUNT; i++) {
    lua_pushinteger(L, i);
    lua_setfield(L, -2, rows[i].name);
  }
}


/* Throws one line at the line of the script that made the mistake. */
static int complain (lua_State *L, const struct call *c, int level,
                     const char *text) {
  luaL_where(L, level);
  lua_pushfstring(L, "%s: %s", c->name, text);
  lua_concat(L, 2);
  return lua_error(L);
}


static unsigned least_of (unsigned a, unsigned b) {
  return a < b ? a : b;
}


/* How many edits lead from one name to another (Levenshtein). */
static unsigned distance (const char *a, const char *b) {
  unsigned row[32] = { 0 };
  unsigned n = (unsigned)strlen(b), i, j;
  for (j = 0; j <= n; j++)
    row[j] = j;
  for (i = 1; a[i - 1] != '\0'; i++) {
    unsigned corner = row[0];
    row[0] = i;
    for (j = 1; j <= n; j++) {
      unsigned edit = corner + (a[i - 1] != b[j - 1]);
      corner = row[j];
      row[j] = least_of(edit, least_of(row[j], row[j - 1]) + 1);
    }
  }
  return row[n];
}


/* The known name nearest to `name`, or NULL when none is near. */
static const char *nearest (const char *name, unsigned bit) {
  const char *best = NULL;
  unsigned least = 4, d;
  int i;
  if (strlen(name) > 30)
    return NULL;
  for (i = 0; i < OPT_COUNT; i++)
    if ((rows[i].calls & bit) && (d = distance(name, rows[i].name)) < least
        && d < strlen(rows[i].name)) {
      least = d;
      best = rows[i].name;
    }
  return best;
}


static int unknown (lua_State *L, const struct call *c, int level, int key) {
  const char *near;
  if (lua_type(L, key) != LUA_TSTRING) {
    lua_pushfstring(L, "option names are strings, got a %s",
                    luaL_typename(L, key));
    return complain(L, c, level, lua_tostring(L, -1));
  }
  near = nearest(lua_tostring(L, key), c->bit);
  gesL_pushclean(L, lua_tostring(L, key), gesL_rawlen(L, key), NULL);
  if (near != NULL)
    lua_pushfstring(L, "unknown option '%s'; did you mean '%s'?",
                    lua_tostring(L, -1), near);
  else
    lua_pushfstring(L, "unknown option '%s'", lua_tostring(L, -1));
  return complain(L, c, level, lua_tostring(L, -1));
}


static void type_names (unsigned types, char *out, size_t size) {
  static const char *const names[] = { "string", "number", "whole number",
                                       "boolean", "function", "table" };
  unsigned i;
  out[0] = '\0';
  for (i = 0; i < sizeof names / sizeof names[0]; i++)
    if (types & (1u << i)) {
      size_t n = strlen(out);
      snprintf(out + n, size - n, "%s%s", n > 0 ? " or " : "a ", names[i]);
    }
}


static unsigned type_bit (lua_State *L, int idx) {
  switch (lua_type(L, idx)) {
    case LUA_TSTRING: return T_STR;
    case LUA_TNUMBER: return T_NUM | T_INT;
    case LUA_TBOOLEAN: return T_BOOL;
    case LUA_TFUNCTION: return T_FUNC;
    case LUA_TTABLE: return T_TAB;
    default: return 0;
  }
}


static void check_number (lua_State *L, const struct call *c, int level,
                          const struct row *r, double n) {
  char text[160];
  if (n >= r->least && (n <= r->most || r->most == HUGE_TIME)
      && (!(r->types & T_INT) || n == floor(n)))
    return;
  if (r->most == HUGE_TIME)
    snprintf(text, sizeof text, "option '%s' must be a number of seconds, %g"
             " or more, not %g", r->name, r->least, n);
  else
    snprintf(text, sizeof text, "option '%s' must be a%s number from %g to"
             " %.10g, not %g", r->name, r->types & T_INT ? " whole" : "",
             r->least, r->most, n);
  complain(L, c, level, text);
}


/* Checks the value on the top against its row. */
static void check_value (lua_State *L, const struct call *c, int level,
                         const struct row *r) {
  unsigned types = r->types;
  if (c->bit == C_CORE)   /* what calls user code is the Lua layer's */
    types &= ~T_FUNC;
  if (!(type_bit(L, -1) & types)) {
    char want[64];
    type_names(types, want, sizeof want);
    lua_pushfstring(L, "option '%s' must be %s, not a %s", r->name, want,
                    luaL_typename(L, -1));
    complain(L, c, level, lua_tostring(L, -1));
  }
  if (r->types & (T_NUM | T_INT))
    check_number(L, c, level, r, lua_tonumber(L, -1));
}


/*
** Checks the key at -2 and the value at -1 of an options table; returns the
** row. `index` is where the table of names stands.
*/
static int check_pair (lua_State *L, const struct call *c, int level,
                       int index) {
  int row;
  lua_pushvalue(L, -2);
  lua_rawget(L, index);                     /* [key value row] */
  row = lua_isnil(L, -1) ? -1 : (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (row < 0 || !(rows[row].calls & c->bit))
    return unknown(L, c, level, lua_gettop(L) - 1);
  check_value(L, c, level, &rows[row]);
  return row;
}


static void check_table (lua_State *L, const struct call *c, int level,
                         int arg) {
  if (lua_istable(L, arg))
    return;
  lua_pushfstring(L, "takes one table of options, got %s",
                  luaL_typename(L, arg));
  complain(L, c, level, lua_tostring(L, -1));
}


/*
** Reads the core's own options from the table at `arg`. Leaves the value of
** each row, or nil, on the stack: [... names v0 v1 ...], v0 at the index
** that was the top plus two. Rows of the Lua layer are refused.
*/
void gesL_readoptions (lua_State *L, int arg) {
  const struct call *c = &calls[0];
  int base, i;
  check_table(L, c, 1, arg);
  luaL_checkstack(L, OPT_READ + 30, "options");
  lua_rawgeti(L, ENV, ENV_OPTIONS);
  base = lua_gettop(L);
  for (i = 0; i < OPT_READ; i++)
    lua_pushnil(L);
  lua_pushnil(L);
  while (lua_next(L, arg) != 0) {
    int row = check_pair(L, c, 1, base);
    lua_replace(L, base + 1 + row);         /* [... key] */
  }
}


/* Groups of options of which a call takes the whole from one table. */
static unsigned group_of (int row) {
  switch (row) {
    case OPT_token: case OPT_ak: case OPT_sk: case OPT_security_token:
    case OPT_credentials:
      return 1;
    case OPT_endpoint: case OPT_region: case OPT_cloud:
      return 2;
    default:
      return 0;
  }
}


static int is_set (lua_State *L, int idx, int row) {
  int set;
  lua_getfield(L, idx, rows[row].name);
  set = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return set;
}


/* Throws when one table says who we are, or where to ask, in two ways. */
static void check_groups (lua_State *L, const struct call *c, int level,
                          int idx) {
  int token = is_set(L, idx, OPT_token);
  int ak = is_set(L, idx, OPT_ak), sk = is_set(L, idx, OPT_sk);
  int keys = ak || sk || is_set(L, idx, OPT_security_token);
  if (token + keys + is_set(L, idx, OPT_credentials) > 1)
    complain(L, c, level, "give only one of token, ak with sk, credentials");
  if (keys && !(ak && sk))
    complain(L, c, level, ak ? "option 'sk' is missing: ak needs it"
             : "option 'ak' is missing: sk and security_token need it");
  if (is_set(L, idx, OPT_endpoint)
      && (is_set(L, idx, OPT_region) || is_set(L, idx, OPT_cloud)))
    complain(L, c, level, "give only one of endpoint, region");
}


/*
** Copies the defaults at `from` to the table at `to`, but for the groups in
** `skip`, which the call replaces, and what the call does not take.
*/
static void copy_defaults (lua_State *L, const struct call *c, int from,
                           int to, int index, unsigned skip) {
  lua_pushnil(L);
  while (lua_next(L, from) != 0) {          /* [key value] */
    int row;
    lua_pushvalue(L, -2);
    lua_rawget(L, index);
    row = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    if ((rows[row].calls & c->bit) && !(skip & group_of(row))) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, to);                    /* [key] */
    }
    else
      lua_pop(L, 1);
  }
}


static void require (lua_State *L, const struct call *c, int level, int idx,
                     int row) {
  if (!is_set(L, idx, row)) {
    lua_pushfstring(L, "option '%s' is missing", rows[row].name);
    complain(L, c, level, lua_tostring(L, -1));
  }
}


/*
** What a call cannot do without. The project may be left out where the
** credentials can tell it, which a bare token cannot.
*/
static void check_required (lua_State *L, const struct call *c, int level,
                            int idx) {
  if (c->bit == C_NEW || c->bit == C_JOB || is_set(L, idx, OPT_resume))
    return;
  if (!is_set(L, idx, OPT_region) && !is_set(L, idx, OPT_endpoint))
    complain(L, c, level, "option 'endpoint' or 'region' is missing");
  if (c->bit == C_ASK) {
    require(L, c, level, idx, OPT_path);
    return;
  }
  if (is_set(L, idx, OPT_token) && c->bit != C_MANY)
    require(L, c, level, idx, OPT_project_id);
  if (c->bit == C_MANY)
    require(L, c, level, idx, OPT_jobs);
  else {
    require(L, c, level, idx, OPT_graph_id);
    require(L, c, level, idx, OPT_job_id);
  }
}


static const struct call *find_call (lua_State *L, int arg) {
  const char *name = luaL_checkstring(L, arg);
  size_t i;
  for (i = 0; i < NCALLS; i++)
    if (strcmp(calls[i].name, name) == 0)
      return &calls[i];
  luaL_argerror(L, arg, "unknown call");
  return NULL;
}


/*
** core.options(call, level, opts, defaults|nil) -> merged
** Checks `opts` for the call named and returns a new table of it over the
** defaults (which were checked when they were given). A mistake throws at
** `level`, counted from the function that calls this one. Neither table is
** modified.
*/
int gesL_options (lua_State *L) {
  const struct call *c = find_call(L, 1);
  int level = (int)luaL_checkinteger(L, 2);
  unsigned seen = 0;
  check_table(L, c, level, 3);
  lua_settop(L, 4);
  lua_rawgeti(L, ENV, ENV_OPTIONS);         /* [call level opts def names] */
  lua_createtable(L, 0, 16);
  lua_pushnil(L);
  while (lua_next(L, 3) != 0) {
    seen |= group_of(check_pair(L, c, level, 5));
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, 6);
  }
  check_groups(L, c, level, 6);
  if (lua_istable(L, 4)) {
    lua_newtable(L);                        /* [... opts' result] */
    copy_defaults(L, c, 4, 7, 5, seen);
    lua_pushnil(L);
    while (lua_next(L, 6) != 0) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, 7);
    }
  }
  check_required(L, c, level, lua_gettop(L));
  return 1;
}
