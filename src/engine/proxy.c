/* SPDX-License-Identifier: MIT
** proxy.c - the proxy of a request (see proxy.h).
*/
#include "proxy.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char bad_scheme[] = "has a scheme other than http, https,"
                                 " socks4, socks4a, socks5, socks5h";


/* The first variable that is set and not empty, or NULL. */
static const char *first_of (const char *const *names, int n) {
  const char *s;
  for (; n > 0; n--, names++)
    if ((s = getenv(*names)) != NULL && s[0] != '\0')
      return *names;
  return NULL;
}


/* The variable whose proxy libcurl will use, or NULL. */
static const char *variable (int https) {
  static const char *const of_http[] = { "http_proxy", "all_proxy",
                                         "ALL_PROXY" };
  static const char *const of_https[] = { "https_proxy", "HTTPS_PROXY",
                                          "all_proxy", "ALL_PROXY" };
  return https ? first_of(of_https, 4) : first_of(of_http, 3);
}


/*
** The proxy that libcurl will use for a scheme, unless no_proxy excepts the
** host; NULL: none. `given` is the option, NULL: the environment's proxy.
*/
const char *ges_proxy_of (const char *given, int https) {
  const char *name = given == NULL ? variable(https) : NULL;
  return name != NULL ? getenv(name)
         : given != NULL && given[0] != '\0' ? given : NULL;
}


/* The option or variable that names that proxy. */
const char *ges_proxy_by (const char *given, int https) {
  const char *name = given == NULL ? variable(https) : NULL;
  return name != NULL ? name : "proxy";
}


int ges_proxy_is_tls (const char *url) {
  return url != NULL && strlen(url) > 8 && ges_same_nocase(url, "https://", 8);
}


int ges_proxy_is_socks (const char *url) {
  return strlen(url) > 5 && ges_same_nocase(url, "socks", 5);
}


/* Are there hosts that are asked without it? `given`: the option, or NULL. */
int ges_proxy_excepts (const char *given) {
  static const char *const names[] = { "no_proxy", "NO_PROXY" };
  return given != NULL ? given[0] != '\0' : first_of(names, 2) != NULL;
}


static int is_scheme (const char *s) {
  static const char *const known[] = { "http", "https", "socks4", "socks4a",
                                       "socks5", "socks5h", "socks" };
  size_t i;
  for (i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(s, known[i]) == 0)
      return 1;
  return 0;
}


/* The default is that of libcurl. */
static unsigned port_of (CURLU *u, const char *scheme) {
  unsigned port = strcmp(scheme, "https") == 0 ? 443 : 1080;
  char *s = NULL;
  if (curl_url_get(u, CURLUPART_PORT, &s, 0) == CURLUE_OK)
    port = (unsigned)strtoul(s, NULL, 10);
  curl_free(s);
  return port;
}


/* Writes the host of a proxy's URL. Returns NULL, or why it cannot be used. */
const char *ges_proxy_name (const char *url, char *out, size_t size,
                            unsigned *port) {
  CURLU *u = curl_url();
  char *host = NULL, *scheme = NULL;
  const char *why = NULL;
  if (u == NULL
      || curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME
                      | CURLU_GUESS_SCHEME) != CURLUE_OK
      || curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK
      || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
    why = "is not of the form [scheme://][user:password@]host[:port]";
  else if (!is_scheme(scheme))
    why = bad_scheme;
  else {
    *port = port_of(u, scheme);
    snprintf(out, size, "%s", host);
  }
  curl_free(host);
  curl_free(scheme);
  curl_url_cleanup(u);
  return why;
}
