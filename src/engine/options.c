/* SPDX-License-Identifier: MIT
** options.c - the rows of options.h as a table, and the words in them. Owns
** nothing. Used by head.c, easy.c and src/lua.
*/
#include "options.h"

#include <string.h>

#define WORDS(text) \
  sizeof text > 1 ? "must be " text : NULL, sizeof text > 1 ? text : NULL

const struct ges_row ges_options[] = {
#define X(name, types, least, most, normal, calls, use, words, help) \
  { #name, types, least, most, normal, calls, use, WORDS(words), help },
  GES_OPTIONS(X)
#undef X
};

const ges_optset ges_in_head = 0
#define X(name, types, least, most, normal, calls, use, ...) \
  | ((use) & U_HEAD ? OPT(name) : 0)
  GES_OPTIONS(X)
#undef X
  ;


/*
** Finds the next word of a text such as "a, b or c": sets *words to where it
** begins, and returns its length. 0: there are no more. The caller goes on
** behind it.
*/
size_t ges_word_next (const char **words) {
  const char *s = *words + strspn(*words, ", ");
  if (strncmp(s, "or ", 3) == 0)
    s += 3;
  *words = s;
  return strcspn(s, ", ");
}


/* Is the text one of the row's words? */
int ges_word_is (const struct ges_row *row, const char *s, size_t n) {
  const char *word = row->words;
  size_t len;
  for (; (len = ges_word_next(&word)) > 0; word += len)
    if (len == n && memcmp(word, s, n) == 0)
      return 1;
  return 0;
}
