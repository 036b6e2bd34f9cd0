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
    "correct the value that the message names") \
  X(credentials, 0, 4, "no credentials found, or their provider failed", \
    "give `token`, `ak` with `sk`, or `credentials`") \
  X(auth, 0, 4, "the service does not accept the credentials", \
    "get a new token; check keys, region and clock") \
  X(forbidden, 0, 4, "403: the credentials lack a permission", \
    "grant the permission to the user") \
  X(not_found, 0, 5, "no such job or graph, or no such API at that address", \
    "check the ids, the endpoint and the region") \
  X(bad_request, 0, 6, "any other 4xx: the service refused the request", \
    "correct what the service names") \
  X(throttled, K_AGAIN, 6, "429: too many requests", \
    "lower the request rate: `interval`, `max_rate`") \
  X(unavailable, K_AGAIN | K_PASSES, 6, \
    "408 or 5xx: the service is temporarily unavailable", \
    "try again later") \
  X(dns, K_AGAIN | K_PASSES, 6, "a host name could not be resolved", \
    "check the endpoint, the region and the name server") \
  X(connect, K_AGAIN | K_PASSES, 6, "no connection could be opened", \
    "check the network, firewalls and `proxy`") \
  X(network, K_AGAIN | K_PASSES, 6, \
    "the connection was lost before the whole answer came", \
    "try again later; check the port, firewalls and `proxy`") \
  X(timeout, K_AGAIN | K_PASSES, 6, "no answer within the time limit", \
    "raise `request_timeout` or `timeout`") \
  X(tls, 0, 6, "TLS failed, mostly because of a certificate", \
    "give the certificate of its authority with `ca_file`") \
  X(redirect, 0, 6, "3xx: the server redirects to another address", \
    "check the endpoint; redirects are never followed") \
  X(proxy, 0, 6, "the proxy refused the request, or its URL is invalid", \
    "check `proxy` and its password") \
  X(protocol, K_AGAIN | K_PASSES, 7, "the answer is not valid for this job", \
    "see its first bytes in the message: a login page, another service?") \
  X(too_large, 0, 7, "the answer is larger than `max_response_bytes`", \
    "raise `max_response_bytes`") \
  X(job_failed, K_FINAL, 1, "the job that was waited for failed", \
    "see `info.job`") \
  X(job_partial, K_FINAL, 3, "the job that was waited for succeeded in part", \
    "see `info.job`, or the option `accept`") \
  X(job_unknown, K_FINAL, 7, "the job ended with an undocumented status", \
    "see `info.job`") \
  X(deadline, K_CALLER, 124, "timed out; the job is still running", \
    "resume the wait with `info.resume`") \
  X(cancelled, K_CALLER, 130, "the caller cancelled the wait", \
    "resume the wait with `info.resume`") \
  X(closed, K_CALLER, 7, "the client was closed during the call", \
    "make a new client") \
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
