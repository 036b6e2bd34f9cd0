-- SPDX-License-Identifier: MIT
-- What every answer of the simulator has in common: headers, ids, and the bodies of refusals.
-- Owns the store's key "seq". Called by the other files of ges.sim.service, whose init makes `ctx`
-- per request.

local clock = require "ges.sim.service.clock"
local copy = require "ges.util.copy"
local utf8 = require "ges.util.utf8"

local reply = {}

--- The next number of this store; the only source of uniqueness, since nothing here is random.
function reply.sequence(ctx)
  return ctx.state:incr("seq", 1, 0)
end

-- One step of the minimal standard generator, whose products fit in a double.
local function scramble(n)
  return n * 16807 % 2147483647
end

--- 32 hexadecimal digits that no other call on the same store returns.
---@return string
function reply.hex_id(ctx)
  local number = reply.sequence(ctx)
  local high = scramble((math.floor(ctx.now) + number) % 2147483646 + 1)
  return ("%08x%08x%016x"):format(high, scramble(high), number)
end

--- The same as a UUID.
---@return string
function reply.uuid(ctx)
  return (reply.hex_id(ctx):gsub("^(........)(....)(....)(....)", "%1-%2-%3-%4-"))
end

--- `size` characters of the base64 alphabet, a function of `seed` alone.
---@return string
function reply.filler(seed, size)
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+"
  local chars, x = {}, seed % 2147483646 + 1
  for i = 1, size do
    x = scramble(x)
    local at = x % 64 + 1
    chars[i] = alphabet:sub(at, at)
  end
  return table.concat(chars)
end

-- A text in which bytes that are not UTF-8 are question marks: JSON must not have them.
local function clean(text)
  if not text:find("[\128-\255]") then return text end
  return utf8.map(text, function(code, bytes) return code and bytes or "?" end)
end

--- An answer with a body already encoded.
---@return table response
function reply.text(ctx, status, content_type, body, headers)
  local response = {
    status = status,
    body = clean(body),
    headers = {
      ["Content-Type"] = content_type,
      ["Date"] = clock.http(ctx.now),
      ["Server"] = "api-gateway",
      ["X-Request-Id"] = ctx.request_id,
    },
  }
  copy(headers or {}, response.headers)
  return response
end

--- An answer whose body is a table.
---@return table response
function reply.json(ctx, status, body, headers)
  return reply.text(ctx, status, "application/json", ctx.json.encode(body), headers)
end

--- A refusal by GES itself: {"error_code", "error_msg"}.
---@return table response
function reply.ges(ctx, status, code, message)
  return reply.json(ctx, status, { error_code = code, error_msg = message })
end

--- A refusal by the API gateway in front of it, which adds the request's id.
---@return table response
function reply.gateway(ctx, status, number, message, headers)
  local body = { error_code = "APIGW." .. number, error_msg = message, request_id = ctx.request_id }
  return reply.json(ctx, status, body, headers)
end

--- A refusal by GES of one parameter.
---@return table response
function reply.bad_parameter(ctx, name)
  return reply.ges(ctx, 400, "GES.0001", ("Parameter error: %s."):format(name))
end

--- A refusal by GES of a job that is not there, in the language asked for.
---@return table response
function reply.no_job(ctx, id)
  local form = "can not find job, jobId is %s"
  if (ctx.request.headers["x-language"] or ""):lower() == "zh-cn" then
    form = "找不到任务，jobId是%s"
  end
  return reply.ges(ctx, 400, "GES.8301", form:format(id))
end

--- The gateway's refusal of a caller that it does not know.
---@return table response
function reply.unauthorized(ctx, detail)
  return reply.gateway(ctx, 401, "0301", "Incorrect IAM authentication information: " .. detail)
end

--- Of a wrong signature: the gateway shows what it would have signed.
---@return table response
function reply.wrong_key(ctx, canonical)
  return reply.unauthorized(ctx,
    "verify aksk signature fail, canonicalRequest:" .. canonical:gsub("\n", "|"))
end

--- Of a key that was wrong too often.
---@return table response
function reply.locked_key(ctx)
  return reply.unauthorized(ctx, "AK access failed to reach the limit,forbidden")
end

--- Of a token past its time.
---@return table response
function reply.expired_token(ctx)
  return reply.gateway(ctx, 401, "0307", "The token must be updated.")
end

--- Of a user without the permission.
---@return table response
function reply.forbidden(ctx)
  return reply.gateway(ctx, 403, "0302", "The IAM user is not allowed to call this API.")
end

--- The refusal by GES of a project that is not the caller's.
---@return table response
function reply.other_project(ctx)
  return reply.ges(ctx, 400, "GES.0016", "The resource does not exist in this project.")
end

--- A refusal by IAM, whose code is a number.
---@return table response
function reply.iam(ctx, status, title, message)
  local body = { error = { code = status, title = title, message = message } }
  return reply.json(ctx, status, body, { ["X-IAM-Trace-Id"] = "token_" .. ctx.request_id })
end

--- No such API: unknown path, or a known one with another method.
---@return table response
function reply.no_api(ctx)
  return reply.gateway(ctx, 404, "0101",
    "The API does not exist or has not been published in the environment")
end

--- Decodes a request's JSON object.
---@return table|nil body, nil when it is not one
function reply.decode(ctx)
  local text = ctx.request.body
  local ok, body = pcall(ctx.json.decode, text)
  local is_object = ok and type(body) == "table" and text:find("^%s*{")
  return is_object and clean(text) == text and body or nil
end

--- Whether the request says that its body is JSON.
---@return boolean
function reply.says_json(ctx)
  local media = (ctx.request.headers["content-type"] or ""):lower()
  return media:find("^application/json%s*$") ~= nil or media:find("^application/json%s*;") ~= nil
end

--- A member of a decoded object, with null read as absence.
function reply.member(ctx, object, name)
  local value
  if type(object) == "table" then
    value = object[name]
  end
  if value ~= ctx.json.null then
    return value
  end
end

--- The same, where an empty text is as good as none: clients send it for what was not chosen.
function reply.text_member(ctx, object, name)
  local value = reply.member(ctx, object, name)
  if value ~= "" then
    return value
  end
end

return reply
