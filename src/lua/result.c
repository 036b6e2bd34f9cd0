/* SPDX-License-Identifier: MIT
** result.c - from a finished exchange to Lua values (see result.h).
** Classifies by the service's error code first, by HTTP status second.
*/
#include "result.h"

#include <string.h>

#include "../engine/text.h"

#define NESTED_MAX  64          /* objects of a body that may be the error */
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


/*
** What the user can do about a failure, by its kind, the end of the service's
** code and what the request was for; NULL: only wait. About the service of a
** provider, such as the metadata service, the provider gives the advice.
*/
static const char *hint_of (enum ges_kind kind, const struct gesL_failure *f) {
  static const char renew[] = "get a new token, or check the keys and the"
                              " region";
  static const char moved[] = "redirects are never followed; check endpoint";
  static const char elsewhere[] = "nothing is served there; check endpoint and"
                                  " region";
  static const struct {
    enum ges_kind kind;
    const char *code;
    const char *text[4];                /* by GES_FOR_... */
  } advice[] = {
    { GES_auth, "", { renew, renew,
      "check the login: user, password and domain, or the keys", NULL } },
    { GES_forbidden, "", { "the credentials lack ges:jobs:getDetail",
      "the credentials lack the permission for this call",
      "the login lacks the permission for this at IAM", NULL } },
    { GES_redirect, "", { moved, moved,
      "redirects are never followed; check iam_endpoint", moved } },
    { GES_not_found, "0101", { elsewhere, elsewhere,
      "nothing is served there; check iam_endpoint and region", NULL } },
  };
  size_t i;
  for (i = 0; i < sizeof advice / sizeof advice[0]; i++) {
    size_t n = strlen(advice[i].code);
    if (advice[i].kind == kind && f->code.n >= n
        && (n == 0 || memcmp(f->code.p + f->code.n - n, advice[i].code, n)
                      == 0))
      return advice[i].text[f->purpose];
  }
  return NULL;
}


/*
** Pushes t[name] of the table at `idx` if it is a string that is not empty, or
** a small whole number, as IAM's codes are; else nil. Returns whether it did.
*/
static int push_text (lua_State *L, int idx, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, idx);
  if (lua_type(L, -1) == LUA_TNUMBER) {
    double n = lua_tonumber(L, -1);
    if (n >= 0 && n <= 999999 && n == (int)n)
      lua_pushfstring(L, "%d", (int)n);
    else
      lua_pushnil(L);
  }
  else if (lua_type(L, -1) == LUA_TSTRING && gesL_rawlen(L, -1) > 0)
    lua_pushvalue(L, -1);
  else
    lua_pushnil(L);
  lua_replace(L, -2);
  return !lua_isnil(L, -1);
}


/*
** Pushes the code and the message of the error object at `idx`, in any of the
** shapes that the gateway, GES and IAM use; unless `whole`, one of the two may
** be absent. Pushes nothing and returns 0 if it has no such shape.
*/
static int push_shape (lua_State *L, int idx, int whole) {
  static const char *const shapes[][2] = {
    { "error_code", "error_msg" }, { "errorCode", "errorMessage" },
    { "errorCode", "errorMsg" }, { "errCode", "externalMessage" },
    { "code", "message" },
  };
  size_t i;
  for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    int found = push_text(L, idx, shapes[i][0]);
    found += push_text(L, idx, shapes[i][1]);
    if (found == 2 || (found == 1 && !whole))
      return 1;
    lua_pop(L, 2);
  }
  return 0;
}


/*
** The same for a body, in which the error may be one level down (IAM). The body
** of an error has few members, so only the first NESTED_MAX objects are tried.
*/
static int push_nested (lua_State *L, int idx, int whole) {
  int left = NESTED_MAX;
  if (push_shape(L, idx, whole))
    return 1;
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    if (lua_istable(L, -1) && push_shape(L, lua_gettop(L), whole))
      return 1;                             /* [... key value code message] */
    left -= lua_istable(L, -1);
    lua_pop(L, 1);
    if (left == 0) {
      lua_pop(L, 1);
      break;
    }
  }
  return 0;
}


/* Tries whole errors first: a part of one may be another object. */
static int push_error (lua_State *L, int idx) {
  return push_nested(L, idx, 1) || push_nested(L, idx, 0);
}


static struct gesL_failure failure_of (const struct ges_easy *h,
                                       double elapsed) {
  struct gesL_failure f = { .response = &h->response, .secrets = &h->secrets,
                            .purpose = h->generic, .elapsed = elapsed };
  return f;
}


static int fail_text (lua_State *L, struct gesL_failure *f,
                      enum ges_kind kind, const char *text) {
  f->kind = kind;
  f->message.p = text;
  f->message.n = strlen(text);
  f->hint = hint_of(kind, f);
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
    lua_pushfstring(L, "the service points to %s", f->response->location);
  else
    lua_pushliteral(L, "the service points elsewhere");
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
    return h->response.encoded
           ? fail_text(L, &f, kind, "the explanation has a Content-Encoding"
                       " nobody asked for")
           : fail_excerpt(L, &f, kind, "no explanation came with the status",
                          &h->body);
  if (f.message.n == 0)
    return fail_text(L, &f, kind, "the service gave only a code");
  f.kind = kind;
  f.hint = hint_of(kind, &f);
  return gesL_fail(L, &f);
}


/* Pushes the failure that a response reports. */
static int push_refusal (lua_State *L, struct ges_easy *h, double elapsed) {
  int body, found, object;
  gesL_decode(L, &h->body, 0);
  lua_pop(L, 1);                            /* [body|nil] */
  body = lua_gettop(L);
  found = lua_istable(L, body) && push_error(L, body);
  object = lua_gettop(L) - 2;               /* the body, or one inside it */
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


/* Pushes the triple of a job's 200 response. `id` is that of the request. */
static int push_job (lua_State *L, struct ges_easy *h, const char *id,
                     double elapsed) {
  struct gesL_failure f = failure_of(h, elapsed);
  const char *bad, *got;
  size_t n;
  if (h->response.encoded)
    return fail_text(L, &f, GES_protocol,
                     "the response has a Content-Encoding nobody asked for");
  bad = gesL_decode(L, &h->body, 1);        /* [job warnings] */
  if (bad != NULL)
    return fail_excerpt(L, &f, GES_protocol, bad, &h->body);
  lua_getfield(L, -2, "status");
  if (lua_type(L, -1) != LUA_TSTRING) {
    if (push_error(L, lua_gettop(L) - 2))
      return push_refusal(L, h, elapsed);
    return fail_excerpt(L, &f, GES_protocol, "it is a job without a status",
                        &h->body);
  }
  lua_getfield(L, -3, "job_id");
  got = lua_tolstring(L, -1, &n);
  if (got != NULL && (n != strlen(id) || memcmp(got, id, n) != 0))
    return fail_text(L, &f, GES_protocol,
                     "the service answered for another job");
  lua_pop(L, 2);
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
** Pushes the triple of an exchange; `id` is that of its job, "" for a generic
** request. Of that, any 2xx is a success and comes as {status=, headers=,
** body=}. Returns 3.
*/
int gesL_pushresult (lua_State *L, struct ges_easy *h, const char *id,
                     double elapsed) {
  luaL_checkstack(L, 40, "result");
  if (!is_complete(h))
    return push_transport(L, h, elapsed);
  if (id[0] != '\0' && h->response.status == 200)
    return push_job(L, h, id, elapsed);
  if (id[0] == '\0' && h->response.status >= 200 && h->response.status <= 299)
    return push_response(L, h, elapsed);
  return push_refusal(L, h, elapsed);
}
