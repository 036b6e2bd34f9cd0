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

#define PAGE_QUERY_MAX  8         /* of a page of jobs */

#define TRUST          (OPT(ca_file) | OPT(ca_path))

/* Options of bind: the ids, as in ges_request, and what the head replaces. */
static const struct {
  const char *name;
  enum ges_option option;
  ges_optset replaces;
} bindings[] = {
  { "project_id", OPT_project_id, 0 }, { "graph_id", OPT_graph_id, 0 },
  { "job_id", OPT_job_id, 0 }, { "endpoint", OPT_endpoint, OPT(endpoint) },
  { "token", OPT_token, GESL_SECRETS }, { "ak", OPT_ak, GESL_SECRETS },
  { "sk", OPT_sk, GESL_SECRETS },
  { "security_token", OPT_security_token, GESL_SECRETS },
  { "ca_file", OPT_ca_file, TRUST }, { "ca_path", OPT_ca_path, TRUST },
};

#define NBINDINGS  ((int)(sizeof bindings / sizeof bindings[0]))


static int request__gc (lua_State *L) {
  struct gesL_request *r = luaL_checkudata(L, 1, GES_REQUEST);
  ges_request_free(&r->req);
  ges_head_drop(r->last);
  r->last = NULL;
  return 0;
}


/* Pushes an empty request. */
struct gesL_request *gesL_pushrequest (lua_State *L) {
  struct gesL_request *r = gesL_newobject(L, sizeof *r, GES_REQUEST);
  ges_request_init(&r->req);
  return r;
}


/* Pushes the failure of a refused value, or of no credentials. */
int gesL_failrequest (lua_State *L, const struct gesL_request *r,
                      enum ges_kind kind, const char *what) {
  struct gesL_failure f = { .kind = kind,
    .message = { what, strlen(what) },
    .secrets = r->req.head != NULL ? &r->req.head->keys.all : NULL };
  return gesL_fail(L, &f);
}


/* Throws if memory is out (rc < 0), else pushes the failure of a refusal. */
int gesL_refused (lua_State *L, const struct gesL_request *r, int rc,
                  const struct ges_refusal *no) {
  if (rc < 0)
    return gesL_nomemory(L);
  lua_pushfstring(L, "%s %s", no->option, no->why);
  return gesL_failrequest(L, r, GES_argument, lua_tostring(L, -1));
}


int gesL_refuseid (struct ges_refusal *no, int which, struct ges_slice s) {
  return ges_refuse(no, bindings[which].name, ges_url_id(s.p, s.n));
}


/* Takes an id; p == NULL: it is removed. */
void gesL_putid (struct ges_request *r, int which, struct ges_slice s) {
  if (s.p != NULL)
    memcpy(r->id[which], s.p, s.n);
  r->id[which][s.n] = '\0';
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
      rc = of[i].p != NULL && gesL_refuseid(&no, i, of[i]);
    if (rc == 0 && but != 0)
      rc = bind_head(r, of, but, &no);
    for (i = 0; i < GES_IDS && rc == 0; i++)
      if (!lua_isnil(L, 3 + i))
        gesL_putid(&r->req, i, of[i]);
  }
  if (rc != 0)
    return gesL_refused(L, r, rc, &no);
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
    return gesL_refused(L, r, rc, &no);
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
  copy = gesL_pushrequest(L);
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
    return gesL_failrequest(L, *r, GES_argument, "cannot sign with ak: the"
                            " system clock is wrong");
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


/* Registers the class; the environment is on the top and stays there. */
void gesL_openrequest (lua_State *L) {
  gesL_newclass(L, GES_REQUEST, methods, metamethods);
}
