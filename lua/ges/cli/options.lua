-- SPDX-License-Identifier: MIT
-- cli.options: the options of the command: names, environment variables, and how a value is read.
-- Pure; owns the table, from which parser, help, completion, the reading of the environment and the
-- translation of the library's texts are made. Called by ges.cli.args, connect and resume.

local output = require("ges.cli.output")

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
  return nil, "is not a number"
end

local OUTCOMES = { success = true, partial = true, failed = true, unknown = true }

local function outcomes(value)
  local words = {}
  for word in (value .. ","):gmatch("%s*([^,]-)%s*,") do
    if not OUTCOMES[word] then return nil, "must be a list of success, partial, failed, unknown" end
    words[#words + 1] = word
  end
  return words
end

local YES = { ["1"] = true, yes = true, ["true"] = true, on = true }
local NO = { ["0"] = true, no = true, ["false"] = true, off = true }

local function flag(value)
  if YES[value:lower()] then return true end
  if NO[value:lower()] then return false end
  return nil, "is neither 1 nor 0"
end

local function word(value)
  if value == "" then return nil, "is empty" end
  return value
end

-- Every user of the machine can read a password on a command line.
local function proxy(value)
  if value:find("@", 1, true) then
    return nil, "must not hold a password; libcurl reads HTTPS_PROXY from the environment"
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

-- "a (default), b or c"
local function shown(words)
  local first = words[1] .. " (default), " .. table.concat(words, ", ", 2, #words - 1)
  return first .. " or " .. words[#words]
end

local ON_UNKNOWN, LANGUAGES = { "wait", "error" }, { "en-us", "zh-cn" }

-- name    of the value, and of the library's option
-- flag    as written; `also` is a second spelling
-- env     the environment variable, unless it is GES_ and the name
-- arg     stands for the value in the help; without it the option is a flag
-- read    text -> value | nil, why not
local ROWS = {
  where = {
    { name = "endpoint", flag = "--endpoint", arg = "URL", read = word,
      help = "where to ask, such as https://ges.cn-north-4.myhuaweicloud.com" },
    { name = "region", flag = "--region", arg = "NAME", read = word,
      help = "the region instead of an endpoint, such as cn-north-4" },
    { name = "cloud", flag = "--cloud", arg = "DOMAIN", read = word,
      help = "with --region: another cloud's domain" },
    { name = "project_id", flag = "--project", also = "--project-id", arg = "ID", read = word,
      help = "the project" },
    { name = "graph_id", flag = "--graph", also = "--graph-id", arg = "ID", read = word,
      help = "the graph" },
    { name = "token_file", flag = "--token-file", arg = "FILE", read = word,
      help = "read the token from FILE, - is stdin (else GES_TOKEN, then access keys)" },
  },
  waiting = {
    { name = "timeout", flag = "--timeout", arg = "TIME", read = options.duration,
      help = "how long to wait in all (1h); 0 asks once" },
    { name = "interval", flag = "--interval", arg = "TIME", read = options.duration,
      help = "a fixed time between two questions (else 10% of the time waited)" },
    { name = "accept", flag = "--accept", arg = "LIST", read = outcomes,
      help = "outcomes that count as success, such as success,partial" },
    { name = "on_unknown", flag = "--on-unknown", arg = "WHAT", read = choice(ON_UNKNOWN),
      choices = ON_UNKNOWN, help = "a status nobody documented: wait (default) or error" },
    { name = "not_found_grace", flag = "--not-found-grace", arg = "TIME",
      read = options.duration, help = "how long a new job may be invisible (10s)" },
  },
  many = {
    { name = "max_in_flight", flag = "--max-in-flight", arg = "N", read = whole,
      help = "requests at a time (8)" },
    { name = "max_rate", flag = "--max-rate", arg = "N", read = number,
      help = "requests a second (50)" },
  },
  once = {
    { name = "timeout", flag = "--timeout", arg = "TIME", read = options.duration,
      help = "how long to try in all (30s)" },
    { name = "retries", flag = "--retries", arg = "N", read = whole,
      help = "further attempts after a fault (2)" },
    { name = "accept", flag = "--accept", arg = "LIST", read = outcomes,
      help = "outcomes that count as success, such as success,partial" },
  },
  transport = {
    { name = "request_timeout", flag = "--request-timeout", arg = "TIME",
      read = options.duration, help = "bound on one request (15s)" },
    { name = "connect_timeout", flag = "--connect-timeout", arg = "TIME",
      read = options.duration, help = "bound on one connection (5s)" },
    { name = "ca_file", flag = "--ca-file", arg = "FILE", read = word,
      help = "certificate authorities (the system's)" },
    { name = "ca_path", flag = "--ca-path", arg = "DIR", read = word,
      help = "a folder of them" },
    { name = "client_cert", flag = "--client-cert", arg = "FILE", read = word,
      help = "our own certificate" },
    { name = "client_key", flag = "--client-key", arg = "FILE", read = word,
      help = "the key of it" },
    { name = "no_verify", flag = "--no-verify",
      help = "do not check who answers (dangerous)" },
    { name = "proxy", flag = "--proxy", arg = "URL", read = proxy,
      help = "a proxy (else HTTPS_PROXY)" },
    { name = "no_proxy", flag = "--no-proxy", arg = "LIST", read = word,
      help = "hosts without one (else NO_PROXY)" },
    { name = "insecure_http", flag = "--insecure-http",
      help = "allow http:// to another machine (dangerous)" },
    { name = "max_response_bytes", flag = "--max-response-bytes", arg = "N", read = whole,
      help = "refuse a larger answer (8388608)" },
    { name = "language", flag = "--language", arg = "TAG", read = choice(LANGUAGES),
      choices = LANGUAGES, help = "of the service's messages: en-us or zh-cn" },
  },
  output = {
    { name = "output", flag = "-o", also = "--output", arg = "FORM", read = choice(output.names),
      choices = output.names, help = shown(output.names) .. " (or --output)" },
    { name = "no_header", flag = "--no-header", help = "tsv and lists without the first line" },
    { name = "quiet", flag = "-q", also = "--quiet",
      help = "no progress, no warnings (or --quiet)" },
    { name = "verbose", flag = "-v", also = "--verbose",
      help = "show every request (or --verbose)" },
    { name = "no_color", flag = "--no-color", env = "GES_NO_COLOR",
      help = "no colours (also NO_COLOR)" },
  },
  server = {
    { name = "port", flag = "--port", arg = "N", read = whole_between(0, 65535),
      env = "GES_SIM_PORT", help = "listen there (a free port)" },
    { name = "tls", flag = "--tls", env = "GES_SIM_TLS", help = "serve https too" },
    { name = "tls_port", flag = "--tls-port", arg = "N", read = whole_between(0, 65535),
      env = "GES_SIM_TLS_PORT", help = "listen there for https" },
    { name = "workers", flag = "--workers", arg = "N", read = whole_between(1, 64),
      env = "GES_SIM_WORKERS", help = "nginx workers (1)" },
  },
}

for _, rows in pairs(ROWS) do
  for _, row in ipairs(rows) do
    row.env = row.env or "GES_" .. row.name:upper()
    if not row.arg then row.read = flag end
  end
end

options.groups = ROWS

--- The group titles in the help.
options.titles = {
  where = "Which job", waiting = "Waiting", many = "Many jobs", once = "Asking",
  transport = "The way there", output = "Output", server = "Server",
}

return options
