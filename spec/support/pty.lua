-- pty: runs the command of this tree, or any other, and returns what a person or a pipeline would
-- see of it. The processes and streams belong to spec/support/pty.c. For specs only.
--
--   local seen = pty.run({ "status", "-o", "json", id }, { env = {...} })
--   seen.code, seen.signal, seen.out, seen.err, seen.tty, seen.first (seconds until the first
--   output), seen.seconds (until the end), seen.ended (the time of it, by core.now)
--
-- Options: env (added to a bare environment), stdin, stdout, stderr ("pty", "pipe", "closed" or a
-- path; stdin is /dev/null, the others are pipes), columns, rows (of the terminal, 80 x 24), input,
-- within (seconds until it is killed, 60), program (instead of bin/ges and its interpreter),
-- on(seen, process): called after each piece of output and 100 times a second.

local core = require "ges.core"
local place = require "place"
local native = require "support.pty"

local pty = {}

local is_jit = type(rawget(_G, "jit")) == "table"

--- The interpreter that runs this spec.
pty.lua = is_jit and "luajit" or "lua5.4"
pty.top = debug.getinfo(1, "S").source:match("^@(.*)spec/support/pty%.lua$")
pty.top = pty.top == "" and "." or pty.top:gsub("/$", "")

local function environment(extra)
  local list = { "PATH=" .. os.getenv("PATH"), "HOME=/proc/none", "TERM=xterm",
    "LC_ALL=C.UTF-8", "TZ=Asia/Shanghai" }
  if os.getenv("GES_BUILD") then list[#list + 1] = "GES_BUILD=" .. os.getenv("GES_BUILD") end
  local at = {}
  for i, pair in ipairs(list) do at[pair:match("^[^=]*")] = i end
  for name, value in pairs(extra or {}) do
    list[at[name] or #list + 1] = value and name .. "=" .. value or "UNUSED="
  end
  return list
end

local function command_line(args, opts)
  local line = {}
  for i, word in ipairs(opts.program or { pty.lua, pty.top .. "/bin/ges" }) do line[i] = word end
  for _, word in ipairs(args) do line[#line + 1] = word end
  return line
end

local NAMES = { "out", "err", "tty" }

local function take(seen, data, since)
  for i, name in ipairs(NAMES) do
    if data[i] then
      seen[name] = seen[name] .. data[i]
      seen.first = seen.first or core.now() - since
    end
  end
end

-- Reads until the process has ended and its streams, too.
local function follow(process, seen, opts, since)
  local on, within = opts.on, opts.within or 60
  while true do
    local data = process:read(0.01)
    if data then take(seen, data, since) end
    if not seen.code and not seen.signal then
      seen.code, seen.signal = process:wait()
      if seen.code or seen.signal then
        seen.ended = core.now()
        seen.seconds = seen.ended - since
      end
    elseif not data or not next(data) then
      return
    end
    if on and not seen.seconds then on(seen, process) end
    if core.now() - since > within then
      seen.timeout = true
      process:kill(9)
      within = math.huge
    end
  end
end

--- Runs a command to its end.
---@param args string[]
---@param opts? table
function pty.run(args, opts)
  opts = opts or {}
  local streams = { opts.stdin or opts.input and "pipe" or "/dev/null", opts.stdout or "pipe",
    opts.stderr or "pipe" }
  local seen = { out = "", err = "", tty = "" }
  local since = core.now()
  local process = native.spawn(command_line(args, opts), environment(opts.env), streams,
    opts.columns or 80, opts.rows or 24)
  if opts.input then
    process:write(opts.input)
    process:close(0)
  end
  if opts.close_stdout then process:close(1) end
  follow(process, seen, opts, since)
  return seen
end

--- Runs a command with all three streams on a terminal.
---@param args string[]
---@param opts? table
function pty.on_terminal(args, opts)
  local all = { stdin = "pty", stdout = "pty", stderr = "pty" }
  for name, value in pairs(opts or {}) do all[name] = value end
  return pty.run(args, all)
end

--- Whether this system has pseudo-terminals to give.
---@return boolean
function pty.available()
  return (pcall(pty.run, { "-c", ":" }, { program = { "/bin/sh" }, stdout = "pty" }))
end

--- What a terminal shows after these bytes: its lines, without blanks at their ends. Knows what
--- the command uses: CR, LF, erase to the end of line or screen, cursor up, colours.
---@param bytes string
---@param columns? integer
---@return string[] lines
---@return boolean wrapped whether a line was longer than the terminal
---@return table colours of its lines: from columns to the numbers of colours
function pty.screen(bytes, columns)
  local rows, colours, y, x, wrapped = { {} }, { {} }, 1, 1, false
  local at, colour = 1, nil
  local function row()
    rows[y], colours[y] = rows[y] or {}, colours[y] or {}
    return rows[y]
  end
  while at <= #bytes do
    local stop, n, what = select(2, bytes:find("^\27%[(%d*)([A-Za-z])", at))
    local char = bytes:match("^[%z\1-\127\194-\244][\128-\191]*", at) or bytes:sub(at, at)
    if stop then
      n = tonumber(n) or 0
      if what == "m" then colour = n > 0 and n or nil end
      if what == "A" then y = math.max(1, y - math.max(n, 1)) end
      if what == "K" or what == "J" then for i = x, #row() do row()[i] = nil end end
      if what == "J" then for i = y + 1, #rows do rows[i] = nil end end
      at = stop + 1
    else
      if char == "\r" then
        x = 1
      elseif char == "\n" then
        y, x = y + 1, 1
        row()
      else
        if columns and x > columns then wrapped = true end
        for i = #row() + 1, x - 1 do row()[i] = " " end
        row()[x] = char
        colours[y][x], x = colour, x + 1
      end
      at = at + #char
    end
  end
  local lines = {}
  for i = 1, #rows do lines[i] = (table.concat(rows[i]):gsub("%s+$", "")) end
  while lines[#lines] == "" do lines[#lines] = nil end
  return lines, wrapped, colours
end

return place.tell("pty.", pty, { "run", "on_terminal" })
