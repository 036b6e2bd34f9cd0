-- Changes to what requests have in common, and to the path, the body and the signature of each.

return {
  room = "head",
  specs = {
    "spec/lua/request_spec.lua", "spec/lua/bind_spec.lua", "spec/lua/generic_spec.lua",
    "spec/lua/options_spec.lua", "spec/lua/secrets_spec.lua", "spec/lua/engine_spec.lua",
    "spec/lua/sign_spec.lua", "spec/lua/list_spec.lua", "spec/lua/environment_spec.lua",
    "spec/regress/08-message_spec.lua", "spec/lua/tls_spec.lua", "spec/lua/refused_spec.lua",
    "spec/engine/authority_spec.lua", "spec/ges/call/call_spec.lua",
    "spec/engine/between_calls_spec.lua", "spec/ges/client/refused_spec.lua",
    "spec/lua/wiped_spec.lua" },

  { file = "src/engine/head.c",
    text = "    n = GES_TOKEN_MAX + 1;",
    put = "    n = GES_TOKEN_MAX;",
    why = "a token that is too long is cut and sent",
    spec = "spec/lua/refused_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = ": s.n == t.n && memcmp(s.p, t.p, s.n) == 0;",
    put = ": s.n == t.n;",
    why = "an option of equal length is taken for the one of the call before",
    spec = "spec/lua/request_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = [[if (a->to.https != b->to.https
      || (ges_head_proxy]],
    put = "if ((ges_head_proxy",
    why = "a call over http after one over https asks for the path of that one",
    spec = "spec/lua/tls_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = "for (i = 0; !bad && i < from->own_nkeys; i++)",
    put = "for (i = 1; !bad && i < from->own_nkeys; i++)",
    why = "a password in the body is shown after the token was renewed",
    spec = "spec/lua/bind_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = [[n > 0 ? ": " : value != NULL ? ";" : ":"]],
    put = [[n > 0 ? ": " : ":"]],
    why = "a header with an empty value is not sent",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = [[if (!has_header(of, n, "accept"))]],
    put = "if (n == 0)",
    why = "a call with headers of its own sends no Accept",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = [[  if (sends)
    ges_lines_add(l, "Expect", NULL, 0);]],
    put = [[  if (0)
    ges_lines_add(l, "Expect", NULL, 0);]],
    why = "a large body waits a second for a 100",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = [[            || ges_url_header(s.p, s.n) != NULL))]],
    put = [[            || 0))]],
    why = "a file name with a line break is handed to libcurl",
    spec = "spec/lua/refused_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = "if (cert == NULL && key != NULL)",
    put = "if (0)",
    why = "a client_key without client_cert is ignored",
    spec = "spec/lua/tls_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = [[{ OPT_token, OPT_sk,
                                        OPT_security_token };]],
    put = "{ OPT_token, OPT_sk };",
    why = "a security token is in messages",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = [[return ges_refuse(no, "security_token", ges_url_token(more.p, more.n)) ? 1
         : ges_lines_add]],
    put = [[return 0 ? 1
         : ges_lines_add]],
    why = "a security token with CR LF adds a header",
    spec = "spec/lua/refused_spec.lua",
    seen = true },

  { file = "src/engine/head.c",
    text = [[h->to.https || h->number[OPT_insecure_http] != 0 ? s : "";]],
    put = [[h->to.https || h->number[OPT_insecure_http] == 0 ? s : "";]],
    why = "plain http to this machine goes through the proxy of the environment",
    spec = "spec/lua/environment_spec.lua",
    seen = true },

  { file = "src/engine/request.c",
    text = [[  ges_buf_clear(&r->query);
  if (ges_url_query]],
    put = "  if (ges_url_query",
    why = "the second page of a list is asked for with the query of the first, too",
    spec = "spec/lua/list_spec.lua",
    seen = true },

  { file = "src/engine/request.c",
    text = "rc = ges_secret_pairs(k, g->query, g->nquery);",
    put = "rc = 0;",
    why = "a token in the query is in messages",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/request.c",
    text = [[(g->body.p != NULL || (r->method != NULL
             && strcmp(r->method, "POST") == 0));]],
    put = "(g->body.p != NULL);",
    why = "a POST without a body has no Content-Length",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/engine/request.c",
    text = ".body = r->body.data, .bodylen = r->body.len,",
    put = ".body = r->body.data, .bodylen = 0,",
    why = "the body is not signed: the service refuses it",
    spec = "spec/lua/request_spec.lua",
    seen = true },

  { file = "src/engine/request.c",
    text = [[  ges_secrets_add(all, l->text.data + at - SIGNATURE, SIGNATURE);
]],
    put = "",
    why = "a signature that the server echoes is shown",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },
}
