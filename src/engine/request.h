/* SPDX-License-Identifier: MIT
** request.h - a prepared request: endpoint, credentials, transport options and
** what to ask for. Requests of one client have most in common: the endpoint,
** the transport options, the header lines and the secrets. That part, the head,
** is made once, does not change after ges_head_seal and is shared: requests and
** easy handles count their references to it. A request adds the ids of a job,
** or the path, query and body of a generic call. No Lua, no libcurl. Called by
** src/lua/request.c, which makes requests, by easy.c and ca_store.c.
*/
#ifndef GES_REQUEST_H
#define GES_REQUEST_H

#include <stddef.h>

#include "buf.h"
#include "options.h"
#include "redact.h"
#include "url.h"

#pragma GCC visibility push(hidden)

#define GES_HEADERS_MAX  24       /* header lines that a caller may add */
#define GES_OWN_LINES    9        /* lines that the module adds, at most */
#define GES_LINES_MAX    (GES_HEADERS_MAX + GES_OWN_LINES)
#define GES_SENT_MAX     16777216 /* bytes of a request body */

/* Lines of header fields, each with its NUL. */
struct ges_lines {
  struct ges_buf text;
  unsigned n;                     /* at most GES_LINES_MAX */
};

/* Secrets with their own copy of the bytes, of which `all` has slices. */
struct ges_keys {
  struct ges_buf bytes;
  struct ges_secrets all;
};

struct ges_head {
  unsigned refs;
  ges_optset has;                 /* options that were given */
  struct { unsigned end, n; } text_of[OPT_COUNT];   /* end 0: none */
  double number[OPT_COUNT];       /* a number or a flag, or its default */
  struct ges_buf text;            /* the strings, each with its NUL */
  struct ges_endpoint to;         /* slices of `text`; hostlen 0: none yet */
  struct ges_lines lines;
  struct ges_keys keys;
  size_t own_lines;               /* bytes of lines before the credentials */
  unsigned own_nlines;
  int own_nkeys;
};

enum { GES_PROJECT, GES_GRAPH, GES_JOB, GES_IDS };

/* What a request is for; which advice a failure gets depends on it. */
enum { GES_FOR_JOB, GES_FOR_CALL, GES_FOR_IAM, GES_FOR_PROVIDER };

struct ges_request {
  struct ges_head *head;
  const char *method;             /* NULL: GET */
  char id[GES_IDS][GES_ID_MAX + 1];   /* "": not named */
  struct ges_buf path;            /* generic: not encoded; else empty */
  struct ges_buf query;           /* generic: canonical, encoded */
  struct ges_buf body;
  unsigned char generic;          /* has a path of its own: GES_FOR_... */
  unsigned char sends;            /* has a body */
};

/* Which option was refused, and why: constant texts. */
struct ges_refusal {
  const char *option, *why;
};

int ges_refuse (struct ges_refusal *no, const char *option, const char *why);
struct ges_head *ges_head_new (void);
struct ges_head *ges_head_copy (const struct ges_head *from, ges_optset but);
struct ges_head *ges_head_ref (struct ges_head *h);
void ges_head_drop (struct ges_head *h);
int ges_head_put (struct ges_head *h, enum ges_option o, const char *s,
                  size_t n);
void ges_head_number (struct ges_head *h, enum ges_option o, double x);
const char *ges_head_text (const struct ges_head *h, enum ges_option o);
const char *ges_head_proxy (const struct ges_head *h);
int ges_head_same (const struct ges_head *a, const struct ges_head *b);
int ges_head_begin (struct ges_head *h, const struct ges_pair *of, size_t n,
                    int sends, struct ges_refusal *no);
int ges_head_hide (struct ges_head *h);
int ges_head_seal (struct ges_head *h, struct ges_refusal *no);

int ges_keys_add (struct ges_keys *k, const char *s, size_t n);
int ges_lines_add (struct ges_lines *l, const char *name, const char *value,
                   size_t n);

void ges_request_init (struct ges_request *r);
void ges_request_free (struct ges_request *r);
int ges_request_target (const struct ges_request *r, struct ges_buf *b);
int ges_request_sign (const struct ges_request *r, struct ges_lines *l,
                      struct ges_secrets *all);

#pragma GCC visibility pop

#endif
