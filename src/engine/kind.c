/* SPDX-License-Identifier: MIT
** kind.c - the rows of kind.h as a table.
*/
#include "kind.h"

const struct ges_kind_row ges_kinds[] = {
#define X(name, flags, code, meaning, advice) \
  { #name, flags, code, meaning, advice },
  GES_KINDS(X)
#undef X
};
