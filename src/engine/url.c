/* SPDX-License-Identifier: MIT
** url.c - endpoint, ids, path, query and header values (see url.h).
*/
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE            /* inet_aton, under -std=c11 */
#endif

#include "url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define BLOCK  64       /* bytes of a token that are tested together */


/* RFC 3986, section 2.3 */
static int is_unreserved (char c) {
  return ges_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}


/* Is `s` a dot segment, which normalising a path removes? */
static int is_dots (const char *s, size_t n) {
  return (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');
}


/*
** An id must stay one path segment, however a proxy normalises the path: only
** unreserved characters, and not a dot segment.
*/
const char *ges_url_id (const char *s, size_t n) {
  size_t i;
  if (n == 0)
    return "must not be empty";
  if (n > GES_ID_MAX)
    return "is longer than 128 characters";
  for (i = 0; i < n; i++)
    if (!is_unreserved(s[i]))
      return "may contain only A-Z a-z 0-9 . _ ~ -";
  if (is_dots(s, n))
    return "must not be . or ..";
  return NULL;
}


static unsigned char is_hidden (char c) {
  return (unsigned char)(c - 0x21) > 0x7E - 0x21;
}


/*
** Is every byte visible ASCII? A token has thousands of bytes, and a compiler
** vectorises a loop of constant length.
*/
static int all_visible (const char *s, size_t n) {
  unsigned char bad = 0;
  size_t i;
  for (; n >= BLOCK; s += BLOCK, n -= BLOCK)
    for (i = 0; i < BLOCK; i++)
      bad |= is_hidden(s[i]);
  for (i = 0; i < n; i++)
    bad |= is_hidden(s[i]);
  return !bad;
}


static int is_blank (char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* A token is one header value: visible ASCII, no folding, no injection. */
const char *ges_url_token (const char *s, size_t n) {
  if (n == 0)
    return "is empty";
  if (n > GES_TOKEN_MAX)
    return "is longer than 128 KiB";
  if (all_visible(s, n))
    return n > 1 && (*s == '"' || *s == '\'') && s[n - 1] == *s
           ? "is in quotes: remove them" : NULL;
  while (n > 0 && is_blank(s[n - 1]))
    n--;
  if (!all_visible(s, n))
    return "contains a space, a control character or a non-ASCII byte";
  return s[n] == ' ' || s[n] == '\t' ? "ends with a blank: strip it"
         : "ends with a newline: strip it";
}


/* A header value: visible ASCII, spaces and tabs, or UTF-8 bytes. */
const char *ges_url_header (const char *s, size_t n) {
  size_t i;
  for (i = 0; i < n; i++)
    if (ges_is_control(s[i]) && s[i] != '\t')
      return "contains a control character";
  return NULL;
}


/* The name of a project or of a graph. */
const char *ges_url_name (const char *s, size_t n) {
  return n == 0 ? "must not be empty"
         : n > GES_NAME_MAX ? "is longer than 512 bytes"
         : ges_url_header(s, n);
}


/*
** An absolute path, not yet encoded. Dot segments and empty ones are
** refused, because servers and proxies disagree on what they mean.
*/
const char *ges_url_path (const char *s, size_t n) {
  size_t i, start = 1;
  if (n == 0 || s[0] != '/')
    return "must begin with /";
  for (i = 1; i <= n; i++) {
    if (i < n && ges_is_control(s[i]))
      return "contains a control character";
    if (i < n && s[i] != '/')
      continue;
    if (is_dots(s + start, i - start))
      return "must not contain . or .. segments";
    if (i == start && i < n)
      return "must not contain empty segments";
    start = i + 1;
  }
  return NULL;
}


/* Is the host in its canonical form this machine? No name is looked up. */
static int host_loopback (const struct ges_endpoint *e) {
  static const char mapped[] = "[::ffff:127.";
  return strcmp(e->host, "localhost") == 0 || strcmp(e->host, "[::1]") == 0
         || strncmp(e->host, mapped, sizeof mapped - 1) == 0
         || (e->numeric && strncmp(e->host, "127.", 4) == 0);
}


/*
** Takes the address between brackets in its shortest form (RFC 5952). Whether
** it is one is decided here: libcurl refuses a malformed one later, without a
** reason.
*/
static int take_ipv6 (struct ges_endpoint *e, const char *s, size_t n) {
  char text[INET6_ADDRSTRLEN];
  struct in6_addr address;
  if (n == 0 || n >= sizeof text)
    return 0;
  memcpy(text, s, n);
  text[n] = '\0';
  if (inet_pton(AF_INET6, text, &address) != 1
      || inet_ntop(AF_INET6, &address, text, sizeof text) == NULL)
    return 0;
  e->hostlen = (size_t)snprintf(e->host, sizeof e->host, "[%s]", text);
  return 1;
}


/*
** Takes a name in lower case and without its final dot, or an IPv4 address in
** whatever form inet_aton reads (127.1, 0x7f.0.0.1, 010.0.0.1): libcurl makes
** four decimal numbers of it, too, and sends those.
*/
static const char *take_name (struct ges_endpoint *e, const char *s,
                              size_t n) {
  struct in_addr four;
  size_t i;
  if (n > 1 && s[n - 1] == '.')
    n--;
  if (n == 0 || n > GES_HOST_BYTES)
    return "has no host, or one longer than 255 characters";
  if (s[n - 1] == '.')
    return "has a host that ends with dots";
  for (i = 0; i < n; i++)
    e->host[i] = ges_lower(s[i]);
  e->host[n] = '\0';
  if (ges_is_digit(e->host[0]) && inet_aton(e->host, &four) != 0) {
    inet_ntop(AF_INET, &four, e->host, sizeof e->host);
    n = strlen(e->host);
    e->numeric = 1;
  }
  e->hostlen = n;
  return NULL;
}


/* Reads the host at `*p`, up to a colon, a slash or the end. */
static const char *read_host (const char **p, const char *end,
                              struct ges_endpoint *e) {
  const char *s = *p, *why;
  if (s < end && *s == '[') {
    const char *close = memchr(s, ']', (size_t)(end - s));
    if (close == NULL || !take_ipv6(e, s + 1, (size_t)(close - s) - 1))
      return "has a malformed IPv6 address";
    *p = close + 1;
  }
  else {
    for (; s < end && *s != ':' && *s != '/'; s++)
      if (!ges_is_alnum(*s) && *s != '-' && *s != '.' && *s != '_')
        return "has a host that is not a plain DNS name or address";
    if ((why = take_name(e, *p, (size_t)(s - *p))) != NULL)
      return why;
    *p = s;
  }
  e->loopback = (unsigned char)host_loopback(e);
  return NULL;
}


/* Reads ":port", when there is one, at `*p`. */
static const char *read_port (const char **p, const char *end,
                              struct ges_endpoint *e) {
  const char *s = *p;
  unsigned port = 0;
  if (s == end || *s != ':')
    return NULL;
  for (s++; s < end && ges_is_digit(*s) && port <= 65535; s++)
    port = port * 10 + (unsigned)(*s - '0');
  if (port == 0 || port > 65535)
    return "has a port that is not a number from 1 to 65535";
  e->port = port == (e->https ? 443u : 80u) ? 0 : port;
  *p = s;
  return NULL;
}


/* Reads the path prefix: what is left, without its final slashes. */
static const char *read_prefix (const char *s, const char *end,
                                struct ges_endpoint *e) {
  const char *p;
  while (end > s && end[-1] == '/')
    end--;
  e->prefix = s;
  e->prefixlen = (size_t)(end - s);
  if (s == end)
    return NULL;
  for (p = s; p < end; p++)
    if (*p != '/' && !is_unreserved(*p))
      return "has a path prefix with other characters than"
             " A-Z a-z 0-9 . _ ~ - /";
  return ges_url_path(s, e->prefixlen) == NULL ? NULL
         : "has a path prefix with dot or empty segments";
}


/* Is it "https:/host", "https//host" or "https://", of either scheme? */
static int is_half_scheme (const char *s, size_t n) {
  size_t i = n > 5 && ges_same_nocase(s, "https", 5) ? 5
             : n > 4 && ges_same_nocase(s, "http", 4) ? 4 : 0;
  return i > 0 && n - i >= 2
         && (memcmp(s + i, ":/", 2) == 0 || memcmp(s + i, "//", 2) == 0);
}


/*
** Reads `[scheme://]host[:port][/prefix]`. Returns NULL, or why it is
** refused. No scheme means https. Of the many spellings of a host one is kept:
** it is looked up, sent as Host and signed.
*/
const char *ges_url_endpoint (const char *s, size_t n,
                              struct ges_endpoint *e) {
  const char *end = s + n, *why;
  size_t i;
  memset(e, 0, sizeof *e);
  e->https = 1;
  if (n == 0)
    return "must not be empty";
  if (n > GES_ENDPOINT_MAX)
    return "is longer than 2048 characters";
  for (i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c <= 0x20 && (i == 0 || i + 1 == n))
      return "begins or ends with white space: strip it";
    if (c <= 0x20 || c >= 0x7F)
      return "contains a space, a control character or a non-ASCII byte";
    if (c == '@')
      return "contains user information: give only host and port";
    if (c == '?' || c == '#')
      return "contains a query or a fragment: give only host, port and prefix";
  }
  if (n > 8 && ges_same_nocase(s, "https://", 8))
    s += 8;
  else if (n > 7 && ges_same_nocase(s, "http://", 7)) {
    s += 7;
    e->https = 0;
  }
  else if (is_half_scheme(s, n))
    return "is not of the form https://host[:port][/prefix]";
  for (i = 0; i + 2 < (size_t)(end - s); i++)
    if (memcmp(s + i, "://", 3) == 0)
      return "must begin with https:// or http://";
  if ((why = read_host(&s, end, e)) != NULL)
    return why;
  if ((why = read_port(&s, end, e)) != NULL)
    return why;
  if (s < end && *s != '/')
    return "is not of the form https://host[:port][/prefix]";
  return read_prefix(s, end, e);
}


/* Writes `:port`; snprintf would cost more, for every request. */
static int put_port (struct ges_buf *b, unsigned port) {
  char text[16], *p = text + sizeof text;
  for (; port != 0; port /= 10)
    *--p = (char)('0' + port % 10);
  *--p = ':';
  return ges_buf_add(b, p, (size_t)(text + sizeof text - p));
}


/*
** Writes `scheme://host[:port]`, canonical: libcurl makes the Host header of
** what follows the two slashes.
*/
int ges_url_origin (struct ges_buf *b, const struct ges_endpoint *e) {
  ges_buf_puts(b, e->https ? "https://" : "http://");
  if (ges_buf_add(b, e->host, e->hostlen) != 0)
    return -1;
  return e->port == 0 ? 0 : put_port(b, e->port);
}


/*
** Percent-encodes everything but RFC 3986's unreserved characters, upper
** case, as the signing rules ask (api-sign-algorithm, step 2).
*/
int ges_url_encode (struct ges_buf *b, const char *s, size_t n,
                    int keep_slash) {
  char escape[3] = { '%', 0, 0 };
  size_t i = 0, plain;
  while (i < n) {
    for (plain = i; i < n && (is_unreserved(s[i])
                              || (keep_slash && s[i] == '/')); i++)
      continue;
    ges_buf_add(b, s + plain, i - plain);
    if (i < n) {
      ges_put_hex(escape + 1, (unsigned char)s[i++], "0123456789ABCDEF");
      ges_buf_add(b, escape, 3);
    }
  }
  return b->failed ? -1 : 0;
}


/* Undoes %XX. `out` has room for `n` bytes; returns how many it got. */
size_t ges_url_decode (char *out, const char *s, size_t n) {
  size_t i, len = 0;
  for (i = 0; i < n; i++) {
    long code = s[i] == '%' ? ges_digits(s + i + 1, n - i - 1, 2, 16) : -1;
    out[len++] = code < 0 ? s[i] : (char)code;
    i += code < 0 ? 0 : 2;
  }
  return len;
}


/* Is that the pair's name (in lower case), whatever case it is written in? */
int ges_pair_named (const struct ges_pair *p, const char *lower) {
  size_t n = strlen(lower);
  return p->namelen == n && ges_same_nocase(p->name, lower, n);
}


static int slice_compare (const char *a, size_t an, const char *b,
                          size_t bn) {
  size_t n = an < bn ? an : bn;
  int c = n > 0 ? memcmp(a, b, n) : 0;
  return c != 0 ? c : (an > bn) - (an < bn);
}


/* By name, then by value: the order the signing rules ask for. */
static int pair_compare (const void *pa, const void *pb) {
  const struct ges_pair *a = pa, *b = pb;
  int c = slice_compare(a->name, a->namelen, b->name, b->namelen);
  return c != 0 ? c
         : slice_compare(a->value, a->valuelen, b->value, b->valuelen);
}


/*
** Writes the canonical query `a=1&b=&c=%20`, without a question mark. Sorts
** `pairs` in place. An empty list writes nothing.
*/
int ges_url_query (struct ges_buf *b, struct ges_pair *pairs, size_t n) {
  size_t i;
  if (n > 1)
    qsort(pairs, n, sizeof *pairs, pair_compare);
  for (i = 0; i < n; i++) {
    if (i > 0)
      ges_buf_putc(b, '&');
    ges_url_encode(b, pairs[i].name, pairs[i].namelen, 0);
    ges_buf_putc(b, '=');
    ges_url_encode(b, pairs[i].value, pairs[i].valuelen, 0);
  }
  return b->failed ? -1 : 0;
}
