/* SPDX-License-Identifier: MIT
** head.c - the part of a request that others share (see head.h).
*/
#include "head.h"

#include <stdlib.h>
#include <string.h>

#include "pem.h"
#include "proxy.h"
#include "secrets.h"
#include "version.h"

#define TEXT_MAX   8388608        /* bytes of all options of a head */
#define LINES_MAX  (2 * (size_t)GES_TOKEN_MAX + 4096)
#define KEYS_MAX   (GES_SENT_MAX + 4 * GES_TOKEN_MAX)
#define FILE_MAX   4096           /* bytes of a file name or a proxy */
#define KEY_MAX    4096           /* bytes of an access or secret key */
#define AGENT      "ges/" GES_VERSION


static const ges_optset handle_set = 0
#define X(name, types, least, most, normal, calls, use, ...) \
  | ((use) == U_HANDLE ? OPT(name) : 0)
  GES_OPTIONS(X)
#undef X
  ;


/* An empty head, with one reference; NULL: no memory. */
struct ges_head *ges_head_new (void) {
  struct ges_head *h = calloc(1, sizeof *h);
  int o;
  if (h == NULL)
    return NULL;
  h->refs = 1;
  for (o = 0; o < OPT_COUNT; o++)
    h->number[o] = ges_options[o].normal;
  ges_buf_init(&h->text, TEXT_MAX, 1);
  ges_buf_init(&h->origin, GES_ENDPOINT_MAX + 16, 0);
  ges_buf_init(&h->lines.text, LINES_MAX, 1);
  ges_buf_init(&h->keys.bytes, KEYS_MAX, 1);
  return h;
}


struct ges_head *ges_head_ref (struct ges_head *h) {
  if (h != NULL)
    h->refs++;
  return h;
}


void ges_head_drop (struct ges_head *h) {
  if (h == NULL || --h->refs > 0)
    return;
  ges_buf_free(&h->text);
  ges_buf_free(&h->origin);
  ges_buf_free(&h->lines.text);
  ges_buf_free(&h->keys.bytes);
  free(h);
}


/*
** Notes a string option; of one that is too long, enough to be refused. Returns
** 0, or -1 when memory is out.
*/
int ges_head_put (struct ges_head *h, enum ges_option o, const char *s,
                  size_t n) {
  if (n > GES_TOKEN_MAX)
    n = GES_TOKEN_MAX + 1;
  if (ges_buf_add(&h->text, s, n) != 0 || ges_buf_putc(&h->text, '\0') != 0)
    return -1;
  h->has |= GES_OPT(o);
  h->text_of[o].end = (unsigned)h->text.len;
  h->text_of[o].n = (unsigned)n;
  return 0;
}


void ges_head_number (struct ges_head *h, enum ges_option o, double x) {
  h->has |= GES_OPT(o);
  h->number[o] = x;
}


/* The text of a string option, NUL-terminated; p == NULL: not given. */
struct ges_slice ges_head_text (const struct ges_head *h,
                                enum ges_option o) {
  struct ges_slice s = { NULL, 0 };
  if (h->text_of[o].end != 0) {
    s.n = h->text_of[o].n;
    s.p = h->text.data + h->text_of[o].end - s.n - 1;
  }
  return s;
}


/* The authority as it is sent and signed; the head has an endpoint. */
const char *ges_head_host (const struct ges_head *h) {
  return strstr(h->origin.data, "//") + 2;
}


/* Has the option this text? p == NULL: has it none? */
int ges_head_has (const struct ges_head *h, enum ges_option o,
                  struct ges_slice s) {
  struct ges_slice t = ges_head_text(h, o);
  return s.p == NULL || t.p == NULL ? s.p == t.p
         : s.n == t.n && memcmp(s.p, t.p, s.n) == 0;
}


/*
** The proxy to set in libcurl: NULL means the environment's. Plain http to this
** machine must not go through a proxy.
*/
const char *ges_head_proxy (const struct ges_head *h) {
  const char *s = ges_head_text(h, OPT_proxy).p;
  return s != NULL || h->to.https || h->number[OPT_insecure_http] != 0 ? s : "";
}


/* The proxy of the request, unless no_proxy excepts its host; NULL: none. */
const char *ges_head_via (const struct ges_head *h) {
  return ges_proxy_of(ges_head_proxy(h), h->to.https);
}


static int same_option (const struct ges_head *a, const struct ges_head *b,
                        enum ges_option o) {
  return a->number[o] == b->number[o]
         && ges_head_has(a, o, ges_head_text(b, o));
}


/* Has a handle that is set for `a` the options that `b` needs? */
int ges_head_same (const struct ges_head *a, const struct ges_head *b) {
  ges_optset differ = (a->has | b->has) & handle_set;
  int o;
  if (a->to.https != b->to.https
      || (ges_head_proxy(a) == NULL) != (ges_head_proxy(b) == NULL))
    return 0;
  for (o = 0; differ != 0; o++, differ >>= 1)
    if ((differ & 1) && !same_option(a, b, (enum ges_option)o))
      return 0;
  return 1;
}


static int copy_option (struct ges_head *h, const struct ges_head *from,
                        enum ges_option o) {
  struct ges_slice s = ges_head_text(from, o);
  if (s.p != NULL)
    return ges_head_put(h, o, s.p, s.n);
  ges_head_number(h, o, from->number[o]);
  return 0;
}


/*
** A copy of a head without the options in `but`, to be completed and sealed.
** Returns NULL when memory is out.
*/
struct ges_head *ges_head_copy (const struct ges_head *from, ges_optset but) {
  struct ges_head *h = ges_head_new();
  ges_optset left = from->has & ~but;
  int i, o, bad = h == NULL;
  for (o = 0; !bad && left != 0; o++, left >>= 1)
    if (left & 1)
      bad = copy_option(h, from, (enum ges_option)o) != 0;
  for (i = 0; !bad && i < from->own_nkeys; i++)
    bad = ges_keys_add(&h->keys, from->keys.all.of[i].p,
                       from->keys.all.of[i].n) != 0;
  if (!bad)
    bad = ges_buf_add(&h->lines.text, from->lines.text.data,
                      from->own_lines) != 0;
  if (bad) {
    if (h != NULL)
      ges_head_drop(h);
    return NULL;
  }
  h->lines.n = h->own_nlines = from->own_nlines;
  h->own_lines = from->own_lines;
  h->own_nkeys = from->own_nkeys;
  return h;
}


/*
** Appends a line, in libcurl's form: "Name;" sends an empty value, and "Name:"
** (value NULL) keeps libcurl from sending one of its own. Returns 0, 1 when
** there is no room for another, or -1 when memory is out.
*/
int ges_lines_add (struct ges_lines *l, const char *name, const char *value,
                   size_t n) {
  if (l->n == GES_LINES_MAX)
    return 1;
  l->n++;
  ges_buf_puts(&l->text, name);
  ges_buf_puts(&l->text, n > 0 ? ": " : value != NULL ? ";" : ":");
  ges_buf_add(&l->text, value, n);
  return ges_buf_putc(&l->text, '\0');
}


/* Notes why an option is refused. Returns 0 when it is not. */
int ges_refuse (struct ges_refusal *no, const char *option,
                const char *why) {
  if (why == NULL)
    return 0;
  no->option = option;
  no->why = why;
  return 1;
}


static int has_header (const struct ges_pair *of, size_t n,
                       const char *lower) {
  size_t i;
  for (i = 0; i < n; i++)
    if (ges_pair_named(&of[i], lower))
      return 1;
  return 0;
}


/* Adds the line that selects the language of the service's messages. */
static int add_language (struct ges_head *h, struct ges_refusal *no) {
  const struct ges_row *row = &ges_options[OPT_language];
  struct ges_slice s = ges_head_text(h, OPT_language);
  if (s.p == NULL)
    return 0;
  if (!ges_word_is(row, s.p, s.n))
    return ges_refuse(no, row->name, row->must);
  return ges_lines_add(&h->lines, "X-Language", s.p, s.n);
}


/*
** Begins the header lines and the secrets that do not depend on the
** credentials: the `n` headers that the script gave, and the standard ones that
** are not among them. The secrets of the given headers are in `keys` already.
** Returns 0, 1 when something is refused, or -1 when memory is out.
*/
int ges_head_begin (struct ges_head *h, const struct ges_pair *of, size_t n,
                    int sends, struct ges_refusal *no) {
  struct ges_lines *l = &h->lines;
  size_t i, given = 0;
  int rc;
  for (i = 0; i < n; i++)
    given += of[i].namelen + of[i].valuelen + 3;
  if (given > GES_TOKEN_MAX)
    return ges_refuse(no, "headers", "are longer than 128 KiB");
  for (i = 0; i < n; i++)
    ges_lines_add(l, of[i].name, of[i].value, of[i].valuelen);
  if (!has_header(of, n, "user-agent"))     /* as an option it costs more */
    ges_lines_add(l, "User-Agent", AGENT, sizeof AGENT - 1);
  if (!has_header(of, n, "accept"))
    ges_lines_add(l, "Accept", "application/json", 16);
  if (sends && !has_header(of, n, "content-type"))
    ges_lines_add(l, "Content-Type", "application/json;charset=utf8", 29);
  if (sends)
    ges_lines_add(l, "Expect", NULL, 0);     /* no 100-continue round trip */
  if ((rc = add_language(h, no)) != 0)
    return rc;
  h->own_lines = l->text.len;
  h->own_nlines = l->n;
  h->own_nkeys = h->keys.all.n;
  return l->text.failed ? -1 : 0;
}


/*
** Reads an endpoint that an option names; plain http to another machine is
** refused unless `insecure`. Returns 0, or 1 when it is refused.
*/
int ges_refuse_endpoint (struct ges_refusal *no, const char *option,
                         struct ges_slice s, int insecure,
                         struct ges_endpoint *to) {
  if (ges_refuse(no, option, ges_url_endpoint(s.p, s.n, to)))
    return 1;
  return to->https || to->loopback || insecure ? 0
         : ges_refuse(no, option, "is http:// to another machine; use"
                      " https://, or set insecure_http = true");
}


/* Reads the endpoint, if the head has one. */
static int seal_place (struct ges_head *h, struct ges_refusal *no) {
  struct ges_slice s = ges_head_text(h, OPT_endpoint);
  if (s.p == NULL)
    return 0;
  if (ges_refuse_endpoint(no, "endpoint", s,
                          h->number[OPT_insecure_http] != 0, &h->to))
    return 1;
  ges_url_origin(&h->origin, &h->to);
  return ges_buf_putc(&h->origin, '\0');
}


/* A client certificate and its key belong together; a file may hold both. */
static int refuse_half (const struct ges_head *h, struct ges_refusal *no) {
  const char *cert = ges_head_text(h, OPT_client_cert).p;
  const char *key = ges_head_text(h, OPT_client_key).p;
  if (cert == NULL && key != NULL)
    return ges_refuse(no, "client_key", "is given without client_cert");
  return cert != NULL && key == NULL && ges_pem_keyless(cert)
         ? ges_refuse(no, "client_cert", "is given without client_key, and its"
                      " file contains no key") : 0;
}


/*
** Checks the texts that go to libcurl, file names and proxies; "" for a proxy
** means no proxy.
*/
static int seal_transport (struct ges_head *h, struct ges_refusal *no) {
  ges_optset left = h->has & handle_set;
  int o;
  for (o = 0; left != 0; left >>= 1, o++) {
    struct ges_slice s = left & 1 ? ges_head_text(h, (enum ges_option)o)
                         : (struct ges_slice){ NULL, 0 };
    int may_be_empty = o == OPT_proxy || o == OPT_no_proxy;
    if (s.p != NULL && !(s.n == 0 && may_be_empty)
        && (s.n == 0 || s.n > FILE_MAX || memchr(s.p, '\0', s.n) != NULL
            || ges_url_header(s.p, s.n) != NULL))
      return ges_refuse(no, ges_options[o].name, "is empty, too long or has a"
                        " control character");
  }
  if (refuse_half(h, no))
    return 1;
  return ges_secret_proxy(&h->keys, ges_head_via(h));
}


static const char *bad_key (struct ges_slice key) {
  return key.n > KEY_MAX ? "is longer than 4096 characters"
         : ges_url_token(key.p, key.n);
}


/*
** Notes the secrets among the credentials. Returns 0, 1 when there are too
** many, or -1 when memory is out.
*/
int ges_head_hide (struct ges_head *h) {
  static const enum ges_option of[] = { OPT_token, OPT_sk,
                                        OPT_security_token };
  size_t i;
  int rc = 0;
  for (i = 0; rc == 0 && i < sizeof of / sizeof of[0]; i++) {
    struct ges_slice s = ges_head_text(h, of[i]);
    if (s.p != NULL)
      rc = ges_keys_add(&h->keys, s.p, s.n);
  }
  return rc;
}


/* Checks the keys; each attempt is signed, only the token is in the head. */
static int seal_keys (struct ges_head *h, struct ges_refusal *no) {
  struct ges_slice ak = ges_head_text(h, OPT_ak), sk = ges_head_text(h, OPT_sk);
  struct ges_slice more = ges_head_text(h, OPT_security_token);
  if (ges_refuse(no, "ak", bad_key(ak)) || ges_refuse(no, "sk", bad_key(sk)))
    return 1;
  if (more.p == NULL)
    return 0;
  return ges_refuse(no, "security_token", ges_url_token(more.p, more.n)) ? 1
         : ges_lines_add(&h->lines, "X-Security-Token", more.p, more.n);
}


static int seal_credentials (struct ges_head *h, struct ges_refusal *no) {
  struct ges_slice token = ges_head_text(h, OPT_token);
  int rc = ges_head_hide(h);
  if (rc != 0)
    return rc;
  if (h->has & OPT(ak))
    return seal_keys(h, no);
  if (token.p == NULL)
    return 0;
  return ges_refuse(no, "token", ges_url_token(token.p, token.n)) ? 1
         : ges_lines_add(&h->lines, "X-Auth-Token", token.p, token.n);
}


/*
** Completes a head that was begun or copied: it does not change afterwards.
** Returns 0, 1 when an option is refused, or -1 when memory is out.
*/
int ges_head_seal (struct ges_head *h, struct ges_refusal *no) {
  int rc;
  ges_refuse(no, "headers", "are too many for one request");
  rc = seal_place(h, no);
  if (rc == 0)
    rc = seal_credentials(h, no);
  if (rc == 0)
    rc = seal_transport(h, no);
  return rc == 0 && h->lines.text.failed ? -1 : rc;
}
