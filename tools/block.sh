#!/bin/sh
# block.sh FILE TEXT: prints the first fenced block after the first line of a
# paper that has TEXT; ends with 1 where there is none. So that scripts run what
# a reader would paste.
awk -v text="$2" '
  !found { found = index($0, text) > 0; next }
  /^```/ && inside { exit }
  inside { print; lines++ }
  /^```/ { inside = 1 }
  END { exit lines == 0 }
' "$1" || { echo "block: $1 has no block after '$2'" >&2; exit 1; }
