#!/bin/sh
# apicheck.sh [SPEC...]: the specs of the C core on a Lua 5.4 and a Lua 5.1 that
# check every use of their API (LUA_USE_APICHECK). They are built from Debian's
# sources (tools/source.sh). On plain Lua 5.1 some specs cannot hold, since they
# are written for LuaJIT and start it: there only the checks of the API count,
# which end the process. Both at a time: most of a spec is waiting.
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-gcc}
GES_BUILD=$PWD/build/apicheck
export GES_BUILD
busted=$(command -v busted) || exit 1
mkdir -p "$GES_BUILD" || exit 1
specs=$*
if [ -z "$specs" ]; then
  for spec in $(find spec -name '*_spec.lua' | sort); do
    case $spec in
      spec/lua/environment_*) ;;
      spec/lua/*|spec/engine/*|spec/regress/*|spec/ges/wait/*|\
      spec/ges/call/*|spec/ges/json_*) specs="$specs $spec" ;;
    esac
  done
fi

# build ABI: the interpreter.
build() {
  tarball=$(sh tools/source.sh "lua$1") || return 1
  rm -rf "$GES_BUILD/src-$1"
  mkdir -p "$GES_BUILD/src-$1" "$GES_BUILD/$1" &&
    tar -xf "$tarball" -C "$GES_BUILD/src-$1" --strip-components=1 || return 1
  files=$(find "$GES_BUILD/src-$1/src" -name '*.c' ! -name 'luac.c' \
    ! -name 'print.c' ! -name 'ltests.c')
  # shellcheck disable=SC2086
  $CC -O1 -g -w -DLUA_USE_APICHECK -DLUA_USE_LINUX -DLUA_COMPAT_5_3 \
    -o "$GES_BUILD/$1/lua" $files -Wl,-E -lm -ldl -lreadline 2>/dev/null ||
  $CC -O1 -g -w -DLUA_USE_APICHECK -DLUA_USE_POSIX -DLUA_USE_DLOPEN \
    -DLUA_COMPAT_5_3 -o "$GES_BUILD/$1/lua" $files -Wl,-E -lm -ldl
}

# one ABI LUA: LUA is the installed one, whose folders of modules are used.
one() {
  make -s CC="$CC" LUA="$2" OUT="build/apicheck/$1" \
    CFLAGS="-O1 -g -DLUA_USE_APICHECK" support || return 1
  paths=$(sh tools/with.sh "$1" "$2" -e \
    'io.write("LUA_PATH=", package.path, " LUA_CPATH=", package.cpath)')
  # shellcheck disable=SC2086
  env $paths "$GES_BUILD/$1/lua" "$busted" -o plainTerminal -p _spec $specs \
    >"$GES_BUILD/$1.log" 2>&1
  rc=$?
  grep -E '^[0-9]+ success' "$GES_BUILD/$1.log"
  if [ "$1" = 5.1 ] && grep -qE '^[0-9]+ success' "$GES_BUILD/$1.log" &&
    ! grep -q 'Assertion' "$GES_BUILD/$1.log"; then
    rc=0
  fi
  [ $rc = 0 ] || tail -n 60 "$GES_BUILD/$1.log"
  return $rc
}

bad=0
for lua in 5.4 5.1; do
  build $lua || exit 1
done
trap 'trap "" TERM; kill 0; exit 130' INT
one 5.1 lua5.1 >"$GES_BUILD/5.1.out" 2>&1 & other=$!
echo "== specs on a Lua 5.4 that checks its API"
one 5.4 lua5.4 || bad=1
wait $other || bad=1
echo "== specs on a Lua 5.1 that checks its API"
cat "$GES_BUILD/5.1.out"
[ $bad = 0 ] || { echo "apicheck: failed"; exit 1; }
echo "apicheck: clean"
