/* SPDX-License-Identifier: MIT
** kqueue.c - runs poller_kqueue.c on a made-up kqueue: a descriptor of
** /dev/null, and the last change as the next event. Prints "well" when the
** poller does with it what it should. For spec/regress/15-kqueue_spec.lua.
*/
#include <sys/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../src/engine/poller.h"

static struct kevent last;
static int changes;

int kqueue (void) {
  return open("/dev/null", O_RDONLY);
}

int kevent (int kq, const struct kevent *given, int n, struct kevent *events,
            int room, const struct timespec *t) {
  (void)t;
  if (fcntl(kq, F_GETFD) < 0)
    return -1;
  if (n > 0) {
    last = given[0];
    changes++;
  }
  if (room > 0 && changes > 0) {
    changes = 0;
    events[0] = last;
    return 1;
  }
  return 0;
}

#define CHECK(what) \
  do { if (!(what)) { printf("line %d: %s\n", __LINE__, #what); return 1; } \
  } while (0)

static int is_open (int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

int main (void) {
  struct ges_poller p;
  struct ges_event ev[GES_POLL_BATCH];
  int fd;
  CHECK(ges_poller_open(&p, 1) == 0);
  fd = p.fd;
  CHECK(is_open(fd) && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
  CHECK(ges_poller_set(&p, 7, GES_POLL_IN, 0) == 0);
  CHECK(ges_poller_wait(&p, 0, ev) == 1);
  CHECK(ev[0].fd == 7 && ev[0].mask == GES_POLL_IN);
  ges_poller_wake(&p);
  CHECK(p.woken && ges_poller_wait(&p, 0, ev) == 0 && !p.woken);
  ges_poller_arm(&p, ges_now() + 1, ges_now());
  CHECK(p.armed > 0 && ges_poller_wait(&p, 0, ev) == 0 && p.armed < 0);
  /* in a child of fork the number is another file's by now */
  ges_poller_forget(&p);
  CHECK(p.fd == -1 && is_open(fd));
  ges_poller_close(&p);
  CHECK(is_open(fd));
  CHECK(ges_poller_open(&p, 0) == 0 && p.fd != fd);
  fd = p.fd;
  ges_poller_close(&p);
  CHECK(p.fd == -1 && !is_open(fd));
  puts("well");
  return 0;
}
