/* SPDX-License-Identifier: MIT
** request.c - what is copied of a request (see request.h).
*/
#include "request.h"

#include <string.h>


/* What stands between a name and its value. */
static size_t gap (const struct ges_pair *p) {
  return p->valuelen > 0 ? 2 : 1;
}


/* Are the lines of the last request the ones that `r` asks for? */
int ges_request_same (const struct ges_request *r,
                      const struct ges_buf *lines) {
  const char *p = lines->data, *end;
  int i;
  if (lines->len == 0)
    return 0;
  end = p + lines->len;
  for (i = 0; i < r->nheaders; i++) {
    const struct ges_pair *q = &r->headers[i];
    size_t at = q->namelen + gap(q), n = at + q->valuelen + 1;
    if ((size_t)(end - p) < n || p[q->namelen] != ':' || p[n - 1] != '\0'
        || memcmp(p, q->name, q->namelen) != 0
        || memcmp(p + at, q->value, q->valuelen) != 0)
      return 0;
    p += n;
  }
  return p == end;
}


/*
** Lays out the header lines, each with its NUL; `at` gets where they begin.
** Returns 0, or -1 when memory is out.
*/
int ges_request_lines (const struct ges_request *r, struct ges_buf *lines,
                       size_t at[GES_HEADERS_MAX]) {
  int i;
  ges_buf_clear(lines);
  for (i = 0; i < r->nheaders; i++) {
    const struct ges_pair *p = &r->headers[i];
    at[i] = lines->len;
    ges_buf_add(lines, p->name, p->namelen);
    ges_buf_add(lines, ": ", gap(p));
    ges_buf_add(lines, p->value, p->valuelen);
    ges_buf_putc(lines, '\0');
  }
  return lines->failed ? -1 : 0;
}


/* Where our copy of a header's value is; NULL: `value` is none. */
static const char *find_value (const struct ges_request *r,
                               const struct ges_buf *lines,
                               const char *value) {
  const char *p = lines->data;
  int i;
  for (i = 0; i < r->nheaders; i++) {
    const struct ges_pair *q = &r->headers[i];
    p += q->namelen + gap(q);
    if (q->value == value)
      return p;
    p += q->valuelen + 1;
  }
  return NULL;
}


/*
** Notes the secrets, which must outlive the request. A token is among the
** header lines already; the others are copied.
*/
int ges_request_secrets (const struct ges_request *r,
                         const struct ges_buf *lines, struct ges_buf *keys,
                         struct ges_secrets *out) {
  size_t at = 0;
  int i;
  ges_buf_clear(keys);
  out->n = 0;
  out->odd = 0;
  for (i = 0; i < r->secrets.n; i++)
    if (find_value(r, lines, r->secrets.of[i].p) == NULL
        && ges_buf_add(keys, r->secrets.of[i].p, r->secrets.of[i].n) != 0)
      return -1;
  for (i = 0; i < r->secrets.n; i++) {
    const char *p = find_value(r, lines, r->secrets.of[i].p);
    if (p == NULL) {
      p = keys->data + at;
      at += r->secrets.of[i].n;
    }
    ges_secrets_copy(out, p, &r->secrets, i);
  }
  return 0;
}


/* The transport options as one text: equal text, nothing to set again. */
int ges_request_conf (const struct ges_request *r, struct ges_buf *b) {
  const char *const list[] = { r->ca_file, r->ca_path, r->client_cert,
                               r->client_key, r->proxy, r->no_proxy };
  size_t i;
  ges_buf_clear(b);
  ges_buf_putc(b, r->verify ? 'v' : '-');
  ges_buf_putc(b, r->many ? 'm' : '-');
  ges_buf_putc(b, r->to.https ? 's' : '-');
  ges_buf_add(b, &r->max_body, sizeof r->max_body);
  ges_buf_add(b, &r->connect_ms, sizeof r->connect_ms);
  for (i = 0; i < sizeof list / sizeof list[0]; i++) {
    ges_buf_putc(b, list[i] != NULL ? '=' : '-');
    if (list[i] != NULL)
      ges_buf_add(b, list[i], strlen(list[i]) + 1);
  }
  return b->failed ? -1 : 0;
}
