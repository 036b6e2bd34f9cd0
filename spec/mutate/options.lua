-- Changes to the closed list of options, and to how a table of them is checked.

return {
  room = "options",
  specs = {
    "spec/lua/options_spec.lua", "spec/lua/rows_spec.lua", "spec/lua/refused_spec.lua",
    "spec/lua/bind_spec.lua", "spec/ges/init_spec.lua", "spec/regress/06-mistakes_spec.lua",
    "spec/ges/client_spec.lua", "spec/lua/request_spec.lua", "spec/ges/call/list_spec.lua",
    "spec/ges/call/call_spec.lua", "spec/ges/wait/running_spec.lua",
    "spec/ges/wait/wait_all_spec.lua", "spec/ges/client/refused_spec.lua",
    "spec/engine/between_calls_spec.lua" },

  { file = "src/lua/options.c",
    text = [[if (n >= r->least && n <= r->most
]],
    put = [[if (n >= r->least
]],
    why = "a number that is too large is taken",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = "(!(r->types & T_INT) || n == floor(n))",
    put = "n == n",
    why = "two and a half retries are taken",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = "return good && count == gesL_rawlen(L, list);",
    put = "return good;",
    why = "a list with holes is taken, and read to the hole",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = [[      g->asks = 1;
]],
    put = [[      g->asks = 0;
]],
    why = "a function for the token is not called",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = "g->hidden = (g->own & CREDENTIALS ? CREDENTIALS : 0)",
    put = "g->hidden = (g->own & OPT(token) ? CREDENTIALS : 0)",
    why = "keys of a call are used together with the client's token",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = "    place &= ~OPT(cloud);       /*",
    put = "    place |= OPT(cloud);       /*",
    why = "a region in a call drops the client's cloud",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = "| (g->own & PACE ? PACE : 0);",
    put = "| 0;",
    why = "the client's interval stays beside the call's schedule",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = [[  if ((own & KEYS) && !(own & OPT(sk)))
    MISTAKE]],
    put = [[  if (0)
    MISTAKE]],
    why = "an ak without its sk is taken",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = "if ((own & OPT(endpoint)) && (own & (OPT(region) | OPT(cloud))))",
    put = "if ((own & OPT(endpoint)) && (own & OPT(cloud)))",
    why = "endpoint and region together are taken",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = [[  if (g->own & OPT(job_id))
    MISTAKE]],
    put = [[  if (0)
    MISTAKE]],
    why = "a job_id beside jobs = \"running\" is ignored",
    spec = "spec/ges/wait/running_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = "&& (all & (OPT(token) | OPT(ak))) && !g->asks;",
    put = "&& (all & (OPT(token) | OPT(ak)));",
    why = "a function for the token is not called if all else is given",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = [[return g->hidden == 0
]],
    put = [[return 1
]],
    why = "a call's credentials do not replace the client's",
    spec = "spec/lua/options_spec.lua",
    seen = true },

  { file = "src/lua/options.c",
    text = [[  if (seen != n)
    MISTAKE]],
    put = [[  if (seen < n)
    MISTAKE]],
    why = "entries of jobs with names instead of numbers are ignored",
    spec = "spec/ges/client_spec.lua",
    seen = true },

  { file = "src/lua/rows.c",
    text = "(r->types & T_SEC) == T_SEC",
    put = "(r->types & T_NUM) != 0",
    why = "the command and the reference say seconds of max_rate",
    spec = "spec/lua/rows_spec.lua",
    seen = true },

  { file = "src/engine/options.c",
    text = "if (len == n && memcmp(word, s, n) == 0)",
    put = "if (len >= n && memcmp(word, s, n) == 0)",
    why = "the beginning of a word is taken for it",
    spec = "spec/lua/rows_spec.lua",
    seen = true },
}
