/* SPDX-License-Identifier: MIT
** laux.h - what the files of src/lua share: classes, the environment of the
** module, and the one function that makes the failure triple. Called by all of
** them.
**
** All functions of the module share one upvalue, a table (the environment),
** that holds what they need by number: no registry keys, no statics.
*/
#ifndef GESL_LAUX_H
#define GESL_LAUX_H

#include "compat.h"
#include "../engine/response.h"

#pragma GCC visibility push(hidden)

enum gesL_env {           /* the entries of the environment */
  ENV_OPTIONS = 1,        /* option name -> row number */
  ENV_SCHEMA,             /* the names of a job's fields: see decode.c */
  ENV_NOOP,               /* an empty Lua function: hooks may raise in it */
  ENV_PREPARE,            /* core.prepare */
  ENV_FINISH,             /* engine_finish of engine.c, for pcall */
  ENV_ENGINE,             /* the engine behind core.job_status, once used */
  ENV_KEEPER              /* of engine.c: it outlives all engines */
};

#define ENV  lua_upvalueindex(1)

/* What gesL_fail needs: borrowed texts, not yet sanitized. */
struct gesL_failure {
  enum ges_kind kind;
  struct ges_slice message;         /* of the service or of the module */
  struct ges_slice excerpt;         /* of a body; shown after the message */
  struct ges_slice code;            /* e.g. GES.8301; may be empty */
  int purpose;                      /* of the request: GES_FOR_... */
  const char *hint;                 /* what to do, or NULL */
  int is_signed;                    /* the request was, with keys */
  int is_final;                     /* not tried again, whatever the kind */
  const struct ges_response *response;    /* NULL: nothing was sent */
  const struct ges_secrets *secrets;
  double elapsed;
};

void gesL_newclass (lua_State *L, const char *name, const luaL_Reg *methods,
                    const luaL_Reg *metamethods);
void *gesL_newobject (lua_State *L, size_t size, const char *name);
void *gesL_newowner (lua_State *L, size_t size, const char *name,
                     lua_CFunction gc);
struct ges_slice gesL_slice (lua_State *L, int idx);
void gesL_setbool (lua_State *L, const char *name, int value);
void gesL_pushtext (lua_State *L, const char *s, size_t n,
                    const struct ges_secrets *secrets);
void gesL_pushlong (lua_State *L, const char *s, size_t n,
                    const struct ges_secrets *secrets, size_t most);
void gesL_pushinfo (lua_State *L, const struct ges_response *response,
                    double elapsed, const struct ges_secrets *secrets);
int gesL_fail (lua_State *L, const struct gesL_failure *f);
int gesL_redact (lua_State *L);
int gesL_date (lua_State *L);
int gesL_badtoken (lua_State *L);
int gesL_badid (lua_State *L);
int gesL_endpoint (lua_State *L);
int gesL_sign (lua_State *L);        /* sign.c */
void gesL_opensystem (lua_State *L); /* system.c */
int gesL_nomemory (lua_State *L);
int gesL_mistake (lua_State *L, const char *call, int level,
                  const char *text, ...);

#pragma GCC visibility pop

#endif
