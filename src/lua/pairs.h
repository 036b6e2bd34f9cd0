/* SPDX-License-Identifier: MIT
** pairs.h - the tables `query` and `headers` as lists of pairs. Called by
** prepare.c and request.c for requests, and by sign.c for scripts.
**
** Pairs borrow their strings. Numbers and booleans become new strings, so a
** list on the stack anchors all of them while the pairs are in use.
*/
#ifndef GESL_PAIRS_H
#define GESL_PAIRS_H

#include "laux.h"
#include "../engine/url.h"

#pragma GCC visibility push(hidden)

struct gesL_pairs {
  const char *what;         /* "query" or "headers" */
  const char *call;         /* whose mistake it is, and at which level */
  int level;
  int keep;                 /* stack index of the list that anchors */
  struct ges_pair *of;
  size_t n, max;
};

void gesL_readquery (lua_State *L, int idx, struct gesL_pairs *p);
void gesL_readheaders (lua_State *L, int idx, struct gesL_pairs *p);

#pragma GCC visibility pop

#endif
