/* SPDX-License-Identifier: MIT
** kind.c - kinds of failure (see kind.h).
*/
#include "kind.h"

static const struct {
  const char *name;
  int flags, code;
} kinds[] = {
#define X(name, flags, code)  { #name, flags, code },
  GES_KINDS(X)
#undef X
};


const char *ges_kind_name (enum ges_kind k) {
  return kinds[k].name;
}


/* Has the kind this flag, one of K_*? */
int ges_kind_is (enum ges_kind k, int flag) {
  return (kinds[k].flags & flag) != 0;
}


int ges_kind_exit (enum ges_kind k) {
  return kinds[k].code;
}
