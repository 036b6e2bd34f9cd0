/* SPDX-License-Identifier: MIT
** sanitize.c - makes a text fit for a message (see sanitize.h).
*/
#include "sanitize.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "text.h"

#define INDEX_MAX  67108864     /* bytes of secrets: more than a request has */
#define WINDOW     1024         /* characters of a text that are kept */
#define GAP_MAX    16           /* line breaks in a row inside of a run */
#define SLACK      4096         /* bytes of text read beyond the limit */

/* The last characters of a text, and where in it each begins and ends. */
struct window {
  size_t at;                    /* how far the text was read */
  size_t n;
  int gap;                      /* line breaks in a row */
  unsigned char byte[WINDOW];
  size_t from[WINDOW], to[WINDOW];
};

/* The part of a text that will be replaced by one mark. */
struct part {
  const char *s;
  size_t shown;                 /* bytes of `s` that are in the output */
  size_t from, to;              /* to == 0: no part */
};


void ges_runs_init (struct ges_runs *x) {
  memset(x, 0, sizeof *x);
  ges_buf_init(&x->bytes, INDEX_MAX, 1);
}


void ges_runs_free (struct ges_runs *x) {
  free(x->table);
  x->table = NULL;
  x->mask = 0;
  ges_buf_free(&x->bytes);
}


static size_t hash_run (const void *p) {
  uint64_t a, b;
  memcpy(&a, p, 8);
  memcpy(&b, (const char *)p + 8, 8);
  a = (a ^ 0x9E3779B97F4A7C15u) * 0xBF58476D1CE4E5B9u;
  b = (b ^ (a >> 29) ^ a) * 0x94D049BB133111EBu;
  return (size_t)(b ^ (b >> 31));
}


/* The entry of this run, or the free one where it belongs. */
static unsigned *find_run (const struct ges_runs *x, const void *run) {
  size_t i = hash_run(run) & x->mask;
  while (x->table[i] != 0
         && memcmp(x->bytes.data + x->table[i] - 1, run, GES_RUN) != 0)
    i = (i + 1) & x->mask;
  return &x->table[i];
}


/* Notes every run of the bytes from `at` on, each once. */
static void note_runs (struct ges_runs *x, size_t at) {
  for (; at + GES_RUN <= x->bytes.len; at++) {
    unsigned *entry = find_run(x, x->bytes.data + at);
    if (*entry == 0)
      *entry = (unsigned)at + 1;
  }
}


/* Appends a secret with up to `nest` nested escapes undone. */
static void add_secret (struct ges_buf *b, const struct ges_slice *k,
                        int nest) {
  size_t at = 0;
  while (at < k->n) {
    struct ges_glyph g;
    size_t plain = at;
    while (plain < k->n && ges_escape_plain(k->p[plain]))
      plain++;
    ges_buf_add(b, k->p + at, plain - at);
    if ((at = plain) == k->n)
      return;
    at += ges_escape_read(k->p + at, k->n - at, nest, &g);
    ges_buf_add(b, g.bytes, g.n);
  }
}


/* How often the i-th secret is indexed: see ges_runs_make. */
static size_t readings (const struct ges_secrets *all, int i) {
  return all->of[i].n < GES_RUN ? 0 : all->odd & (1ULL << i) ? 2 : 1;
}


/* Makes the table, which will be at most half full. */
static int make_table (struct ges_runs *x, const struct ges_secrets *all) {
  size_t most = 0, size = 64;
  int i;
  for (i = 0; i < all->n; i++)
    most += readings(all, i) * all->of[i].n;
  if (most == 0)
    return 0;
  while (size < 2 * most)
    size *= 2;
  if ((x->table = calloc(size, sizeof *x->table)) == NULL)
    return -1;
  x->mask = size - 1;
  return 0;
}


/*
** Indexes the secrets; one that has escapes is indexed as it stands and with
** its escapes undone. Returns 0, or -1 when memory is out.
*/
int ges_runs_make (struct ges_runs *x, const struct ges_secrets *all) {
  int i;
  if (make_table(x, all) != 0)
    return -1;
  for (i = 0; i < all->n; i++) {
    size_t left = readings(all, i);
    for (; left > 0; left--) {
      size_t at = x->bytes.len;
      add_secret(&x->bytes, &all->of[i], left == 1 ? GES_NEST_MAX : 0);
      note_runs(x, at);
    }
  }
  return x->bytes.failed ? -1 : 0;
}


/* Appends the text before the part, and a mark in its place. */
static void show_part (struct ges_buf *out, struct part *p) {
  if (p->to == 0)
    return;
  ges_buf_add(out, p->s + p->shown, p->from - p->shown);
  ges_buf_puts(out, GES_REDACTED);
  p->shown = p->to;
  p->to = 0;
}


/* If the last run of the window is one of a secret, adds it to the part. */
static void check_run (const struct ges_runs *x, const struct window *w,
                       struct ges_buf *out, struct part *p) {
  size_t first = w->n - GES_RUN;
  if (*find_run(x, w->byte + first) == 0)
    return;
  if (p->to == 0 || w->from[first] >= p->to) {
    show_part(out, p);
    p->from = w->from[first];
  }
  p->to = w->to[w->n - 1];
}


static void push_byte (struct window *w, unsigned char byte, size_t from) {
  w->byte[w->n] = byte;
  w->from[w->n] = from;
  w->to[w->n] = w->at;
  w->n++;
}


/* Drops all but the bytes with which the next run may begin. */
static void shorten (struct window *w) {
  size_t first = w->n - (GES_RUN - 1);
  memmove(w->byte, w->byte + first, GES_RUN - 1);
  memmove(w->from, w->from + first, (GES_RUN - 1) * sizeof w->from[0]);
  memmove(w->to, w->to + first, (GES_RUN - 1) * sizeof w->to[0]);
  w->n = GES_RUN - 1;
}


/*
** Reads the next character into the window and checks the runs that end with
** it; no run spans many line breaks in a row.
*/
static void read_next (struct ges_buf *out, struct part *p, struct window *w,
                       const struct ges_runs *x, int nest, size_t n) {
  struct ges_glyph g;
  size_t from = w->at, i;
  w->at += ges_escape_read(p->s + from, n - from, nest, &g);
  w->gap = g.n > 0 ? 0 : w->gap + 1;
  if (w->gap > GAP_MAX)
    w->n = 0;
  for (i = 0; i < g.n; i++) {
    push_byte(w, g.bytes[i], from);
    if (w->n >= GES_RUN)
      check_run(x, w, out, p);
  }
}


/*
** Appends `s`, up to about `limit` bytes, with every part that consists of runs
** of secrets replaced by a mark. Up to `nest` nested escapes are undone for the
** comparison. Returns 0, or -1 when memory is out.
*/
static int redact_runs (struct ges_buf *out, const char *s, size_t n,
                        const struct ges_runs *x, int nest, size_t limit) {
  struct part p = { s, 0, 0, 0 };
  struct window w;
  size_t decided = 0;
  w.n = w.at = 0;
  w.gap = 0;
  while (w.at < n && (p.to > decided
                      || out->len + decided - p.shown < limit)) {
    size_t i;
    for (i = 0; i < WINDOW - GES_RUN && w.at < n; i++) {
      read_next(out, &p, &w, x, nest, n);
      if (w.n + sizeof (struct ges_glyph) > WINDOW)
        shorten(&w);
    }
    decided = w.n == 0 ? w.at
              : w.from[w.n < GES_RUN ? 0 : w.n - (GES_RUN - 1)];
  }
  n = w.at < n ? decided : n;
  show_part(out, &p);
  ges_buf_add(out, s + p.shown, n - p.shown);
  return out->failed ? -1 : 0;
}


/* Appends `s` with its control characters as \xNN, `limit` bytes or more. */
static void show_controls (struct ges_buf *out, const char *s, size_t n,
                           size_t limit) {
  char escape[4] = { '\\', 'x', 0, 0 };
  size_t i;
  for (i = 0; i < n && out->len < limit && !out->failed; i++)
    if (!ges_is_control(s[i]))
      ges_buf_putc(out, s[i]);
    else {
      ges_put_hex(escape + 2, (unsigned char)s[i], "0123456789ABCDEF");
      ges_buf_add(out, escape, 4);
    }
}


/* The text between two steps of ges_sanitize, and the output of each step. */
struct stage {
  const char *s;
  size_t n;
  struct ges_buf of[3];
};


/* Ends a step: its output is the text from now on. */
static int finish_step (struct stage *t, struct ges_buf *b, int rc) {
  t->s = b->data;
  t->n = b->len;
  return rc;
}


/*
** Redacts the text of the stage. Runs come first, since to redact a beginning
** could cut a run that overlaps it; then runs again with all bytes as they
** stand, since what looks like an escape may be part of a secret.
*/
static int redact_all (struct stage *t, const struct ges_secrets *all,
                       const struct ges_runs *runs, size_t limit) {
  struct ges_buf *b = t->of;
  int bad = 0;
  if (runs->mask > 0 && t->n >= GES_RUN)
    bad = finish_step(t, b, redact_runs(b, t->s, t->n, runs, GES_NEST_MAX,
                                        limit));
  b++;
  if (!bad && runs->mask > 0 && t->n >= GES_RUN && ges_escape_any(t->s, t->n))
    bad = finish_step(t, b, redact_runs(b, t->s, t->n, runs, 0, limit));
  b++;
  if (!bad && all->n > 0 && t->n > 0)
    bad = finish_step(t, b, ges_redact(b, t->s, t->n, all, limit));
  return bad;
}


/*
** Appends `s`, sanitized; at least `limit` bytes if it has as many: the caller
** cuts. Returns 0, or -1 when memory is out.
*/
int ges_sanitize (struct ges_buf *out, const char *s, size_t n,
               const struct ges_secrets *all, const struct ges_runs *runs,
               size_t limit) {
  struct stage t;
  int i;
  t.s = s;
  t.n = n;
  for (i = 0; i < 3; i++)
    ges_buf_init(&t.of[i], n + 4 * n + 64, 1);
  if (redact_all(&t, all, runs, limit + SLACK) == 0)
    show_controls(out, t.s, t.n, limit);
  else
    out->failed = 1;
  for (i = 0; i < 3; i++)
    ges_buf_free(&t.of[i]);
  return out->failed ? -1 : 0;
}
