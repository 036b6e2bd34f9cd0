/* SPDX-License-Identifier: MIT
** prepare.h - core.prepare: from a call's table of options and a client's
** defaults to a request. Owns nothing: the request is the caller's. Called by
** core.c; request.c calls core.prepare as Lua does.
*/
#ifndef GESL_PREPARE_H
#define GESL_PREPARE_H

#include "laux.h"

#pragma GCC visibility push(hidden)

int gesL_prepare (lua_State *L);
void gesL_openprepare (lua_State *L);

#pragma GCC visibility pop

#endif
