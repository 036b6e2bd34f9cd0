/* SPDX-License-Identifier: MIT
** request.h - class "ges.request": a request, prepared once from the options of
** a call and a client's defaults, and bound to what differs between two polls.
** Owns a ges_request. Called by core.c, engine.c and prepare.c.
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
struct gesL_request *gesL_pushrequest (lua_State *L);
int gesL_failrequest (lua_State *L, const struct gesL_request *r,
                      enum ges_kind kind, const char *what);
int gesL_refused (lua_State *L, const struct gesL_request *r, int rc,
                  const struct ges_refusal *no);
int gesL_refuseid (struct ges_refusal *no, int which, struct ges_slice s);
void gesL_putid (struct ges_request *r, int which, struct ges_slice s);
int gesL_torequest (lua_State *L, int idx, struct gesL_request **r);

#pragma GCC visibility pop

#endif
