/* SPDX-License-Identifier: MIT
** trust.h - whom to trust: the CA options of one CURL easy handle.
** Owns what was found out about the system's certificates, once per process.
** Called by http.c only; no Lua.
*/
#ifndef GES_TRUST_H
#define GES_TRUST_H

#include "request.h"

#pragma GCC visibility push(hidden)

int ges_trust_set (void *easy, const struct ges_request *r);

#pragma GCC visibility pop

#endif
