#!/bin/sh
# setup.sh: makes sure that what the demo and the specs need is installed.
# On Debian and its kin (with apt-get, as root) it installs; elsewhere it
# names the packages and stops.
debian="gcc make pkg-config lua5.4 liblua5.4-dev luajit2 libluajit2-5.1-dev
  lua-cjson libcurl4-openssl-dev libssl-dev lua-busted lua-argparse lua-socket lua-sec
  lua-posix lua-luv nginx-light libnginx-mod-http-lua neovim curl openssl
  ca-certificates procps"

have() { command -v "$1" >/dev/null 2>&1; }

all_there() {
  have "${CC:-cc}" && have pkg-config && have lua5.4 && have luajit &&
  have busted && have nginx && have nvim && have curl && have openssl &&
  pkg-config --exists lua5.4 luajit libcurl libcrypto &&
  lua5.4 -e 'require "cjson"; require "socket"; require "ssl"; require "argparse"; require "luv"' 2>/dev/null &&
  luajit -e 'require "cjson"; require "socket"; require "luv"; require "posix"' 2>/dev/null &&
  [ -n "$(find /usr/lib/nginx/modules /usr/share/nginx/modules -name '*http_lua_module.so' 2>/dev/null)" ]
}

all_there && exit 0

if have apt-get; then
  [ "$(id -u)" != 0 ] || apt-get update -q >/dev/null || exit 1
  # From Debian 13 on OpenResty's LuaJIT is the only one, and has the name.
  apt-cache policy luajit2 | grep -q 'Candidate: [0-9]' || debian=$(
    echo "$debian" | sed 's/luajit2 libluajit2-5.1-dev/luajit libluajit-5.1-dev/')
  missing=
  for p in $debian; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' ||
      missing="$missing $p"
  done
  # nginx is often there in another flavour
  have nginx && missing=$(echo "$missing" | sed 's/ nginx-light//')
  [ -n "$missing" ] || exit 0
  if [ "$(id -u)" != 0 ]; then
    echo "missing packages; run: sudo apt-get install$missing" >&2
    exit 1
  fi
  echo "installing:$missing"
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    $missing </dev/null >/dev/null || exit 1
  exit 0
fi

cat >&2 <<'END'
missing packages; install them, then run make again:
  dnf:  gcc make pkgconf lua lua-devel luajit luajit-devel lua-cjson libcurl-devel openssl-devel lua-busted lua-socket lua-sec nginx nginx-mod-http-lua neovim curl openssl
  apk:  build-base pkgconf lua5.4 lua5.4-dev luajit luajit-dev lua5.4-cjson curl-dev openssl-dev lua5.4-busted lua5.4-socket lua5.4-sec nginx nginx-mod-http-lua neovim curl openssl
  brew: pkg-config lua luajit curl openssl@3 luarocks openresty/brew/openresty neovim; luarocks install lua-cjson busted luasocket luasec
END
exit 1
