/* SPDX-License-Identifier: MIT
** error_body.h - what a decoded body says of a failure, in any of the spellings
** of the gateway, GES and IAM: its code, its message, the id of the request.
** Owns nothing. Called by result.c.
*/
#ifndef GES_LUA_ERROR_BODY_H
#define GES_LUA_ERROR_BODY_H

#include "laux.h"
#include "../engine/easy.h"

#pragma GCC visibility push(hidden)

int gesL_pusherror (lua_State *L, int idx, struct ges_easy *h);
int gesL_haserrorcode (lua_State *L, int idx, struct ges_easy *h);
void gesL_takeid (lua_State *L, int idx, struct ges_easy *h);

#pragma GCC visibility pop

#endif
