/* SPDX-License-Identifier: MIT
** easy.c - one request on one CURL easy handle (see easy.h).
** What two requests have in common is not set twice.
*/
#define _GNU_SOURCE             /* SOCK_CLOEXEC */

#include "easy.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca_store.h"

#if !defined(SOCK_CLOEXEC)
#define SOCK_CLOEXEC  0         /* macOS: set after the fact */
#endif

#define SLOW_BYTES    100L      /* under this many bytes a second ... */
#define SLOW_SECONDS  10L       /* ... for this long is a timeout */
#define CONF_MAX      65536     /* transport options, as text */
#define IDLE_SECONDS  900L      /* a kept connection outlives a slow poll */
#define BODY_KEEP     65536     /* a larger body buffer is given back */
#define LONG_CHUNK    8192      /* a body that begins so goes on for long */
#define EXPECT_MAX    16777216  /* bytes that are made room for unseen */
#define TOO_LARGE     100       /* CURLE_TOO_LARGE: since libcurl 8.6 */
#define READ_BYTES    16384L    /* libcurl's own choice */
#define LOOKUP_FDS    3         /* descriptors that a lookup of a name takes */
#define TLS_FDS       2         /* and TLS: the socket and a file */

_Static_assert(GES_ERRBUF == CURL_ERROR_SIZE, "libcurl's own size");

static const char too_large[] = "the response exceeds max_response_bytes";
static const char no_memory[] = "not enough memory";
static const char long_line[] = "the response headers are larger than 100 KiB"
                                " in one line";


/*
** Sockets must not leak into the children of an editor or a server, and the
** first socket tells that the name has resolved.
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
  s = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
  if (s == CURL_SOCKET_BAD)
    h->no_socket = errno;
  else if (SOCK_CLOEXEC == 0)
    fcntl(s, F_SETFD, FD_CLOEXEC);
  return s;
}


/* A name is about to be looked up for this request. */
static int on_lookup (void *resolver, void *reserved, void *ud) {
  struct ges_easy *h = ud;
  (void)resolver; (void)reserved;
  h->touched = 1;
  return 0;
}


/*
** A long body gets its memory at once, when the server says how long it is,
** instead of being moved again and again.
*/
static void expect_body (struct ges_easy *h) {
  curl_off_t n = 0;
  curl_easy_getinfo(h->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &n);
  if (n > 0 && n <= EXPECT_MAX && (size_t)n <= h->body.max)
    ges_buf_reserve(&h->body, (size_t)n);
}


/* Ends the transfer from a callback; ges_easy_finish finds the reason. */
static size_t stop (struct ges_easy *h, enum ges_kind kind,
                    const char *text) {
  ges_response_fail(&h->reply, kind, text);
  return 0;
}


/*
** The only place where the body grows. The cap holds whatever the headers
** said: libcurl's own MAXFILESIZE does not see a chunked body.
*/
static size_t take_body (char *p, size_t size, size_t n, void *ud) {
  struct ges_easy *h = ud;
  n *= size;
  if (n > h->body.max - h->body.len)
    return stop(h, GES_too_large, too_large);
  if (h->body.len == 0 && n >= LONG_CHUNK)
    expect_body(h);
  return ges_buf_add(&h->body, p, n) == 0 ? n : stop(h, GES_memory, no_memory);
}


static size_t take_header (char *p, size_t size, size_t n, void *ud) {
  struct ges_easy *h = ud;
  n *= size;
  h->head_bytes += n;
  if (h->head_bytes > GES_HEAD_MAX)
    return stop(h, GES_protocol, "the response headers are larger than"
                " 256 KiB");
  if (n > 5 && memcmp(p, "HTTP/", 5) == 0) {   /* a new (maybe 1xx) answer */
    ges_response_clear(&h->reply);
    ges_buf_clear(&h->head);
  }
  else
    ges_response_header(&h->reply, p, n, &h->secrets);
  if (h->keep_head && ges_buf_add(&h->head, p, n) != 0)
    return stop(h, GES_memory, no_memory);
  return n;
}


#if LIBCURL_VERSION_NUM >= 0x075000

static const char sent_once[] = "the connection was lost before the answer"
                                " came; the request may have been carried out"
                                " and is not sent again";


/*
** libcurl is about to send the request. It does so again when a kept
** connection has died (only GET and HEAD are sent on one) and when HTTP/2 says
** that a stream was not processed, which leaves no error behind; an answer of
** HTTP_1_1_REQUIRED does, and says nothing of what was done.
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
  h->errbuf[0] = '\0';          /* what went wrong so far is over */
  if (h->safe || h->begun == 1 || !failed)
    return CURL_PREREQFUNC_OK;
  stop(h, GES_network, sent_once);
  return CURL_PREREQFUNC_ABORT;
}

#endif


/* An option that must hold; and one that this libcurl may not know. */
#define SET(opt, value) \
  (bad |= (curl_easy_setopt(e, CURLOPT_##opt, value) != CURLE_OK))
#define TRY(opt, value) \
  (bad |= (curl_easy_setopt(e, CURLOPT_##opt, value) == CURLE_OUT_OF_MEMORY))

/* The options that no request changes. Returns 0 or -1 (out of memory). */
static int set_constants (struct ges_easy *h) {
  CURL *e = h->easy;
  int bad = 0;
  SET(NOSIGNAL, 1L);                /* the host owns its signals */
  SET(FOLLOWLOCATION, 0L);          /* a redirect would carry the token off */
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(PROTOCOLS_STR, "http,https"); /* which of them: our endpoint check */
#else
  SET(PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  SET(NETRC, (long)CURL_NETRC_IGNORED);
  SET(PATH_AS_IS, 1L);
  SET(LOW_SPEED_LIMIT, SLOW_BYTES);
  SET(LOW_SPEED_TIME, SLOW_SECONDS);
  SET(SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's headers are not ours */
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


/* What is loaded. Not curl_version(): it may block on a name server. */
void ges_easy_about (struct ges_about *a) {
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  a->version = v->version;
  a->tls = v->ssl_version;
  a->http2 = (v->features & CURL_VERSION_HTTP2) != 0;
  a->async_dns = (v->features & CURL_VERSION_ASYNCHDNS) != 0;
}


/* Makes an empty exchange, without a handle yet, in zeroed memory. */
void ges_easy_init (struct ges_easy *h) {
  ges_buf_init(&h->origin, GES_ENDPOINT_MAX + 16, 0);
  ges_buf_init(&h->target, GES_TARGET_MAX, 0);
  ges_buf_init(&h->conf, CONF_MAX, 1);
  ges_buf_init(&h->lines, (size_t)2 * GES_TOKEN_MAX, 1);
  ges_buf_init(&h->keys, GES_SENT_MAX + (size_t)4 * GES_TOKEN_MAX, 1);
  ges_buf_init(&h->sent, GES_SENT_MAX, 1);
  ges_buf_init(&h->head, GES_HEAD_MAX, 1);
  ges_buf_init(&h->body, 0, 1);
}


/* Makes sure there is a handle. Returns 0, or -1 when memory is out. */
int ges_easy_open (struct ges_easy *h) {
  if (h->easy != NULL)
    return 0;
  h->easy = curl_easy_init();
  h->url = curl_url();
  if (h->nodes == NULL)
    h->nodes = calloc(GES_HEADERS_MAX, sizeof *h->nodes);
  if (h->easy != NULL && h->url != NULL && h->nodes != NULL
      && set_constants(h) == 0)
    return 0;
  ges_easy_close(h);
  return -1;
}


/* Releases handle and memory; ges_easy_open makes it usable again. */
void ges_easy_close (struct ges_easy *h) {
  CURL *easy = h->easy;
  CURLU *url = h->url;
  ges_easy_abandon(h);
  curl_easy_cleanup(easy);
  curl_url_cleanup(url);
  free(h->nodes);
  h->nodes = NULL;
  ges_buf_free(&h->lines);
  ges_buf_free(&h->keys);
  ges_buf_free(&h->sent);
  ges_buf_free(&h->head);
  ges_buf_free(&h->body);
}


/* Lets go of a handle that another process owns, without touching it. */
void ges_easy_abandon (struct ges_easy *h) {
  h->easy = NULL;
  h->url = NULL;
  h->special = 0;
  ges_buf_free(&h->origin);
  ges_buf_free(&h->target);
  ges_buf_free(&h->conf);
}


/* Appends what is asked for: path and query. */
static int add_target (struct ges_buf *b, const struct ges_request *r) {
  ges_buf_add(b, r->to.prefix, r->to.prefixlen);
  ges_buf_add(b, r->path.p, r->path.n);
  if (r->query.n > 0)
    ges_buf_putc(b, '?');
  return ges_buf_add(b, r->query.p, r->query.n);
}


/*
** Sets where the request goes, when that changes. Path and query are sent as
** they are, in place of the URL's, which libcurl would take apart and write
** anew each time (10,000 instructions); only a proxy that may have to be told
** the whole URL gets it from libcurl. `head` is free here: scratch space.
*/
static int set_target (struct ges_easy *h, const struct ges_request *r) {
  int whole = !r->to.https && (r->proxy == NULL || r->proxy[0] != '\0');
  struct ges_buf *now = &h->head;
  const char *text, *url;
  size_t n;
  int bad = 0;
  ges_buf_clear(now);
  ges_url_origin(now, &r->to);
  if (!ges_buf_same(now, &h->origin)) {
    ges_buf_clear(&h->target);
    ges_buf_clear(&h->origin);
    if (ges_buf_add(&h->origin, now->data, now->len) != 0)
      return -1;
  }
  n = now->len;
  if (add_target(now, r) != 0 || (text = ges_buf_cstr(now)) == NULL
      || (url = whole ? text : ges_buf_cstr(&h->origin)) == NULL)
    return -1;
  if (ges_buf_same(now, &h->target))
    return 0;
  if (whole || h->target.len == 0)
    bad = curl_url_set(h->url, CURLUPART_URL, url, CURLU_PATH_AS_IS) != 0;
  if (!whole)
    bad |= curl_easy_setopt(h->easy, CURLOPT_REQUEST_TARGET, text + n) != 0;
  ges_buf_clear(&h->target);
  return bad ? -1 : ges_buf_add(&h->target, now->data, now->len);
}


/*
** Lays the header lines out in one buffer that is ours to wipe; libcurl only
** reads them through `nodes`. They are kept while they stay the same: a token
** is long, and is sent many times.
*/
static int set_headers (struct ges_easy *h, const struct ges_request *r) {
  size_t at[GES_HEADERS_MAX];
  int i;
  if (ges_request_same(r, &h->lines))
    return 0;
  if (ges_request_lines(r, &h->lines, at) != 0)
    return -1;
  for (i = 0; i < r->nheaders; i++) {
    h->nodes[i].data = h->lines.data + at[i];
    h->nodes[i].next = i + 1 < r->nheaders ? &h->nodes[i + 1] : NULL;
  }
  return curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER,
                          r->nheaders > 0 ? h->nodes : NULL) == CURLE_OK
         ? 0 : -1;
}


static int apply_conf (CURL *e, const struct ges_request *r) {
  int bad = ges_ca_set(e, r) != 0;
  SET(SSL_VERIFYPEER, r->verify ? 1L : 0L);
  SET(SSL_VERIFYHOST, r->verify ? 2L : 0L);
  TRY(SSLCERT, r->client_cert);
  TRY(SSLKEY, r->client_key);
  TRY(PROXY, r->proxy);
  TRY(NOPROXY, r->no_proxy);
  TRY(MAXFILESIZE_LARGE, (curl_off_t)r->max_body);
  TRY(CONNECTTIMEOUT_MS, r->connect_ms);
  return bad ? -1 : 0;
}


/*
** Sets the transport options when they differ from those of the last
** request. The handle is reset first: there is no other way to un-name a CA
** store, as what NULL means there changed between libcurl versions. (The
** connections live in the multi handle and stay.) `head` is free at this
** point and serves as scratch space.
*/
static int set_conf (struct ges_easy *h, const struct ges_request *r) {
  struct ges_buf *now = &h->head;
  if (ges_request_conf(r, now) != 0)
    return -1;
  if (ges_buf_same(now, &h->conf))
    return 0;
  ges_buf_clear(&h->conf);
  ges_buf_clear(&h->target);
  ges_buf_clear(&h->lines);
  h->special = 1;
  curl_easy_reset(h->easy);
  if (set_constants(h) != 0 || apply_conf(h->easy, r) != 0)
    return -1;
  return ges_buf_add(&h->conf, now->data, now->len);
}


/*
** A TLS setting that differs from none in name only: libcurl lets requests
** share a connection when their settings are the same. wolfSSL refuses it.
*/
static long apart (void) {
  const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return tls != NULL && strncmp(tls, "wolfSSL", 7) == 0
         ? 0 : (long)CURL_SSLVERSION_MAX_DEFAULT;
}


/*
** Which connection the request may take. libcurl sends a request again when
** the kept connection it went out on has died, so one that is not GET or HEAD
** gets a fresh one. Over TLS no other request may join that one later, either:
** libcurl then takes it for a kept one. Nor may any join the HTTP/1.1
** connection of a single call, though libcurl would let it. Before 7.80
** libcurl does not tell what it sends: then what is sent once goes without
** HTTP/2. With that, 7.88 forgets what it has read of response headers that
** are larger than its buffer.
*/
static int set_connection (struct ges_easy *h, const struct ges_request *r) {
  int two = r->many && (h->safe || h->counts), bad = 0;
  CURL *e = h->easy;
  h->shares = (unsigned char)(r->to.https && r->many && h->safe);
  SET(FRESH_CONNECT, h->safe ? 0L : 1L);
  SET(FORBID_REUSE, h->safe || !r->to.https ? 0L : 1L);
  SET(SSLVERSION, CURL_SSLVERSION_TLSv1_2 | (h->shares ? 0 : apart()));
  TRY(HTTP_VERSION, two ? (long)CURL_HTTP_VERSION_2TLS
                        : (long)CURL_HTTP_VERSION_1_1);
  TRY(BUFFERSIZE, two && r->to.https ? (long)GES_HEAD_MAX : READ_BYTES);
  return bad;
}


/* Method and body. A bare GET after a bare GET sets nothing. */
static int set_method (struct ges_easy *h, const struct ges_request *r) {
  const char *verb = r->method != NULL ? r->method : "GET";
  int get = strcmp(verb, "GET") == 0 && r->body.p == NULL;
  int head = strcmp(verb, "HEAD") == 0, bad = 0;
  CURL *e = h->easy;
  ges_buf_clear(&h->sent);
  if (get && !h->special)
    return 0;
  h->special = (unsigned char)!get;
  h->safe = (unsigned char)(head || strcmp(verb, "GET") == 0);
  if (ges_buf_add(&h->sent, r->body.p, r->body.n) != 0)
    return -1;
  SET(HTTPGET, 1L);                /* forgets the body of an earlier POST */
  if (head)
    SET(NOBODY, 1L);
  else if (r->body.p != NULL || strcmp(verb, "POST") == 0) {
    SET(POSTFIELDS, h->sent.len > 0 ? h->sent.data : "");
    SET(POSTFIELDSIZE_LARGE, (curl_off_t)h->sent.len);
  }
  SET(CUSTOMREQUEST, get || head ? NULL : verb);
  bad |= set_connection(h, r);
  return bad ? -1 : 0;
}


/*
** Readies the exchange for `r`: copies it, sets what changed, forgets the
** last answer. No network. Returns 0, or -1 when memory is out.
*/
int ges_easy_prepare (struct ges_easy *h, const struct ges_request *r) {
  ges_response_clear(&h->reply);
  ges_buf_clear(&h->body);
  h->body.max = r->max_body;
  h->head_bytes = 0;
  h->keep_head = (unsigned char)r->keep_head;
  h->errbuf[0] = '\0';
  h->no_socket = 0;
  h->opened = h->begun = 0;
  h->touched = h->repeated = 0;
  if (set_conf(h, r) != 0 || set_target(h, r) != 0 || set_method(h, r) != 0
      || set_headers(h, r) != 0
      || ges_request_secrets(r, &h->lines, &h->keys, &h->secrets) != 0)
    return -1;
  ges_buf_clear(&h->head);
  return 0;
}


/*
** Forgets what was asked and answered; the handle and the header lines stay.
** A handle that met a dead connection is reset before it serves again:
** libcurl counts those it met in all its life, and gives up at the sixth.
** Where it does not tell what it sends, any may have met one.
*/
void ges_easy_clear (struct ges_easy *h) {
  if (h->begun > 1 || !h->counts)
    ges_buf_clear(&h->conf);
  ges_buf_clear(&h->keys);
  ges_buf_clear(&h->sent);
  ges_buf_clear(&h->head);
  if (h->body.cap > BODY_KEEP)
    ges_buf_free(&h->body);
  ges_buf_clear(&h->body);
  h->secrets.n = 0;
  h->resolved = NULL;
}


/*
** Is it a header line that libcurl has no room for? It calls that a lack of
** memory, and since 8.6 by a name of its own.
*/
static int is_long_line (const struct ges_easy *h, int rc) {
  curl_off_t begun = 0;
  if (rc == CURLE_OUT_OF_MEMORY)
    curl_easy_getinfo(h->easy, CURLINFO_STARTTRANSFER_TIME_T, &begun);
  return begun > 0 || rc == TOO_LARGE;
}


static enum ges_kind classify (const struct ges_easy *h, int rc) {
  long connect = 0;
  switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_RESOLVE_PROXY:
      return GES_dns;
    case CURLE_COULDNT_CONNECT: case CURLE_INTERFACE_FAILED:
      return GES_connect;
    case CURLE_OPERATION_TIMEDOUT:
      return GES_timeout;
    case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR: case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH: case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_NOTFOUND: case CURLE_SSL_ENGINE_SETFAILED:
      return GES_tls;
#if LIBCURL_VERSION_NUM >= 0x074900
    case CURLE_PROXY:
      return GES_proxy;
#endif
    case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: case CURLE_URL_MALFORMAT:
    case TOO_LARGE:
      return GES_protocol;
    case CURLE_OUT_OF_MEMORY:
      return is_long_line(h, rc) ? GES_protocol : GES_memory;
    default:
      curl_easy_getinfo(h->easy, CURLINFO_HTTP_CONNECTCODE, &connect);
      return connect >= 300 ? GES_proxy : GES_network;
  }
}


/* Can the process open so many descriptors? Returns 0, or what errno says. */
static int try_descriptors (int wanted) {
  int fds[LOOKUP_FDS], n = 0, why = 0;
  while (n < wanted && why == 0) {
    fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fds[n] >= 0)
      n++;
    else
      why = errno;
  }
  while (n > 0)
    close(fds[--n]);
  return why;
}


/*
** Is it for want of descriptors that an attempt failed before it sent
** anything? Of a socket it is known; when the resolver or the TLS library ran
** out of them, libcurl says other things, and the process is asked whether it
** has as many as they need. Returns EMFILE, ENFILE or 0.
*/
static int descriptors_out (const struct ges_easy *h, enum ges_kind kind) {
  int why = h->no_socket;
  if (why == 0 && !ges_easy_begun(h)) {
    if (kind == GES_dns || kind == GES_memory)
      why = try_descriptors(LOOKUP_FDS);
    else if (kind == GES_tls || kind == GES_network)
      why = try_descriptors(TLS_FDS);
  }
  return why == EMFILE || why == ENFILE ? why : 0;
}


/* Puts a failure of libcurl's in the place of an answer. */
static void explain (struct ges_easy *h, int rc) {
  enum ges_kind kind = classify(h, rc);
  const char *said = h->errbuf[0] != '\0' ? h->errbuf
                     : curl_easy_strerror((CURLcode)rc);
  int why = kind == GES_timeout ? 0 : descriptors_out(h, kind);
  char text[GES_TEXT_MAX];
  if (is_long_line(h, rc))
    said = long_line;
  else if (why != 0) {
    snprintf(text, sizeof text, why == EMFILE
             ? "the process has no file descriptors left: close some, or raise"
               " their limit (ulimit -n); %s"
             : "the system has no file descriptors left: close some, or raise"
               " their limit (fs.file-max); %s", said);
    said = text;
    if (kind == GES_memory)
      kind = GES_connect;
  }
  ges_response_fail(&h->reply, kind, said);
}


/* Notes whether the attempt that ends came to send anything. */
static void note_sent (struct ges_easy *h) {
  h->reply.unsent = (unsigned char)!(h->touched || ges_easy_begun(h));
}


/* Ends the exchange for a reason that libcurl does not know. */
void ges_easy_fail (struct ges_easy *h, enum ges_kind kind,
                    const char *text) {
  ges_response_fail(&h->reply, kind, text);
  note_sent(h);
}


/* Has libcurl begun to send the request? */
int ges_easy_begun (const struct ges_easy *h) {
  long bytes = 0;
  if (!h->counts && h->easy != NULL)
    curl_easy_getinfo(h->easy, CURLINFO_REQUEST_SIZE, &bytes);
  return h->begun > 0 || bytes > 0;
}


/* How long the TLS handshake of its connection took, in seconds. */
double ges_easy_handshake (const struct ges_easy *h) {
  curl_off_t from = 0, to = 0;
  curl_easy_getinfo(h->easy, CURLINFO_CONNECT_TIME_T, &from);
  curl_easy_getinfo(h->easy, CURLINFO_APPCONNECT_TIME_T, &to);
  return to > from ? (double)(to - from) / 1e6 : 0;
}


/*
** Did a GET or HEAD fail because the kept connection that it went out on was
** dead, and libcurl let it go at that? It repeats such a request five times,
** on whatever is kept, and over HTTP/2 not at all when the connection ends
** without a word. If so, this exchange is ready to be handed to libcurl once
** more, and once again; after several dead connections for a fresh one.
*/
int ges_easy_repeat (struct ges_easy *h, int rc) {
  int died = rc == CURLE_SEND_ERROR || rc == CURLE_RECV_ERROR
             || rc == CURLE_GOT_NOTHING || rc == CURLE_HTTP2
             || rc == CURLE_PARTIAL_FILE;
  if (!died || !h->safe || h->repeated > 1 || h->head_bytes > 0
      || (h->opened > 0 && h->begun < 2))
    return 0;
  h->repeated++;
  h->special = 1;
  h->errbuf[0] = '\0';
  return (h->counts && h->begun < 2 && h->repeated == 1)
         || curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
}


/*
** Turns libcurl's result into the reply's kind and words, unless a callback
** of ours has set them: to libcurl a stop looks like a write error.
*/
void ges_easy_finish (struct ges_easy *h, int rc) {
  struct ges_response *r = &h->reply;
  long status = 0;
  curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
  if (rc == CURLE_OPERATION_TIMEDOUT)
    note_sent(h);
  if (rc == CURLE_FILESIZE_EXCEEDED)
    ges_response_fail(r, GES_too_large, too_large);
  if (rc == CURLE_OK || r->kind == GES_too_large)
    r->status = status;
  if (r->kind != GES_none)
    return;
  if (rc == CURLE_GOT_NOTHING && status == 101 && r->whole)
    ges_response_fail(r, GES_protocol, "it went over to another protocol");
  else if (rc != CURLE_OK)
    explain(h, rc);
  else if (ges_redact_buf(&h->head, &h->secrets) != 0
           || ges_redact_buf(&h->body, &h->secrets) != 0)
    ges_response_fail(r, GES_memory, no_memory);
}
