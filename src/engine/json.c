/* SPDX-License-Identifier: MIT
** json.c - the tokens of JSON (see json.h).
*/
#include "json.h"

#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define DIGITS_MAX  19          /* that 64 bits hold */
#define NUMBER_MAX  400         /* characters of a number */
#define NOT_ONE     0xFFFD      /* instead of what is no character */


/* Classes of characters, for a loop that tests one after the other. */
enum { SPACE = 1, STOP = 2 };

static const unsigned char kinds[256] = {
  [' '] = SPACE, ['\n'] = SPACE, ['\r'] = SPACE, ['\t'] = SPACE,
  ['"'] = STOP, ['\\'] = STOP,
};

#define IS(c, kind)  (kinds[(unsigned char)(c)] == (kind))


/* How many bytes at `s` mean nothing around a text: a mark, NUL or space. */
static size_t blank (const char *s, size_t n) {
  return n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0 ? 3
         : n > 0 && (*s == '\0' || IS(*s, SPACE));
}


/*
** Begins to read a text, without what stands around it: byte order marks, white
** space and NUL.
*/
void ges_json_begin (struct ges_json *j, const char *s, size_t n) {
  const char *end = s + n;
  size_t used;
  while ((used = blank(s, (size_t)(end - s))) > 0)
    s += used;
  while (end > s)
    if (blank(end - 1, 1))
      end--;
    else if (end - s >= 3 && blank(end - 3, 3) == 3)
      end -= 3;
    else
      break;
  j->p = s;
  j->end = end;
}


/* Skips white space; returns the next character without reading it, or 0. */
int ges_json_peek (struct ges_json *j) {
  const char *p = j->p, *end = j->end;
  while (p < end && IS(*p, SPACE))
    p++;
  j->p = p;
  return p < end ? (unsigned char)*p : 0;
}


/*
** Reads the string whose opening quote is next: `s` is what stands between the
** quotes, with its escapes; `escaped` says whether there are any. Returns 0 if
** the string does not end.
*/
int ges_json_string (struct ges_json *j, struct ges_slice *s, int *escaped) {
  const char *p = j->p + 1, *end = j->end;
  s->p = p;
  *escaped = 0;
  for (;;) {
    while (p < end && !IS(*p, STOP))
      p++;
    if (p == end)
      return 0;
    if (*p == '"')
      break;
    *escaped = 1;
    if (end - p < 2)
      return 0;
    p += 2;                                 /* read by ges_json_unescape */
  }
  s->n = (size_t)(p - s->p);
  j->p = p + 1;
  return 1;
}


/*
** The character of the XXXX after \u at `*p`, a surrogate pair taken
** together, and U+FFFD for half of one, as a program that counts in UTF-16
** leaves it behind; -1: malformed. Moves `*p` behind what it used.
*/
long ges_json_unicode (const char **p, const char *end) {
  const char *s = *p;
  long high = ges_digits(s, (size_t)(end - s), 4, 16), low;
  if (high < 0)
    return -1;
  *p = s + 4;
  if (high < 0xD800 || high > 0xDFFF)
    return high;
  if (high > 0xDBFF || end - s < 10 || s[4] != '\\' || s[5] != 'u')
    return NOT_ONE;
  low = ges_digits(s + 6, 4, 4, 16);
  if (low < 0xDC00 || low > 0xDFFF)
    return NOT_ONE;
  *p = s + 10;
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}


/*
** Writes a character as UTF-8, at most four bytes and never longer than its
** escape was; returns where they end.
*/
char *ges_json_utf8 (char *out, long c) {
  if (c < 0x80) {
    *out++ = (char)c;
    return out;
  }
  if (c < 0x800)
    *out++ = (char)(0xC0 | (c >> 6));
  else {
    if (c < 0x10000)
      *out++ = (char)(0xE0 | (c >> 12));
    else {
      *out++ = (char)(0xF0 | (c >> 18));
      *out++ = (char)(0x80 | ((c >> 12) & 0x3F));
    }
    *out++ = (char)(0x80 | ((c >> 6) & 0x3F));
  }
  *out++ = (char)(0x80 | (c & 0x3F));
  return out;
}


/*
** Undoes the escapes of `n` bytes into `out`, which has as much room. What is
** no escape of JSON (C:\path, or one that was cut) stays as it is: a flaw in a
** text costs no more than that. Returns the length.
*/
size_t ges_json_unescape (const char *s, size_t n, char *out) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  const char *end = s + n, *name;
  char *to = out;
  while (s < end) {
    char c = *s++, next = s < end ? *s : '\0';
    if (c == '\\' && next == 'u') {
      const char *after = s + 1;
      long code = ges_json_unicode(&after, end);
      if (code >= 0) {
        to = ges_json_utf8(to, code);
        s = after;
        continue;
      }
    }
    else if (c == '\\' && next != '\0'
             && (name = strchr(names, next)) != NULL) {
      *to++ = values[name - names];
      s++;
      continue;
    }
    *to++ = c;
  }
  return (size_t)(to - out);
}


/* Skips digits; returns whether there were any. */
static int digits (struct ges_json *j) {
  const char *p = j->p;
  while (p < j->end && ges_is_digit(*p))
    p++;
  if (p == j->p)
    return 0;
  j->p = p;
  return 1;
}


/* Skips `first` or `other`, if one of them is next. */
static int skip_char (struct ges_json *j, char first, char other) {
  if (j->p == j->end || (*j->p != first && *j->p != other))
    return 0;
  j->p++;
  return 1;
}


/*
** strtod expects the decimal point of the locale, which a host program may have
** set to a comma.
*/
static int to_double (const char *s, size_t n, double *d) {
  char text[NUMBER_MAX], *dot;
  if (n >= sizeof text)
    return 0;
  memcpy(text, s, n);
  text[n] = '\0';
  if ((dot = strchr(text, '.')) != NULL)
    *dot = localeconv()->decimal_point[0];
  *d = strtod(text, NULL);
  return 1;
}


/* The value of DIGITS_MAX digits at most; returns 0 when it does not fit. */
static int to_integer (const char *s, const char *end, int minus,
                       long long *i) {
  unsigned long long n = 0;
  for (; s < end; s++)
    n = n * 10 + (unsigned)(*s - '0');
  if (n > (unsigned long long)LLONG_MAX + (minus != 0))
    return 0;
  *i = minus ? (long long)(0 - n) : (long long)n;
  return 1;
}


/* Reads the number that is next. Returns 0 if it is malformed. */
int ges_json_number (struct ges_json *j, struct ges_number *n) {
  const char *start = j->p, *first;
  int minus = skip_char(j, '-', '-');
  first = j->p;
  if (!digits(j) || (*first == '0' && j->p - first > 1))
    return 0;
  n->whole = j->p - first <= DIGITS_MAX;
  if (skip_char(j, '.', '.')) {
    n->whole = 0;
    if (!digits(j))
      return 0;
  }
  if (skip_char(j, 'e', 'E')) {
    n->whole = 0;
    skip_char(j, '+', '-');
    if (!digits(j))
      return 0;
  }
  if (n->whole)
    n->whole = to_integer(first, j->p, minus, &n->i);
  if (!n->whole)
    return to_double(start, (size_t)(j->p - start), &n->d);
  n->d = (double)n->i;
  return 1;
}


/* Reads true, false or null; returns its first letter, or 0. */
int ges_json_word (struct ges_json *j) {
  size_t left = (size_t)(j->end - j->p);
  const char *word = left == 0 ? "" : *j->p == 'n' ? "null"
                     : *j->p == 't' ? "true" : "false";
  size_t n = strlen(word);
  if (n == 0 || left < n || memcmp(j->p, word, n) != 0)
    return 0;
  j->p += n;
  return word[0];
}
