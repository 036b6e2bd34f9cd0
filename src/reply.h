/* SPDX-License-Identifier: MIT
** reply.h - what came back of one exchange, besides its body.
** Plain data of fixed size, so that keeping it never fails. Pure: no I/O, no
** Lua, no libcurl. Filled by http.c, read by the Lua side.
*/
#ifndef GES_REPLY_H
#define GES_REPLY_H

#include <stddef.h>

#include "redact.h"

#pragma GCC visibility push(hidden)

#define GES_TEXT_MAX  384       /* a transport failure's own words */

struct ges_reply {
  enum ges_kind kind;           /* GES_none: a final response arrived */
  long status;
  double retry_after;           /* seconds; < 0: none, or none usable */
  double retry_at;              /* the same as a date, epoch; < 0: none */
  char date[40];                /* the server's clock, as it wrote it */
  char request_id[80];
  char location[128];           /* host of a redirect, "" when relative */
  char text[GES_TEXT_MAX];      /* why there is no response; not cleaned */
  unsigned char encoded;        /* a Content-Encoding nobody asked for */
  unsigned char whole;          /* the empty line after the headers came */
  unsigned char unsent;         /* it ended before anything was sent */
};

void ges_reply_clear (struct ges_reply *r);
void ges_reply_fail (struct ges_reply *r, enum ges_kind kind,
                     const char *text);
void ges_reply_header (struct ges_reply *r, const char *line, size_t n,
                       const struct ges_secrets *secrets);
double ges_reply_wait (const struct ges_reply *r, double wall);
double ges_reply_date (const char *text);

#pragma GCC visibility pop

#endif
