#!/bin/sh
# torture.sh [SCENARIOS.lua...]: fails every allocation in turn, under ASan,
# LSan and UBSan, for Lua 5.4 and Lua 5.1 (see spec/support/torture.c).
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-gcc}

# A scenario that hangs must not hang the caller.
LIMIT=${TORTURE_LIMIT:-170}

# build ABI: the program, with allocations of src/ renamed. -D comes before
# stdlib.h, which so declares the torture_* functions with malloc's types.
build() {
  out=build/torture/$1
  flags="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined
    -fno-sanitize-recover=undefined
    $(pkg-config --cflags "lua$1" libcurl libcrypto)"
  mkdir -p "$out" || return 1
  for file in src/*/*.c; do
    # shellcheck disable=SC2086
    $CC -std=c11 $flags -Dmalloc=torture_malloc -Dcalloc=torture_calloc \
      -Drealloc=torture_realloc -c "$file" -o "$out/$(echo "${file%.c}" | tr / _).o" ||
      return 1
  done
  # shellcheck disable=SC2086,SC2046
  $CC -std=gnu11 $flags -Wall -Wextra -o "$out/torture" spec/support/torture.c \
    spec/support/wire.c "$out"/*.o \
    $(pkg-config --libs "lua$1" libcurl libcrypto) -lpthread -lm
}

files=$*
if [ -z "$files" ]; then
  for file in spec/support/torture_*.lua; do
    [ "$file" = spec/support/torture_kit.lua ] || files="$files $file"
  done
fi
for abi in 5.4 5.1; do
  pkg-config --exists "lua$abi" || {
    echo "torture needs Lua $abi's library and headers (lua$abi)" >&2
    exit 1
  }
  echo "== torture on Lua $abi"
  build $abi || exit 1
  # shellcheck disable=SC2086
  sh tools/with.sh $abi timeout "$LIMIT" "build/torture/$abi/torture" $files
  rc=$?
  [ $rc != 124 ] || echo "torture: not done after $LIMIT s" >&2
  [ $rc = 0 ] || exit $rc
done
