/* SPDX-License-Identifier: MIT
** redact.c - secrets, and their beginnings in a text (see redact.h).
*/
#include "redact.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "text.h"

/* A shorter text is not redacted: it may be part of any word. */
#define SECRET_MIN  4

/* A beginning of this length is redacted: servers cut what they echo. */
#define ECHO_MIN  12

#define NEAR     32     /* bytes without a needle after which memchr is used */

/* The bits of the secrets in the tables of a scan; below are GES_LEAD_*. */
#define SECRETS     0xF0
#define BIT_OF(i)   (16 << (i) % 4)

#define BYTE(c)  ((unsigned char)(c))

/* The bytes of a part of a text that is hidden. */
enum { SHOWN, FIRST, INSIDE };

/*
** The search for places where a secret may begin. A byte begins a secret, or
** an escape, only if it has a bit in `lead` that the next byte has in `follow`:
** these two look-ups rule out nearly all places. The needles are the bytes with
** a bit in `lead`; `next` is the next place of each of them, so that memchr
** passes over the text once per needle. Where escapes are dense, the character
** that `ahead` read as the second of one place is the first of the next.
*/
struct scan {
  const struct ges_secrets *all;
  const char *end;
  struct ges_reader ahead;
  int c;                        /* what it read last */
  int n;                        /* needles */
  const char *next[256];
  unsigned char needle[256];
  unsigned char lead[256], follow[256];
};


/*
** Notes a secret, unless it is shorter than SECRET_MIN. Returns 0, or -1 when
** there is no room for it.
*/
int ges_secrets_add (struct ges_secrets *all, const char *p, size_t n) {
  if (p == NULL || n < SECRET_MIN)
    return 0;
  if (all->n == GES_SECRETS_MAX)
    return -1;
  if (ges_escape_odd(p, n))
    all->odd |= 1ULL << all->n;
  all->of[all->n].p = p;
  all->of[all->n].n = n;
  all->n++;
  return 0;
}


/*
** Is no more left of a secret, from its byte `s` on, than what may be read
** together with the text that follows it: the start of an escape?
*/
static int is_last (const struct ges_reader *k, const char *s) {
  if (k->nest > 0 && k->end - s <= GES_NEST_MAX)
    while (s < k->end && !ges_escape_plain(*s))
      s++;
  return s == k->end;
}


/*
** How many bytes at `s` show the secret, or its first ECHO_MIN or more bytes,
** as they stand in it; 0: no match. That many nested escapes are undone in the
** text and in the secret.
*/
static size_t match_as (const char *s, size_t n, const struct ges_slice *k,
                        int nest, int secret_nest) {
  struct ges_reader text = ges_escape_reader(s, n, nest);
  struct ges_reader secret = ges_escape_reader(k->p, k->n, secret_nest);
  const char *end = s, *at;
  size_t shown = 0;
  int c;
  while ((c = ges_escape_next(&secret)) >= 0 && ges_escape_next(&text) == c) {
    end = text.s;
    shown++;
  }
  at = c < 0 ? secret.s : secret.from;
  if (shown < SECRET_MIN
      || ((size_t)(at - k->p) < ECHO_MIN && !is_last(&secret, at)))
    return 0;
  return (size_t)(end - s);
}


/*
** The same, with all escapes of the text undone. A byte of a secret that looks
** like the start of an escape may stand for itself, or be escaped once or
** twice, or have been escaped before it became part of the secret. Nearly all
** places are ruled out by a byte that is no part of an escape.
*/
static size_t match (const char *s, size_t n, const struct ges_slice *k,
                     int odd) {
  size_t most = n < k->n ? n : k->n, best, i = 0;
  int nest;
  while (i < most && i < ECHO_MIN && s[i] == k->p[i] && ges_escape_plain(s[i]))
    i++;
  if (i < most && i < ECHO_MIN && ges_escape_plain(s[i])
      && ges_escape_plain(k->p[i]))
    return 0;
  best = match_as(s, n, k, GES_NEST_MAX, 0);
  for (nest = 0; odd && nest <= 2; nest++)
    best = ges_longer(best, match_as(s, n, k, nest, 0));
  if (odd)
    best = ges_longer(best, match_as(s, n, k, GES_NEST_MAX, GES_NEST_MAX));
  return best;
}


/* The bits of the secrets that may begin at `s`, as far as two bytes show. */
static int begins (struct scan *x, const char *s) {
  int bits;
  if (x->all->odd != 0)
    return SECRETS;
  if (x->ahead.from != s) {
    x->ahead = ges_escape_reader(s, (size_t)(x->end - s), GES_NEST_MAX);
    x->c = ges_escape_next(&x->ahead);
  }
  bits = x->c >= 0 && x->ahead.from == s ? x->lead[x->c] & SECRETS : 0;
  if (bits == 0 || (x->c = ges_escape_next(&x->ahead)) < 0)
    return 0;
  return bits & x->follow[x->c];
}


/* How many bytes at `s` show any secret. */
static size_t match_any (struct scan *x, const char *s) {
  size_t n = (size_t)(x->end - s), best = 0;
  int i, bits = begins(x, s);
  for (i = 0; bits != 0 && i < x->all->n; i++)
    if (bits & BIT_OF(i))
      best = ges_longer(best, match(s, n, &x->all->of[i],
                                    ges_secrets_odd(x->all, i)));
  return best;
}


static void add_needle (struct scan *x, const char *s, int c, int bit) {
  if (x->lead[c] == 0) {
    x->needle[x->n] = BYTE(c);
    x->next[x->n++] = s;
  }
  x->lead[c] |= BYTE(bit);
}


/*
** Puts the first two bytes of a secret into the tables. Any second byte is
** accepted for one with escapes.
*/
static void add_beginning (struct scan *x, const char *s,
                           const struct ges_slice *k, int bit, int odd) {
  struct ges_reader r = ges_escape_reader(k->p, k->n, 0);
  int first = ges_escape_next(&r), second = ges_escape_next(&r), i;
  if (first < 0)
    return;
  add_needle(x, s, first, bit | GES_LEAD_ANY);
  if (first == '+')
    add_needle(x, s, ' ', bit | GES_LEAD_ANY);
  if (second >= 0)
    x->follow[second] |= BYTE(bit);
  if (second == '+')
    x->follow[' '] |= BYTE(bit);
  if (!odd)
    return;
  for (i = 0; i < 256; i++)
    x->follow[i] |= BYTE(bit);
  r = ges_escape_reader(k->p, k->n, GES_NEST_MAX);
  if ((first = ges_escape_next(&r)) >= 0)
    add_needle(x, s, first, bit | GES_LEAD_ANY);
}


static void start_scan (struct scan *x, const char *s, size_t n,
                        const struct ges_secrets *all) {
  int i;
  x->all = all;
  x->end = s + n;
  x->ahead.from = NULL;
  x->n = 0;
  memset(x->lead, 0, sizeof x->lead);
  memcpy(x->follow, ges_escape_second, sizeof x->follow);
  add_needle(x, s, '%', GES_LEAD_URL);
  add_needle(x, s, '\\', GES_LEAD_SLASH);
  add_needle(x, s, '&', GES_LEAD_HTML);
  for (i = 0; i < all->n; i++)
    add_beginning(x, s, &all->of[i], BIT_OF(i), ges_secrets_odd(all, i));
}


/* The next needle at or after `s`, or the end. */
static const char *jump (struct scan *x, const char *s) {
  const char *first = x->end;
  int i;
  for (i = 0; i < x->n; i++) {
    if (x->next[i] < s
        || (x->next[i] == s && s < x->end && BYTE(*s) != x->needle[i])) {
      const char *p = memchr(s, x->needle[i], (size_t)(x->end - s));
      x->next[i] = p != NULL ? p : x->end;
    }
    if (x->next[i] < first)
      first = x->next[i];
  }
  return first;
}


/*
** The next place at or after `s` where a secret could begin, or the end; the
** last byte of a text is no such place. Where needles are rare memchr finds the
** next one, elsewhere the tables are looked up byte by byte.
*/
static const char *next_start (struct scan *x, const char *s) {
  while (x->end - s > 1) {
    const char *stop = x->end - s > NEAR ? s + NEAR : x->end - 1;
    unsigned seen = 0;
    for (; s < stop; s++) {
      unsigned lead = x->lead[BYTE(s[0])];
      if (lead & x->follow[BYTE(s[1])])
        return s;
      seen |= lead;
    }
    if (seen == 0)
      s = jump(x, s);
  }
  return x->end;
}


/* Does `s` show any secret, or a beginning of one? */
int ges_has_secret (const char *s, size_t n, const struct ges_secrets *all) {
  struct scan x;
  if (all->n == 0 || n < SECRET_MIN)
    return 0;
  start_scan(&x, s, n, all);
  for (; (s = next_start(&x, s)) < x.end; s++)
    if (match_any(&x, s) > 0)
      return 1;
  return 0;
}


/*
** Hides a part of the text. One that begins inside of another makes it longer;
** parts side by side stay two. In one pass over the text, parts come in the
** order of their beginnings, and `to` is 0 at its start.
*/
void ges_hide (struct ges_hidden *h, size_t from, size_t to) {
  if (h->of == NULL && (h->of = calloc(h->n, 1)) == NULL) {
    h->failed = 1;
    return;
  }
  if (from >= h->to) {
    if (h->of[from] == SHOWN)
      h->of[from] = FIRST;
    h->to = from + 1;
  }
  if (to > h->to) {
    memset(h->of + h->to, INSIDE, to - h->to);
    h->to = to;
  }
}


/* How many of the `n` bytes before `s` are backslashes. */
static size_t slashes_before (const char *s, size_t n) {
  size_t i = 0;
  while (i < n && s[-1 - (ptrdiff_t)i] == '\\')
    i++;
  return i;
}


/*
** Hides every secret, and every beginning of one. The parts fit to the escapes
** around them: a backslash that escapes the first character of a part is added,
** and one at its end that escapes the next character is left out, as JSON would
** be malformed otherwise.
*/
void ges_hide_secrets (struct ges_hidden *h, const struct ges_secrets *all) {
  struct scan x;
  const char *s = h->s;
  start_scan(&x, s, h->n, all);
  for (h->to = 0; !h->failed && (s = next_start(&x, s)) < x.end; ) {
    size_t at = (size_t)(s - h->s), used = match_any(&x, s), before;
    if (used == 0) {
      s++;
      continue;
    }
    before = slashes_before(s, at - h->to) % 2;
    used -= slashes_before(s + used, used + before) % 2;
    ges_hide(h, at - before, at + used);
    s += used;
  }
}


/* Appends a control character as \xNN. */
static void show_control (struct ges_buf *out, char c) {
  char escape[4] = { '\\', 'x', 0, 0 };
  ges_put_hex(escape + 2, BYTE(c), "0123456789ABCDEF");
  ges_buf_add(out, escape, 4);
}


/*
** Appends the first `n` bytes of the text, up to about `limit` bytes, with a
** mark in place of each hidden part; of a `message`, control characters are
** escaped. Returns 0, or -1 when memory is or was out.
*/
int ges_hidden_show (const struct ges_hidden *h, struct ges_buf *out, size_t n,
                     size_t limit, int message) {
  size_t i = 0;
  while (i < n && out->len < limit && !out->failed && !h->failed) {
    size_t from = i, stop = n - i > limit - out->len ? i + limit - out->len : n;
    while (i < stop && (h->of == NULL || h->of[i] == SHOWN)
           && !(message && ges_is_control(h->s[i])))
      i++;
    ges_buf_add(out, h->s + from, i - from);
    if (i == stop)
      continue;
    if (h->of == NULL || h->of[i] == SHOWN)
      show_control(out, h->s[i++]);
    else {
      ges_buf_puts(out, GES_REDACTED);
      while (++i < n && h->of[i] == INSIDE)
        continue;
    }
  }
  return out->failed || h->failed ? -1 : 0;
}


/*
** Redacts a buffer in place. A server may echo what it was sent; its response
** is redacted before any other step reads it. Returns 0, or -1 when memory is
** out.
*/
int ges_redact_buf (struct ges_buf *b, const struct ges_secrets *all) {
  struct ges_buf clean;
  struct ges_hidden h = { b->data, b->len, NULL, 0, 0 };
  int rc;
  if (!ges_has_secret(b->data, b->len, all))
    return 0;
  ges_buf_init(&clean, 4 * b->len + 64, 1);
  ges_hide_secrets(&h, all);
  rc = ges_hidden_show(&h, &clean, b->len, clean.max, 0);
  free(h.of);
  if (rc != 0)
    return -1;
  clean.max = b->max;
  ges_buf_free(b);
  *b = clean;
  return 0;
}
