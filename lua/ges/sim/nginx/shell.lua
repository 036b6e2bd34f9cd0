-- SPDX-License-Identifier: MIT
-- Commands of the system's shell, and whole files. Owns nothing. Called by the other files of
-- ges.sim.nginx.

local shell = {}

--- A word of a command, whatever is in it.
---@param text string
---@return string
function shell.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Runs a command. os.execute's results differ between the Luas, so the status travels in the
--- output.
---@param command string
---@return boolean ok
---@return string output  all that it printed
function shell.run(command)
  local pipe = assert(io.popen("(" .. command .. "\n) 2>&1; printf '\\n%d\\n' $? 2>/dev/null"))
  local output, status = pipe:read("*a"):match("^(.-)\n(%d+)\n$")
  pipe:close()
  return status == "0", output or ""
end

--- Reads a file; nil where there is none.
---@param path string
---@return string?
function shell.read(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

--- Writes a file.
---@param path string
---@param text string
function shell.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- Waits until a file is there ("-s": and not empty) or, with "! -e", is gone: five seconds at
--- most, in one command.
---@param path string
---@param test string
---@return boolean
function shell.wait_for(path, test)
  local form = "i=0; while ! [ %s %s ]; do [ $i -lt 100 ] || exit 1; sleep 0.05; i=$((i+1)); done"
  return (shell.run(form:format(test, shell.quote(path))))
end

return shell
