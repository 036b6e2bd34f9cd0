#!/bin/sh
# mirror.sh: the mirror that this host's Debian takes its packages from, by
# either form of apt's settings; Debian's own where they name none.
mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
  sed -n 's/^URIs: *\([^ ]*\).*/\1/p' | head -n 1)
[ -n "$mirror" ] || mirror=$(cat /etc/apt/sources.list \
    /etc/apt/sources.list.d/*.list 2>/dev/null |
  sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\) .*/\2/p' | head -n 1)
echo "${mirror:-http://deb.debian.org/debian}"
