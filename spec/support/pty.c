/* SPDX-License-Identifier: MIT
** pty.c - runs a command behind a pseudo-terminal, pipes, files or nothing,
** so that specs see what a person or a pipeline would. This half owns the
** process and our ends of its streams; spec/support/pty.lua is the face.
** For specs only.
*/
#define _GNU_SOURCE  1

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include <lua.h>
#include <lauxlib.h>

#define PROCESS  "support.pty"
#define ARGS_MAX  64
#define TERMINAL  3             /* our end of the pseudo-terminal */

struct process {
  pid_t pid;                    /* 0 once it was waited for */
  int fd[4];                    /* stdin, stdout, stderr, terminal; -1: none */
};

/* What the child is given: a descriptor, or a path that it opens itself. */
struct plan {
  char *argv[ARGS_MAX + 1], *envp[ARGS_MAX + 1];
  const char *kind[3];
  int theirs[3];
  int slave;
};


static struct process *process_get (lua_State *L) {
  return luaL_checkudata(L, 1, PROCESS);
}


static void close_fd (int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}


/* Strings 1, 2, ... of the table at `arg`; they live as long as it does. */
static void read_list (lua_State *L, int arg, char **list) {
  int i;
  luaL_checktype(L, arg, LUA_TTABLE);
  for (i = 0; i < ARGS_MAX; i++) {
    lua_rawgeti(L, arg, i + 1);
    list[i] = (char *)lua_tostring(L, -1);
    lua_pop(L, 1);
    if (list[i] == NULL)
      break;
  }
  list[i] = NULL;
}


static int open_terminal (lua_State *L, struct process *p, struct plan *plan) {
  struct winsize size;
  struct termios mode;
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  p->fd[TERMINAL] = master;
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
    return luaL_error(L, "no pseudo-terminal: %s", strerror(errno));
  plan->slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (plan->slave < 0)
    return luaL_error(L, "no pseudo-terminal: %s", strerror(errno));
  memset(&size, 0, sizeof size);
  size.ws_col = (unsigned short)luaL_optinteger(L, 4, 0);
  size.ws_row = (unsigned short)luaL_optinteger(L, 5, 0);
  ioctl(plan->slave, TIOCSWINSZ, &size);
  tcgetattr(plan->slave, &mode);
  mode.c_lflag &= ~(tcflag_t)(ECHO | ECHOCTL);
  mode.c_oflag &= ~(tcflag_t)OPOST;
  tcsetattr(plan->slave, TCSANOW, &mode);
  return 0;
}


static void open_pipe (lua_State *L, struct process *p, struct plan *plan,
                       int i) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    luaL_error(L, "no pipe: %s", strerror(errno));
  p->fd[i] = i == 0 ? ends[1] : ends[0];
  plan->theirs[i] = i == 0 ? ends[0] : ends[1];
}


/* In the child: only calls that are safe after fork. */
static void become (struct plan *plan) {
  sigset_t none;
  int i;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  setsid();
  if (plan->slave >= 0)
    ioctl(plan->slave, TIOCSCTTY, 0);
  for (i = 0; i < 3; i++) {
    const char *kind = plan->kind[i];
    int fd = strcmp(kind, "pty") == 0 ? plan->slave : plan->theirs[i];
    if (kind[0] == '/')
      fd = open(kind, i == 0 ? O_RDONLY : O_WRONLY | O_CREAT, 0600);
    if (fd < 0)
      close(i);
    else
      dup2(fd, i);
  }
  for (i = 3; i < 256; i++)
    close(i);
  execvpe(plan->argv[0], plan->argv, plan->envp);
  _exit(127);
}


/*
** spawn(argv, env, streams, columns, rows) -> process
** env: a list of "NAME=value", the whole environment. streams: three words,
** each "pty", "pipe", "closed" or an absolute path.
*/
static int process_spawn (lua_State *L) {
  struct plan plan;
  struct process *p;
  int i;
  read_list(L, 1, plan.argv);
  read_list(L, 2, plan.envp);
  plan.slave = -1;
  p = lua_newuserdata(L, sizeof *p);
  p->pid = 0;
  for (i = 0; i < 4; i++)
    p->fd[i] = -1;
  luaL_getmetatable(L, PROCESS);
  lua_setmetatable(L, -2);
  for (i = 0; i < 3; i++) {
    lua_rawgeti(L, 3, i + 1);
    plan.kind[i] = luaL_checkstring(L, -1);   /* anchored by the table */
    lua_pop(L, 1);
    plan.theirs[i] = -1;
    if (strcmp(plan.kind[i], "pty") == 0 && plan.slave < 0)
      open_terminal(L, p, &plan);
    else if (strcmp(plan.kind[i], "pipe") == 0)
      open_pipe(L, p, &plan, i);
  }
  p->pid = fork();
  if (p->pid == 0)
    become(&plan);
  for (i = 0; i < 3; i++)
    close_fd(&plan.theirs[i]);
  close_fd(&plan.slave);
  return 1;
}


static void take (lua_State *L, struct process *p, int i) {
  char bytes[65536];
  ssize_t n = read(p->fd[i], bytes, sizeof bytes);
  if (n > 0) {
    lua_pushinteger(L, i);
    lua_pushlstring(L, bytes, (size_t)n);
    lua_rawset(L, -3);
  }
  else if (n == 0 || (errno != EINTR && errno != EAGAIN))
    close_fd(&p->fd[i]);        /* a terminal without a child says EIO */
}


/*
** process:read(seconds) -> { [1]= stdout, [2]= stderr, [3]= terminal } of
** what came first within that time, maybe empty | nil: all are at their end
*/
static int process_read (lua_State *L) {
  struct process *p = process_get(L);
  int ms = (int)(luaL_checknumber(L, 2) * 1000);
  struct pollfd set[3];
  int i, open = 0;
  for (i = 0; i < 3; i++) {
    set[i].fd = p->fd[i + 1];
    set[i].events = POLLIN;
    set[i].revents = 0;
    open += set[i].fd >= 0;
  }
  if (open == 0)
    return 0;
  lua_newtable(L);
  if (poll(set, 3, ms) > 0)
    for (i = 0; i < 3; i++)
      if (set[i].revents != 0)
        take(L, p, i + 1);
  return 1;
}


/* process:write(bytes): to the terminal if there is one, else to stdin */
static int process_write (lua_State *L) {
  struct process *p = process_get(L);
  size_t n;
  const char *bytes = luaL_checklstring(L, 2, &n);
  int fd = p->fd[TERMINAL] >= 0 ? p->fd[TERMINAL] : p->fd[0];
  lua_pushboolean(L, fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
  return 1;
}


/* process:close(n): our end of stdin (0), stdout (1), stderr (2) or all (3) */
static int process_close (lua_State *L) {
  close_fd(&process_get(L)->fd[luaL_checkinteger(L, 2) & 3]);
  return 0;
}


/* process:kill(signal) */
static int process_kill (lua_State *L) {
  struct process *p = process_get(L);
  if (p->pid > 0)
    kill(p->pid, (int)luaL_checkinteger(L, 2));
  return 0;
}


/* process:resize(columns, rows) */
static int process_resize (lua_State *L) {
  struct process *p = process_get(L);
  struct winsize size;
  memset(&size, 0, sizeof size);
  size.ws_col = (unsigned short)luaL_checkinteger(L, 2);
  size.ws_row = (unsigned short)luaL_checkinteger(L, 3);
  ioctl(p->fd[TERMINAL], TIOCSWINSZ, &size);
  return 0;
}


/* process:pid() */
static int process_pid (lua_State *L) {
  lua_pushinteger(L, process_get(L)->pid);
  return 1;
}


/* process:wait() -> code | nil, signal | nothing: it is still running */
static int process_wait (lua_State *L) {
  struct process *p = process_get(L);
  int status;
  if (p->pid <= 0 || waitpid(p->pid, &status, WNOHANG) != p->pid)
    return 0;
  p->pid = 0;
  if (WIFEXITED(status)) {
    lua_pushinteger(L, WEXITSTATUS(status));
    return 1;
  }
  lua_pushnil(L);
  lua_pushinteger(L, WTERMSIG(status));
  return 2;
}


static int process_gc (lua_State *L) {
  struct process *p = process_get(L);
  int i;
  for (i = 0; i < 4; i++)
    close_fd(&p->fd[i]);
  if (p->pid > 0) {
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
  }
  p->pid = 0;
  return 0;
}


static const struct {
  const char *name;
  lua_CFunction f;
} methods[] = {
  { "read", process_read }, { "write", process_write },
  { "close", process_close }, { "kill", process_kill },
  { "resize", process_resize }, { "pid", process_pid },
  { "wait", process_wait }, { "__gc", process_gc },
};


int luaopen_support_pty (lua_State *L);

int luaopen_support_pty (lua_State *L) {
  size_t i;
  luaL_newmetatable(L, PROCESS);
  for (i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    lua_pushcfunction(L, methods[i].f);
    lua_setfield(L, -2, methods[i].name);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_newtable(L);
  lua_pushcfunction(L, process_spawn);
  lua_setfield(L, -2, "spawn");
  return 1;
}
