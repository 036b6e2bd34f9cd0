/* SPDX-License-Identifier: MIT
** proxy.h - the proxy of a request: which one libcurl will use by option and
** environment, and what its URL says. Owns nothing; knows no Lua. Called by
** head.c, ca_store.c and outcome.c.
*/
#ifndef GES_PROXY_H
#define GES_PROXY_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

const char *ges_proxy_of (const char *given, int https);
const char *ges_proxy_by (const char *given, int https);
int ges_proxy_is_tls (const char *url);
int ges_proxy_is_socks (const char *url);
int ges_proxy_excepts (const char *given);
const char *ges_proxy_name (const char *url, char *out, size_t size,
                            unsigned *port);

#pragma GCC visibility pop

#endif
