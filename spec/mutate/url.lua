-- Changes to the reader of endpoints, ids, paths and header values, and to the writer of URLs.

return {
  room = "url",
  specs = { "spec/engine/url_spec.lua", "spec/engine/authority_spec.lua", "spec/lua/sign_spec.lua",
    "spec/lua/request_spec.lua", "spec/lua/refused_spec.lua", "spec/lua/generic_spec.lua" },

  { file = "src/engine/url.c",
    text = [[    if (!is_unreserved(s[i]))
      return "may contain only A-Z a-z 0-9 . _ ~ -";]],
    put = [[    if (!is_unreserved(s[i]) && s[i] != '/')
      return "may contain only A-Z a-z 0-9 . _ ~ -";]],
    why = "an id with a slash asks for another path",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[(n == 1 && s[0] == '.') || (n == 2]],
    put = [[(n == 2]],
    why = "a dot as an id, or as a segment of a path, is sent",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[> 0x7E - 0x21;]],
    put = [[> 0x7F - 0x21;]],
    why = "a token with DEL is sent",
    spec = "spec/lua/refused_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[  for (; n >= BLOCK; s += BLOCK, n -= BLOCK)]],
    put = [[  for (; n > 2 * BLOCK; s += 2 * BLOCK, n -= 2 * BLOCK)]],
    why = "half of a long token is not looked at: a CR LF in it would be sent",
    spec = "spec/lua/refused_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[    if (ges_is_control(s[i]) && s[i] != '\t')
      return "contains a control character";
  return NULL;
}


/* The name]],
    put = [[    if (ges_is_control(s[i]) && s[i] != '\t' && s[i] != '\r')
      return "contains a control character";
  return NULL;
}


/* The name]],
    why = "a header value with CR is sent",
    spec = "spec/lua/refused_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[    start = i + 1;]],
    put = [[    start = i;]],
    why = "a path with .. in it is sent",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[strcmp(e->host, "[::1]") == 0]],
    put = [[strncmp(e->host, "[::", 3) == 0]],
    why = "secrets go over http to IPv6 addresses that are not this machine",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[(e->numeric && strncmp(e->host, "127.", 4) == 0)]],
    put = [[strncmp(e->host, "127.", 4) == 0]],
    why = "secrets go over http to a host named 127.example.com",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[    e->host[i] = ges_lower(s[i]);]],
    put = [[    e->host[i] = s[i];]],
    why = "what is signed as Host is not in the spelling that others compare",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[    n = strlen(e->host);
    e->numeric = 1;]],
    put = [[    e->numeric = 1;]],
    why = "the host 127.1 has bytes of another",
    spec = "spec/engine/authority_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[port == (e->https ? 443u : 80u) ? 0 : port]],
    put = [[port == 443u ? 0 : port]],
    why = "http with port 443 goes to port 80, and port 80 written out is signed",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[  while (end > s && end[-1] == '/')
    end--;]],
    put = [[  if (end > s && end[-1] == '/')
    end--;]],
    why = "an endpoint with two final slashes is refused",
    spec = "spec/engine/authority_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[      ges_put_hex(escape + 1, (unsigned char)s[i++], "0123456789ABCDEF");]],
    put = [[      ges_put_hex(escape + 1, (unsigned char)s[i++], "0123456789abcdef");]],
    why = "a signature over %2f, where the service computes it over %2F",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[(keep_slash && s[i] == '/')]],
    put = [[s[i] == '/']],
    why = "a slash in a query is not encoded: the signature is refused",
    spec = "spec/engine/url_spec.lua",
    seen = true },

  { file = "src/engine/url.c",
    text = [[         : slice_compare(a->value, a->valuelen, b->value, b->valuelen);]],
    put = [[         : slice_compare(b->value, b->valuelen, a->value, a->valuelen);]],
    why = "a parameter given twice is signed in the wrong order",
    spec = "spec/engine/url_spec.lua",
    seen = true },
}
