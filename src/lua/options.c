/* SPDX-License-Identifier: MIT
** options.c - the closed list of options (see options.h).
** A mistake in the script throws, at the level the caller names; no message
** ever quotes an option's value, but for a number.
*/
#include "options.h"

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

/* The core's own calls: the second takes what was checked for others. */
static const struct call core_call = { "core.job_status", C_CORE };
static const struct call known_call = { "core.job_status", C_ALL };

static const struct call calls[] = {
  { "ges.job_status", C_SINGLE },
  { "ges.wait", C_WAIT }, { "ges.watch", C_WAIT }, { "ges.start", C_WAIT },
  { "ges.wait_all", C_MANY }, { "ges.wait_any", C_MANY },
  { "ges.new", C_NEW }, { "ges.request", C_ASK }, { "jobs", C_JOB },
};

#define NCALLS  (sizeof calls / sizeof calls[0])
#define SPARE   4         /* options that the Lua layer may add to a call */


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
  gesL_pushtext(L, lua_tostring(L, key), gesL_rawlen(L, key), NULL);
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
  if (n >= r->least && n <= r->most
      && (!(r->types & T_INT) || n == floor(n)))
    return;
  if (isinf(r->most))
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
  if ((c->bit & C_CORE) && (r->calls & C_CORE))
    types &= ~T_FUNC;     /* what calls user code is the Lua layer's */
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
** that was the top plus two. Rows of the Lua layer are refused; with `known`,
** which says that core.options has seen the table, they are passed over.
*/
void gesL_readoptions (lua_State *L, int arg, int known) {
  const struct call *c = known ? &known_call : &core_call;
  int base;
  check_table(L, c, 1, arg);
  luaL_checkstack(L, OPT_READ + 30, "options");
  lua_rawgeti(L, ENV, ENV_OPTIONS);
  base = lua_gettop(L);
  lua_settop(L, base + OPT_READ + 1);       /* nil for each, and a first key */
  while (lua_next(L, arg) != 0) {
    int row = check_pair(L, c, 1, base);
    if (row < OPT_READ)
      lua_replace(L, base + 1 + row);       /* [... key] */
    else
      lua_pop(L, 1);
  }
}


/* A set of options: a bit for each row. */
typedef unsigned long long rowset;

_Static_assert(OPT_COUNT <= 64, "a row has its bit");

#define ROW(row)  (1ULL << (row))
#define OPT(name)  ROW(OPT_##name)

#define KEYS  (OPT(ak) | OPT(sk) | OPT(security_token))
#define WHO   (OPT(token) | KEYS | OPT(credentials))
#define WHERE  (OPT(endpoint) | OPT(region) | OPT(cloud))
#define IDS   (OPT(project_id) | OPT(graph_id) | OPT(job_id))

/* What the core reads of a call: all else is for the Lua layer. */
#define READ  ((ROW(OPT_READ) - 1) & ~OPT(timeout))
#define ALL   (ROW(OPT_COUNT) - 1)

/*
** The options of one call while they are checked and put over the defaults:
** [call level opts defaults names]
*/
struct given {
  lua_State *L;
  const struct call *call;
  int level;
  rowset own;             /* in the call's own table */
  rowset rest;            /* taken from the defaults */
  rowset read;            /* what the first table gets of them */
  int asks;               /* the token is a function */
};

enum { AT_OPTS = 3, AT_DEFAULTS, AT_NAMES };


/* Checks the call's own table, pair by pair. */
static void read_own (struct given *g) {
  lua_State *L = g->L;
  lua_pushnil(L);
  while (lua_next(L, AT_OPTS) != 0) {
    int row = check_pair(L, g->call, g->level, AT_NAMES);
    g->own |= ROW(row);
    if (row == OPT_token && lua_type(L, -1) == LUA_TFUNCTION)
      g->asks = 1;
    lua_pop(L, 1);
  }
}


/*
** The bit of the option whose name is at -2, in a table that was checked;
** none for a name that a finalizer of the script has put there since.
*/
static rowset bit_of (lua_State *L) {
  rowset bit = 0;
  lua_pushvalue(L, -2);
  lua_rawget(L, AT_NAMES);
  if (!lua_isnil(L, -1))
    bit = ROW(lua_tointeger(L, -1));
  lua_pop(L, 1);
  return bit;
}


/* What the call named takes. */
static rowset taken_by (const struct call *c) {
  rowset set = 0;
  int row;
  for (row = 0; row < OPT_COUNT; row++)
    if (rows[row].calls & c->bit)
      set |= ROW(row);
  return set;
}


/*
** Which of the defaults count: what the call takes and does not bring
** itself. Of who we are, and of where to ask, a call replaces the whole.
*/
static void read_defaults (struct given *g) {
  lua_State *L = g->L;
  rowset hidden = g->own | (g->own & WHO ? WHO : 0)
                  | (g->own & WHERE ? WHERE : 0);
  if (!lua_istable(L, AT_DEFAULTS))
    return;
  lua_pushnil(L);
  while (lua_next(L, AT_DEFAULTS) != 0) {
    g->rest |= bit_of(L);
    lua_pop(L, 1);
  }
  if (g->rest != 0)
    g->rest &= taken_by(g->call) & ~hidden;
}


/* Throws when one table says who we are, or where to ask, in two ways. */
static void check_groups (const struct given *g) {
  rowset own = g->own;
  int ways = ((own & OPT(token)) != 0) + ((own & KEYS) != 0)
             + ((own & OPT(credentials)) != 0);
  if (ways > 1)
    complain(g->L, g->call, g->level,
             "give only one of token, ak with sk, credentials");
  if ((own & KEYS) && !(own & OPT(ak)))
    complain(g->L, g->call, g->level,
             "option 'ak' is missing: sk and security_token need it");
  if ((own & KEYS) && !(own & OPT(sk)))
    complain(g->L, g->call, g->level, "option 'sk' is missing: ak needs it");
  if ((own & OPT(endpoint)) && (own & (OPT(region) | OPT(cloud))))
    complain(g->L, g->call, g->level, "give only one of endpoint, region");
}


/* Throws for the first of `wanted`, in the order of the rows, not there. */
static void require (const struct given *g, rowset wanted) {
  rowset missing = wanted & ~(g->own | g->rest);
  int row = 0;
  if (missing == 0)
    return;
  while (!(missing & ROW(row)))
    row++;
  lua_pushfstring(g->L, "option '%s' is missing", rows[row].name);
  complain(g->L, g->call, g->level, lua_tostring(g->L, -1));
}


/*
** What a call cannot do without. The project may be left out where the
** credentials can tell it, which a bare token cannot.
*/
static void check_required (const struct given *g) {
  rowset all = g->own | g->rest;
  unsigned bit = g->call->bit;
  if (bit == C_NEW || bit == C_JOB || (all & OPT(resume)))
    return;
  if (!(all & (OPT(region) | OPT(endpoint))))
    complain(g->L, g->call, g->level,
             "option 'endpoint' or 'region' is missing");
  if (bit == C_ASK)
    require(g, OPT(path));
  else if (bit == C_MANY)
    require(g, OPT(jobs));
  else
    require(g, all & OPT(token) ? IDS : IDS & ~OPT(project_id));
}


/*
** Has the call's own table all that the core needs, so that nothing has to be
** added to it, put into it or taken out of it? A metatable could show the Lua
** layer what the core does not see; a function of the script, called in the
** middle, could change the table.
*/
static int is_whole (const struct given *g) {
  rowset who = g->own & OPT(token) ? OPT(token) : OPT(ak) | OPT(sk);
  rowset needed = OPT(endpoint) | OPT(project_id) | who;
  if (g->call->bit != C_SINGLE || g->rest != 0 || g->asks
      || (g->own & OPT(on_request)) || (g->own & needed) != needed)
    return 0;
  if (!lua_getmetatable(g->L, AT_OPTS))
    return 1;
  lua_pop(g->L, 1);
  return 0;
}


static int count (rowset set) {
  int n = 0;
  for (; set != 0; set &= set - 1)
    n++;
  return n;
}


/* Copies of the table at `from` those in `wanted`: [... req settings] */
static void copy (const struct given *g, int from, rowset wanted) {
  lua_State *L = g->L;
  int req = lua_gettop(L) - 1;
  if (wanted == 0)
    return;
  lua_pushnil(L);
  while (lua_next(L, from) != 0) {
    rowset bit = bit_of(L);                 /* [... key value] */
    if (wanted & bit) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, g->read & bit ? req : req + 1);
    }
    else
      lua_pop(L, 1);
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
** core.options(call, level, opts, defaults|nil) -> req, settings
** Checks `opts` for the call named and puts it over the defaults (which were
** checked when they were given): what the core reads, and what is for the
** Lua layer. A mistake throws at `level`, counted from the function that
** calls this one. Neither table is modified; a job_status that has all it
** needs gets `opts` itself, twice, to be read only, and only while nobody else
** can write to it. Defaults and the ids of one of many jobs are not split.
*/
int gesL_options (lua_State *L) {
  struct given g;
  rowset all;
  memset(&g, 0, sizeof g);
  g.L = L;
  g.call = find_call(L, 1);
  g.level = (int)luaL_checkinteger(L, 2);
  g.read = g.call->bit & (C_NEW | C_JOB) ? ALL : READ;
  check_table(L, g.call, g.level, AT_OPTS);
  lua_settop(L, AT_DEFAULTS);
  lua_rawgeti(L, ENV, ENV_OPTIONS);
  read_own(&g);
  read_defaults(&g);
  check_groups(&g);
  check_required(&g);
  if (is_whole(&g)) {
    lua_pushvalue(L, AT_OPTS);
    lua_pushvalue(L, AT_OPTS);
    return 2;
  }
  all = g.own | g.rest;
  lua_createtable(L, 0, count(all & g.read) + SPARE);
  lua_createtable(L, 0, count(all & ~g.read));
  copy(&g, AT_DEFAULTS, g.rest);
  copy(&g, AT_OPTS, g.own);
  return 2;
}
