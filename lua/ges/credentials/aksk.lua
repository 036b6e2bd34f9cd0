-- SPDX-License-Identifier: MIT
-- credentials.aksk: an access key and its secret key, permanent or temporary.
-- Owns the project ids it looked up. Called through ges.credentials, and by the providers of
-- environment and profile file.

local copy = require("ges.util.copy")
local iam = require("ges.credentials.iam")
local provider = require("ges.credentials.provider")

local OPTIONS = {
  ak = "string", sk = "string", security_token = "string", project_id = "string",
  project = "string", region = "string", cloud = "string", iam_endpoint = "string",
}

-- Looks a project up by its name, else the main project of the region, which bears the region's
-- name: once for each.
local function project_finder(opts)
  local caches, guard = {}, provider.guard()
  return function(ctx, name)
    name = name or ctx.region or opts.region
    if not name then
      return provider.fail("credentials",
        "project_id is missing, and without project or region it cannot be looked up")
    end
    local endpoint, err = iam.endpoint(opts, ctx)
    if not endpoint then return provider.fail("argument", err) end
    local key = endpoint .. " " .. name
    caches[key] = caches[key] or provider.cache(function(c)
      return guard(c, function() return iam.project(c, opts, endpoint, name) end)
    end)
    return caches[key]:get(ctx)
  end
end

--- A provider of signing keys. There is nothing to refresh: a refused signature stays refused.
--- With `ctx.need_project` and no `project_id` the id of the project is looked up, once.
---@param opts { ak: string, sk: string, security_token?: string, project_id?: string,
---  project?: string, region?: string, cloud?: string, iam_endpoint?: string }
return function(opts)
  provider.options("aksk", opts, OPTIONS, { "ak", "sk" })
  opts = copy(opts)
  local why = provider.refusal("ak", opts.ak) or provider.refusal("sk", opts.sk)
    or opts.security_token and provider.refusal("security_token", opts.security_token)
  local find_project = project_finder(opts)
  return provider.new("aksk", function(_, ctx)
    if why then return provider.fail("argument", why) end
    local id = opts.project_id
    if ctx and ctx.need_project then
      local name
      id, name = provider.project(opts, ctx)
      if not id then
        local found, err, info = find_project(ctx, name)
        if not found then return nil, err, info end
        id = found.project_id
      end
    end
    return { ak = opts.ak, sk = opts.sk, security_token = opts.security_token, project_id = id }
  end, nil, provider.place_of(opts))
end
