/* SPDX-License-Identifier: MIT
** fuzz_error.c - any answer -> failure, or what was asked for: a job, a page of
** jobs, the name of a graph, the response of a generic call.
** Input: a byte each for the secret, the status and the purpose, header lines
** that end with FIELD_END, an empty one, then the body. A byte order mark in
** front of that changes neither kind nor code.
*/
#include "lua_side.h"
#include "lua/result.h"

static int answer (lua_State *L) {
  struct fuzz_exchange *x = lua_touserdata(L, 1);
  lua_settop(L, 0);
  return gesL_pushresult(L, &x->easy, JOB, 0.25);
}


static long status_of (int c) {
  static const long all[] = { 200, 201, 204, 301, 302, 400, 401, 403, 404,
    407, 408, 413, 429, 431, 500, 502, 503, 504, 100, 199, 600, 999 };
  return all[(size_t)c % (sizeof all / sizeof all[0])];
}


static unsigned char purpose_of (int c) {
  static const unsigned char all[] = { GES_FOR_JOB, GES_FOR_CALL,
                                       GES_FOR_LIST, GES_FOR_GRAPH };
  return all[(size_t)c % sizeof all];
}


/* The field of the info at 3, or "". */
static const char *field (lua_State *L, const char *name) {
  const char *s = "";
  if (lua_istable(L, 3)) {
    lua_pushstring(L, name);
    lua_rawget(L, 3);
    s = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    lua_pop(L, 1);              /* the table keeps it */
  }
  return s;
}


/* The same answer with a mark before its body: what has it become? */
static void check_marked (lua_State *L, struct fuzz_exchange *x,
                          struct ges_slice body) {
  char kind[40], code[200];
  struct ges_buf marked;
  struct ges_slice s;
  snprintf(kind, sizeof kind, "%s", field(L, "kind"));
  snprintf(code, sizeof code, "%s", field(L, "code"));
  ges_buf_init(&marked, body.n + 4, 0);
  ges_buf_add(&marked, "\xEF\xBB\xBF", 3);
  ges_buf_add(&marked, body.p, body.n);
  s.p = marked.data;
  s.n = marked.len;
  ges_buf_clear(&x->easy.body);
  fuzz_body(x, s);
  ges_buf_free(&marked);
  CHECK(fuzz_call(L, answer, x) == 3);
  CHECK(strcmp(kind, field(L, "kind")) == 0);
  CHECK(strncmp(code, field(L, "code"), sizeof code - 1) == 0);
}


int LLVMFuzzerTestOneInput (const uint8_t *p, size_t n) {
  struct fuzz_input in = fuzz_open(p, n);
  lua_State *L = fuzz_lua();
  struct fuzz_exchange x;
  struct ges_slice line;
  struct ges_slice secret = fuzz_secret(fuzz_byte(&in));
  long status = status_of(fuzz_byte(&in));
  unsigned char purpose = purpose_of(fuzz_byte(&in));
  fuzz_begin(&x, secret, status, purpose);
  while ((line = fuzz_field(&in)).n > 0)
    fuzz_header(&x, line);
  line.p = in.p;
  line.n = in.n;
  fuzz_body(&x, line);
  CHECK(fuzz_call(L, answer, &x) == 3);
  fuzz_check_work(x.bytes, WORK_MESSAGE, 400);
  fuzz_check_triple(L, secret);
  if (!lua_isnil(L, 1))
    CHECK(ges_easy_answers(&x.easy, status));
  if (line.n > 0 && (unsigned char)line.p[0] != 0xEF)
    check_marked(L, &x, line);
  fuzz_end(&x);
  return 0;
}
