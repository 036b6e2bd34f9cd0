/* SPDX-License-Identifier: MIT
** fuzz_sign.c - the canonical request and its signature.
** Input: fields: method, host, path, body, date, access key, secret key,
** then names and values, of the query and of headers by turns. The order in
** which they are given does not matter, everything that is signed does, and
** the secret key is never in the result.
*/
#define _GNU_SOURCE             /* strndup */

#include "fuzz.h"
#include "engine/sign.h"

#define PAIRS_MAX  8
#define TAIL       (sizeof ", Signature=" - 1 + 64)

/* Owns its strings. */
struct request {
  char *text[7];
  struct ges_pair query[PAIRS_MAX], headers[PAIRS_MAX];
  size_t nquery;
  struct ges_sign_input in;
};


/* Signs the request with its pairs as they are now. */
static int sign (struct request *r, struct ges_buf *out) {
  struct ges_buf query;
  int rc = -1;
  ges_buf_init(&query, GES_SIGN_MAX, 0);
  if (ges_url_query(&query, r->query, r->nquery) == 0) {
    r->in.query = query.data;
    r->in.querylen = query.len;
    rc = ges_sign_request(&r->in, out);
  }
  ges_buf_free(&query);
  return rc;
}


static void read_pairs (struct fuzz_input *f, struct request *r) {
  while (f->n > 0 && r->in.nheaders < PAIRS_MAX) {
    struct ges_slice name = fuzz_field(f), value = fuzz_field(f);
    struct ges_pair p = { name.p, name.n, value.p, value.n };
    if (r->nquery > r->in.nheaders)
      r->headers[r->in.nheaders++] = p;
    else
      r->query[r->nquery++] = p;
  }
}


static void read_request (struct fuzz_input *f, struct request *r) {
  size_t body = 0;
  int i;
  memset(r, 0, sizeof *r);
  for (i = 0; i < 7; i++) {
    struct ges_slice s = fuzz_field(f);
    r->text[i] = strndup(s.n > 0 ? s.p : "", s.n);
    if (i == 3)
      body = strlen(r->text[i]);
  }
  r->in.method = r->text[0];
  r->in.host = r->text[1];
  r->in.path = r->text[2];
  r->in.pathlen = strlen(r->text[2]);
  r->in.body = r->text[3];
  r->in.bodylen = body;
  r->in.date = r->text[4];
  r->in.ak = r->text[5];
  r->in.sk = r->text[6];
  read_pairs(f, r);
  r->in.headers = r->headers;
}


static void reverse (struct ges_pair *p, size_t n) {
  size_t i;
  for (i = 0; i < n / 2; i++) {
    struct ges_pair x = p[i];
    p[i] = p[n - 1 - i];
    p[n - 1 - i] = x;
  }
}


/* Are there two headers of one name? Then their order is their own. */
static int repeated (const struct request *r) {
  size_t i, k, c;
  for (i = 0; i < r->in.nheaders; i++)
    for (k = 0; k < i; k++) {
      const struct ges_pair *a = &r->headers[i], *b = &r->headers[k];
      for (c = 0; c < a->namelen && c < b->namelen; c++)
        if ((a->name[c] | 0x20) != (b->name[c] | 0x20))
          break;
      if (a->namelen == b->namelen && c == a->namelen)
        return 1;
    }
  return 0;
}


static void check_shape (const struct request *r, const struct ges_buf *b) {
  static const char head[] = "SDK-HMAC-SHA256 Access=";
  const char *end = b->data + b->len - 64;
  size_t i;
  CHECK(b->len > sizeof head - 1 + strlen(r->in.ak) + TAIL);
  CHECK(memcmp(b->data, head, sizeof head - 1) == 0);
  CHECK(memcmp(end - 12, ", Signature=", 12) == 0);
  for (i = 0; i < 64; i++)
    CHECK(strchr("0123456789abcdef", end[i]) != NULL && end[i] != '\0');
}


/* The signature alone is the same, or another, when something changes. */
static int same_signature (struct request *r, const struct ges_buf *want) {
  struct ges_buf b;
  int same;
  ges_buf_init(&b, GES_SIGN_MAX, 1);
  CHECK(sign(r, &b) == 0);
  same = memcmp(b.data + b.len - 64, want->data + want->len - 64, 64) == 0;
  ges_buf_free(&b);
  return same;
}


/* Has one pair another value? The fuzzer may have found the very one. */
static int is_other (const struct ges_pair *a, const struct ges_pair *b) {
  return a->valuelen != b->valuelen
         || memcmp(a->value, b->value, a->valuelen) != 0;
}


static void check_request (struct request *r, const struct ges_buf *b) {
  struct ges_pair one;
  check_shape(r, b);
  reverse(r->query, r->nquery);
  CHECK(same_signature(r, b));
  if (!repeated(r)) {
    reverse(r->headers, r->in.nheaders);
    CHECK(same_signature(r, b));
  }
  if (r->nquery > 0) {
    one = r->query[0];
    r->query[0].value = "another value";
    r->query[0].valuelen = 13;
    CHECK(is_other(&one, &r->query[0]) == !same_signature(r, b));
    r->query[0] = one;
  }
  r->in.sk = "another key";
  CHECK(strcmp(r->text[6], r->in.sk) == 0 || !same_signature(r, b));
}


int LLVMFuzzerTestOneInput (const uint8_t *p, size_t n) {
  struct fuzz_input f = fuzz_open(p, n);
  struct request r;
  struct ges_buf b;
  int i;
  read_request(&f, &r);
  ges_buf_init(&b, GES_SIGN_MAX, 1);
  if (sign(&r, &b) == 0)
    check_request(&r, &b);
  else
    CHECK(b.len == 0);
  fuzz_check_work(n, WORK_CALL, 400);
  CHECK(ges_sign_check_date(r.in.date, strlen(r.in.date)) != NULL
        || strlen(r.in.date) == GES_SIGN_DATE - 1);
  ges_buf_free(&b);
  for (i = 0; i < 7; i++)
    free(r.text[i]);
  return 0;
}
