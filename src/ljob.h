/* SPDX-License-Identifier: MIT
** ljob.h - from a finished exchange to Lua values: the job table, the plain
** response, or the failure. Called by lclient.c, under pcall.
*/
#ifndef GES_LJOB_H
#define GES_LJOB_H

#include "http.h"
#include "laux.h"

#pragma GCC visibility push(hidden)

int gesL_pushjob (lua_State *L, struct ges_http *h, const char *id,
                  double elapsed);
int gesL_pushresponse (lua_State *L, struct ges_http *h, double elapsed);
const char *gesL_walk (lua_State *L, const char *s, size_t n, int job);
void gesL_openschema (lua_State *L, int env);

#pragma GCC visibility pop

#endif
