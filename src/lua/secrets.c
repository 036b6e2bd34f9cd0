/* SPDX-License-Identifier: MIT
** secrets.c - what else in a request is secret (see secrets.h).
*/
#include "secrets.h"

#include <stdlib.h>
#include <string.h>

#include "../engine/buf.h"
#include "../engine/json.h"
#include "../engine/url.h"

#define WORD_MIN    8           /* a shorter token is a word: "bearer" */
#define PROXY_MAX   4096        /* bytes of a proxy, as in request.c */

/* Room for the token, the keys, the signature and the proxy's password. */
#define OTHERS_MAX  (GES_SECRETS_MAX - 6)


/*
** Pushes a copy of `s`, which must live as long as the request is read, and
** notes it. Returns 0, or -1 when there are too many.
*/
int gesL_hide (lua_State *L, struct ges_secrets *all, const char *s,
               size_t n) {
  luaL_checkstack(L, 2, "secrets");
  lua_pushlstring(L, s, n);
  return ges_secrets_add(all, lua_tostring(L, -1), n);
}


static size_t longer (size_t a, size_t b) {
  return a > b ? a : b;
}


static int is_room (const struct ges_secrets *all) {
  return all->n < OTHERS_MAX;
}


/* Does the word, in lower case, stand at `s`, whatever the case there? */
static int is_word (const char *s, const char *word, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if ((s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]) != word[i])
      return 0;
  return 1;
}


static int has_word (const char *s, size_t n, const char *word) {
  size_t len = strlen(word), i;
  for (i = 0; i + len <= n; i++)
    if (is_word(s + i, word, len))
      return 1;
  return 0;
}


/* Is it the word, or does it end with it after _ or -? */
static int ends_with (const char *s, size_t n, const char *word) {
  size_t len = strlen(word);
  return n >= len && is_word(s + n - len, word, len)
         && (n == len || s[n - len - 1] == '_' || s[n - len - 1] == '-');
}


/*
** How long a value must be to count as a secret, going by its name; 0: it is
** none.
*/
static size_t least_of_name (const char *s, size_t n) {
  static const char *const passwords[] = { "password", "passwd", "passphrase",
    "passcode", "adminpass" };
  static const char *const words[] = { "token", "secret", "credential",
    "authorization", "cookie", "signature", "api-key", "api_key", "apikey",
    "access-key", "access_key", "accesskey", "private-key", "private_key",
    "privatekey", "auth-key", "auth_key" };
  size_t i;
  for (i = 0; i < sizeof passwords / sizeof passwords[0]; i++)
    if (has_word(s, n, passwords[i]))
      return 1;
  if (ends_with(s, n, "pass") || ends_with(s, n, "pwd")
      || ends_with(s, n, "sk"))
    return 1;
  for (i = 0; i < sizeof words / sizeof words[0]; i++)
    if (has_word(s, n, words[i]))
      return WORD_MIN;
  return 0;
}


/* Notes a value of a name that says it is secret, if it is long enough. */
static int add_named (struct ges_secrets *all, const char *s, size_t n,
                      size_t least) {
  if (least == 0 || n < least)
    return 0;
  return is_room(all) ? ges_secrets_add(all, s, n) : -1;
}


/* Notes the parts of a header's value: of `Bearer x`, of `sid=x; a=b`. */
static int add_parts (struct ges_secrets *all, const char *s, size_t n) {
  size_t from = 0, i;
  for (i = 0; i <= n; i++)
    if (i == n || strchr(" ;,=", s[i]) != NULL) {
      if (i - from < n && i - from >= WORD_MIN
          && add_named(all, s + from, i - from, WORD_MIN) != 0)
        return -1;
      from = i + 1;
    }
  return 0;
}


/*
** Notes those of the headers, or of the query, whose names say that they are
** secret, as a whole and in parts. Returns 0, or -1 when there are too many.
*/
int gesL_hidepairs (struct ges_secrets *all, const struct ges_pair *of,
                    size_t n) {
  size_t i;
  for (i = 0; i < n; i++) {
    const struct ges_pair *p = &of[i];
    size_t least = least_of_name(p->name, p->namelen);
    if (least > 0
        && (add_named(all, p->value, p->valuelen, least) != 0
            || add_parts(all, p->value, p->valuelen) != 0))
      return -1;
  }
  return 0;
}


/* Notes a string of a JSON text, its escapes undone. */
static int hide_string (lua_State *L, struct ges_secrets *all,
                        const struct ges_slice *s, int escaped) {
  char *plain;
  size_t n;
  if (!is_room(all))
    return -1;
  if (!escaped)
    return ges_secrets_add(all, s->p, s->n);
  luaL_checkstack(L, 2, "secrets");
  plain = lua_newuserdata(L, s->n + 1);
  n = ges_json_unescape(s->p, s->n, plain);
  return n == GES_JSON_BAD ? 0 : ges_secrets_add(all, plain, n);
}


/* Where a JSON text is, and what its names have said so far. */
struct names {
  size_t least;                 /* of the member that is next; 0: no secret */
  size_t outer;                 /* the same of the object it is in */
};


/* Takes the name of a member: `j` stands behind its colon. */
static void take_name (struct names *w, struct ges_json *j,
                       const struct ges_slice *s) {
  size_t least = least_of_name(s->p, s->n);
  if (ges_json_peek(j) == '{')
    w->outer = least;
  else if (ends_with(s->p, s->n, "value")
           || (ends_with(s->p, s->n, "id") && w->outer == WORD_MIN))
    least = longer(least, w->outer);
  w->least = least;
}


/* Notes a number that is next, where a secret should be. */
static int hide_number (struct ges_secrets *all, struct ges_json *j,
                        size_t least) {
  const char *p = j->p;
  while (p < j->end && *p >= '0' && *p <= '9')
    p++;
  return add_named(all, j->p, (size_t)(p - j->p), least);
}


/*
** Notes the strings and numbers of a JSON text whose names say that they are
** secret, also those of { value = } in such a member, and the id of a token.
** Returns 0, or -1 when there are too many.
*/
static int hide_json (lua_State *L, struct ges_secrets *all,
                      const struct ges_slice *body) {
  struct names w = { 0, 0 };
  struct ges_json j;
  j.p = body->p;
  j.end = body->p + body->n;
  while ((j.p = memchr(j.p, '"', (size_t)(j.end - j.p))) != NULL) {
    struct ges_slice s;
    int escaped;
    if (!ges_json_string(&j, &s, &escaped))
      return 0;
    if (ges_json_peek(&j) == ':') {
      j.p++;
      take_name(&w, &j, &s);
      if (hide_number(all, &j, w.least) != 0)
        return -1;
    }
    else if (w.least > 0 && s.n >= w.least
             && hide_string(L, all, &s, escaped) != 0)
      return -1;
  }
  return 0;
}


/* The same for `a=b&c=d`, where a value is percent-encoded. */
static int hide_form (lua_State *L, struct ges_secrets *all,
                      const struct ges_slice *body) {
  const char *s = body->p, *end = body->p + body->n;
  while (s < end) {
    const char *stop = memchr(s, '&', (size_t)(end - s)), *is;
    if (stop == NULL)
      stop = end;
    is = memchr(s, '=', (size_t)(stop - s));
    if (is != NULL) {
      size_t least = least_of_name(s, (size_t)(is - s)), n;
      n = (size_t)(stop - is) - 1;
      if (least > 0 && n >= least) {
        char *plain;
        luaL_checkstack(L, 2, "secrets");
        plain = lua_newuserdata(L, n + 1);
        if (add_named(all, plain, ges_url_decode(plain, is + 1, n),
                      least) != 0)
          return -1;
      }
    }
    s = stop + 1;
  }
  return 0;
}


/*
** Notes what in a body has a name that says it is secret. A body is JSON, or
** a form; of anything else no part is known. Returns 0, or -1 when there are
** too many.
*/
int gesL_hidebody (lua_State *L, struct ges_secrets *all,
                   const struct ges_slice *body) {
  struct ges_json j;
  int first;
  if (body->p == NULL)
    return 0;
  j.p = body->p;
  j.end = body->p + body->n;
  first = ges_json_peek(&j);
  return first == '{' || first == '[' ? hide_json(L, all, body)
         : hide_form(L, all, body);
}


/*
** The proxy that libcurl will take: the one given or the environment's, where
** an empty variable counts as one that is not set.
*/
static const char *proxy_url (const char *given, int https) {
  static const char *const names[] = { "http_proxy", "https_proxy",
    "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
  const char *s = given;
  int i;
  for (i = https ? 1 : 0; s == NULL && i < 5; i = i == 0 ? 3 : i + 1)
    if ((s = getenv(names[i])) != NULL && s[0] == '\0')
      s = NULL;
  return s != NULL ? s : "";
}


/*
** Pushes what is secret in a proxy's URL: its user and password, the password
** and both as base64, since proxies echo all of them. A user without a
** password is no secret. Returns how many strings were pushed.
*/
static int push_proxy (lua_State *L, const char *s) {
  const char *at = strrchr(s, '@'), *user = strstr(s, "//"), *colon;
  char plain[PROXY_MAX], coded[PROXY_MAX * 4 / 3 + 4];
  size_t n;
  if (at == NULL)
    return 0;
  user = user != NULL && user < at ? user + 2 : s;
  n = (size_t)(at - user);
  if (n > PROXY_MAX || memchr(user, ':', n) == NULL)
    return 0;
  luaL_checkstack(L, 4, "proxy");
  n = ges_url_decode(plain, user, n);
  lua_pushlstring(L, plain, n);
  colon = memchr(plain, ':', n);
  lua_pushlstring(L, colon + 1, n - (size_t)(colon + 1 - plain));
  lua_pushlstring(L, coded, ges_url_base64(coded, plain, n));
  ges_wipe(plain, sizeof plain);
  ges_wipe(coded, sizeof coded);
  return 3;
}


void gesL_hideproxy (lua_State *L, struct ges_request *q) {
  int left = push_proxy(L, proxy_url(q->proxy, q->to.https));
  for (; left > 0; left--)
    ges_secrets_add(&q->secrets, lua_tostring(L, -left),
                    gesL_rawlen(L, -left));
}


/* core.proxy_secrets([proxy [, https]]) -> what push_proxy pushes */
int gesL_proxysecrets (lua_State *L) {
  return push_proxy(L, proxy_url(luaL_optstring(L, 1, NULL),
                                 lua_toboolean(L, 2)));
}
