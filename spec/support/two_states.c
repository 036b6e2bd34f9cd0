/* SPDX-License-Identifier: MIT
** two_states.c - a host program with several Lua states, for
** spec/faults/runtime_spec.lua, which compiles it for either ABI.
**
**   two_states turns SCRIPT [ARG]      two states in one thread, by turns
**   two_states threads SCRIPT [ARG]    eight threads, a state each
**   two_states close SCRIPT [ARG]      100 states one after the other, each
**                                      closed whatever is under way in it
**   two_states count SCRIPT [ARG]      the same, and no state may leave a
**                                      descriptor open
**
** The script gets ARG and the number of its state. For `turns` it returns a
** function that is called by turns until it returns true in both states; the
** first state is closed as soon as its own has. Prints "well" at the end.
*/
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#define THREADS  8
#define CLOSES   100

static const char *script, *argument;


static void die (lua_State *L) {
  fprintf(stderr, "two_states: %s\n", lua_tostring(L, -1));
  exit(1);
}


/* A state in which the script has run; `results` of it are on the stack. */
static lua_State *open_state (int number, int results) {
  lua_State *L = luaL_newstate();
  if (L == NULL)
    exit(2);
  luaL_openlibs(L);
  if (luaL_loadfile(L, script) != 0)
    die(L);
  lua_pushstring(L, argument);
  lua_pushinteger(L, number);
  if (lua_pcall(L, 2, results, 0) != 0)
    die(L);
  return L;
}


/* Calls the function on the top once more; is it done? */
static int turn (lua_State *L) {
  int done;
  lua_pushvalue(L, -1);
  if (lua_pcall(L, 0, 1, 0) != 0)
    die(L);
  done = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return done;
}


static void run_turns (void) {
  lua_State *L[2];
  int left = 2, i;
  for (i = 0; i < 2; i++)
    L[i] = open_state(i + 1, 1);
  while (left > 0)
    for (i = 0; i < 2; i++)
      if (L[i] != NULL && turn(L[i])) {
        lua_close(L[i]);
        L[i] = NULL;
        left--;
      }
}


static void *run_thread (void *ud) {
  lua_State *L = open_state((int)(size_t)ud, 0);
  lua_close(L);
  return NULL;
}


static void run_threads (void) {
  pthread_t all[THREADS];
  size_t i;
  for (i = 0; i < THREADS; i++)
    if (pthread_create(&all[i], NULL, run_thread, (void *)(i + 1)) != 0)
      exit(2);
  for (i = 0; i < THREADS; i++)
    pthread_join(all[i], NULL);
}


static void run_closes (void) {
  int i;
  for (i = 0; i < CLOSES; i++)
    lua_close(open_state(i + 1, 0));
}


/* How many descriptors this process has open, but for the one in use here. */
static int descriptors (void) {
  DIR *folder = opendir("/proc/self/fd");
  int n = -3;                   /* ".", ".." and the folder's own */
  if (folder == NULL)
    exit(2);
  while (readdir(folder) != NULL)
    n++;
  closedir(folder);
  return n;
}


static void run_counted (void) {
  int before, after;
  lua_close(open_state(0, 0));  /* what a library opens once and for all */
  before = descriptors();
  run_closes();
  after = descriptors();
  if (after != before) {
    fprintf(stderr, "two_states: %d descriptors, and %d after %d states\n",
            before, after, CLOSES);
    exit(1);
  }
}


int main (int argc, char **argv) {
  if (argc < 3)
    return 2;
  script = argv[2];
  argument = argc > 3 ? argv[3] : "";
  if (strcmp(argv[1], "turns") == 0)
    run_turns();
  else if (strcmp(argv[1], "threads") == 0)
    run_threads();
  else if (strcmp(argv[1], "count") == 0)
    run_counted();
  else
    run_closes();
  puts("well");
  return 0;
}
