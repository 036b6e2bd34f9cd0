/* SPDX-License-Identifier: MIT
** response.h - status and header fields of one response, or why there is none.
** Plain data of fixed size, so that to keep it needs no memory. Pure: no I/O,
** no Lua; of libcurl only the reader of dates. Called by easy.c and outcome.c,
** which fill it, and by laux.c, error_body.c and result.c, which read it.
*/
#ifndef GES_RESPONSE_H
#define GES_RESPONSE_H

#include <stddef.h>

#include "redact.h"

#pragma GCC visibility push(hidden)

#define GES_TEXT_MAX  384       /* bytes of libcurl's message */

struct ges_response {
  enum ges_kind kind;           /* GES_none: a final response arrived */
  long status;
  double retry_after;           /* seconds; < 0: none or malformed */
  double retry_at;              /* the same as a date, epoch; < 0: none */
  char date[40];                /* the server's clock, as it wrote it */
  char request_id[80];
  char location[128];           /* host of a redirect, "" when relative */
  char text[GES_TEXT_MAX];      /* why there is no response; not sanitized */
  char coding[20];              /* how the body is coded, against our wish */
  unsigned char begun;          /* its status line came */
  unsigned char whole;          /* the empty line after the headers came */
  unsigned char unsent;         /* it ended before anything was sent */
  unsigned char cut;            /* the body is longer than what was read */
};

void ges_response_clear (struct ges_response *r);
void ges_response_fail (struct ges_response *r, enum ges_kind kind,
                     const char *text);
void ges_response_id (struct ges_response *r, struct ges_slice id,
                      const struct ges_secrets *secrets);
void ges_response_header (struct ges_response *r, const char *line, size_t n,
                       const struct ges_secrets *secrets);
double ges_response_wait (const struct ges_response *r, double wall);
double ges_response_date (const char *text);

#pragma GCC visibility pop

#endif
