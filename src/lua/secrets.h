/* SPDX-License-Identifier: MIT
** secrets.h - finds what else in a request is secret, besides its token and
** keys: passwords in its body, tokens among its headers, the proxy's password.
** A string that is made here is left on the stack, which anchors it as long
** as the request is read. Called by
** request.c; core.c registers core.proxy_secrets.
*/
#ifndef GESL_SECRETS_H
#define GESL_SECRETS_H

#include "compat.h"
#include "../engine/redact.h"
#include "../engine/request.h"

#pragma GCC visibility push(hidden)

#define GESL_TOO_MANY  "holds more passwords and tokens than can be kept" \
                       " out of messages (58)"

int gesL_hide (lua_State *L, struct ges_secrets *all, const char *s,
               size_t n);
int gesL_hidepairs (struct ges_secrets *all, const struct ges_pair *of,
                    size_t n);
int gesL_hidebody (lua_State *L, struct ges_secrets *all,
                   const struct ges_slice *body);
void gesL_hideproxy (lua_State *L, struct ges_request *q);
int gesL_proxysecrets (lua_State *L);

#pragma GCC visibility pop

#endif
