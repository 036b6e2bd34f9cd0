-- SPDX-License-Identifier: MIT
-- cli.secret: the token, from a file or from stdin. No message of this file holds the token.
-- Owns nothing. Called by ges.cli.connect, doctor and resume.

local core = require("ges.core")
local env = require("ges.credentials.env")
local secret_file = require("ges.util.secret_file")

local secret = {}

local STDIN = { ["-"] = true, ["/dev/stdin"] = true, ["/dev/fd/0"] = true }

local MOST = 131072

-- A longer name of a file that does not exist may be the token itself, and is not repeated.
local NAME_MOST = 100

--- Whether the path is a descriptor that the command inherited. Any other path must be a regular
--- file: opening a named pipe could block for ever.
---@param path string
---@return boolean
function secret.is_stream(path)
  return path == "-" or path == "/dev/stdin" or path:find("^/dev/fd/%d+$") ~= nil
    or path:find("^/proc/self/fd/%d+$") ~= nil
end

-- Why the token must not be in this file, or nil and perhaps a warning.
local function objection(path)
  if secret.is_stream(path) then return nil end
  local found, err, code = secret_file.look(path, "the token file")
  if code and #path > NAME_MOST then
    return "no such token file; the token itself must not be on the command line"
  end
  if code then err = "cannot use the token file " .. err end
  return err, found and found.warning
end

-- Without the newline that an editor puts at the end of a file.
local function trim(text)
  return (text:gsub("\r?\n$", ""))
end

local function take(file, what)
  local text = file:read(MOST + 1)
  if not text or trim(text) == "" then return nil, what .. " is empty" end
  if #text > MOST then return nil, what .. " is longer than 128 KiB" end
  return trim(text)
end

-- A function that reads the token; from a pipe only once.
local function reader(path)
  local kept
  return function()
    if kept then return kept end
    if STDIN[path] and core.term.isatty(0) then
      return nil, "stdin is a terminal, which would show the token: use a pipe, or GES_TOKEN"
    end
    if path == "-" then
      local token, err = take(io.stdin, "the token on stdin")
      kept = token
      return token, err
    end
    local why, warning = objection(path)
    if why then return nil, why end
    local file, err = io.open(path, "rb")
    if not file then return nil, "cannot read the token file " .. err end
    local token
    token, err = take(file, "the token file " .. path)
    file:close()
    kept = secret.is_stream(path) and token or nil
    return token, err, warning
  end
end

--- A provider of the token in a file, which is read before every request: another program may renew
--- the token during a wait.
---@param path string a file, or - for stdin
---@return ges.Provider
function secret.provider(path)
  local read = reader(path)
  local function get()
    local token, err, warning = read()
    local why = token and core.badtoken(token)
    if why then
      err = (path == "-" and "the token on stdin " or "the token file " .. path .. " ") .. why
      return nil, err, { kind = "argument", message = err, retryable = false }
    end
    if token then return { token = token, warning = warning } end
    return nil, err, { kind = "credentials", message = err, retryable = false }
  end
  return {
    kind = "token file", get = get, place = function() return env.place(os.getenv) end,
    refresh = function(_, _, rejected)
      local creds, err, info = get()
      if creds and rejected and creds.token == rejected.token then return nil end
      return creds, err, info
    end,
  }
end

return secret
