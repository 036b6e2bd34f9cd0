/* SPDX-License-Identifier: MIT
** engine.c - the engine (see engine.h).
** libcurl reports its sockets and its next timer; the poller waits for both.
** libcurl works in ges_engine_step only, for a bounded time, so that 200 TLS
** handshakes cannot block an editor.
*/
#include "engine.h"

#include <curl/curl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIN_LIBCURL    0x074400 /* 7.68.0 */
#define ADMIT_MAX      8        /* transfers handed to libcurl in one step */
#define BUDGET         0.002    /* seconds of work in one step */
#define SAFETY         1.0      /* call libcurl at least this often */
#define OVERDUE        0.5      /* seconds that its timeouts may be late */
#define QUICK_EXIT     21       /* CURLMOPT_QUICK_EXIT: since libcurl 8.20 */
#define BRIEF          1e3      /* ms in which a connection may be unfinished */
#define LAG_WEIGHT     0.125    /* of one answer in the average, */
#define LAG_MOST       0.01     /* and as what a longer one counts */

_Static_assert(GES_POLL_IN == CURL_POLL_IN && GES_POLL_OUT == CURL_POLL_OUT,
               "libcurl's own numbers");
_Static_assert(GES_POLL_IN == CURL_CSELECT_IN
               && GES_POLL_OUT == CURL_CSELECT_OUT
               && GES_POLL_ERR == CURL_CSELECT_ERR, "libcurl's own numbers");

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_rc;      /* written once, under global_once */


static void global_init (void) {
  global_rc = curl_global_init(CURL_GLOBAL_DEFAULT);
}


/*
** Initialises libcurl once per process, whatever number of Lua states load the
** module; never undone, as the host program may use libcurl too. Returns NULL,
** or one line that says what is wrong. curl_version() is not called: it may
** block on a name server.
*/
const char *ges_engine_load (void) {
  if (curl_version_info(CURLVERSION_NOW)->version_num < MIN_LIBCURL)
    return "ges needs libcurl 7.68.0 or later; the one loaded is older";
  pthread_once(&global_once, global_init);
  return global_rc == CURLE_OK ? NULL
         : "ges: libcurl could not be initialised (curl_global_init failed)";
}


/* libcurl begins to watch a socket, changes that or stops. */
static int on_socket (CURL *easy, curl_socket_t fd, int what, void *ud,
                      void *known) {
  struct ges_engine *e = ud;
  int mask = what & CURL_POLL_INOUT;
  (void)easy;
  if (ges_poller_set(&e->poller, (int)fd, mask, known != NULL) != 0)
    return -1;
  if (what != CURL_POLL_REMOVE && (known != NULL) != (mask != 0))
    curl_multi_assign(e->curl, fd, mask != 0 ? e : NULL);
  return 0;
}


static int on_timer (CURLM *curl, long ms, void *ud) {
  struct ges_engine *e = ud;
  (void)curl;
  e->curl_due = ms <= 0 ? (double)ms : ges_now() + (double)ms / 1e3;
  return 0;
}


/* Makes the multi handle. Returns 0, or -1 when memory is out. */
static int curl_open (struct ges_engine *e) {
  e->curl_due = -1;
  e->curl = curl_multi_init();
  e->broken = e->curl == NULL;
  if (e->broken)
    return -1;
  curl_multi_setopt(e->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(e->curl, CURLMOPT_SOCKETDATA, e);
  curl_multi_setopt(e->curl, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(e->curl, CURLMOPT_TIMERDATA, e);
  curl_multi_setopt(e->curl, CURLMOPT_MAX_HOST_CONNECTIONS, (long)GES_HOST_MAX);
  curl_multi_setopt(e->curl, CURLMOPT_MAXCONNECTS, (long)GES_HOST_MAX);
  curl_multi_setopt(e->curl, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(e->curl, CURLMOPT_MAX_CONCURRENT_STREAMS,
                    (long)GES_ACTIVE_MAX);
  /* a dead name server: its threads are not waited for (see easy.c) */
  curl_multi_setopt(e->curl, (CURLMoption)QUICK_EXIT, 1L);
  return 0;
}


/*
** Opens what processes must not share: for a new engine, in zeroed memory, or
** in a child of fork. Returns 0, or -1 with nothing left open.
*/
int ges_engine_open (struct ges_engine *e) {
  e->sweep_due = e->safety_due = INFINITY;
  if (ges_poller_open(&e->poller, e->watched) != 0)
    return -1;
  if (curl_open(e) != 0) {
    ges_poller_close(&e->poller);
    return -1;
  }
  e->pid = getpid();
  return 0;
}


/* Marks a transfer as done; unless a caller waits, it joins the done list. */
static void finish (struct ges_engine *e, struct ges_transfer *t) {
  if (t->state == GES_active) {
    ges_list_remove(&e->active, t);
    ges_host_end(t->host, t, ges_now());
  }
  else {                  /* queued */
    ges_list_remove(&t->host->queue, t);
    e->queued--;
  }
  t->state = GES_done;
  if (!t->owned)
    ges_list_push(&e->done, t);
}


/* Ends a transfer that is queued or active with a failure of the engine. */
static void stop (struct ges_engine *e, struct ges_transfer *t,
                  enum ges_kind kind, const char *text) {
  if (t->state == GES_active)
    curl_multi_remove_handle(e->curl, t->easy.handle);
  else if (t->state != GES_queued)
    return;
  ges_easy_fail(&t->easy, kind, text);
  finish(e, t);
}


/*
** In a child of fork the parent's multi handle and connections must not be
** touched: to close a shared TLS connection would end it for the parent too.
** They are leaked on purpose, and every transfer fails as a network error.
*/
static void abandon (struct ges_engine *e) {
  static const char why[] = "the process forked while the request was under"
                            " way; the child starts afresh";
  struct ges_host *h;
  ges_poller_forget(&e->poller);
  while (e->active.first != NULL) {
    struct ges_transfer *t = e->active.first;
    ges_easy_fail(&t->easy, GES_network, why);
    finish(e, t);
    ges_easy_abandon(&t->easy);
  }
  for (h = e->hosts; h != NULL; h = h->next) {
    ges_host_forget(h);
    while (h->queue.first != NULL)
      stop(e, h->queue.first, GES_network, why);
  }
}


/*
** Makes sure that multi handle and poller belong to this process. Every entry
** from Lua calls it first. Returns 0, or -1 when new ones could not be opened
** or the engine is closed.
*/
int ges_engine_check (struct ges_engine *e) {
  if (e->pid == getpid())
    return 0;
  if (e->pid == 0)
    return -1;
  abandon(e);
  return ges_engine_open(e);
}


/*
** Releases everything. Idempotent. In a child of fork, what belongs to the
** parent is not touched.
*/
void ges_engine_close (struct ges_engine *e) {
  int own_process = e->pid == getpid();
  struct ges_transfer *t;
  if (e->pid == 0)
    return;
  for (t = e->active.first; t != NULL; t = t->next)
    if (own_process)
      curl_multi_remove_handle(e->curl, t->easy.handle);
    else
      ges_easy_abandon(&t->easy);
  ges_pool_free(&e->pool);
  ges_hosts_free(&e->hosts);
  if (own_process) {
    curl_multi_cleanup(e->curl);
    ges_poller_close(&e->poller);
  }
  else
    ges_poller_forget(&e->poller);
  memset(e, 0, sizeof *e);
  e->poller.fd = e->poller.timer = e->poller.wake = -1;
}


/*
** Queues an attempt of at most `limit` seconds. Causes no network traffic.
** Returns NULL when memory is out. All of `r` is copied, except for the head,
** which is shared.
*/
struct ges_transfer *ges_engine_add (struct ges_engine *e,
                                     const struct ges_request *r,
                                     double limit, int many) {
  struct ges_transfer *t = ges_pool_get(&e->pool);
  if (t == NULL)
    return NULL;
  if (ges_easy_prepare(&t->easy, r, many) != 0
      || (t->host = ges_host_get(&e->hosts, r->head->origin.data)) == NULL) {
    ges_pool_put(&e->pool, t);
    return NULL;
  }
  t->state = GES_queued;
  t->begun = ges_now();
  t->deadline = t->begun + limit;
  if (t->deadline < e->sweep_due)
    e->sweep_due = t->deadline;
  ges_list_push(&t->host->queue, t);
  e->queued++;
  ges_engine_wake(e);
  return t;
}


/* Hands one queued transfer to libcurl. */
static void admit (struct ges_engine *e, struct ges_transfer *t, double now) {
  double left = (t->deadline - now) * 1e3;
  if (left < 1) {
    stop(e, t, GES_timeout, ges_easy_begun(&t->easy) ? "timed out"
         : "timed out before the request was sent");
    return;
  }
  curl_easy_setopt(t->easy.handle, CURLOPT_TIMEOUT_MS, (long)left);
  curl_easy_setopt(t->easy.handle, CURLOPT_PRIVATE, t);
  if (!t->easy.touched)
    t->easy.brief = left < BRIEF;
  t->easy.resolved = &t->host->resolved;
  ges_host_begin(t->host, t);
  e->queued--;
  ges_list_push(&e->active, t);
  t->state = GES_active;
  if (curl_multi_add_handle(e->curl, t->easy.handle) != CURLM_OK) {
    ges_easy_fail(&t->easy, GES_memory, GES_NO_MEMORY);
    finish(e, t);
  }
}


/*
** Calls libcurl. After an error (no memory, a socket that cannot be watched)
** the multi handle must not be used again.
*/
static void act (struct ges_engine *e, curl_socket_t fd, int mask) {
  int running;
  if (!e->broken
      && curl_multi_socket_action(e->curl, fd, mask, &running) != CURLM_OK)
    e->broken = 1;
}


/* Is there a queued transfer that could be admitted now? */
static int can_admit (const struct ges_engine *e) {
  const struct ges_host *h = e->queued > 0 ? e->hosts : NULL;
  if (e->active.n >= GES_ACTIVE_MAX)
    return 0;
  while (h != NULL && !ges_host_admits(h))
    h = h->next;
  return h != NULL;
}


/*
** Admits the first of a host's queue. If others wait until it has found a
** connection, libcurl is called at once: often it takes a kept one, and they
** need not wait for the next step.
*/
static void admit_to (struct ges_engine *e, struct ges_host *h, double now) {
  admit(e, h->queue.first, now);
  if (h->last != NULL && e->queued > 0) {
    act(e, CURL_SOCKET_TIMEOUT, 0);
    ges_host_look(h, now);
  }
}


/* Admits at most ADMIT_MAX transfers, one host after the other. */
static void admit_some (struct ges_engine *e, double now) {
  struct ges_host *h;
  int left = ADMIT_MAX;
  if (e->queued == 0)
    return;
  for (h = e->hosts; h != NULL; h = h->next)
    ges_host_look(h, now);
  while (left > 0 && can_admit(e))
    for (h = e->hosts; h != NULL && left > 0; h = h->next)
      if (e->active.n < GES_ACTIVE_MAX && ges_host_admits(h)) {
        admit_to(e, h, now);
        left--;
      }
}


/* Moves an active transfer back to the queue, to be admitted again. */
static void requeue (struct ges_engine *e, struct ges_transfer *t) {
  curl_multi_remove_handle(e->curl, t->easy.handle);
  ges_list_remove(&e->active, t);
  ges_host_end(t->host, t, ges_now());
  t->state = GES_queued;
  ges_list_push(&t->host->queue, t);
  e->queued++;
}


/* Takes how long an answer took into the average. */
static void weigh (struct ges_engine *e, double took) {
  e->lag += ((took < LAG_MOST ? took : LAG_MOST) - e->lag) * LAG_WEIGHT;
}


/* Collects what libcurl has finished. */
static void reap (struct ges_engine *e) {
  CURLMsg *msg;
  int left;
  while ((msg = curl_multi_info_read(e->curl, &left)) != NULL) {
    struct ges_transfer *t = NULL;
    int rc = (int)msg->data.result;
    if (msg->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    t->host->resolved |= rc == CURLE_OK;
    if (ges_easy_repeat(&t->easy, rc)) {
      requeue(e, t);                                   /* frees msg */
      continue;
    }
    weigh(e, ges_now() - t->begun);
    ges_easy_finish(&t->easy, rc);
    curl_multi_remove_handle(e->curl, t->easy.handle);   /* this too */
    finish(e, t);
  }
}


/* Why a transfer has ended that is past its deadline. */
static const char *late_text (const struct ges_transfer *t) {
  return t->state == GES_queued && ges_host_holds(t->host)
         ? "timed out before the request was sent: look-ups of the host's name"
           " are without an answer" : "timed out";
}


/*
** Ends transfers past their deadline. An active one is ended by libcurl's own
** timeout, and here only if that is overdue. Looks at all transfers, each time
** the earliest deadline has passed.
*/
static void sweep (struct ges_engine *e, double now) {
  double next = INFINITY;
  unsigned i;
  for (i = 0; i < e->pool.n; i++) {
    struct ges_transfer *t = e->pool.all[i];
    double due = t->deadline + (t->state == GES_active ? OVERDUE : 0);
    if (t->state != GES_active && t->state != GES_queued)
      continue;
    if (due <= now)
      stop(e, t, GES_timeout, late_text(t));
    else if (due < next)
      next = due;
  }
  e->sweep_due = next;
}


/* Replaces the multi handle. Until that succeeds, transfers end here. */
static void renew (struct ges_engine *e) {
  while (e->active.first != NULL)
    stop(e, e->active.first, GES_memory, GES_NO_MEMORY);
  curl_multi_cleanup(e->curl);
  curl_open(e);
}


/* Calls libcurl when its timer, or the safety timer, has fired. */
static void run_timers (struct ges_engine *e, double now) {
  if (e->active.n == 0) {
    e->safety_due = INFINITY;
    return;
  }
  if (isinf(e->safety_due))
    e->safety_due = now + SAFETY;
  if ((e->curl_due >= 0 && e->curl_due <= now) || e->safety_due <= now) {
    e->curl_due = -1;
    e->safety_due = now + SAFETY;
    act(e, CURL_SOCKET_TIMEOUT, 0);
  }
}


static double next_due (const struct ges_engine *e) {
  double due = e->sweep_due;
  const struct ges_host *h = e->queued > 0 ? e->hosts : NULL;
  for (; h != NULL; h = h->next)
    if (ges_host_due(h) < due)
      due = ges_host_due(h);
  if (e->active.n > 0) {
    if (e->curl_due >= 0 && e->curl_due < due)
      due = e->curl_due;
    if (e->safety_due < due)
      due = e->safety_due;
  }
  return due;
}


/* Waits for sockets; has libcurl read and write them. Returns if any was. */
static int run_sockets (struct ges_engine *e, double seconds) {
  struct ges_event ev[GES_POLL_BATCH];
  int i, n = ges_poller_wait(&e->poller, seconds, ev);
  double stop = n > 1 ? ges_now() + BUDGET : 0;
  for (i = 0; i < n; i++) {
    act(e, ev[i].fd, ev[i].mask);
    if (i + 1 < n && ges_now() > stop)
      break;              /* level-triggered: the rest is reported again */
  }
  return n > 0;
}


/* Sets when the descriptor becomes readable for the event loop. */
static void rearm (struct ges_engine *e, int more, double now) {
  double due = next_due(e);
  if (more)
    ges_poller_wake(&e->poller);
  ges_poller_arm(&e->poller, isinf(due) ? -1 : due, now);
}


/*
** One turn of bounded work: admits, calls libcurl, collects. Sleeps up to
** `seconds` if there is nothing to do. Returns whether anything happened: a
** transfer was admitted or has ended, a socket was read or written.
*/
static int turn (struct ges_engine *e, double seconds) {
  double now = ges_now(), until = now + seconds;
  size_t queued = e->queued, before = queued + e->active.n;
  int moved = e->broken;
  if (e->broken)
    renew(e);
  admit_some(e, now);
  run_timers(e, now);
  reap(e);
  if (can_admit(e) || e->broken || seconds < 0
      || e->queued + e->active.n < before)
    until = now;
  if (next_due(e) < until)
    until = next_due(e);
  if (e->active.n > 0 || e->watched || until > now)
    moved |= run_sockets(e, until > now ? until - now : 0);
  now = ges_now();
  run_timers(e, now);
  reap(e);
  if (e->sweep_due <= now)
    sweep(e, now);
  return moved || e->queued != queued || queued + e->active.n != before;
}


/*
** One step: a turn, and further ones as long as something happens and `most`
** seconds are not over. Sleeps up to `seconds` if there is nothing to do. If
** work is left, the descriptor becomes readable. Returns whether anything
** happened.
*/
int ges_engine_step (struct ges_engine *e, double seconds, double most) {
  double stop = most > 0 ? ges_now() + most : 0;
  int moved = turn(e, seconds), more = moved;
  while (more && most > 0 && ges_now() < stop)
    more = turn(e, 0);
  if (e->watched)
    rearm(e, can_admit(e) || e->broken, ges_now());
  return moved;
}


/* How many transfers are queued or active. */
size_t ges_engine_in_flight (const struct ges_engine *e) {
  return e->queued + e->active.n;
}


/* Seconds since the youngest active transfer was queued; 0 without one. */
double ges_engine_age (const struct ges_engine *e) {
  return e->active.last != NULL ? ges_now() - e->active.last->begun : 0;
}


/* Takes a transfer from the done list, to be read and then released. */
void ges_engine_take (struct ges_engine *e, struct ges_transfer *t) {
  ges_list_remove(&e->done, t);
  t->state = GES_taken;
}


/* Takes a transfer back for reuse, whatever its state. Its id ends. */
void ges_engine_release (struct ges_engine *e, struct ges_transfer *t) {
  stop(e, t, GES_cancelled, "cancelled");
  if (t->state == GES_done && !t->owned)
    ges_list_remove(&e->done, t);
  ges_pool_put(&e->pool, t);
}


/* Ends a transfer now, with kind `cancelled`. */
void ges_engine_cancel (struct ges_engine *e, struct ges_transfer *t) {
  stop(e, t, GES_cancelled, "cancelled");
  ges_engine_wake(e);
}


/* Wakes up the event loop that watches the descriptor, if there is one. */
void ges_engine_wake (struct ges_engine *e) {
  if (e->watched)
    ges_poller_wake(&e->poller);
}


/* The descriptor for an event loop; from now on the timer is kept set. */
int ges_engine_fd (struct ges_engine *e) {
  if (!e->watched) {
    e->watched = 1;
    e->broken |= ges_poller_share(&e->poller) != 0;
    rearm(e, e->queued > 0 || e->done.n > 0 || e->broken, ges_now());
  }
  return e->poller.fd;
}
