/* SPDX-License-Identifier: MIT
** kind.c - kinds of failure (see kind.h).
*/
#include "kind.h"


const char *ges_kind_name (enum ges_kind k) {
  static const char *const names[] = {
#define X(name, again)  #name,
    GES_KINDS(X)
#undef X
  };
  return names[k];
}


int ges_kind_retryable (enum ges_kind k) {
  static const unsigned char flags[] = {
#define X(name, again)  again,
    GES_KINDS(X)
#undef X
  };
  return flags[k];
}
