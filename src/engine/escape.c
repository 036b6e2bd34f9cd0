/* SPDX-License-Identifier: MIT
** escape.c - one character of a text, with its escapes undone (see escape.h).
*/
#include "escape.h"

#include <string.h>

#include "json.h"
#include "text.h"

#define ENTITY_MAX  12  /* characters between & and ; */

#define MORE  1         /* not a control character that has a letter */

/*
** The meaning of a byte after a backslash: a control character, MORE if the
** bytes that follow decide, and 0 if the byte stands for itself.
*/
static const unsigned char controls[256] = {
  ['a'] = '\a', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',
  ['t'] = '\t', ['v'] = '\v',
  ['u'] = MORE, ['x'] = MORE, ['%'] = MORE, ['&'] = MORE, ['\0'] = MORE,
  ['0'] = MORE, ['1'] = MORE, ['2'] = MORE, ['3'] = MORE,
};

/* The letters that the names of entities begin with. */
static const char entity_letters[] = "abcdeghlnpqrstvHNT";

/* The characters themselves, and their names (HTML, section 13.5). */
static const char *const entities[] = {
  "&amp", "<lt", ">gt", "\"quot", "'apos", "/sol", "+plus", "=equals",
  "\\bsol", "%percnt", "!excl", "#num", "$dollar", "(lpar", ")rpar",
  "*ast", ",comma", ".period", ":colon", ";semi", "?quest", "@commat",
  "[lsqb", "[lbrack", "]rsqb", "]rbrack", "^Hat", "_lowbar", "`grave",
  "{lcub", "{lbrace", "|vert", "|verbar", "}rcub", "}rbrace", "~tilde",
  "-hyphen", " nbsp", "\tTab", "\nNewLine",
};


/* Has a text bytes that escapes begin with? */
int ges_escape_any (const char *s, size_t n) {
  return memchr(s, '%', n) != NULL || memchr(s, '\\', n) != NULL
         || memchr(s, '&', n) != NULL;
}


/* Has a text escapes or line breaks? */
int ges_escape_odd (const char *s, size_t n) {
  return ges_escape_any(s, n) || memchr(s, '\n', n) != NULL
         || memchr(s, '\r', n) != NULL;
}


/* Marks the bytes of `list` as second bytes of these escapes. */
static void allow (unsigned char follow[256], const char *list, int leads) {
  for (; *list != '\0'; list++)
    follow[(unsigned char)*list] |= (unsigned char)leads;
}


/*
** Sets, for each byte, which escapes it may follow the first byte of: the first
** digits of another escape's code, of control characters and of entities.
*/
void ges_escape_follow (unsigned char follow[256]) {
  memset(follow, 0, 256);
  allow(follow, "25u", GES_LEAD_URL);       /* % & and a backslash */
  allow(follow, "ux0123%&", GES_LEAD_SLASH);
  allow(follow, entity_letters, GES_LEAD_HTML);
  allow(follow, "#", GES_LEAD_HTML);
}


/*
** The same for the numeric escapes of a character, whose first digit is that
** of its upper four bits.
*/
void ges_escape_allow (unsigned char follow[256], char c) {
  char hex[2];
  ges_put_hex(hex, (unsigned char)c, "0123456789ABCDEF");
  follow[(unsigned char)hex[0]] |= GES_LEAD_URL;
  follow[(unsigned char)ges_lower(hex[0])] |= GES_LEAD_URL;
}


/* A character being undone: a code point when `wide`, else a byte. */
struct code {
  long value;
  int wide;
};


/* Sets the character, unless `value` is negative. Returns `used`, or 0. */
static size_t take (struct code *c, long value, int wide, size_t used) {
  if (value < 0)
    return 0;
  c->value = value;
  c->wide = wide;
  return used;
}


static size_t undo_all (struct code *c, const char *s, size_t n, int nest);


/* After a percent sign: two digits, or u and four. */
static size_t undo_percent (struct code *c, const char *s, size_t n) {
  if (n > 0 && s[0] == 'u')
    return take(c, ges_digits(s + 1, n - 1, 4, 16), 1, 5);
  return take(c, ges_digits(s, n, 2, 16), 0, 2);
}


/* After \u: four digits; of a surrogate pair both halves. */
static size_t undo_utf16 (struct code *c, const char *s, size_t n) {
  long high = ges_digits(s, n, 4, 16), low = -1;
  if (high >= 0xD800 && high <= 0xDBFF && n >= 10 && s[4] == '\\'
      && s[5] == 'u')
    low = ges_digits(s + 6, n - 6, 4, 16);
  if (low >= 0xDC00 && low <= 0xDFFF)
    return take(c, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), 1, 11);
  return take(c, high, 1, 5);
}


/* After a backslash, if the next byte is MORE in `controls`. */
static size_t undo_more (struct code *c, const char *s, size_t n, int nest) {
  size_t used = 0;
  switch (s[0]) {
    case '\0':
      return 0;
    case 'u':
      used = undo_utf16(c, s + 1, n - 1);
      break;
    case 'x':
      used = take(c, ges_digits(s + 1, n - 1, 2, 16), 0, 3);
      break;
    case '%': case '&':
      c->value = (unsigned char)s[0];
      used = 1 + undo_all(c, s + 1, n - 1, nest);
      if (c->value < 256 && controls[c->value] > MORE)
        c->value = controls[c->value];
      break;
    default:
      used = take(c, ges_digits(s, n, 3, 8), 0, 3);
  }
  return used > 0 ? used : take(c, (unsigned char)s[0], 0, 1);
}


/*
** After a backslash: JSON's escapes, \xXX and \OOO of logs; any other character
** stands for itself. The next character may be escaped too, as in a JSON text
** inside a URL.
*/
static size_t undo_backslash (struct code *c, const char *s, size_t n,
                              int nest) {
  unsigned char control;
  if (n == 0)
    return 0;
  control = controls[(unsigned char)s[0]];
  if (control == MORE)
    return undo_more(c, s, n, nest);
  return take(c, control != 0 ? control : (unsigned char)s[0], 0, 1);
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
static size_t undo_entity (struct code *c, const char *s, size_t n) {
  char text[ENTITY_MAX] = "";
  size_t len = 0, at = 0;
  while (at < n && len < sizeof text) {
    struct code one;
    one.value = (unsigned char)s[at++];
    if (one.value == '%')
      at += undo_percent(&one, s + at, n - at);
    if (one.value == ';')
      return len < 2 ? 0
             : take(c, text[0] == '#' ? read_reference(text + 1, len - 1)
                       : read_name(text, len), 1, at);
    if (one.value == '&' || one.value > 126)
      return 0;
    text[len++] = (char)one.value;
  }
  return 0;
}


/* Undoes one escape: `c` is its first byte, `s` the rest. 0: no escape. */
static size_t undo (struct code *c, const char *s, size_t n, int nest) {
  switch (c->value) {
    case '%': return undo_percent(c, s, n);
    case '\\': return undo_backslash(c, s, n, nest);
    case '&': return undo_entity(c, s, n);
    default: return 0;
  }
}


/* Undoes up to `nest` nested escapes; returns how many bytes they have. */
static size_t undo_all (struct code *c, const char *s, size_t n, int nest) {
  size_t used = 0, more;
  while (nest-- > 0 && (more = undo(c, s + used, n - used, nest)) > 0)
    used += more;
  return used;
}


/*
** Reads the first character of `s` (n > 0) into `g`, with up to `nest` nested
** escapes undone. Returns how many bytes of `s` it has: a bounded number,
** except for the blanks after a line break.
*/
size_t ges_escape_read (const char *s, size_t n, int nest,
                        struct ges_glyph *g) {
  struct code c;
  size_t used;
  if (ges_escape_plain(s[0])) {
    g->n = 1;
    g->bytes[0] = (unsigned char)s[0];
    return 1;
  }
  c.value = (unsigned char)s[0];
  c.wide = 0;
  used = 1 + undo_all(&c, s + 1, n - 1, nest);
  g->n = 1;
  g->bytes[0] = c.value == ' ' ? '+' : (unsigned char)c.value;
  if (c.value == '\n' || c.value == '\r') {
    while (used < n && (s[used] == ' ' || s[used] == '\t'))
      used++;
    g->n = 0;
  }
  else if (c.wide && c.value >= 0x80)
    g->n = (unsigned)(ges_json_utf8((char *)g->bytes, c.value)
                      - (char *)g->bytes);
  return used;
}
