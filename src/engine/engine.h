/* SPDX-License-Identifier: MIT
** engine.h - the engine: many requests on one CURLM behind one descriptor.
** Owns the multi handle, the poller and every transfer. One engine serves one
** Lua state in one process; in a child of fork, ges_engine_check opens a new
** multi handle and poller. Called by engine.c and core.c of src/lua, never from
** a libcurl callback.
*/
#ifndef GES_ENGINE_H
#define GES_ENGINE_H

#include <sys/types.h>

#include "admit.h"
#include "transfer.h"
#include "poller.h"

#pragma GCC visibility push(hidden)

#define GES_ACTIVE_MAX  1024    /* transfers inside libcurl at once */

struct ges_engine {
  void *curl;                   /* libcurl's CURLM; NULL: closed */
  struct ges_poller poller;
  pid_t pid;
  struct ges_pool pool;         /* every transfer, whatever its state */
  struct ges_list active, done;
  struct ges_host *hosts;
  size_t queued;
  double curl_due;              /* when libcurl's timer fires; < 0: not set */
  double sweep_due;             /* no deadline is earlier */
  double safety_due;            /* call libcurl then, timer or not */
  double lag;                   /* how long answers take: average, <= 10 ms */
  unsigned char watched;        /* an event loop watches the descriptor */
  unsigned char broken;         /* the multi handle must be replaced */
};

const char *ges_engine_load (void);
int ges_engine_open (struct ges_engine *e);
void ges_engine_close (struct ges_engine *e);
int ges_engine_check (struct ges_engine *e);
struct ges_transfer *ges_engine_add (struct ges_engine *e,
                                     const struct ges_request *r,
                                     double limit, int many);
int ges_engine_step (struct ges_engine *e, double seconds, double most);
size_t ges_engine_in_flight (const struct ges_engine *e);
double ges_engine_age (const struct ges_engine *e);
void ges_engine_take (struct ges_engine *e, struct ges_transfer *t);
void ges_engine_release (struct ges_engine *e, struct ges_transfer *t);
void ges_engine_cancel (struct ges_engine *e, struct ges_transfer *t);
void ges_engine_wake (struct ges_engine *e);
int ges_engine_fd (struct ges_engine *e);

#pragma GCC visibility pop

#endif
