/* SPDX-License-Identifier: MIT
** fuzz_reply.c - header lines -> what is kept of them; dates.
** Input: header lines that end with FIELD_END. A time to wait is never below
** -1 and always finite, and a date that is understood says the same when it
** is written again.
*/
#define _GNU_SOURCE             /* memmem, gmtime_r */

#include <math.h>
#include <time.h>

#include "fuzz.h"
#include "engine/response.h"

static const struct ges_secrets none;


static void check_wait (double wait) {
  CHECK(isfinite(wait) && wait >= -1);
}


/* An epoch written as an HTTP date is read as the same epoch. */
static void check_date (double at) {
  char text[64];
  time_t t = (time_t)at;
  struct tm tm;
  CHECK(isfinite(at) && (at == -1 || at >= 0) && at == floor(at));
  if (at < 0 || at > 253402300799.0)        /* the end of the year 9999 */
    return;
  CHECK(gmtime_r(&t, &tm) != NULL);
  strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
  CHECK(ges_response_date(text) == at);
}


static void check_line (struct ges_slice line) {
  static const char *const names[] = { "", "Retry-After: ", "Date: ",
    "Location: ", "X-Request-Id: ", "Content-Encoding: " };
  size_t i;
  for (i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct ges_response r;
    struct ges_buf b;
    ges_response_clear(&r);
    ges_buf_init(&b, 1048576, 0);
    ges_buf_puts(&b, names[i]);
    ges_buf_add(&b, line.p, line.n);
    ges_response_header(&r, b.data, b.len, &none);
    check_wait(r.retry_after);
    check_date(r.retry_at);
    check_date(ges_response_date(r.date));
    ges_buf_free(&b);
  }
}


/* All lines as one answer, and nothing else. */
static void take_lines (const uint8_t *p, size_t n) {
  struct fuzz_input in = fuzz_open(p, n);
  struct ges_response r;
  ges_response_clear(&r);
  while (in.n > 0) {
    struct ges_slice line = fuzz_field(&in);
    ges_response_header(&r, line.p, line.n, &none);
  }
  ges_response_wait(&r, 0);
  fuzz_check_work(n, WORK_CALL, 200);
}


int LLVMFuzzerTestOneInput (const uint8_t *p, size_t n) {
  struct fuzz_input in = fuzz_open(p, n);
  struct ges_response r;
  take_lines(p, n);
  ges_response_clear(&r);
  while (in.n > 0) {
    struct ges_slice line = fuzz_field(&in);
    char *text = strndup(line.p, line.n);
    ges_response_header(&r, line.p, line.n, &none);
    check_line(line);
    check_date(ges_response_date(text));
    free(text);
  }
  check_wait(ges_response_wait(&r, 0));
  check_wait(ges_response_wait(&r, 1.8e9));
  check_wait(ges_response_wait(&r, -1e12));
  CHECK(memchr(r.request_id, 0, sizeof r.request_id) != NULL);
  CHECK(memchr(r.location, 0, sizeof r.location) != NULL);
  CHECK(strpbrk(r.location, "/?#@") == NULL);
  return 0;
}
