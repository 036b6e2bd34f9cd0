/* SPDX-License-Identifier: MIT
** request.h - from a table of options to a request the engine can send.
** Called by engine.c. The work space lives in the client's userdata, so
** that whatever throws, nothing leaks.
*/
#ifndef GESL_REQUEST_H
#define GESL_REQUEST_H

#include "../engine/easy.h"
#include "options.h"
#include "../engine/sign.h"

#pragma GCC visibility push(hidden)

struct gesL_work {
  struct ges_request req;
  struct ges_buf path;          /* percent-encoded */
  struct ges_buf query;
  struct ges_buf raw;           /* what is signed of the path, not encoded */
  struct ges_buf host;          /* as in the Host header */
  struct ges_buf auth;          /* the Authorization value */
  char date[GES_SIGN_DATE];
  struct ges_slice job_id;      /* n == 0: not a job call */
};

void gesL_initwork (struct gesL_work *w);
void gesL_freework (struct gesL_work *w);
int gesL_readrequest (lua_State *L, int arg, double limit,
                      struct gesL_work *w);

#pragma GCC visibility pop

#endif
