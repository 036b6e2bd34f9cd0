#!/bin/sh
# fresh.sh [--tree] [bookworm|trixie]: a fresh Debian 12 or 13 in a folder of
# its own, a clean clone in it, and the README's two commands, with the time
# each took. Takes root and debootstrap. --tree takes the files as they lie
# here, not the last commit.
# How this host reaches its packages (mirror, proxy, keys) is read from its
# own settings and goes into the folder too. Ends with 77 where no mirror can
# be reached: then nothing was tried, and nothing is known.
cd "$(dirname "$0")/.." || exit 1
source=
if [ "${1:-}" = --tree ]; then
  source=--tree
  shift
fi
release=${1:-bookworm}
[ "$(id -u)" = 0 ] || { echo "fresh: needs root" >&2; exit 1; }
for tool in debootstrap git wget; do
  command -v $tool >/dev/null || { echo "fresh: no $tool" >&2; exit 1; }
done
mirror=$(sh tools/mirror.sh)
proxy=$(apt-config dump Acquire::http::Proxy 2>/dev/null |
  sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p')
[ -z "$proxy" ] || export http_proxy="$proxy"

# reachable: does the mirror answer at all? That it lacks the release is for
# debootstrap to say.
reachable() {
  said=$(wget -S -O /dev/null -T 10 -t 2 "$mirror/dists/$release/InRelease" 2>&1) ||
    echo "$said" | grep -q ' HTTP/[0-9.]* 404'
}
reachable || {
  echo "$said" | tail -n 5
  echo "fresh: SKIP: no package mirror can be reached from here" \
    "($mirror does not answer)"
  exit 77
}

root=$(mktemp -d) || exit 1
# Readable by the users that packages make inside.
chmod 755 "$root"

# Lets go of the folder whatever happened: first what runs in it, then what is
# mounted there, then the files, on this file system only.
clean_up() {
  rc=$?
  trap - EXIT INT TERM HUP
  for link in /proc/[0-9]*/root; do
    [ "$(readlink "$link" 2>/dev/null)" = "$root" ] || continue
    pid=${link#/proc/}
    kill -9 "${pid%/root}" 2>/dev/null
  done
  sed -n "s|^[^ ]* \($root/[^ ]*\) .*|\1|p" /proc/mounts | sort -r |
    while IFS= read -r place; do
      umount "$place" 2>/dev/null || umount -l "$place"
    done
  rm -rf --one-file-system "$root"
  exit "$rc"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# timed NAME COMMAND...: quiet, but for a failure.
timed() {
  name=$1
  shift
  start=$(date +%s)
  if ! "$@" </dev/null >"$root.log" 2>&1; then
    tail -n 300 "$root.log"
    rm -f "$root.log"
    echo "fresh: failed: $name"
    exit 1
  fi
  last=$(tail -n 1 "$root.log")
  rm -f "$root.log"
  echo "fresh: $name: $(($(date +%s) - start)) s; $last"
}

inside() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} \
    ${https_proxy:+https_proxy="$https_proxy"} \
    sh -c "cd /root/ges && $1"
}

copy_settings() {
  rm -f "$root/etc/apt/sources.list"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
      /etc/apt/sources.list.d/*.sources /etc/apt/auth.conf.d/*.conf; do
    [ ! -f "$file" ] || sed "s/bookworm/$release/g" "$file" >"$root$file"
  done
  for file in /etc/apt/apt.conf.d/*; do
    ! grep -q '^ *Acquire' "$file" || cp "$file" "$root$file"
  done
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cp -L /etc/hosts "$root/etc/hosts"
}

copy_tree() {
  if [ "$1" = --tree ]; then
    mkdir -p "$root/root/ges"
    git ls-files -co --exclude-standard | while IFS= read -r file; do
      [ ! -e "$file" ] || printf '%s\n' "$file"
    done | tar -c -f - -T - | tar -x -f - -C "$root/root/ges"
  else
    git clone -q --no-hardlinks . "$root/root/ges"
  fi
}

timed "debootstrap" debootstrap --variant=minbase "$release" "$root" "$mirror"
mount -t proc proc "$root/proc" || exit 1
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" || exit 1
ln -sf pts/ptmx "$root/dev/ptmx"
copy_settings || exit 1
copy_tree "$source" || exit 1
timed "apt-get update" inside "apt-get update"
timed "apt-get install -y make" inside "apt-get install -y make"
timed "make demo" inside "make demo"
timed "make test" inside "make test"
