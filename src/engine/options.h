/* SPDX-License-Identifier: MIT
** options.h - the closed list of options: the one place where an option's
** name, type, range, default, the calls that take it and what it is for are
** written down. Read by lua/options.c, which checks tables against it, and by
** request.c and easy.c of this folder, which keep and use what it says. The
** papers and the command's flags are compared with it by tools/house.lua.
** Plain data; no Lua, no libcurl.
*/
#ifndef GES_OPTIONS_H
#define GES_OPTIONS_H

#include <math.h>

/* Types an option may have. */
#define T_STR   1u
#define T_NUM   2u
#define T_INT   4u
#define T_BOOL  8u
#define T_FUNC  16u
#define T_TAB   32u

/* Calls that take it. */
#define C_CORE    1u      /* core.job_status and engine:start */
#define C_SINGLE  2u      /* job_status */
#define C_WAIT    4u      /* wait, watch, start */
#define C_MANY    8u      /* wait_all, wait_any */
#define C_NEW     16u     /* new: defaults */
#define C_ASK     32u     /* request */
#define C_JOB     64u     /* one entry of `jobs` */
#define C_SIDE    128u    /* a request to IAM, on behalf of a call */
#define C_WAITS   (C_WAIT | C_MANY | C_NEW)
#define C_LAYER   (C_SINGLE | C_WAITS | C_ASK)
#define C_ALL     (C_CORE | C_LAYER)
#define C_IDS     (C_ALL | C_JOB)
#define C_GET     (C_CORE | C_ASK | C_SIDE)
#define C_WIDE    (C_ALL | C_SIDE)

/* What it is for. */
#define U_LAYER   0u      /* the Lua layer alone reads it */
#define U_HEAD    1u      /* part of what requests have in common */
#define U_HANDLE  3u      /* and set on a handle that is kept (U_HEAD too) */
#define U_BIND    4u      /* differs between two polls; see request:bind */
#define U_ONCE    8u      /* of a generic request: read once, never kept */
#define U_LIMIT   16u     /* bounds an attempt of the core's own calls */

#define DAY     86400.0
#define NO_END  INFINITY  /* of a range */
#define UNSET   -1.0      /* no default, or one that is no number */

/*
** X(name, types, least, most, default, calls, use)
*/
#define GES_OPTIONS(X) \
  X(endpoint, T_STR, 0, 0, UNSET, C_WIDE, U_HEAD) \
  X(project_id, T_STR, 0, 0, UNSET, C_IDS, U_BIND) \
  X(graph_id, T_STR, 0, 0, UNSET, C_IDS, U_BIND) \
  X(job_id, T_STR, 0, 0, UNSET, C_IDS, U_BIND) \
  X(token, T_STR | T_FUNC, 0, 0, UNSET, C_ALL, U_HEAD) \
  X(ak, T_STR, 0, 0, UNSET, C_ALL, U_HEAD) \
  X(sk, T_STR, 0, 0, UNSET, C_ALL, U_HEAD) \
  X(security_token, T_STR, 0, 0, UNSET, C_ALL, U_HEAD) \
  X(timeout, T_NUM, 0, NO_END, 30, C_ALL, U_LIMIT) \
  X(request_timeout, T_NUM, 0.001, DAY, 15, C_WIDE, U_LIMIT) \
  X(connect_timeout, T_NUM, 0.001, DAY, 5, C_WIDE, U_HANDLE) \
  X(ca_file, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE) \
  X(ca_path, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE) \
  X(client_cert, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE) \
  X(client_key, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE) \
  X(verify, T_BOOL, 0, 0, 1, C_WIDE, U_HANDLE) \
  X(proxy, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE) \
  X(no_proxy, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE) \
  X(insecure_http, T_BOOL, 0, 0, 0, C_WIDE, U_HEAD) \
  X(max_response_bytes, T_INT, 1, 1073741824, 8388608, C_ALL, U_HANDLE) \
  X(language, T_STR, 0, 0, UNSET, C_WIDE, U_HEAD) \
  X(method, T_STR, 0, 0, UNSET, C_GET, U_ONCE) \
  X(path, T_STR, 0, 0, UNSET, C_GET, U_ONCE) \
  X(query, T_TAB, 0, 0, UNSET, C_GET, U_ONCE) \
  X(body, T_STR | T_TAB, 0, 0, UNSET, C_GET, U_ONCE) \
  X(headers, T_TAB, 0, 0, UNSET, C_GET, U_ONCE) \
  X(region, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER) \
  X(cloud, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER) \
  X(credentials, T_TAB, 0, 0, UNSET, C_LAYER, U_LAYER) \
  X(retries, T_INT, 0, 100, 2, C_SINGLE | C_NEW | C_ASK, U_LAYER) \
  X(on_request, T_FUNC, 0, 0, UNSET, C_LAYER, U_LAYER) \
  X(host, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER) \
  X(thread_pool, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER) \
  X(yield, T_BOOL, 0, 0, 1, C_LAYER, U_LAYER) \
  X(interval, T_NUM, 0.001, DAY, UNSET, C_WAITS, U_LAYER) \
  X(schedule, T_FUNC, 0, 0, UNSET, C_WAITS, U_LAYER) \
  X(accept, T_TAB, 0, 0, UNSET, C_WAITS, U_LAYER) \
  X(on_event, T_FUNC, 0, 0, UNSET, C_WAITS, U_LAYER) \
  X(on_unknown, T_STR, 0, 0, UNSET, C_WAITS, U_LAYER) \
  X(not_found_grace, T_NUM, 0, DAY, 10, C_WAITS, U_LAYER) \
  X(resume, T_STR, 0, 0, UNSET, C_WAIT, U_LAYER) \
  X(jobs, T_TAB, 0, 0, UNSET, C_MANY, U_LAYER) \
  X(max_in_flight, T_INT, 1, 1024, 8, C_MANY | C_NEW, U_LAYER) \
  X(max_rate, T_NUM, 0.001, 1000000, 50, C_MANY | C_NEW, U_LAYER)

/* The waiting calls have a bound of their own, in seconds. */
#define GES_WAIT_TIMEOUT  3600

enum ges_option {
#define X(name, types, least, most, normal, calls, use)  OPT_##name,
  GES_OPTIONS(X)
#undef X
  OPT_COUNT
};

/* A set of options: a bit for each. */
typedef unsigned long long ges_optset;

_Static_assert(OPT_COUNT <= 64, "an option has its bit");

#define GES_OPT(row)   (1ULL << (row))
#define OPT(name)      GES_OPT(OPT_##name)

#endif
