/* SPDX-License-Identifier: MIT
** options.h - a call's table of options, checked against the closed list of
** engine/options.h and merged with the defaults. Owns nothing. Called by
** prepare.c, once per call, and by core.c.
*/
#ifndef GESL_OPTIONS_H
#define GESL_OPTIONS_H

#include "laux.h"
#include "../engine/options.h"

#pragma GCC visibility push(hidden)

struct gesL_call {        /* what takes options, by its public name */
  const char *name;
  unsigned bit;
};

extern const struct gesL_call gesL_calls[];     /* the last has no name */

/* What tells the service who asks. */
#define GESL_SECRETS \
  (OPT(token) | OPT(ak) | OPT(sk) | OPT(security_token))

/* The options of one call, with the call's own table at AT_OPTS. */
struct gesL_given {
  lua_State *L;
  const struct gesL_call *call;
  int level;
  int names;              /* stack index: option name -> row */
  ges_optset own;         /* in the call's own table */
  ges_optset rest;        /* taken from the defaults */
  ges_optset hidden;      /* of the defaults, replaced with their group */
  int asks;               /* the token is a function */
};

#define AT_OPTS      3    /* of core.prepare */
#define AT_DEFAULTS  4
#define AT_BASE      5
#define AT(g, o)     ((g)->names + 1 + (int)(o))

void gesL_pushoptions (lua_State *L);
void gesL_pushdefaults (lua_State *L);
int gesL_options (lua_State *L);
void gesL_readoptions (lua_State *L, struct gesL_given *g, ges_optset given);
void gesL_pushdefault (lua_State *L, int idx, enum ges_option o);
int gesL_isfixed (const struct gesL_given *g);
void gesL_pushsettings (const struct gesL_given *g, int whole);
void gesL_pushjobs (const struct gesL_given *g);
ges_optset gesL_givenby (lua_State *L, int idx);

#pragma GCC visibility pop

#endif
