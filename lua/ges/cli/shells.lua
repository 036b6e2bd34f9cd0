-- SPDX-License-Identifier: MIT
-- cli.shells: the completion scripts for bash, zsh and fish, from the tables of the commands and
-- their options. A script completes words that it holds itself and, where an option wants one, file
-- names; it runs nothing. Pure; owns nothing. Called by ges.cli.completion.

local stops = require("ges.cli.options").stops

local shells = {}

-- The flags of a row, the short one first.
local function flags_of(row)
  local list = { row.flag, row.also }
  if row.also and #row.also == 2 then list = { row.also, row.flag } end
  return list
end

-- The rows of a command's options, --help last.
local function rows_of(spec, groups)
  local rows = {}
  for _, group in ipairs(spec.groups) do
    for _, row in ipairs(groups[group]) do rows[#rows + 1] = row end
  end
  rows[#rows + 1] = stops.help
  return rows
end

-- What may stand before the command's name: the options of all commands, each flag once.
local function all_rows(commands, groups)
  local rows, seen = {}, {}
  for _, spec in ipairs(commands) do
    for _, row in ipairs(rows_of(spec, groups)) do
      if not seen[row.flag] then rows[#rows + 1] = row end
      seen[row.flag] = true
    end
  end
  rows[#rows + 1] = stops.version
  return rows
end

local function names_of(commands)
  local names = {}
  for i, spec in ipairs(commands) do names[i] = spec.name end
  return names
end

local function words_of(row)
  local words = row.offer.words
  return type(words) == "function" and words() or words
end

local function fill(form, values)
  return (form:gsub("@(%u+)@", values))
end

-- bash

local BASH = [=[
# Completes the command lines of ges in bash. Made by `ges completion bash`; runs nothing.

_ges_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

# Words of a list, set off by commas.
_ges_list() {
    local given=''
    [[ $cur == *,* ]] && given=${cur%,*},
    COMPREPLY=($(compgen -P "$given" -W "$1" -- "${cur##*,}"))
}

# Names of files (-f) or folders (-d).
_ges_names() {
    local IFS=$'\n'
    COMPREPLY=($(compgen "$1" -- "$cur"))
    compopt -o filenames 2>/dev/null
}

_ges() {
    local IFS=$' \t\n' cur prev word command='' ended='' extra=0 i
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            --)
                ended=1
                break ;;
            @VALUED@)
                ((i++))
                [[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;
            -*|=) ;;
            *)
                if [[ $command ]]; then ((extra++)); else command=$word; fi ;;
        esac
    done
    [[ $ended ]] && return
    case $command in
@CASES@    esac
}

complete -F _ges ges
]=]

local BASH_ACTIONS = { words = '_ges_words "%s"', list = '_ges_list "%s"', file = "_ges_names -f",
  folder = "_ges_names -d", none = ":" }

-- The lines of one command: its values, then its options or else its words.
local function bash_case(rows, spec, words)
  local out, flags, by_action, order = {}, {}, {}, {}
  for _, row in ipairs(rows) do
    local both = flags_of(row)
    for _, flag in ipairs(both) do flags[#flags + 1] = flag end
    if row.offer then
      local action = BASH_ACTIONS[row.offer.kind]:format(table.concat(words_of(row) or {}, " "))
      if not by_action[action] then
        by_action[action] = {}
        order[#order + 1] = action
      end
      for _, flag in ipairs(both) do table.insert(by_action[action], flag) end
    end
  end
  out[1] = ("        %s)\n            case $prev in"):format(spec and spec.name or "''")
  for _, action in ipairs(order) do
    out[#out + 1] = ("                %s)\n                    %s\n                    return ;;")
      :format(table.concat(by_action[action], "|"), action)
  end
  out[#out + 1] = "            esac\n            if [[ $cur == -* ]]; then\n"
    .. ('                _ges_words "%s"'):format(table.concat(flags, " "))
  if words then
    out[#out + 1] = "            elif ((extra == 0)); then\n"
      .. ('                _ges_words "%s"'):format(table.concat(words, " "))
  end
  out[#out + 1] = "            fi ;;\n"
  return table.concat(out, "\n")
end

-- Every flag that is followed by a value.
local function valued(rows)
  local flags = {}
  for _, row in ipairs(rows) do
    for _, flag in ipairs(row.offer and flags_of(row) or {}) do flags[#flags + 1] = flag end
  end
  return flags
end

--- The script for bash.
---@param commands table[] what the files of the commands return
---@param groups table<string, table[]> rows of ges.cli.options
---@return string
function shells.bash(commands, groups)
  local all, cases = all_rows(commands, groups), {}
  cases[1] = bash_case(all, nil, names_of(commands))
  for _, spec in ipairs(commands) do
    cases[#cases + 1] = bash_case(rows_of(spec, groups), spec, spec.commands)
  end
  return fill(BASH, { VALUED = table.concat(valued(all), "|"), CASES = table.concat(cases) })
end

-- zsh

local ZSH = [=[
#compdef ges
# Completes the command lines of ges in zsh. Made by `ges completion zsh`; runs nothing.

_ges() {
  local curcontext="$curcontext" state line command='' ret=1
  local -i i
  typeset -A opt_args
  local -a commands
  commands=(
@COMMANDS@  )
  # The command's own options count, also before its name.
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      @VALUED@) ((i++)) ;;
      -*) ;;
      *)
        command=$words[i]
        words[i]=()
        ((CURRENT--))
        break ;;
    esac
  done
  case $command in
    '')
      _arguments -C -S \
@ALL@        '1: :->command' && ret=0
      [[ $state == command ]] && _describe -t commands command commands && ret=0 ;;
@CASES@  esac
  return ret
}

if [[ $funcstack[1] == _ges ]]; then
  _ges "$@"
else
  compdef _ges ges
fi
]=]

local function quoted(value)
  return "'" .. value:gsub("'", "'\\''") .. "'"
end

local ZSH_ACTIONS = { words = "(%s)", list = " _values -s , word %s", file = "_files",
  folder = "_path_files -/", none = " " }

-- One option for _arguments.
local function zsh_option(row)
  local help = "[" .. row.help:gsub("[%[%]:\\]", "\\%0") .. "]"
  local value = ""
  if row.offer then
    local words = table.concat(words_of(row) or {}, " ")
    value = (":%s:%s"):format(row.arg, ZSH_ACTIONS[row.offer.kind]:format(words))
  end
  local out = {}
  local both = flags_of(row)
  for i, flag in ipairs(both) do
    local only = #both == 2 and ("(%s)"):format(table.concat(both, " ")) or ""
    local join = row.offer and (#flag == 2 and "+" or "=") or ""
    out[i] = quoted(only .. flag .. join .. help .. value)
  end
  return table.concat(out, " ")
end

local function zsh_options(rows, indent)
  local out = {}
  for i, row in ipairs(rows) do out[i] = indent .. zsh_option(row) .. " \\\n" end
  return table.concat(out)
end

local OPERANDS = { jobs = "'*:JOB: '", job = "'1:JOB: '" }

--- The script for zsh; parameters as for bash.
function shells.zsh(commands, groups)
  local all, list, cases = all_rows(commands, groups), {}, {}
  for i, spec in ipairs(commands) do
    list[i] = ("    %s\n"):format(quoted(spec.name .. ":" .. spec.summary))
    local operand = OPERANDS[spec.arguments]
      or spec.commands and ("'1: :(%s)'"):format(table.concat(spec.commands, " ")) or ""
    cases[i] = ("    %s)\n      _arguments -S \\\n%s        %s && ret=0 ;;\n"):format(
      spec.name, zsh_options(rows_of(spec, groups), "        "), operand)
  end
  return fill(ZSH, { COMMANDS = table.concat(list), CASES = table.concat(cases),
    VALUED = table.concat(valued(all), "|"), ALL = zsh_options(all, "        ") })
end

-- fish

local FISH = [=[
# Completes the command lines of ges in fish. Made by `ges completion fish`; runs nothing.

# The command's name, where it was given.
function __fish_ges_command
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case @VALUED@
                set skip 1
            case '-*'
            case '*'
                echo $word
                return 0
        end
    end
    return 1
end

function __fish_ges_none
    not __fish_ges_command >/dev/null
end

# Whether the command is one of these, or not given yet.
function __fish_ges_in
    set -l name (__fish_ges_command)
    or return 0
    contains -- $name $argv
end

# Whether the command is this, and has no word yet.
function __fish_ges_after
    set -l words (commandline -opc)
    test "$words[-1]" = $argv[1]
    and __fish_ges_in $argv
end

# The value that is being typed, without its option.
function __fish_ges_value
    commandline -ct | string replace -r '^--[a-z-]*=' ''
end

function __fish_ges_folders
    __fish_complete_directories (__fish_ges_value)
end

# Words of a list, set off by commas.
function __fish_ges_list
    set -l given (__fish_ges_value | string replace -r '[^,]*$' '')
    for word in $argv
        echo "$given$word"
    end
end

complete -c ges -f
@LINES@]=]

local FISH_ACTIONS = { words = " -x -a '%s'", list = " -x -a '(__fish_ges_list %s)'",
  file = " -r -F", folder = " -x -a '(__fish_ges_folders)'", none = " -x" }

local function fish_quoted(value)
  return "'" .. value:gsub("[\\']", "\\%0") .. "'"
end

-- One option, for these commands: as the words of a value may differ, each kind of value is a line.
local function fish_option(row, condition, words)
  local names = ""
  for _, flag in ipairs(flags_of(row)) do
    names = names .. (#flag == 2 and " -s " .. flag:sub(2) or " -l " .. flag:sub(3))
  end
  local value = row.offer and FISH_ACTIONS[row.offer.kind]:format(table.concat(words or {}, " "))
  return ("complete -c ges -n %s%s%s -d %s\n"):format(fish_quoted(condition), names, value or "",
    fish_quoted(row.help))
end

-- The options of all commands; a row that several commands have is one line.
local function fish_options(commands, groups)
  local order, by_key = {}, {}
  for _, spec in ipairs(commands) do
    for _, row in ipairs(rows_of(spec, groups)) do
      local words = row.offer and words_of(row)
      local key = row.flag .. "\0" .. row.help .. "\0" .. table.concat(words or {}, " ")
      if not by_key[key] then
        by_key[key] = { row = row, words = words, names = {} }
        order[#order + 1] = by_key[key]
      end
      table.insert(by_key[key].names, spec.name)
    end
  end
  local out = {}
  for i, one in ipairs(order) do
    out[i] = fish_option(one.row, "__fish_ges_in " .. table.concat(one.names, " "), one.words)
  end
  out[#out + 1] = fish_option(stops.version, "__fish_ges_none")
  return table.concat(out)
end

--- The script for fish; parameters as for bash.
function shells.fish(commands, groups)
  local lines = {}
  for _, spec in ipairs(commands) do
    lines[#lines + 1] = ("complete -c ges -n __fish_ges_none -a %s -d %s\n"):format(spec.name,
      fish_quoted(spec.summary))
    if spec.commands then
      lines[#lines + 1] = ("complete -c ges -n '__fish_ges_after %s' -a '%s'\n"):format(spec.name,
        table.concat(spec.commands, " "))
    end
  end
  lines[#lines + 1] = fish_options(commands, groups)
  return fill(FISH, { VALUED = table.concat(valued(all_rows(commands, groups)), " "),
    LINES = table.concat(lines) })
end

return shells
