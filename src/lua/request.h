/* SPDX-License-Identifier: MIT
** request.h - class "ges.request": a request, prepared once from the options of
** a call and a client's defaults, and bound to what differs between two polls.
** Owns a ges_request. Called by core.c and engine.c.
*/
#ifndef GESL_REQUEST_H
#define GESL_REQUEST_H

#include "laux.h"
#include "../engine/request.h"

#pragma GCC visibility push(hidden)

#define GES_REQUEST  "ges.request"

struct gesL_request {
  struct ges_request req;
  ges_optset given;               /* options of the call and its defaults */
  double limit;                   /* of an attempt, unless start is given one */
  int asks;                       /* the token is a function */
  struct ges_head *last;          /* of defaults: the last head over them */
  ges_optset last_own, last_rest; /* and from which options */
};

void gesL_openrequest (lua_State *L);
int gesL_prepare (lua_State *L);
int gesL_torequest (lua_State *L, int idx, struct gesL_request **r);

#pragma GCC visibility pop

#endif
