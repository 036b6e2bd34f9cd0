-- SPDX-License-Identifier: MIT
-- failure: the failure triple of the Lua layer, in the same shape as the core's.
-- Owns nothing. Called by every file of the Lua layer that can fail on its own.

local core = require("ges.core")

local failure = {}

--- Builds `nil, err, info`. The text is cleaned like every message: no control characters,
--- none of the secrets.
---@param kind string one of the kinds of the README
---@param message string
---@param info? ges.Info what is known of the attempt; filled in and returned
---@param secrets? string[] what must not be seen
---@return nil
---@return string err
---@return ges.Info info
function failure.new(kind, message, info, secrets)
  info = info or {}
  message = failure.clean(message, secrets)
  info.kind, info.message, info.retryable = kind, message, info.retryable or false
  info.attempts, info.elapsed = info.attempts or 0, info.elapsed or 0
  return nil, "ges: " .. kind .. ": " .. message, info
end

--- Makes a text fit for a message.
---@param text string
---@param secrets? string[]
---@return string
function failure.clean(text, secrets)
  return core.redact(text, (unpack or table.unpack)(secrets or {}))
end

return failure
