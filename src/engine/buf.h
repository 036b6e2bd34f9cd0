/* SPDX-License-Identifier: MIT
** buf.h - growing bytes with a ceiling.
** Owns one malloc'ed block per buffer. Knows neither Lua nor libcurl. A failed
** append leaves an empty buffer whose `failed` mark stays until ges_buf_clear,
** so that a chain of appends needs one check at its end.
*/
#ifndef GES_BUF_H
#define GES_BUF_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

struct ges_buf {
  char *data;             /* NULL until the first byte */
  size_t len;             /* bytes in use */
  size_t cap;             /* bytes allocated */
  size_t max;             /* `len` never exceeds this */
  unsigned char secret;   /* wipe the bytes before they are given back */
  unsigned char failed;   /* an append went over `max` or out of memory */
};

static inline size_t ges_longer (size_t a, size_t b) {
  return a > b ? a : b;
}

void ges_buf_init (struct ges_buf *b, size_t max, int secret);
int ges_buf_reserve (struct ges_buf *b, size_t n);
int ges_buf_add (struct ges_buf *b, const void *p, size_t n);
int ges_buf_puts (struct ges_buf *b, const char *s);
int ges_buf_putc (struct ges_buf *b, char c);
const char *ges_buf_cstr (struct ges_buf *b);
int ges_buf_same (const struct ges_buf *a, const struct ges_buf *b);
void ges_buf_clear (struct ges_buf *b);
void ges_buf_free (struct ges_buf *b);
void ges_wipe (void *p, size_t n);

#pragma GCC visibility pop

#endif
