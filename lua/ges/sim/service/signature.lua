-- SPDX-License-Identifier: MIT
-- SDK-HMAC-SHA256 as the gateway computes it, from a request as it arrived.
-- Written apart from the module's own signer, so that one is checked against the other. Pure: the
-- two hashes are the caller's. Owns nothing. Called by ges.sim.service.auth only.
-- Source: "Request signing", https://support.huaweicloud.com/intl/en-us/devg-apisign

local trim = require("ges.util.trim")

local signature = {}

local scheme = "SDK-HMAC-SHA256"

local function encode(text)
  return (text:gsub("[^%w%-._~]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

-- Each segment encoded anew, and a slash at the end that the request itself does not have.
local function canonical_path(path)
  local encoded = path:gsub("[^/]+", encode)
  return encoded:sub(-1) == "/" and encoded or encoded .. "/"
end

-- Sorted by name and then by value, both as they are before they are encoded.
local function canonical_query(query)
  local list = {}
  for name, values in pairs(query) do
    for _, value in ipairs(type(values) == "table" and values or { values }) do
      list[#list + 1] = { name, value }
    end
  end
  table.sort(list, function(a, b)
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  for i, pair in ipairs(list) do list[i] = encode(pair[1]) .. "=" .. encode(pair[2]) end
  return table.concat(list, "&")
end

local function value_of(request, name)
  return trim(name == "host" and request.host or request.headers[name] or "")
end

-- The hash of the body; a client may say, in a signed header, that it has not hashed it.
local function body_hash(request, names, digest)
  local is_signed = (";" .. names .. ";"):find(";x-sdk-content-sha256;", 1, true)
  local given = is_signed and request.headers["x-sdk-content-sha256"]
  return given == "UNSIGNED-PAYLOAD" and given or digest.sha256(request.body)
end

--- Whether a list of signed headers is as the rule wants it: lower case, sorted, each once.
---@param names string  "host;x-sdk-date"
---@return boolean
function signature.is_list(names)
  local last = ""
  for name in (names .. ";"):gmatch("(.-);") do
    if name <= last or name ~= name:lower() then return false end
    last = name
  end
  return true
end

--- The canonical request.
---@param request table  of ges.sim.service
---@param path string    the decoded path
---@param names string   the signed headers, as received
---@param digest { sha256: fun(text: string): string }  in hexadecimal digits
---@return string
function signature.canonical(request, path, names, digest)
  local lines = { request.method, canonical_path(path), canonical_query(request.query) }
  for name in names:gmatch("[^;]+") do
    lines[#lines + 1] = name .. ":" .. value_of(request, name)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = names
  lines[#lines + 1] = body_hash(request, names, digest)
  return table.concat(lines, "\n")
end

--- The signature of a canonical request.
---@param canonical string
---@param date string  the X-Sdk-Date
---@param secret string
---@param digest { sha256: fun(text: string): string, hmac: fun(key: string, text: string): string }
---@return string hexadecimal digits
function signature.of(canonical, date, secret, digest)
  return digest.hmac(secret, table.concat({ scheme, date, digest.sha256(canonical) }, "\n"))
end

--- The fields of an Authorization header.
---@param authorization string
---@return string? ak nil where it is no such header
---@return string? names
---@return string? signature
function signature.fields(authorization)
  return authorization:match(
    "^SDK%-HMAC%-SHA256 Access=([^,%s]+),%s*SignedHeaders=([^,%s]+),%s*Signature=(%x+)%s*$")
end

return signature
