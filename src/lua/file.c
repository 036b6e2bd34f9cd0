/* SPDX-License-Identifier: MIT
** file.c - core.filemode: the permissions of a file. Lua has no stat, and a
** file with keys in it must not be readable by other users. Owns nothing.
** Registered by core.c; called by ges.credentials.profile.
*/
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L    /* stat and S_ISREG, under -std=c11 */
#endif

#include "laux.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>


static int fail (lua_State *L, const char *path, int code) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", path, strerror(code));
  lua_pushinteger(L, code);
  return 3;
}


/*
** filemode(path) -> permission bits, owner's uid | nil, message, errno.
** Only for regular files: to open a pipe could block.
*/
int gesL_filemode (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat st;
  if (stat(path, &st) != 0)
    return fail(L, path, errno);
  if (!S_ISREG(st.st_mode))
    return fail(L, path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
  lua_pushinteger(L, (lua_Integer)(st.st_mode & 07777));
  lua_pushinteger(L, (lua_Integer)st.st_uid);
  return 2;
}
