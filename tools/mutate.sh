#!/bin/sh
# mutate.sh: makes small changes to the code, one at a time, and shows which of
# them the specs see. The changes are data: spec/mutate/<room>.lua. Works in two
# copies of the tree in a folder of its own: one gets the changes, in the other
# a spec that fails is run without them. tools/mutate.lua does the work.
# By environment: ROOM, FILE, NUMBER (which changes), SURVIVORS=1 (those that
# are not recorded as seen), PICK and SEED (some of those recorded as seen),
# RECORD=1 (writes what was seen into the data), LIMIT (seconds for each file of
# specs). Called by the Makefile.
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL
lua5.4 tools/mutate.lua check || exit 1
make -s LUA=lua5.4 support && make -s LUA=luajit support || exit 1
work=$(mktemp -d) || exit 1
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'trap "" TERM; kill 0; exit 130' INT TERM

# What git has, or everything where there is no git, and what is built.
{
  git ls-files -co --exclude-standard 2>/dev/null | grep . ||
    find . -type f ! -path './build/*' ! -path './.git/*'
  find build/5.4 build/5.1 -type f 2>/dev/null
} | while read -r file; do
  [ ! -f "$file" ] || echo "$file"
done >"$work/files"
for tree in clean changed; do
  mkdir "$work/$tree" &&
    tar -cf - -T "$work/files" | tar -xf - -C "$work/$tree" || exit 1
done
lua5.4 tools/mutate.lua run "$work"
