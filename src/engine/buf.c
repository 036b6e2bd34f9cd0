/* SPDX-License-Identifier: MIT
** buf.c - growing bytes with a ceiling (see buf.h).
*/
#include "buf.h"

#include <stdlib.h>
#include <string.h>

#define MINCAP  64   /* first block: most header lines and paths fit */


/*
** A memset that the compiler may not drop as a dead store: the call goes
** through a volatile pointer, so it has to happen.
*/
void ges_wipe (void *p, size_t n) {
  void *(*const volatile fill) (void *, int, size_t) = memset;
  if (p != NULL && n > 0)
    fill(p, 0, n);
}


void ges_buf_init (struct ges_buf *b, size_t max, int secret) {
  memset(b, 0, sizeof *b);
  b->max = max;
  b->secret = (unsigned char)(secret != 0);
}


void ges_buf_free (struct ges_buf *b) {
  if (b->secret)
    ges_wipe(b->data, b->len);  /* every shortening has wiped the rest */
  free(b->data);
  b->data = NULL;
  b->len = b->cap = 0;
}


/*
** Empties the buffer for the next use and forgets a failure; the block is
** kept, because the next response is about as long as the last one.
*/
void ges_buf_clear (struct ges_buf *b) {
  if (b->secret)
    ges_wipe(b->data, b->len);
  b->len = 0;
  b->failed = 0;
}


static int buf_fail (struct ges_buf *b) {
  ges_buf_free(b);
  b->failed = 1;
  return -1;
}


/*
** Moves the contents to a block of `cap` bytes. A secret one is not left to
** realloc, which may leave the old bytes behind.
*/
static int buf_move (struct ges_buf *b, size_t cap) {
  char *data = b->secret ? malloc(cap) : realloc(b->data, cap);
  if (data == NULL)
    return buf_fail(b);
  if (b->secret) {
    if (b->len > 0)
      memcpy(data, b->data, b->len);
    ges_wipe(b->data, b->len);
    free(b->data);
  }
  b->data = data;
  b->cap = cap;
  return 0;
}


/*
** Makes room for `n` more bytes and a final NUL. Returns 0, or -1 when that
** would pass the ceiling or memory is out.
*/
int ges_buf_reserve (struct ges_buf *b, size_t n) {
  size_t need, cap;
  if (b->failed)
    return -1;
  if (n > b->max - b->len)
    return buf_fail(b);
  need = b->len + n + 1;
  if (need <= b->cap)
    return 0;
  cap = b->cap < MINCAP ? MINCAP : b->cap;
  while (cap < need)
    cap = cap <= b->max / 2 ? cap * 2 : b->max + 1;
  return buf_move(b, cap);
}


int ges_buf_add (struct ges_buf *b, const void *p, size_t n) {
  if (ges_buf_reserve(b, n) != 0)
    return -1;
  if (n > 0)
    memcpy(b->data + b->len, p, n);
  b->len += n;
  return 0;
}


int ges_buf_puts (struct ges_buf *b, const char *s) {
  return ges_buf_add(b, s, strlen(s));
}


int ges_buf_putc (struct ges_buf *b, char c) {
  return ges_buf_add(b, &c, 1);
}


/*
** The contents as a C string (the NUL is not counted), or NULL when an
** append failed. Valid until the next append.
*/
const char *ges_buf_cstr (struct ges_buf *b) {
  if (ges_buf_reserve(b, 0) != 0)
    return NULL;
  b->data[b->len] = '\0';
  return b->data;
}


int ges_buf_same (const struct ges_buf *a, const struct ges_buf *b) {
  return a->len == b->len
         && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}
