/* SPDX-License-Identifier: MIT
** transfer.h - the calls of an engine: their states, ids and reuse.
** Owns the memory of every call. Used by engine.c, which moves calls between
** the states, and by engine.c, which reads them.
**
** A call is `idle` (kept for reuse), `queued` (waits to be admitted),
** `active` (inside libcurl), `done` (its reply is ready) or `taken` (its
** reply is being read).
*/
#ifndef GES_TRANSFER_H
#define GES_TRANSFER_H

#include "easy.h"

#pragma GCC visibility push(hidden)

#define GES_TRANSFERS_MAX  1048576  /* that exist at once: part of an id */

enum ges_state { GES_idle, GES_queued, GES_active, GES_done, GES_taken };

struct ges_host;

struct ges_transfer {
  struct ges_easy http;
  enum ges_state state;
  unsigned slot;                /* index in ges_pool.calls */
  double gen;                   /* how often the slot was used */
  double begun;                 /* when it was asked for, monotonic seconds */
  double deadline;              /* when it must be over */
  unsigned char owned;          /* somebody waits for this one by its id */
  unsigned char unverified;     /* verify = false: to be warned of */
  char job_id[GES_ID_MAX + 1];  /* "" for a generic request */
  struct ges_host *host;
  struct ges_transfer *prev, *next; /* in the list of its state */
};

struct ges_list {
  struct ges_transfer *first, *last;
  size_t n;
};

struct ges_pool {
  struct ges_transfer **calls;      /* all that exist, by slot */
  unsigned n, cap;
  struct ges_list idle;
};

void ges_list_push (struct ges_list *l, struct ges_transfer *c);
void ges_list_remove (struct ges_list *l, struct ges_transfer *c);
struct ges_transfer *ges_pool_get (struct ges_pool *p);
void ges_pool_put (struct ges_pool *p, struct ges_transfer *c);
struct ges_transfer *ges_pool_find (const struct ges_pool *p, double id);
double ges_transfer_id (const struct ges_transfer *c);
void ges_pool_free (struct ges_pool *p);

#pragma GCC visibility pop

#endif
