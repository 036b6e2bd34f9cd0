#!/bin/sh
# world.sh LUA ARGUMENTS: builds the module and runs spec/world/run.lua with the
# arguments on one Lua (lua5.4, luajit), or on `both`. See `make world`.
cd "$(dirname "$0")/.." || exit 1
luas=$1
shift
[ "$luas" != both ] || luas="lua5.4 luajit"
for lua in $luas; do
  make -s LUA="$lua" all || exit 1
  abi=$(make -s LUA="$lua" abi) || exit 1
  sh tools/with.sh "$abi" "$lua" spec/world/run.lua "$@" || exit 1
done
