-- SPDX-License-Identifier: MIT
-- credentials.metadata: temporary keys of the agency of the cloud server this runs on.
-- Owns the keys. Never part of a chain by default: on any other machine the address may belong to a
-- stranger. Called through ges.credentials.

local json = require("ges.json")
local provider = require("ges.credentials.provider")

local HOST = "169.254.169.254"
local SESSION = 21600    -- seconds a session token lasts
local DEFAULT_LIFE = 900 -- the shortest life such keys are issued with

-- One request to the metadata service: never through a proxy, and with short timeouts.
local function ask(ctx, method, path, headers)
  return ctx.request {
    endpoint = "http://" .. HOST, method = method, path = path, headers = headers,
    insecure_http = true, no_proxy = HOST, request_timeout = 3, connect_timeout = 2,
  }
end

-- A session token, or nil where the service answers without one: then it needs none.
local function session(ctx)
  local response, err, cause = ask(ctx, "PUT", "/meta-data/latest/api/token",
    { ["X-Metadata-Token-Ttl-Seconds"] = tostring(SESSION) })
  if response then
    local token = response.body or ""
    local why = provider.refusal("the metadata service's session token", token)
    if why then return provider.fail("credentials", why) end
    return token
  end
  if cause and cause.http_status then return nil end
  return provider.fail("credentials",
    "the metadata service does not answer: " .. tostring(err), cause)
end

local function read_keys(ctx, body)
  local doc = json.decode(body or "")
  local found = type(doc) == "table" and doc.credential
  if type(found) ~= "table" then
    return provider.fail("credentials",
      "the metadata service's answer is not the JSON that was expected")
  end
  local creds = { ak = found.access, sk = found.secret, security_token = found.securitytoken }
  for _, key in ipairs { "ak", "sk", "security_token" } do
    local what = "the metadata service's " .. key
    local value = creds[key]
    local why = type(value) ~= "string" and what .. " is missing" or provider.refusal(what, value)
    if why then return provider.fail("credentials", why) end
  end
  return creds, provider.life(ctx.now(), nil, found.expires_at, DEFAULT_LIFE)
end

local function fetch(ctx)
  local token, err, info = session(ctx)
  if err then return nil, err, info end
  local response, failure, cause = ask(ctx, "GET", "/openstack/latest/securitykey",
    token and { ["X-Metadata-Token"] = token } or nil)
  if not response then
    return provider.fail("credentials", "the metadata service offers no keys (is an agency "
      .. "configured for this server?): " .. tostring(failure), cause)
  end
  return read_keys(ctx, response.body)
end

--- A provider of the server's own temporary keys, renewed 40 minutes before they end.
return function()
  local cache = provider.cache(fetch, function(life) return math.min(2400, life / 2) end)
  return provider.forward("metadata", function() return cache end)
end
