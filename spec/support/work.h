/* SPDX-License-Identifier: MIT
** work.h - counts work, for specs and fuzzers: put in front of every file of
** src/ (-include), in a build of its own with -fno-builtin and
** -fsanitize-coverage=trace-pc. There each basic block that runs counts one,
** and so does each byte that a function of the C library or of Lua looks at,
** and each 16 bytes that Lua allocates. Time depends on the machine; this
** number depends on the input alone. spec/support/work.c owns the counter.
*/
#ifndef GES_WORK_H
#define GES_WORK_H

#define _GNU_SOURCE

#include <lua.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#pragma GCC visibility push(hidden)

unsigned long long ges_work_take (void);
void ges_work_count (size_t n);

void *ges_work_memchr (const void *s, int c, size_t n);
void *ges_work_memmem (const void *s, size_t n, const void *k, size_t m);
void *ges_work_memcpy (void *to, const void *from, size_t n);
void *ges_work_memmove (void *to, const void *from, size_t n);
void *ges_work_memset (void *to, int c, size_t n);
void *ges_work_realloc (void *p, size_t n);
void *ges_work_calloc (size_t n, size_t size);
int ges_work_memcmp (const void *a, const void *b, size_t n);
int ges_work_strcmp (const char *a, const char *b);
int ges_work_strncmp (const char *a, const char *b, size_t n);
int ges_work_strcasecmp (const char *a, const char *b);
int ges_work_strncasecmp (const char *a, const char *b, size_t n);
size_t ges_work_strlen (const char *s);
size_t ges_work_strspn (const char *s, const char *set);
size_t ges_work_strcspn (const char *s, const char *set);
char *ges_work_strchr (const char *s, int c);
char *ges_work_strrchr (const char *s, int c);
char *ges_work_strstr (const char *s, const char *k);
char *ges_work_strpbrk (const char *s, const char *set);
double ges_work_strtod (const char *s, char **end);
int ges_work_sscanf (const char *s, const char *form, ...)
  __attribute__((format(scanf, 2, 3)));
int ges_work_snprintf (char *to, size_t n, const char *form, ...)
  __attribute__((format(printf, 3, 4)));
const char *ges_work_pushlstring (lua_State *L, const char *s, size_t n);
const char *ges_work_pushstring (lua_State *L, const char *s);
const char *ges_work_pushfstring (lua_State *L, const char *form, ...);
void ges_work_concat (lua_State *L, int n);

#pragma GCC visibility pop

#if !defined(GES_WORK_COUNTER)
#undef memchr                   /* macros in C libraries that know C23 */
#undef strchr
#undef strrchr
#undef strstr
#undef strpbrk
#define memchr           ges_work_memchr
#define memmem           ges_work_memmem
#define memcpy           ges_work_memcpy
#define memmove          ges_work_memmove
#define memset           ges_work_memset
#define realloc          ges_work_realloc
#define calloc           ges_work_calloc
#define memcmp           ges_work_memcmp
#define strcmp           ges_work_strcmp
#define strncmp          ges_work_strncmp
#define strcasecmp       ges_work_strcasecmp
#define strncasecmp      ges_work_strncasecmp
#define strlen           ges_work_strlen
#define strspn           ges_work_strspn
#define strcspn          ges_work_strcspn
#define strchr           ges_work_strchr
#define strrchr          ges_work_strrchr
#define strstr           ges_work_strstr
#define strpbrk          ges_work_strpbrk
#define strtod           ges_work_strtod
#define sscanf           ges_work_sscanf
#define snprintf         ges_work_snprintf
#define lua_pushlstring  ges_work_pushlstring
#undef lua_pushstring
#define lua_pushstring   ges_work_pushstring
#define lua_pushfstring  ges_work_pushfstring
#define lua_concat       ges_work_concat
#endif

#endif
