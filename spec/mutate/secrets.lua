-- Changes to what counts as a secret, and to how it is kept out of answers and messages.

return {
  room = "secrets",
  specs = {
    "spec/lua/secrets_spec.lua", "spec/regress/02-escaped-secret_spec.lua",
    "spec/regress/03-echoed-header_spec.lua", "spec/lua/generic_spec.lua",
    "spec/regress/08-message_spec.lua", "spec/lua/corners_spec.lua",
    "spec/lua/environment_spec.lua", "spec/lua/request_spec.lua", "spec/lua/kinds_spec.lua",
    "spec/faults/tls_spec.lua", "spec/lua/wiped_spec.lua" },

  { file = "src/engine/secrets.c",
    text = [[    k->all.of[i].p = p;         /* the bytes have moved */
]],
    put = "",
    why = "secrets are looked for in memory that was given back",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/secrets.c",
    text = [["credential", "authorization", "cookie", "signature"]],
    put = [["credential", "authorization", "signature"]],
    why = "a cookie that the server echoes is shown",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/secrets.c",
    text = "return i < PASSWORDS ? 1 : WORD_MIN;",
    put = "return WORD_MIN;",
    why = "a password of seven letters is shown",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/secrets.c",
    text = [[strchr(" ;,=", s[i])]],
    put = [[strchr(";,=", s[i])]],
    why = "the part behind Bearer is shown",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/secrets.c",
    text = [[if (has_word(s->p, s->n, "=value")]],
    put = "if (0",
    why = "a password in an object with a value of its own is shown",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/secrets.c",
    text = [[    w->outer = least;
]],
    put = [[    w->outer = 0;
]],
    why = "the id of a token in a body is shown",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/secrets.c",
    text = [[return first == '{' || first == '[' ? add_json]],
    put = [[return first == '{' ? add_json]],
    why = "a password in a body that is a list is shown",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/secrets.c",
    text = "    rc = ges_keys_add(k, coded, ges_base64(coded, plain, n));",
    put = "    ;",
    why = "the proxy's password is shown as base64",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/secrets.c",
    text = [[  ges_wipe(plain, sizeof plain);
]],
    put = "",
    why = "the proxy's password stays on the stack",
    spec = "spec/lua/wiped_spec.lua",
    seen = true },

  { file = "src/engine/redact.c",
    text = "#define ECHO_MIN  12",
    put = "#define ECHO_MIN  24",
    why = "the first sixteen bytes of a token are shown",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/redact.c",
    text = [[  add_needle(x, s, '&', GES_LEAD_HTML);
]],
    put = "",
    why = "a token escaped as HTML is shown",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/redact.c",
    text = [[  if (first == '+')
    add_needle]],
    put = [[  if (first == '-')
    add_needle]],
    why = "a secret that begins with + is shown where it became a blank",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/redact.c",
    text = [[    used -= slashes_before(s + used, used + before) % 2;
]],
    put = "",
    why = "JSON from which a secret was taken cannot be read",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/redact.c",
    text = [[

           && !(message && ges_is_control(h->s[i])))]],
    put = ")",
    why = "an error message can move the cursor of a terminal",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/escape.c",
    text = [["+plus", ]],
    put = "",
    why = "a secret with + is shown where it was escaped as HTML",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/escape.c",
    text = [[  if (n > 0 && s[0] == 'u')
    return take(c]],
    put = [[  if (0)
    return take(c]],
    why = "a secret escaped as %u0041 is shown",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/escape.c",
    text = [[r->bytes[r->left++] = c == ' ' ? '+' : (unsigned char)c;]],
    put = "r->bytes[r->left++] = (unsigned char)c;",
    why = "a secret with + is shown where it became a blank",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/sanitize.c",
    text = "part < n ? part - SLACK : n",
    put = "part < n ? part : n",
    why = "of a secret at the end of a long text the first half is shown",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/engine/sanitize.c",
    text = [[      hide_runs(h, runs, 0);
]],
    put = [[      ;
]],
    why = "the middle of a secret with a backslash is shown",
    spec = "spec/regress/08-message_spec.lua",
    seen = true },

  { file = "src/engine/sanitize.c",
    text = "const size_t keep = GES_RUN - 1;",
    put = "const size_t keep = GES_RUN - 2;",
    why = "one of 256 pieces of a secret is shown",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },
}
