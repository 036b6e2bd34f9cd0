/* SPDX-License-Identifier: MIT
** error_body.c - what the body of a response says of a failure (see
** error_body.h).
*/
#include "error_body.h"

#include "result.h"
#include "../engine/text.h"

#define LOOKED_MAX  4096        /* members of a body that are looked at */


/* What push_text has found. */
enum { NOTHING, WORDS, DIGITS };

/*
** Pushes t[name] of the table at `idx` if it is a string that is not empty, or
** a small whole number, as IAM's codes are; else nil. Returns which.
*/
static int push_text (lua_State *L, int idx, const char *name) {
  int type;
  lua_pushstring(L, name);
  lua_rawget(L, idx);
  type = lua_type(L, -1);
  if (type == LUA_TNUMBER) {
    double n = lua_tonumber(L, -1);
    if (n >= 0 && n <= 999999 && n == (int)n) {
      lua_pushfstring(L, "%d", (int)n);
      lua_replace(L, -2);
      return DIGITS;
    }
  }
  else if (type == LUA_TSTRING && gesL_rawlen(L, -1) > 0)
    return WORDS;
  lua_pop(L, 1);
  lua_pushnil(L);
  return NOTHING;
}


/*
** Codes by their rank: of a name that is for codes alone, a word named "code",
** a number, which is mostly the status. For each the stack has a slot with the
** code, one with the message beside it and one with their object; one more has
** the first message of all.
*/
enum { SURE, LIKELY, WEAK, RANKS };
#define SLOTS  (3 * RANKS + 1)


/* Notes the request's id in the table at `idx`, unless there is one already. */
void gesL_takeid (lua_State *L, int idx, struct ges_easy *h) {
  if (h->response.request_id[0] != '\0')
    return;
  if (push_text(L, idx, "request_id") == WORDS)
    ges_response_id(&h->response, gesL_slice(L, -1), &h->secrets);
  lua_pop(L, 1);
}


/* Sets an empty slot to the value on the top, which stays. */
static void fill (lua_State *L, int slot) {
  if (lua_isnil(L, slot)) {
    lua_pushvalue(L, -1);
    lua_replace(L, slot);
  }
}


/*
** Notes what the object at `idx` says of a failure, in any of the spellings of
** the gateway, GES and IAM, where the slots behind `base` have nothing yet.
*/
static void look (lua_State *L, int idx, int base, struct ges_easy *h) {
  static const char *const messages[] = {
    "error_msg", "errorMessage", "errorMsg", "externalMessage",
    "error_message", "message", NULL };
  static const char *const codes[] = { "error_code", "errorCode", "errCode",
                                       "code", NULL };
  int i, message;
  lua_pushnil(L);
  for (i = 0; messages[i] != NULL && lua_isnil(L, -1); i++) {
    lua_pop(L, 1);
    push_text(L, idx, messages[i]);
  }
  message = lua_gettop(L);
  fill(L, base + SLOTS);
  for (i = 0; codes[i] != NULL; i++) {
    int what = push_text(L, idx, codes[i]);
    int slot = base + 1 + 3 * (what == DIGITS ? WEAK
                               : codes[i + 1] == NULL ? LIKELY : SURE);
    if (what != NOTHING && lua_isnil(L, slot)) {
      fill(L, slot);
      lua_pushvalue(L, message);
      lua_replace(L, slot + 1);
      lua_pushvalue(L, idx);
      lua_replace(L, slot + 2);
    }
    lua_settop(L, message);
  }
  lua_pop(L, 1);
  gesL_takeid(L, idx, h);
}


/*
** Looks at the objects that are `depth` levels below the table at `idx`, while
** there are members `*left` to look at. Returns whether some are below those.
*/
static int look_below (lua_State *L, int idx, int base, struct ges_easy *h,
                       int depth, int *left) {
  int deeper = 0;
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    if (--*left < 0) {
      lua_pop(L, 2);
      break;
    }
    if (lua_istable(L, -1)) {
      int at = lua_gettop(L);
      deeper |= depth == 1 || look_below(L, at, base, h, depth - 1, left);
      if (depth == 1)
        look(L, at, base, h);
    }
    lua_pop(L, 1);
  }
  return deeper;
}


/*
** Pushes the code and the message of the failure that the body at `idx`
** explains, either perhaps nil, above the object that has the code; or returns
** 0. IAM's error is one level down, and a gateway may wrap it once more: of the
** codes of one rank the nearest counts, with the message beside it, else the
** nearest. The body of an error has few members, of which LOOKED_MAX are looked
** at, again at each depth.
*/
int gesL_pusherror (lua_State *L, int idx, struct ges_easy *h) {
  int base = lua_gettop(L), depth, left = LOOKED_MAX, deeper = 1, at;
  luaL_checkstack(L, 4 * GESL_DEPTH_MAX + 2 * SLOTS, "error");
  lua_settop(L, base + SLOTS);
  look(L, idx, base, h);
  for (depth = 1; deeper && depth <= GESL_DEPTH_MAX; depth++)
    deeper = look_below(L, idx, base, h, depth, &left);
  for (at = base + 1; at < base + SLOTS && lua_isnil(L, at); at += 3)
    ;
  if (at == base + SLOTS) {
    lua_pushvalue(L, idx);
    lua_pushnil(L);
  }
  else {
    lua_pushvalue(L, at + 2);
    lua_pushvalue(L, at);
  }
  lua_pushvalue(L, at == base + SLOTS || lua_isnil(L, at + 1) ? base + SLOTS
                   : at + 1);               /* [slots object code message] */
  lua_replace(L, base + 3);
  lua_replace(L, base + 2);
  lua_replace(L, base + 1);
  lua_settop(L, base + 3);
  if (!lua_isnil(L, -1) || !lua_isnil(L, -2))
    return 1;
  lua_settop(L, base);
  return 0;
}


/*
** Has the body at `idx` an error code that is a word? A number may be anything,
** the status included.
*/
int gesL_haserrorcode (lua_State *L, int idx, struct ges_easy *h) {
  int top = lua_gettop(L), has = 0;
  if (gesL_pusherror(L, idx, h)) {              /* [object code message] */
    struct ges_slice code = gesL_slice(L, -2);
    has = code.n > 0 && !ges_is_digit(code.p[0]);
  }
  lua_settop(L, top);
  return has;
}
