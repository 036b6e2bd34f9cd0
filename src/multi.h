/* SPDX-License-Identifier: MIT
** multi.h - the engine: many requests on one CURLM behind one descriptor.
** Owns the multi handle, the poller and every call. One engine serves one
** Lua state in one process; a child of fork gets a new inside. Called by the
** Lua side (lclient.c), never from a libcurl callback.
*/
#ifndef GES_MULTI_H
#define GES_MULTI_H

#include <sys/types.h>

#include "admit.h"
#include "call.h"
#include "poller.h"

#pragma GCC visibility push(hidden)

#define GES_ACTIVE_MAX  1024    /* calls inside libcurl at once */

struct ges_multi {
  void *curl;                   /* libcurl's CURLM; NULL: closed */
  struct ges_poller poller;
  pid_t pid;
  struct ges_pool pool;         /* every call, whatever its state */
  struct ges_list active, done;
  struct ges_host *hosts;
  size_t queued;
  double curl_due;              /* when libcurl wants to be called; < 0: no */
  double sweep_due;             /* no deadline lies before this */
  double safety_due;            /* libcurl's timer may be lost: look then */
  unsigned char watched;        /* a host event loop watches the descriptor */
  unsigned char broken;         /* libcurl's own state is out of order */
};

const char *ges_multi_load (void);
int ges_multi_open (struct ges_multi *m);
void ges_multi_close (struct ges_multi *m);
int ges_multi_check (struct ges_multi *m);
struct ges_call *ges_multi_add (struct ges_multi *m,
                                const struct ges_request *r);
size_t ges_multi_step (struct ges_multi *m, double seconds);
struct ges_call *ges_multi_take (struct ges_multi *m);
void ges_multi_release (struct ges_multi *m, struct ges_call *c);
void ges_multi_cancel (struct ges_multi *m, struct ges_call *c);
void ges_multi_nudge (struct ges_multi *m);
int ges_multi_fd (struct ges_multi *m);

#pragma GCC visibility pop

#endif
