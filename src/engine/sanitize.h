/* SPDX-License-Identifier: MIT
** sanitize.h - makes a text fit for a message: no secret in it, no run of
** GES_RUN bytes from anywhere in a secret, and no control character. Redaction
** comes before any cut. Linear in the text and in the secrets, which are
** indexed once for all texts of a failure. Owns the index. No Lua, no libcurl.
** Called by laux.c.
*/
#ifndef GES_SANITIZE_H
#define GES_SANITIZE_H

#include "redact.h"

#pragma GCC visibility push(hidden)

#define GES_RUN  16             /* bytes of a secret that are redacted */

/*
** Every run of GES_RUN bytes of some secrets, with their escapes undone.
** `table` is a hash table with open addressing of positions in `bytes`, from 1.
*/
struct ges_runs {
  struct ges_buf bytes;
  unsigned *table;
  size_t mask;                  /* its size - 1; 0: all secrets are short */
};

void ges_runs_init (struct ges_runs *x);
int ges_runs_make (struct ges_runs *x, const struct ges_secrets *all);
void ges_runs_free (struct ges_runs *x);
int ges_sanitize (struct ges_buf *out, const char *s, size_t n,
               const struct ges_secrets *all, const struct ges_runs *runs,
               size_t limit);

#pragma GCC visibility pop

#endif
