-- SPDX-License-Identifier: MIT
-- credentials.password: logs in at IAM with a user's password and keeps the token.
-- Owns the tokens, one for each project, and the memory of a refused password. Called through
-- ges.credentials, and by the provider of the environment.

local copy = require("ges.util.copy")
local core = require("ges.core")
local iam = require("ges.credentials.iam")
local provider = require("ges.credentials.provider")

local OPTIONS = {
  iam_endpoint = "string", region = "string", cloud = "string",
  user = "string", password = "string", domain = "string", domain_id = "string",
  project = "string", project_id = "string",
}

-- The project a token is for: as given, else the main project of the region, which bears the
-- region's name. A name counts within a domain.
local function scope_of(opts, ctx)
  local id, name = provider.project(opts, ctx)
  if id then return { id = id } end
  name = name or ctx.region or opts.region
  if not name then return nil end
  return { name = name,
    domain = { name = opts.domain, id = not opts.domain and opts.domain_id or nil } }
end

local function is_somewhere_else(opts, ctx)
  return ctx.far and not ctx.iam_endpoint and not opts.iam_endpoint
end

-- Where the login goes and for which project; or a failure.
local function target(opts, ctx)
  local scope = scope_of(opts, ctx)
  local why = scope and scope.id and core.badid(scope.id)
  if why then return provider.fail("argument", "project_id " .. why) end
  if is_somewhere_else(opts, ctx) then
    return provider.fail("credentials", ("the IAM endpoint is not known, since the name of the "
      .. "endpoint%s does not show its region and cloud: give iam_endpoint%s (nothing was sent)")
      :format(ctx.named_by and " in " .. ctx.named_by or "",
        ctx.named_by and "" or ", or a region instead of the endpoint"))
  elseif not scope then
    return provider.fail("credentials",
      "a login needs a project: set project_id, project or region")
  end
  local endpoint, err = iam.endpoint(opts, ctx)
  if not endpoint then return provider.fail("argument", err) end
  return { endpoint = endpoint, scope = scope }
end

local function key_of(endpoint, scope)
  return table.concat({ endpoint, scope.id or "", scope.name or "" }, "\n")
end

-- Finds the cache of the token for a context, or fails.
local function cache_finder(opts)
  local caches, guard = {}, provider.guard()
  local function new_cache(to)
    local cache
    cache = provider.cache(function(ctx)
      local creds, life, info = guard(ctx, function()
        return iam.login(ctx, opts, to.endpoint, to.scope)
      end)
      -- a later call knows the project by the id that IAM told
      if creds then caches[key_of(to.endpoint, { id = creds.project_id })] = cache end
      return creds, life, info
    end)
    return cache
  end
  return function(ctx)
    local to, err, info = target(opts, ctx)
    if not to then return nil, err, info end
    local key = key_of(to.endpoint, to.scope)
    caches[key] = caches[key] or new_cache(to)
    return caches[key]
  end
end

--- A provider that logs in with a user name and a password and renews the token before it ends.
---@param opts { user: string, password: string, domain?: string, domain_id?: string,
---  project?: string, project_id?: string, region?: string, cloud?: string, iam_endpoint?: string }
return function(opts)
  provider.options("password", opts, OPTIONS, { "user", "password" })
  if not opts.domain and not opts.domain_id then error("password: 'domain' is missing", 2) end
  opts = copy(opts)
  local find = cache_finder(opts)
  local why = provider.objection("the password", opts.password)
  for _, name in ipairs { "user", "domain", "domain_id" } do
    why = why or opts[name] and provider.objection("the login's " .. name, opts[name])
  end
  return provider.forward("password", function(ctx)
    if why then return provider.fail("argument", why) end
    return find(ctx)
  end, nil, provider.place_of(opts))
end
