/* SPDX-License-Identifier: MIT
** engine.c - class "ges.engine" (see engine.h).
** The engine lives inside the userdata; whatever a call owns belongs to the
** engine, so an error thrown at any point leaks nothing. Results are built
** under pcall, and the call is released whether that went well or not.
**
** Code of the user (a hook, a finalizer) may run wherever a function of Lua
** is called or Lua allocates. It may close the client, and it may fork: an
** engine is only touched after engine_open or renew has looked at both.
**
** All clients of a Lua state stand in a list of its keeper, which closes
** what is left of them when the state is closed.
*/
#include "engine.h"

#include <string.h>

#include "result.h"
#include "request.h"
#include "../engine/engine.h"

#define STEP_MAX   0.1          /* seconds a blocking call stays in C */
#define KEEPER     "ges.keeper"   /* its class; the object is registered */
#define THE_KEEPER "ges.the keeper"

struct keeper {
  struct engine *first;         /* of the clients that may own something */
  int ended;                    /* the state is being closed */
};

struct engine {
  struct ges_engine inner;
  unsigned building;            /* results in the making: the engine stays */
  int closing;                  /* close was asked for */
  int insecure_told;            /* verify = false was warned of */
  struct keeper *keeper;        /* NULL: in no list */
  struct engine *prev, *next;   /* in that of the keeper */
};


static struct engine *engine_get (lua_State *L) {
  return luaL_checkudata(L, 1, GES_ENGINE);
}


static int no_engine (lua_State *L) {
  return luaL_error(L, "ges: the engine could not be opened: out of memory or"
                    " descriptors");
}


/* A child of fork gets its engine renewed; what was under way has failed. */
static void renew (lua_State *L, struct engine *c) {
  if (c->closing)
    luaL_error(L, "attempt to use a closed ges.engine");
  if (ges_engine_check(&c->inner) != 0)
    no_engine(L);
}


/* The client at 1, ready for use in this process; closed is an error. */
static struct engine *engine_open (lua_State *L) {
  struct engine *c = engine_get(L);
  renew(L, c);
  return c;
}


static void link_engine (struct keeper *k, struct engine *c) {
  c->keeper = k;
  c->prev = NULL;
  c->next = k->first;
  if (k->first != NULL)
    k->first->prev = c;
  k->first = c;
}


static void unlink_engine (struct engine *c) {
  if (c->keeper == NULL)
    return;
  if (c->prev != NULL)
    c->prev->next = c->next;
  else
    c->keeper->first = c->next;
  if (c->next != NULL)
    c->next->prev = c->prev;
  c->keeper = NULL;
}


/*
** Closes the engine, any number of times. A finalizer may close the client
** while the result of a call is being built: the engine ends after that.
*/
static void shut (struct engine *c) {
  c->closing = 1;
  if (c->building == 0)
    ges_engine_close(&c->inner);
}


/* close and __close */
static int engine_close (lua_State *L) {
  shut(engine_get(L));
  return 0;
}


static void release (struct engine *c) {
  unlink_engine(c);
  shut(c);
}


static int engine__gc (lua_State *L) {
  release(engine_get(L));
  return 0;
}


/*
** The keeper is older than every client and is therefore finalized after
** them, except that Lua 5.4 finalizes nothing that was made while the state
** is being closed: a client first made by a finalizer. The keeper ends those,
** and from then on there is no other.
*/
static int keeper__gc (lua_State *L) {
  struct keeper *k = lua_touserdata(L, 1);
  k->ended = 1;
  while (k->first != NULL)
    release(k->first);
  return 0;
}


/* Throws once the keeper of this state has ended. */
static struct keeper *check_keeper (lua_State *L) {
  struct keeper *k;
  lua_rawgeti(L, ENV, ENV_KEEPER);
  k = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (k->ended)
    luaL_error(L, "ges: the Lua state is being closed: no client can be made"
               " or used any more");
  return k;
}


static int engine__tostring (lua_State *L) {
  struct engine *c = engine_get(L);
  lua_pushfstring(L, "ges.engine (%s)", c->closing ? "closed" : "open");
  return 1;
}


/* core.engine() -> client; the object first, the engine second. */
int gesL_newengine (lua_State *L) {
  struct engine *c = gesL_newobject(L, sizeof *c, GES_ENGINE);
  link_engine(check_keeper(L), c);
  if (ges_engine_open(&c->inner) != 0)
    return no_engine(L);
  return 1;
}


/*
** ENV_FINISH, called under pcall: (client, id) -> triple.
** Everything here may throw; the caller releases the call afterwards.
*/
static int engine_finish (lua_State *L) {
  struct engine *c = engine_get(L);
  struct ges_transfer *call = ges_pool_find(&c->inner.pool, lua_tonumber(L, 2));
  double elapsed = ges_now() - call->begun;
  if (call->job_id[0] == '\0')
    gesL_pushresponse(L, &call->http, elapsed);
  else
    gesL_pushjob(L, &call->http, call->job_id, elapsed);
  if (call->unverified && !c->insecure_told) {
    c->insecure_told = 1;                   /* [... value err info] */
    lua_getfield(L, -1, "warnings");
    if (!lua_istable(L, -1)) {
      lua_newtable(L);
      lua_replace(L, -2);
    }
    lua_pushliteral(L, "verify = false: the server's identity is not checked");
    lua_rawseti(L, -2, (int)gesL_rawlen(L, -2) + 1);
    lua_setfield(L, -2, "warnings");
  }
  return 3;
}


/*
** Builds the result of a finished call and releases it, even when building
** throws. The client is at 1. Pushes the triple and returns 0, or pushes
** what was thrown.
*/
static int build_result (lua_State *L, struct engine *c,
                         struct ges_transfer *call) {
  int rc;
  c->building++;
  lua_rawgeti(L, ENV, ENV_FINISH);
  lua_pushvalue(L, 1);
  lua_pushnumber(L, ges_transfer_id(call));
  rc = lua_pcall(L, 2, 3, 0);
  ges_engine_release(&c->inner, call);
  c->building--;
  if (c->closing && c->building == 0)
    ges_engine_close(&c->inner);
  return rc;
}


/*
** Calls the empty Lua function, in which a pending hook (Ctrl-C in lua) may
** raise. The call under way is not left behind then. The function is on the
** top and stays there. A hook may have forked: the engine that is left is
** that of this process, and in a child the call is over.
*/
static void let_hooks_run (lua_State *L, struct engine *c, double id) {
  int failed;
  lua_pushvalue(L, -1);
  failed = lua_pcall(L, 0, 0, 0) != 0;      /* [... noop (thrown)] */
  if (ges_engine_check(&c->inner) != 0 || failed) {
    struct ges_transfer *call = ges_pool_find(&c->inner.pool, id);
    if (call != NULL)
      ges_engine_release(&c->inner, call);
  }
  if (failed)
    lua_error(L);
  renew(L, c);
}


/*
** The request at 2, a table of options or one that is prepared, and in `limit`
** the bound of its attempt, at 3. Preparing allocates, so that a finalizer of
** the script may close the engine in the middle, or fork. Returns 0, or the
** number of values pushed for a failure.
*/
static int take_request (lua_State *L, struct engine *c,
                         struct gesL_request **r, double *limit) {
  int failed;
  *limit = luaL_optnumber(L, 3, 0);
  luaL_argcheck(L, *limit >= 0 && *limit <= DAY, 3, "no number of seconds");
  failed = gesL_torequest(L, 2, r);
  renew(L, c);
  if (!failed && *limit == 0)
    *limit = (*r)->limit;
  return failed;
}


/*
** Adds an attempt. NULL never comes back: no memory throws. (Between adding
** and returning nothing else can.)
*/
static struct ges_transfer *add_transfer (lua_State *L, struct engine *c,
                                          const struct ges_request *r,
                                          double limit, int many) {
  struct ges_transfer *t = ges_engine_add(&c->inner, r, limit, many);
  if (t == NULL)
    gesL_nomemory(L);
  strcpy(t->job_id, r->generic ? "" : r->id[GES_JOB]);
  t->owned = (unsigned char)!many;
  t->unverified = r->head->number[OPT_verify] == 0;
  return t;
}


/*
** engine:job_status(request | opts [, limit]) -> job, err, info
** One attempt, blocking, of at most `limit` seconds. An engine that a hook
** closes in the middle is an error.
*/
static int engine_job_status (lua_State *L) {
  struct engine *c = engine_open(L);
  struct gesL_request *r;
  struct ges_transfer *call;
  double id, limit;
  int failed = take_request(L, c, &r, &limit);
  if (failed)
    return failed;
  lua_rawgeti(L, ENV, ENV_NOOP);
  call = add_transfer(L, c, &r->req, limit, 0);
  id = ges_transfer_id(call);
  while (call->state != GES_done) {
    ges_engine_step(&c->inner, STEP_MAX);
    if (call->state != GES_done)
      let_hooks_run(L, c, id);
  }
  ges_engine_wake(&c->inner);           /* others may have been served too */
  if (build_result(L, c, call) != 0)
    return lua_error(L);
  return 3;
}


/*
** engine:start(request | opts [, limit [, waiting, slot]])
**   -> id | nil, err, info
** Queues one attempt, as above; no network happens here. waiting[id] is the
** slot before any code of the user can run and take the answer away.
*/
static int engine_start (lua_State *L) {
  struct engine *c = engine_open(L);
  struct gesL_request *r;
  double limit;
  int failed;
  lua_settop(L, 5);
  failed = take_request(L, c, &r, &limit);
  if (failed)
    return failed;
  lua_pushnumber(L, ges_transfer_id(add_transfer(L, c, &r->req, limit, 1)));
  if (lua_istable(L, 4)) {
    lua_pushvalue(L, -1);
    lua_pushvalue(L, 5);
    lua_rawset(L, 4);
  }
  return 1;
}


/*
** engine:step(seconds) -> calls under way
** Sleeps up to `seconds` when there is nothing to do. The only function that
** lets libcurl work.
*/
static int engine_step (lua_State *L) {
  struct engine *c = engine_open(L);
  double seconds = luaL_optnumber(L, 2, 0);
  gesL_pushwhole(L, ges_engine_step(&c->inner, seconds));
  return 1;
}


/*
** engine:poll() -> id, value, err, info | nothing
** The next finished call, in the order they finished. One whose result could
** not be built, for lack of memory, comes as id, nil, message: whoever polls
** is not always the one who asked.
*/
static int engine_poll (lua_State *L) {
  struct engine *c = engine_open(L);
  struct ges_transfer *call = c->inner.done.first;
  if (call == NULL)
    return 0;
  luaL_checkstack(L, 12, "poll");
  lua_pushnumber(L, ges_transfer_id(call));
  ges_engine_take(&c->inner);
  if (build_result(L, c, call) == 0)
    return 4;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 3;
}


/* The transfer of the id at 2, unless it is over. */
static struct ges_transfer *find_transfer (lua_State *L,
                                           const struct engine *c) {
  return ges_pool_find(&c->inner.pool, luaL_checknumber(L, 2));
}


/* engine:cancel(id): the transfer comes out of poll as `cancelled`. */
static int engine_cancel (lua_State *L) {
  struct engine *c = engine_open(L);
  struct ges_transfer *t = find_transfer(L, c);
  if (t != NULL)
    ges_engine_cancel(&c->inner, t);
  return 0;
}


/*
** engine:forget(id): the transfer ends now and does not come out of poll any
** more, unless poll is reading it further out on the stack.
*/
static int engine_forget (lua_State *L) {
  struct engine *c = engine_open(L);
  struct ges_transfer *t = find_transfer(L, c);
  if (t != NULL && t->state != GES_taken && !t->owned)
    ges_engine_release(&c->inner, t);
  ges_engine_wake(&c->inner);
  return 0;
}


/* engine:fd() -> descriptor that is readable when step has work to do */
static int engine_fd (lua_State *L) {
  lua_pushinteger(L, ges_engine_fd(&engine_open(L)->inner));
  return 1;
}


/*
** core.job_status(opts) -> job, err, info
** The same on a client of the module's own, made at the first call.
*/
int gesL_jobstatus (lua_State *L) {
  if (!lua_istable(L, 1))
    return luaL_error(L, "core.job_status takes one table of options, got %s",
                      luaL_typename(L, 1));
  check_keeper(L);
  lua_settop(L, 1);
  lua_rawgeti(L, ENV, ENV_ENGINE);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    gesL_newengine(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, ENV, ENV_ENGINE);
  }
  lua_insert(L, 1);                         /* [client opts] */
  return engine_job_status(L);
}


static const luaL_Reg metamethods[] = {
  { "__gc", engine__gc },
  { "__close", engine_close },
  { "__tostring", engine__tostring },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "job_status", engine_job_status },
  { "start", engine_start },
  { "step", engine_step },
  { "poll", engine_poll },
  { "cancel", engine_cancel },
  { "forget", engine_forget },
  { "fd", engine_fd },
  { "close", engine_close },
  { NULL, NULL }
};


/*
** Puts the keeper of this state into the environment, which is on the top and
** stays there. One keeper serves for as long as the state, however often the
** module is loaded: it must not be collected before.
*/
static void push_keeper (lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, THE_KEEPER);
  if (lua_isnil(L, -1)) {
    struct keeper *k;
    lua_pop(L, 1);
    k = lua_newuserdata(L, sizeof *k);      /* [env keeper] */
    k->first = NULL;
    k->ended = 0;
    gesL_setrelease(L, KEEPER, keeper__gc);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, THE_KEEPER);
  }
  lua_rawseti(L, -2, ENV_KEEPER);
}


/*
** Registers the class; the environment is on the top and stays there. It is
** complete before the class is: the class is kept even when loading fails
** later on for lack of memory.
*/
void gesL_openengine (lua_State *L) {
  push_keeper(L);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, engine_finish, 1);
  lua_rawseti(L, -2, ENV_FINISH);
  gesL_newclass(L, GES_ENGINE, methods, metamethods);
}
