/* SPDX-License-Identifier: MIT
** fuzz.c - what the fuzzers share (see fuzz.h).
*/
#define GES_WORK_COUNTER        /* the counter is read here, not fed */

#include "../support/work.h"

#include "fuzz.h"

#define ECHO_MIN  12            /* so much of its beginning is too much */
#define ECHOES_MAX  16
#define RUN_MIN   16            /* and so much from anywhere, in a message, */
#define RUN_EDGE  3             /* where \x0E before it or \ behind may fit */


_Noreturn void fuzz_broken (const char *what, const char *file, int line) {
  fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
  abort();
}


/* An input, as fields. Counting of work begins anew. */
struct fuzz_input fuzz_open (const uint8_t *p, size_t n) {
  struct fuzz_input in;
  ges_work_take();
  in.p = (const char *)p;
  in.n = n;
  return in;
}


/*
** What the core did since the input was opened is bounded by its `n` bytes:
** the next function whose work is not linear is found by this. `base` and
** `per_byte` are about three times the most that a minute of the target finds:
** a longer search finds inputs that cost more.
*/
void fuzz_check_work (size_t n, size_t base, size_t per_byte) {
  unsigned long long work = ges_work_take();
  unsigned long long most = base + (unsigned long long)per_byte * n;
  if (work > most)
    fprintf(stderr, "work %llu for %zu bytes, at most %llu\n", work, n, most);
  CHECK(work <= most);
}


/* The next byte, 0 at the end. */
int fuzz_byte (struct fuzz_input *in) {
  int c = 0;
  if (in->n > 0) {
    c = (unsigned char)*in->p++;
    in->n--;
  }
  return c;
}


/* The bytes up to the next FIELD_END, or all that are left. */
struct ges_slice fuzz_field (struct fuzz_input *in) {
  struct ges_slice s;
  const char *end = in->n > 0 ? memchr(in->p, FIELD_END, in->n) : NULL;
  s.p = in->p;
  s.n = end != NULL ? (size_t)(end - in->p) : in->n;
  in->p += s.n + (end != NULL);
  in->n -= s.n + (end != NULL);
  return s;
}


/* A secret of the request: of the usual kind, an odd one, a short one. */
struct ges_slice fuzz_secret (int which) {
  static const char *const all[] = {
    "MIIFbAYJKoZIhvcNAQcCoIIFXTCC/BVkCAQEx+DTALBgIghkgBZQ==",
    "a\\\\b\"c//d%eQ\\n%41(f)&+=:;,~!",
    "p@5s",
  };
  struct ges_slice s;
  s.p = all[which % 3];
  s.n = strlen(s.p);
  return s;
}


/* Does a text show the secret, or a beginning of it that is long enough? */
int fuzz_shows (const char *s, size_t n, struct ges_slice secret) {
  size_t least = secret.n < ECHO_MIN ? secret.n : ECHO_MIN;
  return n >= least && memmem(s, n, secret.p, least) != NULL;
}


/*
** Does a text show a run of the secret, from anywhere in it? What a message
** writes for a control character may happen to continue one that is shorter.
*/
int fuzz_shows_run (const char *s, size_t n, struct ges_slice secret) {
  size_t i, run = RUN_MIN + RUN_EDGE;
  for (i = 0; i + run <= secret.n; i++)
    if (memmem(s, n, secret.p + i, run) != NULL)
      return 1;
  return 0;
}


enum form { PLAIN, CUT, URL, JSON, SLASH, MIDDLE, HTML, TWICE, FORMS };

/* A character of a secret, in one of the forms. */
static void put_character (struct ges_buf *out, char c, enum form how) {
  static const char *const forms[FORMS] = {
    [URL] = "%%%02X", [JSON] = "\\u%04x", [HTML] = "&#%d;",
    [TWICE] = "%%25%02x",
  };
  char text[16];
  if (forms[how] != NULL) {
    snprintf(text, sizeof text, forms[how], (unsigned char)c);
    ges_buf_puts(out, text);
    return;
  }
  if (how == SLASH && strchr("\"\\/", c))
    ges_buf_putc(out, '\\');
  ges_buf_putc(out, c);
}


/* The secret as it may be written: whole, cut, from its middle, escaped. */
static void put_secret (struct ges_buf *out, struct ges_slice k,
                        enum form how) {
  size_t i;
  if (how == CUT && k.n > ECHO_MIN)
    k.n = ECHO_MIN + 1;
  if (how == MIDDLE && k.n > RUN_MIN + 2 * RUN_EDGE) {
    k.p += RUN_EDGE;
    k.n = RUN_MIN + RUN_EDGE;
  }
  for (i = 0; i < k.n; i++)
    put_character(out, k.p[i], how);
}


/*
** Appends `text` with the secret in the place of the bytes 1 to 8, so that
** echoes are met often; but not so often that an input takes long.
*/
void fuzz_echo (struct ges_buf *out, struct ges_slice text,
                struct ges_slice secret) {
  size_t i;
  int echoes = 0;
  for (i = 0; i < text.n; i++)
    if (text.p[i] >= 1 && text.p[i] <= FORMS && echoes++ < ECHOES_MAX)
      put_secret(out, secret, (enum form)(text.p[i] - 1));
    else
      ges_buf_putc(out, text.p[i]);
}
