/* SPDX-License-Identifier: MIT
** request.c - class "ges.request" (see request.h).
** A mistake in the script throws; a value that may come from a user is refused,
** as a failure of kind `argument`, before anything is sent. The userdata exists
** before what it owns, so that an error thrown at any point leaks nothing.
*/
#include "request.h"

#include <string.h>

#include "options.h"
#include "pairs.h"
#include "../engine/secrets.h"
#include "../engine/sign.h"

#define TEXT_BYTES (GES_TOKEN_MAX + 1)   /* a longer option is refused */
#define QUERY_MAX  64             /* values */
#define PATH_BYTES   8192           /* bytes of a path, encoded */

#define CREDENTIALS    (OPT(token) | OPT(ak) | OPT(sk) | OPT(security_token))

/* Options that are part of a head, those of a generic request included. */
#define X(name, types, least, most, normal, calls, use, ...) \
  | ((use) & (U_HEAD | U_ONCE) ? OPT(name) : 0)
static const ges_optset HEAD = 0 GES_OPTIONS(X);
#undef X

#define ONCE  (OPT(method) | OPT(path) | OPT(query) | OPT(body) | OPT(headers))

static const char too_many[] = "holds more passwords and tokens than can"
                               " be kept out of messages";
static const char *const ids[] = { "project_id", "graph_id", "job_id" };

/* One call's options on their way into a request. */
struct reader {
  struct gesL_given g;
  struct gesL_request *r;
  struct ges_refusal no;
  struct ges_pair query[QUERY_MAX], headers[GES_HEADERS_MAX];
};


static struct gesL_request *get_request (lua_State *L) {
  return luaL_checkudata(L, 1, GES_REQUEST);
}


static int request__gc (lua_State *L) {
  struct gesL_request *r = get_request(L);
  ges_request_free(&r->req);
  ges_head_drop(r->last);
  r->last = NULL;
  return 0;
}


/* Pushes an empty request. */
static struct gesL_request *push_request (lua_State *L) {
  struct gesL_request *r = gesL_newobject(L, sizeof *r, GES_REQUEST);
  ges_request_init(&r->req);
  return r;
}


/* Pushes the failure of a refused value, or of no credentials. */
static int fail (lua_State *L, const struct gesL_request *r,
                 enum ges_kind kind, const char *what) {
  struct gesL_failure f = { .kind = kind,
    .message = { what, strlen(what) },
    .secrets = r->req.head != NULL ? &r->req.head->keys.all : NULL };
  return gesL_fail(L, &f);
}


static int refused (lua_State *L, const struct gesL_request *r,
                    const struct ges_refusal *no) {
  lua_pushfstring(L, "%s %s", no->option, no->why);
  return fail(L, r, GES_argument, lua_tostring(L, -1));
}


/* The string at `idx`; p == NULL: no string. */
static struct ges_slice text_at (lua_State *L, int idx) {
  struct ges_slice s;
  s.n = 0;
  s.p = lua_type(L, idx) == LUA_TSTRING ? lua_tolstring(L, idx, &s.n) : NULL;
  return s;
}


/* Takes an id. Returns 1 when it is refused. */
static int take_id (struct ges_request *r, int which, struct ges_slice s,
                    struct ges_refusal *no) {
  if (ges_refuse(no, ids[which], ges_url_id(s.p, s.n)))
    return 1;
  memcpy(r->id[which], s.p, s.n);
  r->id[which][s.n] = '\0';
  return 0;
}


/* Puts one option into the head. [... value] -> [...] */
static void put_option (lua_State *L, struct ges_head *h,
                        enum ges_option o) {
  struct ges_slice s = text_at(L, -1);
  int bad = 0;
  if (s.p != NULL)              /* enough of it to be refused as too long */
    bad = ges_head_put(h, o, s.p, s.n > TEXT_BYTES ? TEXT_BYTES : s.n);
  else if (lua_isnumber(L, -1))
    ges_head_number(h, o, lua_tonumber(L, -1));
  else if (lua_isboolean(L, -1))
    ges_head_number(h, o, lua_toboolean(L, -1));
  lua_pop(L, 1);                /* the Lua layer calls a function */
  if (bad)
    gesL_nomemory(L);
}


/* Puts the options that requests have in common into the head. */
static void put_options (struct reader *rd, int defaults) {
  lua_State *L = rd->g.L;
  ges_optset left = (rd->g.own | rd->g.rest) & HEAD & ~ONCE;
  int o;
  for (o = 0; left != 0; left >>= 1, o++)
    if (left & 1) {
      if (rd->g.own & GES_OPT(o))
        lua_pushvalue(L, AT(&rd->g, o));
      else
        gesL_pushdefault(L, defaults, (enum ges_option)o);
      put_option(L, rd->r->req.head, (enum ges_option)o);
    }
}


/* The method of that name; NULL: a generic call may not have it. */
static const char *find_method (struct ges_slice s) {
  static const char *const known[] = { "GET", "POST", "PUT", "PATCH",
                                       "DELETE", "HEAD" };
  size_t i;
  for (i = 0; i < sizeof known / sizeof known[0]; i++)
    if (s.n == strlen(known[i]) && memcmp(s.p, known[i], s.n) == 0)
      return known[i];
  return NULL;
}


/* Takes the path of a generic call, not encoded. */
static int take_path (struct reader *rd, struct ges_slice path) {
  struct ges_request *r = &rd->r->req;
  struct ges_buf coded;
  int bad;
  if (ges_refuse(&rd->no, "path", ges_url_path(path.p, path.n)))
    return 1;
  ges_buf_init(&coded, PATH_BYTES, 0);
  bad = ges_url_encode(&coded, path.p, path.n, 1);
  ges_buf_free(&coded);
  return ges_refuse(&rd->no, "path", bad ? "is longer than 8 KiB" : NULL) ? 1
         : ges_buf_add(&r->path, path.p, path.n);
}


/* Notes the secrets of a generic call. */
static int hide_generic (struct reader *rd, const struct gesL_pairs *head,
                         const struct gesL_pairs *query,
                         const struct ges_slice *body) {
  struct ges_keys *k = &rd->r->req.head->keys;
  int rc = ges_secret_pairs(k, head->of, head->n);
  if (rc == 1)
    return ges_refuse(&rd->no, "headers", too_many);
  if (rc == 0 && (rc = ges_secret_pairs(k, query->of, query->n)) == 1)
    return ges_refuse(&rd->no, "query", too_many);
  if (rc == 0 && (rc = ges_secret_body(k, body)) == 1)
    return ges_refuse(&rd->no, "body", too_many);
  return rc;
}


/*
** Checks headers: those of credentials and of framing are made of the other
** options; a token given as a header would not be redacted. A value may come
** from a user.
*/
static int check_headers (struct reader *rd, const struct gesL_pairs *p) {
  static const char *const made[] = { "authorization", "content-length",
    "host", "transfer-encoding", "x-auth-token", "x-sdk-date",
    "x-security-token" };
  lua_State *L = rd->g.L;
  size_t i, j;
  for (i = 0; i < p->n; i++) {
    const struct ges_pair *h = &p->of[i];
    const char *why = ges_url_header(h->value, h->valuelen);
    for (j = 0; j < sizeof made / sizeof made[0]
                && rd->g.call->bit == C_ASK; j++)
      if (gesL_samename(h, made[j], strlen(made[j])))
        gesL_mistake(L, rd->g.call->name, rd->g.level, "header '%s' is made of"
                     " the other options", h->name);
    if (why != NULL)
      return ges_refuse(&rd->no, lua_pushfstring(L, "header '%s'", h->name),
                        why);
  }
  return 0;
}


/* What a generic request is for. Paths of IAM alone begin with /v3/. */
static unsigned char purpose_of (const struct reader *rd,
                                 struct ges_slice path) {
  if (rd->g.call->bit != C_SIDE)
    return GES_FOR_CALL;
  return path.n > 4 && memcmp(path.p, "/v3/", 4) == 0 ? GES_FOR_IAM
         : GES_FOR_PROVIDER;
}


/*
** Takes method, path, query, body and headers of a generic call. The list
** pushed here anchors the strings of the tables until they are copied.
*/
static int take_generic (struct reader *rd) {
  lua_State *L = rd->g.L;
  struct ges_request *r = &rd->r->req;
  struct ges_slice method = text_at(L, AT(&rd->g, OPT_method));
  struct ges_slice path = text_at(L, AT(&rd->g, OPT_path));
  struct ges_slice body = text_at(L, AT(&rd->g, OPT_body));
  struct gesL_pairs head = { .what = "headers", .call = rd->g.call->name,
    .level = rd->g.level, .of = rd->headers, .max = GES_HEADERS_MAX };
  struct gesL_pairs query = { .what = "query", .call = rd->g.call->name,
    .level = rd->g.level, .of = rd->query, .max = QUERY_MAX };
  int rc;
  r->generic = purpose_of(rd, path);
  if (method.p != NULL && (r->method = find_method(method)) == NULL)
    return ges_refuse(&rd->no, "method", "must be GET, POST, PUT, PATCH,"
                      " DELETE or HEAD");
  if ((rc = take_path(rd, path)) != 0)
    return rc;
  lua_newtable(L);
  head.keep = query.keep = lua_gettop(L);
  gesL_readquery(L, AT(&rd->g, OPT_query), &query);
  gesL_readheaders(L, AT(&rd->g, OPT_headers), &head);
  if (check_headers(rd, &head))
    return 1;
  if (body.n > GES_SENT_MAX)
    return ges_refuse(&rd->no, "body", "is longer than 16 MiB");
  if (ges_url_query(&r->query, query.of, query.n) != 0)
    return ges_refuse(&rd->no, "query", "is longer than 8 KiB");
  if (ges_buf_add(&r->body, body.p, body.n) != 0)
    return -1;
  r->sends = (unsigned char)(body.p != NULL || (r->method != NULL
             && strcmp(r->method, "POST") == 0));   /* or libcurl sends one */
  if ((rc = hide_generic(rd, &head, &query, &body)) != 0)
    return rc;
  return ges_head_begin(r->head, head.of, head.n, r->sends, &rd->no);
}


/* Makes a new head for a request. Returns as ges_head_seal does. */
static int make_head (struct reader *rd, int defaults) {
  lua_State *L = rd->g.L;
  struct ges_request *r = &rd->r->req;
  int rc;
  if ((r->head = ges_head_new()) == NULL)
    return -1;
  put_options(rd, defaults);
  rc = lua_isnil(L, AT(&rd->g, OPT_path))
       ? ges_head_begin(r->head, NULL, 0, 0, &rd->no) : take_generic(rd);
  if (rc == 0)
    return ges_head_seal(r->head, &rd->no);
  ges_head_hide(r->head);       /* for the message of the refusal */
  return rc;
}


/* Takes the ids of the call, or those of its defaults at `from` (0: none). */
static int take_ids (struct reader *rd, int from) {
  lua_State *L = rd->g.L;
  int i, bad = 0;
  for (i = 0; i < GES_IDS && !bad; i++) {
    enum ges_option o = (enum ges_option)(OPT_project_id + i);
    struct ges_slice s;
    if (from != 0 && (rd->g.rest & GES_OPT(o)))
      gesL_pushdefault(L, from, o);
    else
      lua_pushvalue(L, AT(&rd->g, o));
    s = text_at(L, -1);
    bad = s.p != NULL && take_id(&rd->r->req, i, s, &rd->no);
    lua_pop(L, 1);
  }
  return bad;
}


static int same_text (const struct ges_head *h, enum ges_option o,
                      struct ges_slice s) {
  const char *t = ges_head_text(h, o);
  return s.p == NULL ? t == NULL
         : t != NULL && strlen(t) == s.n && memcmp(t, s.p, s.n) == 0;
}


/* Can a call share the head of its defaults? */
static int is_plain (const struct reader *rd,
                     const struct gesL_request *base) {
  return base != NULL && base->req.head != NULL
         && ((rd->g.own | (base->given & ~rd->g.rest)) & HEAD) == 0;
}


/*
** Can this call share the last head made over the same defaults? A script that
** gives all options in each call gives equal ones.
*/
static int is_last (const struct reader *rd, const struct gesL_request *base,
                    ges_optset own, ges_optset rest) {
  lua_State *L = rd->g.L;
  const struct ges_head *h = base->last;
  int o, same = h != NULL && own == base->last_own && rest == base->last_rest;
  for (o = 0; same && own != 0; own >>= 1, o++)
    if (own & 1) {
      int at = AT(&rd->g, o);
      struct ges_slice s = text_at(L, at);
      if (s.p != NULL)
        same = same_text(h, (enum ges_option)o, s);
      else
        same = !lua_isfunction(L, at)
               && h->number[o] == (lua_isboolean(L, at) ? lua_toboolean(L, at)
                                   : lua_tonumber(L, at));
    }
  return same;
}


/* Gives a call a new head, or that of the call before if it is equal. */
static int own_head (struct reader *rd, struct gesL_request *base) {
  ges_optset own = rd->g.own & HEAD, rest = rd->g.rest & HEAD;
  int rc;
  if (base == NULL || (own & OPT(path)))
    return make_head(rd, AT_DEFAULTS);
  if (is_last(rd, base, own, rest)) {
    rd->r->req.head = ges_head_ref(base->last);
    return 0;
  }
  if ((rc = make_head(rd, AT_DEFAULTS)) == 0) {
    ges_head_drop(base->last);
    base->last = ges_head_ref(rd->r->req.head);
    base->last_own = own;
    base->last_rest = rest;
  }
  return rc;
}


/* Completes the request of a call. Returns as ges_head_seal does. */
static int make_request (struct reader *rd, struct gesL_request *base) {
  int rc;
  if (is_plain(rd, base)) {
    rd->r->req.head = ges_head_ref(base->req.head);
    memcpy(rd->r->req.id, base->req.id, sizeof base->req.id);
    return take_ids(rd, 0);
  }
  rc = own_head(rd, base);
  return rc == 0 ? take_ids(rd, AT_DEFAULTS) : rc;
}


/* The bound of an attempt started without one; a timeout of 0 is no bound. */
static double limit_of (const struct reader *rd) {
  lua_State *L = rd->g.L;
  int whole = AT(&rd->g, OPT_timeout), one = AT(&rd->g, OPT_request_timeout);
  double limit = lua_isnil(L, one) ? ges_options[OPT_request_timeout].normal
                 : lua_tonumber(L, one);
  double most = lua_tonumber(L, whole);     /* 0 when it is nil */
  return most > 0 && most < limit ? most : limit;
}


/* Pushes the failure of a call without credentials. */
static int no_credentials (lua_State *L, const struct gesL_request *r) {
  return fail(L, r, GES_credentials, "no credentials: give token, or ak and"
              " sk");
}


/*
** core.prepare(call, level, opts [, defaults [, base]])
**   -> request, settings, fixed | nil, err, info, settings
** Reads `opts` once, for the call of that name, with the defaults of a client
** and `base`, the request prepared from them as "ges.new". A mistake throws at
** `level`, counted from the function that calls this one; a refused value is
** returned, that of a default by each call that uses it. The settings are all
** options that apply; they may be the table of defaults itself, so they must
** not be written to. `fixed` is true if the options hold the final credentials.
*/
int gesL_prepare (lua_State *L) {
  struct reader rd;
  struct gesL_request *base = NULL;
  int rc;
  lua_settop(L, AT_BASE);
  if (!lua_isnil(L, AT_BASE))
    base = luaL_checkudata(L, AT_BASE, GES_REQUEST);
  gesL_readoptions(L, &rd.g, base != NULL ? base->given
                             : gesL_givenby(L, AT_DEFAULTS));
  if (base != NULL && (rd.g.rest & OPT(token)))
    rd.g.asks = base->asks;
  rd.r = push_request(L);                   /* [... request] */
  rd.r->asks = rd.g.asks;
  rd.r->given = rd.g.own | rd.g.rest;
  rd.r->limit = limit_of(&rd);
  rc = make_request(&rd, base);
  if (rc < 0)
    return gesL_nomemory(L);
  if (rc > 0 && rd.g.call->bit == C_NEW)
    ges_request_free(&rd.r->req);
  else if (rc > 0) {
    refused(L, rd.r, &rd.no);               /* [... nil err info] */
    gesL_pushsettings(&rd.g, AT_DEFAULTS);
    return 4;
  }
  if (rd.g.call->bit == C_CORE && !rd.r->req.generic
      && !(rd.r->given & CREDENTIALS))
    return no_credentials(L, rd.r);
  lua_pushvalue(L, AT(&rd.g, OPT_COUNT));   /* [... request] */
  gesL_pushsettings(&rd.g, AT_DEFAULTS);
  if (!lua_isnil(L, AT(&rd.g, OPT_jobs))) {
    gesL_pushjobs(&rd.g);
    lua_setfield(L, -2, "jobs");
  }
  lua_pushboolean(L, gesL_isfixed(&rd.g));
  return 3;
}


/* Pushes t[name] of the table at 2: a string, false or nil; others throw. */
static struct ges_slice bound (lua_State *L, const char *name) {
  lua_getfield(L, 2, name);
  if (lua_toboolean(L, -1) && lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "ges.request: option '%s' must be a string, not a %s", name,
               luaL_typename(L, -1));
  return text_at(L, -1);
}


/* Options that bind replaces; all but the endpoint are credentials. */
static const struct {
  const char *name;
  enum ges_option option;
} bindings[] = {
  { "endpoint", OPT_endpoint }, { "token", OPT_token }, { "ak", OPT_ak },
  { "sk", OPT_sk }, { "security_token", OPT_security_token },
};

#define NBINDINGS  ((int)(sizeof bindings / sizeof bindings[0]))


/*
** Gives the request a head with these texts instead of `but`, unless its head
** has them already. Returns as ges_head_seal does; if a text is refused, the
** head does not change.
*/
static int bind_head (struct gesL_request *r, const struct ges_slice *of,
                      ges_optset but, struct ges_refusal *no) {
  struct ges_head *h, *last = r->req.head;
  int i, same = 1, rc = 0;
  for (i = 0; i < NBINDINGS; i++)
    if (but & GES_OPT(bindings[i].option))
      same = same && same_text(last, bindings[i].option, of[i]);
  if (same)
    return 0;
  if ((h = ges_head_copy(last, but)) == NULL)
    return -1;
  for (i = 0; i < NBINDINGS && rc == 0; i++)
    if (of[i].p != NULL)
      rc = ges_head_put(h, bindings[i].option, of[i].p,
                        of[i].n > TEXT_BYTES ? TEXT_BYTES : of[i].n);
  if (rc == 0)
    rc = ges_head_seal(h, no);
  r->req.head = rc == 0 ? h : last;
  ges_head_drop(rc == 0 ? last : h);
  return rc;
}


/*
** request:bind{endpoint=, project_id=, graph_id=, job_id=,
**              token= | ak=, sk=, security_token=} -> true | nil, err, info
** Sets what differs between two polls. What is absent does not change, an id
** that is false is removed, credentials are replaced as a group. A refused
** value is returned; ids before it may be set by then, head and credentials are
** not.
*/
static int request_bind (lua_State *L) {
  struct gesL_request *r = get_request(L);
  struct ges_slice of[NBINDINGS];
  struct ges_refusal no;
  ges_optset but = 0;
  int i, rc = 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  if (r->req.head == NULL) {    /* refused defaults: each call reports it */
    lua_pushboolean(L, 1);
    return 1;
  }
  for (i = 0; i < NBINDINGS; i++) {
    of[i] = bound(L, bindings[i].name);
    if (of[i].p != NULL)
      but |= bindings[i].option == OPT_endpoint ? OPT(endpoint) : CREDENTIALS;
  }
  for (i = 0; i < GES_IDS && rc == 0; i++) {
    struct ges_slice s = bound(L, ids[i]);
    if (lua_isboolean(L, -1))
      r->req.id[i][0] = '\0';
    rc = s.p != NULL && take_id(&r->req, i, s, &no);
  }
  if (rc == 0 && but != 0)
    rc = bind_head(r, of, but, &no);
  if (rc < 0)
    return gesL_nomemory(L);
  if (rc > 0)
    return refused(L, r, &no);
  lua_pushboolean(L, 1);
  return 1;
}


/* request:ids() -> project_id|nil, graph_id|nil, job_id|nil */
static int request_ids (lua_State *L) {
  struct gesL_request *r = get_request(L);
  int i;
  for (i = 0; i < GES_IDS; i++)
    if (r->req.id[i][0] != '\0')
      lua_pushstring(L, r->req.id[i]);
    else
      lua_pushnil(L);
  return GES_IDS;
}


/* request:copy() -> an equal request, which can be bound separately */
static int request_copy (lua_State *L) {
  struct gesL_request *r = get_request(L), *copy;
  if (r->req.generic)
    return luaL_error(L, "ges.request: only a job's is copied");
  copy = push_request(L);
  copy->req.head = ges_head_ref(r->req.head);
  copy->given = r->given;
  copy->limit = r->limit;
  memcpy(copy->req.id, r->req.id, sizeof r->req.id);
  return 1;
}


/* request:clean(text) -> text, sanitized with the secrets of this request */
static int request_clean (lua_State *L) {
  struct gesL_request *r = get_request(L);
  size_t n;
  const char *s = luaL_checklstring(L, 2, &n);
  gesL_pushtext(L, s, n, r->req.head != NULL ? &r->req.head->keys.all : NULL);
  return 1;
}


/*
** Checks that the request at `idx` can be sent; a table of options is prepared
** and replaced by its request. Returns 0, or the number of values pushed for a
** failure.
*/
int gesL_torequest (lua_State *L, int idx, struct gesL_request **r) {
  const struct ges_request *q;
  int i;
  if (lua_type(L, idx) != LUA_TUSERDATA) {
    lua_rawgeti(L, ENV, ENV_PREPARE);
    lua_pushliteral(L, "core.job_status");
    lua_pushinteger(L, 2);
    lua_pushvalue(L, idx);
    lua_call(L, 3, 3);                      /* request settings nil | triple */
    if (lua_isnil(L, -3))
      return 3;
    lua_pop(L, 2);
    lua_replace(L, idx);
  }
  *r = luaL_checkudata(L, idx, GES_REQUEST);
  q = &(*r)->req;
  if (q->head == NULL || q->head->to.hostlen == 0)
    return luaL_error(L, "ges.request: no endpoint");
  for (i = 0; i < GES_IDS && !q->generic; i++)
    if (q->id[i][0] == '\0')
      return luaL_error(L, "ges.request: option '%s' is missing", ids[i]);
  if ((q->head->has & OPT(ak)) && !ges_sign_clock())
    return fail(L, *r, GES_argument, "ak cannot sign: the system clock is"
                " wrong");
  return 0;
}


static const luaL_Reg metamethods[] = {
  { "__gc", request__gc },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "bind", request_bind },
  { "copy", request_copy },
  { "ids", request_ids },
  { "clean", request_clean },
  { NULL, NULL }
};


/*
** Registers the class and core.prepare; the environment is on the top and
** stays there.
*/
void gesL_openrequest (lua_State *L) {
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, gesL_prepare, 1);
  lua_rawseti(L, -2, ENV_PREPARE);
  gesL_newclass(L, GES_REQUEST, methods, metamethods);
}
