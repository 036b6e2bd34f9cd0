/* SPDX-License-Identifier: MIT
** response.c - status and header fields of one response (see response.h).
*/
#include "response.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "text.h"

#define VALUE_MAX  256          /* bytes of a header value that is parsed */


void ges_response_clear (struct ges_response *r) {
  memset(r, 0, sizeof *r);
  r->retry_after = r->retry_at = -1;
}


/* Replaces the response by a failure. */
void ges_response_fail (struct ges_response *r, enum ges_kind kind,
                     const char *text) {
  size_t n = strlen(text);
  if (n >= sizeof r->text)
    n = sizeof r->text - 1;
  memcpy(r->text, text, n);
  r->text[n] = '\0';
  r->kind = kind;
}


/*
** The epoch of an HTTP date in any of the three forms of RFC 9110, section
** 5.6.7, and in what else libcurl reads; -1 for any other text and for a time
** before 1970. Independent of locale and time zone.
*/
double ges_response_date (const char *text) {
  time_t at = curl_getdate(text, NULL);
  return at < 0 ? -1 : (double)at;
}


/*
** The digits at `s`, perhaps with a fraction, up to a comma or the end; -1 if
** that is anything else (a sign, an exponent, words). strtod would follow the
** locale.
*/
static double read_number (const char *s) {
  double value = 0, unit = 1;
  if (!ges_is_digit(*s))
    return -1;
  for (; ges_is_digit(*s); s++)
    value = value * 10 + (*s - '0');
  if (*s == '.')
    for (s++; ges_is_digit(*s); s++)
      value += (*s - '0') * (unit /= 10);
  s += strspn(s, " \t");
  return *s == '\0' || *s == ',' ? value : -1;
}


/*
** Retry-After in seconds; of a list, which a proxy makes of several headers,
** the longest of those that are numbers. -1: there is none.
*/
static double read_seconds (const char *s) {
  double longest = -1;
  for (s += strspn(s, ", \t"); *s != '\0'; s += strspn(s, ", \t")) {
    double value = read_number(s);
    if (value > longest)
      longest = value;
    s += strcspn(s, ",");
  }
  return longest;
}


static void take_retry_after (struct ges_response *r, const char *value) {
  double seconds = read_seconds(value);
  if (seconds > r->retry_after)    /* of two headers, the longer wait counts */
    r->retry_after = seconds;
  else if (seconds < 0) {
    double at = ges_response_date(value);
    if (at > r->retry_at)
      r->retry_at = at;
  }
}


/*
** Copies as much of a value as there is room for. A value that shows a secret
** is replaced as a whole; that is decided before the cut.
*/
static void take_text (char *to, size_t size, struct ges_slice value,
                       const struct ges_secrets *secrets) {
  static const struct ges_slice hidden = { GES_REDACTED,
                                           sizeof GES_REDACTED - 1 };
  if (ges_has_secret(value.p, value.n, secrets))
    value = hidden;
  if (value.n >= size)
    value.n = ges_whole_utf8(value.p, size - 1);
  memcpy(to, value.p, value.n);
  to[value.n] = '\0';
}


void ges_response_id (struct ges_response *r, struct ges_slice id,
                      const struct ges_secrets *secrets) {
  take_text(r->request_id, sizeof r->request_id, id, secrets);
}


/*
** Keeps the host of an absolute Location, never its path or query, nor the
** user information before the host.
*/
static void take_location (struct ges_response *r, struct ges_slice value,
                           const struct ges_secrets *secrets) {
  const char *end = value.p + value.n, *p = value.p;
  struct ges_slice host;
  while (end - p >= 2 && (p[0] != '/' || p[1] != '/'))
    p++;
  if (end - p < 2)
    return;
  host.p = p += 2;
  for (; p < end && *p != '/' && *p != '?' && *p != '#'; p++)
    if (*p == '@')
      host.p = p + 1;
  host.n = (size_t)(p - host.p);
  take_text(r->location, sizeof r->location, host, secrets);
}


/* The beginning of a value, as a C string to be parsed. */
static const char *beginning (char text[VALUE_MAX], struct ges_slice value) {
  size_t n = value.n < VALUE_MAX ? value.n : VALUE_MAX - 1;
  memcpy(text, value.p, n);
  text[n] = '\0';
  return text;
}


/*
** Notes the coding of the body; none is asked for. Some servers name there what
** codes nothing: nothing at all, "identity" or a charset. So only what is known
** to code counts.
*/
static void take_coding (struct ges_response *r, const char *list) {
  static const char *const codings[] = { "gzip", "x-gzip", "deflate", "br",
                                         "zstd", "compress", "x-compress",
                                         "bzip2", "x-bzip2", "xz", "lzma" };
  size_t i;
  for (list += strspn(list, ", \t"); *list != '\0';
       list += strspn(list, ", \t")) {
    size_t n = strcspn(list, ",; \t");
    for (i = 0; i < sizeof codings / sizeof codings[0]; i++)
      if (strlen(codings[i]) == n && ges_same_nocase(list, codings[i], n))
        snprintf(r->coding, sizeof r->coding, "%s", codings[i]);
    list += strcspn(list, ",");
  }
}


static void take_value (struct ges_response *r, const char *name, size_t n,
                        struct ges_slice value,
                        const struct ges_secrets *secrets) {
  char text[VALUE_MAX];
#define IS(s)  (n == sizeof s - 1 && ges_same_nocase(name, s, n))
  if (IS("retry-after"))
    take_retry_after(r, beginning(text, value));
  else if (IS("date"))
    take_text(r->date, sizeof r->date, value, secrets);
  else if (IS("location"))
    take_location(r, value, secrets);
  else if (IS("content-encoding"))
    take_coding(r, beginning(text, value));
  else if (value.n > 0
           && (IS("x-request-id")
               || (r->request_id[0] == '\0'
                   && (IS("x-iam-trace-id") || IS("traceid")))))
    take_text(r->request_id, sizeof r->request_id, value, secrets);
#undef IS
}


/*
** Takes one header line, as received. Most lines are skipped by their first
** letter.
*/
void ges_response_header (struct ges_response *r, const char *line, size_t n,
                       const struct ges_secrets *secrets) {
  struct ges_slice value;
  const char *colon;
  if (n > 0 && (line[0] == '\r' || line[0] == '\n'))
    r->whole = 1;
  if (n == 0 || line[0] == '\0' || strchr("rRdDlLcCxXtT", line[0]) == NULL)
    return;
  if ((colon = memchr(line, ':', n)) == NULL)
    return;
  value.p = colon + 1;
  value.n = (size_t)(line + n - value.p);
  ges_trim(&value.p, &value.n);
  take_value(r, line, (size_t)(colon - line), value, secrets);
}


/*
** How many seconds the server asks to wait, or -1. A date is compared with the
** server's own clock, if it sent a Date, since the local clock (`wall`) may be
** wrong. A date in the past is -1.
*/
double ges_response_wait (const struct ges_response *r, double wall) {
  double left = -1;
  if (r->retry_at >= 0) {
    double clock = ges_response_date(r->date);
    left = r->retry_at - (clock >= 0 ? clock : wall);
  }
  return left > r->retry_after ? left : r->retry_after;
}
