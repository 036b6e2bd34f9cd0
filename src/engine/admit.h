/* SPDX-License-Identifier: MIT
** admit.h - which queued transfer may be handed to libcurl now, per host.
** Owns the entry of every host:port that an engine has asked. Called by
** engine.c; touches neither libcurl nor Lua.
**
** Two things are bounded here. libcurl starts a thread for each name lookup,
** so one transfer is admitted at a time until the name has resolved; and since
** the thread of a lookup that is given up lives on while the name server is
** silent, none is admitted while there may be three of them. And libcurl does
** not wait for a connection that another transfer is opening: of 200 transfers
** started at once to an HTTP/2 server, most would open their own connection. So
** a transfer that may share a connection is admitted once the one before it has
** found a connection, or has opened one that others can join by now. A host
** whose connections cannot be shared is recognised by its second connection.
*/
#ifndef GES_ADMIT_H
#define GES_ADMIT_H

#include "transfer.h"

#pragma GCC visibility push(hidden)

#define GES_HOST_MAX  256       /* connections to one host:port */
#define GES_LOST_MAX  3         /* threads of lookups that were given up */

struct ges_host {
  struct ges_host *next;
  struct ges_list queue;        /* transfers not admitted yet */
  size_t active;                /* transfers inside libcurl */
  int resolved;                 /* the name has been looked up */
  unsigned char plain;          /* http: connections are never shared */
  unsigned char serial;         /* connections cannot be shared */
  unsigned char opening;        /* `last` has opened a connection */
  struct ges_transfer *last;    /* admitted last, without a connection yet */
  struct ges_transfer *opener;  /* its connection has not been joined yet */
  double settled;               /* when that of `last` can be joined */
  double lost[GES_LOST_MAX];    /* when lookups that were given up end */
  double held;                  /* until then none begins; 0: one may */
  char origin[GES_ENDPOINT_MAX + 16];
};

struct ges_host *ges_host_get (struct ges_host **all, const char *origin);
void ges_host_forget (struct ges_host *h);
void ges_hosts_free (struct ges_host **all);
void ges_host_look (struct ges_host *h, double now);
int ges_host_holds (const struct ges_host *h);
int ges_host_admits (const struct ges_host *h);
double ges_host_due (const struct ges_host *h);
void ges_host_begin (struct ges_host *h, struct ges_transfer *t);
void ges_host_end (struct ges_host *h, struct ges_transfer *t, double now);

#pragma GCC visibility pop

#endif
