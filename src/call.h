/* SPDX-License-Identifier: MIT
** call.h - the calls of an engine: their states, ids and reuse.
** Owns the memory of every call. Used by multi.c, which moves calls between
** the states, and by lclient.c, which reads them.
**
** A call is `idle` (kept for reuse), `queued` (waits to be admitted),
** `active` (inside libcurl), `done` (its reply is ready) or `taken` (its
** reply is being read).
*/
#ifndef GES_CALL_H
#define GES_CALL_H

#include "http.h"

#pragma GCC visibility push(hidden)

#define GES_CALLS_MAX  1048576  /* calls that exist at once: part of an id */

enum ges_state { GES_idle, GES_queued, GES_active, GES_done, GES_taken };

struct ges_host;

struct ges_call {
  struct ges_http http;
  enum ges_state state;
  unsigned slot;                /* index in ges_pool.calls */
  double gen;                   /* how often the slot was used */
  double begun;                 /* when it was asked for, monotonic seconds */
  double deadline;              /* when it must be over */
  unsigned char owned;          /* somebody waits for this one by its id */
  unsigned char unverified;     /* verify = false: to be warned of */
  char job_id[GES_ID_MAX + 1];  /* "" for a generic request */
  struct ges_host *host;
  struct ges_call *prev, *next; /* in the list of its state */
};

struct ges_list {
  struct ges_call *first, *last;
  size_t n;
};

struct ges_pool {
  struct ges_call **calls;      /* all that exist, by slot */
  unsigned n, cap;
  struct ges_list idle;
};

void ges_list_push (struct ges_list *l, struct ges_call *c);
void ges_list_remove (struct ges_list *l, struct ges_call *c);
struct ges_call *ges_pool_get (struct ges_pool *p);
void ges_pool_put (struct ges_pool *p, struct ges_call *c);
struct ges_call *ges_pool_find (const struct ges_pool *p, double id);
double ges_call_id (const struct ges_call *c);
void ges_pool_free (struct ges_pool *p);

#pragma GCC visibility pop

#endif
