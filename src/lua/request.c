/* SPDX-License-Identifier: MIT
** request.c - from a table of options to a request (see request.h).
** Two ways to be wrong: a mistake in the script throws; a value that may
** come from a user is refused, as a failure of kind `argument`, before
** anything is sent.
*/
#include "request.h"

#include <stdio.h>
#include <string.h>

#include "pairs.h"
#include "secrets.h"
#include "../engine/version.h"

#define REQUEST_TIMEOUT  15.0     /* seconds */
#define CONNECT_TIMEOUT  5.0
#define MAX_RESPONSE     8388608  /* bytes */
#define PATH_MAX_LEN     8192
#define FILE_MAX         4096     /* bytes of a file name or a proxy */
#define KEY_MAX          4096     /* bytes of an access or secret key */
#define OWN_HEADERS      9        /* of GES_HEADERS_MAX */
#define QUERY_MAX        64
#define SIGNATURE        64       /* the last bytes of an Authorization */
#define AGENT            "ges/" GES_VERSION

/* A refusal: which option, and why. */
struct refusal {
  const char *option;
  const char *why;
};

/*
** What is being read: the options' values start at stack index `base`. The
** request is the reader's own till it is whole: a finalizer that runs while
** we read may use the same work space.
*/
struct reader {
  lua_State *L;
  int base;
  struct gesL_work *w;
  struct ges_request req;
  struct refusal no;
};

#define AT(r, opt)  ((r)->base + OPT_##opt)


void gesL_initwork (struct gesL_work *w) {
  ges_buf_init(&w->path, PATH_MAX_LEN, 0);
  ges_buf_init(&w->query, PATH_MAX_LEN, 0);
  ges_buf_init(&w->raw, GES_ENDPOINT_MAX + PATH_MAX_LEN, 0);
  ges_buf_init(&w->host, 512, 0);
  ges_buf_init(&w->auth, 8192, 1);
}


void gesL_freework (struct gesL_work *w) {
  ges_buf_free(&w->path);
  ges_buf_free(&w->query);
  ges_buf_free(&w->raw);
  ges_buf_free(&w->host);
  ges_buf_free(&w->auth);
}


static int refuse (struct reader *r, const char *option, const char *why) {
  if (why == NULL)
    return 0;
  r->no.option = option;
  r->no.why = why;
  return 1;
}


static struct ges_slice text (struct reader *r, int idx) {
  struct ges_slice s;
  s.n = 0;
  s.p = lua_tolstring(r->L, idx, &s.n);     /* NULL when absent */
  return s;
}


static void missing (struct reader *r, const char *option) {
  luaL_error(r->L, "core.job_status: option '%s' is missing", option);
}


static void add_header (struct ges_request *q, const char *name,
                        const char *value, size_t n) {
  struct ges_pair *h = &q->headers[q->nheaders++];
  h->name = name;
  h->namelen = strlen(name);
  h->value = value;
  h->valuelen = n;
}


/* endpoint, insecure_http and the proxies: where the bytes go. */
static int read_place (struct reader *r) {
  struct ges_request *q = &r->req;
  struct ges_slice s = text(r, AT(r, endpoint));
  int insecure = lua_toboolean(r->L, AT(r, insecure_http));
  if (s.p == NULL)
    missing(r, "endpoint");
  if (refuse(r, "endpoint", ges_url_endpoint(s.p, s.n, &q->to)))
    return 1;
  if (!q->to.https && !q->to.loopback && !insecure)
    return refuse(r, "endpoint", "is http:// and not this machine; use"
                  " https://, or set insecure_http = true");
  q->proxy = lua_tostring(r->L, AT(r, proxy));
  q->no_proxy = lua_tostring(r->L, AT(r, no_proxy));
  if (q->proxy == NULL && !q->to.https && !insecure)
    q->proxy = "";    /* loopback in the clear must not leave through one */
  return 0;
}


/* Appends "/name/id" to the path. */
static int add_id (struct reader *r, int row, const char *option,
                   const char *name) {
  struct ges_slice s = text(r, r->base + row);
  if (s.p == NULL)
    missing(r, option);
  if (refuse(r, option, ges_url_id(s.p, s.n)))
    return 1;
  ges_buf_puts(&r->w->path, name);
  ges_buf_add(&r->w->path, s.p, s.n);
  return 0;
}


/* The path of a job's status (the API page, section URI). */
static int read_job (struct reader *r) {
  r->w->job_id = text(r, AT(r, job_id));
  if (add_id(r, OPT_project_id, "project_id", "/v2/")
      || add_id(r, OPT_graph_id, "graph_id", "/graphs/")
      || add_id(r, OPT_job_id, "job_id", "/jobs/"))
    return 1;
  ges_buf_puts(&r->w->path, "/status");
  return 0;
}


/* What in a generic call must not come back in a message. */
static int hide_generic (struct reader *r, const struct gesL_pairs *query) {
  struct ges_request *q = &r->req;
  struct ges_secrets *all = &q->secrets;
  if (gesL_hidepairs(all, q->headers, (size_t)q->nheaders) != 0)
    return refuse(r, "headers", GESL_TOO_MANY);
  if (gesL_hidepairs(all, query->of, query->n) != 0)
    return refuse(r, "query", GESL_TOO_MANY);
  return gesL_hidebody(r->L, all, &q->body) != 0
         && refuse(r, "body", GESL_TOO_MANY);
}


/*
** Method, path, query, body and headers of any other call. The strings stay
** in their tables, but numbers of the query become text, which the list
** pushed here anchors.
*/
static int read_generic (struct reader *r, struct gesL_pairs *query) {
  lua_State *L = r->L;
  struct ges_request *q = &r->req;
  struct gesL_pairs head;
  struct ges_slice path = text(r, AT(r, path));
  struct ges_slice method = text(r, AT(r, method));
  q->method = method.p;
  q->keep_head = 1;
  if (method.p != NULL && !gesL_ismethod(&method))
    return refuse(r, "method", "must be GET, POST, PUT, PATCH, DELETE or"
                  " HEAD");
  if (refuse(r, "path", ges_url_path(path.p, path.n)))
    return 1;
  ges_url_encode(&r->w->path, path.p, path.n, 1);
  if (r->w->path.failed)
    return refuse(r, "path", "is longer than 8 KiB");
  lua_newtable(L);
  query->what = "query";
  query->keep = lua_gettop(L);
  gesL_readquery(L, AT(r, query), query);
  head.what = "headers";
  head.keep = query->keep;
  head.of = q->headers;
  head.n = 0;
  head.max = GES_HEADERS_MAX - OWN_HEADERS;
  gesL_readheaders(L, AT(r, headers), &head);
  q->nheaders = (int)head.n;
  q->body = text(r, AT(r, body));
  return refuse(r, "body", q->body.n > GES_SENT_MAX ? "is longer than 16 MiB"
                           : NULL)
         || hide_generic(r, query);
}


static int has_header (const struct ges_request *q, const char *lower) {
  int i;
  for (i = 0; i < q->nheaders; i++)
    if (gesL_samename(&q->headers[i], lower, strlen(lower)))
      return 1;
  return 0;
}


static int read_headers (struct reader *r) {
  struct ges_request *q = &r->req;
  struct ges_slice s = text(r, AT(r, language));
  int sends = q->body.p != NULL  /* libcurl sends an empty form otherwise */
              || (q->method != NULL && strcmp(q->method, "POST") == 0);
  if (!has_header(q, "user-agent"))         /* as an option it costs more */
    add_header(q, "User-Agent", AGENT, sizeof AGENT - 1);
  if (!has_header(q, "accept"))
    add_header(q, "Accept", "application/json", 16);
  if (sends && !has_header(q, "content-type"))
    add_header(q, "Content-Type", "application/json;charset=utf8", 29);
  if (sends)
    add_header(q, "Expect", "", 0);         /* no 100-continue round trip */
  if (s.p == NULL)
    return 0;
  if (!gesL_isword(&s, "en-us") && !gesL_isword(&s, "zh-cn"))
    return refuse(r, "language", "must be en-us or zh-cn");
  add_header(q, "X-Language", s.p, s.n);
  return 0;
}


/* The authority as libcurl will write it into the Host header. */
static const char *host_header (struct reader *r) {
  const struct ges_endpoint *e = &r->req.to;
  struct ges_buf *b = &r->w->host;
  ges_buf_clear(b);
  ges_buf_add(b, e->host, e->hostlen);
  if (e->port != 0 && e->port != (e->https ? 443 : 80))
    ges_url_port(b, e->port);
  return ges_buf_cstr(b);
}


/* The path as the signature sees it: prefix and path, not encoded. */
static const char *raw_path (struct reader *r, size_t *n) {
  const struct ges_endpoint *e = &r->req.to;
  struct ges_buf *b = &r->w->raw;
  struct ges_slice path = text(r, AT(r, path));
  ges_buf_clear(b);
  ges_buf_add(b, e->prefix, e->prefixlen);
  if (path.p != NULL)
    ges_buf_add(b, path.p, path.n);
  else                                      /* ids need no encoding */
    ges_buf_add(b, r->w->path.data, r->w->path.len);
  *n = b->len;
  return ges_buf_cstr(b);
}


/*
** Signs this attempt (SDK-HMAC-SHA256): host and x-sdk-date are signed, the
** project and a temporary key's token are only sent, since the gateway
** echoes what is signed.
*/
static int sign (struct reader *r, struct ges_slice ak, struct ges_slice sk,
                 const struct gesL_pairs *query) {
  struct gesL_work *w = r->w;
  struct ges_request *q = &r->req;
  struct ges_sign_input in;
  char signature[SIGNATURE];
  memset(&in, 0, sizeof in);
  in.method = q->method != NULL ? q->method : "GET";
  in.path = raw_path(r, &in.pathlen);
  in.host = host_header(r);
  in.query = query->of;
  in.nquery = query->n;
  in.body = q->body.p;
  in.bodylen = q->body.n;
  in.ak = ak.p;
  in.sk = sk.p;
  in.date = w->date;
  ges_buf_clear(&w->auth);
  if (ges_sign_date(time(NULL), w->date) != 0)
    return refuse(r, "ak", "cannot sign: the system clock is wrong");
  if (in.path == NULL || in.host == NULL
      || ges_sign_request(&in, &w->auth) != 0)
    return gesL_nomemory(r->L);
  add_header(q, "X-Sdk-Date", w->date, GES_SIGN_DATE - 1);
  add_header(q, "Authorization", w->auth.data, w->auth.len);
  memcpy(signature, w->auth.data + w->auth.len - SIGNATURE, SIGNATURE);
  gesL_hide(r->L, &q->secrets, signature, SIGNATURE);
  ges_wipe(signature, sizeof signature);
  return 0;
}


static const char *bad_key (struct ges_slice key) {
  return key.n > KEY_MAX ? "is longer than 4096 characters"
         : ges_url_token(key.p, key.n);
}


static int read_keys (struct reader *r, struct ges_slice ak,
                      const struct gesL_pairs *query) {
  struct ges_request *q = &r->req;
  struct ges_slice sk = text(r, AT(r, sk));
  struct ges_slice more = text(r, AT(r, security_token));
  struct ges_slice project = text(r, AT(r, project_id));
  if (sk.p == NULL)
    missing(r, "sk");
  ges_secrets_add(&q->secrets, sk.p, sk.n);
  ges_secrets_add(&q->secrets, more.p, more.n);
  if (refuse(r, "ak", bad_key(ak)) || refuse(r, "sk", bad_key(sk))
      || (more.p != NULL
          && refuse(r, "security_token", ges_url_token(more.p, more.n)))
      || (project.p != NULL
          && refuse(r, "project_id", ges_url_id(project.p, project.n)))
      || sign(r, ak, sk, query))
    return 1;
  if (project.p != NULL)
    add_header(q, "X-Project-Id", project.p, project.n);
  if (more.p != NULL)
    add_header(q, "X-Security-Token", more.p, more.n);
  return 0;
}


/* Who asks: a token, keys, or, for a generic call, nobody. */
static int read_auth (struct reader *r, const struct gesL_pairs *query) {
  struct ges_request *q = &r->req;
  struct ges_slice token = text(r, AT(r, token));
  struct ges_slice ak = text(r, AT(r, ak));
  int keys = ak.p != NULL || !lua_isnil(r->L, AT(r, sk))
             || !lua_isnil(r->L, AT(r, security_token));
  if (token.p != NULL && keys)
    luaL_error(r->L, "core.job_status: give only one of token, ak with sk");
  if (keys && ak.p == NULL)
    missing(r, "ak");
  if (keys)
    return read_keys(r, ak, query);
  if (token.p == NULL)
    return 0;
  ges_secrets_add(&q->secrets, token.p, token.n);
  if (refuse(r, "token", ges_url_token(token.p, token.n)))
    return 1;
  add_header(q, "X-Auth-Token", token.p, token.n);
  return 0;
}


static const char *file_name (struct reader *r, int row, const char *option) {
  struct ges_slice s = text(r, r->base + row);
  if (s.p == NULL)
    return NULL;
  if (s.n == 0 || s.n > FILE_MAX || strlen(s.p) != s.n
      || ges_url_header(s.p, s.n) != NULL)
    refuse(r, option, "is empty, too long or holds a control character");
  return s.p;
}


/* Certificates, keys and proxies. */
static int read_transport (struct reader *r) {
  struct ges_request *q = &r->req;
  q->ca_file = file_name(r, OPT_ca_file, "ca_file");
  q->ca_path = file_name(r, OPT_ca_path, "ca_path");
  q->client_cert = file_name(r, OPT_client_cert, "client_cert");
  q->client_key = file_name(r, OPT_client_key, "client_key");
  q->verify = lua_isnil(r->L, AT(r, verify))
              || lua_toboolean(r->L, AT(r, verify));
  if (text(r, AT(r, proxy)).n > 0)          /* "" means: none */
    file_name(r, OPT_proxy, "proxy");
  if (text(r, AT(r, no_proxy)).n > 0)
    file_name(r, OPT_no_proxy, "no_proxy");
  if (r->no.why == NULL)
    gesL_hideproxy(r->L, q);
  return r->no.why != NULL;
}


static double seconds (struct reader *r, int row, double normal) {
  return lua_isnil(r->L, r->base + row) ? normal
         : lua_tonumber(r->L, r->base + row);
}


/*
** The time limits; `limit` bounds the attempt, 0: the options do. There a
** timeout of 0 means one attempt, bounded by request_timeout alone.
*/
static void read_limits (struct reader *r, double limit) {
  struct ges_request *q = &r->req;
  double whole = seconds(r, OPT_timeout, 0);
  double connect = seconds(r, OPT_connect_timeout, CONNECT_TIMEOUT);
  if (limit <= 0) {
    limit = seconds(r, OPT_request_timeout, REQUEST_TIMEOUT);
    if (whole > 0 && whole < limit)
      limit = whole;
  }
  q->timeout_ms = limit < 0.001 ? 1 : (long)(limit * 1e3);
  q->connect_ms = connect < 0.001 ? 1 : (long)(connect * 1e3);
  q->max_body = (size_t)seconds(r, OPT_max_response_bytes, MAX_RESPONSE);
}


static int fail (struct reader *r, enum ges_kind kind, const char *what) {
  struct gesL_failure f;
  memset(&f, 0, sizeof f);
  f.kind = kind;
  f.message.p = what;
  f.message.n = strlen(what);
  f.secrets = &r->req.secrets;
  return gesL_fail(r->L, &f);
}


/*
** Reads the options at `arg` into the work space, whose request then stays
** valid for as long as that table and the stack above it. Returns 0, or the
** number of values pushed for a failure. With a `limit` in seconds, which is
** that of the attempt, the table has been through core.options.
*/
int gesL_readrequest (lua_State *L, int arg, double limit,
                      struct gesL_work *w) {
  struct ges_pair pairs[QUERY_MAX];
  struct gesL_pairs query;
  struct reader r;
  memset(&r, 0, sizeof r);
  memset(&query, 0, sizeof query);
  w->job_id.n = 0;
  query.of = pairs;
  query.max = QUERY_MAX;
  r.L = L;
  r.w = w;
  gesL_readoptions(L, arg, limit > 0);
  r.base = lua_gettop(L) - OPT_READ + 1;
  ges_buf_clear(&w->path);
  ges_buf_clear(&w->query);
  if (read_place(&r)
      || (lua_isnil(L, AT(&r, path)) ? read_job(&r)
                                     : read_generic(&r, &query))
      || read_headers(&r) || read_auth(&r, &query) || read_transport(&r)) {
    lua_pushfstring(L, "%s %s", r.no.option, r.no.why);
    return fail(&r, GES_argument, lua_tostring(L, -1));
  }
  if (lua_isnil(L, AT(&r, path)) && r.req.secrets.n == 0
      && lua_isnil(L, AT(&r, token)))
    return fail(&r, GES_credentials, "no credentials: give token, or ak and"
                " sk");
  read_limits(&r, limit);
  ges_url_query(&w->query, pairs, query.n);
  if (w->path.failed || w->query.failed)
    return fail(&r, GES_argument, "path or query is longer than 8 KiB");
  w->req = r.req;
  w->req.path.p = w->path.data;
  w->req.path.n = w->path.len;
  w->req.query.p = w->query.data;
  w->req.query.n = w->query.len;
  return 0;
}
