/* SPDX-License-Identifier: MIT
** system.c - what a script cannot ask of Lua: clock, entropy, the libcurl that
** is loaded, file modes, a wait for a descriptor, tables changed in one piece,
** and the command's terminal. Owns one flag. Called by core.c.
*/
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE             /* getentropy, sigaction, TIOCGWINSZ, stat */
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/stat.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif
#include <termios.h>

#include "laux.h"
#include "../engine/ca_store.h"
#include "../engine/easy.h"
#include "../engine/poller.h"


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
  gesL_setbool(L, "http2", a.http2);
  gesL_setbool(L, "async_dns", a.async_dns);
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
    return luaL_error(L, "ges: the system provides no random bytes");
  bytes[0] &= 31;                           /* 53 bits */
  for (i = 0; i < sizeof bytes; i++)
    value = value * 256 + bytes[i];
  lua_pushnumber(L, value / 9007199254740992.0);
  return 1;
}


/* Pushes why a file has no mode. */
static int fail (lua_State *L, const char *path, int code) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", path, strerror(code));
  lua_pushinteger(L, code);
  return 3;
}


#if defined(__APPLE__)
#define CHANGED(st)  ((st).st_mtimespec)
#else
#define CHANGED(st)  ((st).st_mtim)
#endif


/*
** core.filemode(path) -> permission bits, stamp | nil, message, errno
** A file with keys in it must not be readable by other users; the stamp is a
** text that differs when the file has changed. Only for regular files: to open
** a pipe could block.
*/
static int core_filemode (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat st;
  char stamp[96];
  if (stat(path, &st) != 0)
    return fail(L, path, errno);
  if (!S_ISREG(st.st_mode))
    return fail(L, path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
  lua_pushinteger(L, (lua_Integer)(st.st_mode & 07777));
  snprintf(stamp, sizeof stamp, "%lld.%09ld %lld %llu",
           (long long)CHANGED(st).tv_sec, (long)CHANGED(st).tv_nsec,
           (long long)st.st_size, (unsigned long long)st.st_ino);
  lua_pushstring(L, stamp);
  return 2;
}


static const char *field_of (void *ud, const char *name) {
  lua_State *L = ud;
  lua_getfield(L, 1, name);
  return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}


/*
** core.trust(variables) -> file|nil, path|nil, name of each one's variable
** The certificate authorities that an environment names, by the variables of
** core.trust_names; the system's have no variable. Those of the process are
** read by the core itself where no option names any.
*/
static int core_trust (lua_State *L) {
  struct ges_store s;
  luaL_checktype(L, 1, LUA_TTABLE);
  ges_ca_variables(&s, field_of, L);        /* the strings stay on the stack */
  lua_pushstring(L, s.file);                /* nil when NULL */
  lua_pushstring(L, s.path);
  lua_pushstring(L, s.file_by);
  lua_pushstring(L, s.path_by);
  return 4;
}


/* core.trust_names() -> list of the variables that core.trust reads */
static int core_trust_names (lua_State *L) {
  int i;
  lua_newtable(L);
  for (i = 0; ges_ca_names[i] != NULL; i++) {
    lua_pushstring(L, ges_ca_names[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}


/*
** core.epwait(fd, milliseconds) -> whether it became readable
** Uses no engine: a thread of nginx's pool may sleep in it while the worker
** continues. A descriptor that was closed meanwhile counts as readable, and so
** does a signal that ends the wait: the next step of the engine finds out.
*/
static int core_epwait (lua_State *L) {
  struct pollfd p;
  p.fd = (int)luaL_checkinteger(L, 1);
  p.events = POLLIN;
  p.revents = 0;
  lua_pushboolean(L, poll(&p, 1, (int)luaL_checkinteger(L, 2)) != 0);
  return 1;
}


/*
** core.put, core.take and core.add change plain tables in one piece. A debug
** hook may run between any two instructions of Lua code, and a finalizer
** wherever Lua code allocates; both may call the same client and change the
** same table. They cannot run inside these functions, as raw access to a table
** does not collect garbage. A queue is a table { [0] = 1, [-1] = 0 }, with the
** index of its first element at 0 and that of its last at -1.
*/
#define AT_FIRST  0
#define AT_LAST   (-1)


static int read_index (lua_State *L, int at, int otherwise) {
  int n;
  lua_rawgeti(L, 1, at);
  n = lua_isnil(L, -1) ? otherwise : (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}


static void write_index (lua_State *L, int at, int n) {
  lua_pushinteger(L, n);
  lua_rawseti(L, 1, at);
}


/* core.put(queue, value): appends a value that is not nil. */
static int core_put (lua_State *L) {
  int last;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  last = read_index(L, AT_LAST, 0) + 1;
  lua_rawseti(L, 1, last);
  write_index(L, AT_LAST, last);
  return 0;
}


/*
** core.take(queue) -> the first element, which is removed | nil
** An empty queue counts from 1 again, so that its table stays small.
*/
static int core_take (lua_State *L) {
  int first;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  first = read_index(L, AT_FIRST, 1);
  lua_rawgeti(L, 1, first);                 /* [queue value] */
  if (lua_isnil(L, -1))
    return 1;
  if (first == read_index(L, AT_LAST, 0)) {
    write_index(L, AT_FIRST, 1);
    write_index(L, AT_LAST, 0);
  }
  else
    write_index(L, AT_FIRST, first + 1);
  lua_pushnil(L);
  lua_rawseti(L, 1, first);
  return 1;
}


/* core.add(table, key, n): adds to a number in a table. */
static int core_add (lua_State *L) {
  lua_Number sum;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  sum = luaL_checknumber(L, 3);
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, 1);                         /* [table key number] */
  sum += lua_tonumber(L, -1);
  lua_pop(L, 1);
  lua_pushnumber(L, sum);
  lua_rawset(L, 1);
  return 0;
}


/*
** The signal that ended the command; 0: no signal. File-scope, since a signal
** handler has no argument for it. Nothing in core.term changes signals or
** descriptors before the command calls `begin`: a library must not.
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


/*
** deserted(fd) -> whether it is a pipe that its reader has left. A write would
** say so, too, but there may be nothing to write for an hour.
*/
static int term_deserted (lua_State *L) {
  struct stat about;
  struct pollfd p;
  p.fd = (int)luaL_checkinteger(L, 1);
  p.events = 0;                 /* errors are always told of */
  p.revents = 0;
  lua_pushboolean(L, fstat(p.fd, &about) == 0 && S_ISFIFO(about.st_mode)
                  && poll(&p, 1, 0) > 0
                  && (p.revents & (POLLERR | POLLHUP)) != 0);
  return 1;
}


static const luaL_Reg functions[] = {
  { "now", core_now },
  { "info", core_info },
  { "random", core_random },
  { "filemode", core_filemode },
  { "trust", core_trust },
  { "trust_names", core_trust_names },
  { "epwait", core_epwait },
  { "put", core_put },
  { "take", core_take },
  { "add", core_add },
  { NULL, NULL }
};

static const luaL_Reg of_term[] = {
  { "begin", term_begin },
  { "signalled", term_signalled },
  { "deserted", term_deserted },
  { "isatty", term_isatty },
  { "size", term_size },
  { NULL, NULL }
};


/* Adds the functions of this file, and core.term, to the table on the top. */
void gesL_opensystem (lua_State *L) {
  gesL_setfuncs(L, functions, 0);
  lua_newtable(L);
  gesL_setfuncs(L, of_term, 0);
  lua_setfield(L, -2, "term");
}
