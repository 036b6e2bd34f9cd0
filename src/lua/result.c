/* SPDX-License-Identifier: MIT
** result.c - from a finished exchange to Lua values (see result.h).
** Classifies by the service's error code first, by HTTP status second.
*/
#include "result.h"

#include <string.h>

#include "advice.h"
#include "../engine/json.h"
#include "../engine/text.h"

#define LOOKED_MAX  4096        /* members of a body that are looked at */
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


/* What push_text has found. */
enum { NOTHING, WORDS, DIGITS };

/*
** Pushes t[name] of the table at `idx` if it is a string that is not empty, or
** a small whole number, as IAM's codes are; else nil. Returns which.
*/
static int push_text (lua_State *L, int idx, const char *name) {
  int type;
  lua_pushstring(L, name);
  lua_rawget(L, idx);
  type = lua_type(L, -1);
  if (type == LUA_TNUMBER) {
    double n = lua_tonumber(L, -1);
    if (n >= 0 && n <= 999999 && n == (int)n) {
      lua_pushfstring(L, "%d", (int)n);
      lua_replace(L, -2);
      return DIGITS;
    }
  }
  else if (type == LUA_TSTRING && gesL_rawlen(L, -1) > 0)
    return WORDS;
  lua_pop(L, 1);
  lua_pushnil(L);
  return NOTHING;
}


/*
** Codes by their rank: of a name that is for codes alone, a word named "code",
** a number, which is mostly the status. For each the stack has a slot with the
** code, one with the message beside it and one with their object; one more has
** the first message of all.
*/
enum { SURE, LIKELY, WEAK, RANKS };
#define SLOTS  (3 * RANKS + 1)


/* Notes the request's id in the table at `idx`, unless there is one already. */
static void take_id (lua_State *L, int idx, struct ges_easy *h) {
  if (h->response.request_id[0] != '\0')
    return;
  if (push_text(L, idx, "request_id") == WORDS)
    ges_response_id(&h->response, gesL_slice(L, -1), &h->secrets);
  lua_pop(L, 1);
}


/* Sets an empty slot to the value on the top, which stays. */
static void fill (lua_State *L, int slot) {
  if (lua_isnil(L, slot)) {
    lua_pushvalue(L, -1);
    lua_replace(L, slot);
  }
}


/*
** Notes what the object at `idx` says of a failure, in any of the spellings of
** the gateway, GES and IAM, where the slots behind `base` have nothing yet.
*/
static void look (lua_State *L, int idx, int base, struct ges_easy *h) {
  static const char *const messages[] = {
    "error_msg", "errorMessage", "errorMsg", "externalMessage",
    "error_message", "message", NULL };
  static const char *const codes[] = { "error_code", "errorCode", "errCode",
                                       "code", NULL };
  int i, message;
  lua_pushnil(L);
  for (i = 0; messages[i] != NULL && lua_isnil(L, -1); i++) {
    lua_pop(L, 1);
    push_text(L, idx, messages[i]);
  }
  message = lua_gettop(L);
  fill(L, base + SLOTS);
  for (i = 0; codes[i] != NULL; i++) {
    int what = push_text(L, idx, codes[i]);
    int slot = base + 1 + 3 * (what == DIGITS ? WEAK
                               : codes[i + 1] == NULL ? LIKELY : SURE);
    if (what != NOTHING && lua_isnil(L, slot)) {
      fill(L, slot);
      lua_pushvalue(L, message);
      lua_replace(L, slot + 1);
      lua_pushvalue(L, idx);
      lua_replace(L, slot + 2);
    }
    lua_settop(L, message);
  }
  lua_pop(L, 1);
  take_id(L, idx, h);
}


/*
** Looks at the objects that are `depth` levels below the table at `idx`, while
** there are members `*left` to look at. Returns whether some are below those.
*/
static int look_below (lua_State *L, int idx, int base, struct ges_easy *h,
                       int depth, int *left) {
  int deeper = 0;
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    if (--*left < 0) {
      lua_pop(L, 2);
      break;
    }
    if (lua_istable(L, -1)) {
      int at = lua_gettop(L);
      deeper |= depth == 1 || look_below(L, at, base, h, depth - 1, left);
      if (depth == 1)
        look(L, at, base, h);
    }
    lua_pop(L, 1);
  }
  return deeper;
}


/*
** Pushes the code and the message of the failure that the body at `idx`
** explains, either perhaps nil, above the object that has the code; or returns
** 0. IAM's error is one level down, and a gateway may wrap it once more: of the
** codes of one rank the nearest counts, with the message beside it, else the
** nearest. The body of an error has few members, of which LOOKED_MAX are looked
** at, again at each depth.
*/
static int push_error (lua_State *L, int idx, struct ges_easy *h) {
  int base = lua_gettop(L), depth, left = LOOKED_MAX, deeper = 1, at;
  luaL_checkstack(L, 4 * GESL_DEPTH_MAX + 2 * SLOTS, "error");
  lua_settop(L, base + SLOTS);
  look(L, idx, base, h);
  for (depth = 1; deeper && depth <= GESL_DEPTH_MAX; depth++)
    deeper = look_below(L, idx, base, h, depth, &left);
  for (at = base + 1; at < base + SLOTS && lua_isnil(L, at); at += 3)
    ;
  if (at == base + SLOTS) {
    lua_pushvalue(L, idx);
    lua_pushnil(L);
  }
  else {
    lua_pushvalue(L, at + 2);
    lua_pushvalue(L, at);
  }
  lua_pushvalue(L, at == base + SLOTS || lua_isnil(L, at + 1) ? base + SLOTS
                   : at + 1);               /* [slots object code message] */
  lua_replace(L, base + 3);
  lua_replace(L, base + 2);
  lua_replace(L, base + 1);
  lua_settop(L, base + 3);
  if (!lua_isnil(L, -1) || !lua_isnil(L, -2))
    return 1;
  lua_settop(L, base);
  return 0;
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
  found = lua_istable(L, body) && push_error(L, body, h);
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
  return push_error(L, idx, h) ? push_refusal(L, h, elapsed)
         : fail_excerpt(L, &f, GES_protocol, what, &h->body);
}


/* Pushes the triple of an answer for another id, of a body at `idx`. */
static int push_another (lua_State *L, struct ges_easy *h, double elapsed,
                         int idx, const char *what) {
  struct gesL_failure f = failure_of(h, elapsed);
  take_id(L, idx, h);
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
** Has the body at `idx` an error code that is a word? A number may be anything,
** the status included.
*/
static int has_code (lua_State *L, int idx, struct ges_easy *h) {
  int top = lua_gettop(L), has = 0;
  if (push_error(L, idx, h)) {              /* [object code message] */
    struct ges_slice code = gesL_slice(L, -2);
    has = code.n > 0 && !ges_is_digit(code.p[0]);
  }
  lua_settop(L, top);
  return has;
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
  if ((lua_isnil(L, -1) || gesL_rawlen(L, -1) == 0) && has_code(L, body, h))
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
                   " the credentials; list its jobs by graph_name");
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
