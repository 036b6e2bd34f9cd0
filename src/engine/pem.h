/* SPDX-License-Identifier: MIT
** pem.h - files and folders of certificates and keys: what is in them, as far
** as that is seen without a TLS library. Only regular files are read, and of
** those at most 4 MiB. Owns nothing. No Lua, no libcurl. Called by head.c,
** easy.c, outcome.c and ca_store.c.
*/
#ifndef GES_PEM_H
#define GES_PEM_H

#include <stddef.h>

#include "buf.h"

#pragma GCC visibility push(hidden)

unsigned ges_pem_mark (unsigned hash, const char *name);
const char *ges_pem_safe (const char *name);
int ges_pem_equal (const char *bundle, const char *folder);
int ges_pem_keyless (const char *name);
const char *ges_pem_fault (const char *name, char *out, size_t size);
const char *ges_pem_folder_fault (const char *name, char *out, size_t size);
const char *ges_pem_own_fault (const char *name, char *out, size_t size);

#pragma GCC visibility pop

#endif
