/* SPDX-License-Identifier: MIT
** options.c - tables of options, checked against the closed list (see
** options.h). A mistake in the script throws, at the level that the caller
** gives; no message quotes an option's value, except for a number.
*/
#include "options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Throws a mistake in the options of a call. */
#define MISTAKE(g, ...) \
  gesL_mistake((g)->L, (g)->call->name, (g)->level, __VA_ARGS__)


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


/* The known name nearest to `name`, or NULL if all differ in much. */
static const char *nearest (const char *name, unsigned bit) {
  const char *best = NULL;
  unsigned least = 4, d;
  int i;
  if (strlen(name) > 30)
    return NULL;
  for (i = 0; i < OPT_COUNT; i++)
    if ((ges_options[i].calls & bit)
        && (d = distance(name, ges_options[i].name)) < least
        && d < strlen(ges_options[i].name)) {
      least = d;
      best = ges_options[i].name;
    }
  return best;
}


/* Pushes the names of the calls that take an option: "ges.wait, ges.new". */
static void push_takers (lua_State *L, const struct ges_row *r) {
  const struct gesL_call *c;
  int n = 0;
  lua_pushliteral(L, "");
  for (c = gesL_calls; c->name != NULL; c++)
    if (c->bit & r->calls & C_LAYER) {
      lua_pushfstring(L, "%s%s", n++ > 0 ? ", " : "", c->name);
      lua_concat(L, 2);
    }
}


/*
** Throws for the key at `key`, which is not the name of an option of this call;
** perhaps (`row` >= 0) of another one.
*/
static int unknown (const struct gesL_given *g, int key, int row) {
  lua_State *L = g->L;
  const char *near, *name;
  if (lua_type(L, key) != LUA_TSTRING)
    return MISTAKE(g, "option names are strings, got a %s",
                   luaL_typename(L, key));
  if (row >= 0 && g->call->bit != C_JOB) {
    push_takers(L, &ges_options[row]);
    return MISTAKE(g, "unknown option '%s'; it is for %s%s",
                   ges_options[row].name, lua_tostring(L, -1),
                   row == OPT_graph_name && g->call->bit == C_MANY
                   ? "; a job can be asked for by graph_id only" : "");
  }
  near = nearest(lua_tostring(L, key), g->call->bit);
  gesL_pushtext(L, lua_tostring(L, key), gesL_rawlen(L, key), NULL);
  name = lua_tostring(L, -1);
  return near == NULL ? MISTAKE(g, "unknown option '%s'", name)
         : MISTAKE(g, "unknown option '%s'; did you mean '%s'?", name, near);
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


static void check_number (const struct gesL_given *g, const struct ges_row *r,
                          double n) {
  char text[160];
  if (n >= r->least && n <= r->most
      && (!(r->types & T_INT) || n == floor(n)))
    return;
  if (isinf(r->most))
    snprintf(text, sizeof text, "option '%s' must be a number of seconds, %g"
             " or more, not %.16g", r->name, r->least, n);
  else
    snprintf(text, sizeof text, "option '%s' must be a%s number from %g to"
             " %.10g, not %.16g", r->name, r->types & T_INT ? " whole" : "",
             r->least, r->most, n);
  MISTAKE(g, "%s", text);
}


/* Is the table at `list` a list of the row's words, and without holes? */
static int is_word_list (lua_State *L, int list,
                         const struct ges_row *r) {
  size_t n = 0, count = 0;
  int good = 1;
  lua_pushnil(L);
  while (lua_next(L, list) != 0) {
    const char *s = lua_type(L, -1) == LUA_TSTRING
                    ? lua_tolstring(L, -1, &n) : NULL;
    good = good && s != NULL && ges_word_is(r, s, n)
           && lua_type(L, -2) == LUA_TNUMBER;
    count++;
    lua_pop(L, 1);
  }
  return good && count == gesL_rawlen(L, list);
}


/* Checks the value on the top, a text or a list, against the row's words. */
static void check_words (const struct gesL_given *g,
                         const struct ges_row *r) {
  lua_State *L = g->L;
  size_t n;
  const char *s = lua_istable(L, -1) ? NULL : lua_tolstring(L, -1, &n);
  if (s != NULL && !ges_word_is(r, s, n) && (r->types & T_TAB))
    MISTAKE(g, "option '%s' must be a table or \"%s\"", r->name, r->words);
  if (s != NULL && !ges_word_is(r, s, n))
    MISTAKE(g, "option '%s' %s", r->name, r->must);
  if (s == NULL && !(r->types & T_STR)
      && !is_word_list(L, lua_gettop(L), r))
    MISTAKE(g, "option '%s' must be a list of %s", r->name, r->words);
}


/* Checks the value on the top against its row. */
static void check_value (const struct gesL_given *g, const struct ges_row *r) {
  lua_State *L = g->L;
  unsigned types = r->types;
  if ((g->call->bit & (C_CORE | C_SIDE)) && (types & T_STR))
    types &= ~(T_FUNC | T_TAB);   /* only the Lua layer calls and encodes */
  if (!(type_bit(L, -1) & types)) {
    char want[64];
    type_names(types, want, sizeof want);
    MISTAKE(g, "option '%s' must be %s, not a %s", r->name, want,
            luaL_typename(L, -1));
  }
  if ((r->types & (T_NUM | T_INT)) && lua_type(L, -1) == LUA_TNUMBER)
    check_number(g, r, lua_tonumber(L, -1));
  if (r->words != NULL && r->use == U_LAYER)
    check_words(g, r);          /* others are refused, as users' values are */
}


/* The row of the option whose name is at -2. Any other name throws. */
static int find_row (const struct gesL_given *g) {
  lua_State *L = g->L;
  int row;
  lua_pushvalue(L, -2);
  lua_rawget(L, g->names);                  /* [key value row] */
  row = lua_isnil(L, -1) ? -1 : (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return row >= 0 && (ges_options[row].calls & g->call->bit) ? row
         : unknown(g, lua_gettop(L) - 1, row);
}


static void check_table (const struct gesL_given *g, int idx) {
  if (!lua_istable(g->L, idx))
    MISTAKE(g, "takes one table of options, got %s",
            luaL_typename(g->L, idx));
}


#define KEYS  (OPT(ak) | OPT(sk) | OPT(security_token))
#define CREDENTIALS   (GESL_SECRETS | OPT(credentials))
#define PLACE  (OPT(endpoint) | OPT(region) | OPT(cloud))
#define IDS   (OPT(project_id) | OPT(graph_id) | OPT(job_id))
#define PROJECT  (OPT(project_id) | OPT(project))
#define GRAPH  (OPT(graph_id) | OPT(graph_name))
#define PACE  (OPT(interval) | OPT(schedule))

_Static_assert(OPT_graph_id == OPT_project_id + 1
               && OPT_job_id == OPT_project_id + 2, "the ids are in a row");

/*
** Checks the call's own table, pair by pair, and leaves the values on the
** stack, at AT(g, option): a value read twice from the table could have changed
** in between.
*/
static void read_own (struct gesL_given *g) {
  lua_State *L = g->L;
  lua_pushnil(L);
  while (lua_next(L, AT_OPTS) != 0) {
    int row = find_row(g);
    check_value(g, &ges_options[row]);
    g->own |= GES_OPT(row);
    if (row == OPT_token && lua_type(L, -1) == LUA_TFUNCTION)
      g->asks = 1;
    lua_replace(L, AT(g, row));             /* [... key] */
  }
}


/*
** Which of the defaults apply: those that the call takes and its own table does
** not have. Credentials, the place, the project, the graph and the pace of
** polls are replaced as groups.
*/
static void read_defaults (struct gesL_given *g, ges_optset given) {
  ges_optset left, place = PLACE;
  int row;
  if ((g->own & OPT(region)) && !(given & (OPT(region) | OPT(endpoint))))
    place &= ~OPT(cloud);       /* a cloud alone is for whatever region */
  g->hidden = (g->own & CREDENTIALS ? CREDENTIALS : 0)
              | (g->own & PLACE || g->call->bit == C_SIDE ? place : 0)
              | (g->own & PROJECT ? PROJECT : 0)
              | (g->own & GRAPH ? GRAPH : 0)
              | (g->own & PACE ? PACE : 0);
  g->hidden &= given & ~g->own;
  g->rest = given & ~g->own & ~g->hidden;
  for (left = g->rest, row = 0; left != 0; left >>= 1, row++)
    if ((left & 1) && !(ges_options[row].calls & g->call->bit))
      g->rest &= ~GES_OPT(row);
}


/* Throws if one table gives credentials, place or graph in two ways. */
static void check_groups (const struct gesL_given *g) {
  ges_optset own = g->own;
  int ways = ((own & OPT(token)) != 0) + ((own & KEYS) != 0)
             + ((own & OPT(credentials)) != 0);
  if (ways > 1)
    MISTAKE(g, "give only one of token, ak with sk, credentials");
  if ((own & KEYS) && !(own & OPT(ak)))
    MISTAKE(g, "option 'ak' is missing: sk and security_token need it");
  if ((own & KEYS) && !(own & OPT(sk)))
    MISTAKE(g, "option 'sk' is missing: ak needs it");
  if ((own & OPT(endpoint)) && (own & (OPT(region) | OPT(cloud))))
    MISTAKE(g, "give only one of endpoint, %s",
            own & OPT(region) ? "region" : "cloud");
  if ((own & GRAPH) == GRAPH)
    MISTAKE(g, "give only one of graph_id, graph_name");
}


/* Throws if an option of `wanted` is absent, for the first of the rows. */
static void require (const struct gesL_given *g, ges_optset wanted) {
  ges_optset missing = wanted & ~(g->own | g->rest);
  int row = 0;
  if (missing == 0)
    return;
  while (!(missing & GES_OPT(row)))
    row++;
  MISTAKE(g, "option '%s' is missing", ges_options[row].name);
}


/*
** Checks what a call for many jobs requires. Those that run are listed by their
** graph, and then asked for by its id.
*/
static void check_jobs (const struct gesL_given *g) {
  require(g, OPT(jobs));
  if (lua_istable(g->L, AT(g, OPT_jobs)))
    return;
  if (g->own & OPT(job_id))
    MISTAKE(g, "option 'job_id' is not for jobs = \"running\"");
  require(g, OPT(graph_id));
}


/*
** Checks the options that a call requires. Where to ask and the project may be
** absent where the Lua layer has other sources for them.
*/
static void check_required (const struct gesL_given *g) {
  ges_optset all = g->own | g->rest;
  unsigned bit = g->call->bit;
  if (bit == C_NEW || bit == C_LIST)
    return;
  if (bit & (C_CORE | C_SIDE))
    require(g, OPT(endpoint));
  if (all & OPT(resume))
    return;
  if (bit & (C_ASK | C_SIDE))
    require(g, OPT(path));
  else if (bit == C_MANY)
    check_jobs(g);
  else if (bit != C_CORE || !(all & OPT(path)))
    require(g, bit == C_CORE ? IDS : IDS & ~OPT(project_id));
}


static const struct gesL_call *find_call (lua_State *L, int arg) {
  const char *name = luaL_checkstring(L, arg);
  const struct gesL_call *c;
  for (c = gesL_calls; c->name != NULL; c++)
    if (strcmp(c->name, name) == 0)
      return c;
  luaL_argerror(L, arg, "unknown call");
  return NULL;
}


/*
** Reads the call's name, the level of its mistakes and its table of options, at
** 1 to 3; `given` are the options in the defaults. The values that C reads are
** left on the stack, at AT(g, option); nil: not in the call's own table. A
** mistake throws.
*/
void gesL_readoptions (lua_State *L, struct gesL_given *g,
                       ges_optset given) {
  memset(g, 0, sizeof *g);
  g->L = L;
  g->call = find_call(L, 1);
  g->level = (int)luaL_checkinteger(L, 2);
  check_table(g, AT_OPTS);
  luaL_checkstack(L, OPT_COUNT + 40, "options");
  lua_rawgeti(L, ENV, ENV_OPTIONS);
  g->names = lua_gettop(L);
  lua_settop(L, g->names + OPT_COUNT);      /* nil for each */
  read_own(g);
  read_defaults(g, given);
  check_groups(g);
  check_required(g);
}


/* Which options a checked table has; anything but a table has none. */
ges_optset gesL_givenby (lua_State *L, int idx) {
  ges_optset set = 0;
  int row;
  for (row = 0; lua_istable(L, idx) && row < OPT_COUNT; row++) {
    gesL_pushdefault(L, idx, (enum ges_option)row);
    if (!lua_isnil(L, -1))
      set |= GES_OPT(row);
    lua_pop(L, 1);
  }
  return set;
}


/* Pushes the value of an option among the defaults, at `idx`. */
void gesL_pushdefault (lua_State *L, int idx, enum ges_option o) {
  lua_pushstring(L, ges_options[o].name);
  lua_rawget(L, idx);
}


/*
** Do the options say by themselves where to ask, for which project and with
** which credentials? A token that is a function has to be called first.
*/
int gesL_isfixed (const struct gesL_given *g) {
  ges_optset all = g->own | g->rest;
  return (all & OPT(endpoint)) && (all & (OPT(project_id) | OPT(path)))
         && (all & (OPT(token) | OPT(ak))) && !g->asks;
}


/*
** Copies the options that are in `wanted` to the table on the top: from the
** table of defaults at `from`, or the call's own, which are on the stack (0).
*/
static void copy_options (const struct gesL_given *g, int from,
                          ges_optset wanted) {
  lua_State *L = g->L;
  int row;
  for (row = 0; wanted != 0; wanted >>= 1, row++)
    if (wanted & 1) {
      lua_pushstring(L, ges_options[row].name);
      if (from != 0)
        gesL_pushdefault(L, from, (enum ges_option)row);
      else
        lua_pushvalue(L, AT(g, row));
      lua_rawset(L, -3);
    }
}


/*
** Does the call's own table add nothing that the Lua layer reads? It may have
** the ids of a job, and with them credentials and options for C alone.
*/
static int adds_nothing (const struct gesL_given *g) {
  return g->hidden == 0
         && ((g->own & ~IDS) == 0
             || (gesL_isfixed(g) && (g->own & CREDENTIALS)
                 && (g->own & ~(IDS | ges_in_head)) == 0));
}


/*
** Pushes the settings: a new table of all options that apply, or the defaults
** themselves if they need not be whole and the call adds nothing that the Lua
** layer reads.
*/
void gesL_pushsettings (const struct gesL_given *g, int whole) {
  lua_State *L = g->L;
  if (!whole && lua_istable(L, AT_DEFAULTS) && adds_nothing(g)) {
    lua_pushvalue(L, AT_DEFAULTS);
    return;
  }
  lua_createtable(L, 0, __builtin_popcountll(g->own | g->rest));
  copy_options(g, AT_DEFAULTS, g->rest);
  copy_options(g, 0, g->own);
}


/*
** Takes the n-th entry of `jobs`, on the top, into the three lists of ids:
** [project graph job entry]. Returns which ids it names.
*/
static ges_optset take_entry (const struct gesL_given *g, int n) {
  lua_State *L = g->L;
  struct gesL_call call = { NULL, C_JOB };
  struct gesL_given one = *g;
  char name[64];
  int entry = lua_gettop(L);
  ges_optset got = 0;
  snprintf(name, sizeof name, "%s: jobs[%d]", g->call->name, n);
  call.name = name;             /* of mistakes */
  one.call = &call;
  check_table(&one, entry);
  lua_pushnil(L);
  while (lua_next(L, entry) != 0) {         /* [... key value] */
    int row = find_row(&one);
    check_value(&one, &ges_options[row]);
    got |= GES_OPT(row);
    lua_rawseti(L, entry - 3 + (row - OPT_project_id), n);
  }
  return got;
}


/*
** Pushes {n=, project_id={}, graph_id={}, job_id={}}: the ids in the entries of
** `jobs`, by the index of the entry. Ids that the call gives for all entries
** are left out. A mistake throws, and names the entry.
*/
void gesL_pushjobs (const struct gesL_given *g) {
  lua_State *L = g->L;
  ges_optset all = g->own | g->rest, wanted = OPT(graph_id) | OPT(job_id);
  int jobs = AT(g, OPT_jobs), top = lua_gettop(L), i;
  int n = (int)gesL_rawlen(L, jobs), seen = 0;
  lua_pushnil(L);
  while (lua_next(L, jobs) != 0) {
    seen++;
    lua_pop(L, 1);
  }
  if (seen != n)
    MISTAKE(g, "option 'jobs' must be a list without holes");
  lua_createtable(L, 0, 4);                 /* [lists] */
  lua_newtable(L);
  lua_newtable(L);
  lua_createtable(L, n, 0);                 /* [lists project graph job] */
  for (i = 1; i <= n; i++) {
    ges_optset missing;
    lua_rawgeti(L, jobs, i);
    missing = wanted & ~(all | take_entry(g, i));
    lua_pop(L, 1);
    if (missing != 0)
      MISTAKE(g, "jobs[%d]: option '%s' is missing", i,
              missing & OPT(graph_id) ? "graph_id" : "job_id");
  }
  for (i = 3; i > 0; i--)
    lua_setfield(L, top + 1, ges_options[OPT_project_id + i - 1].name);
  gesL_pushwhole(L, n);
  lua_setfield(L, top + 1, "n");
}
