-- SPDX-License-Identifier: MIT
-- cli.secret: the token, from a file or from stdin. Nothing in here puts it into a message.
-- Owns nothing. Called by ges.cli.client.

local core = require("ges.core")

local secret = {}

local STDIN = { ["-"] = true, ["/dev/stdin"] = true, ["/dev/fd/0"] = true }

local MOST = 131072

-- What is longer, and no file, is somebody's token.
local NAME_MOST = 100

--- Is it a pipe that the caller made for us? Only these may be no regular file: opening another
--- pipe could block for ever.
---@param path string
---@return boolean
function secret.is_stream(path)
  return path == "-" or path == "/dev/stdin" or path:find("^/dev/fd/%d+$") ~= nil
    or path:find("^/proc/self/fd/%d+$") ~= nil
end

-- Why nobody should keep a token in this file, or nil.
local function objection(path)
  if secret.is_stream(path) then return nil end
  local mode, err = core.filemode(path)
  if not mode then
    if #path > NAME_MOST then
      return "no such token file; a token itself must not be on the command line"
    end
    return "cannot use the token file " .. err
  end
  if mode % 64 ~= 0 then
    return ("the token file %s can be read or written by others: run chmod 600 %s")
      :format(path, path)
  end
end

-- One newline at the end is the editor's, not the token's.
local function trim(text)
  return (text:gsub("\r?\n$", ""))
end

local function take(file, what)
  local text = file:read(MOST + 1)
  if not text or trim(text) == "" then return nil, what .. " is empty" end
  if #text > MOST then return nil, what .. " is longer than 128 KiB" end
  return trim(text)
end

-- Reads the token; what comes from a pipe is read once and kept.
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
    local why = objection(path)
    if why then return nil, why end
    local file, err = io.open(path, "rb")
    if not file then return nil, "cannot read the token file " .. err end
    local token
    token, err = take(file, "the token file " .. path)
    file:close()
    kept = secret.is_stream(path) and token or nil
    return token, err
  end
end

--- A provider of the token in a file, which is read before every request: it may be renewed while
--- we wait.
---@param path string a file, or - for stdin
---@return ges.Provider
function secret.provider(path)
  local read = reader(path)
  local function get()
    local token, err = read()
    if token then return { token = token } end
    return nil, err, { kind = "credentials", message = err, retryable = false }
  end
  return {
    kind = "token file", get = get,
    refresh = function(_, _, rejected)
      local creds, err, info = get()
      if creds and rejected and creds.token == rejected.token then return nil end
      return creds, err, info
    end,
  }
end

return secret
