/* SPDX-License-Identifier: MIT
** options.h - the closed list of options: the one place where an option's
** name, type, range, default, words, the calls that take it, what it is for and
** its line of help are written down. lua/options.c checks tables against it,
** head.c, request.c and easy.c of this folder use what it says. To scripts it
** is core.options(), of which the reference, the annotations and the command's
** flags and help are made. Plain data; no Lua, no libcurl.
*/
#ifndef GES_OPTIONS_H
#define GES_OPTIONS_H

#include <math.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Types an option may have. */
#define T_STR   1u
#define T_NUM   2u
#define T_INT   4u
#define T_BOOL  8u
#define T_FUNC  16u
#define T_TAB   32u
#define T_SEC   (T_NUM | 64u)     /* seconds */

/* Calls that take it. */
#define C_CORE    1u      /* core.job_status and engine:start */
#define C_SINGLE  2u      /* job_status */
#define C_WAIT    4u      /* wait, watch, start */
#define C_MANY    8u      /* wait_all, wait_any */
#define C_NEW     16u     /* new: defaults */
#define C_ASK     32u     /* request */
#define C_JOB     64u     /* one entry of `jobs` */
#define C_SIDE    128u    /* a request to IAM, on behalf of a call */
#define C_LIST    256u    /* jobs */
#define C_WAITS   (C_WAIT | C_MANY | C_NEW)
#define C_LAYER   (C_SINGLE | C_WAITS | C_ASK | C_LIST)
#define C_ALL     (C_CORE | C_LAYER)
#define C_IDS     (C_ALL | C_JOB)
#define C_GET     (C_CORE | C_ASK | C_SIDE)
#define C_WIDE    (C_ALL | C_SIDE)

/* What it is for. */
#define U_LAYER   0u      /* the Lua layer alone reads it */
#define U_HEAD    1u      /* part of what requests have in common */
#define U_HANDLE  3u      /* and set on a handle that is kept (U_HEAD too) */
#define U_BIND    4u      /* differs between two polls; see request:bind */
#define U_ONCE    8u      /* of one request; a refused value is returned */
#define U_LIMIT   16u     /* bounds an attempt of the core's own calls */

#define DAY     86400.0
#define NO_END  INFINITY  /* of a range */
#define UNSET   -1.0      /* no default, or one that is no number */
#define W_ANY   ""        /* not of a list of words */

/*
** X(name, types, least, most, default, calls, use, words, help)
** `words`, as a message says them, are the only values of a text or, of an
** option that takes none, of a list of texts. `help` is one line without the
** default, unless that is no number or flag: "(else ...)" then; another option
** in it stands in `backquotes`.
*/
#define GES_OPTIONS(X) \
  X(endpoint, T_STR, 0, 0, UNSET, C_WIDE, U_HEAD, W_ANY, \
    "address of the service: [https://]host[:port][/prefix]") \
  X(region, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER, W_ANY, \
    "region, such as cn-north-4, instead of `endpoint`") \
  X(cloud, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER, W_ANY, \
    "domain of another cloud, for `region`") \
  X(iam_endpoint, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER, W_ANY, \
    "address of IAM, for logins and project lookups (else by `region`)") \
  X(project, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER, W_ANY, \
    "name of the project; its id is looked up") \
  X(project_id, T_STR, 0, 0, UNSET, C_IDS, U_BIND, W_ANY, \
    "id of the project (else that of the credentials)") \
  X(graph_id, T_STR, 0, 0, UNSET, C_IDS, U_BIND, W_ANY, \
    "id of the graph") \
  X(job_id, T_STR, 0, 0, UNSET, C_IDS & ~C_LIST, U_BIND, W_ANY, \
    "id of the job") \
  X(token, T_STR | T_FUNC, 0, 0, UNSET, C_ALL, U_HEAD, W_ANY, \
    "a token, or a function that is called for one before each attempt") \
  X(ak, T_STR, 0, 0, UNSET, C_ALL, U_HEAD, W_ANY, \
    "access key; each attempt is signed") \
  X(sk, T_STR, 0, 0, UNSET, C_ALL, U_HEAD, W_ANY, "secret key of `ak`") \
  X(security_token, T_STR, 0, 0, UNSET, C_ALL, U_HEAD, W_ANY, \
    "security token of temporary keys") \
  X(credentials, T_TAB, 0, 0, UNSET, C_LAYER, U_LAYER, W_ANY, \
    "a credentials provider (else the environment, then the profile file)") \
  X(timeout, T_SEC, 0, NO_END, 30, C_ALL, U_LIMIT, W_ANY, \
    "time limit for the whole call, pauses included; 0 asks once") \
  X(request_timeout, T_SEC, 0.001, DAY, 15, C_WIDE, U_LIMIT, W_ANY, \
    "time limit for one HTTP attempt") \
  X(connect_timeout, T_SEC, 0.001, DAY, 5, C_WIDE, U_HANDLE, W_ANY, \
    "time limit for opening a connection") \
  X(retries, T_INT, 0, 100, 2, C_SINGLE | C_NEW | C_ASK | C_LIST, U_LAYER, \
    W_ANY, "further attempts after a transient failure") \
  X(ca_file, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE, W_ANY, \
    "file of certificate authorities (else CURL_CA_BUNDLE, SSL_CERT_FILE)") \
  X(ca_path, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE, W_ANY, \
    "folder of certificate authorities (else SSL_CERT_DIR)") \
  X(client_cert, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE, W_ANY, \
    "file of the client certificate") \
  X(client_key, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE, W_ANY, \
    "file of the client certificate's key") \
  X(verify, T_BOOL, 0, 0, 1, C_WIDE, U_HANDLE, W_ANY, \
    "false: skip certificate verification; the token may go to an impostor") \
  X(proxy, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE, W_ANY, \
    "URL of a proxy, empty for none (else HTTPS_PROXY)") \
  X(no_proxy, T_STR, 0, 0, UNSET, C_WIDE, U_HANDLE, W_ANY, \
    "hosts to connect to without the proxy (else NO_PROXY)") \
  X(insecure_http, T_BOOL, 0, 0, 0, C_WIDE, U_HEAD, W_ANY, \
    "allow http:// to another machine; the token is sent in clear text") \
  X(max_response_bytes, T_INT, 1, 1073741824, 8388608, C_ALL, U_HEAD, W_ANY, \
    "refuse answers that are larger") \
  X(language, T_STR, 0, 0, UNSET, C_WIDE, U_HEAD, "en-us or zh-cn", \
    "language of the service's messages") \
  X(on_request, T_FUNC, 0, 0, UNSET, C_LAYER, U_LAYER, W_ANY, \
    "called after each attempt that sent something") \
  X(host, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER, "plain, ngx, uv or cqueues", \
    "event loop to wait in (else detected)") \
  X(thread_pool, T_STR, 0, 0, UNSET, C_LAYER, U_LAYER, W_ANY, \
    "nginx's thread pool, for the host ngx") \
  X(yield, T_BOOL, 0, 0, 1, C_LAYER, U_LAYER, W_ANY, \
    "false: wait in vim.wait() instead of yielding, for the host uv") \
  X(interval, T_SEC, 0.001, DAY, UNSET, C_WAITS, U_LAYER, W_ANY, \
    "fixed time between two polls (else 10% of the time waited)") \
  X(schedule, T_FUNC, 0, 0, UNSET, C_WAITS, U_LAYER, W_ANY, \
    "returns the time to the next poll, instead of `interval`") \
  X(accept, T_TAB, 0, 0, UNSET, C_WAITS, U_LAYER, \
    "success, partial, failed, unknown", \
    "outcomes that count as success, besides success itself") \
  X(on_event, T_FUNC, 0, 0, UNSET, C_WAITS, U_LAYER, W_ANY, \
    "called with each event; returning false cancels") \
  X(on_unknown, T_STR, 0, 0, UNSET, C_WAITS, U_LAYER, "wait or error", \
    "what to do about an undocumented status (else wait)") \
  X(not_found_grace, T_SEC, 0, DAY, 10, C_WAITS, U_LAYER, W_ANY, \
    "how long a new job may be reported as not found") \
  X(resume, T_STR, 0, 0, UNSET, C_WAIT, U_LAYER, W_ANY, \
    "info.resume of an earlier wait, to resume it") \
  X(jobs, T_STR | T_TAB, 0, 0, UNSET, C_MANY, U_LAYER, "running", \
    "tables of ids; \"running\": all that run on the graph of `graph_id`") \
  X(max_in_flight, T_INT, 1, 1024, 8, C_MANY | C_NEW, U_LAYER, W_ANY, \
    "most requests at a time") \
  X(max_rate, T_NUM, 0.001, 1000000, 50, C_MANY | C_NEW, U_LAYER, W_ANY, \
    "most requests per second") \
  X(graph_name, T_STR, 0, 0, UNSET, C_LIST, U_ONCE, W_ANY, \
    "name of the graph, instead of `graph_id`") \
  X(status, T_STR, 0, 0, UNSET, C_LIST, U_ONCE, \
    "pending, waiting, running, success, partiallyFailed or failed", \
    "only jobs with this status") \
  X(start_time, T_STR | T_NUM, 0, 9999999999.0, UNSET, C_LIST, U_ONCE, W_ANY, \
    "from then on: a day, yyyy-MM-dd, or seconds since 1970") \
  X(end_time, T_STR | T_NUM, 0, 9999999999.0, UNSET, C_LIST, U_ONCE, W_ANY, \
    "until then: a day, yyyy-MM-dd, or seconds since 1970") \
  X(limit, T_INT, 1, 1000000, 1000, C_LIST, U_LAYER, W_ANY, \
    "list at most this many jobs") \
  X(method, T_STR, 0, 0, UNSET, C_GET, U_ONCE, W_ANY, \
    "HTTP method (else GET)") \
  X(path, T_STR, 0, 0, UNSET, C_GET, U_ONCE, W_ANY, \
    "path of the request, not encoded") \
  X(query, T_TAB, 0, 0, UNSET, C_GET, U_ONCE, W_ANY, \
    "query parameters by name") \
  X(body, T_STR | T_TAB, 0, 0, UNSET, C_GET, U_ONCE, W_ANY, \
    "body of the request; a table is sent as JSON") \
  X(headers, T_TAB, 0, 0, UNSET, C_GET, U_ONCE, W_ANY, \
    "additional header lines by name")

/* The waiting calls have a bound of their own, in seconds. */
#define GES_WAIT_TIMEOUT  3600

enum ges_option {
#define X(name, ...)  OPT_##name,
  GES_OPTIONS(X)
#undef X
  OPT_COUNT
};

/* A set of options: a bit for each. */
typedef unsigned long long ges_optset;

_Static_assert(OPT_COUNT <= 64, "an option has its bit");

#define GES_OPT(row)   (1ULL << (row))
#define OPT(name)      GES_OPT(OPT_##name)

struct ges_row {
  const char *name;
  unsigned types;
  double least, most, normal;
  unsigned calls, use;
  const char *must;       /* be one of the words; NULL where there are none */
  const char *words, *help;
};

extern const struct ges_row ges_options[OPT_COUNT];
extern const ges_optset ges_in_head;    /* options that are part of a head */

size_t ges_word_next (const char **words);
int ges_word_is (const struct ges_row *row, const char *s, size_t n);

#pragma GCC visibility pop

#endif
