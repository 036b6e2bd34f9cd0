/* SPDX-License-Identifier: MIT
** url.h - endpoint, ids, path, query and header values: what is accepted, and
** how it is written. Pure functions over bytes: no I/O, no Lua, no libcurl. Why
** a value is refused is a constant text that does not quote it, so that a
** secret in the wrong option cannot leak. Called by head.c, secrets.c, laux.c,
** prepare.c, and request.c and sign.c of both folders.
*/
#ifndef GES_URL_H
#define GES_URL_H

#include <stddef.h>

#include "buf.h"

#pragma GCC visibility push(hidden)

#define GES_ID_MAX        128     /* longest project, graph or job id */
#define GES_NAME_MAX      512     /* longest name of a project or graph */
#define GES_ENDPOINT_MAX  2048    /* longest endpoint */
#define GES_HOST_BYTES    255     /* longest host */
#define GES_TOKEN_MAX     131072  /* the gateway takes 128 KiB of headers */

/* An endpoint; the prefix is a slice of the text it was read from. */
struct ges_endpoint {
  char host[GES_HOST_BYTES + 1];  /* canonical; IPv6 with its brackets */
  size_t hostlen;
  const char *prefix;     /* "" or "/a/b", without a final slash */
  size_t prefixlen;
  unsigned port;          /* 0: the scheme's default, written out or not */
  unsigned char https;
  unsigned char numeric;  /* an IPv4 address */
  unsigned char loopback; /* localhost, 127.0.0.0/8, [::1] or that of IPv4 */
};

struct ges_pair {         /* a name and a value, neither NUL-terminated */
  const char *name;
  size_t namelen;
  const char *value;
  size_t valuelen;
};

int ges_pair_named (const struct ges_pair *p, const char *lower);
const char *ges_url_endpoint (const char *s, size_t n,
                              struct ges_endpoint *e);
const char *ges_url_id (const char *s, size_t n);
const char *ges_url_name (const char *s, size_t n);
const char *ges_url_token (const char *s, size_t n);
const char *ges_url_path (const char *s, size_t n);
const char *ges_url_header (const char *s, size_t n);
int ges_url_encode (struct ges_buf *b, const char *s, size_t n,
                    int keep_slash);
size_t ges_url_decode (char *out, const char *s, size_t n);
int ges_url_query (struct ges_buf *b, struct ges_pair *pairs, size_t n);
int ges_url_origin (struct ges_buf *b, const struct ges_endpoint *e);

#pragma GCC visibility pop

#endif
