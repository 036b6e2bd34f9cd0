-- SPDX-License-Identifier: MIT
-- failure: the failure triple of the Lua layer, in the same shape as the core's.
-- Owns nothing. Called by every file of the Lua layer that can fail on its own.

local core = require("ges.core")
local job_of = require("ges.job")

-- What is true of a kind that a provider of the user's own invents.
local UNKNOWN = { exit_code = 7 }

local failure = {}

--- What is true of a kind; see src/engine/kind.h.
---@param kind string?
---@return { retryable: boolean, passes: boolean, final: boolean, by_caller: boolean,
---  exit_code: integer }
function failure.about(kind)
  return core.kinds[kind or ""] or UNKNOWN
end

--- Whether a job goes on although its wait has ended so. A wait may end before the first answer for
--- a mistake; after one the job is known to run.
---@param kind? string
---@param job? table the last one seen
---@return boolean
function failure.goes_on(kind, job)
  if not kind or kind == "not_found" then return false end
  local about = failure.about(kind)
  return about.by_caller or not about.final and job ~= nil and not job_of.terminal(job)
end

--- Builds `nil, err, info`. The text is cleaned of control characters; what may hold a secret of
--- a call goes through its request's `clean` before.
---@param kind string a name of core.kinds
---@param info? ges.Info what is known of the attempt; filled in and returned
function failure.new(kind, message, info)
  info = info or {}
  message = core.redact(message)
  info.kind, info.message = kind, message
  if info.retryable == nil then info.retryable = failure.about(kind).retryable or false end
  info.attempts, info.elapsed = info.attempts or 0, info.elapsed or 0
  return nil, "ges: " .. kind .. ": " .. message, info
end

return failure
