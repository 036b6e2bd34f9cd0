/* SPDX-License-Identifier: MIT
** engine.c - the engine (see engine.h).
** libcurl tells us its sockets and its next timer; the poller waits for both.
** Only ges_engine_step lets libcurl work, a bounded amount at a time, so that
** 200 TLS handshakes cannot hold up an editor.
*/
#include "engine.h"

#include <curl/curl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIN_LIBCURL    0x074400 /* 7.68.0 */
#define ADMIT_MAX      8        /* calls handed to libcurl in one step */
#define BUDGET         0.002    /* seconds of work in one step */
#define SAFETY         1.0      /* libcurl's timer is trusted this long */
#define OVERDUE        0.5      /* and its timeouts may be this late */

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_rc;      /* written once, under global_once */


static void global_init (void) {
  global_rc = curl_global_init(CURL_GLOBAL_DEFAULT);
}


/*
** Makes libcurl ready, once per process whatever number of Lua states load
** us, and never undone: the host may use libcurl too. Returns NULL, or one
** line saying what is wrong. curl_version() is not called: it may block on
** a name server.
*/
const char *ges_engine_load (void) {
  if (curl_version_info(CURLVERSION_NOW)->version_num < MIN_LIBCURL)
    return "ges needs libcurl 7.68.0 or later; the one loaded is older";
  pthread_once(&global_once, global_init);
  return global_rc == CURLE_OK ? NULL
         : "ges: libcurl could not be initialised (curl_global_init failed)";
}


/* libcurl watches a socket, changes its mind or lets it go. */
static int on_socket (CURL *easy, curl_socket_t fd, int what, void *ud,
                      void *known) {
  struct ges_engine *m = ud;
  int mask = what == CURL_POLL_REMOVE ? 0
             : (what & CURL_POLL_IN ? GES_POLL_IN : 0)
               | (what & CURL_POLL_OUT ? GES_POLL_OUT : 0);
  (void)easy;
  if (ges_poller_set(&m->poller, (int)fd, mask, known != NULL) != 0)
    return -1;
  if (what != CURL_POLL_REMOVE && (known != NULL) != (mask != 0))
    curl_multi_assign(m->curl, fd, mask != 0 ? m : NULL);
  return 0;
}


static int on_timer (CURLM *curl, long ms, void *ud) {
  struct ges_engine *m = ud;
  (void)curl;
  m->curl_due = ms <= 0 ? (double)ms : ges_now() + (double)ms / 1e3;
  return 0;
}


/* Makes the multi handle. Returns 0, or -1 when memory is out. */
static int curl_open (struct ges_engine *m) {
  m->curl_due = -1;
  m->curl = curl_multi_init();
  m->broken = m->curl == NULL;
  if (m->broken)
    return -1;
  curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
  curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
  curl_multi_setopt(m->curl, CURLMOPT_MAX_HOST_CONNECTIONS, (long)GES_HOST_MAX);
  curl_multi_setopt(m->curl, CURLMOPT_MAXCONNECTS, (long)GES_HOST_MAX);
  curl_multi_setopt(m->curl, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(m->curl, CURLMOPT_MAX_CONCURRENT_STREAMS,
                    (long)GES_ACTIVE_MAX);
  return 0;
}


/*
** Opens what a fork must not share: for a new engine, in zeroed memory, or for
** a child's. Returns 0, or -1 with nothing left open.
*/
int ges_engine_open (struct ges_engine *m) {
  m->sweep_due = m->safety_due = INFINITY;
  if (ges_poller_open(&m->poller, m->watched) != 0)
    return -1;
  if (curl_open(m) != 0) {
    ges_poller_close(&m->poller);
    return -1;
  }
  m->pid = getpid();
  return 0;
}


/* Gives a call whose attempt is over its place: the done list or its owner. */
static void finish (struct ges_engine *m, struct ges_transfer *c) {
  if (c->state == GES_active) {
    ges_list_remove(&m->active, c);
    ges_host_end(c->host, c);
  }
  else {                  /* it never reached libcurl */
    ges_list_remove(&c->host->queue, c);
    m->queued--;
  }
  c->state = GES_done;
  if (!c->owned)
    ges_list_push(&m->done, c);
}


/* Ends a call that is queued or active with a failure of our own. */
static void stop_call (struct ges_engine *m, struct ges_transfer *c,
                       enum ges_kind kind, const char *text) {
  if (c->state == GES_active)
    curl_multi_remove_handle(m->curl, c->http.easy);
  else if (c->state != GES_queued)
    return;
  ges_easy_fail(&c->http, kind, text);
  finish(m, c);
}


/*
** In a child of fork nothing of the parent's inside may be touched: closing
** a shared TLS connection would end it for the parent too. So it is left
** behind, on purpose, and what was under way fails as a network error.
*/
static void abandon (struct ges_engine *m) {
  static const char why[] = "the process forked while the request was under"
                            " way; the child starts afresh";
  struct ges_host *h;
  ges_poller_forget(&m->poller);
  while (m->active.first != NULL) {
    struct ges_transfer *c = m->active.first;
    ges_easy_fail(&c->http, GES_network, why);
    finish(m, c);
    ges_easy_abandon(&c->http);
  }
  for (h = m->hosts; h != NULL; h = h->next) {
    ges_host_fork(h);
    while (h->queue.first != NULL)
      stop_call(m, h->queue.first, GES_network, why);
  }
}


/*
** Makes sure that this process owns the inside of the engine. Every entry
** from Lua calls it first. Returns 0, or -1 when a new inside could not be
** opened (closed is closed: -1 as well).
*/
int ges_engine_check (struct ges_engine *m) {
  if (m->pid == getpid())
    return 0;
  if (m->pid == 0)
    return -1;
  abandon(m);
  return ges_engine_open(m);
}


/*
** Releases everything. Idempotent. In a child of fork, what belongs to the
** parent is left alone.
*/
void ges_engine_close (struct ges_engine *m) {
  int ours = m->pid == getpid();
  struct ges_transfer *c;
  if (m->pid == 0)
    return;
  for (c = m->active.first; c != NULL; c = c->next)
    if (ours)
      curl_multi_remove_handle(m->curl, c->http.easy);
    else
      ges_easy_abandon(&c->http);
  ges_pool_free(&m->pool);
  ges_hosts_free(&m->hosts);
  if (ours) {
    curl_multi_cleanup(m->curl);
    ges_poller_close(&m->poller);
  }
  else
    ges_poller_forget(&m->poller);
  memset(m, 0, sizeof *m);
  m->poller.fd = m->poller.timer = m->poller.kick = -1;
}


/*
** Queues an attempt of at most `limit` seconds. No network happens here.
** Returns NULL when memory is out; of `r` only the head is still needed when
** this returns, and referred to.
*/
struct ges_transfer *ges_engine_add (struct ges_engine *m,
                                     const struct ges_request *r,
                                     double limit, int many) {
  struct ges_transfer *c = ges_pool_get(&m->pool);
  const char *origin;
  if (c == NULL)
    return NULL;
  if (ges_easy_prepare(&c->http, r, many) != 0
      || (origin = ges_buf_cstr(&c->http.origin)) == NULL
      || (c->host = ges_host_get(&m->hosts, origin)) == NULL) {
    ges_pool_put(&m->pool, c);
    return NULL;
  }
  c->state = GES_queued;
  c->begun = ges_now();
  c->deadline = c->begun + limit;
  if (c->deadline < m->sweep_due)
    m->sweep_due = c->deadline;
  ges_list_push(&c->host->queue, c);
  m->queued++;
  ges_engine_wake(m);
  return c;
}


/* Hands one queued call to libcurl. */
static void admit (struct ges_engine *m, struct ges_transfer *c, double now) {
  double left = (c->deadline - now) * 1e3;
  if (left < 1) {
    stop_call(m, c, GES_timeout, ges_easy_begun(&c->http) ? "timed out"
              : "timed out before the request was sent");
    return;
  }
  curl_easy_setopt(c->http.easy, CURLOPT_TIMEOUT_MS, (long)left);
  curl_easy_setopt(c->http.easy, CURLOPT_PRIVATE, c);
  c->http.resolved = &c->host->resolved;
  ges_host_begin(c->host, c);
  m->queued--;
  ges_list_push(&m->active, c);
  c->state = GES_active;
  if (curl_multi_add_handle(m->curl, c->http.easy) != CURLM_OK) {
    ges_easy_fail(&c->http, GES_memory, "not enough memory");
    finish(m, c);
  }
}


/*
** Lets libcurl work. When it says that its own state is out of order (no
** memory, a socket that cannot be watched), it must not be called again.
*/
static void act (struct ges_engine *m, curl_socket_t fd, int mask) {
  int running;
  if (!m->broken
      && curl_multi_socket_action(m->curl, fd, mask, &running) != CURLM_OK)
    m->broken = 1;
}


/* Is there a queued call that could be admitted at once? */
static int can_admit (const struct ges_engine *m) {
  const struct ges_host *h = m->queued > 0 ? m->hosts : NULL;
  if (m->active.n >= GES_ACTIVE_MAX)
    return 0;
  while (h != NULL && !ges_host_admits(h))
    h = h->next;
  return h != NULL;
}


/*
** Admits the first of a host's queue. What waits for this call to find its
** connection is spared a round: often there is one, and libcurl takes it at
** once.
*/
static void admit_to (struct ges_engine *m, struct ges_host *h, double now) {
  admit(m, h->queue.first, now);
  if (h->last != NULL && m->queued > 0) {
    act(m, CURL_SOCKET_TIMEOUT, 0);
    ges_host_look(h, now);
  }
}


/* Admits at most ADMIT_MAX calls, one host after the other. */
static void admit_some (struct ges_engine *m, double now) {
  struct ges_host *h;
  int left = ADMIT_MAX;
  if (m->queued == 0)
    return;
  for (h = m->hosts; h != NULL; h = h->next)
    ges_host_look(h, now);
  while (left > 0 && can_admit(m))
    for (h = m->hosts; h != NULL && left > 0; h = h->next)
      if (m->active.n < GES_ACTIVE_MAX && ges_host_admits(h)) {
        admit_to(m, h, now);
        left--;
      }
}


/* An active call goes back to the queue, to be admitted once more. */
static void requeue (struct ges_engine *m, struct ges_transfer *c) {
  curl_multi_remove_handle(m->curl, c->http.easy);
  ges_list_remove(&m->active, c);
  ges_host_end(c->host, c);
  c->state = GES_queued;
  ges_list_push(&c->host->queue, c);
  m->queued++;
}


/* Collects what libcurl has finished. */
static void reap (struct ges_engine *m) {
  CURLMsg *msg;
  int left;
  while ((msg = curl_multi_info_read(m->curl, &left)) != NULL) {
    struct ges_transfer *c = NULL;
    int rc = (int)msg->data.result;
    if (msg->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&c);
    c->host->resolved |= rc == CURLE_OK;
    if (ges_easy_repeat(&c->http, rc)) {
      requeue(m, c);                                   /* frees msg */
      continue;
    }
    ges_easy_finish(&c->http, rc);
    curl_multi_remove_handle(m->curl, c->http.easy);   /* as does this */
    finish(m, c);
  }
}


/*
** Ends what is past its deadline; an active call is libcurl's, unless it
** forgot. Walks all calls, when the earliest deadline ever seen has passed.
*/
static void sweep (struct ges_engine *m, double now) {
  double next = INFINITY;
  unsigned i;
  for (i = 0; i < m->pool.n; i++) {
    struct ges_transfer *c = m->pool.calls[i];
    double due = c->deadline + (c->state == GES_active ? OVERDUE : 0);
    if (c->state != GES_active && c->state != GES_queued)
      continue;
    if (due <= now)
      stop_call(m, c, GES_timeout, "timed out");
    else if (due < next)
      next = due;
  }
  m->sweep_due = next;
}


/* A new multi handle. If it cannot be made, calls end here until it can. */
static void renew (struct ges_engine *m) {
  while (m->active.first != NULL)
    stop_call(m, m->active.first, GES_memory, "not enough memory");
  curl_multi_cleanup(m->curl);
  curl_open(m);
}


/* Lets libcurl act on the clock when it asked to, or may have wanted to. */
static void run_timers (struct ges_engine *m, double now) {
  if (m->active.n == 0) {
    m->safety_due = INFINITY;
    return;
  }
  if (isinf(m->safety_due))
    m->safety_due = now + SAFETY;
  if ((m->curl_due >= 0 && m->curl_due <= now) || m->safety_due <= now) {
    m->curl_due = -1;
    m->safety_due = now + SAFETY;
    act(m, CURL_SOCKET_TIMEOUT, 0);
  }
}


static double next_due (const struct ges_engine *m) {
  double due = m->sweep_due;
  const struct ges_host *h = m->queued > 0 ? m->hosts : NULL;
  for (; h != NULL; h = h->next)
    if (ges_host_due(h) < due)
      due = ges_host_due(h);
  if (m->active.n > 0) {
    if (m->curl_due >= 0 && m->curl_due < due)
      due = m->curl_due;
    if (m->safety_due < due)
      due = m->safety_due;
  }
  return due;
}


/* Waits for sockets and lets libcurl read and write them. */
static void run_sockets (struct ges_engine *m, double seconds) {
  struct ges_event ev[GES_POLL_BATCH];
  int i, n = ges_poller_wait(&m->poller, seconds, ev);
  double stop = n > 1 ? ges_now() + BUDGET : 0;
  for (i = 0; i < n; i++) {
    int mask = (ev[i].mask & GES_POLL_IN ? CURL_CSELECT_IN : 0)
               | (ev[i].mask & GES_POLL_OUT ? CURL_CSELECT_OUT : 0)
               | (ev[i].mask & GES_POLL_ERR ? CURL_CSELECT_ERR : 0);
    act(m, ev[i].fd, mask);
    if (i + 1 < n && ges_now() > stop)
      break;              /* level-triggered: the rest is reported again */
  }
}


/* Tells a host's event loop when to come back. */
static void rearm (struct ges_engine *m, int more, double now) {
  double due = next_due(m);
  if (more)
    ges_poller_wake(&m->poller);
  ges_poller_arm(&m->poller, isinf(due) ? -1 : due, now);
}


/*
** One step of a bounded amount of work: admits, lets libcurl work, collects.
** Sleeps up to `seconds` when there is nothing to do; what is left makes the
** descriptor readable. Returns how many calls are queued or active.
*/
size_t ges_engine_step (struct ges_engine *m, double seconds) {
  double now = ges_now(), until = now + seconds;
  size_t before = m->queued + m->active.n;
  if (m->broken)
    renew(m);
  admit_some(m, now);
  run_timers(m, now);
  reap(m);
  if (can_admit(m) || m->broken || seconds < 0
      || m->queued + m->active.n < before)
    until = now;
  if (next_due(m) < until)
    until = next_due(m);
  if (m->active.n > 0 || m->watched || until > now)
    run_sockets(m, until > now ? until - now : 0);
  now = ges_now();
  run_timers(m, now);
  reap(m);
  if (m->sweep_due <= now)
    sweep(m, now);
  if (m->watched)
    rearm(m, can_admit(m) || m->broken, now);
  return m->queued + m->active.n;
}


/* The next finished call that nobody owns; release it after reading. */
struct ges_transfer *ges_engine_take (struct ges_engine *m) {
  struct ges_transfer *c = m->done.first;
  if (c != NULL) {
    ges_list_remove(&m->done, c);
    c->state = GES_taken;
  }
  return c;
}


/* Takes a call back for reuse, whatever its state. Its id is over. */
void ges_engine_release (struct ges_engine *m, struct ges_transfer *c) {
  stop_call(m, c, GES_cancelled, "cancelled");
  if (c->state == GES_done && !c->owned)
    ges_list_remove(&m->done, c);
  ges_pool_put(&m->pool, c);
}


/* Ends a call now, without waiting; it comes out as `cancelled`. */
void ges_engine_cancel (struct ges_engine *m, struct ges_transfer *c) {
  stop_call(m, c, GES_cancelled, "cancelled");
  ges_engine_wake(m);
}


/* Makes the loop that watches the descriptor, if one does, come and look. */
void ges_engine_wake (struct ges_engine *m) {
  if (m->watched)
    ges_poller_wake(&m->poller);
}


/* The descriptor for a host's event loop; from now on it is kept armed. */
int ges_engine_fd (struct ges_engine *m) {
  if (!m->watched) {
    m->watched = 1;
    m->broken |= ges_poller_share(&m->poller) != 0;
    rearm(m, m->queued > 0 || m->done.n > 0 || m->broken, ges_now());
  }
  return m->poller.fd;
}
