-- SPDX-License-Identifier: MIT
-- cli.options: the options of the command: names, environment variables, and how a value is read.
-- What is an option of the library takes type, words, default and help from core.options. Pure;
-- owns the table, from which parser, help, completion, the reading of the environment and the
-- translation of the library's texts are made. Called by the files of ges.cli.

local core = require("ges.core")
local output = require("ges.cli.output")
local text = require("ges.cli.text")
local utc = require("ges.util.utc")

local options = {}

local UNITS = { ms = 0.001, s = 1, m = 60, h = 3600, d = 86400 }

--- Reads a duration: 90s, 5m, 1h30m, 250ms; a bare number means seconds.
---@param value string
---@return number? seconds
---@return string? err
function options.duration(value)
  if value:find("^%d+%.?%d*$") or value:find("^%.%d+$") then return tonumber(value) end
  local total, rest = 0, value
  while rest ~= "" do
    local number, unit, more = rest:match("^(%d*%.?%d*)(%l+)(.*)$")
    if not number or not tonumber(number) or not UNITS[unit] then total = nil break end
    total, rest = total + tonumber(number) * UNITS[unit], more
  end
  if total and value ~= "" then return total end
  return nil, "is not a duration such as 90s, 5m, 1h30m or 250ms"
end

-- Seconds ago as a number, or a day as it is written.
local function since(value)
  local year, month, day = value:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  if utc.seconds(year, month, day, 0, 0, 0) then return value end
  local seconds = options.duration(value)
  if seconds then return seconds end
  return nil, "must be a time ago, such as 90m, 2h or 7d, or a day, such as 2024-01-31"
end

local function whole(value)
  if value:find("^%d+$") and #value < 16 then return tonumber(value) end
  return nil, "is not a whole number"
end

local function whole_between(low, high)
  return function(value)
    local n = whole(value)
    if n and n >= low and n <= high then return n end
    return nil, ("is not a whole number from %d to %d"):format(low, high)
  end
end

local function number(value)
  if value:find("^%d+%.?%d*$") then return tonumber(value) end
  return nil, "is not a number such as 5 or 0.5"
end

local function list_of(words)
  local known = {}
  for _, one in ipairs(words) do known[one] = true end
  return function(value)
    local list = {}
    for one in (value .. ","):gmatch("%s*([^,]-)%s*,") do
      if not known[one] then return nil, "must be a list of " .. table.concat(words, ", ") end
      list[#list + 1] = one
    end
    return list
  end
end

local YES = { ["1"] = true, yes = true, ["true"] = true, on = true }
local NO = { ["0"] = true, no = true, ["false"] = true, off = true }

local function flag(value)
  if YES[value:lower()] then return true end
  if NO[value:lower()] then return false end
  return nil, "must be 1 or 0, or yes, no, true, false, on or off"
end

local function word(value)
  if value == "" then return nil, "is empty" end
  return value
end

-- Every user of the machine can read a password on a command line.
local function proxy(value)
  if value:find("@", 1, true) then
    return nil, "must not hold a password: put the URL with it into HTTPS_PROXY, in the environment"
  end
  return value
end

local function choice(words)
  return function(value)
    for _, one in ipairs(words) do
      if one == value then return value end
    end
    return nil, "must be one of " .. table.concat(words, ", ")
  end
end

local function fault_list(value)
  local list, why = require("ges.sim.service.faults").list(value)
  if not list then return nil, "is not a list of faults: " .. why end
  return list
end

-- Loads the simulator: only when it is asked for.
local function fault_names()
  local names = {}
  for i, kind in ipairs(require("ges.sim.service.faults").kinds) do names[i] = kind.name end
  return names
end

-- "a, b or c"
local function either(words)
  return table.concat(words, ", ", 1, #words - 1) .. " or " .. words[#words]
end

-- The regions in which the SDKs know the service; every other name is taken, too.
local REGIONS = { "cn-north-4", "cn-north-1", "cn-north-2", "cn-east-3", "cn-south-1",
  "ap-southeast-1", "ap-southeast-3", "eu-west-101", "ru-moscow-1" }

-- Times that are offered for a duration.
local TIMES = { "1s", "5s", "15s", "30s", "1m", "5m", "30m", "1h", "2h", "6h" }

-- name    of the value, and of the library's option, if there is one of that name
-- flag    as written, unless it is the name with dashes; `also` is a second spelling
-- env     the environment variable, unless it is GES_ and the name
-- arg     stands for the value in the help; without it the option is a flag
-- read    text -> value | nil, why not; choices: the only ones; help: each unless the library's
--         option has it
-- default the name in core.defaults, unless it is that of the option
-- suggest what a shell offers for the value where the words of the option do not say it
-- offer   the same, as `offer` below makes it
-- is_look how results look: not part of a command that is printed to be run again
local ROWS = {
  where = {
    { name = "endpoint", arg = "URL" },
    { name = "region", arg = "NAME", suggest = REGIONS },
    { name = "cloud", arg = "DOMAIN" },
    { name = "iam_endpoint", arg = "URL" },
    { name = "project_id", flag = "--project", also = "--project-id", arg = "ID" },
    { name = "project", flag = "--project-name", arg = "NAME", env = "GES_PROJECT_NAME" },
    { name = "graph_id", flag = "--graph", also = "--graph-id", arg = "ID" },
    { name = "token_file", arg = "FILE", read = word,
      help = "read the token from FILE, - for stdin (else GES_TOKEN, then access keys)" },
  },
  waiting = {
    { name = "timeout", arg = "TIME", default = "wait_timeout" },
    { name = "interval", arg = "TIME" },
    { name = "accept", arg = "LIST" },
    { name = "on_unknown", arg = "WHAT" },
    { name = "not_found_grace", arg = "TIME" },
  },
  many = {
    { name = "running", env = "GES_WAIT_RUNNING",
      help = "instead of JOB: all jobs of the graph that are pending or running" },
    { name = "max_in_flight", arg = "N" },
    { name = "max_rate", arg = "N" },
  },
  listing = {
    { name = "graph_name", arg = "NAME" },
    { name = "status", arg = "WORD", env = "GES_JOBS_STATUS" },
    { name = "start_time", flag = "--since", arg = "WHEN", read = since, env = "GES_JOBS_SINCE",
      suggest = { "30m", "2h", "1d", "7d" },
      help = "jobs that began since then: a time ago, such as 2h, or a day, yyyy-MM-dd (UTC)" },
    { name = "limit", arg = "N", env = "GES_JOBS_LIMIT" },
  },
  once = {
    { name = "timeout", arg = "TIME" },
    { name = "retries", arg = "N" },
    { name = "accept", arg = "LIST" },
  },
  transport = {
    { name = "request_timeout", arg = "TIME" },
    { name = "connect_timeout", arg = "TIME" },
    { name = "ca_file", arg = "FILE" },
    { name = "ca_path", arg = "DIR" },
    { name = "client_cert", arg = "FILE" },
    { name = "client_key", arg = "FILE" },
    { name = "no_verify",
      help = "skip certificate verification; the token may go to an impostor" },
    { name = "proxy", arg = "URL", read = proxy },
    { name = "no_proxy", arg = "LIST" },
    { name = "insecure_http" },
    { name = "max_response_bytes", arg = "N" },
    { name = "language", arg = "TAG" },
  },
  output = {
    { name = "output", flag = "-o", also = "--output", arg = "FORM", choices = output.names,
      help = either(output.names):gsub("%f[,]", " (default)", 1) .. " (or --output)" },
    { name = "no_header", help = "leave out the header line of tsv and of lists" },
    { name = "quiet", flag = "-q", also = "--quiet",
      help = "no progress, no warnings (or --quiet)" },
    { name = "verbose", flag = "-v", also = "--verbose",
      help = "show every request (or --verbose)" },
    { name = "no_color", help = "no colours (also NO_COLOR)" },
  },
  server = {
    { name = "port", arg = "N", read = whole_between(0, 65535), env = "GES_SIM_PORT",
      help = "port to listen on (a free port)" },
    { name = "tls", env = "GES_SIM_TLS", help = "serve https as well" },
    { name = "tls_port", arg = "N", read = whole_between(0, 65535), env = "GES_SIM_TLS_PORT",
      help = "port to listen on for https; --tls is not needed then" },
    { name = "workers", arg = "N", read = whole_between(1, 64), env = "GES_SIM_WORKERS",
      help = "nginx workers (1)" },
    { name = "samples", flag = "--jobs", env = "GES_SIM_JOBS",
      help = "start a job of each kind, to wait for" },
    { name = "faults", arg = "LIST", read = fault_list, env = "GES_SIM_FAULTS",
      offer = { kind = "list", words = fault_names },
      help = "faults of the first calls, see below" },
  },
}

-- The options of commands that honour only some of those of the output.
local function only(...)
  local rows = {}
  for i, name in ipairs { ... } do
    for _, row in ipairs(ROWS.output) do
      if row.name == name then rows[i] = row end
    end
  end
  return rows
end

for _, row in ipairs(ROWS.output) do row.is_look = true end

-- Another form is read, too, and refused by `ges watch` itself if it is the flag's.
ROWS.events = only("output", "quiet", "verbose")
ROWS.events[1] = { name = "output", flag = "-o", also = "--output", arg = "FORM", is_look = true,
  choices = output.names, suggest = output.event_names,
  help = either(output.event_names) .. ", which are the same here: JSON lines (or --output)" }
ROWS.report = only("output", "no_color")
ROWS.form = only("output")

local FLAGS = {}

-- How a value of the library's option is read.
local function reader(option)
  if option.type == "table" then return list_of(option.words) end
  return option.seconds and options.duration or option.type == "integer" and whole
    or option.type == "number" and number or word
end

-- The line of help of the library's option, with its words and its default, which belongs to what
-- the option is: it stands before what is said of a single value.
local function help_of(option, default)
  local line = option.help:gsub("`([%l_]+)`", FLAGS)
  if option.words then line = either(option.words) .. ": " .. line end
  if not tonumber(default) then return line end
  local shown = option.seconds and text.duration(default):gsub("h00m$", "h") or default
  local what, rest = line:match("^([^;]*)(.*)$")
  return ("%s (%s)%s"):format(what, shown, rest)
end

-- What a shell offers for the value of a row: { kind = "words", "list" (set off by commas), "file",
-- "folder" or "none", words = {} or a function that returns them }. None of it is asked from a
-- service.
local function offer(row, option)
  local words = row.suggest or option and option.words or row.choices
  if words then return { kind = row.read == nil and option and option.type == "table" and "list"
    or "words", words = words } end
  if option and option.seconds then return { kind = "words", words = TIMES } end
  return { kind = row.arg == "FILE" and "file" or row.arg == "DIR" and "folder" or "none" }
end

-- Gives a row what it has from its option.
local function complete(row, option)
  local default = core.defaults[row.default or row.name]
  row.offer = row.offer or row.arg and offer(row, option) or nil
  row.choices = row.choices or option and option.type == "string" and option.words or nil
  row.help = row.help or help_of(option, default)
  row.read = row.read or not row.arg and flag or row.choices and choice(row.choices)
    or reader(option)
end

local function complete_all()
  local library = {}
  for _, option in ipairs(core.options()) do library[option.name] = option end
  for _, rows in pairs(ROWS) do
    for _, row in ipairs(rows) do
      row.flag = row.flag or "--" .. row.name:gsub("_", "-")
      row.env = row.env or "GES_" .. row.name:upper()
      row.calls = library[row.name] and library[row.name].calls
      FLAGS[row.name] = row.flag
    end
  end
  for _, rows in pairs(ROWS) do
    for _, row in ipairs(rows) do complete(row, library[row.name]) end
  end
end

complete_all()

options.groups = ROWS

--- The flags that end a command line at once: that of every command, and that of none.
options.stops = {
  help = { flag = "-h", also = "--help", help = "show this help" },
  version = { flag = "--version", help = "show the version" },
}

--- The group titles in the help.
options.titles = {
  where = "Service, project and graph", listing = "Jobs to list", waiting = "Waiting",
  many = "Several jobs", once = "Request", transport = "Connection", output = "Output",
  events = "Output",
  report = "Output", form = "Output", server = "Server",
}

return options
