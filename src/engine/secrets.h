/* SPDX-License-Identifier: MIT
** secrets.h - secrets of a request besides its credentials: values of body,
** query and headers with names like "password", and the password in a proxy's
** URL. Each is copied to the keys of a head. Owns nothing. No Lua, no libcurl.
** Called by head.c, request.c and easy.c.
*/
#ifndef GES_SECRETS_H
#define GES_SECRETS_H

#include "head.h"

#pragma GCC visibility push(hidden)

int ges_secret_pairs (struct ges_keys *k, const struct ges_pair *of,
                      size_t n);
int ges_secret_body (struct ges_keys *k, const struct ges_slice *body);
int ges_secret_proxy (struct ges_keys *k, const char *s);

#pragma GCC visibility pop

#endif
