# shellcheck shell=sh
# publish.sh: `publish DIR [lies]` makes a clone of the project in DIR, for a
# script that sources this file in the project's folder: of the last commit, or
# with `lies` of the files as they lie here, in a commit that only DIR has.
# Sourced by room.sh and rocks_server.sh.
publish() {
  git clone -q --no-hardlinks . "$1" || return 1
  [ "${2:-}" = lies ] || return 0
  (cd "$1" && git rm -q -r --cached . && git clean -fdxq) || return 1
  git ls-files -co --exclude-standard | while IFS= read -r file; do
    [ ! -e "$file" ] || printf '%s\n' "$file"
  done | tar -c -f - -T - | tar -x -f - -C "$1"
  (cd "$1" && git add -A && git -c user.name=ges \
    -c user.email=ges@localhost commit -q --allow-empty -m "as it lies")
}
