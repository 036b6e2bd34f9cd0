/* SPDX-License-Identifier: MIT
** kind.h - the kinds of failure: the one place where a kind's name, whether it
** is tried again, what a wait makes of it, the command's exit code for it, what
** it means and what to do are written down. To scripts it is core.kinds, of
** which the annotations and the reference are made; the papers are checked
** against it. Used by every file that can fail; knows neither Lua nor libcurl.
*/
#ifndef GES_KIND_H
#define GES_KIND_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* What is true of a kind. */
#define K_AGAIN   1       /* another attempt may succeed: info.retryable */
#define K_PASSES  2       /* transient in a wait */
#define K_FINAL   4       /* a wait cannot be resumed after it */
#define K_CALLER  8       /* the caller ended it: deadline, cancel, close */

/*
** X(name, what is true of it, exit code of the command, meaning, advice)
** Public names. Options in `backquotes`; "" where users do not see the kind.
*/
#define GES_KINDS(X) \
  X(none, 0, 0, "", "") \
  X(argument, K_FINAL, 2, "a value was refused; nothing was sent", \
    "change what the line names") \
  X(credentials, 0, 4, "none were found, or their provider failed", \
    "give `token`, `ak` with `sk`, or `credentials`") \
  X(auth, 0, 4, "the service does not accept the credentials", \
    "get a new token; check keys, region and clock") \
  X(forbidden, 0, 4, "403: the credentials lack a permission", \
    "give their user the permission") \
  X(not_found, 0, 5, "no such job or graph, or nothing is served there", \
    "check the ids, the endpoint and the region") \
  X(bad_request, 0, 6, "any other 4xx", \
    "change what the service names") \
  X(throttled, K_AGAIN, 6, "429: too many requests", \
    "ask less often, or from one place") \
  X(unavailable, K_AGAIN | K_PASSES, 6, "408 or 5xx: no answer for now", \
    "wait") \
  X(dns, K_AGAIN | K_PASSES, 6, "a name was not found", \
    "check the endpoint, the region and the name server") \
  X(connect, K_AGAIN | K_PASSES, 6, "no connection came about", \
    "check the network, firewalls and `proxy`") \
  X(network, K_AGAIN | K_PASSES, 6, "the connection broke before its end", \
    "wait; check the port and what is in between") \
  X(timeout, K_AGAIN | K_PASSES, 6, "no answer in time", \
    "raise `request_timeout` or `timeout`") \
  X(tls, 0, 6, "a certificate was not accepted", \
    "name its authority with `ca_file`") \
  X(redirect, 0, 6, "3xx: the service points elsewhere", \
    "check the endpoint; redirects are never followed") \
  X(proxy, 0, 6, "the proxy refuses, or its URL cannot be used", \
    "check `proxy` and its password") \
  X(protocol, K_AGAIN | K_PASSES, 7, "the answer is not this job", \
    "look how it begins: a portal, another service?") \
  X(too_large, 0, 7, "the answer is over `max_response_bytes`", \
    "raise it") \
  X(job_failed, K_FINAL, 1, "a wait ended on a failed job", \
    "see `info.job`") \
  X(job_partial, K_FINAL, 3, "a wait ended on a job that succeeded in part", \
    "see `info.job`, or accept it") \
  X(job_unknown, K_FINAL, 7, "a wait ended on an undocumented status", \
    "see `info.job`") \
  X(deadline, K_CALLER, 124, "timed out; the job is still running", \
    "go on with `info.resume`") \
  X(cancelled, K_CALLER, 130, "the caller ended the wait", \
    "go on with `info.resume`") \
  X(closed, K_CALLER, 7, "the client was closed meanwhile", \
    "make a new one") \
  X(memory, 0, 7, "", "")

enum ges_kind {
#define X(name, ...)  GES_##name,
  GES_KINDS(X)
#undef X
  GES_KIND_COUNT
};

struct ges_slice {        /* borrowed bytes */
  const char *p;
  size_t n;
};

struct ges_kind_row {
  const char *name;
  int flags, code;
  const char *meaning, *advice;
};

extern const struct ges_kind_row ges_kinds[GES_KIND_COUNT];

#pragma GCC visibility pop

#endif
