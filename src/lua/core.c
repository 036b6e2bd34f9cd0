/* SPDX-License-Identifier: MIT
** core.c - luaopen_ges_core: makes the environment, registers functions and
** classes. The only exported symbol of the module.
*/
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE             /* getentropy, dladdr */
#endif

#include <dlfcn.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

#include "laux.h"
#include "engine.h"
#include "result.h"
#include "options.h"
#include "queue.h"
#include "request.h"
#include "../engine/engine.h"
#include "../engine/version.h"

#if defined(__GNUC__)
#define EXPORT  __attribute__((visibility("default")))
#else
#define EXPORT
#endif


/* core.now() -> seconds on the monotonic clock */
static int core_now (lua_State *L) {
  lua_pushnumber(L, ges_now());
  return 1;
}


/* core.info() -> { libcurl=, tls=, http2=, async_dns= }: the libcurl loaded */
static int core_info (lua_State *L) {
  struct ges_about a;
  ges_easy_about(&a);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, a.version);
  lua_setfield(L, -2, "libcurl");
  lua_pushstring(L, a.tls);                 /* nil when NULL */
  lua_setfield(L, -2, "tls");
  lua_pushboolean(L, a.http2);
  lua_setfield(L, -2, "http2");
  lua_pushboolean(L, a.async_dns);
  lua_setfield(L, -2, "async_dns");
  return 1;
}


/*
** core.random() -> a number in [0, 1), from the system's entropy: two processes
** started in the same millisecond must not poll at the same times.
*/
static int core_random (lua_State *L) {
  unsigned char bytes[7];
  double value = 0;
  size_t i;
  if (getentropy(bytes, sizeof bytes) != 0)
    return luaL_error(L, "ges: the system gives no random bytes");
  bytes[0] &= 31;                           /* 53 bits */
  for (i = 0; i < sizeof bytes; i++)
    value = value * 256 + bytes[i];
  lua_pushnumber(L, value / 9007199254740992.0);
  return 1;
}


static void set_flag (lua_State *L, enum ges_kind k, int flag,
                      const char *name) {
  lua_pushboolean(L, ges_kind_is(k, flag));
  lua_setfield(L, -2, name);
}


/* Pushes the table core.kinds: the rows of kind.h, by name. */
static void push_kinds (lua_State *L) {
  int i;
  lua_newtable(L);
  for (i = GES_none + 1; i < GES_KIND_COUNT; i++) {
    enum ges_kind k = (enum ges_kind)i;
    lua_createtable(L, 0, 5);               /* [kinds kind] */
    set_flag(L, k, K_AGAIN, "retryable");
    set_flag(L, k, K_PASSES, "passes");
    set_flag(L, k, K_FINAL, "final");
    set_flag(L, k, K_CALLER, "by_caller");
    gesL_pushwhole(L, ges_kind_exit(k));
    lua_setfield(L, -2, "exit_code");
    lua_setfield(L, -2, ges_kind_name(k));
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
  { "sign", gesL_sign },
  { "filemode", gesL_filemode },
  { "epwait", gesL_epwait },
  { "put", gesL_put },
  { "take", gesL_take },
  { "add", gesL_add },
  { "options", gesL_options },
  { "now", core_now },
  { "info", core_info },
  { "random", core_random },
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
  const char *wrong = ges_engine_load();
  int env;
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
  gesL_openengine(L);
  lua_rawgeti(L, env, ENV_PREPARE);
  lua_setfield(L, 1, "prepare");
  gesL_setfuncs(L, functions, 1);           /* [core] */
  gesL_pushdefaults(L);
  lua_setfield(L, -2, "defaults");
  push_kinds(L);
  lua_setfield(L, -2, "kinds");
  gesL_term(L);
  lua_setfield(L, -2, "term");
  lua_pushliteral(L, GES_VERSION);
  lua_setfield(L, -2, "_VERSION");
  return 1;
}
