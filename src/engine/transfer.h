/* SPDX-License-Identifier: MIT
** transfer.h - the transfers of an engine: their states, ids and reuse.
** Owns the memory of every transfer. Called by engine.c and admit.c, which
** move transfers between the states, and by src/lua/engine.c, which reads them.
**
** A transfer is `idle` (kept for reuse), `queued` (not admitted yet), `active`
** (inside libcurl), `done` (the attempt is over) or `taken` (its result is
** being built).
*/
#ifndef GES_TRANSFER_H
#define GES_TRANSFER_H

#include "easy.h"

#pragma GCC visibility push(hidden)

#define GES_TRANSFERS_MAX  1048576  /* that exist at once: part of an id */

enum ges_state { GES_idle, GES_queued, GES_active, GES_done, GES_taken };

struct ges_host;

struct ges_transfer {
  struct ges_easy easy;
  enum ges_state state;
  unsigned index;               /* in ges_pool.all */
  double gen;                   /* how often it was used */
  double begun;                 /* when it was queued, monotonic seconds */
  double deadline;              /* when it must be over */
  unsigned char owned;          /* a blocking call waits for it */
  unsigned char unverified;     /* verify = false: adds a warning */
  char asked[GES_ID_MAX + 1];   /* last id of the path; "" if generic */
  struct ges_host *host;
  struct ges_transfer *prev, *next; /* in the list of its state */
};

struct ges_list {
  struct ges_transfer *first, *last;
  size_t n;
};

struct ges_pool {
  struct ges_transfer **all;    /* that exist, by their index */
  unsigned n, cap;
  struct ges_list open, closed; /* idle ones, with a handle and without */
};

void ges_list_push (struct ges_list *l, struct ges_transfer *t);
void ges_list_remove (struct ges_list *l, struct ges_transfer *t);
struct ges_transfer *ges_pool_get (struct ges_pool *p);
void ges_pool_put (struct ges_pool *p, struct ges_transfer *t);
struct ges_transfer *ges_pool_find (const struct ges_pool *p, double id);
double ges_transfer_id (const struct ges_transfer *t);
void ges_pool_free (struct ges_pool *p);

#pragma GCC visibility pop

#endif
