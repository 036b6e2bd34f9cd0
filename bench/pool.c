/* SPDX-License-Identifier: MIT
** pool.c - the least that libcurl can do for many jobs: a pool of handles on
** one multi handle, driven by epoll, each given the next job when it is done;
** nothing decoded.
**   pool ENDPOINT JOBS TOKEN-FILE IN-FLIGHT
** Owns nothing of the project; run by bench/run.lua only.
*/
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define FORM  "%s/v2/0a1b2c3d4e5f60718293a4b5c6d7e8f9/graphs/" \
  "2d8a9b3c-4f5e-4a6b-8c7d-9e0f1a2b3c4d/jobs/job%08ld/status"

struct pool {
  CURLM *multi;
  int epoll;
  long wait;                    /* milliseconds libcurl asks for; -1: none */
  long next, jobs, done;
  const char *endpoint;
};


static size_t take (char *p, size_t size, size_t n, void *ud) {
  (void)p;
  (void)ud;
  return size * n;
}


static int on_socket (CURL *e, curl_socket_t fd, int what, void *ud,
                      void *known) {
  struct pool *p = ud;
  struct epoll_event ev;
  (void)e;
  memset(&ev, 0, sizeof ev);
  ev.data.fd = fd;
  ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0u)
              | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
  if (what == CURL_POLL_REMOVE)
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, NULL);
  else if (known != NULL)
    epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &ev);
  else {
    epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev);
    curl_multi_assign(p->multi, fd, p);
  }
  return 0;
}


static int on_timer (CURLM *m, long ms, void *ud) {
  (void)m;
  ((struct pool *)ud)->wait = ms;
  return 0;
}


/* Gives a handle the next job, if there is one. */
static void arm (struct pool *p, CURL *e) {
  char url[1024];
  if (p->next == p->jobs)
    return;
  snprintf(url, sizeof url, FORM, p->endpoint, ++p->next);
  curl_easy_setopt(e, CURLOPT_URL, url);
  curl_multi_add_handle(p->multi, e);
}


static int reap (struct pool *p) {
  CURLMsg *msg;
  int left;
  while ((msg = curl_multi_info_read(p->multi, &left)) != NULL) {
    CURL *e = msg->easy_handle;
    long status = 0;
    if (msg->data.result != CURLE_OK)
      return -1;
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
      return -1;
    curl_multi_remove_handle(p->multi, e);
    p->done++;
    arm(p, e);
  }
  return 0;
}


static int run (struct pool *p) {
  struct epoll_event ev[64];
  int running;
  while (p->done < p->jobs) {
    int i, ms = p->wait < 0 ? 1000 : (int)p->wait;
    int n = epoll_wait(p->epoll, ev, 64, ms);
    if (n == 0) {
      p->wait = -1;
      curl_multi_socket_action(p->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (i = 0; i < n; i++)
      curl_multi_socket_action(p->multi, ev[i].data.fd,
                               (ev[i].events & EPOLLIN ? CURL_CSELECT_IN : 0)
                               | (ev[i].events & EPOLLOUT
                                  ? CURL_CSELECT_OUT : 0), &running);
    if (reap(p) != 0)
      return 1;
  }
  return 0;
}


int main (int argc, char **argv) {
  static char line[140000] = "X-Auth-Token: ";
  struct curl_slist *headers = NULL;
  struct pool p;
  size_t n = strlen(line);
  long i, width;
  FILE *f;
  if (argc < 5 || (f = fopen(argv[3], "r")) == NULL)
    return 2;
  n += fread(line + n, 1, sizeof line - n - 1, f);
  line[n] = '\0';
  fclose(f);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  memset(&p, 0, sizeof p);
  p.endpoint = argv[1];
  p.jobs = atol(argv[2]);
  p.wait = -1;
  p.epoll = epoll_create1(0);
  p.multi = curl_multi_init();
  curl_multi_setopt(p.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(p.multi, CURLMOPT_SOCKETDATA, &p);
  curl_multi_setopt(p.multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(p.multi, CURLMOPT_TIMERDATA, &p);
  headers = curl_slist_append(headers, line);
  headers = curl_slist_append(headers, "Accept: application/json");
  width = atol(argv[4]);
  for (i = 0; i < width; i++) {
    CURL *e = curl_easy_init();
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    arm(&p, e);
  }
  if (run(&p) != 0)
    return 1;
  puts("first");
  return 0;
}
