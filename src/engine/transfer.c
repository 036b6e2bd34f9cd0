/* SPDX-License-Identifier: MIT
** transfer.c - the calls of an engine (see transfer.h).
*/
#include "transfer.h"

#include <stdlib.h>

#define IDLE_MAX  256           /* handles kept for reuse */


void ges_list_push (struct ges_list *l, struct ges_transfer *c) {
  c->next = NULL;
  c->prev = l->last;
  if (l->last != NULL)
    l->last->next = c;
  else
    l->first = c;
  l->last = c;
  l->n++;
}


void ges_list_remove (struct ges_list *l, struct ges_transfer *c) {
  if (c->prev != NULL)
    c->prev->next = c->next;
  else
    l->first = c->next;
  if (c->next != NULL)
    c->next->prev = c->prev;
  else
    l->last = c->prev;
  c->prev = c->next = NULL;
  l->n--;
}


/* Makes room for one more call in the slot table. */
static int grow (struct ges_pool *p) {
  unsigned cap = p->cap == 0 ? 8 : p->cap * 2;
  struct ges_transfer **calls;
  if (p->n < p->cap)
    return 0;
  if (p->n >= GES_TRANSFERS_MAX)
    return -1;
  calls = realloc(p->calls, cap * sizeof *calls);
  if (calls == NULL)
    return -1;
  p->calls = calls;
  p->cap = cap;
  return 0;
}


/* A new call in the table, idle. */
static struct ges_transfer *call_new (struct ges_pool *p) {
  struct ges_transfer *c;
  if (grow(p) != 0 || (c = calloc(1, sizeof *c)) == NULL)
    return NULL;
  ges_easy_init(&c->http);
  c->slot = p->n;
  p->calls[p->n++] = c;
  return c;
}


/*
** A call with a usable handle, in no list; NULL when memory is out. The one
** used last comes first: its handle and its buffers are warm.
*/
struct ges_transfer *ges_pool_get (struct ges_pool *p) {
  struct ges_transfer *c = p->idle.last;
  if (c != NULL)
    ges_list_remove(&p->idle, c);
  else if ((c = call_new(p)) == NULL)
    return NULL;
  c->owned = 0;
  if (ges_easy_open(&c->http) == 0)
    return c;
  ges_list_push(&p->idle, c);
  return NULL;
}


/* Takes a call back; its id is over, its secrets are wiped. */
void ges_pool_put (struct ges_pool *p, struct ges_transfer *c) {
  ges_easy_clear(&c->http);
  if (p->idle.n >= IDLE_MAX)
    ges_easy_close(&c->http);
  c->gen++;
  c->state = GES_idle;
  ges_list_push(&p->idle, c);
}


/* An id is a slot and how often it was used; exact in a double. */
double ges_transfer_id (const struct ges_transfer *c) {
  return c->gen * GES_TRANSFERS_MAX + c->slot;
}


/* The call of an id, unless it is over and released. */
struct ges_transfer *ges_pool_find (const struct ges_pool *p, double id) {
  double gen;
  unsigned slot;
  if (!(id >= 0 && id < 9007199254740992.0))
    return NULL;
  gen = (double)(unsigned long long)(id / GES_TRANSFERS_MAX);
  slot = (unsigned)(id - gen * GES_TRANSFERS_MAX);
  if (slot >= p->n || ges_transfer_id(p->calls[slot]) != id
      || p->calls[slot]->state == GES_idle)
    return NULL;
  return p->calls[slot];
}


/* Releases every call; none may be inside libcurl any more. */
void ges_pool_free (struct ges_pool *p) {
  unsigned i;
  for (i = 0; i < p->n; i++) {
    ges_easy_close(&p->calls[i]->http);
    free(p->calls[i]);
  }
  free(p->calls);
  p->calls = NULL;
  p->n = p->cap = 0;
}
