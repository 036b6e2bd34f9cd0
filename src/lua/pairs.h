/* SPDX-License-Identifier: MIT
** pairs.h - the tables `query` and `headers` as arrays of pairs, and words
** that are one of a few.
** Called by request.c and sign.c. The strings of the pairs are anchored in a
** list on the caller's stack for as long as that list lives.
*/
#ifndef GESL_PAIRS_H
#define GESL_PAIRS_H

#include "laux.h"
#include "../engine/url.h"

#pragma GCC visibility push(hidden)

struct gesL_pairs {
  const char *what;       /* "query" or "headers", for messages */
  int keep;               /* stack index of the anchor list */
  struct ges_pair *of;    /* the caller's array */
  size_t n, max;
};

const char *gesL_keep (lua_State *L, int keep, size_t *n);
void gesL_readquery (lua_State *L, int idx, struct gesL_pairs *p);
void gesL_readheaders (lua_State *L, int idx, struct gesL_pairs *p);
int gesL_samename (const struct ges_pair *p, const char *s, size_t n);
int gesL_isword (const struct ges_slice *s, const char *word);
int gesL_ismethod (const struct ges_slice *s);

#pragma GCC visibility pop

#endif
