/* SPDX-License-Identifier: MIT
** lclient.h - class "ges.client": one engine in a Lua object.
** Called by lcore.c, which registers it.
*/
#ifndef GES_LCLIENT_H
#define GES_LCLIENT_H

#include "laux.h"

#pragma GCC visibility push(hidden)

#define GES_CLIENT  "ges.client"

void gesL_openclient (lua_State *L);
int gesL_newclient (lua_State *L);
int gesL_jobstatus (lua_State *L);

#pragma GCC visibility pop

#endif
