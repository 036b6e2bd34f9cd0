/* SPDX-License-Identifier: MIT
** escape.c - reads a text with its escapes undone (see escape.h).
*/
#include "escape.h"

#include <string.h>

#include "json.h"
#include "text.h"

#define ENTITY_MAX  12  /* characters between & and ; */
#define GAP_MAX     16  /* line breaks in a row inside of a wrapped secret */

#define RAW  0x110000   /* added to a byte that is not ASCII */

#define MORE  1         /* not a control character that has a letter */

/*
** The meaning of a byte after a backslash: a control character, MORE if the
** bytes that follow decide, and 0 if the byte stands for itself.
*/
static const unsigned char controls[256] = {
  ['a'] = '\a', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',
  ['t'] = '\t', ['v'] = '\v',
  ['u'] = MORE, ['x'] = MORE, ['%'] = MORE, ['&'] = MORE,
  ['0'] = MORE, ['1'] = MORE, ['2'] = MORE, ['3'] = MORE,
};

/* The bytes that do not stand for themselves: see ges_escape_plain. */
const unsigned char ges_escape_special[256] = {
  ['%'] = 1, ['\\'] = 1, ['&'] = 1, [' '] = 1, ['\n'] = 1, ['\r'] = 1,
};

#define U  GES_LEAD_URL
#define S  GES_LEAD_SLASH
#define H  GES_LEAD_HTML
#define A  GES_LEAD_ANY

/*
** The bytes that may follow the first byte of an escape: digits, and the first
** letters of entities. After a backslash most characters stand for themselves:
** they are found without it. After any byte, the next may be an escape.
*/
const unsigned char ges_escape_second[256] = {
  ['0'] = U | S, ['1'] = U | S, ['2'] = U | S, ['3'] = U | S, ['4'] = U,
  ['5'] = U, ['6'] = U, ['7'] = U, ['8'] = U, ['9'] = U,
  ['A'] = U, ['B'] = U, ['C'] = U, ['D'] = U, ['E'] = U, ['F'] = U,
  ['a'] = U | H, ['b'] = U | H, ['c'] = U | H, ['d'] = U | H, ['e'] = U | H,
  ['f'] = U, ['g'] = H, ['h'] = H, ['l'] = H, ['n'] = H, ['p'] = H,
  ['q'] = H, ['r'] = H, ['s'] = H, ['t'] = H, ['v'] = H, ['H'] = H,
  ['N'] = H, ['T'] = H, ['#'] = H, ['u'] = U | S, ['x'] = S,
  ['%'] = S | A, ['&'] = S | A, ['\\'] = A, ['\n'] = A, ['\r'] = A,
};

/* The characters themselves, and their names (HTML, section 13.5). */
static const char *const entities[] = {
  "&amp", "<lt", ">gt", "\"quot", "'apos", "/sol", "+plus", "=equals",
  "\\bsol", "%percnt", "!excl", "#num", "$dollar", "(lpar", ")rpar",
  "*ast", ",comma", ".period", ":colon", ";semi", "?quest", "@commat",
  "[lsqb", "[lbrack", "]rsqb", "]rbrack", "^Hat", "_lowbar", "`grave",
  "{lcub", "{lbrace", "|vert", "|verbar", "}rcub", "}rbrace", "~tilde",
  "-hyphen", " nbsp", "\tTab", "\nNewLine",
};


/* Has a text bytes that escapes begin with, or line breaks? */
int ges_escape_odd (const char *s, size_t n) {
  static const char of[] = "%\\&\n\r";
  int i = 0;
  while (of[i] != '\0' && memchr(s, of[i], n) == NULL)
    i++;
  return of[i] != '\0';
}


/* Sets the character, unless `value` is negative. Returns `used`, or 0. */
static size_t take (long *c, long value, size_t used) {
  if (value < 0)
    return 0;
  *c = value;
  return used;
}


/* A character is a code point; a byte above 0x7F is no part of one. */
static long as_byte (long value) {
  return value < 0x80 ? value : RAW + value;
}


static size_t undo_all (long *c, const char *s, size_t n, int nest);


/* After a percent sign: two digits, or u and four. */
static size_t undo_percent (long *c, const char *s, size_t n) {
  if (n > 0 && s[0] == 'u')
    return take(c, ges_digits(s + 1, n - 1, 4, 16), 5);
  return take(c, as_byte(ges_digits(s, n, 2, 16)), 2);
}


/* After \u: four digits; of a surrogate pair both halves. */
static size_t undo_utf16 (long *c, const char *s, size_t n) {
  const char *end = s;
  long value = ges_json_unicode(&end, s + n);
  return take(c, value, 1 + (size_t)(end - s));
}


/*
** After a backslash: JSON's escapes, \xXX and \OOO of logs; any other character
** stands for itself. The next character may be escaped too, as in a JSON text
** inside a URL.
*/
static size_t undo_backslash (long *c, const char *s, size_t n, int nest) {
  unsigned char next, control;
  size_t used = 0;
  if (n == 0)
    return 0;
  next = (unsigned char)s[0];
  control = controls[next];
  if (control != MORE)
    return take(c, control != 0 ? control : next, 1);
  if (next == 'u')
    used = undo_utf16(c, s + 1, n - 1);
  else if (next == 'x')
    used = take(c, as_byte(ges_digits(s + 1, n - 1, 2, 16)), 3);
  else if (next == '%' || next == '&') {
    *c = next;
    used = 1 + undo_all(c, s + 1, n - 1, nest);
    if (*c < 256 && controls[*c] > MORE)
      *c = controls[*c];
  }
  else
    used = take(c, as_byte(ges_digits(s, n, 3, 8)), 3);
  return used > 0 ? used : take(c, next, 1);
}


/* The code of a numeric reference between &# and ; or -1. */
static long read_reference (const char *s, size_t n) {
  int hex = n > 0 && (s[0] == 'x' || s[0] == 'X');
  long value = n > (size_t)hex && n <= 8
               ? ges_digits(s + hex, n - (size_t)hex, n - (size_t)hex,
                            hex ? 16 : 10) : -1;
  return value <= 0x10FFFF ? value : -1;
}


/* The character of an entity's name (n > 0, any bytes), or -1. */
static long read_name (const char *s, size_t n) {
  size_t i;
  for (i = 0; i < sizeof entities / sizeof entities[0]; i++)
    if (entities[i][1] == s[0] && strlen(entities[i] + 1) == n
        && memcmp(entities[i] + 1, s, n) == 0)
      return entities[i][0];
  return -1;
}


/*
** After an ampersand: a numeric reference or a name, and its semicolon; each of
** their bytes may be written as %XX.
*/
static size_t undo_entity (long *c, const char *s, size_t n) {
  char text[ENTITY_MAX] = "";
  size_t len = 0, at = 0;
  while (at < n && len < sizeof text) {
    long one = (unsigned char)s[at++];
    if (one == '%')
      at += undo_percent(&one, s + at, n - at);
    if (one == ';')
      return len < 2 ? 0
             : take(c, text[0] == '#' ? read_reference(text + 1, len - 1)
                       : read_name(text, len), at);
    if (one == '&' || one > 126)
      return 0;
    text[len++] = (char)one;
  }
  return 0;
}


/* Undoes one escape: `c` is its first byte, `s` the rest. 0: no escape. */
static size_t undo (long *c, const char *s, size_t n, int nest) {
  switch (*c) {
    case '%': return undo_percent(c, s, n);
    case '\\': return undo_backslash(c, s, n, nest);
    case '&': return undo_entity(c, s, n);
    default: return 0;
  }
}


/* Undoes up to `nest` nested escapes; returns how many bytes they have. */
static size_t undo_all (long *c, const char *s, size_t n, int nest) {
  size_t used = 0, more;
  while (nest-- > 0 && (more = undo(c, s + used, n - used, nest)) > 0)
    used += more;
  return used;
}


/*
** Reads the next character: its bytes, or none if it is a line break, with the
** indentation after it. Few bytes of the text, but for that indentation.
*/
static void read_character (struct ges_reader *r) {
  long c = (unsigned char)*r->s;
  r->from = r->s++;
  r->s += undo_all(&c, r->s, (size_t)(r->end - r->s), r->nest);
  if (c >= 0x80 && c < RAW) {
    char utf8[4], *end = ges_json_utf8(utf8, c);
    while (end > utf8)
      r->bytes[r->left++] = (unsigned char)*--end;
  }
  else if (c != '\n' && c != '\r')
    r->bytes[r->left++] = c == ' ' ? '+' : (unsigned char)c;
  else
    while (r->s < r->end && (*r->s == ' ' || *r->s == '\t'))
      r->s++;
}


/* The part of ges_escape_next that is not inline. */
int ges_escape_more (struct ges_reader *r) {
  int gap = 0;
  while (r->left == 0) {
    if (r->s == r->end)
      return GES_END;
    if (gap++ > GAP_MAX)
      return GES_GAP;
    read_character(r);
  }
  return r->bytes[--r->left];
}
