/* SPDX-License-Identifier: MIT
** err.c - kinds of failure and redaction (see err.h).
*/
#include "err.h"

#include <string.h>

/* A secret shorter than this would turn every message into noise. */
#define SECRET_MIN  4

/* This much of a secret is already too much: servers cut what they echo. */
#define ECHO_MIN  12

static const char mark[] = "<redacted>";


const char *ges_kind_name (enum ges_kind k) {
  static const char *const names[] = {
#define X(name, again)  #name,
    GES_KINDS(X)
#undef X
  };
  return names[k];
}


int ges_kind_retryable (enum ges_kind k) {
  static const unsigned char flags[] = {
#define X(name, again)  again,
    GES_KINDS(X)
#undef X
  };
  return flags[k];
}


void ges_secrets_add (struct ges_secrets *all, const char *p, size_t n) {
  if (p == NULL || n < SECRET_MIN || all->n == GES_SECRETS_MAX)
    return;
  all->of[all->n].p = p;
  all->of[all->n].n = n;
  all->n++;
}


static int hex_value (char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}


/* The value of `digits` hexadecimal digits at `s`, or -1. */
static int hex_run (const char *s, size_t n, size_t digits) {
  int value = 0;
  size_t i;
  if (n < digits)
    return -1;
  for (i = 0; i < digits; i++) {
    int v = hex_value(s[i]);
    if (v < 0)
      return -1;
    value = value * 16 + v;
  }
  return value;
}


/*
** How many bytes of `s` are an escape for the character `c`: %XX of a URL, or
** \/ or \u00XX of JSON. 0 when they are not.
*/
static size_t match_escape (const char *s, size_t n, char c) {
  int code = (unsigned char)c;
  if (s[0] == '%' && hex_run(s + 1, n - 1, 2) == code)
    return 3;
  if (s[0] == '\\' && n >= 2 && s[1] == c)
    return 2;
  if (s[0] == '\\' && n >= 2 && s[1] == 'u' && hex_run(s + 2, n - 2, 4) == code)
    return 6;
  return 0;
}


/*
** How many bytes at `s` show the secret, whole or the first ECHO_MIN or more
** bytes of it. 0: none. Where a backslash or a % of the secret can be read as
** itself or as the beginning of an escape, `plain` says which comes first.
*/
static size_t match_as (const char *s, size_t n, const struct ges_slice *k,
                        int plain) {
  size_t used = 0, i;
  for (i = 0; i < k->n && used < n; i++) {
    int same = s[used] == k->p[i];
    size_t step = plain && same ? 1
                  : match_escape(s + used, n - used, k->p[i]);
    if (step == 0 && !same)
      break;
    used += step > 0 ? step : 1;
  }
  return (i == k->n || i >= ECHO_MIN) ? used : 0;
}


static size_t match_secret (const char *s, size_t n,
                            const struct ges_slice *k) {
  size_t plain = match_as(s, n, k, 1), escaped = match_as(s, n, k, 0);
  return plain > escaped ? plain : escaped;
}


static size_t match_any (const char *s, size_t n,
                         const struct ges_secrets *all) {
  size_t best = 0;
  int i;
  for (i = 0; i < all->n; i++) {
    size_t used = match_secret(s, n, &all->of[i]);
    if (used > best)
      best = used;
  }
  return best;
}


/* The first `c` before `end`, or `end`. */
static const char *seek (const char *s, const char *end, char c) {
  const char *p = memchr(s, c, (size_t)(end - s));
  return p != NULL ? p : end;
}


/*
** The next place at or after `s` where a secret could begin, perhaps with a
** character in disguise; `s + n` when there is none. A body is mostly free
** of secrets: this skips it at the speed of memchr.
*/
static const char *next_start (const char *s, size_t n,
                               const struct ges_secrets *all) {
  const char *first = s + n;
  int i;
  if (all->n == 0)
    return first;
  first = seek(s, seek(s, first, '%'), '\\');
  for (i = 0; i < all->n; i++)
    first = seek(s, first, all->of[i].p[0]);
  return first;
}


/* Does any secret stand in `s`? */
int ges_has_secret (const char *s, size_t n, const struct ges_secrets *all) {
  const char *end;
  if (all->n == 0 || n == 0)
    return 0;
  for (end = s + n; (s = next_start(s, (size_t)(end - s), all)) < end; s++)
    if (match_any(s, (size_t)(end - s), all) > 0)
      return 1;
  return 0;
}


/*
** Appends `s` with every secret in it replaced by a mark. Returns how many
** were found, or -1 when memory or room ran out.
*/
int ges_redact (struct ges_buf *out, const char *s, size_t n,
                const struct ges_secrets *all) {
  const char *end = s + n;
  int found = 0;
  while (s < end) {
    const char *p = next_start(s, (size_t)(end - s), all);
    size_t used = p < end ? match_any(p, (size_t)(end - p), all) : 0;
    if (used == 0 && p < end)
      p++;
    ges_buf_add(out, s, (size_t)(p - s));
    s = p + used;
    if (used > 0) {
      ges_buf_puts(out, mark);
      found++;
    }
  }
  return out->failed ? -1 : found;
}


/*
** Redacts a buffer in place: a server may echo what it was sent, and what
** came is cleaned before anybody reads it, so that no later step has to
** think of it. Returns 0, or -1 when memory is out.
*/
int ges_scrub (struct ges_buf *b, const struct ges_secrets *all) {
  struct ges_buf clean;
  if (!ges_has_secret(b->data, b->len, all))
    return 0;
  ges_buf_init(&clean, 4 * b->len + 64, 1);
  if (ges_redact(&clean, b->data, b->len, all) < 0)
    return -1;
  clean.max = b->max;
  ges_buf_free(b);
  *b = clean;
  return 0;
}


/*
** The one gate for text on its way to a message: no secret passes, and a
** control character is shown as \xNN, so that nobody forges a log line.
** Returns 0, or -1 when memory or room ran out.
*/
int ges_clean (struct ges_buf *out, const char *s, size_t n,
               const struct ges_secrets *all) {
  static const char hex[] = "0123456789ABCDEF";
  struct ges_buf plain;
  size_t i;
  ges_buf_init(&plain, out->max, 1);
  if (ges_redact(&plain, s, n, all) < 0)
    out->failed = 1;
  for (i = 0; i < plain.len && !out->failed; i++) {
    unsigned char c = (unsigned char)plain.data[i];
    if (c >= 0x20 && c != 0x7F)
      ges_buf_putc(out, (char)c);
    else {
      char esc[4] = { '\\', 'x', 0, 0 };
      esc[2] = hex[c >> 4];
      esc[3] = hex[c & 15];
      ges_buf_add(out, esc, 4);
    }
  }
  ges_buf_free(&plain);
  return out->failed ? -1 : 0;
}
