-- SPDX-License-Identifier: MIT
-- Logins and the lists of projects, domains and services, as IAM answers them.
-- Owns nothing. Called by ges.sim.service only.

local auth = require "ges.sim.service.auth"
local clock = require "ges.sim.service.clock"
local copy = require "ges.util.copy"
local headers = require "ges.sim.service.headers"
local lock = require "ges.sim.service.lock"
local reply = require "ges.sim.service.reply"

local iam = {}

local lock_seconds = 15 * 60

local function invalid(ctx, message)
  return reply.iam(ctx, 400, "Bad Request", message)
end

local function member_at(ctx, object, ...)
  for _, name in ipairs { ... } do
    object = reply.member(ctx, object, name)
  end
  return object
end

-- A member that must be a text: nil when it is absent or of another type.
local function text_at(ctx, object, ...)
  local value = member_at(ctx, object, ...)
  return type(value) == "string" and value or nil
end

-- The user that a login names: by id, or by name with a domain's name or id.
local function find_user(ctx, body)
  local function text(...)
    return text_at(ctx, body, "auth", "identity", "password", "user", ...)
  end
  local id, name = text("id"), text("name")
  local domain, domain_id = text("domain", "name"), text("domain", "id")
  for _, user in ipairs(ctx.config.users) do
    local is_named = name and user.name == name
      and (domain and user.domain == domain or domain_id and user.domain_id == domain_id)
    if id and user.id == id or is_named then
      return user
    end
  end
end

-- The user with this password. Too many wrong passwords in a row lock the account, even for the
-- right one.
local function check_password(ctx, body)
  local wrong = reply.iam(ctx, 401, "Unauthorized", "The username or password is wrong.")
  local user = find_user(ctx, body)
  if not user then
    return nil, wrong
  end
  local who = "user " .. user.domain .. "/" .. user.name
  if lock.is_closed(ctx, who) then
    return nil, reply.iam(ctx, 401, "Unauthorized", "The account is locked.")
  end
  if text_at(ctx, body, "auth", "identity", "password", "user", "password") == user.password then
    lock.passed(ctx, who)
    return user
  end
  lock.failed(ctx, who, lock_seconds)
  return nil, wrong
end

-- The user of a valid token, who is the first one; a token without rights gives another such.
local function check_token(ctx, body)
  local token = text_at(ctx, body, "auth", "identity", "token", "id")
  local row = token and auth.valid_token(ctx, token)
  if row then
    local user = copy(ctx.config.users[1] or {})
    user.forbidden = row.forbidden
    return user
  end
  return nil, reply.iam(ctx, 401, "Unauthorized", "The token is not valid.")
end

local checks = { password = check_password, token = check_token }

-- Whether a domain that a scope names is the user's: by id or by name.
local function is_own_domain(ctx, user, domain)
  local id, name = text_at(ctx, domain, "id"), text_at(ctx, domain, "name")
  return (id or name) ~= nil and (not id or id == user.domain_id)
    and (not name or name == user.domain)
end

-- The scope of the token: a project; or a domain, as is that of a login without one (which GES
-- refuses later).
local function find_scope(ctx, user, body)
  local scope = member_at(ctx, body, "auth", "scope")
  local domain = member_at(ctx, scope, "domain")
  local around = domain or member_at(ctx, scope, "project", "domain")
  if around and not is_own_domain(ctx, user, around) then
    return nil, reply.iam(ctx, 404, "Not Found", "Could not find the domain of the scope.")
  elseif scope == nil or domain then
    return { domain = true }
  end
  local id = text_at(ctx, body, "auth", "scope", "project", "id")
  local name = text_at(ctx, body, "auth", "scope", "project", "name")
  if not id and not name then
    return nil, invalid(ctx, "The scope needs a project with a name or an id.")
  end
  for _, project in ipairs(ctx.config.projects) do
    if project.id == id or not id and project.name == name then
      return { project = project }
    end
  end
  return nil, reply.iam(ctx, 404, "Not Found", "Could not find project: " .. (id or name))
end

-- The one method of a login, or nil.
local function login_method(ctx, body)
  local methods = member_at(ctx, body, "auth", "identity", "methods")
  local method = type(methods) == "table" and #methods == 1 and methods[1] or nil
  return checks[method] and method
end

-- The services that there are: both are this simulator.
local function catalog_of(ctx)
  local region = (ctx.config.projects[1] or {}).name
  local base = (ctx.request.tls and "https://" or "http://") .. ctx.request.host
  local function row(name, path)
    return { id = name, name = name, type = name, endpoints = { {
      id = name .. "-public", interface = "public", region = region, region_id = region,
      url = base .. path } } }
  end
  return { row("ges", "/v2"), row("iam", "/v3") }
end

-- A new token; `wanted` has its lifetime and its length.
local function issue(ctx, method, user, scope, wanted)
  local sequence = reply.sequence(ctx)
  local head = ("MII%x-"):format(sequence)
  local token = head .. reply.filler(sequence + math.floor(ctx.now), wanted.token_bytes - #head)
  local expires_at = ctx.now + wanted.lifetime
  local project = scope.project
  auth.keep_token(ctx, token, {
    project_id = project and project.id, expires_at = expires_at, domain = scope.domain,
    forbidden = user.forbidden,
  })
  local domain = { id = user.domain_id, name = user.domain }
  local body = { token = {
    methods = { method }, catalog = not ctx.request.query.nocatalog and catalog_of(ctx) or nil,
    issued_at = clock.micro(ctx.now), expires_at = clock.micro(expires_at),
    project = project and { id = project.id, name = project.name, domain = domain },
    domain = scope.domain and domain or nil,
    user = { id = user.id, name = user.name, domain = domain },
  } }
  return reply.json(ctx, 201, body, {
    ["X-Subject-Token"] = token, ["X-IAM-Trace-Id"] = "token_" .. ctx.request_id,
  })
end

--- POST /v3/auth/tokens
---@return table response
function iam.login(ctx)
  local body = reply.says_json(ctx) and reply.decode(ctx)
  local method = body and login_method(ctx, body)
  if not method then
    return invalid(ctx, "The request body is invalid.")
  end
  local wanted, wrong = headers.read(ctx, headers.login, {})
  if not wanted then
    return invalid(ctx, wrong .. " is not allowed.")
  end
  local user, refusal = checks[method](ctx, body)
  if not user then
    return refusal
  end
  local scope
  scope, refusal = find_scope(ctx, user, body)
  return scope and issue(ctx, method, user, scope, wanted) or refusal
end

--- GET /v3/projects and /v3/auth/projects, both with ?name=REGION
---@return table response
function iam.projects(ctx)
  local identity, refusal = auth.identify(ctx)
  if not identity then
    return refusal
  end
  local items, name = {}, ctx.request.query.name
  local user = ctx.config.users[1] or {}
  for _, project in ipairs(ctx.config.projects) do
    local allowed = not identity.projects or identity.projects[project.id]
    if allowed and (not name or project.name == name) then
      items[#items + 1] = ctx.json.encode {
        id = project.id, name = project.name, domain_id = user.domain_id,
        enabled = true, is_domain = false,
      }
    end
  end
  local body = '{"projects":[' .. table.concat(items, ",") .. "]}"
  return reply.text(ctx, 200, "application/json", body)
end

-- A list as IAM sends it, for a caller with a token or a signature.
local function answer_list(ctx, name, list)
  local identity, refusal = auth.identify(ctx)
  if not identity then
    return refusal
  end
  return reply.json(ctx, 200, { [name] = list, links = { self = ctx.path } })
end

--- GET /v3/auth/domains: the domain of the first user.
---@return table response
function iam.domains(ctx)
  local user = ctx.config.users[1] or {}
  return answer_list(ctx, "domains", { { id = user.domain_id, name = user.domain, enabled = true,
    description = "", links = { self = "/v3/domains" } } })
end

--- GET /v3/auth/catalog
---@return table response
function iam.catalog(ctx)
  return answer_list(ctx, "catalog", catalog_of(ctx))
end

return iam
