/* SPDX-License-Identifier: MIT
** err.h - the kinds of failure, and the one function every message passes
** through before anybody sees it. No Lua, no libcurl.
*/
#ifndef GES_ERR_H
#define GES_ERR_H

#include <stddef.h>

#include "buf.h"

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

#define GES_SECRETS_MAX  6

struct ges_secrets {      /* what must never be seen in a message */
  struct ges_slice of[GES_SECRETS_MAX];
  int n;
};

const char *ges_kind_name (enum ges_kind k);
int ges_kind_retryable (enum ges_kind k);
void ges_secrets_add (struct ges_secrets *all, const char *p, size_t n);
int ges_has_secret (const char *s, size_t n, const struct ges_secrets *all);
int ges_redact (struct ges_buf *out, const char *s, size_t n,
                const struct ges_secrets *all);
int ges_scrub (struct ges_buf *b, const struct ges_secrets *all);
int ges_clean (struct ges_buf *out, const char *s, size_t n,
               const struct ges_secrets *all);

#pragma GCC visibility pop

#endif
