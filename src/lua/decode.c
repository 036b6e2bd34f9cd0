/* SPDX-License-Identifier: MIT
** decode.c - turns the body of a response into Lua values, in one pass.
** A documented field of a job has its documented type or is absent; null is
** absence; whole numbers are integers; undocumented fields pass through.
** (https://support.huaweicloud.com/intl/en-us/api-ges/ges_03_0373.html)
** Called by result.c; core.c calls gesL_openschema.
*/
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../engine/json.h"
#include "../engine/text.h"
#include "result.h"

#define TWO_63       9223372036854775808.0
#define WARNINGS_MAX 16         /* dropped fields that are named one by one */
#define LIST_DEPTH   2          /* of a job in the list of jobs */

/* Objects with documented fields; in others all fields pass. */
enum place { AT_OTHER, AT_JOB, AT_DETAIL, AT_FILE, AT_LIST, PLACES };

/* The type of a documented field. */
enum type { ANY, STRING, NUMBER, COUNT, DETAIL, FILES, JOBS };

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
  ROW(AT_LIST, "job_count", COUNT), ROW(AT_LIST, "job_list", JOBS),
};

#define NFIELDS  ((int)(sizeof fields / sizeof fields[0]))

_Static_assert(NFIELDS <= 32, "a bit for each");

/*
** The state of one pass. The strings of the documented names are on the stack
** from `names` on, once they were read (a bit in `met` for each): to push one
** again costs no hashing.
*/
struct decoder {
  lua_State *L;
  struct ges_json json;
  int names, warnings;          /* stack indices */
  unsigned met;
  int nwarnings, depth, deepest;
  int width[PLACES];            /* how many fields the last object had */
  int gone;                     /* members of this object that are marked */
  int next;                     /* where find_field begins */
  const char *bad;              /* why the body is refused; NULL: it is not */
  const char *at;               /* where it is not JSON; NULL: it is */
  const char *status;           /* the type that a job's status has instead */
  const struct field *field;    /* the documented field being read, or NULL */
  const struct field *list;     /* the list of files being read, or NULL */
  int index;                    /* of the file */
  int job;                      /* place in the list of jobs, or 0 */
  int flawed;                   /* of the job for which the body is refused */
  int keeps;                    /* what was read before a flaw is the result */
};

static int take_value (struct decoder *d, enum type type);


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


static int fail (struct decoder *d, const char *why) {
  if (d->bad == NULL)
    d->bad = why;
  return 0;
}


/* The text is not JSON. */
static int broken (struct decoder *d) {
  if (d->bad == NULL)
    d->at = d->json.p;
  return fail(d, "the answer is not JSON");
}


/* Names a field that was dropped: job_detail.edgeset_path[1].path has ... */
static void push_dropped (struct decoder *d) {
  static const char what[] = "has an undocumented type and was dropped";
  const char *name = d->field != NULL ? d->field->name : "";
  int detail = d->field != NULL && d->field->place == AT_DETAIL;
  if (d->job > 0)
    lua_pushfstring(d->L, "job_list[%d].", d->job);
  else
    lua_pushliteral(d->L, "");
  if (d->list == NULL)
    lua_pushfstring(d->L, "%s%s %s", detail ? "job_detail." : "", name, what);
  else
    lua_pushfstring(d->L, "job_detail.%s[%d]%s%s %s", d->list->name, d->index,
                    name[0] != '\0' ? "." : "", name, what);
  lua_concat(d->L, 2);
}


/*
** Adds a warning that names a field dropped for its type, which `what` names;
** without the list of jobs the body is refused. Returns 0.
*/
static int warn (struct decoder *d, const char *what) {
  lua_State *L = d->L;
  if (d->field != NULL && d->field->type == JOBS)
    return fail(d, "the answer's field \"job_list\" is not a list");
  if (d->list == NULL && d->field != NULL
      && strcmp(d->field->name, "status") == 0)
    d->status = what;
  if (++d->nwarnings > WARNINGS_MAX)
    return 0;
  if (d->nwarnings == 1) {
    lua_newtable(L);
    lua_replace(L, d->warnings);
  }
  if (d->nwarnings == WARNINGS_MAX)
    lua_pushliteral(L, "more fields have an undocumented type");
  else
    push_dropped(d);
  lua_rawseti(L, d->warnings, d->nwarnings);
  return 0;
}


/*
** Reads the string whose opening quote is next. One with escapes is pushed
** without them; any other is left in the text, and `pushed` is 0. One that does
** not end breaks the text at its end; if that is kept, the string is what there
** is of it.
*/
static inline int read_string (struct decoder *d, struct ges_slice *s,
                               int *pushed) {
  if (!ges_json_string(&d->json, s, pushed)) {
    s->n = ges_whole_utf8(s->p, (size_t)(d->json.end - s->p));
    d->json.p = d->json.end;
    broken(d);
    if (!d->keeps)
      return 0;
  }
  if (*pushed) {
    char *out = lua_newuserdata(d->L, s->n + 1);
    size_t n = ges_json_unescape(s->p, s->n, out);
    lua_pushlstring(d->L, out, n);
    lua_remove(d->L, -2);
    *s = gesL_slice(d->L, -1);
  }
  return 1;
}


/* Pushes the string whose opening quote is next. */
static int push_string (struct decoder *d) {
  struct ges_slice s;
  int pushed;
  if (!read_string(d, &s, &pushed))
    return 0;
  if (!pushed)
    lua_pushlstring(d->L, s.p, s.n);
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
static void push_name (struct decoder *d, int i) {
  if (!(d->met & (1u << i))) {
    lua_rawgeti(d->L, d->names - 1, i + 1);
    lua_replace(d->L, d->names + i);
    d->met |= 1u << i;
  }
  lua_pushvalue(d->L, d->names + i);
}


/* Pushes the key that is next and notes its field, if it is documented. */
static int push_key (struct decoder *d, enum place place) {
  struct ges_slice s;
  int pushed;
  d->field = NULL;
  if (!read_string(d, &s, &pushed))
    return 0;
  if (place != AT_OTHER)
    d->field = find_field(d->next, place, s.p, s.n);
  if (d->field != NULL)
    d->next = (int)(d->field - fields) + 1;
  if (!pushed && d->field != NULL)
    push_name(d, d->next - 1);
  else if (!pushed)
    lua_pushlstring(d->L, s.p, s.n);
  return 1;
}


/* Pushes a number: whole ones as integers, where Lua has them. */
static void push_number (lua_State *L, const struct ges_number *n) {
  if (n->whole)
    gesL_pushwhole(L, n->i);
  else if (n->d == floor(n->d) && fabs(n->d) < TWO_63)
    gesL_pushwhole(L, n->d);
  else
    lua_pushnumber(L, n->d);
}


static int take_number (struct decoder *d, enum type type) {
  struct ges_number n;
  if (!ges_json_number(&d->json, &n))
    return broken(d);
  if (!isfinite(n.d))
    return fail(d, "the answer contains a number that is not finite");
  if (type == COUNT && n.d == -1)           /* "not returned" */
    return 0;
  if (type != ANY && type != NUMBER
      && !(type == COUNT && n.d >= 0 && n.d == floor(n.d)))
    return warn(d, "a number");
  push_number(d->L, &n);
  return 1;
}


static int take_word (struct decoder *d, enum type type) {
  int word = ges_json_word(&d->json);
  if (word == 0)
    return broken(d);
  if (word == 'n')
    return 0;
  if (type != ANY)
    return warn(d, "true or false");
  lua_pushboolean(d->L, word == 't');
  return 1;
}


/* Reads the opening bracket; returns whether there are members. */
static int enter (struct decoder *d, char close) {
  if (++d->depth > d->deepest)
    return fail(d, "the answer is nested too deeply");
  d->json.p++;
  if (ges_json_peek(&d->json) != close)
    return 1;
  d->json.p++;
  return 0;
}


/* After a member: is there another one? Sets `bad` if the text is malformed. */
static int more (struct decoder *d, char close) {
  int c = ges_json_peek(&d->json);
  if (c != ',' && c != close)
    return broken(d);
  d->json.p++;
  return c == ',';
}


/*
** A member that is absent removes an earlier one of the same name. That one is
** marked, and removed at the end of the object: Lua would rehash the table
** again and again if keys were removed while others are added.
** [... table key] -> [... table]
*/
static void forget (struct decoder *d) {
  lua_State *L = d->L;
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);                        /* [table key value] */
  if (lua_isnil(L, -1)) {
    lua_pop(L, 2);
    return;
  }
  lua_pop(L, 1);
  lua_pushlightuserdata(L, d);
  lua_rawset(L, -3);
  d->gone++;
}


/* Removes the marked members from the table on the top. */
static void drop_gone (struct decoder *d) {
  lua_State *L = d->L;
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {            /* [table key value] */
    int gone = lua_touserdata(L, -1) == (void *)d;
    lua_pop(L, 1);
    if (gone) {
      lua_pushvalue(L, -1);
      lua_pushnil(L);
      lua_rawset(L, -4);                    /* [table key] */
    }
  }
}


/* Reads one `"key": value` into the table on the top. */
static int take_member (struct decoder *d, enum place place) {
  if (ges_json_peek(&d->json) != '"')
    return broken(d);
  if (!push_key(d, place))
    return 0;
  if (ges_json_peek(&d->json) != ':')
    return broken(d);
  d->json.p++;
  if (take_value(d, d->field != NULL ? d->field->type : ANY))
    lua_rawset(d->L, -3);
  else if (d->bad == NULL)
    forget(d);
  return d->bad == NULL;
}


/* Adds those of an import's three lists that are absent, empty. */
static void complete_detail (struct decoder *d) {
  lua_State *L = d->L;
  int i;
  for (i = 0; i < NFIELDS; i++)
    if (fields[i].type == FILES) {
      push_name(d, i);
      lua_rawget(L, -2);
      if (lua_isnil(L, -1)) {
        push_name(d, i);
        lua_newtable(L);
        lua_rawset(L, -4);
      }
      lua_pop(L, 1);
    }
}


/*
** The members of the table at `at` end. Returns 1 if that table counts: they
** were read to the end, or what was read is kept.
*/
static int leave (struct decoder *d, int at) {
  d->depth--;
  if (d->bad == NULL)
    return 1;
  if (d->keeps)
    lua_settop(d->L, at);
  return d->keeps;
}


/* Pushes the object that is next, with room for the usual number of fields. */
static int push_object (struct decoder *d, enum place place) {
  int n = 0, gone = d->gone, at;
  d->gone = 0;
  lua_createtable(d->L, 0, d->width[place]);
  at = lua_gettop(d->L);
  if (enter(d, '}'))
    do n++; while (take_member(d, place) && more(d, '}'));
  if (!leave(d, at))
    return 0;
  if (d->gone > 0)
    drop_gone(d);
  d->gone = gone;
  if (place == AT_FILE || place == AT_JOB)
    d->width[place] = n;
  if (place == AT_DETAIL)
    complete_detail(d);
  return 1;
}


/* Reads the next value into place `i` of the array on the top. */
static int take_item (struct decoder *d, int i) {
  if (!take_value(d, ANY)) {
    if (d->bad != NULL)
      return 0;
    lua_pushboolean(d->L, 0);
  }
  lua_rawseti(d->L, -2, i);
  return d->bad == NULL;
}


/* Pushes the array that is next; a null in it keeps its place as false. */
static int push_array (struct decoder *d) {
  int i = 0, at;
  lua_newtable(d->L);
  at = lua_gettop(d->L);
  if (enter(d, ']'))
    do i++; while (take_item(d, i) && more(d, ']'));
  return leave(d, at);
}


/* Pushes one file of a list; anything but an object is dropped. */
static int push_file (struct decoder *d) {
  d->field = NULL;
  d->index++;
  if (ges_json_peek(&d->json) == '{')
    return push_object(d, AT_FILE);
  if (!take_value(d, ANY))
    return 0;
  lua_pop(d->L, 1);
  d->field = NULL;
  return warn(d, "no object");
}


/* Pushes a documented list of files: every element an object, no holes. */
static int push_files (struct decoder *d) {
  int kept = 1;
  d->list = d->field;
  d->index = 0;
  lua_createtable(d->L, 1, 0);
  if (enter(d, ']'))
    do {
      if (push_file(d))
        lua_rawseti(d->L, -2, kept++);
      if (d->bad != NULL)
        return 0;
    } while (more(d, ']'));
  d->depth--;
  d->list = NULL;
  return d->bad == NULL;
}


/* Has the job on the top a status? Without one the body is refused. */
static int check_status (struct decoder *d) {
  int type;
  lua_pushliteral(d->L, "status");
  lua_rawget(d->L, -2);
  type = lua_type(d->L, -1);
  lua_pop(d->L, 1);
  if (type == LUA_TSTRING)
    return 1;
  d->flawed = d->job;
  return fail(d, d->status == NULL ? "has no field \"status\""
              : "has a \"status\" that is not a string");
}


/* Pushes one job of the list; for anything else the body is refused. */
static int push_job (struct decoder *d) {
  d->job++;
  d->status = NULL;
  if (ges_json_peek(&d->json) == '{')
    return push_object(d, AT_JOB) && check_status(d);
  d->field = NULL;
  take_value(d, ANY);
  if (d->bad == NULL)
    d->flawed = d->job;
  return fail(d, "is not an object");
}


/* Pushes the list of jobs: every element a job, no holes. */
static int push_jobs (struct decoder *d) {
  lua_newtable(d->L);
  if (enter(d, ']'))
    do {
      if (!push_job(d))
        return 0;
      lua_rawseti(d->L, -2, d->job);
    } while (more(d, ']'));
  d->depth--;
  d->job = 0;
  return d->bad == NULL;
}


static int is_empty (lua_State *L) {
  lua_pushnil(L);
  if (lua_next(L, -2) == 0)
    return 1;
  lua_pop(L, 2);
  return 0;
}


/*
** Pushes an object or an array, unless the field should be the other one. An
** empty one may stand for either.
*/
static int take_table (struct decoder *d, enum type type) {
  int object = *d->json.p == '{';
  const struct field *field = d->field;
  if (type == DETAIL && object)
    return push_object(d, AT_DETAIL);
  if (type == FILES && !object)
    return push_files(d);
  if (type == JOBS && !object)
    return push_jobs(d);
  if (!(object ? push_object(d, AT_OTHER) : push_array(d)))
    return 0;
  if (type == DETAIL && is_empty(d->L)) {
    complete_detail(d);
    return 1;
  }
  if (type == ANY || ((type == FILES || type == JOBS) && is_empty(d->L)))
    return 1;
  lua_pop(d->L, 1);
  d->field = field;
  return warn(d, object ? "an object" : "a list");
}


/*
** Reads the value that is next and pushes it. Returns 0, with nothing pushed,
** if it is null or of another type than the field; also if it is malformed,
** with `bad` set and the stack in any state.
*/
static int take_value (struct decoder *d, enum type type) {
  int c = ges_json_peek(&d->json);
  if (c == '{' || c == '[')
    return take_table(d, type);
  if (c == '-' || ges_is_digit((char)c))
    return take_number(d, type);
  if (c != '"')
    return take_word(d, type);
  if (!push_string(d))
    return 0;
  if (type == ANY || type == STRING)
    return 1;
  lua_pop(d->L, 1);
  return warn(d, "a string");
}


/* Writes why a body is refused, and where. */
static void explain (const struct decoder *d, const struct ges_buf *body,
                     struct gesL_flaw *flaw) {
  size_t at = d->at != NULL ? (size_t)(d->at - body->data) + 1 : 0;
  flaw->status = d->status;
  flaw->why[0] = '\0';
  if (d->flawed > 0)
    snprintf(flaw->why, sizeof flaw->why, "job_list[%d] %s", d->flawed,
             d->bad);
  else if (d->at != NULL && body->len > 0)
    snprintf(flaw->why, sizeof flaw->why, "%s, at byte %lu", d->bad,
             (unsigned long)(at < body->len ? at : body->len));
  else if (d->bad != NULL)
    snprintf(flaw->why, sizeof flaw->why, "%s", d->bad);
}


/* Is the text a whole value of JSON, other than an object or an array? */
static int is_scalar (const struct decoder *d, int first) {
  struct ges_json j = d->json;
  struct ges_number n;
  return first == '"'
         || ((first == '-' || ges_is_digit((char)first)
              ? ges_json_number(&j, &n) : ges_json_word(&j) != 0)
             && j.p == j.end);
}


/* Reads the body: one object, of an error perhaps a list, and nothing else. */
static void take_body (struct decoder *d, enum gesL_shape shape) {
  static const enum place places[] = { AT_OTHER, AT_OTHER, AT_JOB, AT_LIST };
  int first = ges_json_peek(&d->json);
  if ((first == '[' && shape != GESL_ANY) || is_scalar(d, first))
    fail(d, "the answer is JSON, but not an object");
  else if (first != '{' && first != '[')
    broken(d);
  else if (first == '[' ? push_array(d) : push_object(d, places[shape])) {
    if (ges_json_peek(&d->json) != 0 || d->json.p != d->json.end)
      broken(d);
    lua_replace(d->L, d->warnings - 1);
  }
}


/*
** Decodes the body of a response, which must be one object, of the shape. One
** of any shape explains a failure, and what was read of it before a flaw
** counts. Pushes the table, or nil, and the list of warnings, or nil. Returns 0
** if the body is refused; `flaw` says why.
*/
int gesL_decode (lua_State *L, const struct ges_buf *body,
                 enum gesL_shape shape, struct gesL_flaw *flaw) {
  struct decoder d = { .L = L, .width = { 0, 9, 3, 4, 2 },
                       .keeps = shape == GESL_ANY };
  d.deepest = GESL_DEPTH_MAX + (shape == GESL_LIST ? LIST_DEPTH : 0);
  luaL_checkstack(L, d.deepest * 4 + NFIELDS + 20, "job");
  ges_json_begin(&d.json, body->len > 0 ? body->data : "", body->len);
  d.warnings = lua_gettop(L) + 2;
  lua_settop(L, d.warnings);                /* [table warnings], both nil */
  d.names = d.warnings + 2;
  lua_rawgeti(L, ENV, ENV_SCHEMA);
  lua_settop(L, d.warnings + 1 + NFIELDS);
  take_body(&d, shape);
  lua_settop(L, d.warnings);
  explain(&d, body, flaw);
  return d.bad == NULL;
}
