rockspec_format = "3.0"
package = "ges"
version = "scm-1"
source = {
  url = "git+https://example.org/ges.git",
}
description = {
  summary = "Job status of Huawei Cloud's Graph Engine Service, for scripts",
  detailed = "Asks for a job's status, waits until it is done, and lists jobs. In"
    .. " nginx, and in coroutines of Neovim, its calls yield.",
  homepage = "https://example.org/ges",
  issues_url = "https://example.org/ges/issues",
  license = "MIT",
  labels = { "huawei-cloud", "graph", "http", "async", "openresty", "neovim" },
}
dependencies = {
  "lua >= 5.1",
  "lua-cjson",
  "argparse",
}
-- By library: LuaRocks does not look into multiarch include folders for a header.
external_dependencies = {
  CURL = { library = "curl" },
  CRYPTO = { library = "crypto" },
}
build = {
  type = "make",
  install_target = "install-modules install-command",
  variables = {
    CFLAGS = "$(CFLAGS)",
    CPPFLAGS = "-I'$(CURL_INCDIR)' -I'$(CRYPTO_INCDIR)'",
    LDFLAGS = "-L'$(CURL_LIBDIR)' -L'$(CRYPTO_LIBDIR)'",
    LUA = "$(LUA)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    INST_LIBDIR = "$(LIBDIR)",
    INST_LUADIR = "$(LUADIR)",
    INST_BINDIR = "$(BINDIR)",
  },
}
