#!/bin/sh
# source.sh NAME: prints the path of the upstream tarball of a Debian source
# package, which apt-get's own ways fetch into build/sources unless it is there
# already (NAME_*.orig.tar.*). For the steps that build others' programs: Lua
# with checks (tools/apicheck.sh), rocks (tools/rocks.sh).
cd "$(dirname "$0")/.." || exit 1
name=${1:?the name of a source package}
here=$PWD/build/sources
mkdir -p "$here/lists/partial" || exit 1
# One at a time: apt's lists are locked.
exec 8>"$here/lock"
flock 8

# apt WORDS...: apt-get with a list of its own, which knows sources.
apt() {
  apt-get -q -o Dir::Etc::sourcelist="$here/sources.list" \
    -o Dir::Etc::sourceparts=- -o Dir::State::lists="$here/lists" "$@"
}

there() {
  for tarball in "$here/$name"_*.orig.tar.*; do
    [ -f "$tarball" ] && echo "$tarball" && return
  done
  return 1
}

# By its address: of what `apt-get source` would fetch, only this is wanted.
fetch() {
  suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  echo "deb-src $(sh tools/mirror.sh) $suite main" >"$here/sources.list"
  apt update >&2 || return 1
  line=$(apt --print-uris source "$name" | grep 'orig\.tar\.[a-z0-9]* ' |
    head -n 1)
  [ -n "$line" ] || return 1
  # 'address' file size hash: apt-helper looks at the hash.
  uri=${line#\'} file=${line#* }
  /usr/lib/apt/apt-helper download-file "${uri%%\'*}" "$here/partial" \
    "${line##* }" >&2 && mv "$here/partial" "$here/${file%% *}"
}

there || { fetch && there; } || { echo "source: no source of $name" >&2
  exit 1; }
