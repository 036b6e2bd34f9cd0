/* SPDX-License-Identifier: MIT
** lqueue.h - changes to plain tables that happen in one piece.
** Called by lcore.c, which registers them.
*/
#ifndef GES_LQUEUE_H
#define GES_LQUEUE_H

#include "compat.h"

#pragma GCC visibility push(hidden)

int gesL_put (lua_State *L);
int gesL_take (lua_State *L);
int gesL_add (lua_State *L);

#pragma GCC visibility pop

#endif
