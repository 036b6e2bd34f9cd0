/* SPDX-License-Identifier: MIT
** request.c - prepared requests (see request.h).
*/
#include "request.h"

#include <string.h>
#include <time.h>

#include "secrets.h"
#include "sign.h"

#define PATH_BYTES  8192          /* bytes of a path or a query, encoded */
#define SIGNATURE   64            /* the last bytes of an Authorization */


/* Makes an empty request without a head, in uninitialised memory. */
void ges_request_init (struct ges_request *r) {
  memset(r, 0, sizeof *r);
  ges_buf_init(&r->path, PATH_BYTES, 0);
  ges_buf_init(&r->query, PATH_BYTES, 1);
  ges_buf_init(&r->body, GES_SENT_MAX, 1);
}


/* Releases what the request owns; it is empty then. */
void ges_request_free (struct ges_request *r) {
  ges_head_drop(r->head);
  ges_buf_free(&r->path);
  ges_buf_free(&r->query);
  ges_buf_free(&r->body);
  ges_request_init(r);
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


/*
** Takes the path, not encoded. The limit holds for the encoded path; `query` is
** the work space.
*/
static int take_path (struct ges_request *r, struct ges_slice path,
                      struct ges_refusal *no) {
  int bad;
  if (ges_refuse(no, "path", ges_url_path(path.p, path.n)))
    return 1;
  bad = ges_url_encode(&r->query, path.p, path.n, 1);
  ges_buf_clear(&r->query);
  return ges_refuse(no, "path", bad ? "is longer than 8 KiB" : NULL) ? 1
         : ges_buf_add(&r->path, path.p, path.n);
}


/*
** Takes the query in place of the one before; sorts it. Returns as
** ges_request_generic does. Every byte may have to be encoded: where they would
** have room even so, it was memory that ran out.
*/
static int take_query (struct ges_request *r, struct ges_pair *query, size_t n,
                       struct ges_refusal *no) {
  size_t i, most = 0;
  for (i = 0; i < n; i++)
    most += 3 * (query[i].namelen + query[i].valuelen) + 2;
  ges_buf_clear(&r->query);
  if (ges_url_query(&r->query, query, n) == 0)
    return 0;
  return most > PATH_BYTES ? ges_refuse(no, "query", "is longer than 8 KiB")
         : -1;
}


/* Notes the secrets of a generic call. */
static int hide (struct ges_keys *k, const struct ges_generic *g,
                 struct ges_refusal *no) {
  const char *option = "headers";
  int rc = ges_secret_pairs(k, g->headers, g->nheaders);
  if (rc == 0) {
    option = "query";
    rc = ges_secret_pairs(k, g->query, g->nquery);
  }
  if (rc == 0) {
    option = "body";
    rc = ges_secret_body(k, &g->body);
  }
  return rc <= 0 ? rc : ges_refuse(no, option, "contains more passwords and"
                                   " tokens than can be kept out of messages");
}


/*
** Takes a generic call into a request whose head has its options; begins the
** head. Returns 0, 1 when something is refused, or -1 when memory is out.
*/
int ges_request_generic (struct ges_request *r, const struct ges_generic *g,
                         struct ges_refusal *no) {
  int rc;
  r->purpose = g->purpose;
  if (g->method.p != NULL && (r->method = find_method(g->method)) == NULL)
    return ges_refuse(no, "method", "must be GET, POST, PUT, PATCH, DELETE or"
                      " HEAD");
  if ((rc = take_path(r, g->path, no)) != 0)
    return rc;
  if (g->body.n > GES_SENT_MAX)
    return ges_refuse(no, "body", "is longer than 16 MiB");
  if ((rc = take_query(r, g->query, g->nquery, no)) != 0)
    return rc;
  if (ges_buf_add(&r->body, g->body.p, g->body.n) != 0)
    return -1;
  r->sends = (unsigned char)(g->body.p != NULL || (r->method != NULL
             && strcmp(r->method, "POST") == 0));   /* or libcurl sends one */
  if ((rc = hide(&r->head->keys, g, no)) != 0)
    return rc;
  return ges_head_begin(r->head, g->headers, g->nheaders, r->sends, no);
}


/*
** Gives a request that is not generic another purpose, and its query. Returns
** as ges_request_generic does; but for 0 it must not be sent as it is.
*/
int ges_request_ask (struct ges_request *r, unsigned char purpose,
                     struct ges_pair *query, size_t n,
                     struct ges_refusal *no) {
  int rc = take_query(r, query, n, no);
  if (rc == 0)
    r->purpose = purpose;
  return rc;
}


/* How many of its ids the path of a request has, the first ones. */
size_t ges_request_ids (const struct ges_request *r) {
  switch (r->purpose) {
    case GES_FOR_JOB: return GES_IDS;
    case GES_FOR_LIST: return GES_PROJECT + 1;
    case GES_FOR_GRAPH: return GES_GRAPH + 1;
    default: return 0;
  }
}


/* Appends the path, not encoded. */
static int add_path (const struct ges_request *r, struct ges_buf *b) {
  static const char *const before[] = { "/v2/", "/graphs/", "/jobs/" };
  static const char *const after[] = { "/status", "/graphs/jobs", "" };
  size_t i;
  ges_buf_add(b, r->head->to.prefix, r->head->to.prefixlen);
  if (GES_IS_GENERIC(r->purpose))
    return ges_buf_add(b, r->path.data, r->path.len);
  for (i = 0; i < ges_request_ids(r); i++) {
    ges_buf_puts(b, before[i]);
    ges_buf_puts(b, r->id[i]);
  }
  return ges_buf_puts(b, after[r->purpose]);
}


/* Appends the path as it is sent. Ids and prefixes need no encoding. */
static int add_sent_path (const struct ges_request *r, struct ges_buf *b) {
  if (!GES_IS_GENERIC(r->purpose))
    return add_path(r, b);
  ges_buf_add(b, r->head->to.prefix, r->head->to.prefixlen);
  return ges_url_encode(b, r->path.data, r->path.len, 1);
}


/* Appends the request target as it is sent: prefix, path and query. */
int ges_request_target (const struct ges_request *r, struct ges_buf *b) {
  add_sent_path(r, b);
  if (r->query.len > 0)
    ges_buf_putc(b, '?');
  return ges_buf_add(b, r->query.data, r->query.len);
}


/*
** Signs an attempt that is sent now (SDK-HMAC-SHA256): appends its lines to
** `l`, and adds its signature, a slice of `l`, to the secrets: no line follows.
** host and x-sdk-date are signed; the project is sent unsigned, since the
** gateway echoes the names of what is signed. Returns 0, 1 when the clock is
** wrong, or -1 when memory is out.
*/
int ges_request_sign (const struct ges_request *r, struct ges_lines *l,
                      struct ges_secrets *all) {
  const struct ges_head *h = r->head;
  struct ges_buf text;
  char date[GES_SIGN_DATE];
  size_t at = 0;
  int rc;
  if (ges_sign_date(time(NULL), date) != 0)
    return 1;
  ges_buf_init(&text, GES_ENDPOINT_MAX + PATH_BYTES + 512, 0);
  rc = add_path(r, &text);
  if (rc == 0) {
    struct ges_sign_input in = {
      .method = r->method != NULL ? r->method : "GET",
      .path = text.data, .pathlen = text.len, .host = ges_head_host(h),
      .query = r->query.data, .querylen = r->query.len,
      .body = r->body.data, .bodylen = r->body.len, .date = date,
      .ak = ges_head_text(h, OPT_ak).p, .sk = ges_head_text(h, OPT_sk).p,
    };
    ges_lines_add(l, "X-Sdk-Date", date, GES_SIGN_DATE - 1);
    ges_buf_puts(&l->text, "Authorization: ");
    rc = ges_sign_request(&in, &l->text);
    at = l->text.len;
    ges_buf_putc(&l->text, '\0');
    l->n++;
    if (r->id[GES_PROJECT][0] != '\0')
      ges_lines_add(l, "X-Project-Id", r->id[GES_PROJECT],
                    strlen(r->id[GES_PROJECT]));
  }
  ges_buf_free(&text);
  if (rc != 0 || l->text.failed)
    return -1;
  ges_secrets_add(all, l->text.data + at - SIGNATURE, SIGNATURE);
  return 0;
}
