#!/bin/sh
# check32.sh [--tree]: the module on 32-bit x86, where a number in memory may
# differ from one in a register, and size_t and time are smaller: in a fresh
# Debian 12 for i386 (room.sh), a clean clone, both modules, and the specs of
# the core, of calls and of waiting, on Lua 5.4 and LuaJIT. --tree takes the
# files as they lie here, not the last commit.
# Ends with 77 where this kernel runs no such programs, or where no mirror can
# be reached: then nothing was tried.
cd "$(dirname "$0")/.." || exit 1
if [ "${1:-}" = --tree ]; then
  TREE=lies
  shift
fi
set -- spec/lua spec/engine spec/ges/call spec/ges/client_spec.lua \
  spec/ges/job_spec.lua spec/ges/json_spec.lua spec/ges/init_spec.lua \
  spec/ges/util spec/ges/wait spec/ges/host spec/ges/credentials spec/regress
# shellcheck source=tools/room.sh
. tools/room.sh

# A program of one system call: exit(0).
runs_32_bit() {
  ${CC:-cc} -m32 -static -nostdlib -o "$rooms/exit" -x c - <<'END' &&
void _start (void) {
  __asm__ volatile ("int $0x80" : : "a" (1), "b" (0));
}
END
    "$rooms/exit"
}
runs_32_bit >"$rooms/log" 2>&1 || {
  cat "$rooms/log"
  echo "check32: SKIP: no program for 32-bit x86 can be built and run here"
  exit 77
}

open_base bookworm i386
open_room i386
# The release alone, as debootstrap took it: what a mirror has beside it for
# i386 may lag behind.
rm -f "$room"/etc/apt/sources.list.d/*
echo "deb $mirror bookworm main" >"$room/etc/apt/sources.list"
timed "packages" inside "apt-get update
apt-get install -y --no-install-recommends ca-certificates git make gcc \
  libc6-dev lua5.1 liblua5.1-0-dev lua5.2 liblua5.2-dev lua5.3 liblua5.3-dev
git clone -q url ges
cd ges
make setup-test"
timed "build" inside "cd ges
make -s LUA=lua5.4 support
make -s LUA=luajit support
file=build/5.4/ges/core.so
[ \$(od -An -tu1 -j4 -N1 \$file) = 1 ] && ls -l \$file"
timed "specs" inside "cd ges; sh tools/test.sh $*"
echo "check32: built and tried on 32-bit x86"
