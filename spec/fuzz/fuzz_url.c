/* SPDX-License-Identifier: MIT
** fuzz_url.c - options -> the request as libcurl gets it.
** Input: a byte that chooses the call, then fields: endpoint, project, graph,
** job for a job's status; endpoint, path, names and values for another call.
** What is accepted leaves with exactly the segments it was given, and no
** header line can be forged.
*/
#include <curl/curl.h>

#include "lua_side.h"
#include "lua/prepare.h"
#include "lua/request.h"

static struct ges_easy http;


static void set_field (lua_State *L, const char *name, struct ges_slice s) {
  lua_pushlstring(L, s.n > 0 ? s.p : "", s.n);
  lua_setfield(L, -2, name);
}


static int read_options (lua_State *L) {
  lua_settop(L, 0);
  lua_pushliteral(L, "core.job_status");
  lua_pushinteger(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &http);
  return gesL_prepare(L);
}


static size_t count (const char *s, size_t n, char c) {
  size_t i, found = 0;
  for (i = 0; i < n; i++)
    found += s[i] == c;
  return found;
}


/* What is sent as it stands is one word of the request line. */
static void check_target (const char *s, size_t n) {
  size_t i;
  CHECK(n > 0 && s[0] == '/');
  for (i = 0; i < n; i++)
    CHECK(s[i] > 0x20 && s[i] < 0x7F && s[i] != '#');
}


/* The path that is sent, and the one a tidier client would have sent. */
static void check_path (const struct ges_slice *want, const char *prefix,
                        size_t prefixlen) {
  CURLU *as_is = curl_url(), *tidy = curl_url();
  const char *url = ges_buf_cstr(&http.target);
  char *path = NULL, *again = NULL;
  char plain[16384];
  size_t n, origin = http.head->origin.len - 1;   /* without its NUL */
  CHECK(url != NULL && http.target.len > origin);
  check_target(url + origin, http.target.len - origin);
  CHECK(curl_url_set(as_is, CURLUPART_URL, url, CURLU_PATH_AS_IS)
        == CURLUE_OK);
  CHECK(curl_url_get(as_is, CURLUPART_PATH, &path, 0) == CURLUE_OK);
  CHECK(curl_url_set(tidy, CURLUPART_URL, url, 0) == CURLUE_OK);
  CHECK(curl_url_get(tidy, CURLUPART_PATH, &again, 0) == CURLUE_OK);
  CHECK(strcmp(path, again) == 0 && strlen(path) < sizeof plain);
  n = ges_url_decode(plain, path, strlen(path));
  CHECK(n == prefixlen + want->n);
  CHECK(prefixlen == 0 || memcmp(plain, prefix, prefixlen) == 0);
  CHECK(memcmp(plain + prefixlen, want->p, want->n) == 0);
  CHECK(count(path, strlen(path), '/') == count(prefix, prefixlen, '/')
                                          + count(want->p, want->n, '/'));
  curl_free(path);
  curl_free(again);
  curl_url_cleanup(as_is);
  curl_url_cleanup(tidy);
}


/* One request, one set of lines: nothing in them starts another. */
static void check_lines (const struct ges_lines *l) {
  const char *s = l->text.data;
  size_t i, n = l->text.len;
  CHECK(count(s, n, '\0') == l->n);
  for (i = 0; i < n; i++)
    CHECK(s[i] != '\r' && s[i] != '\n');
}


/* The query has as many pairs as were given, and no more. */
static void check_query (const struct ges_buf *q, size_t pairs) {
  CHECK(count(q->data, q->len, '=') == pairs);
  CHECK(count(q->data, q->len, '&') == (pairs > 1 ? pairs - 1 : 0));
  CHECK(count(q->data, q->len, '#') == 0 && count(q->data, q->len, '?') == 0);
}


static void check_request (const struct ges_request *r,
                           const struct ges_slice *path, size_t pairs) {
  const struct ges_endpoint *to = &r->head->to;
  CHECK(ges_easy_open(&http) == 0);
  CHECK(ges_easy_prepare(&http, r, 0) == 0);
  check_path(path, to->prefix, to->prefixlen);
  check_lines(&r->head->lines);
  check_query(&r->query, pairs);
  ges_easy_clear(&http);
}


/* Fills the options of a job's status; `path` is what has to be asked for. */
static void job_options (lua_State *L, struct fuzz_input *in,
                         struct ges_buf *path) {
  static const char *const ids[][2] = { { "project_id", "/v2/" },
    { "graph_id", "/graphs/" }, { "job_id", "/jobs/" } };
  int i;
  for (i = 0; i < 3; i++) {
    struct ges_slice s = fuzz_field(in);
    set_field(L, ids[i][0], s);
    ges_buf_puts(path, ids[i][1]);
    ges_buf_add(path, s.p, s.n);
  }
  ges_buf_puts(path, "/status");
}


/* The same for another call: path, then query, then headers. */
static void call_options (lua_State *L, struct fuzz_input *in,
                          struct ges_buf *path) {
  static const char *const tables[] = { "query", "headers" };
  struct ges_slice s = fuzz_field(in), value;
  int i;
  set_field(L, "path", s);
  ges_buf_add(path, s.p, s.n);
  for (i = 0; i < 2; i++) {
    int n;
    lua_newtable(L);
    for (n = 0; n < 4 && in->n > 0; n++) {
      s = fuzz_field(in);
      value = fuzz_field(in);
      if (s.n == 0)
        break;
      lua_pushlstring(L, s.p, s.n);
      lua_pushlstring(L, value.n > 0 ? value.p : "", value.n);
      lua_rawset(L, -3);
    }
    lua_setfield(L, -2, tables[i]);
  }
}


static size_t pairs_of (lua_State *L, const char *name) {
  size_t n = 0;
  if (lua_getfield(L, -1, name) == LUA_TTABLE) {
    lua_pushnil(L);
    for (; lua_next(L, -2) != 0; n++)
      lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return n;
}


int LLVMFuzzerTestOneInput (const uint8_t *p, size_t n) {
  static int ready;
  struct fuzz_input in = fuzz_open(p, n);
  lua_State *L = fuzz_lua();
  struct ges_buf path;
  struct ges_slice want;
  size_t pairs;
  int generic = fuzz_byte(&in) & 1, rc;
  if (!ready) {
    ges_easy_init(&http);
    ready = 1;
  }
  ges_buf_init(&path, 1048576, 0);
  lua_newtable(L);
  set_field(L, "token", fuzz_secret(0));
  set_field(L, "endpoint", fuzz_field(&in));
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "insecure_http");
  if (generic)
    call_options(L, &in, &path);
  else
    job_options(L, &in, &path);
  pairs = pairs_of(L, "query");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &http);
  rc = fuzz_call(L, read_options, NULL);
  fuzz_check_work(n, WORK_MESSAGE, 400);
  want.p = path.data;
  want.n = path.len;
  if (rc > 0 && lua_isuserdata(L, 1))
    check_request(&((struct gesL_request *)lua_touserdata(L, 1))->req, &want,
                  pairs);
  else if (rc > 0) {            /* refused; a throw shows the script's words */
    lua_settop(L, 3);           /* without the settings */
    fuzz_check_triple(L, fuzz_secret(0));
  }
  ges_buf_free(&path);
  return 0;
}
