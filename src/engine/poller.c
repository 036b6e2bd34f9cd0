/* SPDX-License-Identifier: MIT
** poller.c - one descriptor that is readable when something is due (see
** poller.h): what all systems share, and epoll. Where there is no epoll,
** poller_kqueue.c has that half.
*/
#define _GNU_SOURCE

#include "poller.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


/* Seconds on the monotonic clock. */
double ges_now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}


/* Nothing is open, no timer is set; `shared` as for ges_poller_open. */
void ges_poller_reset (struct ges_poller *p, int shared) {
  p->fd = p->timer = p->wake = -1;
  p->armed = -1;
  p->alone = -1;
  p->woken = p->count = 0;
  p->shared = shared;
}


static int milliseconds (double seconds) {
  double ms = ceil(seconds * 1e3);
  return ms <= 0 ? 0 : ms > 1e6 ? 1000000 : (int)ms;
}


#if defined(__linux__)

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>


/* Puts a socket into the set, changes it or takes it out. Returns 0 or -1. */
int ges_poller_change (struct ges_poller *p, int fd, int mask, int known) {
  struct epoll_event e;
  int op = mask == 0 ? EPOLL_CTL_DEL : known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  memset(&e, 0, sizeof e);
  e.data.fd = fd;
  e.events = (mask & GES_POLL_IN ? (uint32_t)EPOLLIN : 0)
             | (mask & GES_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
  if (epoll_ctl(p->fd, op, fd, &e) == 0)
    return 0;
  if (errno == ENOENT && op == EPOLL_CTL_MOD)   /* a new socket */
    return epoll_ctl(p->fd, EPOLL_CTL_ADD, fd, &e);
  if (errno == EEXIST)
    return epoll_ctl(p->fd, EPOLL_CTL_MOD, fd, &e);
  return op == EPOLL_CTL_DEL ? 0 : -1;          /* closed already */
}


static void close_fd (int *fd) {
  int n = *fd;
  *fd = -1;
  if (n >= 0)
    close(n);
}


void ges_poller_close (struct ges_poller *p) {
  close_fd(&p->timer);
  close_fd(&p->wake);
  close_fd(&p->fd);
}


/*
** In a child of fork: the child has copies of the descriptors. To close them
** does not change the epoll set, which it shares with the parent.
*/
void ges_poller_forget (struct ges_poller *p) {
  ges_poller_close(p);
}


/*
** Opens the descriptors; `shared`: an event loop watches. Returns 0, or -1
** with nothing left open and errno set.
*/
int ges_poller_open (struct ges_poller *p, int shared) {
  ges_poller_reset(p, shared);
  p->fd = epoll_create1(EPOLL_CLOEXEC);
  p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (p->fd >= 0 && p->timer >= 0 && p->wake >= 0
      && ges_poller_change(p, p->timer, GES_POLL_IN, 0) == 0
      && ges_poller_change(p, p->wake, GES_POLL_IN, 0) == 0)
    return 0;
  ges_poller_close(p);
  return -1;
}


/*
** Makes the descriptor readable at `at` (monotonic; < 0: never). Costs a
** system call only if that time changes.
*/
void ges_poller_arm (struct ges_poller *p, double at, double now) {
  struct itimerspec t;
  double left = at - now;
  if (at == p->armed || (at < 0 && p->armed < 0))
    return;
  p->armed = at;
  memset(&t, 0, sizeof t);
  if (at >= 0) {
    left = left < 1e-6 ? 1e-6 : left > 1e6 ? 1e6 : left;
    t.it_value.tv_sec = (time_t)left;
    t.it_value.tv_nsec = (long)((left - floor(left)) * 1e9);
  }
  timerfd_settime(p->timer, 0, &t, NULL);
}


/* Makes the descriptor readable now: work is left for the next step. */
void ges_poller_wake (struct ges_poller *p) {
  uint64_t one = 1;
  if (p->woken)
    return;
  if (write(p->wake, &one, sizeof one) == (ssize_t)sizeof one)
    p->woken = 1;
}


/* Is it the timer or the wake-up descriptor? Resets it then. */
static int is_own (struct ges_poller *p, int fd) {
  uint64_t count;
  if (fd != p->timer && fd != p->wake)
    return 0;
  if (read(fd, &count, sizeof count) == (ssize_t)sizeof count) {
    if (fd == p->timer)
      p->armed = -1;
    else
      p->woken = 0;
  }
  return 1;
}


/* Waits for the set. Returns the number of sockets put into `ev`. */
int ges_poller_gather (struct ges_poller *p, double seconds,
                       struct ges_event ev[GES_POLL_BATCH]) {
  struct epoll_event got[GES_POLL_BATCH];
  int i, n, count = 0;
  n = epoll_wait(p->fd, got, GES_POLL_BATCH, milliseconds(seconds));
  for (i = 0; i < n; i++) {
    if (is_own(p, got[i].data.fd))
      continue;
    ev[count].fd = got[i].data.fd;
    ev[count].mask = (got[i].events & EPOLLIN ? GES_POLL_IN : 0)
                     | (got[i].events & EPOLLOUT ? GES_POLL_OUT : 0)
                     | (got[i].events & (EPOLLERR | EPOLLHUP)
                        ? GES_POLL_ERR : 0);
    count++;
  }
  return count;
}

#endif


/*
** A blocking call has one socket, and no event loop watches: then poll(2)
** waits for it, which saves two calls of epoll_ctl. This function adds that
** socket to the set, when a second one comes or the descriptor is shared.
*/
static int settle (struct ges_poller *p) {
  int fd = p->alone;
  p->alone = -1;
  if (fd >= 0 && ges_poller_change(p, fd, p->mask, 0) != 0 && errno != EBADF)
    return -1;                  /* EBADF: closed, and about to be removed */
  p->count += fd >= 0;
  return 0;
}


/*
** Watches a socket from now on; a `mask` of 0 removes it, `known` says that it
** was watched before. Returns 0 or -1.
*/
int ges_poller_set (struct ges_poller *p, int fd, int mask, int known) {
  if (!p->shared && p->count == 0 && (p->alone < 0 || p->alone == fd)) {
    p->alone = mask != 0 ? fd : -1;
    p->mask = mask;
    return 0;
  }
  if (settle(p) != 0 || ges_poller_change(p, fd, mask, known) != 0)
    return -1;
  p->count += (mask != 0) - (known != 0);
  return 0;
}


/* From now on the descriptor covers every socket. Returns 0 or -1. */
int ges_poller_share (struct ges_poller *p) {
  p->shared = 1;
  return settle(p);
}


/* Without an event loop, timer and wake-up descriptor are never set. */
static int wait_alone (struct ges_poller *p, double seconds,
                       struct ges_event *ev) {
  struct pollfd one;
  one.fd = p->alone;
  one.events = (short)((p->mask & GES_POLL_IN ? POLLIN : 0)
                       | (p->mask & GES_POLL_OUT ? POLLOUT : 0));
  if (poll(&one, 1, milliseconds(seconds)) <= 0)
    return 0;
  if (one.revents & POLLNVAL) { /* closed, and about to be removed */
    p->alone = -1;
    p->count++;
  }
  ev->fd = one.fd;
  ev->mask = (one.revents & POLLIN ? GES_POLL_IN : 0)
             | (one.revents & POLLOUT ? GES_POLL_OUT : 0)
             | (one.revents & (POLLERR | POLLHUP | POLLNVAL)
                ? GES_POLL_ERR : 0);
  return 1;
}


/*
** Sleeps until a socket is ready, the timer fires, the engine is woken up or
** `seconds` have passed. Returns the number of sockets put into `ev`.
*/
int ges_poller_wait (struct ges_poller *p, double seconds,
                     struct ges_event ev[GES_POLL_BATCH]) {
  return p->alone >= 0 ? wait_alone(p, seconds, ev)
         : ges_poller_gather(p, seconds, ev);
}
