-- SPDX-License-Identifier: MIT
-- Who is calling: X-Auth-Token and AK/SK signatures, as the API gateway checks them.
-- Owns the store's keys "token:". Called by the other files of ges.sim.service.
-- An identity is { projects = set of project ids or nil for all, domain = bool, forbidden = bool }.

local clock = require "ges.sim.service.clock"
local lock = require "ges.sim.service.lock"
local reply = require "ges.sim.service.reply"
local signature = require "ges.sim.service.signature"

local auth = {}

local max_skew = 15 * 60
local lock_seconds = 5 * 60

local function find(list, field, value)
  for _, row in ipairs(list) do
    if row[field] == value then
      return row
    end
  end
end

--- Keeps a token that IAM has issued. `row` is { project_id=, expires_at=, domain=, forbidden= }.
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

--- A token that is known and has not expired: its row, or nil.
---@return table?
function auth.valid_token(ctx, token)
  local row = token_row(ctx, token)
  return row and not (row.expires_at and row.expires_at <= ctx.now) and row or nil
end

local function by_token(ctx, token)
  local row = token_row(ctx, token)
  if not row then
    return nil, reply.unauthorized(ctx, "decrypt token fail")
  end
  if row.expires_at and row.expires_at <= ctx.now then
    return nil, reply.expired_token(ctx)
  end
  local projects = row.project_id and { [row.project_id] = true }
  return { projects = projects, domain = row.domain, forbidden = row.forbidden }
end

local function find_key(ctx, ak)
  local key = find(ctx.config.keys, "ak", ak)
  if not key then
    return nil, reply.unauthorized(ctx, ("Get secretKey failed,ak:%s,err:ak not exist"):format(ak))
  end
  if key.locked or lock.is_closed(ctx, "key " .. ak) then
    return nil, reply.locked_key(ctx)
  end
  return key
end

-- Why a request cannot be signed rightly, by its date, its token and the names of its headers.
local function find_misuse(ctx, key, names)
  local date = ctx.request.headers["x-sdk-date"] or ""
  local signed_at = clock.parse_sdk(date)
  if not signed_at or not (";" .. names .. ";"):find(";x-sdk-date;", 1, true) then
    return "calc aksk signature fail:x-sdk-date is missing, malformed or not signed"
  elseif math.abs(ctx.now - signed_at) > max_skew then
    return ("calc aksk signature fail:signature expired, signature time:%s,server time:%s"):format(
      date, clock.sdk(ctx.now))
  elseif key.security_token ~= ctx.request.headers["x-security-token"] then
    return "the security token does not belong to this ak"
  elseif not signature.is_list(names) then
    return "calc aksk signature fail:SignedHeaders is not a sorted list of lower-case names"
  end
end

-- The refusal of a signed request, or nil.
local function refuse_signature(ctx, key, names, given)
  local why = find_misuse(ctx, key, names)
  if why then
    return reply.unauthorized(ctx, why)
  end
  local canonical = signature.canonical(ctx.request, ctx.path, names, ctx.digest)
  local date = ctx.request.headers["x-sdk-date"]
  if signature.of(canonical, date, key.sk, ctx.digest) ~= given then
    return reply.wrong_key(ctx, canonical)
  end
end

local function by_signature(ctx, authorization)
  local ak, names, given = signature.fields(authorization)
  if not ak then
    return nil, reply.unauthorized(ctx, "calc aksk signature fail:illegal Authorization header")
  end
  local key, refusal = find_key(ctx, ak)
  if not key then
    return nil, refusal
  end
  refusal = refuse_signature(ctx, key, names, given)
  if refusal then
    lock.failed(ctx, "key " .. ak, lock_seconds)
    return nil, refusal
  end
  lock.passed(ctx, "key " .. ak)
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
  return nil, reply.unauthorized(ctx, "x-auth-token not found")
end

--- Whether this identity may work in a project.
---@return table|nil refusal nil when it may
function auth.refuse_project(ctx, identity, project_id)
  if identity.domain then
    return reply.gateway(ctx, 403, "0302", "The token has no project scope.")
  end
  if identity.forbidden then
    return reply.forbidden(ctx)
  end
  local known = find(ctx.config.projects, "id", project_id)
  if not known or identity.projects and not identity.projects[project_id] then
    return reply.other_project(ctx)
  end
end

return auth
