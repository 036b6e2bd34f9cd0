-- SPDX-License-Identifier: MIT
-- credentials.iam: two requests to IAM, Huawei Cloud's identity service: a login with a password,
-- and the id of a project by its name.
-- Owns nothing. Called by the providers of passwords and of access keys.

local core = require("ges.core")
local json = require("ges.json")
local provider = require("ges.credentials.provider")
local regions = require("ges.credentials.regions")

local fail = provider.fail
local iam = {}

-- How long a token lasts when IAM's answer does not say.
local DEFAULT_LIFE = 3600

--- Where IAM is: as the call says, else the provider's options, a variable (`ctx.iam_from`), or by
--- the region; the public one where nothing names a region.
---@param opts { iam_endpoint?: string, region?: string, cloud?: string }
---@return string? endpoint, string? err
function iam.endpoint(opts, ctx)
  local address = ctx.iam_from and opts.iam_endpoint or ctx.iam_endpoint or opts.iam_endpoint
  if address then return regions.iam_address(address) end
  -- a region and its cloud belong together
  if ctx.region then return regions.iam_endpoint(ctx.region, ctx.cloud) end
  return regions.iam_endpoint(opts.region, opts.cloud or ctx.cloud)
end

local function is_refused(cause)
  return cause and (cause.http_status == 401 or cause.http_status == 403)
end

-- The failure of a request, without these secrets. A final one is not followed by another request:
-- repeated refusals lock the account or the key.
local function failed(ctx, cause, final, text, ...)
  text = text:gsub("(ges: argument: )endpoint ", "%1" .. (ctx.iam_from or "iam_endpoint") .. " ")
  local _, message, info = fail("credentials", core.redact(text, ...), cause)
  info.final, info.accepted = final or nil, not final and info.http_status == 403 or nil
  return nil, message, info
end

-- A field of a JSON answer that is a table.
local function member(doc, name)
  local value = type(doc) == "table" and doc[name]
  return type(value) == "table" and value or nil
end

local function login_body(who, scope)
  return json.encode {
    auth = {
      identity = {
        methods = { "password" },
        password = {
          user = {
            name = who.user, password = who.password,
            domain = { name = who.domain, id = not who.domain and who.domain_id or nil },
          },
        },
      },
      scope = { project = scope },
    },
  }
end

local function login_failed(ctx, who, scope, err, cause)
  local status, text = cause and cause.http_status, tostring(err)
  local project = ("project '%s'"):format(scope.id or scope.name)
  if is_refused(cause) then
    text = ("IAM refused the login of user '%s' of domain '%s' for %s: %s (not tried again: "
      .. "repeated failures lock the account)"):format(
      who.user, who.domain or who.domain_id, project, text)
  elseif status == 400 or status == 404 then
    text = ("IAM login failed, is the id or name of %s right? %s"):format(project, text)
  else
    text = "IAM login failed: " .. text
  end
  return failed(ctx, cause, is_refused(cause), text, who.password)
end

-- The token and its end out of IAM's answer.
local function read_login(ctx, scope, response)
  local token = response.headers and response.headers["x-subject-token"]
  if type(token) ~= "string" then
    return fail("credentials", "IAM's answer to the login contains no token")
  end
  local why = provider.refusal("the token that IAM sent", token)
  if why then return fail("credentials", why) end
  local about = member(json.decode(response.body or ""), "token") or {}
  local project = member(about, "project")
  local id = project and type(project.id) == "string" and project.id or nil
  if scope.id and id and id ~= scope.id then
    return fail("credentials", ("IAM gave a token for project '%s' instead of '%s': "
      .. "is project_id right?"):format(id, scope.id))
  end
  return { token = token, project_id = id or scope.id },
    provider.life(ctx.now(), about.issued_at, about.expires_at, DEFAULT_LIFE)
end

--- Logs in: a token for a project. A source of provider.cache.
---@param who { user: string, password: string, domain?: string, domain_id?: string }
---@param scope { id?: string, name?: string, domain?: table } the project
function iam.login(ctx, who, endpoint, scope)
  local response, err, cause = ctx.request {
    endpoint = endpoint, method = "POST", path = "/v3/auth/tokens", query = { nocatalog = "true" },
    headers = { ["Content-Type"] = "application/json;charset=utf8" },
    body = login_body(who, scope),
  }
  if not response then return login_failed(ctx, who, scope, err, cause) end
  return read_login(ctx, scope, response)
end

-- A failure that shows that the key was accepted.
local function accepted(message)
  local _, err, info = fail("credentials", message)
  info.accepted = true
  return nil, err, info
end

-- The only project of that name.
local function read_projects(body, name)
  local projects = member(json.decode(body), "projects")
  if not projects then
    return accepted("IAM's list of projects is not the JSON that was expected")
  end
  local first = projects[1]
  if #projects == 0 then
    return accepted("this access key has no project named '" .. name .. "': set project_id")
  elseif #projects > 1 then
    return accepted(("this access key has %d projects named '%s': set project_id")
      :format(#projects, name))
  elseif type(first) ~= "table" or type(first.id) ~= "string" or first.id == "" then
    return accepted("IAM's list of projects contains no project id")
  end
  return { project_id = first.id }, math.huge
end

-- What follows from a refusal of the lookup, by its HTTP status.
local advice = {
  [401] = " (not tried again: repeated failures lock the key)",
  [403] = " (the signature was accepted: the key's user lacks the right to list projects,"
    .. " iam:projects:listProjects)",
}

--- Looks the id of a project up, with a signed request. A source of provider.cache, which returns
--- credentials with a project_id alone.
---@param keys { ak: string, sk: string, security_token?: string }
function iam.project(ctx, keys, endpoint, name)
  local host, prefix = core.endpoint(endpoint)
  local path, query = "/v3/projects", { name = name }
  local headers = host and core.sign {
    method = "GET", host = host, path = prefix .. path, query = query, ak = keys.ak, sk = keys.sk,
  } or {} -- the request is refused for its endpoint
  -- not signed, so that a gateway that complains about the signature does not echo it
  headers["X-Security-Token"] = keys.security_token
  local response, err, cause = ctx.request {
    endpoint = endpoint, method = "GET", path = path, query = query, headers = headers,
  }
  if response then return read_projects(response.body, name) end
  local status = cause and cause.http_status
  return failed(ctx, cause, status == 401,
    "cannot look up the id of project '" .. name .. "' at IAM: " .. tostring(err)
    .. (advice[status] or "") .. "; project_id saves the lookup", keys.sk, keys.security_token)
end

return iam
