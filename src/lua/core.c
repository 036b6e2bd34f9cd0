/* SPDX-License-Identifier: MIT
** core.c - luaopen_ges_core: makes the environment, registers functions and
** classes. The only exported symbol of the module.
*/
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE             /* dladdr */
#endif

#include <dlfcn.h>

#include "laux.h"
#include "engine.h"
#include "result.h"
#include "options.h"
#include "prepare.h"
#include "request.h"
#include "../engine/engine.h"
#include "../engine/version.h"

#if defined(__GNUC__)
#define EXPORT  __attribute__((visibility("default")))
#else
#define EXPORT
#endif


/* Pushes the table core.kinds: the rows of kind.h, by name. */
static void push_kinds (lua_State *L) {
  int i;
  lua_newtable(L);
  for (i = GES_none + 1; i < GES_KIND_COUNT; i++) {
    const struct ges_kind_row *k = &ges_kinds[i];
    lua_createtable(L, 0, 8);               /* [kinds kind] */
    gesL_pushwhole(L, i);
    lua_setfield(L, -2, "place");           /* in the table */
    lua_pushstring(L, k->meaning);
    lua_setfield(L, -2, "meaning");
    lua_pushstring(L, k->advice);
    lua_setfield(L, -2, "advice");
    gesL_setbool(L, "retryable", k->flags & K_AGAIN);
    gesL_setbool(L, "passes", k->flags & K_PASSES);
    gesL_setbool(L, "final", k->flags & K_FINAL);
    gesL_setbool(L, "by_caller", k->flags & K_CALLER);
    gesL_pushwhole(L, k->code);
    lua_setfield(L, -2, "exit_code");
    lua_setfield(L, -2, k->name);
  }
}


/*
** Pushes an empty function of Lua, not of C: count hooks, with which the
** interpreter delivers Ctrl-C, run in Lua code only.
*/
static void push_noop (lua_State *L) {
  if (luaL_loadstring(L, "local _") != 0)
    lua_error(L);
}


static const luaL_Reg functions[] = {
  { "job_status", gesL_jobstatus },
  { "engine", gesL_newengine },
  { "redact", gesL_redact },
  { "date", gesL_date },
  { "badtoken", gesL_badtoken },
  { "badid", gesL_badid },
  { "endpoint", gesL_endpoint },
  { "sign", gesL_sign },
  { "options", gesL_options },
  { NULL, NULL }
};


/*
** Keeps this library loaded until the process ends: a thread of libcurl that
** looks up a name may outlive the Lua state, and would return into unmapped
** memory. (Redundant where the linker has set nodelete.)
*/
static void pin_library (void) {
#if defined(RTLD_NODELETE) && defined(RTLD_NOLOAD)
  Dl_info self;
  if (dladdr(functions, &self) != 0)
    (void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
#endif
}


EXPORT int luaopen_ges_core (lua_State *L);

EXPORT int luaopen_ges_core (lua_State *L) {
  const char *wrong;
  int env;
  gesL_checkversion(L);                     /* no other call is safe before */
  wrong = ges_engine_load();
  if (wrong != NULL)
    return luaL_error(L, "%s", wrong);
  pin_library();
  lua_settop(L, 0);
  lua_newtable(L);                          /* [core] */
  lua_newtable(L);                          /* [core env] */
  env = lua_gettop(L);
  gesL_pushoptions(L);
  lua_rawseti(L, env, ENV_OPTIONS);
  gesL_openschema(L, env);
  push_noop(L);
  lua_rawseti(L, env, ENV_NOOP);
  gesL_openrequest(L);
  gesL_openprepare(L);
  gesL_openengine(L);
  lua_rawgeti(L, env, ENV_PREPARE);
  lua_setfield(L, 1, "prepare");
  gesL_setfuncs(L, functions, 1);           /* [core] */
  gesL_opensystem(L);
  gesL_pushdefaults(L);
  lua_setfield(L, -2, "defaults");
  push_kinds(L);
  lua_setfield(L, -2, "kinds");
  lua_pushliteral(L, GES_VERSION);
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
