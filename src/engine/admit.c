/* SPDX-License-Identifier: MIT
** admit.c - which queued call may be handed to libcurl now (see admit.h).
*/
#include "admit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_KEPT    64        /* host entries before unused ones are reused */
#define SETTLE_LEAST  0.001     /* seconds until a connection can be joined */
#define SETTLE_MOST   1.0


/*
** The entry of a host; an unused one is taken over when there are many.
** Returns NULL when memory is out.
*/
struct ges_host *ges_host_get (struct ges_host **all, const char *origin) {
  struct ges_host *h, *unused = NULL;
  int n = 0;
  for (h = *all; h != NULL; h = h->next, n++) {
    if (strcmp(h->origin, origin) == 0)
      return h;
    if (h->active == 0 && h->queue.first == NULL)
      unused = h;
  }
  h = n >= HOSTS_KEPT ? unused : NULL;
  if (h == NULL) {
    if ((h = calloc(1, sizeof *h)) == NULL)
      return NULL;
    h->next = *all;
    *all = h;
  }
  h->resolved = h->serial = 0;
  h->plain = strncmp(origin, "https:", 6) != 0;
  memcpy(h->origin, origin, strlen(origin) + 1);  /* ges_url_endpoint's cap */
  return h;
}


void ges_hosts_free (struct ges_host **all) {
  while (*all != NULL) {
    struct ges_host *h = *all;
    *all = h->next;
    free(h);
  }
}


/* In a child of fork nothing is known of the connections to a host. */
void ges_host_fork (struct ges_host *h) {
  h->resolved = h->serial = 0;
}


/*
** How long after its request began a new connection can be joined: by then the
** server's settings are here, which say how many may. They follow its part of
** the handshake, so the time that this took is enough.
*/
static double settle_time (const struct ges_transfer *c) {
  double t = ges_easy_handshake(&c->http);
  return t < SETTLE_LEAST ? SETTLE_LEAST : t > SETTLE_MOST ? SETTLE_MOST : t;
}


/*
** Looks at what became of the call admitted last. When it opened a connection
** although the one before it did so, too, which is there and which no call has
** joined since, then calls to this host do not share.
*/
void ges_host_look (struct ges_host *h, double now) {
  struct ges_transfer *c = h->last;
  if (c == NULL)
    return;
  if (c->http.opened > 0 && !h->opening) {
    h->opening = 1;
    if (h->opener != NULL)
      h->serial = 1;
    h->opener = c;
  }
  if (!ges_easy_begun(&c->http))
    return;
  if (!h->opening)
    h->opener = NULL;           /* joined, or there was one to be had */
  else if (isinf(h->settled))
    h->settled = now + settle_time(c);
  if (!h->opening || h->settled <= now)
    h->last = NULL;
}


/* May the first of the queue be admitted, as far as its host goes? */
int ges_host_admits (const struct ges_host *h) {
  const struct ges_transfer *c = h->queue.first;
  if (c == NULL || !(h->resolved || h->active == 0))
    return 0;
  if (h->plain || h->serial)
    return h->active < GES_HOST_MAX;
  return !c->http.shares || h->last == NULL;
}


/* When to look again although nothing has happened; a time, or never. */
double ges_host_due (const struct ges_host *h) {
  return h->last != NULL && h->queue.first != NULL && !h->serial
         ? h->settled : INFINITY;
}


/* A call goes from the queue to libcurl. */
void ges_host_begin (struct ges_host *h, struct ges_transfer *c) {
  ges_list_remove(&h->queue, c);
  h->active++;
  if (c->http.shares && !h->serial) {
    h->last = c;
    h->opening = 0;
    h->settled = INFINITY;
  }
}


/*
** A call comes back from libcurl. One that found no connection, and was not
** cancelled, opens the way for all: each must see for itself, or they would
** fail one after the other.
** With the last call that is under way goes what was learned of the host.
*/
void ges_host_end (struct ges_host *h, struct ges_transfer *c) {
  h->active--;
  if (h->active == 0)
    h->serial = 0;
  if (c == h->last && !ges_easy_begun(&c->http)
      && c->http.reply.kind != GES_cancelled)
    h->serial = 1;
  if (c == h->last)
    h->last = NULL;
  if (c == h->opener)
    h->opener = NULL;
}
