/* SPDX-License-Identifier: MIT
** lua_side.c - a Lua state for the fuzzers (see lua_side.h).
*/
#include "lua_side.h"

#include <math.h>

#include <lualib.h>

#include "lua/result.h"
#include "lua/options.h"
#include "lua/request.h"

int luaopen_ges_work (lua_State *L);

#define BODY_MAX    1048576
#define ERR_MAX     2100        /* bytes of one line for a user */
#define DEPTH_MAX   40          /* of a result */
#define GC_EVERY    200         /* inputs between two full collections */

static lua_State *state;        /* reachable, so no leak */
static char env_key;


/* The state; made at the first call. Its stack is empty. */
lua_State *fuzz_lua (void) {
  static int count;
  lua_State *L = state;
  if (L == NULL) {
    L = state = luaL_newstate();
    CHECK(L != NULL);
    luaL_openlibs(L);
    luaopen_ges_work(L);        /* Lua's memory counts, too */
    lua_settop(L, 0);
    lua_newtable(L);
    gesL_pushoptions(L);
    lua_rawseti(L, 1, ENV_OPTIONS);
    gesL_openschema(L, 1);
    gesL_openrequest(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &env_key);
  }
  lua_settop(L, 0);
  if (++count % GC_EVERY == 0)
    lua_gc(L, LUA_GCCOLLECT, 0);
  return L;
}


/*
** Calls f(ud) as a function of the module. Returns how many results it left,
** or -1: it threw, and the message is on the top.
*/
int fuzz_call (lua_State *L, lua_CFunction f, void *ud) {
  int top = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key);
  lua_pushcclosure(L, f, 1);
  lua_pushlightuserdata(L, ud);
  return lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK ? lua_gettop(L) - top : -1;
}


static void check_number (lua_State *L, int idx) {
  double x = lua_tonumber(L, idx);
  CHECK(isfinite(x));
}


static void check_deep (lua_State *L, int idx, struct ges_slice secret,
                        int depth) {
  size_t n;
  const char *s;
  CHECK(depth < DEPTH_MAX);
  luaL_checkstack(L, 8, "check");
  switch (lua_type(L, idx)) {
    case LUA_TNIL: case LUA_TBOOLEAN:
      break;
    case LUA_TNUMBER:
      check_number(L, idx);
      break;
    case LUA_TSTRING:
      s = lua_tolstring(L, idx, &n);
      CHECK(!fuzz_shows(s, n, secret));
      break;
    case LUA_TTABLE:
      lua_pushnil(L);
      while (lua_next(L, idx) != 0) {
        check_deep(L, lua_gettop(L) - 1, secret, depth + 1);
        check_deep(L, lua_gettop(L), secret, depth + 1);
        lua_pop(L, 1);
      }
      break;
    default:
      CHECK(!"a value that no result may hold");
  }
}


/* Nothing but plain data, no number that is not finite, no secret. */
void fuzz_check_value (lua_State *L, int idx, struct ges_slice secret) {
  check_deep(L, lua_absindex(L, idx), secret, 0);
}


static const char *field (lua_State *L, int idx, const char *name) {
  const char *s;
  CHECK(lua_getfield(L, idx, name) == LUA_TSTRING);
  s = lua_tostring(L, -1);
  lua_pop(L, 1);                /* the table keeps it */
  return s;
}


/* No part of a secret in the texts of a failure. */
static void check_runs (lua_State *L, struct ges_slice secret) {
  static const char *const names[] = { "message", "code", "request_id",
                                       "date" };
  size_t i, n;
  const char *s = lua_tolstring(L, 2, &n);
  CHECK(!fuzz_shows_run(s, n, secret));
  for (i = 0; i < sizeof names / sizeof names[0]; i++) {
    lua_getfield(L, 3, names[i]);
    if ((s = lua_tolstring(L, -1, &n)) != NULL)
      CHECK(!fuzz_shows_run(s, n, secret));
    lua_pop(L, 1);
  }
}


static void check_failure (lua_State *L) {
  size_t n, i;
  const char *err = lua_tolstring(L, 2, &n), *kind;
  int k;
  CHECK(lua_type(L, 2) == LUA_TSTRING && n > 0 && n < ERR_MAX);
  for (i = 0; i < n; i++)
    CHECK((unsigned char)err[i] >= 0x20 && err[i] != 0x7F);
  kind = field(L, 3, "kind");
  for (k = 1; k < GES_KIND_COUNT; k++)
    if (strcmp(kind, ges_kinds[k].name) == 0)
      break;
  CHECK(k < GES_KIND_COUNT);
  CHECK(strstr(err, kind) != NULL);
  CHECK(strlen(field(L, 3, "message")) < ERR_MAX);
  CHECK(lua_getfield(L, 3, "retryable") == LUA_TBOOLEAN);
  CHECK(lua_toboolean(L, -1) == ((ges_kinds[k].flags & K_AGAIN) != 0));
  lua_pop(L, 1);
}


/* value, nil, info or nil, err, info, at 1 to 3. */
void fuzz_check_triple (lua_State *L, struct ges_slice secret) {
  int i;
  CHECK(lua_gettop(L) == 3 && lua_istable(L, 3));
  for (i = 1; i <= 3; i++)
    fuzz_check_value(L, i, secret);
  if (lua_isnil(L, 1)) {
    check_failure(L);
    check_runs(L, secret);
  }
  else {
    CHECK(lua_istable(L, 1) || lua_type(L, 1) == LUA_TSTRING);
    CHECK(lua_isnil(L, 2));
    CHECK(lua_getfield(L, 3, "kind") == LUA_TNIL);
    lua_pop(L, 1);
  }
  if (lua_getfield(L, 3, "retry_after") != LUA_TNIL)
    CHECK(lua_tonumber(L, -1) >= 0);
  lua_pop(L, 1);
}


void fuzz_begin (struct fuzz_exchange *x, struct ges_slice secret,
                 long status, unsigned char purpose) {
  memset(x, 0, sizeof *x);
  x->secret = secret;
  ges_easy_init(&x->easy);
  x->easy.body.max = BODY_MAX;
  x->easy.purpose = purpose;
  ges_response_clear(&x->easy.response);
  x->easy.response.status = status;
  ges_secrets_add(&x->easy.secrets, secret.p, secret.n);
}


void fuzz_header (struct fuzz_exchange *x, struct ges_slice line) {
  struct ges_buf b;
  ges_buf_init(&b, BODY_MAX, 0);
  fuzz_echo(&b, line, x->secret);
  ges_buf_puts(&b, "\r\n");
  ges_response_header(&x->easy.response, b.data, b.len, &x->easy.secrets);
  ges_buf_add(&x->easy.fields, b.data, b.len);
  x->bytes += b.len;
  ges_buf_free(&b);
}


void fuzz_body (struct fuzz_exchange *x, struct ges_slice text) {
  fuzz_echo(&x->easy.body, text, x->secret);
  x->bytes += x->easy.body.len;
  x->easy.response.whole = 1;
  ges_easy_finish(&x->easy, 0);
}


void fuzz_end (struct fuzz_exchange *x) {
  ges_easy_close(&x->easy);
}
