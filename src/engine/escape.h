/* SPDX-License-Identifier: MIT
** escape.h - one character of a text, with its escapes undone.
** An echo of a secret may be escaped as in a URL, in JSON, in HTML or in a
** log, once or several times, and be wrapped over lines. Pure: owns nothing.
** Called by redact.c and sanitize.c.
*/
#ifndef GES_ESCAPE_H
#define GES_ESCAPE_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* The escapes that begin with %, with a backslash and with &. */
#define GES_LEAD_URL   1
#define GES_LEAD_SLASH 2
#define GES_LEAD_HTML  4

struct ges_glyph {
  unsigned char bytes[4];       /* a blank is written '+', as in forms */
  unsigned n;                   /* 0: a line break, with its indentation */
};

#define GES_NEST_MAX  8         /* escapes of escapes that are undone */

/* Is it a byte that begins no escape, no blank and no line break? */
static inline int ges_escape_plain (char c) {
  return c > '+' ? c != '\\'
         : c != '%' && c != '&' && c != ' ' && c != '\n' && c != '\r';
}

int ges_escape_any (const char *s, size_t n);
int ges_escape_odd (const char *s, size_t n);
void ges_escape_follow (unsigned char follow[256]);
void ges_escape_allow (unsigned char follow[256], char c);
size_t ges_escape_read (const char *s, size_t n, int nest,
                        struct ges_glyph *g);

#pragma GCC visibility pop

#endif
