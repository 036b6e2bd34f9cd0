/* SPDX-License-Identifier: MIT
** fuzz.h - what the fuzzers share: how a property is checked, how bytes are
** cut into fields, and the secrets a hostile server may send back.
** Included by spec/fuzz/fuzz_*.c, which tools/fuzz.sh builds with libFuzzer.
*/
#ifndef GES_FUZZ_H
#define GES_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/buf.h"
#include "engine/kind.h"

/* A property that must hold for every input. libFuzzer keeps the input. */
#define CHECK(what) \
  ((what) ? (void)0 : fuzz_broken(#what, __FILE__, __LINE__))

#define FIELD_END  0xFF         /* ends a field of an input */

#define PROJECT    "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define GRAPH      "f1529b88-c958-493e-8452-fccfe932cde1"
#define JOB        "ff80808167f09aaa0167f19b35ec0305"

/* Work on an input of no bytes at all, and where a message is made of it. */
#define WORK_CALL     50000
#define WORK_MESSAGE  250000

int LLVMFuzzerTestOneInput (const uint8_t *p, size_t n);
_Noreturn void fuzz_broken (const char *what, const char *file, int line);

struct fuzz_input {
  const char *p;
  size_t n;
};

struct fuzz_input fuzz_open (const uint8_t *p, size_t n);
int fuzz_byte (struct fuzz_input *in);
struct ges_slice fuzz_field (struct fuzz_input *in);
struct ges_slice fuzz_secret (int which);
int fuzz_shows (const char *s, size_t n, struct ges_slice secret);
int fuzz_shows_run (const char *s, size_t n, struct ges_slice secret);
void fuzz_check_work (size_t n, size_t base, size_t per_byte);
void fuzz_echo (struct ges_buf *out, struct ges_slice text,
                struct ges_slice secret);

#endif
