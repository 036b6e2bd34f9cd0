/* SPDX-License-Identifier: MIT
** request.h - a prepared request: its head (see head.h), and the ids of a job
** or the method, path, query and body of a generic call. No Lua, no libcurl.
** Called by prepare.c and request.c of src/lua, which make requests, by easy.c,
** and by src/lua/engine.c.
*/
#ifndef GES_REQUEST_H
#define GES_REQUEST_H

#include "head.h"

#pragma GCC visibility push(hidden)

enum { GES_PROJECT, GES_GRAPH, GES_JOB, GES_IDS };

/*
** What a request is for: the status of a job, a page of the list of jobs, a
** graph, or a generic one: the script's, one to IAM, or another provider's. Its
** path, its answer and the advice of its failures depend on it.
*/
enum { GES_FOR_JOB, GES_FOR_LIST, GES_FOR_GRAPH, GES_FOR_CALL, GES_FOR_IAM,
       GES_FOR_PROVIDER, GES_PURPOSES };

#define GES_IS_GENERIC(purpose)  ((purpose) >= GES_FOR_CALL)

struct ges_request {
  struct ges_head *head;
  const char *method;             /* NULL: GET */
  char id[GES_IDS][GES_ID_MAX + 1];   /* "": not named */
  struct ges_buf path;            /* generic: not encoded; else empty */
  struct ges_buf query;           /* canonical, encoded; of a job empty */
  struct ges_buf body;
  unsigned char purpose;          /* GES_FOR_...; generic: has its own path */
  unsigned char sends;            /* has a body */
};

/* A generic call, as a script gives it; p == NULL: not given. */
struct ges_generic {
  struct ges_slice method, path, body;
  struct ges_pair *query;         /* is sorted */
  const struct ges_pair *headers;
  size_t nquery, nheaders;
  unsigned char purpose;          /* a generic one */
};

void ges_request_init (struct ges_request *r);
void ges_request_free (struct ges_request *r);
int ges_request_generic (struct ges_request *r, const struct ges_generic *g,
                         struct ges_refusal *no);
int ges_request_ask (struct ges_request *r, unsigned char purpose,
                     struct ges_pair *query, size_t n,
                     struct ges_refusal *no);
size_t ges_request_ids (const struct ges_request *r);
int ges_request_target (const struct ges_request *r, struct ges_buf *b);
int ges_request_sign (const struct ges_request *r, struct ges_lines *l,
                      struct ges_secrets *all);

#pragma GCC visibility pop

#endif
