-- Changes to one request on one easy handle, and to how its outcome is read.

return {
  room = "single",
  specs = {
    "spec/lua/engine_spec.lua", "spec/lua/generic_spec.lua", "spec/lua/request_spec.lua",
    "spec/lua/kinds_spec.lua", "spec/lua/info_spec.lua", "spec/lua/environment_spec.lua",
    "spec/lua/secrets_spec.lua", "spec/lua/tls_spec.lua", "spec/regress/10-sent-once_spec.lua",
    "spec/regress/12-attempts_spec.lua", "spec/regress/08-message_spec.lua",
    "spec/regress/21-lost-answer_spec.lua", "spec/regress/13-streams_spec.lua",
    "spec/engine/authority_spec.lua", "spec/faults/tls_spec.lua", "spec/lua/faults_spec.lua",
    "spec/regress/11-dead-connections_spec.lua", "spec/engine/engine_spec.lua",
    "spec/lua/interim_spec.lua", "spec/lua/wiped_spec.lua", "spec/faults/children_spec.lua",
    "spec/engine/bounds_spec.lua", "spec/engine/between_calls_spec.lua",
    "spec/ges/wait/attempts_spec.lua", "spec/faults/tls_floor_spec.lua",
    "spec/lua/locale_spec.lua", "spec/lua/proxy_spec.lua",
    "spec/regress/14-said-wrongly_spec.lua", "spec/lua/flawed_spec.lua" },

  { file = "src/engine/easy.c",
    text = "a->socktype | SOCK_CLOEXEC, a->protocol",
    put = "a->socktype, a->protocol",
    why = "a program that the script starts holds its connections",
    spec = "spec/faults/children_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = [[  if (answers(h))
    return stop(h, GES_too_large, GES_TOO_LARGE);]],
    put = [[  if (0)
    return stop(h, GES_too_large, GES_TOO_LARGE);]],
    why = "an answer that is too large is cut and read",
    spec = "spec/lua/faults_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "if (n > h->body.max - h->body.len)",
    put = "if (n > h->body.max)",
    why = "max_response_bytes bounds each chunk, and memory is said to be out",
    spec = "spec/lua/faults_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = [[    ges_response_clear(&h->response);
    ges_buf_clear(&h->fields);
    h->response.begun = 1;]],
    put = [[    ges_buf_clear(&h->fields);
    h->response.begun = 1;]],
    why = "a Retry-After or an id of a 103 counts for the answer",
    spec = "spec/lua/interim_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = [[    ges_buf_clear(&h->fields);
    h->response.begun = 1;]],
    put = "    h->response.begun = 1;",
    why = "headers of a 103 are among those of the answer",
    spec = "spec/lua/interim_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "h->safe || h->begun == 1 || !failed",
    put = "h->safe || h->begun >= 1 || !failed",
    why = "a POST that may have been carried out is sent again",
    seen = false,
    because = "needs an HTTP/2 server that refuses a stream with HTTP_1_1_REQUIRED" },

  { file = "src/engine/easy.c",
    text = "SET(FOLLOWLOCATION, 0L);",
    put = "SET(FOLLOWLOCATION, 1L);",
    why = "the token goes where a redirect points",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "  h->secrets.odd = all->odd;",
    put = "  h->secrets.odd = 0;",
    why = "a secret with a backslash or a percent sign is shown",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = [[  h->head_bytes = 0;
]],
    put = "",
    why = "the 1000th answer on a client has too large headers",
    spec = "spec/regress/13-streams_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = [[  if (b->cap > BODY_KEEP)
    ges_buf_free(b);
]],
    put = "",
    why = "each handle keeps the memory of its largest answer",
    spec = "spec/engine/bounds_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "if (ges_buf_same(now, &h->target))",
    put = "if (now->len == h->target.len)",
    why = "a job whose id has the same length gets the path of the one before",
    spec = "spec/lua/engine_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "if (h->head == r->head && h->own.n == 0 && h->linked)",
    put = "if (h->own.n == 0 && h->linked)",
    why = "a call goes out with the token and headers of the one before",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = [[  SET(HTTPGET, 1L);                /* unsets the body of an earlier POST */
]],
    put = "",
    why = "after a POST a GET is sent with its body",
    spec = "spec/lua/request_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "h->bodiless = (unsigned char)head;",
    put = "h->bodiless = 0;",
    why = "a HEAD of something large is refused as too large",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = [[    SET(POSTFIELDSIZE_LARGE, (curl_off_t)h->sent.len);
]],
    put = "",
    why = "a body with a NUL is cut, or has the length of the one before",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "SET(FRESH_CONNECT, h->safe ? 0L : 1L);",
    put = "SET(FRESH_CONNECT, 0L);",
    why = "a POST goes out on a kept connection: it is sent again if that was dead",
    spec = "spec/lua/request_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "if (h->begun > 1 || !h->counts || h->trust.failed)",
    put = "if (!h->counts || h->trust.failed)",
    why = "a client whose connections died six times fails, though each was replaced",
    seen = false,
    because = "a GET that libcurl gives up on at the sixth is repeated by the engine itself" },

  { file = "src/engine/easy.c",
    text = [[  TRY(NOPROXY, ges_head_text(r, OPT_no_proxy).p);
]],
    put = "",
    why = "no_proxy has no effect",
    spec = "spec/lua/faults_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "(long)(r->number[OPT_connect_timeout] * 1e3)",
    put = "(long)(r->number[OPT_connect_timeout] * 1e6)",
    why = "connect_timeout has no effect",
    spec = "spec/lua/tls_spec.lua",
    seen = true },

  { file = "src/engine/easy.c",
    text = "SET(SSLVERSION, CURL_SSLVERSION_TLSv1_2 |",
    put = "SET(SSLVERSION, CURL_SSLVERSION_TLSv1_0 |",
    why = "old versions of TLS are spoken",
    spec = "spec/faults/tls_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = [[    case CURLE_SSL_ENGINE_NOTFOUND: case CURLE_SSL_ENGINE_SETFAILED:
      return GES_tls;]],
    put = [[    case CURLE_SSL_ENGINE_NOTFOUND: case CURLE_SSL_ENGINE_SETFAILED:
      return GES_network;]],
    why = "a certificate that is not trusted is asked about again and again",
    spec = "spec/lua/tls_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = "return (rc != CURLE_OK || !h->response.whole)",
    put = "return (rc == CURLE_OK || !h->response.whole)",
    why = "a refusal whose body breaks off is asked again",
    spec = "spec/lua/faults_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = "return (rc != CURLE_OK || !h->response.whole)",
    put = "return rc != CURLE_OK",
    why = "a refusal whose headers break off is asked again",
    spec = "spec/lua/flawed_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = "  return rc == CURLE_SSL_CERTPROBLEM\n",
    put = "  return 0\n",
    why = "a certificate of one's own that cannot be read is asked about again and again",
    spec = "spec/lua/tls_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = [[ || h->head_bytes > 0
      || (h->opened > 0 && h->begun < 2))]],
    put = " || h->head_bytes > 0)",
    why = "a GET that was lost on a new connection is sent again, and not counted",
    spec = "spec/lua/faults_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = "kind == GES_dns || kind == GES_memory",
    put = "kind == GES_memory",
    why = "without descriptors the name is said to be unknown",
    spec = "spec/regress/14-said-wrongly_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = [[

           || ges_redact_buf(&h->body, &h->secrets) != 0)]],
    put = ")",
    why = "a token that the server echoes is in the body",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = [[  if (rc == CURLE_OPERATION_TIMEDOUT)
    note_sent(h);
]],
    put = "",
    why = "an attempt that was never sent is counted",
    spec = "spec/regress/12-attempts_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = "if (rc == CURLE_OK || r->kind == GES_too_large)",
    put = "if (rc == CURLE_OK)",
    why = "info has no http_status of an answer that is too large",
    spec = "spec/lua/faults_spec.lua",
    seen = true },

  { file = "src/engine/outcome.c",
    text = [[connect_status(h) == 407 ? "give]],
    put = [[connect_status(h) == 403 ? "give]],
    why = "nothing says that the proxy wants a password",
    spec = "spec/lua/proxy_spec.lua",
    seen = true },
}
