#!/bin/sh
# lint.sh [format]: everything that can be said of the tree without running it.
# Compilers and checkers for both Lua ABIs, and the rules of the project. A tool
# that is missing is named, and is a failure: nothing is skipped in silence.
cd "$(dirname "$0")/.." || exit 1

need() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
  done
}
missing=
if [ "${1:-}" = format ]; then
  need lua5.4
else
  need lua5.4 luacheck gcc clang clang-tidy cppcheck shellcheck nm objdump
fi
[ -z "$missing" ] || { echo "lint needs:$missing (.ci/run installs them)" >&2
  exit 1; }
[ "${1:-}" != format ] || exec lua5.4 tools/house.lua format

bad=0 log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# check NAME COMMAND...: quiet when it is well.
check() {
  name=$1
  shift
  if "$@" >"$log" 2>&1; then
    echo "ok    $name"
  else
    echo "BAD   $name"
    cat "$log"
    bad=$((bad + 1))
  fi
}

# Both compilers, both ABIs, with warnings as errors.
compile() {
  make -s CC="$1" LUA="$2" OUT="build/lint/$1-$2" CFLAGS="-O2 -Werror" \
    build/lint/"$1-$2"/ges/core.so
}

tidy() {
  # shellcheck disable=SC2046
  clang-tidy --quiet src/*/*.c -- $(make -s LUA="$1" flags) -include tools/tidy.h 2>"$log.err"
  rc=$?
  grep -v 'warnings generated\|warnings treated\|Suppressed\|^Use -' "$log.err"
  rm -f "$log.err"
  return $rc
}

cpp() {
  # shellcheck disable=SC2046
  cppcheck --quiet --std=c11 --enable=warning,performance,portability \
    --inconclusive --inline-suppr --error-exitcode=1 \
    --include=tools/tidy.h --suppress=toomanyconfigs \
    $(make -s LUA="$1" flags | tr ' ' '\n' | grep '^-I') -Isrc src
}

lua_files() {
  list=$(find lua spec tools bench examples -name '*.lua' 2>/dev/null)
  [ ! -f bin/ges ] || list="$list bin/ges"
  # shellcheck disable=SC2086
  luacheck -q --no-color .luacheckrc ges-scm-1.rockspec $list
}

# What is cheap and fails most often comes first.
check "rules of the tree" lua5.4 tools/house.lua tree
notes=$(grep '^note:' "$log")
check "the changes of spec/mutate fit the code" lua5.4 tools/mutate.lua check
check luacheck lua_files
check shellcheck shellcheck -x -s sh tools/*.sh
[ ! -f .ci/run ] || check "shellcheck, .ci/run" shellcheck .ci/run
# What `make doc` writes; the tree has more than that.
drift() {
  rm -rf build/lint/made
  make -s LUA=lua5.4 all && sh tools/made.sh build/lint/made || return 1
  diff -r build/lint/made . | grep -v '^Only in \.'
  [ $? = 1 ]
}
check "annotations, reference and completions, generated again" drift
for lua in lua5.4 luajit; do
  check "gcc, $lua" compile gcc "$lua"
  check "clang, $lua" compile clang "$lua"
  check "clang-tidy, $lua" tidy "$lua"
done
check cppcheck cpp lua5.4
check "modules for both" make -s LUA=lua5.4 all
check "modules for both" make -s LUA=luajit all
check "rules of the modules" lua5.4 tools/house.lua modules
[ -z "$notes" ] || echo "$notes"
[ "$bad" = 0 ] || { echo "lint: $bad checks failed"; exit 1; }
echo "lint: clean"
