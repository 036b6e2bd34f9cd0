#!/bin/sh
# asan.sh [SPEC...]: the specs with the C module under AddressSanitizer,
# UndefinedBehaviorSanitizer and, on Lua 5.4, LeakSanitizer. On LuaJIT it is
# left out: it does not see what only LuaJIT's own memory points to. The
# programs that specs start (nginx, Neovim, the command) run the plain module,
# so without names those are left out that look at nothing else.
# Both at a time: most of a spec is waiting.
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-gcc}
flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
runtime=$($CC -print-file-name=libasan.so)
[ -f "$runtime" ] || { echo "asan: $CC has no libasan.so" >&2; exit 1; }
busted=$(command -v busted) || exit 1
alone=$PWD/build/asan/alone.so
mkdir -p build/asan || exit 1
$CC -shared -fPIC -o "$alone" spec/support/alone.c || exit 1
bad=0
[ $# != 0 ] || {
  # shellcheck disable=SC2046
  set -- $(find spec -name '*_spec.lua' ! -path 'spec/install/*' \
    ! -path 'spec/papers/*' ! -path 'spec/tools/*' ! -path 'spec/world/*' \
    ! -path 'spec/ges/cli/*' ! -path 'spec/ges/nvim/*' \
    ! -path 'spec/ges/sim/*' | LC_ALL=C sort)
}

# one ABI LUA LEAKS SPEC...: builds and runs.
one() {
  abi=$1 lua=$2 leaks=$3
  shift 3
  make -s LUA="$lua" support || return 1
  make -s CC="$CC" LUA="$lua" OUT="build/asan/$abi" LDFLAGS="$flags" \
    CFLAGS="-O1 -g -fno-omit-frame-pointer $flags" all || return 1
  GES_CHECKED=$PWD/build/asan/$abi/ges/core.so \
    sh tools/with.sh "$abi" env LD_PRELOAD="$runtime:$alone" \
    ASAN_OPTIONS="detect_leaks=$leaks:detect_stack_use_after_return=1:exitcode=9" \
    UBSAN_OPTIONS="print_stacktrace=1" \
    LSAN_OPTIONS="suppressions=$PWD/tools/lsan.supp:print_suppressions=0" \
    "$lua" "$busted" --helper=spec/support/checked.lua -o plainTerminal \
    -p _spec "$@"
}

trap 'trap "" TERM; kill 0; exit 130' INT
one 5.1 luajit 0 "$@" >build/asan/5.1.log 2>&1 & other=$!
echo "== specs on lua5.4 under ASan, UBSan and LSan"
one 5.4 lua5.4 1 "$@" || bad=1
wait $other || bad=1
echo "== specs on luajit under ASan and UBSan (without LSan: it cannot see" \
  "into LuaJIT's memory)"
cat build/asan/5.1.log
[ $bad = 0 ] || { echo "asan: failed"; exit 1; }
echo "asan: clean"
