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
#include "../engine/sign.h"

#define QUERY_MAX  64             /* values */
#define PAGE_QUERY_MAX  8         /* of a page of jobs */

#define CREDENTIALS    (OPT(token) | OPT(ak) | OPT(sk) | OPT(security_token))
#define TRUST          (OPT(ca_file) | OPT(ca_path))

/* Options of bind: the ids, as in ges_request, and what the head replaces. */
static const struct {
  const char *name;
  enum ges_option option;
  ges_optset replaces;
} bindings[] = {
  { "project_id", OPT_project_id, 0 }, { "graph_id", OPT_graph_id, 0 },
  { "job_id", OPT_job_id, 0 }, { "endpoint", OPT_endpoint, OPT(endpoint) },
  { "token", OPT_token, CREDENTIALS }, { "ak", OPT_ak, CREDENTIALS },
  { "sk", OPT_sk, CREDENTIALS },
  { "security_token", OPT_security_token, CREDENTIALS },
  { "ca_file", OPT_ca_file, TRUST }, { "ca_path", OPT_ca_path, TRUST },
};

#define NBINDINGS  ((int)(sizeof bindings / sizeof bindings[0]))

/* One call's options on their way into a request. */
struct reader {
  struct gesL_given g;
  struct gesL_request *r;
  struct ges_refusal no;
  struct ges_pair query[QUERY_MAX], headers[GES_HEADERS_MAX];
};


static int request__gc (lua_State *L) {
  struct gesL_request *r = luaL_checkudata(L, 1, GES_REQUEST);
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


/* Throws if memory is out (rc < 0), else pushes the failure of a refusal. */
static int refused (lua_State *L, const struct gesL_request *r, int rc,
                    const struct ges_refusal *no) {
  if (rc < 0)
    return gesL_nomemory(L);
  lua_pushfstring(L, "%s %s", no->option, no->why);
  return fail(L, r, GES_argument, lua_tostring(L, -1));
}


static int refuse_id (struct ges_refusal *no, int which, struct ges_slice s) {
  return ges_refuse(no, bindings[which].name, ges_url_id(s.p, s.n));
}


/* Takes an id; p == NULL: it is removed. */
static void take_id (struct ges_request *r, int which, struct ges_slice s) {
  if (s.p != NULL)
    memcpy(r->id[which], s.p, s.n);
  r->id[which][s.n] = '\0';
}


/*
** Pushes the value of an option: of the call's own table, or of the defaults at
** `from`, if the option is taken from them; 0: they are not read.
*/
static void push_option (const struct reader *rd, enum ges_option o,
                         int from) {
  if (from != 0 && (rd->g.rest & GES_OPT(o)))
    gesL_pushdefault(rd->g.L, from, o);
  else
    lua_pushvalue(rd->g.L, AT(&rd->g, o));
}


/* The number or flag at `idx`. */
static double number_at (lua_State *L, int idx) {
  return lua_isboolean(L, idx) ? lua_toboolean(L, idx)
         : lua_tonumber(L, idx);
}


/* Puts the options that requests have in common into the head. */
static void put_options (struct reader *rd) {
  lua_State *L = rd->g.L;
  struct ges_head *h = rd->r->req.head;
  ges_optset left = (rd->g.own | rd->g.rest) & ges_in_head;
  int o;
  for (o = 0; left != 0; left >>= 1, o++)
    if (left & 1) {
      struct ges_slice s;
      push_option(rd, (enum ges_option)o, AT_DEFAULTS);
      s = gesL_slice(L, -1);
      if (s.p != NULL && ges_head_put(h, (enum ges_option)o, s.p, s.n) != 0)
        gesL_nomemory(L);
      if (s.p == NULL && !lua_isfunction(L, -1))  /* the Lua layer calls it */
        ges_head_number(h, (enum ges_option)o, number_at(L, -1));
      lua_pop(L, 1);
    }
}


/*
** Checks headers: those that the module makes from other options are a mistake;
** a value may come from a user.
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
      if (ges_pair_named(h, made[j]))
        gesL_mistake(L, rd->g.call->name, rd->g.level, "header '%s' is made of"
                     " the other options", h->name);
    if (why != NULL)
      return ges_refuse(&rd->no, lua_pushfstring(L, "header '%s'", h->name),
                        why);
  }
  return 0;
}


/* What a generic request is for. Only IAM's paths begin with /v3/. */
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
  int keep = lua_gettop(L) + 1;
  struct gesL_pairs head = { "headers", rd->g.call->name, rd->g.level, keep,
    rd->headers, 0, GES_HEADERS_MAX };
  struct gesL_pairs query = { "query", rd->g.call->name, rd->g.level, keep,
    rd->query, 0, QUERY_MAX };
  struct ges_generic g = { .query = query.of, .headers = head.of };
  lua_newtable(L);
  gesL_readquery(L, AT(&rd->g, OPT_query), &query);
  gesL_readheaders(L, AT(&rd->g, OPT_headers), &head);
  if (check_headers(rd, &head))
    return 1;
  g.method = gesL_slice(L, AT(&rd->g, OPT_method));
  g.path = gesL_slice(L, AT(&rd->g, OPT_path));
  g.body = gesL_slice(L, AT(&rd->g, OPT_body));
  g.nquery = query.n;
  g.nheaders = head.n;
  g.purpose = purpose_of(rd, g.path);
  return ges_request_generic(&rd->r->req, &g, &rd->no);
}


/* Makes a new head for a request. Returns as ges_head_seal does. */
static int make_head (struct reader *rd) {
  struct ges_request *r = &rd->r->req;
  int rc;
  if ((r->head = ges_head_new()) == NULL)
    return -1;
  put_options(rd);
  rc = lua_isnil(rd->g.L, AT(&rd->g, OPT_path))
       ? ges_head_begin(r->head, NULL, 0, 0, &rd->no) : take_generic(rd);
  if (rc == 0)
    return ges_head_seal(r->head, &rd->no);
  ges_head_hide(r->head);       /* for the message of the refusal */
  return rc;
}


/*
** Does the call use an id of its defaults? A generic call has none, each of
** many jobs may name its own, and those that run have their own.
*/
static int uses_default (const struct reader *rd, int which) {
  lua_State *L = rd->g.L;
  int jobs = AT(&rd->g, OPT_jobs), used = lua_isnil(L, jobs), i, n;
  if (lua_isstring(L, jobs))
    return which != GES_JOB;
  n = used ? 0 : (int)gesL_rawlen(L, jobs);
  for (i = 1; i <= n && !used; i++) {
    lua_rawgeti(L, jobs, i);
    if (lua_istable(L, -1)) {               /* else it is a mistake */
      lua_pushstring(L, bindings[which].name);
      lua_rawget(L, -2);
      used = lua_isnil(L, -1);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return used && lua_isnil(L, AT(&rd->g, OPT_path));
}


/*
** Takes the ids of the call, or those of its defaults at `from` (0: none). Of
** the defaults only an id that the call uses is refused.
*/
static int take_ids (struct reader *rd, int from) {
  int i;
  for (i = 0; i < GES_IDS; i++) {
    enum ges_option o = (enum ges_option)(OPT_project_id + i);
    struct ges_slice s;
    push_option(rd, o, from);
    s = gesL_slice(rd->g.L, -1);
    if (s.p != NULL && !refuse_id(&rd->no, i, s))
      take_id(&rd->r->req, i, s);
    else if (s.p != NULL && ((rd->g.own & GES_OPT(o)) || uses_default(rd, i)))
      return 1;
    lua_pop(rd->g.L, 1);
  }
  return 0;
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
      struct ges_slice s = gesL_slice(L, at);
      same = s.p != NULL ? ges_head_has(h, (enum ges_option)o, s)
             : !lua_isfunction(L, at) && h->number[o] == number_at(L, at);
    }
  return same;
}


/* Gives a call a new head, or that of the call before if it is equal. */
static int own_head (struct reader *rd, struct gesL_request *base) {
  ges_optset own = rd->g.own & ges_in_head, rest = rd->g.rest & ges_in_head;
  int rc;
  if (base == NULL || (rd->g.own & OPT(path)))
    return make_head(rd);
  if (is_last(rd, base, own, rest)) {
    rd->r->req.head = ges_head_ref(base->last);
    return 0;
  }
  if ((rc = make_head(rd)) == 0) {
    ges_head_drop(base->last);
    base->last = ges_head_ref(rd->r->req.head);
    base->last_own = own;
    base->last_rest = rest;
  }
  return rc;
}


/*
** Checks what the Lua layer decides with: the address of IAM and the name of a
** project. Returns 0, or 1 when one is refused.
*/
static int check_place (struct reader *rd) {
  struct ges_head *h = rd->r->req.head;
  struct ges_endpoint to;
  struct ges_slice iam, name;
  int bad = 0;
  push_option(rd, OPT_iam_endpoint, AT_DEFAULTS);
  push_option(rd, OPT_project, AT_DEFAULTS);
  iam = gesL_slice(rd->g.L, -2);
  name = gesL_slice(rd->g.L, -1);
  if (iam.p != NULL)
    bad = ges_refuse_endpoint(&rd->no, "iam_endpoint", iam,
                              h->number[OPT_insecure_http] != 0, &to);
  if (!bad && name.p != NULL)
    bad = ges_refuse(&rd->no, "project", ges_url_name(name.p, name.n));
  lua_pop(rd->g.L, 2);
  return bad;
}


/*
** Checks those filters of the list of jobs that are texts: they may come from a
** user. Returns 0, or 1 when one is refused.
*/
static int check_filters (struct reader *rd) {
  lua_State *L = rd->g.L;
  const struct ges_row *row = &ges_options[OPT_status];
  struct ges_slice name = gesL_slice(L, AT(&rd->g, OPT_graph_name));
  struct ges_slice status = gesL_slice(L, AT(&rd->g, OPT_status));
  if (name.p != NULL
      && ges_refuse(&rd->no, "graph_name", ges_url_name(name.p, name.n)))
    return 1;
  return status.p != NULL && !ges_word_is(row, status.p, status.n)
         && ges_refuse(&rd->no, row->name, row->must);
}


/*
** Completes the request of a call; one that says nothing else of what is in a
** head shares that of its defaults. Returns as ges_head_seal does.
*/
static int make_request (struct reader *rd, struct gesL_request *base) {
  const ges_optset part = ges_in_head | OPT(path) | OPT(region) | OPT(cloud);
  int rc;
  if (base != NULL && base->req.head != NULL
      && ((rd->g.own | (base->given & ~rd->g.rest)) & part) == 0) {
    rd->r->req.head = ges_head_ref(base->req.head);
    memcpy(rd->r->req.id, base->req.id, sizeof base->req.id);
    if (rd->g.hidden & OPT(project_id))
      rd->r->req.id[GES_PROJECT][0] = '\0';
    if (rd->g.hidden & OPT(graph_id))
      rd->r->req.id[GES_GRAPH][0] = '\0';
    return take_ids(rd, 0);
  }
  rc = own_head(rd, base);
  return rc == 0 ? take_ids(rd, AT_DEFAULTS) : rc;
}


/* The bound of an attempt started without one; a timeout of 0 is no bound. */
static double limit_of (const struct reader *rd) {
  double limit = luaL_optnumber(rd->g.L, AT(&rd->g, OPT_request_timeout),
                                ges_options[OPT_request_timeout].normal);
  double most = lua_tonumber(rd->g.L, AT(&rd->g, OPT_timeout));  /* nil: 0 */
  return most > 0 && most < limit ? most : limit;
}


/*
** Pushes the settings of a call; a list of jobs is lists of ids then. `whole`:
** they include the ids of a job.
*/
static void push_settings (struct reader *rd, int whole) {
  gesL_pushsettings(&rd->g, whole);
  if (lua_istable(rd->g.L, AT(&rd->g, OPT_jobs))) {
    gesL_pushjobs(&rd->g);
    lua_setfield(rd->g.L, -2, "jobs");
  }
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
  struct gesL_request *base;
  int rc;
  lua_settop(L, AT_BASE);
  base = lua_isnil(L, AT_BASE) ? NULL
         : luaL_checkudata(L, AT_BASE, GES_REQUEST);
  if (base != NULL)
    luaL_checktype(L, AT_DEFAULTS, LUA_TTABLE);
  gesL_readoptions(L, &rd.g, base != NULL ? base->given
                             : gesL_givenby(L, AT_DEFAULTS));
  if (base != NULL && (rd.g.rest & OPT(token)))
    rd.g.asks = base->asks;
  rd.r = push_request(L);                   /* [... request] */
  rd.r->asks = rd.g.asks;
  rd.r->given = rd.g.own | rd.g.rest;
  rd.r->limit = limit_of(&rd);
  rc = make_request(&rd, base);
  if (rc == 0 && ((rd.g.own | rd.g.rest) & (OPT(iam_endpoint) | OPT(project))))
    rc = check_place(&rd);
  if (rc == 0 && rd.g.call->bit == C_LIST)
    rc = check_filters(&rd);
  if (rc > 0 && rd.g.call->bit == C_NEW)
    ges_request_free(&rd.r->req);
  else if (rc != 0) {
    refused(L, rd.r, rc, &rd.no);           /* [... nil err info] */
    push_settings(&rd, 1);
    return 4;
  }
  if (rd.g.call->bit == C_CORE && !GES_IS_GENERIC(rd.r->req.purpose)
      && !(rd.r->given & CREDENTIALS))
    return fail(L, rd.r, GES_credentials, "no credentials: give token, or ak"
                " and sk");
  lua_pushvalue(L, AT(&rd.g, OPT_COUNT));   /* [... request] */
  push_settings(&rd, 0);
  lua_pushboolean(L, gesL_isfixed(&rd.g));
  return 3;
}


/* Pushes t[name] of the table at 2: a string, false or nil; others throw. */
static struct ges_slice bound (lua_State *L, const char *name) {
  lua_getfield(L, 2, name);
  if (lua_toboolean(L, -1) && lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "ges.request: option '%s' must be a string, not a %s", name,
               luaL_typename(L, -1));
  return gesL_slice(L, -1);
}


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
      same = same && ges_head_has(last, bindings[i].option, of[i]);
  if (same)
    return 0;
  if ((h = ges_head_copy(last, but)) == NULL)
    return -1;
  for (i = 0; i < NBINDINGS && rc == 0; i++)
    if (of[i].p != NULL && (but & GES_OPT(bindings[i].option)))
      rc = ges_head_put(h, bindings[i].option, of[i].p, of[i].n);
  if (rc == 0)
    rc = ges_head_seal(h, no);
  r->req.head = rc == 0 ? h : last;
  ges_head_drop(rc == 0 ? last : h);
  return rc;
}


/*
** request:bind{endpoint=, project_id=, graph_id=, job_id=,
**              token= | ak=, sk=, security_token=, ca_file=, ca_path=}
**   -> true | nil, err, info
** Sets what differs between two polls. What is absent does not change, an id
** that is false is removed, credentials are replaced as a group. If a value is
** refused, which is returned, the request does not change.
*/
static int request_bind (lua_State *L) {
  struct gesL_request *r = luaL_checkudata(L, 1, GES_REQUEST);
  struct ges_slice of[NBINDINGS];
  struct ges_refusal no;
  ges_optset but = 0;
  int i, rc = 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  for (i = 0; i < NBINDINGS; i++) {
    of[i] = bound(L, bindings[i].name);     /* at 3 + i */
    if (of[i].p != NULL)
      but |= bindings[i].replaces;
  }
  if (r->req.head != NULL) {    /* NULL: refused defaults; each call says so */
    for (i = 0; i < GES_IDS && rc == 0; i++)
      rc = of[i].p != NULL && refuse_id(&no, i, of[i]);
    if (rc == 0 && but != 0)
      rc = bind_head(r, of, but, &no);
    for (i = 0; i < GES_IDS && rc == 0; i++)
      if (!lua_isnil(L, 3 + i))
        take_id(&r->req, i, of[i]);
  }
  if (rc != 0)
    return refused(L, r, rc, &no);
  lua_pushboolean(L, 1);
  return 1;
}


/* request:ids() -> project_id|nil, graph_id|nil, job_id|nil */
static int request_ids (lua_State *L) {
  struct gesL_request *r = luaL_checkudata(L, 1, GES_REQUEST);
  int i;
  for (i = 0; i < GES_IDS; i++)
    lua_pushstring(L, r->req.id[i][0] != '\0' ? r->req.id[i] : NULL);
  return GES_IDS;
}


/*
** request:ask(what [, query]) -> true | nil, err, info
** What the request is for: the status of its "job", a page of the "list" of
** jobs, with the query, or the name of its "graph".
*/
static int request_ask (lua_State *L) {
  static const char *const whats[] = { "job", "list", "graph", NULL };
  struct gesL_request *r = luaL_checkudata(L, 1, GES_REQUEST);
  int what = luaL_checkoption(L, 2, NULL, whats), rc;
  struct ges_pair of[PAGE_QUERY_MAX];
  struct gesL_pairs query = { "query", "request:ask", 1, 4, of, 0,
                              PAGE_QUERY_MAX };
  struct ges_refusal no;
  if (GES_IS_GENERIC(r->req.purpose))
    return luaL_error(L, "ges.request: a generic one has a path of its own");
  lua_settop(L, 3);
  if (!lua_isnil(L, 3))
    luaL_checktype(L, 3, LUA_TTABLE);
  lua_newtable(L);
  gesL_readquery(L, 3, &query);
  rc = ges_request_ask(&r->req, (unsigned char)what, of, query.n, &no);
  if (rc != 0)
    return refused(L, r, rc, &no);
  lua_pushboolean(L, 1);
  return 1;
}


/* request:endpoint() -> scheme://host[:port][/prefix], canonical | nil */
static int request_endpoint (lua_State *L) {
  struct gesL_request *r = luaL_checkudata(L, 1, GES_REQUEST);
  const struct ges_head *h = r->req.head;
  if (h == NULL || h->to.hostlen == 0)
    return 0;
  lua_pushstring(L, h->origin.data);
  lua_pushlstring(L, h->to.prefix, h->to.prefixlen);
  lua_concat(L, 2);
  return 1;
}


/* request:copy() -> one for the same job, which can be bound separately */
static int request_copy (lua_State *L) {
  struct gesL_request *r = luaL_checkudata(L, 1, GES_REQUEST), *copy;
  if (GES_IS_GENERIC(r->req.purpose))
    return luaL_error(L, "ges.request: a generic one is not copied");
  copy = push_request(L);
  copy->req.head = ges_head_ref(r->req.head);
  copy->given = r->given;
  copy->limit = r->limit;
  memcpy(copy->req.id, r->req.id, sizeof r->req.id);
  return 1;
}


/* request:clean(text) -> text, sanitized with the secrets of this request */
static int request_clean (lua_State *L) {
  struct gesL_request *r = luaL_checkudata(L, 1, GES_REQUEST);
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
  size_t i;
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
  for (i = 0; i < ges_request_ids(q); i++)
    if (q->id[i][0] == '\0')
      return luaL_error(L, "ges.request: option '%s' is missing",
                        bindings[i].name);
  if ((q->head->has & OPT(ak)) && !ges_sign_clock())
    return fail(L, *r, GES_argument, "cannot sign with ak: the system clock is"
                " wrong");
  return 0;
}


static const luaL_Reg metamethods[] = { { "__gc", request__gc },
                                        { NULL, NULL } };

static const luaL_Reg methods[] = {
  { "ask", request_ask },
  { "bind", request_bind },
  { "copy", request_copy },
  { "endpoint", request_endpoint },
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
