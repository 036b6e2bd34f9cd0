/* SPDX-License-Identifier: MIT
** easy.h - one request on one CURL easy handle: bytes in, bytes out.
** Owns the easy handle and every buffer of the exchange. Called by transfer.c,
** admit.c, outcome.c, engine.c and system.c; result.c reads it. Its libcurl
** callbacks touch only memory of the struct; nothing here knows Lua.
*/
#ifndef GES_EASY_H
#define GES_EASY_H

#include <stddef.h>

#include "buf.h"
#include "ca_store.h"
#include "response.h"
#include "request.h"

#pragma GCC visibility push(hidden)

#define GES_ERRBUF       256      /* CURL_ERROR_SIZE */
#define GES_TARGET_MAX   32768    /* bytes of a URL: more than url.c accepts */
#define GES_HEAD_MAX     262144   /* bytes of response headers, 1xx included */

struct Curl_URL;                  /* libcurl's CURLU */
struct curl_slist;

struct ges_easy {
  void *handle;                   /* libcurl's CURL; NULL: closed */
  struct Curl_URL *url;
  struct ges_buf target;          /* the whole URL, as last set */
  struct ges_head *head;          /* the one that the handle is set for */
  struct ges_lines own;           /* header lines of this attempt alone */
  struct ges_buf sent;            /* request body */
  struct ges_buf fields;          /* response header block, if kept */
  struct ges_buf body;            /* response body */
  struct curl_slist *nodes;       /* GES_LINES_MAX of them */
  struct ges_keys proxy;          /* of a proxy that the environment names */
  struct ges_secrets secrets;     /* slices of `head`, `proxy` and `own` */
  struct ges_response response;
  struct ges_trust trust;         /* the authorities of the handle */
  size_t head_bytes;
  int *resolved;                  /* set when a socket is opened; may be NULL */
  int no_socket;                  /* errno of socket(), when that failed */
  unsigned opened;                /* sockets opened for this request */
  unsigned port;                  /* of the peer of the last one */
  unsigned begun;                 /* how often libcurl began to send it */
  unsigned char counts;           /* `begun` is counted: from libcurl 7.80 */
  unsigned char touched;          /* a lookup or a socket was begun */
  unsigned char brief;            /* it had little time when that began */
  unsigned char safe;             /* GET or HEAD: may be sent again */
  unsigned char bodiless;         /* HEAD: its answer has headers alone */
  unsigned char shares;           /* may share an HTTP/2 connection */
  unsigned char repeated;         /* how often ges_easy_repeat sent it again */
  unsigned char purpose;          /* of the request; generic: keeps fields */
  unsigned char special;          /* the handle is not set for a bare GET */
  unsigned char many;             /* it is set to prefer HTTP/2 */
  unsigned char stale;            /* its options must be set again */
  unsigned char linked;           /* `nodes` has the lines of `head` alone */
  char errbuf[GES_ERRBUF];
};

#define GES_TOO_LARGE  "the response exceeds max_response_bytes"
#define GES_NO_MEMORY  "not enough memory"

/* The libcurl that is loaded; its strings live as long as the process. */
struct ges_about {
  const char *version, *tls;      /* tls: NULL without it */
  int http2, async_dns;
};

void ges_easy_about (struct ges_about *a);
void ges_easy_init (struct ges_easy *h);
int ges_easy_open (struct ges_easy *h);
int ges_easy_prepare (struct ges_easy *h, const struct ges_request *r,
                      int many);
int ges_easy_answers (const struct ges_easy *h, long status);
int ges_easy_begun (const struct ges_easy *h);
int ges_easy_asked (const struct ges_easy *h);
double ges_easy_handshake (const struct ges_easy *h);
int ges_easy_repeat (struct ges_easy *h, int rc);
void ges_easy_finish (struct ges_easy *h, int rc);
void ges_easy_fail (struct ges_easy *h, enum ges_kind kind,
                    const char *text);
void ges_easy_abandon (struct ges_easy *h);
void ges_easy_clear (struct ges_easy *h);
void ges_easy_close (struct ges_easy *h);

#pragma GCC visibility pop

#endif
