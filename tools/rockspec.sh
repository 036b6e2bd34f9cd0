#!/bin/sh
# rockspec.sh [VERSION SOURCE]: prints the rockspec of a clone (scm-1, kept as
# ges-scm-1.rockspec, which lint compares), or of a release, whose source is
# given as lines of a Lua table. $HOMEPAGE: where the project is published.
# LuaRocks builds with the Makefile, too: the flags of core.so, and what is
# installed, have one owner. Called by `make rockspec` and tools/dist.sh.
home=${HOMEPAGE:?where the project is published}
version=${1:-scm}
source=${2:-url = \"git+$home.git\"}
cat <<END
rockspec_format = "3.0"
package = "ges"
version = "$version-1"
source = {
  $source,
}
description = {
  summary = "Job status of Huawei Cloud's Graph Engine Service, for scripts",
  detailed = "Asks for a job's status, waits until it is done, and lists jobs. In"
    .. " nginx, and in coroutines of Neovim, its calls yield.",
  homepage = "$home",
  issues_url = "$home/issues",
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
    CFLAGS = "\$(CFLAGS)",
    CPPFLAGS = "-I'\$(CURL_INCDIR)' -I'\$(CRYPTO_INCDIR)'",
    LDFLAGS = "-L'\$(CURL_LIBDIR)' -L'\$(CRYPTO_LIBDIR)'",
    LUA = "\$(LUA)",
    LUA_INCDIR = "\$(LUA_INCDIR)",
    INST_LIBDIR = "\$(LIBDIR)",
    INST_LUADIR = "\$(LUADIR)",
    INST_BINDIR = "\$(BINDIR)",
  },
}
END
