/* SPDX-License-Identifier: MIT
** advice.c - what the user can do about a failure (see advice.h).
*/
#include "advice.h"

#include <string.h>

#include "../engine/request.h"

/* The failures of a kind that a row is for. */
enum { ANY, SIGNED, CODELESS };

/* What a row says, in the order of GES_FOR_...: what the request was for. */
#define ALIKE(text)        { text, text, text, text, text, NULL }
#define BUT_IAM(text, iam)  { text, text, text, text, iam, NULL }
#define OF_JOB(text)       { text, NULL, NULL, NULL, NULL, NULL }
#define REDIRECTS          "redirects are never followed; check "

/*
** Of a kind the first row that fits counts. `code` ends that of the service.
** Options are named behind "check" or "raise", where the command finds them.
*/
static const struct row {
  enum ges_kind kind;
  const char *code;
  int of;
  const char *texts[GES_PURPOSES];
} rows[] = {
  { GES_auth, "", SIGNED, ALIKE("check the keys, the region and the clock") },
  { GES_auth, "", ANY, BUT_IAM("get a new token, or check the region",
    "check user, password and domain, or the keys") },
  { GES_forbidden, "", CODELESS, BUT_IAM("the credentials lack the"
    " permission for this, or a firewall refuses it", NULL) },
  { GES_forbidden, "", ANY, { "the credentials lack ges:jobs:getDetail",
    "the credentials lack ges:jobs:list",
    "the credentials lack ges:graph:getDetail",
    "the credentials lack the permission for this call", NULL, NULL } },
  { GES_not_found, "0101", ANY, BUT_IAM("no such API at that address; check"
    " endpoint and region",
    "no such API at that address; check iam_endpoint and region") },
  { GES_not_found, "8301", ANY, OF_JOB("check job_id") },
  { GES_not_found, "7007", ANY, OF_JOB("check job_id") },
  { GES_not_found, "", CODELESS, BUT_IAM("check endpoint, region and the ids",
    "check iam_endpoint and region") },
  { GES_not_found, "", ANY, { "check graph_id and project_id",
    "check project_id", "check graph_id and project_id", NULL, NULL, NULL } },
  { GES_throttled, "", ANY, ALIKE("lower the request rate") },
  { GES_redirect, "", ANY, { REDIRECTS "endpoint", REDIRECTS "endpoint",
    REDIRECTS "endpoint", REDIRECTS "endpoint", REDIRECTS "iam_endpoint",
    REDIRECTS "endpoint" } },
  { GES_dns, "", ANY, BUT_IAM("check endpoint and region",
    "check iam_endpoint and region") },
  { GES_connect, "", ANY, BUT_IAM("check endpoint, proxy and firewalls",
    "check iam_endpoint, proxy and firewalls") },
  { GES_timeout, "", ANY, ALIKE("try again later, or raise timeout or"
    " request_timeout") },
  { GES_proxy, "", ANY, ALIKE("give user and password in the URL of the"
    " proxy") },
  { GES_protocol, "", ANY, BUT_IAM("a login page of the network may have"
    " answered: check endpoint", "a login page of the network may have"
    " answered: check iam_endpoint") },
};


static int fits (const struct row *r, enum ges_kind kind,
                 const struct gesL_failure *f) {
  size_t n = strlen(r->code);
  return r->kind == kind && (r->of != SIGNED || f->is_signed)
         && (r->of != CODELESS || f->code.n == 0) && f->code.n >= n
         && (n == 0 || memcmp(f->code.p + f->code.n - n, r->code, n) == 0);
}


/*
** What the user can do about a failure, by its kind, the end of the service's
** code, and what the request was for; NULL: only wait. About the service of a
** provider, such as the metadata service, the provider gives the advice.
*/
const char *gesL_advice (enum ges_kind kind, const struct gesL_failure *f) {
  size_t i;
  for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (fits(&rows[i], kind, f)) {
      return rows[i].texts[f->purpose];
    }
  return NULL;
}
