/* SPDX-License-Identifier: MIT
** fuzz_job.c - the body of a 200 answer -> job table.
** Input: a byte that chooses the secret, then the body. Whatever it is, the
** result is a triple of plain data without the secret, and a job keeps the
** contract: documented fields have their documented types or are absent, and
** what lua-cjson reads in the same body, its flaws mended, is the same.
*/
#include <math.h>

#include "engine/text.h"
#include "lua_side.h"
#include "lua/result.h"


static int answer (lua_State *L) {
  struct fuzz_exchange *x = lua_touserdata(L, 1);
  lua_settop(L, 0);
  return gesL_pushresult(L, &x->easy, JOB, 0.25);
}


/* Whole numbers are integers, wherever they stand. */
static void check_whole (lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 8, "check");
  if (lua_type(L, idx) == LUA_TNUMBER && !lua_isinteger(L, idx)) {
    double x = lua_tonumber(L, idx);
    CHECK(x != floor(x) || fabs(x) >= 9223372036854775808.0);
  }
  if (!lua_istable(L, idx))
    return;
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    check_whole(L, -1);
    lua_pop(L, 1);
  }
}


static void check_fields (lua_State *L, int idx, const char *const names[],
                          int type) {
  for (; *names != NULL; names++) {
    int got = lua_getfield(L, idx, *names);
    CHECK(got == LUA_TNIL || got == type);
    lua_pop(L, 1);
  }
}


static void check_file (lua_State *L, int idx) {
  static const char *const texts[] = { "path", "log", "status", "cause",
                                       NULL };
  static const char *const counts[] = { "total_lines", "failed_lines",
                                        "successful_lines", NULL };
  int i;
  check_fields(L, idx, texts, LUA_TSTRING);
  check_fields(L, idx, counts, LUA_TNUMBER);
  for (i = 0; counts[i] != NULL; i++) {
    if (lua_getfield(L, idx, counts[i]) == LUA_TNUMBER)
      CHECK(lua_tonumber(L, -1) >= 0);
    lua_pop(L, 1);
  }
}


/* The three lists are there, without holes, and hold objects. */
static void check_detail (lua_State *L, int idx) {
  static const char *const lists[] = { "schema_path", "edgeset_path",
                                       "vertexset_path" };
  int i;
  for (i = 0; i < 3; i++) {
    lua_Integer n = 0;
    CHECK(lua_getfield(L, idx, lists[i]) == LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      CHECK(lua_isinteger(L, -2) && lua_istable(L, -1));
      check_file(L, lua_gettop(L));
      n++;
      lua_pop(L, 1);
    }
    CHECK(n == (lua_Integer)lua_rawlen(L, -1));
    lua_pop(L, 1);
  }
}


static void check_job (lua_State *L) {
  static const char *const texts[] = { "job_id", "status", "job_type",
    "job_name", "related_graph", "begin_time", "end_time", "fail_reason",
    NULL };
  static const char *const numbers[] = { "job_progress", NULL };
  CHECK(lua_getfield(L, 1, "status") == LUA_TSTRING);
  lua_pop(L, 1);
  check_fields(L, 1, texts, LUA_TSTRING);
  check_fields(L, 1, numbers, LUA_TNUMBER);
  if (lua_getfield(L, 1, "job_id") == LUA_TSTRING)
    CHECK(strcmp(lua_tostring(L, -1), JOB) == 0);
  lua_pop(L, 1);
  if (lua_getfield(L, 1, "job_detail") != LUA_TNIL) {
    CHECK(lua_istable(L, -1));
    check_detail(L, lua_gettop(L));
  }
  lua_pop(L, 1);
  check_whole(L, 1);
}


/* The half of a pair of UTF-16 escapes that is at `s`: 'h', 'l', or 0. */
static int half (const char *s, size_t n) {
  long code = n >= 6 && s[0] == '\\' && s[1] == 'u'
              ? ges_digits(s + 2, n - 2, 4, 16) : -1;
  return code >= 0xD800 && code <= 0xDBFF ? 'h'
         : code >= 0xDC00 && code <= 0xDFFF ? 'l' : 0;
}


/*
** Writes the body as lua-cjson takes it: without a byte order mark, and with
** U+FFFD for half of a pair.
*/
static void mend (struct ges_buf *out, const struct ges_buf *body) {
  const char *s = body->data, *end = s + body->len;
  if (body->len >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0)
    s += 3;
  while (s < end) {
    int which = half(s, (size_t)(end - s));
    if (which == 'h' && half(s + 6, (size_t)(end - s) - 6) == 'l') {
      ges_buf_add(out, s, 12);
      s += 12;
    }
    else if (which != 0) {
      ges_buf_puts(out, "\\ufffd");
      s += 6;
    }
    else {
      size_t n = *s == '\\' && end - s > 1 ? 2 : 1;
      ges_buf_add(out, s, n);
      s += n;
    }
  }
}


/* Decodes the body, mended, with lua-cjson. */
static int decode (lua_State *L) {
  struct fuzz_exchange *x = lua_touserdata(L, 1);
  struct ges_buf text;
  lua_settop(L, 0);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "cjson");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "decode");
  ges_buf_init(&text, x->easy.body.len + 1, 0);
  mend(&text, &x->easy.body);
  lua_pushlstring(L, text.data, text.len);
  ges_buf_free(&text);
  lua_call(L, 1, 1);
  return 1;
}


/* Every text of the job is what the other reader found there. */
static void check_same (lua_State *L, struct fuzz_exchange *x) {
  CHECK(fuzz_call(L, decode, x) == 1 && lua_istable(L, -1));
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING) {
      lua_pushvalue(L, -2);
      lua_rawget(L, -4);
      CHECK(lua_rawequal(L, -1, -2));
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
}


int LLVMFuzzerTestOneInput (const uint8_t *p, size_t n) {
  struct fuzz_input in = fuzz_open(p, n);
  lua_State *L = fuzz_lua();
  struct fuzz_exchange x;
  struct ges_slice body;
  fuzz_begin(&x, fuzz_secret(fuzz_byte(&in)), 200, GES_FOR_JOB);
  body.p = in.p;
  body.n = in.n;
  fuzz_body(&x, body);
  CHECK(fuzz_call(L, answer, &x) == 3);
  fuzz_check_work(x.bytes, WORK_MESSAGE, 400);
  fuzz_check_triple(L, x.secret);
  if (!lua_isnil(L, 1)) {
    check_job(L);
    check_same(L, &x);
  }
  fuzz_end(&x);
  return 0;
}
