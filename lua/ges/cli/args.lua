-- SPDX-License-Identifier: MIT
-- cli.args: the command line and the environment, read into one table.
-- Flags come before the environment; profiles are the library's, and come last. Secrets on the
-- command line are refused without being repeated. Pure but for `getenv`. Called by ges.cli.

local argparse = require("argparse")

local exit = require("ges.cli.exit")
local options = require("ges.cli.options")

local args = {}

local SECRETS = {
  "token", "ak", "sk", "access-key", "secret-key", "security-token", "password", "auth-token",
}

-- Options that exclude each other: a flag overrules the variable of the other one, and of two
-- variables the more exact one counts.
local function drop_rivals(values, flags, getenv)
  if flags.endpoint or values.endpoint and not (flags.region or flags.cloud) then
    values.region, values.cloud = flags.region, flags.cloud
  elseif flags.region or flags.cloud then
    values.endpoint = nil
  end
  if flags.project then
    values.project_id = flags.project_id
  elseif flags.project_id then
    values.project = nil
  end
  if flags.graph_name then
    values.graph_id = flags.graph_id
  elseif values.graph_id then
    values.graph_name = nil
  end
  if (getenv("GES_TOKEN") or "") ~= "" then values.token_file = flags.token_file end
end

local function exit_codes()
  local lines = { "Exit codes:" }
  for _, row in ipairs(exit.MEANING) do
    lines[#lines + 1] = ("   %-4d%s"):format(row[1], row[2])
  end
  return table.concat(lines, "\n")
end

-- A flag that ends the parse at once: argparse's own help option would print and exit. `epilog`
-- makes the text that the help ends with.
local function add_stop(parser, name, state, epilog)
  local row = options.stops[name]
  local flags = row.also and row.flag .. " " .. row.also or row.flag
  parser:flag(flags):description(row.help):target("_" .. name):action(function()
    if epilog then parser:epilog(epilog()) end
    state.stop, state.parser = name, parser
    error("stop", 0)
  end)
end

local function add_row(command, row)
  local option
  if row.arg then
    option = command:option(row.flag):argname(row.arg)
    if row.choices then option:choices(row.choices) end
  else
    option = command:flag(row.flag)
  end
  if row.also then option:hidden_name(row.also) end
  return option:target(row.name):description(row.help)
end

-- Whether the help of one of a command's options ends with a default.
local function has_defaults(spec)
  for _, group in ipairs(spec.groups) do
    for _, row in ipairs(options.groups[group]) do
      if row.help:find("%(%w+%)$") then return true end
    end
  end
  return false
end

local function add_command(parser, spec, state)
  local command = parser:command(spec.name):add_help(false):summary(spec.summary)
  local shown = { spec.description }
  if spec.examples then
    shown[#shown + 1] = "\nExamples:\n   " .. table.concat(spec.examples, "\n   ")
  end
  if has_defaults(spec) then shown[#shown + 1] = "\nA value in parentheses is the default." end
  command:description(table.concat(shown, "\n"))
  if spec.arguments == "jobs" then
    command:argument("JOB"):target("jobs"):args(spec.instead and "*" or "+")
      :description("ids of the jobs")
  elseif spec.arguments == "job" then
    command:argument("JOB"):target("jobs"):description("id of the job")
  end
  for _, name in ipairs(spec.commands or {}) do
    command:command(name):add_help(false):summary(spec.command_summary:format(name))
  end
  if spec.commands then command:command_target("argument") end
  local operands = { jobs = " JOB..." .. (spec.instead and "|" .. spec.instead or ""),
    job = " JOB" }
  command:usage(("Usage: ges %s%s%s"):format(spec.name, #spec.groups > 0 and " [OPTION]..." or "",
    operands[spec.arguments] or spec.commands and " " .. table.concat(spec.commands, "|") or ""))
  for _, group in ipairs(spec.groups) do
    local elements = {}
    for _, row in ipairs(options.groups[group]) do
      elements[#elements + 1] = add_row(command, row)
    end
    command:group(options.titles[group], (unpack or table.unpack)(elements))
  end
  add_stop(command, "help", state, spec.epilog)
  if spec.exit_codes then command:epilog(exit_codes()) end
end

--- The parser of the whole command line.
---@param commands table[] what the files of the commands return
---@param state table gets `stop` and `parser` when --help or --version ended the parse
function args.parser(commands, state)
  local parser = argparse("ges"):add_help(false):help_max_width(80):require_command(true)
    :command_target("command")
    :description("Shows the status of jobs of Huawei Cloud's Graph Engine Service (GES), and waits "
      .. "until they are done.\n\nExamples:\n"
      .. "   ges wait --region cn-north-4 --project P --graph G JOB\n"
      .. "   ges status -o json JOB | jq -r .status\n"
      .. "   ges doctor --region cn-north-4")
    :epilog("'ges COMMAND --help' lists the options of a command. Each has an environment variable,"
      .. " such as GES_ENDPOINT for --endpoint; the flag takes precedence. Secrets are never given"
      .. " as flags: the token is read from GES_TOKEN or --token-file, and ges(1) tells where keys"
      .. " and passwords are read from.\n\n"
      .. exit_codes())
  for _, spec in ipairs(commands) do add_command(parser, spec, state) end
  add_stop(parser, "help", state)
  add_stop(parser, "version", state)
  return parser
end

-- The complaint about a secret on the command line, which does not repeat it.
local function find_secret(argv)
  for _, word in ipairs(argv) do
    if word == "--" then return nil end
    for _, name in ipairs(SECRETS) do
      if word == "--" .. name or word:sub(1, #name + 3) == "--" .. name .. "=" then
        return "--" .. name .. " is not an option: every user of this machine can read a command"
          .. " line. Use GES_TOKEN or --token-file (- is stdin), and the environment for keys"
      end
    end
  end
end

-- The flags of all commands that are followed by a value, each with a spelling that takes it after
-- an equals sign, and the set of all flags.
local function all_flags()
  local valued, known = {}, {}
  for _, rows in pairs(options.groups) do
    for _, row in ipairs(rows) do
      for _, flag in ipairs { row.flag, row.also } do
        valued[flag], known[flag] = row.arg and (row.also or row.flag), true
      end
    end
  end
  return valued, known
end

-- The flag of a word that is an option of some command, whether its value is joined to it or not.
local function known_flag(word, known)
  local flag = word:match("^%-%-[^=]+") or word:match("^%-[^-]")
  return known[flag] and flag
end

-- What argparse says is wrong, as one sentence. Of options of one letter each is near to each.
local function one_line(why, spec)
  if spec and spec.command_noun then
    local list = table.concat(spec.commands, ", "):gsub(", (%w+)$", " or %1")
    why = why:gsub("^a command is required$", "a " .. spec.command_noun .. " is required: " .. list)
      :gsub("^unknown command ('[^']*').*$", ("unknown %s %%1: give %s"):format(spec.command_noun,
        list))
  end
  why = why:gsub("^(unknown option '%-.')\n.*", "%1")
  return (why:gsub("\nDid you mean ", "; did you mean "):gsub("\n", " "))
end

-- The words with a number below zero joined to the flag that it follows: to argparse it would be an
-- option. What is wrong with the number is said by whatever reads it.
local function join_negative(argv)
  local takes_value, words = all_flags(), {}
  local ends = false
  for _, word in ipairs(argv) do
    local flag = words[#words]
    if not ends and takes_value[flag] and word:find("^%-[%d.]") then
      words[#words] = takes_value[flag] .. "=" .. word
    else
      words[#words + 1] = word
    end
    ends = ends or word == "--"
  end
  return words
end

-- The words with the command's name in front: options may precede it, but argparse wants it first.
-- What follows known options alone is meant as a command, too.
local function command_first(argv, commands)
  local takes_value, known = all_flags()
  local words, names, skip, is_known = {}, { help = true }, false, true
  for _, spec in ipairs(commands) do names[spec.name] = true end
  for i, word in ipairs(argv) do words[i] = word end
  for i, word in ipairs(words) do
    if word == "--" then break end
    local is_operand = not skip and word:sub(1, 1) ~= "-"
    if is_operand and (names[word] or is_known) then
      table.insert(words, 1, (table.remove(words, i)))
    end
    if is_operand then break end
    is_known = is_known and (skip or known_flag(word, known) ~= nil)
    skip = not skip and takes_value[word] ~= nil
  end
  if words[1] == "help" then
    table.remove(words, 1)
    words[#words + 1] = "--help"
    return command_first(words, commands)
  end
  return words
end

-- What is wrong with these words, by what argparse says of them.
local function complaint(why, words, spec)
  local _, known = all_flags()
  local flag = not spec and words[1] and known_flag(words[1], known)
  if flag then return ("a command is required: %s is an option of commands"):format(flag) end
  return one_line(why, spec)
end

-- The value of a row, from the flag or else the environment, and its text as written.
local function read_row(row, given, getenv)
  local text, source = given, row.flag
  if text == true then return true, true end
  if text == nil then
    text, source = getenv(row.env), row.env
    if text == nil or text == "" then return nil end
  end
  local result, why = row.read(text)
  if result == nil then
    if text:find("^%-[%d.]") then why = why .. ", got " .. text end
    error({ usage = source .. " " .. why }, 0)
  end
  return result, text
end

local function read_rows(spec, parsed, getenv)
  local values, flags, texts = {}, {}, {}
  for _, group in ipairs(spec.groups) do
    for _, row in ipairs(options.groups[group]) do
      local name = row.name
      values[name], texts[name] = read_row(row, parsed[name], getenv)
      if parsed[name] ~= nil then flags[name] = values[name] end
    end
  end
  drop_rivals(values, flags, getenv)
  return values, flags, texts
end

---@class ges.cli.Request
---@field spec table      the command
---@field values table    its options
---@field flags table     those of them that were flags
---@field texts table     their values as written
---@field jobs string[]

--- Reads a command line.
---@param argv string[]
---@param commands table[]
---@param getenv fun(name: string): string?
---@return ges.cli.Request? request
---@return string? err what is wrong
---@return table? stop --help or --version: { what=, text= }
---@return table? spec the command that is wrong, where it is known
function args.read(argv, commands, getenv)
  local state = {}
  local parser = args.parser(commands, state)
  local secret = find_secret(argv)
  if secret then return nil, secret end
  local words = command_first(join_negative(argv), commands)
  local ran, ok, parsed = pcall(parser.pparse, parser, words)
  if state.stop then
    return nil, nil, { what = state.stop, text = state.parser:get_help() .. "\n" }
  end
  if not ran then error(ok, 0) end
  local by_name = {}
  for _, spec in ipairs(commands) do by_name[spec.name] = spec end
  if not ok then
    return nil, complaint(parsed, words, by_name[words[1]]), nil, by_name[words[1]]
  end
  local spec = by_name[parsed.command]
  local read, values, flags, texts = pcall(read_rows, spec, parsed, getenv)
  if not read then
    if type(values) ~= "table" then error(values, 0) end
    return nil, values.usage, nil, spec
  end
  local jobs = parsed.jobs
  if type(jobs) == "string" then jobs = { jobs } end
  return { spec = spec, values = values, flags = flags, texts = texts, jobs = jobs,
    argument = parsed.argument }
end

return args
