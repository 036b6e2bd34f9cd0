/* SPDX-License-Identifier: MIT
** secrets.c - secrets of a request besides its credentials (see secrets.h).
*/
#include "secrets.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "sign.h"
#include "text.h"

#define WORD_MIN    8           /* a shorter value may be a word: "bearer" */
#define PASSWORDS   8           /* names of secrets that may be short */
#define PROXY_MAX   4096        /* bytes of a proxy's user and password */

/*
** Room for the token, the keys, the signature, and what is secret in two
** proxies: the environment may name another one for an attempt than for its
** head.
*/
#define OTHERS_MAX  (GES_SECRETS_MAX - 9)


/*
** Notes a copy of a secret. Returns 0, 1 when there are too many, or -1 when
** memory is out.
*/
int ges_keys_add (struct ges_keys *k, const char *s, size_t n) {
  const char *base = k->bytes.data, *p;
  int i;
  if (ges_buf_add(&k->bytes, s, n) != 0)
    return -1;
  for (i = 0, p = k->bytes.data; k->bytes.data != base && i < k->all.n; i++) {
    k->all.of[i].p = p;         /* the bytes have moved */
    p += k->all.of[i].n;
  }
  i = k->all.n;
  if (ges_secrets_add(&k->all, k->bytes.data + k->bytes.len - n, n) != 0)
    return 1;
  if (k->all.n == i) {          /* shorter than SECRET_MIN */
    k->bytes.len -= n;
    ges_wipe(k->bytes.data + k->bytes.len, n);
  }
  return 0;
}


/*
** Is the word in this name? One that is written after '=' must be at its end,
** alone or after _ or -.
*/
static int has_word (const char *s, size_t n, const char *word) {
  int last = word[0] == '=';
  size_t len = strlen(word += last), i = last && n > len ? n - len : 0;
  if (i > 0 && s[i - 1] != '_' && s[i - 1] != '-')
    return 0;
  for (; i + len <= n; i++)
    if (ges_same_nocase(s + i, word, len))
      return 1;
  return 0;
}


/*
** How long a value of this name must be to count as a secret; 0: the name is
** not one of a secret.
*/
static size_t least_of_name (const char *s, size_t n) {
  static const char *const words[] = { "password", "passwd", "passphrase",
    "passcode", "adminpass", "=pass", "=pwd", "=sk", "token", "secret",
    "credential", "authorization", "cookie", "signature", "api-key", "api_key",
    "apikey", "access-key", "access_key", "accesskey", "private-key",
    "private_key", "privatekey", "auth-key", "auth_key" };
  size_t i;
  for (i = 0; i < sizeof words / sizeof words[0]; i++)
    if (has_word(s, n, words[i]))
      return i < PASSWORDS ? 1 : WORD_MIN;
  return 0;
}


/*
** Notes a value, if it is as long as its name requires, and while there is room
** for the credentials.
*/
static int add_named (struct ges_keys *k, const char *s, size_t n,
                      size_t least) {
  if (least == 0 || n < least)
    return 0;
  return k->all.n < OTHERS_MAX ? ges_keys_add(k, s, n) : 1;
}


/* Notes the parts of a header's value: of `Bearer x`, of `sid=x; a=b`. */
static int add_parts (struct ges_keys *k, const char *s, size_t n) {
  size_t from = 0, i;
  int rc;
  for (i = 0; i <= n; i++)
    if (i == n || strchr(" ;,=", s[i]) != NULL) {
      if (i - from < n
          && (rc = add_named(k, s + from, i - from, WORD_MIN)) != 0)
        return rc;
      from = i + 1;
    }
  return 0;
}


/*
** Notes those of the headers, or of the query, with names of secrets, as a
** whole and in parts. Returns as ges_keys_add does.
*/
int ges_secret_pairs (struct ges_keys *k, const struct ges_pair *of,
                      size_t n) {
  size_t i;
  int rc;
  for (i = 0; i < n; i++) {
    const struct ges_pair *p = &of[i];
    size_t least = least_of_name(p->name, p->namelen);
    if (least > 0
        && ((rc = add_named(k, p->value, p->valuelen, least)) != 0
            || (rc = add_parts(k, p->value, p->valuelen)) != 0))
      return rc;
  }
  return 0;
}


/*
** Notes a value with escapes, JSON's or a form's; without them it must have
** `least` bytes.
*/
static int add_escaped (struct ges_keys *k, const struct ges_slice *s,
                        int json, size_t least) {
  struct ges_buf plain;
  int rc = -1;
  ges_buf_init(&plain, s->n, 1);
  if (ges_buf_reserve(&plain, s->n) == 0) {
    size_t n = json ? ges_json_unescape(s->p, s->n, plain.data)
               : ges_url_decode(plain.data, s->p, s->n);
    plain.len = n;
    rc = add_named(k, plain.data, plain.len, least);
  }
  ges_buf_free(&plain);
  return rc;
}


/* What the names in a JSON text say of the values. */
struct names {
  size_t least;                 /* length of a secret in this member; 0: none */
  size_t outer;                 /* the same for the object around it */
};


/* Takes the name of a member; `j` is after its colon. */
static void take_name (struct names *w, struct ges_json *j,
                       const struct ges_slice *s) {
  size_t least = least_of_name(s->p, s->n);
  if (ges_json_peek(j) == '{')
    w->outer = least;
  else if (has_word(s->p, s->n, "=value")
           || (has_word(s->p, s->n, "=id") && w->outer == WORD_MIN))
    least = ges_longer(least, w->outer);
  w->least = least;
}


/* Notes a number that is the value of such a member. */
static int add_number (struct ges_keys *k, struct ges_json *j,
                       size_t least) {
  const char *p = j->p;
  while (p < j->end && ges_is_digit(*p))
    p++;
  return add_named(k, j->p, (size_t)(p - j->p), least);
}


/* Takes the string `s` of a JSON text, a name or a value. */
static int take_string (struct ges_keys *k, struct names *w,
                        struct ges_json *j, const struct ges_slice *s,
                        int escaped) {
  if (ges_json_peek(j) == ':') {
    j->p++;
    take_name(w, j, s);
    return add_number(k, j, w->least);
  }
  return escaped && w->least > 0 && s->n >= w->least
         ? add_escaped(k, s, 1, 1) : add_named(k, s->p, s->n, w->least);
}


/*
** Notes the strings and numbers of a JSON text with names of secrets, also the
** `value` in an object of such a name, and the `id` of a token.
*/
static int add_json (struct ges_keys *k, const struct ges_slice *body) {
  struct names w = { 0, 0 };
  struct ges_json j = { body->p, body->p + body->n };
  int rc = 0;
  while (rc == 0
         && (j.p = memchr(j.p, '"', (size_t)(j.end - j.p))) != NULL) {
    struct ges_slice s;
    int escaped;
    if (!ges_json_string(&j, &s, &escaped))
      return 0;
    rc = take_string(k, &w, &j, &s, escaped);
  }
  return rc;
}


/* The same for `a=b&c=d`, where a value is percent-encoded. */
static int add_form (struct ges_keys *k, const struct ges_slice *body) {
  const char *s = body->p, *end = body->p + body->n;
  size_t least;
  int rc = 0;
  while (s < end && rc == 0) {
    const char *stop = memchr(s, '&', (size_t)(end - s)), *is;
    if (stop == NULL)
      stop = end;
    is = memchr(s, '=', (size_t)(stop - s));
    if (is != NULL && (least = least_of_name(s, (size_t)(is - s))) > 0) {
      struct ges_slice value = { is + 1, (size_t)(stop - is) - 1 };
      rc = add_escaped(k, &value, 0, least);
    }
    s = stop + 1;
  }
  return rc;
}


/*
** Notes the values of a body that have names of secrets. The body is read as
** JSON or as a form. Returns as ges_keys_add does.
*/
int ges_secret_body (struct ges_keys *k, const struct ges_slice *body) {
  struct ges_json j = { body->p, body->p };
  int first;
  if (body->p == NULL)
    return 0;
  j.end += body->n;
  first = ges_json_peek(&j);
  return first == '{' || first == '[' ? add_json(k, body)
         : add_form(k, body);
}


/*
** Notes the secrets in a proxy's URL (NULL: none): "user:password", the
** password, and both as base64, since proxies echo all of them. A user without
** a password is no secret. Returns as ges_keys_add does.
*/
int ges_secret_proxy (struct ges_keys *k, const char *s) {
  const char *at = s != NULL ? strrchr(s, '@') : NULL, *user, *colon;
  char plain[PROXY_MAX], coded[PROXY_MAX * 4 / 3 + 5];
  size_t n;
  int rc;
  if (at == NULL)
    return 0;
  user = strstr(s, "//");
  user = user != NULL && user < at ? user + 2 : s;
  n = (size_t)(at - user);
  if (n > PROXY_MAX || memchr(user, ':', n) == NULL)
    return 0;
  n = ges_url_decode(plain, user, n);
  colon = memchr(plain, ':', n);
  if ((rc = ges_keys_add(k, plain, n)) == 0 && colon != NULL
      && (rc = ges_keys_add(k, colon + 1,
                            n - (size_t)(colon + 1 - plain))) == 0)
    rc = ges_keys_add(k, coded, ges_base64(coded, plain, n));
  ges_wipe(plain, sizeof plain);
  ges_wipe(coded, sizeof coded);
  return rc;
}
