/* SPDX-License-Identifier: MIT
** storm.c - signals by the thousand, for spec/faults/process_spec.lua, which
** compiles it. Its functions are loaded with package.loadlib.
*/
#define _GNU_SOURCE

#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include <lua.h>
#include <lauxlib.h>

static volatile sig_atomic_t count;

int storm_start (lua_State *L);
int storm_stop (lua_State *L);


static void note (int signum) {
  (void)signum;
  count++;
}


static void set_timer (long microseconds) {
  struct itimerval t;
  t.it_value.tv_sec = t.it_interval.tv_sec = 0;
  t.it_value.tv_usec = t.it_interval.tv_usec = microseconds;
  setitimer(ITIMER_REAL, &t, NULL);
}


/* start(): SIGALRM every millisecond; no system call is restarted. */
int storm_start (lua_State *L) {
  struct sigaction act;
  (void)L;
  memset(&act, 0, sizeof act);
  act.sa_handler = note;
  sigaction(SIGALRM, &act, NULL);
  set_timer(1000);
  return 0;
}


/* stop() -> how many came */
int storm_stop (lua_State *L) {
  set_timer(0);
  lua_pushinteger(L, count);
  return 1;
}
