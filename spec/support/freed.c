/* SPDX-License-Identifier: MIT
** freed.c - what ges holds, and secrets in what it gives back, for specs.
** Preloaded (LD_PRELOAD), it stands before malloc, free and libcurl's handles.
** A block that ges.core has asked for is known by the caller's address; when
** it is freed, or moved by realloc, it is searched. So is, when a spec asks for
** it, the stack below it, where functions have returned. Blocks of libcurl,
** OpenSSL and Lua are theirs. Owns the set of blocks and the marks that are
** looked for. spec/support/freed.lua is the face. For glibc and musl.
*/
#define _GNU_SOURCE  1

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>

#define BLOCKS     65536        /* a power of two; far more than ges has */
#define MARKS      512
#define MARK_MAX   64
#define STACK      131072       /* bytes of the stack that are looked at */
#define ARENA      65536        /* what dlsym allocates before it is done */
#define GONE       ((void *)1)

struct block {
  void *p;                      /* NULL: free; GONE: was one */
  size_t n;
};

struct mark {
  unsigned char byte[MARK_MAX];
  size_t n;
  unsigned seen;                /* in how many blocks */
  size_t size;                  /* of the last of them; 0: the stack */
  uintptr_t from;               /* the code that gave it back, in its file */
};

static void *(*real_malloc) (size_t);
static void *(*real_calloc) (size_t, size_t);
static void *(*real_realloc) (void *, size_t);
static void (*real_free) (void *);

static char arena[ARENA];
static size_t arena_used;
static uintptr_t base;          /* where ges.core begins */
static uintptr_t low, high;     /* its code; 0: not looking */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block blocks[BLOCKS];
static struct mark marks[MARKS];
static unsigned nmarks, nfreed;
static size_t held;             /* bytes of all blocks */
static long handles;            /* of libcurl that ges.core has open */
static int overflow;
static int quiet;               /* a search would write on the stack */


static void *from_arena (size_t n) {
  char *p = arena + arena_used;
  arena_used += (n + 15) / 16 * 16;
  return arena_used <= ARENA ? p : NULL;
}


static int in_arena (const void *p) {
  return (const char *)p >= arena && (const char *)p < arena + ARENA;
}


static void find_real (void) {
  static int busy;
  if (real_free != NULL || busy)
    return;
  busy = 1;
  *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
  *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
  *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
  *(void **)&real_free = dlsym(RTLD_NEXT, "free");
  busy = 0;
}


static int is_ours (const void *caller) {
  return low != 0 && (uintptr_t)caller >= low && (uintptr_t)caller < high;
}


static size_t place_of (const void *p) {
  return ((uintptr_t)p >> 4) * 0x9E3779B1u & (BLOCKS - 1);
}


static void note_block (void *p, size_t n) {
  size_t i = place_of(p), tries = 0;
  pthread_mutex_lock(&lock);
  while (blocks[i].p != NULL && blocks[i].p != GONE && tries++ < BLOCKS)
    i = (i + 1) & (BLOCKS - 1);
  if (tries < BLOCKS) {
    blocks[i].p = p;
    blocks[i].n = n;
    held += n;
  }
  else
    overflow = 1;
  pthread_mutex_unlock(&lock);
}


/* The size of a block of ges.core, which is known no longer; 0: another's. */
static size_t take_block (const void *p) {
  size_t i = place_of(p), n = 0, tries = 0;
  pthread_mutex_lock(&lock);
  while (blocks[i].p != NULL && blocks[i].p != p && tries++ < BLOCKS)
    i = (i + 1) & (BLOCKS - 1);
  if (blocks[i].p == p) {
    n = blocks[i].n;
    held -= n;
    blocks[i].p = GONE;
  }
  pthread_mutex_unlock(&lock);
  return n;
}


/* Counts the marks that are in these bytes. */
static void search (const void *p, size_t n, size_t size,
                    const void *caller) {
  unsigned i;
  for (i = 0; i < nmarks; i++)
    if (memmem(p, n, marks[i].byte, marks[i].n) != NULL) {
      marks[i].seen++;
      marks[i].size = size;
      marks[i].from = caller != NULL ? (uintptr_t)caller - base : 0;
    }
}


/*
** Notes a block that ges.core gets, and clears what others left in it: from
** `old` on, which was its size before.
*/
static void *got (void *p, size_t n, size_t old, const void *caller) {
  if (p != NULL && is_ours(caller)) {
    if (n > old)
      memset((char *)p + old, 0, n - old);
    note_block(p, n);
  }
  return p;
}


static size_t given_back (const void *p, const void *caller) {
  size_t n = low != 0 && p != NULL ? take_block(p) : 0;
  nfreed += n > 0;
  if (n > 0 && !quiet) {
    search(p, n, n, caller);
  }
  return n;
}


void *malloc (size_t n) {
  find_real();
  return real_malloc == NULL ? from_arena(n)
         : got(real_malloc(n), n, 0, __builtin_return_address(0));
}


void *calloc (size_t n, size_t size) {
  find_real();
  return real_calloc == NULL ? from_arena(n * size)
         : got(real_calloc(n, size), n * size, 0, __builtin_return_address(0));
}


/* Searched before: what the old place holds afterwards cannot be read. */
void *realloc (void *p, size_t n) {
  const void *caller = __builtin_return_address(0);
  size_t old;
  find_real();
  old = given_back(p, caller);
  return got(real_realloc(p, n), n, old, caller);
}


void free (void *p) {
  find_real();
  given_back(p, __builtin_return_address(0));
  if (p != NULL && !in_arena(p))
    real_free(p);
}


/* A function of the libcurl that is loaded; it is loaded with the module. */
static void find_curl (void **to, const char *name) {
  void *lib = *to == NULL ? dlopen("libcurl.so.4", RTLD_LAZY | RTLD_NOLOAD)
              : NULL;
  if (lib != NULL)
    *to = dlsym(lib, name);
}


void *curl_easy_init (void) {
  static void *(*real) (void);
  void *h;
  find_curl((void **)&real, "curl_easy_init");
  h = real();
  handles += h != NULL && is_ours(__builtin_return_address(0));
  return h;
}


void curl_easy_cleanup (void *h) {
  static void (*real) (void *);
  find_curl((void **)&real, "curl_easy_cleanup");
  handles -= h != NULL && is_ours(__builtin_return_address(0));
  real(h);
}


/* Finds where the module lies. */
static int find_core (struct dl_phdr_info *o, size_t size, void *ud) {
  const char *last = o->dlpi_name + strlen(o->dlpi_name);
  int i;
  (void)size; (void)ud;
  if (last - o->dlpi_name < 12 || strcmp(last - 12, "/ges/core.so") != 0)
    return 0;
  for (i = 0; i < o->dlpi_phnum; i++)
    if (o->dlpi_phdr[i].p_type == PT_LOAD && (o->dlpi_phdr[i].p_flags & PF_X)) {
      base = o->dlpi_addr;
      low = base + o->dlpi_phdr[i].p_vaddr;
      high = low + o->dlpi_phdr[i].p_memsz;
    }
  return 1;
}


/* start(): from now on the blocks of ges.core, which is loaded, are known. */
static int freed_start (lua_State *L) {
  dl_iterate_phdr(find_core, NULL);
  if (low == 0)
    return luaL_error(L, "freed: ges.core is not loaded");
  return 0;
}


/* look(bytes): looks for these bytes, too. */
static int freed_look (lua_State *L) {
  size_t n;
  const char *s = luaL_checklstring(L, 1, &n);
  if (nmarks == MARKS || n == 0 || n > MARK_MAX)
    return luaL_error(L, "freed: too many marks, or one of %d bytes", (int)n);
  memcpy(marks[nmarks].byte, s, n);
  marks[nmarks++].n = n;
  return 0;
}


/*
** seen(i): in how many blocks mark `i` was, the size of the last (0: it was on
** the stack), and the address in core.so of what gave that back, for addr2line.
*/
static int freed_seen (lua_State *L) {
  lua_Integer i = luaL_checkinteger(L, 1);
  if (i < 1 || i > (lua_Integer)nmarks || overflow)
    return luaL_error(L, "freed: no such mark, or too many blocks");
  lua_pushinteger(L, (lua_Integer)marks[i - 1].seen);
  lua_pushinteger(L, (lua_Integer)marks[i - 1].size);
  lua_pushinteger(L, (lua_Integer)marks[i - 1].from);
  return 3;
}


/* count(): how many blocks were looked at. */
static int freed_count (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)nfreed);
  return 1;
}


/* held(): the bytes that ges.core holds, and the handles of libcurl. */
static int freed_held (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)held);
  lua_pushinteger(L, (lua_Integer)handles);
  return 2;
}


/*
** stack(clean): fills the stack below with zeros, and searches no blocks from
** then on; or searches the stack where functions have returned.
*/
static __attribute__((noinline)) int freed_stack (lua_State *L) {
  void *(*const volatile fill) (void *, int, size_t) = memset;
  char below[STACK];
  char *volatile p = below;     /* neither written nor known to be unset */
  quiet = lua_toboolean(L, 1);
  if (quiet)
    fill(p, 0, STACK);          /* memset itself would be left out */
  else
    search(p, STACK, 0, NULL);
  return 0;
}


int luaopen_support_freed (lua_State *L);

int luaopen_support_freed (lua_State *L) {
  static const struct {
    const char *name;
    lua_CFunction f;
  } all[] = {
    { "start", freed_start }, { "look", freed_look }, { "seen", freed_seen },
    { "count", freed_count }, { "stack", freed_stack },
    { "held", freed_held },
  };
  size_t i;
  lua_newtable(L);
  for (i = 0; i < sizeof all / sizeof all[0]; i++) {
    lua_pushcfunction(L, all[i].f);
    lua_setfield(L, -2, all[i].name);
  }
  return 1;
}
