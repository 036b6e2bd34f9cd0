/* SPDX-License-Identifier: MIT
** abi.h - which Lua a lua.h is for: preprocessed by the Makefile, never
** compiled. The compiler compares, for LUA_VERSION_NUM may be an expression,
** as in 5.5; nothing is run, so a compiler for another machine can tell, too.
** Leaves one line: `ges_abi 5.4`; `ges_abi none` where there is no lua.h.
*/
#if !__has_include(<lua.h>)
ges_abi none
#else
#include <lua.h>
#if LUA_VERSION_NUM == 501
ges_abi 5.1
#elif LUA_VERSION_NUM == 502
ges_abi 5.2
#elif LUA_VERSION_NUM == 503
ges_abi 5.3
#elif LUA_VERSION_NUM == 504
ges_abi 5.4
#elif LUA_VERSION_NUM == 505
ges_abi 5.5
#elif LUA_VERSION_NUM == 506
ges_abi 5.6
#elif LUA_VERSION_NUM == 507
ges_abi 5.7
#elif LUA_VERSION_NUM == 508
ges_abi 5.8
#elif LUA_VERSION_NUM == 509
ges_abi 5.9
#else
ges_abi other
#endif
#endif
