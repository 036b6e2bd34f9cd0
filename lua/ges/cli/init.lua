-- SPDX-License-Identifier: MIT
-- cli: the command `ges`, from its words to its exit code. Owns the end of a run: by a result, a
-- mistake, a bug, Ctrl-C or SIGTERM. Called by bin/ges only: it takes over signals and descriptors,
-- which a library must not.

local copy = require("ges.util.copy")
local core = require("ges.core")

local args = require("ges.cli.args")
local exit = require("ges.cli.exit")
local plain = require("ges.host.plain")
local program = require("ges.cli.program")
local screen = require("ges.cli.screen")

local cli = {}

local COMMANDS = { "status", "wait", "watch", "jobs", "sim", "doctor", "version", "completion" }

--- The commands in the order of the help, each as its file returns it.
---@return table[]
function cli.commands()
  local commands = {}
  for i, name in ipairs(COMMANDS) do commands[i] = require("ges.cli." .. name) end
  return commands
end

-- The error that ends a run whose output is no longer read, or could not be written.
local UNREAD = "output unread!"

local function new_screen()
  return screen.new({
    getenv = os.getenv, isatty = core.term.isatty, size = core.term.size,
    out = io.stdout, err = io.stderr, deserted = core.term.deserted,
  })
end

---@class ges.cli.Context
---@field screen ges.cli.Screen
---@field values table     the options; flags, texts, spec: as in ges.cli.Request
---@field jobs string[]
---@field program string   how the command is called, for a shell
---@field check fun()        throws when a signal came: its error may have been caught on the way
---@field begin fun()        shows the progress from now on, and ends the run once its output is
---  no longer read
---@field message fun(message: string)  writes to stderr, above the progress
---@field warn fun(info?: ges.Info)  writes each warning in an info, or in none, once in a run
---@field interrupted? fun(code: integer, how: string)  writes what is known, after a signal

-- What a command gets: its options, the screen, the time, and messages that do not mix with the
-- progress.
local function new_context(request, view_screen, commands, signalled)
  local view
  local ctx = {
    screen = view_screen, commands = commands, getenv = os.getenv, now = core.now,
    date = function() return os.date("!%Y-%m-%dT%H:%M:%SZ") end,
    signalled = signalled,
  }
  copy(request, ctx)
  function ctx.check()
    if signalled() then error("interrupted!", 0) end
  end
  plain.tick = ctx.check
  function ctx.watch(new)
    view = new
  end
  function ctx.begin()
    view:begin()
    plain.blocking = false -- so that job_status, too, works in steps and the progress moves
    plain.tick = function()
      ctx.check()
      if not view_screen:is_read() then error(UNREAD, 0) end
      view:tick()
    end
  end
  function ctx.clear()
    if view then view:clear() end
  end
  function ctx.message(message)
    ctx.clear()
    view_screen:message(message)
  end
  local warned = {}
  function ctx.warn(info)
    for _, warning in ipairs(not ctx.values.quiet and info and info.warnings or {}) do
      if not warned[warning] then ctx.message("warning: " .. warning) end
      warned[warning] = true
    end
  end
  return ctx
end

-- Ctrl-C is an error that the interpreter raises between two instructions of Lua. core.term.begin
-- makes SIGTERM the same.
local function is_interrupt(err)
  return type(err) == "string" and err:find("interrupted!", 1, true) ~= nil
end

local function break_off(ctx)
  local code = ctx.signalled() == exit.SIGTERM - 128 and exit.SIGTERM or exit.SIGINT
  local how = code == exit.SIGTERM and "terminated" or "interrupted"
  ctx.message(how)
  if ctx.interrupted then ctx.interrupted(code, how) end
  return code
end

local function misuse(view_screen, command, why)
  view_screen:message(("%s (try: ges %s--help)"):format(why, command and command .. " " or ""))
  return exit.USAGE
end

-- A bug in the command: one line for the user, and with --verbose the traceback.
local function internal(ctx, err, trace)
  ctx.message("internal error: " .. tostring(err))
  if ctx.values.verbose then ctx.screen:note(ctx.screen:safe(trace):gsub("\\x0A", "\n") .. "\n") end
  return exit.BROKEN
end

local function run(ctx, spec)
  local trace
  local ok, code = xpcall(function() return spec.run(ctx) end, function(err)
    trace = debug.traceback("", 2)
    return err
  end)
  if ok then return code end
  if is_interrupt(code) then return break_off(ctx) end
  ctx.clear()
  if code == UNREAD then return exit.OUTPUT end
  if type(code) == "table" and code.usage then
    return misuse(ctx.screen, spec.name, code.usage)
  elseif type(code) == "string" and code:find("^[^\n]*module '[%w._]+' not found") then
    error(code, 0) -- bin/ges says what is missing
  end
  return internal(ctx, code, trace)
end

-- The exit code, unless the output could not be written. A reader that has left, as `head` does,
-- needs no message; Ctrl-C ends a whole pipeline, and stays what it is.
local function finish(view_screen, code)
  local why = view_screen.failed
  if not why then return code end
  if why:sub(1, #screen.BROKEN_PIPE) ~= screen.BROKEN_PIPE then
    view_screen:message("cannot write the output: " .. why)
  elseif code == exit.SIGINT or code == exit.SIGTERM then
    return code
  end
  return exit.OUTPUT
end

-- Reads the command line and runs its command.
local function start(argv, view_screen, signalled)
  local commands = cli.commands()
  local request, why, stop, spec = args.read(argv, commands, os.getenv)
  if stop then
    view_screen:write(stop.what == "version" and "ges " .. core._VERSION .. "\n" or stop.text)
    return exit.OK
  elseif not request then
    return misuse(view_screen, spec and spec.name, why)
  end
  request.program = program.words(argv, os.getenv)
  if request.values.no_color then view_screen.colour = false end
  local ctx = new_context(request, view_screen, commands, signalled)
  return run(ctx, request.spec)
end

-- The same for a signal before there was a run to end: while files are loaded and words are read.
local function start_or_end(argv, view_screen, signalled)
  local ok, code = pcall(start, argv, view_screen, signalled)
  if ok then return code end
  if not is_interrupt(code) then error(code, 0) end
  return break_off({ signalled = signalled,
    message = function(message) view_screen:message(message) end })
end

--- Runs the command.
---@param argv string[]
---@return integer code what to exit with
function cli.main(argv)
  -- An interpreter that does not handle Ctrl-C just dies of it.
  local handles = core.term.begin()
  local function signalled()
    return handles and core.term.signalled() or nil
  end
  local view_screen = new_screen()
  return finish(view_screen, start_or_end(argv, view_screen, signalled))
end

return cli
