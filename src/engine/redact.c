/* SPDX-License-Identifier: MIT
** redact.c - secrets, and their beginnings in a text (see redact.h).
*/
#include "redact.h"

#include <string.h>

#include "escape.h"

/* A shorter text is not redacted: it may be part of any word. */
#define SECRET_MIN  4

/* A beginning of this length is redacted: servers cut what they echo. */
#define ECHO_MIN  12

#define GAP_MAX  16     /* line breaks in a row inside of a wrapped secret */
#define NEAR     32     /* bytes without a needle after which memchr is used */

/* The bits of the secrets in the tables of a scan; below are GES_LEAD_*. */
#define SECRETS     0xF8
#define BIT_OF(i)   (8 << (i) % 5)

#define BYTE(c)  ((unsigned char)(c))
#define ODD(i)   (1ULL << (i))

/*
** The search for places where a secret may begin. A byte begins a secret, or
** an escape, only if it has a bit in `lead` that the next byte has in `follow`:
** these two look-ups rule out nearly all places. `second` has the bits of the
** secrets' second characters, without those of escapes. The needles are the
** bytes with a bit in `lead`; `next` is the next place of each of them, so that
** memchr passes over the text once per needle. The character read last is
** cached, as two places may need it.
*/
struct scan {
  const struct ges_secrets *all;
  const char *end;
  const char *at, *after;       /* the character read last */
  struct ges_glyph glyph;
  int n;                        /* needles */
  const char *next[256];
  unsigned char needle[256];
  unsigned char lead[256], follow[256], second[256];
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
    all->odd |= ODD(all->n);
  all->of[all->n].p = p;
  all->of[all->n].n = n;
  all->n++;
  return 0;
}


/* A form writes a blank as a plus sign. */
static int same_byte (char a, char b) {
  return a == b || (a == '+' && b == ' ') || (a == ' ' && b == '+');
}


/* Is this character the secret's at `i`? */
static int goes_on (const struct ges_slice *k, size_t i,
                    const struct ges_glyph *g) {
  unsigned j;
  if (g->n > k->n - i)
    return 0;
  for (j = 0; j < g->n; j++)
    if (!same_byte(k->p[i + j], (char)g->bytes[j]))
      return 0;
  return 1;
}


/*
** How many bytes at `s` show the secret, or its first ECHO_MIN or more bytes;
** 0: no match. A byte that looks like an escape may belong to the secret: with
** `plain`, it is compared as it stands before its escapes are undone. At most
** `nest` nested escapes are undone.
*/
static size_t match_as (const char *s, size_t n, const struct ges_slice *k,
                        int plain, int nest) {
  size_t i = 0, at = 0, used = 0;
  int gap = 0;
  while (i < k->n && at < n) {
    struct ges_glyph g;
    size_t step = 1;
    if (plain && s[at] == k->p[i])
      i++;
    else if (plain && ges_escape_plain(s[at]) && s[at] != '+')
      break;
    else {
      step = ges_escape_read(s + at, n - at, nest, &g);
      if (g.n == 0 && i > 0 && ++gap <= GAP_MAX) {
        at += step;
        continue;
      }
      if (g.n > 0 && goes_on(k, i, &g))
        i += g.n;
      else if (s[at] == k->p[i]) {
        step = 1;
        i++;
      }
      else
        break;
    }
    used = at += step;
    gap = 0;
  }
  return i == k->n || i >= ECHO_MIN ? used : 0;
}


/*
** The same, with the escapes of both the text and the secret undone, and
** without line breaks. The start of an escape at the end of the secret may be
** read together with the text that follows; then the rest of the secret is
** enough.
*/
static size_t match_glyphs (const char *s, size_t n,
                            const struct ges_slice *k) {
  size_t i = 0, at = 0, used = 0, shown = 0;
  int gap = 0;
  while (i < k->n && at < n) {
    struct ges_glyph a, b;
    size_t step = ges_escape_read(k->p + i, k->n - i, GES_NEST_MAX, &b);
    if (b.n == 0) {
      i += step;
      continue;
    }
    at += ges_escape_read(s + at, n - at, GES_NEST_MAX, &a);
    if (a.n == 0 && shown > 0 && ++gap <= GAP_MAX)
      continue;
    if (a.n != b.n || memcmp(a.bytes, b.bytes, a.n) != 0) {
      if (k->n - i <= GES_NEST_MAX)
        while (i < k->n && !ges_escape_plain(k->p[i]))
          i++;
      break;
    }
    i += step;
    used = at;
    shown += a.n;
    gap = 0;
  }
  return (i == k->n && shown >= SECRET_MIN) || shown >= ECHO_MIN ? used : 0;
}


/* How many bytes at `s` show a secret that has escapes. */
static size_t match_odd (const char *s, size_t n, const struct ges_slice *k) {
  size_t once = match_as(s, n, k, 0, 1);
  size_t all = match_as(s, n, k, 0, GES_NEST_MAX);
  return ges_longer(ges_longer(once, all), match_glyphs(s, n, k));
}


/* Reads the character at `s`; returns where it ends. */
static const char *read_at (struct scan *x, const char *s) {
  if (x->at != s) {
    x->at = s;
    x->after = s + ges_escape_read(s, (size_t)(x->end - s), GES_NEST_MAX,
                                   &x->glyph);
  }
  return x->after;
}


/*
** May a secret begin at `s`? The first two characters decide, unless some
** secret has escapes.
*/
static int may_begin (struct scan *x, const char *s) {
  int bits = x->lead[BYTE(s[0])] & SECRETS, gap = 0;
  const char *next = s + 1;
  if (x->all->odd != 0)
    return 1;
  if (!ges_escape_plain(s[0])) {
    next = read_at(x, s);
    bits = x->glyph.n > 0 ? x->lead[x->glyph.bytes[0]] & SECRETS : 0;
    if (bits == 0 || x->glyph.n > 1)
      return bits;
  }
  while (next < x->end && gap++ <= GAP_MAX) {
    if (ges_escape_plain(next[0]))
      return bits & x->second[BYTE(next[0])];
    next = read_at(x, next);
    if (x->glyph.n > 0)
      return bits & x->second[x->glyph.bytes[0]];
  }
  return 0;
}


/* Do the first bytes at `s` (n >= SECRET_MIN) rule the secret out? */
static int is_other (const char *s, const struct ges_slice *k) {
  size_t i = 0;
  while (i < SECRET_MIN && s[i] == k->p[i])
    i++;
  return i < SECRET_MIN && ges_escape_plain(s[i]) && s[i] != '+'
         && k->p[i] != ' ';
}


/* How many bytes at `s` show any secret. */
static size_t match_any (struct scan *x, const char *s) {
  size_t n = (size_t)(x->end - s), best = 0;
  int i;
  if (n < SECRET_MIN || !may_begin(x, s))
    return 0;
  for (i = 0; i < x->all->n; i++) {
    const struct ges_slice *k = &x->all->of[i];
    int odd = (x->all->odd & ODD(i)) != 0;
    if (!odd && is_other(s, k))
      continue;
    best = ges_longer(best, match_as(s, n, k, 1, GES_NEST_MAX));
    if (odd)
      best = ges_longer(best, match_odd(s, n, k));
  }
  return best;
}


static void add_needle (struct scan *x, const char *s, char c, int bit) {
  if (x->lead[BYTE(c)] == 0) {
    x->needle[x->n] = BYTE(c);
    x->next[x->n++] = s;
  }
  x->lead[BYTE(c)] |= (unsigned char)bit;
}


/* Puts the first two bytes of a secret into the tables. */
static void add_beginning (struct scan *x, const char *s, const char *k,
                           int bit) {
  ges_escape_allow(x->follow, k[0]);
  add_needle(x, s, k[0], bit);
  if (k[0] == ' ' || k[0] == '+')
    add_needle(x, s, k[0] == ' ' ? '+' : ' ', bit);
  x->second[BYTE(k[1])] |= (unsigned char)bit;
  if (k[1] == ' ')
    x->second['+'] |= (unsigned char)bit;
}


/*
** The same for the first character of a secret that has escapes, with the
** escapes undone. Any second byte is accepted for such a secret.
*/
static void add_first (struct scan *x, const char *s,
                       const struct ges_slice *k, int bit) {
  struct ges_glyph g;
  size_t i = 0;
  do
    i += ges_escape_read(k->p + i, k->n - i, GES_NEST_MAX, &g);
  while (g.n == 0 && i < k->n);
  if (g.n == 0)
    return;
  ges_escape_allow(x->follow, (char)g.bytes[0]);
  add_needle(x, s, (char)g.bytes[0], bit);
  for (i = 0; i < 256; i++)
    x->second[i] |= (unsigned char)bit;
}


static void start_scan (struct scan *x, const char *s, size_t n,
                        const struct ges_secrets *all) {
  static const char soft[] = "%\\& +\r\n";  /* escapes, blanks, line breaks */
  int i;
  x->all = all;
  x->end = s + n;
  x->at = NULL;
  x->n = 0;
  memset(x->lead, 0, sizeof x->lead);
  memset(x->second, 0, sizeof x->second);
  ges_escape_follow(x->follow);
  add_needle(x, s, '%', GES_LEAD_URL);
  add_needle(x, s, '\\', GES_LEAD_SLASH);
  add_needle(x, s, '&', GES_LEAD_HTML);
  for (i = 0; i < all->n; i++) {
    add_beginning(x, s, all->of[i].p, BIT_OF(i));
    if (all->odd & ODD(i))
      add_first(x, s, &all->of[i], BIT_OF(i));
  }
  for (i = 0; i < 256; i++)
    x->follow[i] |= x->second[i];
  for (i = 0; soft[i] != '\0'; i++)
    x->follow[BYTE(soft[i])] |= SECRETS;
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


/* How many of the `n` bytes before `s` are backslashes. */
static size_t slashes_before (const char *s, size_t n) {
  size_t i = 0;
  while (i < n && s[-1 - (ptrdiff_t)i] == '\\')
    i++;
  return i;
}


/*
** Fits a match of `used` bytes at `*s`, with `plain` bytes before it, to the
** escapes around it: a backslash that escapes its first character is added, and
** one at its end that escapes the next character is left out, as JSON would be
** malformed otherwise. Returns the new length, and moves `*s`.
*/
static size_t fit (const char **s, size_t used, size_t plain) {
  if (slashes_before(*s, plain) % 2 == 1) {
    *s -= 1;
    used++;
  }
  if (slashes_before(*s + used, used) % 2 == 1)
    used--;
  return used;
}


/*
** Appends `s`, up to about `limit` bytes, with every secret in it and every
** beginning of one replaced by a mark. Returns 0, or -1 when memory is out.
*/
int ges_redact (struct ges_buf *out, const char *s, size_t n,
                const struct ges_secrets *all, size_t limit) {
  struct scan x;
  const char *shown = s;
  start_scan(&x, s, n, all);
  while (shown < x.end && out->len < limit && !out->failed) {
    size_t used, plain, room = limit - out->len;
    s = next_start(&x, s);
    plain = (size_t)(s - shown);
    if (plain > room)
      return ges_buf_add(out, shown, room);
    used = s < x.end ? match_any(&x, s) : 0;
    if (used == 0 && s < x.end) {
      s++;
      continue;
    }
    if (used > 0)
      used = fit(&s, used, plain);
    ges_buf_add(out, shown, (size_t)(s - shown));
    if (used > 0)
      ges_buf_puts(out, GES_REDACTED);
    shown = s += used;
  }
  return out->failed ? -1 : 0;
}


/*
** Redacts a buffer in place. A server may echo what it was sent; its response
** is redacted before any other step reads it. Returns 0, or -1 when memory is
** out.
*/
int ges_redact_buf (struct ges_buf *b, const struct ges_secrets *all) {
  struct ges_buf clean;
  if (!ges_has_secret(b->data, b->len, all))
    return 0;
  ges_buf_init(&clean, 4 * b->len + 64, 1);
  if (ges_redact(&clean, b->data, b->len, all, clean.max) < 0)
    return -1;
  clean.max = b->max;
  ges_buf_free(b);
  *b = clean;
  return 0;
}
