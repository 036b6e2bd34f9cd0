/* SPDX-License-Identifier: MIT
** torture.c - a host that runs out of memory at every place in turn.
** A program of its own, built by tools/torture.sh: src/ is linked into it,
** with malloc and its kin renamed to the torture_* functions below, so that
** they fail as Lua's allocator does. It runs each scenario of the Lua files
** it is given once for every n: the n-th allocation fails, and every later
** one, until the protected call has returned. Then the same Lua state has to
** do a good call. A scenario is complete when a run got through without a
** failure. LeakSanitizer has the last word.
**
** A file returns a list of scenarios (see torture_kit.lua, which judges):
**   name     words
**   pass     whose memory fails: "ours" (Lua's and the C core's, the normal),
**            "libcurl" or "libcrypto"
**   fresh    true: a new Lua state for every n, so that first-time work fails
**   run      function, called while memory is short
**   verdict  function(short, ok, ...): what run came to; throws when wrong
**   good     function, called afterwards; throws when it does not work
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <sanitizer/lsan_interface.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#define POINTS_MAX  100000          /* a scenario that never gets through */
#define RESULTS     3

enum pass { NONE, OURS, LIBCURL, LIBCRYPTO };

static const char *const pass_names[] = { "none", "ours", "libcurl",
                                          "libcrypto", NULL };

/* Whose memory is short now, and after how many allocations. */
static enum pass armed = NONE;
static long left, failed;

int luaopen_ges_core (lua_State *L);
int luaopen_support_wire (lua_State *L);
void *torture_malloc (size_t n);
void *torture_calloc (size_t n, size_t size);
void *torture_realloc (void *p, size_t n);
const char *__asan_default_options (void);
const char *__lsan_default_options (void);
const char *__lsan_default_suppressions (void);
int dlclose (void *handle);


/* In libc's place: a module stays, or its leaks would have no names. */
int dlclose (void *handle) {
  (void)handle;
  return 0;
}


/* lua-cjson loses its buffer when a decode runs out of memory. */
const char *__lsan_default_suppressions (void) {
  return "leak:strbuf_new\n";
}


const char *__asan_default_options (void) {
  return "detect_leaks=1:exitcode=9";
}


const char *__lsan_default_options (void) {
  return "print_suppressions=0";
}


/* Is this allocation to fail? From the n-th on, all do. */
static int fails (enum pass whose) {
  if (whose != armed)
    return 0;
  if (left > 0) {
    left--;
    return 0;
  }
  failed++;
  return 1;
}


void *torture_malloc (size_t n) {
  return fails(OURS) ? NULL : malloc(n);
}


void *torture_calloc (size_t n, size_t size) {
  return fails(OURS) ? NULL : calloc(n, size);
}


void *torture_realloc (void *p, size_t n) {
  return fails(OURS) ? NULL : realloc(p, n);
}


/* Lua 5.1 counts on it that a block can always be made smaller. */
static void *lua_memory (void *ud, void *p, size_t old, size_t n) {
  (void)ud;
  if (n == 0) {
    free(p);
    return NULL;
  }
  if ((p == NULL || n > old) && fails(OURS))
    return NULL;
  return realloc(p, n);
}


static void *curl_malloc (size_t n) {
  return fails(LIBCURL) ? NULL : malloc(n);
}


static void *curl_calloc (size_t n, size_t size) {
  return fails(LIBCURL) ? NULL : calloc(n, size);
}


static void *curl_realloc (void *p, size_t n) {
  return fails(LIBCURL) ? NULL : realloc(p, n);
}


static char *curl_strdup (const char *s) {
  return fails(LIBCURL) ? NULL : strdup(s);
}


static void *crypto_malloc (size_t n, const char *file, int line) {
  (void)file; (void)line;
  return n == 0 || fails(LIBCRYPTO) ? NULL : malloc(n);
}


static void *crypto_realloc (void *p, size_t n, const char *file, int line) {
  (void)file; (void)line;
  return fails(LIBCRYPTO) ? NULL : realloc(p, n);
}


static void crypto_free (void *p, const char *file, int line) {
  (void)file; (void)line;
  free(p);
}


static void die (lua_State *L, const char *what) {
  fprintf(stderr, "torture: %s: %s\n", what,
          L != NULL ? lua_tostring(L, -1) : "no memory");
  _Exit(1);
}


static void preload (lua_State *L, const char *name, lua_CFunction open) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, open);
  lua_setfield(L, -2, name);
  lua_pop(L, 2);
}


/* A state with the file's list of scenarios at 1. Nothing is short yet. */
static lua_State *state_new (const char *file) {
  lua_State *L = lua_newstate(lua_memory, NULL);
  if (L == NULL)
    die(NULL, "lua_newstate");
  luaL_openlibs(L);
  preload(L, "ges.core", luaopen_ges_core);
  preload(L, "support.wire", luaopen_support_wire);
  if (luaL_loadfile(L, file) != 0 || lua_pcall(L, 0, 1, 0) != 0)
    die(L, file);
  luaL_checkstack(L, 50, "torture");
  return L;
}


/*
** Runs the scenario at 2 with memory short from the n-th allocation on, then
** has it judged. Returns whether it was short at all.
*/
static int run_once (lua_State *L, enum pass pass, long n,
                     const char *name) {
  int ok;
  lua_settop(L, 2);
  lua_getfield(L, 2, "verdict");
  lua_pushnil(L);                           /* for `short` */
  lua_pushnil(L);                           /* for `ok` */
  lua_getfield(L, 2, "run");
  left = n;
  failed = 0;
  armed = pass;
  ok = lua_pcall(L, 0, RESULTS, 0) == 0;    /* [... results or message] */
  armed = NONE;
  lua_pushboolean(L, failed > 0);
  lua_replace(L, 4);
  lua_pushboolean(L, ok);
  lua_replace(L, 5);
  if (lua_pcall(L, lua_gettop(L) - 3, 0, 0) != 0) {
    fprintf(stderr, "%s, n = %ld\n", name, n);
    die(L, "wrong result");
  }
  lua_settop(L, 2);
  lua_getfield(L, 2, "good");
  if (lua_pcall(L, 0, 0, 0) != 0) {
    fprintf(stderr, "%s, n = %ld\n", name, n);
    die(L, "the good call afterwards");
  }
  lua_gc(L, LUA_GCCOLLECT, 0);
  return failed > 0;
}


static void pick (lua_State *L, int i) {
  lua_settop(L, 1);
  lua_rawgeti(L, 1, i);                     /* [list scenario] */
}


static const char *text_field (lua_State *L, const char *name) {
  const char *s;
  lua_getfield(L, 2, name);
  s = lua_tostring(L, -1);                  /* anchored in the scenario */
  lua_pop(L, 1);
  return s;
}


static enum pass read_pass (lua_State *L) {
  const char *name = text_field(L, "pass");
  int i;
  for (i = 1; name != NULL && pass_names[i] != NULL; i++)
    if (strcmp(pass_names[i], name) == 0)
      return (enum pass)i;
  return OURS;
}


static int is_fresh (lua_State *L) {
  int fresh;
  lua_getfield(L, 2, "fresh");
  fresh = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return fresh;
}


/* Runs scenario `i` of a file for all n. Returns 0 when there is none. */
static long run_all (const char *file, int i) {
  char name[200];
  lua_State *L = state_new(file);
  enum pass pass;
  long n;
  int fresh;
  pick(L, i);
  if (lua_isnil(L, 2)) {
    lua_close(L);
    return 0;
  }
  pass = read_pass(L);
  fresh = is_fresh(L);
  snprintf(name, sizeof name, "%s (%s%s)", text_field(L, "name"),
           pass_names[pass], fresh ? ", new state each time" : "");
  for (n = 0; run_once(L, pass, n, name); n++) {
    if (n == POINTS_MAX)
      die(NULL, "it does not end");
    if (fresh) {
      lua_close(L);
      L = state_new(file);
      pick(L, i);
    }
  }
  lua_close(L);
  if (__lsan_do_recoverable_leak_check() != 0) {
    fprintf(stderr, "torture: %s: it leaks\n", name);
    _Exit(9);
  }
  printf("  %5ld points  %s\n", n, name);
  fflush(stdout);
  return n > 0 ? n : -1;
}


int main (int argc, char **argv) {
  long total = 0, scenarios = 0, n;
  int i, k;
  CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, free,
                           curl_realloc, curl_strdup, curl_calloc) != 0)
    die(NULL, "curl_global_init_mem");
  for (k = 1; k < argc; k++)
    for (i = 1; (n = run_all(argv[k], i)) != 0; i++) {
      if (n < 0)
        die(NULL, "a scenario without one allocation proves nothing");
      total += n;
      scenarios++;
    }
  printf("torture: %ld points of failure in %ld scenarios, all complete\n",
         total, scenarios);
  return scenarios > 0 ? 0 : 1;
}
