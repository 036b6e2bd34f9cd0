/* SPDX-License-Identifier: MIT
** pem.c - files and folders of certificates and keys (see pem.h).
*/
#define _GNU_SOURCE             /* st_mtim, O_CLOEXEC */

#include "pem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define FILE_BYTES    4194304   /* of a bundle, a certificate or a key */
#define FOLDER_BYTES  16777216  /* of all files of a folder that is compared */
#define CERTS_MAX     4096      /* in a bundle that is compared */
#define NOTHING       "/dev/null"

static const char begin[] = "-----BEGIN ";
static const char certificate[] = "CERTIFICATE-----";
static const char end[] = "-----END ";

/* The text of a certificate without its blanks. */
struct cert {
  const char *p;
  size_t n;
  int seen;
};


#if defined(__APPLE__)
#define CHANGED(st)  ((st).st_mtimespec)
#define MOVED(st)    ((st).st_ctimespec)
#else
#define CHANGED(st)  ((st).st_mtim)
#define MOVED(st)    ((st).st_ctim)
#endif


/* Adds bytes to a hash (FNV-1a, of 32 bits). */
static unsigned add_bytes (unsigned hash, const void *p, size_t n) {
  const unsigned char *s = p;
  for (; n > 0; n--, s++)
    hash = (hash ^ *s) * 16777619u;
  return hash;
}


static unsigned add_time (unsigned hash, struct timespec t) {
  hash = add_bytes(hash, &t.tv_sec, sizeof t.tv_sec);
  return add_bytes(hash, &t.tv_nsec, sizeof t.tv_nsec);
}


/*
** Adds the name of a file or folder to a hash, and what shows that it is
** another one now or has changed. `name` may be NULL.
*/
unsigned ges_pem_mark (unsigned hash, const char *name) {
  struct stat st;
  if (name == NULL)
    return add_bytes(hash, "", 1);
  hash = add_bytes(hash, name, strlen(name) + 1);
  if (stat(name, &st) != 0)
    return hash;
  hash = add_bytes(hash, &st.st_dev, sizeof st.st_dev);
  hash = add_bytes(hash, &st.st_ino, sizeof st.st_ino);
  hash = add_bytes(hash, &st.st_size, sizeof st.st_size);
  return add_time(add_time(hash, CHANGED(st)), MOVED(st));
}


/*
** A file name that a TLS library may open: a pipe or a terminal would have it
** wait, with the whole process. An empty file is instead of those.
*/
const char *ges_pem_safe (const char *name) {
  struct stat st;
  return name == NULL || stat(name, &st) != 0 || S_ISREG(st.st_mode)
         || S_ISDIR(st.st_mode) ? name : NOTHING;
}


/* Reads to the end of a file of about `size` bytes. Returns 0, or errno. */
static int read_bytes (int fd, size_t size, struct ges_buf *b) {
  size_t room = size + 1;
  ssize_t got = 1;
  while (got > 0 && (size == 0 || b->len != size)) {
    if (b->len >= FILE_BYTES)
      return EFBIG;
    if (size == 0 || room <= b->len)
      room = b->len + 8192;
    if (ges_buf_reserve(b, room - b->len) != 0)
      return size >= FILE_BYTES ? EFBIG : ENOMEM;
    got = read(fd, b->data + b->len, room - b->len);
    b->len += got > 0 ? (size_t)got : 0;
  }
  b->data[b->len] = '\0';
  return got < 0 ? errno : 0;
}


/*
** Reads a regular file, in a folder that is open or by its path (AT_FDCWD),
** into an empty buffer; a NUL is behind its text. Returns 0, or errno.
*/
static int read_file (int folder, const char *name, struct ges_buf *b) {
  int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  int bad;
  ges_buf_clear(b);
  if (fd < 0)
    return errno;
  if (fstat(fd, &st) != 0)
    bad = errno;
  else if (!S_ISREG(st.st_mode))
    bad = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
  else
    bad = read_bytes(fd, (size_t)st.st_size, b);
  close(fd);
  return bad;
}


/* Is it a file name as c_rehash makes them: 1a2b3c4d.0? */
static int is_hashed (const char *name) {
  return strspn(name, "0123456789abcdef") == 8 && name[8] == '.'
         && name[9] != '\0' && name[9 + strspn(name + 9, "0123456789")] == '\0';
}


/* Moves a certificate's lines together, without the blanks around them. */
static size_t strip (char *p, const char *stop) {
  const char *line = p;
  char *to = p;
  while (line < stop) {
    const char *lf = memchr(line, '\n', (size_t)(stop - line));
    const char *next = lf != NULL ? lf + 1 : stop;
    size_t n = (size_t)(next - line);
    ges_trim(&line, &n);
    memmove(to, line, n);
    to += n;
    line = next;
  }
  return (size_t)(to - p);
}


/*
** Finds the certificates of a file's text, which is changed. Returns how many,
** or -1 if there are none or more than CERTS_MAX, or if there is something else
** in it that a TLS library may read in its own way, such as OpenSSL's TRUSTED
** CERTIFICATE.
*/
static int take_certs (struct ges_buf *b, struct cert *of) {
  char *p = b->data, *stop;
  int n = 0;
  if (b->len == 0 || memchr(p, '\0', b->len) != NULL)
    return -1;
  while ((p = strstr(p, begin)) != NULL) {
    p += sizeof begin - 1;
    if (n == CERTS_MAX
        || strncmp(p, certificate, sizeof certificate - 1) != 0
        || (stop = strstr(p, end)) == NULL)
      return -1;
    p += sizeof certificate - 1;
    of[n].n = strip(p, stop);
    of[n].p = p;
    of[n++].seen = 0;
    p = stop;
  }
  return n > 0 ? n : -1;
}


static int compare (const void *a, const void *b) {
  const struct cert *x = a, *y = b;
  return x->n != y->n ? (x->n > y->n) - (x->n < y->n)
         : memcmp(x->p, y->p, x->n);
}


/* Sorts certificates and drops equal ones. Returns how many are left. */
static int sort_certs (struct cert *of, int n) {
  int i, left = 0;
  qsort(of, (size_t)n, sizeof *of, compare);
  for (i = 0; i < n; i++)
    if (left == 0 || compare(&of[left - 1], &of[i]) != 0)
      of[left++] = of[i];
  return left;
}


/*
** Marks the certificates of one file of the folder among the `n` of the bundle.
** Returns 0 if there is one that the bundle does not have, or something else.
*/
static int mark_seen (struct ges_buf *b, struct cert *of, int n,
                      struct cert *here) {
  int i, k = take_certs(b, here);
  for (i = 0; i < k; i++) {
    struct cert *c = bsearch(&here[i], of, (size_t)n, sizeof *of, compare);
    if (c == NULL)
      return 0;
    c->seen = 1;
  }
  return k > 0;
}


/* Has the folder the `n` certificates of the bundle, and no other? */
static int same_in (const char *folder, struct cert *of, int n,
                    struct cert *here) {
  DIR *d = opendir(folder);
  struct dirent *e;
  struct ges_buf b;
  size_t bytes = 0;
  int same = d != NULL, bad, i;
  ges_buf_init(&b, FILE_BYTES, 0);
  while (same && (e = readdir(d)) != NULL) {
    if (!is_hashed(e->d_name)
        || (bad = read_file(dirfd(d), e->d_name, &b)) == ENOENT)
      continue;
    bytes += b.len;
    same = bad == 0 && bytes <= FOLDER_BYTES && mark_seen(&b, of, n, here);
  }
  ges_buf_free(&b);
  if (d != NULL)
    closedir(d);
  for (i = 0; same && i < n; i++)
    same = of[i].seen;
  return same;
}


/*
** Does a folder hold, under hashed names, the certificates of a bundle, and
** nothing else? Compared by their contents.
*/
int ges_pem_equal (const char *bundle, const char *folder) {
  struct cert *of = malloc(2 * (size_t)CERTS_MAX * sizeof *of);
  struct ges_buf all;
  int n = -1, same;
  ges_buf_init(&all, FILE_BYTES, 0);
  if (of != NULL && read_file(AT_FDCWD, bundle, &all) == 0)
    n = take_certs(&all, of);
  same = n > 0 && same_in(folder, of, sort_certs(of, n), of + CERTS_MAX);
  ges_buf_free(&all);
  free(of);
  return same;
}


/*
** Is it a file that can be read and has no private key? One that cannot be read
** is for the TLS library to complain of.
*/
int ges_pem_keyless (const char *name) {
  struct ges_buf b;
  int keyless;
  ges_buf_init(&b, FILE_BYTES, 1);
  keyless = read_file(AT_FDCWD, name, &b) == 0
            && strstr(b.data, "PRIVATE KEY-----") == NULL;
  ges_buf_free(&b);
  return keyless;
}


/* The words for an errno of read_file, perhaps in `out`. */
static const char *unreadable (int why, char *out, size_t size) {
  if (why == EISDIR)
    return "is a folder, not a file";
  if (why == EINVAL)
    return "is not a regular file";
  snprintf(out, size, "cannot be read: %s", strerror(why));
  return out;
}


static const char *fault_of_text (const struct ges_buf *b) {
  if (b->len == 0)
    return "is empty";
  if (strstr(b->data, begin) != NULL)
    return strstr(b->data, certificate) != NULL ? NULL
           : "contains a key or something else, but no certificate";
  return b->data[0] == 0x30 && (b->data[1] & 0x80) != 0
         ? "is not in PEM form: convert it with openssl x509 -inform der"
         : "contains no certificate in PEM form";
}


/*
** What is wrong with a file of authorities; NULL: nothing is seen. The words
** may be written to `out`.
*/
const char *ges_pem_fault (const char *name, char *out, size_t size) {
  const char *why;
  struct ges_buf b;
  int bad;
  ges_buf_init(&b, FILE_BYTES, 1);
  bad = read_file(AT_FDCWD, name, &b);
  why = bad == EFBIG ? NULL : bad != 0 ? unreadable(bad, out, size)
        : fault_of_text(&b);
  ges_buf_free(&b);
  return why;
}


/*
** The same of a folder, or of a list of them with colons between, of which one
** good one is enough.
*/
const char *ges_pem_folder_fault (const char *name, char *out, size_t size) {
  char dir[1024];
  const char *why = NULL;
  for (; *name != '\0'; name += *name == ':') {
    size_t n = strcspn(name, ":");
    DIR *d = NULL;
    struct dirent *e;
    int hashed = 0;
    snprintf(dir, sizeof dir, "%.*s", (int)(n < sizeof dir ? n : 0), name);
    if (dir[0] != '\0' && (d = opendir(dir)) == NULL)
      why = unreadable(errno, out, size);
    while (d != NULL && !hashed && (e = readdir(d)) != NULL)
      hashed = is_hashed(e->d_name);
    if (d != NULL && !hashed)
      why = "has no certificates under hashed names: run openssl rehash in it";
    if (d != NULL)
      closedir(d);
    if (hashed)
      return NULL;
    name += n;
  }
  return why;
}


/* What is wrong with the file of a client's certificate or key, or NULL. */
const char *ges_pem_own_fault (const char *name, char *out, size_t size) {
  const char *why = NULL;
  struct ges_buf b;
  int bad;
  ges_buf_init(&b, FILE_BYTES, 1);
  if ((bad = read_file(AT_FDCWD, name, &b)) != 0)
    why = unreadable(bad, out, size);
  else if (strstr(b.data, "ENCRYPTED PRIVATE KEY") != NULL
           || strstr(b.data, "Proc-Type: 4,ENCRYPTED") != NULL)
    why = "needs a pass phrase: remove it with openssl pkey";
  ges_buf_free(&b);
  return why;
}
