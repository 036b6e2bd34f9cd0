/* SPDX-License-Identifier: MIT
** result.h - from a finished exchange to Lua values: a job, a page of jobs, the
** name of a graph, a generic response, or the failure. Owns nothing. Called by
** engine.c under pcall, and by core.c; gesL_decode is called by result.c.
*/
#ifndef GESL_RESULT_H
#define GESL_RESULT_H

#include "../engine/easy.h"
#include "laux.h"

#define GESL_DEPTH_MAX  32  /* nesting that a response may have */

#pragma GCC visibility push(hidden)

/* What a body should be. */
enum gesL_shape { GESL_ANY, GESL_OBJECT, GESL_JOB, GESL_LIST };

/* What is wrong with a body. */
struct gesL_flaw {
  char why[64];             /* it is refused; "": it is not */
  const char *status;       /* the type that "status" has; NULL: none */
};

int gesL_pushresult (lua_State *L, struct ges_easy *h, const char *id,
                     double elapsed);
int gesL_decode (lua_State *L, const struct ges_buf *body,
                 enum gesL_shape shape, struct gesL_flaw *flaw);
void gesL_openschema (lua_State *L, int env);

#pragma GCC visibility pop

#endif
