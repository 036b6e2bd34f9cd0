/* SPDX-License-Identifier: MIT
** event.h - as much of the BSDs' <sys/event.h> as poller_kqueue.c names, so
** that a machine without kqueue can compile it and run it on a made-up one
** (kqueue.c). For spec/regress/15-kqueue_spec.lua.
*/
#ifndef SPEC_EVENT_H
#define SPEC_EVENT_H

#include <stddef.h>
#include <stdint.h>

struct timespec;

struct kevent {
  uintptr_t ident;
  short filter;
  unsigned short flags;
  unsigned fflags;
  intptr_t data;
  void *udata;
};

#define EVFILT_READ    (-1)
#define EVFILT_WRITE   (-2)
#define EVFILT_TIMER   (-7)
#define EVFILT_USER    (-10)
#define EV_ADD         0x0001
#define EV_DELETE      0x0002
#define EV_ONESHOT     0x0010
#define EV_CLEAR       0x0020
#define EV_ERROR       0x4000
#define NOTE_TRIGGER   0x01000000

#define EV_SET(k, a, b, c, d, e, f) \
  ((k)->ident = (a), (k)->filter = (b), (k)->flags = (c), (k)->fflags = (d), \
   (k)->data = (e), (k)->udata = (f))

int kqueue (void);
int kevent (int kq, const struct kevent *changes, int nchanges,
            struct kevent *events, int nevents, const struct timespec *t);

#endif
