/* SPDX-License-Identifier: MIT
** epwait.c - core.epwait: waits for one descriptor on a thread of its own.
** Owns nothing and touches no engine, so that a thread of nginx's pool may
** sleep in it while the worker goes on. Called by ges.util.epwait.
*/
#include <poll.h>

#include "laux.h"


/*
** core.epwait(fd, milliseconds) -> whether it became readable
** A descriptor that was closed meanwhile counts as readable: the next step
** finds out. So does a signal that ends the wait early.
*/
int gesL_epwait (lua_State *L) {
  struct pollfd p;
  p.fd = (int)luaL_checkinteger(L, 1);
  p.events = POLLIN;
  p.revents = 0;
  lua_pushboolean(L, poll(&p, 1, (int)luaL_checkinteger(L, 2)) != 0);
  return 1;
}
