/* SPDX-License-Identifier: MIT
** trust.c - whom to trust (see trust.h).
*/
#include "trust.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define BUNDLE_MAX  4194304     /* bytes of a bundle that is looked into */

static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";


/* Is it the name of a certificate in a hashed folder: 1a2b3c4d.0? */
static int is_hashed (const char *name) {
  return strspn(name, "0123456789abcdef") == 8 && name[8] == '.'
         && name[9] != '\0' && name[9 + strspn(name + 9, "0123456789")] == '\0';
}


/* Reads a file into an empty buffer. Returns 0, or -1. */
static int read_file (const char *name, struct ges_buf *b) {
  char part[8192];
  FILE *f = fopen(name, "re");
  size_t n;
  ges_buf_clear(b);
  if (f == NULL)
    return -1;
  while ((n = fread(part, 1, sizeof part, f)) > 0)
    ges_buf_add(b, part, n);
  n = (size_t)ferror(f);
  fclose(f);
  return n == 0 && ges_buf_cstr(b) != NULL ? 0 : -1;
}


static size_t count_certificates (const struct ges_buf *b) {
  const char *p = b->data;
  size_t n = 0;
  while ((p = strstr(p, begin)) != NULL) {
    p += sizeof begin - 1;
    n++;
  }
  return n;
}


/* Leaves the first certificate of a file in `one`. */
static int read_one (const char *dir, const char *name, struct ges_buf *one) {
  char path[1024];
  const char *from, *to;
  int n = snprintf(path, sizeof path, "%s/%s", dir, name);
  if (n < 0 || (size_t)n >= sizeof path || read_file(path, one) != 0)
    return -1;
  from = strstr(one->data, begin);
  to = from != NULL ? strstr(from, end) : NULL;
  if (to == NULL)
    return -1;
  one->len = (size_t)(to - from) + sizeof end - 1;
  memmove(one->data, from, one->len);
  return ges_buf_putc(one, '\n');
}


/* How many hashed certificates are there? One of them goes into `one`. */
static size_t read_folder (const char *dir, struct ges_buf *one) {
  DIR *d = opendir(dir);
  struct dirent *e;
  size_t n = 0;
  if (d == NULL)
    return 0;
  while ((e = readdir(d)) != NULL)
    if (is_hashed(e->d_name) && (n > 0 || read_one(dir, e->d_name, one) == 0))
      n++;
  closedir(d);
  return n;
}


/*
** Can the folder stand for the bundle? Only when it is hashed and has at
** least as many certificates: somebody may have added one to the bundle by
** hand. (A bundle of NULL asks of the folder alone.) Returns 1 with one of
** the certificates in `one`, or 0.
*/
int ges_trust_folder (const char *dir, const char *bundle,
                      struct ges_buf *one) {
  size_t n;
  ges_buf_init(one, BUNDLE_MAX, 0);
  n = read_folder(dir, one);
  if (n > 0 && bundle != NULL) {
    struct ges_buf all;
    ges_buf_init(&all, BUNDLE_MAX, 0);
    if (read_file(bundle, &all) != 0 || count_certificates(&all) > n)
      n = 0;
    ges_buf_free(&all);
  }
  if (n == 0)
    ges_buf_free(one);
  return n > 0;
}
