/* SPDX-License-Identifier: MIT
** poller.h - one descriptor that is readable when something is due.
** Wraps epoll + timerfd + eventfd, or kqueue where there is no epoll. Owns
** those descriptors (all close-on-exec) and nothing else. Called by engine.c
** of both folders and system.c; knows neither libcurl nor Lua.
*/
#ifndef GES_POLLER_H
#define GES_POLLER_H

#pragma GCC visibility push(hidden)

#define GES_POLL_IN     1
#define GES_POLL_OUT    2
#define GES_POLL_ERR    4
#define GES_POLL_BATCH  8       /* events taken at a time: a step is short */

struct ges_event {
  int fd;
  int mask;
};

struct ges_poller {
  int fd;                       /* what an event loop watches; -1: closed */
  int timer, wake;              /* -1 with kqueue */
  double armed;                 /* when the timer fires; < 0: not armed */
  int woken;                   /* `wake` is set */
  int alone, mask;              /* the only socket, not in the set; or -1 */
  int count;                    /* sockets in the set */
  int shared;                   /* an event loop watches the descriptor */
};

int ges_poller_open (struct ges_poller *p, int shared);
void ges_poller_close (struct ges_poller *p);
void ges_poller_forget (struct ges_poller *p);
int ges_poller_share (struct ges_poller *p);
int ges_poller_set (struct ges_poller *p, int fd, int mask, int known);
int ges_poller_wait (struct ges_poller *p, double seconds,
                     struct ges_event ev[GES_POLL_BATCH]);
void ges_poller_arm (struct ges_poller *p, double at, double now);
void ges_poller_wake (struct ges_poller *p);
double ges_now (void);

/* Shared by poller.c and poller_kqueue.c alone. */
void ges_poller_reset (struct ges_poller *p, int shared);
int ges_poller_change (struct ges_poller *p, int fd, int mask, int known);
int ges_poller_gather (struct ges_poller *p, double seconds,
                       struct ges_event ev[GES_POLL_BATCH]);

#pragma GCC visibility pop

#endif
