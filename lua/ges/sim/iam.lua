-- SPDX-License-Identifier: MIT
-- Logins and the list of projects, as IAM answers them.
-- Owns the store's keys "user.failed:" and "user.locked:". Called by ges.sim only.
--
-- Extra request headers of a login:
--   X-Sim-Lifetime: SECONDS   how long the token is valid (default 86400)
--   X-Sim-Token-Bytes: N      its length, 64 to 30000 (default 2048; real ones reach 9 KB)

local auth = require "ges.sim.auth"
local clock = require "ges.sim.clock"
local reply = require "ges.sim.reply"

local iam = {}

local max_failures = 5
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

local function number_header(ctx, name, default, low, high)
  local text = ctx.request.headers[name]
  if not text then
    return default
  end
  local number = text:find("^%d+%.?%d*$") and tonumber(text)
  return number and number >= low and number <= high and number or nil
end

local function find_user(ctx, body)
  local name = text_at(ctx, body, "auth", "identity", "password", "user", "name")
  local domain = text_at(ctx, body, "auth", "identity", "password", "user", "domain", "name")
  for _, user in ipairs(ctx.config.users) do
    if user.name == name and user.domain == domain then
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
  local failed, locked = "user.failed:" .. user.name, "user.locked:" .. user.name
  if ctx.now < (ctx.state:get(locked) or 0) then
    return nil, reply.iam(ctx, 401, "Unauthorized", "The account is locked.")
  end
  if text_at(ctx, body, "auth", "identity", "password", "user", "password") == user.password then
    ctx.state:set(failed, 0)
    return user
  end
  if ctx.state:incr(failed, 1, 0) >= max_failures then
    ctx.state:set(failed, 0)
    ctx.state:set(locked, ctx.now + lock_seconds, lock_seconds)
  end
  return nil, wrong
end

-- The scope of the token: a project, or a domain (which GES refuses later).
local function find_scope(ctx, body)
  if type(member_at(ctx, body, "auth", "scope", "domain")) == "table" then
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

local function has_password_method(ctx, body)
  local methods = member_at(ctx, body, "auth", "identity", "methods")
  return type(methods) == "table" and methods[1] == "password"
end

local function issue(ctx, user, scope, lifetime, size)
  local sequence = reply.sequence(ctx)
  local head = ("MII%x-"):format(sequence)
  local token = head .. reply.filler(sequence + math.floor(ctx.now), size - #head)
  local expires_at = ctx.now + lifetime
  local project = scope.project
  auth.keep_token(ctx, token, {
    project_id = project and project.id, expires_at = expires_at, domain = scope.domain,
  })
  local domain = { id = user.domain_id, name = user.domain }
  local body = { token = {
    methods = { "password" },
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
  if not body or not has_password_method(ctx, body) then
    return invalid(ctx, "The request body is invalid.")
  end
  local lifetime = number_header(ctx, "x-sim-lifetime", 86400, 0, 1e9)
  local size = number_header(ctx, "x-sim-token-bytes", 2048, 64, 30000)
  if not lifetime or not size then
    return invalid(ctx, "X-Sim-Lifetime or X-Sim-Token-Bytes is out of range.")
  end
  local user, refusal = check_password(ctx, body)
  if not user then
    return refusal
  end
  local scope
  scope, refusal = find_scope(ctx, body)
  return scope and issue(ctx, user, scope, lifetime, math.floor(size)) or refusal
end

--- GET /v3/projects[?name=REGION]
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

return iam
