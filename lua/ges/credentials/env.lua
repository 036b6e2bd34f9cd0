-- SPDX-License-Identifier: MIT
-- credentials.env: credentials from environment variables, and the names of those variables.
-- Owns the provider made from the values last seen. Called through ges.credentials, by the provider
-- of the profile file, and by ges.context, ges.context.place and the command, which look for the
-- same names.
-- Order: a token, then an access key, then a password; among names GES_ before HUAWEICLOUD_SDK_
-- (the SDKs) before HW_ and OS_ (Terraform, OpenStack).

local aksk = require("ges.credentials.aksk")
local copy = require("ges.util.copy")
local core = require("ges.core")
local password = require("ges.credentials.password")
local provider = require("ges.credentials.provider")
local token = require("ges.credentials.token")

local env = {}

--- The variables that stand for an option of a provider, in the order they count. Keys belong
--- together: the n-th names of ak, sk and security_token are one family.
---@type table<string, string[]>
env.names = {
  token = { "GES_TOKEN", "HW_AUTH_TOKEN", "OS_AUTH_TOKEN" },
  ak = { "HUAWEICLOUD_SDK_AK", "HW_ACCESS_KEY", "OS_ACCESS_KEY" },
  sk = { "HUAWEICLOUD_SDK_SK", "HW_SECRET_KEY", "OS_SECRET_KEY" },
  security_token = { "HUAWEICLOUD_SDK_SECURITY_TOKEN", "HW_SECURITY_TOKEN", "OS_SECURITY_TOKEN" },
  user = { "HW_USER_NAME", "OS_USERNAME" },
  password = { "HW_USER_PASSWORD", "OS_PASSWORD" },
  domain = { "HW_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME" },
  domain_id = { "HW_DOMAIN_ID", "OS_DOMAIN_ID", "OS_USER_DOMAIN_ID" },
  project = { "HW_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME" },
  project_id = { "HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID" },
  iam_endpoint = { "HUAWEICLOUD_SDK_IAM_ENDPOINT", "HW_AUTH_URL", "OS_AUTH_URL" },
  region = { "HW_REGION_NAME", "OS_REGION_NAME" },
  cloud = { "HW_CLOUD" },
  credentials_file = { "HUAWEICLOUD_SDK_CREDENTIALS_FILE" },
}

local NAMES = env.names

-- Where IAM is and which project is meant; for keys and passwords.
local OF_PLACE = { "iam_endpoint", "region", "cloud", "project_id", "project" }
local PLACE = {}
for _, option in ipairs(OF_PLACE) do PLACE[option] = true end

-- What goes with a password.
local OF_LOGIN = { "user", "domain", "domain_id" }

-- A variable that is set and not empty.
local function value_of(getenv, name)
  local value = getenv(name)
  return value ~= "" and value or nil
end

--- The first of an option's variables that is set and not empty.
---@param getenv fun(name: string): string?
---@param option string a field of `env.names`
---@return string? value, string? name
function env.first(getenv, option)
  for _, name in ipairs(NAMES[option]) do
    local value = value_of(getenv, name)
    if value then return value, name end
  end
end

--- What the environment says where and for which project to ask. A variable is read when its field
--- is.
---@param getenv fun(name: string): string?
---@return { region?: string, cloud?: string, iam_endpoint?: string, project_id?: string,
---  project?: string }
function env.place(getenv)
  return setmetatable({ getenv = getenv }, { __index = function(_, option)
    if PLACE[option] then return (env.first(getenv, option)) end
  end })
end

--- The variable that a source has a field from; nil for a source that has it by itself.
---@param source? ges.Source
---@return string? name
function env.name(source, option)
  if not source or not source.getenv or rawget(source, option) ~= nil then return nil end
  return (select(2, env.first(source.getenv, option)))
end

--- The endpoint that the environment names for a region, as the SDKs read it: the first of a list.
---@param getenv fun(name: string): string?
---@param region string
---@return string? endpoint, string name of the variable
function env.region_endpoint(getenv, region)
  local name = "HUAWEICLOUD_SDK_REGION_GES_" .. region:upper():gsub("-", "_")
  return (value_of(getenv, name) or ""):match("^[%s,]*([^%s,]+)"), name
end

--- The variables of the environment that name certificate authorities, for core.trust.
---@param getenv fun(name: string): string?
---@return table<string, string>
function env.trust(getenv)
  local variables = {}
  for _, name in ipairs(core.trust_names()) do variables[name] = value_of(getenv, name) end
  return variables
end

-- What the environment says for these options.
local function read(getenv, options)
  local found = {}
  for _, option in ipairs(options) do found[option] = env.first(getenv, option) end
  return found
end

-- Why half a set of variables is not enough.
local function half(have, lack)
  return provider.fail("credentials",
    have .. " is set in the environment, but " .. lack .. " is not")
end

-- A secret that the service would refuse, and count the refusal: named by its variable.
local function refused(why)
  return provider.fail("argument", why .. " (nothing was sent)")
end

local function from_token(getenv)
  local value, name = env.first(getenv, "token")
  if not value then return nil end
  local why = provider.refusal(name, value)
  if why then return refused(why) end
  return token, { token = value, project_id = env.first(getenv, "project_id") }
end

local function from_keys(getenv)
  for i, ak_name in ipairs(NAMES.ak) do
    local sk_name, more_name = NAMES.sk[i], NAMES.security_token[i]
    local ak, sk, more = value_of(getenv, ak_name), value_of(getenv, sk_name),
      value_of(getenv, more_name)
    if ak and not sk then return half(ak_name, sk_name) end
    if sk and not ak then return half(sk_name, ak_name) end
    if ak then
      local why = provider.refusal(ak_name, ak) or provider.refusal(sk_name, sk)
        or more and provider.refusal(more_name, more)
      if why then return refused(why) end
      local opts = read(getenv, OF_PLACE)
      opts.ak, opts.sk, opts.security_token = ak, sk, more
      return aksk, opts
    end
  end
end

local function from_password(getenv)
  local secret, secret_name = env.first(getenv, "password")
  if not secret then return nil end
  local opts, names = {}, {}
  for _, option in ipairs(OF_LOGIN) do
    opts[option], names[option] = env.first(getenv, option)
  end
  if not opts.user then return half(secret_name, table.concat(NAMES.user, " or ")) end
  if not opts.domain and not opts.domain_id then
    return half(secret_name, table.concat(NAMES.domain, " or ", 1, 2))
  end
  local why = provider.objection(secret_name, secret)
  for _, option in ipairs(OF_LOGIN) do
    why = why or names[option] and provider.objection(names[option], opts[option])
  end
  if why then return refused(why) end
  opts.password = secret
  return password, copy(read(getenv, OF_PLACE), opts)
end

-- What the environment offers: a constructor and its options, or a failure.
local function find(getenv)
  for _, from in ipairs { from_token, from_keys, from_password } do
    local make, opts, info = from(getenv)
    if make or opts then return make, opts, info end
  end
  local text = "none of %s, %s, %s, %s, %s, or the OS_ variable of the same meaning, is set in the "
    .. "environment"
  return provider.absent(text:format(
    NAMES.token[1], NAMES.ak[1], NAMES.token[2], NAMES.ak[2], NAMES.password[1]))
end

--- A provider that reads environment variables, anew on every call: a login is kept as long as
--- they stay the same.
---@param getenv? fun(name: string): string?  os.getenv by default
function env.provider(getenv)
  getenv = getenv or os.getenv
  if type(getenv) ~= "function" then
    error("env: a function is expected, got a " .. type(getenv), 2)
  end
  local current, seen
  return provider.forward("env", function()
    local make, opts, info = find(getenv)
    if not make then return nil, opts, info end
    local now = provider.fingerprint(opts)
    if now ~= seen then current, seen = make(opts.token or opts, opts.project_id), now end
    return current
  end, nil, function()
    local make, _, info = find(getenv)
    if not make and info.absent then return nil end
    return env.place(getenv)
  end)
end

return env
