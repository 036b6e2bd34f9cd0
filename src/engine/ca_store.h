/* SPDX-License-Identifier: MIT
** ca_store.h - the certificate authorities of a request: which options,
** variables or files of the system name them, the options of an easy handle
** that follow, for a server and for an https:// proxy, and what is wrong with a
** file or folder of them. Owns what it found of the system's, for the process.
** Called by easy.c and outcome.c, and by src/lua/system.c for the variables.
*/
#ifndef GES_CA_STORE_H
#define GES_CA_STORE_H

#include "head.h"

#pragma GCC visibility push(hidden)

/* What is set for a handle. */
struct ges_trust {
  unsigned identity;    /* of the names and files of authorities; 0: none */
  unsigned char quick;  /* the system's folder stands for its bundle, too */
  unsigned char failed; /* this request failed so, and now uses both */
};

/* Where the authorities are; NULL: not there. */
struct ges_store {
  const char *file, *path;
  const char *file_by, *path_by;    /* the option or variable that says so */
  int system;                       /* of the system, which nothing names */
};

extern const char *const ges_ca_names[];  /* variables; NULL ends them */

typedef const char *(*ges_getenv) (void *ud, const char *name);

void ges_ca_variables (struct ges_store *s, ges_getenv get, void *ud);
int ges_ca_set (void *easy, const struct ges_head *h, struct ges_trust *t);
int ges_ca_current (const struct ges_head *h, const struct ges_trust *t);
int ges_ca_whole (void *easy, struct ges_trust *t);
void ges_ca_proved (const struct ges_trust *t);
int ges_ca_explain (const struct ges_head *h, int unreadable, char *out,
                    size_t size);

#pragma GCC visibility pop

#endif
