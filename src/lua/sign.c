/* SPDX-License-Identifier: MIT
** sign.c - core.sign: request signing for scripts. Owns nothing between calls.
** Registered by core.c. Every mistake in the arguments throws; the message
** names the field and does not quote its value.
*/
#include <string.h>
#include <time.h>

#include "pairs.h"
#include "../engine/sign.h"

#define SIGNING    "ges.signing"   /* the work space of one call */
#define QUERY_MAX  256             /* most name-value pairs of one query */

#define MAX_AUTHORIZATION  8192

/* Fixed places on the stack of one call. */
#define OPTS  1
#define KEEP  3                    /* list that anchors every string read */

struct signing {
  struct ges_buf out, query;
  char date[GES_SIGN_DATE];
  size_t nheaders;
  struct ges_pair pairs[QUERY_MAX];
  struct ges_pair headers[GES_SIGN_HEADERS];
};


static int signing__gc (lua_State *L) {
  struct signing *s = lua_touserdata(L, 1);
  ges_buf_free(&s->out);
  ges_buf_free(&s->query);
  return 0;
}


/*
** Pushes the work space of one call: a userdata with its __gc set, so that an
** error thrown later leaks nothing.
*/
static struct signing *signing_new (lua_State *L) {
  struct signing *s = lua_newuserdata(L, sizeof *s);
  memset(s, 0, sizeof *s);
  ges_buf_init(&s->out, MAX_AUTHORIZATION, 1);
  ges_buf_init(&s->query, GES_SIGN_MAX, 0);
  gesL_setrelease(L, SIGNING, signing__gc);
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


/* Reads a string option; NULL and 0 when it is absent. */
static const char *opt_string (lua_State *L, const char *name, size_t *n) {
  lua_getfield(L, OPTS, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    *n = 0;
    return NULL;
  }
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "sign: '%s' must be a string, got a %s", name,
               luaL_typename(L, -1));
  return gesL_keep(L, KEEP, n);
}


/* The same; throws if it is not empty and `check` refuses it. */
static const char *opt_checked (lua_State *L, const char *name, size_t *n,
                                const char *(*check) (const char *, size_t)) {
  const char *s = opt_string(L, name, n);
  const char *why = *n > 0 ? check(s, *n) : NULL;
  if (why != NULL)
    luaL_error(L, "sign: '%s' %s", name, why);
  return s;
}


/* A required string that becomes part of a header. */
static const char *need_visible (lua_State *L, const char *name) {
  size_t n;
  const char *p = opt_checked(L, name, &n, ges_url_token);
  if (p == NULL)
    luaL_error(L, "sign: '%s' is missing", name);
  if (n == 0)
    luaL_error(L, "sign: '%s' must not be empty", name);
  return p;
}


static const char *read_method (lua_State *L) {
  const char *method = need_visible(L, "method");
  if (method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
    luaL_error(L, "sign: 'method' must be upper-case letters");
  return method;
}


/* The date given, or now. */
static const char *read_date (lua_State *L, struct signing *s) {
  size_t n;
  const char *why, *date = opt_string(L, "date", &n);
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
** Pushes the table option `name`; returns its index, or 0 with nothing pushed
** when it is absent.
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
  return lua_gettop(L);
}


static void read_query (lua_State *L, struct signing *s) {
  struct gesL_pairs p = { "query", "sign", 1, KEEP, s->pairs, 0, QUERY_MAX };
  int idx = push_table(L, p.what);
  if (idx == 0)
    return;
  gesL_readquery(L, idx, &p);
  if (ges_url_query(&s->query, p.of, p.n) != 0)
    luaL_error(L, "sign: out of memory, or the query is too long");
  lua_pop(L, 1);
}


/* Throws for a header that core.sign makes itself. */
static void check_header (lua_State *L, const struct ges_pair *h) {
  const char *why = ges_url_header(h->value, h->valuelen);
  if (why != NULL)
    luaL_error(L, "sign: header '%s' %s", h->name, why);
  if (gesL_samename(h, "host", 4))
    luaL_error(L, "sign: give header '%s' as the option 'host'", h->name);
  if (gesL_samename(h, "x-sdk-date", 10))
    luaL_error(L, "sign: give header '%s' as the option 'date'", h->name);
  if (gesL_samename(h, "authorization", 13))
    luaL_error(L, "sign: header '%s' is the result", h->name);
}


static void read_headers (lua_State *L, struct signing *s) {
  struct gesL_pairs p = { "headers", "sign", 1, KEEP, s->headers, 0,
                          GES_SIGN_HEADERS };
  int idx = push_table(L, p.what);
  size_t i;
  if (idx == 0)
    return;
  gesL_readheaders(L, idx, &p);
  for (i = 0; i < p.n; i++)
    check_header(L, &p.of[i]);
  s->nheaders = p.n;
  lua_pop(L, 1);
}


static void read_input (lua_State *L, struct signing *s,
                        struct ges_sign_input *in) {
  size_t n;
  memset(in, 0, sizeof *in);
  in->method = read_method(L);
  in->host = opt_checked(L, "host", &n, ges_url_token);
  in->path = opt_checked(L, "path", &in->pathlen, ges_url_path);
  in->body = opt_string(L, "body", &in->bodylen);
  in->date = read_date(L, s);
  in->ak = need_visible(L, "ak");
  in->sk = need_visible(L, "sk");
  read_query(L, s);
  read_headers(L, s);
  in->query = s->query.data;
  in->querylen = s->query.len;
  in->headers = s->headers;
  in->nheaders = s->nheaders;
}


/* Pushes the headers to send: those given, X-Sdk-Date and Authorization. */
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
