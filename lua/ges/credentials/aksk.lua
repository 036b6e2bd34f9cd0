-- SPDX-License-Identifier: MIT
-- credentials.aksk: an access key and its secret key, permanent or temporary.
-- Owns the project ids it looked up. Called through ges.credentials.

local core = require("ges.core")
local json = require("ges.json")
local regions = require("ges.credentials.regions")
local common = require("ges.credentials.provider")

local OPTIONS = {
  ak = "string", sk = "string", security_token = "string", project_id = "string",
  region = "string", cloud = "string", iam_endpoint = "string",
}

-- The value of the Host header, and the path before the API's own.
local function split(endpoint)
  local scheme, rest = endpoint:match("^(%a+)://(.*)$")
  if not scheme then scheme, rest = "https", endpoint end
  local host, prefix = rest:match("^([^/]*)(.*)$")
  local default = scheme:lower() == "http" and ":80$" or ":443$"
  return host:gsub(default, ""), (prefix:gsub("/+$", ""))
end

-- The only project that answers to the name, or why there is none.
local function only_project(body, region)
  local doc = json.decode(body)
  local projects = type(doc) == "table" and doc.projects
  if type(projects) ~= "table" then
    return common.fail("credentials", "IAM's list of projects is not the JSON that was expected")
  end
  local n, first = #projects, projects[1]
  if n == 0 then
    return common.fail("credentials", "this access key has no project named '" .. region
      .. "': set project_id")
  elseif n > 1 then
    return common.fail("credentials", ("this access key has %d projects named '%s': set project_id")
      :format(n, region))
  elseif type(first) ~= "table" or type(first.id) ~= "string" or first.id == "" then
    return common.fail("credentials", "IAM's list of projects holds no project id")
  end
  return { project_id = first.id }, math.huge
end

-- Five refused signatures lock the key for minutes: a refusal is final.
local function lookup_failed(err, cause, region, secrets)
  local refused = cause and (cause.http_status == 401 or cause.http_status == 403)
  local _, message, info = common.fail("credentials", core.redact(
    "cannot look up the id of project '" .. region .. "' at IAM: " .. tostring(err)
    .. (refused and " (not tried again: repeated failures lock the key)" or "")
    .. "; project_id saves the lookup", secrets.sk, secrets.security_token or secrets.sk), cause)
  info.final = refused or nil
  return nil, message, info
end

local function lookup(ctx, keys, endpoint, region)
  local host, prefix = split(endpoint)
  local path = "/v3/projects"
  local headers = core.sign {
    method = "GET", host = host, path = prefix .. path, query = { name = region },
    ak = keys.ak, sk = keys.sk,
  }
  -- not signed, so that a gateway that complains about the signature does not echo it
  headers["X-Security-Token"] = keys.security_token
  local response, err, cause = ctx.request {
    endpoint = endpoint, method = "GET", path = path, query = { name = region }, headers = headers,
  }
  if not response then return lookup_failed(err, cause, region, keys) end
  return only_project(response.body, region)
end

-- One lease of a project id for each region.
local function project_finder(opts, keys)
  local leases = {}
  local fixed_region, cloud, fixed_endpoint = opts.region, opts.cloud, opts.iam_endpoint
  return function(ctx)
    local region = fixed_region or ctx.region
    if not region then
      return common.fail("credentials",
        "project_id is missing, and without a region it cannot be looked up")
    end
    local endpoint, err = fixed_endpoint, nil
    if not endpoint then endpoint, err = regions.iam_endpoint(region, cloud or ctx.cloud) end
    if not endpoint then return common.fail("argument", err) end
    local key = endpoint .. " " .. region
    leases[key] = leases[key] or common.lease(function(c)
      return lookup(c, keys, endpoint, region)
    end)
    return leases[key]:get(ctx)
  end
end

--- A provider of signing keys. There is nothing to refresh: a refused signature stays refused.
--- With `ctx.need_project` and no `project_id` the id of the region's project is looked up, once.
---@param opts { ak: string, sk: string, security_token?: string, project_id?: string,
---  region?: string, cloud?: string, iam_endpoint?: string }
---@return ges.Provider
return function(opts)
  common.options("aksk", opts, OPTIONS, { "ak", "sk" })
  local keys = { ak = opts.ak, sk = opts.sk, security_token = opts.security_token }
  local project_id = opts.project_id
  local why = common.refusal("ak", keys.ak) or common.refusal("sk", keys.sk)
    or keys.security_token and common.refusal("security_token", keys.security_token)
  local find_project = project_finder(opts, keys)
  return common.provider("aksk", function(_, ctx)
    if why then return common.fail("argument", why) end
    local id = project_id
    if not id and ctx and ctx.need_project then
      local found, err, info = find_project(ctx)
      if not found then return nil, err, info end
      id = found.project_id
    end
    return { ak = keys.ak, sk = keys.sk, security_token = keys.security_token, project_id = id }
  end)
end
