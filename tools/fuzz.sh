#!/bin/sh
# fuzz.sh [TARGET...]: the fuzzers of spec/fuzz, under ASan and UBSan, two at a
# time, FUZZ_SECONDS each (60), from FUZZ_SEED (0: another each time). What they
# learned stays in build/fuzz/corpus for the next run; an input that breaks a
# property, or that costs more work than its size allows, ends in
# build/fuzz/found.
cd "$(dirname "$0")/.." || exit 1
CC=${FUZZ_CC:-clang}
seconds=${FUZZ_SECONDS:-60}
out=build/fuzz
if ! command -v "$CC" >/dev/null ||
  ! pkg-config --exists lua5.4 libcurl libcrypto; then
  echo "fuzz needs clang with its runtime (libclang-rt-dev), and Lua 5.4's," \
    "libcurl's and OpenSSL's headers" >&2
  exit 1
fi
targets=$*
[ -n "$targets" ] || targets="job error url reply endpoint sign"

# build: every target is linked with all of src/ and what the fuzzers share.
# The work that src/ does is counted, and bounded by each target.
build() {
  mkdir -p $out/obj $out/found || return 1
  counted="-fno-builtin -fsanitize-coverage=trace-pc
    -include spec/support/work.h"
  flags="-g -O1 -fno-omit-frame-pointer
    -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=undefined -std=c11 -Wall -Wextra -Isrc
    $(pkg-config --cflags lua5.4 libcurl libcrypto)"
  for file in src/*/*.c spec/fuzz/*.c spec/support/work.c; do
    object=$out/obj/$(echo "${file%.c}" | tr / _).o
    how=
    case $file in
      src/*) how=$counted ;;
      spec/support/*) how=-DGES_WORK_WRAP ;;
    esac
    # shellcheck disable=SC2086
    [ -n "$(find "$object" -newer "$file" 2>/dev/null)" ] &&
      [ -z "$(find src spec/fuzz spec/support -name '*.h' -newer "$object")" ] ||
      $CC $flags $how -c "$file" -o "$object" || return 1
  done
  shared=
  for file in spec/fuzz/fuzz.c spec/fuzz/lua_side.c spec/support/work.c \
    src/*/*.c; do
    shared="$shared $out/obj/$(echo "${file%.c}" | tr / _).o"
  done
  for target in $targets; do
    # shellcheck disable=SC2086,SC2046
    $CC -fsanitize=fuzzer,address,undefined \
      -Wl,--wrap=__sanitizer_cov_trace_pc -o "$out/$target" \
      "$out/obj/spec_fuzz_fuzz_$target.o" $shared \
      $(pkg-config --libs lua5.4 libcurl libcrypto) -lpthread -lm || return 1
  done
}

# one TARGET: runs the long inputs, which show how work grows, and then fuzzes;
# its words go to a file, and its end to the terminal.
one() {
  log=$out/$1.log
  mkdir -p "$out/corpus/$1" "$out/seeds/$1-long"
  if [ -n "$(ls "$out/seeds/$1-long")" ] &&
    ! sh tools/with.sh 5.4 "$out/$1" -artifact_prefix="$out/found/$1-" \
      "$out/seeds/$1-long"/* >"$log" 2>&1; then
    echo "BAD   $1, a long input"
    tail -n 40 "$log"
    return 1
  fi
  sh tools/with.sh 5.4 env UBSAN_OPTIONS=print_stacktrace=1 \
    ASAN_OPTIONS=quarantine_size_mb=64 \
    LSAN_OPTIONS="suppressions=$PWD/tools/lsan.supp:print_suppressions=0" \
    "$out/$1" -seed="${FUZZ_SEED:-0}" -max_total_time="$seconds" \
    -max_len=4096 -timeout=10 \
    -rss_limit_mb=1024 -print_final_stats=1 -dict=spec/fuzz/json.dict \
    -artifact_prefix="$out/found/$1-" "$out/corpus/$1" "$out/seeds/$1" \
    >"$log" 2>&1
  rc=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  if [ $rc = 0 ]; then
    echo "ok    $1: ${runs:-0} inputs, $(find "$out/corpus/$1" -type f |
      wc -l) kept"
    return 0
  fi
  echo "BAD   $1"
  tail -n 40 "$log"
  return 1
}

build || { echo "fuzz: could not be built" >&2; exit 1; }
rm -rf $out/seeds
lua5.4 spec/fuzz/seeds.lua $out/seeds || exit 1
bad=0
# shellcheck disable=SC2086
set -- $targets
while [ $# -gt 0 ]; do
  one "$1" & first=$!
  shift
  if [ $# -gt 0 ]; then
    one "$1" & second=$!
    shift
    wait $second || bad=1
  fi
  wait $first || bad=1
done
[ $bad = 0 ] || { echo "fuzz: failed"; exit 1; }
echo "fuzz: clean"
