/* SPDX-License-Identifier: MIT
** queue.h - atomic changes of plain tables. Owns nothing. Called by core.c,
** which registers the functions.
*/
#ifndef GESL_QUEUE_H
#define GESL_QUEUE_H

#include "compat.h"

#pragma GCC visibility push(hidden)

int gesL_put (lua_State *L);
int gesL_take (lua_State *L);
int gesL_add (lua_State *L);

#pragma GCC visibility pop

#endif
