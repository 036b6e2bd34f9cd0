/* SPDX-License-Identifier: MIT
** sign.c - SDK-HMAC-SHA256 (see sign.h). Step numbers are those of the API
** signing guide: 1 canonical request, 2 string to sign, 3 signature, 4 header.
*/
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L    /* gmtime_r */
#endif

#include "sign.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "text.h"

/* The SHA-256 of no bytes, as most requests have none. */
#define NO_BODY \
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define ALGORITHM  "SDK-HMAC-SHA256"

/* The headers that are signed, in the order of their lower-case names. */
struct signed_headers {
  struct ges_pair of[GES_SIGN_HEADERS + 2];  /* and host, x-sdk-date */
  size_t n;
};


/* By name, whatever the case of letters. */
static int header_compare (const void *pa, const void *pb) {
  const struct ges_pair *a = pa, *b = pb;
  size_t i;
  for (i = 0; i < a->namelen && i < b->namelen; i++) {
    int differ = (unsigned char)ges_lower(a->name[i])
                 - (unsigned char)ges_lower(b->name[i]);
    if (differ != 0)
      return differ;
  }
  return (a->namelen > b->namelen) - (a->namelen < b->namelen);
}


/* Adds a header, with its value trimmed. */
static void add_header (struct signed_headers *all, const char *name,
                        size_t namelen, const char *value, size_t valuelen) {
  struct ges_pair *p = &all->of[all->n++];
  ges_trim(&value, &valuelen);
  p->name = name;
  p->namelen = namelen;
  p->value = value;
  p->valuelen = valuelen;
}


/*
** Picks the headers to sign. A name with '_' is left out: gateways drop such
** headers, and the signature would not match. Returns -1 when there are too
** many.
*/
static int pick_headers (const struct ges_sign_input *in,
                         struct signed_headers *all) {
  size_t i;
  all->n = 0;
  if (in->nheaders > GES_SIGN_HEADERS)
    return -1;
  if (in->host != NULL && in->host[0] != '\0')
    add_header(all, "host", 4, in->host, strlen(in->host));
  add_header(all, "x-sdk-date", 10, in->date, strlen(in->date));
  for (i = 0; i < in->nheaders; i++) {
    const struct ges_pair *h = &in->headers[i];
    if (memchr(h->name, '_', h->namelen) == NULL)
      add_header(all, h->name, h->namelen, h->value, h->valuelen);
  }
  qsort(all->of, all->n, sizeof *all->of, header_compare);
  return 0;
}


static void put_lower (struct ges_buf *b, const struct ges_pair *h) {
  size_t i;
  if (ges_buf_reserve(b, h->namelen) != 0)
    return;
  for (i = 0; i < h->namelen; i++)
    b->data[b->len++] = ges_lower(h->name[i]);
}


/* Writes "host;x-sdk-date". */
static void put_names (struct ges_buf *b, const struct signed_headers *all) {
  size_t i;
  for (i = 0; i < all->n; i++) {
    if (i > 0)
      ges_buf_putc(b, ';');
    put_lower(b, &all->of[i]);
  }
}


static void put_headers (struct ges_buf *b, const struct signed_headers *all) {
  size_t i;
  for (i = 0; i < all->n; i++) {
    put_lower(b, &all->of[i]);
    ges_buf_putc(b, ':');
    ges_buf_add(b, all->of[i].value, all->of[i].valuelen);
    ges_buf_putc(b, '\n');
  }
}


/* Appends a digest in lower-case hexadecimal, and wipes it. */
static int put_hex (struct ges_buf *b, unsigned char *md, size_t n) {
  int rc = ges_buf_reserve(b, 2 * n);
  size_t i;
  for (i = 0; rc == 0 && i < n; i++, b->len += 2)
    ges_put_hex(b->data + b->len, md[i], "0123456789abcdef");
  ges_wipe(md, n);
  return rc;
}


/* Appends the SHA-256 of some bytes; -1 when libcrypto fails. */
static int put_digest (struct ges_buf *b, const void *p, size_t n) {
  unsigned char md[EVP_MAX_MD_SIZE];
  unsigned int len = 0;
  return EVP_Digest(n > 0 ? p : "", n, md, &len, EVP_sha256(), NULL) == 1
         ? put_hex(b, md, len) : -1;
}


/*
** The last line of step 1: the hash of the body, or the value of a header
** X-Sdk-Content-Sha256 (UNSIGNED-PAYLOAD).
*/
static int put_body_hash (struct ges_buf *b, const struct ges_sign_input *in) {
  size_t i;
  for (i = 0; i < in->nheaders; i++) {
    const struct ges_pair *h = &in->headers[i];
    if (ges_pair_named(h, "x-sdk-content-sha256"))
      return ges_buf_add(b, h->value, h->valuelen);
  }
  return in->bodylen == 0 ? ges_buf_puts(b, NO_BODY)
         : put_digest(b, in->body, in->bodylen);
}


/*
** Step 1. The path of the canonical request always ends with a slash, though
** the one that is sent does not get it.
*/
static int put_canonical (struct ges_buf *b, const struct ges_sign_input *in,
                          const struct signed_headers *all) {
  ges_buf_puts(b, in->method);
  ges_buf_putc(b, '\n');
  ges_url_encode(b, in->path, in->pathlen, 1);
  if (in->pathlen == 0 || in->path[in->pathlen - 1] != '/')
    ges_buf_putc(b, '/');
  ges_buf_putc(b, '\n');
  ges_buf_add(b, in->query, in->querylen);
  ges_buf_putc(b, '\n');
  put_headers(b, all);
  ges_buf_putc(b, '\n');
  put_names(b, all);
  ges_buf_putc(b, '\n');
  return put_body_hash(b, in);
}


/*
** Steps 1 to 3, with `text` as work space: the canonical request, followed by
** the string to sign, and one HMAC keyed with the secret key itself.
*/
static int put_signature (struct ges_buf *out, const struct ges_sign_input *in,
                          const struct signed_headers *all,
                          struct ges_buf *text) {
  unsigned char md[EVP_MAX_MD_SIZE];
  unsigned int len = 0;
  size_t n = strlen(in->sk), at;
  if (put_canonical(text, in, all) != 0)
    return -1;
  at = text->len;
  ges_buf_puts(text, ALGORITHM "\n");
  ges_buf_puts(text, in->date);
  ges_buf_putc(text, '\n');
  if (text->failed || put_digest(text, text->data, at) != 0 || n > INT_MAX
      || HMAC(EVP_sha256(), in->sk, (int)n,
              (const unsigned char *)text->data + at, text->len - at, md,
              &len) == NULL)
    return -1;
  return put_hex(out, md, len);
}


/*
** Appends the value of the Authorization header to `out`. Returns 0, or -1
** when memory is out, something is over its limit or libcrypto fails; `out`
** is then empty.
*/
int ges_sign_request (const struct ges_sign_input *in, struct ges_buf *out) {
  struct signed_headers all;
  struct ges_buf text;
  int rc = -1;
  ges_buf_init(&text, GES_SIGN_MAX, 1);
  if (pick_headers(in, &all) == 0) {
    ges_buf_puts(out, ALGORITHM " Access=");
    ges_buf_puts(out, in->ak);
    ges_buf_puts(out, ", SignedHeaders=");
    put_names(out, &all);
    ges_buf_puts(out, ", Signature=");
    rc = put_signature(out, in, &all, &text);
  }
  ges_buf_free(&text);
  if (rc == 0 && !out->failed)
    return 0;
  ges_buf_clear(out);
  return -1;
}


/* Writes an X-Sdk-Date. Returns -1 for a time outside 1970 to 9999. */
int ges_sign_date (time_t now, char date[GES_SIGN_DATE]) {
  struct tm tm;
  if (gmtime_r(&now, &tm) == NULL ||
      tm.tm_year < 1970 - 1900 || tm.tm_year > 9999 - 1900)
    return -1;
  return strftime(date, GES_SIGN_DATE, "%Y%m%dT%H%M%SZ", &tm) == 0 ? -1 : 0;
}


/* Is the clock of this machine in the range of an X-Sdk-Date? */
int ges_sign_clock (void) {
  char date[GES_SIGN_DATE];
  return ges_sign_date(time(NULL), date) == 0;
}


/* Base64, into `out`: four bytes for every three begun, and a NUL. */
size_t ges_base64 (char *out, const char *s, size_t n) {
  return (size_t)EVP_EncodeBlock((unsigned char *)out,
                                 (const unsigned char *)s, (int)n);
}


/* Checks an X-Sdk-Date, a C string. Returns NULL, or why it is refused. */
const char *ges_sign_check_date (const char *s, size_t n) {
  static const char digits[] = "0123456789";
  return n == 16 && strspn(s, digits) == 8 && s[8] == 'T'
         && strspn(s + 9, digits) == 6 && s[15] == 'Z'
         ? NULL : "is not of the form YYYYMMDDTHHMMSSZ";
}
