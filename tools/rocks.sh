#!/bin/sh
# rocks.sh: installs ges as a rock, from a server of rocks on loopback that has
# this tree as a release and the rocks it depends on, for Lua 5.4, Lua 5.1 and
# LuaJIT; waits for a job of the simulator with the command that LuaRocks made,
# while the system's own Lua modules are hidden (as root); removes it. Then the
# other ways: from the source rock, the clone, and the clone's address. No other
# server is asked.
cd "$(dirname "$0")/.." || exit 1
for tool in luarocks luarocks-admin zip git nginx unshare; do
  PATH=$PATH:/usr/sbin command -v $tool >/dev/null || {
    echo "rocks: no $tool" >&2
    exit 1
  }
done
# shellcheck source=tools/simulated.sh
. tools/simulated.sh
# shellcheck source=tools/rocks_server.sh
. tools/rocks_server.sh
tmp=$(umask 077; mktemp -d) || exit 1

finish() {
  rc=$?
  trap - EXIT
  end_rocks
  end_simulation
  rm -rf "$tmp"
  exit $rc
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
  cat "$tmp/log"
  echo "rocks: failed: $1"
  exit 1
}

# quietly WHAT COMMAND...: a step; its words only if it fails.
quietly() {
  what=$1
  shift
  "$@" >"$tmp/log" 2>&1 </dev/null || fail "$what"
}

# config NAME LINE: the configuration of a tree of its own, and its one server.
config() {
  mkdir -p "$tmp/$1"
  cat >"$tmp/$1.lua" <<END
rocks_servers = { "$rocks_url" }
rocks_trees = { { name = "user", root = "$tmp/$1" } }
home_tree = "$tmp/$1"
local_cache = "$tmp/cache-$1"
$2
END
}

# rocks NAME VERSION WORDS...: luarocks with that configuration.
rocks() {
  LUAROCKS_CONFIG=$tmp/$1.lua
  export LUAROCKS_CONFIG
  version=$2
  shift 2
  luarocks --lua-version="$version" "$@"
}

# Without the modules that the system has: what runs has to bring its own.
# shellcheck disable=SC2016
hidden() {
  [ "$(id -u)" = 0 ] || { "$@"; return; }
  unshare -m sh -c 'for place in /usr/share/lua /usr/local/share/lua \
      /usr/lib/lua /usr/local/lib/lua /usr/lib/*/lua; do
      [ ! -d "$place" ] || mount -t tmpfs none "$place" || exit 1
    done; exec "$@"' - env -u LUA_PATH -u LUA_CPATH -u LUA_INIT "$@"
}

# waits TREE: the command that LuaRocks made tells a job's end.
waits() {
  (
    cd / || exit 1
    hidden "$1/bin/ges" --version >"$tmp/version" 2>&1 &&
      GES_TOKEN=$token hidden "$1/bin/ges" wait --endpoint "$url" \
        --project "$project" --graph "$graph" --interval 0.2 "$job" 2>&1
  ) >"$tmp/waited" || { cat "$tmp/version" "$tmp/waited"; return 1; }
  grep -q 'success' "$tmp/waited"
}

# Only what Lua looks for is a symbol of the module.
exports_one() {
  names=$(nm -D --defined-only "$1" | sed 's/.* //')
  [ "$names" = luaopen_ges_core ] || { echo "$1 exports: $names"; return 1; }
}

gone() {
  left=$(find "$1" -path '*/ges/*' -o -name ges -type f)
  [ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# with NAME VERSION WORDS...: `luarocks WORDS`, then the command, then removed.
with() {
  name=$1 version=$2
  shift 2
  quietly "$name: luarocks $*" rocks "$name" "$version" "$@"
  quietly "$name: what core.so exports" \
    exports_one "$tmp/$name/lib/lua/$version/ges/core.so"
  quietly "$name: ges wait" waits "$tmp/$name"
  quietly "$name: luarocks remove" rocks "$name" "$version" remove ges
  quietly "$name: luarocks remove" gone "$tmp/$name"
  echo "rocks: $name: luarocks $*: $(cat "$tmp/version")"
}

quietly "the rocks" make_rocks "$tmp"
quietly "the module for the simulator" make -s LUA=luajit all
serve_rocks "$tmp" || exit 1
simulate "$tmp" && order 0 || exit 1
config lua5.4 ''
config lua5.1 ''
config luajit "lua_interpreter = 'luajit'
variables = { LUA_INCDIR = '$(pkg-config --variable=includedir luajit)',
  LUA = '$(command -v luajit)' }"

with lua5.4 5.4 install ges
with lua5.1 5.1 install ges
with luajit 5.1 install ges
with lua5.4 5.4 install "$(echo "$tmp"/rocks/ges-[0-9]*.src.rock)"

# From a clone: where it lies, and from its address, which git is told to be
# the copy's.
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=url.file://$tmp/tree.insteadOf
GIT_CONFIG_VALUE_0=$(sed -n 's/.*url = "git+\(.*\)",/\1/p' ges-scm-1.rockspec)
export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
cd "$tmp/tree" || exit 1
with lua5.4 5.4 make
with lua5.4 5.4 install ges-scm-1.rockspec
with lua5.4 5.4 build ges-scm-1.rockspec
# As doc/neovim.md has it, for a user.
by_user() {
  sed 's/^rocks_trees.*//; s/^home_tree.*//' "$tmp/lua5.1.lua" >"$tmp/user.lua"
  HOME=$tmp/home LUAROCKS_CONFIG=$tmp/user.lua \
    sh -e -c "$(sh tools/block.sh doc/neovim.md 'With LuaRocks')" &&
    [ -f "$tmp/home/.luarocks/lib/lua/5.1/ges/core.so" ]
}
quietly "doc/neovim.md: luarocks --local make" by_user
quietly "luarocks pack" rocks lua5.4 5.4 pack ges-scm-1.rockspec
[ -f ges-scm-1.src.rock ] || fail "no ges-scm-1.src.rock"
echo "rocks: installed, run and removed for Lua 5.4, Lua 5.1 and LuaJIT"
