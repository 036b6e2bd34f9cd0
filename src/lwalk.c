/* SPDX-License-Identifier: MIT
** lwalk.c - one pass over a decoded body that makes it a job table.
** A documented field ends up with its documented type or absent; null is
** absence; whole numbers are integers; what nobody documented passes through.
** (https://support.huaweicloud.com/intl/en-us/api-ges/ges_03_0373.html)
** Called by ljob.c only.
*/
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ljob.h"

#define DEPTH_MAX    32         /* nesting that a job may have */
#define TWO_63       9223372036854775808.0
#define WARNINGS_MAX 16         /* dropped fields that are named one by one */

/* Which fields are documented depends on where in the job we are. */
enum place { AT_OTHER, AT_JOB, AT_DETAIL, AT_FILE, PLACES };

/* What a documented field has to be. */
enum type { ANY, STRING, NUMBER, COUNT, DETAIL, FILES };

/* What becomes of a value. */
enum fate { KEEP, DROP, REPLACE };

struct field {
  enum place place;
  const char *name;
  enum type type;
};

static const struct field fields[] = {
  { AT_JOB, "job_id", STRING }, { AT_JOB, "status", STRING },
  { AT_JOB, "job_type", STRING }, { AT_JOB, "job_name", STRING },
  { AT_JOB, "related_graph", STRING }, { AT_JOB, "begin_time", STRING },
  { AT_JOB, "end_time", STRING }, { AT_JOB, "fail_reason", STRING },
  { AT_JOB, "job_progress", NUMBER }, { AT_JOB, "job_detail", DETAIL },
  { AT_DETAIL, "schema_path", FILES }, { AT_DETAIL, "edgeset_path", FILES },
  { AT_DETAIL, "vertexset_path", FILES },
  { AT_FILE, "path", STRING }, { AT_FILE, "log", STRING },
  { AT_FILE, "status", STRING }, { AT_FILE, "cause", STRING },
  { AT_FILE, "total_lines", COUNT }, { AT_FILE, "failed_lines", COUNT },
  { AT_FILE, "successful_lines", COUNT },
};

struct walk {
  lua_State *L;
  int schema, null, warnings;   /* stack indices */
  int nwarnings;
  int depth;
  const char *bad;              /* why this is not a job at all */
  char path[160];               /* where we are, of documented names only */
};

static void walk_table (struct walk *w, enum place place);


/* Puts the documented fields into the environment: [place][name] = type. */
void gesL_openschema (lua_State *L, int env) {
  size_t i;
  int place;
  lua_createtable(L, PLACES, 0);
  for (place = AT_JOB; place < PLACES; place++) {
    lua_newtable(L);
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++)
      if (fields[i].place == (enum place)place) {
        lua_pushinteger(L, fields[i].type);
        lua_setfield(L, -2, fields[i].name);
      }
    lua_rawseti(L, -2, place);
  }
  lua_rawseti(L, env, ENV_SCHEMA);
}


/* The documented type of the key at -2; the place's table is at `names`. */
static enum type type_of (lua_State *L, int names) {
  enum type t;
  lua_pushvalue(L, -2);
  lua_rawget(L, names);
  t = (enum type)lua_tointeger(L, -1);      /* nil: ANY */
  lua_pop(L, 1);
  return t;
}


/* Names a field that is dropped for its type. The path ends with it. */
static void warn (struct walk *w) {
  lua_State *L = w->L;
  w->nwarnings++;
  if (w->nwarnings > WARNINGS_MAX)
    return;
  if (w->nwarnings == WARNINGS_MAX)
    lua_pushliteral(L, "more fields have an undocumented type");
  else
    lua_pushfstring(L, "%s has an undocumented type and was dropped", w->path);
  lua_rawseti(L, w->warnings, w->nwarnings);
}


/* Appends to the path; returns the length to cut it back to. */
static size_t enter (struct walk *w, const char *name, int index) {
  size_t n = strlen(w->path);
  if (name != NULL)
    snprintf(w->path + n, sizeof w->path - n, "%s%s", n > 0 ? "." : "", name);
  else
    snprintf(w->path + n, sizeof w->path - n, "[%d]", index);
  return n;
}


/* The number on the top: whole ones become integers where Lua has them. */
static enum fate take_number (struct walk *w, enum type type) {
  lua_State *L = w->L;
  double n = lua_tonumber(L, -1);
  if (!isfinite(n)) {
    w->bad = "it holds a number that is not finite";
    return DROP;
  }
  if (type == COUNT && n == -1)             /* "not returned" */
    return DROP;
  if (type != ANY && type != NUMBER
      && !(type == COUNT && n >= 0 && n == floor(n))) {
    warn(w);
    return DROP;
  }
#if defined(GES_HAVE_INTEGERS)
  if (!gesL_isinteger(L, -1) && n == floor(n) && n >= -TWO_63
      && n < TWO_63) {
    lua_pushinteger(L, (lua_Integer)n);
    lua_replace(L, -2);
    return REPLACE;
  }
#endif
  return KEEP;
}


/* Is the table on the top something else than `array` says? */
static int wrong_shape (lua_State *L, int array) {
  int string;
  lua_pushnil(L);
  if (lua_next(L, -2) == 0)                 /* {} and [] look the same */
    return 0;
  string = lua_type(L, -2) == LUA_TSTRING;
  lua_pop(L, 2);
  return array ? string : !string;
}


/*
** A documented list of files, on the top: every element an object, the
** others dropped, no holes.
*/
static void walk_files (struct walk *w) {
  lua_State *L = w->L;
  int list = lua_gettop(L);
  int n = (int)gesL_rawlen(L, list), i, kept = 0;
  for (i = 1; i <= n && w->bad == NULL; i++) {
    size_t back = enter(w, NULL, i);
    lua_rawgeti(L, list, i);                /* [list file] */
    if (lua_istable(L, -1) && !wrong_shape(L, 0)) {
      walk_table(w, AT_FILE);
      kept++;
      if (kept != i)
        lua_rawseti(L, list, kept);
      else
        lua_pop(L, 1);
    }
    else {
      if (!lua_rawequal(L, -1, w->null))
        warn(w);
      lua_pop(L, 1);
    }
    w->path[back] = '\0';
  }
  for (i = kept + 1; i <= n; i++) {
    lua_pushnil(L);
    lua_rawseti(L, list, i);
  }
}


static enum fate take_table (struct walk *w, enum type type) {
  if ((type != ANY && type != DETAIL && type != FILES)
      || (type == DETAIL && wrong_shape(w->L, 0))
      || (type == FILES && wrong_shape(w->L, 1))) {
    warn(w);
    return DROP;
  }
  if (type == FILES)
    walk_files(w);
  else
    walk_table(w, type == DETAIL ? AT_DETAIL : AT_OTHER);
  return KEEP;
}


/* What becomes of the value on the top, which a REPLACE may exchange. */
static enum fate take_value (struct walk *w, enum type type) {
  lua_State *L = w->L;
  switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
      return take_number(w, type);
    case LUA_TTABLE:
      return take_table(w, type);
    case LUA_TSTRING:
      if (type == ANY || type == STRING)
        return KEEP;
      break;
    case LUA_TBOOLEAN:
      if (type == ANY)
        return KEEP;
      break;
    default:                                /* null */
      if (lua_type(L, -2) == LUA_TSTRING)
        return DROP;
      lua_pushboolean(L, 0);                /* keeps its place in an array */
      lua_replace(L, -2);
      return REPLACE;
  }
  warn(w);
  return DROP;
}


/* An import's three lists are always there, empty if need be. */
static void complete_detail (lua_State *L) {
  static const char *const lists[] = { "schema_path", "edgeset_path",
                                       "vertexset_path" };
  int i;
  for (i = 0; i < 3; i++) {
    lua_getfield(L, -1, lists[i]);
    if (lua_isnil(L, -1)) {
      lua_newtable(L);
      lua_setfield(L, -3, lists[i]);
    }
    lua_pop(L, 1);
  }
}


/*
** Walks the table on the top, in place. Assigning to a field that exists is
** allowed while lua_next runs over a table; nothing is added before its end.
*/
static void walk_table (struct walk *w, enum place place) {
  lua_State *L = w->L;
  int t = lua_gettop(L), names = t + 1;
  if (++w->depth > DEPTH_MAX)
    w->bad = "it is nested too deeply";
  lua_rawgeti(L, w->schema, (int)place);    /* [t names]; nil for AT_OTHER */
  lua_pushnil(L);
  while (w->bad == NULL && lua_next(L, t) != 0) {
    enum type type = place == AT_OTHER ? ANY : type_of(L, names);
    size_t back = strlen(w->path);
    enum fate fate;
    if (type != ANY)
      enter(w, lua_tostring(L, -2), 0);
    fate = take_value(w, type);             /* [t names key value] */
    w->path[back] = '\0';
    if (fate == DROP) {
      lua_pop(L, 1);
      lua_pushnil(L);
    }
    if (fate != KEEP) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, t);
    }
    else
      lua_pop(L, 1);
  }
  lua_settop(L, t);
  if (place == AT_DETAIL)
    complete_detail(L);
  w->depth--;
}


/*
** Makes the decoded table at the top a job table. Pushes the list of
** warnings, or nil. Returns NULL, or why it is not a job.
*/
const char *gesL_walkjob (lua_State *L) {
  struct walk w;
  memset(&w, 0, sizeof w);
  luaL_checkstack(L, DEPTH_MAX * 6, "job");
  w.L = L;
  lua_newtable(L);                          /* [job warnings] */
  w.warnings = lua_gettop(L);
  lua_rawgeti(L, ENV, ENV_SCHEMA);
  w.schema = w.warnings + 1;
  lua_rawgeti(L, ENV, ENV_NULL);
  w.null = w.warnings + 2;
  lua_pushvalue(L, w.warnings - 1);         /* [job warnings schema null job] */
  walk_table(&w, AT_JOB);
  lua_settop(L, w.warnings);
  if (w.nwarnings == 0) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  return w.bad;
}
