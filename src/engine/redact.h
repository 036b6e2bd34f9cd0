/* SPDX-License-Identifier: MIT
** redact.h - secrets, and how they are kept out of what a user sees.
** In a response, a secret or a beginning of it is replaced by a mark; messages
** are redacted more strictly (sanitize.h). Linear in the text, whatever its
** bytes are. Secrets are borrowed; owns nothing. No Lua, no libcurl. Called by
** outcome.c and response.c for responses, by sanitize.c for messages, and by
** secrets.c, request.c and laux.c, which note secrets.
*/
#ifndef GES_REDACT_H
#define GES_REDACT_H

#include <stddef.h>

#include "buf.h"
#include "kind.h"

#pragma GCC visibility push(hidden)

#define GES_SECRETS_MAX  64     /* of one request */
#define GES_REDACTED     "<redacted>"

struct ges_secrets {      /* what must not appear in a message */
  struct ges_slice of[GES_SECRETS_MAX];
  unsigned long long odd; /* a bit for each with escapes or line breaks */
  int n;
};

int ges_secrets_add (struct ges_secrets *all, const char *p, size_t n);
int ges_has_secret (const char *s, size_t n, const struct ges_secrets *all);
int ges_redact_buf (struct ges_buf *b, const struct ges_secrets *all);
int ges_redact (struct ges_buf *out, const char *s, size_t n,
                const struct ges_secrets *all, size_t limit);

#pragma GCC visibility pop

#endif
