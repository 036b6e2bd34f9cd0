#!/bin/sh
# setup.sh compile | demo | test: what has to be there to compile, for `make
# demo`, and for `make test`. `demo` and `test` install what is missing where
# they may (apt-get, as root); otherwise each missing thing is named with its
# package, and the end is 1. For `compile` make says which headers its compiler
# does not find (on standard input), and hands on $CC, $LUA, $LUA_H (what
# tools/abi.h says), $LUA_INCDIR and $PKG_CONFIG.
# Owns the names of packages. Called by the Makefile.
task=${1:?compile, demo or test}
CC=${CC:-cc} PKG_CONFIG=${PKG_CONFIG:-pkg-config}
LUA=${LUA:-lua5.4}
LUA=${LUA##*/}
unread=''
[ "$task" != compile ] || unread=$(cat)

# The checks. A module is there when its Lua loads it.
have() { command -v "${1%% *}" >/dev/null 2>&1; }
pc() { "$PKG_CONFIG" --exists "$1" 2>/dev/null; }
module() { "$1" -e "require '$2'" >/dev/null 2>&1; }
may_install() { have apt-get && [ "$(id -u)" = 0 ]; }

# A header is there when the compiler finds it; without one, where it would look.
header() {
  if ! have "$CC"; then
    for place in /usr/include /usr/include/*-linux-*; do
      [ ! -f "$place/$1" ] || return 0
    done
    return 1
  elif [ "$task" = compile ]; then
    ! printf '%s\n' "$unread" | grep -qxF "$1"
  else
    echo "#include <$1>" 2>/dev/null | $CC -E -x c - >/dev/null 2>&1
  fi
}

# lua.h, as the compiler finds it; without one, where LUA_INCDIR says, or in a
# folder that has the name of its Lua.
lua_header() {
  if have "$CC"; then
    [ "${LUA_H:-}" != none ]
  elif [ -n "${LUA_INCDIR:-}" ]; then
    [ -f "$LUA_INCDIR/lua.h" ]
  else
    lua_header_in_sight
  fi
}
lua_header_in_sight() {
  for file in /usr/include/"$LUA"*/lua.h; do
    [ ! -f "$file" ] || return 0
  done
  return 1
}

find_nginx() {
  command -v openresty || command -v nginx || ls /usr/sbin/nginx 2>/dev/null
}
# As a file of its own, where nginx says that its modules are, or built in.
nginx_lua() {
  program=$(find_nginx) || program=:
  said=$("$program" -V 2>&1)
  folder=$(echo "$said" | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')
  [ -f "${folder:-/usr/lib/nginx/modules}/ngx_http_lua_module.so" ] ||
    echo "$said" | grep -q 'ngx_lua\|lua-nginx-module'
}

# need WHAT DEBIAN DNF APK BREW CHECK...: a row. `rock:NAME` is for
# `luarocks install NAME`, where no package of the system is known, `-` for what
# has no package that is known.
missing=
jit=rock:--lua-version=5.1
need() {
  what=$1 debian=$2 dnf=$3 apk=$4 brew=$5
  shift 5
  "$@" >/dev/null || missing="$missing$what|$debian|$dnf|$apk|$brew
"
}

# want DEBIAN CHECK...: for specs that are skipped without it, aloud: installed
# where that can be done, named nowhere.
wanted=
want() {
  package=$1
  shift
  "$@" >/dev/null || wanted="$wanted $package"
}

need_to_compile() {
  need "a C compiler ($CC)" gcc gcc build-base gcc have "$CC"
  need "the C library's headers" libc6-dev glibc-devel musl-dev gcc \
    header stdio.h
  need "libcurl's headers" libcurl4-openssl-dev libcurl-devel curl-dev curl \
    header curl/curl.h
  need "OpenSSL's headers" libssl-dev openssl-devel openssl-dev openssl@3 \
    header openssl/evp.h
}

# Without pkg-config a header that lies in its own folder is not found; without
# a compiler it cannot be told whether one does.
need_lua_header() {
  if [ -z "${LUA_INCDIR:-}" ] && { ! have "$CC" || ! lua_header; } &&
    ! have "$PKG_CONFIG"; then
    need_pkg_config
    ! lua_header_in_sight || return 0
  fi
  ! lua_header || return 0
  case $LUA in
    lua) set -- liblua5.4-dev lua-devel lua5.4-dev lua@5.4 ;;
    lua5.1) set -- liblua5.1-0-dev compat-lua-devel lua5.1-dev lua@5.1 ;;
    luajit*) set -- libluajit2-5.1-dev luajit-devel luajit-dev luajit ;;
    lua5.[2-5]) set -- "lib$LUA-dev" lua-devel "$LUA-dev" "lua@${LUA#lua}"
      has_package "$1" || set -- - - - - ;;
    *) set -- - - - - ;;
  esac
  need "lua.h for $LUA (or give LUA_INCDIR=DIR)" "$@" false
}

# Has this Debian a package of that name? Where no list of packages was fetched
# yet, that of Lua 5.4 is unknown, too, and nothing can be told.
has_package() {
  ! have apt-cache || candidate "$1" || ! candidate liblua5.4-dev
}
candidate() { apt-cache policy "$1" | grep -q 'Candidate: [0-9]'; }

need_pkg_config() {
  need "the command $PKG_CONFIG" pkg-config pkgconf-pkg-config pkgconf \
    pkg-config have "$PKG_CONFIG"
}

need_for_demo() {
  need_pkg_config
  need "the command lua5.4 (Lua 5.4)" lua5.4 lua lua5.4 lua@5.4 have lua5.4
  need "Lua 5.4's headers, as lua5.4 of pkg-config" liblua5.4-dev lua-devel \
    lua5.4-dev lua@5.4 pc lua5.4
  need "the command luajit (LuaJIT)" luajit2 luajit luajit luajit have luajit
  need "LuaJIT's headers" libluajit2-5.1-dev luajit-devel luajit-dev luajit \
    pc luajit
  need "lua-cjson for Lua 5.4" lua-cjson rock:lua-cjson lua5.4-cjson \
    rock:lua-cjson module lua5.4 cjson
  need "lua-cjson for LuaJIT" lua-cjson "$jit lua-cjson" lua5.1-cjson \
    "$jit lua-cjson" module luajit cjson
  need "argparse for Lua 5.4" lua-argparse lua-argparse rock:argparse \
    rock:argparse module lua5.4 argparse
  need nginx nginx-light nginx nginx openresty/brew/openresty find_nginx
  need "nginx's Lua module" libnginx-mod-http-lua nginx-mod-http-lua \
    nginx-mod-http-lua openresty/brew/openresty nginx_lua
  need "the command curl" curl curl curl curl have curl
}

need_for_test() {
  need busted lua-busted rock:busted rock:busted rock:busted have busted
  need "luasocket for Lua 5.4" lua-socket lua-socket lua5.4-socket \
    rock:luasocket module lua5.4 socket
  need "luasocket for LuaJIT" lua-socket "$jit luasocket" lua5.1-socket \
    "$jit luasocket" module luajit socket
  need "luasec for Lua 5.4" lua-sec lua-sec lua5.4-sec rock:luasec \
    module lua5.4 ssl
  need "lua-posix for LuaJIT" lua-posix "$jit luaposix" lua5.1-posix \
    "$jit luaposix" module luajit posix
  for name in luv cqueues; do
    need "$name for Lua 5.4" lua-$name rock:$name rock:$name rock:$name \
      module lua5.4 $name
    need "$name for LuaJIT" lua-$name "$jit $name" "$jit $name" "$jit $name" \
      module luajit $name
  done
  need "Neovim (nvim)" neovim neovim neovim neovim have nvim
  need "the command openssl" openssl openssl openssl openssl@3 have openssl
  for name in jq zip unzip faketime; do
    want $name have $name
  done
  want lua-check have luacheck
  want procps have ps
  want ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
  for name in lua5.1 lua5.2 lua5.3; do
    want $name have $name
  done
  want liblua5.1-0-dev pc lua5.1
  want liblua5.2-dev pc lua5.2
  want liblua5.3-dev pc lua5.3
}

find_missing() {
  missing='' wanted=''
  find_needs
  case $missing in
    *rock:*) have apt-get || need "the command luarocks" luarocks luarocks \
      luarocks luarocks have luarocks ;;
  esac
}

find_needs() {
  case $task in
    compile) need_to_compile; need_lua_header ;;
    demo) need_to_compile; need_for_demo ;;
    test) need_to_compile; need_for_demo; need_for_test ;;
  esac
}

# packages N: those in column N of what is missing, each once.
packages() {
  printf '%s' "$missing" | cut -s -d '|' -f "$1" | sort -u | grep -v -e '^rock:' -e '^-$' |
    debian_names | tr '\n' ' ' | sed 's/ $//'
}

# From Debian 13 on OpenResty's LuaJIT is the only one, and has the name.
debian_names() {
  if have apt-get && ! candidate luajit2
  then sed 's/luajit2-/luajit-/g; s/luajit2/luajit/g'
  else cat
  fi
}

# Each missing thing with its name in this system's packages; in those of all
# where the system's own cannot be told.
say_missing() {
  printf '%s' "$missing" | while IFS='|' read -r what debian dnf apk brew; do
    if [ -z "$what" ]; then continue
    elif [ "$debian" = - ]; then how="no package of it is known here"
    elif have apt-get; then how="apt-get install $debian"
    elif have dnf; then how="dnf install $dnf"
    elif have apk; then how="apk add $apk"
    elif have brew; then how="brew install $brew"
    else how="dnf: $dnf, apk: $apk, brew: $brew"
    fi
    echo "missing: $what ($how)"
  done | debian_names | sed 's/([a-z]* [a-z]* rock:/(rock:/
    s/rock:/luarocks install /g' >&2
  say_all_at_once >&2
  echo "install what is missing, then run make again" >&2
  exit 1
}

# The same as one line to paste, where it is more than one package.
say_all_at_once() {
  all=
  if have apt-get; then all="apt-get install $(packages 2)"
  elif have dnf; then all="dnf install $(packages 3)"
  elif have apk; then all="apk add $(packages 4)"
  elif have brew; then all="brew install $(packages 5)"
  fi
  case $all in
    *' '*' '*' '*) echo "all of these packages: $all" ;;
  esac
}

install() {
  # shellcheck disable=SC2068
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
    --no-install-recommends $@ </dev/null >/dev/null
}

# What only some specs need, one by one: a release may lack one.
install_wanted() {
  for package in $wanted; do
    install "$package" || echo "not installed: $package"
  done
}

# Only where this may: on Debian and its kin, as root.
install_missing() {
  apt-get update -q >/dev/null || { [ -n "$missing" ] && say_missing; return; }
  list=$(packages 2)
  echo "installing: $list$wanted"
  [ -z "$list" ] || install "$list" || exit 1
  install_wanted
  find_missing
}

find_missing
if [ -n "$missing$wanted" ] && [ "$task" != compile ] && may_install; then
  install_missing
fi
[ -z "$missing" ] || say_missing
