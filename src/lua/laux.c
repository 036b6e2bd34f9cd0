/* SPDX-License-Identifier: MIT
** laux.c - what the files of src/lua share (see laux.h).
*/
#include "laux.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../engine/sanitize.h"
#include "../engine/text.h"
#include "../engine/url.h"

#define MESSAGE_MAX    1000     /* bytes of a text in a message */
#define CODE_MAX       100      /* of a service's code */
#define EXCERPT_MAX    120      /* of a body that cannot be read */
#define SANITIZER  "ges.sanitizer"

/* Sanitizes the texts of one failure: see sanitize.h. */
struct sanitizer {
  const struct ges_secrets *secrets;
  struct ges_runs runs;
  int indexed;                  /* `runs` is made */
  struct ges_buf out;
};


/*
** Makes the metatable of a class, once per Lua state. The environment is on
** the top and stays there; methods get it as their upvalue. The metatable is
** registered when it is complete: if memory ran out before, objects without a
** __gc would be made later, and would leak.
*/
void gesL_newclass (lua_State *L, const char *name, const luaL_Reg *methods,
                    const luaL_Reg *metamethods) {
  luaL_getmetatable(L, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);                 /* [env mt] */
    lua_pushvalue(L, -2);
    gesL_setfuncs(L, metamethods, 1);
    lua_newtable(L);
    lua_pushvalue(L, -3);            /* [env mt methods env] */
    gesL_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "locked");    /* hide the metatable from scripts */
    lua_setfield(L, -2, "__metatable");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, name);
  }
  lua_pop(L, 1);
}


/*
** Pushes a zeroed object of a class that has only a __gc, which is set before
** the object owns anything.
*/
void *gesL_newowner (lua_State *L, size_t size, const char *name,
                     lua_CFunction gc) {
  void *p = memset(lua_newuserdata(L, size), 0, size);
  luaL_getmetatable(L, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);        /* [object mt] */
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, name);
  }
  lua_setmetatable(L, -2);
  return p;
}


/*
** Pushes a zeroed object with its metatable, so that its __gc is set before it
** owns anything.
*/
void *gesL_newobject (lua_State *L, size_t size, const char *name) {
  void *p = memset(lua_newuserdata(L, size), 0, size);
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
  return p;
}


/* The string at `idx`; p == NULL: no string. */
struct ges_slice gesL_slice (lua_State *L, int idx) {
  struct ges_slice s;
  s.n = 0;
  s.p = lua_type(L, idx) == LUA_TSTRING ? lua_tolstring(L, idx, &s.n) : NULL;
  return s;
}


/* Sets t[name] of the table on the top. */
void gesL_setbool (lua_State *L, const char *name, int value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}


/*
** Throws a mistake in the script, "call: text", with the position of the line
** at `level`; `text` is formatted as lua_pushfstring does.
*/
int gesL_mistake (lua_State *L, const char *call, int level,
                  const char *text, ...) {
  va_list args;
  luaL_where(L, level);
  lua_pushfstring(L, "%s: ", call);
  va_start(args, text);
  lua_pushvfstring(L, text, args);
  va_end(args);
  lua_concat(L, 3);
  return lua_error(L);
}


int gesL_nomemory (lua_State *L) {
  return luaL_error(L, "ges: not enough memory");
}


static int sanitizer__gc (lua_State *L) {
  struct sanitizer *c = lua_touserdata(L, 1);
  ges_runs_free(&c->runs);
  ges_buf_free(&c->out);
  return 0;
}


/*
** Pushes a sanitizer for these secrets, which it borrows. They are indexed when
** a text is long enough to need that.
*/
static struct sanitizer *push_sanitizer (lua_State *L,
                                     const struct ges_secrets *secrets) {
  static const struct ges_secrets none;
  struct sanitizer *c = gesL_newowner(L, sizeof *c, SANITIZER, sanitizer__gc);
  ges_runs_init(&c->runs);
  ges_buf_init(&c->out, MESSAGE_MAX + 64, 1);
  c->secrets = secrets != NULL ? secrets : &none;
  return c;
}


/* Where to cut a text: not inside a UTF-8 character and not inside a mark. */
static size_t cut_at (const char *s, size_t len, size_t max) {
  static const char mark[] = GES_REDACTED;
  size_t n = max, i;
  if (len <= max)
    return len;
  for (i = 1; i < sizeof mark - 1 && i <= n; i++) {
    size_t seen = len - n + i;
    if (memcmp(s + n - i, mark, seen < sizeof mark - 1 ? seen
                                : sizeof mark - 1) == 0)
      return n - i;
  }
  return ges_whole_utf8(s, n);
}


/*
** Pushes a text, sanitized, of at most `max` bytes; the sanitizer's `out` has
** room for 64 more. It is cut afterwards, or the half of a token would not be
** recognised.
*/
static void push_text (lua_State *L, struct sanitizer *c, const char *s,
                       size_t n, size_t max) {
  if (n >= GES_RUN && !c->indexed) {
    c->indexed = 1;
    if (ges_runs_make(&c->runs, c->secrets) != 0)
      gesL_nomemory(L);
  }
  ges_buf_clear(&c->out);
  if (ges_sanitize(&c->out, s, n, c->secrets, &c->runs, max + 16) != 0)
    gesL_nomemory(L);
  lua_pushlstring(L, c->out.len > 0 ? c->out.data : "",
                  cut_at(c->out.data, c->out.len, max));
}


/* The same for a single text. */
void gesL_pushtext (lua_State *L, const char *s, size_t n,
                    const struct ges_secrets *secrets) {
  gesL_pushlong(L, s, n, secrets, MESSAGE_MAX);
}


/* The same for a text that may have more bytes than one in a message. */
void gesL_pushlong (lua_State *L, const char *s, size_t n,
                    const struct ges_secrets *secrets, size_t most) {
  struct sanitizer *c = push_sanitizer(L, secrets);   /* [sanitizer] */
  c->out.max = most + 64;
  push_text(L, c, s, n, most);
  lua_replace(L, -2);                             /* [text] */
}


/* Sets t[name] of the table on the top, unless `s` is empty. */
static void set_text (lua_State *L, struct sanitizer *c, const char *name,
                      const char *s) {
  if (s[0] != '\0') {
    push_text(L, c, s, strlen(s), MESSAGE_MAX);
    lua_setfield(L, -2, name);
  }
}


/*
** The id of a request is nearly always hexadecimal; the secrets are indexed
** only for another one.
*/
static void set_request_id (lua_State *L, const char *id,
                            const struct ges_secrets *secrets) {
  size_t n = strlen(id);
  if (n == 0)
    return;
  gesL_pushtext(L, id, n, strspn(id, "0123456789abcdefABCDEF-") == n ? NULL
                           : secrets);
  lua_setfield(L, -2, "request_id");
}


/*
** Pushes an info table with what every result has. `response` is NULL when
** nothing was sent. With `secrets`, the table has the id of the request.
*/
void gesL_pushinfo (lua_State *L, const struct ges_response *response,
                    double elapsed, const struct ges_secrets *secrets) {
  lua_createtable(L, 0, 4);                 /* a success has four fields */
  lua_pushnumber(L, elapsed);
  lua_setfield(L, -2, "elapsed");
  gesL_pushwhole(L, response != NULL && !response->unsent);
  lua_setfield(L, -2, "attempts");
  if (response == NULL || response->status == 0)
    return;
  gesL_pushwhole(L, response->status);
  lua_setfield(L, -2, "http_status");
  if (secrets != NULL)
    set_request_id(L, response->request_id, secrets);
  if (response->retry_after >= 0 || response->retry_at >= 0) {
    double wait = ges_response_wait(response, (double)time(NULL));
    if (wait >= 0) {
      lua_pushnumber(L, wait);
      lua_setfield(L, -2, "retry_after");
    }
  }
}


/* Pushes the message: what happened, and the beginning of the body. */
static void push_message (lua_State *L, struct sanitizer *c,
                          const struct gesL_failure *f) {
  push_text(L, c, f->message.p, f->message.n, MESSAGE_MAX);
  if (f->excerpt.n == 0)
    return;
  lua_pushliteral(L, ": ");
  push_text(L, c, f->excerpt.p, f->excerpt.n, EXCERPT_MAX);
  lua_concat(L, 3);
}


/*
** Pushes the line for the user: kind, message, status, code, request id and
** what to do, for which a long message is cut. [info message code id] ->
** [... err]; the strings are sanitized, and so is the line.
*/
static void push_line (lua_State *L, const struct gesL_failure *f) {
  const struct ges_response *r = f->response;
  const char *id = lua_tostring(L, -1), *code = lua_tostring(L, -2), *head;
  char status[24];
  size_t n;
  head = lua_pushfstring(L, "ges: %s: %s", ges_kinds[f->kind].name,
                         lua_tostring(L, -3));  /* [... head] */
  snprintf(status, sizeof status, "%ld", r != NULL ? r->status : 0);
  if (code != NULL && strcmp(code, status) == 0)
    code = NULL;                /* IAM's codes are those of HTTP */
  if (r != NULL && r->status != 0)
    lua_pushfstring(L, " (HTTP %d%s%s%s%s)", (int)r->status,
                    code != NULL ? ", " : "", code != NULL ? code : "",
                    id != NULL ? ", request " : "", id != NULL ? id : "");
  else
    lua_pushliteral(L, "");
  lua_pushfstring(L, "%s%s", f->hint != NULL ? "; " : "",
                  f->hint != NULL ? f->hint : "");
  lua_concat(L, 2);                             /* [... head tail] */
  n = gesL_rawlen(L, -1);
  lua_pushlstring(L, head, cut_at(head, gesL_rawlen(L, -2),
                                  n < MESSAGE_MAX ? MESSAGE_MAX - n : 0));
  lua_replace(L, -3);
  lua_concat(L, 2);
}


/*
** Pushes the failure triple: nil, the line for the user and the info table.
** Returns 3.
*/
int gesL_fail (lua_State *L, const struct gesL_failure *f) {
  struct sanitizer *c;
  luaL_checkstack(L, 12, "failure");
  c = push_sanitizer(L, f->secrets);
  lua_pushnil(L);
  gesL_pushinfo(L, f->response, f->elapsed, NULL);         /* [nil info] */
  if (f->response != NULL) {
    set_text(L, c, "date", f->response->date);
    if (f->response->status != 0)
      set_text(L, c, "request_id", f->response->request_id);
  }
  push_message(L, c, f);
  if (f->code.n > 0)
    push_text(L, c, f->code.p, f->code.n, CODE_MAX);
  else
    lua_pushnil(L);
  lua_getfield(L, -3, "request_id");
  push_line(L, f);                      /* [nil info message code id err] */
  lua_insert(L, -5);                    /* [nil err info message code id] */
  lua_pop(L, 1);
  lua_setfield(L, -3, "code");
  lua_setfield(L, -2, "message");
  lua_pushstring(L, ges_kinds[f->kind].name);
  lua_setfield(L, -2, "kind");
  gesL_setbool(L, "retryable", !f->is_final
                               && (ges_kinds[f->kind].flags & K_AGAIN));
  return 3;
}


/*
** core.redact(text, secret, ...) -> text
** Sanitizes a text that the Lua layer puts into a message.
*/
int gesL_redact (lua_State *L) {
  struct ges_secrets all;
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  int i, top = lua_gettop(L);
  memset(&all, 0, sizeof all);
  for (i = 2; i <= top; i++) {
    size_t len;
    const char *secret = lua_isnil(L, i) ? NULL : luaL_checklstring(L, i, &len);
    if (ges_secrets_add(&all, secret, secret != NULL ? len : 0) != 0)
      return luaL_error(L, "redact: more than %d secrets", GES_SECRETS_MAX);
  }
  gesL_pushtext(L, s, n, &all);
  return 1;
}


/*
** core.date(text) -> seconds since 1970 | nil
** Reads the Date field of a response.
*/
int gesL_date (lua_State *L) {
  double at = ges_response_date(luaL_checkstring(L, 1));
  if (at < 0)
    lua_pushnil(L);
  else
    lua_pushnumber(L, at);
  return 1;
}


/*
** core.badtoken(text) -> why it cannot be sent as a token or key | nil
** The reason does not quote the text, and reads on from its name.
*/
int gesL_badtoken (lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  lua_pushstring(L, ges_url_token(s, n));   /* nil when NULL */
  return 1;
}


/*
** core.badid(text) -> why it cannot be the id of a project, graph or job | nil
** As badtoken does.
*/
int gesL_badid (lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  lua_pushstring(L, ges_url_id(s, n));      /* nil when NULL */
  return 1;
}


/*
** core.endpoint(text) -> host[:port], prefix | nil, why it is refused
** The parts of an endpoint as they are sent: the value of the Host header, in
** the one spelling that is kept, and what stands before each path.
*/
int gesL_endpoint (lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n), *why;
  struct ges_endpoint e;
  if ((why = ges_url_endpoint(s, n, &e)) != NULL) {
    lua_pushnil(L);
    lua_pushstring(L, why);
    return 2;
  }
  lua_pushlstring(L, e.host, e.hostlen);
  if (e.port != 0)
    lua_pushfstring(L, ":%d", (int)e.port);
  else
    lua_pushliteral(L, "");
  lua_concat(L, 2);
  lua_pushlstring(L, e.prefix, e.prefixlen);
  return 2;
}
