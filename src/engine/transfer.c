/* SPDX-License-Identifier: MIT
** transfer.c - the transfers of an engine (see transfer.h).
*/
#include "transfer.h"

#include <stdlib.h>

#define IDLE_MAX  256           /* handles kept for reuse */


void ges_list_push (struct ges_list *l, struct ges_transfer *t) {
  t->next = NULL;
  t->prev = l->last;
  if (l->last != NULL)
    l->last->next = t;
  else
    l->first = t;
  l->last = t;
  l->n++;
}


void ges_list_remove (struct ges_list *l, struct ges_transfer *t) {
  if (t->prev != NULL)
    t->prev->next = t->next;
  else
    l->first = t->next;
  if (t->next != NULL)
    t->next->prev = t->prev;
  else
    l->last = t->prev;
  t->prev = t->next = NULL;
  l->n--;
}


/* The list of those idle transfers that are like `t`. */
static struct ges_list *idle_like (struct ges_pool *p,
                                   const struct ges_transfer *t) {
  return t->easy.handle != NULL ? &p->open : &p->closed;
}


/* Makes room for one more transfer. */
static int grow (struct ges_pool *p) {
  unsigned cap = p->cap == 0 ? 8 : p->cap * 2;
  struct ges_transfer **all;
  if (p->n < p->cap)
    return 0;
  if (p->n >= GES_TRANSFERS_MAX)
    return -1;
  all = realloc(p->all, cap * sizeof *all);
  if (all == NULL)
    return -1;
  p->all = all;
  p->cap = cap;
  return 0;
}


/* A new transfer, in no list. */
static struct ges_transfer *new_transfer (struct ges_pool *p) {
  struct ges_transfer *t;
  if (grow(p) != 0 || (t = calloc(1, sizeof *t)) == NULL)
    return NULL;
  ges_easy_init(&t->easy);
  t->index = p->n;
  p->all[p->n++] = t;
  return t;
}


/*
** A transfer with a usable handle, in no list; NULL when memory is out. The one
** used last comes first: its buffers are in the cache.
*/
struct ges_transfer *ges_pool_get (struct ges_pool *p) {
  struct ges_transfer *t = p->open.last != NULL ? p->open.last
                           : p->closed.last;
  if (t != NULL)
    ges_list_remove(idle_like(p, t), t);
  else if ((t = new_transfer(p)) == NULL)
    return NULL;
  t->owned = 0;
  if (ges_easy_open(&t->easy) == 0)
    return t;
  ges_list_push(&p->closed, t);
  return NULL;
}


/* Takes a transfer back: its id ends, its secrets are wiped. */
void ges_pool_put (struct ges_pool *p, struct ges_transfer *t) {
  ges_easy_clear(&t->easy);
  if (p->open.n >= IDLE_MAX)
    ges_easy_close(&t->easy);
  t->gen++;
  t->state = GES_idle;
  ges_list_push(idle_like(p, t), t);
}


/* An id is an index and how often it was used; exact in a double. */
double ges_transfer_id (const struct ges_transfer *t) {
  return t->gen * GES_TRANSFERS_MAX + t->index;
}


/* The transfer of an id, unless it was released. */
struct ges_transfer *ges_pool_find (const struct ges_pool *p, double id) {
  double gen;
  unsigned index;
  if (!(id >= 0 && id < 9007199254740992.0))
    return NULL;
  gen = (double)(unsigned long long)(id / GES_TRANSFERS_MAX);
  index = (unsigned)(id - gen * GES_TRANSFERS_MAX);
  if (index >= p->n || ges_transfer_id(p->all[index]) != id
      || p->all[index]->state == GES_idle)
    return NULL;
  return p->all[index];
}


/* Releases every transfer; none may be inside libcurl. */
void ges_pool_free (struct ges_pool *p) {
  unsigned i;
  for (i = 0; i < p->n; i++) {
    ges_easy_close(&p->all[i]->easy);
    free(p->all[i]);
  }
  free(p->all);
  p->all = NULL;
  p->n = p->cap = 0;
}
