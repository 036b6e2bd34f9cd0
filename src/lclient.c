/* SPDX-License-Identifier: MIT
** lclient.c - class "ges.client" (see lclient.h).
** The engine lives inside the userdata; whatever a call owns belongs to the
** engine, so an error thrown at any point leaks nothing. Results are built
** under pcall, and the call is released whether that went well or not.
*/
#include "lclient.h"

#include <string.h>

#include "ljob.h"
#include "lreq.h"
#include "multi.h"

#define STEP_MAX   0.1          /* seconds a blocking call stays in C */
#define NO_CLIENT  "attempt to use a closed ges.client"

struct client {
  struct ges_multi multi;
  struct gesL_work work;
  unsigned turn;                /* how often the work space was filled */
  unsigned building;            /* results in the making: the engine stays */
  int closing;                  /* close was asked for */
  int insecure_told;            /* verify = false was warned of */
};


static struct client *client_get (lua_State *L) {
  return luaL_checkudata(L, 1, GES_CLIENT);
}


static void check_open (lua_State *L, const struct client *c) {
  if (c->closing)
    luaL_error(L, NO_CLIENT);
}


/*
** The client, ready for use in this process: closed is an error, and a child
** of fork gets its engine renewed.
*/
static struct client *client_open (lua_State *L) {
  struct client *c = client_get(L);
  check_open(L, c);
  if (ges_multi_check(&c->multi) != 0)
    luaL_error(L, "ges: the engine could not be opened: out of memory or"
               " descriptors");
  return c;
}


/*
** close and __close, any number of times. A finalizer may close the client
** while the result of a call is being built: the engine ends after that.
*/
static int client_close (lua_State *L) {
  struct client *c = client_get(L);
  c->closing = 1;
  if (c->building == 0)
    ges_multi_close(&c->multi);
  return 0;
}


/* The work space goes last: whoever reads options into it is still alive. */
static int client__gc (lua_State *L) {
  struct client *c = client_get(L);
  client_close(L);
  gesL_freework(&c->work);
  return 0;
}


static int client__tostring (lua_State *L) {
  struct client *c = client_get(L);
  lua_pushfstring(L, "ges.client (%s)", c->closing ? "closed" : "open");
  return 1;
}


/* core.client() -> client; the object first, the engine second. */
int gesL_newclient (lua_State *L) {
  struct client *c = gesL_newobject(L, sizeof *c, GES_CLIENT);
  gesL_initwork(&c->work);
  if (ges_multi_open(&c->multi) != 0)
    return luaL_error(L, "ges: the engine could not be opened: out of memory"
                      " or descriptors");
  return 1;
}


/*
** ENV_FINISH, called under pcall: (client, id) -> triple.
** Everything here may throw; the caller releases the call afterwards.
*/
static int client_finish (lua_State *L) {
  struct client *c = client_get(L);
  struct ges_call *call = ges_pool_find(&c->multi.pool, lua_tonumber(L, 2));
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
static int build_result (lua_State *L, struct client *c,
                         struct ges_call *call) {
  int rc;
  c->building++;
  lua_rawgeti(L, ENV, ENV_FINISH);
  lua_pushvalue(L, 1);
  lua_pushnumber(L, ges_call_id(call));
  rc = lua_pcall(L, 2, 3, 0);
  ges_multi_release(&c->multi, call);
  c->building--;
  if (c->closing && c->building == 0)
    ges_multi_close(&c->multi);
  return rc;
}


/*
** Calls the empty Lua function, in which a pending hook (Ctrl-C in lua) may
** raise. The call under way is not left behind then. The function is on the
** top and stays there.
*/
static void let_hooks_run (lua_State *L, struct client *c, double id) {
  struct ges_call *call;
  lua_pushvalue(L, -1);
  if (lua_pcall(L, 0, 0, 0) == 0)
    return;
  call = ges_pool_find(&c->multi.pool, id);
  if (call != NULL)
    ges_multi_release(&c->multi, call);
  lua_error(L);
}


/*
** Reads the options at 2 into the work space; at 3 may stand the limit of the
** attempt. Reading allocates, so a finalizer of the script may run in the
** middle and call this client: then the work space is the finalizer's, and is
** filled again. Or it closes the client.
*/
static int read_request (lua_State *L, struct client *c) {
  double limit = luaL_optnumber(L, 3, 0);
  unsigned turn;
  int failed;
  luaL_argcheck(L, limit >= 0 && limit <= DAY, 3, "no number of seconds");
  do {
    turn = ++c->turn;
    lua_settop(L, 2);
    failed = gesL_readrequest(L, 2, limit, &c->work);
  } while (turn != c->turn);
  check_open(L, c);
  return failed;
}


/*
** Adds the request in the work space. NULL never comes back: no memory
** throws. (Between adding and returning nothing else can.)
*/
static struct ges_call *add_call (lua_State *L, struct client *c, int many) {
  struct ges_call *call;
  c->work.req.many = many;
  call = ges_multi_add(&c->multi, &c->work.req);
  ges_buf_clear(&c->work.auth);         /* the call has its own copy */
  if (call == NULL)
    gesL_nomemory(L);
  if (c->work.job_id.n > 0)
    memcpy(call->job_id, c->work.job_id.p, c->work.job_id.n);
  call->job_id[c->work.job_id.n] = '\0';  /* at most GES_ID_MAX: an id */
  call->owned = (unsigned char)!many;
  call->unverified = (unsigned char)!c->work.req.verify;
  return call;
}


/*
** client:job_status(opts [, limit]) -> job, err, info
** One attempt, blocking, of at most `limit` seconds: who gives that has had
** the options checked by core.options. A closed client in the middle (a hook
** may close it) ends as kind `closed`.
*/
static int client_job_status (lua_State *L) {
  struct client *c = client_open(L);
  struct ges_call *call;
  double id;
  int failed;
  failed = read_request(L, c);
  if (failed)
    return failed;
  lua_rawgeti(L, ENV, ENV_NOOP);
  call = add_call(L, c, 0);
  id = ges_call_id(call);
  while (call->state != GES_done) {
    ges_multi_step(&c->multi, STEP_MAX);
    if (call->state == GES_done)
      break;
    let_hooks_run(L, c, id);
    if (c->multi.pid == 0)              /* closed, and the call is gone */
      return luaL_error(L, NO_CLIENT);
  }
  ges_multi_nudge(&c->multi);           /* others may have been served too */
  if (build_result(L, c, call) != 0)
    return lua_error(L);
  return 3;
}


/*
** client:start(opts [, limit]) -> id | nil, err, info
** Queues one attempt, as above; no network happens here.
*/
static int client_start (lua_State *L) {
  struct client *c = client_open(L);
  int failed;
  double id;
  failed = read_request(L, c);
  if (failed)
    return failed;
  id = ges_call_id(add_call(L, c, 1));
  lua_pushnumber(L, id);
  return 1;
}


/*
** client:step(seconds) -> calls under way
** Sleeps up to `seconds` when there is nothing to do. The only function that
** lets libcurl work.
*/
static int client_step (lua_State *L) {
  struct client *c = client_open(L);
  double seconds = luaL_optnumber(L, 2, 0);
  gesL_pushwhole(L, ges_multi_step(&c->multi, seconds));
  return 1;
}


/*
** client:poll() -> id, value, err, info | nothing
** The next finished call, in the order they finished. One whose result could
** not be built, for lack of memory, comes as id, nil, message: whoever polls
** is not always the one who asked.
*/
static int client_poll (lua_State *L) {
  struct client *c = client_open(L);
  struct ges_call *call = c->multi.done.first;
  if (call == NULL)
    return 0;
  luaL_checkstack(L, 12, "poll");
  lua_pushnumber(L, ges_call_id(call));
  ges_multi_take(&c->multi);
  if (build_result(L, c, call) == 0)
    return 4;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 3;
}


/* client:cancel(id): the call comes out of poll as `cancelled`. */
static int client_cancel (lua_State *L) {
  struct client *c = client_open(L);
  struct ges_call *call = ges_pool_find(&c->multi.pool,
                                        luaL_checknumber(L, 2));
  if (call != NULL)
    ges_multi_cancel(&c->multi, call);
  return 0;
}


/* client:fd() -> descriptor that is readable when step has work to do */
static int client_fd (lua_State *L) {
  lua_pushinteger(L, ges_multi_fd(&client_open(L)->multi));
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
  lua_settop(L, 1);
  lua_rawgeti(L, ENV, ENV_CLIENT);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    gesL_newclient(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, ENV, ENV_CLIENT);
  }
  lua_insert(L, 1);                         /* [client opts] */
  return client_job_status(L);
}


static const luaL_Reg metamethods[] = {
  { "__gc", client__gc },
  { "__close", client_close },
  { "__tostring", client__tostring },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "job_status", client_job_status },
  { "start", client_start },
  { "step", client_step },
  { "poll", client_poll },
  { "cancel", client_cancel },
  { "fd", client_fd },
  { "close", client_close },
  { NULL, NULL }
};


/*
** Registers the class; the environment is on the top and stays there. It is
** complete before the class is: the class is kept even when loading fails
** later on for lack of memory.
*/
void gesL_openclient (lua_State *L) {
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, client_finish, 1);
  lua_rawseti(L, -2, ENV_FINISH);
  gesL_newclass(L, GES_CLIENT, methods, metamethods);
}
