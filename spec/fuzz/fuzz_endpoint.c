/* SPDX-License-Identifier: MIT
** fuzz_endpoint.c - the parser of `endpoint`.
** Input: an endpoint. What is accepted means the same to libcurl, to which the
** host is canonical, says the same when it is written again, and this machine,
** no other, counts as loopback.
*/
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

#include "fuzz.h"
#include "engine/url.h"


static int same (const char *a, size_t an, const char *b, size_t bn) {
  return an == bn && (an == 0 || memcmp(a, b, an) == 0);
}


/* Written again and read again, it is the same endpoint. */
static void check_again (const struct ges_endpoint *e) {
  struct ges_endpoint again;
  struct ges_buf b;
  ges_buf_init(&b, GES_ENDPOINT_MAX + 16, 0);
  ges_url_origin(&b, e);
  ges_buf_add(&b, e->prefix, e->prefixlen);
  CHECK(!b.failed);
  if (b.len <= GES_ENDPOINT_MAX) {
    CHECK(ges_url_endpoint(b.data, b.len, &again) == NULL);
    CHECK(same(e->host, e->hostlen, again.host, again.hostlen));
    CHECK(same(e->prefix, e->prefixlen, again.prefix, again.prefixlen));
    CHECK(e->port == again.port && e->https == again.https
          && e->loopback == again.loopback);
  }
  ges_buf_free(&b);
}


/* Is it this machine, by what the C library makes of the text? */
static int is_loopback (const char *host) {
  struct in_addr four;
  struct in6_addr six;
  char bare[64] = "";
  size_t n = strlen(host);
  if (strcasecmp(host, "localhost") == 0)
    return 1;
  if (inet_pton(AF_INET, host, &four) == 1)
    return (ntohl(four.s_addr) >> 24) == 127;
  if (n < 3 || n > sizeof bare || host[0] != '[')
    return 0;
  memcpy(bare, host + 1, n - 2);
  return inet_pton(AF_INET6, bare, &six) == 1
         && (IN6_IS_ADDR_LOOPBACK(&six)
             || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127));
}


/* libcurl takes it, and finds the same host, scheme and port in it. */
static void check_libcurl (const struct ges_endpoint *e) {
  CURLU *u = curl_url();
  struct ges_buf b;
  char *host = NULL, *scheme = NULL, *port = NULL, *user = NULL;
  unsigned want = e->port != 0 ? e->port : e->https ? 443 : 80;
  ges_buf_init(&b, GES_ENDPOINT_MAX + 16, 0);
  ges_url_origin(&b, e);
  CHECK(curl_url_set(u, CURLUPART_URL, ges_buf_cstr(&b), CURLU_PATH_AS_IS)
        == CURLUE_OK);
  CHECK(curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK);
  CHECK(curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
  CHECK(curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT)
        == CURLUE_OK);
  CHECK(curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER);
  CHECK(strcmp(scheme, e->https ? "https" : "http") == 0);
  CHECK(strtoul(port, NULL, 10) == want);
  CHECK(strcmp(host, e->host) == 0);
  CHECK(e->loopback == is_loopback(host));
  curl_free(host);
  curl_free(scheme);
  curl_free(port);
  ges_buf_free(&b);
  curl_url_cleanup(u);
}


int LLVMFuzzerTestOneInput (const uint8_t *p, size_t n) {
  struct ges_endpoint e;
  const char *text = n > 0 ? (const char *)p : "", *why;
  fuzz_open(p, n);
  why = ges_url_endpoint(text, n, &e);
  fuzz_check_work(n, WORK_CALL, 100);
  if (why != NULL)
    return 0;
  CHECK(e.hostlen > 0 && e.hostlen <= 255 && e.port <= 65535);
  CHECK(e.prefixlen == 0 || e.prefix[0] == '/');
  check_again(&e);
  check_libcurl(&e);
  return 0;
}
