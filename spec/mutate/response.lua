-- Changes to what is read from the headers of a response.

return {
  room = "response",
  specs = {
    "spec/lua/info_spec.lua", "spec/lua/engine_spec.lua", "spec/lua/kinds_spec.lua",
    "spec/regress/03-echoed-header_spec.lua", "spec/lua/generic_spec.lua",
    "spec/lua/page_spec.lua", "spec/regress/08-message_spec.lua", "spec/lua/corners_spec.lua",
    "spec/regress/14-said-wrongly_spec.lua", "spec/ges/advice_spec.lua",
    "spec/lua/secrets_spec.lua", "spec/lua/interim_spec.lua", "spec/lua/locale_spec.lua",
    "spec/ges/wait/attempts_spec.lua", "spec/lua/fields_spec.lua", "spec/lua/flawed_spec.lua" },

  { file = "src/engine/response.c",
    text = [[    if (value > longest)
      longest = value;]],
    put = [[    if (longest < 0)
      longest = value;]],
    why = "of two waits that a proxy joined, the shorter may count",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = "if (seconds > r->retry_after)",
    put = "if (seconds >= 0)",
    why = "of two Retry-After the last counts",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = "if (ges_has_secret(value.p, value.n, secrets))",
    put = "if (value.n > 256 && ges_has_secret(value.p, value.n, secrets))",
    why = "a token that comes back as id of the request is shown",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = "if (value.n >= size)",
    put = "if (value.n > size)",
    why = "a NUL is written behind a field",
    spec = "spec/lua/fields_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = [[    if (*p == '@')
      host.p = p + 1;]],
    put = [[    if (*p == '@')
      break;]],
    why = "user and password of a Location are shown",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = [["gzip", "x-gzip", "deflate", "br",]],
    put = [["gzip", "x-gzip", "deflate",]],
    why = "an answer coded with br is said not to be JSON",
    spec = "spec/lua/flawed_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = [[(IS("x-iam-trace-id") || IS("traceid"))]],
    put = [[IS("traceid")]],
    why = "a failed login has no id for IAM's support",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = [[|| (r->request_id[0] == '\0'
                   && (IS]],
    put = "|| ((IS",
    why = "the id of a trace takes the place of that of the request",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = "(clock >= 0 ? clock : wall)",
    put = "wall",
    why = "with a wrong local clock a Retry-After is too long or in the past",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },

  { file = "src/engine/response.c",
    text = [[return *s == '\0' || *s == ',' ? value : -1;]],
    put = "return value;",
    why = "a Retry-After of 2 days is one of two seconds",
    spec = "spec/lua/kinds_spec.lua",
    seen = true },
}
