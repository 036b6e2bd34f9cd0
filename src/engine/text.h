/* SPDX-License-Identifier: MIT
** text.h - classes of ASCII characters, independent of the locale: in that of a
** host program 0xE9 may be a letter. Pure inline functions; owns nothing.
** Called by every file of src that parses text.
*/
#ifndef GES_TEXT_H
#define GES_TEXT_H

#include <stddef.h>

static inline int ges_is_digit (char c) {
  return c >= '0' && c <= '9';
}


static inline char ges_lower (char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}


/* Below 0x20, or DEL. */
static inline int ges_is_control (char c) {
  return (unsigned char)c < 0x20 || c == 0x7F;
}


static inline int ges_is_alnum (char c) {
  return ges_is_digit(c) || (ges_lower(c) >= 'a' && ges_lower(c) <= 'z');
}


/* The value of a hexadecimal digit, or -1. */
static inline int ges_hex_value (char c) {
  char l = ges_lower(c);
  return ges_is_digit(c) ? c - '0'
         : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}


/* The value of the `count` digits of a base (up to 16) at `s`, or -1. */
static inline long ges_digits (const char *s, size_t n, size_t count,
                               int base) {
  long value = 0;
  size_t i;
  if (n < count)
    return -1;
  for (i = 0; i < count; i++) {
    int digit = ges_hex_value(s[i]);
    if (digit < 0 || digit >= base)
      return -1;
    value = value * base + digit;
  }
  return value;
}


/* How many of `n` bytes are left without half of a character at their end. */
static inline size_t ges_whole_utf8 (const char *s, size_t n) {
  size_t i = n, left = n < 4 ? n : 4;
  while (left-- > 0 && i-- > 0) {
    unsigned char c = (unsigned char)s[i];
    if ((c & 0xC0) != 0x80) {
      size_t size = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
      return n - i < size ? i : n;
    }
  }
  return n;                     /* it is not UTF-8 */
}


/* Are `n` bytes equal, whatever the case of letters? */
static inline int ges_same_nocase (const char *s, const char *t, size_t n) {
  size_t i = 0;
  while (i < n && ges_lower(s[i]) == ges_lower(t[i]))
    i++;
  return i == n;
}


/* Trims the value of a header: blanks, and at its end control characters. */
static inline void ges_trim (const char **s, size_t *n) {
  for (; *n > 0 && (**s == ' ' || **s == '\t'); --*n)
    ++*s;
  while (*n > 0 && (unsigned char)(*s)[*n - 1] <= ' ')
    --*n;
}


/* Writes a byte with two of the sixteen `digits`. */
static inline void ges_put_hex (char *out, unsigned char c,
                                const char *digits) {
  out[0] = digits[c >> 4];
  out[1] = digits[c & 15];
}

#endif
