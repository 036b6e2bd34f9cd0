/* SPDX-License-Identifier: MIT
** lua_side.h - a Lua state for the fuzzers that go through the Lua side.
** One for the whole run: it has the environment of the module, as
** luaopen_ges_core makes it. Used by fuzz_job, fuzz_error and fuzz_url.
*/
#ifndef GES_FUZZ_LUA_H
#define GES_FUZZ_LUA_H

#include "fuzz.h"
#include "engine/easy.h"
#include "lua/laux.h"

lua_State *fuzz_lua (void);
int fuzz_call (lua_State *L, lua_CFunction f, void *ud);
void fuzz_check_value (lua_State *L, int idx, struct ges_slice secret);
void fuzz_check_triple (lua_State *L, struct ges_slice secret);

/* An exchange that is over, as if libcurl had brought it. */
struct fuzz_exchange {
  struct ges_easy easy;
  struct ges_slice secret;
  size_t bytes;                   /* of what came */
};

void fuzz_begin (struct fuzz_exchange *x, struct ges_slice secret,
                 long status, unsigned char purpose);
void fuzz_header (struct fuzz_exchange *x, struct ges_slice line);
void fuzz_body (struct fuzz_exchange *x, struct ges_slice text);
void fuzz_end (struct fuzz_exchange *x);

#endif
