/* SPDX-License-Identifier: MIT
** escape.h - reads a text with its escapes undone.
** An echo of a secret may be escaped as in a URL, in JSON, in HTML or in a
** log, once or several times, and be wrapped over lines. One reader serves
** texts and secrets alike, so that both are compared byte by byte. Owns
** nothing. Called by redact.c and sanitize.c.
*/
#ifndef GES_ESCAPE_H
#define GES_ESCAPE_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* The escapes that begin with %, with a backslash and with &. */
#define GES_LEAD_URL   1
#define GES_LEAD_SLASH 2
#define GES_LEAD_HTML  4
#define GES_LEAD_ANY   8        /* a byte that goes on with another escape */

#define GES_NEST_MAX  8         /* escapes of escapes that are undone */

/* What ges_escape_next returns instead of a byte. */
#define GES_END  (-1)           /* the text is over */
#define GES_GAP  (-2)           /* more line breaks than a wrapped text has */

struct ges_reader {
  const char *s, *end;          /* what is left */
  const char *from;             /* where the last character began */
  int nest;                     /* how many nested escapes are undone */
  unsigned left;                /* bytes of the character not yet returned */
  unsigned char bytes[4];       /* the character, its last byte first */
};

extern const unsigned char ges_escape_special[256];
extern const unsigned char ges_escape_second[256];

/* Is it a byte that begins no escape, no blank and no line break? */
static inline int ges_escape_plain (char c) {
  return !ges_escape_special[(unsigned char)c];
}

static inline struct ges_reader ges_escape_reader (const char *s, size_t n,
                                                   int nest) {
  struct ges_reader r;
  r.s = r.from = s;
  r.end = s + n;
  r.nest = nest;
  r.left = 0;
  return r;
}

int ges_escape_more (struct ges_reader *r);

/* The next byte of the text, without line breaks; a blank is '+'. */
static inline int ges_escape_next (struct ges_reader *r) {
  if (r->left > 0 || r->s == r->end || !ges_escape_plain(*r->s))
    return ges_escape_more(r);
  r->from = r->s++;
  return (unsigned char)*r->from;
}

int ges_escape_odd (const char *s, size_t n);

#pragma GCC visibility pop

#endif
