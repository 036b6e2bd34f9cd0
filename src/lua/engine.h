/* SPDX-License-Identifier: MIT
** engine.h - class "ges.engine": one engine in a Lua object.
** Called by core.c.
*/
#ifndef GESL_ENGINE_H
#define GESL_ENGINE_H

#include "laux.h"

#pragma GCC visibility push(hidden)

#define GES_ENGINE  "ges.engine"

void gesL_openengine (lua_State *L);
int gesL_newengine (lua_State *L);
int gesL_jobstatus (lua_State *L);

#pragma GCC visibility pop

#endif
