/* SPDX-License-Identifier: MIT
** options.h - the closed list of options, and the reading of a table of them.
** The one place where an option's name, type, range and the calls that take
** it are written down. Called by engine.c (which reads) and, as
** core.options, by the Lua layer (which checks and merges).
*/
#ifndef GESL_OPTIONS_H
#define GESL_OPTIONS_H

#include <math.h>

#include "laux.h"

#pragma GCC visibility push(hidden)

/* Types an option may have. */
#define T_STR   1u
#define T_NUM   2u
#define T_INT   4u
#define T_BOOL  8u
#define T_FUNC  16u
#define T_TAB   32u

/* Calls that take it. */
#define C_CORE    1u      /* core.job_status and client:start */
#define C_SINGLE  2u      /* job_status */
#define C_WAIT    4u      /* wait, watch, start */
#define C_MANY    8u      /* wait_all, wait_any */
#define C_NEW     16u     /* new: defaults */
#define C_ASK     32u     /* request */
#define C_JOB     64u     /* one entry of `jobs` */
#define C_WAITS   (C_WAIT | C_MANY | C_NEW)
#define C_LAYER   (C_SINGLE | C_WAITS | C_ASK)
#define C_ALL     (C_CORE | C_LAYER)
#define C_IDS     (C_ALL | C_JOB)
#define C_GET     (C_CORE | C_ASK)

#define DAY  86400.0
#define NO_END  INFINITY  /* of a range */

/*
** X(name, types, least, most, calls). The rows up to `headers` are those
** the core reads itself; it finds each at the stack slot of its row.
*/
#define GES_OPTIONS(X) \
  X(endpoint, T_STR, 0, 0, C_ALL) \
  X(project_id, T_STR, 0, 0, C_IDS) \
  X(graph_id, T_STR, 0, 0, C_IDS) \
  X(job_id, T_STR, 0, 0, C_IDS) \
  X(token, T_STR | T_FUNC, 0, 0, C_ALL) \
  X(ak, T_STR, 0, 0, C_ALL) \
  X(sk, T_STR, 0, 0, C_ALL) \
  X(security_token, T_STR, 0, 0, C_ALL) \
  X(timeout, T_NUM, 0, NO_END, C_ALL) \
  X(request_timeout, T_NUM, 0.001, DAY, C_ALL) \
  X(connect_timeout, T_NUM, 0.001, DAY, C_ALL) \
  X(ca_file, T_STR, 0, 0, C_ALL) \
  X(ca_path, T_STR, 0, 0, C_ALL) \
  X(client_cert, T_STR, 0, 0, C_ALL) \
  X(client_key, T_STR, 0, 0, C_ALL) \
  X(verify, T_BOOL, 0, 0, C_ALL) \
  X(proxy, T_STR, 0, 0, C_ALL) \
  X(no_proxy, T_STR, 0, 0, C_ALL) \
  X(insecure_http, T_BOOL, 0, 0, C_ALL) \
  X(max_response_bytes, T_INT, 1, 1073741824, C_ALL) \
  X(language, T_STR, 0, 0, C_ALL) \
  X(method, T_STR, 0, 0, C_GET) \
  X(path, T_STR, 0, 0, C_GET) \
  X(query, T_TAB, 0, 0, C_GET) \
  X(body, T_STR | T_TAB, 0, 0, C_GET) \
  X(headers, T_TAB, 0, 0, C_GET) \
  X(region, T_STR, 0, 0, C_LAYER) \
  X(cloud, T_STR, 0, 0, C_LAYER) \
  X(credentials, T_TAB, 0, 0, C_LAYER) \
  X(retries, T_INT, 0, 100, C_SINGLE | C_NEW | C_ASK) \
  X(on_request, T_FUNC, 0, 0, C_LAYER) \
  X(host, T_STR, 0, 0, C_LAYER) \
  X(thread_pool, T_STR, 0, 0, C_LAYER) \
  X(yield, T_BOOL, 0, 0, C_LAYER) \
  X(interval, T_NUM, 0.001, DAY, C_WAITS) \
  X(schedule, T_FUNC, 0, 0, C_WAITS) \
  X(accept, T_TAB, 0, 0, C_WAITS) \
  X(on_event, T_FUNC, 0, 0, C_WAITS) \
  X(on_unknown, T_STR, 0, 0, C_WAITS) \
  X(not_found_grace, T_NUM, 0, DAY, C_WAITS) \
  X(resume, T_STR, 0, 0, C_WAIT) \
  X(jobs, T_TAB, 0, 0, C_MANY) \
  X(max_in_flight, T_INT, 1, 1024, C_MANY | C_NEW) \
  X(max_rate, T_NUM, 0.001, 1000000, C_MANY | C_NEW)

enum gesL_option {
#define X(name, types, least, most, calls)  OPT_##name,
  GES_OPTIONS(X)
#undef X
  OPT_COUNT
};

#define OPT_READ  (OPT_headers + 1)   /* rows the core reads */

void gesL_pushoptions (lua_State *L);
void gesL_readoptions (lua_State *L, int arg, int known);
int gesL_options (lua_State *L);

#pragma GCC visibility pop

#endif
