-- Changes to growing bytes, and to classes of characters.

return {
  room = "buffer",
  specs = {
    "spec/lua/secrets_spec.lua", "spec/lua/corners_spec.lua", "spec/lua/kinds_spec.lua",
    "spec/lua/sign_spec.lua", "spec/lua/generic_spec.lua", "spec/lua/job_spec.lua",
    "spec/regress/08-message_spec.lua", "spec/lua/flawed_spec.lua", "spec/lua/engine_spec.lua",
    "spec/lua/refused_spec.lua", "spec/engine/url_spec.lua", "spec/lua/json_spec.lua",
    "spec/faults/process_spec.lua", "spec/lua/wiped_spec.lua", "spec/lua/faults_spec.lua" },

  { file = "src/engine/buf.c",
    text = "    ges_wipe(b->data, b->len);  /* every shortening has wiped the rest */",
    put = "    ;",
    why = "a token stays in memory that is given back",
    spec = "spec/lua/wiped_spec.lua",
    seen = true },

  { file = "src/engine/buf.c",
    text = [[  if (b->secret)
    ges_wipe(b->data, b->len);
  b->len = 0;
  b->failed = 0;]],
    put = [[  b->len = 0;
  b->failed = 0;]],
    why = "what was secret in a request stays for the next one",
    spec = "spec/lua/wiped_spec.lua",
    seen = true },

  { file = "src/engine/buf.c",
    text = [[    ges_wipe(b->data, b->len);
    free(b->data);]],
    put = "    free(b->data);",
    why = "a secret that grows leaves its beginning in memory",
    spec = "spec/lua/wiped_spec.lua",
    seen = true },

  { file = "src/engine/buf.c",
    text = "if (n > b->max - b->len)",
    put = "if (n >= b->max - b->len)",
    why = "an answer of max_response_bytes, and no byte more, is refused",
    spec = "spec/lua/faults_spec.lua",
    seen = true },

  { file = "src/engine/buf.c",
    text = [[  b->len = 0;
]],
    put = "",
    why = "an answer stands behind the one before it",
    spec = "spec/lua/generic_spec.lua",
    seen = true },

  { file = "src/engine/text.h",
    text = "return n - i < size ? i : n;",
    put = "return n;",
    why = "a message ends with half a character",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/text.h",
    text = [[(**s == ' ' || **s == '\t'); --*n)]],
    put = [[**s == ' '; --*n)]],
    why = "a tab before a value is a part of it",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/engine/text.h",
    text = "|| c == 0x7F;",
    put = "|| c == 0x80;",
    why = "a DEL is sent, and shown",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/text.h",
    text = "if (digit < 0 || digit >= base)",
    put = "if (digit < 0)",
    why = "a numeric character of a page has letters",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },
}
