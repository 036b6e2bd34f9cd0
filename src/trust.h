/* SPDX-License-Identifier: MIT
** trust.h - whose certificates a request believes: the CA options of an easy
** handle, and what stands in the folders and bundles that they name. Owns one
** certificate of the system's, found once in a process. Called by http.c only.
*/
#ifndef GES_TRUST_H
#define GES_TRUST_H

#include "request.h"

#pragma GCC visibility push(hidden)

int ges_trust_set (void *easy, const struct ges_request *r);

#pragma GCC visibility pop

#endif
