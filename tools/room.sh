# shellcheck shell=sh
# room.sh: a fresh Debian in a folder, for a script that sources this file in
# the project's folder, as root. `open_base RELEASE [ARCH]` makes it, `open_room`
# a copy of it to work in ($room), with the tree as a commit to be cloned from
# /root/url (as it lies, if TREE=lies), `inside SCRIPT` runs there, `leave_room` takes
# the copy away; all of it is gone when the script ends, whatever happened.
# How this host reaches its packages (mirror, proxy, keys) is read from its own
# settings and goes into the folder. Ends with 77 where no mirror can be
# reached: then nothing was tried, and nothing is known.
# Owns the folder, and what is mounted and runs in it.
# Sourced by fresh.sh and check32.sh.
# shellcheck source=tools/publish.sh
. tools/publish.sh
me=$(basename "$0" .sh)
[ "$(id -u)" = 0 ] || { echo "$me: needs root" >&2; exit 1; }
for tool in debootstrap git wget; do
  command -v $tool >/dev/null || { echo "$me: no $tool" >&2; exit 1; }
done
mirror=$(sh tools/mirror.sh)
proxy=$(apt-config dump Acquire::http::Proxy 2>/dev/null |
  sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p')
[ -z "$proxy" ] || export http_proxy="$proxy"

rooms=$(mktemp -d) || exit 1
# Readable by the users that packages make inside.
chmod 755 "$rooms"
base=$rooms/base room=''

# Lets go of a folder: first what runs in it, then what is mounted there, then
# the files, on this file system only.
clear_away() {
  for link in /proc/[0-9]*/root; do
    case $(readlink "$link" 2>/dev/null) in
      "$1"|"$1"/*) pid=${link#/proc/}; kill -9 "${pid%/root}" 2>/dev/null ;;
    esac
  done
  sed -n "s|^[^ ]* \($1/[^ ]*\) .*|\1|p" /proc/mounts | sort -r |
    while IFS= read -r place; do
      umount "$place" 2>/dev/null || umount -l "$place"
    done
  rm -rf --one-file-system "$1"
}

# at_end COMMAND: what else is to be done at the end.
at_exit=:
at_end() { at_exit="$1; $at_exit"; }

# Undisturbed: a second signal would leave mounts behind.
leave_all() {
  rc=$?
  trap - EXIT
  trap '' INT TERM HUP
  [ -z "${running:-}" ] || kill "$running" 2>/dev/null
  for place in "$rooms"/*/proc; do clear_away "${place%/proc}"; done
  eval "$at_exit"
  clear_away "$rooms"
  exit "$rc"
}
trap leave_all EXIT
trap 'exit 130' INT TERM HUP

# timed NAME COMMAND...: quiet, but for a failure. In the background, since a
# shell heeds a signal only between its commands, and in `wait`.
timed() {
  name=$1
  shift
  start=$(date +%s)
  "$@" </dev/null >"$rooms/log" 2>&1 9>&- &
  running=$!
  wait $running
  rc=$?
  running=''
  if [ $rc != 0 ]; then
    tail -n 300 "$rooms/log"
    echo "$me: failed: $name"
    exit 1
  fi
  echo "$me: $name: $(($(date +%s) - start)) s; $(tail -n 1 "$rooms/log")"
}

# Does the mirror answer at all? That it lacks the release is for debootstrap
# to say.
reachable() {
  said=$(wget -S -O /dev/null -T 10 -t 2 "$mirror/dists/$1/InRelease" 2>&1) ||
    echo "$said" | grep -q ' HTTP/[0-9.]* 404' || {
    echo "$said" | tail -n 5
    echo "$me: SKIP: no package mirror can be reached from here" \
      "($mirror does not answer)"
    exit 77
  }
}

# For the release RELEASE. Passwords stay unreadable for others.
copy_settings() (
  here=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  rm -f "$base/etc/apt/sources.list"
  umask 077
  for file in /etc/apt/auth.conf.d/*.conf; do
    [ ! -f "$file" ] || cp "$file" "$base$file"
  done
  umask 022
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
      /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || sed "s/$here/$1/g" "$file" >"$base$file"
  done
  for file in /etc/apt/apt.conf.d/*; do
    ! grep -q '^ *Acquire' "$file" || cp "$file" "$base$file"
  done
  cp -L /etc/resolv.conf "$base/etc/resolv.conf"
  cp -L /etc/hosts "$base/etc/hosts"
)

open_base() {
  reachable "$1"
  timed "debootstrap $1 ${2:-}" debootstrap ${2:+--arch="$2"} \
    --variant=minbase "$1" "$base" "$mirror"
  copy_settings "$1" && publish "$base/root/url" "${TREE:-}" || exit 1
}

open_room() {
  room=$rooms/$1
  cp -a "$base" "$room" || exit 1
  mount -t proc proc "$room/proc" || exit 1
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$room/dev/pts" || exit 1
  ln -sf pts/ptmx "$room/dev/ptmx"
}

leave_room() {
  clear_away "$room"
}

# inside SCRIPT: runs it there with /bin/sh, which stops at the first failure.
inside() {
  chroot "$room" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} \
    ${https_proxy:+https_proxy="$https_proxy"} \
    sh -e -c "cd /root; $1"
}
