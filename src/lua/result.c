/* SPDX-License-Identifier: MIT
** result.c - from a finished exchange to Lua values (see result.h).
** Classifies by the service's error code first, by HTTP status second.
*/
#include "result.h"

#include <string.h>

#include "advice.h"
#include "error_body.h"
#include "../engine/json.h"
#include "../engine/text.h"

#define PAGE_MAX    4096        /* bytes of a page that are looked at */
#define AUTHORIZATION_MAX  65536 /* bytes of an encoded authorization failure */


/* Which service a code belongs to. */
enum service { THE_GES = 1, THE_GATEWAY = 2, ANY_SERVICE = 3 };


/* The kind that a code decides whatever the status; GES_none: no kind. */
static enum ges_kind kind_of_code (const char *code, size_t n) {
  static const struct {
    const char *number;
    enum service service;
    enum ges_kind kind;
  } known[] = {
    { "8301", THE_GES, GES_not_found }, { "7007", THE_GES, GES_not_found },
    { "7000", THE_GES, GES_not_found }, { "0016", THE_GES, GES_not_found },
    { "7004", THE_GES, GES_unavailable }, { "7005", THE_GES, GES_unavailable },
    { "7006", THE_GES, GES_unavailable },
    { "0301", THE_GATEWAY, GES_auth }, { "0307", THE_GATEWAY, GES_auth },
    { "0308", ANY_SERVICE, GES_throttled },
  };
  enum service service;
  size_t i;
  if (n < 5 || code[n - 5] != '.')
    return GES_none;
  service = n == 8 && memcmp(code, "GES", 3) == 0 ? THE_GES : THE_GATEWAY;
  for (i = 0; i < sizeof known / sizeof known[0]; i++)
    if ((known[i].service & service)
        && memcmp(code + n - 4, known[i].number, 4) == 0)
      return known[i].kind;
  return GES_none;
}


static enum ges_kind kind_of_status (long status) {
  if (status >= 500 && status <= 599) return GES_unavailable;
  if (status >= 300 && status <= 399) return GES_redirect;
  switch (status) {
    case 401: return GES_auth;
    case 403: return GES_forbidden;
    case 404: return GES_not_found;
    case 407: return GES_proxy;
    case 408: return GES_unavailable;
    case 429: return GES_throttled;
    default: return status >= 400 && status <= 499 ? GES_bad_request
                    : GES_protocol;
  }
}


static struct gesL_failure failure_of (const struct ges_easy *h,
                                       double elapsed) {
  struct gesL_failure f = { .response = &h->response, .secrets = &h->secrets,
                            .purpose = h->purpose, .elapsed = elapsed };
  f.is_signed = h->head != NULL && ges_head_text(h->head, OPT_ak).p != NULL;
  return f;
}


/* Is the body a page of HTML, as a portal's is? */
static int is_page (struct ges_slice body) {
  struct ges_json j;
  ges_json_begin(&j, body.p != NULL ? body.p : "", body.n);
  return ges_json_peek(&j) == '<';
}


/*
** Does a text say enough? An answer that is not a page is no portal, and what a
** proxy does before there is an answer is told by outcome.c.
*/
static int is_plain (const char *text, enum ges_kind kind,
                     const struct gesL_failure *f) {
  return strncmp(text, "proxy ", 6) == 0
         || (kind == GES_proxy && f->response->status == 0)
         || (kind == GES_protocol && !is_page(f->excerpt));
}


static int fail_text (lua_State *L, struct gesL_failure *f,
                      enum ges_kind kind, const char *text) {
  f->kind = kind;
  f->message.p = text;
  f->message.n = strlen(text);
  f->hint = is_plain(text, kind, f) ? NULL : gesL_advice(kind, f);
  return gesL_fail(L, f);
}


/*
** Fails with `what` and the beginning of an unexpected body, which shows, for
** example, a captive portal.
*/
static int fail_excerpt (lua_State *L, struct gesL_failure *f,
                         enum ges_kind kind, const char *what,
                         const struct ges_buf *body) {
  f->excerpt.p = body->data;
  f->excerpt.n = body->len;
  if (body->len == 0)
    what = lua_pushfstring(L, "%s, the body is empty", what);
  return fail_text(L, f, kind, what);
}


static int fail_redirect (lua_State *L, struct gesL_failure *f) {
  if (f->response->location[0] != '\0')
    lua_pushfstring(L, "the server redirects to %s", f->response->location);
  else
    lua_pushliteral(L, "the server redirects to another address");
  return fail_text(L, f, GES_redirect, lua_tostring(L, -1));
}


/*
** Adds to the info on the top what the table at `idx` has for the tool that
** decodes authorization failures.
*/
static void add_authorization (lua_State *L, int idx,
                               const struct ges_secrets *secrets) {
  struct ges_slice s = { NULL, 0 };
  lua_pushliteral(L, "encoded_authorization_message");
  lua_rawget(L, idx);                       /* [nil err info text] */
  if (lua_type(L, -1) == LUA_TSTRING)
    s = gesL_slice(L, -1);
  if (s.n > 0 && s.n <= AUTHORIZATION_MAX) {
    gesL_pushlong(L, s.p, s.n, secrets, AUTHORIZATION_MAX);
    lua_setfield(L, -3, "authorization_message");
  }
  lua_pop(L, 1);
}


/* Pushes that a body is coded, and how. */
static const char *push_coded (lua_State *L, const char *what,
                               const struct ges_easy *h) {
  return lua_pushfstring(L, "%s has the Content-Encoding %s, which was not"
                         " asked for", what, h->response.coding);
}


/*
** Did a request in plain http reach a port of TLS? nginx and Go's servers say
** so, in a page.
*/
static int is_tls_port (const struct ges_easy *h) {
  static const char *const said[] = {
    "The plain HTTP request was sent to HTTPS port",
    "Client sent an HTTP request to an HTTPS server" };
  const struct ges_buf *b = &h->body;
  size_t i, k, n, most = b->len < PAGE_MAX ? b->len : PAGE_MAX;
  if (h->head == NULL || h->head->to.https || h->response.status != 400)
    return 0;
  for (k = 0; k < sizeof said / sizeof said[0]; k++)
    for (i = 0, n = strlen(said[k]); i + n <= most; i++)
      if (memcmp(b->data + i, said[k], n) == 0)
        return 1;
  return 0;
}


/* Fails with a status alone: the body does not explain it. */
static int fail_unexplained (lua_State *L, struct ges_easy *h,
                             struct gesL_failure *f, enum ges_kind kind) {
  if (h->response.coding[0] != '\0')
    return fail_text(L, f, kind, push_coded(L, "the error message", h));
  if (is_tls_port(h))
    return fail_text(L, f, kind, "plain http was sent to a TLS port: use"
                     " https:// in the endpoint");
  return fail_excerpt(L, f, kind, "the server gave no error message",
                      &h->body);
}


/* Pushes the failure of a body; `found`: [... code message] are on the top. */
static int push_explained (lua_State *L, struct ges_easy *h, double elapsed,
                           int found) {
  struct gesL_failure f = failure_of(h, elapsed);
  enum ges_kind kind = kind_of_status(h->response.status), by_code;
  if (found) {
    f.code = gesL_slice(L, -2);
    f.message = gesL_slice(L, -1);
    by_code = f.code.n > 0 ? kind_of_code(f.code.p, f.code.n) : GES_none;
    if (by_code != GES_none)
      kind = by_code;
  }
  if (kind == GES_redirect)
    return fail_redirect(L, &f);
  if (f.message.n == 0 && f.code.n == 0)
    return fail_unexplained(L, h, &f, kind);
  if (f.message.n == 0)
    return fail_text(L, &f, kind, "the service gave only an error code");
  f.kind = kind;
  f.hint = gesL_advice(kind, &f);
  return gesL_fail(L, &f);
}


/* Pushes the failure that a response reports. */
static int push_refusal (lua_State *L, struct ges_easy *h, double elapsed) {
  struct gesL_flaw flaw;
  int body, found, object;
  gesL_decode(L, &h->body, GESL_ANY, &flaw);
  lua_pop(L, 1);                            /* [body|nil] */
  body = lua_gettop(L);
  found = lua_istable(L, body) && gesL_pusherror(L, body, h);
  object = body + 1;                        /* the body, or one inside it */
  push_explained(L, h, elapsed, found);     /* [... nil err info] */
  if (lua_istable(L, body))
    add_authorization(L, body, &h->secrets);
  if (found)
    add_authorization(L, object, &h->secrets);
  return 3;
}


/*
** True if the header block is complete; libcurl reports a connection that
** closes inside it as success with an empty body.
*/
static int is_complete (struct ges_easy *h) {
  if (h->response.kind == GES_none && !h->response.whole) {
    h->response.status = 0;
    ges_response_fail(&h->response, GES_network, "the connection was closed"
                      " inside the response headers");
  }
  return h->response.kind == GES_none;
}


/* Pushes the failure of an exchange without a usable response. */
static int push_transport (lua_State *L, struct ges_easy *h, double elapsed) {
  struct gesL_failure f = failure_of(h, elapsed);
  if (h->response.kind == GES_memory)
    return gesL_nomemory(L);
  return fail_text(L, &f, h->response.kind, h->response.text);
}


/* Pushes the success triple. [... value warnings|nil] -> [value nil info] */
static int push_success (lua_State *L, const struct ges_easy *h,
                         double elapsed) {
  int warned = !lua_isnil(L, -1);
  gesL_pushinfo(L, &h->response, elapsed, &h->secrets);
                                            /* [value warnings info] */
  if (warned) {
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "warnings");
  }
  lua_pushnil(L);
  lua_replace(L, -3);
  return 3;
}


/*
** Decodes the body of a 200 response. Returns 0, with the value and its
** warnings pushed, or 3, with the triple of a failure.
*/
static int decode_answer (lua_State *L, struct ges_easy *h, double elapsed,
                          enum gesL_shape shape, struct gesL_flaw *flaw) {
  struct gesL_failure f = failure_of(h, elapsed);
  if (h->response.coding[0] != '\0') {
    f.is_final = 1;             /* the next answer would be coded, too */
    return fail_text(L, &f, GES_protocol, push_coded(L, "the answer", h));
  }
  return gesL_decode(L, &h->body, shape, flaw) ? 0
         : fail_excerpt(L, &f, GES_protocol, flaw->why, &h->body);
}


/*
** Pushes the triple of a 200 response whose body, at `idx`, lacks what it ought
** to have: perhaps it explains a failure.
*/
static int push_lacking (lua_State *L, struct ges_easy *h, double elapsed,
                         int idx, const char *what) {
  struct gesL_failure f = failure_of(h, elapsed);
  return gesL_pusherror(L, idx, h) ? push_refusal(L, h, elapsed)
         : fail_excerpt(L, &f, GES_protocol, what, &h->body);
}


/* Pushes the triple of an answer for another id, of a body at `idx`. */
static int push_another (lua_State *L, struct ges_easy *h, double elapsed,
                         int idx, const char *what) {
  struct gesL_failure f = failure_of(h, elapsed);
  gesL_takeid(L, idx, h);
  return fail_text(L, &f, GES_protocol, what);
}


/* Is the value on the top another id than that of the request? */
static int is_other (lua_State *L, const char *id) {
  size_t n;
  const char *got = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n)
                    : NULL;
  return got != NULL && (n != strlen(id) || memcmp(got, id, n) != 0);
}


/* Pushes the triple of a job's 200 response. `id` is that of the request. */
static int push_job (lua_State *L, struct ges_easy *h, const char *id,
                     double elapsed) {
  struct gesL_flaw flaw = { "", NULL };
  int body = lua_gettop(L) + 1;
  if (decode_answer(L, h, elapsed, GESL_JOB, &flaw))    /* [job warnings] */
    return 3;
  lua_getfield(L, body, "status");
  if (lua_type(L, -1) != LUA_TSTRING)
    return push_lacking(L, h, elapsed, body, flaw.status == NULL
                        ? "the answer has no field \"status\""
                        : lua_pushfstring(L, "the answer's field \"status\""
                                          " is %s", flaw.status));
  lua_getfield(L, body, "job_id");
  if (is_other(L, id))
    return push_another(L, h, elapsed, body,
                        "the service answered for another job");
  lua_pop(L, 2);
  return push_success(L, h, elapsed);
}


/*
** Pushes the triple of the 200 response with a page of jobs: {job_count=,
** job_list=}, either perhaps absent. An empty page with an error code says that
** the jobs are not known, and not that there are none.
*/
static int push_list (lua_State *L, struct ges_easy *h, double elapsed) {
  struct gesL_flaw flaw;
  int body = lua_gettop(L) + 1;
  if (decode_answer(L, h, elapsed, GESL_LIST, &flaw))
    return 3;
  lua_getfield(L, body, "job_list");
  if ((lua_isnil(L, -1) || gesL_rawlen(L, -1) == 0)
      && gesL_haserrorcode(L, body, h))
    return push_refusal(L, h, elapsed);
  lua_getfield(L, body, "job_count");
  if (lua_isnil(L, -1) && lua_isnil(L, -2))
    return push_lacking(L, h, elapsed, body,
                        "the answer has no field \"job_list\"");
  lua_pop(L, 2);
  return push_success(L, h, elapsed);
}


/*
** Pushes the triple of a graph whose name, redacted, is another: a list by that
** would be empty.
*/
static int push_hidden_name (lua_State *L, struct ges_easy *h,
                             double elapsed) {
  struct gesL_failure f = failure_of(h, elapsed);
  f.is_final = 1;
  return fail_text(L, &f, GES_protocol, "the name of the graph contains part of"
                   " the credentials: its jobs can be listed by name only");
}


/*
** Pushes the triple of the 200 response about a graph: its name. `id` is that
** of the request.
*/
static int push_graph (lua_State *L, struct ges_easy *h, const char *id,
                       double elapsed) {
  struct gesL_flaw flaw;
  int body = lua_gettop(L) + 1;
  if (decode_answer(L, h, elapsed, GESL_OBJECT, &flaw))
    return 3;
  lua_getfield(L, body, "graph");
  if (!lua_istable(L, -1))
    return push_lacking(L, h, elapsed, body,
                        "the answer has no field \"graph\"");
  lua_getfield(L, -1, "id");
  if (is_other(L, id))
    return push_another(L, h, elapsed, body,
                        "the service answered for another graph");
  lua_getfield(L, -2, "name");
  if (lua_type(L, -1) != LUA_TSTRING || gesL_rawlen(L, -1) == 0
      || gesL_rawlen(L, -1) > GES_NAME_MAX)
    return push_lacking(L, h, elapsed, body,
                        "the answer has no name of the graph");
  if (strstr(lua_tostring(L, -1), GES_REDACTED) != NULL)
    return push_hidden_name(L, h, elapsed);
  lua_replace(L, body);                     /* [name warnings graph id] */
  lua_settop(L, body + 1);
  return push_success(L, h, elapsed);
}


/*
** Pushes {lower-case name = value} for the lines behind the status line; of a
** repeated name the last counts.
*/
static void push_headers (lua_State *L, const struct ges_buf *head) {
  const char *p = head->data, *end = head->len > 0 ? p + head->len : p;
  lua_newtable(L);
  if (p < end && (p = memchr(p, '\n', head->len)) == NULL)
    p = end;
  while (p < end) {
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    const char *stop = nl != NULL ? nl : end;
    const char *colon = memchr(p, ':', (size_t)(stop - p));
    if (colon != NULL) {
      const char *value = colon + 1;
      size_t i, n = (size_t)(colon - p), len = (size_t)(stop - value);
      char name[128];
      ges_trim(&value, &len);
      for (i = 0; i < n && i < sizeof name; i++)
        name[i] = ges_lower(p[i]);
      lua_pushlstring(L, name, i);
      lua_pushlstring(L, value, len);
      lua_rawset(L, -3);
    }
    p = stop + 1;
  }
}


/* Pushes the triple of a generic request that succeeded. */
static int push_response (lua_State *L, struct ges_easy *h, double elapsed) {
  lua_createtable(L, 0, 3);
  gesL_pushwhole(L, h->response.status);
  lua_setfield(L, -2, "status");
  push_headers(L, &h->fields);
  lua_setfield(L, -2, "headers");
  lua_pushlstring(L, h->body.len > 0 ? h->body.data : "", h->body.len);
  lua_setfield(L, -2, "body");
  lua_pushnil(L);
  return push_success(L, h, elapsed);
}


/*
** Pushes the triple of an exchange; `id` is that of the job or the graph that
** was asked for. Of a generic request any 2xx is a success and comes as
** {status=, headers=, body=}. Returns 3.
*/
int gesL_pushresult (lua_State *L, struct ges_easy *h, const char *id,
                     double elapsed) {
  luaL_checkstack(L, 40, "result");
  if (!is_complete(h))
    return push_transport(L, h, elapsed);
  if (!ges_easy_answers(h, h->response.status))
    return push_refusal(L, h, elapsed);
  switch (h->purpose) {
    case GES_FOR_JOB: return push_job(L, h, id, elapsed);
    case GES_FOR_LIST: return push_list(L, h, elapsed);
    case GES_FOR_GRAPH: return push_graph(L, h, id, elapsed);
    default: return push_response(L, h, elapsed);
  }
}
