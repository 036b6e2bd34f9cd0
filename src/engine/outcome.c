/* SPDX-License-Identifier: MIT
** outcome.c - the outcome of an exchange (see easy.h): how far it came, the
** result of libcurl as a kind of failure, and whether it is repeated.
*/
#define _GNU_SOURCE             /* SOCK_CLOEXEC */

#include "easy.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if !defined(SOCK_CLOEXEC)
#define SOCK_CLOEXEC  0         /* macOS */
#endif

#define TOO_LARGE   100         /* CURLE_TOO_LARGE: since libcurl 8.6 */
#define LOOKUP_FDS  3           /* descriptors that a name lookup needs */
#define TLS_FDS     2           /* that TLS needs: the socket and a file */

static const char long_line[] = "the response headers are larger than 100 KiB"
                                " in one line";


/* Has libcurl begun to send the request? */
int ges_easy_begun (const struct ges_easy *h) {
  long bytes = 0;
  if (!h->counts && h->handle != NULL)
    curl_easy_getinfo(h->handle, CURLINFO_REQUEST_SIZE, &bytes);
  return h->begun > 0 || bytes > 0;
}


/* How long the TLS handshake of its connection took, in seconds. */
double ges_easy_handshake (const struct ges_easy *h) {
  curl_off_t from = 0, to = 0;
  curl_easy_getinfo(h->handle, CURLINFO_CONNECT_TIME_T, &from);
  curl_easy_getinfo(h->handle, CURLINFO_APPCONNECT_TIME_T, &to);
  return to > from ? (double)(to - from) / 1e6 : 0;
}


/*
** Was a header line longer than libcurl's limit? It reports that as lack of
** memory, and since 8.6 as CURLE_TOO_LARGE.
*/
static int is_long_line (const struct ges_easy *h, int rc) {
  curl_off_t begun = 0;
  if (rc == CURLE_OUT_OF_MEMORY)
    curl_easy_getinfo(h->handle, CURLINFO_STARTTRANSFER_TIME_T, &begun);
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
      curl_easy_getinfo(h->handle, CURLINFO_HTTP_CONNECTCODE, &connect);
      return connect >= 300 ? GES_proxy : GES_network;
  }
}


/* Can the process open so many descriptors? Returns 0, or errno. */
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
** Did an attempt fail before it sent anything because the process ran out of
** descriptors? For a socket errno was noted; if the resolver or the TLS library
** ran out of them, libcurl reports something else, so it is tried whether the
** process can open as many as they need. Returns EMFILE, ENFILE or 0.
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


/* Replaces the response by libcurl's failure. */
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
  ges_response_fail(&h->response, kind, said);
}


/* Notes whether the attempt has sent anything. */
static void note_sent (struct ges_easy *h) {
  h->response.unsent = (unsigned char)!(h->touched || ges_easy_begun(h));
}


/* Ends the exchange for a reason of the engine. */
void ges_easy_fail (struct ges_easy *h, enum ges_kind kind,
                    const char *text) {
  ges_response_fail(&h->response, kind, text);
  note_sent(h);
}


/*
** Did a GET or HEAD fail because the kept connection that it went out on was
** dead, without libcurl repeating it? libcurl repeats such a request five
** times, each on a kept connection, but not if an HTTP/2 connection ends
** without GOAWAY. Returns 1 if the exchange is ready to be handed to libcurl
** again, at most twice; after several dead connections with a new one.
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
         || curl_easy_setopt(h->handle, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
}


/*
** Sets the response's kind and message from libcurl's result, unless a
** callback has set them: libcurl reports its stop as a write error.
*/
void ges_easy_finish (struct ges_easy *h, int rc) {
  struct ges_response *r = &h->response;
  long status = 0;
  curl_easy_getinfo(h->handle, CURLINFO_RESPONSE_CODE, &status);
  if (rc == CURLE_OPERATION_TIMEDOUT)
    note_sent(h);
  if (rc == CURLE_FILESIZE_EXCEEDED)
    ges_response_fail(r, GES_too_large, GES_TOO_LARGE);
  if (rc == CURLE_OK || r->kind == GES_too_large)
    r->status = status;
  if (r->kind != GES_none)
    return;
  if (rc == CURLE_GOT_NOTHING && status == 101 && r->whole)
    ges_response_fail(r, GES_protocol, "it went over to another protocol");
  else if (rc != CURLE_OK)
    explain(h, rc);
  else if (ges_redact_buf(&h->fields, &h->secrets) != 0
           || ges_redact_buf(&h->body, &h->secrets) != 0)
    ges_response_fail(r, GES_memory, GES_NO_MEMORY);
}
