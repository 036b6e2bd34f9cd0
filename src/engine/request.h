/* SPDX-License-Identifier: MIT
** request.h - what to ask, and the copies an exchange makes of it: header
** lines, secrets, transport options. Owns nothing: the buffers are easy.c's,
** its only caller. No Lua, no libcurl.
*/
#ifndef GES_REQUEST_H
#define GES_REQUEST_H

#include <stddef.h>

#include "buf.h"
#include "redact.h"
#include "url.h"

#pragma GCC visibility push(hidden)

#define GES_HEADERS_MAX  33       /* request headers, ours and the caller's */

/*
** What to ask. Every pointer is borrowed and only read by ges_easy_prepare,
** which copies what the exchange needs.
*/
struct ges_request {
  struct ges_endpoint to;
  const char *method;             /* NULL: GET */
  struct ges_slice path;          /* percent-encoded, after the prefix */
  struct ges_slice query;         /* percent-encoded, may be empty */
  struct ges_slice body;          /* p == NULL: none */
  struct ges_pair headers[GES_HEADERS_MAX];
  int nheaders;
  struct ges_secrets secrets;     /* kept out of every message */
  const char *ca_file, *ca_path;  /* NULL: libcurl's own */
  const char *client_cert, *client_key;
  const char *proxy, *no_proxy;   /* NULL: environment */
  int verify;                     /* 0 only when the caller said so */
  int many;                       /* others are in flight: prefer HTTP/2 */
  int keep_head;                  /* the caller wants all response headers */
  size_t max_body;
  long connect_ms;
  long timeout_ms;                /* of the attempt, from ges_engine_add on */
};

int ges_request_same (const struct ges_request *r,
                      const struct ges_buf *lines);
int ges_request_lines (const struct ges_request *r, struct ges_buf *lines,
                       size_t at[GES_HEADERS_MAX]);
int ges_request_secrets (const struct ges_request *r,
                         const struct ges_buf *lines, struct ges_buf *keys,
                         struct ges_secrets *out);
int ges_request_conf (const struct ges_request *r, struct ges_buf *b);

#pragma GCC visibility pop

#endif
