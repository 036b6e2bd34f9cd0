-- Changes to how the options of a call become a request, and to the tables query and headers.

return {
  room = "prepare",
  specs = {
    "spec/lua/options_spec.lua", "spec/lua/generic_spec.lua", "spec/lua/refused_spec.lua",
    "spec/lua/bind_spec.lua", "spec/lua/sign_spec.lua", "spec/regress/06-mistakes_spec.lua",
    "spec/ges/client_spec.lua", "spec/lua/corners_spec.lua", "spec/lua/environment_spec.lua",
    "spec/lua/engine_spec.lua", "spec/lua/list_spec.lua", "spec/lua/request_spec.lua",
    "spec/ges/call/list_spec.lua", "spec/ges/call/call_spec.lua", "spec/engine/url_spec.lua",
    "spec/ges/context/context_spec.lua", "spec/ges/client/refused_spec.lua",
    "spec/engine/between_calls_spec.lua", "spec/lua/wiped_spec.lua", "spec/lua/prepare_spec.lua",
    "spec/lua/locale_spec.lua" },

  { file = "src/lua/prepare.c",
    text = [["host", "transfer-encoding", "x-auth-token", "x-sdk-date",]],
    put = [["host", "transfer-encoding", "x-sdk-date",]],
    why = "a header of the script takes the place of the token",
    spec = "spec/regress/06-mistakes_spec.lua",
    seen = true },

  { file = "src/lua/prepare.c",
    text = "const char *why = ges_url_header(h->value, h->valuelen);",
    put = "const char *why = NULL;",
    why = "a header value with CR LF adds a header",
    spec = "spec/lua/refused_spec.lua",
    seen = true },

  { file = "src/lua/prepare.c",
    text = ": !lua_isfunction(L, at) && h->number[o] == number_at(L, at);",
    put = ": !lua_isfunction(L, at);",
    why = "the second call uses the number of the first: max_response_bytes, verify",
    spec = "spec/lua/prepare_spec.lua",
    seen = true },

  { file = "src/lua/prepare.c",
    text = "same = h != NULL && own == base->last_own && rest == base->last_rest;",
    put = "same = h != NULL && own == base->last_own;",
    why = "a call uses the last call's head although other defaults apply",
    spec = "spec/lua/prepare_spec.lua",
    seen = true },

  { file = "src/lua/prepare.c",
    text = [[  if (iam.p != NULL)
    bad =]],
    put = [[  if (0)
    bad =]],
    why = "an iam_endpoint of plain http to another machine gets the password",
    spec = "spec/ges/client/refused_spec.lua",
    seen = true },

  { file = "src/lua/prepare.c",
    text = "if (!bad && name.p != NULL)",
    put = "if (0)",
    why = "the name of a project with CR LF is looked up",
    spec = "spec/lua/prepare_spec.lua",
    seen = true },

  { file = "src/lua/prepare.c",
    text = [[    if (rd->g.hidden & OPT(graph_id))
      rd->r->req.id[GES_GRAPH][0] = '\0';
]],
    put = "",
    why = "a call with graph_name lists the jobs of the client's graph",
    spec = "spec/lua/prepare_spec.lua",
    seen = true },

  { file = "src/lua/prepare.c",
    text = "return most > 0 && most < limit ? most : limit;",
    put = "return limit;",
    why = "an attempt of a call with a short timeout may last request_timeout",
    spec = "spec/lua/prepare_spec.lua",
    seen = true },

  { file = "src/lua/prepare.c",
    text = "used = lua_isnil(L, -1);",
    put = "used = !lua_isnil(L, -1);",
    why = "an id of the defaults is refused where each job has its own",
    spec = "spec/lua/prepare_spec.lua",
    seen = true },

  { file = "src/lua/pairs.c",
    text = "x == 0 ? 0.0 : x",
    put = "x",
    why = "a query has -0",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/lua/pairs.c",
    text = [[luaL_gsub(L, lua_tostring(L, -1), localeconv()->decimal_point, ".");]],
    put = "lua_pushstring(L, lua_tostring(L, -1));",
    why = "a query has a decimal comma in some locales",
    luas = "5.4",
    spec = "spec/lua/locale_spec.lua",
    seen = true },

  { file = "src/lua/pairs.c",
    text = [[    if (p->of[i].namelen == h->namelen
        && ges_same_nocase]],
    put = "    if (0 && ges_same_nocase",
    why = "a header is sent twice, in two spellings",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/pairs.c",
    text = [[(c == '\0' || strchr(marks, c) == NULL)]],
    put = "strchr(marks, c) == NULL",
    why = "a header name with a NUL is cut",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/lua/pairs.c",
    text = "if (p->n == p->max)",
    put = "if (p->n > p->max)",
    why = "one value too many is written behind the array",
    spec = "spec/lua/sign_spec.lua",
    seen = true },
}
