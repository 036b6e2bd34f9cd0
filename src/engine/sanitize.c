/* SPDX-License-Identifier: MIT
** sanitize.c - makes a text fit for a message (see sanitize.h).
*/
#include "sanitize.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

#define INDEX_MAX  67108864     /* bytes of secrets: more than a request has */
#define WINDOW     256          /* characters of a text that are kept */
#define SLACK      ((size_t)2048)  /* bytes of text read beyond the limit */

/* The last bytes of a text, and where their characters begin in it. */
struct window {
  size_t n;
  unsigned char byte[WINDOW];
  const char *from[WINDOW];
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


/*
** Notes every run of a secret, each once, with up to `nest` nested escapes
** undone; there is room for its bytes.
*/
static void note_secret (struct ges_runs *x, const struct ges_slice *k,
                         int nest) {
  struct ges_reader r = ges_escape_reader(k->p, k->n, nest);
  size_t at = x->bytes.len;
  int c;
  while ((c = ges_escape_next(&r)) != GES_END)
    if (c >= 0)
      x->bytes.data[x->bytes.len++] = (char)c;
  for (; at + GES_RUN <= x->bytes.len; at++) {
    unsigned *entry = find_run(x, x->bytes.data + at);
    if (*entry == 0)
      *entry = (unsigned)at + 1;
  }
}


/*
** Indexes the secrets; one that has escapes is indexed as it stands and with
** its escapes undone. The table is at most half full. Returns 0, or -1 when
** memory is out.
*/
int ges_runs_make (struct ges_runs *x, const struct ges_secrets *all) {
  size_t most = 0, size = 64;
  int i;
  for (i = 0; i < all->n; i++)
    if (all->of[i].n >= GES_RUN)
      most += all->of[i].n << ges_secrets_odd(all, i);
  if (most == 0)
    return 0;
  while (size < 2 * most)
    size *= 2;
  if (ges_buf_reserve(&x->bytes, most) != 0
      || (x->table = calloc(size, sizeof *x->table)) == NULL)
    return -1;
  x->mask = size - 1;
  for (i = 0; i < all->n; i++)
    if (all->of[i].n >= GES_RUN) {
      note_secret(x, &all->of[i], 0);
      if (ges_secrets_odd(all, i))
        note_secret(x, &all->of[i], GES_NEST_MAX);
    }
  return 0;
}


/* Appends a byte; when there is no room, only a run's beginning is kept. */
static void push_byte (struct window *w, int c, const char *from) {
  const size_t keep = GES_RUN - 1;
  if (w->n == WINDOW) {
    memcpy(w->byte, w->byte + WINDOW - keep, keep);
    memcpy(w->from, w->from + WINDOW - keep, keep * sizeof w->from[0]);
    w->n = keep;
  }
  w->byte[w->n] = (unsigned char)c;
  w->from[w->n++] = from;
}


/*
** Hides all runs of secrets, with up to `nest` nested escapes undone. No run
** spans many line breaks in a row.
*/
static void hide_runs (struct ges_hidden *h, const struct ges_runs *x,
                       int nest) {
  struct ges_reader r = ges_escape_reader(h->s, h->n, nest);
  struct window w = { 0, { 0 }, { NULL } };
  int c;
  h->to = 0;
  while (!h->failed && (c = ges_escape_next(&r)) != GES_END) {
    if (c == GES_GAP)
      w.n = 0;
    else {
      push_byte(&w, c, r.from);
      if (w.n >= GES_RUN && *find_run(x, w.byte + w.n - GES_RUN) != 0)
        ges_hide(h, (size_t)(w.from[w.n - GES_RUN] - h->s),
                 (size_t)(r.s - h->s));
    }
  }
  ges_wipe(w.byte, sizeof w.byte);
}


/*
** Hides what shows a secret: runs and beginnings. What looks like an escape may
** be part of a secret, so runs are looked for again with all bytes as they
** stand.
*/
static void hide_all (struct ges_hidden *h, const struct ges_secrets *all,
                      const struct ges_runs *runs) {
  if (runs->mask > 0 && h->n >= GES_RUN) {
    hide_runs(h, runs, GES_NEST_MAX);
    if (ges_escape_odd(h->s, h->n))
      hide_runs(h, runs, 0);
  }
  if (all->n > 0)
    ges_hide_secrets(h, all);
}


/*
** Appends `s`, sanitized; at least `limit` bytes if it has as many: the caller
** cuts. The text is read in a part that doubles until it has that many bytes to
** show; its last SLACK bytes are only read, as a secret may go on behind them.
** Returns 0, or -1 when memory is out.
*/
int ges_sanitize (struct ges_buf *out, const char *s, size_t n,
               const struct ges_secrets *all, const struct ges_runs *runs,
               size_t limit) {
  size_t part = limit + 2 * SLACK, before = out->len;
  int rc;
  for (;; part *= 2) {
    struct ges_hidden h = { s, part < n ? part : n, NULL, 0, 0 };
    hide_all(&h, all, runs);
    rc = ges_hidden_show(&h, out, part < n ? part - SLACK : n, limit, 1);
    free(h.of);
    if (rc != 0 || part >= n || out->len >= limit)
      return rc;
    out->len = before;
  }
}
