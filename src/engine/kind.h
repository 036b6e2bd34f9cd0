/* SPDX-License-Identifier: MIT
** kind.h - the kinds of failure. Used by every file that can fail; knows
** neither Lua nor libcurl.
*/
#ifndef GES_KIND_H
#define GES_KIND_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* X(name, may another attempt succeed?): public names, see README */
#define GES_KINDS(X) \
  X(none, 0) X(argument, 0) X(credentials, 0) X(auth, 0) X(forbidden, 0) \
  X(not_found, 0) X(bad_request, 0) X(throttled, 1) X(unavailable, 1) \
  X(dns, 1) X(connect, 1) X(network, 1) X(timeout, 1) X(tls, 0) \
  X(redirect, 0) X(proxy, 0) X(protocol, 1) X(too_large, 0) X(closed, 0) \
  X(cancelled, 0) X(memory, 0)

enum ges_kind {
#define X(name, again)  GES_##name,
  GES_KINDS(X)
#undef X
  GES_KIND_COUNT
};

struct ges_slice {        /* borrowed bytes */
  const char *p;
  size_t n;
};

const char *ges_kind_name (enum ges_kind k);
int ges_kind_retryable (enum ges_kind k);

#pragma GCC visibility pop

#endif
