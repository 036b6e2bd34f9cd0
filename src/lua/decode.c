/* SPDX-License-Identifier: MIT
** decode.c - one pass over the text of a response that makes it Lua values.
** A documented field of a job ends up with its documented type or absent;
** null is absence; whole numbers are integers; what nobody documented passes
** through.
** (https://support.huaweicloud.com/intl/en-us/api-ges/ges_03_0373.html)
** Called by result.c only.
*/
#include <math.h>
#include <string.h>

#include "../engine/json.h"
#include "../engine/text.h"
#include "result.h"

#define DEPTH_MAX    32         /* nesting that a response may have */
#define TWO_63       9223372036854775808.0
#define WARNINGS_MAX 16         /* dropped fields that are named one by one */

/* Which fields are documented depends on where in the job we are. */
enum place { AT_OTHER, AT_JOB, AT_DETAIL, AT_FILE };

/* What a documented field has to be. */
enum type { ANY, STRING, NUMBER, COUNT, DETAIL, FILES };

struct field {
  enum place place;
  enum type type;
  size_t len;
  const char *name;
};

#define ROW(place, name, type)  { place, type, sizeof name - 1, name }

static const struct field fields[] = {
  ROW(AT_JOB, "job_id", STRING), ROW(AT_JOB, "status", STRING),
  ROW(AT_JOB, "job_type", STRING), ROW(AT_JOB, "job_name", STRING),
  ROW(AT_JOB, "related_graph", STRING), ROW(AT_JOB, "begin_time", STRING),
  ROW(AT_JOB, "end_time", STRING), ROW(AT_JOB, "fail_reason", STRING),
  ROW(AT_JOB, "job_progress", NUMBER), ROW(AT_JOB, "job_detail", DETAIL),
  ROW(AT_DETAIL, "schema_path", FILES), ROW(AT_DETAIL, "edgeset_path", FILES),
  ROW(AT_DETAIL, "vertexset_path", FILES),
  ROW(AT_FILE, "path", STRING), ROW(AT_FILE, "log", STRING),
  ROW(AT_FILE, "status", STRING), ROW(AT_FILE, "cause", STRING),
  ROW(AT_FILE, "total_lines", COUNT), ROW(AT_FILE, "failed_lines", COUNT),
  ROW(AT_FILE, "successful_lines", COUNT),
};

#define NFIELDS  ((int)(sizeof fields / sizeof fields[0]))

_Static_assert(sizeof fields / sizeof fields[0] <= 32, "a bit for each");

/*
** One walk. The strings of the documented names stand on the stack from
** `names` on, once they were met (`met` has a bit for each): pushing one
** again costs no hashing.
*/
struct walk {
  lua_State *L;
  struct ges_json json;
  int names, warnings;          /* stack indices */
  unsigned met;
  int nwarnings;
  int depth;
  int width;                    /* fields the last file had */
  int gone;                     /* members of this object that are marked */
  int next;                     /* the field that is likely to come next */
  const char *bad;              /* why this cannot be read */
  const struct field *field;    /* where we are: a documented field */
  const struct field *list;     /* of the files of this list, if any */
  int index;
};

static int take_value (struct walk *w, enum type type);


/* Puts the strings of the documented names into the environment. */
void gesL_openschema (lua_State *L, int env) {
  int i;
  lua_createtable(L, NFIELDS, 0);
  for (i = 0; i < NFIELDS; i++) {
    lua_pushlstring(L, fields[i].name, fields[i].len);
    lua_rawseti(L, -2, i + 1);
  }
  lua_rawseti(L, env, ENV_SCHEMA);
}


static int fail (struct walk *w, const char *why) {
  if (w->bad == NULL)
    w->bad = why;
  return 0;
}


static int broken (struct walk *w) {
  return fail(w, "the response is not a job");
}


/* Pushes where we are: job_detail.edgeset_path[1].path */
static void push_path (struct walk *w) {
  lua_State *L = w->L;
  const char *name = w->field != NULL ? w->field->name : "";
  if (w->list == NULL)
    lua_pushfstring(L, "%s%s", w->field != NULL
                    && w->field->place == AT_DETAIL ? "job_detail." : "",
                    name);
  else
    lua_pushfstring(L, "job_detail.%s[%d]%s%s", w->list->name, w->index,
                    name[0] != '\0' ? "." : "", name);
}


/* Names a field that is dropped for its type. Returns 0. */
static int warn (struct walk *w) {
  lua_State *L = w->L;
  w->nwarnings++;
  if (w->nwarnings > WARNINGS_MAX)
    return 0;
  if (w->nwarnings == 1) {
    lua_newtable(L);
    lua_replace(L, w->warnings);
  }
  if (w->nwarnings == WARNINGS_MAX)
    lua_pushliteral(L, "more fields have an undocumented type");
  else {
    push_path(w);
    lua_pushliteral(L, " has an undocumented type and was dropped");
    lua_concat(L, 2);
  }
  lua_rawseti(L, w->warnings, w->nwarnings);
  return 0;
}


/* Pushes a string whose escapes are still in it. */
static int push_escaped (struct walk *w, const struct ges_slice *s) {
  char *out = lua_newuserdata(w->L, s->n + 1);
  size_t n = ges_json_unescape(s->p, s->n, out);
  if (n == GES_JSON_BAD)
    return broken(w);
  lua_pushlstring(w->L, out, n);
  lua_remove(w->L, -2);
  return 1;
}


/* Pushes the string whose opening quote is next. */
static int push_string (struct walk *w) {
  struct ges_slice s;
  int escaped;
  if (!ges_json_string(&w->json, &s, &escaped))
    return broken(w);
  if (escaped)
    return push_escaped(w, &s);
  lua_pushlstring(w->L, s.p, s.n);
  return 1;
}


/*
** The documented field of this name. The search begins at `from`: fields
** mostly come in the order in which they are documented.
*/
static const struct field *find_field (int from, enum place place,
                                       const char *name, size_t n) {
  int i, left;
  for (i = from, left = NFIELDS; left > 0; i++, left--) {
    if (i >= NFIELDS)
      i = 0;
    if (fields[i].len == n && fields[i].place == place
        && memcmp(fields[i].name, name, n) == 0)
      return &fields[i];
  }
  return NULL;
}


/* Pushes the name of a documented field. */
static void push_name (struct walk *w, int i) {
  if (!(w->met & (1u << i))) {
    lua_rawgeti(w->L, w->names - 1, i + 1);
    lua_replace(w->L, w->names + i);
    w->met |= 1u << i;
  }
  lua_pushvalue(w->L, w->names + i);
}


/* Pushes the key that is next and notes its field, if it is documented. */
static int push_key (struct walk *w, enum place place) {
  struct ges_slice s;
  int escaped;
  w->field = NULL;
  if (!ges_json_string(&w->json, &s, &escaped))
    return broken(w);
  if (escaped) {
    if (!push_escaped(w, &s))
      return 0;
    s.p = lua_tolstring(w->L, -1, &s.n);
  }
  if (place != AT_OTHER)
    w->field = find_field(w->next, place, s.p, s.n);
  if (w->field != NULL) {
    int i = (int)(w->field - fields);
    w->next = i + 1;
    if (!escaped)
      push_name(w, i);
  }
  else if (!escaped)
    lua_pushlstring(w->L, s.p, s.n);
  return 1;
}


/* Pushes a number: whole ones as integers, where Lua has them. */
static void push_number (lua_State *L, const struct ges_number *n) {
#if defined(GES_HAVE_INTEGERS)
  if (n->whole) {
    lua_pushinteger(L, (lua_Integer)n->i);
    return;
  }
  if (n->d == floor(n->d) && fabs(n->d) < TWO_63) {
    lua_pushinteger(L, (lua_Integer)n->d);
    return;
  }
#endif
  lua_pushnumber(L, n->d);
}


static int take_number (struct walk *w, enum type type) {
  struct ges_number n;
  if (!ges_json_number(&w->json, &n))
    return broken(w);
  if (!isfinite(n.d))
    return fail(w, "it holds a number that is not finite");
  if (type == COUNT && n.d == -1)           /* "not returned" */
    return 0;
  if (type != ANY && type != NUMBER
      && !(type == COUNT && n.d >= 0 && n.d == floor(n.d)))
    return warn(w);
  push_number(w->L, &n);
  return 1;
}


static int take_word (struct walk *w, enum type type) {
  int word = ges_json_word(&w->json);
  if (word == 0)
    return broken(w);
  if (word == 'n')
    return 0;
  if (type != ANY)
    return warn(w);
  lua_pushboolean(w->L, word == 't');
  return 1;
}


/* Enters the array or object that is next; returns whether it has members. */
static int enter (struct walk *w, char close) {
  if (++w->depth > DEPTH_MAX)
    return fail(w, "it is nested too deeply");
  w->json.p++;
  if (ges_json_peek(&w->json) != close)
    return 1;
  w->json.p++;
  return 0;
}


/* After a member: is there another one? `bad` is set when there is neither. */
static int more (struct walk *w, char close) {
  int c = ges_json_peek(&w->json);
  if (c != ',' && c != close)
    return broken(w);
  w->json.p++;
  return c == ',';
}


/*
** A member that is absent hides an earlier one of the same name, which gets a
** mark in its place: taking keys out one by one would have Lua count all that
** are left for each that comes. [... table key] -> [... table]
*/
static void forget (struct walk *w) {
  lua_State *L = w->L;
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);                        /* [table key value] */
  if (lua_isnil(L, -1)) {
    lua_pop(L, 2);
    return;
  }
  lua_pop(L, 1);
  lua_pushlightuserdata(L, w);
  lua_rawset(L, -3);
  w->gone++;
}


/* Takes the marked members out of the table on the top. */
static void drop_gone (struct walk *w) {
  lua_State *L = w->L;
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {            /* [table key value] */
    int gone = lua_touserdata(L, -1) == (void *)w;
    lua_pop(L, 1);
    if (gone) {
      lua_pushvalue(L, -1);
      lua_pushnil(L);
      lua_rawset(L, -4);                    /* [table key] */
    }
  }
}


/* Reads one `"key": value` into the table on the top. */
static int take_member (struct walk *w, enum place place) {
  if (ges_json_peek(&w->json) != '"')
    return broken(w);
  if (!push_key(w, place))
    return 0;
  if (ges_json_peek(&w->json) != ':')
    return broken(w);
  w->json.p++;
  if (take_value(w, w->field != NULL ? w->field->type : ANY))
    lua_rawset(w->L, -3);
  else if (w->bad == NULL)
    forget(w);
  return w->bad == NULL;
}


/* An import's three lists are always there, empty if need be. */
static void complete_detail (struct walk *w) {
  lua_State *L = w->L;
  int i;
  for (i = 0; i < NFIELDS; i++)
    if (fields[i].type == FILES) {
      push_name(w, i);
      lua_rawget(L, -2);
      if (lua_isnil(L, -1)) {
        push_name(w, i);
        lua_newtable(L);
        lua_rawset(L, -4);
      }
      lua_pop(L, 1);
    }
}


/* Pushes the object that is next, made for as many fields as are usual. */
static int push_object (struct walk *w, enum place place) {
  static const int usual[] = { 0, 9, 3, 0 };
  int n = 0, gone = w->gone;
  w->gone = 0;
  lua_createtable(w->L, 0, place == AT_FILE ? w->width : usual[place]);
  if (enter(w, '}'))
    do {
      n++;
      if (!take_member(w, place))
        return 0;
    } while (more(w, '}'));
  w->depth--;
  if (w->gone > 0)
    drop_gone(w);
  w->gone = gone;
  if (place == AT_FILE)
    w->width = n;
  if (place == AT_DETAIL)
    complete_detail(w);
  return w->bad == NULL;
}


/* Pushes the array that is next; a null in it keeps its place as false. */
static int push_array (struct walk *w) {
  int i = 1;
  lua_newtable(w->L);
  if (enter(w, ']'))
    do {
      if (!take_value(w, ANY)) {
        if (w->bad != NULL)
          return 0;
        lua_pushboolean(w->L, 0);
      }
      lua_rawseti(w->L, -2, i++);
    } while (more(w, ']'));
  w->depth--;
  return w->bad == NULL;
}


/* Pushes one file of a list; what is no object is dropped. */
static int push_file (struct walk *w) {
  w->field = NULL;
  w->index++;
  if (ges_json_peek(&w->json) == '{')
    return push_object(w, AT_FILE);
  if (!take_value(w, ANY))
    return 0;
  lua_pop(w->L, 1);
  w->field = NULL;
  return warn(w);
}


/* Pushes a documented list of files: every element an object, no holes. */
static int push_files (struct walk *w) {
  int kept = 1;
  w->list = w->field;
  w->index = 0;
  lua_createtable(w->L, 1, 0);
  if (enter(w, ']'))
    do {
      if (push_file(w))
        lua_rawseti(w->L, -2, kept++);
      if (w->bad != NULL)
        return 0;
    } while (more(w, ']'));
  w->depth--;
  w->list = NULL;
  return w->bad == NULL;
}


static int is_empty (lua_State *L) {
  lua_pushnil(L);
  if (lua_next(L, -2) == 0)
    return 1;
  lua_pop(L, 2);
  return 0;
}


/*
** An object or an array: the one that the field should be? An empty one is
** as good as the other.
*/
static int take_table (struct walk *w, enum type type) {
  int object = *w->json.p == '{';
  const struct field *field = w->field;
  if (type == DETAIL && object)
    return push_object(w, AT_DETAIL);
  if (type == FILES && !object)
    return push_files(w);
  if (!(object ? push_object(w, AT_OTHER) : push_array(w)))
    return 0;
  if (type == ANY)
    return 1;
  if ((type == DETAIL || type == FILES) && is_empty(w->L)) {
    if (type == DETAIL)
      complete_detail(w);
    return 1;
  }
  lua_pop(w->L, 1);
  w->field = field;
  return warn(w);
}


/*
** Reads the value that is next and pushes it. Returns 0, with nothing
** pushed, when it is null or not what the field should be, and with `bad`
** set when it cannot be read (what is on the stack does not matter then).
*/
static int take_value (struct walk *w, enum type type) {
  int c = ges_json_peek(&w->json);
  if (c == '{' || c == '[')
    return take_table(w, type);
  if (c == '-' || ges_is_digit((char)c))
    return take_number(w, type);
  if (c != '"')
    return take_word(w, type);
  if (!push_string(w))
    return 0;
  if (type == ANY || type == STRING)
    return 1;
  lua_pop(w->L, 1);
  return warn(w);
}


/*
** Reads the text of a response, which has to be one object; `job` says that
** it should be a job. Pushes the table, or nil, and the list of warnings, or
** nil. Returns NULL, or why it could not be read.
*/
const char *gesL_walk (lua_State *L, const struct ges_buf *body, int job) {
  struct walk w;
  memset(&w, 0, sizeof w);
  luaL_checkstack(L, DEPTH_MAX * 4 + NFIELDS + 20, "job");
  w.L = L;
  w.json.p = body->len > 0 ? body->data : "";
  w.json.end = w.json.p + body->len;
  w.width = 4;
  lua_pushnil(L);
  lua_pushnil(L);                           /* [table warnings] */
  w.warnings = lua_gettop(L);
  w.names = w.warnings + 2;
  lua_rawgeti(L, ENV, ENV_SCHEMA);
  lua_settop(L, w.warnings + 1 + NFIELDS);
  if (ges_json_peek(&w.json) != '{')
    broken(&w);
  else if (push_object(&w, job ? AT_JOB : AT_OTHER)) {
    if (ges_json_peek(&w.json) != 0 || w.json.p != w.json.end)
      broken(&w);
    lua_replace(L, w.warnings - 1);
  }
  lua_settop(L, w.warnings);
  return w.bad;
}
