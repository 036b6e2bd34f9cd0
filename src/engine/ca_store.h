/* SPDX-License-Identifier: MIT
** ca_store.h - whose certificates a request believes: the CA options of an easy
** handle, and what stands in the folders and bundles that they name. Owns one
** certificate of the system's, found once in a process. Called by easy.c only.
*/
#ifndef GES_CA_STORE_H
#define GES_CA_STORE_H

#include "request.h"

#pragma GCC visibility push(hidden)

int ges_ca_set (void *easy, const struct ges_head *h);

#pragma GCC visibility pop

#endif
