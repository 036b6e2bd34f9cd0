#!/bin/sh
# dist.sh VERSION: makes in build/dist what a release consists of: the archive
# of the last commit (the same bytes each time), its rockspec, which names
# $ARCHIVE_URL, and a source rock of both, which `luarocks install` takes as a
# file. Called by `make dist`.
cd "$(dirname "$0")/.." || exit 1
version=${1:?the version} url=${ARCHIVE_URL:?where the archive will lie}
dist=build/dist name=ges-$version

fail() {
  echo "dist: $1" >&2
  exit 1
}

for tool in git gzip md5sum zip; do
  command -v $tool >/dev/null || fail "no $tool: install it"
done
top=$(git rev-parse --show-toplevel 2>/dev/null)
[ "$top" = "$(pwd -P)" ] || fail "the archive is made of a commit: use a clone"
[ "${url##*/}" = "$name.tar.gz" ] || fail "ARCHIVE_URL ends with $name.tar.gz"
git show HEAD:src/engine/version.h | grep -q "\"$version\"" ||
  fail "the last commit is not of version $version: commit, or make release"
[ -z "$(git status --porcelain)" ] ||
  echo "dist: made from the last commit; later changes are not included" >&2

rm -rf $dist
mkdir -p $dist || exit 1
git -c tar.umask=0022 archive --prefix="$name/" -o "$dist/$name.tar" HEAD || exit 1
gzip -9n "$dist/$name.tar" || exit 1
sum=$(md5sum <"$dist/$name.tar.gz")
sh tools/rockspec.sh "$version" "url = \"$url\",
  md5 = \"${sum%% *}\",
  dir = \"$name\"" >"$dist/$name-1.rockspec" || exit 1
(cd $dist && zip -qX "$name-1.src.rock" "$name-1.rockspec" "$name.tar.gz") ||
  fail "no source rock"
ls -1 $dist/*
