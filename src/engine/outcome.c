/* SPDX-License-Identifier: MIT
** outcome.c - the outcome of an exchange (see easy.h): how far it came, the
** result of libcurl as a kind of failure, and whether it is repeated.
*/
#define _GNU_SOURCE             /* SOCK_CLOEXEC */

#include "easy.h"

#include "pem.h"
#include "proxy.h"

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
#define CURLE_PROXY_FAILED  97  /* CURLE_PROXY: since libcurl 7.73 */
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


/*
** socks4:// and socks5:// have this machine look the server's name up, once the
** proxy is connected. Did that fail, and not the proxy? libcurl 8.14 says then
** that it could not resolve the proxy.
*/
static int is_own_lookup (const struct ges_easy *h, int rc) {
  long why = 0;
#if LIBCURL_VERSION_NUM >= 0x074900
  curl_easy_getinfo(h->handle, CURLINFO_PROXY_ERROR, &why);
  why = why == CURLPX_RESOLVE_HOST;
#endif
  return why || (rc == CURLE_COULDNT_RESOLVE_PROXY && h->opened > 0);
}


/* Does libcurl say that there is no version of TLS that both speak? */
static int is_old_tls (int rc, const char *said) {
  return rc == CURLE_SSL_CONNECT_ERROR
         && (strstr(said, "protocol version") != NULL
             || strstr(said, "unsupported protocol") != NULL);
}


/* The status of the proxy's answer to CONNECT; 0: none. */
static long connect_status (const struct ges_easy *h) {
  long code = 0;
  curl_easy_getinfo(h->handle, CURLINFO_HTTP_CONNECTCODE, &code);
  return code;
}


/*
** Can the client's own certificate or key not be used? For a file that cannot
** be read libcurl 8.22 says that an argument is wrong.
*/
static int is_own_cert (const struct ges_easy *h, int rc) {
  return rc == CURLE_SSL_CERTPROBLEM
         || (rc == CURLE_BAD_FUNCTION_ARGUMENT
             && ges_head_text(h->head, OPT_client_cert).p != NULL);
}


static enum ges_kind classify (const struct ges_easy *h, int rc) {
  if (is_own_cert(h, rc))
    return GES_tls;
  switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_RESOLVE_PROXY:
      return GES_dns;
    case CURLE_COULDNT_CONNECT:         /* 8.22: a refusal of the proxy, too */
      return connect_status(h) >= 300 ? GES_proxy : GES_connect;
    case CURLE_INTERFACE_FAILED:
      return GES_connect;
    case CURLE_OPERATION_TIMEDOUT:
      return GES_timeout;
    case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER: case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH: case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_NOTFOUND: case CURLE_SSL_ENGINE_SETFAILED:
      return GES_tls;
    case CURLE_PROXY_FAILED:
      return is_own_lookup(h, rc) ? GES_dns : GES_proxy;
    case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: case CURLE_URL_MALFORMAT:
    case TOO_LARGE:
      return GES_protocol;
    case CURLE_OUT_OF_MEMORY:
      return is_long_line(h, rc) ? GES_protocol : GES_memory;
    default:
      if (is_old_tls(rc, h->errbuf))
        return GES_tls;
      return connect_status(h) >= 300 ? GES_proxy : GES_network;
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


/* Writes that there are no descriptors left; `why` is EMFILE or ENFILE. */
static void tell_descriptors (char *out, int why, const char *said) {
  snprintf(out, GES_TEXT_MAX, why == EMFILE
           ? "the process has no file descriptors left: close some, or raise"
             " their limit (ulimit -n); %s"
           : "the system has no file descriptors left: close some, or raise"
             " their limit (fs.file-max); %s", said);
}


/* Does libcurl say that it does not know who signed the certificate? */
static int is_stranger (const char *said) {
  return strstr(said, "issuer") != NULL || strstr(said, "self-signed") != NULL
         || strstr(said, "self signed") != NULL;
}


/*
** Did a handshake within TLS to a proxy fail, of which libcurl loses the reason
** (7.88: SSL_ERROR_SYSCALL, 8.14: reason(0))? It may have been the certificate.
*/
static int is_lost_reason (const struct ges_easy *h, int rc) {
  return rc == CURLE_SSL_CONNECT_ERROR && connect_status(h) / 100 == 2
         && ges_proxy_is_tls(ges_head_via(h->head))
         && (strstr(h->errbuf, "SYSCALL") != NULL
             || strstr(h->errbuf, "reason(0)") != NULL);
}


/*
** Writes what is wrong with the client's own certificate or key. Returns 0 if
** that is not seen.
*/
static int tell_own (const struct ges_head *h, char *out) {
  static const enum ges_option of[] = { OPT_client_cert, OPT_client_key };
  char text[96];
  int i;
  for (i = 0; i < 2; i++) {
    const char *name = ges_head_text(h, of[i]).p;
    const char *why = name == NULL ? NULL
                      : ges_pem_own_fault(name, text, sizeof text);
    if (why != NULL) {
      snprintf(out, GES_TEXT_MAX, "%s %.150s %s", ges_options[of[i]].name,
               name, why);
      return 1;
    }
  }
  return 0;
}


/* Writes what is known of the certificates in the way. Returns 0: nothing. */
static int tell_trust (const struct ges_easy *h, int rc, char *out,
                       const char *said) {
  static const char lost[] = "perhaps its certificate is not trusted, which"
                             " some versions of libcurl do not tell through a"
                             " proxy over TLS";
  char more[200] = "";
  if (is_own_cert(h, rc))
    return tell_own(h->head, out);
  if (rc == CURLE_SSL_CACERT_BADFILE)
    return ges_ca_explain(h->head, 1, out, GES_TEXT_MAX);
  if (rc == CURLE_SSL_CONNECT_ERROR && strstr(said, "wrong version") != NULL)
    snprintf(more, sizeof more, "the server does not speak TLS on this port:"
             " is the port right, or should it be http://?");
  else if (is_old_tls(rc, said))
    snprintf(more, sizeof more, "the server does not support TLS 1.2 or later");
  else if (is_lost_reason(h, rc))
    snprintf(more, sizeof more, "%s", lost);
  else if (rc == CURLE_PEER_FAILED_VERIFICATION && is_stranger(said))
    ges_ca_explain(h->head, 0, more, sizeof more);
  snprintf(out, GES_TEXT_MAX, "%.180s; %s", said, more);
  return more[0] != '\0';
}


/*
** Did libcurl use the proxy `host` on `port`? Before 8.7 it does not say so:
** the port of the last socket tells, or if the server's is the same, its
** message.
*/
static int used_proxy (const struct ges_easy *h, const char *host,
                       unsigned port, int rc) {
  const struct ges_endpoint *to = &h->head->to;
  unsigned own = to->port != 0 ? to->port : to->https ? 443 : 80;
  int excepts = ges_proxy_excepts(ges_head_text(h->head, OPT_no_proxy).p);
  char named[320];
#if LIBCURL_VERSION_NUM >= 0x080700
  long used = 0;
  if (curl_easy_getinfo(h->handle, CURLINFO_USED_PROXY, &used) == CURLE_OK)
    return used != 0;
#endif
  if (h->opened == 0)           /* it is looked up */
    return rc == CURLE_COULDNT_RESOLVE_PROXY
           || (rc == CURLE_OPERATION_TIMEDOUT && !excepts);
  snprintf(named, sizeof named, " to %s port %u ", host, port);
  return h->port == port
         && (port != own || !excepts || (strcmp(host, to->host) != 0
                                         && strstr(h->errbuf, named) != NULL));
}


/* May a failure be that of a proxy, by how far the transfer came? */
static int at_proxy (const struct ges_easy *h, const char *url, int rc) {
  if (ges_easy_begun(h) || rc == CURLE_SSL_CACERT_BADFILE
      || is_own_cert(h, rc))
    return 0;
  if (ges_proxy_is_socks(url))  /* nothing else tells where its part ends */
    return !is_own_lookup(h, rc)
           && (rc == CURLE_COULDNT_CONNECT || rc == CURLE_PROXY_FAILED
               || rc == CURLE_COULDNT_RESOLVE_PROXY);
  return !h->head->to.https || connect_status(h) / 100 != 2;
}


/*
** Writes the beginning of the message: "proxy HOST:PORT: ", and which variable
** names it, if the proxy failed before it had made a way to the server, and
** else nothing. If libcurl cannot use the proxy at all, which is not tried
** again, that is the whole message, and nothing is left `said`. Returns the
** kind.
*/
static enum ges_kind tell_proxy (const struct ges_easy *h, int rc,
                                 enum ges_kind kind, char *out,
                                 const char **said) {
  const char *url = ges_head_via(h->head), *why;
  const char *given = ges_head_proxy(h->head);
  const char *by = ges_proxy_by(given, h->head->to.https);
  int refused = h->opened == 0 && (rc == CURLE_COULDNT_CONNECT
                                   || rc == CURLE_COULDNT_RESOLVE_PROXY);
  char host[280];
  unsigned port = 0;
  if (url == NULL)
    return kind;
  why = ges_proxy_name(url, host, sizeof host, &port);
  if (why != NULL && refused) {
    snprintf(out, GES_TEXT_MAX, "%s %s", by, why);
    *said = "";
    return GES_proxy;
  }
  if (why == NULL && at_proxy(h, url, rc) && used_proxy(h, host, port, rc)) {
    snprintf(out, GES_TEXT_MAX, "proxy %.120s:%u%s%s: %s", host, port,
             given == NULL ? " of " : "", given == NULL ? by : "",
             connect_status(h) == 407 ? "give user and password in its URL: "
             : "");
    if (rc == CURLE_NOT_BUILT_IN)
      kind = GES_proxy;
  }
  return kind;
}


/* Writes "HOST: ", unless libcurl's text names the host already. */
static void tell_host (const struct ges_easy *h, enum ges_kind kind,
                       const char *said, char *out) {
  if ((kind == GES_timeout || kind == GES_network || kind == GES_tls)
      && strstr(said, h->head->to.host) == NULL)
    snprintf(out, GES_TEXT_MAX, "%.260s: ", ges_head_host(h->head));
}


/* Replaces the response by libcurl's failure. */
static void explain (struct ges_easy *h, int rc) {
  enum ges_kind kind = classify(h, rc);
  const char *said = h->errbuf[0] != '\0' ? h->errbuf
                     : curl_easy_strerror((CURLcode)rc);
  int why = kind == GES_timeout ? 0 : descriptors_out(h, kind);
  size_t n;
  char text[GES_TEXT_MAX], whole[GES_TEXT_MAX];
  if (is_long_line(h, rc))
    said = long_line;
  else if (kind == GES_dns && is_own_lookup(h, rc)) {
    snprintf(text, sizeof text, "could not resolve %s", h->head->to.host);
    said = text;
  }
  else if (why != 0) {
    tell_descriptors(text, why, said);
    said = text;
    if (kind == GES_memory)
      kind = GES_connect;
  }
  else if (tell_trust(h, rc, text, said))
    said = text;
  whole[0] = '\0';
  if (why == 0)
    kind = tell_proxy(h, rc, kind, whole, &said);
  if (whole[0] == '\0')
    tell_host(h, kind, said, whole);
  n = strlen(whole);
  snprintf(whole + n, sizeof whole - n, "%s", said);
  ges_response_fail(&h->response, kind, whole);
}


/*
** Has the attempt asked the network for something? A connection that was not
** made in the little time that there was says nothing about the server: then
** only a request counts.
*/
int ges_easy_asked (const struct ges_easy *h) {
  return ges_easy_begun(h) || (h->touched && !h->brief);
}


static void note_sent (struct ges_easy *h) {
  h->response.unsent = (unsigned char)!ges_easy_asked(h);
}


/* Ends the exchange for a reason of the engine. */
void ges_easy_fail (struct ges_easy *h, enum ges_kind kind,
                    const char *text) {
  ges_response_fail(&h->response, kind, text);
  note_sent(h);
}


/*
** Was the peer perhaps not trusted because the handle has only a part of the
** system's authorities? Nothing was sent; it gets all.
*/
static int repeat_whole (struct ges_easy *h, int rc) {
  int untrusted = rc == CURLE_PEER_FAILED_VERIFICATION
                  || rc == CURLE_SSL_CACERT_BADFILE
                  || rc == CURLE_SSL_CONNECT_ERROR;
  if (!untrusted || ges_easy_begun(h) || !ges_ca_whole(h->handle, &h->trust))
    return 0;
  h->errbuf[0] = '\0';
  return 1;
}


/*
** Did a GET or HEAD fail because the kept connection that it went out on was
** dead, without libcurl repeating it? libcurl repeats such a request five
** times, each on a kept connection, but not if an HTTP/2 connection ends
** without GOAWAY. At most twice; after several dead connections with a new one.
*/
static int repeat_lost (struct ges_easy *h, int rc) {
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
** Is the exchange to be handed to libcurl again, within the same attempt?
** Returns 1 if it is ready for that.
*/
int ges_easy_repeat (struct ges_easy *h, int rc) {
  return repeat_whole(h, rc) || repeat_lost(h, rc);
}


/*
** Has the service refused, by its status, whatever became of the rest? A header
** or a body that breaks off must not make another attempt of a refusal. Headers
** that break off are success for libcurl, unless a body was announced (7.88).
*/
static int is_refused (const struct ges_easy *h, int rc, long status) {
  return (rc != CURLE_OK || !h->response.whole) && rc != CURLE_OUT_OF_MEMORY
         && h->response.kind == GES_none && h->response.begun
         && status >= 300 && !ges_easy_answers(h, status);
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
  if (h->trust.failed && ges_easy_begun(h))
    ges_ca_proved(&h->trust);
  if (r->cut || is_refused(h, rc, status)) {
    rc = CURLE_OK;      /* that the transfer was ended is no error then */
    r->whole = 1;
  }
  if (rc == CURLE_OK || r->kind == GES_too_large)
    r->status = status;
  if (r->kind != GES_none)
    return;
  if (rc == CURLE_GOT_NOTHING && status == 101 && r->whole)
    ges_response_fail(r, GES_protocol, "the server switched to another"
                      " protocol");
  else if (rc != CURLE_OK)
    explain(h, rc);
  else if (ges_redact_buf(&h->fields, &h->secrets) != 0
           || ges_redact_buf(&h->body, &h->secrets) != 0)
    ges_response_fail(r, GES_memory, GES_NO_MEMORY);
}
