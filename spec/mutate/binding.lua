-- Changes to the classes of Lua, engine and request, and to how a failure is pushed.

return {
  room = "binding",
  specs = {
    "spec/lua/engine_spec.lua", "spec/lua/bind_spec.lua", "spec/lua/request_spec.lua",
    "spec/regress/05-closed-by-finalizer_spec.lua", "spec/regress/04-finalizer_spec.lua",
    "spec/lua/info_spec.lua", "spec/ges/host/engine_spec.lua",
    "spec/regress/12-attempts_spec.lua", "spec/regress/08-message_spec.lua",
    "spec/lua/corners_spec.lua", "spec/lua/list_spec.lua", "spec/lua/kinds_spec.lua",
    "spec/lua/flawed_spec.lua", "spec/lua/tls_spec.lua", "spec/regress/25-closing-state_spec.lua",
    "spec/regress/20-nested-calls_spec.lua", "spec/regress/23-thrown_spec.lua",
    "spec/regress/core_spec.lua", "spec/regress/24-fork-in-hook_spec.lua",
    "spec/ges/advice_spec.lua", "spec/ges/host/uv_luv_spec.lua", "spec/lua/faults_spec.lua",
    "spec/engine/engine_spec.lua", "spec/faults/trust_spec.lua", "spec/faults/children_spec.lua",
    "spec/lua/secrets_spec.lua" },

  { file = "src/lua/engine.c",
    text = [[  *e->link = e->next;
  if (e->next != NULL)
    e->next->link = e->link;]],
    put = "  *e->link = e->next;",
    why = "the end of a Lua state writes into an engine that was collected",
    spec = "spec/lua/engine_spec.lua",
    seen = true },

  { file = "src/lua/engine.c",
    text = [[  e->closing = 1;
  if (e->building == 0)
    ges_engine_close]],
    put = [[  e->closing = 1;
  ges_engine_close]],
    why = "a finalizer that closes the client frees the answer being read",
    spec = "spec/regress/05-closed-by-finalizer_spec.lua",
    seen = true },

  { file = "src/lua/engine.c",
    text = [[  if (e->closing && e->building == 0)
    ges_engine_close(&e->inner);
  return rc;]],
    put = "  return rc;",
    why = "a client closed while an answer was read keeps its descriptors",
    spec = "spec/regress/05-closed-by-finalizer_spec.lua",
    seen = true },

  { file = "src/lua/engine.c",
    text = [[    e->warned = 1;
]],
    put = "",
    why = "verify = false is warned of in each answer",
    spec = "spec/lua/tls_spec.lua",
    seen = true },

  { file = "src/lua/engine.c",
    text = [[  if (failed)
    lua_error(L);
  renew]],
    put = "  renew",
    why = "Ctrl-C does not end a blocking call",
    spec = "spec/lua/engine_spec.lua",
    seen = true },

  { file = "src/lua/engine.c",
    text = "if (t != NULL && t->state != GES_taken && !t->owned)",
    put = "if (t != NULL && !t->owned)",
    why = "forget in a finalizer takes the answer away that poll is reading",
    spec = "spec/regress/05-closed-by-finalizer_spec.lua",
    seen = true },

  { file = "src/lua/engine.c",
    text = [[    lua_pushvalue(L, -1);
    lua_rawseti(L, ENV, ENV_ENGINE);]],
    put = "",
    why = "each core.job_status opens a connection of its own",
    spec = "spec/lua/engine_spec.lua",
    seen = true },

  { file = "src/lua/engine.c",
    text = [[  ges_engine_wake(&e->inner);           /* other transfers may have ended too */
]],
    put = "",
    why = "what ended during a blocking call is not noticed by the event loop",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/lua/engine.c",
    text = "if (!failed && *limit == 0)",
    put = "if (0)",
    why = "an attempt without a bound has timed out at once",
    spec = "spec/lua/engine_spec.lua",
    seen = true },

  { file = "src/lua/request.c",
    text = [[{ "token", OPT_token, GESL_SECRETS }]],
    put = [[{ "token", OPT_token, OPT(token) }]],
    why = "a token bound in place of keys is sent beside a signature",
    spec = "spec/lua/bind_spec.lua",
    seen = true },

  { file = "src/lua/request.c",
    text = [[{ "ca_file", OPT_ca_file, TRUST }]],
    put = [[{ "ca_file", OPT_ca_file, OPT(ca_file) }]],
    why = "a ca_path stays beside the ca_file that was bound",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/lua/request.c",
    text = "if (!lua_isnil(L, 3 + i))",
    put = "if (of[i].p != NULL)",
    why = "the id of a project cannot be removed",
    spec = "spec/lua/bind_spec.lua",
    seen = true },

  { file = "src/lua/request.c",
    text = "rc = of[i].p != NULL && gesL_refuseid(&no, i, of[i]);",
    put = "rc = 0;",
    why = "an id bound with a slash asks for another path",
    spec = "spec/lua/bind_spec.lua",
    seen = true },

  { file = "src/lua/request.c",
    text = [[  copy->limit = r->limit;
]],
    put = "",
    why = "a copied request has timed out at once",
    spec = "spec/lua/list_spec.lua",
    seen = true },

  { file = "src/lua/laux.c",
    text = "!response->unsent);",
    put = "response->status >= 0);",
    why = "an attempt that was not sent is counted",
    spec = "spec/regress/12-attempts_spec.lua",
    seen = true },

  { file = "src/lua/laux.c",
    text = "if (code != NULL && strcmp(code, status) == 0)",
    put = "if (0)",
    why = "a message says HTTP 401, 401",
    spec = "spec/lua/flawed_spec.lua",
    seen = true },

  { file = "src/lua/laux.c",
    text = [["retryable", !f->is_final
                               && (ges_kinds]],
    put = [["retryable", (ges_kinds]],
    why = "an answer that will not change is asked for again",
    spec = "spec/lua/list_spec.lua",
    seen = true },

  { file = "src/lua/laux.c",
    text = [[    lua_pushliteral(L, "locked");    /* hide the metatable from scripts */
    lua_setfield(L, -2, "__metatable");
]],
    put = "",
    why = "a script can call the finalizer of an engine",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },
}
