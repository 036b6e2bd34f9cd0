/* SPDX-License-Identifier: MIT
** lsign.c - ges.core.sign: request signing for scripts.
** Owns nothing between calls. Registered by lcore.c. Every mistake in the
** arguments throws, naming the field and never quoting a value.
*/
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <lua.h>
#include <lauxlib.h>

#include "sign.h"

#define SIGNING    "ges.signing"   /* the work space of one call */
#define QUERY_MAX  256             /* most name-value pairs of one query */

#define MAX_AUTHORIZATION  8192

/* Fixed places on the stack of one call. */
#define OPTS  1
#define KEEP  3                    /* list that anchors every string read */

struct signing {
  struct ges_buf out;
  char date[GES_SIGN_DATE];
  int kept;                        /* length of the list at KEEP */
  size_t nquery, nheaders;
  struct ges_pair query[QUERY_MAX];
  struct ges_pair headers[GES_SIGN_HEADERS];
};

int gesL_sign (lua_State *L);


static int signing__gc (lua_State *L) {
  struct signing *s = lua_touserdata(L, 1);
  ges_buf_free(&s->out);
  return 0;
}


/*
** Pushes the work space of one call: a userdata with its __gc in place, so
** that whatever throws later leaks nothing.
*/
static struct signing *signing_new (lua_State *L) {
  struct signing *s = lua_newuserdata(L, sizeof *s);
  memset(s, 0, sizeof *s);
  ges_buf_init(&s->out, MAX_AUTHORIZATION, 1);
  if (luaL_newmetatable(L, SIGNING)) {
    lua_pushcfunction(L, signing__gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return s;
}


static void check_names (lua_State *L) {
  static const char *const known[] = { "method", "host", "path", "query",
    "body", "date", "ak", "sk", "headers", NULL };
  lua_pushnil(L);
  while (lua_next(L, OPTS)) {                          /* [... key value] */
    int i = 0;
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "sign: options are named, got a %s as a name",
                 luaL_typename(L, -1));
    while (known[i] != NULL && strcmp(known[i], lua_tostring(L, -1)) != 0)
      i++;
    if (known[i] == NULL)
      luaL_error(L, "sign: unknown option '%s'", lua_tostring(L, -1));
  }
}


/* Moves the string on top of the stack to the anchor list. */
static const char *keep_string (lua_State *L, struct signing *s, size_t *n) {
  const char *p = lua_tolstring(L, -1, n);
  lua_rawseti(L, KEEP, ++s->kept);
  return p;
}


/* Reads a string option; NULL and 0 when it is absent. */
static const char *opt_string (lua_State *L, struct signing *s,
                               const char *name, size_t *n) {
  lua_getfield(L, OPTS, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    *n = 0;
    return NULL;
  }
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "sign: '%s' must be a string, got a %s", name,
               luaL_typename(L, -1));
  return keep_string(L, s, n);
}


/* A required string that becomes part of a header. */
static const char *need_visible (lua_State *L, struct signing *s,
                                 const char *name) {
  size_t n;
  const char *why, *p = opt_string(L, s, name, &n);
  if (p == NULL)
    luaL_error(L, "sign: '%s' is missing", name);
  if ((why = ges_url_token(p, n)) != NULL)
    luaL_error(L, "sign: '%s' %s", name, why);
  return p;
}


static const char *read_method (lua_State *L, struct signing *s) {
  const char *method = need_visible(L, s, "method"), *p;
  for (p = method; *p != '\0'; p++)
    if (*p < 'A' || *p > 'Z')
      luaL_error(L, "sign: 'method' must be upper-case letters");
  return method;
}


static const char *read_host (lua_State *L, struct signing *s) {
  size_t n;
  const char *host = opt_string(L, s, "host", &n);
  const char *why = n > 0 ? ges_url_token(host, n) : NULL;
  if (why != NULL)
    luaL_error(L, "sign: 'host' %s", why);
  return host;
}


static const char *read_path (lua_State *L, struct signing *s, size_t *n) {
  const char *path = opt_string(L, s, "path", n);
  const char *why = *n > 0 ? ges_url_path(path, *n) : NULL;
  if (why != NULL)
    luaL_error(L, "sign: 'path' %s", why);
  return path;
}


/* The date given, or now. */
static const char *read_date (lua_State *L, struct signing *s) {
  size_t n;
  const char *why, *date = opt_string(L, s, "date", &n);
  if (date == NULL) {
    if (ges_sign_date(time(NULL), s->date) != 0)
      luaL_error(L, "sign: the system clock is wrong");
    return s->date;
  }
  if ((why = ges_sign_check_date(date, n)) != NULL)
    luaL_error(L, "sign: 'date' %s", why);
  return date;
}


/*
** Replaces the number on top of the stack by its text, which is the same on
** every Lua: 10, never 10.0.
*/
static void number_text (lua_State *L, const char *name) {
  lua_Number x = lua_tonumber(L, -1);
  char text[32];
  if (x - x != 0)                            /* NaN or an infinity */
    luaL_error(L, "sign: query '%s' is not a finite number", name);
  if (floor(x) != x || fabs(x) > 9007199254740992.0) {
    lua_tolstring(L, -1, NULL);
    return;
  }
  snprintf(text, sizeof text, "%.0f", x == 0 ? 0.0 : x);
  lua_pushstring(L, text);
  lua_replace(L, -2);
}


/* Pops a value of the query and appends it under `name`. */
static void add_query (lua_State *L, struct signing *s, const char *name,
                       size_t namelen) {
  struct ges_pair *p = &s->query[s->nquery];
  if (s->nquery == QUERY_MAX)
    luaL_error(L, "sign: 'query' has more than %d values", QUERY_MAX);
  switch (lua_type(L, -1)) {
    case LUA_TSTRING:
      break;
    case LUA_TNUMBER:
      number_text(L, name);
      break;
    case LUA_TBOOLEAN:
      lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false");
      lua_replace(L, -2);
      break;
    default:
      luaL_error(L, "sign: query '%s' must be a string, a number, a boolean "
                 "or a list of them, got a %s", name, luaL_typename(L, -1));
  }
  p->name = name;
  p->namelen = namelen;
  p->value = keep_string(L, s, &p->valuelen);
  s->nquery++;
}


/*
** Appends every value of the list on top of the stack under `name`. Their
** order does not matter: the canonical query sorts them.
*/
static void add_list (lua_State *L, struct signing *s, const char *name,
                      size_t namelen) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {                         /* [... list key value] */
    if (lua_type(L, -2) != LUA_TNUMBER)
      luaL_error(L, "sign: query '%s' must be a list of values", name);
    add_query(L, s, name, namelen);
  }
}


/*
** Pushes the table option `name`; returns 0, with nothing pushed, when it is
** absent.
*/
static int push_table (lua_State *L, const char *name) {
  lua_getfield(L, OPTS, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return 0;
  }
  if (!lua_istable(L, -1))
    luaL_error(L, "sign: '%s' must be a table, got a %s", name,
               luaL_typename(L, -1));
  return 1;
}


/* Anchors the name of a table entry, at -2, and returns it. */
static const char *entry_name (lua_State *L, struct signing *s,
                               const char *option, size_t *n) {
  if (lua_type(L, -2) != LUA_TSTRING)
    luaL_error(L, "sign: '%s' must have strings as names, got a %s", option,
               luaL_typename(L, -2));
  lua_pushvalue(L, -2);
  return keep_string(L, s, n);
}


static void read_query (lua_State *L, struct signing *s) {
  if (!push_table(L, "query"))
    return;
  lua_pushnil(L);
  while (lua_next(L, -2)) {                        /* [... query key value] */
    size_t n;
    const char *name = entry_name(L, s, "query", &n);
    if (lua_istable(L, -1)) {
      add_list(L, s, name, n);
      lua_pop(L, 1);
    }
    else
      add_query(L, s, name, n);
  }
  lua_pop(L, 1);
}


static int same_name (const struct ges_pair *p, const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n && i < p->namelen; i++) {
    char a = p->name[i], b = s[i];
    if (a != b && ((a ^ b) != 0x20 || (a | 0x20) < 'a' || (a | 0x20) > 'z'))
      return 0;
  }
  return n == p->namelen;
}


/* RFC 9110, section 5.6.2: what a header may be called. */
static int is_token (const char *s, size_t n) {
  static const char marks[] = "!#$%&'*+-.^_`|~";
  size_t i;
  for (i = 0; i < n; i++) {
    char c = s[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
          (c >= 'A' && c <= 'Z') || (c != '\0' && strchr(marks, c) != NULL)))
      return 0;
  }
  return n > 0;
}


/* Refuses a header that is made here, or that is there already. */
static void check_header (lua_State *L, const struct signing *s,
                          const struct ges_pair *h) {
  size_t i;
  if (!is_token(h->name, h->namelen))
    luaL_error(L, "sign: 'headers' has a name that is not an HTTP token");
  if (same_name(h, "host", 4))
    luaL_error(L, "sign: give header '%s' as the option 'host'", h->name);
  if (same_name(h, "x-sdk-date", 10))
    luaL_error(L, "sign: give header '%s' as the option 'date'", h->name);
  if (same_name(h, "authorization", 13))
    luaL_error(L, "sign: header '%s' is the result", h->name);
  for (i = 0; i < s->nheaders; i++)
    if (same_name(&s->headers[i], h->name, h->namelen))
      luaL_error(L, "sign: header '%s' is given twice", h->name);
}


static void add_header (lua_State *L, struct signing *s, const char *name,
                        size_t namelen) {
  struct ges_pair h;
  const char *why;
  if (s->nheaders == GES_SIGN_HEADERS)
    luaL_error(L, "sign: more than %d headers", GES_SIGN_HEADERS);
  h.name = name;
  h.namelen = namelen;
  check_header(L, s, &h);
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "sign: header '%s' must be a string, got a %s", name,
               luaL_typename(L, -1));
  h.value = keep_string(L, s, &h.valuelen);
  if ((why = ges_url_header(h.value, h.valuelen)) != NULL)
    luaL_error(L, "sign: header '%s' %s", name, why);
  s->headers[s->nheaders++] = h;
}


static void read_headers (lua_State *L, struct signing *s) {
  if (!push_table(L, "headers"))
    return;
  lua_pushnil(L);
  while (lua_next(L, -2)) {                      /* [... headers key value] */
    size_t n;
    const char *name = entry_name(L, s, "headers", &n);
    add_header(L, s, name, n);
  }
  lua_pop(L, 1);
}


static void read_input (lua_State *L, struct signing *s,
                        struct ges_sign_input *in) {
  memset(in, 0, sizeof *in);
  in->method = read_method(L, s);
  in->host = read_host(L, s);
  in->path = read_path(L, s, &in->pathlen);
  in->body = opt_string(L, s, "body", &in->bodylen);
  in->date = read_date(L, s);
  in->ak = need_visible(L, s, "ak");
  in->sk = need_visible(L, s, "sk");
  read_query(L, s);
  read_headers(L, s);
  in->query = s->query;
  in->nquery = s->nquery;
  in->headers = s->headers;
  in->nheaders = s->nheaders;
}


/* Pushes the headers to send: those given, and the two made here. */
static void push_headers (lua_State *L, const struct signing *s,
                          const struct ges_sign_input *in) {
  size_t i;
  lua_newtable(L);
  for (i = 0; i < s->nheaders; i++) {
    const struct ges_pair *h = &s->headers[i];
    lua_pushlstring(L, h->name, h->namelen);
    lua_pushlstring(L, h->value, h->valuelen);
    lua_rawset(L, -3);
  }
  lua_pushstring(L, in->date);
  lua_setfield(L, -2, "X-Sdk-Date");
  lua_pushlstring(L, s->out.data, s->out.len);
  lua_setfield(L, -2, "Authorization");
}


/*
** sign{method=, host=, path=, query=, body=, date=, ak=, sk=, headers=}
** -> table of headers. `path` and `query` are not encoded; `date` defaults
** to now; without `host` only x-sdk-date and the given headers are signed.
*/
int gesL_sign (lua_State *L) {
  struct ges_sign_input in;
  struct signing *s;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, OPTS);
  luaL_checkstack(L, 20, "sign");
  s = signing_new(L);
  lua_newtable(L);                                     /* [opts s] -> KEEP */
  check_names(L);
  read_input(L, s, &in);
  if (ges_sign_request(&in, &s->out) != 0)
    return luaL_error(L, "sign: out of memory, or the request is too long");
  push_headers(L, s, &in);
  return 1;
}
