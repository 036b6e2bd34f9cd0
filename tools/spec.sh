#!/bin/sh
# spec.sh NAME [LUA]: builds what the specs of that name need and runs them on
# one Lua (lua5.4). NAME is a part of a path below spec/: `wait`, `cli/args`,
# `regress/12`. A pattern for the names of single specs: SPEC_FILTER.
cd "$(dirname "$0")/.." || exit 1
name=${1:-} lua=${2:-lua5.4}
[ -n "$name" ] || { echo "make spec S=NAME [LUA=lua5.4]: give a name" >&2; exit 2; }
files=$(find spec -name '*_spec.lua' -path "*$name*" | LC_ALL=C sort)
[ -n "$files" ] || { echo "spec: no file below spec/ has '$name' in its path" >&2
  exit 2; }
# Some specs run the command, Neovim or nginx, on the other Lua than they are on.
make -s LUA=lua5.4 support && make -s LUA=luajit support || exit 1
case $lua in
  luajit*) abi=5.1 ;;
  *) abi=5.4 ;;
esac
# shellcheck disable=SC2086
exec sh tools/busted.sh $abi "$lua" $files
