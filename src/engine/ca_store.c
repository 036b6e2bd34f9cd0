/* SPDX-License-Identifier: MIT
** ca_store.c - the CA store of a request (see ca_store.h).
*/
#include "ca_store.h"

#include <curl/curl.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define BUNDLE_MAX  4194304     /* bytes of a bundle or certificate file */

static pthread_once_t system_once = PTHREAD_ONCE_INIT;
static struct ges_buf system_one;   /* a certificate; set under system_once */

static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";


/* Is it a file name as c_rehash makes them: 1a2b3c4d.0? */
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


/* Counts the hashed certificates of a folder; puts one of them into `one`. */
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
** Can the folder replace the bundle? Only if it is hashed and has at least as
** many certificates: an administrator may have added one to the bundle alone.
** If `bundle` is NULL, any hashed folder will do. Returns 1 with one of the
** certificates in `one`, or 0.
*/
static int stands_for (const char *dir, const char *bundle,
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


/* Since libcurl 8.17, NULL for a CA option is the built-in store, not none. */
static int null_is_default (void) {
  return curl_version_info(CURLVERSION_NOW)->version_num >= 0x081100;
}


/* Returns 1 when memory is out; other errors pass: not every TLS has both. */
static int set_path (CURL *e, CURLoption option, const char *path) {
  return curl_easy_setopt(e, option, path) == CURLE_OUT_OF_MEMORY;
}


/*
** Replaces the bundle by certificates in memory: not every version of libcurl
** can unset a bundle, but each prefers these. Returns as above.
*/
static int set_bundle (CURL *e, const struct ges_buf *certs) {
#if LIBCURL_VERSION_NUM >= 0x074D00
  struct curl_blob blob;
  blob.data = certs->data;
  blob.len = certs->len;
  blob.flags = CURL_BLOB_COPY;
  return curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &blob)
         == CURLE_OUT_OF_MEMORY;
#else
  (void)e; (void)certs;
  return 0;
#endif
}


/*
** If libcurl has both a bundle and a folder, as on Debian, OpenSSL reads the
** bundle for every new connection: 20 ms (libcurl caches only a bundle without
** a folder). A folder with the same certificates is enough, and OpenSSL reads
** only the file that it needs.
*/
static void find_system (void) {
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  if (v->age >= CURLVERSION_SEVENTH && v->cainfo != NULL && v->capath != NULL
      && v->ssl_version != NULL && strncmp(v->ssl_version, "OpenSSL/", 8) == 0)
    stands_for(v->capath, v->cainfo, &system_one);
}


/*
** Sets the CA store of an easy handle that is new or reset: what the options
** name, else the system's. Returns 0, or -1 when memory is out.
*/
int ges_ca_set (void *easy, const struct ges_head *h) {
  const char *file = ges_head_text(h, OPT_ca_file).p;
  const char *path = ges_head_text(h, OPT_ca_path).p;
  const char *none = null_is_default() ? file : NULL;
  struct ges_buf one;
  int bad = 0;
  if (file == NULL && path == NULL) {
    if (!h->to.https || h->number[OPT_verify] == 0)
      return 0;
    pthread_once(&system_once, find_system);
    return system_one.len > 0 && set_bundle(easy, &system_one) ? -1 : 0;
  }
  bad |= set_path(easy, CURLOPT_CAINFO, file);
  bad |= set_path(easy, CURLOPT_CAPATH, path != NULL ? path : none);
  if (file == NULL && null_is_default() && stands_for(path, NULL, &one)) {
    bad |= set_bundle(easy, &one);
    ges_buf_free(&one);
  }
  return bad ? -1 : 0;
}
