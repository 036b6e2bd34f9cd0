/* SPDX-License-Identifier: MIT
** work.c - the counter of work (see work.h), and how Lua reads it. Never
** instrumented itself. Linked into the core.so of build/<abi>/work, where
** package.loadlib(path, "luaopen_ges_work") gives a function that returns
** what was counted since it was last called, and into the fuzzers.
*/
#define GES_WORK_COUNTER

#include "work.h"

#include <stdarg.h>

#define BLOCK  16               /* bytes that Lua allocates for one of work */

static unsigned long long work;
static lua_Alloc lua_alloc;     /* the one that counts goes on to this one */

#define MIN(a, b)  ((a) < (b) ? (a) : (b))


/*
** What the compiler calls in every basic block. libFuzzer has a function of
** that name, too: there the linker calls this one (--wrap).
*/
#if defined(GES_WORK_WRAP)
#define TRACE  __wrap___sanitizer_cov_trace_pc
#else
#define TRACE  __sanitizer_cov_trace_pc
#endif

__attribute__((visibility("default"))) void TRACE (void);

void TRACE (void) {
  work++;
}


void ges_work_count (size_t n) {
  work += n;
}


/* The count so far; it begins anew. */
unsigned long long ges_work_take (void) {
  unsigned long long n = work;
  work = 0;
  return n;
}


/*
** Lua's memory: how a table that is laid out anew again and again is noticed,
** which happens inside of Lua.
*/
static void *count_alloc (void *ud, void *p, size_t old, size_t n) {
  work += n / BLOCK;
  return lua_alloc(ud, p, old, n);
}


__attribute__((visibility("default"))) int luaopen_ges_work (lua_State *L);

int luaopen_ges_work (lua_State *L) {
  if (lua_alloc == NULL) {
    void *ud;
    lua_alloc = lua_getallocf(L, &ud);
    lua_setallocf(L, count_alloc, ud);
  }
  lua_pushnumber(L, (lua_Number)ges_work_take());
  return 1;
}


void *ges_work_memchr (const void *s, int c, size_t n) {
  const char *p = n > 0 ? memchr(s, c, n) : NULL;
  work += p != NULL ? (size_t)(p - (const char *)s) + 1 : n;
  return (void *)p;
}


void *ges_work_memmem (const void *s, size_t n, const void *k, size_t m) {
  const char *p = memmem(s, n, k, m);
  work += m + (p != NULL ? (size_t)(p - (const char *)s) : n);
  return (void *)p;
}


void *ges_work_memcpy (void *to, const void *from, size_t n) {
  work += n;
  return memcpy(to, from, n);
}


void *ges_work_memmove (void *to, const void *from, size_t n) {
  work += n;
  return memmove(to, from, n);
}


void *ges_work_memset (void *to, int c, size_t n) {
  work += n;
  return memset(to, c, n);
}


void *ges_work_realloc (void *p, size_t n) {
  work += n;
  return realloc(p, n);
}


void *ges_work_calloc (size_t n, size_t size) {
  work += n * size;
  return calloc(n, size);
}


/* The real one is called for its answer: libFuzzer learns from what it saw. */
int ges_work_memcmp (const void *a, const void *b, size_t n) {
  const char *x = a, *y = b;
  size_t i = 0;
  while (i < n && x[i] == y[i])
    i++;
  work += MIN(i + 1, n);
  return n > 0 ? memcmp(a, b, n) : 0;
}


/* Counts the bytes up to the first difference, at most `n`. */
static void count_same (const char *a, const char *b, size_t n) {
  size_t i = 0;
  while (i < n && a[i] == b[i] && a[i] != '\0')
    i++;
  work += i + 1;
}


int ges_work_strcmp (const char *a, const char *b) {
  count_same(a, b, (size_t)-1);
  return strcmp(a, b);
}


int ges_work_strncmp (const char *a, const char *b, size_t n) {
  count_same(a, b, n);
  return strncmp(a, b, n);
}


int ges_work_strcasecmp (const char *a, const char *b) {
  work += MIN(strlen(a), strlen(b)) + 1;
  return strcasecmp(a, b);
}


int ges_work_strncasecmp (const char *a, const char *b, size_t n) {
  work += MIN(strnlen(a, n), strnlen(b, n)) + 1;
  return strncasecmp(a, b, n);
}


size_t ges_work_strlen (const char *s) {
  size_t n = strlen(s);
  work += n + 1;
  return n;
}


size_t ges_work_strspn (const char *s, const char *set) {
  size_t n = strspn(s, set);
  work += n + 1;
  return n;
}


size_t ges_work_strcspn (const char *s, const char *set) {
  size_t n = strcspn(s, set);
  work += n + 1;
  return n;
}


/* Up to the hit, or to the end. */
static char *count_hit (const char *s, const char *hit) {
  work += (hit != NULL ? (size_t)(hit - s) : strlen(s)) + 1;
  return (char *)hit;
}


char *ges_work_strchr (const char *s, int c) {
  return count_hit(s, strchr(s, c));
}


char *ges_work_strrchr (const char *s, int c) {
  work += strlen(s) + 1;
  return (char *)strrchr(s, c);
}


char *ges_work_strstr (const char *s, const char *k) {
  work += strlen(k);
  return count_hit(s, strstr(s, k));
}


char *ges_work_strpbrk (const char *s, const char *set) {
  return count_hit(s, strpbrk(s, set));
}


double ges_work_strtod (const char *s, char **end) {
  char *stop;
  double d = strtod(s, &stop);
  work += (size_t)(stop - s) + 1;
  if (end != NULL)
    *end = stop;
  return d;
}


/* glibc measures the whole string before it reads the first character. */
int ges_work_sscanf (const char *s, const char *form, ...) {
  va_list args;
  int n;
  work += strlen(s) + strlen(form);
  va_start(args, form);
  n = vsscanf(s, form, args);
  va_end(args);
  return n;
}


int ges_work_snprintf (char *to, size_t n, const char *form, ...) {
  va_list args;
  int len;
  va_start(args, form);
  len = vsnprintf(to, n, form, args);
  va_end(args);
  work += strlen(form) + (len > 0 ? (size_t)len : 0);
  return len;
}


const char *ges_work_pushlstring (lua_State *L, const char *s, size_t n) {
  work += n;
  lua_pushlstring(L, s, n);
  return lua_tostring(L, -1);
}


const char *ges_work_pushstring (lua_State *L, const char *s) {
  work += s != NULL ? strlen(s) : 0;
  lua_pushstring(L, s);
  return lua_tostring(L, -1);
}


const char *ges_work_pushfstring (lua_State *L, const char *form, ...) {
  const char *s;
  va_list args;
  va_start(args, form);
  s = lua_pushvfstring(L, form, args);
  va_end(args);
  work += strlen(s);
  return s;
}


/* Lua copies every byte of what it joins. */
void ges_work_concat (lua_State *L, int n) {
  size_t len;
  lua_concat(L, n);
  lua_tolstring(L, -1, &len);
  work += len;
}
