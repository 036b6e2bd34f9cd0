/* SPDX-License-Identifier: MIT
** poller_kqueue.c - the poller (see poller.h) of macOS and the BSDs: kqueue
** instead of epoll, timerfd and eventfd. Empty on Linux.
*/
#include "poller.h"

#if !defined(__linux__)

#include <fcntl.h>
#include <math.h>
#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define TIMER_IDENT  1
#define WAKE_IDENT   2


static int change (struct ges_poller *p, int ident, int filter, int flags,
                   unsigned fflags, long data) {
  struct kevent e;
  EV_SET(&e, (unsigned)ident, (short)filter, (unsigned short)flags, fflags,
         data, NULL);
  return kevent(p->fd, &e, 1, NULL, 0, NULL);
}


/* To remove a filter that is not set is an error without consequences. */
int ges_poller_change (struct ges_poller *p, int fd, int mask, int known) {
  int rc = 0;
  if (mask & GES_POLL_IN)
    rc |= change(p, fd, EVFILT_READ, EV_ADD, 0, 0);
  else if (known)
    change(p, fd, EVFILT_READ, EV_DELETE, 0, 0);
  if (mask & GES_POLL_OUT)
    rc |= change(p, fd, EVFILT_WRITE, EV_ADD, 0, 0);
  else if (known)
    change(p, fd, EVFILT_WRITE, EV_DELETE, 0, 0);
  return rc;
}


void ges_poller_close (struct ges_poller *p) {
  int fd = p->fd;
  p->fd = -1;
  if (fd >= 0)
    close(fd);
}


/*
** In a child of fork: a kqueue is not inherited, and its number may belong to a
** descriptor that the child has opened since. So it is not closed.
*/
void ges_poller_forget (struct ges_poller *p) {
  p->fd = -1;
}


int ges_poller_open (struct ges_poller *p, int shared) {
  ges_poller_reset(p, shared);
  p->fd = kqueue();
  if (p->fd >= 0 && fcntl(p->fd, F_SETFD, FD_CLOEXEC) == 0
      && change(p, WAKE_IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0) == 0)
    return 0;
  ges_poller_close(p);
  return -1;
}


void ges_poller_arm (struct ges_poller *p, double at, double now) {
  double ms = ceil((at - now) * 1e3);
  if (at == p->armed || (at < 0 && p->armed < 0))
    return;
  p->armed = at;
  if (at < 0)
    change(p, TIMER_IDENT, EVFILT_TIMER, EV_DELETE, 0, 0);
  else
    change(p, TIMER_IDENT, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0,
           ms < 1 ? 1 : ms > 1e6 ? 1000000 : (long)ms);
}


void ges_poller_wake (struct ges_poller *p) {
  if (!p->woken && change(p, WAKE_IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 0) == 0)
    p->woken = 1;
}


int ges_poller_gather (struct ges_poller *p, double seconds,
                       struct ges_event ev[GES_POLL_BATCH]) {
  struct kevent got[GES_POLL_BATCH];
  struct timespec t;
  int i, n, count = 0;
  seconds = seconds < 0 ? 0 : seconds > 1e3 ? 1e3 : seconds;
  t.tv_sec = (time_t)seconds;
  t.tv_nsec = (long)((seconds - floor(seconds)) * 1e9);
  n = kevent(p->fd, NULL, 0, got, GES_POLL_BATCH, &t);
  for (i = 0; i < n; i++) {
    if (got[i].filter == EVFILT_TIMER)
      p->armed = -1;
    else if (got[i].filter == EVFILT_USER)
      p->woken = 0;
    else {
      ev[count].fd = (int)got[i].ident;
      ev[count].mask = (got[i].filter == EVFILT_READ ? GES_POLL_IN
                        : GES_POLL_OUT)
                       | (got[i].flags & EV_ERROR ? GES_POLL_ERR : 0);
      count++;
    }
  }
  return count;
}

#endif
