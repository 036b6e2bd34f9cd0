#!/bin/sh
# rocks_server.sh DIR: fills DIR with what a server of rocks has: this tree as a
# release (make dist), and the rocks it depends on, from Debian's sources, with
# a manifest. The tree is taken as it lies, in a copy below DIR. Called by
# tools/rocks.sh and tools/fresh.sh, which serve DIR/rocks.
cd "$(dirname "$0")/.." || exit 1
dir=${1:?a folder} rocks=$1/rocks
for tool in luarocks-admin zip git; do
  command -v $tool >/dev/null || { echo "rocks: no $tool" >&2; exit 1; }
done
mkdir -p "$rocks" || exit 1

# The tree as a release, of a commit that only the copy has.
release() {
  git clone -q . "$dir/tree" || return 1
  git ls-files -co --exclude-standard | while IFS= read -r file; do
    [ ! -e "$file" ] || printf '%s\n' "$file"
  done | tar -c -f - -T - | tar -x -f - -C "$dir/tree"
  (
    cd "$dir/tree" || exit 1
    git ls-files -d | xargs -r git rm -q --
    git add -A && git -c user.name=ges -c user.email=ges@localhost commit -q \
      --allow-empty -m "as it lies" && make -s dist >/dev/null
  ) || return 1
  cp "$dir"/tree/build/dist/*.rock* "$rocks"
}

# unpack SOURCE FOLDER
unpack() {
  tarball=$(sh tools/source.sh "$1") || return 1
  mkdir -p "$dir/$2" &&
    tar -xf "$tarball" -C "$dir/$2" --strip-components=1
}

# dependency NAME VERSION EDIT: the source rock of what was unpacked in
# NAME-VERSION, which has a rockspec; EDIT is a sed expression for that.
dependency() {
  rock=$1-$2
  sed -e 's/^version = .*/version = "'"$2"'-1"/' \
    -e 's|url = "[^"]*"|url = "http://127.0.0.1/'"$rock"'.tar.gz"|' -e "$3" \
    "$dir/$rock"/*.rockspec >"$rocks/$rock-1.rockspec" &&
    tar -czf "$rocks/$rock.tar.gz" -C "$dir" "$rock" &&
    (cd "$rocks" &&
      zip -qX "$rock-1.src.rock" "$rock-1.rockspec" "$rock.tar.gz" &&
      rm "$rock.tar.gz")
}

release && unpack lua-cjson lua-cjson-2.1.0 &&
  unpack lua-argparse argparse-0.7.1 || exit 1
# This lua-cjson is older than Lua 5.4, of which it takes the names of 5.3, and
# than LuaJIT's own luaL_setfuncs.
sed -i 's/^#include <lauxlib.h>/&\
#if LUA_VERSION_NUM < 502\
#define luaL_setfuncs cjson_setfuncs\
#endif/' "$dir/lua-cjson-2.1.0/lua_cjson.c"
dependency lua-cjson 2.1.0 's/defines = {/&"LUA_COMPAT_5_3",/' &&
  dependency argparse 0.7.1 '' || exit 1
luarocks-admin make_manifest "$rocks" >"$dir/manifest.log" 2>&1 || {
  cat "$dir/manifest.log" >&2
  exit 1
}
