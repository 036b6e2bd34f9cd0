/*
** support.wire: the C half of spec/support/wire.lua, its only caller, which
** says what a script is. Owns a listening socket, the connections it accepts,
** all bytes they sent, and the one thread that serves them.
**
** The thread never touches Lua: the steps are copied before it starts. It
** alone writes the records, under `lock`, and so reads them without; Lua
** reads them under `lock`, and calls nothing that may throw while holding it.
*/

#define _GNU_SOURCE  /* accept4, memmem */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <lua.h>
#include <lauxlib.h>

#define WIRE "support.wire"
#define WIRE_BACKLOG 1024                /* connections the kernel queues */
#define WIRE_MAXKEPT ((size_t)64 << 20)  /* bytes kept of one connection */
#define WIRE_READ 4000                   /* bytes read at a time */

/* In the order of `ops` in wire.lua. */
enum op {
  OP_START,  /* of a script; `len` is the step where the next one starts */
  OP_END,    /* of a script: idle from here on */
  OP_REQUEST, OP_SEND, OP_FOREVER, OP_SLEEP, OP_SHUTDOWN, OP_CLOSE,
  OP_RESET, OP_AGAIN, OP_HEARD, OP_GATE, OP_REQUESTS
};

struct step {
  enum op op;
  const char *data;  /* what to send */
  size_t len;
  size_t chunk;      /* bytes at a time, 0: all; or to wait for */
  double seconds;    /* how long to sleep, or to rest after a chunk */
};

struct conn {
  int fd;                /* -1 once closed */
  size_t first, at;      /* first step of its script, and the next to do */
  size_t sent;           /* bytes of that step already sent */
  double wake;           /* no step before this time, 0: none set */
  bool want_out;         /* the step waits for room to send */
  bool at_gate;          /* the step waits for `gates` */
  bool ended;            /* at the end of its script */
  char *got;             /* everything received, and a zero */
  size_t len, size;
  size_t start;          /* where the request being read begins */
  size_t whole, served;  /* requests read; "request" steps passed */
};

struct request { size_t conn, start, len; };

struct wire {
  int listener;
  int gates;             /* eventfd, a semaphore: how many may be passed */
  pid_t owner;           /* process that is to join the thread, 0: none */
  pthread_t thread;
  atomic_bool stop;
  struct pollfd *polls;
  size_t poll_size;
  pthread_mutex_t lock;  /* guards the records: the next five lines */
  struct conn *conns;    /* all ever accepted */
  size_t conn_count, conn_size;
  struct request *requests;
  size_t request_count, request_size;
  size_t open, bytes, ended;
  size_t next;           /* first step of the next connection's script */
  struct step steps[];   /* all scripts one after the other; their data */
};

static double monotonic(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/*
** Make `list` fit `need` elements. Returns it, perhaps elsewhere, or NULL
** with the old one unchanged when there is no memory.
*/
static void *grow(void *list, size_t *size, size_t need, size_t each) {
  size_t n = *size ? *size : 16;
  if (need <= *size) return list;
  while (n < need) n *= 2;
  list = realloc(list, n * each);
  if (list != NULL) *size = n;
  return list;
}

/* ----------------------------------------------------------- the thread */

static void conn_close(struct wire *w, struct conn *c) {
  int fd = c->fd;
  if (fd < 0) return;
  pthread_mutex_lock(&w->lock);  /* counted before the peer can notice */
  c->fd = -1;
  w->open--;
  pthread_mutex_unlock(&w->lock);
  close(fd);
}

/*
** What a head of n bytes says of its body's length; 0: nothing. Looks at no
** byte behind it: a large body comes in many pieces, and after each of them.
*/
static size_t content_length(const char *head, size_t n) {
  static const char name[] = "\r\nContent-Length:";
  const size_t size = sizeof name - 1;
  for (size_t i = 0; i + size <= n; i++)
    if (strncasecmp(head + i, name, size) == 0)
      return strtoul(head + i + size, NULL, 10);
  return 0;
}

/*
** List the requests that have become whole. Called with the lock held;
** returns false when there is no memory.
*/
static bool conn_requests(struct wire *w, struct conn *c) {
  for (;;) {
    struct request r = {(size_t)(c - w->conns), c->start, 0}, *list;
    size_t left = c->len - c->start;
    const char *head = c->got + c->start;
    const char *end = memmem(head, left, "\r\n\r\n", 4);
    if (end == NULL) return true;
    r.len = (size_t)(end - head) + 4;
    r.len += content_length(head, r.len);
    if (r.len > left) return true;
    list = grow(w->requests, &w->request_size, w->request_count + 1, sizeof r);
    if (list == NULL) return false;
    w->requests = list;
    w->requests[w->request_count++] = r;
    c->start += r.len;
    c->whole++;
  }
}

/*
** Read some bytes. Closes the connection when the peer did, even one way, or
** when no more can be kept.
*/
static void conn_read(struct wire *w, struct conn *c) {
  char *got = NULL;
  ssize_t n = 0;
  bool ok;
  pthread_mutex_lock(&w->lock);
  if (c->len < WIRE_MAXKEPT)
    got = grow(c->got, &c->size, c->len + WIRE_READ + 1, 1);
  if (got != NULL) n = recv(c->fd, (c->got = got) + c->len, WIRE_READ, 0);
  ok = n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
  if (n > 0) {
    c->len += (size_t)n;
    got[c->len] = '\0';
    w->bytes += (size_t)n;
    ok = conn_requests(w, c);
  }
  pthread_mutex_unlock(&w->lock);
  if (!ok) conn_close(w, c);
}

/*
** Send up to the end of a chunk. Returns true when the step is done; else
** `want_out` or `wake` says what it waits for.
*/
static bool conn_send(struct wire *w, struct conn *c, const struct step *s) {
  size_t end = s->chunk ? (c->sent / s->chunk + 1) * s->chunk : s->len;
  ssize_t n;
  if (end > s->len) end = s->len;
  n = send(c->fd, s->data + c->sent, end - c->sent, MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR) conn_close(w, c);
  if (n > 0) c->sent += (size_t)n;
  if (c->sent == s->len && s->op == OP_SEND) return true;
  if (c->sent == end && s->seconds > 0) c->wake = monotonic() + s->seconds;
  else c->want_out = true;
  if (c->sent == s->len) c->sent = 0;
  return false;
}

static void conn_ended(struct wire *w, struct conn *c) {
  pthread_mutex_lock(&w->lock);
  c->ended = true;
  w->ended++;
  pthread_mutex_unlock(&w->lock);
}

/*
** Do one step. Returns true when the next one may follow.
*/
static bool conn_step(struct wire *w, struct conn *c, const struct step *s) {
  static const struct linger abort = {1, 0};
  eventfd_t one;
  switch (s->op) {
    case OP_START: break;
    case OP_END:
      if (!c->ended) conn_ended(w, c);
      return false;
    case OP_REQUEST:
      if (c->served == c->whole) return false;
      c->served++;
      break;
    case OP_SEND: case OP_FOREVER:
      if (!conn_send(w, c, s)) return false;
      break;
    case OP_SLEEP: c->wake = monotonic() + s->seconds; break;
    case OP_SHUTDOWN: shutdown(c->fd, SHUT_WR); break;
    case OP_RESET:
      setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
      /* fall through */
    case OP_CLOSE:
      conn_read(w, c);  /* bytes left unread would make any close a reset */
      conn_close(w, c);
      return false;
    case OP_AGAIN:
      c->at = c->first;
      c->wake = monotonic();  /* by way of the loop, for it may have to stop */
      return false;
    case OP_HEARD:
      if (c->len < s->chunk) return false;
      break;
    case OP_REQUESTS:
      if (w->request_count >= s->chunk) break;
      c->wake = monotonic() + 0.002;  /* another's reading does not wake us */
      return false;
    case OP_GATE:
      c->at_gate = eventfd_read(w->gates, &one) != 0;
      if (c->at_gate) return false;
      break;
  }
  c->at++;
  c->sent = 0;
  return true;
}

/*
** Read, then do all steps that can be done now.
*/
static void conn_turn(struct wire *w, struct conn *c) {
  if (c->fd >= 0) conn_read(w, c);
  if (c->fd < 0 || c->wake > monotonic()) return;
  c->wake = 0;
  c->want_out = false;
  while (c->fd >= 0 && c->wake == 0)
    if (!conn_step(w, c, &w->steps[c->at])) return;
}

static void conn_add(struct wire *w, int fd) {
  size_t n = w->conn_count;
  struct conn c = {.fd = fd, .first = w->next, .at = w->next}, *conns;
  int on = 1;
  w->next = w->steps[c.first].len;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  pthread_mutex_lock(&w->lock);
  conns = grow(w->conns, &w->conn_size, n + 1, sizeof c);
  if (conns != NULL) {
    w->conns = conns;
    w->conns[n] = c;
    w->conn_count++;
    w->open++;
  }
  pthread_mutex_unlock(&w->lock);
  if (conns == NULL) close(fd);
  else conn_turn(w, &conns[n]);
}

static void loop_accept(struct wire *w) {
  int fd, flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  while ((fd = accept4(w->listener, NULL, NULL, flags)) >= 0) conn_add(w, fd);
  if (errno != EAGAIN) usleep(1000);  /* no descriptors: do not spin on it */
}

/*
** Wait until a socket or the clock asks for a turn. To come back early does
** no harm: without memory, or with RLIMIT_NOFILE under the sockets we have.
*/
static void loop_wait(struct wire *w) {
  double now = monotonic(), until = now + 60;
  struct pollfd *p = grow(w->polls, &w->poll_size, w->open + 2, sizeof *p);
  nfds_t n = 0;
  bool at_gate = false;
  size_t i;
  if (p == NULL) { usleep(1000); return; }
  w->polls = p;
  p[n++] = (struct pollfd){w->listener, POLLIN, 0};
  for (i = 0; i < w->conn_count; i++) {
    struct conn *c = &w->conns[i];
    if (c->fd < 0) continue;
    if (c->wake > 0 && c->wake < until) until = c->wake;
    at_gate = at_gate || c->at_gate;
    p[n++] = (struct pollfd){c->fd, POLLIN | (c->want_out ? POLLOUT : 0), 0};
  }
  if (at_gate) p[n++] = (struct pollfd){w->gates, POLLIN, 0};
  if (poll(p, n, until > now ? (int)((until - now) * 1e3) + 1 : 0) < 0)
    usleep(1000);
}

static void *loop_run(void *arg) {
  struct wire *w = arg;
  size_t i;
  while (!atomic_load(&w->stop)) {
    loop_accept(w);
    for (i = 0; i < w->conn_count; i++) conn_turn(w, &w->conns[i]);
    loop_wait(w);
  }
  for (i = 0; i < w->conn_count; i++) conn_close(w, &w->conns[i]);
  return NULL;
}

/* ------------------------------------------------------------- Lua side */

/*
** End the thread and with it every socket; the records stay. A fork has no
** thread, and only gives the listener back.
*/
static int wire_close(lua_State *L) {
  struct wire *w = luaL_checkudata(L, 1, WIRE);
  if (w->owner == getpid()) {
    atomic_store(&w->stop, true);
    shutdown(w->listener, SHUT_RDWR);  /* ends its poll */
    pthread_join(w->thread, NULL);
  }
  w->owner = 0;
  if (w->listener >= 0) close(w->listener);
  if (w->gates >= 0) close(w->gates);
  w->listener = w->gates = -1;
  return 0;
}

/*
** Lua calls this once, but another finalizer may still use the server then.
*/
static int wire__gc(lua_State *L) {
  struct wire *w = luaL_checkudata(L, 1, WIRE);
  wire_close(L);
  while (w->conn_count > 0) free(w->conns[--w->conn_count].got);
  w->request_count = 0;
  free(w->conns);
  free(w->requests);
  free(w->polls);
  return 0;
}

/*
** Read row `i`: {op, offset of data, length of data, chunk, seconds}.
*/
static void step_read(lua_State *L, int i, struct step *s, const char *data) {
  int k;
  lua_rawgeti(L, 3, i);
  for (k = 1; k <= 5; k++) lua_rawgeti(L, -k, k);  /* [... row op ... secs] */
  s->op = (enum op)lua_tointeger(L, -5);
  s->data = data + lua_tointeger(L, -4);
  s->len = (size_t)lua_tointeger(L, -3);
  s->chunk = (size_t)lua_tointeger(L, -2);
  s->seconds = lua_tonumber(L, -1);
  lua_pop(L, 6);
}

/*
** Listen on a free port of `host`. Returns the port, or 0 with errno set.
*/
static int wire_listen(struct wire *w, const char *host) {
  struct addrinfo want = {.ai_flags = AI_NUMERICHOST,
                          .ai_socktype = SOCK_STREAM}, *at;
  struct sockaddr_in6 got;  /* an IPv4 address has its port at that place */
  socklen_t size = sizeof got;
  bool ok;
  errno = EINVAL;
  if (getaddrinfo(host, "0", &want, &at) != 0) return 0;
  w->listener = socket(at->ai_family,
                       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ok = w->listener >= 0 &&
       bind(w->listener, at->ai_addr, at->ai_addrlen) == 0 &&
       listen(w->listener, WIRE_BACKLOG) == 0 &&
       getsockname(w->listener, (struct sockaddr *)&got, &size) == 0;
  freeaddrinfo(at);
  return ok ? ntohs(got.sin6_port) : 0;
}

/*
** Start the thread with all signals blocked: they are for the spec's own.
*/
static int wire_start(struct wire *w) {
  sigset_t all, old;
  int err;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  err = pthread_create(&w->thread, NULL, loop_run, w);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (err == 0) w->owner = getpid();
  return err;
}

/*
** serve(data, host, rows, count) -> server, port. Steps and data are copied
** into the server itself.
*/
static int wire_serve(lua_State *L) {
  size_t i, len;
  const char *data = luaL_checklstring(L, 1, &len);
  const char *host = luaL_checkstring(L, 2);
  size_t n = (size_t)luaL_checkinteger(L, 4);
  size_t size = sizeof(struct wire) + n * sizeof(struct step);
  struct wire *w = memset(lua_newuserdata(L, size + len), 0, size);
  char *copy = (char *)w + size;
  int port, err;
  w->listener = w->gates = -1;
  pthread_mutex_init(&w->lock, NULL);
  luaL_getmetatable(L, WIRE);
  lua_setmetatable(L, -2);  /* [data host rows count server] */
  memcpy(copy, data, len);
  for (i = 0; i < n; i++) step_read(L, (int)i + 1, &w->steps[i], copy);
  port = wire_listen(w, host);
  if (port != 0) {
    w->gates = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->gates < 0) port = 0;
  }
  err = port == 0 ? errno : wire_start(w);
  if (err != 0) return luaL_error(L, "cannot serve: %s", strerror(err));
  lua_pushinteger(L, port);
  return 2;
}

/*
** record(server, i, of_requests) -> bytes of request or connection `i`.
** Records only grow, so bytes seen under one lock are there under the next.
** The copy is Lua's, for making the string may throw.
*/
static int wire_record(lua_State *L) {
  struct wire *w = luaL_checkudata(L, 1, WIRE);
  size_t i = (size_t)luaL_checkinteger(L, 2) - 1;
  bool of_requests = lua_toboolean(L, 3), found;
  struct request r = {0, 0, 0};
  char *copy;
  pthread_mutex_lock(&w->lock);
  found = i < (of_requests ? w->request_count : w->conn_count);
  if (found && !of_requests) r = (struct request){i, 0, w->conns[i].len};
  else if (found) r = w->requests[i];
  pthread_mutex_unlock(&w->lock);
  if (!found) return 0;
  copy = lua_newuserdata(L, r.len + 1);
  pthread_mutex_lock(&w->lock);
  if (r.len > 0) memcpy(copy, w->conns[r.conn].got + r.start, r.len);
  pthread_mutex_unlock(&w->lock);
  lua_pushlstring(L, copy, r.len);
  return 1;
}

/*
** counts(server) -> accepted, open, bytes received, at the end of its script
*/
static int wire_counts(lua_State *L) {
  struct wire *w = luaL_checkudata(L, 1, WIRE);
  size_t counts[4];
  int i;
  pthread_mutex_lock(&w->lock);
  counts[0] = w->conn_count;
  counts[1] = w->open;
  counts[2] = w->bytes;
  counts[3] = w->ended;
  pthread_mutex_unlock(&w->lock);
  for (i = 0; i < 4; i++) lua_pushinteger(L, (lua_Integer)counts[i]);
  return 4;
}

/*
** pass(server, n): lets n connections pass a gate, now or once they are there.
*/
static int wire_pass(lua_State *L) {
  struct wire *w = luaL_checkudata(L, 1, WIRE);
  eventfd_write(w->gates, (eventfd_t)luaL_checkinteger(L, 2));
  return 0;
}

static const luaL_Reg methods[] = {
  {"close", wire_close}, {"__gc", wire__gc}, {"record", wire_record},
  {"counts", wire_counts}, {"pass", wire_pass}, {NULL, NULL}
};

LUALIB_API int luaopen_support_wire(lua_State *L) {
  const luaL_Reg *r;
  luaL_newmetatable(L, WIRE);
  for (r = methods; r->name != NULL; r++) {
    lua_pushcfunction(L, r->func);
    lua_setfield(L, -2, r->name);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, wire_serve);
  return 1;
}
