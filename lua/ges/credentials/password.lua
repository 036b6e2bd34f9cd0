-- SPDX-License-Identifier: MIT
-- credentials.password: logs in at IAM with a user's password and keeps the token.
-- Owns the tokens, one for each project asked for, and the memory of a refused password.
-- Called through ges.credentials.

local core = require("ges.core")
local json = require("ges.json")
local regions = require("ges.credentials.regions")
local common = require("ges.credentials.provider")

local OPTIONS = {
  iam_endpoint = "string", region = "string", cloud = "string",
  user = "string", password = "string", domain = "string", domain_id = "string",
  project = "string", project_id = "string",
}

-- A token whose end IAM did not state is taken for this long.
local DEFAULT_LIFE = 3600

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

-- What a failed login means. A refused password is never tried twice: it locks the account.
local function login_failed(who, scope, err, cause)
  local status = cause and cause.http_status
  local text, refused = tostring(err), status == 401 or status == 403
  local project = ("project '%s'"):format(scope.id or scope.name)
  if refused then
    text = ("IAM refused the login of user '%s' of domain '%s' for %s: %s (not tried again: "
      .. "repeated failures lock the account)"):format(
      who.user, who.domain or who.domain_id, project, text)
  elseif status == 400 or status == 404 then
    text = ("IAM login failed, is the id or name of %s right? %s"):format(project, text)
  else
    text = "IAM login failed: " .. text
  end
  local _, message, info = common.fail("credentials", core.redact(text, who.password), cause)
  info.final = refused or nil
  return nil, message, info
end

-- The token and its end out of IAM's answer.
local function read_login(ctx, scope, response)
  local token = response.headers and response.headers["x-subject-token"]
  if type(token) ~= "string" then
    return common.fail("credentials", "IAM's answer to the login holds no token")
  end
  local why = common.refusal("the token that IAM sent", token)
  if why then return common.fail("credentials", why) end
  local doc = json.decode(response.body or "")
  local about = type(doc) == "table" and type(doc.token) == "table" and doc.token or {}
  local id = type(about.project) == "table" and about.project.id
  if type(id) ~= "string" then id = nil end
  if scope.id and id and id ~= scope.id then
    return common.fail("credentials", ("IAM gave a token for project '%s' instead of '%s': "
      .. "is project_id right?"):format(id, scope.id))
  end
  return { token = token, project_id = id or scope.id },
    common.life(ctx.now(), about.issued_at, about.expires_at, DEFAULT_LIFE)
end

local function login(ctx, who, endpoint, scope)
  local response, err, cause = ctx.request {
    endpoint = endpoint, method = "POST", path = "/v3/auth/tokens", query = { nocatalog = "true" },
    headers = { ["Content-Type"] = "application/json;charset=utf8" },
    body = login_body(who, scope),
  }
  if not response then return login_failed(who, scope, err, cause) end
  return read_login(ctx, scope, response)
end

-- The project a token is for: as given, else the call's own, else the main project of the region,
-- which bears the region's name.
local function scope_of(opts, ctx, region)
  if opts.project_id then return { id = opts.project_id } end
  if opts.project then return { name = opts.project } end
  if ctx.project_id then return { id = ctx.project_id } end
  if region then return { name = region } end
end

local function endpoint_of(opts, ctx, region)
  if opts.iam_endpoint then return (opts.iam_endpoint:gsub("/+$", ""):gsub("/v3$", "")) end
  return regions.iam_endpoint(region, opts.cloud or ctx.cloud)
end

-- The lease for this context, or the failure triple.
local function leases(who, opts)
  local known = {}
  local refusal
  return function(ctx)
    local region = opts.region or ctx.region
    local scope = scope_of(opts, ctx, region)
    if not scope then
      return common.fail("credentials",
        "a login needs a project: set project_id, project or region")
    end
    local endpoint, err = endpoint_of(opts, ctx, region)
    if not endpoint then return common.fail("argument", err) end
    local key = table.concat({ endpoint, scope.id or "", scope.name or "" }, "\n")
    known[key] = known[key] or common.lease(function(c)
      if refusal then return nil, refusal.message, refusal end
      local creds, life, info = login(c, who, endpoint, scope)
      if info and info.final then refusal = info end
      return creds, life, info
    end)
    return known[key]
  end
end

--- A provider that logs in with a user name and a password and renews the token before it ends.
---@param opts { user: string, password: string, domain?: string, domain_id?: string,
---  project?: string, project_id?: string, region?: string, cloud?: string, iam_endpoint?: string }
---@return ges.Provider
return function(opts)
  common.options("password", opts, OPTIONS, { "user", "password" })
  if not opts.domain and not opts.domain_id then error("password: 'domain' is missing", 2) end
  local who = {
    user = opts.user, password = opts.password, domain = opts.domain, domain_id = opts.domain_id,
  }
  local lease_for = leases(who, {
    project = opts.project, project_id = opts.project_id, region = opts.region,
    cloud = opts.cloud, iam_endpoint = opts.iam_endpoint,
  })
  return common.provider("password", function(_, ctx)
    local lease, err, info = lease_for(ctx)
    if not lease then return nil, err, info end
    return lease:get(ctx)
  end, function(_, ctx, rejected)
    local lease, err, info = lease_for(ctx)
    if not lease then return nil, err, info end
    return lease:refresh(ctx, rejected)
  end)
end
