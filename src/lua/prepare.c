/* SPDX-License-Identifier: MIT
** prepare.c - core.prepare (see prepare.h).
** A mistake in the script throws; a value that may come from a user is refused,
** as a failure of kind `argument`, before anything is sent.
*/
#include "prepare.h"

#include <string.h>

#include "options.h"
#include "pairs.h"
#include "request.h"

#define QUERY_MAX  64             /* values */

/* One call's options on their way into a request. */
struct reader {
  struct gesL_given g;
  struct gesL_request *r;
  struct ges_refusal no;
  struct ges_pair query[QUERY_MAX], headers[GES_HEADERS_MAX];
};


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
      lua_pushstring(L, ges_options[OPT_project_id + which].name);
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
    if (s.p != NULL && !gesL_refuseid(&rd->no, i, s))
      gesL_putid(&rd->r->req, i, s);
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
  rd.r = gesL_pushrequest(L);                   /* [... request] */
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
    gesL_refused(L, rd.r, rc, &rd.no);      /* [... nil err info] */
    push_settings(&rd, 1);
    return 4;
  }
  if (rd.g.call->bit == C_CORE && !GES_IS_GENERIC(rd.r->req.purpose)
      && !(rd.r->given & GESL_SECRETS))
    return gesL_failrequest(L, rd.r, GES_credentials, "no credentials: give"
                            " token, or ak and sk");
  lua_pushvalue(L, AT(&rd.g, OPT_COUNT));   /* [... request] */
  push_settings(&rd, 0);
  lua_pushboolean(L, gesL_isfixed(&rd.g));
  return 3;
}


/*
** Puts core.prepare into the environment, which is on the top and stays there.
*/
void gesL_openprepare (lua_State *L) {
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, gesL_prepare, 1);
  lua_rawseti(L, -2, ENV_PREPARE);
}
