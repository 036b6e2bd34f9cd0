/* SPDX-License-Identifier: MIT
** easy.c - one request on one CURL easy handle (see easy.h).
** Options that two requests in a row share are set once.
*/
#define _GNU_SOURCE             /* SOCK_CLOEXEC */

#include "easy.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pem.h"
#include "secrets.h"

#if !defined(SOCK_CLOEXEC)
#define SOCK_CLOEXEC  0         /* macOS: set after the fact */
#endif

#define SLOW_BYTES    100L      /* under this many bytes a second ... */
#define SLOW_SECONDS  10L       /* ... for this long is a timeout */
#define IDLE_SECONDS  900L      /* a kept connection outlives a slow poll */
#define PROXY_KEYS    16384     /* bytes of what is secret in a proxy */
#define BODY_KEEP     65536     /* the block of a larger body is given back */
#define LONG_CHUNK    8192      /* a first chunk of this size: a long body */
#define EXPECT_MAX    16777216  /* bytes reserved for a Content-Length */
#define READ_BYTES    16384L    /* libcurl's own choice */

_Static_assert(GES_ERRBUF == CURL_ERROR_SIZE, "libcurl's own size");

static unsigned port_of (const struct curl_sockaddr *a) {
  struct sockaddr_in6 six;
  struct sockaddr_in four;
  if (a->family == AF_INET6 && a->addrlen >= sizeof six) {
    memcpy(&six, &a->addr, sizeof six);
    return ntohs(six.sin6_port);
  }
  if (a->family != AF_INET || a->addrlen < sizeof four)
    return 0;
  memcpy(&four, &a->addr, sizeof four);
  return ntohs(four.sin_port);
}


/*
** Sockets must not leak into the children of an editor or a server. The first
** socket shows that the name has resolved.
*/
static curl_socket_t open_socket (void *ud, curlsocktype purpose,
                                  struct curl_sockaddr *a) {
  struct ges_easy *h = ud;
  curl_socket_t s;
  (void)purpose;
  if (h->resolved != NULL)
    *h->resolved = 1;
  h->touched = 1;
  h->opened++;
  h->port = port_of(a);
  s = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
  if (s == CURL_SOCKET_BAD)
    h->no_socket = errno;
  else if (SOCK_CLOEXEC == 0)
    fcntl(s, F_SETFD, FD_CLOEXEC);
  return s;
}


static int on_lookup (void *resolver, void *reserved, void *ud) {
  struct ges_easy *h = ud;
  (void)resolver; (void)reserved;
  h->touched = 1;
  return 0;
}


/*
** Reserves the memory of a long body at once, if the server sent its length,
** so that it is not moved while it grows.
*/
static void expect_body (struct ges_easy *h) {
  curl_off_t n = 0;
  curl_easy_getinfo(h->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &n);
  if (n > 0 && n <= EXPECT_MAX && (size_t)n <= h->body.max)
    ges_buf_reserve(&h->body, (size_t)n);
}


/* Ends the transfer from a callback, with a reason for ges_easy_finish. */
static size_t stop (struct ges_easy *h, enum ges_kind kind,
                    const char *text) {
  ges_response_fail(&h->response, kind, text);
  return 0;
}


/*
** Is the body the answer? That of any other status explains a failure, which
** the status decides already: of that, what came and has room is enough.
*/
int ges_easy_answers (const struct ges_easy *h, long status) {
  return GES_IS_GENERIC(h->purpose) ? status >= 200 && status <= 299
         : status == 200;
}


static int answers (const struct ges_easy *h) {
  long status = 0;
  curl_easy_getinfo(h->handle, CURLINFO_RESPONSE_CODE, &status);
  return ges_easy_answers(h, status);
}


/* More comes than may be kept: `n` bytes are. Returns 0: the transfer ends. */
static size_t cut_body (struct ges_easy *h, const char *p, size_t n) {
  if (answers(h))
    return stop(h, GES_too_large, GES_TOO_LARGE);
  if (ges_buf_add(&h->body, p, n) != 0)
    return stop(h, GES_memory, GES_NO_MEMORY);
  h->response.cut = 1;
  return 0;
}


/*
** The only place where the body grows. The limit holds whatever the headers
** say. libcurl's own, MAXFILESIZE, ends the transfer in the middle of them.
*/
static size_t take_body (char *p, size_t size, size_t n, void *ud) {
  struct ges_easy *h = ud;
  n *= size;
  if (n > h->body.max - h->body.len)
    return cut_body(h, p, h->body.max - h->body.len);
  if (h->body.len == 0 && n >= LONG_CHUNK)
    expect_body(h);
  return ges_buf_add(&h->body, p, n) == 0 ? n
         : stop(h, GES_memory, GES_NO_MEMORY);
}


/* Do the headers say that the body is longer than may be kept? */
static int is_long (const struct ges_easy *h) {
  curl_off_t n = 0;
  curl_easy_getinfo(h->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &n);
  return n > 0 && (curl_off_t)h->body.max < n;
}


static size_t take_header (char *p, size_t size, size_t n, void *ud) {
  struct ges_easy *h = ud;
  n *= size;
  h->head_bytes += n;
  if (h->head_bytes > GES_HEAD_MAX)
    return stop(h, GES_protocol, "the response headers are larger than"
                " 256 KiB");
  if (n > 5 && memcmp(p, "HTTP/", 5) == 0) {   /* a new response, perhaps 1xx */
    ges_response_clear(&h->response);
    ges_buf_clear(&h->fields);
    h->response.begun = 1;
  }
  else
    ges_response_header(&h->response, p, n, &h->secrets);
  if (GES_IS_GENERIC(h->purpose) && ges_buf_add(&h->fields, p, n) != 0)
    return stop(h, GES_memory, GES_NO_MEMORY);
  if (!h->response.whole || h->bodiless || !is_long(h) || !answers(h))
    return n;
  return stop(h, GES_too_large, GES_TOO_LARGE);
}


#if LIBCURL_VERSION_NUM >= 0x075000

static const char sent_once[] = "the connection was lost before the answer"
                                " came; the request may have been carried out"
                                " and is not sent again";


/*
** libcurl is about to send the request. It sends one again if a kept
** connection was dead (only GET and HEAD go out on a kept one), and if HTTP/2
** reports a stream as not processed, which leaves errbuf empty.
** HTTP_1_1_REQUIRED fills errbuf, and the request may have been processed.
*/
static int on_request (void *ud,
                       char *to_ip,    /* NOLINT: libcurl's own type */
                       char *from_ip,  /* NOLINT */
                       int to_port, int from_port) {
  struct ges_easy *h = ud;
  int failed = h->errbuf[0] != '\0';
  (void)to_ip; (void)from_ip; (void)to_port; (void)from_port;
  h->touched = 1;
  h->begun++;
  h->errbuf[0] = '\0';          /* of the attempt before */
  if (h->safe || h->begun == 1 || !failed)
    return CURL_PREREQFUNC_OK;
  stop(h, GES_network, sent_once);
  return CURL_PREREQFUNC_ABORT;
}

#endif


/* SET: must succeed. TRY: this libcurl may not know the option. */
#define SET(opt, value) \
  (bad |= (curl_easy_setopt(e, CURLOPT_##opt, value) != CURLE_OK))
#define TRY(opt, value) \
  (bad |= (curl_easy_setopt(e, CURLOPT_##opt, value) == CURLE_OUT_OF_MEMORY))

/* Sets the options that no request changes. Returns 0, or -1: no memory. */
static int set_constants (struct ges_easy *h) {
  CURL *e = h->handle;
  int bad = 0;
  SET(NOSIGNAL, 1L);                /* the host owns its signals */
  SET(FOLLOWLOCATION, 0L);          /* a redirect would leak the token */
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(PROTOCOLS_STR, "http,https"); /* url.c decides between them */
#else
  SET(PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  SET(NETRC, (long)CURL_NETRC_IGNORED);
  SET(PATH_AS_IS, 1L);
  SET(LOW_SPEED_LIMIT, SLOW_BYTES);
  SET(LOW_SPEED_TIME, SLOW_SECONDS);
  SET(SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's headers are no response */
  SET(TCP_KEEPALIVE, 1L);
  SET(MAXAGE_CONN, IDLE_SECONDS);
  SET(ERRORBUFFER, h->errbuf);
  SET(OPENSOCKETFUNCTION, open_socket);
  SET(OPENSOCKETDATA, h);
  SET(RESOLVER_START_FUNCTION, on_lookup);
  SET(RESOLVER_START_DATA, h);
#if LIBCURL_VERSION_NUM >= 0x075000
  h->counts = curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request)
              == CURLE_OK;
  TRY(PREREQDATA, h);
#endif
  SET(WRITEFUNCTION, take_body);
  SET(WRITEDATA, h);
  SET(HEADERFUNCTION, take_header);
  SET(HEADERDATA, h);
  SET(CURLU, h->url);
#if LIBCURL_VERSION_NUM >= 0x075700
  TRY(QUICK_EXIT, 1L);               /* a dead name server */
#endif
  return bad ? -1 : 0;
}


/* Not curl_version(): it may block on a name server. */
void ges_easy_about (struct ges_about *a) {
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  a->version = v->version;
  a->tls = v->ssl_version;
  a->http2 = (v->features & CURL_VERSION_HTTP2) != 0;
  a->async_dns = (v->features & CURL_VERSION_ASYNCHDNS) != 0;
}


/* Makes an empty exchange, without a handle, in zeroed memory. */
void ges_easy_init (struct ges_easy *h) {
  ges_buf_init(&h->target, GES_TARGET_MAX, 1);
  ges_buf_init(&h->own.text, 8192, 1);
  ges_buf_init(&h->sent, GES_SENT_MAX, 1);
  ges_buf_init(&h->proxy.bytes, PROXY_KEYS, 1);
  ges_buf_init(&h->fields, GES_HEAD_MAX, 1);
  ges_buf_init(&h->body, 0, 1);
  ges_response_clear(&h->response);
}


/* Makes sure there is a handle. Returns 0, or -1 when memory is out. */
int ges_easy_open (struct ges_easy *h) {
  if (h->handle != NULL)
    return 0;
  h->handle = curl_easy_init();
  h->url = curl_url();
  if (h->nodes == NULL)
    h->nodes = calloc(GES_LINES_MAX, sizeof *h->nodes);
  if (h->handle != NULL && h->url != NULL && h->nodes != NULL
      && set_constants(h) == 0)
    return 0;
  ges_easy_close(h);
  return -1;
}


/* Releases the handle and all memory; ges_easy_open makes a new handle. */
void ges_easy_close (struct ges_easy *h) {
  CURL *easy = h->handle;
  CURLU *url = h->url;
  ges_easy_abandon(h);
  curl_easy_cleanup(easy);
  curl_url_cleanup(url);
  free(h->nodes);
  h->nodes = NULL;
  ges_buf_free(&h->own.text);
  ges_buf_free(&h->sent);
  ges_buf_free(&h->proxy.bytes);
  ges_buf_free(&h->fields);
  ges_buf_free(&h->body);
}


/* Drops a handle that belongs to the parent process, without touching it. */
void ges_easy_abandon (struct ges_easy *h) {
  h->handle = NULL;
  h->url = NULL;
  h->special = 0;
  ges_head_drop(h->head);
  h->head = NULL;
  ges_buf_free(&h->target);
}


/*
** Sets the URL, if it differs from the last one. Path and query are set as the
** request target: in a URL, libcurl would parse and rewrite them for every
** request (10,000 instructions). Only for plain http through a proxy, which
** needs the whole URL, libcurl gets it. `fields` is unused here, and serves as
** work space.
*/
static int set_target (struct ges_easy *h, const struct ges_request *r) {
  const char *proxy = ges_head_proxy(r->head);
  int bad = 0, whole = !r->head->to.https
                       && (proxy == NULL || proxy[0] != '\0');
  const char *origin = r->head->origin.data, *text;
  struct ges_buf *now = &h->fields;
  size_t n = r->head->origin.len - 1;
  ges_buf_add(now, origin, n);
  if (ges_request_target(r, now) != 0 || (text = ges_buf_cstr(now)) == NULL)
    return -1;
  if (ges_buf_same(now, &h->target))
    return 0;
  if (whole || h->target.len <= n || memcmp(h->target.data, text, n + 1) != 0)
    bad = curl_url_set(h->url, CURLUPART_URL, whole ? text : origin,
                       CURLU_PATH_AS_IS) != 0;
  if (!whole)
    bad |= curl_easy_setopt(h->handle, CURLOPT_REQUEST_TARGET, text + n) != 0;
  ges_buf_clear(&h->target);
  return bad ? -1 : ges_buf_add(&h->target, now->data, now->len);
}


/* Adds the lines to the `n` nodes in use; returns how many are then. */
static unsigned link_lines (struct ges_easy *h, const struct ges_lines *l,
                            unsigned n) {
  char *p = l->text.data;
  unsigned i;
  for (i = 0; i < l->n; i++, n++) {
    h->nodes[n].data = p;
    h->nodes[n].next = &h->nodes[n + 1];
    p += strlen(p) + 1;
  }
  return n;
}


/*
** Gives libcurl the header lines: those of the shared head, and those of this
** attempt alone. Returns 0, or -1 when memory is out, or there are more lines
** than there is room for.
*/
static int set_headers (struct ges_easy *h, const struct ges_request *r) {
  unsigned n;
  if (h->head == r->head && h->own.n == 0 && h->linked)
    return 0;
  if (r->head->lines.n + h->own.n > GES_LINES_MAX)
    return -1;
  n = link_lines(h, &r->head->lines, 0);
  n = link_lines(h, &h->own, n);
  if (n > 0)
    h->nodes[n - 1].next = NULL;
  h->linked = h->own.n == 0;
  return curl_easy_setopt(h->handle, CURLOPT_HTTPHEADER,
                          n > 0 ? h->nodes : NULL) == CURLE_OK ? 0 : -1;
}


static int apply_options (struct ges_easy *h, const struct ges_head *r) {
  CURL *e = h->handle;
  int bad = ges_ca_set(e, r, &h->trust) != 0;
  TRY(SSLCERT, ges_pem_safe(ges_head_text(r, OPT_client_cert).p));
  TRY(SSLKEY, ges_pem_safe(ges_head_text(r, OPT_client_key).p));
  TRY(KEYPASSWD, "");               /* else OpenSSL asks the terminal */
  TRY(PROXY, ges_head_proxy(r));
  TRY(PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  TRY(NOPROXY, ges_head_text(r, OPT_no_proxy).p);
  TRY(CONNECTTIMEOUT_MS, (long)(r->number[OPT_connect_timeout] * 1e3));
  return bad ? -1 : 0;
}


/*
** Sets the options of the handle, if they differ from those of the last
** request, or the files of authorities have changed. The handle is reset first:
** a CA store cannot be unset otherwise, as the meaning of NULL there differs
** between libcurl versions. Connections belong to the multi handle and survive.
*/
static int set_options (struct ges_easy *h, const struct ges_head *r) {
  if (h->head != NULL && !h->stale
      && (h->head == r || ges_head_same(h->head, r))
      && ges_ca_current(r, &h->trust))
    return 0;
  h->stale = 1;
  ges_buf_clear(&h->target);
  h->linked = 0;
  h->special = 1;
  curl_easy_reset(h->handle);
  if (set_constants(h) != 0 || apply_options(h, r) != 0)
    return -1;
  h->stale = 0;
  return 0;
}


/*
** A TLS setting without an effect, except that libcurl compares it: requests
** share a connection only if their settings are equal. wolfSSL refuses it.
*/
static long apart (void) {
  const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return tls != NULL && strncmp(tls, "wolfSSL", 7) == 0
         ? 0 : (long)CURL_SSLVERSION_MAX_DEFAULT;
}


/*
** Decides which connection the request may use. libcurl repeats a request if
** the kept connection it went out on was dead, so that any method but GET and
** HEAD gets a new connection. Over TLS no later request may join that
** connection: libcurl would take it for a kept one. No transfer may join the
** HTTP/1.1 connection of a transfer without `many`, although libcurl permits
** it. Before 7.80 libcurl does not report what it sends; then a request that
** must be sent once does not use HTTP/2. With HTTP/2, libcurl 7.88 loses
** response headers that are larger than its buffer: hence BUFFERSIZE.
*/
static int set_connection (struct ges_easy *h, int https) {
  int two = h->many && (h->safe || h->counts), bad = 0;
  CURL *e = h->handle;
  h->shares = (unsigned char)(https && h->many && h->safe);
  SET(FRESH_CONNECT, h->safe ? 0L : 1L);
  SET(FORBID_REUSE, h->safe || !https ? 0L : 1L);
  SET(SSLVERSION, CURL_SSLVERSION_TLSv1_2 | (h->shares ? 0 : apart()));
  TRY(HTTP_VERSION, two ? (long)CURL_HTTP_VERSION_2TLS
                        : (long)CURL_HTTP_VERSION_1_1);
  TRY(BUFFERSIZE, two && https ? (long)GES_HEAD_MAX : READ_BYTES);
  return bad;
}


/* Sets method and body. A GET after a GET needs nothing. */
static int set_method (struct ges_easy *h, const struct ges_request *r,
                       int many) {
  const char *verb = r->method != NULL ? r->method : "GET";
  int get = strcmp(verb, "GET") == 0 && !r->sends;
  int head = strcmp(verb, "HEAD") == 0, bad = 0;
  CURL *e = h->handle;
  if (get && !h->special && h->many == many)
    return 0;
  h->many = (unsigned char)many;
  h->special = (unsigned char)!get;
  h->safe = (unsigned char)(head || strcmp(verb, "GET") == 0);
  h->bodiless = (unsigned char)head;
  if (ges_buf_add(&h->sent, r->body.data, r->body.len) != 0)
    return -1;
  SET(HTTPGET, 1L);                /* unsets the body of an earlier POST */
  if (head)
    SET(NOBODY, 1L);
  else if (r->sends) {
    SET(POSTFIELDS, h->sent.len > 0 ? h->sent.data : "");
    SET(POSTFIELDSIZE_LARGE, (curl_off_t)h->sent.len);
  }
  SET(CUSTOMREQUEST, get || head ? NULL : verb);
  bad |= set_connection(h, r->head->to.https);
  return bad ? -1 : 0;
}


/*
** Collects the secrets of the attempt, and signs it if there are keys: the last
** of its own lines, of which one is a secret. libcurl reads the environment for
** each transfer, so it may name another proxy now.
*/
static int set_secrets (struct ges_easy *h, const struct ges_request *r) {
  const struct ges_secrets *all = &r->head->keys.all, *more = &h->proxy.all;
  int i;
  h->secrets.n = all->n;
  h->secrets.odd = all->odd;
  memcpy(h->secrets.of, all->of, (size_t)all->n * sizeof all->of[0]);
  if (ges_head_proxy(r->head) == NULL
      && ges_secret_proxy(&h->proxy, ges_head_via(r->head)))
    return -1;
  for (i = 0; i < more->n; i++)
    if (ges_secrets_add(&h->secrets, more->of[i].p, more->of[i].n) != 0)
      return -1;
  return r->head->has & OPT(ak)
         ? ges_request_sign(r, &h->own, &h->secrets) : 0;
}


/*
** On a connection to a proxy that was used for an IPv6 address before, libcurl
** writes the hosts of plain http in brackets, and an address without: it gets
** the line as it is signed.
*/
static int set_host (struct ges_easy *h, const struct ges_head *r) {
  const char *host = ges_head_host(r);
  return r->to.https || ges_head_via(r) == NULL ? 0
         : ges_lines_add(&h->own, "Host", host, strlen(host));
}


/*
** Prepares an exchange that is new or cleared for `r`: sets what changed. The
** head is shared, all else is copied. `many`: other transfers may be
** active, so HTTP/2 is preferred. Causes no network traffic. Returns 0, or -1
** when memory is out.
*/
int ges_easy_prepare (struct ges_easy *h, const struct ges_request *r,
                      int many) {
  struct ges_head *last = h->head;
  int bad;
  h->body.max = (size_t)r->head->number[OPT_max_response_bytes];
  h->purpose = r->purpose;
  bad = set_host(h, r->head) != 0 || set_secrets(h, r) != 0
        || set_options(h, r->head) != 0
        || set_target(h, r) != 0 || set_method(h, r, many) != 0
        || set_headers(h, r) != 0;
  h->head = ges_head_ref(r->head);
  ges_head_drop(last);
  ges_buf_clear(&h->fields);
  if (bad)
    h->stale = 1;
  return bad ? -1 : 0;
}


/* Clears a body; only a small block is kept for the next one. */
static void clear_body (struct ges_buf *b) {
  if (b->cap > BODY_KEEP)
    ges_buf_free(b);
  ges_buf_clear(b);
}


/*
** Clears request and response; the handle and its options stay. A handle that
** met a dead connection is reset before its next request: libcurl counts dead
** connections over the life of a handle, and gives up at the sixth. Where
** libcurl does not report what it sends, any handle may have met one. So is a
** handle that has fallen back on all authorities of the system.
*/
void ges_easy_clear (struct ges_easy *h) {
  if (h->begun > 1 || !h->counts || h->trust.failed)
    h->stale = 1;
  ges_response_clear(&h->response);
  ges_buf_clear(&h->own.text);
  clear_body(&h->sent);
  ges_buf_clear(&h->fields);
  clear_body(&h->body);
  h->own.n = 0;
  ges_buf_clear(&h->proxy.bytes);
  h->proxy.all.n = 0;
  h->proxy.all.odd = 0;
  h->secrets.n = 0;
  h->resolved = NULL;
  h->head_bytes = 0;
  h->errbuf[0] = '\0';
  h->no_socket = 0;
  h->opened = h->begun = h->port = 0;
  h->trust.failed = 0;
  h->touched = h->brief = h->repeated = 0;
}
