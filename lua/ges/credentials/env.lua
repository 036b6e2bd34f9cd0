-- SPDX-License-Identifier: MIT
-- credentials.env: credentials from environment variables.
-- Owns the provider made from the values last seen. Called through ges.credentials.
-- Order: a token, then an access key, then a password; among names GES_ before
-- HUAWEICLOUD_SDK_ (the SDKs) before HW_ and OS_ (Terraform, OpenStack).

local common = require("ges.credentials.provider")
local token = require("ges.credentials.token")
local aksk = require("ges.credentials.aksk")
local password = require("ges.credentials.password")

-- Keys belong together: the two halves of a pair are never taken from two families.
local KEYS = {
  { "HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN" },
  { "HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN" },
  { "OS_ACCESS_KEY", "OS_SECRET_KEY", "OS_SECURITY_TOKEN" },
}

-- The first of the variables that is set and not empty.
local function first(getenv, ...)
  for _, name in ipairs { ... } do
    local value = getenv(name)
    if value and value ~= "" then return value, name end
  end
end

local function project_id(getenv)
  return first(getenv, "HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID")
end

-- Where IAM is and what the project is called; shared by keys and passwords.
local function place(getenv)
  local iam = first(getenv, "HUAWEICLOUD_SDK_IAM_ENDPOINT", "HW_AUTH_URL", "OS_AUTH_URL")
  return {
    iam_endpoint = iam and (iam:gsub("/+$", ""):gsub("/v3$", "")),
    region = first(getenv, "HW_REGION_NAME", "OS_REGION_NAME"),
    cloud = first(getenv, "HW_CLOUD"),
    project_id = project_id(getenv),
  }
end

-- Why half a set of variables is not enough.
local function half(have, lack)
  return common.fail("credentials", have .. " is set in the environment, but " .. lack .. " is not")
end

local function from_token(getenv)
  local value = first(getenv, "GES_TOKEN", "HW_AUTH_TOKEN", "OS_AUTH_TOKEN")
  if not value then return nil end
  return { value, make = function() return token(value) end }
end

local function from_keys(getenv)
  for _, names in ipairs(KEYS) do
    local ak, sk = first(getenv, names[1]), first(getenv, names[2])
    if ak and not sk then return half(names[1], names[2]) end
    if sk and not ak then return half(names[2], names[1]) end
    if ak then
      local opts = place(getenv)
      opts.ak, opts.sk, opts.security_token = ak, sk, first(getenv, names[3])
      return { opts = opts, make = function() return aksk(opts) end }
    end
  end
end

local function from_password(getenv)
  local secret, secret_name = first(getenv, "HW_USER_PASSWORD", "OS_PASSWORD")
  local user = first(getenv, "HW_USER_NAME", "OS_USERNAME")
  if not secret then return nil end
  if not user then return half(secret_name, "HW_USER_NAME or OS_USERNAME") end
  local opts = place(getenv)
  opts.user, opts.password = user, secret
  opts.domain = first(getenv, "HW_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME",
    "OS_PROJECT_DOMAIN_NAME")
  opts.domain_id = first(getenv, "HW_DOMAIN_ID", "OS_DOMAIN_ID", "OS_USER_DOMAIN_ID")
  opts.project = first(getenv, "HW_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME")
  if not opts.domain and not opts.domain_id then
    return half(secret_name, "HW_DOMAIN_NAME or OS_DOMAIN_NAME")
  end
  return { opts = opts, make = function() return password(opts) end }
end

-- What the environment offers: a list of the values that count and a maker, or a failure.
local function find(getenv)
  for _, try in ipairs { from_token, from_keys, from_password } do
    local found, err, info = try(getenv)
    if found or err then return found, err, info end
  end
  return common.absent("none of GES_TOKEN, HUAWEICLOUD_SDK_AK, HW_AUTH_TOKEN, HW_ACCESS_KEY, "
    .. "HW_USER_PASSWORD or their OS_* twins is set in the environment")
end

local function fingerprint(found)
  local parts = { found[1] or "" }
  for key, value in pairs(found.opts or {}) do parts[#parts + 1] = key .. "=" .. value end
  table.sort(parts)
  return table.concat(parts, "\n")
end

--- A provider that reads environment variables, anew on every call: a login is kept as long as
--- they stay the same.
---@param getenv? fun(name: string): string?  os.getenv by default
---@return ges.Provider
return function(getenv)
  getenv = getenv or os.getenv
  if type(getenv) ~= "function" then
    error("env: a function is expected, got a " .. type(getenv), 2)
  end
  local current, seen
  local function pick()
    local found, err, info = find(getenv)
    if not found then return nil, err, info end
    local now = fingerprint(found)
    if now ~= seen then current, seen = found.make(), now end
    return current
  end
  return common.provider("env", function(_, ctx)
    local inner, err, info = pick()
    if not inner then return nil, err, info end
    local creds
    creds, err, info = inner:get(ctx)
    if creds and not creds.project_id then creds.project_id = project_id(getenv) end
    return creds, err, info
  end, function(_, ctx, rejected)
    local inner, err, info = pick()
    if not inner then return nil, err, info end
    return inner:refresh(ctx, rejected)
  end)
end
