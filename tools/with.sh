#!/bin/sh
# with.sh ABI COMMAND...: runs a command with the tree's own modules in front
# of the installed ones, and without what a make that started it tells others.
# ABI is 5.4 or 5.1 (LuaJIT).
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
abi=$1
shift
lib=${GES_BUILD:-$top/build}/$abi
LUA_PATH="$top/lua/?.lua;$top/lua/?/init.lua;$top/spec/support/?.lua;;"
LUA_CPATH="$lib/?.so;;"
unset LUA_PATH_5_4 LUA_CPATH_5_4 LUA_INIT LUA_INIT_5_4
unset MAKEFLAGS MFLAGS MAKELEVEL
export LUA_PATH LUA_CPATH
exec "$@"
