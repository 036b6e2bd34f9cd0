-- Changes to the signature of a request, and to core.sign.

return {
  room = "sign",
  specs = {
    "spec/lua/sign_spec.lua", "spec/engine/url_spec.lua", "spec/lua/secrets_spec.lua",
    "spec/engine/authority_spec.lua", "spec/regress/02-escaped-secret_spec.lua",
    "spec/lua/request_spec.lua", "spec/lua/wiped_spec.lua", "spec/engine/signed_spec.lua" },

  { file = "src/engine/sign.c",
    text = "int differ = (unsigned char)ges_lower(a->name[i])",
    put = "int differ = (unsigned char)a->name[i]",
    why = "headers with capitals are signed in the wrong order",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/engine/sign.c",
    text = [[if (memchr(h->name, '_', h->namelen) == NULL)]],
    put = "if (h->namelen > 0)",
    why = "a header that gateways drop is signed",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/engine/sign.c",
    text = [[  ges_trim(&value, &valuelen);
]],
    put = "",
    why = "blanks around a value are signed, which HTTP drops",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/engine/sign.c",
    text = [[  qsort(all->of, all->n, sizeof *all->of, header_compare);
]],
    put = "",
    why = "headers are signed in the order of the table",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/engine/sign.c",
    text = [[  ges_wipe(md, n);
]],
    put = "",
    why = "the signature stays on the stack",
    spec = "spec/lua/wiped_spec.lua",
    seen = true },

  { file = "src/engine/sign.c",
    text = [[ges_pair_named(h, "x-sdk-content-sha256")]],
    put = [[ges_pair_named(h, "x-sdk-content-sha-256")]],
    why = "an UNSIGNED-PAYLOAD is not understood",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/engine/sign.c",
    text = [[if (in->pathlen == 0 || in->path[in->pathlen - 1] != '/')]],
    put = "if (in->pathlen > 0)",
    why = "a path that ends with a slash is signed with two",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/engine/sign.c",
    text = [[  for (i = 0; i < h->namelen; i++)
    b->data[b->len++] = ges_lower(h->name[i]);]],
    put = [[  for (i = 0; i < h->namelen; i++)
    b->data[b->len++] = h->name[i];]],
    why = "names of headers are signed with capitals",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/engine/sign.c",
    text = "&& strspn(s + 9, digits) == 6 &&",
    put = " &&",
    why = "a date that is none is signed",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/lua/sign.c",
    text = [[if (ges_pair_named(h, "x-sdk-date"))]],
    put = "if (0)",
    why = "a date of the script is sent, and another one signed",
    spec = "spec/lua/sign_spec.lua",
    seen = true },

  { file = "src/lua/sign.c",
    text = [[if (ges_pair_named(h, "host"))]],
    put = "if (0)",
    why = "a Host of the script is signed twice",
    spec = "spec/lua/sign_spec.lua",
    seen = true },
}
