-- SPDX-License-Identifier: MIT
-- secret_file: whether a file may hold secrets: by who can read and write it.
-- Owns nothing. Called by the provider of the profile file and by the command, for a token's file.

local core = require("ges.core")

local secret_file = {}

--- Looks at a file. One that all users may read, or that others may write, must not be used; a
--- mounted secret that its group may read can be, since its mode often cannot be changed.
---@param path string
---@param what string the file's kind in a message
---@return { stamp: string, warning?: string }? found `stamp` differs when the file has changed
---@return string? err
---@return integer? code of the system, whose words `err` then has
function secret_file.look(path, what)
  local mode, stamp, code = core.filemode(path)
  if not mode then return nil, stamp, code end
  local others, group = mode % 8, math.floor(mode / 8) % 8
  if others > 0 or group ~= 0 and group ~= 4 then
    return nil, ("%s %s can be read or written by others: run chmod 600 %s"):format(
      what, path, path)
  end
  local warning = group == 4 and ("%s %s can be read by its group"):format(what, path) or nil
  return { stamp = stamp, warning = warning }
end

return secret_file
