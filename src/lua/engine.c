/* SPDX-License-Identifier: MIT
** engine.c - class "ges.engine" (see engine.h).
** The engine lives inside the userdata; what a transfer owns belongs to the
** engine, so an error thrown at any point leaks nothing. Results are built
** under pcall, and the transfer is released whether that fails or not.
**
** Code of the user (a hook, a finalizer) may run wherever a Lua function is
** called or Lua allocates. It may close the engine, and it may fork: an engine
** is used only after engine_open or renew has checked both.
**
** All engines of a Lua state are in a list of its keeper, which closes those
** that are left when the state is closed.
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
  struct engine *first;         /* of the engines that may own something */
  int ended;                    /* the state is being closed */
};

struct engine {
  struct ges_engine inner;
  unsigned building;            /* results being built: do not close yet */
  int closing;                  /* close was called */
  int warned;            /* of verify = false */
  struct engine **link, *next;  /* what points to it; NULL: in no list */
};


static int no_engine (lua_State *L) {
  return luaL_error(L, "ges: the engine could not be opened: out of memory or"
                    " file descriptors");
}


/* Throws if the engine is closed; opens a new one in a child of fork. */
static void renew (lua_State *L, struct engine *e) {
  if (e->closing)
    luaL_error(L, "attempt to use a closed ges.engine");
  if (ges_engine_check(&e->inner) != 0)
    no_engine(L);
}


/* The engine at 1, usable in this process; a closed one throws. */
static struct engine *engine_open (lua_State *L) {
  struct engine *e = luaL_checkudata(L, 1, GES_ENGINE);
  renew(L, e);
  return e;
}


static void link_engine (struct keeper *k, struct engine *e) {
  e->next = k->first;
  e->link = &k->first;
  if (e->next != NULL)
    e->next->link = &e->next;
  k->first = e;
}


static void unlink_engine (struct engine *e) {
  if (e->link == NULL)
    return;
  *e->link = e->next;
  if (e->next != NULL)
    e->next->link = e->link;
  e->link = NULL;
}


/*
** Closes the engine; idempotent. A finalizer may call it while a result is
** being built: the engine is closed after that.
*/
static void shut (struct engine *e) {
  e->closing = 1;
  if (e->building == 0)
    ges_engine_close(&e->inner);
}


/* close and __close */
static int engine_close (lua_State *L) {
  shut(luaL_checkudata(L, 1, GES_ENGINE));
  return 0;
}


static void release (struct engine *e) {
  unlink_engine(e);
  shut(e);
}


static int engine__gc (lua_State *L) {
  release(luaL_checkudata(L, 1, GES_ENGINE));
  return 0;
}


/*
** The keeper is older than every engine and is therefore finalized after them,
** except that Lua 5.4 does not finalize what was made while the state is being
** closed: an engine made by a finalizer. The keeper closes those engines; no
** engine can be made afterwards.
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
  struct engine *e = luaL_checkudata(L, 1, GES_ENGINE);
  lua_pushfstring(L, "ges.engine (%s)", e->closing ? "closed" : "open");
  return 1;
}


/* core.engine() -> engine; its __gc is set before it owns anything. */
int gesL_newengine (lua_State *L) {
  struct engine *e = gesL_newobject(L, sizeof *e, GES_ENGINE);
  link_engine(check_keeper(L), e);
  if (ges_engine_open(&e->inner) != 0)
    return no_engine(L);
  return 1;
}


/*
** ENV_FINISH, called under pcall: (engine, id) -> triple.
** Everything here may throw; the caller releases the transfer afterwards.
*/
static int engine_finish (lua_State *L) {
  struct engine *e = luaL_checkudata(L, 1, GES_ENGINE);
  struct ges_transfer *t = ges_pool_find(&e->inner.pool, lua_tonumber(L, 2));
  double elapsed = ges_now() - t->begun;
  gesL_pushresult(L, &t->easy, t->asked, elapsed);
  if (t->unverified && !e->warned) {
    lua_getfield(L, -1, "warnings"); /* [... value err info warnings] */
    if (!lua_istable(L, -1)) {
      lua_newtable(L);
      lua_replace(L, -2);
    }
    lua_pushliteral(L, "verify = false: the server's identity is not verified");
    lua_rawseti(L, -2, (int)gesL_rawlen(L, -2) + 1);
    lua_setfield(L, -2, "warnings");
    e->warned = 1;
  }
  return 3;
}


/*
** Builds the result of a finished transfer and releases it, even if building
** throws. The engine is at 1. Pushes the triple and returns 0, or pushes what
** was thrown.
*/
static int build_result (lua_State *L, struct engine *e,
                         struct ges_transfer *t) {
  int rc;
  e->building++;
  lua_rawgeti(L, ENV, ENV_FINISH);
  lua_pushvalue(L, 1);
  lua_pushnumber(L, ges_transfer_id(t));
  rc = lua_pcall(L, 2, 3, 0);
  ges_engine_release(&e->inner, t);
  e->building--;
  if (e->closing && e->building == 0)
    ges_engine_close(&e->inner);
  return rc;
}


/*
** Calls the empty Lua function, on the top, in which a pending hook (Ctrl-C in
** the interpreter) may throw; the transfer is released then. A hook may also
** have forked: in the child, the engine is opened anew and the transfer has
** failed.
*/
static void let_hooks_run (lua_State *L, struct engine *e, double id) {
  int failed, lost;
  lua_pushvalue(L, -1);
  failed = lua_pcall(L, 0, 0, 0) != 0;      /* [... noop (thrown)] */
  lost = ges_engine_check(&e->inner) != 0;
  if (lost || failed) {
    struct ges_transfer *t = ges_pool_find(&e->inner.pool, id);
    if (t != NULL)
      ges_engine_release(&e->inner, t);
  }
  if (failed)
    lua_error(L);
  renew(L, e);                  /* throws if the engine was closed */
  if (lost)
    no_engine(L);
}


/*
** Reads the request at 2, prepared or a table of options, and the bound of its
** attempt at 3. To prepare it allocates: a finalizer of the script may close
** the engine meanwhile, or fork. Returns 0, or the number of values pushed for
** a failure.
*/
static int take_request (lua_State *L, struct engine *e,
                         struct gesL_request **r, double *limit) {
  int failed;
  *limit = luaL_optnumber(L, 3, 0);
  luaL_argcheck(L, *limit >= 0 && *limit <= DAY, 3, "not a number of seconds");
  failed = gesL_torequest(L, 2, r);
  renew(L, e);
  if (!failed && *limit == 0)
    *limit = (*r)->limit;
  return failed;
}


/* Queues an attempt; throws when memory is out, and then none was queued. */
static struct ges_transfer *add_transfer (lua_State *L, struct engine *e,
                                          const struct ges_request *r,
                                          double limit, int many) {
  struct ges_transfer *t = ges_engine_add(&e->inner, r, limit, many);
  if (t == NULL)
    gesL_nomemory(L);
  t->asked[0] = '\0';
  if (ges_request_ids(r) > 0)
    memcpy(t->asked, r->id[ges_request_ids(r) - 1], sizeof t->asked);
  t->owned = (unsigned char)!many;
  t->unverified = r->head->number[OPT_verify] == 0;
  return t;
}


/*
** engine:job_status(request | opts [, limit]) -> job, err, info
** One attempt, blocking, of at most `limit` seconds. Throws if a hook closes
** the engine meanwhile.
*/
static int engine_job_status (lua_State *L) {
  struct engine *e = engine_open(L);
  struct gesL_request *r;
  struct ges_transfer *t;
  double id, limit;
  int failed = take_request(L, e, &r, &limit);
  if (failed)
    return failed;
  lua_rawgeti(L, ENV, ENV_NOOP);
  t = add_transfer(L, e, &r->req, limit, 0);
  id = ges_transfer_id(t);
  while (t->state != GES_done) {
    ges_engine_step(&e->inner, STEP_MAX, 0);
    if (t->state != GES_done)
      let_hooks_run(L, e, id);
  }
  ges_engine_wake(&e->inner);           /* other transfers may have ended too */
  if (build_result(L, e, t) != 0)
    return lua_error(L);
  return 3;
}


/*
** engine:start(request | opts [, limit [, waiting, value]])
**   -> id | nil, err, info
** Queues one attempt, as above, without network traffic. Sets waiting[id] to
** the value before any code of the user can run and poll the result.
*/
static int engine_start (lua_State *L) {
  struct engine *e = engine_open(L);
  struct gesL_request *r;
  double limit;
  int failed;
  lua_settop(L, 5);
  failed = take_request(L, e, &r, &limit);
  if (failed)
    return failed;
  lua_pushnumber(L, ges_transfer_id(add_transfer(L, e, &r->req, limit, 1)));
  if (lua_istable(L, 4)) {
    lua_pushvalue(L, -1);
    lua_pushvalue(L, 5);
    lua_rawset(L, 4);
  }
  return 1;
}


/*
** engine:step(seconds [, most]) -> in_flight, moved, age, lag
** Sleeps up to `seconds` if there is nothing to do; goes on for up to `most`
** seconds while something happens. in_flight: how many transfers are queued or
** active; moved: whether anything happened; age: of the youngest active one, in
** seconds; lag: how long answers take on average, in seconds, of 0.01 at most.
*/
static int engine_step (lua_State *L) {
  struct engine *e = engine_open(L);
  double seconds = luaL_optnumber(L, 2, 0), most = luaL_optnumber(L, 3, 0);
  int moved = ges_engine_step(&e->inner, seconds, most);
  gesL_pushwhole(L, ges_engine_in_flight(&e->inner));
  lua_pushboolean(L, moved);
  lua_pushnumber(L, ges_engine_age(&e->inner));
  lua_pushnumber(L, e->inner.lag);
  return 4;
}


/*
** engine:poll() -> id, value, err, info | nothing
** The next finished transfer, in the order in which they finished. If its
** result could not be built, for lack of memory, that is returned as id, nil,
** message and not thrown: the caller may be polling on behalf of another task.
*/
static int engine_poll (lua_State *L) {
  struct engine *e = engine_open(L);
  struct ges_transfer *t = e->inner.done.first;
  if (t == NULL)
    return 0;
  luaL_checkstack(L, 12, "poll");
  lua_pushnumber(L, ges_transfer_id(t));
  ges_engine_take(&e->inner, t);
  if (build_result(L, e, t) == 0)
    return 4;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 3;
}


/* The transfer of the id at 2, or NULL if it was released. */
static struct ges_transfer *find_transfer (lua_State *L,
                                           const struct engine *e) {
  return ges_pool_find(&e->inner.pool, luaL_checknumber(L, 2));
}


/* engine:cancel(id): the transfer comes out of poll as `cancelled`. */
static int engine_cancel (lua_State *L) {
  struct engine *e = engine_open(L);
  struct ges_transfer *t = find_transfer(L, e);
  if (t != NULL)
    ges_engine_cancel(&e->inner, t);
  return 0;
}


/*
** engine:forget(id): the transfer ends now and does not come out of poll any
** more, unless poll is reading it further out on the stack.
*/
static int engine_forget (lua_State *L) {
  struct engine *e = engine_open(L);
  struct ges_transfer *t = find_transfer(L, e);
  if (t != NULL && t->state != GES_taken && !t->owned)
    ges_engine_release(&e->inner, t);
  ges_engine_wake(&e->inner);
  return 0;
}


/*
** engine:asked(id) -> has the transfer asked the network for something?
** False when it was released, or the engine is closed.
*/
static int engine_asked (lua_State *L) {
  const struct engine *e = luaL_checkudata(L, 1, GES_ENGINE);
  const struct ges_transfer *t = find_transfer(L, e);
  lua_pushboolean(L, t != NULL && ges_easy_asked(&t->easy));
  return 1;
}


/* engine:fd() -> a descriptor, readable when step has work to do */
static int engine_fd (lua_State *L) {
  lua_pushinteger(L, ges_engine_fd(&engine_open(L)->inner));
  return 1;
}


/*
** core.job_status(opts) -> job, err, info
** The same on an engine of the module, made by the first call.
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
  lua_insert(L, 1);                         /* [engine opts] */
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
  { "asked", engine_asked },
  { "fd", engine_fd },
  { "close", engine_close },
  { NULL, NULL }
};


/*
** Puts the keeper of this state into the environment, which is on the top and
** stays there. The registry keeps it until the state is closed, however often
** the module is loaded.
*/
static void push_keeper (lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, THE_KEEPER);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    gesL_newowner(L, sizeof (struct keeper), KEEPER, keeper__gc);
    lua_pushvalue(L, -1);                   /* [env keeper keeper] */
    lua_setfield(L, LUA_REGISTRYINDEX, THE_KEEPER);
  }
  lua_rawseti(L, -2, ENV_KEEPER);
}


/*
** Registers the class; the environment is on the top and stays there. The class
** comes last, with a complete environment: it stays registered even if loading
** the module fails later for lack of memory.
*/
void gesL_openengine (lua_State *L) {
  push_keeper(L);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, engine_finish, 1);
  lua_rawseti(L, -2, ENV_FINISH);
  gesL_newclass(L, GES_ENGINE, methods, metamethods);
}
