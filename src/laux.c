/* SPDX-License-Identifier: MIT
** laux.c - the Lua side's toolkit (see laux.h).
*/
#include "laux.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "buf.h"

#define TEXT_MAX     65536      /* bytes a message may have while cleaned */
#define MESSAGE_MAX  1000       /* and after that */
#define BUF_CLASS    "ges.buf"


/*
** Makes the metatable of a class, once per Lua state. The environment is on
** the top and stays there; methods get it as their upvalue. The metatable is
** registered when it is whole: were memory to run out before, a half one
** would be found later, and objects without a __gc would leak.
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
    lua_pushliteral(L, "locked");    /* nobody reads or swaps a metatable */
    lua_setfield(L, -2, "__metatable");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, name);
  }
  lua_pop(L, 1);
}


/*
** Gives the object on the top a class of which only the release is known.
** Until this returns, the object must own nothing.
*/
void gesL_setrelease (lua_State *L, const char *name, lua_CFunction gc) {
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
}


/*
** Pushes a zeroed object that already has its metatable: whatever it will
** own, its __gc is in place first.
*/
void *gesL_newobject (lua_State *L, size_t size, const char *name) {
  void *p = lua_newuserdata(L, size);
  memset(p, 0, size);
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
  return p;
}


int gesL_nomemory (lua_State *L) {
  return luaL_error(L, "ges: not enough memory");
}


static int buf__gc (lua_State *L) {
  ges_buf_free(lua_touserdata(L, 1));
  return 0;
}


/* Pushes an empty buffer that frees itself. */
static struct ges_buf *push_buf (lua_State *L) {
  struct ges_buf *b = lua_newuserdata(L, sizeof *b);
  ges_buf_init(b, TEXT_MAX, 1);
  gesL_setrelease(L, BUF_CLASS, buf__gc);
  return b;
}


/* Where to cut a text of `n` bytes: not inside a UTF-8 character. */
static size_t cut_at (const char *s, size_t n) {
  if (n <= MESSAGE_MAX)
    return n;
  n = MESSAGE_MAX;
  while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
    n--;
  return n;
}


/*
** Pushes a text that is fit to be seen: no secrets, no control characters,
** not too long. Cut after cleaning, or half a token could slip through.
*/
void gesL_pushclean (lua_State *L, const char *s, size_t n,
                     const struct ges_secrets *secrets) {
  static const struct ges_secrets none;
  struct ges_buf *b;
  if (n > TEXT_MAX / 4)         /* an escape takes four bytes */
    n = TEXT_MAX / 4;
  b = push_buf(L);              /* [buf] */
  if (ges_clean(b, s, n, secrets != NULL ? secrets : &none) != 0)
    gesL_nomemory(L);
  lua_pushlstring(L, b->len > 0 ? b->data : "", cut_at(b->data, b->len));
  lua_replace(L, -2);           /* [text]; the buffer goes with the garbage */
}


static void set_string (lua_State *L, const char *name, const char *s,
                        const struct ges_secrets *secrets) {
  if (s[0] != '\0') {
    gesL_pushclean(L, s, strlen(s), secrets);
    lua_setfield(L, -2, name);
  }
}


/*
** Pushes an info table with what every result has. `reply` is NULL when
** nothing was sent.
*/
void gesL_pushinfo (lua_State *L, const struct ges_reply *reply,
                    double elapsed) {
  lua_createtable(L, 0, 4);                 /* those of a success */
  lua_pushnumber(L, elapsed);
  lua_setfield(L, -2, "elapsed");
  gesL_pushwhole(L, reply != NULL);
  lua_setfield(L, -2, "attempts");
  if (reply == NULL || reply->status == 0)
    return;
  gesL_pushwhole(L, reply->status);
  lua_setfield(L, -2, "http_status");
  set_string(L, "request_id", reply->request_id, NULL);
  if (reply->retry_after >= 0 || reply->retry_at >= 0) {
    double wait = ges_reply_wait(reply, (double)time(NULL));
    if (wait >= 0) {
      lua_pushnumber(L, wait);
      lua_setfield(L, -2, "retry_after");
    }
  }
}


/*
** Pushes the one line that goes to a user: what, in whose words, where, and
** what to do. [info message code] -> [... err]; both strings are clean.
*/
static void push_line (lua_State *L, const struct gesL_failure *f) {
  const struct ges_reply *r = f->reply;
  const char *code = lua_tostring(L, -1);
  lua_pushfstring(L, "ges: %s: %s", ges_kind_name(f->kind),
                  lua_tostring(L, -2));
  if (r != NULL && r->status != 0)
    lua_pushfstring(L, " (HTTP %d%s%s%s%s)", (int)r->status,
                    code != NULL ? ", " : "", code != NULL ? code : "",
                    r->request_id[0] != '\0' ? ", request " : "",
                    r->request_id);
  else
    lua_pushliteral(L, "");
  lua_pushfstring(L, "%s%s", f->hint != NULL ? "; " : "",
                  f->hint != NULL ? f->hint : "");
  lua_concat(L, 3);
  gesL_pushclean(L, lua_tostring(L, -1), gesL_rawlen(L, -1), f->secrets);
  lua_replace(L, -2);
}


/*
** The one producer of a failure: pushes nil, the line for the user and the
** info table. Returns 3.
*/
int gesL_fail (lua_State *L, const struct gesL_failure *f) {
  luaL_checkstack(L, 10, "failure");
  lua_pushnil(L);
  gesL_pushinfo(L, f->reply, f->elapsed);               /* [nil info] */
  if (f->reply != NULL)
    set_string(L, "date", f->reply->date, f->secrets);
  gesL_pushclean(L, f->message.p, f->message.n, f->secrets);
  if (f->code.n > 0)
    gesL_pushclean(L, f->code.p, f->code.n, f->secrets);
  else
    lua_pushnil(L);
  push_line(L, f);                         /* [nil info message code err] */
  lua_insert(L, -4);                       /* [nil err info message code] */
  lua_setfield(L, -3, "code");
  lua_setfield(L, -2, "message");
  lua_pushstring(L, ges_kind_name(f->kind));
  lua_setfield(L, -2, "kind");
  lua_pushboolean(L, ges_kind_retryable(f->kind));
  lua_setfield(L, -2, "retryable");
  return 3;
}


/*
** core.redact(text, secret, ...) -> text
** The same cleaning for text that the Lua layer puts into a message.
*/
int gesL_redact (lua_State *L) {
  struct ges_secrets all;
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  int i, top = lua_gettop(L);
  all.n = 0;
  for (i = 2; i <= top; i++) {
    size_t len;
    const char *secret = lua_isnil(L, i) ? NULL : luaL_checklstring(L, i, &len);
    if (secret != NULL)
      ges_secrets_add(&all, secret, len);
  }
  gesL_pushclean(L, s, n, &all);
  return 1;
}
