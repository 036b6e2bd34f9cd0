/* SPDX-License-Identifier: MIT
** kind.h - the kinds of failure: the one place where a kind's name, whether it
** is tried again, what a wait makes of it and the command's exit code for it
** are written down. To scripts it is core.kinds; the papers are checked
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

/* X(name, what is true of it, exit code of the command); public names */
#define GES_KINDS(X) \
  X(none, 0, 0) \
  X(argument, K_FINAL, 2) \
  X(credentials, 0, 4) \
  X(auth, 0, 4) \
  X(forbidden, 0, 4) \
  X(not_found, 0, 5) \
  X(bad_request, 0, 6) \
  X(throttled, K_AGAIN, 6) \
  X(unavailable, K_AGAIN | K_PASSES, 6) \
  X(dns, K_AGAIN | K_PASSES, 6) \
  X(connect, K_AGAIN | K_PASSES, 6) \
  X(network, K_AGAIN | K_PASSES, 6) \
  X(timeout, K_AGAIN | K_PASSES, 6) \
  X(tls, 0, 6) \
  X(redirect, 0, 6) \
  X(proxy, 0, 6) \
  X(protocol, K_AGAIN | K_PASSES, 7) \
  X(too_large, 0, 7) \
  X(job_failed, K_FINAL, 1) \
  X(job_partial, K_FINAL, 3) \
  X(job_unknown, K_FINAL, 7) \
  X(deadline, K_CALLER, 124) \
  X(cancelled, K_CALLER, 130) \
  X(closed, K_CALLER, 7) \
  X(memory, 0, 7)

enum ges_kind {
#define X(name, flags, code)  GES_##name,
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
};

extern const struct ges_kind_row ges_kinds[GES_KIND_COUNT];

#pragma GCC visibility pop

#endif
