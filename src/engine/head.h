/* SPDX-License-Identifier: MIT
** head.h - the part of a request that the requests of one client have in
** common: the endpoint, the transport options, the header lines and the
** secrets. A head is made once, does not change after ges_head_seal and is
** shared: requests and easy handles count their references to it. No Lua, no
** libcurl.
** Called by request.c of both folders, prepare.c, secrets.c, easy.c, outcome.c,
** ca_store.c and result.c.
*/
#ifndef GES_HEAD_H
#define GES_HEAD_H

#include <stddef.h>

#include "buf.h"
#include "options.h"
#include "redact.h"
#include "url.h"

#pragma GCC visibility push(hidden)

#define GES_HEADERS_MAX  24       /* header lines that a caller may add */
#define GES_OWN_LINES    10       /* lines that the module adds, at most */
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
  struct ges_buf origin;          /* its scheme, host and port, and a NUL */
  struct ges_lines lines;
  struct ges_keys keys;
  size_t own_lines;               /* bytes of lines before the credentials */
  unsigned own_nlines;
  int own_nkeys;
};

/* Which option was refused, and why: constant texts. */
struct ges_refusal {
  const char *option, *why;
};

int ges_refuse (struct ges_refusal *no, const char *option, const char *why);
int ges_refuse_endpoint (struct ges_refusal *no, const char *option,
                         struct ges_slice s, int insecure,
                         struct ges_endpoint *to);
struct ges_head *ges_head_new (void);
struct ges_head *ges_head_copy (const struct ges_head *from, ges_optset but);
struct ges_head *ges_head_ref (struct ges_head *h);
void ges_head_drop (struct ges_head *h);
int ges_head_put (struct ges_head *h, enum ges_option o, const char *s,
                  size_t n);
void ges_head_number (struct ges_head *h, enum ges_option o, double x);
struct ges_slice ges_head_text (const struct ges_head *h, enum ges_option o);
const char *ges_head_host (const struct ges_head *h);
int ges_head_has (const struct ges_head *h, enum ges_option o,
                  struct ges_slice s);
const char *ges_head_proxy (const struct ges_head *h);
const char *ges_head_via (const struct ges_head *h);
int ges_head_same (const struct ges_head *a, const struct ges_head *b);
int ges_head_begin (struct ges_head *h, const struct ges_pair *of, size_t n,
                    int sends, struct ges_refusal *no);
int ges_head_hide (struct ges_head *h);
int ges_head_seal (struct ges_head *h, struct ges_refusal *no);

int ges_keys_add (struct ges_keys *k, const char *s, size_t n);
int ges_lines_add (struct ges_lines *l, const char *name, const char *value,
                   size_t n);

#pragma GCC visibility pop

#endif
