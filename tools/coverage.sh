#!/bin/sh
# coverage.sh [SPEC...]: how much of src/ the specs reach, on both ABIs and with
# every allocation failing in turn (spec/support/torture.c), counted by gcov in
# a copy of the tree, so that programs the specs start are counted too. Prints
# lines and branches for each file, and what nothing reached. Fails under
# COVER_LINES (95) or COVER_BRANCHES (90) percent, or when a spec fails. Both
# ABIs at a time: most of a spec is waiting.
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-gcc}
GCOV=${GCOV:-gcov}
busted=$(command -v busted) || exit 1
command -v "$GCOV" >/dev/null || { echo "coverage: no $GCOV" >&2; exit 1; }
flags="-O0 -g --coverage"
bad=0 all=''
# Not those of installing: they look at a module without what counts here. Nor
# those of the papers, the tools and the worlds, which reach nothing new.
if [ $# = 0 ]; then
  all=all
  # shellcheck disable=SC2046
  set -- $(find spec -mindepth 1 -maxdepth 1 -type d ! -name install \
    ! -name papers ! -name tools ! -name world | sort)
fi
rm -rf build/cover
mkdir -p build/cover/tree || exit 1
tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C build/cover/tree
cd build/cover/tree || exit 1
unset GES_BUILD

# one ABI LUA [SPEC...]: runs the specs.
one() {
  abi=$1 lua=$2
  shift 2
  sh tools/with.sh "$abi" "$lua" "$busted" -o plainTerminal -p _spec \
    "$@" >"build/$abi.log" 2>&1 || {
    tail -n 60 "build/$abi.log"
    return 1
  }
  grep -E '^[0-9]+ success' "build/$abi.log"
}

# The same sources with failing allocations; gcov keeps them apart by folder.
torture() {
  out=build/torture
  mkdir -p $out || return 1
  cflags="$flags -fsanitize=address $(pkg-config --cflags lua5.4 libcurl libcrypto)"
  for file in src/*/*.c; do
    # shellcheck disable=SC2086
    $CC -std=c11 $cflags -Dmalloc=torture_malloc -Dcalloc=torture_calloc \
      -Drealloc=torture_realloc -c "$file" -o "$out/$(echo "${file%.c}" | tr / _).o" ||
      return 1
  done
  # shellcheck disable=SC2086,SC2046
  $CC -std=gnu11 $cflags -o $out/torture spec/support/torture.c \
    spec/support/wire.c $out/*.o \
    $(pkg-config --libs lua5.4 libcurl libcrypto) -lpthread -lm || return 1
  files=
  for file in spec/support/torture_*.lua; do
    [ "$file" = spec/support/torture_kit.lua ] || files="$files $file"
  done
  # shellcheck disable=SC2086
  sh tools/with.sh 5.4 timeout 600 $out/torture $files >$out/log 2>&1 || {
    tail -n 30 $out/log
    return 1
  }
}

for lua in lua5.4 luajit; do
  make -s CC="$CC" LUA=$lua CFLAGS="$flags" LDFLAGS=--coverage support || exit 1
done
trap 'trap "" TERM; kill 0; exit 130' INT
one 5.1 luajit "$@" >build/luajit.log 2>&1 & other=$!
echo "== specs on lua5.4, counted"
one 5.4 lua5.4 "$@" || bad=1
wait $other || bad=1
echo "== specs on luajit, counted"
cat build/luajit.log
if [ -n "$all" ]; then
  echo "== torture, counted"
  torture || bad=1
fi
for data in $(find build -name '*.gcda' | sort); do
  "$GCOV" -b --json-format --stdout "$data" 2>/dev/null
done | lua5.4 tools/coverage.lua "${COVER_LINES:-95}" "${COVER_BRANCHES:-90}" ||
  bad=1
exit $bad
