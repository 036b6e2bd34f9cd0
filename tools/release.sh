#!/bin/sh
# release.sh VERSION: puts the version, and today's date, wherever they stand:
# src/engine/version.h, CHANGELOG.md, the man pages (and so the module, the
# command and the rockspec of `make dist`). Takes a clean tree, looks at it with
# lint's own rules, and takes all changes back where one cannot be made.
# Called by `make release VERSION=1.2.3`.
cd "$(dirname "$0")/.." || exit 1
version=$1 today=$(date -u +%Y-%m-%d)

fail() {
  echo "release: $1" >&2
  exit 1
}

top=$(git rev-parse --show-toplevel 2>/dev/null)
[ "$top" = "$(pwd -P)" ] || fail "it ends in a commit: use a clone"
command -v luacheck >/dev/null || fail "no luacheck, which lint's rules need"
number='(0|[1-9][0-9]*)'
echo "$version" | grep -Eqx "$number\.$number\.$number" ||
  fail "give the version as make release VERSION=1.2.3"
[ -z "$(git status --porcelain)" ] ||
  fail "the tree has changes that are not committed: commit them first"
grep -q '^## [0-9.]* (not released)$' CHANGELOG.md ||
  fail "CHANGELOG.md has no heading '## N.N.N (not released)': write one"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null ||
  fail "there is a tag v$version: take another version"

# The tree was clean.
take_back() {
  git checkout -q -- .
  fail "$1; the tree is as it was"
}

# change FILE EXPRESSION
change() {
  { sed "$2" "$1" >build/release && cat build/release >"$1"; } ||
    take_back "$1 cannot be written"
}

mkdir -p build || exit 1
change src/engine/version.h "s/\(GES_VERSION \)\"[^\"]*\"/\1\"$version\"/"
change CHANGELOG.md \
  "s/^## [0-9.]* (not released)\$/## $version ($today)/"
change doc/man/ges.1 "s/^\.TH GES 1 [^ ]* \"ges [^\"]*\"/.TH GES 1 $today\
 \"ges $version\"/"
make -s doc || take_back "make doc failed"
lua5.4 tools/house.lua tree >build/release || {
  grep -v '^note:' build/release
  take_back "lint's rules are broken"
}
rm build/release
git --no-pager diff --stat
echo "release: $version; make test lint, then commit, tag v$version, make dist"
