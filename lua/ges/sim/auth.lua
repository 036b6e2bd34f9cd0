-- SPDX-License-Identifier: MIT
-- Who is calling: X-Auth-Token and AK/SK signatures, as the API gateway checks them.
-- Owns the store's keys "token:", "ak.failed:" and "ak.locked:". Called by ges.sim and ges.sim.iam.
-- An identity is { projects = set of project ids or nil for all, domain = bool, forbidden = bool }.

local clock = require "ges.sim.clock"
local reply = require "ges.sim.reply"

local auth = {}

local max_skew = 15 * 60
local max_failures = 5
local lock_seconds = 5 * 60
local empty_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

local function refuse(ctx, detail)
  local message = "Incorrect IAM authentication information: " .. detail
  return nil, reply.gateway(ctx, 401, "0301", message)
end

local function find(list, field, value)
  for _, row in ipairs(list) do
    if row[field] == value then
      return row
    end
  end
end

--- Keeps a token that IAM has issued. `row` is { project_id=, expires_at=, domain= }.
function auth.keep_token(ctx, token, row)
  local lifetime = math.max(row.expires_at - ctx.now, 0) + 86400
  return ctx.state:set("token:" .. token, ctx.json.encode(row), lifetime)
end

-- Configured tokens never change; issued ones live in the store, a day longer than they are valid,
-- so that an expired token is distinguished from an unknown one.
local function token_row(ctx, token)
  local row = find(ctx.config.tokens, "token", token)
  if row then
    return row
  end
  local kept = ctx.state:get("token:" .. token)
  return kept and ctx.json.decode(kept)
end

local function by_token(ctx, token)
  local row = token_row(ctx, token)
  if not row then
    return refuse(ctx, "decrypt token fail")
  end
  if row.expires_at and row.expires_at <= ctx.now then
    return nil, reply.gateway(ctx, 401, "0307", "The token must be updated.")
  end
  local projects = row.project_id and { [row.project_id] = true }
  return { projects = projects, domain = row.domain, forbidden = row.forbidden }
end

local function count_failure(ctx, ak)
  if ctx.state:incr("ak.failed:" .. ak, 1, 0) >= max_failures then
    ctx.state:set("ak.failed:" .. ak, 0)
    ctx.state:set("ak.locked:" .. ak, ctx.now + lock_seconds, lock_seconds)
  end
end

-- The headers a signature covers. `names` is the SignedHeaders list as received.
local function signed_headers(ctx, names)
  local set, rest = {}, {}
  for name in names:gmatch("[^;]+") do
    set[name] = true
    if name ~= "host" and name ~= "x-sdk-date" then
      rest[name] = ctx.request.headers[name] or ""
    end
  end
  return set, rest
end

-- What the gateway echoes with a wrong signature. This code has no hash function, so a body that is
-- not empty is named and not hashed.
local function canonical_echo(ctx, names)
  local request, query = ctx.request, {}
  for name, value in pairs(request.query) do
    local text = type(value) == "table" and table.concat(value, ",") or value
    query[#query + 1] = name .. "=" .. text
  end
  table.sort(query)
  local lines = { request.method, request.path:gsub("/?$", "/", 1), table.concat(query, "&") }
  for name in names:gmatch("[^;]+") do
    local value = name == "host" and request.host or request.headers[name] or ""
    lines[#lines + 1] = name .. ":" .. value
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = names
  lines[#lines + 1] = request.body == "" and empty_sha256 or "sha256(body)"
  return table.concat(lines, "|")
end

-- The Authorization of the same request, signed with the right secret. A signer throws for a
-- request that cannot be signed at all; then no header of the caller can match.
local function expected_authorization(ctx, key, date, names)
  local set, headers = signed_headers(ctx, names)
  local ok, signed, why = pcall(ctx.sign, {
    method = ctx.request.method, host = set.host and ctx.request.host or nil,
    path = ctx.path, query = ctx.request.query, body = ctx.request.body,
    date = date, ak = key.ak, sk = key.sk, headers = headers,
  })
  if not ok then
    return ""
  end
  return signed and signed.Authorization, why
end

local function fields_of(authorization)
  return authorization:match(
    "^SDK%-HMAC%-SHA256 Access=([^,%s]+),%s*SignedHeaders=([^,%s]+),%s*Signature=(%x+)%s*$")
end

local function find_key(ctx, ak)
  local key = find(ctx.config.keys, "ak", ak)
  if not key then
    return refuse(ctx, ("Get secretKey failed,ak:%s,err:ak not exist"):format(ak))
  end
  if ctx.now < (ctx.state:get("ak.locked:" .. ak) or 0) then
    return refuse(ctx, "AK access failed to reach the limit,forbidden")
  end
  return key
end

-- The reason why a signed request is wrong, or nil; and the answer where it cannot be checked.
local function fault_of(ctx, key, names, signature)
  local date = ctx.request.headers["x-sdk-date"] or ""
  local signed_at = clock.parse_sdk(date)
  if not signed_at or not (";" .. names .. ";"):find(";x-sdk-date;", 1, true) then
    return "calc aksk signature fail:x-sdk-date is missing, malformed or not signed"
  end
  if math.abs(ctx.now - signed_at) > max_skew then
    return ("calc aksk signature fail:signature expired, signature time:%s,server time:%s"):format(
      date, clock.sdk(ctx.now))
  end
  if key.security_token ~= ctx.request.headers["x-security-token"] then
    return "the security token does not belong to this ak"
  end
  local expected, why = expected_authorization(ctx, key, date, names)
  if not expected then
    why = "AK/SK verification is unavailable: " .. tostring(why)
    return nil, reply.gateway(ctx, 503, "0613", why)
  end
  local _, right_names, right_signature = fields_of(expected)
  if right_names ~= names or right_signature ~= signature then
    return "verify aksk signature fail, canonicalRequest:" .. canonical_echo(ctx, names)
  end
end

local function by_signature(ctx, authorization)
  local ak, names, signature = fields_of(authorization)
  if not ak then
    return refuse(ctx, "calc aksk signature fail:illegal Authorization header")
  end
  local key, refusal = find_key(ctx, ak)
  if not key then
    return nil, refusal
  end
  local fault, unable = fault_of(ctx, key, names, signature)
  if unable then
    return nil, unable
  end
  if fault then
    count_failure(ctx, ak)
    return refuse(ctx, fault)
  end
  ctx.state:set("ak.failed:" .. ak, 0)
  local projects
  for _, id in ipairs(key.projects or {}) do
    projects = projects or {}
    projects[id] = true
  end
  return { projects = projects, forbidden = key.forbidden }
end

--- Identifies the caller; where both a token and a signature are present, the token counts.
---@return table|nil identity
---@return table|nil refusal the answer when there is no identity
function auth.identify(ctx)
  local headers = ctx.request.headers
  if headers["x-auth-token"] then
    return by_token(ctx, headers["x-auth-token"])
  end
  if headers.authorization then
    return by_signature(ctx, headers.authorization)
  end
  return refuse(ctx, "x-auth-token not found")
end

--- Whether this identity may work in a project.
---@return table|nil refusal nil when it may
function auth.refuse_project(ctx, identity, project_id)
  if identity.domain then
    return reply.gateway(ctx, 403, "0302", "The token has no project scope.")
  end
  if identity.forbidden then
    return reply.gateway(ctx, 403, "0302", "The IAM user is not allowed to call this API.")
  end
  local known = find(ctx.config.projects, "id", project_id)
  if not known or identity.projects and not identity.projects[project_id] then
    return reply.ges(ctx, 400, "GES.0016", "The resource does not exist in this project.")
  end
end

return auth
