/* SPDX-License-Identifier: MIT
** advice.h - what the user can do about a failure that the service or the
** network worded. Pure; owns the texts. Called by result.c.
*/
#ifndef GES_LUA_ADVICE_H
#define GES_LUA_ADVICE_H

#include "laux.h"

#pragma GCC visibility push(hidden)

const char *gesL_advice (enum ges_kind kind, const struct gesL_failure *f);

#pragma GCC visibility pop

#endif
