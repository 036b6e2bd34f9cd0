/* SPDX-License-Identifier: MIT
** trust.h - looks into folders and bundles of certificates.
** Owns nothing. Called by http.c only; knows neither Lua nor libcurl.
*/
#ifndef GES_TRUST_H
#define GES_TRUST_H

#include "buf.h"

#pragma GCC visibility push(hidden)

int ges_trust_folder (const char *dir, const char *bundle,
                      struct ges_buf *one);

#pragma GCC visibility pop

#endif
