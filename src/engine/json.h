/* SPDX-License-Identifier: MIT
** json.h - the tokens of JSON (RFC 8259): strings, numbers, literals.
** Pure; owns nothing; no Lua, no libcurl. Called by decode.c, which makes Lua
** values of them, by result.c, secrets.c and escape.c.
*/
#ifndef GES_JSON_H
#define GES_JSON_H

#include <stddef.h>

#include "kind.h"

struct ges_json {               /* what is left to read */
  const char *p, *end;
};

struct ges_number {
  int whole;                    /* written with digits only; `i` has it */
  long long i;
  double d;                     /* always set; may be infinite */
};

#pragma GCC visibility push(hidden)

void ges_json_begin (struct ges_json *j, const char *s, size_t n);
int ges_json_peek (struct ges_json *j);
int ges_json_string (struct ges_json *j, struct ges_slice *s, int *escaped);
size_t ges_json_unescape (const char *s, size_t n, char *out);
long ges_json_unicode (const char **p, const char *end);
char *ges_json_utf8 (char *out, long c);
int ges_json_number (struct ges_json *j, struct ges_number *n);
int ges_json_word (struct ges_json *j);

#pragma GCC visibility pop

#endif
