/* SPDX-License-Identifier: MIT
** ca_store.c - the certificate authorities of a request (see ca_store.h).
*/
#include "ca_store.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pem.h"
#include "proxy.h"

#define NAME_MOST  4000         /* bytes of a file name that is respelled */

/*
** A certificate that vouches for none: it has run out in the year 2000, may not
** issue others, and its key is thrown away. It takes the place of a bundle
** where libcurl wants one.
*/
static const char stand_in[] =
  "-----BEGIN CERTIFICATE-----\n"
  "MIIBgTCCASegAwIBAgIUK6YVf/Mae8QMTtPBxV5J0CbIAtQwCgYIKoZIzj0EAwIw\n"
  "KDEmMCQGA1UEAwwdZ2VzOiBubyBjZXJ0aWZpY2F0ZSBhdXRob3JpdHkwHhcNMDAw\n"
  "MTAxMDAwMDAwWhcNMDAwMTAyMDAwMDAwWjAoMSYwJAYDVQQDDB1nZXM6IG5vIGNl\n"
  "cnRpZmljYXRlIGF1dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGPB\n"
  "2bl5niJJL+WBHJdKordeWysulDjrQ46lvS3mB8BNFDJV9rEPTuQftA/fOXlf1ABm\n"
  "71LIzKagX1oZx9SSu5yjLzAtMAwGA1UdEwEB/wQCMAAwHQYDVR0OBBYEFARg1H7s\n"
  "oWK0lVlhZ7acOnC0jRMCMAoGCCqGSM49BAMCA0gAMEUCIGdSvcBYRJuy8Dh7lQl9\n"
  "AE6azqz/qSQwzw2gtA8VgfGvAiEAzrNLiyDTdjlG4lOPciNC5VvFb/UC61O2/hxn\n"
  "kYfwgZ4=\n"
  "-----END CERTIFICATE-----\n";

/*
** The state of the system's files in which its folder has what its bundle has,
** and one in which it has not; 0: none is known.
*/
static atomic_uint stood, refused;


const char *const ges_ca_names[] = { "CURL_CA_BUNDLE", "SSL_CERT_FILE",
                                     "SSL_CERT_DIR", NULL };


static const char *ask (ges_getenv get, void *ud, const char *name) {
  const char *s = get(ud, name);
  return s != NULL && s[0] != '\0' ? s : NULL;
}


static int same_text (const char *a, const char *b) {
  return a != NULL && b != NULL && strcmp(a, b) == 0;
}


/* The system's authorities: those of libcurl. */
static void take_system (struct ges_store *s) {
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  memset(s, 0, sizeof *s);
  s->system = 1;
  if (v->age >= CURLVERSION_SEVENTH) {
    s->file = v->cainfo;
    s->path = v->capath;
  }
}


/*
** The authorities that an environment names: the variable of curl counts alone,
** before the two of OpenSSL; else the system's. Containers often have them name
** libcurl's own bundle or folder: that is the system's store, in which both
** count, as for curl.
*/
void ges_ca_variables (struct ges_store *s, ges_getenv get, void *ud) {
  struct ges_store own;
  take_system(&own);
  s->system = 0;
  s->path = NULL;
  s->path_by = ges_ca_names[2];
  s->file = ask(get, ud, s->file_by = ges_ca_names[0]);
  if (s->file == NULL) {
    s->file = ask(get, ud, s->file_by = ges_ca_names[1]);
    s->path = ask(get, ud, s->path_by);
  }
  if ((s->file == NULL || same_text(s->file, own.file))
      && (s->path == NULL || same_text(s->path, own.path)))
    *s = own;
}


static const char *of_process (void *ud, const char *name) {
  (void)ud;
  return getenv(name);
}


/*
** The nearest source that names authorities counts alone: the options, then the
** variables of the process. Options may name the system's bundle and folder.
*/
static void find_store (const struct ges_head *h, struct ges_store *s) {
  struct ges_store own;
  s->file = ges_head_text(h, OPT_ca_file).p;
  s->path = ges_head_text(h, OPT_ca_path).p;
  s->file_by = "ca_file";
  s->path_by = "ca_path";
  s->system = 0;
  if (s->file == NULL && s->path == NULL)
    ges_ca_variables(s, of_process, NULL);
  else if (s->file != NULL && s->path != NULL) {
    take_system(&own);
    if (same_text(s->file, own.file) && same_text(s->path, own.path))
      *s = own;
  }
}


/* Since libcurl 8.17, NULL for a CA option is the built-in store, not none. */
static int null_is_default (void) {
  return curl_version_info(CURLVERSION_NOW)->version_num >= 0x081100;
}


/* Returns 1 when memory is out; other errors pass: not every TLS has each. */
static int set_text (CURL *e, CURLoption option, const char *s) {
  return curl_easy_setopt(e, option, s) == CURLE_OUT_OF_MEMORY;
}


static int set_long (CURL *e, CURLoption option, long n) {
  return curl_easy_setopt(e, option, n) == CURLE_OUT_OF_MEMORY;
}


#if LIBCURL_VERSION_NUM >= 0x074D00

/*
** Puts `stand_in` in the place of the bundle (1), or takes it away (0): not
** every version of libcurl can unset a bundle, but each prefers what is in
** memory.
*/
static int set_stand_in (CURL *e, int on) {
  struct curl_blob blob = { (void *)stand_in, sizeof stand_in - 1,
                            CURL_BLOB_NOCOPY };
  struct curl_blob *b = on ? &blob : NULL;
  return curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, b) == CURLE_OUT_OF_MEMORY
         || curl_easy_setopt(e, CURLOPT_PROXY_CAINFO_BLOB, b)
            == CURLE_OUT_OF_MEMORY;
}

#else

static int set_stand_in (CURL *e, int on) {
  (void)e; (void)on;
  return 0;
}

#endif


/* May the request come to need authorities, by its scheme or its proxy's? */
static int uses_tls (const struct ges_head *h) {
  return h->to.https || ges_proxy_is_tls(ges_head_via(h));
}


/* Has libcurl bundle and folder, and its TLS library a use for `stand_in`? */
static int has_both (const curl_version_info_data *v) {
  return LIBCURL_VERSION_NUM >= 0x074D00 && v->age >= CURLVERSION_SEVENTH
         && v->cainfo != NULL && v->capath != NULL && v->ssl_version != NULL
         && strncmp(v->ssl_version, "OpenSSL/", 8) == 0;
}


/*
** A number that is another one when the names or the files of a store have
** changed; never 0.
*/
static unsigned identify (const struct ges_store *s) {
  unsigned hash = ges_pem_mark(2166136261u, s->file);
  hash = ges_pem_mark(hash, s->path);
  return hash != 0 ? hash : 1;
}


/*
** If libcurl has both a bundle and a folder, as on Debian, OpenSSL reads the
** bundle for every new connection: 20 ms (libcurl keeps only a bundle without a
** folder). Of a folder it reads only the file that it needs; one that has the
** same certificates is enough. Threads may find that out at the same time.
*/
static int folder_stands (const struct ges_store *s, unsigned identity) {
  int stands;
  if (!has_both(curl_version_info(CURLVERSION_NOW))
      || atomic_load(&refused) == identity)
    return 0;
  if (atomic_load(&stood) == identity)
    return 1;
  stands = ges_pem_equal(s->file, s->path);
  atomic_store(stands ? &stood : &refused, identity);
  return stands;
}


/*
** Spells a file name in another way for each identity. libcurl keeps what it
** has read, sessions and connections by the names of the files: none of that
** must outlive a change of the files. Returns `name` if there is no room.
*/
static const char *respell (const char *name, unsigned identity, char *out) {
  const char *slash = strrchr(name, '/');
  size_t n = slash != NULL ? (size_t)(slash + 1 - name) : 0;
  char *p = out + n;
  if (strlen(name) > NAME_MOST || strchr(name, ':') != NULL)
    return name;
  memcpy(out, name, n);
  for (; identity != 0; identity >>= 1) {
    *p++ = '.';
    *p++ = '/';
    if (identity & 1)
      *p++ = '/';
  }
  memcpy(p, name + n, strlen(name + n) + 1);
  return out;
}


static int set_paths (CURL *e, const struct ges_store *s, unsigned identity) {
  char file[NAME_MOST + 100], path[NAME_MOST + 100];
  const char *f = ges_pem_safe(s->file), *p = s->path;
  if (p != NULL && strchr(p, ':') != NULL   /* a list is not respelled */
      && set_long(e, CURLOPT_SSL_SESSIONID_CACHE, 0))
    return 1;
  f = f != NULL ? respell(f, identity, file) : NULL;
  p = p != NULL ? respell(p, identity, path) : NULL;
  if (p == NULL && null_is_default())
    p = f;          /* no folder; libcurl keeps no file then */
  return set_text(e, CURLOPT_CAINFO, f) | set_text(e, CURLOPT_PROXY_CAINFO, f)
         | set_text(e, CURLOPT_CAPATH, p)
         | set_text(e, CURLOPT_PROXY_CAPATH, p);
}


/*
** Sets the authorities of an easy handle that is new or reset, and notes what
** was set. Returns 0, or -1 when memory is out.
*/
int ges_ca_set (void *easy, const struct ges_head *h, struct ges_trust *t) {
  long verify = h->number[OPT_verify] != 0;
  struct ges_store s;
  int bad = set_long(easy, CURLOPT_SSL_VERIFYPEER, verify)
            | set_long(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L)
            | set_long(easy, CURLOPT_PROXY_SSL_VERIFYPEER, verify)
            | set_long(easy, CURLOPT_PROXY_SSL_VERIFYHOST, verify ? 2L : 0L);
  memset(t, 0, sizeof *t);
  if (!verify || !uses_tls(h))
    return bad ? -1 : 0;
  find_store(h, &s);
  t->identity = identify(&s);
  if (s.file == NULL && s.path == NULL)
    return bad ? -1 : 0;        /* the TLS library's own */
  t->quick = s.system && folder_stands(&s, t->identity);
  bad |= set_paths(easy, &s, t->identity);
  if (t->quick || (s.file == NULL && null_is_default()))
    bad |= set_stand_in(easy, 1);
  return bad ? -1 : 0;
}


/* Is what was set for a handle still right, by names and files as they are? */
int ges_ca_current (const struct ges_head *h, const struct ges_trust *t) {
  struct ges_store s;
  if (h->number[OPT_verify] == 0 || !uses_tls(h))
    return 1;
  find_store(h, &s);
  return identify(&s) == t->identity;
}


/*
** A peer was not trusted by the system's folder: has the handle use the bundle,
** too. Returns 0 if it does already.
*/
int ges_ca_whole (void *easy, struct ges_trust *t) {
  if (!t->quick || set_stand_in(easy, 0))
    return 0;
  t->quick = 0;
  t->failed = 1;
  return 1;
}


/*
** A peer that was not trusted by the folder is trusted by bundle and folder: a
** name in the folder is not that of its certificate.
*/
void ges_ca_proved (const struct ges_trust *t) {
  atomic_store(&refused, t->identity);
}


/*
** Says what is wrong with the system's bundle, which libcurl could not read.
** Returns 1, or 0 if that is not seen.
*/
static int explain_system (const struct ges_store *s, char *out, size_t size) {
  char text[96];
  const char *why = s->file != NULL
                    ? ges_pem_fault(s->file, text, sizeof text) : NULL;
  if (why != NULL)
    snprintf(out, size, "the system's certificate authorities, %.100s, %s:"
             " install ca-certificates, or give ca_file", s->file, why);
  return why != NULL;
}


/*
** Says what is wrong with the authorities that are named, or which they are.
** `unreadable`: libcurl could not read them; else a peer was not trusted.
** Returns 1, or 0 if there is nothing to say.
*/
int ges_ca_explain (const struct ges_head *h, int unreadable, char *out,
                    size_t size) {
  char text[96];
  const char *why = NULL, *by, *name;
  struct ges_store s;
  find_store(h, &s);
  if (s.system && unreadable)
    return explain_system(&s, out, size);
  if (s.system)
    s.file = s.path = NULL;
  by = s.file != NULL ? s.file_by : s.path_by;
  name = s.file != NULL ? s.file : s.path;
  if (s.file != NULL
      && (why = ges_pem_fault(s.file, text, sizeof text)) == NULL
      && unreadable)
    why = "contains a certificate that cannot be read";
  if (why == NULL && s.path != NULL
      && (why = ges_pem_folder_fault(s.path, text, sizeof text)) != NULL) {
    by = s.path_by;
    name = s.path;
  }
  if (why != NULL)
    snprintf(out, size, "%s %.150s %s", by, name, why);
  else if (!unreadable && name != NULL)
    snprintf(out, size, "its authority has to be in %s %.100s", by, name);
  else if (!unreadable)
    snprintf(out, size, "if a private authority issued it, give that"
             " authority's certificate as ca_file");
  return why != NULL || !unreadable;
}
