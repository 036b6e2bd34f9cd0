/* SPDX-License-Identifier: MIT
** ca_store.h - the CA store of a request: the CA options of an easy handle, and
** the contents of the folders and bundles that they name. Owns one certificate
** of the system's store, read once per process. Called by easy.c.
*/
#ifndef GES_CA_STORE_H
#define GES_CA_STORE_H

#include "head.h"

#pragma GCC visibility push(hidden)

int ges_ca_set (void *easy, const struct ges_head *h);

#pragma GCC visibility pop

#endif
