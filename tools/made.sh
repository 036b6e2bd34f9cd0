#!/bin/sh
# made.sh DIR: writes what is generated into DIR, each file where it is in the
# tree: the annotations of the options, made of their rows, the reference, made
# of the annotations, and the completions, made by the command. Ends at the
# first that fails. Needs the module for Lua 5.4. Called by `make doc`, which
# copies them, and by lint.sh, which compares them.
set -e
cd "$(dirname "$0")/.."
dir=${1:?a folder}

# write PATH COMMAND...: runs the command; what it prints is the file.
write() {
  mkdir -p "$dir/$(dirname "$1")"
  file=$dir/$1
  shift
  sh tools/with.sh 5.4 lua5.4 "$@" >"$file"
}

write lua/ges/types.lua tools/apidoc.lua types
write doc/api.md tools/apidoc.lua md
write doc/man/ges.3 tools/apidoc.lua man
write doc/completion/ges.bash bin/ges completion bash
write doc/completion/_ges bin/ges completion zsh
write doc/completion/ges.fish bin/ges completion fish
