/* SPDX-License-Identifier: MIT
** sign.h - SDK-HMAC-SHA256: from a request to its Authorization header. Pure
** functions over bytes, but for ges_sign_clock; no Lua, no libcurl, nothing
** kept between calls. The one room that includes OpenSSL: hence its base64.
** Called by request.c of both folders for attempts signed with keys, by
** src/lua/sign.c for scripts, and by secrets.c.
*/
#ifndef GES_SIGN_H
#define GES_SIGN_H

#include <stddef.h>
#include <time.h>

#include "buf.h"
#include "url.h"

#pragma GCC visibility push(hidden)

#define GES_SIGN_DATE     17       /* "YYYYMMDDTHHMMSSZ" and its NUL */
#define GES_SIGN_HEADERS  64       /* most headers one request may sign */
#define GES_SIGN_MAX      1048576  /* longest canonical request */

/*
** One request, as it is going to be sent. The caller has refused control
** characters in everything that becomes a header, and keeps host, x-sdk-date
** and repeated names out of `headers`.
*/
struct ges_sign_input {
  const char *method;              /* upper case */
  const char *host;                /* as in the Host header; NULL: unsigned */
  const char *path;                /* not encoded; "" means "/" */
  size_t pathlen;
  const char *query;               /* as ges_url_query writes it */
  size_t querylen;
  const void *body;                /* NULL: no body */
  size_t bodylen;
  const char *date;                /* the value of X-Sdk-Date */
  const char *ak, *sk;
  const struct ges_pair *headers;  /* signed, except names with '_' */
  size_t nheaders;
};

int ges_sign_request (const struct ges_sign_input *in, struct ges_buf *out);
int ges_sign_clock (void);
int ges_sign_date (time_t now, char date[GES_SIGN_DATE]);
const char *ges_sign_check_date (const char *s, size_t n);
size_t ges_base64 (char *out, const char *s, size_t n);

#pragma GCC visibility pop

#endif
