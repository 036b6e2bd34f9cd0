-- Changes to the certificate authorities of a request, and to files of certificates and keys.

return {
  room = "trust",
  specs = {
    "spec/faults/trust_spec.lua", "spec/lua/tls_spec.lua", "spec/faults/tls_spec.lua",
    "spec/lua/options_spec.lua", "spec/regress/08-message_spec.lua",
    "spec/lua/environment_spec.lua", "spec/lua/wiped_spec.lua", "spec/faults/tls_floor_spec.lua" },

  { file = "src/engine/ca_store.c",
    text = [[    s->path = ask(get, ud, s->path_by);
]],
    put = "",
    why = "SSL_CERT_DIR has no effect",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/ca_store.c",
    text = [[  if (s->file == NULL && s->path == NULL)
    ges_ca_variables]],
    put = [[  if (s->file == NULL)
    ges_ca_variables]],
    why = "ca_path gives way to the environment",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/ca_store.c",
    text = "set_long(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L)",
    put = "set_long(easy, CURLOPT_SSL_VERIFYHOST, 0L)",
    why = "the token goes to a server with a certificate for another name",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/ca_store.c",
    text = "set_long(easy, CURLOPT_PROXY_SSL_VERIFYPEER, verify)",
    put = "set_long(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 0L)",
    why = "the password goes to a proxy that no authority vouches for",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/ca_store.c",
    text = "return identify(&s) == t->identity;",
    put = "return t->identity != 0;",
    why = "a bundle that changed is not read again",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/ca_store.c",
    text = [[  hash = ges_pem_mark(hash, s->path);
]],
    put = "",
    why = "a connection outlives the authority that was taken out of its folder",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/ca_store.c",
    text = [[if (strlen(name) > NAME_MOST || strchr(name, ':') != NULL)]],
    put = "if (name != NULL)",
    why = "a connection outlives the authority that was taken away",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/ca_store.c",
    text = [[ | set_text(e, CURLOPT_PROXY_CAINFO, f)
]],
    put = [[

]],
    why = "ca_file does not count for a proxy over TLS",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/pem.c",
    text = "return add_time(add_time(hash, CHANGED(st)), MOVED(st));",
    put = "return add_time(hash, CHANGED(st));",
    why = "a file put in place with the times of the old one is not read",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/pem.c",
    text = "         || S_ISDIR(st.st_mode) ? name : NOTHING;",
    put = "         || S_ISDIR(st.st_mode) ? name : name;",
    why = "a pipe as client_key stops the whole process",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/pem.c",
    text = "O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY",
    put = "O_RDONLY | O_CLOEXEC | O_NOCTTY",
    why = "a pipe as ca_file stops the whole process",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/pem.c",
    text = [[  for (i = 0; same && i < n; i++)
    same = of[i].seen;]],
    put = [[  for (i = 0; same && i < n; i++)
    of[i].seen = 1;]],
    why = "a bundle with more authorities than its folder is read only once they are missed",
    seen = false,
    because = "the handshake that fails is made again with the bundle: it only costs time" },

  { file = "src/engine/pem.c",
    text = [[    if (c == NULL)
      return 0;]],
    put = [[    if (c == NULL)
      continue;]],
    why = "an authority that was taken out of the bundle is trusted",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/pem.c",
    text = [[strstr(b.data, "PRIVATE KEY-----") == NULL]],
    put = [[strstr(b.data, "BEGIN PRIVATE KEY-----") == NULL]],
    why = "a file with certificate and RSA key is refused",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/pem.c",
    text = [[           || strstr(b.data, "Proc-Type: 4,ENCRYPTED") != NULL)]],
    put = "           || 0)",
    why = "nothing says that a key needs a pass phrase",
    spec = "spec/faults/trust_spec.lua",
    seen = true },

  { file = "src/engine/pem.c",
    text = [[  int keyless;
  ges_buf_init(&b, FILE_BYTES, 1);]],
    put = [[  int keyless;
  ges_buf_init(&b, FILE_BYTES, 0);]],
    why = "the client's private key stays in memory",
    spec = "spec/lua/wiped_spec.lua",
    seen = true },
}
