-- Changes to which proxy a request has, and how it is named.

return {
  room = "proxy",
  specs = {
    "spec/lua/environment_spec.lua", "spec/lua/options_spec.lua",
    "spec/regress/08-message_spec.lua", "spec/lua/kinds_spec.lua",
    "spec/regress/14-said-wrongly_spec.lua", "spec/lua/secrets_spec.lua",
    "spec/faults/tls_spec.lua", "spec/lua/faults_spec.lua", "spec/engine/between_calls_spec.lua",
    "spec/lua/wiped_spec.lua", "spec/faults/network_spec.lua", "spec/lua/proxy_spec.lua" },

  { file = "src/engine/proxy.c",
    text = [["https_proxy", "HTTPS_PROXY",
                                          "all_proxy"]],
    put = [["HTTPS_PROXY", "HTTPS_PROXY",
                                          "all_proxy"]],
    why = "what failed at the proxy of https_proxy is said of the server",
    spec = "spec/lua/proxy_spec.lua",
    seen = true },

  { file = "src/engine/proxy.c",
    text = [["http_proxy", "all_proxy",
                                         "ALL_PROXY"]],
    put = [["http_proxy", "HTTP_PROXY",
                                         "ALL_PROXY"]],
    why = "HTTP_PROXY, which libcurl does not read, counts as a proxy",
    spec = "spec/lua/environment_spec.lua",
    seen = true },

  { file = "src/engine/proxy.c",
    text = [[return given != NULL ? given[0] != '\0' : first_of(names, 2) != NULL;]],
    put = "return given != NULL ? 1 : first_of(names, 2) != NULL;",
    why = "an empty no_proxy excepts",
    spec = "spec/lua/proxy_spec.lua",
    seen = true },

  { file = "src/engine/proxy.c",
    text = [["socks5", "socks5h", "socks" };]],
    put = [["socks5", "socks" };]],
    why = "socks5h is said to be no scheme",
    spec = "spec/lua/proxy_spec.lua",
    seen = true },

  { file = "src/engine/proxy.c",
    text = "? 443 : 1080;",
    put = "? 443 : 8080;",
    why = "a proxy without a port is named with another one",
    spec = "spec/lua/proxy_spec.lua",
    seen = true },

  { file = "src/engine/proxy.c",
    text = [[(s = getenv(*names)) != NULL && s[0] != '\0')]],
    put = "(s = getenv(*names)) != NULL)",
    why = "an empty variable hides the proxy that libcurl uses",
    spec = "spec/lua/environment_spec.lua",
    seen = true },

  { file = "src/engine/proxy.c",
    text = [[return name != NULL ? name : "proxy";]],
    put = [[return "proxy";]],
    why = "a message does not say which variable names the proxy",
    spec = "spec/lua/proxy_spec.lua",
    seen = true },
}
