/* SPDX-License-Identifier: MIT
** admit.c - which queued transfer may be handed to libcurl now (see admit.h).
*/
#include "admit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_KEPT    64        /* host entries before unused ones are reused */
#define SETTLE_LEAST  0.001     /* seconds until a connection can be joined */
#define SETTLE_MOST   1.0

/*
** Seconds after which a lookup that was given up has ended: a resolver asks a
** silent server twice for 5 s. One that was cancelled before the first of
** these says nothing against the server, which is asked again after it.
*/
#define LOST_LIFE     10.0
#define YOUNG         1.0


/* Forgets what was learned of a host, which has no transfer. */
void ges_host_forget (struct ges_host *h) {
  h->resolved = h->serial = 0;
  h->held = 0;
  memset(h->lost, 0, sizeof h->lost);
}


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
  ges_host_forget(h);
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


/*
** How long after its first request a new connection can be joined: by then the
** server's SETTINGS frame has arrived, which allows more streams. It follows
** the server's part of the handshake, so the time of the handshake is enough.
*/
static double settle_time (const struct ges_transfer *t) {
  double seconds = ges_easy_handshake(&t->easy);
  return seconds < SETTLE_LEAST ? SETTLE_LEAST
         : seconds > SETTLE_MOST ? SETTLE_MOST : seconds;
}


/*
** Updates what is known of the transfer admitted last. If it opened a
** connection although the one opened before is still alive and unused, then
** transfers to this host do not share connections.
*/
void ges_host_look (struct ges_host *h, double now) {
  struct ges_transfer *t = h->last;
  if (h->held <= now)
    h->held = 0;
  if (t == NULL)
    return;
  if (t->easy.opened > 0 && !h->opening) {
    h->opening = 1;
    if (h->opener != NULL)
      h->serial = 1;
    h->opener = t;
  }
  if (!ges_easy_begun(&t->easy))
    return;
  if (!h->opening)
    h->opener = NULL;           /* it joined a connection */
  else if (isinf(h->settled))
    h->settled = now + settle_time(t);
  if (!h->opening || h->settled <= now)
    h->last = NULL;
}


/* Must a lookup wait until one that was given up has ended? */
int ges_host_holds (const struct ges_host *h) {
  return h->held > 0 && !h->resolved;
}


/* May the first transfer of the queue be admitted now? */
int ges_host_admits (const struct ges_host *h) {
  const struct ges_transfer *t = h->queue.first;
  if (t == NULL || ges_host_holds(h) || !(h->resolved || h->active == 0))
    return 0;
  if (h->plain || h->serial)
    return h->active < GES_HOST_MAX;
  return !t->easy.shares || h->last == NULL;
}


/* When to look again if no event comes; INFINITY: never. */
double ges_host_due (const struct ges_host *h) {
  if (ges_host_holds(h) && h->queue.first != NULL)
    return h->held;
  return h->last != NULL && h->queue.first != NULL && !h->serial
         ? h->settled : INFINITY;
}


/* Moves a transfer from the queue to the active ones. */
void ges_host_begin (struct ges_host *h, struct ges_transfer *t) {
  ges_list_remove(&h->queue, t);
  h->active++;
  if (t->easy.shares && !h->serial) {
    h->last = t;
    h->opening = 0;
    h->settled = INFINITY;
  }
}


/*
** How many seconds the thread of a lookup may go on after its transfer; 0: the
** transfer did not end while the name was looked up.
*/
static double lost_life (const struct ges_transfer *t, double now) {
  const struct ges_easy *e = &t->easy;
  int cancelled = e->response.kind == GES_cancelled;
  if (!(cancelled || e->response.kind == GES_timeout)
      || !e->touched || e->opened > 0 || ges_easy_begun(e))
    return 0;
  return cancelled && now - t->begun < YOUNG ? YOUNG : LOST_LIFE;
}


/*
** Notes a lookup that was given up, until `end`; the name has to resolve once
** more. When there is no room for another, none begins until one has ended.
*/
static void note_lost (struct ges_host *h, double end) {
  int i, first = 0;
  for (i = 1; i < GES_LOST_MAX; i++)
    if (h->lost[i] < h->lost[first])
      first = i;
  h->lost[first] = end;
  h->held = end;
  for (i = 0; i < GES_LOST_MAX; i++)
    if (h->lost[i] < h->held)
      h->held = h->lost[i];
  h->resolved = 0;
}


/*
** Takes an active transfer back. If it failed without a connection, and was
** not cancelled, the queue is admitted all at once: one by one, each transfer
** would wait for the failure of the one before. What was learned of the host
** is forgotten when no transfer is active.
*/
void ges_host_end (struct ges_host *h, struct ges_transfer *t, double now) {
  double life = lost_life(t, now);
  h->active--;
  if (life > 0)
    note_lost(h, now + life);
  if (h->active == 0)
    h->serial = 0;
  if (t == h->last && !ges_easy_begun(&t->easy)
      && t->easy.response.kind != GES_cancelled)
    h->serial = 1;
  if (t == h->last)
    h->last = NULL;
  if (t == h->opener)
    h->opener = NULL;
}
