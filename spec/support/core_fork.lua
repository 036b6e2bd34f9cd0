-- fork for specs: from lua-posix where it is, else from a few lines of C that are compiled on the
-- spot. `fork.run` is nil where neither can be had. For spec/lua/fork_spec.lua.

local fork = {}

local SOURCE = [[
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
typedef %s integer;
extern void lua_pushinteger (void *L, integer n);
extern integer luaL_checkinteger (void *L, int arg);
int spec_fork (void *L) { lua_pushinteger(L, fork()); return 1; }
int spec_exit (void *L) { (void)L; _exit(0); }
int spec_wait (void *L) {
  waitpid((pid_t)luaL_checkinteger(L, 1), NULL, 0);
  return 0;
}
]]

-- The three functions, compiled. They have no lua.h: an integer of Lua 5.1 has the size of a
-- pointer, one of 5.3 has 64 bits.
local function compiled()
  local base = os.tmpname()
  local source, lib = base .. ".c", base .. ".so"
  local file = assert(io.open(source, "w"))
  file:write(SOURCE:format(math.type and "long long" or "ptrdiff_t"))
  file:close()
  os.execute(("cc -shared -fPIC -o %s %s 2>/dev/null"):format(lib, source))
  local functions = {}
  for _, name in ipairs { "spec_fork", "spec_wait", "spec_exit" } do
    functions[#functions + 1] = package.loadlib(lib, name)
  end
  for _, path in ipairs { base, source, lib } do
    os.remove(path)
  end
  return functions[1], functions[2], functions[3]
end

local function functions()
  local ok, unistd = pcall(require, "posix.unistd")
  if ok then
    return unistd.fork, require("posix.sys.wait").wait, unistd._exit
  end
  return compiled()
end

local do_fork, do_wait, do_exit = functions()

if do_exit then
  --- Forks; returns 0 in the child.
  fork.fork = do_fork

  --- Waits for the end of a child.
  fork.wait = do_wait

  --- Ends this process at once.
  fork.exit = do_exit

  --- Runs `f` in a child, waits for its end and returns what f returned, a string, or its error.
  --- `meanwhile`, if given, runs in the parent before it waits.
  function fork.run(f, meanwhile)
    local path = os.tmpname()
    io.stdout:flush()
    local pid = do_fork()
    if pid == 0 then
      local ok, text = pcall(f)
      local file = io.open(path, "w")
      file:write(ok and "" or "error: ", tostring(text))
      file:close()
      do_exit(0)
    end
    if meanwhile then
      meanwhile()
    end
    do_wait(pid)
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    os.remove(path)
    return text
  end
end

return fork
