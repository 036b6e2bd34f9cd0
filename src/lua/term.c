/* SPDX-License-Identifier: MIT
** term.c - core.term: signals, standard descriptors and the terminal, for the
** command alone. A library must not change signals or descriptors, so nothing
** is changed before the command calls `begin`. Owns one flag. Registered by
** core.c; called by ges.cli.
*/
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE  1        /* sigaction, TIOCGWINSZ, under -std=c11 */
#endif

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <termios.h>

#include "laux.h"


/*
** The signal that ended the command; 0: no signal. File-scope, since a signal
** handler has no argument for it.
*/
static volatile sig_atomic_t ended_by = 0;


/*
** Ends the command as Ctrl-C does: the interpreter's SIGINT handler sets a hook
** that throws an error in Lua code.
*/
static void on_end (int signum) {
  ended_by = signum;
  raise(SIGINT);
}


/*
** If a descriptor from 0 to 2 is closed, the next socket would get its number,
** and output would go there. It is opened for the wrong direction, so that its
** use is an error.
*/
static void fill_descriptor (int fd) {
  int got;
  if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
    return;
  got = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
  if (got != -1 && got != fd) {
    dup2(got, fd);
    close(got);
  }
}


static int is_default (int signum) {
  struct sigaction now;
  return sigaction(signum, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}


/*
** begin() -> whether Ctrl-C becomes an error of Lua
** Makes this process a command: standard descriptors exist, a closed pipe is an
** error of `write` instead of a signal, and SIGTERM ends it as Ctrl-C does, if
** the interpreter handles Ctrl-C.
*/
static int term_begin (lua_State *L) {
  struct sigaction act, old;
  int fd, handled = !is_default(SIGINT);
  for (fd = 0; fd <= 2; fd++)
    fill_descriptor(fd);
  sigemptyset(&act.sa_mask);
  act.sa_flags = 0;
  act.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &act, NULL);
  if (handled && sigaction(SIGTERM, NULL, &old) == 0
      && old.sa_handler != SIG_IGN) {
    act.sa_handler = on_end;
    sigaction(SIGTERM, &act, NULL);
  }
  lua_pushboolean(L, handled);
  return 1;
}


/*
** signalled() -> number of the signal that ended the command | nil
** For use where `begin` returned true. The interpreter's handler removes itself
** when it runs, which shows a Ctrl-C whose error has been caught.
*/
static int term_signalled (lua_State *L) {
  int signum = ended_by;
  if (signum == 0 && is_default(SIGINT))
    signum = SIGINT;
  if (signum == 0)
    lua_pushnil(L);
  else
    lua_pushinteger(L, signum);
  return 1;
}


/* isatty(fd) -> boolean */
static int term_isatty (lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}


/* size(fd) -> columns, rows | nil, where the terminal does not know */
static int term_size (lua_State *L) {
  struct winsize size;
  int fd = (int)luaL_checkinteger(L, 1);
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 0;
  lua_pushinteger(L, size.ws_col);
  lua_pushinteger(L, size.ws_row);
  return 2;
}


static const luaL_Reg functions[] = {
  { "begin", term_begin },
  { "signalled", term_signalled },
  { "isatty", term_isatty },
  { "size", term_size },
  { NULL, NULL }
};


/* Pushes the table core.term. */
int gesL_term (lua_State *L) {
  lua_newtable(L);
  gesL_setfuncs(L, functions, 0);
  return 1;
}
