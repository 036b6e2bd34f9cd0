/* SPDX-License-Identifier: MIT
** engine.h - the engine: many requests on one CURLM behind one descriptor.
** Owns the multi handle, the poller and every call. One engine serves one
** Lua state in one process; a child of fork gets a new inside. Called by the
** Lua side (engine.c), never from a libcurl callback.
*/
#ifndef GES_ENGINE_H
#define GES_ENGINE_H

#include <sys/types.h>

#include "admit.h"
#include "transfer.h"
#include "poller.h"

#pragma GCC visibility push(hidden)

#define GES_ACTIVE_MAX  1024    /* calls inside libcurl at once */

struct ges_engine {
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

const char *ges_engine_load (void);
int ges_engine_open (struct ges_engine *m);
void ges_engine_close (struct ges_engine *m);
int ges_engine_check (struct ges_engine *m);
struct ges_transfer *ges_engine_add (struct ges_engine *m,
                                     const struct ges_request *r,
                                     double limit, int many);
size_t ges_engine_step (struct ges_engine *m, double seconds);
struct ges_transfer *ges_engine_take (struct ges_engine *m);
void ges_engine_release (struct ges_engine *m, struct ges_transfer *c);
void ges_engine_cancel (struct ges_engine *m, struct ges_transfer *c);
void ges_engine_wake (struct ges_engine *m);
int ges_engine_fd (struct ges_engine *m);

#pragma GCC visibility pop

#endif
