/* SPDX-License-Identifier: MIT
** admit.h - which queued call may be handed to libcurl now, host by host.
** Owns the entry of every host:port that an engine asked. Used by engine.c
** only; touches neither libcurl nor Lua.
**
** Two things are bounded here. libcurl starts a thread for each name that it
** looks up, so one call is admitted at a time until a name has resolved. And
** libcurl does not wait for a connection that another call is opening: of 200
** calls at once to a server that speaks HTTP/2, most would open one of their
** own. So a call that may share a connection is admitted when the one before
** it has found its own, or has opened one that others can join by now. A host
** whose connections cannot be shared shows it with the second connection.
*/
#ifndef GES_ADMIT_H
#define GES_ADMIT_H

#include "transfer.h"

#pragma GCC visibility push(hidden)

#define GES_HOST_MAX  256       /* connections to one host:port */

struct ges_host {
  struct ges_host *next;
  struct ges_list queue;        /* not admitted yet */
  size_t active;                /* inside libcurl */
  int resolved;                 /* the name has, once */
  unsigned char plain;          /* http: nothing is shared there */
  unsigned char serial;         /* its connections cannot be shared */
  unsigned char opening;        /* `last` has opened a connection */
  struct ges_transfer *last;        /* was admitted last, and is not settled */
  struct ges_transfer *opener;  /* its connection was joined by no other */
  double settled;               /* when that of `last` is; a time, or never */
  char origin[GES_ENDPOINT_MAX + 16];
};

struct ges_host *ges_host_get (struct ges_host **all, const char *origin);
void ges_hosts_free (struct ges_host **all);
void ges_host_fork (struct ges_host *h);
void ges_host_look (struct ges_host *h, double now);
int ges_host_admits (const struct ges_host *h);
double ges_host_due (const struct ges_host *h);
void ges_host_begin (struct ges_host *h, struct ges_transfer *c);
void ges_host_end (struct ges_host *h, struct ges_transfer *c);

#pragma GCC visibility pop

#endif
