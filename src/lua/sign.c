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

/* The options; those before QUERY are strings. */
static const char *const names[] = { "method", "host", "path", "body", "date",
                                     "ak", "sk", "query", "headers" };

enum { METHOD, HOST, PATH, BODY, DATE, AK, SK, QUERY, HEADERS, NOPTIONS };

/* Fixed places on the stack of one call. */
#define OPTS   1
#define KEEP   3                   /* list that anchors strings made here */
#define AT(i)  (KEEP + 1 + (i))    /* the value of an option */

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
** Checks the table of options, pair by pair, and leaves the values on the
** stack, which anchors them.
*/
static void read_options (lua_State *L) {
  lua_settop(L, AT(NOPTIONS) - 1);          /* nil for each */
  lua_pushnil(L);
  while (lua_next(L, OPTS)) {               /* [... key value] */
    const char *type = luaL_typename(L, -1);
    int i = 0;
    if (lua_type(L, -2) != LUA_TSTRING)
      luaL_error(L, "sign: options are named, got a %s as a name",
                 luaL_typename(L, -2));
    while (i < NOPTIONS && strcmp(names[i], lua_tostring(L, -2)) != 0)
      i++;
    if (i == NOPTIONS)
      luaL_error(L, "sign: unknown option '%s'", lua_tostring(L, -2));
    if (strcmp(type, i < QUERY ? "string" : "table") != 0)
      luaL_error(L, "sign: '%s' must be a %s, got a %s", names[i],
                 i < QUERY ? "string" : "table", type);
    lua_replace(L, AT(i));
  }
}


/* A string option; throws if it is not empty and `check` refuses it. */
static struct ges_slice checked (lua_State *L, int i,
                                 const char *(*check) (const char *, size_t)) {
  struct ges_slice s = gesL_slice(L, AT(i));
  const char *why = s.n > 0 ? check(s.p, s.n) : NULL;
  if (why != NULL)
    luaL_error(L, "sign: '%s' %s", names[i], why);
  return s;
}


/* A required string that becomes part of a header. */
static const char *need_visible (lua_State *L, int i) {
  struct ges_slice s = checked(L, i, ges_url_token);
  if (s.n == 0)
    luaL_error(L, "sign: '%s' %s", names[i],
               s.p == NULL ? "is missing" : "must not be empty");
  return s.p;
}


static const char *read_method (lua_State *L) {
  const char *method = need_visible(L, METHOD);
  if (method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
    luaL_error(L, "sign: 'method' must be upper-case letters");
  return method;
}


/* The date given, or now. */
static const char *read_date (lua_State *L, struct signing *s) {
  struct ges_slice date = gesL_slice(L, AT(DATE));
  const char *why;
  if (date.p == NULL) {
    if (ges_sign_date(time(NULL), s->date) != 0)
      luaL_error(L, "sign: the system clock is wrong");
    return s->date;
  }
  if ((why = ges_sign_check_date(date.p, date.n)) != NULL)
    luaL_error(L, "sign: 'date' %s", why);
  return date.p;
}


static void read_query (lua_State *L, struct signing *s) {
  struct gesL_pairs p = { "query", "sign", 1, KEEP, s->pairs, 0, QUERY_MAX };
  gesL_readquery(L, AT(QUERY), &p);
  if (ges_url_query(&s->query, p.of, p.n) != 0)
    luaL_error(L, "sign: out of memory, or the query is too long");
}


/* Throws for a header that core.sign makes itself. */
static void check_header (lua_State *L, const struct ges_pair *h) {
  const char *why = ges_url_header(h->value, h->valuelen);
  if (why != NULL)
    luaL_error(L, "sign: header '%s' %s", h->name, why);
  if (ges_pair_named(h, "host"))
    luaL_error(L, "sign: give header '%s' as the option 'host'", h->name);
  if (ges_pair_named(h, "x-sdk-date"))
    luaL_error(L, "sign: give header '%s' as the option 'date'", h->name);
  if (ges_pair_named(h, "authorization"))
    luaL_error(L, "sign: header '%s' is what sign computes", h->name);
}


static void read_headers (lua_State *L, struct signing *s) {
  struct gesL_pairs p = { "headers", "sign", 1, KEEP, s->headers, 0,
                          GES_SIGN_HEADERS };
  size_t i;
  gesL_readheaders(L, AT(HEADERS), &p);
  for (i = 0; i < p.n; i++)
    check_header(L, &p.of[i]);
  s->nheaders = p.n;
}


static void read_input (lua_State *L, struct signing *s,
                        struct ges_sign_input *in) {
  struct ges_slice path, body = gesL_slice(L, AT(BODY));
  memset(in, 0, sizeof *in);
  in->method = read_method(L);
  in->host = checked(L, HOST, ges_url_token).p;
  path = checked(L, PATH, ges_url_path);
  in->path = path.p;
  in->pathlen = path.n;
  in->body = body.p;
  in->bodylen = body.n;
  in->date = read_date(L, s);
  in->ak = need_visible(L, AK);
  in->sk = need_visible(L, SK);
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
  luaL_checkstack(L, AT(NOPTIONS) + 20, "sign");
  s = gesL_newowner(L, sizeof *s, SIGNING, signing__gc);
  ges_buf_init(&s->out, MAX_AUTHORIZATION, 1);
  ges_buf_init(&s->query, GES_SIGN_MAX, 1);
  lua_newtable(L);                          /* [opts s] -> KEEP */
  read_options(L);
  read_input(L, s, &in);
  if (ges_sign_request(&in, &s->out) != 0)
    return luaL_error(L, "sign: out of memory, or the request is too long");
  push_headers(L, s, &in);
  return 1;
}
