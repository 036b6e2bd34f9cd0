/* SPDX-License-Identifier: MIT
** floor.c - the least that libcurl can do for a job's status: one easy handle
** kept for all calls, the body thrown away undecoded. What any client built
** on libcurl is measured against.
**   floor ENDPOINT CALLS TOKEN-FILE [CA-FILE]
** Owns nothing of the project; run by bench/run.lua only.
*/
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH  "/v2/" \
  "0a1b2c3d4e5f60718293a4b5c6d7e8f9/graphs/" \
  "2d8a9b3c-4f5e-4a6b-8c7d-9e0f1a2b3c4d/jobs/" \
  "ff80808167f09aaa0167f19b35ec0305/status"


static size_t take (char *p, size_t size, size_t n, void *ud) {
  (void)p;
  *(size_t *)ud += size * n;
  return size * n;
}


/* "X-Auth-Token: " and what the file holds. */
static char *token_line (const char *name) {
  static char line[140000] = "X-Auth-Token: ";
  FILE *f = fopen(name, "r");
  size_t n;
  if (f == NULL)
    exit(2);
  n = strlen(line);
  n += fread(line + n, 1, sizeof line - n - 1, f);
  line[n] = '\0';
  fclose(f);
  return line;
}


int main (int argc, char **argv) {
  struct curl_slist *headers = NULL;
  char url[1024];
  size_t got = 0;
  long calls, i, status;
  CURL *e;
  if (argc < 4)
    return 2;
  calls = atol(argv[2]);
  snprintf(url, sizeof url, "%s" PATH, argv[1]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  e = curl_easy_init();
  headers = curl_slist_append(headers, token_line(argv[3]));
  headers = curl_slist_append(headers, "Accept: application/json");
  curl_easy_setopt(e, CURLOPT_URL, url);
  curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, &got);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  if (argc > 4)
    curl_easy_setopt(e, CURLOPT_CAINFO, argv[4]);
  for (i = 0; i < calls; i++) {
    if (curl_easy_perform(e) != CURLE_OK)
      return 1;
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
      return 1;
    if (i == 0) {
      puts("first");
      fflush(stdout);
    }
  }
  printf("done %zu\n", got);
  return 0;
}
