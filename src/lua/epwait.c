/* SPDX-License-Identifier: MIT
** epwait.c - core.epwait: waits for one descriptor. Owns nothing and uses no
** engine, so that a thread of nginx's pool may sleep in it while the worker
** continues. Registered by core.c; called by ges.util.epwait.
*/
#include <poll.h>

#include "laux.h"


/*
** core.epwait(fd, milliseconds) -> whether it became readable
** A descriptor that was closed meanwhile counts as readable, and so does a
** signal that ends the wait: the next step of the engine finds out.
*/
int gesL_epwait (lua_State *L) {
  struct pollfd p;
  p.fd = (int)luaL_checkinteger(L, 1);
  p.events = POLLIN;
  p.revents = 0;
  lua_pushboolean(L, poll(&p, 1, (int)luaL_checkinteger(L, 2)) != 0);
  return 1;
}
