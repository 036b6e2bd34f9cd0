-- SPDX-License-Identifier: MIT
-- credentials.password: logs in at IAM with a user's password and keeps the token.
-- Owns the tokens, one for each project, and the memory of a refused password. Called through
-- ges.credentials, and by the provider of the environment.

local copy = require("ges.util.copy")
local iam = require("ges.credentials.iam")
local provider = require("ges.credentials.provider")

local OPTIONS = {
  iam_endpoint = "string", region = "string", cloud = "string",
  user = "string", password = "string", domain = "string", domain_id = "string",
  project = "string", project_id = "string",
}

-- The project a token is for: as given, else the call's own, else the main project of the region,
-- which bears the region's name.
local function scope_of(opts, ctx, region)
  if opts.project_id then return { id = opts.project_id } end
  if opts.project then return { name = opts.project } end
  if ctx.project_id then return { id = ctx.project_id } end
  if region then return { name = region } end
end

-- Finds the cache of the token for a context, or fails. A refused password is used for no project
-- again: one more failure may lock the account.
local function cache_finder(opts)
  local caches, refusal = {}, nil
  return function(ctx)
    local region = opts.region or ctx.region
    local scope = scope_of(opts, ctx, region)
    if not scope then
      return provider.fail("credentials",
        "a login needs a project: set project_id, project or region")
    end
    local endpoint, err = iam.endpoint(opts, ctx, region)
    if not endpoint then return provider.fail("argument", err) end
    local key = table.concat({ endpoint, scope.id or "", scope.name or "" }, "\n")
    caches[key] = caches[key] or provider.cache(function(c)
      if refusal then return nil, refusal.message, refusal end
      local creds, life, info = iam.login(c, opts, endpoint, scope)
      if info and info.final then refusal = info end
      return creds, life, info
    end)
    return caches[key]
  end
end

--- A provider that logs in with a user name and a password and renews the token before it ends.
---@param opts { user: string, password: string, domain?: string, domain_id?: string,
---  project?: string, project_id?: string, region?: string, cloud?: string, iam_endpoint?: string }
return function(opts)
  provider.options("password", opts, OPTIONS, { "user", "password" })
  if not opts.domain and not opts.domain_id then error("password: 'domain' is missing", 2) end
  return provider.forward("password", cache_finder(copy(opts)))
end
