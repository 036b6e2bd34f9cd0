-- SPDX-License-Identifier: MIT
-- auth: keeps the credentials of one call current.
-- Owns nothing; the call holds the provider and what it last gave. Called by ges.client and the
-- scheduler before every attempt, and after one that was refused.

local credentials = require("ges.credentials")
local failure = require("ges.failure")

local auth = {}

-- What an exchange with IAM has in common with the call it is for.
local TRANSPORT = {
  "ca_file", "ca_path", "client_cert", "client_key", "verify", "proxy", "no_proxy",
  "connect_timeout", "language",
}

--- The provider behind a call, or nil when it brings a fixed token or keys.
---@param req table
---@param given? ges.Provider the option `credentials`
---@param default fun(): ges.Provider what serves a call that names none
---@return ges.Provider?
function auth.source(req, given, default)
  if given then return given end
  if type(req.token) == "function" then return credentials.token(req.token) end
  if req.token == nil and req.ak == nil then return default() end
  if req.ak and not req.project_id and not req.path then
    return credentials.aksk({ ak = req.ak, sk = req.sk, security_token = req.security_token })
  end
end

local function request(call, spec)
  local req = {}
  for _, name in ipairs(TRANSPORT) do req[name] = call.req[name] end
  for name, value in pairs(spec) do req[name] = value end
  return call.pump:call(req, call.host)
end

local function context(call)
  if call.ctx then return call.ctx end
  call.ctx = {
    now = os.time,
    request = function(spec) return request(call, spec) end,
    share = function(key, fn) return call.pump:share(call.host, key, fn) end,
    region = call.settings.region, cloud = call.settings.cloud,
    project_id = call.req.project_id, need_project = call.req.project_id == nil,
  }
  return call.ctx
end

-- Puts credentials into the request.
local function take(call, creds)
  local req = call.req
  call.creds = creds
  req.token, req.ak, req.sk, req.security_token =
    creds.token, creds.ak, creds.sk, creds.security_token
  if not req.project_id then
    req.project_id = creds.project_id
  elseif creds.project_id and creds.project_id ~= req.project_id then
    return failure.new("credentials", "the credentials are for project " .. creds.project_id
      .. ", the call names " .. req.project_id .. ": leave project_id out, or correct it")
  end
  if not req.project_id and not req.path then
    return failure.new("credentials",
      "option 'project_id' is missing, and the credentials do not tell it")
  end
  return true
end

local function failed(call, err, info)
  info = info or {}
  local _, text, full = failure.new(info.kind or "credentials",
    tostring(err or "the provider returned nothing"), info, auth.secrets(call))
  return nil, text, full
end

--- Makes the request carry valid credentials.
---@param call ges.Call
---@return boolean? ok
---@return string? err
---@return ges.Info? info
function auth.apply(call)
  local source = call.source
  if not source then return true end
  local creds, err, info = source:get(context(call))
  if type(creds) ~= "table" then return failed(call, err, info) end
  return take(call, creds)
end

--- After a refusal: are there different credentials to try? Keys are never tried again, since
--- five failures lock them, and nothing is tried twice.
---@param call ges.Call
---@return boolean
function auth.renew(call)
  local source, old = call.source, call.creds
  if not source or not old or not old.token then return false end
  local creds = source:refresh(context(call), old)
  if type(creds) ~= "table" or creds.token == old.token then return false end
  return take(call, creds) == true
end

--- What must not be seen in a message of this call.
---@param call ges.Call
---@return string[]
function auth.secrets(call)
  local req, list = call.req, {}
  for _, name in ipairs({ "token", "sk", "security_token" }) do
    if type(req[name]) == "string" then list[#list + 1] = req[name] end
  end
  return list
end

return auth
